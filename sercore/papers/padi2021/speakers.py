"""The first stage of paper 04: a network that tells speakers apart, whose convolutions the second stage starts from."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from sercore.evaluation.verification import cosine, equal_error_rate
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021.batches import answered, batches, in_turn
from sercore.papers.padi2021.clips import Source
from sercore.training import checkpoints, chunks, kept
from sercore.training.loop import choose
from sercore.training.resumable import LAST, History, autocast
from sercore.training.sgd import fit


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One speaker recogniser.

    Args:
        augmentation: as of ``padi_rows.Row``; an epoch reads one version of each clip, another one in the next epoch.
        pooling: as of ``padi_rows.Row``.
        size: "published", "narrow" (half the channels) or "small" (the demo's).
        seed: of weights, batches and masks.
        edition: which data.
        taught: corpora whose speakers are learnt, joined by plus signs.
        epochs: passes over the clips.
        precision: "fp32" or "bf16".
    """

    augmentation: str = "both"
    pooling: str = "statistics"
    size: str = "published"
    seed: int = 0
    edition: str
    taught: str = "none"
    epochs: int
    precision: str = "fp32"


@dataclass(frozen=True)
class Fitted:
    """A trained speaker recogniser.

    Args:
        network: in evaluation mode.
        history: of its training.
        folder: that holds its weights.
    """

    network: ResNet34
    history: History
    folder: Path


def run(trial: Trial, source: Source, *, device: str = "cpu") -> dict:
    """Train one speaker recogniser, or go on with it, and verify other speakers with it: plain values, as they are kept.

    Returns:
        ``epochs`` as (epoch, name, value): rate, loss, accuracy; ``equal_error_rate`` of its cosine scores, and of those of the
        same network before training; speakers, clips and pairs; how many ``processes`` shared each batch, whose statistics of batch
        norm are each one's own.

    Source: Padi et al. 2021, section 4.2; the verification is ours.
    """
    fitted = trained(trial, source, device=device)
    chosen = next(fitted.network.parameters()).device
    started = time.perf_counter()
    error = verified(fitted.network, source, precision=trial.precision)
    seconds = (time.perf_counter() - started) / max(1, len(np.unique([source.left, source.right])))
    untrained = build(trial, source).to(chosen).eval()
    epochs = fitted.history.epochs
    return {
        "epochs": [
            [number, name, each[name]]
            for number, each in enumerate(epochs, 1)
            for name in ("rate", "loss", "accuracy")
        ],
        "accuracy": epochs[-1]["accuracy"],
        "training_loss": epochs[-1]["loss"],
        "equal_error_rate": error,
        "equal_error_rate_untrained": verified(untrained, source, precision=trial.precision),
        "pairs": len(source.same),
        "processes": checkpoints.read(fitted.folder / LAST)[1]["run"]["processes"],
        "taught_speakers": len(source.names),
        "training_clips": len(source.speakers),
        "steps": sum(each["steps"] for each in epochs),
        "clips_per_second": round(
            float(np.median([each["chunks"] / each["seconds"] for each in epochs])), 3
        ),
        "parameters": sum(weight.numel() for weight in fitted.network.parameters()),
        "seconds_per_clip": round(seconds, 6),
    }


def trained(trial: Trial, source: Source, *, device: str = "cpu", workers: int = 0) -> Fitted:
    """The trial's network, from its folder in the store if its training is finished there; an interrupted one goes on.

    Args:
        trial: which.
        source: its clips.
        device: "cpu", "cuda" or "auto".
        workers: processes that read clips ahead, for clips that are not in memory (default 0).
    """
    chosen = choose(device)
    network, place = (
        build(trial, source),
        kept.folder(__name__, trial, source.content(trial), device=chosen),
    )
    target = np.unique(source.speakers, return_inverse=True)[1]
    policies = padi_rows.versions(trial.augmentation)
    plan = padi_rows.plan(epochs=trial.epochs, size=trial.size, precision=trial.precision)
    lengths = padi_rows.lengths(trial.size, trial.pooling)

    def epoch(number: int) -> Iterator[list[Tensor]]:
        rows = chunks.balanced(source.speakers, most=source.most, number=number, seed=trial.seed)
        read = chunks.epoch(rows, number=number, seed=trial.seed, batch=plan.batch, lengths=lengths)
        turned = in_turn(read, versions=len(policies), number=number)
        return batches(source.frames, target, turned, policies, workers=workers)

    train = partial(fit, network, epoch, plan=plan, folder=place, device=chosen, seed=trial.seed)
    result = kept.trained(
        network, place, train, device=chosen, weights=LAST, layout=torch.channels_last
    )
    return Fitted(network, result.history, place)


def build(trial: Trial, source: Source) -> ResNet34:
    """The trial's network before training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.seed)
        return ResNet34(
            len(source.names), replace(padi_rows.SIZES[trial.size], pooling=trial.pooling)
        )


def given(source: Source) -> dict[str, Tensor]:
    """Weights of a speaker recogniser that was trained elsewhere, by name.

    Raises:
        ValueError: a file that is no safetensors.
    """
    try:
        return load_file(source.checkpoint)
    except SafetensorError as error:
        raise ValueError(
            f"{source.checkpoint}: no safetensors file ({error}); expected weights by name. Convert the checkpoint to safetensors."
        ) from error


def verified(network: ResNet34, source: Source, *, precision: str) -> float:
    """Equal error rate, in [0, 1], of cosine scores between the embeddings of pairs of clips of speakers never trained on.

    Source: ours; the embedding is the output of the first fully connected layer, before batch norm.
    """
    device, fixed = next(network.parameters()).device, network.sizes.pooling == "flatten"
    rows, places = np.unique(np.concatenate([source.left, source.right]), return_inverse=True)
    left, right = np.split(places, 2)
    with torch.inference_mode(), autocast(precision, device):
        length = network.sizes.frames if fixed else 0
        found = answered(
            network.embed, source.heard, rows.tolist(), device=device, length=length
        ).numpy()
    return equal_error_rate(cosine(found[left], found[right]), source.same)
