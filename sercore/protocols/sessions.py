"""Paper 04's splits: a session of IEMOCAP or a group of speakers left out, and splits over clips.

The folds are of one corpus and have no validation side, as in the paper. ``clip_split`` has speakers on both sides.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedShuffleSplit

from sercore.protocols.splits import Fold, forbid_shared

FOLDS = 5
TEST = 0.2  # of the clips: Padi et al. 2021, section 5
LEAST = 5  # clips of a class: one of them is tested
SESSIONS = "iemocap"  # the corpus that has sessions

# What `groups` would deal of the whole corpus, written down: an actor keeps the group whoever else is there. Odd actors are men.
COMMITTED = {
    "ravdess": (
        ("02", "07", "12", "17", "22"), ("04", "09", "14", "19", "24"), ("01", "06", "11", "16", "21"),
        ("03", "08", "13", "18", "23"), ("05", "10", "15", "20"),
    ),
}  # fmt: skip


def groups(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """The speakers of each fold's test, in the order in which they are tested.

    IEMOCAP's are the two of a session. RAVDESS has the groups of ``COMMITTED``, less actors that the table lacks. The speakers of
    any other corpus are sorted by sex and name and dealt in turn to five groups, or to as many as there are speakers: no two
    groups differ by more than one in either sex. A speaker whose clips name both sexes, or neither, counts as one of unknown sex.

    Args:
        table: clips of one corpus, with ``corpus``, ``speaker`` and ``gender``, which may be missing; of IEMOCAP with ``session``.

    Raises:
        ValueError: no clip or several corpora, a clip without speaker or session, an actor of no group, or fewer than two groups.

    Source: Padi et al. 2021, section 4.1, for IEMOCAP; the others are ours.
    """
    corpus = _corpus(table)
    if corpus == SESSIONS:
        session = _whole(table, "session")
        parts = [
            tuple(sorted(set(table.loc[session == each, "speaker"])))
            for each in sorted(set(session))
        ]
    else:
        parts = _committed(corpus, table) if corpus in COMMITTED else _dealt(table)
    if len(parts) < 2:
        raise ValueError(
            f"{corpus}: 1 group of speakers ({', '.join(parts[0])}); folds need at least 2, one to train on and one to test on:"
            " add speakers or leave the corpus out"
        )
    return parts


def leave_one_session_out(table: pd.DataFrame, fold: int) -> Fold:
    """Rows of training and test of one fold of IEMOCAP: one session is tested, the others train.

    Of the whole corpus eight speakers train and two are tested.

    Args:
        table: clips of IEMOCAP, with ``corpus``, ``speaker`` and ``session``, in any order.
        fold: 0 to 4, which test sessions 1 to 5; with fewer sessions in the table there are as many folds, in their order.

    Returns:
        Row numbers of training and test, ``(rows,)`` each, ascending; together each row once.

    Raises:
        ValueError: another corpus, a clip without speaker or session, a single session, or no such fold.
        LeakError: a speaker in two sessions, one of them tested.

    Source: Padi et al. 2021, section 4.1.
    """
    if (corpus := _corpus(table)) != SESSIONS:
        raise ValueError(
            f"{corpus}: this corpus has no sessions; expected {SESSIONS}. Take `group_fold` for other corpora."
        )
    session = _whole(table, "session").to_numpy()
    there = sorted(set(session))
    _numbered(fold, len(groups(table)))
    return _parted(table, session == there[fold])


def group_fold(table: pd.DataFrame, fold: int) -> Fold:
    """Rows of training and test of one fold: of IEMOCAP by session, of any other corpus by ``groups``.

    Args:
        table: clips of one corpus, as ``groups`` reads them, in any order.
        fold: 0 to ``len(groups(table)) - 1``: 0 to 4 for five speakers or more.

    Returns:
        Row numbers of training and test, ``(rows,)`` each, ascending; together each row once.

    Raises:
        ValueError: no such fold, or what ``groups`` refuses.
        LeakError: a speaker on both sides.
    """
    if _corpus(table) == SESSIONS:
        return leave_one_session_out(table, fold)
    there = groups(table)
    _numbered(fold, len(there))
    return _parted(table, table["speaker"].isin(there[fold]).to_numpy())


def clip_split(labels: Sequence[str] | Sequence[int], seed: int) -> Fold:
    """Rows of training and test of a random split over clips, 80 and 20 % of each class: speakers are on both sides.

    Which split the paper's Figure 4 has is not said: five times 80 % against 20 %, to be less dependent on the partition. Five
    independent draws over clips, which share speakers by construction, are our reading of it, not the paper's word.

    Args:
        labels: class of each clip, in the rows' order.
        seed: 0 or more; the five splits of a figure are seeds 0 to 4.

    Returns:
        Row numbers of training and test, ``(rows,)`` each, ascending; together each row once.

    Raises:
        ValueError: no clip, a clip without class, or a class of fewer than five clips.

    Source: Padi et al. 2021, section 5 and Figure 4.
    """
    column = pd.Series(list(labels), dtype=object)
    if missing := int(column.isna().sum()):
        raise ValueError(
            f"{missing} of {len(column)} clips have no class; a stratified split needs one for each: leave them out"
        )
    counts = column.value_counts()
    if not len(counts) or counts.min() < LEAST:
        told = f"class {counts.idxmin()} has {counts.min()} clips" if len(counts) else "no clip"
        raise ValueError(
            f"{told}; an 80/20 split needs at least {LEAST} of each class: add clips or leave the class out"
        )
    names = column.astype(str).to_numpy(str)
    training, test = next(
        StratifiedShuffleSplit(1, test_size=TEST, random_state=seed).split(names, names)
    )
    return np.sort(training), np.sort(test)


def check(table: pd.DataFrame, training: Sequence[int], test: Sequence[int]) -> None:
    """Refuse a split of one corpus with a speaker on both sides.

    Args:
        table: clips with ``speaker``.
        training: row numbers, as ``test``.
        test: what is scored.

    Raises:
        LeakError: names the speaker.
    """
    speakers = table["speaker"].to_numpy(str)
    forbid_shared(speakers[training], speakers[test], what="speaker")


def _parted(table: pd.DataFrame, tested: np.ndarray) -> Fold:
    sides = np.flatnonzero(~tested), np.flatnonzero(tested)
    check(table, *sides)
    return sides


def _corpus(table: pd.DataFrame) -> str:
    names = sorted(set(_whole(table, "corpus")))
    if len(names) != 1:
        told = ", ".join(names) or "no clip"
        raise ValueError(
            f"{told}: {len(names)} corpora in the table; these folds are of exactly one. Split each corpus by itself."
        )
    _whole(table, "speaker")
    return names[0]


def _whole(table: pd.DataFrame, column: str) -> pd.Series:
    if column not in table:
        raise ValueError(
            f"the table has no column {column}, but {', '.join(table)}; these folds need it: add it"
        )
    if missing := int(table[column].isna().sum()):
        raise ValueError(
            f"{missing} of {len(table)} clips have no {column}; these folds need one for each: add them"
        )
    return table[column]


def _numbered(fold: int, folds: int) -> None:
    if not 0 <= fold < folds:
        raise ValueError(
            f"fold {fold}: no such fold; this table has {folds}, numbered from 0. Name one of 0 to {folds - 1}."
        )


def _committed(corpus: str, table: pd.DataFrame) -> list[tuple[str, ...]]:
    there = set(table["speaker"])
    known = {who for part in COMMITTED[corpus] for who in part}
    if unknown := sorted(there - known):
        raise ValueError(
            f"{corpus}: speaker {unknown[0]} is in no group; expected one of {', '.join(sorted(known))}. Leave the speaker out or"
            " rename the corpus."
        )
    parts = [tuple(who for who in part if who in there) for part in COMMITTED[corpus]]
    return [part for part in parts if part]


def _dealt(table: pd.DataFrame) -> list[tuple[str, ...]]:
    told = table.groupby("speaker")["gender"].agg(
        lambda each: each.dropna().iloc[0] if each.nunique() == 1 else "unknown"
    )
    sexes = told.where(told.isin(["female", "male"]), "unknown")
    ordered = [
        who for sex in ("female", "male", "unknown") for who in sorted(sexes.index[sexes == sex])
    ]
    parts = min(FOLDS, len(ordered))
    return [tuple(ordered[part::parts]) for part in range(parts)]
