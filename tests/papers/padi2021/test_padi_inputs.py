"""What paper 04's network reads: log mel bands beside librosa, their normalisation, frames that are heard."""

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sercore.features.mel import normalise_bands
from sercore.papers.padi2021 import data as padi_data


@pytest.fixture(scope="module")
def samples():
    time = np.arange(16_000) / 16_000
    return (
        0.3 * np.sin(2 * np.pi * 220 * time * (1 + time))
        + 0.01 * np.random.default_rng(0).normal(size=16_000)
    ).astype(np.float32)


def test_log_mel_is_librosas(samples):
    reference = librosa.feature.melspectrogram(
        y=samples.astype(np.float64), sr=16_000, n_fft=1024, win_length=400, hop_length=160, n_mels=128, fmin=20, fmax=7600,
        htk=True, norm=None, pad_mode="reflect",
    )  # fmt: skip
    found = padi_data.log_mel(samples)
    assert found.shape == (101, 128)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.log(np.maximum(reference.T, 1e-6)), atol=2e-3)


def test_no_band_is_empty(samples):
    noise = np.random.default_rng(1).normal(size=16_000).astype(np.float32)
    assert padi_data.log_mel(noise).min() > np.log(padi_data.FLOOR)
    assert padi_data.log_mel(np.zeros(16_000, np.float32)).max() == np.float32(
        np.log(padi_data.FLOOR)
    )


@given(st.lists(st.integers(2, 9), min_size=1, max_size=4), st.integers(0, 9))
def test_each_band_of_a_segment_has_mean_0_and_variance_1(sizes, seed):
    draw = np.random.default_rng(seed)
    clips = [draw.normal(3, 2, size=(size, 5)).astype(np.float32) for size in sizes]
    for clip in normalise_bands(clips):
        np.testing.assert_allclose(clip.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(clip.std(axis=0), 1, atol=1e-4)


def test_a_conversation_is_normalised_as_one():
    draw = np.random.default_rng(0)
    clips = [draw.normal(place, 1 + place, size=(50, 4)).astype(np.float32) for place in (0, 1, 5)]
    found = normalise_bands(clips, ["a", "a", "b"])
    both = np.concatenate(found[:2])
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(both.std(axis=0), 1, atol=1e-4)
    assert abs(found[0].mean()) > 0.1  # one clip of it is not centred by itself
    np.testing.assert_allclose(found[2], normalise_bands(clips[2:])[0], atol=1e-6)


def test_a_silent_band_becomes_0():
    assert not normalise_bands([np.full((10, 3), 7, np.float32)])[0].any()


def test_quiet_frames_are_not_heard():
    frames = np.full((6, 3), np.log(1.0), np.float32)
    frames[2:4] = np.log(1e-4)  # 40 dB lower
    frames[4] = np.log(1e-2)
    assert padi_data.voice_activity(frames).shape == (4, 3)
    assert padi_data.voice_activity(frames[2:4]).shape == (
        2,
        3,
    )  # a clip that is quiet throughout is heard
