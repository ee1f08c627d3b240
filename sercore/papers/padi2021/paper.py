"""Padi et al. 2021 as the ledger and the pages ask for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sercore.ledger import recorded
from sercore.ledger.paper import Paper, Plain, Printed, as_measured, as_setting
from sercore.papers.padi2021 import campplus, card, numbers, page, study
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
        """Count clips by "experiment / class / clips" and session; measure durations."""
        counts = {"speakers / all / count": data.table["speaker"].nunique()}
        for name, classes in data.classes.items():
            target = data.targets[name]
            for number, word in enumerate(classes):
                counts[f"{name} / {word} / clips"] = (target == number).sum()
            counts[f"{name} / total / clips"] = (target >= 0).sum()
            for session, rows in data.table.groupby("session").groups.items():
                counts[f"{name} / session {session} / clips"] = (target[rows] >= 0).sum()
        seconds = data.raw.sizes / (MEL.rate / MEL.hop)
        counts["duration / all / min"] = seconds.min()
        counts["duration / all / median"] = np.median(seconds)
        counts["duration / all / max"] = seconds.max()
        counts["duration / all / hours"] = seconds.sum() / 3600
        counts["taught / speakers / count"] = len(data.source.names)
        counts["taught / clips / count"] = len(data.source.speakers)
        return {name: float(value) for name, value in counts.items()}

    def measured_on(self, data: Data) -> tuple[str, ...]:
        """Name the corpora that ``measure`` measures."""
        return tuple(sorted({*data.table["corpus"], *data.source.corpora}))

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting; Table 1 with our masks, the constant rate with the recorded epochs."""
        if number.table == "Table 1":
            return as_setting(number, numbers.policy(number))
        setting = super().setting(number)
        epochs = numbers.epochs_before_decay(recorded.read(self.name).trials)
        if number.column != "constant-rate epochs" or not epochs:
            return setting
        doubt = (
            f"every recorded training ends after {epochs} epochs, so that the halving which"
            " follows never runs"
        )
        return replace(setting, reason=f"{setting.reason}; {doubt}")

    def counted(self, number: Printed) -> Plain | None:
        """Compare a count of IEMOCAP's clips or VoxCeleb's speakers; None where not counted."""
        corpus, where = IEMOCAP, (number.row, number.column, number.metric)
        name = numbers.COUNTED.get(where)
        if number.table == "Table 2":
            name = numbers.clips_of(number)
        elif number.column == "VoxCeleb speakers (more than)":
            corpus, name = VOXCELEB, "taught / speakers / count"
        value = recorded.measurements(self.name).get(name)
        if value is None or corpus not in recorded.measured_on(self.name):
            return None
        word, reason = as_measured(number.value, value, places=0)
        if corpus == VOXCELEB:
            reason = "agrees" if value > number.value else f"differs: measured {value:g}"
        return Plain(verdict=word, value=value, reason=reason)

    def why_not(self, number: Printed) -> str:
        """Say why a number has no run."""
        if not number.reason and IEMOCAP not in numbers.corpora():
            return "IEMOCAP is not at hand"
        if number.metric == "duration" and not number.reason:
            hours = recorded.measurements(self.name)["duration / all / hours"]
            return f"of the whole corpus; the clips of the four classes last {hours:.2f} h"
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
