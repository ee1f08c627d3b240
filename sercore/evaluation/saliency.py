"""Saliency maps of spectrograms, and their summaries by clip."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

# In a notebook Captum asks for the widgets of a progress bar.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="IProgress not found")
    from captum.attr import Saliency

COLUMNS = ("low", "middle", "high", "correlation")


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


def bands(energy: np.ndarray) -> np.ndarray:
    """Compute the share of each band in a clip's energy.

    Shape:
        - energy: ``(frames, bands)``, 0 or more; output: ``(bands,)``, which sum to 1, or NaN where
          there is no energy
    """
    sums = energy.sum(0, dtype=np.float64)
    return sums / sums.sum() if sums.any() else np.full(len(sums), np.nan)


def thirds(energy: np.ndarray) -> np.ndarray:
    """Compute the shares of the low, middle and high third of the bands in a clip's energy.

    Shape:
        - energy: ``(frames, bands)``, 0 or more, 3 bands or more; output: ``(3,)``, which sum to
          1, or NaN where there is no energy

    Raises:
        ValueError: fewer than three bands.
    """
    shares = bands(energy)
    if len(shares) < 3:
        raise ValueError(f"{len(shares)} bands; thirds need at least 3: take a finer spectrogram")
    return np.array([part.sum() for part in np.array_split(shares, 3)])


def clip(saliency: np.ndarray, spectrogram: np.ndarray) -> np.ndarray:
    """Summarise one clip's map in the numbers of ``COLUMNS``.

    The shares are of the map's energy, its squares summed. The correlation is Pearson's, over the
    cells of the second band to the last, of saliency and the size of the step in dB from the band
    below; NaN where one of the two is constant.

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
    steps = np.abs(np.diff(spectrogram, axis=1)).ravel()
    saliencies, correlation = saliency[:, 1:].ravel(), np.nan
    if steps.size > 1 and np.ptp(steps) > 0 and np.ptp(saliencies) > 0:
        correlation = np.corrcoef(saliencies.astype(np.float64), steps.astype(np.float64))[0, 1]
    return np.append(thirds(np.square(saliency, dtype=np.float64)), correlation)
