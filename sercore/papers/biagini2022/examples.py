"""Clips of paper 03 to see and hear: one of each emotion, and several of them joined, for a prediction that moves over them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sercore import audio
from sercore.features.length import trim
from sercore.features.mel import PICTURE, mel
from sercore.papers.biagini2022.batches import Data
from sercore.protocols.speakers import speaker_folds

SECONDS = 30.0  # of joined clips


@dataclass(frozen=True, eq=False)
class Example:
    """One clip.

    Args:
        name: of its emotion.
        path: of its file.
        samples: ``(samples,)`` at 16 kHz.
        picture: ``(frames, bands)`` mel spectrogram in dB as Figure 2 has it: window 2048, hop 1024.
    """

    name: str
    path: Path
    samples: np.ndarray
    picture: np.ndarray


@dataclass(frozen=True, eq=False)
class Joined:
    """Clips one behind the other.

    Args:
        samples: ``(samples,)`` at 16 kHz.
        parts: start and end of each clip in seconds, and its emotion.
    """

    samples: np.ndarray
    parts: list[tuple[float, float, str]]


def of_each_emotion(data: Data) -> list[Example]:
    """The first clip of each class, all of the speaker who has the most classes, in the order of the classes."""
    table = data.table
    whole = table.groupby(["corpus", "speaker"], sort=False)["class"].nunique()
    corpus, speaker = whole.idxmax()
    own = table[(table["corpus"] == corpus) & (table["speaker"] == speaker)]
    first = own.drop_duplicates("class").set_index("class")["path"]
    found = []
    for name in (each for each in data.classes if each in first):
        samples = audio.read(first[name])
        found.append(Example(name, Path(first[name]), samples, mel(samples, settings=PICTURE)))
    return found


def joined(data: Data, *, seconds: float = SECONDS, seed: int = 0) -> Joined:
    """Clips of one speaker whom training on fold 0 never heard, emotions in turn, silence cut from their ends.

    Args:
        data: of an edition.
        seconds: at which it is full; the last clip may reach beyond (default 30).
        seed: of which clips, and of the order of the emotions (default 0).
    """
    generator = np.random.default_rng(seed)
    tested = data.table.iloc[speaker_folds(data.table, 0)[2]]
    corpus, speaker = tested.groupby(["corpus", "speaker"], sort=False).size().idxmax()
    own = tested[(tested["corpus"] == corpus) & (tested["speaker"] == speaker)]
    names = generator.permutation(sorted(own["class"].unique()))
    pieces, parts, length = [], [], 0
    while length < seconds * audio.RATE:
        name = str(names[len(parts) % len(names)])
        path = generator.choice(own[own["class"] == name]["path"].astype(str))
        pieces.append(trim(audio.read(path)))
        parts.append((length / audio.RATE, (length + len(pieces[-1])) / audio.RATE, name))
        length += len(pieces[-1])
    return Joined(np.concatenate(pieces), parts)


def changes(windows: list[dict]) -> list[float]:
    """Times in seconds at which the likeliest class changes: half-way between the middles of two neighbouring windows.

    Args:
        windows: of one clip, as ``sercore.predict.predicted`` gives them; silent ones are passed over.
    """
    heard = [each for each in windows if each["probabilities"]]
    labels = [max(each["probabilities"], key=each["probabilities"].get) for each in heard]
    middles = [(each["start"] + each["end"]) / 2 for each in heard]
    pairs = zip(labels, labels[1:], middles, middles[1:], strict=False)
    return [(before + after) / 2 for one, other, before, after in pairs if one != other]
