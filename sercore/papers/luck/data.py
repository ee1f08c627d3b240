"""Data of chapter 5: the clips of each corpus under its own labels, and statistics of their frames."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from sercore import corpora, store
from sercore.corpora import Corpus
from sercore.corpora.demo import synthetic
from sercore.corpora.labels import three_classes
from sercore.features import length, mel
from sercore.features.keeping import Extractor
from sercore.features.length import trim
from sercore.features.mel import DECIBELS, mfcc
from sercore.features.statistics import mean_and_deviation
from sercore.papers.luck.trial import Data

CORPORA = ("coraa-ser", "ravdess", "emovo", "savee", "tess")  # by their number of speakers
SPONTANEOUS = "demo-conversa"  # imitates CORAA SER, and takes its three classes
DEMO = (SPONTANEOUS, "demo-scena")


def statistics(samples: np.ndarray, content: str = "") -> np.ndarray:
    """Return mean and standard deviation of a trimmed clip's cepstral coefficients: ``(80,)``."""
    return mean_and_deviation(mfcc(trim(samples)))


STATISTICS = Extractor(
    title="statistics of MFCC",
    function=statistics,
    settings=asdict(DECIBELS),
    modules=(mel.__name__, length.__name__, mean_and_deviation.__module__),
)


def names(edition: str) -> tuple[str, ...]:
    """Name the corpora of an edition; the speaker of CORAA SER is the recording."""
    return DEMO if edition == "demo" else CORPORA


def load(edition: str) -> Data:
    """Load the clips of an edition and their statistics, these from the store where it has them.

    Raises:
        CorpusError: a corpus is not there.
    """
    loaded = read(edition)
    table = joined(loaded)
    values = np.stack(STATISTICS.rows(list(table["path"])))
    return Data(table, values, reports=tuple(corpus.report for corpus in loaded))


def read(edition: str) -> list[Corpus]:
    """Read the corpora of an edition by their loaders."""
    load_one = synthetic.load if edition == "demo" else corpora.load
    return [load_one(name) for name in names(edition)]


def joined(loaded: list[Corpus]) -> pd.DataFrame:
    """Join the clips of corpora, each with its own label as its ``class``."""
    tables = []
    for corpus in loaded:
        table = corpus.table
        classes = three_classes(table) if corpus.name == SPONTANEOUS else table["emotion"]
        tables.append(table.assign(**{"class": classes}))
    table = pd.concat(tables, ignore_index=True)
    table["name"] = [Path(path).stem for path in table["path"]]
    return table.sort_values(["corpus", "speaker", "name"], ignore_index=True)


def contents(edition: str) -> list:
    """List name, content hash and class of every clip of a real edition."""
    table = joined(read(edition))
    return [
        [name, store.content(path), label]
        for name, path, label in zip(table["name"], table["path"], table["class"], strict=True)
    ]
