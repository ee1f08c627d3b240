"""Frames of many clips in one file, mapped into memory: kept clip by clip by ``keeping``, read as fast as the disk gives them.

The file is named by the one key, whose manifest is the content of every clip in its order. ``contents`` spares a second reading
of clips that have not changed.
"""

import io
import json
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
INDEX = "contents.json"


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
        _pack(values, starts, (compute(clips[at : at + CHUNK]) for at in range(0, len(clips), CHUNK)))
    return np.load(values, mmap_mode="r"), np.load(starts)


def contents(clips: Sequence[Path | str]) -> list[str]:
    """Content hash of each clip, taken again where its size, times or place on the disk are not those of the last time.

    Raises:
        AudioError: a clip that is no file that can be read.
    """
    place = store.root() / INDEX
    known, found, new = _index(place), [], {}
    for clip in clips:
        name = os.path.abspath(clip)
        state = _state(name)
        if known.get(name, [None])[:-1] != state:
            audio.check(clip)
            content = store.content(clip)
            known[name] = [*state, content]
            if state == _state(name) and time.time_ns() - max(state[1:3]) > SETTLED:
                new[name] = known[name]
        found.append(known[name][-1])
    if new:
        store.write(place, json.dumps(_index(place) | new).encode())
    return found


def _index(place: Path) -> dict[str, list]:
    return json.loads(place.read_bytes()) if place.is_file() else {}


def _state(clip: str) -> list[int] | None:
    """Size, times of change in nanoseconds and place on the disk; None where there is no such file."""
    try:
        told = os.stat(clip)
    except (OSError, ValueError):
        return None
    return [told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino, told.st_dev]


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
            _head(file, rows, count=sum(sizes))  # as long as the first: numpy leaves room for a number that grows
        packed = io.BytesIO()
        np.save(packed, np.cumsum(sizes), allow_pickle=False)
        store.write(starts, packed.getvalue())
        for path, written in ((starts, starts), (values, making)):
            store.write(_mark(path), store.content(written).encode())
        making.replace(values)
    finally:
        making.unlink(missing_ok=True)


def _head(file: BinaryIO, rows: np.ndarray, *, count: int) -> None:
    about = {"descr": np.lib.format.dtype_to_descr(rows.dtype), "fortran_order": False, "shape": (count, *rows.shape[1:])}
    np.lib.format.write_array_header_1_0(file, about)


def _whole(path: Path) -> bool:
    """Whether a file is there and has the bytes that were written."""
    return path.is_file() and _mark(path).is_file() and store.content(path) == _mark(path).read_text()


def _mark(path: Path) -> Path:
    """File beside it with the hash of what was written."""
    return path.with_name(f"{path.name}.sha256")
