"""Rows of many clips, one a clip, that are computed once and kept in the store."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from sercore import audio, store


def rows(
    clips: Sequence[Path | str],
    *,
    key: Callable[[str], store.Key],
    measure: Callable[[dict[str, Path | str]], Iterable[tuple[str, np.ndarray | str]]],
) -> list[np.ndarray]:
    """Return one row ``(features,)`` a clip, in the order of the clips.

    Clips of equal content are measured once, and kept also where others cannot be used.

    Args:
        clips: audio files.
        key: function of a content's hash that returns the key of its row.
        measure: function of files by content, for rows that are not kept yet; it yields content and
            row in any order, or content and error message.

    Raises:
        AudioError: a clip cannot be used; the message names the file, and says how many more there
            are.
    """
    contents = []
    for clip in clips:
        audio.check(clip)
        contents.append(store.content(clip))
    keys = {content: key(content) for content in contents}
    done, left = {}, {}
    for content, clip in zip(contents, clips, strict=True):
        payload = store.kept("features", keys[content], ".npy")
        if payload is None:
            left.setdefault(content, clip)
        else:
            done[content] = np.load(io.BytesIO(payload), allow_pickle=False)
    problems = []
    for content, row in measure(left):
        if isinstance(row, str):
            problems.append(row)
        else:
            store.keep("features", keys[content], npy(row), ".npy")
            done[content] = row
    if problems:
        more = f" ({len(problems) - 1} more clips cannot be used)" if len(problems) > 1 else ""
        raise audio.AudioError(min(problems) + more)
    return [done[content] for content in contents]


def measure(
    function: Callable[[np.ndarray, str], np.ndarray],
    clips: dict[str, Path | str],
    *,
    title: str,
    jobs: int | None = None,
    worth: int = 1,
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Measure clips in processes of their own; yield content and row, or error message, when done.

    Args:
        function: function of a clip's samples at 16 kHz and the hash of its content, importable by
            name. One thread a call: processes share the cores, and sums come out the same.
        clips: files by content.
        title: title of the bar.
        jobs: number of processes, 1 or more (default: one a core).
        worth: number of clips for which a process is worth its start.
    """
    from joblib import Parallel, cpu_count, delayed
    from tqdm import tqdm

    workers = max(1, min(jobs or cpu_count(), len(clips) // worth))
    parallel = Parallel(
        n_jobs=workers, backend="loky", batch_size=1, return_as="generator_unordered"
    )
    calls = [delayed(_one)(function, content, str(clip)) for content, clip in clips.items()]
    bar = tqdm(parallel(calls), total=len(calls), desc=title, unit="clip", delay=2, mininterval=1)
    yield from bar


def npy(array: np.ndarray) -> bytes:
    """Return the bytes of an array as a ``.npy`` file."""
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
