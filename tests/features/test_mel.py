"""Mel spectrograms and MFCC: one frame by hand, the definition in numpy, librosa, and a machine that has no librosa."""

import subprocess
import sys

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sercore import audio
from sercore.features.mel import DECIBELS, LINEAR, PICTURE, MelSettings, filters, mel, mfcc

RATE = 16_000
SHORT_WINDOW = MelSettings(fft=1024, window=400, hop=160, bands=40, lowest=20.0, highest=7600.0)
NO_FLOOR = MelSettings(floor=None)
MAGNITUDE = MelSettings(power=1.0, decibels=False)
ALL = {
    "decibels": DECIBELS,
    "linear": LINEAR,
    "no floor": NO_FLOOR,
    "picture": PICTURE,
    "short window": SHORT_WINDOW,
    "odd window": MelSettings(fft=512, window=401, hop=100, bands=40),
    "magnitude": MAGNITUDE,
}


def sweep(samples: int = 80_000, *, seed: int = 0) -> np.ndarray:
    """A rising tone that fades into noise."""
    time = np.arange(samples) / RATE
    tone = 0.5 * np.sin(2 * np.pi * (100 * time + 600 * time**2)) * np.exp(-time)
    return (tone + 1e-3 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def by_definition(samples: np.ndarray, how: MelSettings) -> np.ndarray:
    """Every sum written out: mirrored clip, window, transform, triangles, logarithm."""
    half, side = how.fft // 2, (how.fft - how.window) // 2
    samples = samples.astype(np.float64)
    mirrored = np.concatenate([samples[half:0:-1], samples, samples[-2 : -half - 2 : -1]])
    window = np.zeros(how.fft)
    window[side : side + how.window] = np.sin(np.pi * np.arange(how.window) / how.window) ** 2
    frequency = np.arange(half + 1) * how.rate / how.fft
    waves = np.exp(-2j * np.pi * np.outer(np.arange(how.fft), np.arange(half + 1)) / how.fft)
    starts = range(0, len(samples) + 1, how.hop)
    strength = (
        np.abs(np.stack([mirrored[start : start + how.fft] * window for start in starts]) @ waves)
        ** how.power
    )
    low, high = (1127 * np.log1p(hertz / 700) for hertz in (how.lowest, how.highest))
    points = [
        700 * np.expm1((low + (high - low) * band / (how.bands + 1)) / 1127)
        for band in range(how.bands + 2)
    ]
    rows = [
        np.interp(frequency, points[band : band + 3], [0, 1, 0], left=0, right=0)
        for band in range(how.bands)
    ]
    bands = strength @ np.array(rows).T
    if not how.decibels:
        return bands
    level = 10 * np.log10(np.maximum(bands, 1e-10))
    return level if how.floor is None else np.maximum(level, level.max() - how.floor)


def librosas(samples: np.ndarray, how: MelSettings) -> np.ndarray:
    bands = librosa.feature.melspectrogram(
        y=samples,
        sr=how.rate,
        n_fft=how.fft,
        win_length=how.window,
        hop_length=how.hop,
        n_mels=how.bands,
        fmin=how.lowest,
        fmax=how.highest,
        power=how.power,
        htk=True,
        norm=None,
        pad_mode="reflect",
    )
    return (
        librosa.power_to_db(bands, ref=1, amin=1e-10, top_db=how.floor) if how.decibels else bands
    ).T


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference as a part of the range."""
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / np.ptp(theirs))


def test_five_seconds_are_313_frames_of_128_bands():
    assert mel(sweep()).shape == (313, 128)
    assert mfcc(sweep()).shape == (313, 40)
    assert mel(sweep(), settings=PICTURE).shape == (79, 128)


def test_one_frame_by_hand():
    # Under the Hann window a cosine at frequency 64 of the transform has magnitude A n / 4 there and A n / 8 beside it.
    samples = 0.5 * np.cos(2 * np.pi * 64 * np.arange(4096) / 1024)
    there, beside = (0.5 * 1024 / 4) ** 2, (0.5 * 1024 / 8) ** 2
    frame = mel(samples, settings=LINEAR)[8]
    step = 2595 * np.log10(1 + 8000 / 700) / 129  # mel
    expected = np.zeros(128)
    for index, power in ((63, beside), (64, there), (65, beside)):
        hertz = index * RATE / 1024
        band = int(
            2595 * np.log10(1 + hertz / 700) / step
        )  # last point of the scale under it, first one is 0
        below, above = (700 * (10 ** (point * step / 2595) - 1) for point in (band, band + 1))
        expected[band] += power * (hertz - below) / (above - below)  # rising side
        expected[band - 1] += (
            power * (above - hertz) / (above - below)
        )  # falling side of the one before
    assert frame == pytest.approx(expected, abs=1e-8 * there)
    assert frame.sum() == pytest.approx(there + 2 * beside)  # neighbouring triangles add to 1
    decibels = mel(samples)[8]
    assert decibels[band] == pytest.approx(10 * np.log10(expected[band]))
    assert decibels.min() == pytest.approx(mel(samples).max() - 80)


@pytest.mark.parametrize("how", ALL.values(), ids=ALL)
def test_it_is_its_definition_and_librosas(how):
    samples = sweep(20_000)
    for theirs in (by_definition(samples, how), librosas(samples, how)):
        assert apart(mel(samples, settings=how), theirs) < 1e-4
    exact = samples.astype(np.float64)
    assert apart(mel(exact, settings=how), by_definition(exact, how)) < 1e-10


@pytest.mark.parametrize(
    "how", [DECIBELS, NO_FLOOR, SHORT_WINDOW], ids=["decibels", "no floor", "short window"]
)
def test_cepstra_are_their_definition_and_librosas(how):
    samples = sweep(20_000)
    n = np.arange(how.bands)
    cosines = np.cos(np.pi * np.outer(n + 0.5, np.arange(40)) / how.bands) * np.sqrt(2 / how.bands)
    cosines[:, 0] = np.sqrt(1 / how.bands)
    ours = mfcc(samples, settings=how)
    assert apart(ours, by_definition(samples, how) @ cosines) < 1e-4
    assert apart(ours, librosa.feature.mfcc(S=librosas(samples, how).T, n_mfcc=40).T) < 1e-4
    assert np.array_equal(mfcc(samples, coefficients=13, settings=how), ours[:, :13])


@pytest.mark.parametrize("how", [DECIBELS, LINEAR, PICTURE], ids=["decibels", "linear", "picture"])
def test_of_speech_they_are_librosas(speech, how):
    clips = sorted((speech / "emovo").rglob("*.wav"))[:2] or sorted(speech.rglob("*.flac"))[:2]
    if not clips:
        pytest.skip(f"needs a clip under {speech}")
    for clip in clips:
        samples = audio.read(clip)
        assert apart(mel(samples, settings=how), librosas(samples, how)) < 1e-4


@given(length=some.integers(513, 4000), seed=some.integers(0, 99), loudness=some.floats(1e-3, 1))
@settings(max_examples=30)
def test_louder_is_a_shift_in_decibels(length, seed, loudness):
    samples = np.random.default_rng(seed).standard_normal(length)
    quiet, loud = (mel(scale * samples, settings=NO_FLOOR) for scale in (loudness, 1.0))
    assert quiet.shape == (1 + length // 256, 128)
    assert loud - quiet == pytest.approx(np.full_like(loud, -20 * np.log10(loudness)), abs=1e-6)


def test_silence_is_minus_100_decibels():
    assert mel(np.zeros(2000, np.float32)) == pytest.approx(np.full((8, 128), -100.0))


def test_the_floor_is_the_clips_own():
    samples = np.concatenate([sweep(16_000), np.zeros(16_000, np.float32)])
    level = mel(samples)
    assert level.min() == pytest.approx(level.max() - 80)
    assert mel(samples, settings=NO_FLOOR).min() == pytest.approx(-100)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_the_samples(dtype):
    assert mel(sweep(4000).astype(dtype)).dtype == mfcc(sweep(4000).astype(dtype)).dtype == dtype


def test_samples_are_left_as_they_are():
    samples = sweep(4000)
    before = samples.copy()
    assert np.array_equal(mel(samples), mel(samples))
    assert np.array_equal(samples, before)


def test_filters_hold_every_frequency_once():
    bank = filters(MelSettings(fft=2048))
    points = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 130) / 2595) - 1)
    inside = (np.arange(1025) * RATE / 2048 >= points[1]) & (
        np.arange(1025) * RATE / 2048 <= points[-2]
    )
    assert bank.sum(axis=0)[inside] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="read-only"):
        bank[0, 0] = 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fft": 1023}, "fft=1023: expected an even number"),
        ({"window": 2000}, "window=2000: expected 2 to fft=1024 samples"),
        ({"hop": 0}, "hop=0: expected at least 1 sample"),
        ({"bands": 0}, "bands=0: expected at least 1 band"),
        ({"lowest": 9000.0}, "lowest=9000.0: expected 0 Hz to under highest=8000 Hz"),
        ({"rate": 8000}, "highest=8000.0: expected at most half the rate, 4000 Hz"),
        ({"power": 0.0}, "power=0.0: expected over 0"),
        ({"floor": 0.0}, r"floor=0\.0: expected dB over 0"),
    ],
)
def test_settings_out_of_range_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        MelSettings(**values)


@pytest.mark.parametrize(
    ("samples", "how", "message"),
    [
        (np.zeros(512), DECIBELS, "512 samples; an FFT of 1024 needs at least 513"),
        (np.zeros(0), DECIBELS, "0 samples; an FFT of 1024 needs at least 513"),
        (
            np.zeros((2, 4000)),
            DECIBELS,
            r"samples of shape \(2, 4000\); a spectrogram needs one channel",
        ),
        (np.zeros(4000, np.int16), DECIBELS, "samples of type int16; expected float32 or float64"),
        (
            np.zeros(4000),
            MelSettings(fft=512, window=400),
            "bands without a frequency, first band 0; expected each to hold one of the 257",
        ),
    ],
)
def test_what_has_no_spectrogram_is_refused(samples, how, message):
    with pytest.raises(ValueError, match=message):
        mel(samples, settings=how)


def test_the_shortest_clip_has_a_spectrogram():
    assert np.isfinite(mel(sweep(513))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"settings": LINEAR}, "decibels=False: expected a spectrogram in dB"),
        ({"coefficients": 0}, "coefficients=0: expected 1 to 128"),
        ({"coefficients": 129}, "coefficients=129: expected 1 to 128"),
    ],
)
def test_cepstra_that_are_not_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        mfcc(sweep(4000), **arguments)


def test_it_runs_where_no_audio_library_is():
    program = """
import sys
sys.modules.update(dict.fromkeys(["librosa", "parselmouth", "torchaudio"]))  # importing one fails
import numpy as np
from sercore.features.length import fit, trim
from sercore.features.mel import mfcc
print(mfcc(fit(trim(np.ones(900, np.float32)), length=80_000)).shape)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "(313, 40)"
