"""The auxiliary gender task of Alves et al. 2022: classifiers on 44 features (section 2.1.2).

The paper names the six classifiers and gives two accuracies; their settings are in neither the
paper nor the stored outputs of the co-author's public project, so they are scikit-learn's defaults,
but for the random forest's 5 trees, which that project names. The MLP settles within its default
200 iterations on every table that is read here.
"""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from torch import Tensor

from sercore import store
from sercore.corpora.gender_tables import GenderTable
from sercore.evaluation.metrics import sum_by_group, tally
from sercore.papers.alves2022.network import STAGE_ONE, stage_one
from sercore.protocols.speakers import forbid_shared
from sercore.protocols.splits import FOLDS, Fold, shuffled_folds
from sercore.training import loop, objectives
from sercore.training.devices import choose

CLASSIFIERS = {
    "decision tree": DecisionTreeClassifier(),
    "random forest": RandomForestClassifier(5),
    "gradient boosting": GradientBoostingClassifier(),
    "logistic regression": LogisticRegression(),
    "SVM": SVC(),
    "MLP": MLPClassifier(),
}
CLASSIFIER = re.compile(r"gender classifier \((?P<name>[^()]+)\)(?P<elsewhere>, Common Voice)?")
NETWORK = "gender network, stage 1"
UNKNOWN = "unknown"  # the speaker under which Common Voice's clips are counted
SEXES = ("female", "male")


@dataclass(frozen=True, kw_only=True)
class GenderTrial:
    """One training on the auxiliary task; its fields are those of the emotion trials.

    A classifier's protocol is "as-published" only: the co-author's own draws share no speaker, so
    that there is no leak for a clean twin to mend. Stage 1 has both: clips split at random after
    scaling, as in the notebooks, or speakers kept apart.
    """

    row: (
        str  # "gender classifier (NAME)", may end in ", Common Voice", or "gender network, stage 1"
    )
    variant: str = "as-run"
    protocol: str
    fold: int
    seed: int  # of the folds, of the classifier, of weights and row order
    edition: str
    control: str = "none"
    epochs: int = 100  # of stage 1, the notebooks'
    encoder: str = "none"


@dataclass(frozen=True)
class GenderData:
    """Tables that the trials read."""

    mls: GenderTable  # ten known speakers: MLS in pieces of 3 s, or the demo's
    common_voice: GenderTable | None  # a test set without speakers, never trained on

    def content(self, trial: GenderTrial) -> str:
        """Return a digest of features, labels and speakers of the tables that a trial reads."""
        parts = []
        for table in self.read_by(trial):
            values = store.values(table.features), store.values(table.male)
            parts.append([*values, table.speakers.tolist()])
        return store.digest(parts)

    def read_by(self, trial: GenderTrial) -> list[GenderTable]:
        """Return the table of the training, and Common Voice where the trial is tested on it."""
        match = CLASSIFIER.fullmatch(trial.row)
        if not (match and match["elsewhere"]):
            return [self.mls]
        if self.common_voice is None:
            raise ValueError(
                f"{trial.row}: the data hold no Common Voice table; put it there, or leave this "
                "row out of the grid."
            )
        return [self.mls, self.common_voice]


@dataclass(frozen=True)
class Fitted:
    """A scaler, the model trained on its output, and the test rows, unscaled."""

    scaler: BaseEstimator
    model: "BaseEstimator | StageOne"
    test: GenderTable

    def male(self) -> np.ndarray:
        """Return the probability of a male voice ``(rows,)``; of the SVM its answer 0 or 1."""
        values = self.scaler.transform(self.test.features)
        if hasattr(self.model, "predict_proba"):
            return self.model.predict_proba(values)[:, 1]
        return self.model.predict(values)


@dataclass
class StageOne:
    """Stage 1 of the sequential network with scikit-learn's ``fit`` and ``predict_proba``.

    Source: Alves et al. 2022, section 2.4; loss and batch are the notebooks'.
    """

    epochs: int
    seed: int
    device: str = "cpu"

    def fit(self, X: np.ndarray, y: np.ndarray) -> "StageOne":
        """Train on scaled rows ``(rows, 44)`` with labels 0 female, 1 male."""
        generator = torch.Generator().manual_seed(self.seed)
        recipe = replace(STAGE_ONE, epochs=self.epochs)
        gender, male = self._tensor(X), self._tensor(y[:, None])
        self.network_, batches = stage_one(gender, male, recipe=recipe, generator=generator)
        loop.train_together([self.network_], objectives.gender_error, [batches], recipe=recipe)
        return self

    @torch.no_grad()
    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities of a female and of a male voice, ``(rows, 2)``."""
        male = self.network_(self._tensor(X)).cpu().double().numpy()
        return np.hstack([1 - male, male])

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=choose(self.device))


def grid(edition: str, seeds: Iterable[int], *, common_voice: bool = False) -> list[GenderTrial]:
    """Return the trials of an edition: rows x seeds x folds, stage 1 under both protocols."""
    rows = [f"gender classifier ({name})" for name in CLASSIFIERS]
    if common_voice:
        rows += [f"{row}, Common Voice" for row in rows]
    kinds = [(row, "as-published") for row in [*rows, NETWORK]] + [(NETWORK, "clean")]
    trials = []
    for (row, protocol), seed, fold in itertools.product(kinds, seeds, range(FOLDS)):
        trial = GenderTrial(row=row, protocol=protocol, fold=fold, seed=seed, edition=edition)
        trials.append(trial)
    return trials


def run(trial: GenderTrial, data: GenderData, *, device: str = "cpu") -> dict:
    """Train one model and count its test predictions by speaker, as plain values."""
    return count(fit(trial, data, device=device))


def fit(trial: GenderTrial, data: GenderData, *, device: str = "cpu") -> Fitted:
    """Split, scale, train.

    Classifiers are standardised with the training speakers' statistics. Stage 1 maps each feature
    to [0, 1]: as published by the range of all rows, clean by that of the training rows.
    """
    _refuse_unknown(trial)
    table, *elsewhere = data.read_by(trial)
    is_mixed = trial.row == NETWORK and trial.protocol == "as-published"
    if is_mixed:
        learned, held_out = shuffled_folds(len(table.male), seed=trial.seed)[trial.fold]
    else:
        learned, held_out = speaker_folds(table, seed=trial.seed)[trial.fold]
        forbid_shared(table.speakers[learned], table.speakers[held_out], what="speaker")
    if trial.row == NETWORK:
        scaler, model = MinMaxScaler(), StageOne(trial.epochs, trial.seed, device)
    else:
        classifier = CLASSIFIERS[CLASSIFIER.fullmatch(trial.row)["name"]]
        scaler, model = StandardScaler(), clone(classifier).set_params(random_state=trial.seed)
    scaler.fit(table.features if is_mixed else table.features[learned])
    model.fit(scaler.transform(table.features[learned]), table.male[learned])
    if elsewhere:
        return Fitted(scaler, model, elsewhere[0])
    columns = (column[held_out] for column in (table.features, table.male, table.speakers))
    return Fitted(scaler, model, GenderTable(*columns, table.content))


def speaker_folds(table: GenderTable, *, seed: int) -> list[Fold]:
    """Return folds that each hold out a fifth of the women and a fifth of the men, at random.

    Of ten speakers that is one woman and one man; of CETUC's hundred ten and ten, as the
    co-author's draws do. A speaker of both sexes, or fewer than five of one, are refused.
    """
    generator = np.random.default_rng(seed)
    women, men = (np.unique(table.speakers[table.male == sex]) for sex in range(len(SEXES)))
    both = np.intersect1d(women, men)
    if len(both):
        raise ValueError(
            f"speaker {both[0]} has rows of both sexes ({len(both)} such); expected one sex each. "
            "Mend the labels."
        )
    parts = []
    for sex, speakers in zip(SEXES, (women, men), strict=True):
        if len(speakers) < FOLDS:
            raise ValueError(
                f"{len(speakers)} {sex} speakers; {FOLDS} folds hold out one each and need "
                f"{FOLDS}. Add speakers."
            )
        parts.append(np.array_split(generator.permutation(speakers), FOLDS))
    folds = []
    for pair in zip(*parts, strict=True):
        is_held_out = np.isin(table.speakers, np.concatenate(pair))
        folds.append((np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)))
    return folds


def count(fitted: Fitted) -> dict:
    """Count by (speaker, true, predicted), 1 male and 0 female, and sum squared errors by speaker.

    There is no second head, so that its errors are 0 and its scalars None. A probability of exactly
    one half counts as female, as scikit-learn's own answer does.
    """
    test, male = fitted.test, fitted.male()
    head = np.square(male - test.male)
    return {
        "counts": tally(test.speakers, test.male, (male > 0.5).astype(int)),
        "errors": sum_by_group(test.speakers, head, np.zeros(len(head))),
        "head_mse": float(head.mean()),
        "second_mse": None,
        "second_zero": None,
    }


def _refuse_unknown(trial: GenderTrial) -> None:
    match = CLASSIFIER.fullmatch(trial.row)
    if trial.row != NETWORK and not (match and match["name"] in CLASSIFIERS):
        raise ValueError(
            f"row {trial.row!r}: no gender model; expected a name such as "
            f"'gender classifier (SVM)' or {NETWORK!r}"
        )
    protocols = ("as-published", "clean") if trial.row == NETWORK else ("as-published",)
    allowed = {"variant": ("as-run",), "control": ("none",), "encoder": ("none",)}
    for name, values in {"protocol": protocols, **allowed}.items():
        if getattr(trial, name) not in values:
            raise ValueError(
                f"{trial.row}: {name} {getattr(trial, name)!r} does not exist for it; expected "
                f"{' or '.join(map(repr, values))}. Use that."
            )
