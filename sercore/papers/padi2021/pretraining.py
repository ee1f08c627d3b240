"""The first stage of Padi et al. 2021: clips that teach speakers, and recognisers trained on them.

VoxCeleb's million clips stay on disk and are read when their turn comes. Started by ``torchrun``,
several processes train one recogniser.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sercore import audio, corpora, store
from sercore.corpora import voxceleb
from sercore.corpora.clips import Report, qualified
from sercore.corpora.table import some
from sercore.evaluation import embeddings
from sercore.features.mel import normalise_bands
from sercore.papers.padi2021.data import (
    SPECTROGRAMS,
    VOXCELEB,
    Source,
    log_mel,
    pairs_to_verify,
    read_corpus,
    refuse_partial,
)
from sercore.papers.padi2021.trial import Recogniser, run_recogniser, train_recogniser
from sercore.protocols import leaks
from sercore.protocols.speakers import LeakError
from sercore.training import devices
from sercore.training.batching import Ragged, Streamed
from sercore.training.devices import choose

SPEAKERS = {
    "demo": ("demo-conversa", "demo-labor", "demo-scena"),
    "open": ("emovo", "savee", "tess"),
    "paper": (VOXCELEB,),
}
# Clips of a speaker that an epoch reads, 0 for all: two of the open speakers have 1400.
MOST = {"demo": 4, "open": 100, "paper": 0, "own": 100}
LISTS = ("veri_test.txt", "veri_test2.txt")  # VoxCeleb1-O, and the same without its wrong labels
# What the command prints of a training, by the outcome's name for it.
SUMMARY = {
    "speakers": "taught_speakers",
    "clips": "training_clips",
    "steps": "steps",
    "accuracy": "accuracy",
    "equal error rate": "equal_error_rate",
    "untrained": "equal_error_rate_untrained",
    "pairs": "pairs",
}
AGAIN = (
    "Then start again: a training goes on after its last epoch where all sizes are as before, else"
    " it begins anew."
)


def source(
    edition: str,
    table: pd.DataFrame,
    frames: Ragged,
    *,
    taught: tuple[str, ...] = (),
    checkpoint: str = "",
    own: Mapping[str, corpora.Corpus] | None = None,
) -> Source:
    """Return the clips that teach speakers, and pairs of scored or VoxCeleb's listed clips.

    A researcher's ``own`` corpora are named as others are; beside them none may teach speakers.
    """
    scored = table["corpus"].iloc[0]
    names = taught or (teachers(edition, scored=scored) if own is None else tuple(own))
    if scored in names:
        raise corpora.CorpusError(
            f"{scored}: is scored and would teach speakers too; expected other corpora, since the"
            f" test's speakers would be known. Leave {scored} out of -p taught=…"
        )
    if VOXCELEB in names and len(names) > 1:
        raise corpora.CorpusError(
            f"{', '.join(names)}: expected {VOXCELEB} alone, or other corpora without it. Name"
            " either."
        )
    chosen, pairs = pairs_to_verify(edition, table)
    compared = frames
    if len(chosen) < len(table):
        compared = Ragged.of([frames.clip(row) for row in chosen])
    if VOXCELEB in names:
        root = corpora.home() / VOXCELEB
        streamed = voxceleb_source(root, compared, pairs, checkpoint=checkpoint)
        refuse_partial(edition, streamed.reports)
        return streamed
    of_table = own or {}
    loaded = [of_table.get(name) or read_corpus(edition, name) for name in names]
    refuse_partial(edition, [corpus.report for corpus in loaded])
    if not loaded:
        nothing = np.array([], str), compared, compared
        return Source(*nothing, *pairs, (), "", MOST[edition], checkpoint)
    if own is not None:
        _refuse_known(table, [corpus for corpus in loaded if corpus.name not in own])
    spoken = pd.concat([corpus.table[corpora.COLUMNS] for corpus in loaded], ignore_index=True)
    spoken = spoken.sort_values(["corpus", "speaker", "path"], ignore_index=True)
    speakers = qualified(spoken, "speaker").to_numpy(str)
    taught, scored = (
        [(store.content(path), path) for path in clips["path"]] for clips in (spoken, table)
    )
    refuse_same_files(taught, scored)
    files = [content for content, _ in [*taught, *scored]]
    parts = [speakers.tolist(), files, *(array.tolist() for array in (*pairs, chosen))]
    return Source(
        speakers,
        Ragged.of(normalise_bands(SPECTROGRAMS.rows(list(spoken["path"])))),
        compared,
        *pairs,
        corpora=names,
        contents=store.digest([*parts, SPECTROGRAMS.about(), weights(checkpoint)]),
        most=MOST[edition],
        checkpoint=checkpoint,
        reports=tuple(corpus.report for corpus in loaded),
    )


def refuse_same_files(taught: Sequence[tuple[str, Any]], scored: Sequence[tuple[str, Any]]) -> None:
    """Refuse a file, given as content and path, that teaches speakers and is scored."""
    paths = dict(scored)
    for content, path in taught:
        if content in paths:
            raise LeakError(
                f"{path} would teach speakers and is the same file as {paths[content]}, which is"
                " scored; expected other recordings. Remove one of them."
            )


def _refuse_known(table: pd.DataFrame, loaded: Sequence[corpora.Corpus]) -> None:
    """Refuse corpora that hold clips of the researcher's scored corpus under another name."""
    for corpus in loaded:
        both = pd.concat([table, corpus.table], ignore_index=True)
        sides = ["scored"] * len(table) + ["taught"] * len(corpus.table)
        leaks.refuse_leaks(both, sides, where=f"-p taught={corpus.name}")


def teachers(edition: str, *, scored: str = "") -> tuple[str, ...]:
    """Name the corpora whose speakers are learnt: not the scored one, SAVEE only where it is."""
    names = [name for name in SPEAKERS[edition] if name != scored]
    return tuple(name for name in names if name != "savee" or corpora.is_there(name))


def contents(edition: str, *, scored: str = "", taught: tuple[str, ...] = ()) -> list:
    """Name and hash of every clip that teaches speakers; of VoxCeleb paths and sizes."""
    names = taught or teachers(edition, scored=scored)
    if VOXCELEB in names:
        listing = list_voxceleb(corpora.home() / VOXCELEB)
        refuse_partial(edition, listing.reports)
        return [listing.contents]
    rows = []
    for corpus in map(corpora.load, names):
        refuse_partial(edition, [corpus.report])
        rows += [[corpus.name, store.content(path)] for path in corpus.table["path"]]
    return rows


def weights(checkpoint: str) -> str:
    """Return the digest of a speaker recogniser's file; empty without one."""
    return store.content(checkpoint) if checkpoint else ""


def voxceleb_source(
    root: Path, compared: Ragged, pairs: Sequence[np.ndarray], *, checkpoint: str = ""
) -> Source:
    """Return VoxCeleb's clips with pairs to verify: of its official list, else the given ones."""
    listing = list_voxceleb(root)
    parts = [listing.contents]
    if len(listing.same):
        for row in range(len(listing.compared)):  # a damaged one would be met after the training
            audio.seconds(listing.compared.path(row))
    else:
        left, right, same = pairs
        listing = replace(listing, compared=compared, left=left, right=right, same=same)
        parts += [store.values(array) for array in (compared.values, compared.starts, *pairs)]
    contents = store.digest([*parts, SPECTROGRAMS.about(), weights(checkpoint)])
    return replace(listing, contents=contents, checkpoint=checkpoint)


def list_voxceleb(root: Path) -> Source:
    """List VoxCeleb's clips; no file is opened before its turn.

    Speakers of the official list of pairs, where that is in the folder, are compared and teach
    nothing (ours). The digest has path and size of each of 1.2 million files, not its content.
    """
    lists = [root / name for name in LISTS if (root / name).is_file()]
    pairs = embeddings.read_trials(lists[0]) if lists else ([], [], np.zeros(0, bool))
    sides = [[os.path.splitext(name)[0] for name in side] for side in pairs[:2]]
    rows = {name: row for row, name in enumerate(dict.fromkeys(sides[0] + sides[1]))}
    left, right = (np.array([rows[name] for name in side], int) for side in sides)
    listed = dict.fromkeys(name.partition("/")[0] for name in rows)
    paths, sizes, speakers = [], [], []
    numbers: dict[str, int] = {}  # of the speakers who teach
    compared: dict[str, tuple[bytes, int]] = {}
    for path, size, name in voxceleb.walk(root):
        speaker = name.partition("/")[0]
        if speaker not in listed:
            paths.append(os.fsencode(path))
            sizes.append(size)
            speakers.append(numbers.setdefault(speaker, len(numbers)))
        elif name in rows:
            compared[name] = os.fsencode(path), size
    if not paths:
        raise corpora.CorpusError(f"{root}: no clip; {voxceleb.LAYOUT}")
    if lost := [name for name in rows if name not in compared]:
        raise corpora.CorpusError(
            f"{root}: {len(lost)} of {len(rows)} clips of its list of pairs are not there:"
            f" {some(lost)}; expected all. Put VoxCeleb 1's test part there, or take the list away."
        )
    files = [compared[name] for name in rows]
    streams = [np.array(paths, np.bytes_), np.array([path for path, _ in files], np.bytes_)]
    counts = [np.array(sizes), np.array([size for _, size in files], np.int64)]
    arrays = (streams[0], counts[0], streams[1], counts[1], left, right, pairs[2])
    names = np.array([f"{VOXCELEB}/{speaker}" for speaker in numbers], object)
    problems = voxceleb.absent([*numbers, *listed], voxceleb.read_sheets(root)[0])
    return Source(
        names[np.array(speakers)],  # one string a speaker
        *(Streamed(stream, read_normalised, folder=root) for stream in streams),
        left,
        right,
        pairs[2],
        corpora=(VOXCELEB,),
        contents=store.digest([store.values(array) for array in arrays]),
        most=0,
        reports=(Report(VOXCELEB, len(paths) + len(files), tuple(problems)),),
    )


def read_normalised(path: str) -> np.ndarray:
    """Read one clip from its file as a network reads it; an AudioError names the file."""
    try:
        return normalise_bands([log_mel(audio.read(path))])[0]
    except audio.AudioError as error:
        raise audio.AudioError(f"{error} {AGAIN}") from error
    except ValueError as error:
        raise audio.AudioError(f"{path}: {error} {AGAIN}") from error


def train(
    recognisers: Iterable[Recogniser], source: Source, *, device: str, workers: int = 0
) -> list[dict]:
    """Train recognisers (sections 3.2 and 4.2), and tell what they learnt and where they are kept.

    Started by ``torchrun``, the processes share each batch; the first alone verifies speakers, and
    the others return nothing. ``workers`` processes read ahead clips that are not in memory.
    """
    trained, options = {}, {"device": device, "workers": workers}
    try:
        with devices.joined(choose(device)):
            is_first = devices.rank() == 0
            for recogniser in recognisers:
                trained[recogniser] = train_recogniser(recogniser, source, **options)
    except audio.AudioError as error:
        # A data loader's process sends its traceback along.
        name = f"{audio.AudioError.__module__}.{audio.AudioError.__name__}: "
        raise audio.AudioError(str(error).strip().splitlines()[-1].removeprefix(name)) from None
    if not is_first:
        return []
    rows = []
    for recogniser, training in trained.items():
        outcome = run_recogniser(recogniser, source, device=device)
        epochs = training.history.epochs
        row = {
            "recogniser": f"{recogniser.size}, masks {recogniser.augmentation}, pooling"
            f" {recogniser.pooling}, seed {recogniser.seed}",
            **{title: outcome[name] for title, name in SUMMARY.items()},
            "epochs": len(epochs),
            "seconds": round(sum(epoch["seconds"] for epoch in epochs), 1),
            "folder": str(training.folder),
        }
        rows.append(row)
    return rows
