"""One training of Alves et al. 2022: its configuration, splits, network and counted predictions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import MinMaxScaler

from sercore import store
from sercore.corpora.clips import Report
from sercore.corpora.gender_tables import GenderTable
from sercore.corpora.labels import THREE
from sercore.evaluation.metrics import sum_by_group, tally
from sercore.features.names import SUBSETS
from sercore.papers.alves2022.network import Linear, Network, fit_together
from sercore.protocols.splits import forbid_shared, grouped_folds, shuffled_folds
from sercore.training.loop import Recipe

# Printed names of the 26 configurations.
TABLES = {
    "Table 2": (
        "(1) Seq. wav2vec - SMOTE + CG",
        "(2) Seq. all prosodic + SMOTE - CG",
        "(3) Seq. all prosodic + SMOTE + CG",
        "(4) Seq. all prosodic and wav2vec + SMOTE - CG",
        "(5) Seq. wav2vec + SMOTE - CG",
        "(6) Seq. wav2vec + SMOTE + CG",
        "(7) Seq. all prosodic and wav2vec + SMOTE + CG",
    ),
    "Table 3": (
        "(1) Multi-task wav2vec - SMOTE + CG",
        "(2) Multi-task all prosodic + SMOTE + CG",
        "(3) Multi-task all prosodic + SMOTE - CG",
        "(4) Multi-task wav2vec + SMOTE - CG",
        "(5) Multi-task wav2vec + SMOTE + CG",
        "(6) Multi-task all prosodic and wav2vec + SMOTE + CG",
        "(7) Multi-task all prosodic and wav2vec + SMOTE - CG",
    ),
    "Table 4": (
        "(1) Seq. 8 prosodic - SMOTE + CG",
        "(2) Seq. 8 prosodic + SMOTE + CG",
        "(3) Seq. 19 prosodic + SMOTE - CG",
        "(4) Seq. 8 prosodic + SMOTE - CG",
        "(5) Seq. 19 prosodic + SMOTE + CG",
        "(6) Multi-task 8 prosodic - SMOTE + CG",
        "(7) Multi-task 8 prosodic + SMOTE - CG",
        "(8) Multi-task 19 prosodic + SMOTE - CG",
        "(9) Multi-task 8 prosodic + SMOTE + CG",
        "(10) Multi-task 19 prosodic + SMOTE + CG",
        "(11) Multi-task 10 prosodic + SMOTE + CG",
        "(12) Multi-task 29 prosodic + SMOTE + CG",
    ),
}
ROWS = tuple(row for rows in TABLES.values() for row in rows)

ROW = re.compile(
    r"\(\d+\) (?P<network>Seq\.|Multi-task) (?P<features>.+) "
    r"(?P<smote>[+-]) SMOTE (?P<copies>[+-]) CG"
)
NETWORKS = {"Seq.": "sequential", "Multi-task": "multi-task"}
# Prosodic subset, by its size, and whether the embedding is joined, by what a row's name says.
FEATURES = {
    "wav2vec": ("", True),
    "all prosodic": ("56", False),
    "all prosodic and wav2vec": ("56", True),
    **{f"{size} prosodic": (size, False) for size in ("8", "10", "19", "29")},
}
# The rows whose networks were submitted to the challenge, in that order (sections 3.1 to 3.4).
SELECTED = (
    "(7) Seq. all prosodic and wav2vec + SMOTE + CG",
    "(7) Multi-task all prosodic and wav2vec + SMOTE - CG",
    "(12) Multi-task 29 prosodic + SMOTE + CG",
)
NEIGHBOURS = 5  # SMOTE's default, section 2.2
SYNTHETIC = "synthetic"  # the recording under which SMOTE's rows are counted
BLIND = {"no gender branch": "gender", "gender features only": "emotion"}  # by control


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Network, features and balancing of a printed row."""

    network: str  # "multi-task" or "sequential"
    subset: str  # prosodic subset, by its size; empty for none
    embedding: bool  # a speech encoder's is read
    smote: bool
    copies: bool  # gender-changed copies are joined

    @classmethod
    def of(cls, row: str) -> "Configuration":
        """Read a printed row name, and refuse one that is no configuration."""
        match = ROW.fullmatch(row)
        if not match or match["features"] not in FEATURES:
            raise ValueError(
                f"row {row!r}: not a configuration of Tables 2 to 4; expected a name such as "
                "'(3) Multi-task all prosodic + SMOTE - CG'"
            )
        subset, embedding = FEATURES[match["features"]]
        return cls(
            network=NETWORKS[match["network"]],
            subset=subset,
            embedding=embedding,
            smote=match["smote"] == "+",
            copies=match["copies"] == "+",
        )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training.

    Its control is "none"; "labels shuffled"; "always neutral"; "no gender branch" (zeros in place
    of the gender features behind SMOTE, and no gender task); "gender features only" (zeros in place
    of the others); or "logistic regression" (on the emotion features, in place of the network).
    """

    row: str  # printed name of the configuration
    variant: str  # "as-run" (the authors' notebooks) or "as-described" (the paper's text)
    protocol: str  # "as-published" (with its leaks) or "clean"
    fold: int
    seed: int  # of folds, SMOTE, weights and row order
    edition: str
    control: str = "none"
    epochs: int = 300  # section 3
    encoder: str = "none"  # name of the speech encoder, where the row reads an embedding

    def feature_set(self, kind: str) -> str:
        """Name the "gender" or "prosodic" features that the variant reads: the authors' or ours."""
        return f"{kind}-as-run" if self.variant == "as-run" else kind


@dataclass(frozen=True)
class Data:
    """Clips, originals sorted by name first, then copies sorted by name."""

    names: tuple[str, ...]  # of the files, without ending
    paths: tuple[str, ...]
    labels: np.ndarray  # 0 neutral, 1 non-neutral female, 2 non-neutral male, of a copy its new one
    recordings: np.ndarray  # that a clip, or a copy's original, was cut from
    originals: np.ndarray  # row of the original for a copy, -1 for an original
    notes: np.ndarray  # letters of what listeners noted, "-" for nothing; empty where unheard
    features: dict[str, np.ndarray]  # (rows, width) by feature set
    embeddings: dict[str, np.ndarray]  # (rows, width) by encoder
    auxiliary: dict[str, GenderTable]  # other speakers, for "gender-as-run" and for "gender"
    unconverted: tuple[str, ...]  # one sentence for each non-neutral clip without copy
    reports: tuple[Report, ...] = ()
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def content(self, trial: Trial) -> str:
        """Return a digest of what a trial reads: labels, recordings, notes, and its features."""
        configuration = Configuration.of(trial.row)
        recordings, notes = self.recordings.tolist(), self.notes.tolist()
        parts = {"rows": (list(self.names), self.labels, recordings, self.originals, notes)}
        sets = [trial.feature_set("gender")]
        if configuration.subset:
            sets.append(trial.feature_set("prosodic"))
        for name in sets:
            parts[name] = (self.features[name],)
        if configuration.embedding:
            parts[trial.encoder] = (self.embeddings[trial.encoder],)
        if trial.variant != "as-run":
            table = self.auxiliary[trial.feature_set("gender")]
            parts["auxiliary"] = (table.features, table.male, table.speakers.tolist())
        return store.digest([[name, self._digest(name, values)] for name, values in parts.items()])

    def _digest(self, name: str, values: tuple) -> str:
        if name not in self._digests:
            plain = [
                store.values(part) if isinstance(part, np.ndarray) else part for part in values
            ]
            self._digests[name] = store.digest(plain)
        return self._digests[name]


@dataclass(frozen=True)
class Items:
    """Rows of one trial; what is not said here is as in ``Data``."""

    values: np.ndarray  # (rows, width): the emotion features, then the 44 of gender
    labels: np.ndarray
    recordings: np.ndarray
    originals: np.ndarray
    notes: np.ndarray

    def at(self, rows: np.ndarray) -> "Items":
        """Select these rows."""
        return Items(*(column[rows] for column in vars(self).values()))


@dataclass(frozen=True)
class Fitted:
    """A network, its scaled training rows (behind SMOTE where the row has it) and its test rows."""

    network: Network | Linear
    training: Items
    test: Items


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train one network and count its test predictions by recording, as plain values."""
    return count(fit(trial, data, device=device), trial)


def run_together(trials: Sequence[Trial], data: Data, *, device: str = "cpu") -> list[dict]:
    """Return the outcome of each of several trials that are ``alike``, trained at once."""
    return list(map(count, _fitted(trials, data, device), trials))


def alike(trial: Trial) -> tuple:
    """Return what trials share whose networks can be trained at once: architecture and loss."""
    configuration = Configuration.of(trial.row)
    inputs = (configuration.subset, trial.encoder if configuration.embedding else "")
    return configuration.network, trial.variant, inputs, trial.control, trial.epochs


def fit(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Arrange the rows, split and balance them in the protocol's order, train."""
    return _fitted([trial], data, device)[0]


def _fitted(trials: Sequence[Trial], data: Data, device: str) -> list[Fitted]:
    """Prepare and train trials that are ``alike``."""
    prepared = [_prepared(trial, data, device) for trial in trials]
    if trials[0].control == "logistic regression":
        for fitted in prepared:
            fitted.network.fit(fitted.training.values, fitted.training.labels)
    elif trials[0].control != "always neutral":
        rows = [(fitted.training.values, fitted.training.labels) for fitted in prepared]
        fit_together([fitted.network for fitted in prepared], rows)
    return prepared


def _prepared(trial: Trial, data: Data, device: str) -> Fitted:
    """Split and balance the rows of a trial, and make its network, which is yet to be trained."""
    configuration = Configuration.of(trial.row)
    split = as_published if trial.protocol == "as-published" else clean
    items = arrange(trial, configuration, data)
    training, test = split(items, fold=trial.fold, seed=trial.seed, smote=configuration.smote)
    if trial.control == "logistic regression":
        return Fitted(Linear(max_iter=1000), training, test)
    network = Network(
        kind=configuration.network,
        variant=trial.variant,
        auxiliary=data.auxiliary[trial.feature_set("gender")],
        recipe=Recipe(epochs=trial.epochs),
        seed=1000 * trial.seed + trial.fold,
        device=device,
        blind=BLIND.get(trial.control, ""),
    )
    return Fitted(network, training, test)


def arrange(trial: Trial, configuration: Configuration, data: Data) -> Items:
    """Return originals, then copies where the row has them, labelled as the variant reads them.

    ``as-run`` keeps the notebooks' join by row number in the sequential rows without SMOTE: the
    copies take the labels of the first originals.
    """
    columns = [SUBSETS["56"].index(name) for name in SUBSETS.get(configuration.subset, ())]
    parts = [data.features[trial.feature_set("prosodic")][:, columns]]
    if configuration.embedding:
        parts.append(data.embeddings[trial.encoder])
    parts.append(data.features[trial.feature_set("gender")])
    labels = data.labels.copy()
    original = np.flatnonzero(data.originals < 0)
    copied = np.flatnonzero(data.originals >= 0)
    if trial.control == "labels shuffled":
        labels[original] = np.random.default_rng(trial.seed).permutation(labels[original])
    is_sequential = configuration.network == "sequential"
    if trial.variant == "as-run" and is_sequential and not configuration.smote:
        labels[copied] = labels[: len(copied)]
    items = Items(np.hstack(parts), labels, data.recordings, data.originals, data.notes)
    return items if configuration.copies else items.at(original)


def as_published(items: Items, *, fold: int, seed: int, smote: bool) -> tuple[Items, Items]:
    """Return scaled training and test rows in the notebooks' order, with its leaks.

    SMOTE (section 2.2), then scaling, see everything; then come the folds.
    """
    if smote:
        items = _oversampled(items, "clips", seed=seed)
    items = replace(items, values=MinMaxScaler().fit_transform(items.values))
    training, test = shuffled_folds(len(items.labels), seed=seed)[fold]
    return items.at(training), items.at(test)


def clean(items: Items, *, fold: int, seed: int, smote: bool) -> tuple[Items, Items]:
    """Return scaled training and test rows: folds by recording, and originals alone are scored.

    Copies, SMOTE and scaling are made of the training part; a recording on both sides is refused.
    """
    originals = items.at(np.flatnonzero(items.originals < 0))
    learned, held_out = grouped_folds(originals.labels, originals.recordings, seed=seed)[fold]
    copied = np.flatnonzero(np.isin(items.originals, learned))
    training, test = items.at(np.concatenate([learned, copied])), originals.at(held_out)
    forbid_shared(training.recordings, test.recordings, what="recording")
    if smote:
        training = _oversampled(training, f"clips in the training part of fold {fold}", seed=seed)
    scaler = MinMaxScaler().fit(training.values)
    training = replace(training, values=scaler.transform(training.values))
    return training, replace(test, values=scaler.transform(test.values))


def _oversampled(items: Items, what: str, *, seed: int) -> Items:
    """Append SMOTE's rows, class by class; emotion and gender columns choose the neighbours."""
    counts = np.bincount(items.labels, minlength=len(THREE))
    for name, rows in zip(THREE, counts.tolist(), strict=True):
        if rows <= NEIGHBOURS:
            raise ValueError(
                f"{rows} {what} are {name}; SMOTE draws on {NEIGHBOURS} neighbours and needs at "
                f"least {NEIGHBOURS + 1}. Add clips, or leave SMOTE out."
            )
    balancer = SMOTE(k_neighbors=NEIGHBOURS, random_state=seed)
    values, labels = balancer.fit_resample(items.values, items.labels)
    new = len(labels) - len(items.labels)
    return Items(
        values,
        labels,
        np.concatenate([items.recordings, np.full(new, SYNTHETIC)]),
        np.concatenate([items.originals, np.full(new, -1)]),
        np.concatenate([items.notes, np.full(new, "")]),
    )


def count(fitted: Fitted, trial: Trial) -> dict:
    """Count predictions, and sum squared errors against the one-hot target, over the test rows.

    ``counts`` are rows (recording, true, predicted, clips), ``notes`` the same behind a listening
    note, of a selected row's clean trial; ``errors`` are rows (recording, clips, summed error of
    the emotion head, of the second head). The second head's scalars are None where it has another
    target; ``second_zero`` is the share of its outputs that are zero.
    """
    test = fitted.test
    target = np.eye(3)[test.labels]
    if trial.control == "always neutral":
        first, second = np.eye(3)[np.zeros(len(test.labels), int)], None
    else:
        first, second = fitted.network.outputs(test.values)
    predicted = first.argmax(1)
    head = np.square(first - target).mean(1)
    other, second_mse, second_zero = np.zeros(len(head)), None, None
    if second is not None:
        other = np.square(second - target).mean(1)
        second_mse, second_zero = float(other.mean()), float((second == 0).mean())
    noted = test.notes != ""
    if trial.row not in SELECTED or trial.protocol != "clean" or trial.control != "none":
        noted[:] = False
    columns = (test.recordings, test.notes, test.labels, predicted)
    return {
        "counts": tally(test.recordings, test.labels, predicted),
        "notes": tally(*(column[noted] for column in columns)),
        "errors": sum_by_group(test.recordings, head, other),
        "head_mse": float(head.mean()),
        "second_mse": second_mse,
        "second_zero": second_zero,
    }
