"""Length of clips: ``trim`` cuts silence off their ends, ``fit`` gives them one length."""

import numpy as np

FRAME, HOP = 2048, 512  # samples
QUIETEST = 1e-5  # level that quieter frames are raised to


def trim(samples: np.ndarray, *, decibels: float = 20.0, leading: bool = True) -> np.ndarray:
    """Trim the silence at the ends of a clip by librosa's rule, in whole hops of 512 samples.

    A frame of 2048 samples, centred on a multiple of 512, is silent if its root mean square lies
    ``decibels`` or more under the loudest frame's. The result begins at the centre of the first
    frame that is not silent and ends one hop behind the centre of the last one.

    Args:
        samples: ``(samples,)`` at any rate, of which a view is returned; a silent clip stays whole.
        decibels: distance of silence from the loudest frame in dB, over 0 (20 as published).
        leading: whether the start is trimmed too, as the authors ran it, or only the end, as their
            text says.

    Raises:
        ValueError: there is no sample, more than one channel, or a threshold of 0 dB or less.

    Source: Biagini 2022, section 3.6, on trailing silence; his public code trims both ends.
    """
    _check(samples)
    if not decibels > 0:
        raise ValueError(
            f"decibels={decibels}: expected over 0, how far silence lies under the loudest frame; "
            "20 is the default."
        )
    level = np.maximum(_levels(samples), QUIETEST)
    loud = np.flatnonzero(20 * np.log10(level / level.max()) > -decibels)
    return samples[HOP * loud[0] if leading else 0 : HOP * (loud[-1] + 1)]


def fit(samples: np.ndarray, *, length: int) -> np.ndarray:
    """Copy a clip ``(samples,)`` to a number of samples: cut it at its end, or append zeros.

    Raises:
        ValueError: there is no sample, more than one channel, or a length under 1.

    Source: Biagini 2022, section 3.1.
    """
    _check(samples)
    if length < 1:
        raise ValueError(f"length={length}: expected at least 1 sample; 80,000 are 5 s at 16 kHz.")
    fitted = np.zeros(length, samples.dtype)
    fitted[: len(samples)] = samples[:length]
    return fitted


def _levels(samples: np.ndarray) -> np.ndarray:
    """Return the root mean square of each frame; before and behind the clip are zeros."""
    padded = np.pad(samples.astype(np.float64), FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]  # (frames, FRAME)
    return np.sqrt(np.einsum("ts,ts->t", frames, frames) / FRAME)


def _check(samples: np.ndarray) -> None:
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; expected one channel, (samples,). Average the "
            "channels first."
        )
    if not len(samples):
        raise ValueError(
            "no sample in 0.0 s of audio; expected at least one. Remove the clip or record it "
            "again."
        )
