"""What is damaged in the store is seen and made again: results, their digests, packed frames, the index of contents."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sercore import audio, store
from sercore.features import keeping
from sercore.features.keeping import Extractor

LONG_AGO = 10**9
DAMAGE = {
    "emptied": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "a high bit": lambda content: bytes([content[0] | 128]) + content[1:],
    "another end": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
}


def level(samples: np.ndarray, content: str) -> np.ndarray:
    return np.float32([[np.abs(samples).max(), len(samples)]])


LEVELS = Extractor(title="levels", function=level, modules=(audio.__name__,))


@pytest.fixture
def clips(tmp_path, empty_store) -> list[Path]:
    paths = []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, np.random.default_rng(number).normal(0, 0.1, 2000), 16_000)
        os.utime(path, (LONG_AGO, LONG_AGO))
        paths.append(path)
    return paths


def kept() -> dict[str, Path]:
    """One file of each kind, by its ending."""
    files = (path for path in sorted(store.root().rglob("*")) if path.is_file())
    kinds = {}
    for path in files:
        name = path.name if path.name == keeping.INDEX else path.name.partition(".")[2]
        kinds[f"{path.relative_to(store.root()).parts[0]} {name}"] = path
    return kinds


def test_no_flipped_bit_of_the_index_changes_a_content(clips, monkeypatch):
    monkeypatch.setattr(keeping, "SETTLED", 0)
    expected = [store.content(clip) for clip in clips]
    assert keeping.contents(clips) == expected
    index = store.root() / keeping.INDEX
    whole = index.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        index.write_bytes(damaged)
        assert keeping.contents(clips) == expected, place


@pytest.mark.filterwarnings("ignore:.*damaged")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_changes_no_value(clips, damage, monkeypatch):
    monkeypatch.setattr(keeping, "SETTLED", 0)
    expected = np.array(LEVELS.frames(clips)[0])
    kinds = kept()
    assert {name.split(" ", 1)[1] for name in kinds} == {
        "npy", "npy.sha256", "npy.sums", "starts.npy", "starts.npy.sums", keeping.INDEX,
    }  # fmt: skip
    for path in kinds.values():
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
        assert np.array_equal(LEVELS.frames(clips)[0], expected), path.name
        assert np.array_equal(np.concatenate(LEVELS.rows(clips, jobs=1)), expected), path.name
