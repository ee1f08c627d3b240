"""A researcher's own corpora: one CSV table of clips in, the tidy table out. What is wrong with it is refused or told."""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sercore import store
from sercore.corpora import cells, unusable
from sercore.corpora.cells import TableError, near, one_form
from sercore.corpora.labels import Map, mapped, valences
from sercore.corpora.reports import Problem
from sercore.corpora.table import COLUMNS, Corpus, some

REQUIRED = ("path", "corpus", "speaker", "emotion")
SAME = ("corpus", "speaker", "emotion")  # cells in which the copies of a recording agree
MADE = ("class", "seconds")  # columns that reading adds
GENDERS = {"female": "female", "f": "female", "male": "male", "m": "male"}
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")

Clips = dict[int, dict]  # by the number of the line


def read(table: Path, *, classes: Map | None = None, unseen: Sequence[str] = ()) -> Corpus:
    """Clips of a researcher's own table; one table may hold several corpora.

    The table is UTF-8 text, its cells parted by commas, semicolons or tabs, with a header. Columns ``path`` (relative to the
    table's folder, or absolute), ``corpus``, ``speaker`` and ``emotion`` are needed. ``gender`` (female, male, f or m),
    ``language`` (a BCP 47 tag) and ``text`` may be there; an empty cell is a missing label. Any further column is kept as it is.
    Text is compared in one Unicode form (NFC), and a path is tried in both.

    Args:
        table: the CSV file.
        classes: label to class, or to None for a label that is left out; capital letters do not matter (default: paper 02's three
            classes, ``labels.valences()``).
        unseen: names of corpora that are only tested; they have to be in the table.

    Returns:
        The clips, sorted by corpus and path, with ``class`` and the further columns after ``COLUMNS``, under the file's name. The
        problems tell which clips were left out: those whose label the map leaves out, those that cannot be used, and copies: files
        with the same bytes as one before.

    Raises:
        TableError: no such file; a file that is no such table; a column or a needed cell that is missing; a path that stands twice
            or is not there; a gender or language that is none; an unseen corpus that is not in it; a label without class; a
            recording under two names of a speaker, a corpus or an emotion; fewer than two classes to train on.
    """
    unseen = [one_form(name) for name in unseen]
    clips = _clips(table)
    _refuse_cells(table, clips)
    _refuse_paths(table, clips)
    _refuse_unseen(table, clips, unseen)
    classes = valences() if classes is None else classes
    classes = {
        one_form(label).casefold(): given and one_form(given) for label, given in classes.items()
    }
    _refuse_labels(table, clips, classes)
    problems = []
    if out := Counter(
        row["emotion"] for row in clips.values() if classes[row["emotion"].casefold()] is None
    ):
        told = f"the class map leaves out their labels: {some(sorted(out))}"
        problems.append(
            Problem(
                f"{table}: {out.total()} of {len(clips)} clips left out, {told}",
                "without a class",
                out.total(),
            )
        )
    labelled = [row for row in clips.values() if row["emotion"] not in out]
    rows, unused = unusable.usable_rows(
        sorted(labelled, key=lambda row: (row["corpus"], row["path"]))
    )
    rows, copies = _without_copies(table, rows, {row["path"]: line for line, row in clips.items()})
    problems += [*unused, *copies]
    further = [name for name in next(iter(clips.values())) if name not in COLUMNS]
    found = pd.DataFrame(rows, columns=[*COLUMNS, *further])
    found.insert(len(COLUMNS), "class", mapped(found, classes))
    _refuse_one_class(table, found, unseen)
    return Corpus(table.stem, found, problems)


def class_map(path: Path) -> Map:
    """Label to class from a file: CSV with the columns ``emotion`` and ``class``, or a JSON object ``{"emotion": "class"}``.

    Args:
        path: the file, JSON if its name ends in ``.json``. An empty cell, "" or null leaves the label out.

    Returns:
        The map, for ``read``, labels in small letters.

    Raises:
        TableError: no such file, a file that is no such map, a label that is empty or stands twice, or fewer than two classes.
    """
    if path.suffix.lower() == ".json":
        pairs = _json(path)
    else:
        pairs = [
            (row["emotion"], row["class"])
            for row in cells.rows(path, ("emotion", "class")).values()
        ]
    pairs = [
        (one_form(label).strip().casefold(), one_form(given or "").strip() or None)
        for label, given in pairs
    ]
    named = Counter(label for label, _ in pairs)
    if odd := [label for label, count in named.items() if count > 1 or not label]:
        met = f"label `{odd[0]}` stands more than once" if odd[0] else "a label is empty"
        raise TableError(
            f"{path}: {met}; expected each label once, with its class. Mend or remove the line."
        )
    if len(classes := sorted({given for _, given in pairs if given})) < 2:
        names = f"one class, `{classes[0]}`" if classes else "no class"
        raise TableError(
            f"{path}: {names}; expected two at least, for one alone teaches nothing. Give another class to a label."
        )
    return dict(pairs)


def _json(path: Path) -> tuple[tuple[str, str | None], ...]:
    try:
        pairs = json.loads(
            cells.text(path), object_pairs_hook=tuple
        )  # only an object becomes a tuple; twice the same label shows
    except json.JSONDecodeError as error:
        raise TableError(
            f"{path}: no JSON ({error}); expected an object of labels and classes. Mend it."
        ) from None
    if (
        not isinstance(pairs, tuple)
        or not pairs
        or not all(isinstance(given, str | None) for _, given in pairs)
    ):
        raise TableError(
            f'{path}: other JSON than {{"label": "class"}}; expected a text or null for each label. Mend it.'
        )
    return pairs


def _clips(table: Path) -> Clips:
    """One dict a clip: each column's cell, or None where it is empty or not there; ``path`` in full."""
    lines = cells.rows(table, REQUIRED)
    if taken := [name for name in MADE if name in next(iter(lines.values()))]:
        raise TableError(
            f"{table}: column `{taken[0]}` is made by reading it; expected another name. Rename or remove the column."
        )
    folder, absent = (
        table.absolute().parent,
        dict.fromkeys(name for name in COLUMNS if name not in MADE),
    )
    clips = {
        line: absent | {name: cell or None for name, cell in row.items()}
        for line, row in lines.items()
    }
    for row in clips.values():
        row["path"] = row["path"] and cells.existing(Path(os.path.normpath(folder / row["path"])))
    return clips


def _without_copies(
    table: Path, rows: list[dict], lines: dict[Path, int]
) -> tuple[list[dict], list[Problem]]:
    """One row for each content, and a problem for the copies that are left out; files of unequal size are not opened."""
    sizes = Counter(row["path"].stat().st_size for row in rows)
    first: dict[str, dict] = {}
    kept, copies = [], []
    for row in rows:
        path = row["path"]
        same = (
            row if sizes[path.stat().st_size] == 1 else first.setdefault(store.content(path), row)
        )
        if same is row:
            kept.append(row)
            continue
        if other := [name for name in SAME if row[name].casefold() != same[name].casefold()]:
            name, line = other[0], lines[same["path"]]
            raise TableError(
                f"{table}, line {lines[path]}: {path} holds the recording of line {line} under another {name}, `{row[name]}` for"
                f" `{same[name]}`; expected one recording under one corpus, speaker and emotion. Remove a line."
            )
        copies.append(str(path))
    sentence = f"{table}: {len(copies)} copies left out, their files hold the same as others: {some(copies)}"
    return kept, [Problem(sentence, "copies", len(copies))] if copies else []


def _refuse_cells(table: Path, clips: Clips) -> None:
    for line, row in clips.items():
        place, gender, language = f"{table}, line {line}", row["gender"], row["language"]
        if empty := [name for name in REQUIRED if not row[name]]:
            raise TableError(
                f"{place}: the {empty[0]} is empty; expected one for each clip. Fill it in, or remove the line."
            )
        if gender and gender.casefold() not in GENDERS:
            raise TableError(
                f"{place}: gender `{gender}`; expected female or male. Correct it, or leave the cell empty."
            )
        if language and not TAG.fullmatch(language):
            told = "expected a tag such as en or en-GB. Correct it, or leave the cell empty."
            raise TableError(f"{place}: language `{language}`; {told}")
        row["gender"] = gender and GENDERS[gender.casefold()]


def _refuse_paths(table: Path, clips: Clips) -> None:
    first: dict[Path, int] = {}
    for line, row in clips.items():
        if (before := first.setdefault(row["path"], line)) != line:
            raise TableError(
                f"{table}, line {line}: {row['path']} stands in line {before}, too; expected it once. Remove a line."
            )
    if absent := [(line, row["path"]) for line, row in clips.items() if not row["path"].exists()]:
        line, path = absent[0]
        more = f", and {len(absent) - 1} more are missing" if len(absent) > 1 else ""
        told = "expected a path that starts at the table's folder. Correct the paths, or put the clips there."
        raise TableError(f"{table}, line {line}: {path} is not there{more}; {told}")


def _refuse_unseen(table: Path, clips: Clips, unseen: Sequence[str]) -> None:
    corpora = sorted({row["corpus"] for row in clips.values()})
    if absent := [name for name in unseen if name not in corpora]:
        told = f"expected one of {', '.join(corpora)}{near(absent[0], corpora)}. Name one of them, or add its clips."
        raise TableError(f"{table}: no clip of the unseen corpus `{absent[0]}`; {told}")


def _refuse_one_class(table: Path, clips: pd.DataFrame, unseen: Sequence[str]) -> None:
    classes = sorted(set(clips["class"][~clips["corpus"].isin(unseen)]))
    if len(classes) < 2:
        names = f"one class, `{classes[0]}`," if classes else "no class"
        remedy = "Add clips of another class, or give a class map that makes two."
        raise TableError(
            f"{table}: {names} in the corpora that train; expected two at least. {remedy}"
        )


def _refuse_labels(table: Path, clips: Clips, classes: Map) -> None:
    if unknown := Counter(
        row["emotion"] for row in clips.values() if row["emotion"].casefold() not in classes
    ):
        label, count = next(iter(unknown.items()))
        more = f", and {len(unknown) - 1} more labels" if len(unknown) > 1 else ""
        told = f"expected one of {', '.join(sorted(classes))}. Rename it, or give it a class in a class map."
        raise TableError(f"{table}: label `{label}` ({count} clips){more} without class; {told}")
