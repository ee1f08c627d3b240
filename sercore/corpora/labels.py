"""Classes that several corpora share, made from each corpus' own labels."""

import pandas as pd

THREE = ("neutral", "non-neutral-female", "non-neutral-male")  # 0, 1, 2 by position, as in paper 01
NEUTRAL = {"n", "neu", "neutral"}  # as the corpora write it, in any case


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
    neutral = emotion.astype("string").str.casefold().isin(NEUTRAL).astype(bool)
    _refuse(table, emotion.isna(), "emotion missing; expected a label. Remove the clip or label it.")
    unknown = ~own & ~neutral & ~gender.isin(["female", "male"])
    _refuse(table, unknown, "gender missing; a non-neutral clip needs female or male. Add it, or leave the clip out.")
    classes = "non-neutral-" + gender.astype("string")
    return classes.mask(neutral, "neutral").mask(own, emotion.astype("string")).astype(object).rename("class")


def _refuse(table: pd.DataFrame, bad: pd.Series, told: str) -> None:
    if bad.any():
        row = table[bad].iloc[0]
        more = f" ({int(bad.sum())} clips)" if bad.sum() > 1 else ""
        raise LabelError(f"{row.get('path', f'row {table.index[bad][0]}')}: {told}{more}")
