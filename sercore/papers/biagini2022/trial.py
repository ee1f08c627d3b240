"""One trial of paper 03: one model in one reading, under one split, one seed.

Its lines and rates are in ``loopq_rows``, the networks in ``loopq_networks``, clips and batches in ``loopq_batches``.
"""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sercore import store
from sercore.evaluation.calibration import Reliability, reliability
from sercore.evaluation.counting import count_predictions
from sercore.evaluation.metrics import accuracy, macro_f1, top_k_accuracy
from sercore.models.counts import parameters
from sercore.papers.biagini2022 import networks as loopq_networks
from sercore.papers.biagini2022.batches import Data, batches, order, tensors
from sercore.papers.biagini2022.rows import RECIPES, Row, plan
from sercore.protocols.origins import by_label, by_origin
from sercore.protocols.speakers import Sides, across, speaker_folds
from sercore.training import checkpoints, kept
from sercore.training.fitting import cross_entropy, fit, validation
from sercore.training.loop import choose
from sercore.training.resumable import LAST, History, autocast

HOLD_OUTS = {"by-origin": by_origin, "by-label": by_label}
PROTOCOLS = (*HOLD_OUTS, "speaker-independent", "across-corpora")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training.

    Args:
        model: printed name: "CNNLSTM", "FCMFCC", "CNNATT", "HUBERTFT" or "MMFUSION".
        variant: "as-run" (the author's code), "per-clip" (CNNLSTM: one sequence a clip), "as-described" or "fixed".
        rates: "code" or "paper", whose rates are a tenth.
        augmentation: "none", "time stretching", "time masking" or "band masking", of the training clips.
        protocol: "by-origin" (the code's split of clips), "by-label" (the text's), "speaker-independent" or "across-corpora".
        fold: of the speakers; 0 where there are no folds.
        source: corpus that trains across corpora; "all" otherwise.
        seed: of split, weights and batches.
        edition: which data.
        labels: "own", or "loopq" where SAVEE's sadness counts as anger.
        epochs: passes over the training clips at most, the same cap for all models.
        size: of inputs and network: "published", or "small" in the demo.
        precision: "fp32" or "bf16".
        control: "none", or "labels shuffled" among the training clips.
        encoder: name of the frozen speech encoder whose frames are read; "none" where the model reads none.
    """

    model: str
    variant: str
    rates: str = "code"
    augmentation: str = "none"
    protocol: str
    fold: int
    source: str = "all"
    seed: int
    edition: str
    labels: str = "own"
    epochs: int
    size: str = "published"
    precision: str = "fp32"
    control: str = "none"
    encoder: str = "none"

    @property
    def row(self) -> Row:
        """The line of the grid that it belongs to."""
        named = {"rates": self.rates, "augmentation": self.augmentation, "control": self.control}
        return Row(model=self.model, variant=self.variant, **named)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Inputs that the network takes."""
        return replace(self.row, augmentation="none").inputs

    @property
    def start(self) -> int:
        """Seed of weights and batches: each fold has its own."""
        return 1000 * self.seed + self.fold


@dataclass(frozen=True)
class Fitted:
    """A trained network and where its files are.

    Args:
        network: in evaluation mode, with the weights of the best epoch.
        history: of its training.
        folder: that holds the weights of the best and of the last epoch.
        sides: rows of training, validation and test; in a split of clips, test and validation are the same, as published.
    """

    network: nn.Module
    history: History
    folder: Path
    sides: Sides


@dataclass(frozen=True)
class Scored:
    """What a network answers to clips, in the order in which it met them.

    Args:
        rows: ``(clips,)`` of the table.
        probabilities: ``(clips, classes)``.
        seconds: a clip, batches made and moved included.
    """

    rows: np.ndarray
    probabilities: np.ndarray
    seconds: float


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network, or go on with it, and count its test predictions by speaker: plain values, as they are kept.

    A split of clips is scored at the best and at the last epoch, any other at the best validation epoch alone: once.
    """
    return outcome(trial, data, trained(trial, data, device=device))


def outcome(trial: Trial, data: Data, fitted: Fitted) -> dict:
    """Score a trained network, and return its counts and the summary of its training."""
    best = scored(trial, data, fitted.network, fitted.sides[2])
    result = _counted(data, best) | _training_summary(fitted)
    result["order"] = store.digest(best.rows.tolist())[:8]
    if trial.protocol not in HOLD_OUTS:
        return result | {"accuracy_last": None, "macro_f1_last": None}
    fitted.network.load_state_dict(checkpoints.read(fitted.folder / LAST)[0])
    last = _counted(data, scored(trial, data, fitted.network, fitted.sides[2]))
    return result | {f"{name}_last": last[name] for name in ("accuracy", "macro_f1", "counts")}


def trained(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Return the trial's network: from the store, trained now, or trained on after an interruption."""
    return fit_kept(trial, data, build(trial, data), module=__name__, device=device)


def fit_kept(trial: Trial, data: Data, network: nn.Module, *, module: str, device: str) -> Fitted:
    """Return a network with the weights of the trial's training, which the store keeps.

    Args:
        trial: the trial.
        data: clips that it reads.
        network: network as it is before training.
        module: name of the module that runs the trial.
        device: "cpu", "cuda" or "auto".
    """
    device, sides = choose(device), split(trial, data)
    place = kept.folder(module, trial, data.content(trial), device=device)
    train = partial(_fit, trial, data, network, sides, place, device)
    result = kept.trained(network, place, train, device=device)
    return Fitted(network, result.history, place, sides)


def build(trial: Trial, data: Data) -> nn.Module:
    """The trial's network before training."""
    frames = data.inputs.get(trial.kinds[-1]) if trial.encoder != "none" else None
    speech = (int(frames.sizes.max()), frames.values.shape[1]) if frames else (0, 0)
    return loopq_networks.build(
        trial.model, trial.variant, size=trial.size, seed=trial.start, speech=speech
    )


def split(trial: Trial, data: Data) -> Sides:
    """Rows of training, validation and test.

    A split of clips has a validation side only, which chooses rate and epoch and is what the paper scores: it stands for the test
    too. Any other split chooses both on speakers of the training side.
    """
    if trial.protocol in HOLD_OUTS:
        training, held = HOLD_OUTS[trial.protocol](
            data.table, generator=np.random.default_rng(trial.seed)
        )
        return training, held, held
    if trial.protocol == "across-corpora":
        return across(data.table, source=trial.source)
    return speaker_folds(data.table, trial.fold)


def scored(trial: Trial, data: Data, network: nn.Module, rows: np.ndarray) -> Scored:
    """Probabilities of these clips, in evaluation mode; CNNLSTM as run reads its batches in the order that is returned."""
    device, start = next(network.parameters()).device, time.perf_counter()
    batch = RECIPES[trial.model].batch
    met = order(data, trial.kinds[0], rows, batch=batch, seed=trial.start, epoch=0)
    devices = [device] if device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices=devices),
        torch.inference_mode(),
        autocast(trial.precision, device),
    ):
        torch.manual_seed(trial.start)  # of the dropout that CNNLSTM as run never rests
        logits = [
            network(*(tensor.to(device) for tensor in tensors(data, trial.kinds, places)))
            for places in met
        ]
        found = torch.cat([each.float().softmax(1).cpu() for each in logits]).numpy()
    return Scored(np.concatenate(met), found, (time.perf_counter() - start) / len(rows))


def _fit(
    trial: Trial, data: Data, network: nn.Module, sides: Sides, place: Path, device: torch.device
) -> History:
    training, watched, _ = sides
    how = plan(trial.model, rates=trial.rates, epochs=trial.epochs, precision=trial.precision)
    held = torch.from_numpy(data.labels)
    labels = held.clone()
    if trial.control == "labels shuffled":
        labels[training] = held[np.random.default_rng(trial.seed).permutation(training)]
    settings = {"batch": how.batch, "seed": trial.start}
    return fit(
        network,
        loopq_networks.groups(network, trial.model, rates=trial.rates),
        cross_entropy,
        lambda epoch: batches(
            data,
            trial.kinds,
            training,
            labels,
            epoch=epoch,
            augmentation=trial.augmentation,
            **settings,
        ),
        validation(
            cross_entropy, lambda: batches(data, trial.kinds, watched, held, epoch=0, **settings)
        ),
        plan=how,
        folder=place,
        device=device,
        seed=trial.start,
    )


def _counted(data: Data, answers: Scored) -> dict:
    """Counts, errors and scores of a network's answers.

    ``reliability`` has, by upper edge of a bin of confidence, clips, summed confidence and how many
    are right.
    """
    truth, probabilities = data.labels[answers.rows], answers.probabilities
    confusion = np.zeros((len(data.classes), len(data.classes)))
    np.add.at(confusion, (truth, probabilities.argmax(1)), 1)
    diagram = reliability(probabilities, truth)
    return count_predictions(data.groups[answers.rows], truth, probabilities) | {
        "reliability": _bins(diagram),
        "accuracy": float(accuracy(confusion)),
        "macro_f1": float(macro_f1(confusion)),
        "top_2": top_k_accuracy(probabilities, truth, k=2),
        "top_3": top_k_accuracy(probabilities, truth, k=3),
        "calibration_error": diagram.error,
        "seconds_per_clip": round(answers.seconds, 6),
    }


def _bins(diagram: Reliability) -> list[list]:
    columns = (
        diagram.edges[1:],
        diagram.clips,
        diagram.confidence * diagram.clips,
        diagram.accuracy * diagram.clips,
    )
    rows = zip(*(np.nan_to_num(column).tolist() for column in columns), strict=True)
    return [
        [round(edge, 6), int(clips), summed, round(right)] for edge, clips, summed, right in rows
    ]


def _training_summary(fitted: Fitted) -> dict:
    """Summarise a training: curves by epoch (training and validation loss and accuracy) and the best epoch.

    ``clips_per_second`` are the training clips by the median epoch, its validation included.
    """
    epochs = fitted.history.epochs
    best = epochs[fitted.history.best - 1]
    seconds = float(np.median([epoch["seconds"] for epoch in epochs]))
    return {
        "curves": [
            [
                number,
                *(
                    epoch[side][name]
                    for side in ("training", "validation")
                    for name in ("loss", "accuracy")
                ),
            ]
            for number, epoch in enumerate(epochs, 1)
        ],
        "best_epoch": fitted.history.best,
        "epochs_run": len(epochs),
        "ending": fitted.history.ending,
        "rate": epochs[0]["rates"][0],
        "rate_last": epochs[-1]["rates"][0],
        "training_loss": best["training"]["loss"],
        "training_accuracy": best["training"]["accuracy"],
        "validation_loss": best["validation"]["loss"],
        "validation_accuracy": best["validation"]["accuracy"],
        "training_clips": len(fitted.sides[0]),
        "validation_clips": len(fitted.sides[1]),
        "clips_per_second": round(len(fitted.sides[0]) / seconds, 3),
        "parameters": parameters(fitted.network),
    }
