"""Log-mel filterbanks as Kaldi defines them, the input of speaker encoders.

They differ from ``mel``'s: no frame reaches over an end of the clip, each frame is centred and
pre-emphasised by itself, the window is Povey's, the triangles are straight on the mel scale and the
logarithm is the natural one.
"""

from functools import cache

import numpy as np

from sercore.audio import RATE

WINDOW = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
FFT = 512
BANDS = 80
LOWEST, HIGHEST = 20.0, RATE / 2  # Hz
PREEMPHASIS = 0.97
LEAST = float(np.finfo(np.float32).eps)  # floor of the energy


def fbank(samples: np.ndarray) -> np.ndarray:
    """Compute the log-mel filterbank of a clip: 80 bands every 10 ms, no dither.

    Frame ``t`` begins at sample ``160 t``; samples behind the last whole frame are not read. Kaldi's
    samples are in the range of 16 bits; after ``centred`` the range matters only where a band's
    energy falls under the floor.

    Shape:
        - samples: ``(samples,)`` at 16 kHz, 400 or more
        - output: ``(1 + (samples - 400) // 160, 80)`` float32, natural logarithm of the energy, at
          least -15.94; 298 frames for 3 s

    Raises:
        ValueError: the clip is shorter than one frame, has several channels, or holds no floats.

    Source: Kaldi's ``compute-fbank-feats`` with ``--num-mel-bins=80 --dither=0``.
    """
    _check(samples)
    windows = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), WINDOW)
    frames = windows[::HOP]  # (time, window)
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    emphasised = (frames - PREEMPHASIS * before) * _window()
    spectrum = np.fft.rfft(emphasised, FFT, axis=1)  # (time, frequency)
    energy = (spectrum.real**2 + spectrum.imag**2) @ filters().T  # (time, bands)
    return np.log(np.maximum(energy, LEAST)).astype(np.float32)


def centred(frames: np.ndarray) -> np.ndarray:
    """Subtract the mean of each band over time: ``(time, bands)`` to the same shape in float32."""
    wide = frames.astype(np.float64)
    return (wide - wide.mean(axis=0)).astype(np.float32)


@cache
def filters() -> np.ndarray:
    """Return triangles of height 1, evenly spaced in mel from 20 Hz to 8 kHz: ``(80, 257)``.

    Source: Kaldi's mel scale, 1127 ln(1 + f / 700).
    """
    low, high = _mel(np.array([LOWEST, HIGHEST]))
    points = np.linspace(low, high, BANDS + 2)
    frequency = _mel(np.arange(FFT // 2 + 1) * (RATE / FFT))
    rise = (frequency - points[:-2, None]) / (points[1:-1] - points[:-2])[:, None]
    fall = (points[2:, None] - frequency) / (points[2:] - points[1:-1])[:, None]
    bank = np.maximum(0, np.minimum(rise, fall))
    bank.flags.writeable = False
    return bank


@cache
def _window() -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / (WINDOW - 1))) ** 0.85


def _mel(hertz: np.ndarray) -> np.ndarray:
    return 1127 * np.log1p(hertz / 700)


def _check(samples: np.ndarray) -> None:
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; a filterbank needs one channel, (samples,). "
            "Average the channels first."
        )
    if samples.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"samples of type {samples.dtype}; expected float32 or float64. Divide 16-bit samples "
            "by 32768."
        )
    if len(samples) < WINDOW:
        raise ValueError(
            f"{len(samples)} samples; a frame of 25 ms needs at least {WINDOW}. Remove the clip "
            "or record it again."
        )
