"""Frames of many clips in one mapped file: the same as clip by clip, made once, whole or not at all, and never of another clip."""

import os
import shutil
import time

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as some

from sercore import store
from sercore.audio import AudioError
from sercore.features import keeping
from sercore.papers.parry2022.data import FILTERBANKS

LONG_AGO = 10**9
TICK = 0.05  # seconds that tell two times of a file apart


pytestmark = pytest.mark.usefixtures("empty_store")


@pytest.fixture
def clips(tmp_path):
    """Five clips of unequal length, changed long ago."""
    paths = []
    for number in range(5):
        path = tmp_path / f"{number}.wav"
        soundfile.write(
            path, np.random.default_rng(number).normal(0, 0.1, 1000 + 700 * number), 16_000
        )
        os.utime(path, (LONG_AGO, LONG_AGO))
        paths.append(path)
    return paths


class Counted:
    """Samples of clips in steps of 100, and which clips were asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, clips):
        self.asked += [path.name for path in clips]
        return [
            np.float32(
                soundfile.read(path)[0][: -(len(soundfile.read(path)[0]) % 100) or None].reshape(
                    -1, 100
                )
            )
            for path in clips
        ]


def packed_file():
    (path,) = (path for path in store.root().rglob("packed/*/*.npy") if ".starts" not in path.name)
    return path


def packed_by(compute, clips, **settings):
    return keeping.frames(clips, compute=compute, settings=settings, modules=["sercore.audio"])


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_the_file_holds_what_each_clip_has(clips, monkeypatch, chunk):
    monkeypatch.setattr(keeping, "CHUNK", chunk)
    values, starts = packed_by(Counted(), clips)
    rows = Counted()(clips)
    assert isinstance(values, np.memmap)
    assert values.dtype == np.float32
    assert np.array_equal(values, np.concatenate(rows))
    assert np.diff(starts).tolist() == [len(row) for row in rows]
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 0


def test_it_is_made_once_and_again_for_other_clips_orders_and_settings(clips):
    compute = Counted()
    for _ in range(2):
        packed_by(compute, clips)
    assert len(compute.asked) == 5
    for other in (clips[::-1], clips[:4]):
        packed_by(compute, other)
    packed_by(compute, clips, bands=40)
    assert len(compute.asked) == 5 + 5 + 4 + 5


def test_a_changed_clip_is_read_again_even_where_size_and_time_are_kept(clips):
    compute = Counted()
    before, _ = packed_by(compute, clips)
    samples, rate = soundfile.read(clips[0])
    soundfile.write(clips[0], -samples, rate)
    os.utime(clips[0], (LONG_AGO, LONG_AGO))
    after, _ = packed_by(compute, clips)
    assert len(compute.asked) == 10
    assert not np.array_equal(before[:10], after[:10])
    assert np.array_equal(before[10:], after[10:])


def test_contents_are_those_of_the_files_and_are_taken_once(clips, monkeypatch):
    monkeypatch.setattr(keeping, "SETTLED", 0)
    assert keeping.contents(clips) == [store.content(path) for path in clips]
    monkeypatch.setattr(store, "content", None)
    assert keeping.contents(clips[::-1])[-1] == keeping.contents(clips)[0]


def test_what_has_just_been_written_is_not_trusted(clips):
    keeping.contents(clips)  # written a moment ago: nothing tells a change within the same tick
    assert not (store.root() / keeping.INDEX).exists()


@pytest.mark.parametrize("kept", ["nothing", "size", "size and time of change"])
def test_damage_is_seen_and_mended(clips, kept):
    values, _ = packed_by(Counted(), clips)
    whole, path = np.array(values), packed_file()
    content, before = bytearray(path.read_bytes()), path.stat()
    content[-1] ^= 1
    time.sleep(TICK)
    path.write_bytes(content if kept != "nothing" else content[:-1])
    if kept == "size and time of change":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    compute = Counted()
    again, _ = packed_by(compute, clips)
    assert len(compute.asked) == 5
    assert np.array_equal(again, whole)


def test_what_is_as_it_was_left_is_not_read_to_be_checked(clips, monkeypatch):
    packed_by(Counted(), clips)
    read, sums = [], keeping._sums
    monkeypatch.setattr(keeping, "_sums", lambda path: read.append(path) or sums(path))
    packed_by(Counted(), clips)
    assert packed_file() not in read


def test_a_store_that_was_copied_is_read_in_full_and_taken(clips, tmp_path, monkeypatch):
    packed_by(Counted(), clips)
    shutil.copytree(store.root(), tmp_path / "copy")
    monkeypatch.setenv("SER_STORE", str(tmp_path / "copy"))
    compute = Counted()
    packed_by(compute, clips)
    assert not compute.asked
    path = packed_file()
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    packed_by(compute, clips)
    assert len(compute.asked) == 5


def test_a_failure_leaves_no_file(clips, monkeypatch):
    monkeypatch.setattr(keeping, "CHUNK", 2)

    def fails(chunk):
        if clips[3] in chunk:
            raise AudioError("3.wav: planted")
        return Counted()(chunk)

    with pytest.raises(AudioError, match="planted"):
        packed_by(fails, clips)
    assert not [path for path in store.root().rglob("*") if path.is_file()]


def test_a_missing_clip_and_no_clip_are_refused(clips, tmp_path):
    with pytest.raises(AudioError, match=r"no such file; expected"):
        packed_by(Counted(), [*clips, tmp_path / "absent.wav"])
    with pytest.raises(ValueError, match="no clip; expected one or more"):
        packed_by(Counted(), [])


@given(counts=some.lists(some.integers(1, 9), min_size=1, max_size=12), chunk=some.integers(1, 12))
def test_any_clips_in_any_chunks(tmp_path_factory, counts, chunk):
    folder = tmp_path_factory.mktemp("any")
    rows = [np.full((count, 3), number, np.float64) for number, count in enumerate(counts)]
    keeping._pack(
        folder / "a.npy",
        folder / "a.starts.npy",
        (rows[at : at + chunk] for at in range(0, len(rows), chunk)),
    )
    assert np.array_equal(np.load(folder / "a.npy", mmap_mode="r"), np.concatenate(rows))
    assert np.load(folder / "a.starts.npy").tolist() == np.cumsum([0, *counts]).tolist()
    assert keeping._is_whole(folder / "a.npy")


@given(content=some.binary(min_size=1, max_size=200), data=some.data())
def test_any_one_changed_missing_or_added_byte_shows(tmp_path_factory, content, data):
    path = tmp_path_factory.mktemp("sums") / "file"
    path.write_bytes(content)
    before, at = keeping._sums(path), data.draw(some.integers(0, len(content) - 1))
    changed = bytes([content[at] ^ data.draw(some.integers(1, 255))])
    for other in (
        content[:at] + changed + content[at + 1 :],
        content[: max(1, at)] if len(content) > 1 else content * 2,
        content + b"\0",
    ):
        path.write_bytes(other)
        assert keeping._sums(path) != before


def test_chapter_2_reads_the_same_frames_as_clip_by_clip(clips):
    values, starts = FILTERBANKS.frames(clips)
    for row, frames in enumerate(FILTERBANKS.rows(clips, jobs=1)):
        assert np.array_equal(values[starts[row] : starts[row + 1]], frames)
