"""Clips of unequal length in one array, and batches of them padded with zeros."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Ragged:
    """Frames of many clips, one clip's behind the other's.

    Args:
        values: ``(frames of all clips, width)`` float32.
        starts: ``(clips + 1,)`` first frame of each clip, and the end.

    Source: none of the papers.
    """

    values: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[np.ndarray]) -> "Ragged":
        """Clips of ``(frames, width)`` each, in their order."""
        return cls(np.concatenate(rows), np.cumsum([0, *(len(row) for row in rows)]))

    @property
    def sizes(self) -> np.ndarray:
        """Frames of each clip: ``(clips,)``."""
        return np.diff(self.starts)

    def clip(self, row: int) -> np.ndarray:
        """One clip: ``(frames, width)``, a view."""
        return self.values[self.starts[row] : self.starts[row + 1]]

    def padded(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """These clips with zeros behind the shorter ones ``(batch, longest, width)``, and the frames of each ``(batch,)``."""
        sizes = self.sizes[np.asarray(rows)]
        batch = np.zeros((len(sizes), int(sizes.max()), self.values.shape[1]), np.float32)
        for place, size, row in zip(batch, sizes, rows, strict=True):
            place[:size] = self.clip(row)
        return torch.from_numpy(batch), torch.from_numpy(sizes)
