"""Reliability diagrams and the expected calibration error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 15  # Guo et al. 2017, Table 1


@dataclass(frozen=True)
class Reliability:
    """Reliability diagram: clips in bins of equal width by confidence.

    Args:
        edges: ``(bins + 1,)`` from 0 to 1; a bin holds its upper edge, not its lower.
        clips: ``(bins,)`` number of clips.
        confidence: ``(bins,)`` mean probability of the predicted class, NaN for an empty bin.
        accuracy: ``(bins,)`` share of right clips, NaN for an empty bin.
    """

    edges: np.ndarray
    clips: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance of accuracy and confidence, in [0, 1].

        Source: Guo et al. 2017, On Calibration of Modern Neural Networks, equation 3.
        """
        return float(
            np.nansum(self.clips * np.abs(self.accuracy - self.confidence)) / self.clips.sum()
        )


def reliability(
    probabilities: np.ndarray, truth: Sequence[int], *, bins: int = BINS
) -> Reliability:
    """Compute accuracy and mean confidence in bins of confidence.

    Of equal probabilities the first class is predicted.

    Args:
        probabilities: ``(clips, classes)`` in [0, 1], rows that sum to 1.
        truth: ``(clips,)`` true classes, 0 to classes - 1.
        bins: number of bins of equal width between 0 and 1.

    Raises:
        ValueError: there is no clip, or a value is no probability or no class.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 2.
    """
    given, labels = np.asarray(probabilities, np.float64), np.asarray(truth)
    _check(given, labels, bins)
    confidence, right = given.max(1), given.argmax(1) == labels
    edges = np.linspace(0, 1, bins + 1)
    at = np.digitize(confidence, edges[1:-1], right=True)
    clips = np.bincount(at, minlength=bins)
    counts = np.where(clips > 0, clips, np.nan)
    means = (np.bincount(at, weights, minlength=bins) / counts for weights in (confidence, right))
    return Reliability(edges, clips, *means)


def _check(probabilities: np.ndarray, truth: np.ndarray, bins: int) -> None:
    if bins < 1:
        raise ValueError(
            f"bins={bins}: no bin to count in; expected 1 or more. The usual number is {BINS}."
        )
    if probabilities.ndim != 2 or not len(probabilities) or truth.shape != (len(probabilities),):
        raise ValueError(
            f"probabilities {probabilities.shape} and truth {truth.shape}; expected (clips, "
            "classes) and (clips,), at least one clip: give one row and one class for each clip"
        )
    if not (probabilities >= 0).all() or not np.allclose(probabilities.sum(1), 1, atol=1e-3):
        raise ValueError(
            "rows that are no probabilities; expected numbers from 0 to 1 that sum to 1: take the "
            "softmax of logits"
        )
    if truth.min() < 0 or truth.max() >= probabilities.shape[1]:
        raise ValueError(
            f"classes {truth.min()} to {truth.max()} with {probabilities.shape[1]} probabilities "
            f"a clip; expected 0 to {probabilities.shape[1] - 1}: give each class its column"
        )
