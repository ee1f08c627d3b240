"""Clips of paper 03 in memory, and their batches, as a network takes them: the same for the same seed and epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sercore import store
from sercore.augment.spectrogram import mask_bands, mask_time
from sercore.corpora.reports import Report
from sercore.training.bucketing import by_length

READ = ("corpus", "speaker", "gender", "class")  # columns that a trial depends on
MASKS = {"time masking": (mask_time, 30), "band masking": (mask_bands, 10)}  # frames and bands: Biagini 2022, section 3.6


@dataclass(frozen=True)
class Inputs:
    """One kind of input of all clips, one clip's frames behind the other's.

    Args:
        values: ``(frames of all clips, width)`` float32.
        starts: ``(clips + 1,)`` first frame of each clip, and the end.
        valid: ``(clips,)`` frames that are the clip's own; those after them are of the zeros that fill it.
    """

    values: np.ndarray
    starts: np.ndarray
    valid: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[np.ndarray], valid: Sequence[int] | None = None) -> "Inputs":
        """Inputs of ``(frames, width)`` rows, one a clip.

        Args:
            rows: as the store keeps them.
            valid: frames of each that are its own (default: all).
        """
        sizes = [len(row) for row in rows]
        own = sizes if valid is None else valid
        return cls(np.concatenate(rows), np.cumsum([0, *sizes]), np.asarray(own, np.int64))

    @property
    def sizes(self) -> np.ndarray:
        """Frames of each clip, ``(clips,)``."""
        return np.diff(self.starts)

    @cached_property
    def free(self) -> bool:
        """Whether clips have unequal lengths."""
        return len(set(self.sizes.tolist())) > 1

    def padded(self, rows: np.ndarray) -> Tensor:
        """These clips, zeros behind the shorter ones: ``(batch, longest, width)``."""
        batch = np.zeros((len(rows), int(self.sizes[rows].max()), self.values.shape[1]), np.float32)
        for place, row in zip(batch, rows, strict=True):
            place[: self.starts[row + 1] - self.starts[row]] = self.values[self.starts[row] : self.starts[row + 1]]
        return torch.from_numpy(batch)

    def mean(self, rows: np.ndarray) -> np.ndarray:
        """Mean of these clips' frames, filled ones included: ``(width,)``."""
        sums = np.add.reduceat(self.values, self.starts[:-1], axis=0, dtype=np.float64)  # (clips, width)
        return (sums[rows].sum(0) / self.sizes[rows].sum()).astype(np.float32)


@dataclass(frozen=True)
class Data:
    """What the trials of paper 03 read.

    Args:
        table: one row a clip, with ``path``, ``corpus``, ``speaker``, ``gender``, ``class`` and whatever else a page wants.
        inputs: by kind, as ``loopq_inputs`` and ``loopq_frames`` call it.
        classes: names, by position.
        encoder: name of the speech encoder whose frames are among the inputs; "none" where they are not.
        reports: what the loaders of its corpora say (default none).
    """

    table: pd.DataFrame
    inputs: dict[str, Inputs]
    classes: tuple[str, ...]
    encoder: str = "none"
    reports: tuple[Report, ...] = ()
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def labels(self) -> np.ndarray:
        """``(clips,)`` class numbers."""
        return np.array([self.classes.index(each) for each in self.table["class"]], np.int64)

    @property
    def groups(self) -> np.ndarray:
        """``(clips,)`` corpus/speaker: what counts are kept by, and intervals resample."""
        return (self.table["corpus"] + "/" + self.table["speaker"]).to_numpy(str)

    def content(self, trial: Any) -> str:
        """Digest of what a trial reads: the table's columns that splits and counts need, and its row's inputs."""
        listed = self.table[list(READ)].astype(object)
        rows = listed.where(listed.notna(), None).to_numpy().tolist()
        return store.digest([list(self.classes), rows, *([kind, self._values(kind)] for kind in trial.row.inputs)])

    def _values(self, kind: str) -> str:
        if kind not in self._digests:
            held = self.inputs[kind]
            self._digests[kind] = store.digest([store.values(each) for each in (held.values, held.starts, held.valid)])
        return self._digests[kind]


def order(data: Data, kind: str, rows: np.ndarray, *, batch: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Rows of each batch of one epoch: shuffled, and clips of unequal length beside those of similar length.

    Shuffled in evaluation too, which is epoch 0: tables are sorted by speaker and emotion, and CNNLSTM as run sees the clips that
    come before one in its batch.

    Args:
        data: whose clips.
        kind: of the input that lengths are taken from.
        rows: of the table.
        batch: clips a batch; the last one may be smaller.
        seed: of the trial.
        epoch: from 1, or 0 in evaluation.
    """
    if data.inputs[kind].free:
        return [rows[places] for places in by_length(data.inputs[kind].sizes[rows], batch=batch, seed=seed, epoch=epoch)]
    shuffled = np.random.default_rng([seed, epoch]).permutation(rows)
    return np.split(shuffled, range(batch, len(rows), batch))


def tensors(data: Data, kinds: Sequence[str], rows: np.ndarray) -> list[Tensor]:
    """One batch as a network takes it: each input, and the lengths where there is one input.

    Shape:
        - each input: ``(batch, frames, width)``; lengths: ``(batch,)``
    """
    held = [data.inputs[kind].padded(rows) for kind in kinds]
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

    The augmentations of section 3.6 are drawn anew in each epoch. Time stretching takes each clip as it is or at another tempo, at
    even odds; a mask covers up to 30 frames, or 10 coefficients, of each clip with their mean over the training clips. Odds and
    covering value are ours: the report names none, and the author's code has the switches commented out.

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
            held = [torch.where(taken.view(-1, *[1] * (own.ndim - 1)), other, own) for other, own in pairs]
        yield [*held, labels[places]]
