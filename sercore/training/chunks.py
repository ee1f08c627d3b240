"""Chunks of clips at random places, of one length a batch (Padi et al. 2021, section 4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LENGTHS = (150, 200, 250, 300)  # frames: Padi et al. 2021, section 4.2


@dataclass(frozen=True)
class Batch:
    """Chunks of one step.

    Args:
        rows: ``(batch,)`` row numbers of clips.
        versions: ``(batch,)`` number of the clip's version, from 0.
        places: ``(batch,)`` start of the chunk, as a share of the possible starts, in [0, 1).
        length: frames of each chunk.
        seed: seed of the batch's masks.
    """

    rows: np.ndarray
    versions: np.ndarray
    places: np.ndarray
    length: int
    seed: int

    def part(self, number: int, of: int) -> "Batch":
        """Return the share of one of several processes."""
        mine = slice(number, None, of)
        return Batch(
            self.rows[mine], self.versions[mine], self.places[mine], self.length, self.seed + number
        )


def epoch(
    rows: Sequence[int],
    *,
    number: int,
    seed: int,
    batch: int = 32,
    versions: int = 1,
    lengths: Sequence[int] = LENGTHS,
) -> list[Batch]:
    """Draw the batches of one epoch: each version of each clip once, in batches of equal size.

    Args:
        rows: clips to train on.
        number: number of the epoch, from 1.
        seed: seed of the run; batches depend on it, the number and the other arguments alone, so
            that a run can go on.
        batch: chunks a step at most, 3 or more (default 32, as printed).
        versions: number of versions of each clip.
        lengths: lengths in frames, of which each batch draws one (the printed four).

    Raises:
        ValueError: fewer than two chunks, of which batch normalisation has no variance.
    """
    chosen = np.asarray(rows)
    if len(chosen) * versions < 2 or batch < 3:
        raise ValueError(
            f"{len(chosen)} clips in {versions} versions, batches of {batch}; batch normalisation "
            "needs 2 chunks in each, which"
            " batches of 3 or more give. Give more clips, or larger batches."
        )
    draw = np.random.default_rng([seed, number])
    order = draw.permutation(len(chosen) * versions)
    batches = []
    for part in np.array_split(order, -(-len(order) // batch)):
        length, places = int(draw.choice(lengths)), draw.random(len(part))
        batches.append(
            Batch(
                chosen[part // versions], part % versions, places, length, int(draw.integers(2**31))
            )
        )
    return batches


def cut(clip: np.ndarray, *, length: int, place: float) -> np.ndarray:
    """Cut a chunk of a clip; a clip that is shorter is repeated until it fills the chunk.

    Args:
        clip: ``(frames, bands)``, one frame or more.
        length: frames of the chunk.
        place: start of the chunk, as a share of the possible starts, in [0, 1).

    Shape:
        - output: ``(length, bands)``

    Source: Padi et al. 2021, section 4.2; that padding repeats the clip is ours.
    """
    if len(clip) < length:
        return np.resize(clip, (length, clip.shape[1]))
    start = int(place * (len(clip) - length + 1))
    return clip[start : start + length]


def balanced(speakers: Sequence[str], *, most: int, number: int, seed: int) -> np.ndarray:
    """Draw the clips of one epoch, at most ``most`` of each speaker; return row numbers.

    Args:
        speakers: speaker of each clip.
        most: largest number of clips of a speaker; 0 for all.
        number: number of the epoch.
        seed: seed of the run.
    """
    names = np.asarray(speakers)
    if not most:
        return np.arange(len(names))
    draw = np.random.default_rng([seed, number, most])
    order = draw.permutation(len(names))
    _, places, counts = np.unique(names[order], return_inverse=True, return_counts=True)
    by_speaker = np.argsort(places, kind="stable")
    rank = np.empty(len(names), int)
    rank[by_speaker] = np.concatenate([np.arange(count) for count in counts])
    return np.sort(order[rank < most])
