"""Cross-validation splits of paper 01: the published one with its leaks, and one that shares no recording."""

from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.model_selection import KFold, StratifiedGroupKFold

FOLDS = 5  # Alves et al. 2022, section 3

Fold = tuple[np.ndarray, np.ndarray]


class LeakError(ValueError):
    """Something of a test clip that training would see: a speaker, a recording or a copy."""


def shuffled_folds(rows: int, *, seed: int, folds: int = FOLDS) -> list[Fold]:
    """Training and test rows of each fold: shuffled, not stratified, not grouped, as published.

    Source: Alves et al. 2022, section 3, as run in the authors' public notebooks.
    """
    return list(KFold(folds, shuffle=True, random_state=seed).split(np.arange(rows)))


def grouped_folds(
    labels: Sequence[int], groups: Sequence[str], *, seed: int, folds: int = FOLDS
) -> list[Fold]:
    """Training and test rows of each fold: no group on both sides, classes spread as evenly as the groups allow.

    Raises:
        ValueError: a class in fewer groups than there are folds.
    """
    labels, groups = np.asarray(labels), np.asarray(groups)
    for label in np.unique(labels):
        held = len(np.unique(groups[labels == label]))
        if held < folds:
            raise ValueError(
                f"class {label} is in {held} groups; {folds} folds need it in at least {folds}: use fewer folds or more data"
            )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    split = list(splitter.split(labels, labels, groups))
    for train, test in split:
        forbid_shared(groups[train], groups[test], what="group")
    return split


def forbid_shared(training: Iterable[str], test: Iterable[str], *, what: str) -> None:
    """Refuse a split with something on both sides.

    Raises:
        LeakError: names what is shared.
    """
    shared = sorted(set(training) & set(test))
    if shared:
        raise LeakError(
            f"{what} {shared[0]} is in training and in test ({len(shared)} shared); a clean split keeps each on one side"
        )
