"""Across corpora: one corpus trains, every other is tested. Nothing is shared but the classes."""

import pandas as pd

from sercore.protocols.speakers import Sides, check, groups


def across(table: pd.DataFrame, *, source: str) -> Sides:
    """Rows of training, validation and test: one corpus less a group of its speakers, that group, all other corpora.

    Args:
        table: clips with ``corpus``, ``speaker``, ``gender`` and ``class``, none of them left to leave out.
        source: name of the corpus that trains; the first of its groups of speakers, as ``speakers.groups`` has them, chooses rate
            and epoch.

    Returns:
        Row numbers of training, validation and test, ``(rows,)`` each, ascending; together each row once.

    Raises:
        ValueError: no such corpus, no other corpus, or a side that lacks a class.

    Source: Biagini 2022, outlook: how models carry over to other corpora is left open. The split is ours.
    """
    names = table["corpus"].to_numpy(str)
    if source not in names or set(names) == {source}:
        raise ValueError(
            f"{source} cannot train across corpora: the table has {', '.join(sorted(set(names)))}; expected it and another one. "
            "Add a corpus, or name another source."
        )
    own = names == source
    watched = table["speaker"].isin(groups(table[own])[source][0]).to_numpy()
    sides = tuple(rows.nonzero()[0] for rows in (own & ~watched, own & watched, ~own))
    check(table, *sides)
    return sides
