"""A small data set of paper 02's shape: four corpora, one of them unseen, frames that tell the classes a little."""

from itertools import product

import numpy as np
import pandas as pd

from sercore.papers.parry2022.data import Data
from sercore.papers.parry2022.study import ROWS
from sercore.papers.parry2022.trial import Trial
from sercore.training.batching import Ragged

CORPORA = {"one": "en-GB", "two": "en-US", "three": "it-IT", "away": "en-CA"}
CLASSES = ("positive", "neutral", "negative")
EMOTIONS = ("happy", "surprised", "neutral", "angry", "sad")
NUMBERS = {"happy": 0, "surprised": 0, "neutral": 1, "angry": 2, "sad": 2}


def data(*, unseen=("away",), seed=0) -> Data:
    """Four speakers, women and men, and two texts in each corpus; 15 to 40 frames of 40 bands."""
    rows = [
        {
            "path": f"{corpus}/{gender[0]}{number}_{emotion}_{text}.wav",
            "corpus": corpus,
            "speaker": f"{gender[0]}{number}",
            "gender": gender,
            "language": language,
            "text": str(text),
            "emotion": emotion,
            "seconds": 1.0,
            "surprised": emotion == "surprised",
        }
        for (corpus, language), gender, number, emotion, text in product(
            CORPORA.items(), ("female", "male"), (1, 2), EMOTIONS, (1, 2)
        )
    ]
    table = pd.DataFrame(rows)
    draw = np.random.default_rng(seed)
    target = np.array([NUMBERS[each] for each in table["emotion"]])
    frames = [
        (
            draw.normal(size=(draw.integers(15, 41), 40)) + 2.0 * (np.arange(40) % 3 == number)
        ).astype(np.float32)
        for number in target
    ]
    out = np.where(table["surprised"], -1, target)
    targets = dict.fromkeys(
        product(("positive", "negative"), ("neutral", "positive", "left out")), target
    )
    targets |= dict.fromkeys(product(("left out",), ("neutral", "positive", "left out")), out)
    keep = table["corpus"].isin(set(CORPORA) - {"away"} | set(unseen)).to_numpy()
    places = np.flatnonzero(keep)
    return Data(
        table=table[keep].reset_index(drop=True),
        frames=Ragged.of([frames[place] for place in places]),
        unseen=tuple(unseen),
        classes=CLASSES,
        targets={switches: numbers[keep] for switches, numbers in targets.items()},
    )


def trial(name="baseline", **changed) -> Trial:
    """Two epochs of the demo's network, a batch of 8."""
    row = ROWS[name]
    fields = {
        field: getattr(row, field)
        for field in ("approach", "attributes", "variant", "alpha", "surprise", "calm")
    }
    settings = {
        "initialisation": "he",
        "rate": 0.02,
        "batch": 8,
        "seed": 0,
        "edition": "demo",
        "epochs": 2,
        "size": "small",
    }
    return Trial(**fields | settings | changed)
