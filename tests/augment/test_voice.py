"""Change gender: same bytes for the same seed, pitch and formants where they are asked, bounds, kept copies."""

import numpy as np
import parselmouth
import pytest
import soundfile

from sercore import audio
from sercore.augment import voice
from sercore.process import CallError, isolated


def vowel(pitch: float, seconds: float = 0.8) -> np.ndarray:
    """A pulse train through two resonances, at 700 and 1200 Hz."""
    from scipy.signal import lfilter

    samples = np.zeros(int(seconds * audio.RATE))
    samples[:: int(audio.RATE / pitch)] = 1.0
    for formant, width in ((700, 80), (1200, 100)):
        radius = np.exp(-np.pi * width / audio.RATE)
        samples = lfilter(
            [1], [1, -2 * radius * np.cos(2 * np.pi * formant / audio.RATE), radius**2], samples
        )
    return 0.5 * samples / np.abs(samples).max()


def median_pitch(samples: np.ndarray) -> float:
    pitch = (
        parselmouth.Sound(samples.astype(float), audio.RATE)
        .to_pitch(pitch_floor=75, pitch_ceiling=600)
        .selected_array["frequency"]
    )
    return float(np.median(pitch[pitch > 0]))


@pytest.mark.parametrize(("pitch", "conversion"), [(120, voice.TO_FEMALE), (220, voice.TO_MALE)])
def test_the_median_pitch_is_the_one_asked_for(pitch, conversion):
    changed = isolated(_changed, pitch, conversion, 0, seconds=30)
    assert median_pitch(changed) == pytest.approx(conversion.median, rel=0.03)
    assert len(changed) / audio.RATE == pytest.approx(0.8, abs=0.01)


def test_the_same_seed_gives_the_same_bytes():
    first, second, other = (
        isolated(_changed, 120, voice.TO_FEMALE, seed, seconds=30) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"formants": 2.5, "median": 300}, "formants=2.5: expected 0.5 to 2"),
        ({"formants": 1.1, "median": 300, "spread": 2.2}, "spread=2.2: expected 0 to 2"),
        ({"formants": 1.1, "median": 20}, "median=20: expected 0 or 40 to 500 Hz"),
    ],
)
def test_arguments_that_hang_or_fail_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        voice.Conversion(**values)


def test_copies_are_kept_and_a_hopeless_clip_gives_its_error(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    clips = [tmp_path / "good.wav", tmp_path / "short.wav"]
    soundfile.write(clips[0], vowel(120), audio.RATE)
    soundfile.write(clips[1], np.zeros(20), audio.RATE)
    good, bad = voice.converted(clips, [voice.TO_FEMALE] * 2)
    assert soundfile.info(good).subtype == "PCM_16"
    assert isinstance(bad, CallError)
    before = good.stat().st_mtime_ns
    assert voice.converted(clips[:1], [voice.TO_FEMALE]) == [good]
    assert good.stat().st_mtime_ns == before


def _changed(pitch: float, conversion: voice.Conversion, seed: int) -> np.ndarray:
    return voice.change_gender(vowel(pitch), conversion=conversion, seed=seed)
