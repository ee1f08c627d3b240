"""What chapter 5 reads off recorded trials and printed tables.

``gaps`` are what each leak adds, ``spread`` is what seeds and splits move, ``LISTS`` says which
printed systems stand beside one another, and ``by_speakers`` how wide intervals are.
"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from sercore import sealed
from sercore.evaluation.estimates import Estimate, difference, signs
from sercore.evaluation.metrics import LEVEL, mean_recall
from sercore.evaluation.scores import F1, Trials
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed, read_printed
from sercore.ledger.recorded import FOLDER
from sercore.papers.luck.data import names
from sercore.papers.luck.trial import CLEAN, INSIDE, LOGISTIC, MLP, MODELS, SHARED, SWAPPED

UA, ACCURACY = "unweighted_accuracy", "accuracy_cv5_mean"  # both in %
# Each leak by the protocol that has it and the one that has not, which differ in nothing else.
LEAKS = {
    "scaler": ("scaler before", CLEAN),
    "speakers": (SHARED, CLEAN),
    "SMOTE": ("SMOTE before", INSIDE),
    "made-up rows": ("SMOTE scored", "SMOTE before"),
    "swap": (SWAPPED, CLEAN),
}
MANY = "ravdess"  # the corpus with most speakers of whom each says everything
WIDTHS = (2, 4, 8, 12, 24)  # speakers of a test set
DRAWS = 2000
POWER = 0.8
# Times the standard deviation of a run: what the difference of two runs exceeds once in twenty.
TWO_RUNS = stats.norm.ppf((1 + LEVEL) / 2) * math.sqrt(2)


def trials(
    ledger: Ledger,
    corpus: str,
    model: str,
    protocol: str = CLEAN,
    *,
    control: str = "none",
    varies: str = "",
) -> Trials | None:
    """Return the trials of a model on a corpus, or None; ``varies`` names what alone varies."""
    row = ", ".join(filter(None, [corpus, model, varies]))
    return ledger.trials(row, variant="ours", protocol=protocol, control=control)


def corpora(ledger: Ledger) -> list[str]:
    """Name the corpora with trials, in the order of the chapter."""
    known = set(ledger.recorded.trials["corpus"]) if len(ledger.recorded.trials) else set()
    return [name for edition in ("open", "demo") for name in names(edition) if name in known]


def gaps(ledger: Ledger) -> dict[tuple[str, str, str], Estimate]:
    """Estimate what each leak adds to UA, by leak, corpus and model."""
    estimates = {}
    for leak, protocols in LEAKS.items():
        for corpus in corpora(ledger):
            for model in MODELS:
                pair = [trials(ledger, corpus, model, protocol) for protocol in protocols]
                if None not in pair:
                    estimates[leak, corpus, model] = difference(*pair, UA)
    return estimates


def marks(estimates: Mapping[Any, Estimate]) -> dict[Any, str]:
    """Mark differences, judged together, "holds", "fails" or "inconclusive"."""
    return dict(zip(estimates, signs(list(estimates.values())), strict=True))


@dataclass(frozen=True)
class Spread:
    """Standard deviation over runs, in points, with its 95 % interval for normal values."""

    value: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Measure the spread of one value a run."""
        values = np.asarray(values, float)
        sd, free = values.std(ddof=1), len(values) - 1
        low, high = sd * np.sqrt(free / stats.chi2.ppf([(1 + LEVEL) / 2, (1 - LEVEL) / 2], free))
        return cls(float(sd), float(low), float(high), len(values))

    def times(self, factor: float) -> "Spread":
        """Return a multiple of it."""
        return Spread(factor * self.value, factor * self.low, factor * self.high, self.runs)


def spread(
    ledger: Ledger, corpus: str, protocol: str, *, varies: str, measure: str = UA, model: str = MLP
) -> Spread | None:
    """Measure how much a score moves where the start or the split alone varies, in points."""
    chosen = trials(ledger, corpus, model, protocol, varies=varies)
    if chosen is None or len(chosen.seeds) < 2:
        return None
    return Spread.of(_points(chosen, measure))


def spread_of_difference(
    ledger: Ledger, corpus: str, protocol: str, *, measure: str = UA
) -> Spread | None:
    """Measure how much MLP less regression moves from split to split, both on the same splits."""
    both = [trials(ledger, corpus, model, protocol, varies="split") for model in (MLP, LOGISTIC)]
    if None in both or both[0].seeds != both[1].seeds or len(both[0].seeds) < 2:
        return None
    return Spread.of(_points(both[0], measure) - _points(both[1], measure))


def spread_of_folds(ledger: Ledger, corpus: str, protocol: str, model: str = MLP) -> Spread | None:
    """Measure how much the UA of one held-out fold moves, over all folds and splits."""
    for varies in ("split", "start"):
        chosen = trials(ledger, corpus, model, protocol, varies=varies)
        if chosen is not None:
            table = chosen.table if varies == "split" else chosen.table.iloc[:1]
            scores = table.filter(regex=r"^ua_\d+$").to_numpy(float).ravel()
            return Spread.of(scores[np.isfinite(scores)])
    return None


def _points(chosen: Trials, measure: str) -> np.ndarray:
    return chosen.by_seed(measure) * (100 if measure == F1 else 1)


def best_of(values: Sequence[float], many: int) -> float:
    """Return the mean of the highest of so many of these values, drawn without return."""
    ordered = np.sort(np.asarray(values, float))
    weights = [math.comb(at, many - 1) for at in range(len(ordered))]
    return float(ordered @ weights / math.comb(len(ordered), many))


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Printed systems of one paper that stand beside one another.

    Args:
        paper: name of its chapter.
        title: authors.
        metric: metric of the printed numbers that are compared.
        scale: factor that makes points of them.
        list_of: function of a printed number that names its list, systems of one test; empty
            where it is in none.
        corpus, protocol: where our small models are nearest to the paper's test.
        measure: our measure of the same.
    """

    paper: str
    title: str
    metric: str
    scale: float
    list_of: Callable[[Printed], str]
    corpus: str
    protocol: str
    measure: str

    def lists(self) -> dict[str, list[float]]:
        """Return the scores of each list in points; a system that is printed twice counts once."""
        scores: dict[str, dict[str, float]] = defaultdict(dict)
        for number in read_printed(self.paper):
            name = self.list_of(number) if number.metric == self.metric else ""
            if name:
                scores[name].setdefault(number.ours or number.row, self.scale * number.value)
        return {name: list(systems.values()) for name, systems in scores.items()}

    def differences(self) -> np.ndarray:
        """Return the differences between neighbours in rank, over all lists."""
        return np.concatenate([np.diff(np.sort(scores)) for scores in self.lists().values()])

    def first_over_second(self) -> np.ndarray:
        """Return the difference between the best and the second best of each list."""
        return np.array([np.diff(np.sort(scores))[-1] for scores in self.lists().values()])

    def pairs(self) -> np.ndarray:
        """Return the differences between any two systems of a list, over all lists."""
        all_pairs = []
        for scores in self.lists().values():
            one, other = np.triu_indices(len(scores), 1)
            all_pairs.append(np.abs(np.array(scores)[one] - np.array(scores)[other]))
        return np.concatenate(all_pairs)


LISTS = {
    "alves2022": Listed(
        paper="01-ser2022-transfer",
        title="Alves et al.",
        metric=F1,
        scale=100,
        list_of=lambda number: number.table,
        corpus="coraa-ser",
        protocol=SHARED,
        measure=F1,
    ),
    "parry2022": Listed(
        paper="02-mtl-adversarial",
        title="Parry et al.",
        metric="ua",
        scale=1,
        list_of=lambda number: number.on if number.table in ("Table 2", "Table 3") else "",
        corpus=MANY,
        protocol=CLEAN,
        measure=UA,
    ),
    "biagini2022": Listed(
        paper="03-loopq-models",
        title="Biagini",
        metric="accuracy_validation",
        scale=100,
        list_of=lambda number: number.table,
        corpus=MANY,
        protocol=SHARED,
        measure=ACCURACY,
    ),
    "padi2021": Listed(
        paper="04-resnet-specaugment",
        title="Padi et al.",
        metric=UA,
        scale=1,
        list_of=lambda number: number.row.partition(" (")[0] if number.table == "Table 3" else "",
        corpus=MANY,
        protocol=CLEAN,
        measure=UA,
    ),
}


def yardsticks(ledger: Ledger, listed: Listed) -> dict[str, Spread]:
    """Return what luck makes of two runs of one system near a paper's test, by what differs.

    A yardstick is the difference that luck exceeds once in twenty cases: of two runs that differ in
    their "seed" or in their "split", and of two systems whose one split is drawn ("same split").
    """
    where = ledger, listed.corpus, listed.protocol
    spreads = {
        "seed": (TWO_RUNS, spread(*where, varies="start", measure=listed.measure)),
        "split": (TWO_RUNS, spread(*where, varies="split", measure=listed.measure)),
        "same split": (
            TWO_RUNS / math.sqrt(2),
            spread_of_difference(*where, measure=listed.measure),
        ),
    }
    return {name: value.times(factor) for name, (factor, value) in spreads.items() if value}


def share_below(differences: np.ndarray, yardstick: float) -> float:
    """Return the share of differences that are smaller than a yardstick."""
    return float((differences < yardstick).mean())


def speaker_scores(ledger: Ledger, model: str, corpus: str = MANY) -> np.ndarray:
    """Return the clean UA of each speaker in each seed, in %: ``(speakers, seeds)``."""
    counts = trials(ledger, corpus, model).arrays[0]  # (speakers, seeds, true, predicted)
    return 100 * mean_recall(counts)


@dataclass(frozen=True)
class Width:
    """Intervals of test sets of so many speakers.

    Args:
        speakers: speakers of each test set.
        width: mean width of the percentile bootstrap interval over them, in points.
        coverage: share of the intervals that hold the score of all speakers.
        range: width of the range that holds the scores of 95 % of the test sets.
    """

    speakers: int
    width: float
    coverage: float
    range: float


def by_speakers(values: np.ndarray, counts: Sequence[int] = WIDTHS) -> list[Width]:
    """Draw test sets of so many speakers, and give each its bootstrap interval.

    The speakers stand for a population of which test sets are drawn with return, so that a test set
    of as many speakers is not the population itself.
    """
    generator, ends = np.random.default_rng(len(values)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    rows = []
    for many in counts:
        sets = generator.choice(values, size=(DRAWS, many))
        drawn = generator.integers(many, size=(DRAWS, many, 1000), dtype=np.uint8)
        means = np.zeros((DRAWS, 1000))
        for at in range(many):
            means += np.take_along_axis(sets, drawn[:, at].astype(np.intp), axis=1)
        low, high = np.quantile(means / many, ends, axis=1)
        is_held = (low <= values.mean()) & (values.mean() <= high)
        spread_of_sets = np.diff(np.quantile(sets.mean(1), ends))[0]
        rows.append(
            Width(many, float((high - low).mean()), float(is_held.mean()), float(spread_of_sets))
        )
    return rows


def speakers_needed(values: np.ndarray, *, points: float, power: float = POWER) -> int:
    """Count the speakers that find a mean of so many points in most tests of size 5 %.

    Args:
        values: one value a speaker, whose spread counts, ``(speakers,)`` or, in each of several
            runs, ``(speakers, runs)``.
        points: mean that is to be found.
        power: share of the tests that find it; 0.5 is a half-width of so many points.
    """
    ends = stats.norm.ppf((1 + LEVEL) / 2) + stats.norm.ppf(power)
    return math.ceil((ends * np.std(values, axis=0, ddof=1).mean() / points) ** 2)


def binomial_share(values: np.ndarray, clips: float) -> float:
    """Return the share of the variance between speakers that the few clips of each explain."""
    noise = (values / 100 * (1 - values / 100) / clips).mean()
    return float(min(1.0, 1e4 * noise / np.var(values, ddof=1)))


def hunted() -> list[dict[str, Any]]:
    """Return what the leak hunter found in each open corpus."""
    return json.loads(sealed.read(FOLDER / "leaks.json", name=sealed.DIGESTS))["corpora"]
