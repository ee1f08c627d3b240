"""The tidy table of a corpus, and what is wrong with its folder."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
        name: name of the folder.
        table: one row a clip, sorted by file name: path; corpus; speaker (CORAA SER: recording);
            gender, "female", "male" or missing; language as a BCP 47 tag, or missing; emotion, the
            corpus' own label, or missing; text id, or missing; duration in seconds; then columns
            that only this corpus has.
        problems: one sentence for each thing that is missing, odd or unreadable.
    """

    name: str
    table: pd.DataFrame
    problems: list[str] = field(default_factory=list)

    @property
    def report(self) -> Report:
        """Number of clips and problems, without the table."""
        return Report(self.name, len(self.table), tuple(self.problems))


def files(folder: Path) -> list[Path]:
    """List the audio files anywhere under a folder, sorted by name."""
    paths = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    return sorted(paths, key=lambda path: (path.stem, str(path)))


def named_clips(
    folder: Path, parse: Callable[[Path], tuple[str, dict] | None], grammar: str
) -> tuple[dict[str, dict], list[Problem]]:
    """Read the audio files whose names a corpus knows.

    Args:
        folder: folder of the files.
        parse: function of a path that returns the recording's name and the clip's row without
            ``path``, or None for a name that is not the corpus'.
        grammar: form of the names, for the message.

    Returns:
        One row for each recording, by its name, in the order of the files; and problems for copies
        and for files with other names.
    """
    names, rows, others = [], [], []
    for path in files(folder):
        parsed = parse(path)
        if parsed is None:
            others.append(path.name)
        else:
            names.append(parsed[0])
            rows.append(parsed[1] | {"path": path})
    clips, copies = without_copies(rows, names)
    return clips, unmatched(others, grammar) + copies


def build(
    name: str, rows: Iterable[dict], problems: list[str], *, extra: Sequence[str] = ()
) -> Corpus:
    """Make a corpus of rows, with durations from the files' headers.

    A clip that cannot be used becomes a problem.

    Args:
        name: name of the folder.
        rows: one dict a clip, in the table's order; a column that it lacks is missing.
        problems: problems that are known before a file is opened.
        extra: columns of this corpus after ``COLUMNS``.
    """
    usable, unused = unusable.usable_rows(rows)
    table = pd.DataFrame([row | {"corpus": name} for row in usable], columns=[*COLUMNS, *extra])
    return Corpus(name, table, [*problems, *unused])


def without_copies(rows: list[dict], names: Sequence[str]) -> tuple[dict[str, dict], list[Problem]]:
    """Keep one row for each recording.

    Popular copies of a corpus hold it twice, the second time in a folder of the first. The first
    file of a recording that can be used stands for it.

    Args:
        rows: one dict a file.
        names: name of each row's recording.

    Returns:
        Rows by name, and a problem for the copies that are left out.
    """
    files_of: dict[str, list[dict]] = {}
    for row, name in zip(rows, names, strict=True):
        files_of.setdefault(name, []).append(row)
    clips = {name: unusable.first_usable(same) for name, same in files_of.items()}
    copies = len(rows) - len(clips)
    if not copies:
        return clips, []
    twice = sorted(name for name, same in files_of.items() if len(same) > 1)
    sentence = f"{copies} copies left out, {len(twice)} names stand more than once: {some(twice)}"
    return clips, [Problem(sentence, "copies", copies)]


def missing(
    names: Iterable[str], expected: set[str], *, what: str = "clips", kind: str = "missing"
) -> list[Problem]:
    """Report expected names that are missing; the message lists three of them.

    Args:
        names: names that are present.
        expected: names of the complete corpus.
        what: noun for the message.
        kind: kind of the problem, under which missing names are counted; empty for no count.
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
    """Report counts that differ from those of the complete corpus.

    Args:
        counts: number of clips of each label.
        expected: numbers of the complete corpus.
        what: noun for the message.
        by: name of the labels, for the message.
        kind: kind of the problem, under which missing clips are counted; empty for no count.
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
