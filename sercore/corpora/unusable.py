"""Clips that no chapter can use: damaged files, pointers in place of audio, silence."""

import os
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from sercore import audio
from sercore.corpora.reports import Problem, alike

# Of full scale, 3 steps of a 16-bit file: where no sample is further from the first, there is silence.
QUIETEST = 1e-4
POINTER = b"version https://git-lfs.github.com/spec/"
BLOCK = 2048  # samples that are looked at together


def usable_rows(rows: Iterable[dict]) -> tuple[list[dict], list[Problem]]:
    """Rows that can be used, each with its ``seconds``, and problems for the others.

    Args:
        rows: one dict a clip, of which ``path`` is read.
    """
    usable, silent, faults = [], [], []
    for row in rows:
        try:
            seconds = audio.seconds(row["path"])
        except audio.AudioError as error:
            faults.append((row["path"], str(error)))
            continue
        if is_silent(row["path"]):
            silent.append(row["path"])
        else:
            usable.append(row | {"seconds": seconds})
    return usable, [*_damaged(faults), *_silent(silent)]


def first_usable(rows: Sequence[dict]) -> dict:
    """The first of several rows whose clip can be used, or the first where none can."""
    if len(rows) == 1:
        return rows[0]
    return next((row for row in rows if usable_rows([row])[0]), rows[0])


def is_silent(path: Path | str) -> bool:
    """Whether there is no sound in the mean of a clip's channels; it is read up to the first sound."""
    about = os.stat(path)
    return _reads_silent(os.fspath(path), about.st_size, about.st_mtime_ns)


def is_pointer(path: Path | str) -> bool:
    """Whether a file is what git-lfs puts in place of one that it has not fetched."""
    try:
        with open(path, "rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False


@lru_cache(maxsize=200_000)
def _reads_silent(path: str, size: int, changed: int) -> bool:
    """``is_silent`` of a file known by its path, size and time of change: read once in a process."""
    try:
        with (
            open(path, "rb", buffering=0) as file,
            soundfile.SoundFile(file.fileno(), closefd=False) as sound,
        ):
            first = None
            while len(samples := sound.read(BLOCK, dtype="float32", always_2d=True)):
                mono = samples.mean(axis=1)
                first = mono[0] if first is None else first
                if (
                    not np.abs(mono - first).max() <= QUIETEST
                ):  # NaN is for the one who reads all of it
                    return False
    except soundfile.LibsndfileError:  # damage behind the header: for the one who reads all of it
        return False
    return True


def _damaged(faults: Sequence[tuple[Path, str]]) -> list[Problem]:
    """A problem for each kind of fault, with the number of clips and the first one's message."""
    pointers = {path: message for path, message in faults if is_pointer(path)}
    faults_by_kind: dict[str, list[str]] = {}
    for path, message in faults:
        if path not in pointers:
            faults_by_kind.setdefault(
                re.sub(r"\d+", "0", message.removeprefix(str(path))), []
            ).append(message)
    problems = []
    if pointers:
        sentence = f"{len(pointers)} clips left out, git-lfs pointers in place of audio, such as {next(iter(pointers))}"
        sentence += "; expected the audio itself. Run `git lfs pull` in the folder that was cloned."
        problems.append(Problem(sentence, "damaged", len(pointers)))
    return problems + [
        problem
        for same in faults_by_kind.values()
        for problem in alike(same, "damaged", left_out="damaged")
    ]


def _silent(paths: Sequence[Path]) -> list[Problem]:
    if not paths:
        return []
    sentence = f"{len(paths)} clips left out, they are silent, such as {paths[0]}; expected speech. Record them again."
    return [Problem(sentence, "silent", len(paths))]
