"""Frames of many clips in one file, mapped into memory: kept clip by clip by ``keeping``, read as fast as the disk gives them.

The file is named by the one key, whose manifest is the content of every clip in its order. Neither clips nor the packed file are
read to be checked while their size, times and place on the disk are those of the time when they last were.
"""

import hashlib
import io
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sercore import audio, store

CHUNK = 250  # clips in memory at once while a file is written
SETTLED = 2_000_000_000  # nanoseconds after which a file's times tell two states of it apart
WORDS = 2**17  # of 8 bytes: a MiB
INDEX = "contents.npy"


def frames(
    clips: Sequence[Path | str],
    *,
    compute: Callable[[Sequence[Path | str]], Sequence[np.ndarray]],
    settings: dict[str, object],
    modules: Sequence[str],
) -> tuple[np.ndarray, np.ndarray]:
    """All frames of clips, one clip's behind the other's, and where each begins.

    Args:
        clips: audio files, one or more.
        compute: frames of some of them, ``(frames, width)`` each, as its module keeps them clip by clip.
        settings: plain values that the frames depend on beside the clips.
        modules: dotted names of the modules that make them.

    Shape:
        - output: values ``(frames of all clips, width)``, read-only and mapped; starts ``(clips + 1,)``

    Raises:
        AudioError: a clip that cannot be used; what ``compute`` kept of the others stays.
        ValueError: no clip.
    """
    if not clips:
        raise ValueError("no clip; expected one or more. Look at what was left out of the table.")
    name = store.key(settings=settings, manifest=contents(clips), modules=[*modules, __name__])
    values, starts = (store.path("packed", name, suffix) for suffix in (".npy", ".starts.npy"))
    if not (_whole(values) and _whole(starts)):
        _pack(
            values, starts, (compute(clips[at : at + CHUNK]) for at in range(0, len(clips), CHUNK))
        )
    return np.load(values, mmap_mode="r"), np.load(starts)


def contents(clips: Sequence[Path | str]) -> list[str]:
    """Content hash of each clip, taken again where its size, times or place on the disk are not those of the last time.

    Raises:
        AudioError: a clip that is no file that can be read.
    """
    place, names = store.root() / INDEX, [os.path.abspath(clip) for clip in clips]
    states, known = np.array([_state(name) for name in names], "S32"), _index(place)
    rows = np.searchsorted(known["state"], states).clip(max=max(0, len(known) - 1))
    there = known["state"][rows] == states if len(known) else np.zeros(len(states), bool)
    found = np.empty(len(states), "S40")
    found[there] = known["content"][rows[there]]
    for row in np.flatnonzero(~there):
        audio.check(clips[row])
        found[row] = store.content(clips[row])
    settled = [
        row
        for row in np.flatnonzero(~there)
        if _state(names[row]) == states[row].decode() and _old(names[row])
    ]
    if settled:
        new = np.array(list(zip(states[settled], found[settled], strict=True)), known.dtype)
        both = np.concatenate([new, _index(place)])
        store.write(place, _npy(both[np.unique(both["state"], return_index=True)[1]]))
    return [content.decode() for content in found]


def _state(clip: str) -> str:
    """Digest of a file's name, size, times of change and place on the disk; empty where there is no such file."""
    try:
        told = os.stat(clip)
    except (OSError, ValueError):
        return ""
    state = (clip, told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino, told.st_dev)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:32]


def _old(clip: str) -> bool:
    """Whether a file has not changed for so long that its times would tell."""
    told = os.stat(clip)
    return time.time_ns() - max(told.st_mtime_ns, told.st_ctime_ns) > SETTLED


def _index(place: Path) -> np.ndarray:
    """States of files and their contents, sorted by state."""
    return (
        np.load(place) if place.is_file() else np.empty(0, [("state", "S32"), ("content", "S40")])
    )


def _pack(values: Path, starts: Path, chunks: Iterator[Sequence[np.ndarray]]) -> None:
    """Write both files, each whole or not at all, one chunk in memory at a time."""
    values.parent.mkdir(parents=True, exist_ok=True)
    making, sizes = values.with_name(f".{values.name}.{uuid.uuid4().hex}"), [0]
    try:
        with making.open("xb") as file:
            for chunk in chunks:
                rows = np.concatenate(chunk)
                if len(sizes) == 1:
                    _head(file, rows, count=0)
                file.write(rows.data)
                sizes += [len(each) for each in chunk]
            file.seek(0)
            _head(
                file, rows, count=sum(sizes)
            )  # as long as the first: numpy leaves room for a number that grows
            file.flush()
            os.fsync(
                file.fileno()
            )  # its state then stands for its bytes, whatever befalls the machine
        store.write(starts, _npy(np.cumsum(sizes)))
        store.write(_mark(starts), _sums(starts).encode())
        written = _sums(making)
        making.replace(values)
        store.write(_mark(values), f"{written} {_state(str(values))}".encode())
    finally:
        making.unlink(missing_ok=True)


def _head(file: BinaryIO, rows: np.ndarray, *, count: int) -> None:
    about = {
        "descr": np.lib.format.dtype_to_descr(rows.dtype),
        "fortran_order": False,
        "shape": (count, *rows.shape[1:]),
    }
    np.lib.format.write_array_header_1_0(file, about)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _whole(path: Path) -> bool:
    """Whether a file is there and has the bytes that were written: as it was left, or else read in full."""
    if not (path.is_file() and _mark(path).is_file()):
        return False
    written, _, state = _mark(path).read_text().partition(" ")
    return state == _state(str(path)) or _sums(path) == written


def _sums(path: Path) -> str:
    """Digest of the sums of a file's 8-byte words, a MiB each: any one changed, missing or added byte shows."""
    content = np.memmap(path, np.uint8, mode="r")
    words = content[: len(content) // 8 * 8].view(np.uint64)
    sums = [int(words[at : at + WORDS].sum(dtype=np.uint64)) for at in range(0, len(words), WORDS)]
    return store.digest([len(content), sums, content[len(words) * 8 :].tolist()])


def _mark(path: Path) -> Path:
    """File beside it with the digest of what was written and, where it was left on the disk for good, its state then."""
    return path.with_name(f"{path.name}.sums")
