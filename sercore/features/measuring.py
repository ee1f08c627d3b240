"""One measure of many clips in processes of their own: what ``keeping`` asks for where a clip's measure needs no other clip."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from sercore import audio


def each(
    measure: Callable[[np.ndarray, str], np.ndarray],
    clips: dict[str, Path | str],
    *,
    title: str,
    jobs: int | None = None,
    worth: int = 1,
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Content and row of each clip as it is done, or in place of the row a sentence that says why there is none.

    Args:
        measure: importable by name; of a clip's samples at 16 kHz and the hash of its content. One thread a call: processes
            share the cores, and sums come out the same.
        clips: files by content.
        title: what the bar says.
        jobs: processes, 1 or more (default: one a core).
        worth: clips for which a process is worth its start (default 1).
    """
    from joblib import Parallel, cpu_count, delayed
    from tqdm import tqdm

    workers = max(1, min(jobs or cpu_count(), len(clips) // worth))
    parallel = Parallel(n_jobs=workers, backend="loky", batch_size=1, return_as="generator_unordered")
    results = parallel(delayed(_one)(measure, content, str(clip)) for content, clip in clips.items())
    yield from tqdm(results, total=len(clips), desc=title, unit="clip", delay=2, mininterval=1)


def _one(measure: Callable[[np.ndarray, str], np.ndarray], content: str, clip: str) -> tuple[str, np.ndarray | str]:
    from threadpoolctl import threadpool_limits

    try:
        samples = audio.read(clip)
        with threadpool_limits(1):
            return content, measure(samples, content)
    except audio.AudioError as error:
        return content, str(error)
    except (ValueError, RuntimeError) as error:
        return content, f"{clip}: {error}"
