"""One training of Alves et al. 2022: its configuration, splits, network and counted predictions."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import MinMaxScaler

from sercore import store
from sercore.corpora.clips import Report
from sercore.corpora.gender_tables import GenderTable
from sercore.corpora.labels import THREE
from sercore.evaluation.embeddings import neighbours
from sercore.evaluation.metrics import sum_by_group, tally
from sercore.features.names import SUBSETS
from sercore.papers.alves2022 import splitting
from sercore.papers.alves2022.network import LINEAR, Linear, Network, fit_together
from sercore.papers.alves2022.splitting import AND, ENDS, STEPS, SYNTHETIC, Items, split, steps_of
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

# Printed names have a number; rows that the paper lacks have none.
ROW = re.compile(
    r"(\(\d+\) )?(?P<network>Seq\.|Multi-task) (?P<features>.+) "
    r"(- SMOTE|\+ (?P<balancer>SMOTE|oversampling)) (?P<copies>[+-]) CG"
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
BLIND = {"no gender branch": "gender", "gender features only": "emotion"}  # by control
RECORDED, COPY = "recorded clip", "gender-changed copy"  # origins of a row, beside SMOTE
SWAPPED = np.array([0, 2, 1])  # label of a copy, by that of its original
ACTORS, RANDOM_SEX = "gender of actors", "sexes shuffled"  # controls of the transfer
# A control may say of how many recordings of the training part a network learns.
FEWER = re.compile(r"(?P<recordings>\d+) recordings(, (?P<model>.+))?")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Network, features and balancing of a row."""

    network: str  # "multi-task" or "sequential"
    subset: str  # prosodic subset, by its size; empty for none
    embedding: bool  # a speech encoder's is read
    balancer: str  # "SMOTE", "oversampling", or empty
    copies: bool  # gender-changed copies are joined

    @classmethod
    def of(cls, row: str) -> "Configuration":
        """Read a row's name, and refuse one that is no configuration."""
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
            balancer=match["balancer"] or "",
            copies=match["copies"] == "+",
        )


def protocol_of(row: str, steps: Collection[str]) -> str:
    """Name the protocol of a row that takes these steps; those that change nothing are left out."""
    configuration = Configuration.of(row)
    idle = {"SMOTE inside": not configuration.balancer, "copies kept": not configuration.copies}
    wanted = [step for step in STEPS if not idle.get(step, False)]
    taken = [step for step in wanted if step in steps]
    if len(taken) in (0, len(wanted)):
        return ENDS[bool(taken)]
    return AND.join(taken)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training.

    Its control is "none"; "labels shuffled" (a copy's with its original's); "always neutral"; "no
    gender branch" (zeros in place of the gender features behind SMOTE, and no gender task); "gender
    features only" (zeros in place of the others); a linear model on the emotion features in place
    of the network (see ``LINEAR``); "gender of actors" (the gender task's speakers are others) or
    "sexes shuffled" (their sexes are); or "40 recordings", of so many recordings of the training
    part, also with ", logistic regression".
    """

    row: str  # printed name of the configuration
    variant: str  # "as-run" (the authors' notebooks) or "as-described" (the paper's text)
    protocol: (
        str  # "as-published" (with its leaks), "clean", or steps between them, joined by " + "
    )
    fold: int
    seed: int  # of folds, SMOTE, weights and row order
    edition: str
    control: str = "none"
    epochs: int = 300  # section 3
    encoder: str = "none"  # name of the speech encoder, where the row reads an embedding

    def feature_set(self, kind: str) -> str:
        """Name the "gender" or "prosodic" features that the variant reads: the authors' or ours."""
        return f"{kind}-as-run" if self.variant == "as-run" else kind

    @property
    def auxiliary(self) -> str:
        """Name the other speakers whose gender is learned."""
        return ACTORS if self.control == ACTORS else self.feature_set("gender")

    @property
    def linear(self) -> str:
        """Name the linear model that stands in for the network; empty for none."""
        match = FEWER.fullmatch(self.control)
        name = (match["model"] or "") if match else self.control
        return name if name in LINEAR else ""


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
    auxiliary: dict[str, GenderTable]  # other speakers, by the name that a trial has for them
    unconverted: tuple[str, ...]  # one sentence for each non-neutral clip without copy
    reports: tuple[Report, ...] = ()
    classes: tuple[str, ...] = THREE  # by position
    own: "OwnSides | None" = None  # of a researcher's clips, whose recordings are corpus/speaker
    _digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def table(self) -> pd.DataFrame:
        """One row a clip, with its recording and, of a copy, the file of its original."""
        originals = [self.paths[row] if row >= 0 else None for row in self.originals]
        columns = {"path": self.paths, "recording": self.recordings, "original": originals}
        return pd.DataFrame(columns)

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
        if self.own is not None:
            plain = [list(self.classes), self.own.folds, list(self.own.tested)]
            parts["own"] = (*plain, list(self.own.unseen))
        if trial.variant != "as-run":
            table = self.auxiliary[trial.auxiliary]
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
class OwnSides:
    """How a researcher's clips are divided; their recordings are corpus/speaker."""

    clips: pd.DataFrame  # the originals, in the order of their rows
    folds: int  # of speakers: at most five, and no more than a class has
    tested: tuple[str, ...] = ()  # speakers whom a given split tests
    unseen: tuple[str, ...] = ()  # speakers of corpora that are only tested

    def has_fold(self, trial: Trial) -> bool:
        """Tell whether a trial's fold exists: a given split is one fold of speakers."""
        is_by_speaker = "recordings apart" in steps_of(trial.protocol)
        if self.tested:
            return not is_by_speaker or trial.fold == 0
        return trial.fold < self.folds


@dataclass(frozen=True)
class Fitted:
    """A network, its scaled training rows (behind SMOTE where the row has it) and its test rows."""

    network: Network | Linear
    training: Items
    test: Items
    scaler: MinMaxScaler
    classes: int = len(THREE)


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


def score(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Do as ``run``, and keep the counts alone."""
    return score_together([trial], data, device=device)[0]


def score_together(trials: Sequence[Trial], data: Data, *, device: str = "cpu") -> list[dict]:
    """Do as ``run_together``, and keep the counts alone."""
    return [{"counts": each["counts"]} for each in run_together(trials, data, device=device)]


def score_transfer_together(
    trials: Sequence[Trial], data: Data, *, device: str = "cpu"
) -> list[dict]:
    """Do as ``score_together``, and say how well each network tells gender.

    ``gender_accuracy`` is a share of clips of the gender task's speakers that were held out; None
    for a network that learns no gender.
    """
    outcomes = []
    for trial, fitted in zip(trials, _fitted(trials, data, device), strict=True):
        counts = count(fitted, trial)["counts"]
        accuracy = fitted.network.gender_accuracy()
        outcomes.append({"counts": counts, "gender_accuracy": accuracy})
    return outcomes


def score_transfer(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Do as ``score_transfer_together`` for one trial."""
    return score_transfer_together([trial], data, device=device)[0]


def shared_layer(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    """Train a network, and place the shared layer of its test rows in the plane by t-SNE.

    Each row of ``map`` is (origin, class, x, y); the origin is a recorded clip, a gender-changed
    copy or SMOTE.
    """
    fitted = fit(trial, data, device=device)
    test = fitted.test
    places = neighbours(fitted.network.hidden(test.values), seed=trial.seed)
    origins = np.where(test.originals >= 0, COPY, RECORDED)
    origins = np.where(test.recordings == SYNTHETIC, "SMOTE", origins)
    rows = zip(origins.tolist(), test.labels.tolist(), *places.T.tolist(), strict=True)
    return {"map": [list(row) for row in rows]}


def fit(trial: Trial, data: Data, *, device: str = "cpu") -> Fitted:
    """Arrange the rows, split and balance them in the protocol's order, train."""
    return _fitted([trial], data, device)[0]


def _fitted(trials: Sequence[Trial], data: Data, device: str) -> list[Fitted]:
    """Prepare and train trials that are ``alike``."""
    prepared = [_prepared(trial, data, device) for trial in trials]
    if trials[0].linear:
        for fitted in prepared:
            fitted.network.fit(fitted.training.values, fitted.training.labels)
    elif trials[0].control != "always neutral":
        rows = [(fitted.training.values, fitted.training.labels) for fitted in prepared]
        fit_together([fitted.network for fitted in prepared], rows)
    return prepared


def _prepared(trial: Trial, data: Data, device: str) -> Fitted:
    """Split and balance the rows of a trial, and make its network, which is yet to be trained."""
    configuration = Configuration.of(trial.row)
    training, test, scaler = divide(trial, data)
    n_classes = len(data.classes)
    if trial.linear:
        model = Linear(LINEAR[trial.linear](), n_classes)
        return Fitted(model, training, test, scaler, n_classes)
    network = Network(
        kind=configuration.network,
        variant=trial.variant,
        auxiliary=data.auxiliary.get(trial.auxiliary),
        recipe=Recipe(epochs=trial.epochs),
        seed=1000 * trial.seed + trial.fold,
        device=device,
        blind=BLIND.get(trial.control, ""),
        shuffles_sexes=trial.control == RANDOM_SEX,
        classes=n_classes,
    )
    return Fitted(network, training, test, scaler, n_classes)


def divide(trial: Trial, data: Data) -> tuple[Items, Items, MinMaxScaler]:
    """Return the scaled training and test rows of a trial, and their scaler."""
    items, here, away = _arranged(trial, data)
    fewer = FEWER.fullmatch(trial.control)
    return split(
        items.at(here),
        balancer=Configuration.of(trial.row).balancer,
        recordings=int(fewer["recordings"]) if fewer else None,
        away=items.at(away) if len(away) else None,
        classes=data.classes,
        **_place(trial, data),
    )


def sides(trial: Trial, data: Data) -> dict[str, np.ndarray]:
    """Return the rows of each side of a trial's split, by its name."""
    items, here, away = _arranged(trial, data)
    about = {"balancer": Configuration.of(trial.row).balancer} | _place(trial, data)
    parts = splitting.sides(items.at(here), **about)
    unseen = {"unseen": away} if len(away) else {}
    return {name: here[rows] for name, rows in parts.items()} | unseen


def _arranged(trial: Trial, data: Data) -> tuple[Items, np.ndarray, np.ndarray]:
    """Return a trial's rows; and which are of corpora that no training sees, behind the others."""
    items = arrange(trial, Configuration.of(trial.row), data)
    speakers = () if data.own is None else data.own.unseen
    is_away = np.isin(items.recordings, list(speakers))
    return items, np.flatnonzero(~is_away), np.flatnonzero(is_away)


def _place(trial: Trial, data: Data) -> dict[str, Any]:
    """Say which fold of which split a trial tests, as ``splitting.divided`` takes it."""
    place = {"fold": trial.fold, "seed": trial.seed, "steps": steps_of(trial.protocol)}
    if data.own is not None:
        place |= {"folds": data.own.folds, "tested": data.own.tested}
    return place


def arrange(trial: Trial, configuration: Configuration, data: Data) -> Items:
    """Return originals, then copies where the row has them, labelled as the variant reads them.

    ``as-run`` keeps the notebooks' join by row number in the sequential rows without SMOTE: the
    copies take the labels of the first originals.
    """
    parts = []
    if configuration.subset:
        columns = [SUBSETS["56"].index(name) for name in SUBSETS[configuration.subset]]
        parts.append(data.features[trial.feature_set("prosodic")][:, columns])
    if configuration.embedding:
        parts.append(data.embeddings[trial.encoder])
    parts.append(data.features[trial.feature_set("gender")])
    labels = data.labels.copy()
    original = np.flatnonzero(data.originals < 0)
    copied = np.flatnonzero(data.originals >= 0)
    if trial.control == "labels shuffled":
        labels[original] = np.random.default_rng(trial.seed).permutation(labels[original])
        labels[copied] = SWAPPED[labels[data.originals[copied]]]
    is_sequential = configuration.network == "sequential"
    if trial.variant == "as-run" and is_sequential and not configuration.balancer:
        labels[copied] = labels[: len(copied)]
    items = Items(np.hstack(parts), labels, data.recordings, data.originals, data.notes)
    return items if configuration.copies else items.at(original)


def count(fitted: Fitted, trial: Trial) -> dict:
    """Count predictions, and sum squared errors against the one-hot target, over the test rows.

    ``counts`` are rows (recording, true, predicted, clips), ``notes`` the same behind a listening
    note, of a selected row's clean trial; ``errors`` are rows (recording, clips, summed error of
    the emotion head, of the second head). The second head's scalars are None where it has another
    target; ``second_zero`` is the share of its outputs that are zero.
    """
    test = fitted.test
    target = np.eye(fitted.classes)[test.labels]
    if trial.control == "always neutral":
        first, second = np.eye(fitted.classes)[np.zeros(len(test.labels), int)], None
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
