"""Data of paper 03: clips in seven classes with their inputs, and what the report measures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from sercore import corpora, encoders, store
from sercore.corpora import Corpus, labels
from sercore.corpora.clips import Clips, Report
from sercore.corpora.demo import synthetic
from sercore.corpora.folders import lacking
from sercore.corpora.own import class_names
from sercore.papers.biagini2022.inputs import (
    FRAMES,
    FREE,
    LEVELS,
    SHAPES,
    STRETCHED,
    WAVEFORMS,
    Inputs,
    encoder_frames,
    levels,
    spectrograms,
    waveforms,
)
from sercore.papers.biagini2022.models import TunedRow, Weights, is_available
from sercore.protocols import speakers, splits
from sercore.protocols.speakers import check_complete
from sercore.protocols.splits import by_origin

CORPORA = ("ravdess", "tess", "savee", "crema-d")
# Splits beside that by speaker: clips at random on sides of its size, and takes of a sentence apart.
SAME_SIZE, TAKES_APART = "same-size", "takes-apart"
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
    """Clips, the inputs that trials read by kind, and the weights that tuned trials start from."""

    READ = ("corpus", "speaker", "gender", "class")

    inputs: dict[str, Inputs]
    classes: tuple[str, ...]
    encoder: str = "none"  # whose frames are among the inputs
    unseen: tuple[str, ...] = ()  # corpora of a researcher's table that are only tested
    weights: Mapping[str, Weights] = field(default_factory=dict)

    @property
    def labels(self) -> np.ndarray:
        """``(clips,)`` class numbers."""
        return np.array([self.classes.index(name) for name in self.table["class"]], np.int64)

    def content(self, trial: Any) -> str:
        """Return the digest of the columns, inputs and weights that a trial reads."""
        values = [[kind, self.once(kind, partial(self._digest, kind))] for kind in trial.row.inputs]
        weights = [self.weights[name].content for name in trial.row.weights]
        if trial.protocol == TAKES_APART:
            values.append(self.takes.tolist())
        if self.unseen:
            values.append(list(self.unseen))
        return store.digest([list(self.classes), self.rows(), *values, *weights])

    @property
    def takes(self) -> np.ndarray:
        """``(clips,)`` corpus/speaker/text: what takes of one sentence by one speaker share."""
        check_complete(self.table, "text", what="a split by sentence needs")
        return (self.groups + "/" + self.table["text"].astype(str)).to_numpy(str)

    def _digest(self, kind: str) -> str:
        inputs = self.inputs[kind]
        arrays = (inputs.values, inputs.starts, inputs.valid)
        return store.digest([store.values(array) for array in arrays])

    def named(self, row: TunedRow) -> dict[str, str]:
        """Names of a row's weights, as its trials have them."""
        pictures = self.weights["pictures"].name if "pictures" in row.weights else "none"
        return {"encoder": self.weights[row.model].name, "pictures": pictures}


def load(
    edition: str,
    kinds: Iterable[str],
    *,
    size: str = "published",
    loopq_labels: bool = False,
    encoder: str = "none",
    device: str = "auto",
    elsewhere: bool = False,
    only: Sequence[str] = (),
    own: Corpus | None = None,
) -> Data:
    """Load clips and inputs of an edition; inputs are taken from the store where they are kept.

    The edition "demo" is synthesised here, "open" is RAVDESS and TESS under ``SER_CORPORA``, with
    SAVEE and CREMA-D where they are, "paper" all four; with ``elsewhere`` corpora join that are
    only tested, and ``only`` keeps those that it names. With ``loopq_labels`` SAVEE's sadness
    counts as anger. The encoder is a hub id, a folder, "random" or "none". A researcher's ``own``
    clips, of ``protocols.own``, take the place of an edition's.

    Raises:
        CorpusError, AudioError: a corpus that is not there, or a clip that cannot be used.
    """
    sources = [own] if own else read(edition, elsewhere=elsewhere)
    shape, wanted = SHAPES[size], sorted(set(kinds))
    table = own.table if own else clips(sources, loopq_labels=loopq_labels)
    if only:
        table = table[table["corpus"].isin(only)].reset_index(drop=True)
    paths = list(table["path"])
    table = table.assign(**dict(zip(LEVELS, levels(paths).T, strict=True)))
    network = None
    if any(kind in FRAMES for kind in wanted):
        network = encoders.load(encoder, device=device)
    inputs = {}
    for kind in wanted:
        if kind in FRAMES:
            rows = encoder_frames(kind, network, paths, shape=shape, device=device)
            inputs[kind] = Inputs.of(rows)
        elif kind in WAVEFORMS:
            inputs[kind] = waveforms(kind, paths, shape=shape)
        else:
            # FCMFCC, which reads the stretched clips, takes filled zeros for part of the clip.
            valid = None
            if kind not in (FREE, STRETCHED):
                trimmed = table["trimmed"].to_numpy(np.int64)
                valid = 1 + np.minimum(trimmed, shape.samples) // shape.mel.hop
            inputs[kind] = Inputs.of(spectrograms(kind, paths, shape=shape), valid)
    return Data(
        table,
        inputs,
        class_names(own, labels.SEVEN) if own else labels.SEVEN,
        encoder=network.name if network else "none",
        reports=tuple(corpus.report for corpus in sources),
    )


def names(edition: str, *, elsewhere: bool = False) -> tuple[str, ...]:
    """Corpora of an edition; of "open", those needed, and those of the others that are there.

    With ``elsewhere`` those that are only tested join, where they are.
    """
    if edition == "demo":
        return DEMO
    present = [name for name in (*ORIGINS, *ELSEWHERE) if corpora.is_there(name)]
    trained = [name for name in ORIGINS if edition == "paper" or name in (*NEEDED, *present)]
    tested = [name for name in ELSEWHERE if elsewhere and name in present]
    return (*trained, *tested)


def read(edition: str, *, elsewhere: bool = False) -> list[Corpus]:
    """Read the corpora of an edition; one that is not there is a ``CorpusError``."""
    load_corpus = synthetic.load if edition == "demo" else corpora.load
    return [load_corpus(name) for name in names(edition, elsewhere=elsewhere)]


def reports_elsewhere(edition: str) -> tuple[Report, ...]:
    """Return the loaders' reports of the corpora that are only tested, where they are."""
    tested = [name for name in names(edition, elsewhere=True) if name in ELSEWHERE]
    return tuple(corpora.load(name).report for name in tested)


def clips(sources: Iterable[Corpus], *, loopq_labels: bool = False) -> pd.DataFrame:
    """Join the clips of corpora, with ``class`` and ``name``; RAVDESS' calm is left out."""
    table = pd.concat([corpus.table for corpus in sources], ignore_index=True)
    table["class"] = labels.mapped(table, labels.seven_classes(loopq_labels=loopq_labels))
    table["name"] = [Path(path).stem for path in table["path"]]
    table = table[table["class"].notna()]
    return table.sort_values(["corpus", "speaker", "name"], ignore_index=True)


def contents(edition: str, *, loopq_labels: bool = False) -> list:
    """Name, content hash and class of every clip of a real edition, also of those only tested."""
    table = clips(read(edition, elsewhere=True), loopq_labels=loopq_labels)
    return [
        [name, store.content(path), label]
        for name, path, label in zip(table["name"], table["path"], table["class"], strict=True)
    ]


def sampling_rates(table: pd.DataFrame) -> dict[str, float]:
    """Lowest sampling rate of each corpus' files, in Hz, by "sampling rate / origin / Hz"."""
    rates = {}
    for name, rows in table.groupby("corpus"):
        lowest = min(soundfile.info(path).samplerate for path in rows["path"])
        rates[f"sampling rate / {ORIGINS.get(name, name)} / Hz"] = lowest
    return rates


def measure(table: pd.DataFrame) -> dict[str, float]:
    """Counts, amplitudes and durations by "row / column / metric" of the printed number.

    Tables 1 and 2 have a cell for each emotion and each corpus that is there. What is over all
    corpora is the paper's quantity only where all four are. To the printed "p95 (stated)" it adds
    the 99th percentile, and to the durations those of each emotion and corpus. Amplitudes are of
    16 kHz mono samples, before any trimming.
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


def texts_seen(table: pd.DataFrame, fold: int) -> dict[str, float]:
    """Share of a speaker-independent test's texts that training has too, by corpus."""
    training, validation, test = speakers.speaker_folds(table, fold)
    return splits.texts_seen(table, np.concatenate([training, validation]), test)


def refuse_paper(addresses: Mapping[str, str]) -> None:
    """Refuse the paper's edition with a list of its corpora and weights that are missing."""
    missing = lacking(CORPORA)
    for name, address in addresses.items():
        if address != "none" and not is_available(name, address):
            missing.append(f"{address} (weights)")
    if missing:
        raise corpora.CorpusError(
            f"edition=paper: missing {', '.join(missing)}; the paper's own corpora are needed, and"
            " the weights that its tuned rows start from. Use edition=open or demo, or get them;"
            " weights are downloaded once with HF_HUB_OFFLINE=0."
        )
