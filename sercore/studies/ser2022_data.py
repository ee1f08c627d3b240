"""Data of paper 01: clips with three classes, their gender-changed copies, their features, and the auxiliary gender data."""

from pathlib import Path

import numpy as np
import pandas as pd

from sercore import corpora, features, store
from sercore.augment import voice
from sercore.corpora import gender_tables, labels, synthetic
from sercore.corpora.gender_tables import GenderTable
from sercore.features.gender import NAMES as GENDER_NAMES
from sercore.process import CallError
from sercore.studies.ser2022_trial import Data

FEATURE_SETS = ("prosodic", "prosodic-corrected", "gender", "gender-corrected")
AUXILIARY = Path("gender-tables") / "mls-split-pt.csv.gz"
SWAPPED = {1: 2, 2: 1}  # a copy takes the other non-neutral class, section 2.2


def load(edition: str) -> Data:
    """Clips, copies and features of an edition: "demo" (synthesised here) or "open" (CORAA SER under ``SER_CORPORA``).

    Features and copies come from the store where they are kept.
    """
    table = clips(edition)
    copied, unconverted = copies(table)
    rows = pd.concat([table.assign(original=-1), copied], ignore_index=True)
    auxiliary = _auxiliary(edition)
    contents = [store.content(path) for path in rows["path"]]
    manifest = [list(each) for each in zip(rows["name"], contents, rows["label"].tolist(), rows["speaker"], strict=True)]
    auxiliary_contents = sorted([name, table.content] for name, table in auxiliary.items())
    return Data(
        names=tuple(rows["name"]),
        paths=tuple(str(path) for path in rows["path"]),
        labels=rows["label"].to_numpy(np.int64),
        recordings=rows["speaker"].to_numpy(str),
        originals=rows["original"].to_numpy(np.int64),
        features={name: features.compute(name, list(rows["path"])) for name in FEATURE_SETS},
        auxiliary=auxiliary,
        unconverted=tuple(unconverted),
        manifest=(*manifest, *auxiliary_contents, *extractors()),
    )


def extractors() -> list[list[str]]:
    """Name and key (code, library versions) of what makes the data: each feature set's extractor, and the voice conversion."""
    modules = {name: features.SETS[name].module for name in FEATURE_SETS} | {"change gender": "sercore.augment.voice"}
    return [[name, store.key(settings={}, manifest=[], modules=module).hex] for name, module in modules.items()]


def clips(edition: str) -> pd.DataFrame:
    """Original clips, sorted by name: the corpus' table with ``name`` and ``label`` (0, 1, 2)."""
    table = corpora.load("coraa-ser").table if edition == "open" else synthetic.load("demo-conversa").table
    named = labels.three_classes(table).map(labels.THREE.index)
    table = table.assign(name=[Path(path).stem for path in table["path"]], label=named)
    return table.sort_values("name", ignore_index=True)


def copies(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Gender-changed copies of the non-neutral clips, sorted by name, and the clips that have none.

    The authors could not convert one female clip and do not say which. Where all of ours convert, the shortest female clip
    is left out, so that the totals are theirs.

    Source: Alves et al. 2022, section 2.2.
    """
    chosen = table[table["label"] > 0]
    conversions = [voice.TO_MALE if label == 1 else voice.TO_FEMALE for label in chosen["label"]]
    made = voice.converted([Path(path) for path in chosen["path"]], conversions)
    failed = [f"{name}: {answer}" for name, answer in zip(chosen["name"], made, strict=True) if isinstance(answer, CallError)]
    good = np.array([not isinstance(answer, CallError) for answer in made])
    if not failed:
        shortest = chosen[chosen["label"] == 1].sort_values(["seconds", "name"])["name"].iloc[0]
        failed = [f"{shortest}: converts here; left out as the shortest female clip, for the paper's one that did not"]
        good &= (chosen["name"] != shortest).to_numpy()
    copied = chosen.assign(path=made, label=chosen["label"].map(SWAPPED), original=chosen.index)[good]
    return copied.reset_index(drop=True), failed


def measure(edition: str, data: Data) -> dict[str, float]:
    """Counts and minutes of the originals, and how many copies were made, by "row / column" of the printed number."""
    table = clips(edition)
    counts = {f"SE&R training set / {name} / segments": int((table["label"] == at).sum()) for at, name in enumerate(labels.THREE)}
    copied = data.labels[data.originals >= 0]
    return counts | {
        "SE&R training set / all / segments": len(table),
        "SE&R training set / all / duration": round(table["seconds"].sum() / 60, 2),
        "change gender / converted files / count": len(copied),
        "change gender / male to female / count": int((copied == 1).sum()),
        "change gender / female to male / count": int((copied == 2).sum()),
    }


def _auxiliary(edition: str) -> dict[str, GenderTable]:
    if edition == "open":
        table = gender_tables.read(corpora.home() / AUXILIARY, GENDER_NAMES)
        return {"gender": table, "gender-corrected": table}
    spoken = synthetic.load("demo-gender").table
    male = (spoken["gender"] == "male").to_numpy(np.int64)
    content = store.digest([store.content(path) for path in spoken["path"]])
    return {
        name: GenderTable(features.compute(name, list(spoken["path"])), male, spoken["speaker"].to_numpy(str), content)
        for name in ("gender", "gender-corrected")
    }
