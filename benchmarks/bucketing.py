"""Padding share of batches by length beside random batches of the same clips, in one run; the goal is under 5 %.

Usage: ``python -m benchmarks.bucketing [BATCH ...]`` (default 16 32 64); the clips are RAVDESS without calm and TESS under
``SER_CORPORA`` or ``../shared/corpora``, or else the demo corpora, cut as paper 03's free-length model gets them.
The largest corpus' share in a batch, of 1 in a batch of one corpus, says how far length sorts corpora; five epochs each.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import audio
from sercore.corpora import load
from sercore.corpora.demo import synthetic
from sercore.features.length import trim
from sercore.training.batching import WINDOW, by_length, padding_share

EPOCHS = 5
HOP = 256  # samples


def clips() -> pd.DataFrame:
    home = Path(
        os.environ.get("SER_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora"
    )
    names = [name for name in ("ravdess", "tess") if (home / name).is_dir()]
    if names:
        table = pd.concat([load(name, root=home).table for name in names], ignore_index=True)
        return table[table["emotion"] != "calm"]
    print(f"{home}: neither ravdess nor tess; the demo corpora instead. Set SER_CORPORA.")
    return pd.concat(
        [synthetic.load(name).table for name in ("demo-studio", "demo-labor", "demo-scena")],
        ignore_index=True,
    )


def largest_share(corpora: np.ndarray, batches: list[np.ndarray]) -> float:
    return float(
        np.mean(
            [np.unique(corpora[rows], return_counts=True)[1].max() / len(rows) for rows in batches]
        )
    )


def main() -> None:
    table = clips()
    corpora = table["corpus"].to_numpy(str)
    whole = 1 + (table["seconds"].to_numpy() * audio.RATE).astype(int) // HOP
    trimmed = np.array([1 + len(trim(audio.read(path))) // HOP for path in table["path"]])
    for what, lengths in {"silence trimmed": trimmed, "whole": whole}.items():
        print(
            f"{len(table)} clips, {what}: {lengths.min()} to {lengths.max()} frames of {HOP} samples"
        )
        for batch in [int(given) for given in sys.argv[1:]] or [16, 32, 64]:
            for name, window in {"random": 1, "by length": WINDOW}.items():
                start = time.perf_counter()
                epochs = [
                    by_length(lengths, batch=batch, seed=0, epoch=at, window=window)
                    for at in range(EPOCHS)
                ]
                seconds = (time.perf_counter() - start) / EPOCHS
                padding = max(padding_share(lengths, batches) for batches in epochs)
                corpus = np.mean([largest_share(corpora, batches) for batches in epochs])
                told = f"{padding:6.1%} padding, largest corpus {corpus:.2f}, {1e3 * seconds:.1f} ms an epoch"
                print(f"  batch {batch:3d} {name:10s} {told}")


if __name__ == "__main__":
    main()
