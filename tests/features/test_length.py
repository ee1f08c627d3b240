"""Trimming is librosa's, at both ends or the last one; fitting cuts or appends zeros at the end; their edges."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sercore import audio
from sercore.features.length import fit, trim

RATE = 16_000


@some.composite
def clips(draw) -> np.ndarray:
    """Pieces of noise, each at a level of its own, some silent."""
    generator = np.random.default_rng(draw(some.integers(0, 999)))
    pieces = draw(
        some.lists(
            some.tuples(
                some.integers(1, 4000), some.sampled_from([0.0, 1e-6, 3e-4, 0.01, 0.07, 0.3, 0.9])
            ),
            min_size=1,
            max_size=6,
        )
    )
    return np.concatenate(
        [level * generator.standard_normal(length) for length, level in pieces]
    ).astype(np.float32)


@given(samples=clips(), decibels=some.sampled_from([3.0, 20.0, 60.0]))
@settings(max_examples=150)
def test_trimming_is_librosas(samples, decibels):
    theirs, (start, end) = librosa.effects.trim(samples, top_db=decibels)
    assert np.array_equal(trim(samples, decibels=decibels), theirs)
    assert np.array_equal(trim(samples, decibels=decibels, leading=False), samples[:end])
    assert 0 <= start < end <= len(samples)


def test_trimming_speech_is_librosas(speech):
    paths = sorted((speech / "emovo").rglob("*.wav"))[:5] or sorted(speech.rglob("*.flac"))[:5]
    if not paths:
        pytest.skip(f"needs a clip under {speech}")
    for path in paths:
        samples = audio.read(path)
        assert np.array_equal(trim(samples), librosa.effects.trim(samples, top_db=20)[0])


def test_silence_goes_where_it_is():
    # 1 s of silence, 1 s of tone, 1 s of silence: frames reach 1024 samples to each side of their centre.
    tone = np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    samples = np.concatenate([np.zeros(RATE), tone, np.zeros(RATE)])
    both, last = trim(samples), trim(samples, leading=False)
    assert np.array_equal(last[: 2 * RATE], samples[: 2 * RATE])
    assert 0 <= len(last) - 2 * RATE <= 1024 + 512
    assert np.array_equal(both, last[len(last) - len(both) :])
    assert 0 <= len(both) - (len(last) - RATE) <= 1024 + 512


@given(samples=clips(), scale=some.sampled_from([0.25, 0.5, 2.0]))
@settings(max_examples=30)
def test_what_stays_is_a_view_and_level_changes_nothing(samples, scale):
    samples = samples + np.float32(0.01)  # above what counts as silence at any scale here
    kept = trim(samples)
    assert np.shares_memory(kept, samples)
    assert len(trim(scale * samples)) == len(kept)


@pytest.mark.parametrize("length", [1, 511, 512, 513, 2048, 5000])
@pytest.mark.parametrize("level", [0.0, 1e-5, 0.5])
def test_a_clip_as_quiet_all_over_stays_whole(length, level):
    assert len(trim(np.full(length, level))) == length


def test_a_click_in_silence_keeps_the_frames_that_hold_it():
    samples = np.zeros(RATE)
    samples[8000] = 1.0
    kept = trim(samples)
    assert kept.max() == 1.0
    assert len(kept) == 4 * 512  # the four frames of 2048 samples, 512 apart, that hold it


@pytest.mark.parametrize(
    ("samples", "arguments", "message"),
    [
        (np.zeros(0), {}, r"no sample in 0\.0 s of audio"),
        (np.zeros((1, 400)), {}, r"samples of shape \(1, 400\); expected one channel"),
        (np.ones(400), {"decibels": 0.0}, r"decibels=0\.0: expected over 0"),
        (np.ones(400), {"decibels": float("nan")}, "decibels=nan: expected over 0"),
    ],
)
def test_what_cannot_be_trimmed_is_refused(samples, arguments, message):
    with pytest.raises(ValueError, match=message):
        trim(samples, **arguments)


@pytest.mark.parametrize(
    ("there", "length"), [(3, 5), (5, 5), (8, 5), (1, 80_000), (80_001, 80_000)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fitting_cuts_or_appends_at_the_end(there, length, dtype):
    samples = np.arange(1, there + 1).astype(dtype)
    fitted = fit(samples, length=length)
    assert fitted.shape == (length,)
    assert fitted.dtype == dtype
    assert np.array_equal(fitted[:there], samples[:length])
    assert not fitted[there:].any()
    assert not np.shares_memory(fitted, samples)


@pytest.mark.parametrize(
    ("samples", "length", "message"),
    [
        (np.zeros(0), 5, r"no sample in 0\.0 s of audio"),
        (np.zeros((2, 8)), 5, r"samples of shape \(2, 8\); expected one channel"),
        (np.zeros(8), 0, "length=0: expected at least 1 sample"),
    ],
)
def test_what_cannot_be_fitted_is_refused(samples, length, message):
    with pytest.raises(ValueError, match=message):
        fit(samples, length=length)
