"""Recorded systems of paper 04 that were trained alike, for its claims, tables and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sercore.evaluation.effects import CELLS, contrasts
from sercore.ledger import estimates
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate
from sercore.ledger.scores import Trials
from sercore.papers.padi2021.data import ORIGINS
from sercore.papers.padi2021.numbers import APART, IEMOCAP, TRANSFERRED, WA, nearness, taught

NAMES = [
    "".join(f"{part:d}" for part in cell) for cell in CELLS
]  # "101": with transfer and pooling


@dataclass(frozen=True)
class Systems:
    """Recorded systems of one experiment that were trained alike, on the folds and seeds that all have.

    Args:
        trials: trials of each system, by its name.
        experiment: "exp1".
        corpus: folder of the scored corpus.
        base: settings that all trainings share, in words.
    """

    trials: dict[str, Trials]
    experiment: str
    corpus: str
    base: str

    @property
    def first(self) -> Trials:
        """Trials of any system, for what all share."""
        return next(iter(self.trials.values()))

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.first.seeds)

    @property
    def folds(self) -> int:
        """Number of folds."""
        return self.first.table["fold"].nunique()

    @property
    def title(self) -> str:
        """What is scored: "IEMOCAP, exp1", or of another corpus "RAVDESS, an analogue of exp1"."""
        analogue = "" if self.corpus == IEMOCAP else "an analogue of "
        return f"{ORIGINS.get(self.corpus, self.corpus)}, {analogue}{self.experiment}"

    @property
    def about(self) -> str:
        """How much was run: "half width, 6 epochs, bf16; 2 folds, 1 seed"."""
        counts = [
            f"{many} {word}{'s' * (many > 1)}"
            for many, word in ((self.folds, "fold"), (self.seeds, "seed"))
        ]
        return f"{self.base}; {', '.join(counts)}"

    @property
    def speakers(self) -> int:
        """Number of tested speakers."""
        return self.first.counts["group"].nunique()

    def less(self, one: str, other: str, metric: str = WA) -> Estimate:
        """Return a system's score less another's, in points."""
        return estimates.difference(self.trials[one], self.trials[other], metric)

    def steadier(self, one: str, metric: str = WA) -> Estimate:
        """Return the mean spread over folds of all other systems less this one's, in points."""
        others = [trials for name, trials in self.trials.items() if name != one]
        return estimates.contrast(
            [self.trials[one], *others],
            metric,
            lambda spreads: spreads[1:].mean(0) - spreads[0],
            folds="spread",
        )


def systems(
    ledger: Ledger,
    rows: tuple[str, ...],
    *,
    experiment: str,
    protocol: str = APART,
    control: str = "none",
) -> Systems | None:
    """Return recorded systems that were trained alike, or None where one is missing.

    The paper's edition comes before others, then the widest networks, then the longest trained.

    Args:
        ledger: ledger of paper 04, or of a page's own run.
        rows: names of systems, "111".
        experiment: "exp1".
        protocol: "speakers-apart" (default) or "clips".
        control: name of a control (default "none").
    """
    ways = alike(ledger, rows, experiment=experiment, protocol=protocol, control=control)
    return next((systems for systems in ways if set(systems.trials) == set(rows)), None)


@lru_cache(maxsize=64)
def alike(
    ledger: Ledger,
    rows: tuple[str, ...],
    *,
    experiment: str,
    protocol: str = APART,
    control: str = "none",
) -> tuple[Systems, ...]:
    """Return for each way of training its recorded systems, the nearest to the paper's first.

    Args:
        ledger: ledger of paper 04, or of a page's own run.
        rows: names of systems, "111".
        experiment: "exp1".
        protocol: "speakers-apart" (default) or "clips".
        control: name of a control (default "none").
    """
    kinds: dict[tuple, dict[str, list[Trials]]] = {}
    teachers: dict[tuple, dict[str, None]] = {}
    for row in rows:
        for (_, split, run, encoder), trials in ledger.runs(f"{experiment} {row}", control).items():
            first = trials.table.iloc[0]
            if split != protocol or not len(trials.counts):
                continue
            kind = (
                run,
                encoder,
                *(first.get(name) for name in ("edition", "size", "epochs", "precision")),
            )
            kinds.setdefault(kind, {}).setdefault(row, []).append(trials)
            if first.get("transfer") in TRANSFERRED:
                teachers.setdefault(kind, {})[taught(first)] = None
    ways = []
    for kind, recorded in kinds.items():
        for teacher in teachers.get(kind, {"": None}):
            chosen = {row: _taught_by(teacher, recorded.get(row, ())) for row in rows}
            shared = _shared({row: trials for row, trials in chosen.items() if trials is not None})
            if shared:
                ways.append(_systems(shared, experiment, teacher))
    return tuple(sorted(ways, key=_rank, reverse=True))


def by_fold(trials: Trials, metric: str = WA) -> dict[int, float]:
    """Return the score of each fold, its mean over seeds."""
    return {
        int(fold): float(trials.fold(fold).by_seed(metric).mean())
        for fold in sorted(trials.table["fold"].unique())
    }


def effects(systems: Systems, metric: str = WA) -> dict[str, Estimate]:
    """Return the main effects of transfer, masks and pooling in points, and SP - TL and TL - Aug.

    Args:
        systems: all eight systems.
        metric: WA (default) or UA.
    """
    trials = [systems.trials[name] for name in NAMES]
    return {
        name: estimates.contrast(trials, metric, lambda scores, weights=weights: weights @ scores)
        for name, weights in contrasts().items()
    }


def _taught_by(teacher: str, recorded: Sequence[Trials]) -> Trials | None:
    """Return a system's training without a speaker recogniser, or with this one."""
    for trials in recorded:
        first = trials.table.iloc[0]
        if first.get("transfer") not in TRANSFERRED or taught(first) == teacher:
            return trials
    return None


def _shared(systems: Mapping[str, Trials]) -> dict[str, Trials]:
    """Return the trials of the folds and seeds that all systems have; empty where they have none."""
    if not set.intersection(*(trials.runs for trials in systems.values())):
        return {}
    return dict(zip(systems, estimates.shared([*systems.values()]), strict=True))


def _systems(trials: dict[str, Trials], experiment: str, teacher: str) -> Systems:
    first = next(iter(trials.values()))
    base = first.table.iloc[0]["variant"].partition("; ")[0].partition(", ")[2]
    corpus = str(first.counts["group"].iloc[0]).split("/")[0]
    return Systems(trials, experiment, corpus, ", ".join(filter(None, (base, teacher))))


def _rank(systems: Systems) -> tuple:
    nearest = max(nearness(trials.table.iloc[0]) for trials in systems.trials.values())
    return (*nearest[:3], len(systems.first.table), nearest[3])
