"""Kaldi's filterbank: every sum of its definition written out, values by hand, silence, loudness, lengths."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sercore.features.fbank import centred, fbank, filters

LEAST = math.log(2.0**-23)


def by_definition(samples):
    """One frame after the other, one sample after the other."""
    centres = [1127 * math.log(1 + 20 / 700)]
    step = (1127 * math.log(1 + 8000 / 700) - centres[0]) / 81
    centres += [centres[0] + step * number for number in range(1, 82)]
    mels = [1127 * math.log(1 + bin * 31.25 / 700) for bin in range(256)]
    rows = []
    for start in range(0, len(samples) - 399, 160):
        frame = [float(sample) for sample in samples[start : start + 400]]
        mean = sum(frame) / 400
        frame = [sample - mean for sample in frame]
        frame = [frame[0] - 0.97 * frame[0]] + [
            frame[i] - 0.97 * frame[i - 1] for i in range(1, 400)
        ]
        frame = [
            frame[i] * (0.5 - 0.5 * math.cos(2 * math.pi * i / 399)) ** 0.85 for i in range(400)
        ]
        turns = [cmath.exp(-2j * math.pi * turn / 512) for turn in range(512)]
        power = [
            abs(sum(frame[i] * turns[bin * i % 512] for i in range(400))) ** 2 for bin in range(256)
        ]
        row = []
        for left, centre, right in zip(centres, centres[1:], centres[2:], strict=False):
            energy = 0.0
            for mel, strength in zip(mels, power, strict=True):
                if left < mel < right:
                    energy += strength * ((mel - left) if mel <= centre else (right - mel)) / step
            row.append(math.log(max(energy, 2.0**-23)))
        rows.append(row)
    return np.array(rows)


def sweep(samples, *, seed=0):
    time = np.arange(samples) / 16_000
    return 0.4 * np.sin(2 * np.pi * (100 + 8000 * time) * time) + 1e-3 * np.random.default_rng(
        seed
    ).normal(size=samples)


@pytest.mark.parametrize("scale", [32768.0, 1.0])
def test_it_is_its_definition(scale):
    samples = scale * np.concatenate([sweep(600), np.zeros(560)])
    found = fbank(samples)
    assert found.shape == (5, 80)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_definition(samples), rtol=0, atol=1e-5)


def test_a_tone_is_loudest_in_its_band():
    time = np.arange(4000) / 16_000
    for hertz in (300, 1000, 3000, 7000):
        band = (1127 * math.log(1 + hertz / 700) - 31.75) / (2840.02 - 31.75) * 81 - 1
        assert np.abs(fbank(np.sin(2 * np.pi * hertz * time)).argmax(axis=1) - band).max() < 1


@pytest.mark.parametrize("level", [0.0, 0.25, -1.0, 8192.0, -32768.0])
def test_silence_and_a_constant_are_the_floor(level):
    assert fbank(np.full(1200, level)) == pytest.approx(np.full((6, 80), LEAST))


@given(length=some.integers(400, 3000), loudness=some.floats(0.01, 1))
@settings(max_examples=30)
def test_louder_is_a_shift(length, loudness):
    samples = np.random.default_rng(length).normal(scale=3000, size=length)
    loud, quiet = fbank(samples), fbank(loudness * samples)
    assert loud.shape == (1 + (length - 400) // 160, 80)
    np.testing.assert_allclose(quiet - loud, 2 * math.log(loudness), atol=1e-4)
    np.testing.assert_allclose(centred(quiet), centred(loud), atol=1e-4)


def test_a_frame_is_that_of_its_own_samples():
    samples = sweep(3000)
    for frame, row in enumerate(fbank(samples)):
        np.testing.assert_array_equal(fbank(samples[160 * frame :][:400])[0], row)


def test_centred_bands_have_mean_zero():
    frames = fbank(sweep(8000))
    found = centred(frames)
    np.testing.assert_allclose(found.mean(axis=0, dtype=np.float64), 0, atol=1e-5)
    np.testing.assert_allclose(np.diff(found, axis=0), np.diff(frames, axis=0), atol=1e-5)


def test_neighbouring_triangles_add_to_one():
    bank = filters()
    mels = 1127 * np.log1p(np.arange(257) * 31.25 / 700)
    step = (1127 * math.log1p(8000 / 700) - 1127 * math.log1p(20 / 700)) / 81
    inside = (mels > mels[-1] - 80 * step) & (mels < mels[-1] - step)
    assert bank.sum(axis=0)[inside] == pytest.approx(1)
    assert bank.any(axis=1).all()
    assert not bank[:, -1].any()
    with pytest.raises(ValueError, match="read-only"):
        bank[0, 0] = 1


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(399), r"399 samples; a frame of 25 ms needs at least 400\. Remove the clip"),
        (np.zeros((2, 4000)), r"samples of shape \(2, 4000\); a filterbank needs one channel"),
        (np.zeros(4000, np.int16), "samples of type int16; expected float32 or float64"),
    ],
)
def test_what_has_no_filterbank_is_refused(samples, message):
    with pytest.raises(ValueError, match=message):
        fbank(samples)
