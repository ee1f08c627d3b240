"""The tidy table of a corpus, and what is wrong with its folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sercore import audio

COLUMNS = ["path", "corpus", "speaker", "gender", "language", "emotion", "text", "seconds"]
SUFFIXES = {".wav", ".flac"}


@dataclass(frozen=True)
class Corpus:
    """Clips of one corpus, and what is wrong with the folder.

    Args:
        name: the folder's name.
        table: one row a clip, sorted by file name: path; corpus; speaker (CORAA SER: recording); gender, "female", "male" or
            missing; language, by its BCP 47 tag, or missing; emotion, the corpus' own label, or missing; text id or missing;
            duration in seconds; then what this corpus alone tells.
        problems: one sentence for each thing that is missing, odd or unreadable.
    """

    name: str
    table: pd.DataFrame
    problems: list[str] = field(default_factory=list)


def files(folder: Path) -> list[Path]:
    """Audio files anywhere under a folder, sorted by name."""
    return sorted((path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES), key=lambda path: (path.stem, str(path)))


def build(name: str, rows: list[dict], problems: list[str], *, extra: Sequence[str] = ()) -> Corpus:
    """Corpus of these rows, durations read from the headers; a clip without readable header is a problem, not a row.

    Args:
        name: the folder's name.
        rows: one dict a clip, in the table's order; a column it does not name is missing.
        problems: what is known to be wrong before a header is read.
        extra: columns that this corpus has after ``COLUMNS``.
    """
    kept, found = [], list(problems)
    for row in rows:
        try:
            kept.append(row | {"corpus": name, "seconds": audio.seconds(row["path"])})
        except audio.AudioError as error:
            found.append(str(error))
    return Corpus(name, pd.DataFrame(kept, columns=[*COLUMNS, *extra]), found)


def missing(found: list[str], expected: set[str], *, what: str = "clips") -> list[str]:
    """Problems for names that are not there or stand more than once; three of them are named."""
    problems = []
    absent = sorted(expected - set(found))
    if absent:
        problems.append(f"{len(absent)} of {len(expected)} {what} missing: {some(absent)}")
    twice = sorted(name for name, count in Counter(found).items() if count > 1)
    if twice:
        problems.append(f"{len(twice)} names stand more than once: {some(twice)}")
    return problems


def unmatched(names: list[str], grammar: str) -> list[str]:
    """Problem for files whose name is not the corpus'; they are left out."""
    return [f"{len(names)} files left out, their names are not {grammar}: {some(sorted(names))}"] if names else []


def counted(found: Counter, expected: Mapping[str, int], *, what: str = "clips", by: str = "emotion") -> list[str]:
    """Problem for counts that are not the complete corpus'; each is told, the expected one in brackets."""
    if found == Counter(expected):
        return []
    names = [*expected, *sorted(set(found) - set(expected))]
    told = ", ".join(f"{name} {found[name]} ({expected.get(name, 0)})" for name in names)
    return [f"{found.total()} {what}, expected {sum(expected.values())}; by {by}, expected in brackets: {told}"]


def some(names: list[str]) -> str:
    """The first three names, and a mark where there are more."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
