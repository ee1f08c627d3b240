"""Data of paper 02: clips of the pooled corpora and of those that training never sees, with their filterbanks."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import corpora, store
from sercore.corpora import Corpus, labels
from sercore.corpora import own as corpora_own
from sercore.corpora.cells import existing
from sercore.corpora.demo import synthetic
from sercore.corpora.folders import lacking as lacking_corpora
from sercore.features import packed
from sercore.papers.parry2022 import attributes as parry_attributes
from sercore.papers.parry2022 import inputs as parry_inputs
from sercore.papers.parry2022.clips import Data
from sercore.protocols.pooled import pooled
from sercore.training.batching import Ragged

POOLED = ("emovo", "emodb", "iemocap", "epst", "ravdess", "savee")
UNSEEN = ("tess", "crema-d")
NEEDED = ("emovo", "ravdess", "tess")  # of the open edition; the others join where they are
DEMO = ("demo-studio", "demo-labor", "demo-scena"), ("demo-conversa",)
DEMO_SEEDS = range(
    3
)  # of the demo's pool, each with voices of its own: two training speakers a corpus teach nothing
ORIGINS = {
    "emovo": "EMOVO", "emodb": "Emo-DB", "iemocap": "IEMOCAP", "epst": "EPST", "ravdess": "RAVDESS", "savee": "SAVEE",
    "tess": "TESS", "crema-d": "CREMA-D",
}  # fmt: skip
CLASSES = labels.VALENCES
OUT = "left out"
SURPRISE, CALM = (
    ("positive", "negative", OUT),
    ("neutral", "positive", OUT),
)  # the paper prints neither; the first is ours


def load(edition: str) -> Data:
    """Clips of an edition and their filterbanks, these from the store where they are kept.

    Args:
        edition: "demo" (synthesised here), "open" (EMOVO, RAVDESS and TESS under ``SER_CORPORA``; the others where they are) or
            "paper" (all eight).

    Raises:
        CorpusError: a corpus that is not there; for "paper" the sentence lists every one.
        AudioError: a clip that cannot be used.
    """
    pooled, unseen = names(edition)
    found = read(edition, (*pooled, *unseen))
    table = _joined(found)
    targets = {switches: _numbers(table, *switches) for switches in product(SURPRISE, CALM)}
    surprised = table["emotion"].str.lower().isin(labels.SPELLINGS["surprise"])
    reports = tuple(each.report for each in found)
    return Data(
        table.assign(surprised=surprised), _frames(table), unseen, CLASSES, targets, reports=reports
    )


def own(path: Path, classes: Path | None, *, unseen: Sequence[str]) -> Data:
    """A researcher's own clips and their filterbanks.

    Args:
        path: the table, as ``corpora.own.read`` takes it.
        classes: map from emotions to classes, as ``corpora.own.class_map`` takes it, or None for the paper's.
        unseen: names of the corpora that no training reads.

    Raises:
        TableError: a table or map that cannot be used.
        AudioError: a clip that cannot be used.
    """
    corpus = corpora_own.read(
        path, classes=corpora_own.class_map(classes) if classes else None, unseen=unseen
    )
    table = corpus.table.assign(name=[Path(each).stem for each in corpus.table["path"]])
    table = table.sort_values(["corpus", "speaker", "name"], ignore_index=True)
    met = set(table["class"])
    known = tuple(name for name in CLASSES if name in met) + tuple(sorted(met - set(CLASSES)))
    target = np.array([known.index(each) for each in table["class"]])
    targets = dict.fromkeys(
        product(SURPRISE, CALM), target
    )  # the map alone says what surprise and calm are
    return Data(
        table.assign(surprised=False),
        _frames(table),
        tuple(unseen),
        known,
        targets,
        reports=(corpus.report,),
    )


def own_contents(path: Path, classes: str) -> list:
    """Content of a researcher's table, of its class map and of the clips that it lists."""
    table = corpora_own.read(
        path, classes=corpora_own.class_map(Path(classes)) if classes else None
    ).table
    files = [path, *([Path(classes)] if classes else [])]
    return [
        *(store.content(existing(file)) for file in files),
        [store.content(each) for each in table["path"]],
    ]


def names(edition: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Corpora that are pooled and corpora that training never sees, in the paper's order.

    Args:
        edition: "demo", "open" or "paper".

    Raises:
        CorpusError: what "paper" lacks.
    """
    if edition == "demo":
        return DEMO
    root = corpora.home()
    there = {name for name in ORIGINS if root is not None and (root / name).is_dir()}
    if edition == "paper" and (lacking := lacking_corpora(ORIGINS)):
        raise corpora.CorpusError(
            f"edition=paper: missing {', '.join(lacking)}; these corpora are needed. Use edition=open or demo, or get them."
        )
    chosen = set(ORIGINS) if edition == "paper" else there | set(NEEDED)
    return tuple(name for name in POOLED if name in chosen), tuple(
        name for name in UNSEEN if name in chosen
    )


def clips(edition: str, chosen: Sequence[str]) -> pd.DataFrame:
    """Table of these corpora's clips, sorted by corpus, speaker and name; a clip that no map gives a class is left out.

    Raises:
        CorpusError: a corpus that is not there.
    """
    return _joined(read(edition, chosen))


def read(edition: str, chosen: Sequence[str]) -> list[Corpus]:
    """These corpora as their loaders give them.

    Raises:
        CorpusError: a corpus that is not there.
    """
    return [_spoken(name) if edition == "demo" else corpora.load(name) for name in chosen]


def _joined(found: Sequence[Corpus]) -> pd.DataFrame:
    table = pd.concat([each.table[corpora.COLUMNS] for each in found], ignore_index=True)
    table = table[labels.mapped(table, labels.valences()).notna()]
    names = [Path(path).stem for path in table["path"]]
    return table.assign(name=names).sort_values(["corpus", "speaker", "name"], ignore_index=True)


def _spoken(name: str) -> Corpus:
    """A demo corpus; one that is pooled in the voices of several seeds, whose number stands at the end of a speaker's name."""
    if name not in DEMO[0]:
        return synthetic.load(name)
    spoken = [synthetic.load(name, seed=seed) for seed in DEMO_SEEDS]
    voices = zip(DEMO_SEEDS, (each.table for each in spoken), strict=True)
    table = pd.concat([each.assign(speaker=each["speaker"] + f"-{seed}") for seed, each in voices])
    return Corpus(name, table, [problem for each in spoken for problem in each.problems])


def _numbers(table: pd.DataFrame, surprise: str, calm: str) -> np.ndarray:
    """``(clips,)`` class numbers under one map, -1 for what it leaves out."""
    switched = {"surprise": surprise, "calm": calm}
    found = labels.mapped(
        table,
        labels.valences(
            **{name: None if given == OUT else given for name, given in switched.items()}
        ),
    )
    return np.array([CLASSES.index(each) if isinstance(each, str) else -1 for each in found])


def _frames(table: pd.DataFrame) -> Ragged:
    settings = {"filterbank": asdict(parry_inputs.FILTERBANK)}
    return Ragged(
        *packed.frames(
            list(table["path"]),
            compute=parry_inputs.compute,
            settings=settings,
            modules=[parry_inputs.__name__],
        )
    )


def contents(edition: str) -> list:
    """Name, content hash and label of every clip that an edition other than the demo reads."""
    pooled, unseen = names(edition)
    table = clips(edition, (*pooled, *unseen))
    return [
        [row.corpus, row.name, store.content(row.path), row.emotion]
        for row in table.itertuples(index=False)
    ]


def extractors() -> list[list[str]]:
    """Name and key (code, library versions) of what makes the inputs."""
    return [["filterbanks", store.key(settings={}, manifest=[], modules=parry_inputs.__name__).hex]]


def measure(data: Data) -> dict[str, float]:
    """Durations, clips by class, speakers by gender, and what attributes tell of one another, by "row / column / metric".

    Rows are the corpora as the paper prints them, the sides of the split, and "training"; durations are in hours.
    """
    table, found = data.table.assign(target=data.targets[SURPRISE[0], CALM[0]]), {}
    split = pooled(data.named(table["target"].to_numpy()), unseen=data.unseen)
    sides = {side: table.iloc[getattr(split, side)] for side in ("training", "validation", "test")}
    parts = {ORIGINS.get(name, name): clips for name, clips in table.groupby("corpus")} | sides
    for name, clips in parts.items():
        found[f"{name} / duration / hours"] = float(clips["seconds"].sum() / 3600)
        found[f"{name} / speakers / count"] = int(
            clips.drop_duplicates(["corpus", "speaker"]).shape[0]
        )
        found |= {
            f"{name} / {label} / clips": int((clips["target"] == number).sum())
            for number, label in enumerate(data.classes)
        }
        found |= {
            f"{name} / {gender} / speakers": int(
                clips[clips["gender"] == gender].drop_duplicates(["corpus", "speaker"]).shape[0]
            )
            for gender in parry_attributes.GENDERS
        }
    known = parry_attributes.labels(table, split.training)
    bits = parry_attributes.mutual_information(known, split.training, emotion=table["target"])
    return found | {
        f"{one} / {other} / bits": float(bits.loc[one, other])
        for one in bits.index
        for other in bits.columns
    }
