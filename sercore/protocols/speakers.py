"""Splits that share no speaker, the leak that they forbid, and the split that a table gives.

The pooled corpora are paper 02's, the folds paper 03's. A speaker's id counts within its corpus:
RAVDESS and Emo-DB both have a speaker 03.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pandas as pd

from sercore.corpora.clips import SPLIT, qualified

MANY = 12  # speakers: a corpus with more has two of them on either held-out side of paper 02
LEAST = 3  # speakers: one each to train on, to validate and to test

# Validation and test speakers of paper 02's corpora, as `dealt` gives them for the whole corpus.
# In Emo-DB and IEMOCAP the sides are exchanged, or all corpora with one test speaker would test a
# man. The two of IEMOCAP share a session. TESS has two speakers; where it is pooled, none validates.
COMMITTED = {
    "emodb": (("15",), ("16",)),
    "emovo": (("f3",), ("m3",)),
    "iemocap": (("Ses05_M",), ("Ses05_F",)),
    "ravdess": (("23", "24"), ("21", "22")),
    "savee": (("KL",), ("JK",)),
    "tess": ((), ("YAF",)),
}

FOLDS = 6  # of paper 03, and of paper 02's drawn splits

# Paper 03's groups in the order of their tests: EmoBox's for RAVDESS, EMOVO and SAVEE, single
# speakers of TESS.
GROUPS = {
    "emovo": (("f2",), ("m3",), ("m2",), ("f3",), ("f1",), ("m1",)),
    "ravdess": (
        ("01", "11", "20", "21"), ("04", "10", "12", "14"), ("08", "09", "19", "23"),
        ("03", "05", "07", "24"), ("02", "15", "16", "18"), ("06", "13", "17", "22"),
    ),
    "savee": (("JE",), ("KL",), ("DC",), ("JK",)),
    "tess": (("OAF",), ("YAF",)),
}  # fmt: skip

Speakers = tuple[str, ...]
Sides = tuple[np.ndarray, np.ndarray, np.ndarray]  # training, validation and test, ascending


class LeakError(ValueError):
    """A speaker, a recording or a copy that is in training and in test."""


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


def pooled(
    table: pd.DataFrame, *, unseen: Sequence[str], fold: int = -1, seed: int | None = None
) -> Split:
    """Split the pooled corpora by speaker, and set the unseen corpora apart.

    Without a fold there is one split for all seeds, or that which the table gives. The order of the
    rows, the number of a speaker's clips and the other corpora of the pool do not matter.

    Args:
        table: clips with ``corpus``, ``speaker``, ``class`` and ``gender``, which may be missing.
        unseen: names of the corpora that are only tested; they may have fewer speakers. Every other
            one is pooled.
        fold: number of the fold that is tested, by ``speaker_folds``; below 0 the held-out speakers
            of ``held_out`` (default).
        seed: of the groups that a fold's speakers are dealt to; see ``groups``.

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
    if fold < 0 and is_given(table[pool]):
        sides = given_sides(table, pool)
    else:
        of_corpus = held_out(table[pool]) if fold < 0 else _of_fold(table[pool], fold, seed)
        sides = _sides(table, pool, of_corpus)
    apart = {corpus: np.flatnonzero(corpora == corpus) for corpus in unseen}
    check(table, *sides, unseen=apart)
    training, validation, test = sides
    return Split(training=training, validation=validation, test=test, unseen=apart)


def held_out(table: pd.DataFrame) -> dict[str, tuple[Speakers, Speakers]]:
    """Choose the validation and test speakers of each pooled corpus; its other speakers train.

    Raises:
        ValueError: a corpus has fewer than three speakers, or lacks one whom ``COMMITTED`` names.
    """
    sides = {}
    for corpus, clips in table.groupby("corpus"):
        present = sorted(set(clips["speaker"]))
        least = 2 if corpus in COMMITTED and not COMMITTED[corpus][0] else LEAST
        if len(present) < least:
            raise ValueError(
                f"{corpus}: {len(present)} speakers ({', '.join(present)}); a split needs at least"
                f" {least}, one each to train on, to validate and to test. Add speakers, name the"
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


def dealt(clips: pd.DataFrame) -> tuple[Speakers, Speakers]:
    """Choose the validation and test speakers of a corpus: the last by name, of each sex in turn.

    The order is the last woman, the last man, the last speaker of unknown sex, the last woman but
    one and so on. Up to twelve speakers, the first validates and the second is tested: of the other
    sex where there are both. With more, two validate and two are tested: a woman and a man each.
    """
    known = sexes(clips)
    by_sex = [
        sorted(known.index[known == sex], reverse=True) for sex in ("female", "male", "unknown")
    ]
    order = [speaker for turn in zip_longest(*by_sex) for speaker in turn if speaker is not None]
    seats = 1 if len(order) <= MANY else 2
    return tuple(sorted(order[:seats])), tuple(sorted(order[seats : 2 * seats]))


def groups(table: pd.DataFrame, *, seed: int | None = None) -> dict[str, list[Speakers]]:
    """Group the speakers of each corpus, in the order in which they are tested.

    RAVDESS, EMOVO, SAVEE and TESS have the groups of ``GROUPS``; those of any other corpus, CREMA-D
    among them, are dealt: see ``grouped``.

    Args:
        table: clips with ``corpus``, ``speaker`` and ``gender``.
        seed: of a drawn order in which the speakers of every corpus are dealt; None for paper 03.

    Raises:
        ValueError: a speaker is in no published group, or a corpus has one group.

    Source: Ma et al. 2024, EmoBox, folds of RAVDESS, EMOVO and SAVEE; the others are ours.
    """
    groups_of = {}
    for corpus, clips in table.groupby("corpus"):
        published = GROUPS.get(corpus) if seed is None else None
        groups_of[corpus] = grouped(clips, published, most=FOLDS, what="published fold", seed=seed)
    return groups_of


def grouped(
    clips: pd.DataFrame,
    known: Sequence[Speakers] | None,
    *,
    most: int,
    what: str,
    seed: int | None = None,
) -> list[Speakers]:
    """Group the speakers of one corpus, in the order in which they are tested.

    Known groups are taken, less the speakers that the table lacks. Otherwise the speakers are
    sorted by sex and name (with a seed: in a drawn order) and dealt in turn to ``most`` groups, or
    to as many as there are speakers: no two groups differ by more than one in either sex.

    Args:
        clips: clips of the corpus, with ``corpus``, ``speaker`` and ``gender``, which may be
            missing.
        known: groups that are known beforehand, or None.
        most: number of groups to deal to.
        what: noun for a known group in the error message.
        seed: of the drawn order within each sex; the order of one corpus is no other's.

    Raises:
        ValueError: a speaker is in no known group, or there is one group.
    """
    check_complete(clips, "speaker", what="a split by speaker needs")
    corpus, present = clips["corpus"].iloc[0], set(clips["speaker"])
    if known is None:
        sex, order = sexes(clips), sorted(present)
        if seed is not None:
            np.random.default_rng([seed, *corpus.encode()]).shuffle(order)
        order.sort(key=lambda speaker: sex[speaker])
        n_groups = min(most, len(order))
        parts = [tuple(order[first::n_groups]) for first in range(n_groups)]
    else:
        names = {speaker for group in known for speaker in group}
        if strangers := sorted(present - names):
            raise ValueError(
                f"{corpus}: speaker {strangers[0]} is in no {what}; expected one of"
                f" {', '.join(sorted(names))}. Leave the speaker out or rename the corpus."
            )
        parts = [tuple(speaker for speaker in group if speaker in present) for group in known]
        parts = [part for part in parts if part]
    if len(parts) < 2:
        raise ValueError(
            f"{corpus}: 1 group of speakers ({', '.join(parts[0])}); folds need at least 2, one to"
            " train on and one to test on: add speakers or leave the corpus out"
        )
    return parts


def count(table: pd.DataFrame) -> int:
    """Count the folds of a table: the groups of the corpus that has most; of a given split one."""
    if is_given(table):
        return 1
    return max(len(parts) for parts in groups(table).values())


def speaker_folds(table: pd.DataFrame, fold: int) -> Sides:
    """Split by speaker into training, validation and test.

    Of a corpus with n groups, group ``fold`` modulo n is tested and the next one, modulo n,
    validates; a corpus of two groups (TESS) has none for validation. So the test never chooses an
    epoch or a rate, and a corpus with fewer groups than there are folds has its speakers tested
    more than once: weigh them, or score each corpus. A split that the table gives is the one fold.

    Args:
        table: clips with ``corpus``, ``speaker``, ``gender`` and ``class``.
        fold: 0 to ``count(table) - 1``.

    Raises:
        ValueError: there is no such fold, a clip has no class, a side lacks a class, or ``groups``
            refuses the table.
        LeakError: a speaker is on two sides.
    """
    everyone = np.ones(len(table), bool)
    if is_given(table):
        check_fold(fold, 1)
        sides = given_sides(table, everyone)
    else:
        sides = _sides(table, everyone, _of_fold(table, fold, None))
    check(table, *sides)
    return sides


def _of_fold(
    table: pd.DataFrame, fold: int, seed: int | None
) -> dict[str, tuple[Speakers, Speakers]]:
    """Return the validation and test speakers of a fold, by corpus."""
    groups_of = groups(table, seed=seed)
    check_fold(fold, max(len(parts) for parts in groups_of.values()))
    return {
        corpus: (parts[(fold + 1) % len(parts)] if len(parts) > 2 else (), parts[fold % len(parts)])
        for corpus, parts in groups_of.items()
    }


def across(table: pd.DataFrame, *, source: str | Collection[str]) -> Sides:
    """Split by corpus: ``source`` trains, the first of its ``groups`` validates, others are tested.

    Args:
        table: clips with ``corpus``, ``speaker``, ``gender`` and ``class``.
        source: name of the corpus that trains, or of several that train together.

    Raises:
        ValueError: there is no such corpus or no other one, or a side lacks a class.

    Source: Biagini 2022, outlook: how models carry over to other corpora is left open. The split is
    ours.
    """
    names = table["corpus"].to_numpy(str)
    sources = [source] if isinstance(source, str) else sorted(source)
    if not set(sources) < set(names):
        raise ValueError(
            f"{', '.join(sources)} cannot train across corpora: the table has"
            f" {', '.join(sorted(set(names)))}; expected it and another one. Add a corpus, or name"
            " another source."
        )
    is_source = np.isin(names, sources)
    validates = np.zeros(len(table), bool)
    for corpus, parts in groups(table[is_source]).items():
        validates |= (names == corpus) & table["speaker"].isin(parts[0]).to_numpy()
    masks = (is_source & ~validates, is_source & validates, ~is_source)
    sides = tuple(np.flatnonzero(mask) for mask in masks)
    check(table, *sides)
    return sides


def check(
    table: pd.DataFrame,
    training: Sequence[int],
    validation: Sequence[int],
    test: Sequence[int],
    *,
    unseen: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Refuse a split, by row numbers, with a leak or with a side that lacks a class of the table.

    The unseen rows are those of each corpus that is only tested, by its name.

    Raises:
        ValueError: a clip has no class, or training, validation or test lacks one.
        LeakError: a speaker is on two sides, or an unseen corpus is on one of the three.
    """
    if missing := int(table["class"].isna().sum()):
        raise ValueError(
            f"{missing} of {len(table)} clips have no class; a split needs one for each: leave"
            " these clips out first"
        )
    for column in ("corpus", "speaker"):
        check_complete(table, column, what="a split by speaker needs")
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
    if unseen:
        corpora = table["corpus"].to_numpy(str)
        apart = corpora[np.concatenate([*unseen.values()])]
        pool = corpora[np.concatenate([training, validation, test])]
        forbid_shared(pool, [*unseen, *apart], what="corpus (an unseen one counts as a test)")


def is_given(table: pd.DataFrame) -> bool:
    """Tell whether a table says which clips train and which are tested."""
    return SPLIT in table and bool(table[SPLIT].notna().any())


def given(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the rows of training, validation and test that a table says; a clip may have none.

    Raises:
        LeakError: a speaker is in training, or validates, and is tested.
    """
    names = ("training", "validation", "test")
    rows = {side: np.flatnonzero(table[SPLIT] == side) for side in names}
    speakers = qualified(table, "speaker").to_numpy(str)
    for name, what in (("training", "speaker"), ("validation", "speaker (validation)")):
        forbid_shared(speakers[rows[name]], speakers[rows["test"]], what=what)
    return rows


def given_sides(table: pd.DataFrame, pool: np.ndarray) -> Sides:
    """Return the sides that a table gives the clips of a pool.

    Raises:
        ValueError: no clip validates.
        LeakError: a speaker is on two sides.
    """
    sides = given(table.assign(**{SPLIT: table[SPLIT].where(pool)}))
    if not len(sides["validation"]):
        raise ValueError(
            "the split has no clip that validates, which chooses the epoch; expected train, dev and"
            " test. Add dev, or leave the column split out"
        )
    return tuple(sides.values())


def forbid_shared(training: Iterable[str], test: Iterable[str], *, what: str) -> None:
    """Refuse a split with something on both sides; names are compared as ``folded``.

    Raises:
        LeakError: something is on both sides.
    """
    sides = ({folded(str(name)): str(name) for name in set(side)} for side in (training, test))
    trained, tested = sides
    shared = sorted((trained[name], tested[name]) for name in trained.keys() & tested.keys())
    if shared:
        name, other = shared[0]
        spelling = "" if name == other else f" (there as {other!r})"
        raise LeakError(
            f"{what} {name} is in training and in test{spelling} ({len(shared)} shared); a clean"
            " split keeps each on one side"
        )


def folded(name: str) -> str:
    """Return a name as it is compared: without capitals and invisible characters, in NFC."""
    visible = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", visible).casefold()).strip()


def check_fold(fold: int, folds: int) -> None:
    """Refuse the number of a fold that does not exist."""
    if not 0 <= fold < folds:
        known = f"this table has {folds}, numbered from 0"
        raise ValueError(f"fold {fold}: no such fold; {known}. Name one of 0 to {folds - 1}.")


def check_complete(table: pd.DataFrame, column: str, *, what: str) -> None:
    """Refuse a table with clips that lack a value; ``what`` is the message's name of the split."""
    if missing := int(table[column].isna().sum()):
        problem = f"{missing} of {len(table)} clips have no {column}"
        raise ValueError(f"{problem}; {what} one for each: add them")


def sexes(clips: pd.DataFrame) -> pd.Series:
    """Find the sex of each speaker; "unknown" if the clips name both sexes, none or another."""

    def sex(genders: pd.Series) -> str:
        return genders.dropna().iloc[0] if genders.nunique() == 1 else "unknown"

    known = clips.groupby("speaker")["gender"].agg(sex)
    return known.where(known.isin(["female", "male"]), "unknown")


def _sides(
    table: pd.DataFrame, pool: np.ndarray, of_corpus: Mapping[str, tuple[Speakers, Speakers]]
) -> Sides:
    """Divide the rows of a pool by each corpus' validation and test speakers; the others train."""
    names = qualified(table, "speaker")
    validation, test = (
        names.isin(
            [f"{corpus}/{who}" for corpus, side in of_corpus.items() for who in side[at]]
        ).to_numpy()
        for at in (0, 1)
    )
    masks = (pool & ~validation & ~test, validation, test)
    return tuple(np.flatnonzero(mask) for mask in masks)
