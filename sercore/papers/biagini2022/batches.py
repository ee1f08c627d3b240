"""Clips of paper 03 in memory, and their batches, as a network takes them: the same for the same seed and epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sercore import store
from sercore.augment.spectrogram import mask_bands, mask_time
from sercore.corpora.clips import Clips
from sercore.training.batching import Ragged, by_length

MASKS = {
    "time masking": (mask_time, 30),
    "band masking": (mask_bands, 10),
}  # frames and bands: Biagini 2022, section 3.6


@dataclass(frozen=True)
class Inputs(Ragged):
    """One kind of input of all clips.

    Args:
        values: ``(frames of all clips, width)`` float32.
        starts: ``(clips + 1,)`` first frame of each clip, and the end.
        valid: ``(clips,)`` frames that are the clip's own; those after them are of the zeros that
            fill it.
    """

    valid: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[np.ndarray], valid: Sequence[int] | None = None) -> "Inputs":
        """Join inputs of ``(frames, width)``, one a clip.

        Args:
            rows: inputs as the store keeps them.
            valid: frames of each that are its own (default: all).
        """
        sizes = [len(row) for row in rows]
        valid = sizes if valid is None else valid
        return cls(np.concatenate(rows), np.cumsum([0, *sizes]), np.asarray(valid, np.int64))

    @cached_property
    def free(self) -> bool:
        """Whether clips have unequal lengths."""
        return len(set(self.sizes.tolist())) > 1

    def mean(self, rows: np.ndarray) -> np.ndarray:
        """Return the mean of these clips' frames, filled ones included: ``(width,)``."""
        sums = np.add.reduceat(
            self.values, self.starts[:-1], axis=0, dtype=np.float64
        )  # (clips, width)
        return (sums[rows].sum(0) / self.sizes[rows].sum()).astype(np.float32)


@dataclass(frozen=True)
class Data(Clips):
    """What the trials of paper 03 read.

    Args:
        table: one row a clip, with ``path``, ``corpus``, ``speaker``, ``gender``, ``class`` and
            whatever else a page wants.
        inputs: inputs by kind, as ``inputs`` and ``frames`` call it.
        classes: names, by position.
        encoder: name of the speech encoder whose frames are among the inputs; "none" where they are
            not.
        reports: reports of the loaders of its corpora (default none).
    """

    READ = ("corpus", "speaker", "gender", "class")

    inputs: dict[str, Inputs]
    classes: tuple[str, ...]
    encoder: str = "none"

    @property
    def labels(self) -> np.ndarray:
        """``(clips,)`` class numbers."""
        return np.array([self.classes.index(name) for name in self.table["class"]], np.int64)

    def content(self, trial: Any) -> str:
        """Return the digest of what a trial reads: columns that splits and counts need, and its row's inputs."""
        values = [[kind, self.once(kind, partial(self._digest, kind))] for kind in trial.row.inputs]
        return store.digest([list(self.classes), self.rows(), *values])

    def _digest(self, kind: str) -> str:
        inputs = self.inputs[kind]
        return store.digest(
            [store.values(array) for array in (inputs.values, inputs.starts, inputs.valid)]
        )


def order(
    data: Data, kind: str, rows: np.ndarray, *, batch: int, seed: int, epoch: int
) -> list[np.ndarray]:
    """Rows of each batch of one epoch: shuffled, and clips of unequal length beside those of similar length.

    Shuffled in evaluation too, which is epoch 0: tables are sorted by speaker and emotion, and
    CNNLSTM as run sees the clips that come before one in its batch.

    Args:
        data: whose clips.
        kind: of the input that lengths are taken from.
        rows: of the table.
        batch: clips a batch; the last one may be smaller.
        seed: of the trial.
        epoch: from 1, or 0 in evaluation.
    """
    if data.inputs[kind].free:
        return [
            rows[places]
            for places in by_length(
                data.inputs[kind].sizes[rows], batch=batch, seed=seed, epoch=epoch
            )
        ]
    shuffled = np.random.default_rng([seed, epoch]).permutation(rows)
    return np.split(shuffled, range(batch, len(rows), batch))


def tensors(data: Data, kinds: Sequence[str], rows: np.ndarray) -> list[Tensor]:
    """One batch as a network takes it: each input, and the lengths where there is one input.

    Shape:
        - each input: ``(batch, frames, width)``; lengths: ``(batch,)``
    """
    held = [data.inputs[kind].batch(rows) for kind in kinds]
    return held if len(kinds) > 1 else [*held, torch.from_numpy(data.inputs[kinds[0]].valid[rows])]


def batches(
    data: Data,
    kinds: Sequence[str],
    rows: np.ndarray,
    labels: Tensor,
    *,
    batch: int,
    seed: int,
    epoch: int,
    augmentation: str = "none",
) -> Iterator[list[Tensor]]:
    """Batches of one epoch, the target last.

    The augmentations of section 3.6 are drawn anew in each epoch. Time stretching takes each clip
    as it is or at another tempo, at even odds; a mask covers up to 30 frames, or 10 coefficients,
    of each clip with their mean over the training clips. Odds and covering value are ours: the
    report names none, and the author's code has the switches commented out.

    Args:
        data: with the input "mfcc, stretched" for time stretching.
        kinds: of the inputs, in the network's order; augmented ones have equal length.
        rows: of the clips.
        labels: ``(clips of the table,)``.
        batch: clips a batch.
        seed: of the trial.
        epoch: from 1, or 0 in evaluation.
        augmentation: "none" (default), "time stretching", "time masking" or "band masking".
    """
    generator = torch.Generator().manual_seed(10_000 * seed + epoch)
    centre = torch.from_numpy(data.inputs[kinds[0]].mean(rows)) if augmentation in MASKS else None
    for places in order(data, kinds[0], rows, batch=batch, seed=seed, epoch=epoch):
        held = tensors(data, kinds, places)
        if augmentation in MASKS:
            mask, width = MASKS[augmentation]
            held[0] = mask(held[0] - centre, width=width, generator=generator) + centre
        elif augmentation == "time stretching":
            taken = torch.rand(len(places), generator=generator) < 0.5
            pairs = zip(tensors(data, ["mfcc, stretched"], places), held, strict=True)
            held = [
                torch.where(taken.view(-1, *[1] * (own.ndim - 1)), other, own)
                for other, own in pairs
            ]
        yield [*held, labels[places]]
