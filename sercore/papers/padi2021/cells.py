"""What the claims of paper 04 are judged on: recorded systems that were trained alike, and differences between them.

Systems are compared on the folds and seeds that all of them have; ``estimates`` takes their differences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sercore.evaluation.effects import CELLS, contrasts
from sercore.ledger import estimates
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate
from sercore.ledger.scores import Trials
from sercore.papers.padi2021.data import ORIGINS
from sercore.papers.padi2021.numbers import APART, IEMOCAP, TRANSFERRED, WA, nearness, taught

NAMES = ["".join(f"{part:d}" for part in cell) for cell in CELLS]  # "101": with transfer and pooling


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

    def less(self, one: str, other: str, metric: str = WA) -> Estimate:
        """A system's score less another's, in points."""
        return estimates.difference(self.trials[one], self.trials[other], metric)

    def steadier(self, one: str, metric: str = WA) -> Estimate:
        """Mean standard deviation over folds of all other systems less this one's, in points."""
        trials = [self.trials[one], *(each for name, each in self.trials.items() if name != one)]
        return estimates.contrast(trials, metric, lambda spreads: spreads[1:].mean(0) - spreads[0], folds="spread")


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


def by_fold(trials: Trials, metric: str = WA) -> dict[int, float]:
    """Score of each fold, its mean over seeds."""
    return {int(fold): float(trials.fold(fold).by_seed(metric).mean()) for fold in sorted(trials.table["fold"].unique())}


def effects(found: Systems, metric: str = WA) -> dict[str, Estimate]:
    """Main effects of transfer, masks and pooling in points, and SP - TL and TL - Aug.

    Args:
        found: all eight systems.
        metric: WA (default) or UA.
    """
    trials = [found.trials[name] for name in NAMES]
    return {
        name: estimates.contrast(trials, metric, lambda scores, weights=weights: weights @ scores)
        for name, weights in contrasts().items()
    }


def told(estimate: Estimate, *, digits: int = 2) -> str:
    """A difference and its interval: "+1.20 [+0.40, +2.10]"."""
    if not np.isfinite(estimate.low):
        return f"{estimate.value:+.{digits}f}"
    return f"{estimate.value:+.{digits}f} [{estimate.low:+.{digits}f}, {estimate.high:+.{digits}f}]"


def _of(there: Sequence[Trials], teacher: str) -> Trials | None:
    """Of a system's trainings the one without a speaker recogniser, or with this one."""
    for trials in there:
        first = trials.table.iloc[0]
        if first.get("transfer") not in TRANSFERRED or taught(first) == teacher:
            return trials
    return None


def _shared(found: Mapping[str, Trials]) -> dict[str, Trials]:
    """The same on the folds and seeds that all have; empty where they have none."""
    if not set.intersection(*(trials.runs for trials in found.values())):
        return {}
    return dict(zip(found, estimates.shared([*found.values()]), strict=True))


def _built(trials: dict[str, Trials], experiment: str, teacher: str) -> Systems:
    first = next(iter(trials.values()))
    base = first.table.iloc[0]["variant"].partition("; ")[0].partition(", ")[2]
    corpus = str(first.counts["group"].iloc[0]).split("/")[0]
    return Systems(trials, experiment, corpus, ", ".join(filter(None, (base, teacher))))


def _rank(found: Systems) -> tuple:
    nearest = max(nearness(trials.table.iloc[0]) for trials in found.trials.values())
    return (*nearest[:3], len(found.first.table), nearest[3])
