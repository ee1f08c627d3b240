"""A small corpus of paper 03's shape with sound, four speakers in seven classes, and chapter 3 that reads it as its demo."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from sercore.corpora import Corpus
from sercore.corpora.labels import SEVEN
from sercore.papers.biagini2022 import data as loopq_data

RATE = 16_000


def voice(seconds: float, *, pitch: float, bend: float, rate: int = RATE) -> np.ndarray:
    """Harmonics under 3.5 kHz that glide and swell, the same sound at any rate."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (pitch * time + bend * time**2 / 2)
    highest = int(3500 / (pitch + abs(bend) * seconds))
    harmonics = sum(np.sin(number * phase) / number for number in range(1, highest + 1))
    return 0.2 * harmonics * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))


def write(folder: Path) -> pd.DataFrame:
    """Clips of 0.9 to 1.5 s with silence at both ends, and their table."""
    folder.mkdir(parents=True)
    generator, rows = np.random.default_rng(0), []
    for (number, speaker), (label, emotion) in product(
        enumerate(("f1", "f2", "m1", "m2")), enumerate(SEVEN)
    ):
        spoken = voice(
            0.7 + 0.1 * number + 0.05 * label, pitch=220 - 30 * number, bend=40 * (label - 3)
        )
        silence = np.zeros(1600)
        samples = np.concatenate(
            [silence, spoken + 0.001 * generator.standard_normal(len(spoken)), silence]
        )
        path = folder / f"{speaker}_{emotion}.wav"
        soundfile.write(path, samples, RATE)
        about = {
            "path": path,
            "corpus": "toy",
            "speaker": speaker,
            "gender": "female" if number < 2 else "male",
        }
        about |= {
            "emotion": {"surprise": "surprised"}.get(emotion, emotion),
            "class": emotion,
            "name": path.stem,
        }
        about |= {"language": "en-GB", "text": "t0", "seconds": len(samples) / RATE}
        rows.append(about)
    return pd.DataFrame(rows)


def use(monkeypatch, folder: Path) -> pd.DataFrame:
    """Let chapter 3 read this corpus in every edition, and keep what it does under this folder."""
    monkeypatch.setenv("SER_STORE", str(folder / "store"))
    table = write(folder / "clips")
    monkeypatch.setattr(
        loopq_data, "read", lambda edition, **settings: [Corpus("toy", table.copy())]
    )
    return table
