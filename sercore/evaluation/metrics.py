"""Scores computed from counts of (true class, predicted class)."""

import numpy as np


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that occur, as truth or as prediction; equals scikit-learn's ``f1_score(average="macro")``.

    Args:
        confusion: counts ``(..., classes, classes)``, rows true, columns predicted.

    Returns:
        ``(...)`` in [0, 1].
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    occurs = confusion.sum(-1) + confusion.sum(-2)
    there = occurs > 0
    f1 = np.where(there, 2 * right / np.where(there, occurs, 1), 0.0)
    return f1.sum(-1) / np.maximum(there.sum(-1), 1)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Share of right predictions: ``(...)`` in [0, 1] of counts ``(..., classes, classes)``."""
    return np.trace(confusion, axis1=-2, axis2=-1) / np.maximum(confusion.sum((-2, -1)), 1)


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Recall of each class, NaN where it does not occur: ``(..., classes)`` of counts ``(..., classes, classes)``."""
    total = confusion.sum(-1)
    return np.diagonal(confusion, axis1=-2, axis2=-1) / np.where(total > 0, total, np.nan)
