"""Paper 02's split: corpora pooled, a few speakers of each held out to validate and to test, other corpora never seen.

One split for all seeds. ``COMMITTED`` names the held-out speakers of five corpora; those of any other corpus follow from ``dealt``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pandas as pd

from sercore.protocols import speakers
from sercore.protocols.splits import forbid_shared

MANY = 12  # speakers: a corpus with more has two of them on either held-out side
LEAST = 3  # speakers: one each to train on, to validate and to test

# Validation and test speakers of the paper's corpora: those that `dealt` picks in the whole corpus, in Emo-DB and IEMOCAP with
# the two sides exchanged, since else all corpora with one test speaker would test a man. The two of IEMOCAP share a session.
COMMITTED = {
    "emodb": (("15",), ("16",)),
    "emovo": (("f3",), ("m3",)),
    "iemocap": (("Ses05_M",), ("Ses05_F",)),
    "ravdess": (("23", "24"), ("21", "22")),
    "savee": (("KL",), ("JK",)),
}

HeldOut = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Row numbers of each side, ascending; together each row of the table once.

    Args:
        training, validation, test: ``(rows,)`` of the pooled corpora.
        unseen: ``(rows,)`` of each corpus that is only tested, by its name.
    """

    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    unseen: dict[str, np.ndarray]


def pooled(table: pd.DataFrame, *, unseen: Sequence[str]) -> Split:
    """Split the pooled corpora by speaker, and set the unseen corpora apart.

    A speaker's id counts within its corpus: 03 of Emo-DB and 03 of RAVDESS are two speakers, and so is one of an unseen corpus
    another than one of the same id in the pool. The order of the rows, the number of a speaker's clips and the other corpora of
    the pool decide nothing.

    Args:
        table: clips with ``corpus``, ``speaker``, ``class`` and ``gender``, which may be missing, none of them left to leave out.
        unseen: names of the corpora that are only tested; they need no least number of speakers. Every other one is pooled.

    Raises:
        ValueError: an unseen corpus that the table lacks, no corpus left to pool, a clip without corpus, speaker or class, a class
            that a side lacks, or what ``held_out`` refuses.
        LeakError: a speaker on two sides.

    Source: Parry et al. 2022, section 4.1: 80, 10 and 10 % of each corpus, no validation or test speaker in training. Deviation:
    with so few speakers the shares cannot be kept; whole speakers are held out.
    """
    for column in ("corpus", "speaker"):
        if missing := int(table[column].isna().sum()):
            raise ValueError(
                f"{missing} of {len(table)} clips have no {column}; a split by speaker needs one for each: add them"
            )
    corpora = table["corpus"].to_numpy(str)
    there = sorted(set(corpora))
    if absent := sorted(set(unseen) - set(there)):
        raise ValueError(
            f"unseen corpus {absent[0]}: not in the table; it has {', '.join(there)}. Name one of them, or add clips."
        )
    pool = ~np.isin(corpora, list(unseen))
    if not pool.any():
        raise ValueError(
            f"unseen {', '.join(there)}: no corpus is left to train on; expected another one. Pool at least one."
        )
    sides = held_out(table[pool])
    names = _qualified(table)
    validation, test = (
        np.isin(
            names, [f"{corpus}/{who}" for corpus, named in sides.items() for who in named[side]]
        )
        for side in (0, 1)
    )
    split = Split(
        training=np.flatnonzero(pool & ~validation & ~test),
        validation=np.flatnonzero(validation),
        test=np.flatnonzero(test),
        unseen={corpus: np.flatnonzero(corpora == corpus) for corpus in unseen},
    )
    check(table, split)
    return split


def held_out(table: pd.DataFrame) -> dict[str, HeldOut]:
    """Validation and test speakers of each corpus; its other speakers train.

    Args:
        table: clips of the pooled corpora, of which ``corpus``, ``speaker`` and ``gender`` are read.

    Raises:
        ValueError: a corpus of fewer than three speakers, or one without a speaker whom ``COMMITTED`` names.
    """
    found = {}
    for corpus, clips in table.groupby("corpus"):
        there = sorted(set(clips["speaker"]))
        if len(there) < LEAST:
            raise ValueError(
                f"{corpus}: {len(there)} speakers ({', '.join(there)}); a split needs at least {LEAST}, one each to train on, to"
                " validate and to test. Add speakers, name the corpus among the unseen ones, or leave it out."
            )
        found[corpus] = COMMITTED[corpus] if corpus in COMMITTED else dealt(clips)
        if absent := sorted({who for side in found[corpus] for who in side} - set(there)):
            raise ValueError(
                f"{corpus}: speaker {absent[0]} is not there, found {', '.join(there)}; the split holds out this one in every run."
                " Add the speaker's clips, or rename the corpus if it is another one."
            )
    return found


def dealt(clips: pd.DataFrame) -> HeldOut:
    """Validation and test speakers of a corpus by the rule: the last by name, a woman and a man in turn.

    The last woman, the last man, the last speaker of unknown sex, the last woman but one and so on. Up to twelve speakers, the
    first of this row validates and the second is tested: of the other sex where there are both. With more, two validate and two
    are tested: a woman and a man each. A speaker whose clips name both sexes counts as one of unknown sex.

    Args:
        clips: of one corpus, three speakers or more, of which ``speaker`` and ``gender`` are read.
    """
    sexes = clips.groupby("speaker")["gender"].agg(
        lambda told: told.dropna().iloc[0] if told.nunique() == 1 else "unknown"
    )
    last = [
        sorted(sexes.index[sexes == sex], reverse=True) for sex in ("female", "male", "unknown")
    ]
    row = [who for turn in zip_longest(*last) for who in turn if who is not None]
    seats = 1 if len(row) <= MANY else 2
    return tuple(sorted(row[:seats])), tuple(sorted(row[seats : 2 * seats]))


def check(table: pd.DataFrame, split: Split) -> None:
    """Refuse a split with a speaker on two sides, an unseen corpus in the pool, or a side that lacks a class of the table.

    Args:
        table: clips with ``corpus``, ``speaker`` and ``class``.
        split: of this table.

    Raises:
        ValueError: a clip without class, or a class that training, validation or test lacks.
        LeakError: names the speaker or the corpus.
    """
    speakers.check(table, split.training, split.validation, split.test)
    corpora = table["corpus"].to_numpy(str)
    pool = np.concatenate([split.training, split.validation, split.test])
    apart = np.concatenate([*split.unseen.values(), np.array([], int)])
    forbid_shared(
        corpora[pool],
        [*split.unseen, *corpora[apart]],
        what="corpus (an unseen one counts as a test)",
    )


def _qualified(table: pd.DataFrame) -> np.ndarray:
    return (table["corpus"].astype("string") + "/" + table["speaker"].astype("string")).to_numpy(
        str
    )
