"""Prosodic features of 200 clips: ours on two cores beside the same calls of Praat one after the other; goal 12 times.

Usage: ``python -m benchmarks.features [CLIPS]`` (default 200), half of CORAA SER and half of RAVDESS under ``SER_CORPORA`` or
``../shared/corpora``, or else of the demo corpora. Ours is ``features.compute`` with an empty store and two processes that are
already there: files are read, hashed, measured, kept. Praat's own glottal-to-noise matrix is what ours replaces; everything else
is Praat on both sides, which is the limit. openSMILE's eGeMAPS stands beside one process of ours on every tenth clip, in turns.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

from sercore import audio, features
from sercore.corpora.demo import synthetic
from sercore.features import praat, prosodic
from sercore.features.names import NAMES

GOAL, CLIPS, JOBS, ROUNDS = 12.0, 200, 2, 3
AGREED = 1e-3  # relative, on every feature of every clip
FOLDERS = {"coraa-ser": "data_train/*.flac", "ravdess": "Actor_*/*.flac"}


def clips(count: int) -> list[Path]:
    """Evenly from either corpus."""
    home = Path(
        os.environ.get("SER_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora"
    )
    found = [sorted((home / name).glob(pattern)) for name, pattern in FOLDERS.items()]
    if not all(found):
        print(
            f"{home}: not both of {', '.join(FOLDERS)}; the demo corpora instead. Set SER_CORPORA."
        )
        found = [
            [Path(path) for path in synthetic.load(name).table["path"]]
            for name in ("demo-conversa", "demo-studio")
        ]
    half = count // len(found)
    return [each[at * len(each) // half] for each in found for at in range(half)]


def praats_own(samples: np.ndarray, *, rate: int = audio.RATE) -> np.ndarray:
    return praat.call(
        praat.sound(samples, rate=rate), "To Harmonicity (gne)", 500.0, 4500.0, 1000.0, 80.0
    ).values


def with_praats_gne(samples: np.ndarray) -> np.ndarray:
    with patch.object(prosodic, "gne", praats_own):
        return prosodic.prosodic(samples)


def without_gne(samples: np.ndarray) -> np.ndarray:
    with patch.object(prosodic, "gne", lambda samples, *, rate: np.eye(2)):
        return prosodic.prosodic(samples)


def egemaps() -> Callable[[np.ndarray], object] | None:
    try:
        import opensmile
    except ImportError:
        return None
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    return lambda samples: smile.process_signal(samples, audio.RATE)


def one_after_the_other(paths: Sequence[Path]) -> tuple[float, np.ndarray]:
    """Seconds of Praat's calls in one process, and the features."""
    started = time.perf_counter()
    rows = np.array([with_praats_gne(audio.read(path)) for path in paths])
    return time.perf_counter() - started, rows


def ours(paths: Sequence[Path], warm: Sequence[Path]) -> tuple[float, np.ndarray]:
    """Seconds of ``features.compute`` from an empty store, and the features."""
    with TemporaryDirectory() as folder, patch.dict(os.environ, SER_STORE=folder):
        features.compute("prosodic", warm, jobs=JOBS)
        started = time.perf_counter()
        rows = features.compute("prosodic", paths, jobs=JOBS)
        return time.perf_counter() - started, rows


def milliseconds(measure: Callable[[np.ndarray], object], signals: Sequence[np.ndarray]) -> float:
    started = time.perf_counter()
    for samples in signals:
        measure(samples)
    return 1e3 * (time.perf_counter() - started) / len(signals)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS
    paths = clips(count)
    print(
        f"{len(paths)} clips of {np.mean([audio.seconds(path) for path in paths]):.2f} s on average"
    )
    with threadpool_limits(1):
        # The peer is long: ours before it and after it, so that both meet the same load of the machine.
        warm = clips(count + 2 * JOBS)[: 2 * JOBS]
        before, own = ours(paths, warm)
        theirs, peer = one_after_the_other(paths)
        after, _ = ours(paths, warm)
        ratios = sorted(theirs / each for each in (before, after))
        goal = "reached" if np.mean(ratios) >= GOAL else "not reached"
        spread = f"{np.mean(ratios):.1f} times Praat in one ({ratios[0]:.1f} to {ratios[1]:.1f})"
        print(f"prosodic, {JOBS} processes: {spread}; goal {GOAL:g} {goal}")
        print(
            f"  ours {1e3 * np.mean([before, after]) / len(paths):.0f} ms a clip, Praat {1e3 * theirs / len(paths):.0f}"
        )
        apart = np.abs(own - peer) / np.maximum(np.abs(peer), np.finfo(float).tiny)
        apart[own == peer] = 0
        clip, feature = np.unravel_index(apart.argmax(), apart.shape)
        agreed = f"{'within' if apart.max() <= AGREED else 'NOT within'} {AGREED:g} on all {apart.size} values"
        print(
            f"  furthest apart: {NAMES[feature]}, {apart[clip, feature]:.0e} of its value, {agreed}"
        )
        one_by_one([audio.read(path) for path in paths[::10]])


def one_by_one(signals: Sequence[np.ndarray]) -> None:
    """One process: ours, the calls of Praat that are left, eGeMAPS."""
    sides = {
        "prosodic": prosodic.prosodic,
        "the calls of Praat that are left": without_gne,
        "openSMILE eGeMAPSv02": egemaps(),
    }
    asked = {name: measure for name, measure in sides.items() if measure}
    for measure in asked.values():
        measure(signals[0])
    turns = np.array(
        [[milliseconds(measure, signals) for measure in asked.values()] for _ in range(ROUNDS)]
    )
    print(f"One process, {len(signals)} clips, fastest of {ROUNDS} rounds")
    for name, each in zip(asked, turns.min(axis=0), strict=True):
        print(f"  {name:34s} {each:6.1f} ms a clip, {each / turns.min(axis=0)[0]:.2f} of ours")
    for name in sides.keys() - asked.keys():
        print(f"  {name:34s} not run: needs opensmile (pip install opensmile)")


if __name__ == "__main__":
    main()
