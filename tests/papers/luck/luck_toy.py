"""Toy clips whose values tell speaker and class: planted leaks have something to find."""

import numpy as np
import pandas as pd

from sercore.papers.luck.trial import Data

CORPUS = "toy"
CLASSES = ("a", "b", "c")


def data(
    *,
    speakers: int = 6,
    counts: tuple[int, ...] = (24, 9, 9),
    voice: float = 4.0,
    signal: float = 0.6,
    width: int = 12,
    seed: int = 0,
) -> Data:
    """Draw clips: a class' centre, the same for all speakers, and one of each speaker's own.

    ``counts`` are clips of each class and speaker, ``signal`` how far the shared centres lie apart,
    and ``voice`` how far those do that a speaker has alone.
    """
    generator = np.random.default_rng(seed)
    shared = signal * generator.normal(size=(len(counts), width))
    rows, values = [], []
    for speaker in range(speakers):
        own = voice * generator.normal(size=(len(counts), width)) / np.sqrt(width)
        for label, many in enumerate(counts):
            for clip in range(many):
                about = {"corpus": CORPUS, "speaker": f"s{speaker}", "class": CLASSES[label]}
                rows.append(about | {"path": f"{speaker}-{label}-{clip}.wav"})
                values.append(shared[label] + own[label] + generator.normal(size=width))
    return Data(pd.DataFrame(rows), np.array(values, np.float32))
