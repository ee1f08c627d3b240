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

# Largest distance of any sample of silence from the first, of full scale: 3 steps of 16 bits.
QUIETEST = 1e-4
POINTER = b"version https://git-lfs.github.com/spec/"
BLOCK = 2048  # samples that are read at a time


def usable_rows(rows: Iterable[dict]) -> tuple[list[dict], list[Problem]]:
    """Split rows with ``path`` into usable ones, with ``seconds`` added, and others' problems."""
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
    problems = _damaged(faults)
    if silent:
        sentence = (
            f"{len(silent)} clips left out, they are silent, such as {silent[0]}; expected speech."
            " Record them again."
        )
        problems.append(Problem(sentence, "silent", len(silent)))
    return usable, problems


def first_usable(rows: Sequence[dict]) -> dict:
    """Return the first of several rows whose clip can be used, or the first if none can."""
    if len(rows) == 1:
        return rows[0]
    return next((row for row in rows if usable_rows([row])[0]), rows[0])


def is_silent(path: Path | str) -> bool:
    """Check whether the mean of a clip's channels is silent."""
    status = os.stat(path)
    return _reads_silent(os.fspath(path), status.st_size, status.st_mtime_ns)


def is_pointer(path: Path | str) -> bool:
    """Check whether a file is what git-lfs puts in place of one that it has not fetched."""
    try:
        with open(path, "rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False


@lru_cache(maxsize=200_000)
def _reads_silent(path: str, size: int, changed: int) -> bool:
    """``is_silent``, computed once in a process for a path, size and time of change."""
    try:
        with (
            open(path, "rb", buffering=0) as file,
            soundfile.SoundFile(file.fileno(), closefd=False) as sound,
        ):
            first = None
            while len(samples := sound.read(BLOCK, dtype="float32", always_2d=True)):
                mono = samples.mean(axis=1)
                first = mono[0] if first is None else first
                # NaN is no silence; reading the whole clip reports it.
                if not np.abs(mono - first).max() <= QUIETEST:
                    return False
    except soundfile.LibsndfileError:  # reading the whole clip reports the damage
        return False
    return True


def _damaged(faults: Sequence[tuple[Path, str]]) -> list[Problem]:
    """Report each kind of fault with its number of clips and the first one's message."""
    pointers = [path for path, _ in faults if is_pointer(path)]
    by_kind: dict[str, list[str]] = {}
    for path, message in faults:
        if path not in pointers:
            kind = re.sub(r"\d+", "0", message.removeprefix(str(path)))
            by_kind.setdefault(kind, []).append(message)
    problems = []
    if pointers:
        sentence = (
            f"{len(pointers)} clips left out, git-lfs pointers in place of audio,"
            f" such as {pointers[0]}; expected the audio itself."
            " Run `git lfs pull` in the folder that was cloned."
        )
        problems.append(Problem(sentence, "damaged", len(pointers)))
    for messages in by_kind.values():
        problems += alike(messages, "damaged", left_out="damaged")
    return problems
