"""One trial of paper 03: one model in one reading, under one split, one seed."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sercore import store
from sercore.audio import RATE, AudioError
from sercore.augment.spectrogram import mask_bands, mask_time
from sercore.evaluation.calibration import Reliability, reliability
from sercore.evaluation.metrics import accuracy, count_predictions, macro_f1, top_k_accuracy
from sercore.models.counts import parameters
from sercore.models.hubertft import HubertFT
from sercore.models.mmfusion import MMFusion, convnext_base
from sercore.papers.biagini2022 import models
from sercore.papers.biagini2022.data import SAME_SIZE, TAKES_APART, Data
from sercore.papers.biagini2022.inputs import STRETCHED
from sercore.papers.biagini2022.models import RECIPES, Row, TunedRow
from sercore.protocols.speakers import Sides, across, speaker_folds
from sercore.protocols.splits import Splits, by_label, by_origin, redealt, redealt_whole
from sercore.training import checkpoints, resumable
from sercore.training.batching import by_length
from sercore.training.devices import autocast, choose
from sercore.training.fitting import Plan, cross_entropy, fit, validation
from sercore.training.resumable import LAST, History, Trained

HOLD_OUTS = {"by-origin": by_origin, "by-label": by_label}
APART = ("speaker-independent", "across-corpora")  # protocols without a leak
# Largest masks in frames and bands: Biagini 2022, section 3.6.
MASKS = {"time masking": (mask_time, 30), "band masking": (mask_bands, 10)}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training: a row of the grid under one split, with one seed.

    Args:
        model, variant, rates, augmentation, control: as in ``Row``.
        protocol: "by-origin" (the code's split of clips), "by-label" (the text's),
            "speaker-independent", "same-size" (clips at random on sides as large as those),
            "takes-apart" (the same, but all takes of a sentence by a speaker on one side) or
            "across-corpora".
        fold: fold of speakers; 0 where there are no folds.
        source: corpus that trains across corpora; "all" otherwise, and where others are unseen.
        seed: seed of split, weights and batches.
        edition: edition of the data.
        labels: "own", or "loopq" where SAVEE's sadness counts as anger.
        epochs: largest number of epochs, the same for all models.
        size: size of inputs and network: "published", or "small" in the demo.
        precision: "fp32" or "bf16".
        encoder: name of the speech encoder; "none" where the model reads none.
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
        """Row of the grid."""
        changes = {"rates": self.rates, "augmentation": self.augmentation, "control": self.control}
        return Row(model=self.model, variant=self.variant, **changes)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Inputs that the network takes."""
        return self.row.kinds

    @property
    def start(self) -> int:
        """Seed of weights and batches: each fold has its own."""
        return 1000 * self.seed + self.fold


@dataclass(frozen=True, kw_only=True)
class Tuned(Trial):
    """A training in which the speech encoder, and the ConvNeXt ``pictures``, learn with the rest."""

    pictures: str

    @property
    def row(self) -> TunedRow:
        """Row of the grid."""
        return TunedRow(**asdict(super().row))


def with_weights(data: Data, rows: Sequence[TunedRow], addresses: Mapping[str, str]) -> Data:
    """Join data with the weights that rows start from.

    Raises:
        EncoderError, AudioError: weights that cannot be loaded or tuned, or a clip too short for
            one frame of HUBERTFT's encoder.
    """
    weights = models.inspect_weights(models.weights_of(rows), addresses)
    if "HUBERTFT" in weights:
        sizes, shortest = data.inputs["waveform"].sizes, weights["HUBERTFT"].shortest
        if sizes.min() < shortest:
            raise AudioError(
                f"{data.table['path'].iloc[sizes.argmin()]}: {sizes.min()} samples between its"
                f" silences; {weights['HUBERTFT'].name} needs at least {shortest / RATE:.5f} s."
                " Remove the file or record it again."
            )
    return replace(data, weights=weights)


class Scored(NamedTuple):
    """Answers ``(clips, classes)`` to these rows, in the order of their batches, and s a clip."""

    rows: np.ndarray
    probabilities: np.ndarray
    seconds: float


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network, or go on with it, and count its test predictions by speaker.

    A split of clips is scored at the best and at the last epoch, any other at the best validation
    epoch alone: once.
    """
    fitted, sides = trained(trial, data, device=device), split(trial, data)
    best = scored(trial, data, fitted.network, sides[2])
    result = _counted(data, best) | _training_summary(fitted, sides)
    result["order"] = store.digest(best.rows.tolist())[:8]
    if trial.protocol not in HOLD_OUTS:
        return result | {"accuracy_last": None, "macro_f1_last": None}
    fitted.network.load_state_dict(checkpoints.read(fitted.folder / LAST)[0])
    last = _counted(data, scored(trial, data, fitted.network, sides[2]))
    return result | {f"{name}_last": last[name] for name in ("accuracy", "macro_f1", "counts")}


def trained(trial: Trial, data: Data, *, device: str = "cpu") -> Trained:
    """Return the trial's network: from the store, trained now, or trained on after an interruption.

    Numpy's own generator, which a tuned encoder draws from, is left as it was.
    """
    device, network = choose(device), build(trial, data)
    folder = resumable.folder(__name__, trial, data.content(trial), device=device)
    (training, watched, _), plan = split(trial, data), plan_of(trial)
    train = partial(train_network, trial, data, network, training, watched, plan, folder, device)
    state = np.random.get_state()  # noqa: NPY002
    try:
        return resumable.trained(network, folder, train, device=device)
    finally:
        np.random.set_state(state)  # noqa: NPY002


def plan_of(trial: Trial) -> Plan:
    """Plan the training of a trial."""
    settings = {"epochs": trial.epochs, "precision": trial.precision}
    return models.plan(trial.model, rates=trial.rates, **settings)


def train_network(
    trial: Trial,
    data: Data,
    network: nn.Module,
    training: np.ndarray,
    watched: np.ndarray | None,
    plan: Plan,
    folder: Path,
    device: torch.device,
) -> History:
    """Train a network on some rows, and validate it on those that are watched, if any."""
    truth = torch.from_numpy(data.labels)
    labels = truth.clone()
    if trial.control == "labels shuffled":
        labels[training] = truth[np.random.default_rng(trial.seed).permutation(training)]
    validate = None
    if watched is not None:
        watch = partial(batches, trial, data, watched, truth, epoch=0)
        validate = validation(cross_entropy, watch)
    return fit(
        network,
        models.groups(network, trial.model, rates=trial.rates),
        cross_entropy,
        lambda epoch: batches(trial, data, training, labels, epoch=epoch),
        validate,
        plan=plan,
        folder=folder,
        device=device,
        seed=trial.start,
    )


def build(trial: Trial, data: Data) -> nn.Module:
    """Build the trial's network before training: random weights, but for those that are tuned."""
    if isinstance(trial, Tuned):
        return _build_tuned(trial, data)
    frames = data.inputs.get(trial.kinds[-1]) if trial.encoder != "none" else None
    speech = (int(frames.sizes.max()), frames.values.shape[1]) if frames else (0, 0)
    return models.build(
        trial.model,
        trial.variant,
        size=trial.size,
        seed=trial.start,
        speech=speech,
        classes=len(data.classes),
    )


def _build_tuned(trial: Tuned, data: Data) -> nn.Module:
    from transformers import ConvNextConfig, ConvNextModel

    parts = {name: models.load_weights(name, data.weights[name]) for name in trial.row.weights}
    speech, is_small, classes = parts[trial.model].model, trial.size == "small", len(data.classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.start)
        if trial.model == "HUBERTFT":
            network = HubertFT(speech, variant=trial.variant, classes=classes)
        else:
            samples = torch.tensor(int(data.inputs[trial.kinds[-1]].sizes.max()))
            n_frames = int(speech._get_feat_extract_output_lengths(samples))
            pictures = parts["pictures"]
            if pictures is None:
                config = ConvNextConfig(**models.TINY) if is_small else convnext_base()
                pictures = ConvNextModel(config)
            sizes = models.fusion_sizes(n_frames, classes, is_small=is_small)
            network = MMFusion(speech, pictures, variant=trial.variant, sizes=sizes)
    speech.register_forward_pre_hook(_follow_torch)
    return network


def _follow_torch(speech: nn.Module, inputs: tuple) -> None:
    """Seed numpy's generator, which draws the time masks, so that a resumed run agrees."""
    if speech.training:
        np.random.seed(int(torch.randint(2**31, ())))  # noqa: NPY002


def split(trial: Trial, data: Data) -> Sides:
    """Split rows into training, validation and test.

    A split of clips has a validation side only, which chooses rate and epoch and is what the paper
    scores: it stands for the test too. Any other split chooses both on speakers of the training
    side.
    """
    if trial.protocol in HOLD_OUTS:
        generator = np.random.default_rng(trial.seed)
        training, held_out = HOLD_OUTS[trial.protocol](data.table, generator=generator)
        return training, held_out, held_out
    if trial.protocol == "across-corpora":
        others = set(data.table["corpus"]) - set(data.unseen)
        return across(data.table, source=others if data.unseen else trial.source)
    sides = speaker_folds(data.table, trial.fold)
    generator = np.random.default_rng([trial.seed, trial.fold])
    if trial.protocol == SAME_SIZE:
        return redealt(data.table, sides, generator=generator)
    if trial.protocol == TAKES_APART:
        return redealt_whole(data.table, sides, data.takes, generator=generator)
    return sides


def sides(trial: Trial, data: Data) -> dict[str, np.ndarray]:
    """Return the rows of each side of a trial's split, by its name."""
    training, validation, test = split(trial, data)
    if test is validation:
        return {"training": training, "test": test}
    return {"training": training, "validation": validation, "test": test}


# Of all splits that by speaker and that across corpora alone keep apart what the test holds.
SPLITS = Splits(sides=sides, leaky=lambda trial: trial.protocol not in APART)


def order(trial: Trial, data: Data, rows: np.ndarray, *, epoch: int) -> list[np.ndarray]:
    """Shuffle rows into the batches of an epoch, clips of similar length together.

    Evaluation, epoch 0, is shuffled too: tables are sorted by speaker and emotion, and CNNLSTM as
    run sees the clips that come before one in its batch.
    """
    inputs, batch = data.inputs[trial.kinds[0]], RECIPES[trial.model].batch
    if inputs.free:
        places = by_length(inputs.sizes[rows], batch=batch, seed=trial.start, epoch=epoch)
        return [rows[place] for place in places]
    shuffled = np.random.default_rng([trial.start, epoch]).permutation(rows)
    return np.split(shuffled, range(batch, len(rows), batch))


def tensors(data: Data, kinds: Sequence[str], rows: np.ndarray) -> list[Tensor]:
    """One batch as a network takes it: each input ``(batch, frames, width)``.

    Where there is one input, its lengths ``(batch,)`` follow.
    """
    inputs = [data.inputs[kind].batch(rows) for kind in kinds]
    if len(kinds) == 1:
        inputs.append(torch.from_numpy(data.inputs[kinds[0]].valid[rows]))
    return inputs


def batches(
    trial: Trial, data: Data, rows: np.ndarray, labels: Tensor, *, epoch: int
) -> Iterator[list[Tensor]]:
    """Batches of one epoch, the target last; in evaluation, epoch 0, nothing is augmented.

    The augmentations of section 3.6 are drawn anew in each epoch. Time stretching takes each clip
    as it is or at another tempo, at even odds; a mask covers up to 30 frames, or 10 coefficients,
    of each clip with their mean over the training clips. Odds and covering value are ours: the
    report names none, and the author's code has the switches commented out.
    """
    augmentation = trial.augmentation if epoch else "none"
    generator = torch.Generator().manual_seed(10_000 * trial.start + epoch)
    if augmentation in MASKS:
        mask, width = MASKS[augmentation]
        mean = torch.from_numpy(data.inputs[trial.kinds[0]].mean(rows))
    for places in order(trial, data, rows, epoch=epoch):
        inputs = tensors(data, trial.kinds, places)
        if augmentation in MASKS:
            inputs[0] = mask(inputs[0] - mean, width=width, generator=generator) + mean
        elif augmentation == "time stretching":
            is_stretched = torch.rand(len(places), generator=generator) < 0.5
            pairs = zip(tensors(data, [STRETCHED], places), inputs, strict=True)
            inputs = [
                torch.where(is_stretched.view(-1, *[1] * (plain.ndim - 1)), stretched, plain)
                for stretched, plain in pairs
            ]
        yield [*inputs, labels[places]]


def scored(trial: Trial, data: Data, network: nn.Module, rows: np.ndarray) -> Scored:
    """Score these clips in evaluation mode, in batches of the order that is returned."""
    device, start = next(network.parameters()).device, time.perf_counter()
    places = order(trial, data, rows, epoch=0)
    with (
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        torch.inference_mode(),
        autocast(trial.precision, device),
    ):
        torch.manual_seed(trial.start)  # of the dropout that CNNLSTM as run never rests
        logits = [
            network(*(tensor.to(device) for tensor in tensors(data, trial.kinds, batch)))
            for batch in places
        ]
        probabilities = torch.cat([batch.float().softmax(1).cpu() for batch in logits]).numpy()
    seconds = (time.perf_counter() - start) / len(rows)
    return Scored(np.concatenate(places), probabilities, seconds)


def _counted(data: Data, answers: Scored) -> dict:
    """Counts, errors, scores, and the bins of confidence: upper edge, clips, sum, right ones."""
    truth, probabilities = data.labels[answers.rows], answers.probabilities
    confusion = np.zeros((len(data.classes), len(data.classes)))
    np.add.at(confusion, (truth, probabilities.argmax(1)), 1)
    diagram = reliability(probabilities, truth)
    return count_predictions(data.groups[answers.rows], truth, probabilities) | {
        "reliability": _bins(diagram),
        "accuracy": float(accuracy(confusion)),
        "macro_f1": float(macro_f1(confusion)),
        "top_2": top_k_accuracy(probabilities, truth, k=2),
        "top_3": top_k_accuracy(probabilities, truth, k=min(3, len(data.classes))),
        "calibration_error": diagram.error,
        "seconds_per_clip": round(answers.seconds, 6),
    }


def _bins(diagram: Reliability) -> list[list]:
    confidence, right = diagram.confidence * diagram.clips, diagram.accuracy * diagram.clips
    columns = (diagram.edges[1:], diagram.clips, confidence, right)
    rows = []
    for edge, clips, summed, n_right in np.nan_to_num(np.stack(columns, axis=1)).tolist():
        rows.append([round(edge, 6), int(clips), summed, round(n_right)])
    return rows


def _training_summary(fitted: Trained, sides: Sides) -> dict:
    """Summarise a training: its curves by epoch (loss and accuracy) and its best epoch.

    ``clips_per_second`` are the training clips by the median epoch, its validation included.
    """
    epochs = fitted.history.epochs
    best = epochs[fitted.history.best - 1]
    seconds = float(np.median([epoch["seconds"] for epoch in epochs]))
    curves = []
    for number, epoch in enumerate(epochs, 1):
        training, watched = epoch["training"], epoch["validation"]
        values = (training["loss"], training["accuracy"], watched["loss"], watched["accuracy"])
        curves.append([number, *values])
    return {
        "curves": curves,
        "best_epoch": fitted.history.best,
        "epochs_run": len(epochs),
        "ending": fitted.history.ending,
        "rate": epochs[0]["rates"][0],
        "rate_last": epochs[-1]["rates"][0],
        "training_loss": best["training"]["loss"],
        "training_accuracy": best["training"]["accuracy"],
        "validation_loss": best["validation"]["loss"],
        "validation_accuracy": best["validation"]["accuracy"],
        "training_clips": len(sides[0]),
        "validation_clips": len(sides[1]),
        "clips_per_second": round(len(sides[0]) / seconds, 3),
        "parameters": parameters(fitted.network),
    }
