"""Gender features of read Portuguese (MLS and Common Voice) as public tables without audio.

A co-author of Alves et al. 2022 measured them; the project named in the paper's section 1 (footnote
2) holds the files. They stand in for CETUC, which the paper used.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import store


@dataclass(frozen=True)
class GenderTable:
    """Gender features of many clips."""

    features: np.ndarray  # (clips, 44) in the order of sercore.features.gender.NAMES
    male: np.ndarray  # (clips,), 1 for male and 0 for female
    speakers: np.ndarray  # (clips,) names
    content: str  # hash of the file


def read(path: Path, names: tuple[str, ...]) -> GenderTable:
    """Read a CSV table with the columns ``FileName``, ``Gender`` and one for each feature.

    The speaker is the part of ``FileName`` before the first ``_``.

    Raises:
        ValueError: it is no table, or a column is missing.
        FileNotFoundError: there is no such table.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such table; the auxiliary gender task needs it. Put it there, or use"
            " edition=demo."
        )
    try:
        table = pd.read_csv(path)
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise ValueError(
            f"{path}: no table that can be read ({error}); expected CSV, packed by gzip where the"
            " name ends in .gz. Get it again."
        ) from error
    absent = [name for name in ("FileName", "Gender", *names) if name not in table]
    if absent:
        raise ValueError(
            f"{path}: no column {absent[0]} ({len(absent)} missing); expected FileName, Gender and"
            " the 44 features"
        )
    return GenderTable(
        features=table[list(names)].to_numpy(np.float64),
        male=table["Gender"].to_numpy(np.int64),
        speakers=table["FileName"].str.split("_").str[0].to_numpy(str),
        content=store.content(path),
    )
