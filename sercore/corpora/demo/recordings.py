"""Simulated recording conditions: room, noise, band and level of a microphone."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sercore.audio import RATE

LOUDNESS = -27.0  # dB of full scale: root mean square of neutral speech
HEADROOM = 0.95


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Conditions of one recording."""

    low: float  # Hz: the band that the microphone passes, to ``high``
    high: float
    noise: float  # dB of the background below neutral speech
    colour: float  # dB an octave: slope of the noise's spectrum
    decay: float  # s: reverberation time of the room (T60)
    direct: float  # dB of the direct sound above the room's
    gain: float = 0.0  # dB of the microphone
    room: int = 0  # seed of the room's echoes, one for all clips of a recording

    def capture(
        self, samples: np.ndarray, *, level: float, draw: np.random.Generator
    ) -> np.ndarray:
        """Record a voice at 16 kHz, with short margins before and after it, as int16 unclipped.

        ``level`` is that of the voice against neutral speech, in dB.
        """
        before, after = (int(part * RATE) for part in draw.uniform(0.05, 0.12, 2))
        voice = samples * 10 ** ((LOUDNESS + level) / 20) / _loudness(samples)
        padded = np.concatenate([np.zeros(before), voice, np.zeros(after)])
        signal = self._in_band(self._in_room(padded) + self._background(len(padded), draw))
        signal *= 10 ** (self.gain / 20)
        signal *= min(1.0, HEADROOM / np.abs(signal).max())
        return np.round(signal * 32767).astype(np.int16)

    def _in_room(self, samples: np.ndarray) -> np.ndarray:
        times = np.arange(1, int(self.decay * RATE)) / RATE
        noise = np.random.default_rng(self.room).normal(size=len(times))
        echoes = noise * 10 ** (-3 * times / self.decay)
        echoes *= 10 ** (-self.direct / 20) / math.sqrt(float(np.sum(echoes**2)))
        size = rounded_up(len(samples) + len(echoes) + 1)
        response = np.fft.rfft(np.concatenate([[1.0], echoes]), size)
        return np.fft.irfft(np.fft.rfft(samples, size) * response, size)[: len(samples)]

    def _background(self, size: int, draw: np.random.Generator) -> np.ndarray:
        def gain(hertz: np.ndarray) -> np.ndarray:
            return 10 ** (self.colour * np.log2(np.maximum(hertz, 50) / 1000) / 20)

        noise = filtered(draw.normal(size=size), gain)
        return noise * 10 ** ((LOUDNESS - self.noise) / 20) / _loudness(noise)

    def _in_band(self, samples: np.ndarray) -> np.ndarray:
        def gain(hertz: np.ndarray) -> np.ndarray:
            below = 1 + (self.low / np.maximum(hertz, 1)) ** 6
            above = 1 + (hertz / self.high) ** 16
            return (below * above) ** -0.5

        return filtered(samples, gain)


def filtered(samples: np.ndarray, gain: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Filter samples at 16 kHz, ``(samples,)``, by the gain of each frequency in Hz."""
    size = rounded_up(len(samples))
    spectrum = np.fft.rfft(samples, size) * gain(np.fft.rfftfreq(size, 1 / RATE))
    return np.fft.irfft(spectrum, size)[: len(samples)]


def rounded_up(size: int) -> int:
    """Round a transform's length up to 2048: a prime length takes ten times as long."""
    return -(-size // 2048) * 2048


def _loudness(samples: np.ndarray) -> float:
    return math.sqrt(float(np.mean(samples**2)))
