"""What is said of a saved model of paper 03: recipe, input, classes, training corpora, score on unheard speakers, limits.

Plain values, for ``model.json``, for people and for other programs; ``loopq_loaded`` builds the model from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from sercore import encoders, saved_parts
from sercore.audio import RATE
from sercore.evaluation.metrics import accuracy, macro_f1
from sercore.papers.biagini2022 import frames as loopq_frames
from sercore.papers.biagini2022 import rows as loopq_rows
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.batches import Data
from sercore.papers.biagini2022.inputs import SHAPES
from sercore.papers.biagini2022.trial import Trial
from sercore.saved_parts import people
from sercore.training.resumable import History

PAPER = "Biagini 2022 (03-loopq-models)"
TRIM = 20.0  # dB: the default of sercore.features.length.trim, with which all inputs are made
FREE = "mfcc, free length"
_SYNTHETIC = "It shows that everything runs, and tells nothing about people."
_ACTED = (
    "Actors gave an emotion to sentences that were put before them; how people speak of themselves was never heard, nor were "
    "other languages, children, noise, or two voices at once."
)


def about(
    trial: Trial,
    data: Data,
    history: History,
    outcome: Mapping,
    *,
    cuts: Sequence[int] | None = None,
    encoder: Mapping[str, str] | None = None,
) -> dict:
    """All that is to be said of a trained model.

    Args:
        trial: the speaker-independent one of its row.
        data: that it reads.
        history: of the training whose weights are saved.
        outcome: of the trial: the counts of its test speakers.
        cuts: epochs after which a final model's rates were cut; None (default) where the trial's own network is saved.
        encoder: name and content of the speech encoder; None (default) where the model reads none.
    """
    final = cuts is not None
    training, watched, _ = loopq_trial.split(trial, data)
    heard = np.arange(len(data.table)) if final else training
    told = {
        "model": trial.row.name,
        "final": final,
        "recipe": _recipe(trial, history, cuts),
        "input": _input(trial, data, heard, encoder),
        "classes": list(data.classes),
        "training": saved_parts.heard(data, heard, edition=trial.edition) | {"validation_clips": 0 if final else len(watched)},
        "speaker_independent": score(outcome["counts"], len(data.classes)),
        "versions": saved_parts.versions(),
    }
    return told | {"limits": limits(trial, data, told)}


def score(counts: Sequence[Sequence], classes: int) -> dict:
    """Accuracy and macro F1, over all clips and by corpus, and how many ``classes`` occur among the scored clips.

    Args:
        counts: rows of corpus/speaker, true class, predicted class, number of clips.
        classes: how many there are.
    """
    by_corpus: dict[str, np.ndarray] = {}
    for group, true, predicted, number in counts:
        by_corpus.setdefault(group.split("/")[0], np.zeros((classes, classes)))[true, predicted] += number
    found = {name: _scored(confusion) for name, confusion in sorted(by_corpus.items())}
    speakers = len({group for group, *_ in counts})
    total = sum(by_corpus.values())
    occurring = int((total.sum(axis=1) > 0).sum())
    return _scored(total) | {"classes": occurring, "speakers": speakers, "corpora": list(found), "by_corpus": found}


def limits(trial: Trial, data: Data, told: Mapping) -> list[str]:
    """Sentences on what a model is not made for.

    Args:
        trial: that it is of.
        data: that it read.
        told: what is said of it otherwise.
    """
    heard, tested, encoder = told["training"], told["speaker_independent"], told["input"]["encoder"]
    found = [
        f"Trained on {'synthetic' if trial.edition == 'demo' else 'acted'} speech, {people(heard)} in "
        f"{', '.join(heard['languages'])}.",
        _SYNTHETIC if trial.edition == "demo" else _ACTED,
        f"The score is of {people(tested)} of the same corpora: the same rooms and, for the most part, the same texts.",
        f"Names one of {len(data.classes)} emotions always, also where there is another, or none.",
        f"Trained on at most {told['input']['seconds']:g} s at a time: no window is longer.",
    ]
    if told["final"]:
        found.append(
            "The score is that of the same recipe, trained without those speakers; the saved weights have heard every clip."
        )
    if trial.size == "small":
        found.append("Network and input are the demo's, smaller than the paper's.")
    if encoder and encoder["name"] == "random":
        found.append("The speech encoder was never trained.")
    if trial.labels == "loopq":
        found.append("Where SAVEE is in it, sadness was taught as anger, as in the competition's data.")
    return found


def named(encoder: str) -> dict[str, str]:
    """Name and content of a speech encoder: its hub id, "random", or the last part of its folder, never a path.

    Args:
        encoder: as ``encoders.load`` takes it.
    """
    folder = Path(encoder)
    return {
        "name": folder.resolve().name if encoder != "random" and folder.is_dir() else encoder,
        "content": encoders.content(encoder),
    }


def sentences(told: Mapping) -> list[str]:
    """What a model is, its score and its limits, for people."""
    heard, tested = told["training"], told["speaker_independent"]
    corpora = ", ".join(f"{name} ({clips} clips)" for name, clips in heard["corpora"].items())
    whom = "The same recipe, trained without the tested speakers" if told["final"] else "On speakers not heard in training"
    return [
        f"{told['model']}{', final' if told['final'] else ''}: trained on {corpora}.",
        f"{whom}: accuracy {tested['accuracy']:.3f}, macro F1 {tested['macro_f1']:.3f} ({people(tested)} of "
        f"{', '.join(tested['corpora'])}; by chance {1 / tested.get('classes', len(told['classes'])):.3f}).",
        *told["limits"],
    ]


def _recipe(trial: Trial, history: History, cuts: Sequence[int] | None) -> dict:
    how = loopq_rows.plan(trial.model, rates=trial.rates, epochs=trial.epochs, precision=trial.precision)
    shared = ("model", "variant", "rates", "augmentation", "labels", "size", "precision", "seed")
    return {
        "paper": PAPER,
        **{name: getattr(trial, name) for name in shared},
        "optimiser": how.optimiser,
        "batch": how.batch,
        "rate": history.epochs[0]["rates"][0],
        "factor": how.schedule.factor,
        "cuts": f"plateau of the validation loss, patience {how.schedule.patience}" if cuts is None else list(cuts),
        "epochs": len(history.epochs),
        "epoch_kept": history.best,
    }


def _input(trial: Trial, data: Data, heard: np.ndarray, encoder: Mapping[str, str] | None) -> dict:
    shape, kinds = SHAPES[trial.size], trial.kinds
    seconds = shape.samples / RATE
    if kinds == (FREE,):
        seconds = float(data.table["seconds"].to_numpy()[heard].max())
    elif kinds == ("frames",):
        seconds = shape.longest / RATE
    frames = next((data.inputs[kind] for kind in kinds if kind in loopq_frames.KINDS), None)
    speech = None if frames is None else {**encoder, "frames": int(frames.sizes.max()), "width": frames.values.shape[1]}
    return {"rate": RATE, "seconds": seconds, "trim": TRIM, "kinds": list(kinds), "shape": asdict(shape), "encoder": speech}


def _scored(confusion: np.ndarray) -> dict:
    return {"accuracy": float(accuracy(confusion)), "macro_f1": float(macro_f1(confusion)), "clips": int(confusion.sum())}
