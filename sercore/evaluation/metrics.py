"""Scores of predictions, their counts by group, and intervals of scores."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product

import numpy as np
from scipy import stats

SMALLEST = np.finfo(np.float32).tiny  # probability below which a logarithm is cut
LEVEL = 0.95

# Paper 04's grid of eight systems: transfer learning, spectrogram augmentation, statistics pooling.
FACTORS = ("TL", "Aug", "SP")
CELLS = tuple(product((False, True), repeat=3))
# Order of the effects that the paper claims, SP > TL > Aug, as differences between neighbours.
DIFFERENCES = (("SP", "TL"), ("TL", "Aug"))


def count_predictions(
    groups: np.ndarray, truth: np.ndarray, probabilities: np.ndarray
) -> dict[str, object]:
    """Count predictions by group, and sum their errors, as the ledger keeps them.

    A group is what an interval resamples: a speaker of a corpus, or a recording.

    Args:
        groups: ``(clips,)`` names of groups.
        truth: ``(clips,)`` class numbers.
        probabilities: ``(clips, classes)``.

    Returns:
        ``counts``, rows (group, true, predicted, clips); ``errors``, rows (group, clips, summed
        squared error, summed cross-entropy), where a clip's squared error is its mean over the
        classes; ``head_mse``, the mean squared error over the clips; ``clips``, their number.
    """
    squared = np.square(probabilities - np.eye(probabilities.shape[1])[truth]).mean(1)
    likelihood = probabilities[np.arange(len(truth)), truth]
    entropy = -np.log(np.maximum(likelihood, SMALLEST))
    return {
        "counts": tally(groups, truth, probabilities.argmax(1)),
        "errors": sum_by_group(groups, squared, entropy),
        "head_mse": float(squared.mean()),
        "clips": len(truth),
    }


def tally(*columns: np.ndarray) -> list[list]:
    """Return each row of values that occurs in these columns, in order, and how often it occurs."""
    occurring = Counter(zip(*(column.tolist() for column in columns), strict=True))
    return [[*row, number] for row, number in sorted(occurring.items())]


def sum_by_group(groups: np.ndarray, *values: np.ndarray) -> list[list]:
    """Return of each group, in order: its name, its number of clips, and the sum of each value."""
    names, index = np.unique(groups, return_inverse=True)
    sums = [np.bincount(index, weights).tolist() for weights in (None, *values)]
    return [[*row] for row in zip(names.tolist(), *sums, strict=True)]


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Compute the mean F1 over the classes that occur, as truth or as prediction.

    Args:
        confusion: counts ``(..., classes, classes)``, rows true, columns predicted.

    Returns:
        ``(...)`` in [0, 1], equal to scikit-learn's ``f1_score(average="macro")``.
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    occurs = confusion.sum(-1) + confusion.sum(-2)
    present = occurs > 0
    f1 = np.where(present, 2 * right / np.where(present, occurs, 1), 0.0)
    return f1.sum(-1) / np.maximum(present.sum(-1), 1)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Compute the accuracy ``(...)`` of counts ``(..., classes, classes)``."""
    return np.trace(confusion, axis1=-2, axis2=-1) / np.maximum(confusion.sum((-2, -1)), 1)


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Compute the recalls ``(..., classes)``, NaN for a class that does not occur."""
    total = confusion.sum(-1)
    return np.diagonal(confusion, axis1=-2, axis2=-1) / np.where(total > 0, total, np.nan)


def mean_recall(confusion: np.ndarray) -> np.ndarray:
    """Compute the mean recall ``(...)`` over the classes that occur, NaN where none does."""
    by_class = recalls(confusion)
    occurs = np.isfinite(by_class)
    return np.where(occurs, by_class, 0).sum(-1) / np.where(occurs.any(-1), occurs.sum(-1), np.nan)


def top_k_accuracy(scores: np.ndarray, truth: Sequence[int], *, k: int) -> float:
    """Compute the share of clips whose true class is among the k with the highest scores.

    Of equal scores the lower class comes first, so that k = 1 is the accuracy of ``argmax``.

    Args:
        scores: ``(clips, classes)`` logits or probabilities.
        truth: ``(clips,)`` true classes, 0 to classes - 1.
        k: number of classes that may be named, 1 to classes.

    Raises:
        ValueError: shapes that do not agree, no clip, a score that is NaN, a class without score,
            or a k out of its range.
    """
    given, labels = np.asarray(scores, np.float64), np.asarray(truth)
    if given.ndim != 2 or not len(given) or labels.shape != (len(given),):
        raise ValueError(
            f"scores {given.shape} and truth {labels.shape}; expected (clips, classes) and "
            "(clips,), at least one clip: give one row and one class for each clip"
        )
    classes = given.shape[1]
    if not 1 <= k <= classes:
        raise ValueError(
            f"k={k} of {classes} classes; expected 1 to {classes}. Name fewer classes, or at "
            "least one."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"classes {labels.min()} to {labels.max()} with {classes} scores a clip; expected 0 "
            f"to {classes - 1}: fix them"
        )
    if np.isnan(given).any():
        raise ValueError(
            f"{int(np.isnan(given).any(1).sum())} clips with a score that is NaN; expected "
            "numbers: look at the network"
        )
    best = np.argsort(-given, axis=1, kind="stable")[:, :k]  # (clips, k)
    return float((best == labels[:, None]).any(1).mean())


def contrasts() -> dict[str, np.ndarray]:
    """Return the weights ``(8,)`` of the scores of ``CELLS`` that make each effect in paper 04's grid.

    A component's effect is the mean score with it less the mean score without, over both states of
    the other two.

    Source: Padi et al. 2021, section 5, for the order; main effects are ours.
    """
    effects = dict(zip(FACTORS, np.where(np.array(CELLS).T, 0.25, -0.25), strict=True))
    return effects | {
        f"{one} - {other}": effects[one] - effects[other] for one, other in DIFFERENCES
    }


def prediction_interval(values: Sequence[float], *, level: float = LEVEL) -> tuple[float, float]:
    """Compute the interval in which one more run falls, given the scores of runs of other seeds.

    Mean plus and minus t s sqrt(1 + 1/n), for normal values; a single value gives an infinite
    interval.

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
    ends = (1 - level) / 2, (1 + level) / 2
    low, high = np.nanquantile(score(_weights(groups, draws, seed)), ends)
    return float(low), float(high)


@cache
def _weights(groups: int, draws: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=draws)
