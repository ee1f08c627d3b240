"""What a trial of paper 02 leaves: counts and errors by speaker, and its training epoch by epoch, as plain values."""

from collections.abc import Iterator, Mapping

import numpy as np
from sklearn.metrics import recall_score

from sercore.evaluation import counting
from sercore.papers.parry2022.attributes import Labels
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.losses import label_entropy
from sercore.protocols.pooled import Split
from sercore.training.resumable import History

SIGNS = (
    "+o-abcdefghijklmnopqrstuvwxyz"  # positive, neutral, negative; a researcher's own classes go on
)


def ua(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return the unweighted accuracy: the mean recall of the classes that occur, in [0, 1].

    Source: Parry et al. 2022, section 4.
    """
    return float(recall_score(truth, predicted, labels=np.unique(truth), average="macro"))


def count(data: Data, target: np.ndarray, rows: np.ndarray, probabilities: np.ndarray) -> dict:
    """Count predictions by corpus/speaker, as ``counting.count_predictions`` does.

    An unseen corpus that has surprise is counted without it too, under its name and "without
    surprise". ``answers`` has, for each speaker and text of an unseen corpus, the classes of its
    clips and the answers to them, one of ``SIGNS`` a clip: where a corpus has two speakers, its
    texts are what an interval resamples.

    Args:
        data: clips that were scored, among others.
        target: ``(clips of the table,)`` class numbers.
        rows: ``(scored,)`` rows of the table.
        probabilities: ``(scored, classes)``.
    """
    truth, predicted, groups = target[rows], probabilities.argmax(1), data.groups[rows]
    corpora = data.table["corpus"].to_numpy(str)[rows]
    surprised = data.table["surprised"].to_numpy(bool)[rows]
    unseen = np.isin(corpora, data.unseen)
    again = np.isin(corpora, corpora[unseen & surprised]) & ~surprised
    renamed = np.array(
        [group.replace("/", " without surprise/", 1) for group in groups[again].tolist()]
    )
    outcome = counting.count_predictions(groups, truth, probabilities)
    outcome["counts"] = sorted(
        outcome["counts"] + counting.tally(renamed, truth[again], predicted[again])
    )
    return outcome | {
        "answers": _by_text(data, rows[unseen], groups[unseen], truth[unseen], predicted[unseen])
    }


def _by_text(
    data: Data, rows: np.ndarray, groups: np.ndarray, truth: np.ndarray, predicted: np.ndarray
) -> list[list[str]]:
    said: dict[tuple[str, str], list[str]] = {}
    texts = data.table["text"].fillna("").to_numpy(str)[rows]
    for group, text, true, answer in zip(
        groups.tolist(), texts.tolist(), truth, predicted, strict=True
    ):
        pair = said.setdefault((group, text), ["", ""])
        pair[0] += SIGNS[true]
        pair[1] += SIGNS[answer]
    return [[*where, *pair] for where, pair in sorted(said.items())]


def training_summary(
    history: History, target: np.ndarray, sides: Split, labels: Mapping[str, Labels]
) -> dict:
    """Summarise a training: the selected epoch and, in ``epochs``, rows (epoch, name, value) of every epoch.

    Args:
        history: history of the training.
        target: ``(clips of the table,)`` class numbers.
        sides: rows of training, validation and test.
        labels: of the attributes that were trained on, by letter.
    """
    best, training = history.epochs[history.best - 1], sides.training
    seconds = float(np.median([epoch["seconds"] for epoch in history.epochs]))
    return {
        "epochs": [
            [number, name, value]
            for number, epoch in enumerate(history.epochs, 1)
            for name, value in _flat(epoch)
        ],
        "best_epoch": history.best,
        "epochs_run": len(history.epochs),
        "ending": history.ending,
        "alpha_selected": best["alpha"],
        "validation_ua": best["validation"]["ua"],
        "training_loss": best["training"]["emotion"],
        "entropy_emotion": label_entropy(target[training]),
        **{
            f"entropy_{letter}": label_entropy(label.values[training])
            for letter, label in labels.items()
        },
        "training_clips": len(training),
        "validation_clips": len(sides.validation),
        "test_clips": len(sides.test),
        "clips_per_second": round(len(training) / seconds, 3),
    }


def _flat(epoch: dict) -> Iterator[tuple[str, float]]:
    """Numbers of one epoch with their names, the attributes' by their letters."""
    yield "alpha", epoch["alpha"]
    yield "training loss", epoch["training"]["emotion"]
    yield "training accuracy", epoch["training"]["accuracy"]
    yield from (
        (f"{letter} loss", value)
        for letter, value in epoch["training"]["attributes"].items()
        if value is not None
    )
    yield from ((f"{name} norm", value) for name, value in epoch["training"]["norms"].items())
    yield from ((f"validation {name}", value) for name, value in epoch["validation"].items())
