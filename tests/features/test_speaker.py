"""A speaker encoder from a folder: a tiny one against its closed form, what is refused, and CAM++ on real speech."""

import pickle
import sys

import numpy as np
import pytest

from sercore import audio, store
from sercore.features import speaker
from sercore.features.fbank import centred, fbank
from tests import tiny_speaker


@pytest.fixture
def folder(tmp_path):
    return tiny_speaker.write(tmp_path / "tiny")


def filterbank(frames, *, seed=0):
    return np.random.default_rng(seed).normal(size=(frames, 80)).astype(np.float32)


@pytest.mark.parametrize("frames", [3, 4, 101])
@pytest.mark.parametrize("threads", [1, 2])
def test_outputs_are_the_networks(folder, frames, threads):
    pytest.importorskip("onnxruntime")
    found = speaker.load(folder, threads=threads).hear(filterbank(frames))
    assert [each.shape for each in found] == [
        (-(-frames // 2), 512),
        (-(-frames // 2), 512),
        (192,),
    ]
    for ours, expected in zip(found, tiny_speaker.heard(filterbank(frames)), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_it_knows_its_file_and_goes_to_other_processes(folder):
    pytest.importorskip("onnxruntime")
    encoder = speaker.load(str(folder))
    assert (encoder.name, encoder.content) == ("tiny", store.content(folder / "tiny.onnx"))
    other = pickle.loads(pickle.dumps(encoder))
    assert other == encoder
    np.testing.assert_array_equal(
        other.hear(filterbank(9)).embedding, encoder.hear(filterbank(9)).embedding
    )


def test_a_changed_file_is_another_encoder(folder, monkeypatch):
    pytest.importorskip("onnxruntime")
    before = speaker.load(folder)
    monkeypatch.setattr(tiny_speaker, "NARROW", -tiny_speaker.NARROW)
    tiny_speaker.write(folder)
    after = speaker.load(folder)
    assert after.content != before.content
    np.testing.assert_array_equal(
        after.hear(filterbank(9)).embedding, -before.hear(filterbank(9)).embedding
    )


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (
            filterbank(2),
            r"tiny: 2 frames of 10 ms; expected at least 3\. Remove the clip or record it again\.",
        ),
        (filterbank(0), r"tiny: 0 frames"),
        (
            filterbank(9)[:, :40],
            r"tiny: a filterbank of shape \(9, 40\); expected \(time, 80\)\. Give one clip",
        ),
        (filterbank(9)[None], r"tiny: a filterbank of shape \(1, 9, 80\)"),
    ],
)
def test_what_is_no_clip_is_refused(folder, frames, message):
    encoder = speaker.SpeakerEncoder(path=folder / "tiny.onnx", content="")
    with pytest.raises(speaker.SpeakerError, match=message):
        encoder.hear(frames)


def test_what_is_no_encoder_is_refused(folder, tmp_path):
    pytest.importorskip("onnxruntime")
    empty = tmp_path / "empty"
    empty.mkdir()
    two = tiny_speaker.write(tiny_speaker.write(tmp_path / "two"), name="other.onnx")
    named = tiny_speaker.write(tmp_path / "named", source="feature")
    cut = tiny_speaker.write(tmp_path / "cut")
    (cut / "tiny.onnx").write_bytes((cut / "tiny.onnx").read_bytes()[:-1000])
    for where, message in (
        (
            tmp_path / "none",
            r"none: no such folder; expected one that holds a speaker encoder in ONNX format\. Check the path\.",
        ),
        (folder / "tiny.onnx", r"tiny\.onnx: no such folder"),
        (empty, r"empty: no file ending in \.onnx; expected a speaker encoder\. Copy it there"),
        (
            two,
            r"two: 2 files ending in \.onnx \(other\.onnx, tiny\.onnx\); expected one\. Keep each encoder",
        ),
        (
            named,
            r"tiny\.onnx: takes feature and gives frames_middle, frames_last, embedding; expected fbank, and .* Export",
        ),
        (
            cut,
            r"tiny\.onnx: not loadable \(.+\); expected a whole ONNX file\. Copy or export it again\.",
        ),
    ):
        with pytest.raises(speaker.SpeakerError, match=message) as error:
            speaker.load(where)
        assert str(error.value).startswith(str(where))


def test_threads_are_one_or_more(folder):
    with pytest.raises(speaker.SpeakerError, match=r"threads=0: expected 1 or more"):
        speaker.load(folder, threads=0)


def test_without_onnxruntime_the_remedy_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # importing it fails
    with pytest.raises(
        speaker.SpeakerError,
        match=r"tiny\.onnx: the package onnxruntime was not found; .* pip install onnxruntime",
    ):
        speaker.load(folder)


def test_campplus_on_real_speech(speech):
    pytest.importorskip("onnxruntime")
    folder = speech.parent / "models" / "campplus-speaker"
    clips = [
        sorted((speech / "ravdess" / actor).glob("03-01-01-01-0[12]-01-*"))
        for actor in ("Actor_01", "Actor_02")
    ]
    if not folder.is_dir() or min(map(len, clips)) < 2:
        pytest.skip(
            f"needs the CAM++ speaker encoder and RAVDESS: no {folder}, or too few clips in {speech / 'ravdess'}"
        )
    encoder = speaker.load(folder)
    found = [
        encoder.hear(centred(fbank(audio.read(clip)))) for actor in clips for clip in actor[:2]
    ]
    for each in found:
        assert each.frames_middle.shape == each.frames_last.shape == (len(each.frames_last), 512)
        assert all(np.isfinite(part).all() for part in each)
    rows = np.stack([each.embedding / np.linalg.norm(each.embedding) for each in found])
    alike = rows @ rows.T
    assert (
        min(alike[0, 1], alike[2, 3]) > alike[:2, 2:].max() + 0.2
    )  # two sentences of one actor, one sentence of two
