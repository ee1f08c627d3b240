"""Scores of predictions, from counts of (true class, predicted class) or from class scores."""

from collections.abc import Sequence

import numpy as np


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
            "(clips,), at least one clip: give one"
            " row and one class for each clip"
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
