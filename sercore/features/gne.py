"""Glottal-to-noise excitation (Michaelis, Gramss and Strube 1997)."""

import numpy as np
from scipy import fft

from sercore.features import praat

RATE = 10_000  # Hz: rate of the residual
ORDER, WINDOW, STEP = 13, 0.03, 0.01  # linear prediction: coefficients, seconds, seconds
NO_EMPHASIS = 1e9  # Hz: Praat emphasises what lies above, so 0 would emphasise everything
CENTRES = np.arange(500.0, 4501.0, 80.0)  # Hz: 51 bands
WIDTH = 1000.0  # Hz
LAGS = 3  # samples of 0.1 ms
MINIMUM = 2 * WINDOW  # seconds
BLOCK = 2048  # samples of a partial sum
TURNS = 4  # interleaved transforms of a band, which fills a tenth of the whole transform


def gne(samples: np.ndarray, *, rate: int = 16_000) -> np.ndarray:
    """Correlate the Hilbert envelopes of the bands of the linear prediction residual.

    Bands are 1000 Hz wide with centres every 80 Hz from 500 to 4500 Hz. Entry ``(i, j)``, where
    band ``i`` lies more than 500 Hz above band ``j``, is their largest normalised correlation over
    lags of -0.3 to 0.3 ms; every other entry is 0.

    The result is Praat's ``To Harmonicity (gne)`` with 500, 4500, 1000 and 80 Hz within 2e-5 for
    speech, and 0 for a constant signal. A signal that linear prediction explains wholly, such as a
    pure tone, leaves rounding errors to correlate.

    Shape:
        - samples: ``(samples,)``, at least 0.06 s
        - output: ``(51, 51)`` float64

    Raises:
        ValueError: the clip is shorter than 0.06 s, or has several channels.

    Source: Michaelis, Gramss and Strube 1997; settings of the toolkit of the shared task (Alves et
    al. 2022, section 2.3).
    """
    praat.long_enough(samples, rate=rate, seconds=MINIMUM)
    products = _products(_envelopes(_residual(samples, rate)))  # (lags, bands, bands)
    norm = np.sqrt(products[0].diagonal())
    highest = np.maximum(products, products.transpose(0, 2, 1)).max(axis=0)
    scale = np.outer(norm, norm)
    correlation = np.divide(highest, scale, out=np.zeros_like(highest), where=scale > 0)
    apart = CENTRES[:, None] - CENTRES > WIDTH / 2
    return np.where(apart, correlation.clip(max=1.0), 0.0)  # rounding may pass 1


def _residual(samples: np.ndarray, rate: int) -> np.ndarray:
    sound = praat.call(praat.sound(samples, rate=rate), "Resample", float(RATE), 50)
    praat.call(sound, "Subtract mean")
    prediction = praat.call(sound, "To LPC (autocorrelation)", ORDER, WINDOW, STEP, NO_EMPHASIS)
    return praat.call([prediction, sound], "Filter (inverse)").values[0]


def _envelopes(residual: np.ndarray) -> np.ndarray:
    """Return the envelope of each band without its mean: ``(bands, time)`` float32.

    A band fills less than a quarter of the transform, so four transforms of a quarter of the length
    give every fourth moment each.
    """
    length = max(TURNS, 1 << (len(residual) - 1).bit_length())
    spectrum = fft.rfft(residual, length)
    frequency = np.arange(len(spectrum)) * (RATE / length)
    bounds = np.searchsorted(frequency, [CENTRES - WIDTH / 2, CENTRES + WIDTH / 2]).T
    widest = int(np.diff(bounds).max())
    phases = np.outer(np.arange(TURNS), np.arange(widest))
    later = np.exp(2j * np.pi / length * phases).astype(np.complex64)
    moments = -(-len(residual) // TURNS)
    turned = np.zeros((TURNS, length // TURNS), np.complex64)
    envelopes = np.empty((len(CENTRES), moments, TURNS), np.float32)
    for envelope, centre, (first, last) in zip(envelopes, CENTRES, bounds, strict=True):
        hann = 1 + np.cos(2 * np.pi * (frequency[first:last] - centre) / WIDTH)
        # Moved down to 0 Hz: the envelope is the same.
        band = (spectrum[first:last] * hann).astype(np.complex64)
        turned[:, : len(band)] = later[:, : len(band)] * band
        turned[:, len(band) :] = 0
        envelope[:] = np.abs(fft.ifft(turned, axis=1)[:, :moments]).T
    envelopes = envelopes.reshape(len(CENTRES), -1)[:, : len(residual)]
    return envelopes - envelopes.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)


def _products(envelopes: np.ndarray) -> np.ndarray:
    """Sum over time the products of the bands' envelopes at each lag: ``(lags, bands, bands)``.

    Sums are in single precision within a block and in double precision over the blocks.
    """
    products = np.zeros((LAGS + 1, len(CENTRES), len(CENTRES)))
    for start in range(0, envelopes.shape[1], BLOCK):
        block = envelopes[:, start : start + BLOCK]
        for lag, product in enumerate(products):
            later = envelopes[:, start + lag : start + lag + BLOCK]
            product += later @ block[:, : later.shape[1]].T
    return products
