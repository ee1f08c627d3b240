"""Features of a folder as a table, as a transformer, and what their columns are."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from known_signals import RATE, tone
from sklearn.base import clone

from sercore import audio, features
from sercore.features import ClipFeatures, describe, extract
from sercore.pages import columns

UNITS = {"", "dB", "Hz", "Hz³", "Hz/s", "semitones/s", "cm", "Pa² s", "Pa²/Hz²"}


@pytest.fixture
def folder(tmp_path, empty_store):
    """Two clips, one of them in a folder of its own, and an empty file."""
    place = tmp_path / "clips"
    (place / "inner").mkdir(parents=True)
    soundfile.write(place / "a.wav", tone(120, seconds=0.3), RATE)
    soundfile.write(place / "inner" / "b.flac", tone(240, seconds=0.3), RATE)
    (place / "c.wav").write_bytes(b"")
    (place / "notes.txt").write_text("notes")
    return place


@pytest.mark.parametrize("name", features.SETS)
def test_every_column_of_every_set_has_a_unit_and_a_meaning(name):
    chosen = features.SETS[name]
    assert list(chosen.meanings) == sorted(chosen.meanings, key=chosen.names.index)
    described = describe(name)
    assert tuple(described.index) == chosen.names
    assert set(described["unit"]) <= UNITS
    assert described["meaning"].str.len().min() >= 10
    assert described["meaning"].is_unique
    assert all(column in columns.columns() for column in chosen.names)


def test_what_the_code_of_the_authors_computes_is_said():
    changed = describe("prosodic") != describe("prosodic-as-run")
    assert list(changed.index[changed.any(axis=1)]) == ["median_intensity"]
    assert describe("prosodic").loc["median_intensity", "unit"] == "dB"
    assert describe("prosodic-as-run").loc["median_intensity", "unit"] == "Hz"
    changed = (describe("gender") != describe("gender-as-run")).any(axis=1)
    assert not changed[[name for name in changed.index if name.endswith("_pitch")]].any()
    assert changed.sum() == 32


def test_units_are_what_the_numbers_scale_by():
    """Twice the amplitude is 6.02 dB more, four times the energy, and no other frequency."""
    once, twice = (
        ClipFeatures("prosodic").fit_transform([gain * tone(150, seconds=0.5)])[0]
        for gain in (0.2, 0.4)
    )
    units = describe("prosodic")["unit"]
    for name, one, other in zip(units.index, once, twice, strict=True):
        if "intensity" in name and units[name] == "dB" and name != "stddev_intensity":
            assert other - one == pytest.approx(20 * np.log10(2), abs=1e-3), name
        elif units[name].startswith("Pa²"):
            assert other == pytest.approx(4 * one, rel=1e-4), name
        elif units[name] in ("Hz", "cm", "semitones/s"):
            assert other == pytest.approx(one, rel=1e-3, abs=1e-3), name
    table = describe("prosodic").assign(value=once)["value"]
    assert table["band_density"] == pytest.approx(table["band_energy"] / 800, rel=1e-6)


def test_bad_clips_are_told_or_skipped_on_request(folder):
    with pytest.raises(audio.AudioError, match=r"c\.wav: an empty file"):
        extract(folder, "gender")
    with pytest.warns(UserWarning, match=r"c\.wav: an empty file"):
        table = extract(folder, "gender", on_error="warn")
    assert list(table.index) == [str(folder / "a.wav"), str(folder / "inner" / "b.flac")]
    assert list(table.attrs["errors"]) == [str(folder / "c.wav")]
    assert table.notna().all(axis=None)
    again = extract([*table.index, folder / "nowhere.wav"], "gender", on_error="skip", quiet=True)
    pd.testing.assert_frame_equal(again, table, check_like=True)
    assert "no such file" in again.attrs["errors"][str(folder / "nowhere.wav")]
    assert extract(folder / "c.wav", on_error="skip").shape == (0, 56)


@pytest.mark.parametrize("name", features.SETS)
@pytest.mark.parametrize("what", ["zeros", "a constant", "noise of three steps of 16 bits"])
def test_silence_is_no_clip_to_measure(tmp_path, empty_store, name, what):
    noise = np.tile(np.array([3, -3, 0, 1, -1], np.int16), 2000)
    steps = {"zeros": 0 * noise, "a constant": np.full_like(noise, 8000)}.get(what, noise)
    soundfile.write(tmp_path / "silent.wav", steps, RATE)
    soundfile.write(tmp_path / "faint.wav", 2 * noise, RATE)
    table = extract(tmp_path, name, on_error="skip", quiet=True)
    assert list(table.index) == [str(tmp_path / "faint.wav")]
    (message,) = table.attrs["errors"].values()
    assert message.startswith(f"{tmp_path / 'silent.wav'}: silent; expected speech.")
    with pytest.raises(ValueError, match="clip 0: silent; expected speech"):
        ClipFeatures(name).fit_transform([steps / 32768])


def test_what_is_no_folder_of_clips_is_refused(folder):
    (folder / "empty").mkdir()
    with pytest.raises(audio.AudioError, match=r"empty: no \.flac or \.wav file in it"):
        extract(folder / "empty")
    with pytest.raises(ValueError, match="on_error=leave: expected raise, warn or skip"):
        extract(folder, on_error="leave")
    with pytest.raises(ValueError, match="prosody: no such feature set"):
        extract(folder / "a.wav", "prosody")


def test_a_transformer_takes_paths_and_samples(folder):
    paths = [folder / "a.wav", folder / "inner" / "b.flac"]
    model = clone(ClipFeatures("gender", quiet=True)).fit(paths)
    values = model.transform(paths)
    assert values == pytest.approx(features.compute("gender", paths))
    assert list(model.get_feature_names_out()) == list(features.SETS["gender"].names)
    table = pd.DataFrame({"path": map(str, paths)}, index=["one", "two"])
    for clips in (table, table["path"], table.to_numpy(), [audio.read(path) for path in paths]):
        assert model.transform(clips) == pytest.approx(values)
    framed = model.set_output(transform="pandas").transform(table["path"])
    assert list(framed.index) == ["one", "two"]
    assert framed["mean_pitch"].between(100, 260).all()
    with pytest.raises(ValueError, match="2 columns; expected one of paths"):
        model.transform(table.assign(other="x"))


def test_a_transformer_refuses_or_marks_what_cannot_be_used(folder):
    clips = [folder / "a.wav", folder / "c.wav"]
    with pytest.raises(audio.AudioError, match="an empty file"):
        ClipFeatures("gender").fit_transform(clips)
    with pytest.warns(UserWarning, match="an empty file"):
        values = ClipFeatures("gender", on_error="nan").fit_transform(clips)
    assert np.isnan(values).all(axis=1).tolist() == [False, True]
    short = [tone(120, seconds=0.3), np.zeros(10)]
    with pytest.raises(ValueError, match="clip 1: 10 samples"):
        ClipFeatures("prosodic").fit_transform(short)
    with pytest.warns(UserWarning, match="clip 1: 10 samples"):
        assert np.isnan(ClipFeatures("prosodic", on_error="nan").fit_transform(short)[1]).all()
    with pytest.raises(ValueError, match="on_error=skip: expected raise or nan"):
        ClipFeatures(on_error="skip").fit(clips)
