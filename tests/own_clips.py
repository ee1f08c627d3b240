"""A researcher's own clips, synthesised, or sixty of EMOVO, listed in a table."""

import csv
from itertools import product
from pathlib import Path

import numpy as np
import soundfile

from sercore import corpora
from sercore.audio import RATE
from tests.papers.biagini2022.loopq_clips import voice

COLUMNS = ("path", "corpus", "speaker", "emotion", "gender", "language", "text", "split")
CORPORA = {"lab": "en-GB", "street": "it-IT"}
SPEAKERS = ("f1", "f2", "f3", "m1", "m2", "m3")
EMOTIONS = ("angry", "happy", "neutral", "sad")


def write(folder: Path, *, names: tuple[str, ...] = tuple(CORPORA), takes: int = 1) -> list[dict]:
    """Synthesise clips of 0.6 to 0.8 s by six speakers of each corpus, in ``corpus/emotion/``."""
    rows = []
    for corpus, (number, speaker), (label, emotion), take in product(
        names, enumerate(SPEAKERS), enumerate(EMOTIONS), range(takes)
    ):
        place = list(CORPORA).index(corpus)
        pitch = 230 - 20 * number - 7 * place - 3 * take  # no clip is another one with more noise
        samples = voice(0.6 + 0.03 * number, pitch=pitch, bend=60 * (label - 2) + 5 * take)
        noise = np.random.default_rng([place, number, label, take]).standard_normal(len(samples))
        path = folder / corpus / emotion / f"{speaker}_{take}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples + 0.002 * noise, RATE)
        gender = "female" if speaker[0] == "f" else "male"
        cells = (path, corpus, speaker, emotion, gender, CORPORA[corpus], f"t{take}", "")
        rows.append(dict(zip(COLUMNS, map(str, cells), strict=True)))
    return rows


def emovo(names: tuple[str, ...] = ("study",)) -> list[dict]:
    """List sixty clips of EMOVO, ten by each speaker: angry, happy, neutral, sad and afraid.

    Two names make two corpora of them, of six speakers each, who say other sentences.
    """
    table = corpora.load("emovo").table
    rows = []
    for place, corpus in enumerate(names):
        texts = ("b1", "b2") if place == 0 else ("l1", "l2")
        chosen = table[table["emotion"].isin(["rab", "gio", "neu", "tri", "pau"])]
        for clip in chosen[chosen["text"].isin(texts)].to_dict("records"):
            row = {name: str(clip.get(name, "")) for name in COLUMNS}
            rows.append(row | {"corpus": corpus, "speaker": f"{corpus}-{clip['speaker']}"})
    return rows


def table(folder: Path, rows: list[dict], *, name: str = "clips.csv", without: tuple = ()) -> Path:
    """Write rows as a table, without some of the columns."""
    columns = [column for column in COLUMNS if column not in without]
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path
