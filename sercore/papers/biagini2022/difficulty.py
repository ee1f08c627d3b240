"""One axis of difficulty: shared speakers, new speakers, new corpora, by models fitted in seconds.

Two classifiers on the mean and the standard deviation of a clip's frames stand in for the report's
networks, with scikit-learn's own settings: a support vector machine, and a logistic regression as
the linear one. They are fitted to convergence and have no random start, and nothing of them is
chosen on any clip. Splits are those of ``trial.split``.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sercore.evaluation.metrics import tally
from sercore.features.statistics import mean_and_deviation
from sercore.papers.biagini2022.data import CORPORA, SAME_SIZE, TAKES_APART, Data
from sercore.papers.biagini2022.inputs import Inputs
from sercore.papers.biagini2022.models import Row
from sercore.papers.biagini2022.trial import Trial, split

MODELS = ("SVM", "LOGISTIC")
# Of MFCC, and of the frames of a frozen speech encoder.
ROWS = tuple(Row(model=name, variant=kind) for kind in ("mfcc", "frames") for name in MODELS)
# Tasks, with the rows and the corpora (none for all) of each: the second asks what pretraining gives
# where a sign can be judged, on corpora of six speakers and more; the third stands beside the
# networks, which train on the report's corpora alone.
JUDGED = ("crema-d", "ravdess", "emovo")
TASKS: dict[str, tuple[Sequence[Row], Sequence[str]]] = {
    "difficulty": (ROWS[:2], ()),
    "pretraining": (ROWS, JUDGED),
    "references": (ROWS[:2], CORPORA),
}
# From the easiest to the hardest.
OF_FOLDS = (SAME_SIZE, TAKES_APART, "speaker-independent")
PROTOCOLS = ("by-origin", *OF_FOLDS, "across-corpora")
ITERATIONS = 5000  # none comes near; one that did would be an error


def grid(
    rows: Sequence[Row], data: Data, *, seeds: Sequence[int], folds: int, **shared: Any
) -> Iterator[Trial]:
    """Yield trials: seeds x rows x protocols x folds of speakers, or corpora that train alone.

    ``shared`` are settings that all trials have: edition, labels and size.
    """
    corpora = sorted(set(data.table["corpus"]))
    places = [("by-origin", 0, "all")]
    for protocol in OF_FOLDS:
        places += [(protocol, fold, "all") for fold in range(folds)]
    places += [("across-corpora", 0, corpus) for corpus in corpora]
    for seed in seeds:
        for row in rows:
            encoder = data.encoder if row.is_encoded else "none"
            for protocol, fold, source in places:
                place = {"protocol": protocol, "fold": fold, "source": source, "seed": seed}
                about = {"epochs": ITERATIONS, "precision": "fp64", "encoder": encoder}
                yield Trial(**asdict(row) | place | about | shared)


def summarised(data: Data) -> Data:
    """Replace the frames of each clip by one row: mean and standard deviation of each value.

    Shape:
        - values of an input: ``(frames of all clips, width)`` become ``(clips, 2 * width)``
    """
    inputs = {}
    for kind, frames in data.inputs.items():
        rows = []
        for clip in map(frames.clip, range(len(data.table))):
            rows.append(mean_and_deviation(clip)[None])
        inputs[kind] = Inputs.of(rows)
    return replace(data, inputs=inputs)


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Fit a classifier on the training side, and count its test predictions by speaker.

    Values are standardised on the training side. The device is the CPU, whichever is named.

    Raises:
        ConvergenceWarning: the fit has not converged.
    """
    start, labels = time.perf_counter(), data.labels
    training, _, test = split(trial, data)
    values = data.inputs[trial.kinds[0]].values.astype(np.float64)
    classifier = SVC() if trial.model == "SVM" else LogisticRegression(max_iter=ITERATIONS)
    model = make_pipeline(StandardScaler(), classifier)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(values[training], labels[training])
    answers = model.predict(values[test])
    return {
        "counts": tally(data.groups[test], labels[test], answers),
        "accuracy": float((answers == labels[test]).mean()),
        "clips": len(test),
        "training_clips": len(training),
        "ending": "converged",
        "training_seconds": time.perf_counter() - start,
    }
