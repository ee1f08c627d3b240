"""Seconds a clip of the prosodic set, beside the same set with Praat's own GNE and openSMILE's eGeMAPS, in one run.

Usage: ``python benchmarks/features.py [CLIP ...]``; without clips, ten of CORAA SER under ``SER_CORPORA``
or ``../shared/corpora``, or else of the demo corpus.
The fastest of three rounds counts, one thread each; compare the ratios, not the milliseconds.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from sercore import audio
from sercore.corpora import synthetic
from sercore.features import praat, prosodic

ROUNDS = 3


def clips() -> list[Path]:
    if len(sys.argv) > 1:
        return [Path(name) for name in sys.argv[1:]]
    home = Path(os.environ.get("SER_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora")
    found = sorted((home / "coraa-ser" / "data_train").glob("*.flac"))
    if not found:
        print(f"{home}/coraa-ser: no clip; the demo corpus instead. Name audio files on the command line, or set SER_CORPORA.")
        found = [Path(path) for path in synthetic.load("demo-conversa").table["path"]]
    return found[:: max(1, len(found) // 10)][:10]


def praats_own(samples: np.ndarray, *, rate: int = audio.RATE) -> np.ndarray:
    return praat.call(praat.sound(samples, rate=rate), "To Harmonicity (gne)", 500.0, 4500.0, 1000.0, 80.0).values


def with_praats_gne(samples: np.ndarray) -> np.ndarray:
    fast, prosodic.gne = prosodic.gne, praats_own
    try:
        return prosodic.prosodic(samples)
    finally:
        prosodic.gne = fast


def egemaps() -> Callable[[np.ndarray], object] | None:
    try:
        import opensmile
    except ImportError:
        return None
    smile = opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals)
    return lambda samples: smile.process_signal(samples, audio.RATE)


def seconds(measure: Callable[[np.ndarray], object], signals: list[np.ndarray]) -> float:
    measure(signals[0])
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for samples in signals:
            measure(samples)
        rounds.append(time.perf_counter() - start)
    return min(rounds) / len(signals)


def main() -> None:
    signals = [audio.read(path) for path in clips()]
    print(f"{len(signals)} clips of {np.mean([len(samples) for samples in signals]) / audio.RATE:.2f} s on average")
    peers = {"prosodic, Praat's own GNE": with_praats_gne, "openSMILE eGeMAPSv02": egemaps()}
    with threadpool_limits(1):
        ours = seconds(prosodic.prosodic, signals)
        print(f"{'prosodic':28s} {1e3 * ours:7.1f} ms a clip")
        for name, measure in peers.items():
            if measure is None:
                print(f"{name:28s} not run: needs opensmile (pip install opensmile)")
                continue
            theirs = seconds(measure, signals)
            print(f"{name:28s} {1e3 * theirs:7.1f} ms a clip, {theirs / ours:.2f} times ours")


if __name__ == "__main__":
    main()
