"""Masks for clips of unequal length in one batch."""

import torch
from torch import Tensor


def as_picture(spectrogram: Tensor, *, bands: int, frames: int | None = None) -> Tensor:
    """Turn ``(batch, time, bands)`` into one-channel pictures ``(batch, 1, bands, time)``.

    Raises:
        ValueError: another number of bands, or of frames where one is given.
    """
    if (
        spectrogram.dim() != 3
        or spectrogram.shape[2] != bands
        or frames not in (None, spectrogram.shape[1])
    ):
        expected = f"(batch, {frames or 'time'}, {bands})"
        raise ValueError(
            f"input of shape {tuple(spectrogram.shape)}; the network reads {expected}. Pad the"
            " waveform, put the bands last."
        )
    return spectrogram.transpose(1, 2).unsqueeze(1)


def check_lengths(lengths: Tensor | None, picture: Tensor, *, least: int) -> None:
    """Refuse a batch with a clip shorter than ``least`` frames, or longer than its own picture.

    Args:
        lengths: ``(batch,)`` valid frames of each clip, or None where all are valid.
        picture: ``(batch, channels, bands, time)``.
        least: frames that a clip needs.

    Raises:
        ValueError: such a clip, or lengths that are not one a clip.
    """
    batch, frames = picture.shape[0], picture.shape[-1]
    shortest = longest = frames
    if lengths is not None:
        if lengths.shape != (batch,):
            raise ValueError(
                f"lengths of shape {tuple(lengths.shape)}; expected ({batch},), one a clip. Pass"
                " the batch's own lengths."
            )
        shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest < least or longest > frames:
        raise ValueError(
            f"clips of {shortest} to {longest} frames in a picture of {frames}; expected {least} to"
            f" {frames}. Drop or pad shorter clips, and count frames, not samples."
        )


def masked(picture: Tensor, lengths: Tensor | None) -> Tensor:
    """Set frames beyond each clip's length to zero; without lengths, nothing changes.

    A convolution with "same" padding then sees the end of a clip in a batch as it sees the end of a
    single clip.

    Shape:
        - picture and output: ``(batch, channels, bands, time)``; lengths: ``(batch,)``
    """
    if lengths is None:
        return picture
    time = torch.arange(picture.shape[-1], device=picture.device)
    valid = (time < lengths[:, None])[:, None, None]  # (batch, 1, 1, time)
    return picture * valid.to(picture.dtype)  # in training faster than torch.where or masked_fill
