"""One trial of paper 04: one system, one experiment, one fold, one seed, scored on clips that trained nothing.

Its rows and recipe are in ``padi_rows``, clips and batches in ``padi_clips`` and ``padi_batches``, the speaker recogniser that it
may start from in ``padi_speakers``.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from sercore.evaluation.counting import count_predictions
from sercore.models.resnet import ResNet34
from sercore.models.transfer import transfer
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021 import speakers as padi_speakers
from sercore.papers.padi2021.batches import answered, batches
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.rows import Row
from sercore.protocols.sessions import clip_split, group_fold
from sercore.training import chunks, kept
from sercore.training.loop import choose
from sercore.training.resumable import LAST, History, autocast
from sercore.training.sgd import fit

PROTOCOLS = ("speakers-apart", "clips")
SHORT = (
    300  # frames that are read of a test clip where not the whole is: the longest chunk of training
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a system is trained and scored.

    Args:
        experiment: "exp1", "exp2" or "exp3".
        protocol: "speakers-apart", one session or group of speakers tested at a time, or "clips", independent splits of clips.
        fold: which session, group or split, from 0.
        seed: of weights, batches and masks.
        edition: which data.
        epochs: passes over the training clips, of three versions each.
        control: "none", or "labels shuffled" among the training clips.
        corpus: that is scored.
        part: of IEMOCAP, as of ``padi_rows.Row``.
    """

    experiment: str
    protocol: str
    fold: int
    seed: int
    edition: str
    epochs: int
    control: str = "none"
    corpus: str = ""
    part: str = "all"

    @property
    def start(self) -> int:
        """Seed of weights and batches: each fold has its own."""
        return 1000 * self.seed + self.fold


@dataclass(frozen=True, kw_only=True)
class Trial(Place):
    """One training.

    Args:
        transfer, augmentation, pooling, norm, vad, evaluate: see ``padi_rows.Row``.
        size: "published", "narrow" or "small".
        precision: "fp32" or "bf16".
        taught: corpora whose speakers were learnt, joined by plus signs; "none" where no recogniser is trained.
        pretraining: epochs of the speaker recogniser; 0 where none is used.
        speakers: "shared", one recogniser with both policies and statistics pooling for every system; "strict", one for each
            augmentation and pooling, as the paper has it; "given", one that was trained elsewhere; "none" where none is used.
    """

    transfer: str
    augmentation: str
    pooling: str
    norm: str = "segment"
    vad: str = "none"
    evaluate: str = "full"
    size: str = "published"
    precision: str = "fp32"
    taught: str = "none"
    pretraining: int = 0
    speakers: str = "none"

    @property
    def row(self) -> Row:
        """The line of the grid that it belongs to."""
        names = ("transfer", "augmentation", "pooling", "norm", "vad", "evaluate", "part")
        return Row(**{name: getattr(self, name) for name in names})

    @property
    def recogniser(self) -> padi_speakers.Trial:
        """The speaker recogniser that it starts from."""
        strict = self.speakers == "strict"
        return padi_speakers.Trial(
            augmentation=self.augmentation if strict else "both",
            pooling=self.pooling if strict else "statistics",
            size=self.size,
            seed=self.seed,
            edition=self.edition,
            taught=self.taught,
            epochs=self.pretraining,
            precision=self.precision,
        )


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Args:
        network: in evaluation mode, with the last epoch's weights.
        history: of its training.
        training, test: rows of the clips.
    """

    network: ResNet34
    history: History
    training: np.ndarray
    test: np.ndarray


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network, or go on with it, and count its test predictions by speaker: plain values, as they are kept.

    The last epoch is scored, once: no clip chooses anything.
    """
    fitted = trained(trial, data, device=device)
    started = time.perf_counter()
    found = probabilities(trial, data, fitted.network, fitted.test)
    seconds = (time.perf_counter() - started) / len(fitted.test)
    epochs = fitted.history.epochs
    return count(data, trial.experiment, fitted.test, found) | {
        "epochs": [
            [number, name, each[name]]
            for number, each in enumerate(epochs, 1)
            for name in ("rate", "loss", "accuracy")
        ],
        "training_loss": epochs[-1]["loss"],
        "training_accuracy": epochs[-1]["accuracy"],
        "training_clips": len(fitted.training),
        "steps": sum(each["steps"] for each in epochs),
        "clips_per_second": round(
            float(np.median([each["chunks"] / each["seconds"] for each in epochs])), 3
        ),
        "parameters": sum(weight.numel() for weight in fitted.network.parameters()),
        "seconds_per_clip": round(seconds, 6),
    }


def trained(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Return the trial's network: from the store, trained now, or trained on after an interruption."""
    chosen = choose(device)
    training, test = split(trial, data)
    network = build(trial, data, device=device)
    place = kept.folder(__name__, trial, data.content(trial), device=chosen)
    plan = padi_rows.plan(epochs=trial.epochs, size=trial.size, precision=trial.precision)
    epoch = partial(_epoch, trial, data, training, shuffled(trial, data, training))
    train = partial(fit, network, epoch, plan=plan, folder=place, device=chosen, seed=trial.start)
    result = kept.trained(
        network, place, train, device=chosen, weights=LAST, layout=torch.channels_last
    )
    return Fitted(network, result.history, training, test)


def build(trial: Trial, data: Data, *, device: str = "cpu") -> ResNet34:
    """The trial's network before training: random, or with the convolutions of its speaker recogniser, trained before or now."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.start)
        sizes = replace(padi_rows.SIZES[trial.size], pooling=trial.pooling)
        network = ResNet34(len(data.classes[trial.experiment]), sizes)
    if trial.speakers == "given":
        transfer(network, padi_speakers.given(data.source), where=data.source.checkpoint)
    elif trial.transfer != "none":
        taught = padi_speakers.trained(trial.recogniser, data.source, device=device)
        transfer(network, taught.network.cpu().state_dict(), where=str(taught.folder))
    if trial.transfer == "frozen":
        network.freeze()
    return network


def split(trial: Place, data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Rows of training and test of one fold: clips that the experiment leaves out, or of another part, are on neither side.

    Raises:
        LeakError: a speaker on two sides, where speakers are kept apart.
    """
    target = data.targets[trial.experiment]
    there = target >= 0
    if trial.part != "all":
        there &= (data.table["part"] == trial.part).to_numpy(bool)
    known = np.flatnonzero(there)
    if trial.protocol == "clips":
        sides = clip_split(target[known], seed=trial.fold)
    else:
        sides = group_fold(data.table.iloc[known], trial.fold)
    return known[sides[0]], known[sides[1]]


def shuffled(trial: Place, data: Data, training: np.ndarray) -> np.ndarray:
    """Class numbers of all clips, those of the training clips in another order where the trial is that control."""
    target = data.targets[trial.experiment].copy()
    if trial.control == "labels shuffled":
        target[training] = np.random.default_rng(trial.start).permutation(target[training])
    return target


def probabilities(trial: Trial, data: Data, network: ResNet34, rows: np.ndarray) -> np.ndarray:
    """Class probabilities of clips, in evaluation mode: ``(clips, classes)`` in the order of the rows."""
    return _answered(trial, data, network, network, rows).softmax(1).numpy()


def pooled(trial: Trial, data: Data, network: ResNet34, rows: np.ndarray) -> np.ndarray:
    """What the fully connected layers read of clips: ``(clips, values)``."""
    return _answered(trial, data, network, network.pooled, rows).numpy()


def count(data: Data, experiment: str, rows: np.ndarray, probabilities: np.ndarray) -> dict:
    """Count predictions by corpus/speaker, as ``counting.count_predictions`` does.

    Args:
        data: clips that were scored, among others.
        experiment: experiment whose classes are scored.
        rows: ``(scored,)`` rows of the table.
        probabilities: ``(scored, classes)``.
    """
    return count_predictions(data.groups[rows], data.targets[experiment][rows], probabilities)


def _epoch(
    trial: Trial, data: Data, training: np.ndarray, target: np.ndarray, number: int
) -> Iterator[list[Tensor]]:
    policies = padi_rows.versions(trial.augmentation)
    lengths = padi_rows.lengths(trial.size, trial.pooling)
    read = chunks.epoch(
        training,
        number=number,
        seed=trial.start,
        batch=padi_rows.BATCHES[trial.size],
        versions=len(policies),
        lengths=lengths,
    )
    return batches(data.frames(norm=trial.norm, vad=trial.vad), target, read, policies)


def _answered(
    trial: Trial, data: Data, network: ResNet34, answer: object, rows: np.ndarray
) -> Tensor:
    """What a network, or a part of it, answers to clips, whole or cut as the trial says."""
    device = next(network.parameters()).device
    cut = (
        network.sizes.frames
        if trial.pooling == "flatten"
        else SHORT
        if trial.evaluate == "300"
        else 0
    )
    with torch.inference_mode(), autocast(trial.precision, device):
        return answered(
            answer,
            data.frames(norm=trial.norm, vad=trial.vad),
            rows.tolist(),
            device=device,
            length=cut,
        )
