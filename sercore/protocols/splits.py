"""Splits of papers 01 and 03 over recordings and clips, and the texts that two sides share.

``Splits`` says how trials are split, for the search of ``grids``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedGroupKFold

from sercore.corpora.clips import qualified
from sercore.protocols.speakers import forbid_shared

FOLDS = 5  # Alves et al. 2022, section 3
SHARE = 0.8  # Biagini 2022: an 80/20 hold-out

Fold = tuple[np.ndarray, np.ndarray]  # row numbers of training and test, ascending


@dataclass(frozen=True, kw_only=True)
class Splits:
    """How the trials of one kind are split.

    Args:
        sides: function of a trial and its data that returns the row numbers of each side of the
            trial's split, by its name.
        leaky: function of a trial that says whether its protocol has a leak on purpose, as a split
            of clips at random has.
    """

    sides: Callable[[Any, Any], Mapping[str, np.ndarray]]
    leaky: Callable[[Any], bool] = lambda trial: False


def shuffled_folds(rows: int, *, seed: int, folds: int = FOLDS) -> list[Fold]:
    """Split rows into folds: shuffled, not stratified, not grouped, as published.

    Source: Alves et al. 2022, section 3, as run in the authors' public notebooks.
    """
    return list(KFold(folds, shuffle=True, random_state=seed).split(np.arange(rows)))


def grouped_folds(
    labels: Sequence[int], groups: Sequence[str], *, seed: int, folds: int = FOLDS
) -> list[Fold]:
    """Split rows into folds without a group on both sides, classes spread as evenly as possible.

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


def by_origin(table: pd.DataFrame, *, generator: np.random.Generator) -> Fold:
    """Draw ``int(0.8 x size)`` clips of each ``corpus`` for training; speakers are on both sides.

    Corpora are drawn in alphabetic order; the author's code has no seed.

    Raises:
        ValueError: a clip has no corpus, or a corpus only one clip.

    Source: the public code of Biagini 2022; of Table 1's 10,110 clips 8085 train, as the report
    prints.
    """
    return _drawn_by(table["corpus"], generator)


def by_label(table: pd.DataFrame, *, generator: np.random.Generator) -> Fold:
    """Draw ``int(0.8 x size)`` clips of each ``class`` for training; speakers are on both sides.

    Classes are drawn in alphabetic order.

    Raises:
        ValueError: a clip has no class, or a class only one clip.

    Source: the text of Biagini 2022, "stratified by label"; of Table 1's 10,110 clips 8086 would
    train, one more than it prints.
    """
    return _drawn_by(table["class"], generator)


def redealt(
    table: pd.DataFrame, sides: Sequence[np.ndarray], *, generator: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Deal the rows of a split to its sides at random, within each corpus and class.

    Each side keeps its number of clips of each corpus and class, so that beside a split by speaker
    the result differs in nothing but whose clips a side has: speakers are on all of them.

    Args:
        table: clips with ``corpus`` and ``class``.
        sides: row numbers of each side, together each row once.
        generator: source of the draws.

    Raises:
        ValueError: the sides do not hold each row once.
    """
    if not np.array_equal(np.sort(np.concatenate(sides)), np.arange(len(table))):
        raise ValueError(
            f"sides of {sum(map(len, sides))} rows for {len(table)} clips; expected each row on one"
            " side. Give all sides of one split."
        )
    place = np.empty(len(table), np.int64)
    for number, rows in enumerate(sides):
        place[rows] = number
    for rows in table.groupby(["corpus", "class"]).indices.values():
        place[rows] = generator.permutation(place[rows])
    return tuple(np.flatnonzero(place == number) for number in range(len(sides)))


def redealt_whole(
    table: pd.DataFrame,
    sides: Sequence[np.ndarray],
    groups: Sequence[str],
    *,
    generator: np.random.Generator,
) -> tuple[np.ndarray, ...]:
    """Deal whole groups of rows to the sides of a split at random, within each corpus.

    Each side keeps its number of clips of each corpus as nearly as whole groups allow.

    Args:
        table: clips with ``corpus``.
        sides: row numbers of each side, together each row once.
        groups: ``(rows,)`` name of each row's group, which lies within a corpus.
        generator: source of the draws.

    Raises:
        LeakError: a group has rows of several corpora, so that it could be on two sides.
    """
    names, corpora = np.asarray(groups), table["corpus"].to_numpy(str)
    place = np.empty(len(table), np.int64)
    for corpus in np.unique(corpora):
        is_here = corpora == corpus
        forbid_shared(names[is_here], names[~is_here], what="group")
        ends = np.cumsum([is_here[rows].sum() for rows in sides])
        present, sizes = np.unique(names[is_here], return_counts=True)
        order = generator.permutation(len(present))
        middles = np.cumsum(sizes[order]) - sizes[order] / 2
        side_of = dict(zip(present[order], np.searchsorted(ends, middles), strict=True))
        place[is_here] = [side_of[name] for name in names[is_here]]
    return tuple(np.flatnonzero(place == number) for number in range(len(sides)))


def texts_seen(
    table: pd.DataFrame, training: Sequence[int], test: Sequence[int]
) -> dict[str, float]:
    """Compute the share of the test's different texts that training has too.

    Speaker-independent is not text-independent: RAVDESS has two sentences and TESS 200 words, which
    every speaker says.

    The table's ``text`` is an id within its ``corpus``, or missing; the sides are row numbers.

    Returns:
        Share in [0, 1] by corpus and, under "all", together; NaN for a corpus without texts.
    """
    texts, corpora = qualified(table, "text"), table["corpus"].reset_index(drop=True)
    seen, tested = set(texts.iloc[training].dropna()), texts.iloc[test].dropna().drop_duplicates()
    shares = {"all": float(tested.isin(seen).mean())}
    for corpus in sorted(corpora.iloc[test].unique()):
        of_corpus = tested[corpora.loc[tested.index] == corpus]
        shares[corpus] = float(of_corpus.isin(seen).mean())
    return shares


def _drawn_by(column: pd.Series, generator: np.random.Generator) -> Fold:
    if column.isna().any():
        raise ValueError(
            f"{int(column.isna().sum())} of {len(column)} clips have no {column.name}; a split by"
            f" {column.name} needs one for each: leave these clips out first"
        )
    names, training = column.to_numpy(str), []
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        if len(rows) < 2:
            raise ValueError(
                f"{column.name} {name} has 1 clip; int(0.8 x 1) leaves none to train on: add clips"
                " or leave it out"
            )
        training.append(generator.permutation(rows)[: int(SHARE * len(rows))])
    train = np.sort(np.concatenate(training))
    return train, np.setdiff1d(np.arange(len(names)), train)
