"""Saved models of paper 03: a row, or a final model, with its score on test speakers.

A final model is trained on every clip (`final`); its score is that of the same recipe trained
without the test speakers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from sercore import card, encoders
from sercore.audio import RATE
from sercore.card import people
from sercore.encoders import Encoder
from sercore.evaluation.metrics import accuracy, macro_f1
from sercore.features.length import fit, trim
from sercore.features.mel import MelSettings
from sercore.papers.biagini2022 import final as loopq_final
from sercore.papers.biagini2022 import frames as loopq_frames
from sercore.papers.biagini2022 import inputs as loopq_inputs
from sercore.papers.biagini2022 import networks as loopq_networks
from sercore.papers.biagini2022 import rows as loopq_rows
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.batches import Data, Inputs, tensors
from sercore.papers.biagini2022.inputs import SHAPES, Shape
from sercore.papers.biagini2022.rows import RECIPES, ROWS, Row
from sercore.papers.biagini2022.trial import Trial
from sercore.parameters import ParameterError, nearest
from sercore.sweep import sweep
from sercore.training.resumable import History

READINGS = {  # the variant that is meant by a model's name alone
    "CNNLSTM": "fixed",
    "FCMFCC": "as-run",
    "CNNATT": "fixed",
    "HUBERTFT": "fixed",
    "MMFUSION": "fixed",
}
TAKEN = (  # parameters of the chapter that a training takes
    *("edition", "epochs", "seed", "seeds"),
    *("encoder", "precision", "device", "loopq_labels"),
)
TRIM = 20.0  # dB: the default of sercore.features.length.trim, with which all inputs are made
FREE = "mfcc, free length"
_SYNTHETIC = "It shows that everything runs, and tells nothing about people."
_ACTED = (
    "Actors gave an emotion to sentences that were put before them; how people speak of themselves"
    " was never heard, nor were other languages, children, noise, or two voices at once."
)


class LoopqCard(card.Card):
    """Rows of chapter 3, and its models by their printed names."""

    paper = "Biagini 2022 (03-loopq-models)"
    chapter = "3"
    names = (*ROWS, *RECIPES)
    has_final = True

    def parameters(
        self, name: str, given: Mapping[str, object], *, final: bool
    ) -> loopq.Parameters:
        """Check the parameters of a training, among ``TAKEN``: by-origin runs of one row.

        Raises:
            ParameterError: no such row, one that is no model to use, a name that is not taken, a
                value out of range, or one that this training would not read
        """
        row = chosen(name)
        parameters = card.training_parameters(
            loopq.Parameters, given, taken=TAKEN, only=row.name, protocol="by-origin"
        )
        has_length = not final or row.model in loopq_final.EPOCHS or "seed" in given
        if "seeds" in given and has_length:
            raise ParameterError(
                f"-p seeds={given['seeds']}: counts the split runs that set a final model's length,"
                " and this training has none; expected with --final, without seed, not for"
                f" {' and '.join(loopq_final.EPOCHS)}. Leave it out, or give seed."
            )
        if "encoder" in given and not any("frames" in kind for kind in row.inputs):
            raise ParameterError(
                f"-p encoder={given['encoder']}: {row.name} reads no speech encoder. Leave it out."
            )
        return parameters

    def fit(self, parameters: loopq.Parameters, *, final: bool) -> tuple[nn.Module, dict[str, Any]]:
        """Train the row on the training speakers of fold 0, or a final model on every clip.

        Either way the score is that of fold 0's test speakers.
        """
        device = parameters.device
        data = loopq.load(parameters)
        split_runs = loopq.grid(parameters, encoder=data.encoder)
        trial = replace(split_runs[0], protocol="speaker-independent")
        (outcome,) = sweep(loopq_trial.run, [trial], data, device=device)
        cuts = None
        if final:
            length = _length(parameters, split_runs, data)
            fitted = loopq_final.trained(trial, data, epochs=length, device=device)
            cuts = list(fitted.plan.schedule.at)
        else:
            # The outcome is read again: the kept one may come from another device.
            outcome = loopq_trial.run(trial, data, device=device)
            fitted = loopq_trial.trained(trial, data, device=device)
        encoder = None
        if trial.encoder != "none":
            encoder = _encoder_content(loopq.encoder(parameters))
        about = describe(trial, data, fitted.history, outcome, cuts=cuts, encoder=encoder)
        return fitted.network, about

    def sentences(self, about: Mapping[str, Any]) -> list[str]:
        """Say for people what a model is, its score and its limits."""
        tested = about["speaker_independent"]
        final, whom = "", "On speakers not heard in training"
        if about["final"]:
            final, whom = ", final", "The same recipe, trained without the tested speakers"
        return [
            f"{about['model']}{final}: trained on {card.corpora(about)}.",
            f"{whom}: accuracy {tested['accuracy']:.3f}, macro F1 {tested['macro_f1']:.3f}"
            f" ({people(tested)} of {', '.join(tested['corpora'])}; by chance"
            f" {1 / tested.get('classes', len(about['classes'])):.3f}).",
            *about["limits"],
        ]

    def network(self, about: Mapping[str, Any]) -> nn.Module:
        """Build the saved network with random weights.

        Raises:
            ValueError: the paper has no such network
        """
        recipe, encoder = about["recipe"], about["input"]["encoder"]
        speech = (encoder["frames"], encoder["width"]) if encoder else (0, 0)
        return loopq_networks.build(
            recipe["model"], recipe["variant"], size=recipe["size"], seed=0, speech=speech
        )

    def reader(self, about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
        """Make the function that turns a window, and ``encoder=``, into a batch of one.

        Silence is trimmed from a window's ends, as from a training clip's.

        Shape:
            - each input: ``(1, frames, width)``; where there is one input, lengths ``(1,)`` follow
        """
        settings = about["input"]
        shape = settings["shape"]
        return partial(
            _inputs,
            shape=Shape(**shape | {"mel": MelSettings(**shape["mel"])}),
            kinds=tuple(settings["kinds"]),
            decibels=settings["trim"],
            classes=tuple(about["classes"]),
        )


CARD = LoopqCard()


def chosen(name: str) -> Row:
    """Row by its name, or by a model's name the row of its reading in ``READINGS``.

    Raises:
        ParameterError: no such row, or a row that cannot answer for one clip, or learnt nothing
    """
    row = ROWS.get(f"{name} {READINGS[name]}" if name in READINGS else name)
    if row is None:
        near = nearest(name, [*ROWS, *RECIPES])
        raise ParameterError(
            f'{name}: no such model; expected a row or a model of chapter 3, the nearest is "{near}". Name it so.'
        )
    if (row.model, row.variant) == ("CNNLSTM", "as-run"):
        raise ParameterError(
            f"{row.name}: reads the clips of a batch as one sequence, so its answer to a clip"
            " depends on others; expected a model of single clips. Name"
            ' "CNNLSTM per-clip" or "CNNLSTM fixed".'
        )
    if row.control != "none":
        raise ParameterError(
            f"{row.name}: a control that has nothing to learn; expected a model to use. Name {row.model}."
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

    Args:
        trial: speaker-independent trial of the row
        data: clips of the chapter
        history: history of the training whose weights are saved
        outcome: outcome of the trial, with the counts of its test speakers
        cuts: epochs after which a final model's rates were cut; None (default) where the trial's
            own network is saved
        encoder: name and content of the speech encoder; None (default) where none is read
    """
    final = cuts is not None
    training, validation, _ = loopq_trial.split(trial, data)
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


def score(counts: Sequence[Sequence], classes: int) -> dict[str, Any]:
    """Accuracy and macro F1 over all clips and by corpus, and the number of classes that occur.

    Args:
        counts: rows of corpus/speaker, true class, predicted class, number of clips
        classes: number of classes
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
    training, encoder = about["training"], about["input"]["encoder"]
    is_demo = trial.edition == "demo"
    lines = [
        f"Trained on {'synthetic' if is_demo else 'acted'} speech, {people(training)} in {', '.join(training['languages'])}.",
        _SYNTHETIC if is_demo else _ACTED,
        f"The score is of {people(about['speaker_independent'])} of the same corpora: the same"
        " rooms and, for the most part, the same texts.",
        f"Names one of {len(about['classes'])} emotions always, also where there is another, or none.",
        f"Trained on at most {about['input']['seconds']:g} s at a time: no window is longer.",
    ]
    if about["final"]:
        lines.append(
            "The score is that of the same recipe, trained without those speakers; the saved weights have heard every clip."
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


def _length(parameters: loopq.Parameters, split_runs: list[Trial], data: Data) -> int:
    """Epochs of a final training: published and capped, or those of the split runs."""
    model = split_runs[0].model
    if model in loopq_final.EPOCHS:
        published = loopq_final.EPOCHS[model]
        return min(published, parameters.epochs or published)
    outcomes = sweep(loopq_trial.run, split_runs, data, device=parameters.device)
    return loopq_final.epochs([outcome["best_epoch"] for outcome in outcomes])


def _encoder_content(encoder: str) -> dict[str, str]:
    """Name and content of a speech encoder: its hub id, "random", or its folder's last part."""
    folder = Path(encoder)
    is_folder = encoder != "random" and folder.is_dir()
    return {
        "name": folder.resolve().name if is_folder else encoder,
        "content": encoders.content(encoder),
    }


def _recipe(trial: Trial, history: History, cuts: Sequence[int] | None) -> dict[str, Any]:
    plan = loopq_rows.plan(
        trial.model, rates=trial.rates, epochs=trial.epochs, precision=trial.precision
    )
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
    for kind in trial.kinds:
        if kind in loopq_frames.KINDS:
            frames = data.inputs[kind]
            width = frames.values.shape[1]
            speech = {**encoder, "frames": int(frames.sizes.max()), "width": width}
            break
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
        if kind in loopq_frames.KINDS:
            is_padded = loopq_frames.KINDS[kind]
            clip = fit(speech, length=shape.samples) if is_padded else speech[: shape.longest]
            inputs[kind] = Inputs.of(encoder.frames([clip]))
        else:
            with threadpool_limits(1):  # as training clips are measured, to the same bits
                # None of these kinds draws a random number.
                row = loopq_inputs.KINDS[kind](speech, shape, np.random.default_rng(0))
            inputs[kind] = Inputs.of([row], None if kind == FREE else [n_frames])
    return tensors(Data(pd.DataFrame(), inputs, classes), kinds, np.array([0]))
