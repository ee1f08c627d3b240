"""What is said of a saved model of paper 04: recipe, input, classes, training corpora, score on unheard speakers, limits.

Plain values, for ``model.json``, for people and for other programs; ``padi_loaded`` builds the model from them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from sercore import saved_parts
from sercore.audio import RATE
from sercore.papers.padi2021 import inputs as padi_inputs
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.trial import Fitted, Trial
from sercore.papers.parry2022 import about as parry_about
from sercore.saved_parts import people

PAPER = "Padi et al. 2021 (04-resnet-specaugment)"
STARTS = {"frozen": "then left as they were", "finetune": "then trained on"}  # the recogniser's convolutions, by transfer


def about(
    trial: Trial, data: Data, fitted: Fitted, outcome: Mapping[str, Any], *, recogniser: Mapping[str, Any] | None = None
) -> dict:
    """All that is to be said of a trained model.

    Args:
        trial: that it is of, speakers apart.
        data: that it read.
        fitted: its network, history and sides.
        outcome: of the trial: the counts of its test speakers.
        recogniser: what is said of the speaker recogniser that it started from; None (default) without one.
    """
    classes, names = data.classes[trial.experiment], data.groups
    score = parry_about.scores(outcome["counts"], classes, unseen=())["speaker_independent"]
    told = {
        "model": trial.row.name,
        "recipe": _recipe(trial, fitted) | {"recogniser": recogniser},
        "input": _input(trial, data, fitted),
        "classes": list(classes),
        "training": saved_parts.heard(data, fitted.training, edition=trial.edition) | _names(names[fitted.training]),
        "speaker_independent": {"protocol": trial.protocol, "fold": trial.fold} | score | _names(names[fitted.test]),
        "versions": saved_parts.versions(),
    }
    return told | {"limits": limits(told)}


def limits(told: Mapping[str, Any]) -> list[str]:
    """Sentences on what a model is not made for.

    Args:
        told: what is said of it otherwise.
    """
    heard, tested, recipe = told["training"], told["speaker_independent"], told["recipe"]
    what, kind = parry_about.SPEECH.get(heard["edition"], parry_about.ACTED)
    languages = f"in {', '.join(heard['languages'])}" if heard["languages"] else "the language not told"
    part = "" if recipe["part"] == "all" else f", the {recipe['part']} part alone"
    found = [
        f"Trained on {what}, {people(heard)}, {languages}{part}.",
        kind,
        f"Names one of {len(told['classes'])} classes always, also where there is another emotion, or none: "
        f"{', '.join(told['classes'])}.",
        f"The score is of {people(tested)} of the same corpus: the same rooms and, for the most part, the same texts.",
        "No corpus was kept apart: what it finds in recordings from elsewhere is not known.",
    ]
    if tested["collapsed"]:
        found.append(f"It finds {' and '.join(tested['collapsed'])} less than one time in twenty.")
    if recipe["recogniser"]:
        found.append(_start(recipe))
    found += _reading(told)
    small = {"small": "Network and pieces are the demo's, smaller than the paper's.", "narrow": "It has half the paper's channels."}
    return found + [small[recipe["size"]]] * (recipe["size"] in small)


def sentences(told: Mapping[str, Any]) -> list[str]:
    """What a model is, its score and its limits, for people."""
    tested, recipe = told["speaker_independent"], told["recipe"]
    corpora = ", ".join(f"{name} ({clips} clips)" for name, clips in told["training"]["corpora"].items())
    parts = ", ".join(f"{name} {recipe[name]}" for name in ("transfer", "augmentation", "pooling"))
    return [
        f"{told['model']} ({parts}), {recipe['experiment']}: trained on {corpora}.",
        f"On speakers not heard in training: UA {tested['ua']:.3f}, accuracy {tested['accuracy']:.3f} ({people(tested)} of "
        f"{', '.join(tested['corpora'])}; UA by chance {saved_parts.chance(tested):.3f}).",
        *told["limits"],
    ]


def _recipe(trial: Trial, fitted: Fitted) -> dict:
    how = padi_rows.plan(epochs=trial.epochs, size=trial.size, precision=trial.precision)
    return {
        "paper": PAPER,
        **{name: getattr(trial, name) for name in ("transfer", "augmentation", "pooling", "part", "experiment", "size")},
        "network": {name: list(each) if isinstance(each, tuple) else each for name, each in asdict(fitted.network.sizes).items()},
        **{name: getattr(trial, name) for name in ("precision", "seed", "control", "speakers")},
        "policies": list(padi_rows.versions(trial.augmentation)),
        "pieces": list(padi_rows.lengths(trial.size, trial.pooling)),
        **{name: getattr(how, name) for name in ("batch", "rate", "constant", "every", "momentum", "weight_decay")},
        "epochs": len(fitted.history.epochs),
        "epoch_kept": len(fitted.history.epochs),
    }


def _input(trial: Trial, data: Data, fitted: Fitted) -> dict:
    """How a window is read: as long as the longest clip that was trained on or scored, and ``middle`` frames of it, 0 for all."""
    longest = int(data.raw.sizes[np.concatenate([fitted.training, fitted.test])].max())
    middle = fitted.network.sizes.frames if trial.pooling == "flatten" else padi_trial.SHORT if trial.evaluate == "300" else 0
    return {
        "rate": RATE,
        "seconds": longest * padi_inputs.MEL.hop / RATE,
        "mel": asdict(padi_inputs.MEL),
        "floor": padi_inputs.FLOOR,
        "vad": padi_inputs.QUIET if trial.vad == "energy" else None,
        "norm": trial.norm,
        "least": padi_inputs.LEAST,
        "middle": middle,
        "encoder": None,
    }


def _names(groups: np.ndarray) -> dict[str, list[str]]:
    return {"names": sorted(set(groups.tolist()))}


def _start(recipe: Mapping[str, Any]) -> str:
    """Whom the convolutions have heard."""
    told = recipe["recogniser"]
    if "file" in told:
        return (
            f"Its convolutions come from {told['file']}, {STARTS[recipe['transfer']]}: whom that recogniser heard is not known "
            "here; had it heard the tested speakers, the score would be too good."
        )
    return (
        f"Its convolutions were first taught to tell {told['speakers']} speakers of {', '.join(told['corpora'])} apart, "
        f"{STARTS[recipe['transfer']]}; no clip of these corpora is tested."
    )


def _reading(told: Mapping[str, Any]) -> list[str]:
    """Of a window: how long it is, what of it is read, and what its normalisation takes away."""
    hop, rate, seconds = told["input"]["mel"]["hop"], told["input"]["rate"], told["input"]["seconds"]
    pieces = [f"{frames * hop / rate:g}" for frames in told["recipe"]["pieces"]]
    learnt = f"{pieces[0]} to {pieces[-1]}" if len(pieces) > 1 else pieces[0]
    found = [f"Learnt from pieces of {learnt} s, scored on whole clips: reads at most {seconds:g} s at a time, its longest clip."]
    if middle := told["input"]["middle"]:
        found = [
            f"Reads {middle * hop / rate:g} s: of a longer window the middle alone, of a shorter one repetitions. Windows of that "
            "length hear all of a recording."
        ]
    if told["input"]["vad"] is not None:
        found.append(f"Leaves out what is more than {told['input']['vad']:g} dB under a window's loudest 10 ms.")
    return [
        *found,
        "Every band of a window gets mean 0 and variance 1, so loudness tells it nothing; the upper bands of a recording made at "
        "less than 16 kHz hold no speech, and become 0 or noise.",
        "No clip was kept to choose an epoch: the weights are those of the last one.",
    ]
