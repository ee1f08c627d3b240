"""Data of paper 03: clips of four corpora with seven classes, their inputs, and what the report counts and measures of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from sercore import corpora, encoders, store
from sercore.corpora import Corpus, labels
from sercore.corpora.demo import synthetic
from sercore.corpora.reports import Report
from sercore.papers.biagini2022 import frames as loopq_frames
from sercore.papers.biagini2022 import inputs as loopq_inputs
from sercore.papers.biagini2022 import waveforms as loopq_waveforms
from sercore.papers.biagini2022.batches import Data, Inputs
from sercore.papers.biagini2022.inputs import LEVELS, SHAPES, Shape
from sercore.protocols.origins import by_origin

DEMO = ("demo-studio", "demo-labor", "demo-scena")
ORIGINS = {
    "crema-d": "CREMA",
    "ravdess": "RAVDESS",
    "savee": "SAVEE",
    "tess": "TESS",
}  # as the report prints them
NEEDED = ("ravdess", "tess")  # of the open edition; the others join where they are
ELSEWHERE = ("emovo",)  # of no paper's training here: tested across corpora where it is
SOURCES = {
    "demo": "demo-studio",
    "open": "ravdess",
    "paper": "ravdess",
}  # what trains across corpora


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
    """Clips and inputs of an edition, inputs from the store where they are kept.

    Args:
        edition: "demo" (synthesised here), "open" (RAVDESS and TESS under ``SER_CORPORA``; SAVEE and CREMA-D where they are) or
            "paper" (all four).
        kinds: of inputs that are read, as ``loopq_inputs.KINDS`` names them; "frames" and "frames, filled" are the encoder's,
            "waveform" and "waveform, filled" the samples.
        size: of the inputs, "published" (default) or "small".
        loopq_labels: take SAVEE's sadness for anger (default False).
        encoder: speech encoder by hub id or folder, "random", or "none" (default) where no kind needs it.
        device: where the encoder runs (default "auto").
        elsewhere: whether corpora join that are only tested (default False).

    Raises:
        CorpusError: a corpus that is not there.
        AudioError: a clip that cannot be used.
    """
    found, shape = read(edition, elsewhere=elsewhere), SHAPES[size]
    table = _joined(found, loopq_labels=loopq_labels)
    paths = list(table["path"])
    levels = loopq_inputs.levels(paths)
    table = table.assign(**dict(zip(LEVELS, levels.T, strict=True)))
    trimmed = table["trimmed"].to_numpy(np.int64)
    asked, network = set(kinds), None
    if asked & set(loopq_frames.KINDS):
        network = encoders.load(encoder, device=device)
    inputs = {kind: _inputs(kind, paths, shape, trimmed, network, device) for kind in sorted(asked)}
    reports = tuple(each.report for each in found)
    return Data(
        table, inputs, labels.SEVEN, encoder=network.name if network else "none", reports=reports
    )


def clips(edition: str, *, loopq_labels: bool = False, elsewhere: bool = False) -> pd.DataFrame:
    """Table of an edition's clips with ``class`` and ``name``, sorted by corpus and name; RAVDESS' calm is left out.

    Raises:
        CorpusError: a corpus that is not there.
    """
    return _joined(read(edition, elsewhere=elsewhere), loopq_labels=loopq_labels)


def read(edition: str, *, elsewhere: bool = False) -> list[Corpus]:
    """Corpora of an edition as their loaders give them; see ``names``.

    Raises:
        CorpusError: a corpus that is not there.
    """
    return [
        synthetic.load(name) if edition == "demo" else corpora.load(name)
        for name in names(edition, elsewhere=elsewhere)
    ]


def reports_elsewhere(edition: str) -> tuple[Report, ...]:
    """What the loaders say of the corpora that are only tested, where they are."""
    return tuple(
        corpora.load(name).report for name in names(edition, elsewhere=True) if name in ELSEWHERE
    )


def _joined(found: Sequence[Corpus], *, loopq_labels: bool) -> pd.DataFrame:
    table = pd.concat([each.table for each in found], ignore_index=True)
    table["class"] = labels.mapped(table, labels.seven_classes(loopq_labels=loopq_labels))
    table["name"] = [Path(path).stem for path in table["path"]]
    return table[table["class"].notna()].sort_values(
        ["corpus", "speaker", "name"], ignore_index=True
    )


def names(edition: str, *, elsewhere: bool = False) -> tuple[str, ...]:
    """Corpora of an edition: of "open", those that are needed, and those of the others that are there.

    Args:
        edition: "demo", "open" or "paper".
        elsewhere: whether those that are only tested join, where they are (default False).
    """
    if edition == "demo":
        return DEMO
    root = corpora.home()
    there = {name for name in (*ORIGINS, *ELSEWHERE) if root is not None and (root / name).is_dir()}
    found = tuple(name for name in ORIGINS if edition == "paper" or name in NEEDED or name in there)
    return (*found, *(name for name in ELSEWHERE if elsewhere and name in there))


def contents(edition: str, *, loopq_labels: bool = False) -> list:
    """Name, content hash and class of every clip that an edition other than the demo reads, those only tested too."""
    table = clips(edition, loopq_labels=loopq_labels, elsewhere=True)
    return [
        [name, store.content(path), label]
        for name, path, label in zip(table["name"], table["path"], table["class"], strict=True)
    ]


def extractors() -> list[list[str]]:
    """Name and key (code, library versions) of what makes the inputs."""
    modules = {
        "spectrograms": loopq_inputs.__name__,
        "encoder frames": loopq_frames.__name__,
        "waveforms": loopq_waveforms.__name__,
    }
    return [
        [name, store.key(settings={}, manifest=[], modules=module).hex]
        for name, module in modules.items()
    ]


def sampling_rates(table: pd.DataFrame) -> dict[str, float]:
    """Lowest sampling rate of each corpus' files, in Hz, by "sampling rate / origin / Hz"."""
    found = {ORIGINS.get(name, name): rows["path"] for name, rows in table.groupby("corpus")}
    return {
        f"sampling rate / {name} / Hz": min(soundfile.info(path).samplerate for path in paths)
        for name, paths in found.items()
    }


def measure(table: pd.DataFrame) -> dict[str, float]:
    """Counts, amplitudes and durations by "row / column / metric" of the printed number.

    Table 1 and Table 2 have a cell for each emotion and each corpus that is there. What is over all corpora (emotions, totals,
    durations) is over those that are there: the same quantity as the paper's only where all four are. To the printed "p95 (stated)"
    it adds the 99th percentile, and to the durations those of each emotion and corpus.

    Args:
        table: ``Data.table``; its amplitudes are of 16 kHz mono samples, before any trimming.
    """
    table = table.assign(origin=[ORIGINS.get(corpus, corpus) for corpus in table["corpus"]])
    cells = table.groupby(["class", "origin"]).size().unstack(fill_value=0)
    cells.loc["total"] = cells.sum()
    cells["total"] = cells.sum(axis=1)
    found = {
        f"{emotion} / {origin} / records": int(count)
        for (emotion, origin), count in cells.stack().items()
    }
    for column in ("class", "origin"):
        for name, rows in table.groupby(column):
            found[f"Max / {name} / mean_of_clip_max_amplitude"] = float(rows["maximum"].mean())
            found[f"Min / {name} / mean_of_clip_min_amplitude"] = float(rows["minimum"].mean())
            found |= {
                f"duration / {name} / {what}": float(getattr(rows["seconds"], what)())
                for what in ("mean", "min", "max")
            }
    training, _ = by_origin(table, generator=np.random.default_rng(0))
    seconds = table["seconds"]
    return found | {
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


def _inputs(
    kind: str,
    paths: list,
    shape: Shape,
    trimmed: np.ndarray,
    network: encoders.Encoder | None,
    device: str,
) -> Inputs:
    if kind in loopq_frames.KINDS:
        filled = loopq_frames.KINDS[kind]
        samples = shape.samples if filled else shape.longest
        return Inputs.of(
            loopq_frames.compute(network, paths, samples=samples, filled=filled, device=device)
        )
    if kind in loopq_waveforms.KINDS:
        return loopq_waveforms.compute(kind, paths, shape=shape)
    rows = loopq_inputs.compute(kind, paths, shape=shape)
    if kind in ("mfcc, free length", "mfcc, stretched"):
        return Inputs.of(
            rows
        )  # all frames: FCMFCC, which reads the stretched ones, takes filled zeros for part of the clip
    own = (
        1 + np.minimum(trimmed, shape.samples) // shape.mel.hop
    )  # as many frames as the clip alone would have
    return Inputs.of(rows, own)
