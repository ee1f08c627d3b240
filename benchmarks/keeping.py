"""Frames of 1,000, 10,000 and 100,000 clips: cost a clip of keeping them, memory, and a second pass beside numpy's own mapping.

Usage: ``python -m benchmarks.keeping [CLIPS ...]`` (default 1000 10000 100000). The clips are three seconds of real speech each
(CORAA SER under ``SER_CORPORA`` or ``../shared/corpora``, or else the demo corpora), one sample changed so that no two are equal.
The first pass makes paper 02's filterbanks with two processes, keeps each, and packs them. The second finds them: it looks at
every clip, sees that the packed file is as it was left, and reads it from a disk that has forgotten it; its peer maps that file
with numpy, looks at nothing, and reads it. Goals: a clip costs the same within 20 % whatever their number, memory the same, 2
times numpy's time.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import numpy as np
import psutil
import soundfile
from joblib.externals.loky import get_reusable_executor

from benchmarks.features import clips as real
from sercore import audio, store
from sercore.features.keeping import contents
from sercore.papers.parry2022.data import FILTERBANKS

COUNTS, SOURCES, SAMPLES = (1000, 10_000, 100_000), 20, 3 * audio.RATE
FLAT, GOAL, ROUNDS = 1.2, 2.0, 3
YEARS_AGO = 10**9


def plant(folder: Path, count: int) -> None:
    """So many different clips, changed years ago."""
    folder.mkdir(parents=True)
    signals = [np.resize(np.int16(audio.read(path) * 32767), SAMPLES) for path in real(SOURCES)]
    for number in range(count):
        samples = signals[number % SOURCES].copy()
        samples[number // SOURCES] ^= 1 + number % SOURCES
        path = folder / f"{number:06d}.wav"
        soundfile.write(path, samples, audio.RATE)
        os.utime(path, (YEARS_AGO, YEARS_AGO))


def found(paths: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The frames of clips, as chapter 2 asks for them."""
    return FILTERBANKS.frames(paths)


def read(values: np.ndarray, chunk: int = 100_000) -> float:
    """Touch all of it."""
    return float(
        sum(values[at : at + chunk].sum(dtype=np.float64) for at in range(0, len(values), chunk))
    )


def forget(place: Path) -> None:
    """Have the system drop what it holds of the files there, so that none is read from memory, nor crowds out another."""
    for path in place.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fdatasync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def watched(call: Callable[..., object], *given: object) -> tuple[float, float]:
    """Seconds of a call, and MiB that this process grows by at most, files that are mapped left aside."""
    own, over, most = psutil.Process(), Event(), [0]

    def taken() -> int:
        told = own.memory_info()
        return told.rss - told.shared

    def look() -> None:
        while not over.wait(0.05):
            most[0] = max(most[0], taken())

    before, looking = taken(), Thread(target=look, daemon=True)
    looking.start()
    started = time.perf_counter()
    call(*given)
    seconds = time.perf_counter() - started
    over.set()
    looking.join()
    return seconds, max(0, most[0] - before) / 2**20


def once(kind: str, folder: Path) -> tuple[float, float]:
    """Seconds and MiB of one pass, or of looking at every clip, which is the second pass' first part."""
    paths = sorted(str(path) for path in folder.iterdir())
    if kind == "first":
        made = watched(found, paths)
        get_reusable_executor().shutdown()  # its processes would be waited for
        return made
    if kind == "looking":
        return watched(contents, paths)
    if kind == "second":
        return watched(lambda: read(found(paths)[0]))
    (path,) = (
        path for path in (store.root() / "packed").rglob("*.npy") if ".starts" not in path.name
    )
    return watched(lambda: read(np.load(path, mmap_mode="r")))


def alone(kind: str, folder: Path) -> tuple[float, float]:
    """The same in a process of its own, with a disk that has forgotten the packed files: no other one is read again."""
    forget(store.root() / "packed")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(once, kind, folder).result()


def measured(count: int) -> dict[str, float]:
    with TemporaryDirectory() as place:
        os.environ["SER_STORE"] = f"{place}/store"
        plant(Path(place) / "clips", count)
        made, taken = alone("first", Path(place) / "clips")
        forget(
            Path(place)
        )  # of all clips and what is kept of each, which would crowd out the packed files
        kinds = ("second", "mapped", "looking")
        turns = np.array(
            [[alone(kind, Path(place) / "clips") for kind in kinds] for _ in range(ROUNDS)]
        )  # (rounds, kinds, 2)
        size = sum(path.stat().st_size for path in Path(place).rglob("packed/**/*.npy")) / 2**20
    seconds = np.median(turns[:, :, 0], axis=0)
    return {
        "first pass": 1e3 * made / count,
        **{
            name: 1e3 * each / count
            for name, each in zip(("second pass", "numpy", "looking"), seconds, strict=True)
        },
        "ratio": float(np.median(turns[:, 0, 0] / turns[:, 1, 0])),
        "taken": taken,
        "taken again": float(turns[:, 0, 1].max()),
        "size": size,
    }


def main() -> None:
    counts = [int(given) for given in sys.argv[1:]] or COUNTS
    told = {count: measured(count) for count in counts}
    for count, each in told.items():
        print(f"{count:8,d} clips, {each['size']:.0f} MiB packed")
        print(
            f"  first pass  {each['first pass']:7.3f} ms a clip, {each['taken']:.0f} MiB more memory"
        )
        parts = f"{each['looking']:.3f} of them to look at it; numpy's mapping {each['numpy']:.3f}, {each['ratio']:.2f} times"
        print(
            f"  second pass {each['second pass']:7.3f} ms a clip, {each['taken again']:.0f} MiB more memory; {parts}"
        )
    for few, many in pairwise(told):
        for name in ("first pass", "second pass", "looking", "numpy"):
            ratio = told[many][name] / told[few][name]
            flat = (
                ""
                if name == "numpy"
                else f", {'within' if ratio <= FLAT else 'NOT within'} {FLAT:g}"
            )
            print(f"Cost a clip of {many:,d} to {few:,d}, {name}: {ratio:.2f} times{flat}")
    last = told[counts[-1]]
    reached = "reached" if last["ratio"] <= GOAL else "not reached"
    print(
        f"Second pass of {counts[-1]:,d} clips: {last['ratio']:.2f} times numpy's seconds, goal {GOAL:g} {reached}"
    )


if __name__ == "__main__":
    main()
