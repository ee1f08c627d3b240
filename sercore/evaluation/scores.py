"""Recorded trials as counts, and their scores: one number for each trial, from the counts of its groups.

A score over several corpora is the mean of the corpora's scores, not that of all their clips. Intervals, differences and signs are
in ``estimates``.
"""

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from sercore import store
from sercore.evaluation.metrics import accuracy, macro_f1, mean_recall, recalls

F1 = "macro_f1_cv5_mean"
BALANCED_F1 = "macro_f1_classes_weighted_equally"
# What is weighted: counts (..., true, predicted), clips (...), summed errors of the first and the second head (...).
Measure = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# Of each corpus the weighted counts and errors ``(draws, trials, …)``, and where there is any clip ``(draws, trials)``.
Sums = list[tuple[list[np.ndarray], np.ndarray]]


def _errors(head: float, second: float, scale: float) -> Measure:
    return lambda counts, clips, first, other: (
        scale * (head * first + second * other) / np.maximum(clips, 1)
    )


def _share(true: int, predicted: int) -> Measure:
    """Share of one class' items that got this answer: an entry of the confusion matrix, its row summing to 1."""
    return lambda counts, clips, first, other: (
        counts[..., true, predicted] / np.maximum(counts[..., true, :].sum(-1), 1)
    )


def _balanced(counts: np.ndarray) -> np.ndarray:
    """Weight the classes of confusion matrices equally: each row that has a clip sums to 1."""
    return counts / np.maximum(counts.sum(-1, keepdims=True), 1e-12)


# Names as in the published tables; each is a mean over folds of a score of one fold.
MEASURES: dict[str, Measure] = {
    F1: lambda counts, clips, first, other: macro_f1(counts),
    BALANCED_F1: lambda counts, clips, first, other: macro_f1(_balanced(counts)),
    "accuracy_cv5_mean": lambda counts, clips, first, other: 100 * accuracy(counts),
    "mse_cv5_mean": _errors(1, 0, 1),
    "ser_head_mse_x100_printed_as_accuracy": _errors(1, 0, 100),
    "summed_mse_two_heads_cv5_mean": _errors(1, 1, 1),
    "unweighted_accuracy": lambda counts, clips, first, other: 100 * mean_recall(counts),
    "weighted_accuracy": lambda counts, clips, first, other: (
        100 * np.where(counts.any((-2, -1)), accuracy(counts), np.nan)
    ),
    "neutral_recall": lambda counts, clips, first, other: recalls(counts)[..., 0],
    "female_recall": lambda counts, clips, first, other: recalls(counts)[..., 1],
    "male_recall": lambda counts, clips, first, other: recalls(counts)[..., 2],
    "accuracy_validation": lambda counts, clips, first, other: accuracy(counts),
    "macro_f1_validation": lambda counts, clips, first, other: macro_f1(counts),
    "uar_validation": lambda counts, clips, first, other: mean_recall(counts),
}
for _true, _predicted in itertools.product(range(3), repeat=2):
    MEASURES[f"share_{_true}_{_predicted}"] = _share(_true, _predicted)

# Measures of squared errors; trials of which the counts alone are kept have none.
ERRORS = ("mse_cv5_mean", "ser_head_mse_x100_printed_as_accuracy", "summed_mse_two_heads_cv5_mean")
# Largest value of each measure that is not 1; the smallest is 0.
LARGEST = {
    "accuracy_cv5_mean": 100.0,
    "unweighted_accuracy": 100.0,
    "weighted_accuracy": 100.0,
    "mse_cv5_mean": np.inf,
    "ser_head_mse_x100_printed_as_accuracy": np.inf,
    "summed_mse_two_heads_cv5_mean": np.inf,
}


@dataclass(frozen=True, eq=False)
class Trials:
    """Trials of one table row, one variant, one protocol: the same folds and seeds, counted by group.

    Args:
        table: their settings (``trial``, ``seed``, ``fold``, ``protocol``), and where a training is not finished, the reason in
            ``unfinished``.
        counts: their counts.
        errors: their summed errors.
        classes: number of classes (default 3).
    """

    table: pd.DataFrame
    counts: pd.DataFrame
    errors: pd.DataFrame
    classes: int = 3

    @cached_property
    def groups(self) -> list[str]:
        """Names of the recordings or speakers that were scored, in order."""
        return sorted(self.counts["group"].unique().tolist())

    @cached_property
    def corpora(self) -> dict[str, np.ndarray]:
        """Places in ``groups`` of each corpus' speakers; a group that names no corpus is of the corpus ""."""
        names = np.array([name.split("/")[0] if "/" in name else "" for name in self.groups])
        return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}

    @cached_property
    def unfinished(self) -> str:
        """Why a training among them is not finished; empty where all are."""
        return next((reason for reason in self.table.get("unfinished", ()) if reason), "")

    @property
    def one_fold(self) -> bool:
        """Whether one fold of a grid of several was run."""
        return bool(np.any(self.table.get("one_fold", False)))

    @cached_property
    def seeds(self) -> list[int]:
        """Seeds that were run."""
        return sorted(self.table["seed"].unique().tolist())

    @cached_property
    def runs(self) -> set[tuple[int, int]]:
        """Seed and fold of each trial."""
        return set(zip(self.table["seed"].tolist(), self.table["fold"].tolist(), strict=True))

    @cached_property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Counts ``(groups, trials, classes, classes)`` and clips, first and second errors ``(groups, trials)``."""
        trial = pd.Series(range(len(self.table)), index=self.table["trial"])
        group = pd.Series(range(len(self.groups)), index=self.groups)
        counts = np.zeros((len(group), len(trial), self.classes, self.classes))
        place = group[self.counts["group"]].to_numpy(), trial[self.counts["trial"]].to_numpy()
        classes = self.counts["true"].to_numpy(int), self.counts["predicted"].to_numpy(int)
        np.add.at(counts, (*place, *classes), self.counts["count"].to_numpy(float))
        sums = np.zeros((3, len(group), len(trial)))
        place = group[self.errors["group"]].to_numpy(), trial[self.errors["trial"]].to_numpy()
        for total, column in zip(sums, ("clips", "head", "second"), strict=True):
            np.add.at(total, place, self.errors[column].to_numpy(float))
        return counts, *sums

    @cached_property
    def content(self) -> str:
        """Digest of all that its scores are made of."""
        described = (
            self.table[["trial", "seed", "fold"]].to_numpy().tolist(),
            self.groups,
            self.unfinished,
            self.one_fold,
        )
        return store.digest([described, [store.values(array) for array in self.arrays]])

    def fold(self, number: int) -> "Trials":
        """Return the trials of one fold."""
        return self.where(self.table["fold"] == number)

    def of(self, *corpora: str) -> "Trials":
        """Return the trials as scored on these corpora alone; groups are named corpus/speaker."""
        begins = tuple(f"{corpus}/" for corpus in corpora)
        counts, errors = (
            table[table["group"].str.startswith(begins)] for table in (self.counts, self.errors)
        )
        return replace(self, counts=counts, errors=errors)

    def sown(self, seeds: Sequence[int]) -> "Trials":
        """Return the trials of these seeds."""
        return self.where(self.table["seed"].isin(seeds))

    def only(self, runs: Collection[tuple[int, int]]) -> "Trials":
        """Return the trials of these seeds and folds."""
        pairs = zip(self.table["seed"].tolist(), self.table["fold"].tolist(), strict=True)
        return self.where(np.array([pair in runs for pair in pairs], bool))

    def where(self, chosen: pd.Series | np.ndarray) -> "Trials":
        """Return the trials of these lines of the table."""
        table = self.table[chosen]
        counts, errors = (
            part[part["trial"].isin(table["trial"])] for part in (self.counts, self.errors)
        )
        return replace(self, table=table, counts=counts, errors=errors)

    def has(self, measure: str) -> bool:
        """Tell whether what a measure is made of was kept."""
        return measure not in ERRORS or len(self.errors) > 0

    def confusion(self) -> np.ndarray:
        """Sum the counts over trials: ``(classes, classes)``."""
        return self.arrays[0].sum((0, 1))

    def sums(self, weights: np.ndarray | None = None) -> Sums:
        """Sum the arrays over the groups of each corpus, and say which trials have any clip there.

        Args:
            weights: how often each group counts, ``(draws, groups)`` (default: once).
        """
        weights = np.ones((1, len(self.groups))) if weights is None else weights
        return [
            (
                [_weighted(weights[:, members], array[members]) for array in self.arrays],
                weights[:, members] @ self.arrays[0][members].sum((-2, -1)) > 0,
            )
            for members in self.corpora.values()
        ]

    def scored(self, measure: str | Measure, sums: Sums | None = None) -> np.ndarray:
        """Score each trial by its mean over the corpora that it scored; NaN where it has no clip.

        Args:
            measure: one of ``MEASURES``, or a function like them.
            sums: of drawn groups (default: each group once).

        Shape:
            - output: ``(draws, trials)``

        Raises:
            ValueError: a measure of errors, of trials whose counts alone were kept.
        """
        if isinstance(measure, str) and not self.has(measure):
            raise ValueError(
                f"{measure}: of these trials the counts of answers alone were kept; expected a "
                "measure of answers, such as macro F1."
            )
        formula = MEASURES[measure] if isinstance(measure, str) else measure
        total, known = 0.0, 0
        for arrays, has_clips in self.sums() if sums is None else sums:
            scores = np.where(has_clips, formula(*arrays), np.nan)  # (draws, trials)
            is_known = np.isfinite(scores)
            total = total + np.where(is_known, scores, 0)
            known = known + is_known
        return np.where(known > 0, total / np.maximum(known, 1), np.nan)

    def by_seed(
        self, measure: str | Measure, sums: Sums | None = None, *, folds: str = "mean"
    ) -> np.ndarray:
        """Score each seed over its folds: ``(seeds,)``, or ``(draws, seeds)`` of drawn groups.

        A fold without a weighted clip is left out.

        Args:
            measure: one of ``MEASURES``, or a function like them.
            sums: sums of drawn groups (default: each group once).
            folds: "mean" (default) or "spread", the standard deviation over folds.
        """
        scores, place = self.scored(measure, sums), self.table["seed"].to_numpy()
        by_seed = []
        for seed in self.seeds:
            of_folds = scores[:, place == seed]  # (draws, folds)
            known = np.isfinite(of_folds)
            many = known.sum(1)
            values = np.where(known, of_folds, 0).sum(1) / np.where(many > 0, many, np.nan)
            if folds == "spread":
                away = np.square(np.where(known, of_folds - values[:, None], 0)).sum(1)
                values = np.sqrt(away / np.where(many > 1, many - 1, np.nan))
            by_seed.append(values)
        seeds = np.stack(by_seed, axis=1)  # (draws, seeds)
        return seeds[0] if sums is None else seeds

    def pooled(self, measure: str | Measure) -> float:
        """Return the score over all clips of all corpora alike."""
        counts, errors = (table.assign(group="all") for table in (self.counts, self.errors))
        everything = replace(self, counts=counts, errors=errors)
        return float(everything.by_seed(measure).mean())


class Lines:
    """Lines of a table by trial, found without a search through all of them."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table.sort_values("trial", kind="stable", ignore_index=True)
        self._trials = self._table["trial"].to_numpy()

    def of(self, trials: pd.Series) -> pd.DataFrame:
        """Take the lines of some trials, in the order of the trials."""
        bounds = [np.searchsorted(self._trials, trials, side) for side in ("left", "right")]
        places = [np.arange(*pair) for pair in zip(*bounds, strict=True)]
        chosen = np.concatenate(places) if places else np.arange(0)
        return self._table.iloc[chosen].reset_index(drop=True)


def _weighted(weights: np.ndarray, array: np.ndarray) -> np.ndarray:
    """Sums ``(draws, trials, …)`` of an array ``(groups, trials, …)``; trials lie innermost, which makes the next sums fast."""
    inner = np.ascontiguousarray(np.moveaxis(array, 1, -1))  # (groups, …, trials)
    sums = weights @ inner.reshape(len(inner), -1)
    return np.moveaxis(sums.reshape(-1, *inner.shape[1:]), -1, 1)
