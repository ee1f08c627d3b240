"""Clips of paper 03's shape without audio: two corpora of four speakers, seven classes, inputs that tell the classes a little."""

from itertools import product

import numpy as np
import pandas as pd

from sercore.corpora.labels import SEVEN
from sercore.papers.biagini2022.data import Data
from sercore.papers.biagini2022.inputs import Inputs
from sercore.papers.biagini2022.models import ROWS
from sercore.papers.biagini2022.trial import Trial

FRAMES, BANDS = 65, 40  # of the small networks


def toy() -> Data:
    """112 clips, sorted by speaker and class as the real tables are."""
    generator = np.random.default_rng(0)
    rows = [
        (corpus, speaker, "female" if speaker[0] == "f" else "male", emotion, f"t{text}", 1.0)
        for corpus, speaker, emotion, text in product(
            ("toy-a", "toy-b"), ("f1", "f2", "m1", "m2"), SEVEN, range(2)
        )
    ]
    table = pd.DataFrame(rows, columns=["corpus", "speaker", "gender", "class", "text", "seconds"])
    labels = table["class"].map(SEVEN.index).to_numpy()
    valid = generator.integers(20, FRAMES + 1, len(table))

    def drawn(frames: int, width: int) -> np.ndarray:
        return generator.normal(0, 1, (frames, width)).astype(np.float32)

    inputs = {}
    for kind in ("mel", "mel, linear", "mfcc", "mfcc, no floor", "mfcc, stretched"):
        clips = [drawn(FRAMES, BANDS) + 2 * (np.arange(BANDS) % 7 == label) for label in labels]
        inputs[kind] = Inputs.of([clip.astype(np.float32) for clip in clips], valid)
    inputs["mfcc, free length"] = Inputs.of([clip[:frames] for clip, frames in zip(np.split(
        inputs["mfcc"].values, len(table)), valid, strict=True)])  # fmt: skip
    inputs["frames"] = Inputs.of([drawn(frames, 6) for frames in valid])
    inputs["frames, filled"] = Inputs.of([drawn(20, 6) for _ in valid])
    return Data(table, inputs, SEVEN, encoder="toy")


def trial(name: str = "FCMFCC as-run", protocol: str = "by-origin", **more) -> Trial:
    """Two epochs of a small network, by the name of its row."""
    row = ROWS[name]
    settings = {
        name: getattr(row, name)
        for name in ("model", "variant", "rates", "augmentation", "control")
    }
    encoder = "toy" if any(kind.startswith("frames") for kind in row.inputs) else "none"
    shared = {
        "fold": 0,
        "seed": 0,
        "edition": "demo",
        "epochs": 2,
        "size": "small",
        "encoder": encoder,
    }
    return Trial(**settings | shared | {"protocol": protocol} | more)
