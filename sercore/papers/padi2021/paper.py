"""Padi et al. 2021 as the ledger asks for it: what its printed numbers are, and what stands beside them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sercore.ledger import recorded, verdicts
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Paper, Plain, as_setting
from sercore.ledger.published import Printed
from sercore.papers.padi2021 import card, numbers, page, study
from sercore.papers.padi2021.numbers import IEMOCAP, TAUGHT, WIDTHS
from sercore.training.sgd import Plan


class Padi2021(Paper):
    """Padi et al. 2021: ResNet34 from speaker recognition, with SpecAugment."""

    name = study.NAME
    folder = study.STUDY
    title = "Padi et al. (2021)"
    subject = "ResNet34 with SpecAugment"
    about = "a speaker recogniser's ResNet34, masked spectrograms, statistics pooling, with and without each"
    methods = study.METHODS
    classes = range(4)  # of every experiment, each with names of its own
    metrics = (numbers.UA, numbers.WA)
    protocols = numbers.SPLITS
    folds = numbers.FOLDS
    scored = numbers.SCORED
    settings = numbers.SETTINGS
    Parameters = study.Parameters
    card = card.CARD

    load = staticmethod(study.load)
    tasks = staticmethod(study.tasks)
    manifest = staticmethod(study.manifest)
    code_path = staticmethod(study.code_path)
    verified_with = staticmethod(study.verified_with)
    measure = staticmethod(study.measure)
    measured_on = staticmethod(study.measured_on)
    arranged = staticmethod(numbers.arranged)

    def headline(self, ledger: Ledger) -> str:
        """Say what was found."""
        return f"Padi et al. (2021) start from a speaker recogniser. {page.lead(ledger)}"

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting; Table 1 with our masks, the constant rate with the epochs that were recorded."""
        if number.table == "Table 1":
            return as_setting(number, numbers.policy(number))
        setting = super().setting(number)
        doubt = numbers.never_decays() if number.column == "constant-rate epochs" else ""
        return replace(setting, reason=f"{setting.reason}; {doubt}") if doubt else setting

    def counted(self, number: Printed) -> Plain | None:
        """Compare a count of IEMOCAP's clips, or of the speakers that were learnt; None where they were not counted."""
        if (number.row, number.column, number.metric) == TAUGHT:
            return numbers.taught_speakers(number)
        value = numbers.counted(number)
        if value is None:
            return None
        word, reason = verdicts.measured(number.value, value, places=0)
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
        return numbers.nearest(row)

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
        """Say why a training is not finished: it ended before the schedule, whose length the paper does not give."""
        constant, epochs = numbers.schedule().constant, Plan.epochs
        if trial["epochs"] >= epochs:
            return ""
        decay = (
            f", and the printed decay begins after {constant}"
            if trial["epochs"] <= constant
            else ""
        )
        return f"unfinished: ended after {trial['epochs']:g} of {epochs} epochs{decay}"

    def table_of(self, row: str) -> str:
        """Name the table of a row; of what the paper does not print, that where it would stand."""
        return "Table 3" if row.partition(" ")[2] == study.FULL.name else "Figure 4"


PAPER = Padi2021()
