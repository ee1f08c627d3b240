"""Saved models of Parry et al. 2022: a row trained on a chapter's clips, and its scores.

The shared layers and the emotion head are saved; heads and discriminators of attributes are not.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from tqdm import tqdm

from sercore import card
from sercore.audio import RATE
from sercore.card import occurring, people
from sercore.corpora.cells import TableError
from sercore.corpora.clips import WITHOUT
from sercore.corpora.labels import SPELLINGS
from sercore.features.mel import MelSettings
from sercore.models.attribute_network import AttributeNetwork, SharedLayers
from sercore.papers.parry2022 import study, trial
from sercore.papers.parry2022.data import (
    ATTRIBUTES,
    FILTERBANK,
    SIDES,
    Data,
    Filterbank,
    filterbank,
)
from sercore.papers.parry2022.study import ROWS, Parameters
from sercore.papers.parry2022.trial import SIZES, Prepared, Trial
from sercore.parameters import ParameterError
from sercore.sweep import sweep
from sercore.training.batching import Ragged
from sercore.training.resumable import History

# Parameters of the chapter that a training takes.
TAKEN = ("edition", "epochs", "seed", "precision", "device", *card.OWN, "unseen")
KEPT = (
    "shared layers and emotion head; heads and discriminators of attributes, if training had any,"
    " do not predict: not saved"
)


class ParryCard(card.Card):
    """Rows of chapter 2."""

    paper = "Parry et al. 2022 (02-mtl-adversarial)"
    chapter = "2"
    names = tuple(ROWS)

    def parameters(self, name: str, given: Mapping[str, object], *, final: bool) -> Parameters:
        """Check the parameters of a row's one trial, among ``TAKEN``."""
        row = ROWS[name]
        return card.training_parameters(Parameters, given, taken=TAKEN, only=row.name, models="all")

    def fit(self, parameters: Parameters, *, final: bool) -> tuple[nn.Module, dict[str, Any]]:
        """Train the row, or find it trained; a table's flaws are written to standard error."""
        data = study.load(parameters)
        for problem in data.problems:
            tqdm.write(problem, file=sys.stderr)
        (chosen,) = study.grid(parameters)
        check_data(parameters, chosen, data)
        sides = trial.prepare(chosen, data).sides
        card.check_leaks(data, sides.unseen | {name: getattr(sides, name) for name in SIDES})
        device = parameters.device
        sweep(trial.run, [chosen], data, device=device)
        # The outcome is read again: the kept one may come from another device.
        outcome = trial.run(chosen, data, device=device)
        result = trial.trained(chosen, data, device=device)
        about = describe(chosen, data, result.history, outcome)
        network = self.network(about)
        weights = result.network.cpu().state_dict()
        network.load_state_dict({name: weights[name] for name in network.state_dict()})
        return network, about

    def sentences(self, about: Mapping[str, Any]) -> list[str]:
        """Say for people what a model is, its scores and its limits."""
        places = {"speakers not heard in training": about["speaker_independent"]}
        for name, summary in about["unseen"].items():
            places[f"{name}, which training never met"] = summary
        lines = [f"{about['model']}: trained on {card.corpora(about)}."]
        for name, summary in places.items():
            classes = occurring(summary)
            over = ""
            if len(classes) < len(summary["recall"]):
                over = f", over {' and '.join(classes)}, the classes that occur there"
            clips = f"{people(summary)} of {', '.join(summary['corpora'])}"
            lines.append(card.scored(name, summary, clips=clips, over=over))
        return [*lines, *about["limits"]]

    def network(self, about: Mapping[str, Any]) -> AttributeNetwork:
        """Build the shared layers and the emotion head, with random weights."""
        size = about["recipe"]["size"]
        if size not in SIZES:
            raise ValueError(
                f"{size}: no such network; expected {' or '.join(SIZES)}. Name one of them."
            )
        with torch.random.fork_rng(devices=[]):  # leaves torch's own generator as it was
            layers = SharedLayers(SIZES[size])
            return AttributeNetwork(layers, width=SIZES[size].width, classes=len(about["classes"]))

    def reader(self, about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
        """Make the function that turns a window into frames and lengths; it reads no encoder.

        A window is normalised alone: each band has mean 0 and variance 1. Nothing is trimmed.

        Shape:
            - frames: ``(1, frames, 40)``; lengths: ``(1,)``
        """
        settings = about["input"]["filterbank"]
        chosen = Filterbank(**settings | {"mel": MelSettings(**settings["mel"])})

        def inputs(samples: np.ndarray, *, encoder: None) -> list[Tensor]:
            with threadpool_limits(1):  # as training clips are measured
                frames = filterbank(samples, settings=chosen)
            return [*Ragged.of([frames]).padded([0])]

        return inputs


CARD = ParryCard()


def check_data(parameters: Parameters, chosen: Trial, data: Data) -> None:
    """Refuse data that cannot be split, or cannot teach the trial's attributes."""
    try:
        absent, twin = data.lacking, data.stands_for.get(chosen.attributes)
    except ValueError as error:
        source = parameters.table or f"-p edition={parameters.edition}"
        raise TableError(f"{source}: {error}") from error
    letters = chosen.attributes.split("+")
    if missing := [reason for letter, reason in absent.items() if letter in letters]:
        raise ParameterError(
            f"{chosen.name}: cannot be trained on these clips; {'; '.join(missing)}."
            " Name another row."
        )
    if twin:
        raise ParameterError(
            f"{chosen.name}: on these clips {chosen.attributes} and {twin} are the same labels, so"
            " the same training; expected the row that the chapter has. Name"
            f' "{chosen.approach} {twin}".'
        )


def describe(
    chosen: Trial, data: Data, history: History, outcome: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe a trained model: recipe, input, classes, training clips, scores, limits."""
    prepared = trial.prepare(chosen, data)
    training = card.training_data(data, prepared.sides.training, edition=chosen.edition)
    training["validation_clips"] = len(prepared.sides.validation)
    training["emotions"] = _emotions(chosen, data, prepared)
    about = {
        "model": chosen.name,
        "recipe": _recipe(chosen, history, prepared),
        "weights": KEPT,
        "input": {
            "rate": RATE,
            "seconds": FILTERBANK.longest / RATE,
            "least_frames": SIZES[chosen.size].least,
            "filterbank": asdict(FILTERBANK),
            "encoder": None,
        },
        "classes": list(data.classes),
        "training": training,
        **scores(outcome["counts"], data.classes, unseen=data.unseen),
        "versions": card.versions(),
    }
    return about | {"limits": limits(about)}


def scores(
    counts: Sequence[Sequence], classes: Sequence[str], *, unseen: Sequence[str]
) -> dict[str, Any]:
    """Score test speakers, ``speaker_independent``, and each corpus of ``unseen``.

    Counts are rows of corpus/speaker, true class, predicted class, number of clips. An unseen
    corpus that has surprise is also scored without it.
    """
    by_corpus: dict[str, list] = {}
    for group, *rest in counts:
        by_corpus.setdefault(group.split("/")[0], []).append((group, *rest))
    away = {name: card.score(by_corpus.pop(name), classes) for name in unseen}
    for name, summary in away.items():
        if name + WITHOUT in by_corpus:
            summary["without_surprise"] = card.score(by_corpus.pop(name + WITHOUT), classes)
    home = [row for rows in by_corpus.values() for row in rows]
    return {"speaker_independent": card.score(home, classes), "unseen": away}


def limits(about: Mapping[str, Any]) -> list[str]:
    """Sentences on what a model is not made for."""
    training, home, away = about["training"], about["speaker_independent"], about["unseen"]
    emotions = training["emotions"].items()
    taught = "; ".join(f"{name} ({', '.join(words)})" for name, words in emotions)
    lines = [
        *card.trained_on(training),
        f"Names one of {len(about['classes'])} classes always, also where there is another emotion,"
        f" or none. It learnt them from: {taught}.",
        f"The score in domain is of {people(home)} of the same corpora: the same rooms and, for"
        " the most part, the same texts.",
        *_elsewhere(home, away),
    ]
    for where, summary in {"its own corpora": home, **away}.items():
        if summary["collapsed"]:
            classes = " and ".join(summary["collapsed"])
            lines.append(f"In {where} it finds {classes} less than one time in twenty.")
    lines.append(f"Reads at most {about['input']['seconds']:g} s at a time.")
    lines.append(card.NORMALISED)
    if about["recipe"]["size"] == "small":
        lines.append("The network is the demo's, narrower than the paper's.")
    return lines


def _recipe(chosen: Trial, history: History, prepared: Prepared) -> dict[str, Any]:
    settings = (
        *("approach", "variant", "surprise", "calm", "initialisation"),
        *("rate", "batch", "size", "precision", "seed"),
    )
    return {
        "paper": CARD.paper,
        "attributes": [ATTRIBUTES[letter] for letter in prepared.labels],
        **{name: getattr(chosen, name) for name in settings},
        "momentum": chosen.plan.momentum,
        "alpha": chosen.plan.weight(chosen.epochs),
        "epochs": len(history.epochs),
        "epoch_kept": history.best,
        "alpha_kept": history.epochs[history.best - 1]["alpha"],
        "ending": history.ending,
    }


def _emotions(chosen: Trial, data: Data, prepared: Prepared) -> dict[str, list[str]]:
    """List the emotions that taught each class: the paper's words, or a researcher's own."""
    training = prepared.sides.training
    labels = data.table["emotion"].iloc[training].str.casefold()
    if chosen.edition != "own":
        words = {}
        for word, spellings in SPELLINGS.items():
            if not word.startswith("further"):
                words |= dict.fromkeys(spellings, word)
        labels = labels.map(lambda label: words.get(label, label))
    target = prepared.target[training]
    return {name: sorted(set(labels[target == number])) for number, name in enumerate(data.classes)}


def _elsewhere(home: Mapping[str, Any], away: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Compare the scores on unseen corpora with that in domain, where the same classes occur."""
    if not away:
        return [card.ONE_PLACE]
    comparable, lines = {}, []
    for name, summary in away.items():
        if occurring(summary) == occurring(home):
            comparable[name] = summary
            continue
        lines.append(
            f"On {name}, which training never met, only {' and '.join(occurring(summary))} occur:"
            " that score and the one in domain are means over other classes, and are not compared."
        )
    worse = [name for name, summary in comparable.items() if summary["ua"] < home["ua"]]
    if worse:
        lines.append(
            f"On {' and '.join(worse)}, which training never met, it does worse than in domain;"
            " so it may on your recordings."
        )
    elif comparable:
        lines.append(
            f"On {' and '.join(comparable)}, which training never met, it does no worse than in"
            " domain; on your recordings it still may."
        )
    return lines
