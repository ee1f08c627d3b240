"""Saliency maps of spectrograms, and their summaries by clip and by class."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from sercore.evaluation.metrics import resampled_interval

# In a notebook Captum asks for the widgets of a progress bar.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="IProgress not found")
    from captum.attr import Saliency

COLUMNS = ("low", "middle", "high", "correlation")
LEAST = 5  # speakers; fewer give no interval


def maps(
    network: nn.Module, inputs: Sequence[Tensor], labels: Tensor, *, lengths: Tensor
) -> Tensor:
    """Compute the absolute gradient of each clip's true logit for the first input.

    The network is in evaluation mode, treats each clip by itself and gives logits of ``inputs``,
    the spectrogram first; ``lengths`` are the valid frames of each clip, 1 or more.

    Shape:
        - spectrogram: ``(batch, frames, bands)``; labels, lengths: ``(batch,)``; logits: ``(batch,
          classes)``
        - output: ``(batch, frames, bands)``

    Raises:
        ValueError: a network in training mode, or a clip without valid frames or with more than
            there are.

    Source: Simonyan et al. 2014, Deep Inside Convolutional Networks, section 3, as Captum has it.
    """
    if network.training:
        raise ValueError(
            "a network in training mode; expected evaluation, where dropout and batch norm rest: "
            "call eval() first"
        )
    spectrogram, *rest = inputs
    frames = spectrogram.shape[1]
    if int(lengths.min()) < 1 or int(lengths.max()) > frames:
        raise ValueError(
            f"clips of {int(lengths.min())} to {int(lengths.max())} valid frames in a batch of "
            f"{frames}; expected 1 to {frames}: count frames, not samples"
        )
    # cuDNN has no gradient of an LSTM in evaluation.
    with torch.backends.cudnn.flags(enabled=False):
        leaf = spectrogram.detach().clone().requires_grad_()
        gradient = Saliency(network).attribute(
            leaf, target=labels, additional_forward_args=tuple(rest)
        )
    gradient = gradient.detach()
    time = torch.arange(frames, device=gradient.device)
    valid = time < lengths.to(gradient.device)[:, None]  # (batch, frames)
    return torch.where(valid[..., None], gradient, 0)


def thirds(energy: np.ndarray) -> np.ndarray:
    """Compute the shares of the low, middle and high third of the bands in a clip's energy.

    Shape:
        - energy: ``(frames, bands)``, 0 or more, 3 bands or more; output: ``(3,)``, which sum to
          1, or NaN where there is no energy

    Raises:
        ValueError: fewer than three bands.
    """
    bands = energy.sum(0, dtype=np.float64)
    if len(bands) < 3:
        raise ValueError(f"{len(bands)} bands; thirds need at least 3: take a finer spectrogram")
    sums = np.array([part.sum() for part in np.array_split(bands, 3)])
    return sums / sums.sum() if sums.any() else np.full(3, np.nan)


def clip(saliency: np.ndarray, spectrogram: np.ndarray) -> np.ndarray:
    """Summarise one clip's map in the numbers of ``COLUMNS``.

    The shares are of the map's energy, its squares summed. The correlation is Pearson's, over the
    cells of the second frame to the last, of saliency and the size of the step in dB from the frame
    before; NaN where one of the two is constant or there is one frame.

    Shape:
        - saliency and spectrogram (mel in dB): ``(frames, bands)`` of the valid frames; output:
          ``(4,)``

    Raises:
        ValueError: a map of another shape than its spectrogram.
    """
    if saliency.shape != spectrogram.shape:
        raise ValueError(
            f"a map {saliency.shape} of a spectrogram {spectrogram.shape}; expected one shape: cut"
            " both alike"
        )
    steps = np.abs(np.diff(spectrogram, axis=0)).ravel()
    saliencies, correlation = saliency[1:].ravel(), np.nan
    if steps.size > 1 and np.ptp(steps) > 0 and np.ptp(saliencies) > 0:
        correlation = np.corrcoef(saliencies.astype(np.float64), steps.astype(np.float64))[0, 1]
    return np.append(thirds(np.square(saliency, dtype=np.float64)), correlation)


@dataclass(frozen=True)
class Means:
    """Means over the clips of one class.

    Args:
        label: class.
        clips: number of clips.
        values: ``(columns,)`` mean of the clips that have a number, NaN where none has.
        low: ``(columns,)`` lower ends of the 95 % intervals, minus infinity where fewer than five
            speakers have a number.
        high: ``(columns,)`` upper ends, infinity likewise.
    """

    label: int
    clips: int
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


def by_class(numbers: np.ndarray, labels: np.ndarray, speakers: np.ndarray) -> list[Means]:
    """Average the numbers of ``clip`` in each class, with intervals by resampling speakers.

    Shape:
        - numbers: ``(clips, columns)``, NaN for missing ones; labels and speakers: ``(clips,)``
    """
    means = []
    for label in np.unique(labels).tolist():
        in_class = labels == label
        ends = [_mean(column, speakers[in_class]) for column in numbers[in_class].T]
        means.append(Means(label, int(in_class.sum()), *np.array(ends).T))
    return means


def _mean(values: np.ndarray, speakers: np.ndarray) -> tuple[float, float, float]:
    """Compute the mean of the finite values, and its interval."""
    is_finite = np.isfinite(values)
    if not is_finite.any():
        return np.nan, -np.inf, np.inf
    names, places = np.unique(speakers[is_finite], return_inverse=True)
    sums, clips = np.bincount(places, values[is_finite]), np.bincount(places)
    mean = sums.sum() / clips.sum()
    if len(names) < LEAST:
        return mean, -np.inf, np.inf
    return mean, *resampled_interval(lambda weights: weights @ sums / (weights @ clips), len(names))
