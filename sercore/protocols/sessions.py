"""Splits of paper 04: by session of IEMOCAP or by group of speakers, and over clips.

The folds are of one corpus and have no validation side, as in the paper.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedShuffleSplit

from sercore.protocols.speakers import (
    Speakers,
    check_complete,
    check_fold,
    forbid_shared,
    given,
    grouped,
    is_given,
)
from sercore.protocols.splits import Fold

FOLDS = 5
TEST = 0.2  # share of the clips: Padi et al. 2021, section 5
LEAST = 5  # clips of a class: one of them is tested
SESSIONS = "iemocap"  # corpus that has sessions

# Groups that dealing gives for the whole corpus, so that an actor keeps the group in a part of it.
# Odd actors are men.
COMMITTED = {
    "ravdess": (
        ("02", "07", "12", "17", "22"), ("04", "09", "14", "19", "24"),
        ("01", "06", "11", "16", "21"), ("03", "08", "13", "18", "23"), ("05", "10", "15", "20"),
    ),
}  # fmt: skip


def groups(table: pd.DataFrame) -> list[Speakers]:
    """Group the speakers of a corpus, in the order in which they are tested.

    IEMOCAP's groups are the two speakers of a session. RAVDESS has the groups of ``COMMITTED``,
    less actors that the table lacks. The speakers of any other corpus are dealt: see
    ``speakers.grouped``.

    Args:
        table: clips of one corpus, with ``corpus``, ``speaker`` and ``gender``, which may be
            missing; of IEMOCAP with ``session``.

    Raises:
        ValueError: there is no clip, several corpora, a clip without speaker or session, an actor
            of no group, or fewer than two groups.

    Source: Padi et al. 2021, section 4.1, for IEMOCAP; the others are ours.
    """
    corpus = _corpus(table)
    known = COMMITTED.get(corpus)
    if corpus == SESSIONS:
        _check_column(table, "session")
        sessions = table.groupby("session")["speaker"]
        known = [tuple(sorted(set(speakers))) for _, speakers in sessions]
    return grouped(table, known, most=FOLDS, what="group")


def count(table: pd.DataFrame) -> int:
    """Count the folds of a table: its groups of speakers; of a given split one."""
    return 1 if is_given(table) else len(groups(table))


def leave_one_session_out(table: pd.DataFrame, fold: int) -> Fold:
    """Split IEMOCAP by session: folds 0 to 4 test sessions 1 to 5, and the other sessions train.

    A table with fewer sessions has fewer folds.

    Raises:
        ValueError: the corpus is another one, a clip has no speaker or session, or there is one
            session or no such fold.
        LeakError: a speaker is in two sessions, one of them tested.

    Source: Padi et al. 2021, section 4.1.
    """
    if (corpus := _corpus(table)) != SESSIONS:
        raise ValueError(
            f"{corpus}: this corpus has no sessions; expected {SESSIONS}. Take `group_fold` for"
            " other corpora."
        )
    check_fold(fold, len(groups(table)))
    sessions = table["session"].to_numpy()
    return _split(table, sessions == sorted(set(sessions))[fold])


def group_fold(table: pd.DataFrame, fold: int) -> Fold:
    """Split a corpus by speaker: IEMOCAP by session, any other corpus by ``groups``.

    Folds are numbered from 0 to ``count(table) - 1``. A split that the table gives is the one fold;
    its validation side trains, as nothing is chosen on it.

    Raises:
        ValueError: there is no such fold, or ``groups`` refuses the table.
        LeakError: a speaker is on both sides.
    """
    if is_given(table):
        check_fold(fold, 1)
        sides = given(table)
        return np.sort(np.concatenate([sides["training"], sides["validation"]])), sides["test"]
    if _corpus(table) == SESSIONS:
        return leave_one_session_out(table, fold)
    parts = groups(table)
    check_fold(fold, len(parts))
    return _split(table, table["speaker"].isin(parts[fold]).to_numpy())


def clip_split(labels: Sequence[str] | Sequence[int], seed: int) -> Fold:
    """Split clips at random, 80 and 20 % of each class; speakers are on both sides.

    The paper splits "five times" for its Figure 4; five independent draws over clips are our
    reading, with seeds 0 to 4.

    Raises:
        ValueError: there is no clip, a clip without class, or a class of fewer than five clips.

    Source: Padi et al. 2021, section 5 and Figure 4.
    """
    column = pd.Series(list(labels), dtype=object)
    if missing := int(column.isna().sum()):
        raise ValueError(
            f"{missing} of {len(column)} clips have no class; a stratified split needs one for"
            " each: leave them out"
        )
    counts = column.value_counts()
    if not len(counts) or counts.min() < LEAST:
        fault = f"class {counts.idxmin()} has {counts.min()} clips" if len(counts) else "no clip"
        raise ValueError(
            f"{fault}; an 80/20 split needs at least {LEAST} of each class: add clips or leave the"
            " class out"
        )
    names = column.astype(str).to_numpy(str)
    splitter = StratifiedShuffleSplit(1, test_size=TEST, random_state=seed)
    training, test = next(splitter.split(names, names))
    return np.sort(training), np.sort(test)


def check(table: pd.DataFrame, training: Sequence[int], test: Sequence[int]) -> None:
    """Refuse a split of one corpus, by row numbers, with a speaker on both sides."""
    speakers = table["speaker"].to_numpy(str)
    forbid_shared(speakers[training], speakers[test], what="speaker")


def _split(table: pd.DataFrame, tested: np.ndarray) -> Fold:
    sides = np.flatnonzero(~tested), np.flatnonzero(tested)
    check(table, *sides)
    return sides


def _corpus(table: pd.DataFrame) -> str:
    _check_column(table, "corpus")
    names = sorted(set(table["corpus"]))
    if len(names) != 1:
        raise ValueError(
            f"{', '.join(names) or 'no clip'}: {len(names)} corpora in the table; these folds are"
            " of exactly one. Split each corpus by itself."
        )
    _check_column(table, "speaker")
    return names[0]


def _check_column(table: pd.DataFrame, column: str) -> None:
    if column not in table:
        raise ValueError(
            f"the table has no column {column}, but {', '.join(table)}; these folds need it: add it"
        )
    check_complete(table, column, what="these folds need")
