"""One cross-validation of a small model, with leaks or without.

A trial fits a model on each fold's training side, and counts the answers to all test sides. What
leaks is said by its protocol, and whatever else is as in the protocol beside it.
"""

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sercore import store
from sercore.corpora.clips import Clips
from sercore.evaluation.metrics import mean_recall, tally
from sercore.protocols.speakers import FOLDS, forbid_shared
from sercore.protocols.splits import Splits, grouped_folds, redealt

# What each protocol does that the clean one does not: clips are dealt at random ("clips"); a tested
# speaker takes the place of another one in training ("swap"); the scaler is fitted on all rows
# ("scaler"); small classes are filled up by SMOTE ("SMOTE"), before the split ("before"), and the
# rows that it makes are scored ("scored").
CLEAN, SHARED, SWAPPED, INSIDE = "clean", "shared speakers", "swapped speakers", "SMOTE inside"
PROTOCOLS: dict[str, frozenset[str]] = {
    CLEAN: frozenset(),
    SHARED: frozenset({"clips"}),
    SWAPPED: frozenset({"swap"}),
    "scaler before": frozenset({"scaler"}),
    INSIDE: frozenset({"SMOTE"}),
    "SMOTE before": frozenset({"SMOTE", "before"}),
    "SMOTE scored": frozenset({"SMOTE", "before", "scored"}),
    "all leaks": frozenset({"clips", "scaler", "SMOTE", "before", "scored"}),
}
SHUFFLED = "labels shuffled"  # control: within each speaker, whose classes keep their numbers
LOGISTIC, MLP = "logistic regression", "MLP"
MODELS = (LOGISTIC, MLP)
HIDDEN = 32  # units of the MLP
ITERATIONS = 5000  # none comes near; one that did would be an error
NEIGHBOURS = 5  # SMOTE's default
SYNTHETIC = "synthetic"  # the speaker under whom SMOTE's rows are counted


@dataclass(frozen=True)
class Data(Clips):
    """Clips of all corpora.

    The table has ``class``, the name of a clip's class.
    """

    READ = ("corpus", "speaker", "class")

    values: np.ndarray  # (clips, 80): mean and standard deviation of each cepstral coefficient

    def of(self, corpus: str) -> "Data":
        """Return the clips of one corpus."""
        rows = np.flatnonzero(self.table["corpus"] == corpus)
        return replace(
            self, table=self.table.iloc[rows].reset_index(drop=True), values=self.values[rows]
        )

    @property
    def labels(self) -> np.ndarray:
        """Return the class numbers, in the order of the classes' names."""
        return pd.factorize(self.table["class"], sort=True)[0]

    def content(self, trial: "Trial") -> str:
        """Return the digest of what a trial reads."""

        def digest() -> str:
            clips = self.of(trial.corpus)
            return store.digest([clips.rows(), store.values(clips.values)])

        return self.once(("content", trial.corpus), digest)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One cross-validation of a model on a corpus.

    ``varies`` says what differs from one seed to the next: "all", the "start" of the model on one
    and the same split, or the "split" of a model with one and the same start.
    """

    corpus: str
    model: str  # one of ``MODELS``
    protocol: str  # one of ``PROTOCOLS``
    seed: int
    edition: str
    control: str = "none"  # or ``SHUFFLED``
    varies: str = "all"
    variant: str = "ours"
    encoder: str = "none"
    fold: int = 0  # a trial has all folds

    @property
    def split(self) -> int:
        """Seed of the folds, of SMOTE and of shuffled labels."""
        return 0 if self.varies == "start" else self.seed

    @property
    def start(self) -> int:
        """Seed of the model's weights."""
        return 0 if self.varies == "split" else self.seed


@dataclass(frozen=True)
class Rows:
    """Rows of one corpus, each with the number of the fold that tests it."""

    values: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    folds: np.ndarray

    def at(self, rows: np.ndarray) -> "Rows":
        """Select these rows."""
        return Rows(*(column[rows] for column in vars(self).values()))


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Fit the model on each training side, and count its answers to all test sides by speaker.

    ``ua_0`` and so on are the unweighted accuracies of the folds, in %. The device is the CPU,
    whichever is named.

    Raises:
        ConvergenceWarning: a fit has not converged.
    """
    started = time.perf_counter()
    rows, answers, sizes, fitted, by_fold = dealt(trial, data.of(trial.corpus)), [], [], [], {}
    for fold, (is_training, is_tested) in enumerate(masks(trial, rows)):
        training, test, scaler = sides(trial, rows, is_training, is_tested)
        model = build(trial)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            model.fit(scaler.transform(training.values), training.labels)
        predicted = model.predict(scaler.transform(test.values))
        answers.append((test.speakers, test.labels, predicted))
        confusion = confusion_matrix(test.labels, predicted)
        by_fold[f"ua_{fold}"] = float(100 * mean_recall(confusion))
        sizes.append(len(training.labels))
        fitted.append(model.score(scaler.transform(training.values), training.labels))
    speakers, truth, predicted = map(np.concatenate, zip(*answers, strict=True))
    return by_fold | {
        "counts": tally(speakers, truth, predicted),
        "accuracy": float((truth == predicted).mean()),
        "clips": len(truth),
        "folds": len(sizes),
        "training_clips": float(np.mean(sizes)),
        "training_accuracy": float(np.mean(fitted)),
        "training_seconds": time.perf_counter() - started,
    }


def build(trial: Trial) -> LogisticRegression | MLPClassifier:
    """Make the model, with scikit-learn's own settings but for the size and the solver of the MLP.

    L-BFGS fits either to the end, so that no number of epochs is chosen; where it ends depends on
    the start of the MLP alone, and of the regression on nothing.
    """
    if trial.model == LOGISTIC:
        return LogisticRegression(max_iter=ITERATIONS)
    settings = {"solver": "lbfgs", "max_iter": ITERATIONS, "max_fun": 10 * ITERATIONS}
    return MLPClassifier((HIDDEN,), random_state=trial.start, **settings)


def dealt(trial: Trial, clips: Data) -> Rows:
    """Deal the clips of a corpus to folds, and add what SMOTE makes where it comes before that.

    Folds are of whole speakers, six or as many as there are. Clips at random take their places
    within each class, so that every fold keeps its number of clips of each class.
    """
    leaks, labels = PROTOCOLS[trial.protocol], clips.labels
    speakers = clips.table["speaker"].to_numpy(str)
    generator = np.random.default_rng([trial.split, *trial.corpus.encode()])
    n_folds = min(FOLDS, len(np.unique(speakers)))
    by_speaker = grouped_folds(labels, speakers, seed=trial.split, folds=n_folds)
    parts = [test for _, test in by_speaker]
    if "clips" in leaks:
        parts = redealt(clips.table, parts, generator=generator)
    folds = np.empty(len(labels), int)
    for fold, part in enumerate(parts):
        folds[part] = fold
    if trial.control == SHUFFLED:
        for name in np.unique(speakers):
            own = np.flatnonzero(speakers == name)
            labels[own] = generator.permutation(labels[own])
    names = np.char.add(f"{trial.corpus} ", speakers)
    rows = Rows(clips.values.astype(np.float64), labels, names, folds)
    if "before" not in leaks:
        return rows
    filled = _filled(rows, seed=trial.split)
    is_made = filled.speakers == SYNTHETIC
    places = np.resize(np.arange(n_folds), is_made.sum())
    filled.folds[is_made] = generator.permutation(places)
    return filled


def held_out(trial: Trial, data: Data) -> dict[str, np.ndarray]:
    """Return the rows of ``data`` that each fold tests, by its name."""
    rows = np.flatnonzero(data.table["corpus"] == trial.corpus)
    folds = dealt(trial, data.of(trial.corpus)).folds[: len(rows)]  # SMOTE's rows are behind
    return {f"fold {fold}": rows[folds == fold] for fold in range(folds.max() + 1)}


SPLITS = Splits(sides=held_out, leaky=lambda trial: trial.protocol not in (CLEAN, INSIDE))


def masks(trial: Trial, rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield which rows train and which are tested, a pair for each fold.

    Where speakers are swapped, one half of a fold's clips is tested at a time; the other half
    trains, and the next fold does not: as many speakers train as in the clean protocol, on fewer
    clips.
    """
    n_folds = rows.folds.max() + 1
    if "swap" not in PROTOCOLS[trial.protocol]:
        for fold in range(n_folds):
            yield rows.folds != fold, rows.folds == fold
        return
    drawn = np.random.default_rng(trial.split).random(len(rows.labels))
    halves = np.empty(len(rows.labels), int)
    halves[np.lexsort((drawn, rows.labels, rows.speakers))] = np.arange(len(drawn)) % 2
    for fold, half in product(range(n_folds), range(2)):
        is_tested = (rows.folds == fold) & (halves == half)
        yield ~is_tested & (rows.folds != (fold + 1) % n_folds), is_tested


def sides(
    trial: Trial, rows: Rows, is_training: np.ndarray, is_tested: np.ndarray
) -> tuple[Rows, Rows, StandardScaler]:
    """Return training and test rows, and the scaler, fitted on what the protocol says.

    Raises:
        LeakError: a speaker is on both sides, where none may be.
    """
    leaks = PROTOCOLS[trial.protocol]
    training = rows.at(np.flatnonzero(is_training))
    is_scored = is_tested if "scored" in leaks else is_tested & (rows.speakers != SYNTHETIC)
    test = rows.at(np.flatnonzero(is_scored))
    if not leaks & {"clips", "swap", "scored"}:
        forbid_shared(training.speakers, test.speakers, what="speaker")
    if "SMOTE" in leaks and "before" not in leaks:
        training = _filled(training, seed=trial.split)
    fitted_on = rows if "scaler" in leaks else training
    return training, test, StandardScaler().fit(fitted_on.values)


def _filled(rows: Rows, *, seed: int) -> Rows:
    """Append the rows that SMOTE makes of the small classes, without a fold."""
    sampler = SMOTE(k_neighbors=NEIGHBOURS, random_state=seed)
    values, labels = sampler.fit_resample(rows.values, rows.labels)
    made = len(labels) - len(rows.labels)
    speakers = np.concatenate([rows.speakers, np.full(made, SYNTHETIC)])
    return Rows(values, labels, speakers, np.concatenate([rows.folds, np.full(made, -1)]))
