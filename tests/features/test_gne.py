"""The glottal-to-noise excitation matrix: Praat's own, and what follows from its definition."""

import numpy as np
import parselmouth
import pytest
from known_signals import RATE, odd_signals
from parselmouth.praat import call

from sercore.features.gne import CENTRES, MINIMUM, gne


def praats_own(samples) -> np.ndarray:
    return call(
        parselmouth.Sound(np.asarray(samples, dtype=np.float64), RATE),
        "To Harmonicity (gne)",
        500,
        4500,
        1000,
        80,
    ).values


def test_matrix_of_speech_is_praats(clip):
    piece = clip[RATE : 2 * RATE]
    assert np.abs(gne(piece) - praats_own(piece)).max() < 2e-5


@pytest.mark.parametrize("length", [0.1, 0.5, 1.0])
def test_matrix_of_a_vowel_is_praats(vowel, length):
    piece = vowel[: round(length * RATE)]
    assert np.abs(gne(piece) - praats_own(piece)).max() < 2e-5


def test_matrix_of_noise_is_praats():
    noise = odd_signals(MINIMUM)["noise"]
    assert np.abs(gne(noise) - praats_own(noise)).max() < 2e-5


def test_only_bands_more_than_500_hz_apart_are_compared(vowel):
    matrix = gne(vowel)
    assert matrix.shape == (51, 51)
    assert (matrix != 0).sum() == (CENTRES[:, None] - CENTRES > 500).sum() == 990
    assert not np.triu(matrix).any()


def test_level_changes_nothing(vowel):
    assert gne(0.1 * vowel) == pytest.approx(gne(vowel), abs=1e-6)


def test_pulses_excite_bands_alike_and_noise_does_not(vowel):
    assert gne(vowel).max() > 0.8 > 0.4 > gne(odd_signals(MINIMUM)["noise"]).max()


@pytest.mark.parametrize("kind", odd_signals(MINIMUM))
def test_every_signal_gives_correlations(kind):
    assert np.abs(gne(odd_signals(MINIMUM)[kind])).max() <= 1 + 1e-9


def test_silence_has_none():
    assert not gne(np.zeros(RATE)).any()


def test_a_clip_is_long_enough():
    with pytest.raises(
        ValueError, match=r"959 samples in 0\.05994 s of audio; features need at least 0\.06000 s"
    ):
        gne(np.zeros(959))
