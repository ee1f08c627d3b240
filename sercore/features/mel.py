"""Mel spectrograms and their cepstra (MFCC), with numpy and scipy alone.

``MelSettings`` has the defaults of the report on five models (Biagini 2022).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

LEAST_DEVIATION = 1e-5  # of a normalised band: one that is silent becomes 0
LEAST = 1e-10  # floor of the power: -100 dB


@dataclass(frozen=True, kw_only=True)
class MelSettings:
    """Settings of a mel spectrogram; a value out of its range is a ``ValueError``."""

    rate: int = 16_000  # Hz
    fft: int = 1024  # samples of the Fourier transform, even
    window: int = 1024  # samples of the periodic Hann window in its middle, 2 to fft
    hop: int = 256  # samples between frames, 1 or more
    bands: int = 128  # triangular filters of height 1, evenly spaced on the HTK mel scale
    lowest: float = 0.0  # Hz: start of the first filter
    highest: float = 8000.0  # Hz: end of the last filter, up to half the rate
    power: float = 2.0  # exponent of the magnitude, over 0
    decibels: bool = True  # whether the result is in dB relative to 1, or linear
    floor: float | None = 80.0  # dB under the clip's maximum that lower values are raised to

    def __post_init__(self):
        def check(name: str, is_valid: bool, expected: str) -> None:
            if not is_valid:
                raise ValueError(f"{name}={getattr(self, name)}: expected {expected}.")

        fft, half, has_floor = self.fft, self.rate / 2, self.floor is not None
        check("fft", fft > 0 and fft % 2 == 0, "an even number of samples; take a power of two")
        widths = f"2 to fft={fft} samples; shorten the window or lengthen the transform"
        check("window", 2 <= self.window <= fft, widths)
        check("hop", self.hop >= 1, "at least 1 sample; 10 ms are usual")
        check("bands", self.bands >= 1, "at least 1 band; 128 are the default")
        below = f"0 Hz to under highest={self.highest:g} Hz; lower it"
        check("lowest", 0 <= self.lowest < self.highest, below)
        check("highest", self.highest <= half, f"at most half the rate, {half:g} Hz; lower it")
        check("power", self.power > 0, "over 0; 2 is power, 1 magnitude")
        floors = "dB over 0, or None for no floor; 80 is usual"
        check("floor", not has_floor or self.floor > 0, floors)


DECIBELS = MelSettings()  # CNNLSTM; FCMFCC and CNNATT take its cepstrum
LINEAR = MelSettings(decibels=False)  # MMFUSION's spectrogram
PICTURE = MelSettings(fft=2048, window=2048, hop=1024)  # Figure 2
COEFFICIENTS = 40  # of FCMFCC, CNNATT and MMFUSION


def mel(samples: np.ndarray, *, settings: MelSettings = DECIBELS) -> np.ndarray:
    """Compute the mel spectrogram of a clip.

    Frame ``t`` is centred on sample ``t * hop``; the clip is reflected at its ends.

    Shape:
        - samples: ``(samples,)`` in [-1, 1], float32 or float64, longer than half the transform
        - output: ``(1 + samples // hop, bands)`` in their precision, 313 frames for 5 s

    Raises:
        ValueError: the clip is too short to reflect, has several channels or another type, or a
            filter lies between two frequencies.

    Source: Biagini 2022, section 3.1; his public code for what the text leaves open.
    """
    _check(samples, settings)
    padded = np.pad(samples, settings.fft // 2, mode="reflect")
    side = (settings.fft - settings.window) // 2
    inner = padded[side : len(padded) - settings.fft + settings.window + side]
    frames = np.lib.stride_tricks.sliding_window_view(inner, settings.window)[:: settings.hop]
    # Zeros behind the window instead of around it: they turn the phase and leave the magnitude.
    windowed = frames * _hann(settings.window, samples.dtype)
    spectrum = fft.rfft(windowed, settings.fft, axis=1, overwrite_x=True)  # (time, frequency)
    energy = spectrum.real**2 + spectrum.imag**2
    if settings.power != 2:
        energy **= settings.power / 2
    bands = energy @ _columns(settings, samples.dtype)  # (time, bands)
    return _decibels(bands, floor=settings.floor) if settings.decibels else bands


def mfcc(
    samples: np.ndarray, *, coefficients: int = COEFFICIENTS, settings: MelSettings = DECIBELS
) -> np.ndarray:
    """Compute the cepstral coefficients of a clip.

    They are the orthonormal cosine transform, from the 0th, of each frame of the mel spectrogram in
    dB.

    Shape:
        - samples: ``(samples,)``, as ``mel`` takes them
        - output: ``(1 + samples // hop, coefficients)`` in their precision

    Raises:
        ValueError: ``mel`` refuses the clip, the spectrogram is linear, or the number of
            coefficients is out of range.

    Source: Biagini 2022, section 3.2; his public code for their number.
    """
    if not settings.decibels:
        raise ValueError(
            "decibels=False: expected a spectrogram in dB; take settings with decibels=True."
        )
    if not 1 <= coefficients <= settings.bands:
        raise ValueError(
            f"coefficients={coefficients}: expected 1 to {settings.bands}, the bands; ask for "
            "fewer or take more bands."
        )
    cepstrum = fft.dct(mel(samples, settings=settings), axis=1, norm="ortho")
    return np.ascontiguousarray(cepstrum[:, :coefficients])


def normalise_bands(
    clips: Sequence[np.ndarray],
    groups: Sequence[Hashable] | None = None,
    *,
    least: float = LEAST_DEVIATION,
) -> list[np.ndarray]:
    """Return clips ``(frames, bands)`` whose bands have mean 0 and variance 1.

    That is in each clip alone, or over all clips of one group, such as a conversation. ``least`` is
    the least standard deviation of a band.

    Source: Padi et al. 2021, section 4.2; by band is our reading.
    """
    rows: dict[Hashable, list[int]] = {}
    for row, group in enumerate(range(len(clips)) if groups is None else groups):
        rows.setdefault(group, []).append(row)
    scaled = [np.empty(0)] * len(clips)
    for members in rows.values():
        count = sum(len(clips[row]) for row in members)
        mean = sum(clips[row].sum(axis=0, dtype=np.float64) for row in members) / count
        square = sum(np.square(clips[row] - mean).sum(axis=0) for row in members) / count
        deviation = np.maximum(np.sqrt(square), least)
        for row in members:
            scaled[row] = ((clips[row] - mean) / deviation).astype(np.float32)
    return scaled


@lru_cache
def filters(settings: MelSettings = DECIBELS) -> np.ndarray:
    """Return triangular filters over the frequencies of the transform: ``(bands, 1 + fft / 2)``.

    Raises:
        ValueError: a filter lies between two frequencies; its band would be silent in every clip.

    Source: HTK's mel scale, 2595 log10(1 + f / 700).
    """
    ends = 2595 * np.log10(1 + np.array([settings.lowest, settings.highest]) / 700)
    points = 700 * (10 ** (np.linspace(*ends, settings.bands + 2) / 2595) - 1)  # Hz
    frequency = np.arange(settings.fft // 2 + 1) * (settings.rate / settings.fft)
    rise = (frequency - points[:-2, None]) / np.diff(points)[:-1, None]
    fall = (points[2:, None] - frequency) / np.diff(points)[1:, None]
    bank = np.maximum(0, np.minimum(rise, fall))
    if empty := np.flatnonzero(~bank.any(axis=1)).tolist():
        raise ValueError(
            f"{len(empty)} of {settings.bands} bands without a frequency, first band {empty[0]}; "
            f"expected each to hold one of the {len(frequency)} of an FFT of {settings.fft}. Take "
            "fewer bands or a longer FFT (the window may stay)."
        )
    bank.flags.writeable = False
    return bank


@lru_cache
def _columns(settings: MelSettings, dtype: np.dtype) -> np.ndarray:
    return np.ascontiguousarray(filters(settings).T, dtype=dtype)


@lru_cache
def _hann(length: int, dtype: np.dtype) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(dtype)


def _decibels(power: np.ndarray, *, floor: float | None) -> np.ndarray:
    level = 10 * np.log10(np.maximum(power, LEAST))
    return level if floor is None else np.maximum(level, level.max() - floor)


def _check(samples: np.ndarray, settings: MelSettings) -> None:
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; a spectrogram needs one channel, (samples,). "
            "Average the channels first."
        )
    if samples.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"samples of type {samples.dtype}; expected float32 or float64 in [-1, 1]. Divide "
            "16-bit samples by 32768."
        )
    if len(samples) <= settings.fft // 2:
        raise ValueError(
            f"{len(samples)} samples; an FFT of {settings.fft} needs at least "
            f"{settings.fft // 2 + 1}. Append zeros, remove the clip or record it again."
        )
