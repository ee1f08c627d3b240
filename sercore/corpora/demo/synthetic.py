"""Speech that Praat's synthesiser speaks, made once and kept.

``demo-conversa`` imitates CORAA SER, ``demo-gender`` CETUC, the other three acted corpora.
"""

import contextlib
import csv
import io
import shutil
import uuid
from pathlib import Path

import numpy as np
import soundfile

from sercore import process, store
from sercore.audio import RATE
from sercore.corpora import Corpus, CorpusError, build, files
from sercore.corpora.clips import alike
from sercore.corpora.demo.scripts import NAMES, Clip, script
from sercore.corpora.demo.voices import speak

__all__ = ["NAMES", "load", "make", "read"]

SECONDS = 60.0  # longest time that one utterance may take
TABLE = "clips.csv"
FIELDS = ["file", "speaker", "gender", "language", "emotion", "text", "voice", "content"]


def load(name: str, *, seed: int = 0) -> Corpus:
    """Load a demo corpus of ``NAMES``, and make it first if necessary.

    Raises:
        CorpusError: there is no demo corpus of that name, or its table is damaged.
    """
    return read(make(name, seed=seed))


def make(name: str, *, seed: int = 0) -> Path:
    """Make a demo corpus, whole or not at all, unless it exists, and return its folder.

    It holds 16 kHz mono 16-bit WAV files and ``clips.csv``.

    Raises:
        CorpusError: there is no demo corpus of that name.
        CallError: the synthesiser failed.
    """
    settings = {"name": name, "seed": seed}
    key = store.key(settings=settings, manifest=[], modules="sercore.corpora.demo.synthetic")
    folder = store.root() / "demo" / key.hex / name
    if folder.is_dir():
        return folder
    clips = script(name, seed=seed)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{name}.{uuid.uuid4().hex}")
    temporary.mkdir()
    try:
        _write(temporary, name, clips)
        with contextlib.suppress(OSError):  # another process was first
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if not folder.is_dir():
        raise CorpusError(
            f"{folder}: could not be put in its place; expected a folder that can be written."
            " Check SER_STORE."
        )
    return folder


def read(folder: Path) -> Corpus:
    """Read a demo corpus that ``make`` made; the column ``voice`` names the true speaker.

    Clips that are missing or not as they were written become problems.

    Raises:
        CorpusError: there is no table, or it is not as it was written.
    """
    again = f"Remove {folder} to have it made again."
    listed, rows, gone, damaged = _table(folder), [], [], []
    for clip in listed:
        path = folder / clip["file"]
        if not path.is_file():
            gone.append(f"{path}: missing and left out; expected the clip that was made. {again}")
        elif store.content(path) != clip["content"]:
            damaged.append(
                f"{path}: damaged and left out; expected the bytes that were written. {again}"
            )
        else:
            rows.append(clip | {"path": path})
    problems = alike(gone, "missing", left_out="missing")
    problems += alike(damaged, "damaged", left_out="damaged")
    strange = []
    for name in sorted({path.name for path in files(folder)} - {clip["file"] for clip in listed}):
        strange.append(
            f"{folder / name}: left out; expected only the clips that {TABLE} lists. Remove it."
        )
    problems += alike(strange, "misnamed", left_out="not in the list")
    return build(folder.name, rows, problems, extra=("voice",))


def _write(folder: Path, name: str, clips: list[Clip]) -> None:
    calls = [(clip.utterance,) for clip in clips]
    spoken = process.isolated_each(speak, calls, seconds=SECONDS, title=name)
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
    written = path.with_name(path.name + ".sha256")
    if not written.is_file() or store.content(path).encode() != written.read_bytes():
        raise CorpusError(
            f"{path}: damaged, not the table that was written. Remove {folder} to have it made"
            " again."
        )
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
