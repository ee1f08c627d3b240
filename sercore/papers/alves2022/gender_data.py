"""Data of paper 01's auxiliary gender task, where CETUC is absent: MLS and Common Voice as tables, or the demo's speakers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import corpora, features, store
from sercore.corpora import gender_tables
from sercore.corpora.demo import synthetic
from sercore.corpora.gender_tables import GenderTable
from sercore.features.gender import NAMES
from sercore.papers.alves2022.gender import UNKNOWN, GenderData

FOLDER = Path("gender-tables")
MLS, COMMON_VOICE = "mls-split-pt.csv.gz", "commonvoice-pt.csv.gz"


def load(edition: str) -> GenderData:
    """Gender features of an edition: "demo" (synthesised here), "open" (the co-author's tables) or "paper" (CETUC, true scale).

    Common Voice's peak frequencies are on their true scale, those of MLS in pieces 1.378 times too high, as that project's two
    extractors have them: part of what separates a test on it from one on MLS is this.

    Raises:
        CorpusError: ``SER_CORPORA`` is not set.
        FileNotFoundError: MLS' table is not there; Common Voice's may be absent.
    """
    if edition != "open":
        demo = edition == "demo"
        spoken = synthetic.load("demo-gender") if demo else corpora.load("cetuc")
        return GenderData(_measured(spoken.table, "gender-as-run" if demo else "gender"), None)
    elsewhere = common_voice(edition)
    table = None if elsewhere is None else gender_tables.read(elsewhere, NAMES)
    unnamed = (
        None if table is None else replace(table, speakers=np.repeat(UNKNOWN, len(table.male)))
    )
    return GenderData(gender_tables.read(_folder() / MLS, NAMES), unnamed)


def common_voice(edition: str) -> Path | None:
    """Common Voice's table, or None where the edition has none: then the grid leaves its rows out.

    Raises:
        CorpusError: ``SER_CORPORA`` is not set.
    """
    if edition != "open":
        return None
    path = _folder() / COMMON_VOICE
    return path if path.is_file() else None


def _folder() -> Path:
    root = corpora.home()
    if root is None:
        raise corpora.CorpusError(
            f"SER_CORPORA is not set; it names the folder that holds `{FOLDER}/`. Set it, or use edition=demo."
        )
    return root / FOLDER


def _measured(table: pd.DataFrame, feature_set: str) -> GenderTable:
    return GenderTable(
        features=features.compute(feature_set, list(table["path"])),
        male=(table["gender"] == "male").to_numpy(np.int64),
        speakers=table["speaker"].to_numpy(str),
        content=store.digest([store.content(path) for path in table["path"]]),
    )
