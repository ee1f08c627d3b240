"""Splits of paper 03 over clips: by origin, as its code does, and by label, as its text says."""

import numpy as np
import pandas as pd

from sercore.protocols.splits import Fold

SHARE = 0.8  # Biagini 2022: an 80/20 hold-out


def by_origin(table: pd.DataFrame, *, generator: np.random.Generator) -> Fold:
    """Draw ``int(0.8 x size)`` clips of each corpus for training; speakers are on both sides.

    Args:
        table: clips with ``corpus``.
        generator: generator that draws the clips, corpora in alphabetic order; the author's code
            has no seed.

    Returns:
        Row numbers of training and validation, ``(rows,)`` each, ascending.

    Raises:
        ValueError: a clip has no corpus, or a corpus only one clip.

    Source: the public code of Biagini 2022; of Table 1's 10,110 clips 8085 train, as the report
    prints.
    """
    return _split(table["corpus"], generator)


def by_label(table: pd.DataFrame, *, generator: np.random.Generator) -> Fold:
    """Draw ``int(0.8 x size)`` clips of each class for training; speakers are on both sides.

    Args:
        table: clips with ``class``.
        generator: generator that draws the clips, classes in alphabetic order.

    Returns:
        Row numbers of training and validation, ``(rows,)`` each, ascending.

    Raises:
        ValueError: a clip has no class, or a class only one clip.

    Source: the text of Biagini 2022, "stratified by label"; of Table 1's 10,110 clips 8086 would
    train, one more than it prints.
    """
    return _split(table["class"], generator)


def _split(column: pd.Series, generator: np.random.Generator) -> Fold:
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
