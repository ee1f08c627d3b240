"""Gender features of read Portuguese, measured by a co-author of paper 01 (MLS, and Common Voice), as tables without audio.

The files are public in the project that Alves et al. 2022 name in section 1 (footnote 2); they stand in for CETUC, which
the paper used and which is not at hand.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import store


@dataclass(frozen=True)
class GenderTable:
    """Gender features of many clips.

    Args:
        features: ``(clips, 44)`` in the order of ``sercore.features.gender.NAMES``.
        male: ``(clips,)``, 1 for male and 0 for female.
        speakers: ``(clips,)`` names.
        content: hash of what was read.
    """

    features: np.ndarray
    male: np.ndarray
    speakers: np.ndarray
    content: str


def read(path: Path, names: tuple[str, ...]) -> GenderTable:
    """A table with the columns ``FileName`` (speaker before the first ``_``), ``Gender`` and one for each feature.

    Raises:
        ValueError: a column that is missing.
        FileNotFoundError: no such table.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such table; the auxiliary gender task needs it. Put it there, or use edition=demo."
        )
    table = pd.read_csv(path)
    absent = [name for name in ("FileName", "Gender", *names) if name not in table]
    if absent:
        raise ValueError(
            f"{path}: no column {absent[0]} ({len(absent)} missing); expected FileName, Gender and the 44 features"
        )
    return GenderTable(
        features=table[list(names)].to_numpy(np.float64),
        male=table["Gender"].to_numpy(np.int64),
        speakers=table["FileName"].str.split("_").str[0].to_numpy(str),
        content=store.content(path),
    )
