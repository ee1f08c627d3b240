"""The filterbanks of paper 02: the printed settings, librosa's numbers, a band's mean and variance, what is cut off."""

import librosa
import numpy as np
import pytest

from sercore.papers.parry2022.data import FILTERBANK, filterbank


@pytest.fixture
def samples():
    draw = np.random.default_rng(0)
    time = np.arange(20_000) / 16_000
    return (
        0.3 * np.sin(2 * np.pi * (150 + 400 * time) * time) + 0.01 * draw.normal(size=len(time))
    ).astype(np.float32)


def test_settings_are_the_printed_ones():
    how = FILTERBANK.mel
    assert (how.bands, how.window / how.rate, how.hop / how.rate) == (40, 0.025, 0.010)


def test_it_is_librosas_log_mel_normalised_by_band(samples):
    bands = librosa.feature.melspectrogram(
        y=samples.astype(np.float64), sr=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=40, fmin=0, fmax=8000, htk=True,
        norm=None, pad_mode="reflect",
    )  # fmt: skip
    level = librosa.power_to_db(bands, ref=1, amin=1e-10, top_db=None).T
    expected = (level - level.mean(0)) / level.std(0)
    found = filterbank(samples)
    assert found.shape == (1 + 20_000 // 160, 40)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.ptp(expected))
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(found.var(0), 1, atol=1e-4)


def test_loudness_changes_nothing(samples):
    np.testing.assert_allclose(filterbank(samples), filterbank(samples / 4), atol=1e-3)


def test_a_silent_clip_becomes_zero():
    assert not filterbank(np.zeros(4000, np.float32)).any()


def test_what_lies_behind_fifteen_seconds_is_cut_off(samples):
    long = np.tile(samples, 13)  # 16.25 s
    assert len(filterbank(long)) == 1 + 15 * 100
    np.testing.assert_array_equal(filterbank(long), filterbank(long[: 15 * 16_000]))
