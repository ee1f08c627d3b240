"""A small corpus of paper 02's shape with sound, two pooled corpora and one apart, and chapter 2 that reads it as its demo."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from sercore.audio import RATE
from sercore.corpora import Corpus
from sercore.papers.parry2022 import data as parry_data
from tests.papers.biagini2022.loopq_clips import voice

CORPORA = {"lab": "en-GB", "street": "it-IT", "radio": "en-US"}
EMOTIONS = ("happy", "surprised", "neutral", "calm", "angry")


def write(folder: Path) -> pd.DataFrame:
    """Clips of 0.6 to 0.8 s, four speakers in each of three corpora, and their table."""
    folder.mkdir()
    rows = []
    for (place, corpus), (number, speaker), (label, emotion) in product(
        enumerate(CORPORA), enumerate(("f1", "f2", "m1", "m2")), enumerate(EMOTIONS)
    ):
        pitch = 230 - 30 * number - 9 * place  # no clip is another one with more noise
        samples = voice(0.6 + 0.05 * number, pitch=pitch, bend=90 * (label - 2))
        noise = np.random.default_rng([len(rows)]).standard_normal(len(samples))
        path = folder / f"{corpus}_{speaker}_{emotion}.wav"
        soundfile.write(path, samples + 0.002 * noise, RATE)
        about = {
            "path": path,
            "corpus": corpus,
            "speaker": speaker,
            "gender": "female" if number < 2 else "male",
        }
        about |= {
            "language": CORPORA[corpus],
            "emotion": emotion,
            "text": "t0",
            "seconds": len(samples) / RATE,
            "name": path.stem,
        }
        rows.append(about)
    return pd.DataFrame(rows)


def use(monkeypatch, folder: Path) -> None:
    """Let chapter 2 read this corpus in every edition, and keep what it does under this folder."""
    monkeypatch.setenv("SER_STORE", str(folder / "store"))
    table = write(folder / "clips")
    corpora = [Corpus(name, rows) for name, rows in table.groupby("corpus", sort=False)]
    monkeypatch.setattr(parry_data, "read", lambda edition: (corpora, ("radio",)))
