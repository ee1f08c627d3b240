"""Classes that several corpora share, made from each corpus' own labels: one map a paper, each with its switches.

Paper 01 has ``three_classes``; papers 02 to 04 have maps of labels (``valences``, ``seven_classes``, ``four_classes``), which
``mapped`` applies.
"""

from collections.abc import Mapping

import pandas as pd

THREE = ("neutral", "non-neutral-female", "non-neutral-male")  # 0, 1, 2 by position, as in paper 01
VALENCES = ("positive", "neutral", "negative")
SEVEN = ("angry", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
EXPERIMENTS = {
    "exp1": {"anger": "angry", "happiness": "happy", "neutral": "neutral", "sadness": "sad"},
    "exp2": {"anger": "angry", "excitement": "excited", "neutral": "neutral", "sadness": "sad"},
    "exp3": {
        "anger": "angry", "happiness": "happy+excited", "excitement": "happy+excited", "neutral": "neutral", "sadness": "sad",
    },
}  # fmt: skip

# Every label of every corpus, in small letters, under the emotion's word.
SPELLINGS = {
    "anger": ("a", "ang", "anger", "angry", "rab"),
    "boredom": ("boredom",),
    "calm": ("calm",),
    "disgust": ("d", "dis", "disgust"),
    "excitement": ("exc",),
    "fear": ("f", "fea", "fear", "fearful", "pau"),
    "frustration": ("fru",),
    "happiness": ("gio", "h", "hap", "happiness", "happy"),
    "neutral": ("n", "neu", "neutral"),
    "sadness": ("sa", "sad", "sadness", "tri"),
    "surprise": ("ps", "sor", "su", "sur", "surprised"),
    "further, positive": ("elation", "interest", "pride"),
    "further, negative": (
        "anxiety",
        "cold-anger",
        "contempt",
        "despair",
        "hot-anger",
        "panic",
        "shame",
    ),
    "undecided": ("no-majority", "oth", "tie"),
}

Map = Mapping[
    str, str | None
]  # label, in small letters, to class, or to None for a label that is left out


class LabelError(ValueError):
    """A clip that has no class: which one, what was expected, what to do."""


def three_classes(table: pd.DataFrame) -> pd.Series:
    """The classes of CORAA SER for any corpus: neutral, or not, and then by gender.

    CORAA SER's own labels pass through. Any label but neutral counts as non-neutral, calm of RAVDESS too.

    Args:
        table: a corpus' table, of which ``emotion``, ``gender`` and, for the message, ``path`` are read.

    Returns:
        One of ``THREE`` for each row, under the table's index.

    Raises:
        LabelError: a clip without emotion, or a non-neutral clip of unknown gender.

    Source: Alves et al. 2022, section 2.1; integers as in the authors' public notebooks.
    """
    emotion, gender = table["emotion"], table["gender"]
    own = emotion.isin(THREE)
    neutral = emotion.astype("string").str.casefold().isin(SPELLINGS["neutral"]).astype(bool)
    _refuse(
        table, emotion.isna(), "emotion missing; expected a label. Remove the clip or label it."
    )
    unknown = ~own & ~neutral & ~gender.isin(["female", "male"])
    _refuse(
        table,
        unknown,
        "gender missing; a non-neutral clip needs female or male. Add it, or leave the clip out.",
    )
    classes = "non-neutral-" + gender.astype("string")
    return (
        classes.mask(neutral, "neutral")
        .mask(own, emotion.astype("string"))
        .astype(object)
        .rename("class")
    )


def mapped(table: pd.DataFrame, classes: Map) -> pd.Series:
    """The class of each clip by a paper's map, missing where the map leaves the label out.

    Args:
        table: a corpus' table, of which ``emotion`` and, for the message, ``path`` are read.
        classes: label, in small letters, to class, or to None for a label that is left out.

    Returns:
        A class or None for each row, under the table's index.

    Raises:
        LabelError: a clip without emotion, or with a label that the map does not know.
    """
    labels = table["emotion"].astype("string").str.casefold()
    _refuse(table, labels.isna(), "emotion missing; expected a label. Remove the clip or label it.")
    unknown = ~labels.isin(list(classes))
    met = labels[unknown].iloc[0] if unknown.any() else ""
    _refuse(
        table,
        unknown,
        f"label `{met}`; expected one of {', '.join(sorted(classes))}. Leave the clip out or relabel it.",
    )
    return pd.Series([classes[label] for label in labels], table.index, dtype=object, name="class")


def valences(
    *,
    surprise: str | None = "positive",
    calm: str | None = "neutral",
    boredom: str | None = "negative",
) -> Map:
    """Paper 02's map: positive, neutral, negative. Frustration and IEMOCAP's rare labels are in, other and undecided are out.

    Args:
        surprise: class of surprise, for which the paper prints none: one of ``VALENCES`` or None for left out (default positive).
        calm: the same for RAVDESS' calm (default neutral).
        boredom: the same for boredom (default negative).

    Returns:
        The map, for ``mapped``.

    Raises:
        LabelError: a class that is not the paper's.

    Source: Parry et al. 2022, which prints CREMA-D's map; the other corpora's are inferred from it.
    """
    switched = {"surprise": surprise, "calm": calm, "boredom": boredom}
    for name, given in switched.items():
        if given is not None and given not in VALENCES:
            raise LabelError(
                f"{name}={given}: no class of paper 02; expected {', '.join(VALENCES)}, or None to leave it out."
            )
    bad = ("anger", "disgust", "fear", "frustration", "further, negative", "sadness")
    good = ("excitement", "further, positive", "happiness")
    words = (
        dict.fromkeys(bad, "negative")
        | dict.fromkeys(good, "positive")
        | {"neutral": "neutral", "undecided": None}
    )
    return _spelled(words | switched)


def seven_classes(*, loopq_labels: bool = False) -> Map:
    """Paper 03's map: the seven classes of its data. Calm is out.

    Args:
        loopq_labels: take SAVEE's sadness for anger, as the competition's data did (default False).

    Returns:
        The map, for ``mapped``.

    Source: Biagini 2022, Table 1, where SAVEE has 98 angry clips and no sad one; the corpus has 60 of each.
    """
    words = {"anger": "angry", "happiness": "happy"} | {
        word: word for word in SEVEN if word in SPELLINGS
    }
    classes = _spelled(words | {"calm": None})
    return classes | {"sa": "angry"} if loopq_labels else classes


def four_classes(experiment: str) -> Map:
    """Paper 04's map for one experiment; every label that it does not name is out.

    Args:
        experiment: "exp1", "exp2" or "exp3".

    Returns:
        The map, for ``mapped``.

    Raises:
        LabelError: no such experiment.

    Source: Padi et al. 2021, Table 2.
    """
    if experiment not in EXPERIMENTS:
        raise LabelError(
            f"{experiment}: no such experiment of paper 04; expected {', '.join(EXPERIMENTS)}. Name one of them."
        )
    return _spelled(dict.fromkeys(SPELLINGS) | EXPERIMENTS[experiment])


def _spelled(words: Map) -> Map:
    return {label: given for word, given in words.items() for label in SPELLINGS[word]}


def _refuse(table: pd.DataFrame, bad: pd.Series, told: str) -> None:
    if bad.any():
        row = table[bad].iloc[0]
        more = f" ({int(bad.sum())} clips)" if bad.sum() > 1 else ""
        raise LabelError(f"{row.get('path', f'row {table.index[bad][0]}')}: {told}{more}")
