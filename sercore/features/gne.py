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
BLOCK = 2048  # samples of a partial sum
TURNS = 4  # in which a band's moments are found: a band is a tenth of the transform


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
    products = _products(_envelopes(_residual(samples, rate)))  # (lags, bands, bands)
    norm = np.sqrt(products[0].diagonal())
    highest = np.maximum(products, products.transpose(0, 2, 1)).max(axis=0)
    scale = np.outer(norm, norm)
    correlation = np.divide(highest, scale, out=np.zeros_like(highest), where=scale > 0).clip(
        max=1.0
    )  # rounding may pass 1
    apart = CENTRES[:, None] - CENTRES > WIDTH / 2
    return np.where(apart, correlation, 0.0)


def _residual(samples: np.ndarray, rate: int) -> np.ndarray:
    sound = praat.call(praat.sound(samples, rate=rate), "Resample", float(RATE), 50)
    praat.call(sound, "Subtract mean")
    prediction = praat.call(sound, "To LPC (autocorrelation)", ORDER, WINDOW, STEP, NO_EMPHASIS)
    return praat.call([prediction, sound], "Filter (inverse)").values[0]


def _envelopes(residual: np.ndarray) -> np.ndarray:
    """Envelope of each band without its mean: ``(bands, time)`` float32.

    A band fills less than a quarter of the transform, so its moments are found in turns of every fourth, each by a transform of a
    quarter of the length, all four at once.
    """
    length = max(TURNS, 1 << (len(residual) - 1).bit_length())
    spectrum = fft.rfft(residual, length)
    frequency = np.arange(len(spectrum)) * (RATE / length)
    bounds = np.searchsorted(frequency, [CENTRES - WIDTH / 2, CENTRES + WIDTH / 2]).T
    widest = int(np.diff(bounds).max())
    later = np.exp(2j * np.pi / length * np.outer(np.arange(TURNS), np.arange(widest))).astype(
        np.complex64
    )
    moments = -(-len(residual) // TURNS)
    turned = np.zeros((TURNS, length // TURNS), np.complex64)
    envelopes = np.empty((len(CENTRES), moments, TURNS), np.float32)
    for envelope, centre, (first, last) in zip(envelopes, CENTRES, bounds, strict=True):
        hann = 1 + np.cos(2 * np.pi * (frequency[first:last] - centre) / WIDTH)
        # Moved down to 0 Hz: the envelope is the same.
        turned[:, : last - first] = later[:, : last - first] * (spectrum[first:last] * hann).astype(
            np.complex64
        )
        turned[:, last - first :] = 0
        envelope[:] = np.abs(fft.ifft(turned, axis=1)[:, :moments]).T
    envelopes = envelopes.reshape(len(CENTRES), -1)[:, : len(residual)]
    return envelopes - envelopes.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)


def _products(envelopes: np.ndarray) -> np.ndarray:
    """Sum over time of each band's envelope, later by each lag from 0 on, times each other's: ``(lags, bands, bands)``.

    Summed in blocks: within one in single precision, over all of them in double.
    """
    products = np.zeros((LAGS + 1, len(CENTRES), len(CENTRES)))
    for start in range(0, envelopes.shape[1], BLOCK):
        block = envelopes[:, start : start + BLOCK]
        for lag, product in enumerate(products):
            later = envelopes[:, start + lag : start + lag + BLOCK]
            product += later @ block[:, : later.shape[1]].T
    return products
