"""Rows of many clips, one a clip: taken from the store, or else measured in processes and kept as soon as each is done."""

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
    """One row a clip in the order given; clips of equal content are measured once.

    Where some clips cannot be used, the others are measured and kept all the same.

    Args:
        clips: audio files.
        key: names the row of a clip, given the hash of its content.
        measure: given content and file of the clips that are not kept, yields content and row of each in any order; in place
            of a row, a sentence that says why there is none.

    Shape:
        - each row: ``(features,)``

    Raises:
        AudioError: a clip that cannot be used; the message names the file, and how many more there are.
    """
    contents = [_content(clip) for clip in clips]
    first: dict[str, Path | str] = {}
    for content, clip in zip(contents, clips, strict=True):
        first.setdefault(content, clip)
    keys = {content: key(content) for content in first}
    found = {content: store.kept("features", each, ".npy") for content, each in keys.items()}
    done = {
        content: np.load(io.BytesIO(payload), allow_pickle=False)
        for content, payload in found.items()
        if payload is not None
    }
    problems = []
    for content, row in measure(
        {content: clip for content, clip in first.items() if content not in done}
    ):
        if isinstance(row, str):
            problems.append(row)
            continue
        store.keep("features", keys[content], _payload(row), ".npy")
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
    """Measure clips in processes of their own, where a clip's measure needs no other clip.

    Args:
        function: function of a clip's samples at 16 kHz and the hash of its content, importable by
            name. One thread a call: processes share the cores, and sums come out the same
        clips: files by content
        title: title of the bar
        jobs: number of processes, 1 or more (default: one a core)
        worth: number of clips for which a process is worth its start (default 1)

    Yields:
        Content and row of each clip as it is done; in place of the row, a sentence that says why
        there is none.
    """
    from joblib import Parallel, cpu_count, delayed
    from tqdm import tqdm

    workers = max(1, min(jobs or cpu_count(), len(clips) // worth))
    parallel = Parallel(
        n_jobs=workers, backend="loky", batch_size=1, return_as="generator_unordered"
    )
    results = parallel(
        delayed(_one)(function, content, str(clip)) for content, clip in clips.items()
    )
    yield from tqdm(results, total=len(clips), desc=title, unit="clip", delay=2, mininterval=1)


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


def _content(clip: Path | str) -> str:
    audio.check(clip)
    return store.content(clip)


def _payload(row: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, row, allow_pickle=False)
    return file.getvalue()
