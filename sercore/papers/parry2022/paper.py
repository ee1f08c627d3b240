"""Parry et al. 2022 by the contract of a paper, and the sentences that open its chapter."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.claims import Gap
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import level
from sercore.ledger.paper import Paper, Place, Plain, Printed
from sercore.papers.parry2022 import card, evidence, numbers, study
from sercore.papers.parry2022.data import CLASSES, ORIGINS, POOLED
from sercore.papers.parry2022.figures import swing_data
from sercore.papers.parry2022.numbers import SCORED, UA
from sercore.papers.parry2022.study import BASELINE, GRID
from sercore.report.tables import plural

SEVERAL = 3  # seeds from which a mean over seeds is worth a sentence
MODELS = tuple(row.name for row in GRID if row != BASELINE)


class Parry2022(Paper, study=study):
    """Parry et al. 2022: multi-task against adversarial learning in the wild."""

    folder = study.STUDY
    title = "Parry et al. (2022)"
    subject = "multi-task against adversarial learning"
    about = "attributes predicted or un-learned, forty-six models, corpora never seen"
    classes = CLASSES
    metrics = (numbers.UA,)
    protocols = numbers.SPLITS
    scored = numbers.SCORED
    settings = numbers.SETTINGS
    built = numbers.BUILT
    card = card.CARD

    arranged = staticmethod(numbers.arranged)

    def headline(self, ledger: Ledger) -> str:
        """Say what was found."""
        question = "Parry et al. (2022) ask whether attributes help on unseen corpora."
        return f"{question} {lead(ledger)}"

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
            missing = numbers.listed(numbers.missing(recorded.measured_on(self.name)))
            hours = measurements[f"{number.column} / duration / hours"]
            return f"of all six corpora: {missing} not at hand; the others last {hours:.2f} h"
        return super().why_not(number)

    def reading(self, row: str) -> str:
        """Choose the text's reading: there is no public code."""
        return numbers.VARIANT

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
        return f"the pool without {numbers.listed(missing)}" if missing else ""

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


def lead(ledger: Ledger, *, on: str = "TESS") -> str:
    """Say what the paper prints on "TESS" or "CREMA-D", and what our models do there."""
    results = scores(ledger, on=on)
    printed = [value for _, value, _ in results if value is not None]
    base = evidence.printed(ledger).scores[on, "baseline"]
    opening = (
        f"The paper trains one model without attributes and {len(MODELS)} with them. On {on},"
        f" which no training saw, it prints {min(printed):+.2f} to {max(printed):+.2f} points"
        f" beside a baseline of {base:.2f}."
    )
    trials = numbers.row_trials(ledger, "baseline")
    scored = numbers.scored(trials, SCORED[on])
    if scored is None:
        return f"{opening} No run on real speech is recorded yet."
    ours = judging.estimated("", level(scored, UA))
    seeds = len(ours.by_seed)
    spread = f" ± {ours.spread:.2f}" if seeds > 1 else ""
    pool = ", ".join(ORIGINS[name] for name in numbers.corpora() if name in POOLED)
    words = [
        f"Trained on {pool or 'the pool'}, our baseline reaches {ours.value:.2f}{spread}"
        f" ({plural(seeds, 'seed')})"
    ]
    if numbers.collapsed(trials, SCORED[on]):
        words[0] += (
            ", collapsed: there is a class that it hardly ever finds, and no claim is judged"
        )
    curves, _ = swing_data(ledger, on=on)
    steps = [
        step for scores_by_epoch in curves.values() for step in np.abs(np.diff(scores_by_epoch))
    ]
    if steps:
        smaller = sum(abs(value) < np.median(steps) for value in printed)
        words.append(
            f"From one epoch to the next its score typically changes by {np.median(steps):.1f}"
            f" points (the median step): {smaller} of the {len(printed)} printed differences are"
            " smaller than that"
        )
    return ". ".join([opening.removesuffix("."), *words, _differences(results, on)]) + "."


def _differences(results: Sequence[tuple[str, float | None, Gap]], on: str) -> str:
    """Say how many models are recorded, and how many of one attribute lie below the baseline."""
    gains = {row: gap for row, _, gap in results if gap.by_seed}
    single = [gap for row, gap in gains.items() if "+" not in row and len(gap.by_seed) >= SEVERAL]
    sentence = f"{len(gains)} of the {len(MODELS)} models are recorded"
    if single:
        below = sum(gap.value < 0 for gap in single)
        sentence += (
            f"; of the {len(single)} models of one attribute that have {SEVERAL} seeds or more,"
            f" {below} lie below the baseline on {on} on average over their seeds"
        )
    doubts = [gap.doubt for gap in gains.values()]
    if all(doubts):
        why = next(iter(doubts), "")
        if any(doubt.startswith("unfinished") for doubt in doubts):
            why = "the trainings are not finished"
        sentence += f". No difference is judged: {why}" if why else ". No difference is judged"
    return sentence


def scores(ledger: Ledger, *, on: str = "TESS") -> list[tuple[str, float | None, Gap]]:
    """List every model with attributes: printed points above the baseline, or None, and ours."""
    printed = evidence.printed(ledger)
    return [(row, printed.above(on, row), numbers.gain(ledger, row, *SCORED[on])) for row in MODELS]
