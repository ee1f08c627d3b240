"""Time stretching: duration by the factor, pitch as it was; the factor's range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from sercore.augment.waveform import stretch_factor, stretched

RATE = 16_000


def tone(frequency: float, samples: int = 2 * RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(samples) / RATE)).astype(np.float32)


def pitch(samples: np.ndarray) -> float:
    """Frequency of the strongest bin, in Hz."""
    inner = samples[4096:-4096]  # away from the vocoder's edges
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner)), 1 << 17))
    return spectrum.argmax() * RATE / (1 << 17)


@pytest.mark.parametrize("frequency", [110.0, 440.0, 3000.0])
@pytest.mark.parametrize("factor", [0.9, 1.03, 1.1])
def test_tempo_changes_and_pitch_does_not(frequency, factor):
    samples = tone(frequency)
    changed = stretched(samples, factor=factor)
    assert changed.shape == (round(len(samples) / factor),)
    assert changed.dtype == np.float32
    assert pitch(changed) == pytest.approx(frequency, rel=2e-3)
    assert np.std(changed[4096:-4096]) == pytest.approx(
        np.std(samples), rel=0.1
    )  # the vocoder's frames do not quite add up


def test_events_move_with_the_tempo():
    samples = np.zeros(2 * RATE, np.float32)
    samples[RATE : RATE + 1600] = tone(440.0, 1600)
    changed = stretched(samples, factor=0.9)
    centre = (np.arange(len(changed)) * changed**2).sum() / (changed**2).sum()
    assert centre == pytest.approx((RATE + 800) / 0.9, abs=256)


@given(length=some.integers(2048, 9000), factor=some.floats(0.5, 2))
@settings(max_examples=20)
def test_duration_is_by_the_factor(length, factor):
    assert len(stretched(tone(300.0, length), factor=factor)) == round(length / factor)


def test_a_factor_of_1_gives_a_copy():
    samples = tone(440.0, 4000)
    same = stretched(samples, factor=1.0)
    assert np.array_equal(same, samples)
    assert not np.shares_memory(same, samples)


def test_factors_are_uniform_from_09_to_11_and_seeded():
    first, again = np.random.default_rng(5), np.random.default_rng(5)
    factors = [stretch_factor(first) for _ in range(2000)]
    assert factors[:3] == [stretch_factor(again) for _ in range(3)]
    assert stats.kstest(factors, stats.uniform(0.9, 0.2).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("samples", "factor", "message"),
    [
        (tone(440.0), 0.4, r"factor=0\.4: expected 0\.5 to 2"),
        (tone(440.0), 2.1, r"factor=2\.1: expected 0\.5 to 2"),
        (tone(440.0), float("nan"), r"factor=nan: expected 0\.5 to 2"),
        (tone(440.0, 2047), 1.1, "2047 samples; stretching needs at least 2048"),
        (np.zeros((2, 4000)), 1.1, r"samples of shape \(2, 4000\); expected one channel"),
    ],
)
def test_what_cannot_be_stretched_is_refused(samples, factor, message):
    with pytest.raises(ValueError, match=message):
        stretched(samples, factor=factor)
