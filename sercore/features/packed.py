"""Frames of many clips in one file that is mapped into memory.

The key of the file has the content of every clip in its order. Files are not read to be checked
while their size, times and place on the disk are those of the last check.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sercore import audio, store
from sercore.features.keeping import npy

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
    """Return the frames of clips, one clip's behind the other's, and where each clip starts.

    These are values ``(frames of all clips, width)``, read-only and mapped, and starts
    ``(clips + 1,)``.

    Args:
        clips: audio files, one or more.
        compute: function of some clips that returns their frames, ``(frames, width)`` each.
        settings: plain values that the frames depend on beside the clips.
        modules: dotted names of the modules that compute them.

    Raises:
        AudioError: a clip cannot be used; what ``compute`` kept of the others stays.
        ValueError: there is no clip.
    """
    if not clips:
        raise ValueError("no clip; expected one or more. Look at what was left out of the table.")
    name = store.key(settings=settings, manifest=contents(clips), modules=[*modules, __name__])
    values, starts = (store.path("packed", name, suffix) for suffix in (".npy", ".starts.npy"))
    if not (_is_whole(values) and _is_whole(starts)):
        chunks = (compute(clips[first : first + CHUNK]) for first in range(0, len(clips), CHUNK))
        _pack(values, starts, chunks)
    return np.load(values, mmap_mode="r"), np.load(starts)


def contents(clips: Sequence[Path | str]) -> list[str]:
    """Return the content hash of each clip; hashes of unchanged files come from an index.

    Raises:
        AudioError: a clip is no file that can be read.
    """
    index, names = store.root() / INDEX, [os.path.abspath(clip) for clip in clips]
    states, known = np.array([_state(name) for name in names], "S32"), _read_index(index)
    rows = np.searchsorted(known["state"], states).clip(max=max(0, len(known) - 1))
    is_known = known["state"][rows] == states if len(known) else np.zeros(len(states), bool)
    hashes = np.empty(len(states), "S40")
    hashes[is_known] = known["content"][rows[is_known]]
    settled = []
    for row in np.flatnonzero(~is_known):
        audio.check(clips[row])
        hashes[row] = store.content(clips[row])
        if _state(names[row]) == states[row].decode() and _is_settled(names[row]):
            settled.append(row)
    if settled:
        new = np.array(list(zip(states[settled], hashes[settled], strict=True)), known.dtype)
        both = np.concatenate([new, _read_index(index)])
        store.write(index, npy(both[np.unique(both["state"], return_index=True)[1]]))
    return [content.decode() for content in hashes]


def _state(clip: str) -> str:
    """Digest a file's name, size, times and place on the disk; empty if there is no file."""
    try:
        status = os.stat(clip)
    except (OSError, ValueError):
        return ""
    times = (status.st_mtime_ns, status.st_ctime_ns)
    state = (clip, status.st_size, *times, status.st_ino, status.st_dev)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:32]


def _is_settled(clip: str) -> bool:
    """Check whether a file's last change is so long ago that its times would show another one."""
    status = os.stat(clip)
    return time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED


def _read_index(index: Path) -> np.ndarray:
    """Read the states of files and their contents, sorted by state."""
    if index.is_file():
        return np.load(index)
    return np.empty(0, [("state", "S32"), ("content", "S40")])


def _pack(values: Path, starts: Path, chunks: Iterator[Sequence[np.ndarray]]) -> None:
    """Write both files, each whole or not at all, one chunk in memory at a time."""
    values.parent.mkdir(parents=True, exist_ok=True)
    temporary, sizes = values.with_name(f".{values.name}.{uuid.uuid4().hex}"), [0]
    try:
        with temporary.open("xb") as file:
            for chunk in chunks:
                rows = np.concatenate(chunk)
                if len(sizes) == 1:
                    _write_header(file, rows, count=0)
                file.write(rows.data)
                sizes += [len(clip) for clip in chunk]
            # As long as the first header: numpy leaves room for a number that grows.
            file.seek(0)
            _write_header(file, rows, count=sum(sizes))
            file.flush()
            os.fsync(file.fileno())  # a state then stands for its bytes, also after a crash
        store.write(starts, npy(np.cumsum(sizes)))
        store.write(_mark(starts), _sums(starts).encode())
        written = _sums(temporary)
        temporary.replace(values)
        store.write(_mark(values), f"{written} {_state(str(values))}".encode())
    finally:
        temporary.unlink(missing_ok=True)


def _write_header(file: BinaryIO, rows: np.ndarray, *, count: int) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(rows.dtype),
        "fortran_order": False,
        "shape": (count, *rows.shape[1:]),
    }
    np.lib.format.write_array_header_1_0(file, header)


def _is_whole(path: Path) -> bool:
    """Check that a file has the bytes that were written: by its state, or else read in full."""
    if not (path.is_file() and _mark(path).is_file()):
        return False
    written, _, state = _mark(path).read_text().partition(" ")
    return state == _state(str(path)) or _sums(path) == written


def _sums(path: Path) -> str:
    """Digest the sums of a file's 8-byte words, a MiB each; any changed byte alters it."""
    content = np.memmap(path, np.uint8, mode="r")
    words = content[: len(content) // 8 * 8].view(np.uint64)
    sums = []
    for first in range(0, len(words), WORDS):
        sums.append(int(words[first : first + WORDS].sum(dtype=np.uint64)))
    return store.digest([len(content), sums, content[len(words) * 8 :].tolist()])


def _mark(path: Path) -> Path:
    """Return the file with the digest of what was written and the state in which the file was left."""
    return path.with_name(f"{path.name}.sums")
