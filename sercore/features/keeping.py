"""Features of clips, computed once and kept in the store: clip by clip, or many clips in one file.

An ``Extractor`` says how one clip is measured; its results are kept clip by clip (``rows``). The
frames of many clips are also kept in one file that is mapped into memory (``frames``). Its key has
the content of every clip in its order; files are not read to be checked while their size, times and
place on the disk are those of the last check.
"""

import hashlib
import inspect
import io
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sercore import audio, store
from sercore.progress import Progress

CHUNK = 250  # clips in memory at once while a file is written
SETTLED = 2_000_000_000  # nanoseconds after which a file's times tell two states of it apart
WORDS = 2**17  # of 8 bytes: a MiB
INDEX = "contents"  # digest and rows of the index


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A measure of one clip, whose results are kept in the store.

    Args:
        title: what is measured, for the progress bar.
        function: function of a clip's samples at 16 kHz and the hash of its content that returns an
            array; importable by name.
        settings: plain values that the result depends on beside the clip (default none).
        modules: dotted names of the modules whose code the key follows, beside the function's own
            source (default: the function's whole module).
        worth: number of clips for which a process is worth its start (default 20).
    """

    title: str
    function: Callable[[np.ndarray, str], np.ndarray]
    settings: Mapping[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    worth: int = 20

    def key(self, content: str) -> store.Key:
        """Make the key of the result for a clip, by the hash of its content."""
        settings, modules = self._made_by
        return store.key(settings=settings, manifest=[content], modules=[*modules, __name__])

    def rows(
        self,
        clips: Sequence[Path | str],
        *,
        jobs: int | None = None,
        errors: dict[str, str] | None = None,
        quiet: bool = False,
    ) -> list[np.ndarray]:
        """Return one result a clip, measured in ``jobs`` processes (default: one a core).

        For ``errors`` see the function ``rows``; a ``quiet`` measure shows no bar.
        """
        settings = {"title": self.title, "jobs": jobs, "worth": self.worth, "quiet": quiet}
        measured = partial(measure, self.function, **settings)
        return rows(clips, key=self.key, measure=measured, errors=errors)

    def frames(self, clips: Sequence[Path | str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the frames of all clips, ``(frames, width)``, and starts, ``(clips + 1,)``."""
        settings, modules = self._made_by
        return frames(clips, compute=self.rows, settings=settings, modules=modules)

    def about(self) -> list[str]:
        """Return its title and the key of its settings, code and library versions."""
        return [self.title, self.key("").hex]

    @cached_property
    def _made_by(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Settings and modules that every key follows."""
        function = getattr(self.function, "func", self.function)  # of a partial
        if not self.modules:
            return dict(self.settings), (function.__module__,)
        source = store.normalised(inspect.getsource(function))
        return {**self.settings, "function": source}, self.modules


def rows(
    clips: Sequence[Path | str],
    *,
    key: Callable[[str], store.Key],
    measure: Callable[[dict[str, Path | str]], Iterable[tuple[str, np.ndarray | str]]],
    errors: dict[str, str] | None = None,
) -> list[np.ndarray]:
    """Return one row ``(features,)`` a clip, in the order of the clips.

    Clips of equal content are measured once. Where some clips cannot be used, the others are
    measured and kept all the same.

    Args:
        clips: audio files.
        key: function of a content's hash that returns the key of its row.
        measure: function of files by content, for rows that are not kept yet; it yields content and
            row in any order, or content and error message.
        errors: where it is given, clips that cannot be used get None for a row, and their error
            messages are put here, by path.

    Raises:
        AudioError: a clip cannot be used, and no ``errors`` are given; the message names the file,
            and says how many more there are.
    """
    hashes = contents(clips)
    files: dict[str, Path | str] = {}
    for content, clip in zip(hashes, clips, strict=True):
        files.setdefault(content, clip)
    keys = {content: key(content) for content in files}
    done = {}
    for content, name in keys.items():
        payload = store.kept("features", name, ".npy")
        if payload is not None:
            done[content] = np.load(io.BytesIO(payload), allow_pickle=False)
    problems = {}
    for content, row in measure({name: clip for name, clip in files.items() if name not in done}):
        if isinstance(row, str):
            problems[content] = row
            continue
        store.keep("features", keys[content], npy(row), ".npy")
        done[content] = row
    if errors is not None:
        named = zip(hashes, map(str, clips), strict=True)
        errors |= {clip: problems[content] for content, clip in named if content in problems}
    elif problems:
        more = f" ({len(problems) - 1} more clips cannot be used)" if len(problems) > 1 else ""
        raise audio.AudioError(min(problems.values()) + more)
    return [done.get(content) for content in hashes]


def measure(
    function: Callable[[np.ndarray, str], np.ndarray],
    clips: dict[str, Path | str],
    *,
    title: str,
    jobs: int | None = None,
    worth: int = 1,
    quiet: bool = False,
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Measure clips in processes of their own, where a clip's measure needs no other clip.

    Args:
        function: function of a clip's samples at 16 kHz and the hash of its content, importable by
            name. One thread a call: processes share the cores, and sums come out the same.
        clips: files by content.
        title: title of the bar.
        jobs: number of processes, 1 or more (default: one a core).
        worth: number of clips for which a process is worth its start.
        quiet: True to show no bar.

    Yields:
        Content and row of each clip as it is done, or content and error message.
    """
    from joblib import Parallel, cpu_count, delayed

    workers = max(1, min(jobs or cpu_count(), len(clips) // worth))
    parallel = Parallel(
        n_jobs=workers, backend="loky", batch_size=1, return_as="generator_unordered"
    )
    calls = [delayed(_one)(function, content, str(clip)) for content, clip in clips.items()]
    settings = {"total": len(calls), "title": title, "unit": "clip", "shown": not quiet}
    yield from Progress(parallel(calls), **settings)


def npy(array: np.ndarray) -> bytes:
    """Bytes of an array as a ``.npy`` file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _one(
    function: Callable[[np.ndarray, str], np.ndarray], content: str, clip: str
) -> tuple[str, np.ndarray | str]:
    from threadpoolctl import threadpool_limits

    try:
        samples = audio.read(clip)
        with threadpool_limits(1):
            return content, function(samples, content)
    except audio.AudioError as error:
        return content, str(error)
    except (ValueError, RuntimeError) as error:
        return content, f"{clip}: {error}"


def frames(
    clips: Sequence[Path | str],
    *,
    compute: Callable[[Sequence[Path | str]], Sequence[np.ndarray]],
    settings: dict[str, object],
    modules: Sequence[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the frames of clips, one clip's behind the other's, and where each clip starts.

    Args:
        clips: audio files, one or more.
        compute: function of some clips that returns their frames, ``(frames, width)`` each.
        settings: plain values that the frames depend on beside the clips.
        modules: dotted names of the modules that compute them.

    Returns:
        Values ``(frames of all clips, width)``, read-only and mapped, and starts ``(clips + 1,)``.

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
        rows = npy(both[np.unique(both["state"], return_index=True)[1]])
        store.write(index, hashlib.sha256(rows).digest() + rows)
    return [content.decode() for content in hashes]


def _state(clip: str) -> str:
    """Digest of a file's name, size, times and place on the disk; empty if there is no file."""
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
    """States of files and their contents, sorted by state; a damaged index is made again."""
    with suppress(FileNotFoundError):
        payload = index.read_bytes()
        digest, rows = payload[:32], payload[32:]
        if hashlib.sha256(rows).digest() == digest:
            return np.load(io.BytesIO(rows))
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
    written, _, state = _mark(path).read_text(errors="replace").partition(" ")
    return state == _state(str(path)) or _sums(path) == written


def _sums(path: Path) -> str:
    """Digest of the sums of a file's 8-byte words, a MiB each; one changed byte alters it."""
    content = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
    words = content[: len(content) // 8 * 8].view(np.uint64)
    sums = []
    for first in range(0, len(words), WORDS):
        sums.append(int(words[first : first + WORDS].sum(dtype=np.uint64)))
    return store.digest([len(content), sums, content[len(words) * 8 :].tolist()])


def _mark(path: Path) -> Path:
    """File with the digest of what was written and the state in which the file was left."""
    return path.with_name(f"{path.name}.sums")
