"""Small copies of the corpora's layouts: every name of the grid, a few samples in each file."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

TESS_WORDS = [f"word{number}" for number in range(200)]
CORAA_COUNTS = {"neutral": 491, "non-neutral-female": 89, "non-neutral-male": 45}


def clip(path: Path) -> Path:
    """A hundredth of a second of silence, in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(160), 16000)
    return path


def plant(root: Path, names: Iterable[str], suffix: str = ".wav") -> Path:
    """One clip copied to many names."""
    payload = clip(root.parent / f"one{suffix}").read_bytes()
    for name in names:
        path = root / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(payload)
    return root


def coraa_ser() -> list[str]:
    return [
        f"data_train/rec{number % 30:02d}_segment{number}_{label}"
        for label, count in CORAA_COUNTS.items()
        for number in range(count)
    ]


def ravdess() -> list[str]:
    return [
        f"Actor_{actor:02d}/03-01-{emotion:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"
        for actor in range(1, 25)
        for emotion in range(1, 9)
        for intensity in ((1,) if emotion == 1 else (1, 2))
        for statement in (1, 2)
        for repetition in (1, 2)
    ]


def tess() -> list[str]:
    labels = ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
    names = [f"{who}_{label}/{who}_{word}_{label}" for who in ("OAF", "YAF") for label in labels for word in TESS_WORDS]
    return [name.replace("OAF_word7_sad", "OA_word7_sad") for name in names]


def emovo() -> list[str]:
    sentences = ("b1", "b2", "b3", "d1", "d2", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5")
    labels, speakers = ("dis", "gio", "neu", "pau", "rab", "sor", "tri"), ("f1", "f2", "f3", "m1", "m2", "m3")
    return [f"{who}/{label}-{who}-{sentence}" for who in speakers for label in labels for sentence in sentences]
