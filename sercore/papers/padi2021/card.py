"""Saved models of paper 04: a system, its speaker recogniser, and its score on test speakers."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from sercore import card, store
from sercore.audio import RATE, AudioError
from sercore.card import people
from sercore.corpora import CorpusError, TableError
from sercore.features.mel import LEAST_DEVIATION, MelSettings, normalise_bands
from sercore.models.resnet import ResNet34, Sizes
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import study
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.data import Data
from sercore.papers.padi2021.study import ROWS
from sercore.papers.padi2021.trial import Fitted, Trial
from sercore.parameters import ParameterError
from sercore.protocols import LeakError
from sercore.sweep import sweep
from sercore.training import chunks

# Parameters that systems with transfer alone read, and those that every training takes.
TAKEN = ("edition", "experiment", "epochs", "seed", "size", "precision", "device")
TAKEN += ("norm", "vad", "evaluate", "part", "scored", *study.TRANSFER, *card.OWN)
# What became of the recogniser's convolutions, by transfer.
STARTS = {"frozen": "then left as they were", "finetune": "then trained on"}
SMALLER = {
    "small": "Network and pieces are the demo's, smaller than the paper's.",
    "narrow": "It has half the paper's channels.",
}


class PadiCard(card.Card):
    """Systems of chapter 4."""

    paper = "Padi et al. 2021 (04-resnet-specaugment)"
    chapter = "4"
    names = tuple(ROWS)

    def parameters(
        self, name: str, given: Mapping[str, object], *, final: bool
    ) -> study.Parameters:
        """Check the parameters of a system's one trial; of experiment 1 where none is named."""
        row, chosen = ROWS[name], dict(given)
        if not given.get("classes"):
            chosen = {"experiment": "exp1", **given}
        fixed = {"only": row.name, "models": "all", "folds": 1}
        parameters = card.training_parameters(study.Parameters, chosen, taken=TAKEN, **fixed)
        if parameters.experiment == "all" and not parameters.classes:
            raise ParameterError(
                "-p experiment=all: a model has the classes of one; expected exp1, exp2 or"
                " exp3. Name one of them."
            )
        if "conversation" in (row.norm, parameters.norm):
            raise ParameterError(
                f"{row.name}: over a whole conversation its spectrograms would be normalised, and a"
                " model to use hears single clips; expected a system that is normalised over the"
                " segment. Name another one, and leave norm out."
            )
        return parameters

    def fit(self, parameters: study.Parameters, *, final: bool) -> tuple[nn.Module, dict[str, Any]]:
        """Train the system and its speaker recogniser, or find them trained; fold 0 is tested."""
        device = parameters.device
        data, trial = _load(parameters)
        training, test = padi_trial.split(trial, data)
        card.check_leaks(data, {"training": training, "test": test})
        recogniser = _recogniser(parameters, trial, data)
        sweep(padi_trial.run, [trial], data, device=device)
        # The outcome is read again: the kept one may come from another device.
        outcome = padi_trial.run(trial, data, device=device)
        fitted = padi_trial.trained(trial, data, device=device)
        return fitted.network, describe(trial, data, fitted, outcome, recogniser)

    def sentences(self, about: Mapping[str, Any]) -> list[str]:
        """Say for people what a model is, its score and its limits."""
        tested, recipe = about["speaker_independent"], about["recipe"]
        names = ("transfer", "augmentation", "pooling")
        parts = ", ".join(f"{name} {recipe[name]}" for name in names)
        name = f"{about['model']} ({parts}), {recipe['experiment']}"
        return [
            f"{name}: trained on {card.corpora(about)}.",
            card.scored(
                "speakers not heard in training",
                tested,
                clips=f"{people(tested)} of {', '.join(tested['corpora'])}",
            ),
            *about["limits"],
        ]

    def network(self, about: Mapping[str, Any]) -> ResNet34:
        """Build the saved network with random weights, if it can read the described input."""
        network, inputs = about["recipe"]["network"], about["input"]
        sizes = Sizes(**network | {name: tuple(network[name]) for name in ("channels", "blocks")})
        bands, middle = inputs["mel"]["bands"], inputs["middle"]
        if sizes.bands != bands or sizes.fixed not in (None, middle):
            raise ValueError(
                f"a network of {sizes.bands} bands and {sizes.fixed or 'any number of'} frames for"
                f" an input of {bands} and {middle or 'any number'}; expected the same. Train it"
                " again."
            )
        if inputs["norm"] != "segment":
            raise ValueError(
                f"norm {inputs['norm']}: one clip cannot be normalised so; expected segment. Train"
                " another model."
            )
        with torch.random.fork_rng(devices=[]):  # leaves torch's own generator as it was
            return ResNet34(len(about["classes"]), sizes)

    def reader(self, about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
        """Make the function that turns a window into frames ``(1, frames, 128)`` (section 4.2).

        Lengths ``(1,)`` follow but where a window is cut to one length. It reads no encoder.
        """
        inputs = about["input"]
        settings = {name: inputs[name] for name in ("floor", "vad", "least", "middle")}
        return partial(_inputs, mel=MelSettings(**inputs["mel"]), settings=settings)


CARD = PadiCard()


def describe(
    trial: Trial,
    data: Data,
    fitted: Fitted,
    outcome: Mapping[str, Any],
    recogniser: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Describe a trained model: recipe, input, classes, training clips, score, limits."""
    classes = data.classes[trial.experiment]
    training = card.training_data(data, fitted.training, edition=trial.edition)
    tested = {"protocol": trial.protocol, "fold": trial.fold}
    tested |= card.score(outcome["counts"], classes)
    about = {
        "model": trial.row.name,
        "recipe": _recipe(trial, fitted) | {"recogniser": recogniser},
        "input": _input(trial, data, fitted),
        "classes": list(classes),
        "training": training | {"names": sorted(set(data.groups[fitted.training].tolist()))},
        "speaker_independent": tested | {"names": sorted(set(data.groups[fitted.test].tolist()))},
        "versions": card.versions(),
    }
    return about | {"limits": limits(about)}


def limits(about: Mapping[str, Any]) -> list[str]:
    """Sentences on what a model is not made for."""
    recipe, tested, classes = about["recipe"], about["speaker_independent"], about["classes"]
    part = "" if recipe["part"] == "all" else f", the {recipe['part']} part alone"
    lines = [
        *card.trained_on(about["training"], part=part),
        f"Names one of {len(classes)} classes always, also where there is another emotion, or none:"
        f" {', '.join(classes)}.",
        f"The score is of {people(tested)} of the same corpus: the same rooms and, for the most"
        " part, the same texts.",
        card.ONE_PLACE,
    ]
    if tested["collapsed"]:
        rare = " and ".join(tested["collapsed"])
        lines.append(f"It finds {rare} less than one time in twenty.")
    if recipe["recogniser"]:
        lines.append(_start(recipe))
    lines += _reading(about)
    if recipe["size"] in SMALLER:
        lines.append(SMALLER[recipe["size"]])
    return lines


def _load(parameters: study.Parameters) -> tuple[Data, Trial]:
    """Load the data and make the one trial, which these data can teach."""
    try:
        data = study.load(parameters)
        trials = study.grid(parameters, data)
    except (AudioError, CorpusError, LeakError, TableError):
        raise
    except ValueError as error:
        source = parameters.table or f"-p edition={parameters.edition}"
        raise ParameterError(f"{source}: {error}") from error
    if reason := padi_data.missing(data).get(parameters.experiment):
        raise ParameterError(
            f"-p experiment={parameters.experiment}: cannot be trained on these clips; {reason}."
            " Name another one."
        )
    if not trials:
        (row,) = study.rows(parameters)
        raise ParameterError(
            f"{row.name}: parts are IEMOCAP's; expected a system of all clips, {data.corpus} has no"
            " parts. Name another."
        )
    return data, trials[0]


def _recogniser(parameters: study.Parameters, trial: Trial, data: Data) -> dict[str, Any] | None:
    """Train the speaker recogniser that the training starts from, if any, and describe it."""
    if trial.transfer == "none":
        return None
    if trial.speakers == "given":
        path = Path(parameters.speaker_checkpoint)
        try:
            padi_trial.build(trial, data)
        except ValueError as error:
            raise ParameterError(f"-p speaker_checkpoint: {error}") from error
        return {"file": path.name, "content": store.content(path)}
    recogniser, source = trial.recogniser, data.source
    run = padi_trial.run_recogniser
    (outcome,) = sweep(run, [recogniser], source, device=parameters.device)
    return {
        "corpora": list(source.corpora),
        "speakers": len(source.names),
        "clips": len(source.speakers),
        **{name: getattr(recogniser, name) for name in ("epochs", "augmentation", "pooling")},
        "equal_error_rate": outcome["equal_error_rate"],
    }


def _recipe(trial: Trial, fitted: Fitted) -> dict[str, Any]:
    plan = padi_trial.plan(epochs=trial.epochs, size=trial.size, precision=trial.precision)
    sizes = asdict(fitted.network.sizes)
    system = ("transfer", "augmentation", "pooling", "part", "experiment", "size")
    settings = (*system, "precision", "seed", "control", "speakers")
    steps = ("batch", "rate", "constant", "every", "momentum", "weight_decay")
    epochs = len(fitted.history.epochs)
    return {
        "paper": CARD.paper,
        **{name: getattr(trial, name) for name in settings},
        "network": sizes | {name: list(sizes[name]) for name in ("channels", "blocks")},
        "policies": list(padi_trial.VERSIONS[trial.augmentation]),
        "pieces": list(padi_trial.lengths(trial.size, trial.pooling)),
        **{name: getattr(plan, name) for name in steps},
        "epochs": epochs,
        "epoch_kept": epochs,
    }


def _input(trial: Trial, data: Data, fitted: Fitted) -> dict[str, Any]:
    """Describe how a window is read: at most the longest clip trained on or scored."""
    longest = int(data.raw.sizes[np.concatenate([fitted.training, fitted.test])].max())
    return {
        "rate": RATE,
        "seconds": longest * padi_data.MEL.hop / RATE,
        "mel": asdict(padi_data.MEL),
        "floor": padi_data.FLOOR,
        "vad": padi_data.QUIET if trial.vad == "energy" else None,
        "norm": trial.norm,
        "least": LEAST_DEVIATION,
        "middle": padi_trial.middle(trial, fitted.network),
        "encoder": None,
    }


def _start(recipe: Mapping[str, Any]) -> str:
    """Say whose voices the convolutions were trained on."""
    recogniser, start = recipe["recogniser"], STARTS[recipe["transfer"]]
    if "file" in recogniser:
        return (
            f"Its convolutions come from {recogniser['file']}, {start}: whom that recogniser heard"
            " is not known here; had it heard the tested speakers, the score would be too good."
        )
    return (
        f"Its convolutions were first taught to tell {recogniser['speakers']} speakers of"
        f" {', '.join(recogniser['corpora'])} apart, {start}; no clip of these corpora is tested."
    )


def _reading(about: Mapping[str, Any]) -> list[str]:
    """Say what is read of a window: its length, its loud parts, its normalised bands."""
    inputs = about["input"]
    hop, rate = inputs["mel"]["hop"], inputs["rate"]
    if middle := inputs["middle"]:
        length = (
            f"Reads {middle * hop / rate:g} s: of a longer window the middle alone, of a shorter"
            " one repetitions. Windows of that length hear all of a recording."
        )
    else:
        pieces = [f"{frames * hop / rate:g}" for frames in about["recipe"]["pieces"]]
        span = f"{pieces[0]} to {pieces[-1]}" if len(pieces) > 1 else pieces[0]
        length = (
            f"Learnt from pieces of {span} s, scored on whole clips: reads at most"
            f" {inputs['seconds']:g} s at a time, its longest clip."
        )
    lines = [length]
    if inputs["vad"] is not None:
        lines.append(
            f"Leaves out what is more than {inputs['vad']:g} dB under a window's loudest 10 ms."
        )
    last = "No clip was kept to choose an epoch: the weights are those of the last one."
    return [*lines, card.NORMALISED, last]


def _inputs(
    samples: np.ndarray, *, encoder: None, mel: MelSettings, settings: Mapping[str, Any]
) -> list[Tensor]:
    """Read a window as the chapter reads a clip, by the settings that were saved."""
    with threadpool_limits(1):  # as training clips are measured
        frames = padi_data.log_mel(samples, settings=mel, floor=settings["floor"])
    if settings["vad"] is not None:
        frames = padi_data.voice_activity(frames, quiet=settings["vad"])
    [clip] = normalise_bands([frames], least=settings["least"])
    if settings["middle"]:
        return [torch.from_numpy(chunks.cut(clip, length=settings["middle"], place=0.5))[None]]
    return [torch.from_numpy(clip)[None], torch.tensor([len(clip)])]
