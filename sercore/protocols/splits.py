"""Folds of paper 01, and checks that splits of all papers share."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedGroupKFold

FOLDS = 5  # Alves et al. 2022, section 3

Fold = tuple[np.ndarray, np.ndarray]
Groups = tuple[tuple[str, ...], ...]


class LeakError(ValueError):
    """A speaker, a recording or a copy that is in training and in test."""


def shuffled_folds(rows: int, *, seed: int, folds: int = FOLDS) -> list[Fold]:
    """Split rows into folds: shuffled, not stratified, not grouped, as published.

    Returns:
        Training and test rows of each fold.

    Source: Alves et al. 2022, section 3, as run in the authors' public notebooks.
    """
    return list(KFold(folds, shuffle=True, random_state=seed).split(np.arange(rows)))


def grouped_folds(
    labels: Sequence[int], groups: Sequence[str], *, seed: int, folds: int = FOLDS
) -> list[Fold]:
    """Split rows into folds without a group on both sides, classes spread as evenly as possible.

    Returns:
        Training and test rows of each fold.

    Raises:
        ValueError: a class is in fewer groups than there are folds.
    """
    labels, groups = np.asarray(labels), np.asarray(groups)
    for label in np.unique(labels):
        n_groups = len(np.unique(groups[labels == label]))
        if n_groups < folds:
            raise ValueError(
                f"class {label} is in {n_groups} groups; {folds} folds need it in at least {folds}:"
                " use fewer folds or more data"
            )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    split = list(splitter.split(labels, labels, groups))
    for train, test in split:
        forbid_shared(groups[train], groups[test], what="group")
    return split


def forbid_shared(training: Iterable[str], test: Iterable[str], *, what: str) -> None:
    """Refuse a split with something on both sides.

    Raises:
        LeakError: something is on both sides.
    """
    shared = sorted(set(training) & set(test))
    if shared:
        raise LeakError(
            f"{what} {shared[0]} is in training and in test ({len(shared)} shared); a clean split"
            " keeps each on one side"
        )


def check_fold(fold: int, folds: int) -> None:
    """Refuse the number of a fold that does not exist.

    Raises:
        ValueError: the fold does not exist.
    """
    if not 0 <= fold < folds:
        raise ValueError(
            f"fold {fold}: no such fold; this table has {folds}, numbered from 0. Name one of 0 to"
            f" {folds - 1}."
        )


def present(corpus: str, speakers: Iterable[str], groups: Groups, *, what: str) -> list[tuple]:
    """Reduce groups of speakers to those that are present, without empty groups.

    Raises:
        ValueError: a speaker is in no group; ``what`` is the message's noun for groups.
    """
    speakers, known = set(speakers), {speaker for group in groups for speaker in group}
    if unknown := sorted(speakers - known):
        raise ValueError(
            f"{corpus}: speaker {unknown[0]} is in no {what}; expected one of"
            f" {', '.join(sorted(known))}. Leave the speaker out or rename the corpus."
        )
    parts = [tuple(speaker for speaker in group if speaker in speakers) for group in groups]
    return [part for part in parts if part]


def dealt_in_turn(speakers: Sequence[str], most: int) -> list[tuple[str, ...]]:
    """Deal speakers in turn to ``most`` groups, or to as many as there are speakers."""
    n_groups = min(most, len(speakers))
    return [tuple(speakers[first::n_groups]) for first in range(n_groups)]


def sexes(clips: pd.DataFrame) -> pd.Series:
    """Sex of each speaker; "unknown" if the clips name both sexes or none."""

    def sex(genders: pd.Series) -> str:
        return genders.dropna().iloc[0] if genders.nunique() == 1 else "unknown"

    return clips.groupby("speaker")["gender"].agg(sex)


def qualified(table: pd.DataFrame, column: str) -> pd.Series:
    """Join corpus and name, under plain row numbers: RAVDESS and Emo-DB both have a speaker 03."""
    names = table["corpus"].astype("string") + "/" + table[column].astype("string")
    return names.reset_index(drop=True)


def check_complete(table: pd.DataFrame, column: str, *, what: str) -> None:
    """Refuse a table with clips that lack a value.

    Raises:
        ValueError: a clip lacks the value; ``what`` is the message's name of the split.
    """
    if missing := int(table[column].isna().sum()):
        raise ValueError(
            f"{missing} of {len(table)} clips have no {column}; {what} one for each: add them"
        )
