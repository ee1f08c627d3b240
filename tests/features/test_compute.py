"""Features of many clips: kept, found again, measured anew where damaged; what a bad clip does to the others."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
from known_signals import RATE, tone

from sercore import audio, features, store
from sercore.features import keeping


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """An empty store."""
    folder = tmp_path / "store"
    monkeypatch.setenv("SER_STORE", str(folder))
    return lambda: sorted(folder.rglob("*.npy"))


@pytest.fixture
def clips(tmp_path):
    """Four clips of 0.3 s, no two alike."""
    paths = [tmp_path / f"{frequency}.wav" for frequency in (120, 180, 240, 300)]
    for path in paths:
        soundfile.write(path, tone(float(path.stem), seconds=0.3), RATE)
    return paths


@pytest.fixture
def measured(monkeypatch):
    """Names of the clips that were measured, in order; ``stop`` names one that ends the run."""
    names, one = [], keeping._one

    def watched(measure, content, clip):
        if clip.endswith(getattr(watched, "stop", "none")):
            raise KeyboardInterrupt
        names.append(clip.rsplit("/", 1)[-1])
        return one(measure, content, clip)

    monkeypatch.setattr(keeping, "_one", watched)
    watched.names = names
    return watched


@pytest.mark.parametrize("name", features.SETS)
def test_a_row_is_the_extractors_result(clips, name):
    chosen = features.SETS[name]
    rows = features.compute(name, clips[:2], jobs=1)
    assert rows.shape == (2, len(chosen.names))
    assert rows.dtype == np.float64
    values = chosen.function(audio.read(clips[1]), **chosen.options)
    assert rows[1] == pytest.approx(
        values[list(chosen.columns or range(len(values)))], rel=1e-9, abs=1e-9
    )


def test_no_clip_gives_no_row():
    assert features.compute("gender", []).shape == (0, 44)


def test_what_is_kept_is_not_measured_again(clips, measured, kept):
    rows = features.compute("gender", clips[:2], jobs=1)
    assert len(kept()) == 2
    again = features.compute("gender", [str(clip) for clip in reversed(clips)], jobs=1)
    assert sorted(measured.names) == sorted(clip.name for clip in clips)
    assert np.array_equal(again[::-1][:2], rows)


def test_an_interrupted_run_goes_on_where_it_was(clips, measured, kept):
    measured.stop = clips[2].name
    with pytest.raises(KeyboardInterrupt):
        features.compute("gender", clips, jobs=1)
    assert len(kept()) == 2
    measured.stop = "none"
    features.compute("gender", clips, jobs=1)
    assert measured.names == [clip.name for clip in clips]


def test_processes_change_nothing(clips, tmp_path, monkeypatch):
    one = features.compute("prosodic", clips, jobs=1)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "second"))
    assert np.array_equal(one, features.compute("prosodic", clips, jobs=2))


def test_equal_content_is_measured_once(clips, measured, tmp_path):
    copy = tmp_path / "copy.wav"
    copy.write_bytes(clips[0].read_bytes())
    rows = features.compute("gender", [clips[0], copy, clips[1], clips[0]], jobs=1)
    assert measured.names == [clips[0].name, clips[1].name]
    assert np.array_equal(rows[0], rows[1])
    assert np.array_equal(rows[0], rows[3])


def test_a_damaged_file_is_measured_again(clips, measured, kept):
    rows = features.compute("gender", clips[:1], jobs=1)
    (file,) = kept()
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.warns(UserWarning, match="damaged"):
        again = features.compute("gender", clips[:1], jobs=1)
    assert np.array_equal(rows, again)
    assert measured.names == [clips[0].name] * 2
    features.compute("gender", clips[:1], jobs=1)
    assert len(measured.names) == 2


def test_sets_are_kept_apart(clips, kept):
    authors, corrected = (
        features.compute(name, clips[:1], jobs=1) for name in ("gender-as-run", "gender")
    )
    assert len(kept()) == 2
    assert not np.array_equal(authors, corrected)


def test_a_changed_clip_is_measured_again(clips, measured):
    features.compute("gender", clips[:1], jobs=1)
    soundfile.write(clips[0], tone(200.0, seconds=0.3), RATE)
    features.compute("gender", clips[:1], jobs=1)
    assert len(measured.names) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            np.zeros(0),
            r"bad\.wav: no sample in 0\.0 s of audio; .* Remove the file or record it again\.",
        ),
        (
            np.zeros(100),
            r"bad\.wav: 100 samples in 0\.00625 s of audio; features need at least 0\.04000 s\. Remove",
        ),
        (b"not audio", r"bad\.wav: not readable as audio .* Convert or remove the file\."),
    ],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bad_clip_is_named_and_the_others_are_kept(clips, kept, tmp_path, content, message, jobs):
    bad = tmp_path / "bad.wav"
    if isinstance(content, bytes):
        bad.write_bytes(content)
    else:
        soundfile.write(bad, content, RATE)
    with pytest.raises(audio.AudioError, match=message):
        features.compute("gender", [clips[0], bad, clips[1]], jobs=jobs)
    assert len(kept()) == 2


def test_further_bad_clips_are_counted(tmp_path):
    bad = [tmp_path / name for name in ("a.wav", "b.wav", "c.wav")]
    for length, path in enumerate(bad, start=1):
        soundfile.write(path, np.zeros(length), RATE)
    with pytest.raises(audio.AudioError, match=r"a\.wav: .* \(2 more clips cannot be used\)$"):
        features.compute("gender", bad, jobs=1)


def test_a_missing_clip_is_named(tmp_path):
    with pytest.raises(audio.AudioError, match=r"none\.wav: no such file; expected"):
        features.compute("gender", [tmp_path / "none.wav"])


def test_an_unknown_set_is_refused(clips):
    with pytest.raises(
        ValueError,
        match="prosidic: no such feature set; expected one of prosodic, prosodic-as-run, gender",
    ):
        features.compute("prosidic", clips)


def test_two_channels_are_averaged(tmp_path):
    channels = 2 * np.random.default_rng(0).integers(-4000, 4000, size=(5000, 2), dtype=np.int16)
    soundfile.write(tmp_path / "stereo.wav", channels, RATE)
    soundfile.write(tmp_path / "mono.wav", channels.sum(axis=1, dtype=np.int16) // 2, RATE)
    for name in features.SETS:
        stereo, mono = features.compute(
            name, [tmp_path / "stereo.wav", tmp_path / "mono.wav"], jobs=1
        )
        assert np.array_equal(stereo, mono)


def test_a_key_follows_the_extractor_and_its_library():
    modules, versions = store.closure(["sercore.features.prosodic", "sercore.audio"])
    assert {"sercore.features.gne", "sercore.features.praat"} <= set(modules)
    assert {"parselmouth", "praat-parselmouth"} & set(versions)


def test_names_need_neither_praat_nor_librosa():
    code = "import sys, sercore.features; print(*sorted({'parselmouth', 'librosa', 'scipy.stats', 'joblib'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
