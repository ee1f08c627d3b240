"""Parry et al. 2022 by the contract of a paper."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sercore.ledger import recorded
from sercore.ledger.paper import Paper, Place, Plain, Printed
from sercore.papers.parry2022 import card, numbers, page, study
from sercore.papers.parry2022.data import CLASSES, ORIGINS
from sercore.papers.parry2022.trial import ELSEWHERE
from sercore.report.tables import listed


class Parry2022(Paper, study=study):
    """Parry et al. 2022: multi-task against adversarial learning in the wild."""

    folder = study.STUDY
    title = "Parry et al. (2022)"
    subject = "multi-task against adversarial learning"
    classes = CLASSES
    metrics = (numbers.UA,)
    protocols = numbers.SPLITS
    scored = numbers.SCORED
    caps = ("epochs",)
    settings = numbers.SETTINGS
    built = numbers.BUILT
    card = card.CARD

    arranged = staticmethod(numbers.arranged)
    quoted = staticmethod(page.quoted)

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting; the shares of the sides with those that whole speakers give."""
        if number.row == "split":
            return numbers.share(number)
        return super().setting(number)

    def counted(self, number: Printed) -> Plain | None:
        """Compare a count or a duration; None where it was not measured."""
        if (number.row, number.column, number.metric) not in self.built:
            return numbers.measured(number)
        count = super().counted(number)
        if about := numbers.ABOUT.get(number.column):
            return replace(count, reason=f"{count.reason}; {about}")
        return count

    def place(self, number: Printed) -> Place:
        """Find a printed accuracy's row, or the row that stands for one with the same labels."""
        place = super().place(number)
        if math.isnan(place.value):
            return place
        return replace(place, row=numbers.trained_as(place.row))

    def why_not(self, number: Printed) -> str:
        """Say why a number has no run."""
        if number.row.startswith("CREMA-D") and "crema-d" not in numbers.corpora():
            return "CREMA-D is not at hand"
        measurements = recorded.measurements(self.name)
        if number.row == "data" and measurements:
            missing = listed(numbers.missing(recorded.measured_on(self.name)))
            hours = measurements[f"{number.column} / duration / hours"]
            return f"of all six corpora: {missing} not at hand; the others last {hours:.2f} h"
        return super().why_not(number)

    def reading(self, row: str) -> str:
        """Choose the text's reading: there is no public code."""
        return numbers.VARIANT

    def columns(self, protocol: str) -> Mapping[str, tuple[str, ...]]:
        """Name what is scored apart: where another corpus is unseen, that one alone."""
        if not protocol.startswith(ELSEWHERE):
            return self.scored
        name = protocol.removeprefix(ELSEWHERE)
        return {f"{ORIGINS[name]} unseen": (name,)} if name in ORIGINS else {}

    def unfinished(self, trial: Mapping[str, Any]) -> str:
        """Say why a training is not finished: a cap below the paper's came before its rule."""
        most = study.EPOCHS["paper"]
        if not str(trial.get("ending", "")).startswith("all ") or trial["epochs"] >= most:
            return ""
        cap = f"ended at a cap of {trial['epochs']:g} epochs before its stopping rule fired"
        return f"unfinished: {cap}; the paper allows {most}"

    def substitute(self, row: str, variant: str, encoder: str) -> str:
        """Say which corpora the pool lacks."""
        missing = numbers.missing(numbers.corpora())
        return f"the pool without {listed(missing)}" if missing else ""

    def note(self, number: Printed) -> str:
        """Say that a baseline is quoted, and which row stands for one with the same labels."""
        if number.kind != "result":
            return ""
        notes = []
        if (number.ours, number.on) == ("baseline", "TESS"):
            notes.append(numbers.QUOTED)
        row = self.place(number).row
        if row != number.ours:
            notes.append(f"corpus and language are one label in this pool: shown is {row}")
        return "; ".join(notes)

    def table_of(self, row: str) -> str:
        """Name the table in which a row stands, printed or not."""
        return "Table 3" if "+" in row else "Table 2"


PAPER = Parry2022()
