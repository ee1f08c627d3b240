"""Recall by what listeners noted of a clip: the error analysis that paper 01 leaves as future work."""

from dataclasses import dataclass

import pandas as pd

from sercore.corpora.coraa_ser import NOTES
from sercore.ledger.estimates import Estimate, level
from sercore.ledger.recorded import Recorded, measurements
from sercore.ledger.scores import Trials

CLASSES = ("neutral", "non-neutral female", "non-neutral male")
RECALLS = (
    "neutral_recall",
    "female_recall",
    "male_recall",
)  # measures, in the order of the classes


@dataclass(frozen=True, kw_only=True)
class NotedRecall:
    """Recall of one class among the clips of which something was noted, or was not.

    Args:
        note: as the listeners' list calls it.
        is_noted: whether the clips have the note.
        label: class.
        estimate: share of these clips that got their class; its groups are recordings. None where no clip is so.
        clips: number of such clips.
    """

    note: str
    is_noted: bool
    label: str
    estimate: Estimate | None
    clips: int


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


def recalls(runs: Recorded, row: str, *, variant: str = "as-run") -> list[NotedRecall]:
    """Recall of every class with and without every note, under the clean protocol; empty where nothing is recorded.

    Args:
        runs: of paper 01.
        row: one of the submitted rows.
        variant: reading of the method (default "as-run").
    """
    trials = runs.trials
    if not len(trials):
        return []
    chosen = trials[
        (trials["row"] == row) & (trials["variant"] == variant) & (trials["protocol"] == "clean")
    ]
    chosen = chosen[chosen["control"] == "none"]
    table = runs.notes.merge(chosen[["trial", "seed"]], on="trial")
    return [
        _recall(
            table[(table["note"].str.contains(letter) == is_noted) & (table["true"] == true)],
            note,
            is_noted,
            true,
        )
        for note, letter in NOTES.items()
        for is_noted in (True, False)
        for true in range(len(CLASSES))
        if len(table)
    ]


def shown(results: list[NotedRecall]) -> list[tuple[str, str, float, float, float, int]]:
    """Rows for ``alves2022_figures.recalls``; a class of which no clip has the note is left out."""
    return [
        (
            each.note if each.is_noted else f"no {each.note}",
            each.label,
            each.estimate.value,
            each.estimate.low,
            each.estimate.high,
            each.clips,
        )
        for each in results
        if each.estimate is not None
    ]


def _recall(table: pd.DataFrame, note: str, is_noted: bool, true: int) -> NotedRecall:
    about = {"note": note.replace("_", " "), "is_noted": is_noted, "label": CLASSES[true]}
    if not len(table):
        return NotedRecall(estimate=None, clips=0, **about)
    seeds = sorted(table["seed"].unique())  # each scores every clip once, over its folds
    settings = pd.DataFrame({"trial": seeds, "seed": seeds, "fold": 0})
    counts = (
        table.assign(trial=table["seed"])
        .groupby(["trial", "group", "true", "predicted"], as_index=False)["count"]
        .sum()
    )
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    estimate = level(Trials(settings, counts, errors), RECALLS[true])
    return NotedRecall(estimate=estimate, clips=round(table["count"].sum() / len(seeds)), **about)
