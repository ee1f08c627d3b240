"""The one rule of evidence: values, intervals, differences and signs of recorded runs, and of nothing else.

1. Two kinds of interval. The *mean* interval says where the mean would lie with other speakers (or recordings) and other seeds:
   both are drawn with return, 10,000 times, and the draws are moved so that their mean is the value. The *one-run* interval says
   where one more run under the same protocol would fall: the prediction interval over seeds.
2. A difference is taken on the seeds and folds that both systems have, and on the same drawn speakers. Seeds are drawn for each
   system by itself: two trainings of one seed share its number, not their noise. (Over the 52 systems of paper 01, seed by seed
   deviations of two systems correlate by 0.01 to 0.02.)
3. A sign needs five seeds, six speakers or recordings, finished trainings, all folds of its grid, and an interval without zero.
   Of several differences that must all hold, Holm's step-down procedure takes the place of the single interval.
4. Speakers are drawn within each corpus. A corpus of which one speaker alone was tested has no interval over speakers.

Source: the percentile bootstrap over two crossed factors (Owen 2007, "The pigeonhole bootstrap"); Holm 1979.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from sercore import store
from sercore.evaluation.metrics import LEVEL, prediction_interval
from sercore.evaluation.scores import LARGEST, Measure, Sums, Trials

DRAWS = 10_000
STREAM = 20_260  # seed of all draws
SEEDS = 5  # the fewest that a sign, or a one-run interval of a verdict, takes
GROUPS = 6  # the fewest speakers or recordings that a sign takes
# Groups that are no one's recordings: they count once in every draw.
UNNAMED = ("synthetic", "unknown")
ENDS = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]

# Scores ``(systems, draws)`` in, their contrast ``(draws,)`` out.
Contrast = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A level or a difference with both of its intervals; a bound is NaN where there is no such interval.

    Args:
        value: mean over seeds of the mean over folds.
        low, high: 95 % interval of the mean, speakers (or recordings) and seeds drawn together.
        run_low, run_high: 95 % interval of one more run.
        seeds: number of seeds.
        groups: number of speakers or recordings that could be drawn.
        folds: number of folds.
        by_seed: the value of each seed.
        p: two-sided bootstrap p value of "it is zero"; of a level it means nothing.
        unfinished: why a training behind it is not finished; empty where all are.
        one_fold: whether one fold of a grid of several was run.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    run_low: float = np.nan
    run_high: float = np.nan
    seeds: int = 1
    groups: int = 0
    folds: int = 1
    by_seed: tuple[float, ...] = ()
    p: float = 1.0
    unfinished: str = ""
    one_fold: bool = False

    def __str__(self) -> str:
        seeds = f"{self.seeds} seed{'s' * (self.seeds != 1)}"
        interval = f"[{self.low:.3f}, {self.high:.3f}]" if np.isfinite(self.low) else "no interval"
        return f"{self.value:.3f}, {interval} ({self.groups} speakers, {seeds})"

    @property
    def doubt(self) -> str:
        """Why no sign can be judged on it; empty where one can."""
        if self.unfinished:
            return self.unfinished
        if self.seeds < SEEDS:
            return f"{self.seeds} seed{'s' * (self.seeds > 1)}, and a sign needs {SEEDS}"
        if self.one_fold:
            return "one fold of several was run"
        if self.groups < GROUPS:
            return f"{self.groups} speakers, and a sign needs {GROUPS}"
        return "" if np.isfinite(self.low) else "one speaker of a corpus has no interval"


@lru_cache(maxsize=4096)
def level(
    trials: Trials, measure: str | Measure, *, folds: str = "mean", draws: int = DRAWS
) -> Estimate:
    """Estimate a score of one system.

    Args:
        trials: trials of the system.
        measure: one of ``scores.MEASURES``, or a function like them.
        folds: "mean" (default), or "spread" for the standard deviation over folds.
        draws: bootstrap samples (default 10,000).
    """
    least = 0.0 if folds == "mean" else None
    return _kept("level", [trials], measure, _first, least=least, folds=folds, draws=draws)


def difference(
    one: Trials, other: Trials, measure: str | Measure, *, draws: int = DRAWS
) -> Estimate:
    """Estimate a system's score less another's, on the seeds and folds that both have.

    Raises:
        ValueError: no seed and fold is in both.
    """
    return _kept("difference", [one, other], measure, _less, draws=draws)


def mean_level(systems: Sequence[Trials], measure: str, *, draws: int = DRAWS) -> Estimate:
    """Estimate the mean score of several systems, on the seeds and folds that all of them have.

    Raises:
        ValueError: no seed and fold is in all.
    """
    return _kept("mean level", systems, measure, _mean, least=0.0, draws=draws)


def mean_difference(
    ones: Sequence[Trials], others: Sequence[Trials], measure: str, *, draws: int = DRAWS
) -> Estimate:
    """Estimate the mean over pairs of systems of the one's score less the other's.

    Raises:
        ValueError: no seed and fold is in all.
    """
    return _kept("mean difference", [*ones, *others], measure, _mean_less, draws=draws)


def contrast(
    systems: Sequence[Trials],
    measure: str | Measure,
    formula: Contrast,
    *,
    least: float | None = None,
    folds: str = "mean",
    draws: int = DRAWS,
) -> Estimate:
    """Estimate a number made of the scores of several systems, on the runs that all of them have.

    Args:
        systems: trials of each system, compared on the same groups.
        measure: one of ``scores.MEASURES``, or a function like them.
        formula: function of the systems' scores ``(systems, draws)``; gives ``(draws,)``.
        least: smallest value that the number can have (default: less its largest).
        folds: "mean" (default), or "spread" for the standard deviation over folds.
        draws: bootstrap samples (default 10,000).

    Raises:
        ValueError: no seed and fold is in all of them.
    """
    matched = shared(systems)
    scores = np.stack([trials.by_seed(measure, folds=folds) for trials in matched])
    value = float(formula(scores.mean(1, keepdims=True))[0])
    by_seed = np.asarray(formula(scores), float)
    largest = LARGEST.get(measure, 1.0) if isinstance(measure, str) else np.inf
    bounds = (-largest if least is None else least, largest)
    low, high, p = np.nan, np.nan, 1.0
    drawn = _drawn(matched, measure, formula, folds, draws)
    if drawn is not None:
        centred = drawn - np.nanmean(drawn) + value
        low, high = np.clip(np.nanquantile(centred, ENDS), *bounds)
        p = _p_value(centred)
    run_low, run_high = np.nan, np.nan
    if len(by_seed) > 1:
        run_low, run_high = np.clip(prediction_interval(by_seed), *bounds)
    first = matched[0]
    return Estimate(
        value=value,
        low=float(low),
        high=float(high),
        run_low=float(run_low),
        run_high=float(run_high),
        seeds=len(first.seeds),
        groups=len(first.groups) - sum(group in UNNAMED for group in first.groups),
        folds=first.table["fold"].nunique(),
        by_seed=tuple(by_seed.tolist()),
        p=p,
        unfinished=next((trials.unfinished for trials in matched if trials.unfinished), ""),
        one_fold=any(trials.one_fold for trials in matched),
    )


def _kept(
    name: str,
    systems: Sequence[Trials],
    measure: str | Measure,
    formula: Contrast,
    *,
    least: float | None = None,
    folds: str = "mean",
    draws: int,
) -> Estimate:
    """Return a contrast from the store, or make it and keep it where its measure has a name.

    ``name`` is the formula's: one name for one formula.
    """
    matched, options = shared(systems), {"least": least, "folds": folds, "draws": draws}
    if not isinstance(measure, str):
        return contrast(matched, measure, formula, **options)
    settings = {"of": (name, measure, folds, draws), "stream": STREAM}
    contents = [trials.content for trials in matched]
    key = store.key(settings=settings, manifest=contents, modules=__name__)
    payload = store.kept("estimates", key, ".json")
    if payload is not None:
        kept = json.loads(payload)
        return Estimate(**kept | {"by_seed": tuple(kept["by_seed"])})
    estimate = contrast(matched, measure, formula, **options)
    store.keep("estimates", key, json.dumps(asdict(estimate)).encode(), ".json")
    return estimate


def shared(systems: Sequence[Trials]) -> list[Trials]:
    """Return the same systems on the seeds and folds that all of them have.

    Raises:
        ValueError: there is none.
    """
    runs = set.intersection(*(trials.runs for trials in systems))
    if not runs:
        seeds = " and ".join(str(trials.seeds) for trials in systems)
        raise ValueError(
            f"seeds {seeds}: no seed and fold is in all; a difference is taken on those that are. Run them."
        )
    return [trials if trials.runs == runs else trials.only(runs) for trials in systems]


def mean_over_groups(values: np.ndarray, *, draws: int = DRAWS) -> Estimate:
    """Estimate the mean of one value a speaker ``(speakers,)``, with its interval over speakers."""
    values = np.asarray(values, float)
    mean = values.mean()
    about = {"value": float(mean), "groups": len(values), "by_seed": (float(mean),)}
    if len(values) < 2:
        return Estimate(**about)
    centred = _weights(len(values), draws, 0) @ values / len(values)
    centred = centred - centred.mean() + mean
    low, high = np.quantile(centred, ENDS)
    return Estimate(**about, low=float(low), high=float(high), p=_p_value(centred))


def of_seeds(values: Sequence[float], *, groups: int) -> Estimate:
    """Estimate the mean of one value a seed ``(seeds,)``, for which speakers cannot be drawn.

    The interval is Student's, over seeds; ``groups`` is the number of speakers behind the values.
    """
    values = np.asarray(values, float)
    mean = float(values.mean())
    about = {
        "value": mean,
        "seeds": len(values),
        "groups": groups,
        "by_seed": tuple(values.tolist()),
    }
    if len(values) < 2:
        return Estimate(**about)
    low, high, p = mean, mean, float(mean == 0)
    if values.std() > 0:
        test = stats.ttest_1samp(values, 0.0)
        low, high = test.confidence_interval(LEVEL)
        p = float(test.pvalue)
    run_low, run_high = prediction_interval(values)
    bounds = {"low": float(low), "high": float(high), "run_low": run_low, "run_high": run_high}
    return Estimate(**about, **bounds, p=p)


def signs(differences: Sequence[Estimate]) -> list[str]:
    """Mark differences that are judged together, "greater than zero", by Holm's procedure at 5 %.

    One that cannot be judged (see ``doubt``) is inconclusive, and still counts among those that are.
    """
    adjusted = holm([1.0 if gap.doubt else gap.p for gap in differences])
    marks = []
    for gap, p in zip(differences, adjusted, strict=True):
        if gap.doubt or p >= 1 - LEVEL:
            marks.append("inconclusive")
        else:
            marks.append("holds" if gap.value > 0 else "fails")
    return marks


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values: each is the smallest level at which Holm's procedure rejects its hypothesis.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    adjusted, largest, many = [0.0] * len(p_values), 0.0, len(p_values)
    for rank, at in enumerate(sorted(range(many), key=lambda index: p_values[index])):
        largest = max(largest, min(1.0, (many - rank) * p_values[at]))
        adjusted[at] = largest
    return adjusted


def _first(scores: np.ndarray) -> np.ndarray:
    return scores[0]


def _mean(scores: np.ndarray) -> np.ndarray:
    return scores.mean(0)


def _mean_less(scores: np.ndarray) -> np.ndarray:
    """Return the mean of the first half of the systems less that of the second."""
    half = len(scores) // 2
    return scores[:half].mean(0) - scores[half:].mean(0)


def _less(scores: np.ndarray) -> np.ndarray:
    return scores[0] - scores[1]


def _drawn(
    matched: Sequence[Trials], measure: str | Measure, formula: Contrast, folds: str, draws: int
) -> np.ndarray | None:
    """Return the contrast of each draw, ``(draws,)``, or None where speakers cannot be drawn."""
    names = tuple(sorted(set().union(*(trials.groups for trials in matched))))
    if _by_corpus(names, draws) is None:
        return None
    scores, noise = [], {}
    for at, trials in enumerate(matched):
        seeds = _seed_scores(trials, measure, names, folds, draws)
        identity = tuple(trials.table["trial"])  # a system beside itself has the noise of itself
        noise.setdefault(identity, _weights(seeds.shape[1], draws, 1000 + at))
        known = np.isfinite(seeds)
        many = (noise[identity] * known).sum(1)
        scores.append(
            (noise[identity] * np.where(known, seeds, 0)).sum(1) / np.where(many > 0, many, np.nan)
        )
    return np.asarray(formula(np.stack(scores)), float)


@lru_cache(maxsize=256)
def _seed_scores(
    trials: Trials, measure: str | Measure, names: tuple[str, ...], folds: str, draws: int
) -> np.ndarray:
    """Score each seed in each draw of the named groups: ``(draws, seeds)``."""
    return trials.by_seed(measure, _sums(trials, names, draws), folds=folds)


@lru_cache(maxsize=8)  # large, and shared by the measures of one table row in its readings
def _sums(trials: Trials, names: tuple[str, ...], draws: int) -> Sums:
    return trials.sums(_by_corpus(names, draws)[:, np.searchsorted(names, trials.groups)])


@lru_cache(maxsize=16)
def _by_corpus(names: tuple[str, ...], draws: int) -> np.ndarray | None:
    """Draw how often each group counts, ``(draws, groups)``, within its corpus.

    It is None where a corpus has but one group.
    """
    corpora = [name.split("/")[0] if "/" in name else "" for name in names]
    weights = np.ones((draws, len(names)))
    for number, corpus in enumerate(dict.fromkeys(corpora)):
        members = [
            at for at, name in enumerate(names) if corpora[at] == corpus and name not in UNNAMED
        ]
        if len(members) < 2:
            return None
        weights[:, members] = _weights(len(members), draws, number)
    return weights


@lru_cache(maxsize=64)
def _weights(many: int, draws: int, stream: int) -> np.ndarray:
    """Draw how often each of so many is taken, with return: ``(draws, many)``."""
    generator = np.random.default_rng([STREAM, many, stream])
    return generator.multinomial(many, np.full(many, 1 / many), size=draws).astype(float)


def _p_value(centred: np.ndarray) -> float:
    """Compute the two-sided p value of "the mean is zero", from draws around the value."""
    known = centred[np.isfinite(centred)]
    below, above = (known <= 0).sum() + 1, (known >= 0).sum() + 1
    return float(min(1.0, 2 * min(below, above) / (len(known) + 1)))
