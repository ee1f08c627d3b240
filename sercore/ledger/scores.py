"""Values and intervals of recorded trials: what a table cell shows, computed when it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from sercore.evaluation.intervals import prediction_interval, resampled_interval
from sercore.evaluation.metrics import accuracy, macro_f1, recalls

F1 = "macro_f1_cv5_mean"
# What a paper's own protocol is to the verdict rule: with the printed leaks, or with nothing of a test speaker seen in training.
ROLES = {
    "as-published": "as-published",
    "by-origin": "as-published",
    "held-out-speakers": "as-published",
    "speakers-apart": "as-published",
    "clean": "clean",
    "speaker-independent": "clean",
    "across-corpora": "clean",
}

# What is weighted: counts (..., true, predicted), clips (...), summed errors of the first and the second head (...).
Measure = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _errors(head: float, second: float, scale: float) -> Measure:
    return lambda counts, clips, first, other: scale * (head * first + second * other) / np.maximum(clips, 1)


def role(protocol: str) -> str:
    """What a protocol is to the verdict rule: "as-published", "clean", or itself where it is neither."""
    return ROLES.get(protocol, protocol)


def _share(true: int, predicted: int) -> Measure:
    """Share of one class' items that got this answer: an entry of the confusion matrix, its row summing to 1."""
    return lambda counts, clips, first, other: counts[..., true, predicted] / np.maximum(counts[..., true, :].sum(-1), 1)


def mean_recall(counts: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that occur: ``(...)`` in [0, 1] of counts ``(..., classes, classes)``; NaN where none does."""
    found = recalls(counts)
    there = np.isfinite(found)
    return np.where(there, found, 0).sum(-1) / np.where(there.any(-1), there.sum(-1), np.nan)


# Names as in the published tables; each is a mean over folds of a score of one fold.
MEASURES: dict[str, Measure] = {
    F1: lambda counts, clips, first, other: macro_f1(counts),
    "accuracy_cv5_mean": lambda counts, clips, first, other: 100 * accuracy(counts),
    "mse_cv5_mean": _errors(1, 0, 1),
    "ser_head_mse_x100_printed_as_accuracy": _errors(1, 0, 100),
    "summed_mse_two_heads_cv5_mean": _errors(1, 1, 1),
    "unweighted_accuracy": lambda counts, clips, first, other: 100 * mean_recall(counts),
    "weighted_accuracy": lambda counts, clips, first, other: 100 * np.where(counts.any((-2, -1)), accuracy(counts), np.nan),
    "neutral_recall": lambda counts, clips, first, other: recalls(counts)[..., 0],
    "female_recall": lambda counts, clips, first, other: recalls(counts)[..., 1],
    "male_recall": lambda counts, clips, first, other: recalls(counts)[..., 2],
    "accuracy_validation": lambda counts, clips, first, other: accuracy(counts),
    "macro_f1_validation": lambda counts, clips, first, other: macro_f1(counts),
    "uar_validation": lambda counts, clips, first, other: mean_recall(counts),
    **{f"share_{true}_{predicted}": _share(true, predicted) for true in range(3) for predicted in range(3)},
}


@dataclass(frozen=True)
class Cell:
    """One value with its interval.

    Args:
        value: mean over seeds of the mean over folds.
        low: lower bound, -inf where one seed says nothing of the spread.
        high: upper bound.
        seeds: how many.
        groups: recordings or speakers that were scored.
        by_seed: the value of each seed.
    """

    value: float
    low: float
    high: float
    seeds: int
    groups: int
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class Trials:
    """Trials of one table row, one variant, one protocol: the same folds and seeds, counted by group.

    Args:
        table: their settings (``trial``, ``seed``, ``fold``, ``protocol``).
        counts: their counts.
        errors: their summed errors.
        classes: how many (default 3).
    """

    table: pd.DataFrame
    counts: pd.DataFrame
    errors: pd.DataFrame
    classes: int = 3
    _cells: dict[str, Cell] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Counts ``(groups, trials, classes, classes)`` and clips, first and second errors ``(groups, trials)``."""
        trial = pd.Series(range(len(self.table)), index=self.table["trial"])
        names = sorted(set(self.counts["group"]))
        group = pd.Series(range(len(names)), index=names)
        counts = np.zeros((len(names), len(trial), self.classes, self.classes))
        at = (group[self.counts["group"]], trial[self.counts["trial"]], self.counts["true"], self.counts["predicted"])
        np.add.at(counts, tuple(np.asarray(each) for each in at), self.counts["count"].to_numpy(float))
        sums = np.zeros((3, len(names), len(trial)))
        at = tuple(np.asarray(each) for each in (group[self.errors["group"]], trial[self.errors["trial"]]))
        for place, column in zip(sums, ("clips", "head", "second"), strict=True):
            np.add.at(place, at, self.errors[column].to_numpy(float))
        return counts, *sums

    def fold(self, number: int) -> "Trials":
        """The trials of one fold."""
        return self._where(self.table["fold"] == number)

    def of(self, *corpora: str) -> "Trials":
        """The same trials, of which only these corpora are scored; groups are then named corpus/speaker."""
        begins = tuple(f"{corpus}/" for corpus in corpora)
        parts = (each[each["group"].str.startswith(begins)] for each in (self.counts, self.errors))
        return Trials(self.table, *parts, self.classes)

    def confusion(self) -> np.ndarray:
        """Counts summed over trials: ``(classes, classes)``."""
        return self._arrays[0].sum((0, 1))

    @property
    def seeds(self) -> list[int]:
        """Seeds that were run."""
        return sorted(self.table["seed"].unique().tolist())

    def by_seed(self, measure: str) -> np.ndarray:
        """Mean over folds for each seed: ``(seeds,)``."""
        return self.resampled(measure, np.ones((1, len(self._arrays[0]))), keep_seeds=True)[0]

    def resampled(self, measure: str, weights: np.ndarray, *, keep_seeds: bool = False) -> np.ndarray:
        """Score with groups weighted ``(draws, groups)``: ``(draws,)``, or ``(draws, seeds)``."""
        weighted = (np.tensordot(weights, array, axes=1) for array in self._arrays)
        scores = MEASURES[measure](*weighted)  # (draws, trials)
        place = self.table["seed"].to_numpy()
        seeds = np.stack([scores[:, place == seed].mean(1) for seed in self.seeds], axis=1)  # (draws, seeds)
        return seeds if keep_seeds else seeds.mean(1)

    def cell(self, measure: str) -> Cell:
        """Value and interval: of one further run under ``as-published``, of other recordings under ``clean``."""
        if measure not in self._cells:
            self._cells[measure] = self._cell(self.by_seed(measure), lambda weights: self.resampled(measure, weights))
        return self._cells[measure]

    def difference(self, other: "Trials", measure: str, *, resampled: bool = False) -> Cell:
        """This row's score less another's, seed by seed, on the seeds that both have; groups are drawn for both at once.

        Args:
            other: trials of the same folds and groups.
            measure: one of ``MEASURES``.
            resampled: take the interval over groups under ``as-published`` too, where one seed has no other (default False).

        Raises:
            ValueError: no seed is in both.
        """
        shared = sorted(set(self.seeds) & set(other.seeds))
        if not shared:
            raise ValueError(f"seeds {self.seeds} and {other.seeds}: none is in both; a difference is taken seed by seed")
        pair = [each if each.seeds == shared else each.sown(shared) for each in (self, other)]
        gaps = pair[0].by_seed(measure) - pair[1].by_seed(measure)
        return pair[0]._cell(
            gaps, lambda weights: pair[0].resampled(measure, weights) - pair[1].resampled(measure, weights), resampled=resampled
        )

    def sown(self, seeds: Sequence[int]) -> "Trials":
        """The trials of these seeds."""
        return self._where(self.table["seed"].isin(seeds))

    def _where(self, chosen: pd.Series) -> "Trials":
        table = self.table[chosen]
        return Trials(table, *(each[each["trial"].isin(table["trial"])] for each in (self.counts, self.errors)), self.classes)

    def _cell(self, values: np.ndarray, score: Callable[[np.ndarray], np.ndarray], *, resampled: bool = False) -> Cell:
        groups = len(self._arrays[0])
        clean = {role(each) for each in self.table["protocol"]} == {"clean"}
        low, high = resampled_interval(score, groups) if clean or resampled else prediction_interval(values)
        return Cell(float(values.mean()), low, high, len(values), groups, tuple(values.tolist()))
