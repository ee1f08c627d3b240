"""One trial of paper 02: one model, one seed, scored on held-out speakers of its own corpora and on corpora it never met.

Its rows and recipe are in ``parry_rows``, clips in ``parry_clips``, attributes in ``parry_attributes``.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sercore.augment.spectrogram import mask_bands, mask_time
from sercore.models.attribute_network import AttributeNetwork, SharedLayers, discriminators
from sercore.papers.parry2022 import attributes as parry_attributes
from sercore.papers.parry2022 import scores as parry_scores
from sercore.papers.parry2022.adversarial import fit
from sercore.papers.parry2022.attributes import Labels
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.losses import label_entropy
from sercore.papers.parry2022.rows import SIZES, Recipe, Row, plan
from sercore.protocols.pooled import Split, pooled
from sercore.training import kept
from sercore.training.loop import choose
from sercore.training.resumable import History, autocast

TIME_MASK, BAND_MASK = (
    30,
    3,
)  # frames and bands at most, one of each a clip: Parry et al. 2022, section 4
SCORED = 64  # clips a batch where nothing is trained
UNITS = {"published": 1000, "small": 64}  # of a discriminator's hidden layers
EMOTION = "emotion"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training.

    Args:
        approach, attributes, variant, alpha, surprise, calm: see ``parry_rows.Row``.
        protocol: "held-out-speakers", the paper's: no speaker of validation or test trains, nor a corpus called unseen.
        initialisation, rate, batch: see ``parry_rows.Recipe``.
        seed: of weights, batches, masks and dropout; one split for all seeds.
        edition: which data.
        epochs: passes over the training clips at most, the same cap for all models.
        size: of the network, "published", or "small" in the demo.
        precision: "fp32" or "bf16".
    """

    approach: str
    attributes: str
    variant: str
    alpha: float
    surprise: str
    calm: str
    protocol: str = "held-out-speakers"
    initialisation: str
    rate: float
    batch: int
    seed: int
    edition: str
    epochs: int
    size: str = "published"
    precision: str = "fp32"

    @property
    def row(self) -> Row:
        """The line of the grid that it belongs to."""
        names = ("approach", "attributes", "variant", "alpha", "surprise", "calm")
        return Row(**{name: getattr(self, name) for name in names})

    @property
    def recipe(self) -> Recipe:
        """What it shares with every other model."""
        return Recipe(initialisation=self.initialisation, rate=self.rate, batch=self.batch)


@dataclass(frozen=True)
class Prepared:
    """What a trial's training reads of the data.

    Args:
        target: ``(clips of the table,)`` class numbers, -1 where left out.
        sides: rows of training, validation, test and of each unseen corpus.
        labels: of each attribute that the model has, by letter.
    """

    target: np.ndarray
    sides: Split
    labels: dict[str, Labels]


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Args:
        network: in evaluation mode, with the selected epoch's weights.
        history: of its training.
        prepared: what it was trained on.
    """

    network: AttributeNetwork
    history: History
    prepared: Prepared


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network, or go on with it, and count its predictions by speaker: plain values, as they are kept.

    The selected epoch is scored once: on the test speakers, and on every clip of each unseen corpus. A corpus that has surprise
    is scored without it too, under its name and "without surprise".
    """
    fitted = trained(trial, data, device=device)
    test = fitted.prepared.sides.test
    scored = np.concatenate([test, *fitted.prepared.sides.unseen.values()])
    started = time.perf_counter()
    found = probabilities(fitted.network, data, scored, precision=trial.precision)
    seconds = (time.perf_counter() - started) / len(scored)
    parameters = sum(weight.numel() for weight in fitted.network.parameters())
    return (
        parry_scores.count(data, fitted.prepared.target, scored, found)
        | parry_scores.training_summary(
            fitted.history, fitted.prepared.target, fitted.prepared.sides, fitted.prepared.labels
        )
        | {"parameters": parameters, "seconds_per_clip": round(seconds, 6)}
    )


def trained(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Return the trial's network: from the store, trained now, or trained on after an interruption."""
    device, prepared = choose(device), prepare(trial, data)
    network = build(trial, data, prepared)
    place = kept.folder(__name__, trial, data.content(trial), device=device)
    train = partial(_fit, trial, data, prepared, network, place, device)
    result = kept.trained(network, place, train, device=device)
    return Fitted(network, result.history, prepared)


def prepare(trial: Trial, data: Data) -> Prepared:
    """Classes, sides and attribute labels: clips that the trial's map gives no class are on no side.

    Raises:
        LeakError: a speaker on two sides.
    """
    target = data.targets[trial.surprise, trial.calm]
    known = np.flatnonzero(target >= 0)
    split = pooled(data.named(target).iloc[known], unseen=data.unseen)
    held = {side: known[getattr(split, side)] for side in ("training", "validation", "test")}
    sides = Split(**held, unseen={corpus: known[rows] for corpus, rows in split.unseen.items()})
    letters = parry_attributes.letters(trial.attributes) if trial.attributes != "none" else ()
    found = parry_attributes.labels(data.table, sides.training)
    return Prepared(target, sides, {letter: found[letter] for letter in letters})


def build(trial: Trial, data: Data, prepared: Prepared) -> AttributeNetwork:
    """The trial's network before training: the same shared and emotion weights for every model of a seed."""
    sizes = SIZES[trial.size]
    headed = trial.approach in ("MTL", "GR")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.seed)
        shared = SharedLayers(sizes, initialisation=trial.initialisation)
        return AttributeNetwork(
            shared,
            width=sizes.width,
            classes=len(data.classes),
            attributes=_widths(prepared) if headed else {},
            reverse=trial.approach == "GR",
            heads_seed=trial.seed,
        )


def batches(trial: Trial, data: Data, prepared: Prepared, epoch: int) -> Iterator[list[Tensor]]:
    """Batches of one epoch: frames with one mask in time and one in bands, lengths, emotion, attributes.

    All corpora mixed: batches of clips of similar length would sort them by corpus.

    Shape:
        - frames: ``(batch, time, 40)``; lengths and targets: ``(batch,)``

    Source: Parry et al. 2022, section 4; the number of masks and their uniform width are ours.
    """
    order = np.random.default_rng([trial.seed, epoch]).permutation(prepared.sides.training)
    masks = torch.Generator().manual_seed(10_000 * trial.seed + epoch)
    for rows in np.split(order, range(trial.batch, len(order), trial.batch)):
        frames, lengths = data.frames.padded(rows)
        frames = mask_time(frames, width=TIME_MASK, generator=masks, lengths=lengths)
        frames = mask_bands(frames, width=BAND_MASK, generator=masks)
        targets = [prepared.target, *(each.values for each in prepared.labels.values())]
        yield [frames, lengths, *(torch.from_numpy(each[rows]) for each in targets)]


def probabilities(
    network: nn.Module, data: Data, rows: np.ndarray, *, precision: str
) -> np.ndarray:
    """Class probabilities of clips, in evaluation mode: ``(clips, classes)`` in the order of the rows."""
    return _answers(network, data, rows, precision=precision).softmax(1).numpy()


def _answers(network: nn.Module, data: Data, rows: np.ndarray, *, precision: str) -> Tensor:
    """Logits ``(clips, classes)``; clips of similar length share a batch."""
    device, order = (
        next(network.parameters()).device,
        np.argsort(data.frames.sizes[rows], kind="stable"),
    )
    found = torch.empty((len(rows), len(data.classes)))
    with torch.inference_mode(), autocast(precision, device):
        for places in np.split(order, range(SCORED, len(order), SCORED)):
            frames, lengths = data.frames.padded(rows[places])
            found[torch.from_numpy(places)] = (
                network(frames.to(device), lengths.to(device)).float().cpu()
            )
    return found


def _fit(
    trial: Trial,
    data: Data,
    prepared: Prepared,
    network: AttributeNetwork,
    place: Path,
    device: torch.device,
) -> History:
    row, training = trial.row, prepared.sides.training
    how = plan(row, trial.recipe, epochs=trial.epochs, precision=trial.precision)
    entropies = {EMOTION: label_entropy(prepared.target[training])}
    entropies |= {
        letter: label_entropy(each.values[training]) for letter, each in prepared.labels.items()
    }
    reads = len(data.classes) if how.reads == "softmax" else SIZES[trial.size].width
    return fit(
        network,
        discriminators(
            reads,
            _widths(prepared) if trial.approach == "AD" else {},
            units=UNITS[trial.size],
            seed=trial.seed,
        ),
        partial(batches, trial, data, prepared),
        partial(_validate, trial, data, prepared),
        plan=how,
        attributes=tuple(prepared.labels),
        entropies=entropies,
        folder=place,
        device=device,
        seed=trial.seed,
    )


def _validate(trial: Trial, data: Data, prepared: Prepared, network: nn.Module) -> dict[str, float]:
    """Loss and UA of the validation speakers; of the baseline also the UA of each unseen corpus, which selects nothing."""
    rows = prepared.sides.validation
    logits, truth = (
        _answers(network, data, rows, precision=trial.precision),
        torch.from_numpy(prepared.target[rows]),
    )
    found = {
        "loss": float(functional.cross_entropy(logits, truth)),
        "ua": parry_scores.ua(truth.numpy(), logits.argmax(1).numpy()),
    }
    if trial.row.name == "baseline":
        for corpus, clips in prepared.sides.unseen.items():
            answers = _answers(network, data, clips, precision=trial.precision).argmax(1).numpy()
            found[f"ua {corpus}"] = parry_scores.ua(prepared.target[clips], answers)
    return found


def _widths(prepared: Prepared) -> dict[str, int]:
    return {letter: len(each.classes) for letter, each in prepared.labels.items()}
