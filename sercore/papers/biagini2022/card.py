"""Saved models of paper 03: rows with their scores on test speakers, and final models.

A final model is trained on every clip. Nothing is held out (section 4.1), so nothing chooses its
rate or its epoch. Its score is that of the same recipe trained without the test speakers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from sercore import card, encoders
from sercore.audio import RATE
from sercore.card import people
from sercore.encoders import Encoder
from sercore.evaluation.metrics import accuracy, macro_f1, tally
from sercore.features.length import fit, trim
from sercore.features.mel import MelSettings
from sercore.papers.biagini2022 import models, study
from sercore.papers.biagini2022.data import Data
from sercore.papers.biagini2022.inputs import FRAMES, FREE, SHAPES, Inputs, Shape, spectrogram
from sercore.papers.biagini2022.models import RECIPES, ROWS, Row
from sercore.papers.biagini2022.trial import (
    Trial,
    build,
    plan_of,
    run,
    scored,
    split,
    tensors,
    train_network,
    trained,
)
from sercore.parameters import ParameterError, nearest
from sercore.sweep import sweep
from sercore.training import resumable
from sercore.training.devices import choose
from sercore.training.fitting import Plan
from sercore.training.resumable import LAST, History
from sercore.training.schedules import Steps

# The variant that is meant by a model's name alone.
READINGS = dict.fromkeys(RECIPES, "fixed") | {"FCMFCC": "as-run"}
# Parameters of the chapter that a training takes.
TAKEN = ("edition", "epochs", "seed", "seeds", "encoder", "precision", "device", "loopq_labels")
TAKEN += (*card.OWN, "unseen")
TRIM = 20.0  # dB: the default of sercore.features.length.trim, with which all inputs are made
EPOCHS = {"MMFUSION": 30}  # of a final training, as published; of other models the split runs tell


class Biagini2022Card(card.Card):
    """Rows of chapter 3, and its models by their printed names."""

    paper = "Biagini 2022 (03-loopq-models)"
    chapter = "3"
    names = (*ROWS, *RECIPES)
    has_final = True

    def parameters(
        self, name: str, given: Mapping[str, object], *, final: bool
    ) -> study.Parameters:
        """Check the parameters of a training, among ``TAKEN``: by-origin runs of one row.

        Raises:
            ParameterError: no such row, one that is no model to use, a name that is not taken, a
                value out of range, or one that this training would not read
        """
        row = chosen(name)
        parameters = card.training_parameters(
            study.Parameters, given, taken=TAKEN, only=row.name, protocol="by-origin"
        )
        has_length = not final or row.model in EPOCHS or "seed" in given
        if "seeds" in given and has_length:
            raise ParameterError(
                f"-p seeds={given['seeds']}: counts the split runs that set a final model's length,"
                " and this training has none; expected with --final, without seed, not for"
                f" {' and '.join(EPOCHS)}. Leave it out, or give seed."
            )
        return parameters

    def fit(self, parameters: study.Parameters, *, final: bool) -> tuple[nn.Module, dict[str, Any]]:
        """Train the row on the training speakers of fold 0, or a final model on every clip.

        Either way the score is that of fold 0's test speakers.
        """
        device = parameters.device
        data = study.load(parameters)
        split_runs = study.grid(parameters, encoder=data.encoder)
        trial = replace(split_runs[0], protocol="speaker-independent")
        with card.of_table(parameters):
            sides = split(trial, data)
        card.check_leaks(data, dict(zip(("training", "validation", "test"), sides, strict=True)))
        (outcome,) = sweep(run, [trial], data, device=device)
        cuts = None
        if final:
            length = _length(parameters, split_runs, data)
            fitted = train_final(trial, data, epochs=length, device=device)
            cuts = list(final_schedule(trial.model, epochs=length).at)
        else:
            # The outcome is read again: the kept one may come from another device.
            outcome = run(trial, data, device=device)
            fitted = trained(trial, data, device=device)
        encoder = None
        if trial.encoder != "none":
            encoder = _encoder_content(study.encoder(parameters))
        about = describe(trial, data, fitted.history, outcome, cuts=cuts, encoder=encoder)
        about["unseen"] = elsewhere(parameters, trial, fitted.network)
        return fitted.network, about

    def sentences(self, about: Mapping[str, Any]) -> list[str]:
        """Say for people what a model is, its score and its limits."""
        tested = about["speaker_independent"]
        name, scored = about["model"], "On speakers not heard in training"
        if about["final"]:
            name = f"{name}, final"
            scored = "The same recipe, trained without the tested speakers"
        return [
            f"{name}: trained on {card.corpora(about)}.",
            f"{scored}: accuracy {tested['accuracy']:.3f}, macro F1 {tested['macro_f1']:.3f}"
            f" ({people(tested)} of {', '.join(tested['corpora'])}; by chance"
            f" {1 / tested['classes']:.3f}).",
            *card.unseen(about),
            *about["limits"],
        ]

    def network(self, about: Mapping[str, Any]) -> nn.Module:
        """Build the saved network with random weights.

        Raises:
            ValueError: the paper has no such network
        """
        recipe, encoder = about["recipe"], about["input"]["encoder"]
        speech = (encoder["frames"], encoder["width"]) if encoder else (0, 0)
        return models.build(
            recipe["model"],
            recipe["variant"],
            size=recipe["size"],
            seed=0,
            speech=speech,
            classes=len(about["classes"]),
        )

    def reader(self, about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
        """Make the function that turns a window, and ``encoder=``, into a batch of one.

        Silence is trimmed from a window's ends, as from a training clip's.

        Shape:
            - each input: ``(1, frames, width)``; where there is one input, lengths ``(1,)`` follow
        """
        settings, shape = about["input"], about["input"]["shape"]
        return partial(
            _inputs,
            shape=Shape(**shape | {"mel": MelSettings(**shape["mel"])}),
            kinds=settings["kinds"],
            decibels=settings["trim"],
            classes=tuple(about["classes"]),
        )


CARD = Biagini2022Card()


def final_epochs(bests: Sequence[int]) -> int:
    """Median of the split runs' best epochs, a half rounded up: where no length is published."""
    return int(np.floor(np.median(bests) + 0.5))


def final_schedule(model: str, *, epochs: int) -> Steps:
    """Cut rates after half and five sixths of the epochs, a half rounded up.

    These are 15 and 25 of 30, as published. Each cut is by the factor of the model's own plateau: a
    tenth, of CNNLSTM a half. Two cuts that fall on one epoch are one, and a cut after the last
    epoch changes nothing: of 3 epochs the last has a lower rate, of 2 the second, and 1 has no cut.

    Source: Biagini 2022, section 4.1, for MMFUSION.
    """
    cuts = {(epochs + 1) // 2, (5 * epochs + 3) // 6}
    return Steps(at=tuple(sorted(cuts)), factor=RECIPES[model].schedule.factor)


def final_plan(trial: Trial, *, epochs: int) -> Plan:
    """Plan a final training: the trial's, with ``final_schedule`` in place of the plateau."""
    schedule = final_schedule(trial.model, epochs=epochs)
    return replace(plan_of(trial), epochs=epochs, schedule=schedule, stop=None)


def final_folder(trial: Trial, data: Data, *, epochs: int, device: torch.device) -> Path:
    """Return the folder of a final training; the trial's split and cap do not count."""
    final = replace(trial, protocol="final", fold=0, source="all", epochs=epochs)
    return resumable.folder(__name__, final, data.content(trial), device=device)


def train_final(trial: Trial, data: Data, *, epochs: int, device: str = "cpu") -> resumable.Trained:
    """Train the trial's network on every clip, or go on with it, or take it from the store."""
    device, plan = choose(device), final_plan(trial, epochs=epochs)
    network, folder = build(trial, data), final_folder(trial, data, epochs=epochs, device=device)
    everyone = np.arange(len(data.table))
    train = partial(train_network, trial, data, network, everyone, None, plan, folder, device)
    return resumable.trained(network, folder, train, device=device, weights=LAST)


def chosen(name: str) -> Row:
    """Row by its name, or by a model's name the row of its reading in ``READINGS``.

    Raises:
        ParameterError: no such row, or a row that cannot answer for one clip, or learnt nothing
    """
    row = ROWS.get(f"{name} {READINGS[name]}" if name in READINGS else name)
    if row is None:
        near = nearest(name, [*ROWS, *RECIPES])
        raise ParameterError(
            f"{name}: no such model; expected a row or a model of chapter 3, the nearest is"
            f' "{near}". Name it so.'
        )
    if (row.model, row.variant) == ("CNNLSTM", "as-run"):
        raise ParameterError(
            f"{row.name}: reads the clips of a batch as one sequence, so its answer to a clip"
            " depends on others; expected a model of single clips. Name"
            ' "CNNLSTM per-clip" or "CNNLSTM fixed".'
        )
    if row.control != "none":
        raise ParameterError(
            f"{row.name}: a control that has nothing to learn; expected a model to use. Name"
            f" {row.model}."
        )
    return row


def describe(
    trial: Trial,
    data: Data,
    history: History,
    outcome: Mapping[str, Any],
    *,
    cuts: Sequence[int] | None = None,
    encoder: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Describe a trained model: recipe, input, classes, training clips, score, limits.

    The outcome is that of the row's speaker-independent trial. ``cuts`` are the epochs after which a
    final model's rates were cut; without them the trial's own network is saved. ``encoder`` is the
    name and content of the speech encoder, where one is read.
    """
    final = cuts is not None
    training, validation, _ = split(trial, data)
    if final:
        training, validation = np.arange(len(data.table)), ()
    about = {
        "model": trial.row.name,
        "final": final,
        "recipe": _recipe(trial, history, cuts),
        "input": _input(trial, data, training, encoder),
        "classes": list(data.classes),
        "training": card.training_data(data, training, edition=trial.edition)
        | {"validation_clips": len(validation)},
        "speaker_independent": score(outcome["counts"], len(data.classes)),
        "versions": card.versions(),
    }
    return about | {"limits": limits(trial, about)}


def elsewhere(
    parameters: study.Parameters, trial: Trial, network: nn.Module
) -> dict[str, dict[str, Any]]:
    """Score a trained network on each corpus of a researcher's table that training never met."""
    if not parameters.unseen:
        return {}
    data, scores = study.load_elsewhere(parameters), {}
    for name in data.unseen:
        rows = np.flatnonzero(data.table["corpus"] == name)
        answers = scored(trial, data, network, rows)
        labels, predicted = data.labels[answers.rows], answers.probabilities.argmax(1)
        counts = tally(data.groups[answers.rows], labels, predicted)
        scores[name] = card.score(counts, data.classes)
    return scores


def score(counts: Sequence[Sequence], classes: int) -> dict[str, Any]:
    """Accuracy and macro F1 over all clips and by corpus, and the number of classes that occur.

    The rows are corpus/speaker, true class, predicted class, number of clips.
    """
    by_corpus: dict[str, np.ndarray] = {}
    for group, true, predicted, number in counts:
        confusion = by_corpus.setdefault(group.split("/")[0], np.zeros((classes, classes)))
        confusion[true, predicted] += number
    total = sum(by_corpus.values())
    summaries = {name: _summary(confusion) for name, confusion in sorted(by_corpus.items())}
    return _summary(total) | {
        "classes": int((total.sum(axis=1) > 0).sum()),
        "speakers": len({group for group, *_ in counts}),
        "corpora": list(summaries),
        "by_corpus": summaries,
    }


def limits(trial: Trial, about: Mapping[str, Any]) -> list[str]:
    """Sentences on what a model is not made for."""
    encoder = about["input"]["encoder"]
    lines = [
        *card.trained_on(about["training"]),
        f"The score is of {people(about['speaker_independent'])} of the same corpora: the same"
        " rooms and, for the most part, the same texts.",
        f"Names one of {len(about['classes'])} emotions always, also where there is another, or"
        " none.",
        f"Trained on at most {about['input']['seconds']:g} s at a time: no window is longer.",
    ]
    if about["final"]:
        lines.append(
            "The score is that of the same recipe, trained without those speakers; the saved"
            " weights have heard every clip."
        )
    if trial.size == "small":
        lines.append("Network and input are the demo's, smaller than the paper's.")
    if encoder and encoder["name"] == "random":
        lines.append("The speech encoder was never trained.")
    if trial.labels == "loopq":
        lines.append(
            "Where SAVEE is in it, sadness was taught as anger, as in the competition's data."
        )
    return lines


def _length(parameters: study.Parameters, split_runs: list[Trial], data: Data) -> int:
    """Epochs of a final training: published and capped, or those of the split runs."""
    if split_runs[0].model in EPOCHS:
        published = EPOCHS[split_runs[0].model]
        return min(published, parameters.epochs or published)
    outcomes = sweep(run, split_runs, data, device=parameters.device)
    return final_epochs([outcome["best_epoch"] for outcome in outcomes])


def _encoder_content(encoder: str) -> dict[str, str]:
    """Name and content of a speech encoder: its hub id, "random", or its folder's last part."""
    is_folder = encoder != "random" and Path(encoder).is_dir()
    name = Path(encoder).resolve().name if is_folder else encoder
    return {"name": name, "content": encoders.content(encoder)}


def _recipe(trial: Trial, history: History, cuts: Sequence[int] | None) -> dict[str, Any]:
    plan = plan_of(trial)
    settings = ("model", "variant", "rates", "augmentation", "labels", "size", "precision", "seed")
    patience = f"plateau of the validation loss, patience {plan.schedule.patience}"
    return {
        "paper": CARD.paper,
        **{name: getattr(trial, name) for name in settings},
        "optimiser": plan.optimiser,
        "batch": plan.batch,
        "rate": history.epochs[0]["rates"][0],
        "factor": plan.schedule.factor,
        "cuts": patience if cuts is None else list(cuts),
        "epochs": len(history.epochs),
        "epoch_kept": history.best,
    }


def _input(
    trial: Trial, data: Data, training: np.ndarray, encoder: Mapping[str, str] | None
) -> dict[str, Any]:
    shape = SHAPES[trial.size]
    seconds = shape.samples / RATE
    if trial.kinds == (FREE,):
        seconds = float(data.table["seconds"].to_numpy()[training].max())
    elif trial.kinds == ("frames",):
        seconds = shape.longest / RATE
    speech = None
    if trial.encoder != "none":
        frames = data.inputs[trial.kinds[-1]]
        width = frames.values.shape[1]
        speech = {**encoder, "frames": int(frames.sizes.max()), "width": width}
    return {
        "rate": RATE,
        "seconds": seconds,
        "trim": TRIM,
        "kinds": list(trial.kinds),
        "shape": asdict(shape),
        "encoder": speech,
    }


def _summary(confusion: np.ndarray) -> dict[str, Any]:
    return {
        "accuracy": float(accuracy(confusion)),
        "macro_f1": float(macro_f1(confusion)),
        "clips": int(confusion.sum()),
    }


def _inputs(
    samples: np.ndarray,
    *,
    encoder: Encoder | None,
    shape: Shape,
    kinds: Sequence[str],
    decibels: float,
    classes: tuple[str, ...],
) -> list[Tensor]:
    speech = trim(samples, decibels=decibels)
    n_frames = 1 + min(len(speech), shape.samples) // shape.mel.hop
    inputs = {}
    for kind in kinds:
        if kind in FRAMES:
            clip = speech[: shape.longest]
            if FRAMES[kind]:
                clip = fit(speech, length=shape.samples)
            inputs[kind] = Inputs.of(encoder.frames([clip]))
        else:
            with threadpool_limits(1):  # as training clips are measured, to the same bits
                row = spectrogram(kind, speech, shape)
            inputs[kind] = Inputs.of([row], None if kind == FREE else [n_frames])
    return tensors(Data(pd.DataFrame(), inputs, classes), kinds, np.array([0]))
