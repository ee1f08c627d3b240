"""What the claims of paper 04 are judged on: recorded systems that were trained alike, and differences between them.

Systems are compared on the folds and seeds that all of them have, and resampled by speaker together. A mark takes three seeds, an
interval that excludes zero, and trainings in which the printed decay of the learning rate has begun.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from sercore.evaluation.effects import CELLS, Effect, resampled_effects
from sercore.evaluation.intervals import resampled_interval
from sercore.ledger.claims import sign
from sercore.ledger.claims.padi_numbers import APART, IEMOCAP, TRANSFERRED, WA, nearness, taught
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import MEASURES, Cell, Trials
from sercore.studies.padi_data import ORIGINS
from sercore.training.sgd import Plan

SEEDS = 3  # the fewest that a sign or an order is judged on
NAMES = {"".join(f"{part:d}" for part in cell): cell for cell in CELLS}  # "101": with transfer and pooling


@dataclass(frozen=True)
class Systems:
    """Recorded systems of one experiment that were trained alike, on the folds and seeds that all have.

    Args:
        trials: of each system, by its name.
        experiment: "exp1".
        corpus: that is scored, by its folder.
        base: what all trainings share, in words.
    """

    trials: dict[str, Trials]
    experiment: str
    corpus: str
    base: str
    _drawn: dict[tuple[str, str], np.ndarray] = field(default_factory=dict, init=False, repr=False)

    @property
    def first(self) -> Trials:
        """Any of them, for what they share."""
        return next(iter(self.trials.values()))

    @property
    def seeds(self) -> int:
        """How many."""
        return len(self.first.seeds)

    @property
    def folds(self) -> int:
        """How many."""
        return self.first.table["fold"].nunique()

    @property
    def title(self) -> str:
        """What is scored: "IEMOCAP, exp1", or of another corpus "RAVDESS, an analogue of exp1"."""
        analogue = "" if self.corpus == IEMOCAP else "an analogue of "
        return f"{ORIGINS.get(self.corpus, self.corpus)}, {analogue}{self.experiment}"

    @property
    def about(self) -> str:
        """How much was run: "half width, 6 epochs, bf16; 2 folds, 1 seed"."""
        counts = [f"{many} {word}{'s' * (many > 1)}" for many, word in ((self.folds, "fold"), (self.seeds, "seed"))]
        return f"{self.base}; {', '.join(counts)}"

    @property
    def speakers(self) -> int:
        """How many are tested."""
        return self.first.counts["group"].nunique()

    @property
    def unfinished(self) -> str:
        """Why none of these trainings is judged: one stops before the printed decay of the rate begins. Empty where none does."""
        epochs = min(int(trials.table["epochs"].min()) for trials in self.trials.values())
        if epochs > Plan.constant:
            return ""
        return f"unfinished: {epochs} epochs, and the printed decay of the rate begins after {Plan.constant}"

    def less(self, one: str, other: str, metric: str = WA) -> Cell:
        """A system's score less another's, in points, with its interval over speakers, drawn for both at once."""
        pair = [self.trials[name].by_seed(metric) for name in (one, other)]
        return self._cell(pair[0] - pair[1], lambda drawn: self._draws(one, metric, drawn) - self._draws(other, metric, drawn))

    def steadier(self, one: str, metric: str = WA) -> Cell:
        """Mean standard deviation over folds of all other systems less this one's, in points, with its interval over speakers."""
        counts = {name: counted(trials) for name, trials in self.trials.items()}
        seeds = np.sort(self.first.table["seed"].to_numpy())  # of each run, as they are counted

        def less(drawn: np.ndarray) -> np.ndarray:
            spreads = {name: _spread(each, drawn, seeds, metric) for name, each in counts.items()}
            return np.mean([each for name, each in spreads.items() if name != one], axis=0) - spreads[one]  # (draws, seeds)

        return self._cell(less(np.ones((1, self.speakers)))[0], lambda drawn: less(drawn).mean(1))

    def _draws(self, name: str, metric: str, drawn: np.ndarray) -> np.ndarray:
        """Score of each draw, which is the same for all systems and metrics."""
        if (name, metric) not in self._drawn:
            self._drawn[name, metric] = self.trials[name].resampled(metric, drawn)
        return self._drawn[name, metric]

    def _cell(self, values: np.ndarray, score: Callable[[np.ndarray], np.ndarray]) -> Cell:
        low, high = resampled_interval(score, self.speakers)
        return Cell(float(values.mean()), low, high, len(values), self.speakers, tuple(values.tolist()))


def systems(
    ledger: Ledger, rows: tuple[str, ...], *, experiment: str, protocol: str = APART, control: str = "none"
) -> Systems | None:
    """Recorded systems that were trained alike, or None: the paper's edition before others, the widest, the longest trained.

    Args:
        ledger: of paper 04, or of a page's own run.
        rows: names of systems, "111"; each must be there.
        experiment: "exp1".
        protocol: "speakers-apart" (default) or "clips".
        control: what is changed (default "none").
    """
    found = alike(ledger, rows, experiment=experiment, protocol=protocol, control=control)
    return next((each for each in found if set(each.trials) == set(rows)), None)


@lru_cache(maxsize=64)
def alike(
    ledger: Ledger, rows: tuple[str, ...], *, experiment: str, protocol: str = APART, control: str = "none"
) -> tuple[Systems, ...]:
    """Of each way of training those of the systems that are recorded, on the folds and seeds that they share, nearest first.

    Args:
        ledger: of paper 04, or of a page's own run.
        rows: names of systems, "111".
        experiment: "exp1".
        protocol: "speakers-apart" (default) or "clips".
        control: what is changed (default "none").
    """
    kinds: dict[tuple, dict[str, list[Trials]]] = {}
    teachers: dict[tuple, dict[str, None]] = {}
    for row in rows:
        for (_, split, run, encoder), trials in ledger.runs(f"{experiment} {row}", control).items():
            first = trials.table.iloc[0]
            if split != protocol or not len(trials.counts):
                continue
            kind = (run, encoder, *(first.get(name) for name in ("edition", "size", "epochs", "precision")))
            kinds.setdefault(kind, {}).setdefault(row, []).append(trials)
            if first.get("transfer") in TRANSFERRED:
                teachers.setdefault(kind, {})[taught(first)] = None
    found = []
    for kind, there in kinds.items():
        for teacher in teachers.get(kind, {"": None}):
            chosen = {row: _of(there.get(row, ()), teacher) for row in rows}
            shared = _shared({row: trials for row, trials in chosen.items() if trials is not None})
            if shared:
                found.append(_built(shared, experiment, teacher))
    return tuple(sorted(found, key=_rank, reverse=True))


def by_speaker(trials: Trials, metric: str = WA) -> Cell:
    """A system's score with its interval over speakers, whatever the protocol; of one speaker there is none (NaN)."""
    value = trials.by_seed(metric)
    groups = trials.counts["group"].nunique()
    low, high = (np.nan, np.nan)
    if groups > 1:
        low, high = resampled_interval(lambda weights: trials.resampled(metric, weights), groups)
    return Cell(float(value.mean()), low, high, len(value), groups, tuple(value.tolist()))


def by_fold(trials: Trials, metric: str = WA) -> dict[int, float]:
    """Score of each fold, its mean over seeds."""
    return {int(fold): trials.fold(fold).cell(metric).value for fold in sorted(trials.table["fold"].unique())}


def effects(found: Systems, metric: str = WA) -> dict[str, Effect]:
    """Main effects of transfer, masks and pooling in points, and SP - TL and TL - Aug, with intervals over speakers.

    Args:
        found: all eight systems.
        metric: WA (default) or UA.
    """
    counts = {NAMES[name]: counted(trials) for name, trials in found.trials.items()}
    return resampled_effects(counts, measure=lambda each: MEASURES[metric](each, *[each.sum((-2, -1))] * 3))


def counted(trials: Trials) -> np.ndarray:
    """Counts ``(speakers, runs, classes, classes)``, both sorted, a run being a fold of a seed."""
    table = trials.table.sort_values(["seed", "fold"])
    runs = {trial: at for at, trial in enumerate(table["trial"])}
    names = {name: at for at, name in enumerate(sorted(trials.counts["group"].unique()))}
    counts = np.zeros((len(names), len(runs), trials.classes, trials.classes))
    for row in trials.counts.itertuples(index=False):
        counts[names[row.group], runs[row.trial], row.true, row.predicted] += row.count
    return counts


def judged(cell: Cell) -> str:
    """Mark of "greater than zero" for a difference between systems."""
    return sign(cell, seeds=SEEDS)


def in_each_seed(values: Sequence[float]) -> str:
    """Mark of "greater than zero" for a number that only seeds repeat: holds or fails where all of three or more agree."""
    signs = set(np.sign(np.round(values, 9)).tolist())
    if len(values) < SEEDS or signs not in ({1.0}, {-1.0}):
        return "inconclusive"
    return "holds" if signs == {1.0} else "fails"


def told(cell: Cell | Effect, *, digits: int = 2) -> str:
    """A difference and its interval: "+1.20 [+0.40, +2.10]"."""
    return f"{cell.value:+.{digits}f} [{cell.low:+.{digits}f}, {cell.high:+.{digits}f}]"


def _spread(counts: np.ndarray, drawn: np.ndarray, seeds: np.ndarray, metric: str) -> np.ndarray:
    """Standard deviation of the folds' scores, ``(draws, seeds)``; folds without a speaker drawn are left out."""
    weighted = np.tensordot(drawn, counts, axes=1)  # (draws, runs, classes, classes)
    scores = MEASURES[metric](weighted, *[weighted.sum((-2, -1))] * 3)
    spreads = []
    for own in (scores[:, seeds == seed] for seed in np.unique(seeds)):
        there = np.isfinite(own)
        many = there.sum(1)
        away = np.where(there, own - (np.where(there, own, 0).sum(1) / many.clip(1))[:, None], 0)
        spreads.append(np.sqrt(np.square(away).sum(1) / np.where(many > 1, many - 1, np.nan)))
    return np.stack(spreads, axis=1)


def _of(there: Sequence[Trials], teacher: str) -> Trials | None:
    """Of a system's trainings the one without a speaker recogniser, or with this one."""
    for trials in there:
        first = trials.table.iloc[0]
        if first.get("transfer") not in TRANSFERRED or taught(first) == teacher:
            return trials
    return None


def _shared(found: Mapping[str, Trials]) -> dict[str, Trials]:
    """The same on the folds and seeds that all have; empty where they have none."""
    pairs = [set(zip(each.table["seed"], each.table["fold"], strict=True)) for each in found.values()]
    both = set.intersection(*pairs)
    return {row: _where(trials, both.__contains__) for row, trials in found.items()} if both else {}


def _where(trials: Trials, chosen: Callable[[tuple], bool]) -> Trials:
    table = trials.table[[chosen(pair) for pair in zip(trials.table["seed"], trials.table["fold"], strict=True)]]
    counts, errors = (each[each["trial"].isin(table["trial"])] for each in (trials.counts, trials.errors))
    return Trials(table, counts, errors, trials.classes)


def _built(trials: dict[str, Trials], experiment: str, teacher: str) -> Systems:
    first = next(iter(trials.values()))
    base = first.table.iloc[0]["variant"].partition("; ")[0].partition(", ")[2]
    corpus = str(first.counts["group"].iloc[0]).split("/")[0]
    return Systems(trials, experiment, corpus, ", ".join(filter(None, (base, teacher))))


def _rank(found: Systems) -> tuple:
    nearest = max(nearness(trials.table.iloc[0]) for trials in found.trials.values())
    return (*nearest[:3], len(found.first.table), nearest[3])
