"""Glottal-to-noise excitation: correlations of the Hilbert envelopes of a residual's bands (Michaelis, Gramss, Strube 1997)."""

import numpy as np
from scipy import fft

from sercore.features import praat

RATE = 10_000  # Hz: the residual's
ORDER, WINDOW, STEP = 13, 0.03, 0.01  # linear prediction: coefficients, seconds, seconds
NO_EMPHASIS = 1e9  # Hz: Praat emphasises what lies above, so 0 would emphasise everything
CENTRES = np.arange(500.0, 4501.0, 80.0)  # Hz: 51 bands
WIDTH = 1000.0  # Hz
LAGS = 3  # samples of 0.1 ms
MINIMUM = 2 * WINDOW  # seconds


def gne(samples: np.ndarray, *, rate: int = 16_000) -> np.ndarray:
    """Matrix of glottal-to-noise excitation: how alike the envelopes of two bands of the residual are.

    Bands are 1000 Hz wide with centres every 80 Hz from 500 to 4500 Hz. Entry ``(i, j)``, where band ``i`` lies more than
    500 Hz above band ``j``, is their largest normalised correlation over lags of -0.3 to 0.3 ms; every other entry is 0.

    Args:
        samples: one channel, at least 0.06 s.
        rate: samples a second, in Hz (default 16,000).

    Shape:
        - samples: ``(samples,)``
        - output: ``(51, 51)`` float64

    Returns:
        The matrix: Praat's ``To Harmonicity (gne)`` with 500, 4500, 1000 and 80 Hz within 2e-5 for speech, all 0 for a constant
        signal. A signal that linear prediction explains wholly, such as a pure tone, leaves rounding errors to correlate.

    Raises:
        ValueError: a clip shorter than 0.06 s, or not one channel.

    Source: Michaelis, Gramss and Strube 1997; settings of the toolkit of the shared task (Alves et al. 2022, section 2.3).
    """
    praat.long_enough(samples, rate=rate, seconds=MINIMUM)
    envelopes = _envelopes(_residual(samples, rate))  # (bands, time)
    correlation = envelopes @ envelopes.T  # (bands, bands)
    for lag in range(1, LAGS + 1):
        later = envelopes[:, lag:] @ envelopes[:, :-lag].T
        correlation = np.maximum(correlation, np.maximum(later, later.T))
    apart = CENTRES[:, None] - CENTRES > WIDTH / 2
    return np.where(apart, correlation, 0.0)


def _residual(samples: np.ndarray, rate: int) -> np.ndarray:
    sound = praat.call(praat.sound(samples, rate=rate), "Resample", float(RATE), 50)
    praat.call(sound, "Subtract mean")
    prediction = praat.call(sound, "To LPC (autocorrelation)", ORDER, WINDOW, STEP, NO_EMPHASIS)
    return praat.call([prediction, sound], "Filter (inverse)").values[0]


def _envelopes(residual: np.ndarray) -> np.ndarray:
    """Envelope of each band without its mean, of norm 1; one band at a time stays in the processor's cache."""
    length = 1 << (len(residual) - 1).bit_length()
    spectrum = fft.rfft(residual, length)
    frequency = np.arange(len(spectrum)) * (RATE / length)
    envelopes = np.empty((len(CENTRES), len(residual)))
    for envelope, centre in zip(envelopes, CENTRES, strict=True):
        first, last = np.searchsorted(frequency, [centre - WIDTH / 2, centre + WIDTH / 2])
        hann = 1 + np.cos(2 * np.pi * (frequency[first:last] - centre) / WIDTH)
        # Moved down to 0 Hz: the envelope is the same.
        np.abs(fft.ifft(spectrum[first:last] * hann, length)[: len(residual)], out=envelope)
    envelopes -= envelopes.mean(axis=1, keepdims=True)
    norm = np.sqrt(np.einsum("bt,bt->b", envelopes, envelopes))[:, None]
    return np.divide(envelopes, norm, out=envelopes, where=norm > 0)
