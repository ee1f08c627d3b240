"""The two trainings of Padi et al. 2021: a network that tells speakers apart, and one for emotions.

The second may start from the convolutions of the first. It is trained and scored on one
experiment, fold and seed, on clips that trained nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from sklearn.metrics import silhouette_score
from torch import Tensor

from sercore.evaluation.embeddings import cosine, equal_error_rate, neighbours
from sercore.evaluation.metrics import count_predictions
from sercore.models import resnet
from sercore.models.resnet import ResNet34
from sercore.models.transfer import transfer
from sercore.papers.padi2021.data import Data, Source
from sercore.protocols.sessions import clip_split, group_fold
from sercore.protocols.splits import Splits
from sercore.training import checkpoints, chunks, resumable
from sercore.training.chunks import answered, batches, in_turn
from sercore.training.devices import autocast, choose
from sercore.training.resumable import LAST, History, Trained
from sercore.training.sgd import Plan, fit

SIZES = {
    "published": resnet.SIZES,
    "narrow": resnet.NARROW,
    "small": replace(resnet.NARROW, width=32, frames=40),
}
CHUNKS = {"published": chunks.LENGTHS, "narrow": chunks.LENGTHS, "small": (24, 32, 40)}
BATCHES = {"published": 32, "narrow": 32, "small": 8}  # printed, and for the demo's few clips
# Policy of each version of a clip. Plain copies take the place of masked ones, so that every system
# sees as many chunks in an epoch.
VERSIONS = {
    "none": ("plain", "plain", "plain"),
    "conservative": ("plain", "conservative", "conservative"),
    "aggressive": ("plain", "aggressive", "aggressive"),
    "both": ("plain", "conservative", "aggressive"),
}
# Values that are the paper's, or that a row's digits say.
UNNAMED = ("none", "frozen", "both", "statistics", "flatten", "segment", "all")
PROTOCOLS = ("speakers-apart", "clips")
CONSTANT = Plan.constant  # epochs before the rate is first halved
SHORT = 300  # frames that are read of a test clip where not the whole is: the longest chunk


def lengths(size: str, pooling: str) -> tuple[int, ...]:
    """Return the frames of training chunks; without pooling there is one length."""
    return (SIZES[size].frames,) if pooling == "flatten" else CHUNKS[size]


def plan(*, epochs: int, size: str, precision: str, constant: int = CONSTANT) -> Plan:
    """Return how a network is trained: as printed, but for the number of epochs, which is not."""
    shared = {"epochs": epochs, "precision": precision, "constant": constant}
    return Plan(batch=BATCHES[size], channels_last=True, **shared)


@dataclass(frozen=True, kw_only=True)
class Recogniser:
    """One training of a speaker recogniser, one version of each clip an epoch; see ``Trial``."""

    augmentation: str = "both"
    pooling: str = "statistics"
    size: str = "published"
    seed: int = 0
    edition: str
    taught: str = "none"
    epochs: int
    precision: str = "fp32"

    constant: ClassVar[int] = CONSTANT

    @property
    def start(self) -> int:
        """Seed of weights and batches."""
        return self.seed


def run_recogniser(trial: Recogniser, source: Source, *, device: str = "cpu") -> dict:
    """Train a speaker recogniser (section 4.2), and verify other speakers with it (ours)."""
    trained = train_recogniser(trial, source, device=device)
    started = time.perf_counter()
    error = verification_error(trained.network, source, precision=trial.precision)
    n_compared = len(np.unique([source.left, source.right]))
    seconds = (time.perf_counter() - started) / max(1, n_compared)
    untrained = _network(trial, len(source.names)).to(_device(trained.network))
    before = verification_error(untrained.eval(), source, precision=trial.precision)
    return training_summary(trained) | {
        "accuracy": trained.history.epochs[-1]["accuracy"],
        "equal_error_rate": error,
        "equal_error_rate_untrained": before,
        "pairs": len(source.same),
        "processes": checkpoints.read(trained.folder / LAST)[1]["run"]["processes"],
        "taught_speakers": len(source.names),
        "training_clips": len(source.speakers),
        "seconds_per_clip": round(seconds, 6),
    }


def train_recogniser(
    trial: Recogniser, source: Source, *, device: str = "cpu", workers: int = 0
) -> Trained:
    """Return the recogniser, kept or trained now; ``workers`` processes read clips ahead."""
    target = np.unique(source.speakers, return_inverse=True)[1]
    policies = VERSIONS[trial.augmentation]

    def epoch(number: int) -> Iterator[list[Tensor]]:
        rows = chunks.balanced(source.speakers, most=source.most, number=number, seed=trial.seed)
        read = in_turn(_chunks(trial, rows, number), versions=len(policies), number=number)
        return batches(source.frames, target, read, policies, workers=workers)

    network = _network(trial, len(source.names))
    return _train(trial, network, epoch, source.content(trial), device=device)


def verification_error(network: ResNet34, source: Source, *, precision: str) -> float:
    """Return the equal error rate of cosine scores between clips of speakers never trained on."""
    device = _device(network)
    length = network.sizes.frames if network.sizes.pooling == "flatten" else 0
    rows, places = np.unique(np.concatenate([source.left, source.right]), return_inverse=True)
    left, right = np.split(places, 2)
    options = {"device": device, "length": length}
    with torch.inference_mode(), autocast(precision, device):
        embeddings = answered(network.embed, source.compared, rows.tolist(), **options).numpy()
    return equal_error_rate(cosine(embeddings[left], embeddings[right]), source.same)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system: the paper's by default, but for transfer and masks.

    Transfer is "none" (random start, all trained), "frozen" (the speaker recogniser's convolutions
    and batch-norm statistics stay, the layers on top are trained) or "finetune" (all trained on).
    """

    transfer: str = "none"
    augmentation: str = "none"  # or "both", the paper's, or one policy; see ``VERSIONS``
    pooling: str = "statistics"  # "mean", or "flatten": no pooling, clips cut to one length
    norm: str = "segment"  # what spectrograms are normalised over; or "conversation"
    vad: str = "none"  # or "energy": quiet frames are left out
    evaluate: str = "full"  # frames of a test clip that are read; or "300"
    part: str = "all"  # of IEMOCAP; or "improvised" or "scripted"

    @property
    def cell(self) -> str:
        """Digits of transfer, augmentation and statistics pooling, 1 for with: "101"."""
        parts = (self.transfer != "none", self.augmentation != "none", self.pooling == "statistics")
        return "".join(f"{part:d}" for part in parts)

    @property
    def name(self) -> str:
        """Name for ``-p only=…``: "101", "101, finetune", "011, aggressive", "111, energy"."""
        values = [self.transfer, self.augmentation, self.pooling, self.norm, self.vad, self.part]
        parts = [self.cell, *(value for value in values if value not in UNNAMED)]
        if self.evaluate != "full":
            parts.append(f"{self.evaluate} frames")
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a system is trained and scored."""

    experiment: str  # "exp1", "exp2" or "exp3"
    protocol: str  # "speakers-apart", or "clips", independent splits of clips
    fold: int  # session, group or split, from 0
    seed: int  # of weights, batches and masks
    edition: str
    epochs: int  # passes over the training clips, of three versions each
    control: str = "none"  # "labels shuffled" among the training clips, or "constant rate"
    corpus: str = ""  # that is scored; empty for the edition's own
    part: str = "all"  # as of ``Row``

    @property
    def start(self) -> int:
        """Seed of weights and batches: each fold has its own."""
        return 1000 * self.seed + self.fold

    @property
    def constant(self) -> int:
        """Epochs before the rate is first halved: as printed, or in that control all."""
        return self.epochs if self.control == "constant rate" else CONSTANT


@dataclass(frozen=True, kw_only=True)
class Trial(Row, Place):
    """One training of a row at a place.

    ``speakers`` are "shared", one recogniser with both policies and statistics pooling for every
    system; "strict", one for each augmentation and pooling, as the paper has it; "given", one that
    was trained elsewhere; or "none".
    """

    size: str = "published"  # or "narrow" or "small"
    precision: str = "fp32"  # or "bf16"
    taught: str = "none"  # corpora whose speakers are learnt, joined by plus signs
    pretraining: int = 0  # epochs of the speaker recogniser
    speakers: str = "none"

    @property
    def row(self) -> Row:
        """System that is trained."""
        return Row(**{name: getattr(self, name) for name in Row.__dataclass_fields__})

    @property
    def recogniser(self) -> Recogniser:
        """Speaker recogniser that it starts from."""
        shared = ("size", "seed", "edition", "taught", "precision")
        settings = {name: getattr(self, name) for name in shared}
        if self.speakers == "strict":
            settings |= {"augmentation": self.augmentation, "pooling": self.pooling}
        return Recogniser(epochs=self.pretraining, **settings)


@dataclass(frozen=True)
class Fitted:
    """A trained network with the last epoch's weights, and the rows of the clips of both sides."""

    network: ResNet34
    history: History
    training: np.ndarray
    test: np.ndarray


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network, and count its test predictions by corpus/speaker after the last epoch."""
    fitted = trained(trial, data, device=device)
    started = time.perf_counter()
    predicted = probabilities(trial, data, fitted.network, fitted.test)
    seconds = (time.perf_counter() - started) / len(fitted.test)
    target = data.targets[trial.experiment][fitted.test]
    counts = count_predictions(data.groups[fitted.test], target, predicted)
    about = {
        "training_accuracy": fitted.history.epochs[-1]["accuracy"],
        "training_clips": len(fitted.training),
        "seconds_per_clip": round(seconds, 6),
    }
    return counts | training_summary(fitted) | about


def trained(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Return the trial's network: from the store, trained now, or trained on where it stopped."""
    training, test = split(trial, data)
    network = build(trial, data, device=device)
    target = shuffled(trial, data, training)
    policies = VERSIONS[trial.augmentation]

    def epoch(number: int) -> Iterator[list[Tensor]]:
        read = _chunks(trial, training, number, versions=len(policies))
        return batches(data.frames(norm=trial.norm, vad=trial.vad), target, read, policies)

    result = _train(trial, network, epoch, data.content(trial), device=device)
    return Fitted(network, result.history, training, test)


def build(trial: Trial, data: Data, *, device: str = "cpu") -> ResNet34:
    """Build the network before training: random, or with the convolutions of its recogniser."""
    network = _network(trial, len(data.classes[trial.experiment]))
    if trial.speakers == "given":
        checkpoint = data.source.checkpoint
        try:
            weights = load_file(checkpoint)
        except SafetensorError as error:
            raise ValueError(
                f"{checkpoint}: no safetensors file ({error}); expected weights by name. Convert"
                " the checkpoint to safetensors."
            ) from error
        transfer(network, weights, where=checkpoint)
    elif trial.transfer != "none":
        taught = train_recogniser(trial.recogniser, data.source, device=device)
        transfer(network, taught.network.cpu().state_dict(), where=str(taught.folder))
    if trial.transfer == "frozen":
        network.freeze()
    return network


def split(trial: Place, data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that train and that test; a speaker on two sides is a ``LeakError``."""
    target = data.targets[trial.experiment]
    used = target >= 0
    if trial.part != "all":
        used &= (data.table["part"] == trial.part).to_numpy(bool)
    rows = np.flatnonzero(used)
    if trial.protocol == "clips":
        training, test = clip_split(target[rows], seed=trial.fold)
    else:
        training, test = group_fold(data.table.iloc[rows], trial.fold)
    return rows[training], rows[test]


def sides(trial: Place, data: Data) -> dict[str, np.ndarray]:
    """Return the rows of each side of a trial's split, by its name."""
    return dict(zip(("training", "test"), split(trial, data), strict=True))


# Clips that are split at random have their speakers on both sides.
SPLITS = Splits(sides=sides, leaky=lambda trial: trial.protocol != PROTOCOLS[0])


def shuffled(trial: Place, data: Data, training: np.ndarray) -> np.ndarray:
    """Return the class numbers of all clips, those of training shuffled in that control."""
    target = data.targets[trial.experiment].copy()
    if trial.control == "labels shuffled":
        target[training] = np.random.default_rng(trial.start).permutation(target[training])
    return target


def middle(trial: Trial, network: ResNet34) -> int:
    """Return the number of frames that are read of a test clip's middle, 0 for the whole clip."""
    if trial.pooling == "flatten":
        return network.sizes.frames
    return SHORT if trial.evaluate == "300" else 0


def probabilities(trial: Trial, data: Data, network: ResNet34, rows: np.ndarray) -> np.ndarray:
    """Return class probabilities ``(clips, classes)``, in the order of the rows."""
    return _answered(trial, data, network, network, rows).softmax(1).numpy()


def pooled(trial: Trial, data: Data, network: ResNet34, rows: np.ndarray) -> np.ndarray:
    """Return what the fully connected layers read of clips: ``(clips, values)``."""
    return _answered(trial, data, network, network.pooled, rows).numpy()


def _network(trial: Recogniser | Trial, n_classes: int) -> ResNet34:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.start)
        return ResNet34(n_classes, replace(SIZES[trial.size], pooling=trial.pooling))


def _chunks(
    trial: Recogniser | Trial, rows: Sequence[int], number: int, versions: int = 1
) -> list[chunks.Batch]:
    """Draw the chunks of one epoch in the size of the trial's network."""
    order = {"number": number, "seed": trial.start, "versions": versions}
    read = lengths(trial.size, trial.pooling)
    return chunks.epoch(rows, batch=BATCHES[trial.size], lengths=read, **order)


def _train(
    trial: Recogniser | Trial, network: ResNet34, epoch: Callable, content: str, *, device: str
) -> Trained:
    """Train a network on the batches of each ``epoch``, or return it trained, from the store."""
    chosen = choose(device)
    folder = resumable.folder(__name__, trial, content, device=chosen)
    about = {"epochs": trial.epochs, "size": trial.size, "precision": trial.precision}
    recipe = plan(**about, constant=trial.constant)
    options = {"plan": recipe, "folder": folder, "device": chosen, "seed": trial.start}
    train = partial(fit, network, epoch, **options)
    layout = torch.channels_last
    return resumable.trained(network, folder, train, device=chosen, weights=LAST, layout=layout)


def _device(network: ResNet34) -> torch.device:
    return next(network.parameters()).device


def training_summary(training: Trained | Fitted) -> dict[str, Any]:
    """Summarise a training: rate, loss and accuracy of each epoch, speed, steps, parameters."""
    epochs = training.history.epochs
    rows = []
    for number, result in enumerate(epochs, 1):
        rows += [[number, name, result[name]] for name in ("rate", "loss", "accuracy")]
    speed = np.median([result["chunks"] / result["seconds"] for result in epochs])
    return {
        "epochs": rows,
        "training_loss": epochs[-1]["loss"],
        "steps": sum(result["steps"] for result in epochs),
        "clips_per_second": round(float(speed), 3),
        "parameters": sum(weight.numel() for weight in training.network.parameters()),
    }


def _answered(
    trial: Trial, data: Data, network: ResNet34, answer: Callable[..., Tensor], rows: np.ndarray
) -> Tensor:
    """Return what a network, or a part of it, answers to clips, whole or cut as the trial says."""
    device, length = _device(network), middle(trial, network)
    frames = data.frames(norm=trial.norm, vad=trial.vad)
    with torch.inference_mode(), autocast(trial.precision, device):
        return answered(answer, frames, rows.tolist(), device=device, length=length)


def run_views(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Map the test clips' pooled frames (section 3.3) before and after a trial's training.

    ``stages`` has speaker, class and t-SNE place of each clip, ``silhouettes`` those of emotions
    and of speakers. A frozen network's pooled frames do not change: they are looked at once.
    """
    fitted = trained(trial, data, device=device)
    place = next(fitted.network.parameters()).device
    before = build(trial, data, device=device).to(place)
    networks = {"before": before.eval()}
    if trial.transfer != "frozen":
        networks["after"] = fitted.network
    target, speakers = data.targets[trial.experiment][fitted.test], data.groups[fitted.test]
    names = [data.classes[trial.experiment][number] for number in target]
    stages, silhouettes = [], []
    for stage, network in networks.items():
        frames = pooled(trial, data, network, fitted.test)
        for what, labels in (("emotion", target), ("speaker", speakers)):
            if 1 < len(set(labels.tolist())) < len(labels):
                silhouettes.append([stage, what, float(silhouette_score(frames, labels))])
        points = neighbours(frames, seed=trial.seed).round(3).tolist()
        for who, name, point in zip(speakers.tolist(), names, points, strict=True):
            stages.append([stage, who, name, *point])
    return {"stages": stages, "silhouettes": silhouettes, "clips": len(target)}
