"""Splits of paper 03 over clips: by origin, as its code does, and by label, as its text says. Speakers are on both sides."""

import numpy as np
import pandas as pd

from sercore.protocols.splits import Fold

SHARE = 0.8  # Biagini 2022: an 80/20 hold-out


def by_origin(table: pd.DataFrame, *, generator: np.random.Generator) -> Fold:
    """Training and validation rows: of each corpus a random ``int(0.8 x size)`` clips train.

    Args:
        table: clips, of which ``corpus`` is read.
        generator: draws the clips, corpora in alphabetic order; the author's code has no seed.

    Returns:
        Row numbers of training and validation, ``(rows,)`` each, ascending; together each row once.

    Raises:
        ValueError: a clip without corpus, or a corpus of one clip, which the rule leaves none to train on.

    Source: the public code of Biagini 2022; of Table 1's 10,110 clips 8085 train, as the report prints.
    """
    return _shared_out(table["corpus"], generator)


def by_label(table: pd.DataFrame, *, generator: np.random.Generator) -> Fold:
    """Training and validation rows: of each class a random ``int(0.8 x size)`` clips train.

    Args:
        table: clips, of which ``class`` is read.
        generator: draws the clips, classes in alphabetic order.

    Returns:
        Row numbers of training and validation, ``(rows,)`` each, ascending; together each row once.

    Raises:
        ValueError: a clip without class, or a class of one clip, which the rule leaves none to train on.

    Source: the text of Biagini 2022, "stratified by label"; of Table 1's 10,110 clips 8086 would train, one more than it prints.
    """
    return _shared_out(table["class"], generator)


def _shared_out(column: pd.Series, generator: np.random.Generator) -> Fold:
    if column.isna().any():
        raise ValueError(
            f"{int(column.isna().sum())} of {len(column)} clips have no {column.name}; a split by {column.name} needs one for"
            " each: leave these clips out first"
        )
    names, training = column.to_numpy(str), []
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        if len(rows) < 2:
            raise ValueError(
                f"{column.name} {name} has 1 clip; int(0.8 x 1) leaves none to train on: add clips or leave it out"
            )
        training.append(generator.permutation(rows)[: int(SHARE * len(rows))])
    train = np.sort(np.concatenate(training))
    return train, np.setdiff1d(np.arange(len(names)), train)
