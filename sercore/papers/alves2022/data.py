"""Data of paper 01: clips with three classes, their gender-changed copies, their features, and the auxiliary gender data."""

from pathlib import Path

import numpy as np
import pandas as pd

from sercore import corpora, encoders, features, store
from sercore.augment import voice
from sercore.corpora import Corpus, coraa_ser, gender_tables, labels
from sercore.corpora.demo import synthetic
from sercore.corpora.gender_tables import GenderTable
from sercore.corpora.reports import Report
from sercore.features import embedding
from sercore.features.gender import NAMES as GENDER_NAMES
from sercore.papers.alves2022.trial import Data
from sercore.process import CallError

FEATURE_SETS = ("prosodic-as-run", "prosodic", "gender-as-run", "gender")
AUXILIARY = Path("gender-tables") / "mls-split-pt.csv.gz"
SWAPPED = {1: 2, 2: 1}  # a copy takes the other non-neutral class, section 2.2


def load(edition: str, *, encoder: str = "none", device: str = "auto") -> Data:
    """Clips, copies and features of an edition: "demo" (synthesised here), "open" or "paper" (CORAA SER under ``SER_CORPORA``).

    Features and copies come from the store where they are kept.

    Args:
        edition: "demo", "open" or "paper".
        encoder: speech encoder by hub id or folder, "random", or "none" for no embedding (default).
        device: where the encoder runs (default "auto").
    """
    corpus = conversations(edition)
    table = _noted_clips(edition, corpus)
    copied, unconverted = copies(table)
    auxiliary, others = _auxiliary(edition)
    rows = pd.concat([table.assign(original=-1), copied.assign(notes="")], ignore_index=True)
    paths = list(rows["path"])
    embeddings = {}
    if encoder != "none":
        network = encoders.load(encoder, device=device)
        embeddings[network.name] = embedding.compute(network, paths)
    return Data(
        names=tuple(rows["name"]),
        paths=tuple(str(path) for path in paths),
        labels=rows["label"].to_numpy(np.int64),
        recordings=rows["speaker"].to_numpy(str),
        originals=rows["original"].to_numpy(np.int64),
        notes=rows["notes"].to_numpy(str),
        features={name: features.compute(name, paths) for name in FEATURE_SETS},
        embeddings=embeddings,
        auxiliary=auxiliary,
        unconverted=tuple(unconverted),
        reports=(corpus.report, *others),
    )


def extractors() -> list[list[str]]:
    """Name and key (code, library versions) of what makes the data: feature sets, voice conversion, embeddings."""
    modules = {name: features.SETS[name].module for name in FEATURE_SETS}
    modules |= {"change gender": "sercore.augment.voice", "embedding": "sercore.features.embedding"}
    return [
        [name, store.key(settings={}, manifest=[], modules=module).hex]
        for name, module in modules.items()
    ]


def clips(edition: str) -> pd.DataFrame:
    """Original clips, sorted by name: the corpus' table with ``name``, ``label`` (0, 1, 2) and ``notes`` of listeners."""
    return _noted_clips(edition, conversations(edition))


def conversations(edition: str) -> Corpus:
    """The corpus of an edition as its loader gives it."""
    return corpora.load("coraa-ser") if edition != "demo" else synthetic.load("demo-conversa")


def _noted_clips(edition: str, corpus: Corpus) -> pd.DataFrame:
    table = corpus.table
    noted = dict(coraa_ser.notes(corpora.home() / "coraa-ser")) if edition != "demo" else {}
    named = labels.three_classes(table).map(labels.THREE.index)
    names = [Path(path).stem for path in table["path"]]
    table = table.assign(name=names, label=named, notes=[noted.get(name, "") for name in names])
    return table.sort_values("name", ignore_index=True)


def contents(edition: str) -> list:
    """Content hash and label of every file that an edition other than the demo reads."""
    table = clips(edition)
    named = zip(table["name"], table["path"], table["label"].tolist(), table["notes"], strict=True)
    hashes = [[name, store.content(path), label, noted] for name, path, label, noted in named]
    if edition == "open":
        return [*hashes, store.content(corpora.home() / AUXILIARY)]
    return [*hashes, *(store.content(path) for path in corpora.load("cetuc").table["path"])]


def copies(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Gender-changed copies of the non-neutral clips, sorted by name, and the clips that have none.

    The authors could not convert one female clip and do not say which. Where all of ours convert, the shortest female clip
    is left out, so that the totals are theirs.

    Source: Alves et al. 2022, section 2.2.
    """
    chosen = table[table["label"] > 0]
    conversions = [voice.TO_MALE if label == 1 else voice.TO_FEMALE for label in chosen["label"]]
    made = voice.converted([Path(path) for path in chosen["path"]], conversions)
    failed = [
        f"{name}: {answer}"
        for name, answer in zip(chosen["name"], made, strict=True)
        if isinstance(answer, CallError)
    ]
    good = np.array([not isinstance(answer, CallError) for answer in made])
    if not failed:
        shortest = chosen[chosen["label"] == 1].sort_values(["seconds", "name"])["name"].iloc[0]
        failed = [
            f"{shortest}: converts here; left out as the shortest female clip, for the paper's one that did not"
        ]
        good &= (chosen["name"] != shortest).to_numpy()
    copied = chosen.assign(path=made, label=chosen["label"].map(SWAPPED), original=chosen.index)[
        good
    ]
    return copied.reset_index(drop=True), failed


def measure(edition: str, data: Data) -> dict[str, float]:
    """Counts and minutes of the originals, copies made, and listening notes, by "row / column / metric" of the printed number."""
    table = clips(edition)
    counts = {
        f"SE&R training set / {name} / segments": int((table["label"] == at).sum())
        for at, name in enumerate(labels.THREE)
    }
    copied = data.labels[data.originals >= 0]
    return (
        counts
        | {
            "SE&R training set / all / segments": len(table),
            "SE&R training set / all / duration": round(table["seconds"].sum() / 60, 2),
            "change gender / converted files / count": len(copied),
            "change gender / male to female / count": int((copied == 1).sum()),
            "change gender / female to male / count": int((copied == 2).sum()),
        }
        | _noted(edition)
    )


def _noted(edition: str) -> dict[str, int]:
    """How many lines of the listeners' list note what, for neutral and non-neutral clips; Figure 1."""
    found = {}
    listed = coraa_ser.notes(corpora.home() / "coraa-ser") if edition != "demo" else []
    for name in ("neutral", "non-neutral") if listed else ():
        letters = [
            noted for clip, noted in listed if ("non-neutral" in clip) == (name == "non-neutral")
        ]
        mixed = [noted for noted in letters if "g" in noted]
        found |= {
            f"listening notes / {name} / {note}": sum(at in each for each in letters)
            for note, at in coraa_ser.NOTES.items()
        }
        found |= {
            f"listening notes / {name} / all": len(letters),
            f"different-gender {name} / all / segments": len(mixed),
            f"different-gender {name} / overlapping / segments": sum(
                "o" in noted for noted in mixed
            ),
            f"different-gender {name} / in sequence / segments": sum(
                "s" in noted for noted in mixed
            ),
        }
    return found


def _auxiliary(edition: str) -> tuple[dict[str, GenderTable], tuple[Report, ...]]:
    """Gender features of other speakers by set: the table of MLS in the open edition, else measured on CETUC or its imitation.

    And what the loader of a corpus says of it.
    """
    if edition == "open":
        table = gender_tables.read(corpora.home() / AUXILIARY, GENDER_NAMES)
        return {"gender-as-run": table, "gender": table}, ()
    corpus = corpora.load("cetuc") if edition == "paper" else synthetic.load("demo-gender")
    spoken = corpus.table
    male = (spoken["gender"] == "male").to_numpy(np.int64)
    content = store.digest([store.content(path) for path in spoken["path"]])
    tables = {
        name: GenderTable(
            features.compute(name, list(spoken["path"])),
            male,
            spoken["speaker"].to_numpy(str),
            content,
        )
        for name in ("gender-as-run", "gender")
    }
    return tables, (corpus.report,)
