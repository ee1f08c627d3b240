"""One trial of paper 01: a row of Tables 2 to 4, read one way, under one protocol, one fold, one seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sercore import store
from sercore.corpora.gender_tables import GenderTable
from sercore.corpora.reports import Report
from sercore.evaluation.counting import sum_by_group, tally
from sercore.features.names import SUBSETS
from sercore.papers.alves2022.network import Linear, Network, fit_together
from sercore.papers.alves2022.rows import SELECTED, Configuration
from sercore.papers.alves2022.sides import Items, as_published, clean
from sercore.training.loop import Recipe


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
        auxiliary: gender features of other speakers, for "gender-as-run" and for "gender".
        unconverted: one sentence for each non-neutral clip without copy.
        reports: what the loaders of its corpora say (default none).
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
    reports: tuple[Report, ...] = ()
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def content(self, trial: Trial) -> str:
        """Digest of what a trial reads: labels, recordings, notes, and the values of its features."""
        configuration = Configuration.of(trial.row)
        parts = {
            "rows": (
                list(self.names),
                self.labels,
                self.recordings.tolist(),
                self.originals,
                self.notes.tolist(),
            )
        }
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
            self._digests[name] = store.digest(
                [store.values(each) if isinstance(each, np.ndarray) else each for each in values]
            )
        return self._digests[name]


@dataclass(frozen=True)
class Fitted:
    """A network, its scaled training rows and its scaled test rows.

    Args:
        network: trained, or yet to be.
        training: what it learns from, behind SMOTE where the row has it.
        test: what it is scored on.
    """

    network: Network | Linear
    training: Items
    test: Items


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network and count its test predictions by recording: plain values, as they are kept."""
    return count(fit(trial, data, device=device), trial)


def run_together(trials: Sequence[Trial], data: Data, *, device: str = "cpu") -> list[dict]:
    """What ``run`` gives of each trial, of trials that are ``alike``: their networks are trained at once."""
    return [
        count(each, trial)
        for each, trial in zip(_fitted(trials, data, device), trials, strict=True)
    ]


def alike(trial: Trial) -> tuple:
    """What trials have in common whose networks can be trained at once: architecture and loss, not data."""
    configuration = Configuration.of(trial.row)
    inputs = (configuration.subset, trial.encoder if configuration.embedding else "")
    return configuration.network, trial.variant, inputs, trial.control, trial.epochs


def fit(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Arrange the rows, split and balance them in the protocol's order, train."""
    return _fitted([trial], data, device)[0]


def _fitted(trials: Sequence[Trial], data: Data, device: str) -> list[Fitted]:
    """Trials that are ``alike``, each arranged, split, balanced and trained."""
    found = [_prepared(trial, data, device) for trial in trials]
    rows = [(each.training.values, each.training.labels) for each in found]
    if trials[0].control == "logistic regression":
        for each, (values, labels) in zip(found, rows, strict=True):
            each.network.fit(values, labels)
    elif trials[0].control != "always neutral":
        fit_together([each.network for each in found], rows)
    return found


def _prepared(trial: Trial, data: Data, device: str) -> Fitted:
    configuration = Configuration.of(trial.row)
    items = arrange(trial, configuration, data)
    sides = {"as-published": as_published, "clean": clean}[trial.protocol]
    training, test = sides(items, fold=trial.fold, seed=trial.seed, smote=configuration.smote)
    return Fitted(_estimator(trial, configuration, data, device), training, test)


def _estimator(
    trial: Trial, configuration: Configuration, data: Data, device: str
) -> Network | Linear:
    if trial.control == "logistic regression":
        return Linear(max_iter=1000)
    return Network(
        kind=configuration.network,
        variant=trial.variant,
        auxiliary=data.auxiliary[gender_set(trial.variant)],
        recipe=Recipe(epochs=trial.epochs),
        seed=1000 * trial.seed + trial.fold,
        device=device,
        blind={"no gender branch": "gender", "gender features only": "emotion"}.get(
            trial.control, ""
        ),
    )


def gender_set(variant: str) -> str:
    """Gender features of a variant: the authors' own set, or the corrected one."""
    return "gender-as-run" if variant == "as-run" else "gender"


def prosodic_set(variant: str) -> str:
    """Prosodic features of a variant: the authors' own set, or the corrected one."""
    return "prosodic-as-run" if variant == "as-run" else "prosodic"


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
    if (
        trial.variant == "as-run"
        and configuration.network == "sequential"
        and not configuration.smote
    ):
        labels[copied] = labels[: len(copied)]
    items = Items(values, labels, data.recordings, data.originals, data.notes)
    return items if configuration.copies else items.at(np.flatnonzero(data.originals < 0))


def features_at(name: str) -> int:
    """Column of a prosodic feature among the 56."""
    return SUBSETS["56"].index(name)


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
    counts_notes = trial.row in SELECTED and trial.protocol == "clean" and trial.control == "none"
    noted = (test.notes != "") & counts_notes
    return {
        "counts": tally(test.recordings, test.labels, predicted),
        "notes": tally(
            *(column[noted] for column in (test.recordings, test.notes, test.labels, predicted))
        ),
        "errors": sum_by_group(
            test.recordings, head, np.zeros(len(head)) if other is None else other
        ),
        "head_mse": float(head.mean()),
        "second_mse": None if other is None else float(other.mean()),
        "second_zero": None if second is None else float((second == 0).mean()),
    }
