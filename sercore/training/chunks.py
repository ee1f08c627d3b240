"""Which pieces of which clips an epoch reads (Padi et al. 2021, section 4.2): chunks of one length a batch, at random places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LENGTHS = (150, 200, 250, 300)  # frames: Padi et al. 2021, section 4.2


@dataclass(frozen=True)
class Batch:
    """Chunks that one step reads.

    Args:
        rows: ``(batch,)`` clips.
        versions: ``(batch,)`` which version of the clip, 0 to one less than there are.
        places: ``(batch,)`` where the chunk begins, as a share of where it can, in [0, 1).
        length: frames of each chunk.
        seed: of the batch's masks.
    """

    rows: np.ndarray
    versions: np.ndarray
    places: np.ndarray
    length: int
    seed: int

    def part(self, number: int, of: int) -> "Batch":
        """The share of one of several processes; all shares together are the batch."""
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
    """Batches of one epoch: each version of each clip once, shuffled, in batches of equal size to within one.

    Args:
        rows: clips that train.
        number: of the epoch, from 1.
        seed: of the run; batches depend on it, the number and the other arguments alone, so that a run can go on.
        batch: chunks a step at most, 3 or more (default 32, as printed).
        versions: of each clip (default 1).
        lengths: of which each batch draws one, in frames (default: the printed four).

    Raises:
        ValueError: fewer than two chunks, of which batch normalisation has no variance.
    """
    chosen = np.asarray(rows)
    if len(chosen) * versions < 2 or batch < 3:
        raise ValueError(
            f"{len(chosen)} clips in {versions} versions, batches of {batch}; batch normalisation needs 2 chunks in each, which"
            " batches of 3 or more give. Give more clips, or larger batches."
        )
    draw = np.random.default_rng([seed, number])
    order = draw.permutation(len(chosen) * versions)
    found = []
    for part in np.array_split(order, -(-len(order) // batch)):
        length, places = int(draw.choice(lengths)), draw.random(len(part))
        found.append(
            Batch(
                chosen[part // versions], part % versions, places, length, int(draw.integers(2**31))
            )
        )
    return found


def cut(clip: np.ndarray, *, length: int, place: float) -> np.ndarray:
    """A chunk of a clip; a clip that is shorter is repeated until it fills the chunk.

    Args:
        clip: ``(frames, bands)``, one frame or more.
        length: frames of the chunk.
        place: where it begins, as a share of where it can, in [0, 1).

    Shape:
        - output: ``(length, bands)``

    Source: Padi et al. 2021, section 4.2; that padding repeats the clip is ours.
    """
    if len(clip) < length:
        return np.resize(clip, (length, clip.shape[1]))
    start = int(place * (len(clip) - length + 1))
    return clip[start : start + length]


def balanced(speakers: Sequence[str], *, most: int, number: int, seed: int) -> np.ndarray:
    """Clips of one epoch, at most so many of each speaker, drawn anew in each epoch: ``(clips,)`` row numbers, ascending.

    Args:
        speakers: of each clip.
        most: clips of a speaker, 1 or more; 0 for all.
        number: of the epoch.
        seed: of the run.
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
