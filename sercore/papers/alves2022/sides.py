"""Rows of one trial of paper 01: how they are split, balanced and scaled, in the order that each protocol does it (section 2.2)."""

from dataclasses import dataclass, replace

import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import MinMaxScaler

from sercore.corpora.labels import THREE
from sercore.protocols.splits import forbid_shared, grouped_folds, shuffled_folds

NEIGHBOURS = 5  # SMOTE's default, section 2.2
SYNTHETIC = "synthetic"  # the recording under which SMOTE's rows are counted


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
        return Items(
            self.values[rows],
            self.labels[rows],
            self.recordings[rows],
            self.originals[rows],
            self.notes[rows],
        )


def as_published(items: Items, *, fold: int, seed: int, smote: bool) -> tuple[Items, Items]:
    """Training and test rows, scaled: SMOTE, then scaling, on everything, then the folds: the notebooks' order with its leaks.

    Raises:
        ValueError: a class with too few rows for SMOTE.

    Source: the notebooks of Alves et al. 2022; section 2.2 names SMOTE.
    """
    if smote:
        _enough_for_smote(items.labels, "clips")
        items = _oversampled(items, seed=seed)
    items = replace(items, values=MinMaxScaler().fit_transform(items.values))
    training, test = (items.at(rows) for rows in shuffled_folds(len(items.labels), seed=seed)[fold])
    return training, test


def clean(items: Items, *, fold: int, seed: int, smote: bool) -> tuple[Items, Items]:
    """Training and test rows, scaled: folds by recording; copies, SMOTE, scaling inside the training part; originals scored.

    Raises:
        ValueError: a class with too few rows for SMOTE.
        LeakError: a recording on both sides.
    """
    first = items.at(np.flatnonzero(items.originals < 0))
    learned, held = grouped_folds(first.labels, first.recordings, seed=seed)[fold]
    test = first.at(held)
    rows = np.concatenate([learned, np.flatnonzero(np.isin(items.originals, learned))])
    training = items.at(rows)
    forbid_shared(training.recordings, test.recordings, what="recording")
    if smote:
        _enough_for_smote(training.labels, f"clips in the training part of fold {fold}")
        training = _oversampled(training, seed=seed)
    scaler = MinMaxScaler().fit(training.values)
    return tuple(replace(each, values=scaler.transform(each.values)) for each in (training, test))


def _oversampled(items: Items, *, seed: int) -> Items:
    """Rows with SMOTE's after them, class by class; emotion and gender columns choose the neighbours together, unscaled."""
    values, labels = SMOTE(k_neighbors=NEIGHBOURS, random_state=seed).fit_resample(
        items.values, items.labels
    )
    new = len(labels) - len(items.labels)
    recordings = np.concatenate([items.recordings, np.full(new, SYNTHETIC)])
    originals, notes = (
        np.concatenate([items.originals, np.full(new, -1)]),
        np.concatenate([items.notes, np.full(new, "")]),
    )
    return Items(values, labels, recordings, originals, notes)


def _enough_for_smote(labels: np.ndarray, what: str) -> None:
    """Refuse rows in which SMOTE finds too few neighbours.

    Args:
        labels: of the rows that it multiplies.
        what: these rows are.

    Raises:
        ValueError: a class with fewer rows than a row and its neighbours.
    """
    counts = np.bincount(labels, minlength=len(THREE))
    for name, rows in zip(THREE, counts.tolist(), strict=True):
        if rows <= NEIGHBOURS:
            raise ValueError(
                f"{rows} {what} are {name}; SMOTE draws on {NEIGHBOURS} neighbours and needs at least {NEIGHBOURS + 1}. Add clips,"
                " or leave SMOTE out."
            )
