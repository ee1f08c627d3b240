"""Which cells of a spectrogram move the logit of the true class, and what that says in numbers, by clip and by class."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from sercore.evaluation.intervals import resampled_interval

with (
    warnings.catch_warnings()
):  # in a notebook Captum asks for a progress bar's widgets, which nothing here shows
    warnings.filterwarnings("ignore", message="IProgress not found")
    from captum.attr import Saliency

COLUMNS = ("low", "middle", "high", "correlation")
LEAST = 5  # speakers; fewer give no interval


def maps(
    network: nn.Module, inputs: Sequence[Tensor], labels: Tensor, *, lengths: Tensor
) -> Tensor:
    """Absolute gradient of each clip's true logit for the network's first input, zero beyond the clip's valid frames.

    Args:
        network: in evaluation mode, that answers each clip of a batch by itself; called with ``inputs``, gives logits.
        inputs: of one batch, the spectrogram first.
        labels: true class of each clip.
        lengths: valid frames of each clip, 1 or more.

    Shape:
        - spectrogram: ``(batch, frames, bands)``; labels, lengths: ``(batch,)``; logits: ``(batch, classes)``
        - output: ``(batch, frames, bands)``

    Raises:
        ValueError: a network in training mode, or a clip without valid frames or with more than there are.

    Source: Simonyan et al. 2014, Deep Inside Convolutional Networks, section 3, as Captum has it.
    """
    if network.training:
        raise ValueError(
            "a network in training mode; expected evaluation, where dropout and batch norm rest: call eval() first"
        )
    spectrogram, *rest = inputs
    frames = spectrogram.shape[1]
    if int(lengths.min()) < 1 or int(lengths.max()) > frames:
        raise ValueError(
            f"clips of {int(lengths.min())} to {int(lengths.max())} valid frames in a batch of {frames}; expected 1 to {frames}:"
            " count frames, not samples"
        )
    with torch.backends.cudnn.flags(
        enabled=False
    ):  # cuDNN has no gradient of an LSTM in evaluation
        read = spectrogram.detach().clone().requires_grad_()
        found = (
            Saliency(network)
            .attribute(read, target=labels, additional_forward_args=tuple(rest))
            .detach()
        )
    valid = (
        torch.arange(frames, device=found.device) < lengths.to(found.device)[:, None]
    )  # (batch, frames)
    return torch.where(valid[..., None], found, 0)


def thirds(energy: np.ndarray) -> np.ndarray:
    """Share of the low, middle and high third of the bands in a clip's energy: of 128 bands 0 to 42, 43 to 85, 86 to 127.

    Args:
        energy: of each cell, 0 or more.

    Shape:
        - energy: ``(frames, bands)``, 3 bands or more; output: ``(3,)``, which sum to 1

    Returns:
        The shares; NaN where there is no energy.

    Raises:
        ValueError: fewer than three bands.
    """
    bands = energy.sum(0, dtype=np.float64)
    if len(bands) < 3:
        raise ValueError(f"{len(bands)} bands; thirds need at least 3: take a finer spectrogram")
    sums = np.array([part.sum() for part in np.array_split(bands, 3)])
    return sums / sums.sum() if sums.any() else np.full(3, np.nan)


def clip(saliency: np.ndarray, spectrogram: np.ndarray) -> np.ndarray:
    """What one clip's map says: ``COLUMNS``.

    The shares are of the map's energy, its squares summed. The correlation is Pearson's, over the cells of the second frame to the
    last, of saliency and the size of the step in dB from the frame before.

    Args:
        saliency: of the valid frames alone.
        spectrogram: mel in dB, of the same frames.

    Shape:
        - saliency and spectrogram: ``(frames, bands)``; output: ``(4,)``

    Returns:
        The numbers; NaN for shares of an empty map, or a correlation where one of the two is constant or there is one frame.

    Raises:
        ValueError: a map of another shape than its spectrogram.
    """
    if saliency.shape != spectrogram.shape:
        raise ValueError(
            f"a map {saliency.shape} of a spectrogram {spectrogram.shape}; expected one shape: cut both alike"
        )
    steps, seen = np.abs(np.diff(spectrogram, axis=0)).ravel(), saliency[1:].ravel()
    varied = steps.size > 1 and np.ptp(steps) > 0 and np.ptp(seen) > 0
    correlation = (
        np.corrcoef(seen.astype(np.float64), steps.astype(np.float64))[0, 1] if varied else np.nan
    )
    return np.append(thirds(np.square(saliency, dtype=np.float64)), correlation)


@dataclass(frozen=True)
class Means:
    """Means over the clips of one class.

    Args:
        label: of the class.
        clips: how many.
        values: ``(columns,)`` mean of the clips that have a number, NaN where none has.
        low: ``(columns,)`` lower ends of the 95 % intervals, minus infinity where fewer than five speakers have a number.
        high: ``(columns,)`` upper ends, infinity likewise.
    """

    label: int
    clips: int
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


def by_class(numbers: np.ndarray, labels: np.ndarray, speakers: np.ndarray) -> list[Means]:
    """Means of the clips' numbers in each class that has clips, in ascending order, with intervals by resampling speakers.

    Args:
        numbers: what ``clip`` gives, one row a clip; NaN where there is none.
        labels: class of each clip.
        speakers: of each clip; a name is one speaker.

    Shape:
        - numbers: ``(clips, columns)``; labels and speakers: ``(clips,)``
    """
    found = []
    for label in np.unique(labels).tolist():
        own = labels == label
        ends = [_mean(column, speakers[own]) for column in numbers[own].T]
        found.append(Means(label, int(own.sum()), *np.array(ends).T))
    return found


def _mean(values: np.ndarray, speakers: np.ndarray) -> tuple[float, float, float]:
    """Mean of what is there, and its interval."""
    there = np.isfinite(values)
    if not there.any():
        return np.nan, -np.inf, np.inf
    names, places = np.unique(speakers[there], return_inverse=True)
    sums, clips = np.bincount(places, values[there]), np.bincount(places)
    mean = sums.sum() / clips.sum()
    if len(names) < LEAST:
        return mean, -np.inf, np.inf
    return mean, *resampled_interval(lambda weights: weights @ sums / (weights @ clips), len(names))
