"""GPU-hours of paper 04 in full, from the seconds of single steps: its speaker recogniser on VoxCeleb, its grid on IEMOCAP.

A step is forward, backward and SGD on one batch of random chunks; reading is what a worker does for one clip of VoxCeleb.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

import torch
from torch.nn.functional import cross_entropy

from sercore import audio
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021.grid import GRID
from sercore.papers.padi2021.inputs import log_mel, normalised
from sercore.papers.padi2021.rows import Row
from sercore.training import memory
from sercore.training.loop import choose
from sercore.training.resumable import autocast
from sercore.training.sgd import Plan

CLASSES, SPEAKERS = 4, 7205  # emotions; people in the development parts of VoxCeleb 1 and 2
SPOKEN = 1_200_000  # their clips, about
CLIPS, TRAINED = 5531, 0.8  # of IEMOCAP with happy and excited as one class; share that trains
EXPERIMENTS, FOLDS, SEEDS = 3, 5, 3
STEPS, UNTIMED = 5, 2  # that are timed; before them, those that are not

Seconds = Mapping[int, float]  # of a step, by frames of its chunks


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One measurement, on the device that a run has.

    Args:
        edition: which data.
        size: of the networks.
        precision: "fp32" or "bf16".
        clips: that teach speakers.
        speakers: of these clips.
        seeds: repetitions of the grid.
    """

    edition: str
    size: str = "published"
    precision: str = "bf16"
    clips: int = SPOKEN
    speakers: int = SPEAKERS
    seeds: int = SEEDS


@dataclass(frozen=True)
class Files:
    """Audio files that are read to see how long that takes: a time depends on no content."""

    paths: tuple[Path | str, ...]

    def content(self, trial: Trial) -> str:
        """Nothing that a time depends on."""
        return ""


@dataclass(frozen=True)
class Cost:
    """What a part of the paper takes.

    Args:
        what: the part.
        steps: of all its trainings.
        seconds: of one step, the mean over the lengths of chunks.
    """

    what: str
    steps: int
    seconds: float

    @property
    def hours(self) -> float:
        """Of one device, if it never waits for clips."""
        return self.steps * self.seconds / 3600


def run(trial: Trial, data: Files, *, device: str = "cpu") -> dict:
    """Costs of the speaker recogniser and of each cell of the grid, and seconds to read a clip: plain values, as they are kept.

    Returns:
        ``costs`` as (what, steps, seconds of a step); ``reading`` and ``spectrogram``, seconds of one clip on one core, which lasts
        ``duration`` seconds.
    """
    options = {"size": trial.size, "precision": trial.precision, "device": device}
    found = measured(clips=trial.clips, speakers=trial.speakers, seeds=trial.seeds, **options)
    return {"costs": [[each.what, each.steps, each.seconds] for each in found]} | read(data.paths)


def pretraining(
    seconds: Seconds, *, clips: int = SPOKEN, epochs: int = Plan.epochs, batch: int = Plan.batch
) -> Cost:
    """Cost of the speaker recogniser, which reads each clip once an epoch.

    Args:
        seconds: of a step, by frames; each length is as likely as the others.
        clips: that train (default 1,200,000).
        epochs: passes over them (default 20).
        batch: chunks a step (default 32).

    Source: Padi et al. 2021, section 4.2; epochs are ours.
    """
    return Cost("speaker recogniser", epochs * math.ceil(clips / batch), mean(seconds.values()))


def grid(
    seconds: Mapping[tuple[str, str], Seconds],
    *,
    clips: int = CLIPS,
    epochs: int = Plan.epochs,
    batch: int = Plan.batch,
    seeds: int = SEEDS,
) -> list[Cost]:
    """Cost of each cell of the grid: three experiments, five folds, and seeds, each on three versions of four fifths of the clips.

    Args:
        seconds: of a step, by frames, of each transfer and pooling ("frozen", "statistics").
        clips: of the corpus; the third experiment's count is taken for all three (default 5531).
        epochs: passes over three versions of the training clips (default 20).
        batch: chunks a step (default 32).
        seeds: repetitions, 1 or more (default 3).

    Source: Padi et al. 2021, sections 4.1 to 4.3; epochs and seeds are ours.
    """
    trainings = EXPERIMENTS * FOLDS * seeds
    found = []
    for row in GRID:
        chunks = round(clips * TRAINED) * len(padi_rows.versions(row.augmentation))
        steps = trainings * epochs * math.ceil(chunks / batch)
        found.append(Cost(row.name, steps, mean(seconds[row.transfer, row.pooling].values())))
    return found


def measured(
    *,
    clips: int = SPOKEN,
    speakers: int = SPEAKERS,
    seeds: int = SEEDS,
    size: str = "published",
    device: str = "auto",
    precision: str = "bf16",
) -> list[Cost]:
    """Cost of the speaker recogniser and of each cell of the grid, by steps measured now: seconds on a GPU, many minutes on a CPU.

    Args:
        clips: that teach speakers (default 1,200,000).
        speakers: of these clips (default 7205).
        seeds: repetitions of the grid (default 3).
        size: of the networks (default "published").
        device: "cpu", "cuda" or "auto" (default).
        precision: "fp32" or "bf16" (default).

    Source: Padi et al. 2021, sections 4.1 to 4.3.
    """
    options = {"size": size, "device": device, "precision": precision}
    kinds = {(row.transfer, row.pooling): row for row in GRID}
    batch = padi_rows.plan(epochs=1, size=size, precision=precision).batch
    taught = pretraining(stepped(Row(), classes=speakers, **options), clips=clips, batch=batch)
    return [
        taught,
        *grid(
            {kind: stepped(row, **options) for kind, row in kinds.items()}, seeds=seeds, batch=batch
        ),
    ]


def stepped(
    row: Row,
    *,
    classes: int = CLASSES,
    size: str = "published",
    device: str = "auto",
    precision: str = "bf16",
) -> Seconds:
    """Seconds of one training step of a system, the median of five, for each length of chunks that it trains on.

    The chunks are random numbers that are on the device already; the recipe is that of ``padi_rows.plan``.

    Args:
        row: its transfer and pooling count.
        classes: 4 emotions (default), or as many as there are speakers.
        size: of the network (default "published").
        device: "cpu", "cuda" or "auto" (default).
        precision: "fp32" or "bf16" (default).
    """
    chosen, plan = choose(device), padi_rows.plan(epochs=1, size=size, precision=precision)
    sizes = replace(padi_rows.SIZES[size], pooling=row.pooling)
    network = ResNet34(classes, sizes)
    if row.transfer == "frozen":
        network.freeze()
    network.to(
        chosen, memory_format=torch.channels_last if plan.channels_last else torch.preserve_format
    ).train()
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.SGD(weights, lr=plan.rate, momentum=plan.momentum, fused=True)
    target = torch.arange(plan.batch, device=chosen) % classes
    found = {}
    for length in padi_rows.lengths(size, row.pooling):
        frames = torch.randn(plan.batch, length, sizes.bands, device=chosen)

        def step(frames: torch.Tensor = frames) -> None:
            optimiser.zero_grad()
            with autocast(precision, chosen):
                logits = network(frames)
            cross_entropy(logits.float(), target).backward()
            optimiser.step()
            if chosen.type == "cuda":
                torch.cuda.synchronize()

        with memory.kept():  # as in a training
            found[length] = timed(step)
    return found


def read(paths: Sequence[Path | str]) -> dict[str, float]:
    """Seconds a clip, on one thread, of "reading" its file and of its "spectrogram", normalised; and its "duration".

    Args:
        paths: audio files, one or more, each read once before it counts.
    """
    samples = [audio.read(path) for path in paths]
    return {
        "reading": mean(timed(lambda path=path: audio.read(path)) for path in paths),
        "spectrogram": mean(
            timed(lambda clip=clip: normalised([log_mel(clip)])) for clip in samples
        ),
        "duration": mean(len(clip) / audio.RATE for clip in samples),
    }


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes, the median of five after two that do not count."""
    took = []
    for _ in range(UNTIMED + STEPS):
        started = time.perf_counter()
        action()
        took.append(time.perf_counter() - started)
    return median(took[UNTIMED:])
