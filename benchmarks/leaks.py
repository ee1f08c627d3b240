"""Copies between two sides of a split: which kinds are found, how many are found in error, and how long it takes, beside peers.

Usage: ``python -m benchmarks.leaks [CLIPS ...]`` (default 1000 and 10000). The training side is the demo corpora, each clip at as
many speeds as are needed; no speed is a copy of another. On the test side are twenty copies of each kind and 200 clips at speeds
that training lacks. Peers are splitsafe (its command, read after its documentation) and audfprint2, the landmarks of Wang (2003),
with its defaults; one that is not installed is not run. Then the matching step alone, on generated fingerprints of 100,000 clips.
Seconds hold everything from the files to the pairs, with an empty store; ours takes both cores, a peer what it takes. On a machine
that others use too, compare the processors' own time, that of all processes of a side.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import psutil
import soundfile
import soxr

from sercore.audio import RATE
from sercore.corpora.demo import synthetic
from sercore.features import fingerprint

SIZES, OF_A_KIND, OTHERS, MATCHED = (1_000, 10_000), 20, 200, 100_000
Found = set[tuple[str, str]]  # names of a training and of a test clip
Change = Callable[[np.ndarray], np.ndarray]


def noisy(samples: np.ndarray, decibels: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=len(samples))
    return samples + noise * np.sqrt((samples**2).mean() / 10 ** (decibels / 10))


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(samples, RATE, rate, quality="VHQ")


# What is done to a clip, and the format and rate in which it is written.
KINDS: dict[str, tuple[Change, str, int]] = {
    "the same": (lambda samples: samples, "wav", RATE),
    "FLAC": (lambda samples: samples, "flac", RATE),
    "stereo": (lambda samples: np.stack([samples, samples], 1), "wav", RATE),
    "a tenth of the level": (lambda samples: 0.1 * samples, "wav", RATE),
    "clipped": (lambda samples: np.clip(4 * samples, -1, 1), "wav", RATE),
    "turned round": (lambda samples: -samples, "wav", RATE),
    "44.1 kHz": (lambda samples: resampled(samples, 44_100), "wav", 44_100),
    "8 kHz": (lambda samples: resampled(samples, 8_000), "wav", 8_000),
    "MP3": (lambda samples: samples, "mp3", RATE),
    "Vorbis": (lambda samples: samples, "ogg", RATE),
    "Opus": (lambda samples: samples, "opus", RATE),
    "silence cut": (lambda samples: samples[1_500:-1_700], "wav", RATE),
    "silence added": (lambda samples: np.pad(samples, (7_003, 2_500)), "wav", RATE),
    "noise at 20 dB": (lambda samples: noisy(samples, 20), "wav", RATE),
    "8 kHz, cut, louder, noise": (
        lambda samples: noisy(2 * resampled(samples[1_003:], 8_000), 25),
        "wav",
        8_000,
    ),
}
EXACT = {"the same", "FLAC", "stereo"}
# Harder ones, which the page names among what is not always found.
HARD: dict[str, tuple[Change, str, int]] = {
    "noise at 5 dB": (lambda samples: noisy(samples, 5), "wav", RATE),
    "first half": (lambda samples: samples[: len(samples) // 2], "wav", RATE),
    "second half": (lambda samples: samples[len(samples) // 2 :], "wav", RATE),
    "3 % faster": (lambda samples: soxr.resample(samples, 103, 100), "wav", RATE),
}
SUBTYPES = {"opus": ("OGG", "OPUS")}


def plant(source: Path, change: Change, ending: str, rate: int, target: Path) -> Path:
    """Write a changed copy, with the ending of its format."""
    samples, _ = soundfile.read(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    target = target.with_suffix(f".{ending}")
    form, subtype = SUBTYPES.get(ending, (ending.upper(), None))
    soundfile.write(target, change(samples), rate, format=form, subtype=subtype)
    return target


def spoken(speeds: Iterable[int]) -> Iterable[tuple[str, np.ndarray]]:
    """Name and samples of the demo corpora's clips, at speeds in per cent, speed by speed."""
    paths = [Path(path) for name in synthetic.NAMES for path in synthetic.load(name).table["path"]]
    for speed in speeds:
        for path in paths:
            samples, _ = soundfile.read(path)
            yield f"{path.stem}-{speed}", soxr.resample(samples, speed, 100, quality="HQ")


def write(folder: Path, many: int) -> dict[str, str]:
    """Write both sides below a folder; return the training clip of each copy, by its name."""
    for side in ("train", "test"):
        (folder / side).mkdir()
    # 100 %, then slower and faster by 4 % more each time.
    speeds = (100 + sign * 4 * step for step in count() for sign in (1, -1) if step or sign > 0)
    clips = spoken(speeds)
    for _ in range(many):
        name, samples = next(clips)
        soundfile.write(folder / "train" / f"{name}.wav", samples, RATE)
    for _, (name, samples) in zip(range(OTHERS), spoken([58]), strict=False):
        soundfile.write(folder / "test" / f"{name}.wav", samples, RATE)
    names, originals = sorted((folder / "train").iterdir()), {}
    drawn = iter(np.random.default_rng(0).permutation(len(names)))
    for kind, how in (KINDS | HARD).items():
        for number in range(OF_A_KIND):
            source = names[next(drawn)]
            copy = plant(source, *how, folder / "test" / f"{kind} {number}.x")
            originals[copy.name] = source.name
    return originals


def ours(folder: Path) -> Found:
    clips = sorted(path for side in ("train", "test") for path in (folder / side).iterdir())
    with TemporaryDirectory() as store, patch.dict("os.environ", SER_STORE=store):
        pairs = fingerprint.copies(clips, sides=[clip.parent.name for clip in clips])
    names = [
        {clips[number].parent.name: clips[number].name for number in pair[:2]} for pair in pairs
    ]
    return {(pair["train"], pair["test"]) for pair in names}


def audfprint(folder: Path) -> Found:
    from audfprint2.core import analyzer, hash_table, matcher

    reader, table, asker = analyzer.Analyzer(), hash_table.HashTable(), matcher.Matcher()
    asker.max_returns = 5

    def hashes(path: Path) -> np.ndarray:
        samples, rate = soundfile.read(path, always_2d=True)
        mono = soxr.resample(samples.mean(1), rate, reader.target_sr)
        landmarks = reader.peaks2landmarks(reader.find_peaks(mono, reader.target_sr))
        return np.unique(analyzer.landmarks2hashes(landmarks), axis=0) if landmarks else []

    for path in sorted((folder / "train").iterdir()):
        table.store(path.name, [(int(at), int(value)) for at, value in hashes(path)])
    found = set()
    for path in sorted((folder / "test").iterdir()):
        if len(asked := hashes(path)):
            for number, *_ in asker.match_hashes(table, asked)[: asker.max_returns]:
                found.add((table.names[number], path.name))
    return found


def splitsafe(folder: Path) -> Found:
    command = ["splitsafe", "check", str(folder / "train"), str(folder / "test")]
    return parsed(subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def parsed(text: str) -> Found:
    """Read pairs from splitsafe's report: ``[why] test/NAME  <->  train/NAME``, in either order."""
    found = set()
    for line in text.splitlines():
        if places := re.fullmatch(r"\s*\[.*?\]\s*(.+?)\s+<->\s+(.+?)\s*", line):
            by_side = {Path(place).parent.name: Path(place).name for place in places.groups()}
            found.add((by_side.get("train", ""), by_side.get("test", "")))
    return found


def lacking(name: str) -> str:
    """Say why a peer is not run; empty if it is there."""
    if name == "splitsafe" and not shutil.which("splitsafe"):
        return "not run: no command splitsafe (pip install splitsafe)"
    if name == "audfprint2":
        try:
            import audfprint2  # noqa: F401
        except ImportError:
            return "not run: needs audfprint2 (pip install audfprint2)"
    return ""


PROGRAMS = {"ours": ours, "splitsafe": splitsafe, "audfprint2": audfprint}


def compare(many: int) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        originals = write(folder, many)
        print(
            f"{many} training clips, {len(originals)} copies and {OTHERS} other clips in the test"
        )
        recalls = {}
        for name, program in PROGRAMS.items():
            if reason := lacking(name):
                print(f"  {name:10s} {reason}")
                continue
            started, before = time.perf_counter(), processor_seconds()
            found = program(folder)
            seconds, spent = time.perf_counter() - started, processor_seconds() - before
            planted = {(original, copy) for copy, original in originals.items()}
            recalls[name] = by_kind(found & planted)
            wrong = len(found - planted)
            total = f"{len(found & planted)} of {len(planted)} copies"
            print(
                f"  {name:10s} {total}, {wrong} pairs in error, {seconds:.0f} s, {spent:.0f} s of processors"
            )
        print(f"  {'kind':26s}" + "".join(f"{name:>12s}" for name in recalls))
        for kind in KINDS | HARD:
            shares = "".join(f"{found[kind] / OF_A_KIND:12.2f}" for found in recalls.values())
            print(f"  {kind:26s}{shares}")


def processor_seconds() -> float:
    """Time that this process and those that it started, and still has, have kept processors busy."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    ended = sum(own.cpu_times()[2:4])  # children that have ended
    return sum(each.user + each.system for each in times) + ended


def by_kind(found: Found) -> dict[str, int]:
    kinds = [copy.rpartition(" ")[0] for _, copy in found]
    return {kind: kinds.count(kind) for kind in KINDS | HARD}


def generated(many: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patches, frames and owners of so many clips and, behind them, of copies of every hundredth.

    Patches vary as those of the demo's clips do; a copy's differ by a cosine of 0.98 or so.
    """
    paths = [path for name in synthetic.NAMES for path in synthetic.load(name).table["path"]]
    spread = fingerprint.FINGERPRINTS.frames(paths)[0]["patch"].astype(np.float32)
    rng, each = np.random.default_rng(0), fingerprint.PATCHES
    values, vectors = np.linalg.eigh(np.cov(spread.T))
    root = (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    patches = rng.standard_normal((many * each, len(root)), np.float32) @ root.T + spread.mean(0)
    patches /= np.linalg.norm(patches, axis=1, keepdims=True)
    frames = rng.integers(0, 300, many * each)
    rows = np.arange(many * each).reshape(many, each)[::100].ravel()
    noise = rng.standard_normal((len(rows), len(root)), np.float32) * 0.2 / np.sqrt(len(root))
    again = patches[rows] + noise
    again /= np.linalg.norm(again, axis=1, keepdims=True)
    owner = np.repeat(np.arange(many + len(rows) // each), each)
    return np.concatenate([patches, again]), np.concatenate([frames, frames[rows] + 7]), owner


def matching(many: int) -> None:
    patches, frames, owner = generated(many)
    before = processor_seconds()
    pairs = fingerprint.matches(patches, frames, owner, sides=np.arange(owner[-1] + 1))
    seconds = processor_seconds() - before
    planted = {(100 * number, many + number) for number in range(many // 100)}
    found = planted & set(map(tuple, pairs.tolist()))
    print(
        f"Matching alone, {many:,} clips of {fingerprint.PATCHES} patches: {seconds:.0f} s of a processor,"
        f" {len(found)} of {len(planted)} copies, {len(pairs) - len(found)} other pairs to listen to"
    )


def main(sizes: Sequence[str]) -> None:
    for many in map(int, sizes or SIZES):
        compare(many)
    matching(MATCHED)


if __name__ == "__main__":
    main(sys.argv[1:])
