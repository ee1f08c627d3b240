"""Recall by what listeners noted of a clip: the error analysis that paper 01 leaves as future work."""

from dataclasses import dataclass

import numpy as np

from sercore.corpora.coraa_ser import NOTES
from sercore.evaluation.intervals import resampled_interval
from sercore.ledger.recorded import Recorded, measurements

CLASSES = ("neutral", "non-neutral female", "non-neutral male")


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Recall of one class among the clips of which something was noted, or was not.

    Args:
        note: as the listeners' list calls it.
        there: whether it was noted.
        label: class.
        value: share of these clips that got their class, over all seeds; each seed scores each clip once.
        low: lower bound, recordings resampled.
        high: upper bound.
        clips: how many.
        recordings: that hold them.
    """

    note: str
    there: bool
    label: str
    value: float
    low: float
    high: float
    clips: int
    recordings: int


def noted(paper: str) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """How many listed clips of each class have each note, and how many there are: as measured on the list and recorded.

    Source: Alves et al. 2022, Figure 1.
    """
    counts: dict[str, dict[str, int]] = {}
    for where, count in measurements(paper).items():
        if where.startswith("listening notes / "):
            _, label, note = where.split(" / ")
            counts.setdefault(label, {})[note.replace("_", " ")] = int(count)
    return counts, {label: found.pop("all") for label, found in counts.items()}


def recalls(runs: Recorded, row: str, *, variant: str = "as-run") -> list[Heard]:
    """Recall of every class with and without every note, under the clean protocol; empty where nothing is recorded.

    Args:
        runs: of paper 01.
        row: one of the submitted rows.
        variant: reading of the method (default "as-run").
    """
    trials = runs.trials
    if not len(trials):
        return []
    chosen = trials[(trials["row"] == row) & (trials["variant"] == variant) & (trials["protocol"] == "clean")]
    chosen = chosen[chosen["control"] == "none"]
    table = runs.notes[runs.notes["trial"].isin(chosen["trial"])]
    seeds = chosen["seed"].nunique()
    return [
        _heard(table[(table["note"].str.contains(letter) == there) & (table["true"] == true)], note, there, true, seeds)
        for note, letter in NOTES.items()
        for there in (True, False)
        for true in range(len(CLASSES))
        if len(table)
    ]


def shown(found: list[Heard]) -> list[tuple[str, str, float, float, float, int]]:
    """Rows for ``figures.recalls``; a class of which no clip has the note is left out."""
    return [
        (each.note if each.there else f"no {each.note}", each.label, each.value, each.low, each.high, each.clips)
        for each in found
        if each.clips
    ]


def _heard(table, note: str, there: bool, true: int, seeds: int) -> Heard:
    right = table["count"].where(table["predicted"] == true, 0).groupby(table["group"]).sum().to_numpy(float)
    total = table["count"].groupby(table["group"]).sum().to_numpy(float)
    about = {"note": note.replace("_", " "), "there": there, "label": CLASSES[true], "recordings": len(total)}
    if not len(total):
        return Heard(value=np.nan, low=-np.inf, high=np.inf, clips=0, **about)
    low, high = resampled_interval(lambda weights: (weights @ right) / (weights @ total), len(total))
    return Heard(value=right.sum() / total.sum(), low=low, high=high, clips=round(total.sum() / seeds), **about)
