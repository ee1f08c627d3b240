"""One trial of paper 01: a row of Tables 2 to 4, read one way, under one protocol, one fold, one seed."""

import math
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sercore import store
from sercore.corpora.gender_tables import GenderTable
from sercore.features.names import SUBSETS
from sercore.protocols.splits import FOLDS, forbid_shared, grouped_folds, shuffled_folds
from sercore.studies.ser2022_network import Linear, Network
from sercore.studies.ser2022_rows import SELECTED, Configuration
from sercore.training.loop import Recipe

NEIGHBOURS = 5  # SMOTE's default, section 2.2
SYNTHETIC = "synthetic"  # the recording under which SMOTE's rows are counted


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training.

    Args:
        row: printed name of the configuration.
        variant: "as-run" (the authors' notebooks) or "as-described" (the paper's text).
        protocol: "as-published" (with its leaks) or "clean".
        fold: 0 to 4.
        seed: of folds, SMOTE, weights and row order.
        edition: which data.
        control: "none"; "labels shuffled"; "always neutral"; "no gender branch" (zeros in place of the gender features behind
            SMOTE, and no gender task); "gender features only" (zeros in place of the others); "logistic regression" (on the
            emotion features, in place of the network).
        epochs: passes over the training rows (default 300, section 3).
        encoder: name of the speech encoder whose embedding is read; "none" where the row reads none.
    """

    row: str
    variant: str
    protocol: str
    fold: int
    seed: int
    edition: str
    control: str = "none"
    epochs: int = 300
    encoder: str = "none"


@dataclass(frozen=True)
class Data:
    """What the trials of paper 01 read; originals sorted by name come first, then copies sorted by name.

    Args:
        names: file names without ending.
        paths: audio files.
        labels: ``(rows,)`` 0 neutral, 1 non-neutral female, 2 non-neutral male; a copy has its new class.
        recordings: ``(rows,)`` recording that a clip, or a copy's original, was cut from.
        originals: ``(rows,)`` row of the original for a copy, -1 for an original.
        notes: ``(rows,)`` what listeners noted, a letter each, "-" for nothing; empty where nobody listened.
        features: ``(rows, width)`` for each feature set.
        embeddings: ``(rows, width)`` for each encoder's name.
        auxiliary: gender features of other speakers, for "gender" and for "gender-corrected".
        unconverted: one sentence for each non-neutral clip without copy.
    """

    names: tuple[str, ...]
    paths: tuple[str, ...]
    labels: np.ndarray
    recordings: np.ndarray
    originals: np.ndarray
    notes: np.ndarray
    features: dict[str, np.ndarray]
    embeddings: dict[str, np.ndarray]
    auxiliary: dict[str, GenderTable]
    unconverted: tuple[str, ...]
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def content(self, trial: Trial) -> str:
        """Digest of what a trial reads: labels, recordings, notes, and the values of its features."""
        configuration = Configuration.of(trial.row)
        parts = {"rows": (list(self.names), self.labels, self.recordings.tolist(), self.originals, self.notes.tolist())}
        parts[gender_set(trial.variant)] = (self.features[gender_set(trial.variant)],)
        if configuration.subset:
            parts[prosodic_set(trial.variant)] = (self.features[prosodic_set(trial.variant)],)
        if configuration.embedding:
            parts[trial.encoder] = (self.embeddings[trial.encoder],)
        if trial.variant != "as-run":
            table = self.auxiliary[gender_set(trial.variant)]
            parts["auxiliary"] = (table.features, table.male, table.speakers.tolist())
        return store.digest([[name, self._digest(name, values)] for name, values in parts.items()])

    def _digest(self, name: str, values: tuple) -> str:
        if name not in self._digests:
            self._digests[name] = store.digest([store.values(each) if isinstance(each, np.ndarray) else each for each in values])
        return self._digests[name]


@dataclass(frozen=True)
class Items:
    """Rows of one trial before they are split: features joined, labels as the variant reads them.

    Args:
        values: ``(rows, n + 44)`` unscaled emotion features, then gender features.
        labels: ``(rows,)``.
        recordings: ``(rows,)``.
        originals: ``(rows,)`` as in ``Data``.
        notes: ``(rows,)`` as in ``Data``.
    """

    values: np.ndarray
    labels: np.ndarray
    recordings: np.ndarray
    originals: np.ndarray
    notes: np.ndarray

    def at(self, rows: np.ndarray) -> "Items":
        """These rows only."""
        return Items(self.values[rows], self.labels[rows], self.recordings[rows], self.originals[rows], self.notes[rows])


@dataclass(frozen=True)
class Fitted:
    """A trained network and its scaled test rows."""

    network: Network | Linear
    test: Items


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network and count its test predictions by recording: plain values, as they are kept."""
    return count(fit(trial, data, device=device), trial)


def fit(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Arrange the rows, split and balance them in the protocol's order, train."""
    configuration = Configuration.of(trial.row)
    items = arrange(trial, configuration, data)
    if configuration.smote:
        enough_for_smote(items.labels)
    order = {"as-published": _as_published, "clean": _clean}[trial.protocol]
    return order(trial, configuration, items, _estimator(trial, configuration, data, device))


def _estimator(trial: Trial, configuration: Configuration, data: Data, device: str) -> Network | Linear:
    if trial.control == "logistic regression":
        return Linear(max_iter=1000)
    return Network(
        kind=configuration.network,
        variant=trial.variant,
        auxiliary=data.auxiliary[gender_set(trial.variant)],
        recipe=Recipe(epochs=trial.epochs),
        seed=1000 * trial.seed + trial.fold,
        device=device,
        blind={"no gender branch": "gender", "gender features only": "emotion"}.get(trial.control, ""),
    )


def gender_set(variant: str) -> str:
    """Gender features of a variant: the authors' own set, or the corrected one."""
    return "gender" if variant == "as-run" else "gender-corrected"


def prosodic_set(variant: str) -> str:
    """Prosodic features of a variant: the authors' own set, or the corrected one."""
    return "prosodic" if variant == "as-run" else "prosodic-corrected"


def arrange(trial: Trial, configuration: Configuration, data: Data) -> Items:
    """Originals, then copies where the row has them, with the labels that the variant gives them.

    ``as-run`` keeps the notebooks' join by row number in the sequential rows without SMOTE: the copies take the labels of the
    first originals.
    """
    columns = [features_at(name) for name in SUBSETS.get(configuration.subset, ())]
    prosodic = data.features[prosodic_set(trial.variant)][:, columns]
    embedding = [data.embeddings[trial.encoder]] if configuration.embedding else []
    values = np.hstack([prosodic, *embedding, data.features[gender_set(trial.variant)]])
    labels = data.labels.copy()
    copied = np.flatnonzero(data.originals >= 0)
    if trial.control == "labels shuffled":
        first = np.flatnonzero(data.originals < 0)
        labels[first] = np.random.default_rng(trial.seed).permutation(labels[first])
    if trial.variant == "as-run" and configuration.network == "sequential" and not configuration.smote:
        labels[copied] = labels[: len(copied)]
    items = Items(values, labels, data.recordings, data.originals, data.notes)
    return items if configuration.copies else items.at(np.flatnonzero(data.originals < 0))


def enough_for_smote(labels: np.ndarray) -> None:
    """Refuse data in which SMOTE finds too few neighbours.

    Raises:
        ValueError: a class with fewer rows than a fold's training part needs.
    """
    needed = math.ceil((NEIGHBOURS + 1) * FOLDS / (FOLDS - 1))
    for label, rows in enumerate(np.bincount(labels)):
        if rows < needed:
            raise ValueError(
                f"class {label} has {rows} rows; SMOTE on {FOLDS} folds needs at least {needed}. Add clips or leave SMOTE out."
            )


def features_at(name: str) -> int:
    """Column of a prosodic feature among the 56."""
    return SUBSETS["56"].index(name)


def _as_published(trial: Trial, configuration: Configuration, items: Items, network: Network | Linear) -> Fitted:
    """SMOTE, then scaling, on everything; then the folds: the notebooks' order with its leaks."""
    if configuration.smote:
        items = _oversampled(items, seed=trial.seed)
    items = replace(items, values=MinMaxScaler().fit_transform(items.values))
    training, test = (items.at(rows) for rows in shuffled_folds(len(items.labels), seed=trial.seed)[trial.fold])
    return Fitted(_trained(network, training, trial), test)


def _clean(trial: Trial, configuration: Configuration, items: Items, network: Network | Linear) -> Fitted:
    """Folds by recording; copies, SMOTE and scaling inside the training part; originals scored."""
    first = items.at(np.flatnonzero(items.originals < 0))
    learned, held = grouped_folds(first.labels, first.recordings, seed=trial.seed)[trial.fold]
    test = first.at(held)
    rows = np.concatenate([learned, np.flatnonzero(np.isin(items.originals, learned))])
    training = items.at(rows)
    forbid_shared(training.recordings, test.recordings, what="recording")
    balance = [("smote", SMOTE(k_neighbors=NEIGHBOURS, random_state=trial.seed))] if configuration.smote else []
    pipeline = Pipeline([*balance, ("scale", MinMaxScaler()), ("network", network)])
    if trial.control != "always neutral":
        pipeline.fit(training.values, training.labels)
        test = replace(test, values=pipeline.named_steps["scale"].transform(test.values))
    return Fitted(network, test)


def _trained(network: Network | Linear, training: Items, trial: Trial) -> Network | Linear:
    return network if trial.control == "always neutral" else network.fit(training.values, training.labels)


def _oversampled(items: Items, *, seed: int) -> Items:
    """Rows with SMOTE's after them, class by class; emotion and gender columns choose the neighbours together, unscaled."""
    values, labels = SMOTE(k_neighbors=NEIGHBOURS, random_state=seed).fit_resample(items.values, items.labels)
    new = len(labels) - len(items.labels)
    recordings = np.concatenate([items.recordings, np.full(new, SYNTHETIC)])
    originals, notes = np.concatenate([items.originals, np.full(new, -1)]), np.concatenate([items.notes, np.full(new, "")])
    return Items(values, labels, recordings, originals, notes)


def count(fitted: Fitted, trial: Trial) -> dict:
    """Counts by (recording, true, predicted), errors by recording, and their means over the test rows.

    ``notes`` are counts by (recording, note, true, predicted) of a selected row's clean trials: for the recall by listening note.
    ``head_mse`` is the emotion head's mean squared error against the one-hot target, ``second_mse`` the second head's against the
    same (None where it has another target), ``second_zero`` the share of its outputs that are zero.
    """
    test = fitted.test
    target = np.eye(3)[test.labels]
    if trial.control == "always neutral":
        first, second = np.eye(3)[np.zeros(len(test.labels), int)], None
    else:
        first, second = fitted.network.outputs(test.values)
    predicted = first.argmax(1)
    head = np.square(first - target).mean(1)
    other = None if second is None else np.square(second - target).mean(1)
    tally = Counter(zip(test.recordings.tolist(), test.labels.tolist(), predicted.tolist(), strict=True))
    names, places = np.unique(test.recordings, return_inverse=True)
    sums = [np.bincount(places, weights) for weights in (None, head, np.zeros(len(head)) if other is None else other)]
    noted = Counter()
    if trial.row in SELECTED and trial.protocol == "clean" and trial.control == "none":
        rows = zip(test.recordings.tolist(), test.notes.tolist(), test.labels.tolist(), predicted.tolist(), strict=True)
        noted = Counter(row for row in rows if row[1])
    return {
        "counts": [[*where, number] for where, number in sorted(tally.items())],
        "notes": [[*where, number] for where, number in sorted(noted.items())],
        "errors": [[name, int(clips), float(a), float(b)] for name, clips, a, b in zip(names.tolist(), *sums, strict=True)],
        "head_mse": float(head.mean()),
        "second_mse": None if other is None else float(other.mean()),
        "second_zero": None if second is None else float((second == 0).mean()),
    }
