"""Split of paper 02: corpora pooled, a few speakers of each held out, other corpora never seen.

There is one split for all seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pandas as pd

from sercore.protocols import speakers
from sercore.protocols.splits import check_complete, forbid_shared, qualified, sexes

MANY = 12  # speakers: a corpus with more has two of them on either held-out side
LEAST = 3  # speakers: one each to train on, to validate and to test

# Validation and test speakers of the paper's corpora, as `dealt` gives them for the whole corpus.
# In Emo-DB and IEMOCAP the sides are exchanged, or all corpora with one test speaker would test a
# man. The two of IEMOCAP share a session.
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

    A speaker's id counts within its corpus. The order of the rows, the number of a speaker's clips
    and the other corpora of the pool do not matter.

    Args:
        table: clips with ``corpus``, ``speaker``, ``class`` and ``gender``, which may be missing.
        unseen: names of the corpora that are only tested; they may have fewer speakers. Every other
            one is pooled.

    Raises:
        ValueError: the table lacks an unseen corpus, no corpus is left to pool, a clip has no
            corpus, speaker or class, a side lacks a class, or ``held_out`` refuses a corpus.
        LeakError: a speaker is on two sides.

    Source: Parry et al. 2022, section 4.1: 80, 10 and 10 % of each corpus, no validation or test
    speaker in training. Deviation: with so few speakers the shares cannot be kept; whole speakers
    are held out.
    """
    for column in ("corpus", "speaker"):
        check_complete(table, column, what="a split by speaker needs")
    corpora = table["corpus"].to_numpy(str)
    names = sorted(set(corpora))
    if absent := sorted(set(unseen) - set(names)):
        raise ValueError(
            f"unseen corpus {absent[0]}: not in the table; it has {', '.join(names)}. Name one of"
            " them, or add clips."
        )
    pool = ~np.isin(corpora, list(unseen))
    if not pool.any():
        raise ValueError(
            f"unseen {', '.join(names)}: no corpus is left to train on; expected another one. Pool"
            " at least one."
        )
    validating, tested = [], []
    for corpus, (for_validation, for_test) in held_out(table[pool]).items():
        validating += [f"{corpus}/{speaker}" for speaker in for_validation]
        tested += [f"{corpus}/{speaker}" for speaker in for_test]
    speaker_names = qualified(table, "speaker").to_numpy(str)
    validation, test = np.isin(speaker_names, validating), np.isin(speaker_names, tested)
    split = Split(
        training=np.flatnonzero(pool & ~validation & ~test),
        validation=np.flatnonzero(validation),
        test=np.flatnonzero(test),
        unseen={corpus: np.flatnonzero(corpora == corpus) for corpus in unseen},
    )
    check(table, split)
    return split


def held_out(table: pd.DataFrame) -> dict[str, HeldOut]:
    """Choose the validation and test speakers of each corpus; its other speakers train.

    Args:
        table: clips of the pooled corpora, with ``corpus``, ``speaker`` and ``gender``.

    Raises:
        ValueError: a corpus has fewer than three speakers, or lacks one whom ``COMMITTED`` names.
    """
    sides = {}
    for corpus, clips in table.groupby("corpus"):
        present = sorted(set(clips["speaker"]))
        if len(present) < LEAST:
            raise ValueError(
                f"{corpus}: {len(present)} speakers ({', '.join(present)}); a split needs at least"
                f" {LEAST}, one each to train on, to validate and to test. Add speakers, name the"
                " corpus among the unseen ones, or leave it out."
            )
        sides[corpus] = COMMITTED[corpus] if corpus in COMMITTED else dealt(clips)
        chosen = {speaker for side in sides[corpus] for speaker in side}
        if absent := sorted(chosen - set(present)):
            raise ValueError(
                f"{corpus}: speaker {absent[0]} is not there, found {', '.join(present)}; the split"
                " holds out this one in every run. Add the speaker's clips, or rename the corpus if"
                " it is another one."
            )
    return sides


def dealt(clips: pd.DataFrame) -> HeldOut:
    """Choose the validation and test speakers of a corpus: the last by name, of each sex in turn.

    The order is the last woman, the last man, the last speaker of unknown sex, the last woman but
    one and so on. Up to twelve speakers, the first validates and the second is tested: of the other
    sex where there are both. With more, two validate and two are tested: a woman and a man each. A
    speaker whose clips name both sexes counts as one of unknown sex.

    Args:
        clips: clips of one corpus of three speakers or more, with ``speaker`` and ``gender``.
    """
    known = sexes(clips)
    by_sex = [
        sorted(known.index[known == sex], reverse=True) for sex in ("female", "male", "unknown")
    ]
    order = [speaker for turn in zip_longest(*by_sex) for speaker in turn if speaker is not None]
    seats = 1 if len(order) <= MANY else 2
    return tuple(sorted(order[:seats])), tuple(sorted(order[seats : 2 * seats]))


def check(table: pd.DataFrame, split: Split) -> None:
    """Refuse a split with a leak, or with a side that lacks a class of the table.

    Args:
        table: clips with ``corpus``, ``speaker`` and ``class``.
        split: split of this table.

    Raises:
        ValueError: a clip has no class, or training, validation or test lacks one.
        LeakError: a speaker is on two sides, or an unseen corpus in the pool.
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
