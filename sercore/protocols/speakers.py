"""Folds that share no speaker, and what they still share: the texts.

A corpus has groups of speakers; fold k tests group k, validates on the next and trains on the rest.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sercore.protocols.splits import forbid_shared

FOLDS = 6

# Groups in the order in which they are tested: EmoBox's for RAVDESS, EMOVO and SAVEE, one speaker in turn for TESS.
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
    """Each corpus' groups of speakers, in the order in which they are tested.

    RAVDESS, EMOVO, SAVEE and TESS have the groups of ``GROUPS``, less speakers that the table lacks. The speakers of any other
    corpus, CREMA-D among them, are sorted by sex and name and dealt in turn to six groups, or to as many as there are speakers:
    no two groups differ by more than one in either sex.

    Args:
        table: clips of one or several corpora, of which ``corpus``, ``speaker`` and ``gender`` are read.

    Raises:
        ValueError: a speaker that is in no published group, or a corpus of one group.

    Source: Ma et al. 2024, EmoBox, folds of RAVDESS, EMOVO and SAVEE; the others are ours.
    """
    found = {}
    for corpus, clips in table.groupby("corpus"):
        found[corpus] = parts = _published(corpus, clips) if corpus in GROUPS else _dealt(clips)
        if len(parts) < 2:
            raise ValueError(
                f"{corpus}: {len(parts)} group of speakers ({', '.join(parts[0])}); folds need at least 2, one to train on and one"
                " to test on: add speakers or leave the corpus out"
            )
    return found


def count(table: pd.DataFrame) -> int:
    """How many folds this table has: as many as its corpus with the most groups; six with RAVDESS, EMOVO or CREMA-D."""
    return max(len(parts) for parts in groups(table).values())


def speaker_folds(table: pd.DataFrame, fold: int) -> Sides:
    """Rows of training, validation and test of one fold; no speaker is on two sides.

    Of a corpus with n groups, group ``fold`` modulo n is tested and the next one, modulo n, validates; a corpus of two groups
    (TESS) has none to spare for validation: one trains, one is tested. So the test never chooses an epoch or a rate, and a
    corpus with fewer groups than there are folds has its speakers tested more than once: weigh them, or score each corpus.

    Args:
        table: clips with ``corpus``, ``speaker``, ``gender`` and ``class``, none of them left to leave out.
        fold: 0 to ``count(table) - 1``.

    Returns:
        Row numbers of training, validation and test, ``(rows,)`` each, ascending; together each row once.

    Raises:
        ValueError: no such fold, a clip without class, a class that a side lacks, or what ``groups`` refuses.
        LeakError: a speaker on two sides.
    """
    there = groups(table)
    folds = max(len(parts) for parts in there.values())
    if not 0 <= fold < folds:
        raise ValueError(
            f"fold {fold}: no such fold; this table has {folds}, numbered from 0. Name one of 0 to {folds - 1}."
        )
    names = _qualified(table, "speaker")
    tested = [
        f"{corpus}/{who}" for corpus, parts in there.items() for who in parts[fold % len(parts)]
    ]
    spared = {corpus: parts for corpus, parts in there.items() if len(parts) > 2}
    watched = [
        f"{corpus}/{who}"
        for corpus, parts in spared.items()
        for who in parts[(fold + 1) % len(parts)]
    ]
    test, validation = names.isin(tested).to_numpy(), names.isin(watched).to_numpy()
    sides = np.flatnonzero(~test & ~validation), np.flatnonzero(validation), np.flatnonzero(test)
    check(table, *sides)
    return sides


def check(
    table: pd.DataFrame, training: Sequence[int], validation: Sequence[int], test: Sequence[int]
) -> None:
    """Refuse a split with a speaker on two sides, or with a side that lacks a class of the table.

    Args:
        table: clips with ``corpus``, ``speaker`` and ``class``.
        training: row numbers, as ``validation`` and ``test``.
        validation: what chooses rate and epoch.
        test: what is scored once.

    Raises:
        ValueError: a clip without class, or a class that a side lacks.
        LeakError: names the speaker.
    """
    missing = int(table["class"].isna().sum())
    if missing:
        raise ValueError(
            f"{missing} of {len(table)} clips have no class; a split needs one for each: leave these clips out first"
        )
    speakers, classes = _qualified(table, "speaker").to_numpy(str), table["class"].to_numpy(str)
    forbid_shared([*speakers[training], *speakers[validation]], speakers[test], what="speaker")
    forbid_shared(
        speakers[training], speakers[validation], what="speaker (validation counts as a test)"
    )
    for side, rows in {"training": training, "validation": validation, "test": test}.items():
        lacking = sorted(set(classes) - set(classes[rows]))
        if lacking:
            raise ValueError(
                f"{side} has {len(rows)} clips and none of class {', '.join(lacking)}; each side needs each class:"
                " add a corpus with three speakers or more that has it"
            )


def texts_seen(
    table: pd.DataFrame, training: Sequence[int], test: Sequence[int]
) -> dict[str, float]:
    """Share of the test's different texts that training has too, by corpus and, under "all", together.

    Speaker-independent is not text-independent: RAVDESS has two sentences and TESS 200 words, which every speaker says.

    Args:
        table: clips with ``corpus`` and ``text``, an id that counts within its corpus, or missing.
        training: row numbers, as ``test``.
        test: what is scored.

    Returns:
        Share in [0, 1]; NaN for a corpus that tells no text.
    """
    texts, corpora = _qualified(table, "text"), table["corpus"].reset_index(drop=True)
    seen, tested = set(texts.iloc[training].dropna()), texts.iloc[test].dropna().drop_duplicates()
    names = sorted(corpora.iloc[test].unique())
    found = {"all": tested} | {name: tested[corpora.loc[tested.index] == name] for name in names}
    return {name: float(each.isin(seen).mean()) for name, each in found.items()}


def _qualified(table: pd.DataFrame, column: str) -> pd.Series:
    """Names that count across corpora, under plain row numbers: RAVDESS and Emo-DB both have a speaker 03."""
    return (table["corpus"].astype("string") + "/" + table[column].astype("string")).reset_index(
        drop=True
    )


def _published(corpus: str, clips: pd.DataFrame) -> list[tuple[str, ...]]:
    there = set(clips["speaker"])
    unknown = sorted(there - {who for part in GROUPS[corpus] for who in part})
    if unknown:
        raise ValueError(
            f"{corpus}: speaker {unknown[0]} is in no published fold; expected one of"
            f" {', '.join(sorted(who for part in GROUPS[corpus] for who in part))}. Leave the speaker out or rename the corpus."
        )
    parts = [tuple(who for who in part if who in there) for part in GROUPS[corpus]]
    return [part for part in parts if part]


def _dealt(clips: pd.DataFrame) -> list[tuple[str, ...]]:
    ordered = (
        clips.drop_duplicates("speaker").sort_values(["gender", "speaker"])["speaker"].tolist()
    )
    parts = min(FOLDS, len(ordered))
    return [tuple(ordered[part::parts]) for part in range(parts)]
