"""Looks into the networks of Padi et al. 2021: what pooled frames keep, and what a step costs."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

import torch
from sklearn.metrics import silhouette_score
from torch.nn.functional import cross_entropy

from sercore import audio
from sercore.evaluation.verification import neighbours
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import trial as trials
from sercore.papers.padi2021.data import CLASSES, Data, log_mel, normalise_bands
from sercore.papers.padi2021.trial import Row, Trial, build, pooled, trained
from sercore.training import memory
from sercore.training.loop import choose
from sercore.training.resumable import autocast
from sercore.training.sgd import Plan

# Of IEMOCAP with happy and excited as one class, the share that trains, and trainings of a system.
CLIPS, TRAINING, EXPERIMENTS, FOLDS = 5531, 0.8, 3, 5
UNTIMED, TIMED = 2, 5  # actions that are left out before those that count


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Look at the test clips in a trial's network, before and after its training.

    Returns:
        Plain values: ``stages``: "before" or "after", corpus/speaker, class and t-SNE place of each
        clip's pooled frames; of a frozen network, whose pooled frames no training changes, "before"
        alone. ``silhouettes`` of emotions and of speakers in each stage, between -1 and 1.

    Source: Padi et al. 2021, section 3.3; maps and silhouettes are ours.
    """
    fitted = trained(trial, data, device=device)
    place = next(fitted.network.parameters()).device
    networks = {"before": build(trial, data, device=device).to(place).eval()}
    if trial.transfer != "frozen":
        networks["after"] = fitted.network
    target, speakers = data.targets[trial.experiment][fitted.test], data.groups[fitted.test]
    names = [data.classes[trial.experiment][number] for number in target]
    stages, silhouettes = [], []
    for stage, network in networks.items():
        frames = pooled(trial, data, network, fitted.test)
        for what, labels in (("emotion", target), ("speaker", speakers)):
            if len(set(labels.tolist())) > 1:
                silhouettes.append([stage, what, float(silhouette_score(frames, labels))])
        points = neighbours(frames, seed=trial.seed).round(3).tolist()
        for speaker, name, point in zip(speakers.tolist(), names, points, strict=True):
            stages.append([stage, speaker, name, *point])
    return {"stages": stages, "silhouettes": silhouettes, "clips": len(target)}


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One measurement of what the whole paper takes on the device of a run.

    Args:
        edition: which data
        size: size of the networks
        precision: "fp32" or "bf16"
        clips: number of clips that teach speakers
        speakers: number of people in the development parts of VoxCeleb 1 and 2
        seeds: repetitions of the grid
    """

    edition: str
    size: str = "published"
    precision: str = "bf16"
    clips: int = 1_200_000
    speakers: int = 7205
    seeds: int = 3


@dataclass(frozen=True)
class Timed:
    """Systems whose steps are timed, and audio files whose reading is."""

    rows: Sequence[Row]
    paths: Sequence[Path | str]

    def content(self, trial: Timing) -> str:
        """Return the digest of what a time depends on, which is nothing."""
        return ""


def run_timing(trial: Timing, data: Timed, *, device: str = "cpu") -> dict:
    """Time single steps, and count those of the speaker recogniser and of the grid.

    Returns:
        Plain values: ``costs`` as (what, steps of all its trainings, seconds of a step);
        ``reading`` and ``spectrogram``, seconds of a clip on one core, and its ``duration``.

    Source: Padi et al. 2021, sections 4.1 to 4.3; epochs and seeds are ours.
    """
    plan = trials.plan(epochs=Plan.epochs, size=trial.size, precision=trial.precision)
    steps = plan.epochs * math.ceil(trial.clips / plan.batch)
    recogniser = step_seconds(Row(), trial, n_classes=trial.speakers, device=device)
    costs = [["speaker recogniser", steps, recogniser]]
    systems = dict.fromkeys(replace(row, augmentation="none") for row in data.rows)
    n_classes = len(CLASSES["exp1"])
    seconds = {row: step_seconds(row, trial, n_classes=n_classes, device=device) for row in systems}
    for row in data.rows:
        chunks = round(CLIPS * TRAINING) * len(trials.VERSIONS[row.augmentation])
        trainings = EXPERIMENTS * FOLDS * trial.seeds
        steps = trainings * plan.epochs * math.ceil(chunks / plan.batch)
        costs.append([row.name, steps, seconds[replace(row, augmentation="none")]])
    clips = [audio.read(path) for path in data.paths]
    reading = [timed(lambda path=path: audio.read(path)) for path in data.paths]
    spectrogram = [timed(lambda clip=clip: normalise_bands([log_mel(clip)])) for clip in clips]
    return {
        "costs": costs,
        "reading": mean(reading),
        "spectrogram": mean(spectrogram),
        "duration": mean(len(clip) / audio.RATE for clip in clips),
    }


def step_seconds(row: Row, trial: Timing, *, n_classes: int, device: str) -> float:
    """Time one training step on random chunks, in the mean over the lengths that it trains on."""
    chosen = choose(device)
    plan = trials.plan(epochs=1, size=trial.size, precision=trial.precision)
    sizes = replace(trials.SIZES[trial.size], pooling=row.pooling)
    network = ResNet34(n_classes, sizes)
    if row.transfer == "frozen":
        network.freeze()
    network.to(chosen, memory_format=torch.channels_last).train()
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.SGD(weights, lr=plan.rate, momentum=plan.momentum, fused=True)
    target = torch.arange(plan.batch, device=chosen) % n_classes
    seconds = []
    for length in trials.lengths(trial.size, row.pooling):
        frames = torch.randn(plan.batch, length, sizes.bands, device=chosen)

        def step(frames: torch.Tensor = frames) -> None:
            optimiser.zero_grad()
            with autocast(plan.precision, chosen):
                logits = network(frames)
            cross_entropy(logits.float(), target).backward()
            optimiser.step()
            if chosen.type == "cuda":
                torch.cuda.synchronize()

        with memory.kept():  # as in a training
            seconds.append(timed(step))
    return mean(seconds)


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes: the median of five after two that do not count."""
    seconds = []
    for _ in range(UNTIMED + TIMED):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return median(seconds[UNTIMED:])
