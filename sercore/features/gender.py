"""The 44 gender features: statistics of peak frequency and F0, and mean MFCCs.

Source: Alves et al. 2022, section 2.3.
"""

import numpy as np

from sercore.features import praat

STATISTICS = (
    "nobs", "mean", "skew", "kurtosis", "median", "mode", "std", "low", "peak", "q25", "q75", "iqr",
)  # fmt: skip
NAMES = (
    *STATISTICS,
    *(f"{name}_pitch" for name in STATISTICS),
    *(f"MFCC_{number}" for number in range(1, 21)),
)

FLOOR, CEILING = 75.0, 600.0  # Hz: pitch
MINIMUM = 3 / FLOOR  # seconds: three periods of the lowest pitch
RATE = 22_050  # Hz: rate that the authors' loader resamples to, and that they assumed
WINDOW = 4410  # samples: 0.2 s at that rate
FRAME = 2048  # samples of an MFCC frame, a quarter of it the hop


def gender(samples: np.ndarray, *, rate: int = 16_000, as_run: bool = False) -> np.ndarray:
    """Compute the 44 gender features of a clip, in the order of ``NAMES``.

    Peak frequency is that of the largest Fourier magnitude in consecutive windows without overlap
    or taper; the last window is shorter. F0 is Praat's default pitch, 0 Hz where unvoiced. Skewness
    and excess kurtosis are the biased estimates, and 0 where all values are the same; ``std``
    divides by N; ``mode`` is the smallest of the most frequent values.

    ``as_run`` takes the samples as if they were at 22,050 Hz, as the authors' code does: at
    16,000 Hz, windows last 0.2756 s and frequencies come out 1.378 times too high. Otherwise windows
    last 0.2 s, frequencies are true and MFCCs are those of the clip resampled to 22,050 Hz.

    Shape:
        - samples: ``(samples,)``, at least 3/75 = 0.04 s
        - output: ``(44,)`` float64: 12 statistics of peak frequency and 12 of F0 in Hz, with
          ``nobs`` the number of windows and of frames, and 20 mean MFCCs

    Raises:
        ValueError: the clip is shorter than 0.04 s, or has several channels.

    Source: Alves et al. 2022, section 2.3, and the authors' notebooks and gender classifier.
    """
    praat.long_enough(samples, rate=rate, seconds=MINIMUM)
    assumed = RATE if as_run else rate
    peaks = _peaks(samples, rate=assumed, window=WINDOW if as_run else round(0.2 * rate))
    pitch = praat.call(praat.sound(samples, rate=rate), "To Pitch", 0.0, FLOOR, CEILING)
    frequencies = pitch.selected_array["frequency"]
    mfcc = _mfcc(samples, rate=assumed)
    return np.concatenate([_statistics(peaks), _statistics(frequencies), mfcc])


def _peaks(samples: np.ndarray, *, rate: int, window: int) -> np.ndarray:
    pieces = [samples[start : start + window] for start in range(0, len(samples), window)]
    return np.array([np.abs(np.fft.rfft(piece)).argmax() * rate / len(piece) for piece in pieces])


def _statistics(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean()
    variance = np.square(centred).mean()
    skew = kurtosis = 0.0
    if variance > (np.finfo(np.float64).eps * np.abs(values).max()) ** 2:
        skew = (centred**3).mean() / variance**1.5
        kurtosis = (centred**4).mean() / variance**2 - 3
    distinct, counts = np.unique(values, return_counts=True)
    q25, median, q75 = np.quantile(values, [0.25, 0.5, 0.75])
    mode = distinct[counts.argmax()]
    location = [len(values), values.mean(), skew, kurtosis, median, mode]
    return np.array([*location, np.sqrt(variance), values.min(), values.max(), q25, q75, q75 - q25])


def _mfcc(samples: np.ndarray, *, rate: int) -> np.ndarray:
    import librosa  # slow to load

    if rate != RATE:
        import soxr

        samples = soxr.resample(samples, rate, RATE, quality="HQ")
    # Reflection is the default of older librosa.
    padded = np.pad(np.asarray(samples, dtype=np.float32), FRAME // 2, mode="reflect")
    coefficients = librosa.feature.mfcc(
        y=padded, sr=RATE, n_mfcc=20, n_fft=FRAME, hop_length=FRAME // 4, center=False
    )
    return coefficients.mean(axis=1, dtype=np.float64)
