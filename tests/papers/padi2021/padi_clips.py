"""Two small corpora of paper 04's shape with sound, one scored and one that teaches, and chapter 4 that reads them as its demo."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from sercore.audio import RATE
from sercore.corpora import Corpus
from sercore.corpora.demo import synthetic
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import pretraining
from sercore.papers.padi2021 import trial as padi_trial
from tests.papers.biagini2022.loopq_clips import voice
from tests.papers.padi2021 import padi_toy

EMOTIONS = ("angry", "happy", "neutral", "sad", "calm")  # no experiment has calm
TAUGHT = ("demo-labor", "demo-scena")


def write(folder: Path, corpus: str, *, pitch: float) -> pd.DataFrame:
    """Clips of 0.55 to 1.05 s of four speakers, and their table; in some, half a second is quiet."""
    (folder / corpus).mkdir(parents=True)
    rows = []
    for (number, speaker), (label, emotion) in product(
        enumerate(("f1", "f2", "m1", "m2")), enumerate(EMOTIONS)
    ):
        samples = voice(
            0.55 + 0.05 * number + 0.02 * label, pitch=pitch - 30 * number, bend=90 * (label - 2)
        )
        samples = np.concatenate([samples, 1e-3 * samples[: RATE * (label % 2) // 4]])
        noise = np.random.default_rng([number, label]).standard_normal(len(samples))
        path = folder / corpus / f"{speaker}_{emotion}.wav"
        soundfile.write(path, samples + 1e-4 * noise, RATE)
        about = {
            "path": path,
            "corpus": corpus,
            "speaker": speaker,
            "gender": "female" if number < 2 else "male",
        }
        about |= {
            "language": "en-GB",
            "emotion": emotion,
            "text": "t0",
            "seconds": len(samples) / RATE,
        }
        rows.append(about)
    return pd.DataFrame(rows)


def use(monkeypatch, folder: Path) -> None:
    """Let chapter 4 read these corpora alone, in a network that trains in a second, and keep what it does under this folder."""
    monkeypatch.setenv("SER_STORE", str(folder / "store"))
    names = (padi_data.SCORED["demo"], *TAUGHT)
    tables = {
        name: write(folder / "clips", name, pitch=230 - 9 * number)
        for number, name in enumerate(names)
    }
    monkeypatch.setattr(synthetic, "load", lambda name: Corpus(name, tables[name].copy(), ()))
    monkeypatch.setitem(pretraining.SPEAKERS, "demo", TAUGHT)
    monkeypatch.setitem(
        padi_trial.SIZES, "small", replace(padi_toy.SIZES, bands=padi_data.MEL.bands)
    )
