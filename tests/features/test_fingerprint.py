"""Copies of synthetic speech are found by their sound, each planted one and no other."""

import itertools

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.leaks import EXACT, KINDS, noisy, plant
from sercore import audio
from sercore.corpora.demo import synthetic
from sercore.features import fingerprint
from sercore.features.fingerprint import copies, correlate, matches

RATE = audio.RATE


@pytest.fixture(scope="module")
def speech():
    """Clips of two demo corpora: four and thirty voices."""
    return [
        path
        for name in ("demo-studio", "demo-conversa")
        for path in synthetic.load(name).table["path"]
    ]


def planted(path, kind, folder):
    return plant(path, *KINDS[kind], folder / f"{path.stem} {kind}.x")


@pytest.mark.parametrize("kind", KINDS)
def test_each_planted_copy_is_found_and_nothing_else(speech, tmp_path, kind):
    chosen = list(range(0, len(speech), 29))
    found = copies([*speech, *(planted(speech[number], kind, tmp_path) for number in chosen)])
    expected = {(number, len(speech) + place) for place, number in enumerate(chosen)}
    assert {(pair.first, pair.second) for pair in found} == expected
    assert {pair.is_exact for pair in found} == {kind in EXACT}
    assert min(pair.correlation for pair in found) > 0.85


def test_nothing_is_found_where_nothing_was_planted(speech):
    assert copies(speech) == []


def test_pairs_on_one_side_of_a_split_are_not_looked_for(speech, tmp_path):
    again = [planted(speech[3], "8 kHz", tmp_path), planted(speech[5], "FLAC", tmp_path)]
    clips, n = [*speech, *again], len(speech)
    sides = ["training"] * n + ["test", "training"]
    assert [pair[:2] for pair in copies(clips, sides=sides)] == [(3, n)]
    sides = ["training"] * n + ["training", "test"]
    assert [pair[:2] for pair in copies(clips, sides=sides)] == [(5, n + 1)]


def test_a_clip_that_stands_many_times_is_paired_with_the_first(speech, tmp_path):
    n = len(speech)
    again = [planted(speech[0], kind, tmp_path) for kind in ("FLAC", "stereo")]
    louder = planted(speech[0], "a tenth of the level", tmp_path)
    found = copies([*speech, *again, louder])
    assert [pair[:2] for pair in found] == [(0, n), (0, n + 1), (0, n + 2)]
    sides = ["a"] * n + ["a", "b", "b"]
    assert [pair[:2] for pair in copies([*speech, *again, louder], sides=sides)] == [
        (0, n + 1),
        (0, n + 2),
    ]


@given(
    gain=st.floats(0.02, 0.9),
    decibels=st.floats(18, 60),
    start=st.integers(0, 3_000),
    added=st.integers(0, 20_000),
    number=st.integers(0, 30),
)
@settings(max_examples=25)
def test_any_level_start_and_small_noise(speech, gain, decibels, start, added, number):
    samples = audio.read(speech[number])
    changed = np.pad(noisy(gain * samples, decibels)[start:], (added, 0)).astype(np.float32)
    prints = [fingerprint.fingerprint(clip) for clip in (samples, changed)]
    both = np.concatenate(prints)
    owner = np.repeat([0, 1], [len(clip) for clip in prints])
    pairs = matches(both["patch"].astype(np.float32), both["frame"], owner, sides=np.arange(2))
    assert pairs.tolist() == [[0, 1]]


def test_cells_find_what_all_pairs_find():
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(60, fingerprint.WIDTH))
    patches = np.repeat(centres, 100, 0) + 1.2 * rng.normal(size=(6_000, fingerprint.WIDTH))
    patches[3_000:3_300] = patches[:300] + 0.1 * rng.normal(size=(300, fingerprint.WIDTH))
    patches = (patches / np.linalg.norm(patches, axis=1, keepdims=True)).astype(np.float32)
    one, other, cosine = fingerprint._alike(patches)
    every = np.argwhere(np.triu(patches @ patches.T, 1) >= fingerprint.ALIKE)
    assert len(patches) > 10 * fingerprint.CELL
    assert {(a, b) for a, b in every.tolist() if b == a + 3_000} <= set(
        zip(one.tolist(), other.tolist(), strict=True)
    )
    assert len(one) >= 0.98 * len(every)
    np.testing.assert_allclose(cosine, (patches[one] * patches[other]).sum(1), atol=1e-5)


def test_correlation_is_that_of_numpy_at_the_right_shift(tmp_path):
    noise = np.random.default_rng(1).normal(size=3 * RATE)
    band = fingerprint.signal.butter(4, [300, 3_000], "bandpass", fs=RATE, output="sos")
    noise = 0.1 * fingerprint.signal.sosfilt(band, noise)
    mixed = noise + 0.1 * fingerprint.signal.sosfilt(
        band, np.random.default_rng(2).normal(size=3 * RATE)
    )
    for name, samples in {"one": noise, "other": mixed[800:]}.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE, subtype="FLOAT")
    expected = np.corrcoef(noise[800:], mixed[800:])[0, 1]
    assert correlate(tmp_path / "one.wav", tmp_path / "other.wav") == pytest.approx(
        expected, abs=0.02
    )


def test_silence_and_very_short_clips_are_like_nothing(tmp_path):
    rng = np.random.default_rng(0)
    for number, size in itertools.product(range(2), (1, 100, 3_000)):
        soundfile.write(tmp_path / f"{size}-{number}.wav", 0.1 * rng.normal(size=size), RATE)
    for number in range(2):
        soundfile.write(tmp_path / f"silent-{number}.wav", np.full(9_000 + number, 0.0), RATE)
    clips = sorted(tmp_path.glob("*.wav"))
    assert copies(clips) == []
    assert [pair[:2] for pair in copies([*clips, clips[0]])] == [(0, len(clips))]
    assert copies([]) == []
