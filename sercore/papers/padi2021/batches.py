"""Chunks of clips as paper 04's networks are trained on them, and whole clips as they are scored."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from sercore.augment.policies import POLICIES, masked
from sercore.papers.padi2021.clips import Frames
from sercore.training import chunks, memory, ranks
from sercore.training.batching import Ragged
from sercore.training.chunks import Batch

SCORED = 16  # clips a batch where nothing is trained


class Chunks(Dataset):
    """Chunks of clips by (row, length, place): what a worker of a data loader reads.

    Args:
        frames: of the clips.
    """

    def __init__(self, frames: Frames):
        self.frames = frames

    def __getitem__(self, wanted: tuple[int, int, float]) -> np.ndarray:
        """One chunk: ``(length, bands)``."""
        row, length, place = wanted
        return chunks.cut(self.frames.clip(row), length=length, place=place)


def batches(
    frames: Frames,
    target: np.ndarray,
    read: Sequence[Batch],
    policies: Sequence[str],
    *,
    workers: int = 0,
) -> Iterator[list[Tensor]]:
    """This process' share of each batch: masked chunks and class numbers.

    Args:
        frames: of the clips, normalised.
        target: ``(clips,)`` class numbers.
        read: the batches of an epoch.
        policies: "plain" or a policy of Table 1 for each version.
        workers: processes that read clips ahead (default 0: this one).

    Shape:
        - chunks: ``(batch, length, bands)``; classes: ``(batch,)``

    Source: Padi et al. 2021, sections 3.4 and 4.2.
    """
    mine = (
        [batch.part(ranks.number(), ranks.count()) for batch in read] if ranks.count() > 1 else read
    )
    if min((len(batch.rows) for batch in mine), default=2) < 2:
        raise ValueError(
            f"{ranks.count()} processes share batches of {min(len(batch.rows) for batch in read)} chunks; batch norm needs 2 in"
            " each process. Start fewer processes."
        )
    wanted = _Wanted(mine)
    loader = DataLoader(
        Chunks(frames), batch_sampler=wanted, num_workers=workers, collate_fn=_stacked
    )
    for batch, signal in zip(mine, loader, strict=True):
        generator = torch.Generator().manual_seed(batch.seed)
        for number, policy in enumerate(policies):
            places = torch.from_numpy(np.flatnonzero(batch.versions == number))
            if policy != "plain" and len(places):
                signal[places] = masked(signal[places], POLICIES[policy], generator=generator)
        yield [signal, torch.from_numpy(target[batch.rows])]


def in_turn(read: Iterable[Batch], *, versions: int, number: int) -> list[Batch]:
    """Batches of an epoch that reads each clip once: which version of it, goes round from epoch to epoch."""
    return [replace(batch, versions=(batch.rows + number) % versions) for batch in read]


def answered(
    answer: Callable[..., Tensor],
    frames: Frames,
    rows: Sequence[int],
    *,
    device: torch.device,
    length: int = 0,
) -> Tensor:
    """What a network answers to clips: ``(clips, values)`` float32 in the order of the rows.

    Args:
        answer: of frames ``(batch, time, bands)`` and lengths ``(batch,)``, or of frames alone where a length is given.
        frames: of the clips.
        rows: which clips.
        device: of the network.
        length: frames of every clip, cut out of its middle or filled by repeating it; 0 (default) for whole clips. These run in
            batches of like length where they are in memory, else one by one.
    """
    order = (
        np.argsort(frames.sizes[np.asarray(rows)], kind="stable")
        if isinstance(frames, Ragged)
        else np.arange(len(rows))
    )
    step = SCORED if isinstance(frames, Ragged) or length else 1
    found: dict[int, Tensor] = {}
    with memory.kept():
        for places in np.split(order, range(step, len(order), step)):
            clips = [frames.clip(rows[place]) for place in places]
            if length:
                given = [
                    torch.from_numpy(
                        np.stack([chunks.cut(clip, length=length, place=0.5) for clip in clips])
                    )
                ]
            else:
                signal = torch.nn.utils.rnn.pad_sequence(
                    [torch.tensor(clip) for clip in clips], batch_first=True
                )
                given = [signal, torch.tensor([len(clip) for clip in clips])]
            values = answer(*(tensor.to(device) for tensor in given)).float().cpu()
            found |= zip(places.tolist(), values, strict=True)
    return torch.stack([found[place] for place in range(len(rows))])


class _Wanted:
    """What a data loader asks for, batch by batch, made as it goes."""

    def __init__(self, read: Sequence[Batch]):
        self.read = read

    def __iter__(self) -> Iterator[list[tuple[int, int, float]]]:
        for batch in self.read:
            yield [
                (int(row), batch.length, float(place))
                for row, place in zip(batch.rows, batch.places, strict=True)
            ]

    def __len__(self) -> int:
        return len(self.read)


def _stacked(clips: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(clips))
