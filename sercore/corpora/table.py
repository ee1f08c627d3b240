"""The tidy table of a corpus, and what is wrong with its folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sercore.corpora import unusable
from sercore.corpora.reports import Problem, Report

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

    @property
    def report(self) -> Report:
        """Its clips and problems, without the table."""
        return Report(self.name, len(self.table), tuple(self.problems))


def files(folder: Path) -> list[Path]:
    """Audio files anywhere under a folder, sorted by name."""
    return sorted(
        (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES),
        key=lambda path: (path.stem, str(path)),
    )


def build(name: str, rows: list[dict], problems: list[str], *, extra: Sequence[str] = ()) -> Corpus:
    """Corpus of these rows, durations read from the headers; a clip that cannot be used is a problem, not a row.

    Args:
        name: the folder's name.
        rows: one dict a clip, in the table's order; a column it does not name is missing.
        problems: what is known to be wrong before a file is opened.
        extra: columns that this corpus has after ``COLUMNS``.
    """
    usable, unused = unusable.usable_rows(rows)
    table = pd.DataFrame([row | {"corpus": name} for row in usable], columns=[*COLUMNS, *extra])
    return Corpus(name, table, [*problems, *unused])


def without_copies(rows: list[dict], names: Sequence[str]) -> tuple[list[dict], list[Problem]]:
    """One row for each recording, and a problem for the copies that are left out.

    Popular copies of a corpus hold it twice, the second time in a folder of the first. Of several files the first that can be
    used stands for the recording.

    Args:
        rows: one dict a file.
        names: what the corpus calls the recording of each row.
    """
    files_of: dict[str, list[dict]] = {}
    for row, name in zip(rows, names, strict=True):
        files_of.setdefault(name, []).append(row)
    twice = sorted(name for name, same in files_of.items() if len(same) > 1)
    copies = len(rows) - len(files_of)
    sentence = f"{copies} copies left out, {len(twice)} names stand more than once: {some(twice)}"
    problems = [Problem(sentence, "copies", copies)] if copies else []
    return [unusable.first_usable(same) for same in files_of.values()], problems


def missing(
    found: Sequence[str], expected: set[str], *, what: str = "clips", kind: str = "missing"
) -> list[Problem]:
    """Problem for names that are not there; three of them are named.

    Args:
        found: names that are there.
        expected: names of the complete corpus.
        what: is named (default clips).
        kind: under which they are counted; empty for not at all (default "missing").
    """
    absent = sorted(expected - set(found))
    sentence = f"{len(absent)} of {len(expected)} {what} missing: {some(absent)}"
    return [Problem(sentence, kind, len(absent) * bool(kind))] if absent else []


def unmatched(names: list[str], grammar: str) -> list[Problem]:
    """Problem for files whose name is not the corpus'; they are left out."""
    sentence = f"{len(names)} files left out, their names are not {grammar}: {some(sorted(names))}"
    return [Problem(sentence, "misnamed", len(names))] if names else []


def counted(
    found: Counter,
    expected: Mapping[str, int],
    *,
    what: str = "clips",
    by: str = "emotion",
    kind: str = "",
) -> list[Problem]:
    """Problem for counts that are not the complete corpus'; each is told, the expected one in brackets.

    Args:
        found: counts of what is there.
        expected: those of the complete corpus.
        what: is counted (default clips).
        by: what it is counted by (default emotion).
        kind: under which those that are too few are counted; empty (default) for not at all.
    """
    if found == Counter(expected):
        return []
    names = [*expected, *sorted(set(found) - set(expected))]
    listed = ", ".join(f"{name} {found[name]} ({expected.get(name, 0)})" for name in names)
    total = sum(expected.values())
    sentence = f"{found.total()} {what}, expected {total}; by {by}, expected in brackets: {listed}"
    few = (Counter(expected) - found).total()
    return [Problem(sentence, kind, few * bool(kind))]


def some(names: list[str]) -> str:
    """The first three names, and a mark where there are more."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
