"""Attributes of paper 02's clips: corpus, speaker, gender and language as labels, and what they tell of one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.metrics import mutual_info_score

from sercore.papers.parry2022.losses import MISSING

ATTRIBUTES = {"C": "corpus", "S": "speaker", "G": "gender", "L": "language"}
GENDERS = ("female", "male")

# The fifteen sets of attributes, spelled as in Parry et al. 2022, Tables 2 and 3.
SUBSETS = tuple(
    "+".join(chosen) for size in range(1, 5) for chosen in combinations(ATTRIBUTES, size)
)


@dataclass(frozen=True)
class Labels:
    """One attribute of every clip.

    Args:
        values: ``(clips,)`` int64, places in ``classes``, or -1 where the label is missing or is none of them.
        classes: names of the labels that an output stands for.
    """

    values: np.ndarray
    classes: tuple[str, ...]


def letters(name: str) -> tuple[str, ...]:
    """Letters of a set of attributes: ``("C", "S")`` of "C+S".

    Raises:
        ValueError: no such set.
    """
    if name not in SUBSETS:
        raise ValueError(
            f"{name}: no such set of attributes; expected one of {', '.join(SUBSETS)}. Name one of them."
        )
    return tuple(name.split("+"))


def labels(table: pd.DataFrame, training_rows: Sequence[int]) -> dict[str, Labels]:
    """Labels of all clips by the attribute's letter; what training does not have has no output, and is -1.

    So a speaker of validation or test is -1, and so are corpus and speaker of an unseen corpus; its gender and its language are
    not, where training has them. A speaker's id counts within its corpus: 03 of Emo-DB and 03 of RAVDESS are two classes.
    A language is the first part of its tag: "en-GB" and "en-US" are both "en".

    Args:
        table: clips with ``corpus``, ``speaker``, ``gender`` ("female", "male" or missing) and ``language`` (a BCP 47 tag or
            missing).
        training_rows: row numbers of the training clips; their corpora, speakers and languages are the classes, sorted.

    Source: Parry et al. 2022, section 1. Deviation: there gender is a speaker's average pitch; here it is the sex that the corpus
    tells.
    """
    corpus = table["corpus"].astype("string")
    names = {
        "C": corpus,
        "S": corpus + "/" + table["speaker"].astype("string"),
        "G": table["gender"].astype("string"),
        "L": table["language"].astype("string").str.casefold().str.split("-").str[0],
    }
    trained = {
        letter: sorted(column.iloc[training_rows].dropna().unique())
        for letter, column in names.items()
    }
    return {
        letter: _labelled(column, GENDERS if letter == "G" else trained[letter])
        for letter, column in names.items()
    }


def lacking(labels: Mapping[str, Labels], rows: Sequence[int]) -> dict[str, str]:
    """Attributes that nothing can be learned from, by letter, each with the reason: fewer than two classes among these clips.

    Args:
        labels: as ``labels`` gives them.
        rows: row numbers of the training clips.
    """
    found = {}
    for letter, each in labels.items():
        present = [
            each.classes[value] for value in np.unique(each.values[rows]) if value != MISSING
        ]
        if len(present) < 2:
            met = f"all are {present[0]}" if present else "none has a label"
            found[letter] = (
                f"{ATTRIBUTES[letter]}: of {len(rows)} training clips {met}; expected two classes or more"
            )
    return found


def identical(labels: Mapping[str, Labels], rows: Sequence[int]) -> list[tuple[str, str]]:
    """Pairs of attributes that divide these clips in the same way, whatever the classes' names.

    On EMOVO and RAVDESS alone corpus and language are such a pair: a model of one is a model of the other.

    Args:
        labels: as ``labels`` gives them.
        rows: row numbers of the training clips.

    Returns:
        Pairs of letters, in the attributes' order. A clip without the one label has to be one without the other, too.
    """
    return [
        (one, other)
        for one, other in combinations(labels, 2)
        if _same(labels[one].values[rows], labels[other].values[rows])
    ]


def mutual_information(
    labels: Mapping[str, Labels], rows: Sequence[int], *, emotion: Sequence[object] | None = None
) -> pd.DataFrame:
    """What one attribute tells of another, in bits; on the diagonal the attribute's own entropy.

    Args:
        labels: as ``labels`` gives them.
        rows: row numbers of the clips that count.
        emotion: ``(clips,)`` class of every clip of the table, none missing (default None for a table without it).

    Returns:
        One row and one column for each attribute, named as in ``ATTRIBUTES``, then "emotion" where it is given. Clips that lack
        one of the two labels are left out of that cell; it is NaN where none is left.
    """
    values = {ATTRIBUTES[letter]: each.values[rows] for letter, each in labels.items()}
    if emotion is not None:
        values["emotion"] = np.unique(np.asarray(emotion)[rows], return_inverse=True)[1]
    return pd.DataFrame(
        {one: {other: _bits(values[one], values[other]) for other in values} for one in values}
    )


def _labelled(column: pd.Series, classes: Sequence[str]) -> Labels:
    places = {name: place for place, name in enumerate(classes)}
    return Labels(
        np.array([places.get(name, MISSING) for name in column], np.int64), tuple(classes)
    )


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = len(np.unique(np.stack([one, other]), axis=1).T)
    return pairs == len(np.unique(one)) == len(np.unique(other)) and bool(
        ((one == MISSING) == (other == MISSING)).all()
    )


def _bits(one: np.ndarray, other: np.ndarray) -> float:
    known = (one != MISSING) & (other != MISSING)
    return (
        float(mutual_info_score(one[known], other[known]) / np.log(2))
        if known.any()
        else float("nan")
    )
