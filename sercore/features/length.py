"""How much of a clip is used: ``trim`` cuts silence off its ends, ``fit`` makes every clip equally long."""

import numpy as np

FRAME, HOP = 2048, 512  # samples: a frame's level is measured in, and between frames
QUIETEST = 1e-5  # level: below it, nothing is told from anything else


def trim(samples: np.ndarray, *, decibels: float = 20.0, leading: bool = True) -> np.ndarray:
    """Clip without the silence at its ends: librosa's rule, in whole hops of 512 samples.

    A frame of 2048 samples, centred on a multiple of 512, is silent if its root mean square lies ``decibels`` or more under the
    loudest frame's. What stays begins at the first frame's centre that is not silent and ends one hop behind the last one's.

    Args:
        samples: one channel, at least one sample, any rate.
        decibels: under the loudest frame, over 0 (default 20, as published).
        leading: whether the start is trimmed too (default, as the authors ran it), or the end alone (as their text says).

    Shape:
        - samples: ``(samples,)``
        - output: ``(kept,)``, a view; 1 to ``samples``

    Returns:
        What stays: at least one sample; the whole clip if all of it is silent, as no frame is quieter than another.

    Raises:
        ValueError: no sample, not one channel, or a threshold of 0 dB or less.

    Source: Biagini 2022, section 3.6, on trailing silence; his public code trims both ends.
    """
    _check(samples)
    if not decibels > 0:
        raise ValueError(
            f"decibels={decibels}: expected over 0, how far silence lies under the loudest frame; 20 is the default."
        )
    level = np.maximum(_levels(samples), QUIETEST)
    loud = np.flatnonzero(20 * np.log10(level / level.max()) > -decibels)
    return samples[HOP * loud[0] if leading else 0 : HOP * (loud[-1] + 1)]


def fit(samples: np.ndarray, *, length: int) -> np.ndarray:
    """Clip of exactly ``length`` samples: cut at its end, or zeros appended.

    Args:
        samples: one channel, at least one sample.
        length: samples of the result, 1 or more: 80,000 for 5 s at 16 kHz.

    Shape:
        - samples: ``(samples,)``
        - output: ``(length,)``, of the same type

    Returns:
        A copy.

    Raises:
        ValueError: no sample, not one channel, or a length under 1.

    Source: Biagini 2022, section 3.1. HUBERTFT's 4.5 s at most are ``samples[:72_000]``.
    """
    _check(samples)
    if length < 1:
        raise ValueError(f"length={length}: expected at least 1 sample; 80,000 are 5 s at 16 kHz.")
    fitted = np.zeros(length, samples.dtype)
    fitted[: len(samples)] = samples[:length]
    return fitted


def _levels(samples: np.ndarray) -> np.ndarray:
    """Root mean square of each frame; before and behind the clip are zeros."""
    padded = np.pad(samples.astype(np.float64), FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]  # (frames, FRAME)
    return np.sqrt(np.einsum("ts,ts->t", frames, frames) / FRAME)


def _check(samples: np.ndarray) -> None:
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; expected one channel, (samples,). Average the channels first."
        )
    if not len(samples):
        raise ValueError(
            "no sample in 0.0 s of audio; expected at least one. Remove the clip or record it again."
        )
