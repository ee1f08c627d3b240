"""A small data set of paper 04's shape: six actors who are scored, four speakers who teach, frames that tell both a little."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import torch

from sercore import audio, store
from sercore.evaluation import embeddings
from sercore.features.mel import normalise_bands
from sercore.models import resnet
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.data import CLASSES, Data, Source
from sercore.papers.padi2021.study import ROWS
from sercore.papers.padi2021.trial import Trial
from sercore.training import checkpoints, resumable
from sercore.training.batching import Ragged
from sercore.training.resumable import LAST

BANDS = 32
ACTORS = ("f1", "f2", "f3", "m1", "m2", "m3")
SPEAKERS = ("f4", "f5", "m4", "m5")
EMOTIONS = ("angry", "happy", "excited", "neutral", "sad")
CLIPS = 2  # of each actor and emotion
SECONDS = (0.3, 1.0)  # of those that are files
TONES = {"angry": 900, "happy": 700, "excited": 800, "neutral": 400, "sad": 300}  # Hz
TRANSFERRED = {"pretraining": 2, "speakers": "shared"}
# Narrower layers of 16 channels would not train channels-last on a CPU.
SIZES = replace(
    resnet.SIZES, bands=BANDS, channels=(16, 16, 16, 16), blocks=(1, 1, 1, 1), width=8, frames=40
)


def narrow(monkeypatch) -> None:
    """Let "small" be a network that trains in a second."""
    monkeypatch.setitem(padi_trial.SIZES, "small", SIZES)


def data(*, corpus="toy", emotions: Sequence[str] = EMOTIONS, seed=0) -> Data:
    """Clips of 20 to 60 frames of 32 bands; two actors a session, and both parts, where the corpus is IEMOCAP."""
    rows = [
        {
            "path": f"{speaker}_{emotion}_{number}.wav",
            "corpus": corpus,
            "speaker": speaker,
            "gender": "female" if speaker[0] == "f" else "male",
            "emotion": emotion,
            "name": f"{speaker}_{emotion}_{number}",
            "conversation": f"{corpus}/{speaker}",
            "part": ("improvised", "scripted")[number % 2] if corpus == "iemocap" else None,
            "session": int(speaker[1]) if corpus == "iemocap" else None,
        }
        for speaker, emotion, number in product(ACTORS, emotions, range(CLIPS))
    ]
    table, draw = pd.DataFrame(rows), np.random.default_rng(seed)
    clips = [
        _clip(draw, EMOTIONS.index(row["emotion"]), ACTORS.index(row["speaker"])) for row in rows
    ]
    joined = {"happy": "happy+excited", "excited": "happy+excited"}
    targets = {
        name: np.array(
            [
                classes.index(word) if (word := found(each)) in classes else -1
                for each in table["emotion"]
            ]
        )
        for (name, classes), found in zip(
            CLASSES.items(), [str, str, lambda each: joined.get(each, each)], strict=True
        )
    }
    return Data(
        table,
        Ragged.of(clips),
        Ragged.of(normalise_bands(clips)),
        CLASSES,
        targets,
        _source(table, clips, draw),
    )


def spoken(folder: Path) -> Data:
    """The same clips as files in this folder: noise, and a tone for each emotion."""
    toy, draw, paths = data(), np.random.default_rng(0), []
    for name, emotion in zip(toy.table["path"], toy.table["emotion"], strict=True):
        time = np.arange(int(draw.uniform(*SECONDS) * audio.RATE)) / audio.RATE
        tone = np.sin(2 * np.pi * TONES[emotion] * time) * np.sin(2 * np.pi * 4 * time)
        paths.append(str(folder / name))
        samples = 0.1 * tone + 0.03 * draw.normal(size=len(time))
        soundfile.write(paths[-1], samples, audio.RATE)
    return replace(toy, table=toy.table.assign(path=paths))


def trial(name: str = "001", **changed) -> Trial:
    """Two epochs of a row of the grid, and of its speaker recogniser."""
    row = ROWS[name]
    settings = {
        "experiment": "exp1",
        "protocol": "speakers-apart",
        "fold": 0,
        "seed": 0,
        "edition": "demo",
        "epochs": 2,
    }
    taught = TRANSFERRED if row.transfer != "none" else {}
    return Trial(**asdict(row) | settings | {"size": "small"} | taught | changed)


def timeless(outcome: dict) -> dict:
    """An outcome without what differs from run to run."""
    return {
        name: value
        for name, value in outcome.items()
        if name not in ("seconds", "seconds_per_clip", "clips_per_second")
    }


def weights(done, held) -> dict[str, torch.Tensor]:
    """Of a finished training, as they stand on disk."""
    return checkpoints.read(
        resumable.folder(padi_trial.__name__, done, held.content(done), device=torch.device("cpu"))
        / LAST
    )[0]


def moved(found, start) -> set[str]:
    """Which tensors differ, by the first two parts of their names."""
    return {
        ".".join(name.split(".")[:2]) for name in found if not torch.equal(found[name], start[name])
    }


def _source(table: pd.DataFrame, clips: Sequence[np.ndarray], draw: np.random.Generator) -> Source:
    """Five clips of each speaker of another corpus, of which an epoch reads four; pairs of the scored clips are compared."""
    spoken = [
        _clip(draw, number, place + len(ACTORS))
        for place in range(len(SPEAKERS))
        for number in range(5)
    ]
    left, right, same = embeddings.trials(
        (table["corpus"] + "/" + table["speaker"]).to_numpy(str), pairs=60, seed=0
    )
    return Source(
        speakers=np.array([f"other/{speaker}" for speaker in SPEAKERS for _ in range(5)]),
        frames=Ragged.of(normalise_bands(spoken)),
        compared=Ragged.of(normalise_bands(clips)),
        left=left,
        right=right,
        same=same,
        corpora=("other",),
        contents=store.digest([store.values(clip) for clip in spoken]),
        most=4,
    )


def _clip(draw: np.random.Generator, emotion: int, speaker: int) -> np.ndarray:
    """Noise in which some bands, by the emotion, move together at the speaker's pace; the level is the speaker's, the end quiet."""
    frames = int(draw.integers(20, 61))
    moved = np.sin(np.arange(frames) / (1.5 + speaker / 3) + draw.uniform(0, 6))[:, None] * (
        np.arange(BANDS) % 5 == emotion
    )
    quiet = 10 * (np.arange(frames) >= frames - 2)[:, None]  # 43 dB
    return (draw.normal(size=(frames, BANDS)) + 3 * moved + speaker - quiet).astype(np.float32)
