"""Classes that several corpora share, made from each corpus' own labels, by paper.

Paper 01 has ``three_classes``; papers 02 to 04 have maps of labels (``valences``,
``seven_classes``, ``four_classes``), which ``mapped`` applies.
"""

from collections.abc import Mapping

import pandas as pd

THREE = ("neutral", "non-neutral-female", "non-neutral-male")  # 0, 1, 2 by position, as in paper 01
VALENCES = ("positive", "neutral", "negative")
NEGATIVE = ("anger", "disgust", "fear", "frustration", "further, negative", "sadness")
POSITIVE = ("excitement", "further, positive", "happiness")
SEVEN = ("angry", "disgust", "fear", "happy", "neutral", "sadness", "surprise")
EXPERIMENTS = {
    "exp1": {"anger": "angry", "happiness": "happy", "neutral": "neutral", "sadness": "sad"},
    "exp2": {"anger": "angry", "excitement": "excited", "neutral": "neutral", "sadness": "sad"},
    "exp3": {
        "anger": "angry", "happiness": "happy+excited", "excitement": "happy+excited",
        "neutral": "neutral", "sadness": "sad",
    },
}  # fmt: skip

# Labels of all corpora, in small letters, by emotion.
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
        "anxiety", "cold-anger", "contempt", "despair", "hot-anger", "panic", "shame",
    ),
    "undecided": ("no-majority", "oth", "tie"),
}  # fmt: skip

UNLABELLED = "emotion missing; expected a label. Remove the clip or label it."
# Class of each label in small letters; None for a label that is left out.
Map = Mapping[str, str | None]


class LabelError(ValueError):
    """A clip that has no class."""


def three_classes(table: pd.DataFrame) -> pd.Series:
    """Give the clips of any corpus one of ``THREE``: neutral, or not, and then by gender.

    CORAA SER's own labels pass through. Any label but neutral counts as non-neutral, calm of
    RAVDESS too. The table has ``emotion`` and ``gender``.

    Raises:
        LabelError: a clip has no emotion, or a non-neutral clip no gender.

    Source: Alves et al. 2022, section 2.1; integers as in the authors' public notebooks.
    """
    emotion, gender = table["emotion"], table["gender"]
    is_class = emotion.isin(THREE)
    neutral = emotion.astype("string").str.casefold().isin(SPELLINGS["neutral"]).astype(bool)
    _check_none(table, emotion.isna(), UNLABELLED)
    _check_none(
        table,
        ~is_class & ~neutral & ~gender.isin(["female", "male"]),
        "gender missing; a non-neutral clip needs female or male. Add it, or leave the clip out.",
    )
    classes = "non-neutral-" + gender.astype("string")
    classes = classes.mask(neutral, "neutral").mask(is_class, emotion.astype("string"))
    return classes.astype(object).rename("class")


def mapped(table: pd.DataFrame, classes: Map) -> pd.Series:
    """Give each clip of a table with ``emotion`` its class by a paper's map, or None.

    Raises:
        LabelError: a clip has no emotion, or a label that the map does not know.
    """
    labels = table["emotion"].astype("string").str.casefold()
    _check_none(table, labels.isna(), UNLABELLED)
    unknown = ~labels.isin(list(classes))
    label = labels[unknown].iloc[0] if unknown.any() else ""
    fault = f"label `{label}`; expected one of {', '.join(sorted(classes))}."
    _check_none(table, unknown, f"{fault} Leave the clip out or relabel it.")
    return pd.Series([classes[label] for label in labels], table.index, dtype=object, name="class")


def emotions(table: pd.DataFrame) -> pd.Series:
    """Name the emotion of each clip in the spelling of ``SPELLINGS``; another label stays as it is."""
    words = {label: word for word, spellings in SPELLINGS.items() for label in spellings}
    labels = table["emotion"].astype(object)
    return labels.map(lambda label: words.get(str(label).casefold(), label), na_action="ignore")


def valences(
    *,
    surprise: str | None = "positive",
    calm: str | None = "neutral",
    boredom: str | None = "negative",
) -> Map:
    """Return paper 02's map to positive, neutral and negative.

    Frustration and IEMOCAP's rare labels are in, other and undecided are out. For surprise, RAVDESS'
    calm and boredom the paper prints no class; None leaves them out.

    Raises:
        LabelError: a class is not in ``VALENCES``.

    Source: Parry et al. 2022, which prints CREMA-D's map; the other corpora's are inferred from it.
    """
    switched = {"surprise": surprise, "calm": calm, "boredom": boredom}
    for name, given in switched.items():
        if given is not None and given not in VALENCES:
            raise LabelError(
                f"{name}={given}: no class of paper 02; expected {', '.join(VALENCES)}, or None to"
                " leave it out."
            )
    words = dict.fromkeys(NEGATIVE, "negative") | dict.fromkeys(POSITIVE, "positive")
    return _spelled(words | {"neutral": "neutral", "undecided": None} | switched)


def seven_classes(*, loopq_labels: bool = False) -> Map:
    """Return paper 03's map to the seven classes of its data; calm is out.

    ``loopq_labels`` takes SAVEE's sadness for anger, as the competition's data do.

    Source: Biagini 2022, Table 1, where SAVEE has 98 angry clips and no sad one; the corpus has 60
    of each.
    """
    words = {word: word for word in SEVEN if word in SPELLINGS}
    classes = _spelled(words | {"anger": "angry", "happiness": "happy", "calm": None})
    if loopq_labels:
        classes["sa"] = "angry"
    return classes


def four_classes(experiment: str) -> Map:
    """Return paper 04's map for "exp1", "exp2" or "exp3"; labels that it does not name are out.

    Raises:
        LabelError: there is no such experiment.

    Source: Padi et al. 2021, Table 2.
    """
    if experiment not in EXPERIMENTS:
        raise LabelError(
            f"{experiment}: no such experiment of paper 04; expected {', '.join(EXPERIMENTS)}."
            " Name one of them."
        )
    return _spelled(dict.fromkeys(SPELLINGS) | EXPERIMENTS[experiment])


def _spelled(words: Map) -> Map:
    return {label: given for word, given in words.items() for label in SPELLINGS[word]}


def _check_none(table: pd.DataFrame, bad: pd.Series, fault: str) -> None:
    if bad.any():
        row = table[bad].iloc[0]
        more = f" ({int(bad.sum())} clips)" if bad.sum() > 1 else ""
        raise LabelError(f"{row.get('path', f'row {table.index[bad][0]}')}: {fault}{more}")
