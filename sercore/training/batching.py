"""Batches of rows and of clips of unequal length, and their orders."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

# Batches sorted together: 3 % padding on RAVDESS and TESS, and neighbours change every epoch.
WINDOW = 20


class Frames(Protocol):
    """Frames of many clips, in memory (``Ragged``) or read from their files (``Streamed``)."""

    def clip(self, row: int) -> np.ndarray:
        """Return one clip: ``(frames, width)``."""


@dataclass(frozen=True)
class Ragged:
    """Frames of many clips, one clip's behind the other's.

    Args:
        values: ``(frames of all clips, width)`` float32.
        starts: ``(clips + 1,)`` first frame of each clip, and the end.
    """

    values: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[np.ndarray]) -> "Ragged":
        """Join clips of ``(frames, width)`` each, in their order."""
        return cls(np.concatenate(rows), np.cumsum([0, *(len(row) for row in rows)]))

    @property
    def sizes(self) -> np.ndarray:
        """Frames of each clip: ``(clips,)``."""
        return np.diff(self.starts)

    def clip(self, row: int) -> np.ndarray:
        """Return one clip: ``(frames, width)``, a view."""
        return self.values[self.starts[row] : self.starts[row + 1]]

    def batch(self, rows: Sequence[int]) -> Tensor:
        """Return these clips with zeros behind the shorter ones: ``(batch, longest, width)``."""
        longest = int(self.sizes[np.asarray(rows)].max())
        batch = np.zeros((len(rows), longest, self.values.shape[1]), np.float32)
        for place, row in zip(batch, rows, strict=True):
            clip = self.clip(row)
            place[: len(clip)] = clip
        return torch.from_numpy(batch)

    def padded(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return ``batch`` of these clips, and the frames of each ``(batch,)``."""
        return self.batch(rows), torch.from_numpy(self.sizes[np.asarray(rows)])


class Streamed:
    """Clips that are read from their audio files when they are asked for.

    Paths stand in one array, which the processes of a data loader share; strings would be copied
    into each as it counts them.

    ``read`` gives a file's frames and is importable by name; relative paths start from the folder
    (default: the working directory).
    """

    def __init__(
        self,
        paths: Iterable[Path | str | bytes],
        read: Callable[[str], np.ndarray],
        *,
        folder: Path | str = "",
    ):
        self.paths = np.array([os.fsencode(path) for path in paths], np.bytes_)
        self.read, self.folder = read, os.fspath(folder)

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.paths)

    def path(self, row: int) -> str:
        """Return the file of a clip."""
        return os.path.join(self.folder, os.fsdecode(self.paths[row]))

    def clip(self, row: int) -> np.ndarray:
        """Return one clip: ``(frames, width)``."""
        return self.read(self.path(row))


def by_length(
    lengths: Sequence[int], *, batch: int, seed: int, epoch: int, window: int = WINDOW
) -> list[np.ndarray]:
    """Return the rows of each batch of one epoch, clips of similar length together.

    Clips are shuffled, sorted by length within windows of several batches, and the batches
    shuffled. Sorting all clips by length would sort them by corpus too, where corpora differ in
    length, and each batch would show a network one corpus. A window is a random sample of all
    corpora, so that a batch mixes them as far as their lengths overlap; of clips of equal length
    the order stays random. The fewer batches a window has, the more mixed and the more padded they
    are. There are two windows at least: one alone would make the same batches in every epoch.

    The order depends on the arguments alone, so that a run goes on at step s with
    ``by_length(...)[s:]``.

    Args:
        lengths: frames or samples of each clip, 1 or more.
        batch: clips a batch, 1 or more; one batch of an epoch may be smaller.
        seed: seed of the run, 0 or more.
        epoch: number of the epoch, 0 or more.
        window: approximate number of batches that are sorted together, half of all at most; 1 gives
            random batches.

    Raises:
        ValueError: no clip, an empty clip, or a number out of its range.
    """
    sizes = _checked(lengths)
    checked = {"batch": (batch, 1), "window": (window, 1), "seed": (seed, 0), "epoch": (epoch, 0)}
    for name, (given, least) in checked.items():
        if given < least:
            raise ValueError(
                f"{name}={given}: too small; expected {least} or more. Give {name} a whole number"
                f" from {least} on."
            )
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(sizes))
    starts = np.arange(0, len(sizes), batch)
    batches = []
    # Windows of equal size, so that no small one is left over, in which lengths would lie far
    # apart.
    for firsts in np.array_split(starts, min(len(starts), max(2, len(starts) // window))):
        rows = order[firsts[0] : firsts[-1] + batch]
        rows = rows[np.argsort(sizes[rows], kind="stable")]
        batches += np.split(rows, firsts[1:] - firsts[0])
    return [batches[at] for at in generator.permutation(len(batches))]


def padding_share(lengths: Sequence[int], batches: Sequence[np.ndarray]) -> float:
    """Return the share of padding in batches that are padded to their longest clip, in [0, 1).

    Raises:
        ValueError: no clip, or an empty clip.
    """
    sizes = _checked(lengths)
    filled = sum(int(sizes[rows].sum()) for rows in batches)
    return 1 - filled / sum(len(rows) * int(sizes[rows].max()) for rows in batches)


def in_order(*tensors: Tensor, batch: int) -> Iterator[tuple[Tensor, ...]]:
    """Return batches of consecutive rows; the last one may be smaller."""
    return zip(*(tensor.split(batch) for tensor in tensors), strict=True)


def shuffled(
    *tensors: Tensor, batch: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, ...]]:
    """Return batches of rows in a new random order."""
    order = torch.randperm(len(tensors[0]), generator=generator).to(tensors[0].device)
    return in_order(*(tensor[order] for tensor in tensors), batch=batch)


def drawn(
    *tensors: Tensor, rows: int, batch: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, ...]]:
    """Return batches of rows drawn at random.

    Rows are drawn without replacement, and with it where there are fewer than asked for.
    """
    available = len(tensors[0])
    if rows > available:
        order = torch.randint(available, (rows,), generator=generator)
    else:
        order = torch.randperm(available, generator=generator)[:rows]
    order = order.to(tensors[0].device)
    return in_order(*(tensor[order] for tensor in tensors), batch=batch)


def _checked(lengths: Sequence[int]) -> np.ndarray:
    sizes = np.asarray(lengths)
    if not len(sizes):
        raise ValueError("no clip to make batches of; expected at least 1: check what was left out")
    if sizes.min() < 1:
        raise ValueError(
            f"clip {int(sizes.argmin())} has length {sizes.min()}; batches need at least 1: drop"
            " empty clips first"
        )
    return sizes
