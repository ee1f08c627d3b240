"""Memory of paper 04's data set over 1.2 million clips beside the same over 10 thousand: the goal is under 200 MiB more.

Usage: ``python -m benchmarks.padi_memory [CLIPS [READS]]`` (default 1,200,000 clips, 20,000 reads). Either side is a process of its
own that reads shuffled, masked chunks of clips from their files with two workers, as a training does, and its memory is that of the
process and its workers, shared pages counted once. Fifty clips of half a second stand under all names, through linked folders.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice, product
from multiprocessing import get_context, set_start_method
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import soundfile
import torch

from sercore.audio import RATE
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.data import Source
from sercore.papers.padi2021.pretraining import read_normalised
from sercore.training import chunks, devices
from sercore.training.batching import Streamed
from sercore.training.chunks import batches, in_turn

GOAL = 200  # MiB
FEW, MANY, READS, WORKERS = 10_000, 1_200_000, 20_000, 2
SPEAKERS, VIDEOS, CLIPS = 1200, 20, 50
EVERY = 25  # batches between two looks at the memory


def plant(folder: Path) -> Path:
    """Folder of 1.2 million names ``dev/wav/id<number>/<video>/<clip>.wav``."""
    generator, video, speaker = np.random.default_rng(0), folder / "video", folder / "speaker"
    for each in (video, speaker, folder / "dev" / "wav"):
        each.mkdir(parents=True)
    for clip in range(CLIPS):
        soundfile.write(video / f"{clip:05d}.wav", generator.normal(0, 0.05, RATE // 2), RATE)
    for number in range(VIDEOS):
        (speaker / f"video{number:06d}").symlink_to(video)
    for number in range(SPEAKERS):
        (folder / "dev" / "wav" / f"id{10_000 + number}").symlink_to(speaker)
    return folder


def names() -> Iterator[tuple[str, str]]:
    """Speaker and path of each clip."""
    for speaker, video, clip in product(range(SPEAKERS), range(VIDEOS), range(CLIPS)):
        yield (
            f"voxceleb/id{10_000 + speaker}",
            f"dev/wav/id{10_000 + speaker}/video{video:06d}/{clip:05d}.wav",
        )


def held(folder: Path, clips: int) -> Source:
    """The clips as ``pretraining.source`` gives them, but for pairs."""
    frames = Streamed((path for _, path in islice(names(), clips)), read_normalised, folder=folder)
    speakers = np.array(
        [speaker for speaker, _ in islice(names(), 0, clips, CLIPS)], object
    ).repeat(CLIPS)[:clips]
    none = np.zeros(0, int)
    return Source(speakers, frames, frames, none, none, none.astype(bool), ("voxceleb",), "", 0)


def read(folder: Path, clips: int, reads: int) -> dict[str, float]:
    """MiB that the process and its workers take at most, before reading and while they read, and seconds."""
    torch.set_num_threads(1)
    set_start_method("fork", force=True)  # of the workers, as in a process that nobody spawned
    before, started = taken(), time.perf_counter()
    source = held(folder, clips)
    target = np.unique(source.speakers, return_inverse=True)[1]
    seen, left, number, listed = [taken()], reads, 0, time.perf_counter()
    with devices.kept_memory():  # as in a training
        while left > 0:
            number += 1
            rows = chunks.balanced(source.speakers, most=source.most, number=number, seed=0)
            turned = in_turn(chunks.epoch(rows, number=number, seed=0), versions=3, number=number)
            for at, (signal, _) in enumerate(
                batches(source.frames, target, turned, padi_trial.VERSIONS["both"], workers=WORKERS)
            ):
                left -= len(signal)
                if at % EVERY == 0 or left <= 0:
                    seen.append(taken())
                if left <= 0:
                    break
    ended = time.perf_counter()
    return {
        "libraries": before,
        "listed": seen[0],
        "first": seen[1],
        "most": max(seen),
        "last": seen[-1],
        "listing": listed - started,
        "reading": ended - listed,
    }


def taken() -> float:
    """MiB of this process and of those that it started: of a page that several share, each counts its part."""
    me = psutil.Process()
    return sum(each.memory_full_info().pss for each in (me, *me.children(recursive=True))) / 2**20


def both(folder: Path, sides: Sequence[int], reads: int) -> list[dict[str, float]]:
    """``read`` of either number of clips, each in a process of its own."""
    found = []
    for clips in sides:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found.append(pool.submit(read, folder, clips, reads).result())
    return found


def main() -> None:
    clips, reads = [*map(int, sys.argv[1:]), *(MANY, READS)[len(sys.argv) - 1 :]]
    with TemporaryDirectory() as folder:
        found = both(plant(Path(folder)), (FEW, clips), reads)
    for number, each in zip((FEW, clips), found, strict=True):
        told = ", ".join(
            f"{name} {each[name]:.0f}" for name in ("libraries", "listed", "first", "most", "last")
        )
        print(
            f"{number:9,d} clips: MiB {told}; {each['listing']:.1f} s to list, {each['reading']:.1f} s for {reads:,d} reads"
        )
    print(f"growth {found[1]['most'] - found[0]['most']:.0f} MiB at most, goal under {GOAL}")


if __name__ == "__main__":
    main()
