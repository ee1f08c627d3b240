"""Data of paper 03: clips in seven classes with their inputs, and what the report measures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from sercore import corpora, encoders, store
from sercore.corpora import Corpus, labels
from sercore.corpora.clips import Clips
from sercore.corpora.demo import synthetic
from sercore.corpora.reports import Report
from sercore.papers.biagini2022.inputs import (
    FRAMES,
    FREE,
    LEVELS,
    SHAPES,
    WAVEFORMS,
    Inputs,
    encoder_frames,
    levels,
    spectrograms,
    waveforms,
)
from sercore.protocols.splits import by_origin

DEMO = ("demo-studio", "demo-labor", "demo-scena")
ORIGINS = {  # corpora as the report prints them
    "crema-d": "CREMA",
    "ravdess": "RAVDESS",
    "savee": "SAVEE",
    "tess": "TESS",
}
NEEDED = ("ravdess", "tess")  # of the open edition; the others join where they are
ELSEWHERE = ("emovo",)  # only tested, across corpora, where it is
SOURCES = {"demo": "demo-studio", "open": "ravdess", "paper": "ravdess"}  # train across corpora


@dataclass(frozen=True)
class Data(Clips):
    """Clips and inputs that the trials of paper 03 read.

    Args:
        table: one row a clip, with ``path``, ``corpus``, ``speaker``, ``gender``, ``class`` and
            what a page reads.
        inputs: inputs by kind.
        classes: names of the classes, by position.
        encoder: name of the speech encoder whose frames are among the inputs; "none" by default.
        reports: reports of the loaders of its corpora (default none).
    """

    READ = ("corpus", "speaker", "gender", "class")

    inputs: dict[str, Inputs]
    classes: tuple[str, ...]
    encoder: str = "none"

    @property
    def labels(self) -> np.ndarray:
        """``(clips,)`` class numbers."""
        return np.array([self.classes.index(name) for name in self.table["class"]], np.int64)

    def content(self, trial: Any) -> str:
        """Return the digest of the columns and inputs that a trial reads."""
        values = [[kind, self.once(kind, partial(self._digest, kind))] for kind in trial.row.inputs]
        return store.digest([list(self.classes), self.rows(), *values])

    def _digest(self, kind: str) -> str:
        inputs = self.inputs[kind]
        arrays = (inputs.values, inputs.starts, inputs.valid)
        return store.digest([store.values(array) for array in arrays])


def load(
    edition: str,
    kinds: Iterable[str],
    *,
    size: str = "published",
    loopq_labels: bool = False,
    encoder: str = "none",
    device: str = "auto",
    elsewhere: bool = False,
) -> Data:
    """Load clips and inputs of an edition; inputs are taken from the store where they are kept.

    Args:
        edition: "demo" (synthesised here), "open" (RAVDESS and TESS under ``SER_CORPORA``; SAVEE
            and CREMA-D where they are) or "paper" (all four).
        kinds: kinds of input, of ``KINDS``, ``FRAMES`` and ``WAVEFORMS``.
        size: size of the inputs, "published" (default) or "small".
        loopq_labels: whether SAVEE's sadness counts as anger (default False).
        encoder: speech encoder by hub id or folder, "random", or "none" (default).
        device: device of the encoder (default "auto").
        elsewhere: whether corpora join that are only tested (default False).

    Raises:
        CorpusError: a corpus that is not there.
        AudioError: a clip that cannot be used.
    """
    sources, shape, wanted = read(edition, elsewhere=elsewhere), SHAPES[size], sorted(set(kinds))
    table = _joined(sources, loopq_labels=loopq_labels)
    paths = list(table["path"])
    table = table.assign(**dict(zip(LEVELS, levels(paths).T, strict=True)))
    network = None
    if any(kind in FRAMES for kind in wanted):
        network = encoders.load(encoder, device=device)
    inputs = {}
    for kind in wanted:
        if kind in FRAMES:
            inputs[kind] = Inputs.of(
                encoder_frames(kind, network, paths, shape=shape, device=device)
            )
        elif kind in WAVEFORMS:
            inputs[kind] = waveforms(kind, paths, shape=shape)
        else:
            # FCMFCC, which reads the stretched clips, takes filled zeros for part of the clip.
            valid = None
            if kind not in (FREE, "mfcc, stretched"):
                trimmed = table["trimmed"].to_numpy(np.int64)
                valid = 1 + np.minimum(trimmed, shape.samples) // shape.mel.hop
            inputs[kind] = Inputs.of(spectrograms(kind, paths, shape=shape), valid)
    return Data(
        table,
        inputs,
        labels.SEVEN,
        encoder=network.name if network else "none",
        reports=tuple(corpus.report for corpus in sources),
    )


def names(edition: str, *, elsewhere: bool = False) -> tuple[str, ...]:
    """Corpora of an edition; of "open", those needed, and those of the others that are there.

    With ``elsewhere`` those that are only tested join, where they are.
    """
    if edition == "demo":
        return DEMO
    root = corpora.home()
    present = [
        name for name in (*ORIGINS, *ELSEWHERE) if root is not None and (root / name).is_dir()
    ]
    trained = [name for name in ORIGINS if edition == "paper" or name in NEEDED or name in present]
    tested = [name for name in ELSEWHERE if elsewhere and name in present]
    return (*trained, *tested)


def read(edition: str, *, elsewhere: bool = False) -> list[Corpus]:
    """Read the corpora of an edition.

    Raises:
        CorpusError: a corpus that is not there.
    """
    load_corpus = synthetic.load if edition == "demo" else corpora.load
    return [load_corpus(name) for name in names(edition, elsewhere=elsewhere)]


def reports_elsewhere(edition: str) -> tuple[Report, ...]:
    """Return the loaders' reports of the corpora that are only tested, where they are."""
    tested = [name for name in names(edition, elsewhere=True) if name in ELSEWHERE]
    return tuple(corpora.load(name).report for name in tested)


def clips(edition: str, *, loopq_labels: bool = False, elsewhere: bool = False) -> pd.DataFrame:
    """Table of an edition's clips with ``class`` and ``name``; RAVDESS' calm is left out.

    Raises:
        CorpusError: a corpus that is not there.
    """
    return _joined(read(edition, elsewhere=elsewhere), loopq_labels=loopq_labels)


def _joined(sources: Sequence[Corpus], *, loopq_labels: bool) -> pd.DataFrame:
    table = pd.concat([corpus.table for corpus in sources], ignore_index=True)
    table["class"] = labels.mapped(table, labels.seven_classes(loopq_labels=loopq_labels))
    table["name"] = [Path(path).stem for path in table["path"]]
    table = table[table["class"].notna()]
    return table.sort_values(["corpus", "speaker", "name"], ignore_index=True)


def contents(edition: str, *, loopq_labels: bool = False) -> list:
    """Name, content hash and class of every clip of a real edition, also of those only tested."""
    table = clips(edition, loopq_labels=loopq_labels, elsewhere=True)
    return [
        [name, store.content(path), label]
        for name, path, label in zip(table["name"], table["path"], table["class"], strict=True)
    ]


def sampling_rates(table: pd.DataFrame) -> dict[str, float]:
    """Lowest sampling rate of each corpus' files, in Hz, by "sampling rate / origin / Hz"."""
    return {
        f"sampling rate / {ORIGINS.get(name, name)} / Hz": min(
            soundfile.info(path).samplerate for path in rows["path"]
        )
        for name, rows in table.groupby("corpus")
    }


def measure(table: pd.DataFrame) -> dict[str, float]:
    """Counts, amplitudes and durations by "row / column / metric" of the printed number.

    Tables 1 and 2 have a cell for each emotion and each corpus that is there. What is over all
    corpora is the paper's quantity only where all four are. To the printed "p95 (stated)" it adds
    the 99th percentile, and to the durations those of each emotion and corpus.

    Args:
        table: ``Data.table``; its amplitudes are of 16 kHz mono samples, before any trimming.
    """
    table = table.assign(origin=[ORIGINS.get(corpus, corpus) for corpus in table["corpus"]])
    cells = table.groupby(["class", "origin"]).size().unstack(fill_value=0)
    cells.loc["total"] = cells.sum()
    cells["total"] = cells.sum(axis=1)
    values = {
        f"{emotion} / {origin} / records": int(count)
        for (emotion, origin), count in cells.stack().items()
    }
    for column in ("class", "origin"):
        for name, rows in table.groupby(column):
            values[f"Max / {name} / mean_of_clip_max_amplitude"] = float(rows["maximum"].mean())
            values[f"Min / {name} / mean_of_clip_min_amplitude"] = float(rows["minimum"].mean())
            for statistic in ("mean", "min", "max"):
                value = float(rows["seconds"].agg(statistic))
                values[f"duration / {name} / {statistic}"] = value
    training, _ = by_origin(table, generator=np.random.default_rng(0))
    seconds = table["seconds"]
    return values | {
        "labelled data / valid / records": len(table),
        "labelled data / training split / records": len(training),
        "amplitude / all / mean_intensity": float(table["mean"].mean()),
        "amplitude / all / mean_of_clip_max_amplitude": float(table["maximum"].mean()),
        "amplitude / all / mean_of_clip_min_amplitude": float(table["minimum"].mean()),
        "duration / all / mean": float(seconds.mean()),
        "duration / all / sd": float(seconds.std()),
        "duration / all / min": float(seconds.min()),
        "duration / all / max": float(seconds.max()),
        "duration / all / p95 (stated)": float(np.percentile(seconds, 95)),
        "duration / all / p99": float(np.percentile(seconds, 99)),
    }
