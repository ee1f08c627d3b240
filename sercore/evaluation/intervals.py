"""Prediction intervals of one more run, and bootstrap intervals over groups."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy import stats

LEVEL = 0.95


def prediction_interval(values: Sequence[float], *, level: float = LEVEL) -> tuple[float, float]:
    """Compute the interval in which one more run falls, given runs that differ by their seed.

    Mean plus and minus t s sqrt(1 + 1/n), for normal values; a single value gives an infinite
    interval.

    Args:
        values: score of each seed.
        level: probability of the interval.

    Source: the standard prediction interval for one normal observation.
    """
    array = np.asarray(values, float)
    count = len(array)
    if count < 2:
        return -np.inf, np.inf
    reach = stats.t.ppf((1 + level) / 2, count - 1) * array.std(ddof=1) * np.sqrt(1 + 1 / count)
    return float(array.mean() - reach), float(array.mean() + reach)


def resampled_interval(
    score: Callable[[np.ndarray], np.ndarray],
    groups: int,
    *,
    draws: int = 2000,
    seed: int = 0,
    level: float = LEVEL,
) -> tuple[float, float]:
    """Compute the bootstrap percentile interval of a score over groups, such as speakers.

    Args:
        score: function of weights ``(draws, groups)``, the number of times that each group was
            drawn; it returns ``(draws,)``.
        groups: number of groups, at least 1.
        draws: number of bootstrap samples.
        seed: seed of the draws.
        level: probability of the interval.

    Source: Efron's percentile bootstrap, by cluster.
    """
    if groups < 1:
        raise ValueError("no group to draw from; an interval needs at least 1 speaker or recording")
    low, high = np.nanquantile(
        score(_weights(groups, draws, seed)), [(1 - level) / 2, (1 + level) / 2]
    )
    return float(low), float(high)


@cache
def _weights(groups: int, draws: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=draws)
