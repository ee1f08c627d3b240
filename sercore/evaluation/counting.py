"""Counts and errors of a trial's test predictions by group, as the ledger keeps them.

A group is what an interval resamples: a speaker of a corpus, or a recording.
"""

from collections import Counter

import numpy as np

SMALLEST = np.finfo(np.float32).tiny  # probability below which a logarithm is cut


def count_predictions(
    groups: np.ndarray, truth: np.ndarray, probabilities: np.ndarray
) -> dict[str, object]:
    """Count predictions by group, and sum their errors.

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
