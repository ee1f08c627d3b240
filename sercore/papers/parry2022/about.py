"""What is said of a saved model of paper 02: recipe, input, classes, training corpora, scores at home and away, limits.

Plain values, for ``model.json``, for people and for other programs; ``parry_loaded`` builds the model from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from sercore import saved_parts
from sercore.audio import RATE
from sercore.corpora.labels import SPELLINGS
from sercore.evaluation.metrics import accuracy, recalls
from sercore.papers.parry2022 import attributes as parry_attributes
from sercore.papers.parry2022 import rows as parry_rows
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.inputs import FILTERBANK
from sercore.papers.parry2022.trial import Fitted, Trial
from sercore.saved_parts import people

PAPER = "Parry et al. 2022 (02-mtl-adversarial)"
RARELY = 0.05  # recall: a class under it is as good as never found
WITHOUT = " without surprise"  # behind a corpus' name in the counts
KEPT = "shared layers and emotion head; heads and discriminators of attributes, if training had any, do not predict: not saved"
SPEECH = {
    "demo": ("synthetic speech", "It shows that everything runs, and tells nothing about people."),
    "own": ("a table of one's own", "What kind of speech that is, the table does not tell; of any other nothing is known."),
}
ACTED = ("acted speech", "How people speak of themselves was hardly heard, nor were children, noise, or two voices at once.")


def about(trial: Trial, data: Data, fitted: Fitted, outcome: Mapping[str, Any]) -> dict:
    """All that is to be said of a trained model.

    Args:
        trial: that it is of.
        data: that it read.
        fitted: its network, history and sides.
        outcome: of the trial: the counts of test speakers and of unseen corpora.
    """
    sides = fitted.prepared.sides
    held = {"validation_clips": len(sides.validation), "emotions": _emotions(trial, data, fitted)}
    told = {
        "model": trial.row.name,
        "recipe": _recipe(trial, fitted),
        "weights": KEPT,
        "input": {
            "rate": RATE,
            "seconds": FILTERBANK.longest / RATE,
            "least_frames": parry_rows.SIZES[trial.size].least,
            "filterbank": asdict(FILTERBANK),
            "encoder": None,
        },
        "classes": list(data.classes),
        "training": saved_parts.heard(data, sides.training, edition=trial.edition) | held,
        **scores(outcome["counts"], data.classes, unseen=data.unseen),
        "versions": saved_parts.versions(),
    }
    return told | {"limits": limits(told)}


def scores(counts: Sequence[Sequence], classes: Sequence[str], *, unseen: Sequence[str]) -> dict:
    """``speaker_independent``, the score on unheard speakers of the training corpora, and ``unseen``, on each unseen corpus.

    A score is ``ua`` and ``accuracy``, the ``recall`` of each class, None where it does not occur, the classes that are
    ``collapsed``, found less than one time in twenty, and the clips, speakers and corpora. An unseen corpus that has surprise is
    scored without it, too.

    Args:
        counts: rows of corpus/speaker, true class, predicted class, number of clips.
        classes: names, by position.
        unseen: names of the corpora that no training reads.
    """
    named: dict[str, list] = {}
    for group, *rest in counts:
        named.setdefault(group.split("/")[0], []).append((group, *rest))
    away = {name: _score(named.pop(name), classes) for name in unseen}
    for name, found in away.items():
        if name + WITHOUT in named:
            found["without_surprise"] = _score(named.pop(name + WITHOUT), classes)
    return {"speaker_independent": _score([row for rows in named.values() for row in rows], classes), "unseen": away}


def limits(told: Mapping[str, Any]) -> list[str]:
    """Sentences on what a model is not made for.

    Args:
        told: what is said of it otherwise.
    """
    heard, tested, away = told["training"], told["speaker_independent"], told["unseen"]
    what, kind = SPEECH.get(heard["edition"], ACTED)
    languages = f"in {', '.join(heard['languages'])}" if heard["languages"] else "the language not told"
    taught = "; ".join(f"{name} ({', '.join(words)})" for name, words in heard["emotions"].items())
    found = [
        f"Trained on {what}, {people(heard)}, {languages}.",
        kind,
        f"Names one of {len(told['classes'])} classes always, also where there is another emotion, or none. It learnt them from: "
        f"{taught}.",
        f"The score in domain is of {people(tested)} of the same corpora: the same rooms and, for the most part, the same texts.",
        *_elsewhere(tested, away),
        *(
            f"In {where} it finds {' and '.join(each['collapsed'])} less than one time in twenty."
            for where, each in {"its own corpora": tested, **away}.items()
            if each["collapsed"]
        ),
        f"Reads at most {told['input']['seconds']:g} s at a time.",
        "Every band of a window gets mean 0 and variance 1, so loudness tells it nothing; the upper bands of a recording made at "
        "less than 16 kHz hold no speech, and become 0 or noise.",
    ]
    return found + ["The network is the demo's, narrower than the paper's."] * (told["recipe"]["size"] == "small")


def sentences(told: Mapping[str, Any]) -> list[str]:
    """What a model is, its scores and its limits, for people."""
    corpora = ", ".join(f"{name} ({clips} clips)" for name, clips in told["training"]["corpora"].items())
    where = {"speakers not heard in training": told["speaker_independent"]}
    where |= {f"{name}, which training never met": each for name, each in told["unseen"].items()}
    return [
        f"{told['model']}: trained on {corpora}.",
        *(
            f"On {name}: UA {each['ua']:.3f}, accuracy {each['accuracy']:.3f} ({people(each)} of {', '.join(each['corpora'])}; UA "
            f"by chance {saved_parts.chance(each):.3f}{_occurring(each)})."
            for name, each in where.items()
        ),
        *told["limits"],
    ]


def _recipe(trial: Trial, fitted: Fitted) -> dict:
    how = parry_rows.plan(trial.row, trial.recipe, epochs=trial.epochs, precision=trial.precision)
    history = fitted.history
    shared = ("approach", "variant", "surprise", "calm", "initialisation", "rate", "batch", "size", "precision", "seed")
    return {
        "paper": PAPER,
        "attributes": [parry_attributes.ATTRIBUTES[letter] for letter in fitted.prepared.labels],
        **{name: getattr(trial, name) for name in shared},
        "momentum": how.momentum,
        "alpha": how.weight(how.epochs),
        "epochs": len(history.epochs),
        "epoch_kept": history.best,
        "alpha_kept": history.epochs[history.best - 1]["alpha"],
        "ending": history.ending,
    }


def _emotions(trial: Trial, data: Data, fitted: Fitted) -> dict[str, list[str]]:
    """Emotions that each class was taught with: the paper's words for the corpora's labels, a researcher's own as they are."""
    words = {label: word for word, labels in SPELLINGS.items() for label in labels if not word.startswith("further")}
    training = fitted.prepared.sides.training
    labels = data.table["emotion"].iloc[training].str.casefold()
    if trial.edition != "own":
        labels = labels.map(lambda label: words.get(label, label))
    target = fitted.prepared.target[training]
    return {name: sorted(set(labels[target == number])) for number, name in enumerate(data.classes)}


def _score(rows: Sequence[Sequence], classes: Sequence[str]) -> dict:
    confusion = np.zeros((len(classes), len(classes)))
    for _, true, predicted, number in rows:
        confusion[true, predicted] += number
    found = recalls(confusion)
    groups = {group for group, *_ in rows}
    return {
        "ua": float(np.nanmean(found)),
        "accuracy": float(accuracy(confusion)),
        "recall": {name: None if np.isnan(value) else float(value) for name, value in zip(classes, found, strict=True)},
        "collapsed": [name for name, value in zip(classes, found, strict=True) if value < RARELY],
        "clips": int(confusion.sum()),
        "speakers": len(groups),
        "corpora": sorted({group.split("/")[0].removesuffix(WITHOUT) for group in groups}),
    }


def _occurring(score: Mapping[str, Any]) -> str:
    """Which classes a score is over, where some of the model's do not occur in what is scored."""
    names = saved_parts.occurring(score)
    return "" if len(names) == len(score["recall"]) else f", over {' and '.join(names)}, the classes that occur there"


def _elsewhere(home: Mapping[str, Any], away: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """How the scores on unseen corpora lie to that in domain; means over other classes are not compared."""
    if not away:
        return ["No corpus was kept apart: what it finds in recordings from elsewhere is not known."]
    alike = {name: score for name, score in away.items() if saved_parts.occurring(score) == saved_parts.occurring(home)}
    sentences = [
        f"On {name}, which training never met, only {' and '.join(saved_parts.occurring(score))} occur: that score and the one in"
        " domain are means over other classes, and are not compared."
        for name, score in away.items()
        if name not in alike
    ]
    if worse := [name for name, score in alike.items() if score["ua"] < home["ua"]]:
        names = " and ".join(worse)
        sentences.append(f"On {names}, which training never met, it does worse than in domain; so it may on your recordings.")
    elif alike:
        names = " and ".join(alike)
        sentences.append(f"On {names}, which training never met, it does no worse than in domain; on your recordings it still may.")
    return sentences
