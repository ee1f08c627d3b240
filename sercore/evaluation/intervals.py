"""Intervals: what one more run would print, and what other recordings would give."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy import stats

LEVEL = 0.95


def prediction_interval(values: Sequence[float], *, level: float = LEVEL) -> tuple[float, float]:
    """Where one further run falls with this probability, given runs that differ by their seed only.

    Mean plus and minus t s sqrt(1 + 1/n), for normal values; a single value gives an infinite interval.

    Args:
        values: one for each seed.
        level: probability (default 0.95).

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
    """Percentile interval of a score over groups (speakers, recordings) drawn with return.

    Args:
        score: of weights ``(draws, groups)``, how often each group was drawn; gives ``(draws,)``.
        groups: how many there are, at least 1.
        draws: bootstrap samples (default 2000).
        seed: of the draws (default 0).
        level: probability (default 0.95).

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
