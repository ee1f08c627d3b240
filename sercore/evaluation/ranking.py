"""Scores of a ranking of the classes."""

from collections.abc import Sequence

import numpy as np


def top_k_accuracy(scores: np.ndarray, truth: Sequence[int], *, k: int) -> float:
    """Share of clips whose true class is among the k with the highest scores, in [0, 1].

    Of equal scores the lower class comes first, so that k = 1 is the accuracy of ``argmax``.

    Args:
        scores: ``(clips, classes)`` logits or probabilities.
        truth: ``(clips,)`` true classes, 0 to classes - 1.
        k: how many classes may be named, 1 to classes; all of them give 1.

    Raises:
        ValueError: shapes that do not agree, no clip, a score that is NaN, a class without score, or a k out of its range.
    """
    given, labels = np.asarray(scores, np.float64), np.asarray(truth)
    if given.ndim != 2 or not len(given) or labels.shape != (len(given),):
        raise ValueError(
            f"scores {given.shape} and truth {labels.shape}; expected (clips, classes) and (clips,), at least one clip: give one"
            " row and one class for each clip"
        )
    classes = given.shape[1]
    if not 1 <= k <= classes:
        raise ValueError(
            f"k={k} of {classes} classes; expected 1 to {classes}. Name fewer classes, or at least one."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"classes {labels.min()} to {labels.max()} with {classes} scores a clip; expected 0 to {classes - 1}: fix them"
        )
    if np.isnan(given).any():
        raise ValueError(
            f"{int(np.isnan(given).any(1).sum())} clips with a score that is NaN; expected numbers: look at the network"
        )
    best = np.argsort(-given, axis=1, kind="stable")[:, :k]  # (clips, k)
    return float((best == labels[:, None]).any(1).mean())
