"""Chunks of clips in batches, masked, and whole clips as they are scored (Padi et al. 2021, section 4.2).

``epoch`` says which pieces of which clips are read, ``batches`` reads and masks them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from sercore.augment.policies import POLICIES, masked
from sercore.training import devices
from sercore.training.batching import Frames, Ragged

SCORED = 16  # clips a batch where nothing is trained
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

    Batches depend on the arguments alone, so that a run can go on.

    Args:
        rows: clips to train on.
        number: number of the epoch, from 1.
        seed: seed of the run.
        batch: chunks a step at most, 3 or more (default 32, as printed).
        versions: number of versions of each clip.
        lengths: lengths in frames, of which each batch draws one (the printed four).

    Raises:
        ValueError: fewer than two chunks, of which batch normalisation has no variance.
    """
    chosen = np.asarray(rows)
    if len(chosen) * versions < 2 or batch < 3:
        raise ValueError(
            f"{len(chosen)} clips in {versions} versions, batches of {batch}; batch normalisation"
            " needs 2 chunks in each, which batches of 3 or more give. Give more clips, or larger"
            " batches."
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
    """Draw the clips of one epoch, at most ``most`` of each speaker, 0 for all; return their rows."""
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


def in_turn(batches: Iterable[Batch], *, versions: int, number: int) -> list[Batch]:
    """Give each clip one version in an epoch, and the next one in the next epoch."""
    return [replace(batch, versions=(batch.rows + number) % versions) for batch in batches]


class _Chunks(Dataset):
    """Chunks of each batch, ``(batch, length, bands)``, which a data loader's workers read."""

    def __init__(self, frames: Frames, read: Sequence[Batch]):
        self.frames, self.read = frames, read

    def __len__(self) -> int:
        return len(self.read)

    def __getitem__(self, number: int) -> Tensor:
        batch = self.read[number]
        pairs = zip(batch.rows, batch.places, strict=True)
        return _stacked(
            [cut(self.frames.clip(row), length=batch.length, place=place) for row, place in pairs]
        )


def batches(
    frames: Frames,
    target: np.ndarray,
    read: Sequence[Batch],
    policies: Sequence[str],
    *,
    workers: int = 0,
) -> Iterator[list[Tensor]]:
    """Yield this process' share of each batch: masked chunks and class numbers.

    Args:
        frames: clips, normalised
        target: ``(clips,)`` class numbers
        read: batches of an epoch
        policies: "plain" or a masking policy for each version
        workers: number of processes that read clips ahead (default 0: this one reads)

    Shape:
        - chunks: ``(batch, length, bands)``; classes: ``(batch,)``

    Source: Padi et al. 2021, sections 3.4 and 4.2.
    """
    shares = read
    if devices.n_ranks() > 1:
        shares = [batch.part(devices.rank(), devices.n_ranks()) for batch in read]
    if min((len(batch.rows) for batch in shares), default=2) < 2:
        least = min(len(batch.rows) for batch in read)
        raise ValueError(
            f"{devices.n_ranks()} processes share batches of {least} chunks; batch norm needs 2 in each"
            " process. Start fewer processes."
        )
    loader = DataLoader(_Chunks(frames, shares), batch_size=None, num_workers=workers)
    for batch, signal in zip(shares, loader, strict=True):
        generator = torch.Generator().manual_seed(batch.seed)
        for number, policy in enumerate(policies):
            places = torch.from_numpy(np.flatnonzero(batch.versions == number))
            if policy != "plain" and len(places):
                signal[places] = masked(signal[places], POLICIES[policy], generator=generator)
        yield [signal, torch.from_numpy(target[batch.rows])]


def answered(
    answer: Callable[..., Tensor],
    frames: Frames,
    rows: Sequence[int],
    *,
    device: torch.device,
    length: int = 0,
) -> Tensor:
    """Return what a network answers to clips: ``(clips, values)`` float32 in the order of the rows.

    Args:
        answer: function of frames ``(batch, time, bands)`` and lengths ``(batch,)``, or of frames
            alone where a length is given
        frames: clips
        rows: rows of the clips that are scored
        device: device of the network
        length: frames of every clip, cut out of its middle or filled by repeating it; 0 (default)
            for whole clips. These run in batches of like length where they are in memory, else one
            by one
    """
    order, batch = np.arange(len(rows)), SCORED
    if isinstance(frames, Ragged):
        order = np.argsort(frames.sizes[np.asarray(rows)], kind="stable")
    elif not length:
        batch = 1
    answers: dict[int, Tensor] = {}
    with devices.kept_memory():
        for places in np.split(order, range(batch, len(order), batch)):
            clips = [frames.clip(rows[place]) for place in places]
            if length:
                middles = [cut(clip, length=length, place=0.5) for clip in clips]
                inputs = [_stacked(middles)]
            else:
                padded = pad_sequence([torch.tensor(clip) for clip in clips], batch_first=True)
                inputs = [padded, torch.tensor([len(clip) for clip in clips])]
            values = answer(*(tensor.to(device) for tensor in inputs)).float().cpu()
            answers |= zip(places.tolist(), values, strict=True)
    return torch.stack([answers[place] for place in range(len(rows))])


def _stacked(clips: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(clips))
