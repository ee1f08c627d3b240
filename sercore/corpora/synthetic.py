"""The demo corpora: speech that Praat's synthesiser speaks, made once and kept; it proves the machinery, nothing about people.

``demo-conversa`` imitates CORAA SER, ``demo-gender`` CETUC, the other three acted corpora. What is said stands in
``sentences``, who says it and how in ``voices``, where in ``recordings``, who says what to whom in ``scripts``.
"""

import contextlib
import csv
import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from sercore import process, store
from sercore.audio import RATE
from sercore.corpora import Corpus, CorpusError, build, files
from sercore.corpora.reports import alike
from sercore.corpora.scripts import NAMES, Clip, script
from sercore.corpora.voices import speak

__all__ = ["NAMES", "load", "make", "read"]

SECONDS = 60.0  # the longest one utterance may take
TABLE = "clips.csv"
FIELDS = ["file", "speaker", "gender", "language", "emotion", "text", "voice", "content"]


def load(name: str, *, seed: int = 0) -> Corpus:
    """A demo corpus, made if it is not there.

    Args:
        name: one of ``NAMES``.
        seed: whole number that all its variation comes from (default 0).

    Raises:
        CorpusError: no demo corpus of that name, or its table is damaged.
    """
    return read(make(name, seed=seed))


def make(name: str, *, seed: int = 0) -> Path:
    """Folder of a demo corpus: 16 kHz mono 16-bit WAV files and ``clips.csv``, made whole or not at all.

    Args:
        name: one of ``NAMES``.
        seed: whole number that all its variation comes from (default 0).

    Raises:
        CorpusError: no demo corpus of that name.
        CallError: the synthesiser failed.
    """
    clips = script(name, seed=seed)
    key = store.key(
        settings={"name": name, "seed": seed}, manifest=[], modules="sercore.corpora.synthetic"
    )
    folder = store.root() / "demo" / key.hex / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{name}."))
    try:
        _write(making, name, clips)
        with contextlib.suppress(OSError):  # another process was first
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    if not folder.is_dir():
        raise CorpusError(
            f"{folder}: could not be put in its place; expected a folder that can be written. Check SER_STORE."
        )
    return folder


def read(folder: Path) -> Corpus:
    """Clips of a demo corpus as they were made; the column ``voice`` after the common ones names who really speaks.

    Args:
        folder: what ``make`` returned.

    Returns:
        The clips; one that is missing, or not as it was written, is left out and told among the problems.

    Raises:
        CorpusError: no table, or one that is not as it was written.
    """
    listed, rows, gone, damaged = _table(folder), [], [], []
    again = f"Remove {folder} to have it made again."
    for each in listed:
        path = folder / each["file"]
        if not path.is_file():
            gone.append(f"{path}: missing and left out; expected the clip that was made. {again}")
        elif store.content(path) != each["content"]:
            damaged.append(
                f"{path}: damaged and left out; expected the bytes that were written. {again}"
            )
        else:
            rows.append(each | {"path": path})
    added = sorted({path.name for path in files(folder)} - {each["file"] for each in listed})
    strange = [
        f"{folder / name}: left out; expected only the clips that {TABLE} lists. Remove it."
        for name in added
    ]
    problems = alike(gone, "missing", left_out="missing") + alike(
        damaged, "damaged", left_out="damaged"
    )
    problems += alike(strange, "misnamed", left_out="not in the list")
    corpus = build(folder.name, rows, problems)
    voices = {row["path"]: row["voice"] for row in rows}
    table = corpus.table.assign(voice=[voices[path] for path in corpus.table["path"]])
    return Corpus(corpus.name, table, corpus.problems)


def _write(folder: Path, name: str, clips: list[Clip]) -> None:
    spoken = process.isolated_each(
        speak, [(clip.utterance,) for clip in clips], seconds=SECONDS, title=name
    )
    text = io.StringIO()
    table = csv.DictWriter(text, FIELDS, lineterminator="\n")
    table.writeheader()
    for clip, samples in sorted(zip(clips, spoken, strict=True), key=lambda pair: pair[0].file):
        if not isinstance(samples, np.ndarray):
            raise process.CallError(f"{name}, {clip.file}: {samples}")
        soundfile.write(folder / clip.file, samples, RATE, subtype="PCM_16")
        table.writerow(clip.row() | {"content": store.content(folder / clip.file)})
    store.write(folder / TABLE, text.getvalue().encode())
    store.write(folder / f"{TABLE}.sha256", store.content(folder / TABLE).encode())


def _table(folder: Path) -> list[dict[str, str]]:
    path = folder / TABLE
    if not path.is_file():
        raise CorpusError(
            f"{path}: no such table; expected a folder of a demo corpus. Give what `make` returned."
        )
    if store.content(path) != path.with_name(path.name + ".sha256").read_text():
        raise CorpusError(
            f"{path}: damaged, not the table that was written. Remove {folder} to have it made again."
        )
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
