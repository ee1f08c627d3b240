"""The tidy table of a corpus, and what is wrong with its folder.

What no chapter can use is left out and told: damaged files, pointers in place of audio, silence.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from sercore import audio
from sercore.corpora.clips import Problem, Report, alike

COLUMNS = ["path", "corpus", "speaker", "gender", "language", "emotion", "text", "seconds"]
SUFFIXES = {".wav", ".flac"}
POINTER = b"version https://git-lfs.github.com/spec/"
BLOCK = 2048  # samples that are read at a time


@dataclass(frozen=True)
class Corpus:
    """Clips of one corpus, and what is wrong with the folder; nothing is with a complete one.

    The table has one row a clip, sorted by file name: path; corpus; speaker (CORAA SER: recording);
    gender, "female", "male" or missing; language as a BCP 47 tag, or missing; emotion, the corpus'
    own label, or missing; text id, or missing; duration in seconds; then columns that only this
    corpus has.
    """

    name: str  # of the folder
    table: pd.DataFrame
    problems: list[str] = field(default_factory=list)  # what is missing, odd or unreadable

    @property
    def report(self) -> Report:
        """Return the number of clips and the problems, without the table."""
        return Report(self.name, len(self.table), tuple(self.problems))


def walk_links(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder under one and its files' names, in order; linked folders too, each once."""
    seen = set()
    for folder, inner, names in os.walk(root, followlinks=True):
        place = os.path.realpath(folder)
        if place in seen:  # a link to what has been read, or to a folder above
            inner.clear()
            continue
        seen.add(place)
        inner.sort()
        yield folder, sorted(names)


def files(root: Path) -> list[Path]:
    """List the audio files anywhere under a folder, sorted by name."""
    paths = [Path(folder, name) for folder, names in walk_links(root) for name in names]
    clips = [path for path in paths if path.suffix.lower() in SUFFIXES]
    return sorted(clips, key=lambda path: (path.stem, str(path)))


def is_left_behind(path: Path) -> bool:
    """Tell by a path in a corpus' folder whether a system left the file there, as a Mac does."""
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def named_clips(
    folder: Path,
    pattern: re.Pattern,
    labels: Callable[[re.Match, Path], dict],
    grammar: str,
    *,
    expected: Set[str] = frozenset(),
    parts: int = 1,
) -> tuple[dict[str, dict], list[Problem]]:
    """Read the audio files whose names a corpus knows: one row for each recording, by its name.

    Problems are reported for copies, for files with other names, and for missing recordings.

    Args:
        folder: folder of the files.
        pattern: pattern of the files' names without ending; its groups are columns.
        labels: function of the match and the path that returns further columns of the row, and
            ``name``, the recording's name, where that is not the file's.
        grammar: form of the names, for the message.
        expected: names of the complete corpus, which has no other (default: not known).
        parts: number of the path's last parts that make a name, 2 with the folder (default 1).
    """
    names, rows, others = [], [], []
    for path in files(folder):
        name = "/".join(path.with_suffix("").parts[-parts:])
        match = pattern.fullmatch(name)
        if is_left_behind(path.relative_to(folder)):
            match = None
        row = match.groupdict() | labels(match, path) if match else {}
        name = row.pop("name", name)
        if row and (name in expected or not expected):
            names.append(name)
            rows.append(row | {"path": path})
        else:
            others.append(path.name)
    clips, copies = without_copies(rows, names)
    return clips, unmatched(others, grammar) + copies + missing(clips, expected)


def build(
    name: str, rows: Iterable[dict], problems: list[str], *, extra: Sequence[str] = ()
) -> Corpus:
    """Make a corpus of rows, with durations from the files' headers.

    A clip that cannot be used becomes a problem; a column that a row lacks is missing. ``extra``
    are columns of this corpus after ``COLUMNS``.
    """
    usable, unused = usable_rows(rows)
    table = pd.DataFrame([row | {"corpus": name} for row in usable], columns=[*COLUMNS, *extra])
    return Corpus(name, table, [*problems, *unused])


def without_copies(rows: list[dict], names: Sequence[str]) -> tuple[dict[str, dict], list[Problem]]:
    """Keep one row for each recording, by its name; report the copies that are left out.

    Popular copies of a corpus hold it twice, the second time in a folder of the first. The first
    file of a recording that can be used stands for it.
    """
    files_of: dict[str, list[dict]] = {}
    for row, name in zip(rows, names, strict=True):
        files_of.setdefault(name, []).append(row)
    clips = {name: first_usable(same) for name, same in files_of.items()}
    copies = len(rows) - len(clips)
    if not copies:
        return clips, []
    twice = sorted(name for name, same in files_of.items() if len(same) > 1)
    sentence = f"{copies} copies left out, {len(twice)} names stand more than once: {some(twice)}"
    return clips, [Problem(sentence, "copies", copies)]


def missing(
    names: Iterable[str], expected: Set[str], *, what: str = "clips", kind: str = "missing"
) -> list[Problem]:
    """Report expected names that are missing; the message lists three of them.

    They are counted under the problem's kind, unless that is empty.
    """
    absent = sorted(expected - set(names))
    if not absent:
        return []
    sentence = f"{len(absent)} of {len(expected)} {what} missing: {some(absent)}"
    return [Problem(sentence, kind, len(absent) if kind else 0)]


def unmatched(names: list[str], grammar: str) -> list[Problem]:
    """Report files that are left out, as their names are not the corpus'."""
    if not names:
        return []
    sentence = f"{len(names)} files left out, their names are not {grammar}: {some(sorted(names))}"
    return [Problem(sentence, "misnamed", len(names))]


def counted(
    counts: Counter,
    expected: Mapping[str, int],
    *,
    what: str = "clips",
    by: str = "emotion",
    kind: str = "",
) -> list[Problem]:
    """Report numbers of labels that differ from those of the complete corpus.

    What lacks is counted under the problem's kind, unless that is empty.
    """
    if counts == Counter(expected):
        return []
    names = [*expected, *sorted(set(counts) - set(expected))]
    listed = ", ".join(f"{name} {counts[name]} ({expected.get(name, 0)})" for name in names)
    total = sum(expected.values())
    sentence = f"{counts.total()} {what}, expected {total}; by {by}, expected in brackets: {listed}"
    lacking = (Counter(expected) - counts).total() if kind else 0
    return [Problem(sentence, kind, lacking)]


def some(names: list[str]) -> str:
    """Join the first three names, with a mark where there are more."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


# Clips that cannot be used.


def usable_rows(rows: Iterable[dict]) -> tuple[list[dict], list[Problem]]:
    """Split rows with ``path`` into usable ones, with ``seconds`` added, and others' problems."""
    usable, silent, faults = [], [], []
    for row in rows:
        try:
            seconds = audio.seconds(row["path"])
            is_empty = is_silent(row["path"])
            if is_empty:
                audio.read(row["path"])  # refuses channels that are not silent, and cancel
        except audio.AudioError as error:
            faults.append((row["path"], str(error)))
            continue
        if is_empty:
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
    """Check whether the mean of a clip's channels, at the file's own rate, is silent."""
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
            low, high = np.inf, -np.inf
            while len(samples := sound.read(BLOCK, dtype="float32", always_2d=True)):
                mono = samples.mean(axis=1)
                # NaN stays NaN and is no silence; reading the whole clip reports it.
                low, high = np.minimum(low, mono.min()), np.maximum(high, mono.max())
                if not high - low <= audio.QUIETEST:
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
