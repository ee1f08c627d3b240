"""Signals whose features are known, or undefined."""

import numpy as np
from scipy import signal

RATE = 16_000
FORMANTS = (700.0, 1220.0, 2600.0, 3500.0, 4500.0)  # Hz: an open vowel


def tone(frequency: float, *, seconds: float = 1.0, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


def odd_signals(minimum: float) -> dict[str, np.ndarray]:
    """Signals that leave some measure undefined; ``minimum`` is the shortest duration in seconds that is accepted."""
    noise = np.random.default_rng(1).standard_normal((2, RATE)) * 0.1
    shortest = int(np.ceil(minimum * RATE - 1e-9))
    click = np.zeros(RATE)
    click[RATE // 2] = 1.0
    return {
        "silence": np.zeros(RATE),
        "constant": np.full(RATE, 0.3),
        "click": click,
        "noise": noise[0],
        "two channels averaged": noise.mean(axis=0),
        "one channel silent": noise[0] / 2,
        "shortest noise": noise[0, :shortest],
        "shortest silence": np.zeros(shortest),
        "full scale": np.sign(tone(100.0)),
    }


def open_vowel() -> np.ndarray:
    """One second of pulses at 120 Hz through five resonators, with a little breath noise."""
    pulses = np.zeros(RATE)
    pulses[np.round(np.arange(0, RATE, RATE / 120)).astype(int)] = 1.0
    source = signal.lfilter(
        [1.0], [1.0, -0.95], pulses + 1e-3 * np.random.default_rng(0).standard_normal(RATE)
    )
    for formant, bandwidth in zip(FORMANTS, (60.0, 80.0, 120.0, 150.0, 200.0), strict=True):
        radius = np.exp(-np.pi * bandwidth / RATE)
        source = signal.lfilter(
            [1.0], [1.0, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], source
        )
    return 0.5 * source / np.abs(source).max()
