"""Padi et al. 2021 as the ledger and the pages ask for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sercore.ledger import recorded
from sercore.ledger.paper import Paper, Plain, Printed, as_measured, as_setting
from sercore.papers.padi2021 import campplus, card, numbers, page, study
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021.data import MEL, VOXCELEB, Data
from sercore.papers.padi2021.numbers import FOLDS, IEMOCAP, SCORED, SETTINGS, SPLITS, UA, WA, WIDTHS
from sercore.training.sgd import Plan


class Padi2021(Paper, study=study):
    """Padi et al. 2021: ResNet34 from speaker recognition, with SpecAugment."""

    folder = study.STUDY
    title = "Padi et al. (2021)"
    subject = "ResNet34 with SpecAugment"
    classes = range(4)  # of every experiment, each with names of its own
    metrics = (UA, WA)
    protocols = SPLITS
    folds = FOLDS
    scored = SCORED
    settings = SETTINGS
    card = card.CARD

    arranged = staticmethod(numbers.arranged)
    quoted = staticmethod(page.quoted)

    def measure(self, parameters: study.Parameters, data: Data) -> dict[str, float]:
        """Measure the scored clips, those that teach, and "list / …" a public list of IEMOCAP's."""
        seconds = data.raw.sizes / (MEL.rate / MEL.hop)
        counts = padi_data.measured(data.table, data.targets, seconds)
        counts["taught / speakers / count"] = float(len(data.source.names))
        counts["taught / clips / count"] = float(len(data.source.speakers))
        clips = padi_data.listed()
        if clips is not None:
            on_list = padi_data.measured(clips, padi_data.targets(clips), clips["seconds"])
            counts |= {f"{numbers.LISTED}{name}": value for name, value in on_list.items()}
        return counts

    def measured_on(self, data: Data) -> tuple[str, ...]:
        """Name the corpora that ``measure`` measures."""
        return tuple(sorted({*data.table["corpus"], *data.source.corpora}))

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting; Table 1 with our masks, the schedule with the recorded epochs."""
        if number.table == "Table 1":
            return as_setting(number, numbers.policy(number))
        setting = super().setting(number)
        epochs = numbers.epochs_before_decay(recorded.read(self.name).trials)
        if number.column not in ("constant-rate epochs", "halving interval") or not epochs:
            return setting
        doubt = (
            f"recorded trainings of ResNet34 end after {epochs} epochs, before the first halving"
        )
        return replace(setting, reason=f"{setting.reason}; {doubt}")

    def counted(self, number: Printed) -> Plain | None:
        """Compare a count of IEMOCAP's clips or VoxCeleb's speakers; None where not counted."""
        if number.column == "VoxCeleb speakers (more than)":
            value = recorded.measurements(self.name).get("taught / speakers / count")
            if value is None or VOXCELEB not in recorded.measured_on(self.name):
                return None
            reason = "agrees" if value > number.value else f"differs: measured {value:g}"
            return Plain(verdict="measured", value=value, reason=reason)
        value, where = numbers.counted(number)
        if value is None:
            return None
        word, reason = as_measured(number.value, value, places=0)
        return Plain(verdict=word, value=value, reason=f"{reason}{where}")

    def why_not(self, number: Printed) -> str:
        """Say why a number has no run."""
        hours, where = numbers.of_iemocap("duration / all / hours")
        if number.metric == "duration" and not number.reason and hours is not None:
            return f"of the whole corpus; the clips of five labels last {hours:.2f} h{where}"
        if not number.reason and IEMOCAP not in numbers.corpora():
            return "IEMOCAP is not at hand"
        return super().why_not(number)

    def reading(self, row: str) -> str:
        """Choose the variant nearest to the paper's among those on IEMOCAP; empty without one."""
        runs = recorded.runs(self.name).items()
        on_iemocap = [name for name, run in runs if IEMOCAP in run["corpora"]]
        if not on_iemocap or not row.endswith("| Proposed"):
            return ""
        trials = recorded.read(self.name).trials
        arranged = numbers.arranged(trials[trials["run"].isin(on_iemocap)])
        full = arranged[arranged["row"].str.endswith(f" {study.FULL.name}")].to_dict("records")
        return max(full, key=numbers.nearness)["variant"] if full else ""

    def substitute(self, row: str, variant: str, encoder: str) -> str:
        """Say what stands in for the paper's speakers or network."""
        edition, width, *_ = variant.split(", ")
        parts = []
        if edition != "paper":
            parts.append("speakers of other corpora than VoxCeleb")
        if width != WIDTHS["published"]:
            parts.append("a narrower network")
        return " and ".join(parts)

    def unfinished(self, trial: Mapping[str, Any]) -> str:
        """Say why a training is not finished: it ended before the schedule of unprinted length."""
        if trial["pooling"] in campplus.REGRESSIONS or trial["epochs"] >= Plan.epochs:
            return ""
        reason = f"unfinished: ended after {trial['epochs']:g} of {Plan.epochs} epochs"
        if trial["epochs"] <= Plan.constant:
            reason += f", and the printed decay begins after {Plan.constant}"
        return reason

    def table_of(self, row: str) -> str:
        """Name the table of a row; of what the paper does not print, that where it would stand."""
        return "Table 3" if row.partition(" ")[2] == study.FULL.name else "Figure 4"


PAPER = Padi2021()
