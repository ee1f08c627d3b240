"""Splits of paper 03 that share no speaker, within corpora and across them.

A corpus has groups of speakers; fold k tests group k, validates on the next and trains on the rest.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sercore.protocols.splits import check_fold, dealt_in_turn, forbid_shared, present, qualified

FOLDS = 6

# Groups in the order of their tests: EmoBox's for RAVDESS, EMOVO and SAVEE, single speakers of
# TESS.
GROUPS = {
    "emovo": (("f2",), ("m3",), ("m2",), ("f3",), ("f1",), ("m1",)),
    "ravdess": (
        ("01", "11", "20", "21"), ("04", "10", "12", "14"), ("08", "09", "19", "23"),
        ("03", "05", "07", "24"), ("02", "15", "16", "18"), ("06", "13", "17", "22"),
    ),
    "savee": (("JE",), ("KL",), ("DC",), ("JK",)),
    "tess": (("OAF",), ("YAF",)),
}  # fmt: skip

Sides = tuple[np.ndarray, np.ndarray, np.ndarray]


def groups(table: pd.DataFrame) -> dict[str, list[tuple[str, ...]]]:
    """Group the speakers of each corpus, in the order in which they are tested.

    RAVDESS, EMOVO, SAVEE and TESS have the groups of ``GROUPS``, less speakers that the table
    lacks. The speakers of any other corpus, CREMA-D among them, are sorted by sex and name and
    dealt in turn to six groups, or to as many as there are speakers: no two groups differ by more
    than one in either sex.

    Args:
        table: clips with ``corpus``, ``speaker`` and ``gender``.

    Raises:
        ValueError: a speaker is in no published group, or a corpus has one group.

    Source: Ma et al. 2024, EmoBox, folds of RAVDESS, EMOVO and SAVEE; the others are ours.
    """
    groups_of = {}
    for corpus, clips in table.groupby("corpus"):
        if corpus in GROUPS:
            parts = present(corpus, clips["speaker"], GROUPS[corpus], what="published fold")
        else:
            speakers = clips.drop_duplicates("speaker").sort_values(["gender", "speaker"])
            parts = dealt_in_turn(speakers["speaker"].tolist(), FOLDS)
        if len(parts) < 2:
            raise ValueError(
                f"{corpus}: {len(parts)} group of speakers ({', '.join(parts[0])}); folds need at"
                " least 2, one to train on and one to test on: add speakers or leave the corpus out"
            )
        groups_of[corpus] = parts
    return groups_of


def count(table: pd.DataFrame) -> int:
    """Count the folds of a table: the groups of the corpus that has most."""
    return max(len(parts) for parts in groups(table).values())


def speaker_folds(table: pd.DataFrame, fold: int) -> Sides:
    """Split by speaker into training, validation and test.

    Of a corpus with n groups, group ``fold`` modulo n is tested and the next one, modulo n,
    validates; a corpus of two groups (TESS) has none for validation. So the test never chooses an
    epoch or a rate, and a corpus with fewer groups than there are folds has its speakers tested
    more than once: weigh them, or score each corpus.

    Args:
        table: clips with ``corpus``, ``speaker``, ``gender`` and ``class``.
        fold: 0 to ``count(table) - 1``.

    Returns:
        Row numbers of training, validation and test, ``(rows,)`` each, ascending.

    Raises:
        ValueError: there is no such fold, a clip has no class, a side lacks a class, or ``groups``
            refuses the table.
        LeakError: a speaker is on two sides.
    """
    groups_of = groups(table)
    check_fold(fold, max(len(parts) for parts in groups_of.values()))
    tested, validating = [], []
    for corpus, parts in groups_of.items():
        tested += [f"{corpus}/{speaker}" for speaker in parts[fold % len(parts)]]
        if len(parts) > 2:
            validating += [f"{corpus}/{speaker}" for speaker in parts[(fold + 1) % len(parts)]]
    names = qualified(table, "speaker")
    test, validation = names.isin(tested).to_numpy(), names.isin(validating).to_numpy()
    sides = np.flatnonzero(~test & ~validation), np.flatnonzero(validation), np.flatnonzero(test)
    check(table, *sides)
    return sides


def across(table: pd.DataFrame, *, source: str) -> Sides:
    """Split by corpus: one corpus trains and validates, all others are tested.

    Args:
        table: clips with ``corpus``, ``speaker``, ``gender`` and ``class``.
        source: name of the corpus that trains; the first of its ``groups`` validates.

    Returns:
        Row numbers of training, validation and test, ``(rows,)`` each, ascending.

    Raises:
        ValueError: there is no such corpus or no other one, or a side lacks a class.

    Source: Biagini 2022, outlook: how models carry over to other corpora is left open. The split is
    ours.
    """
    names = table["corpus"].to_numpy(str)
    if source not in names or set(names) == {source}:
        raise ValueError(
            f"{source} cannot train across corpora: the table has {', '.join(sorted(set(names)))};"
            " expected it and another one. Add a corpus, or name another source."
        )
    is_source = names == source
    validates = table["speaker"].isin(groups(table[is_source])[source][0]).to_numpy()
    masks = (is_source & ~validates, is_source & validates, ~is_source)
    sides = tuple(np.flatnonzero(mask) for mask in masks)
    check(table, *sides)
    return sides


def check(
    table: pd.DataFrame, training: Sequence[int], validation: Sequence[int], test: Sequence[int]
) -> None:
    """Refuse a split with a speaker on two sides, or with a side that lacks a class of the table.

    Args:
        table: clips with ``corpus``, ``speaker`` and ``class``.
        training: row numbers.
        validation: row numbers.
        test: row numbers.

    Raises:
        ValueError: a clip has no class, or a side lacks a class.
        LeakError: a speaker is on two sides.
    """
    if missing := int(table["class"].isna().sum()):
        raise ValueError(
            f"{missing} of {len(table)} clips have no class; a split needs one for each: leave"
            " these clips out first"
        )
    speakers, classes = qualified(table, "speaker").to_numpy(str), table["class"].to_numpy(str)
    forbid_shared([*speakers[training], *speakers[validation]], speakers[test], what="speaker")
    forbid_shared(
        speakers[training], speakers[validation], what="speaker (validation counts as a test)"
    )
    for side, rows in {"training": training, "validation": validation, "test": test}.items():
        if lacking := sorted(set(classes) - set(classes[rows])):
            raise ValueError(
                f"{side} has {len(rows)} clips and none of class {', '.join(lacking)}; each side"
                " needs each class: add a corpus with three speakers or more that has it"
            )


def texts_seen(
    table: pd.DataFrame, training: Sequence[int], test: Sequence[int]
) -> dict[str, float]:
    """Compute the share of the test's different texts that training has too.

    Speaker-independent is not text-independent: RAVDESS has two sentences and TESS 200 words, which
    every speaker says.

    Args:
        table: clips with ``corpus`` and ``text``, an id within the corpus, or missing.
        training: row numbers.
        test: row numbers.

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
