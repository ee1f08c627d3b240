"""A researcher's own corpora: clips in any of the ``formats`` in, the tidy table out."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sercore import store
from sercore.corpora import cells, formats
from sercore.corpora.cells import TableError, near, one_form
from sercore.corpora.clips import SPLIT, WITHOUT, Problem
from sercore.corpora.formats import REQUIRED, Rows
from sercore.corpora.labels import Map, mapped, valences
from sercore.corpora.table import COLUMNS, Corpus, some, usable_rows
from sercore.parameters import AS_THEY_ARE

SAME = ("corpus", "speaker", "emotion")  # cells in which a copy that is left out agrees
MADE = ("class", "seconds")  # columns that reading adds
GENDERS = {"female": "female", "f": "female", "male": "male", "m": "male"}
BARRED = re.compile(rf"[/,\x00-\x1f]|{WITHOUT}$")  # what stands between names, or behind one
TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
SIDE_OF = {"train": "training", "training": "training", "test": "test"}
SIDE_OF |= dict.fromkeys(("dev", "valid", "validation", "development"), "validation")


def read(
    table: Path | str,
    *,
    classes: Map | str | None = None,
    unseen: Sequence[str] = (),
    speaker: str = "",
) -> Corpus:
    """Read a researcher's clips; one table may hold several corpora.

    A table is UTF-8 text, its cells parted by commas, semicolons or tabs, with a header. Columns
    ``path`` (relative to the table's folder, or absolute), ``corpus``, ``speaker`` and ``emotion``
    are needed. ``gender`` (female, male, f or m), ``language`` (a BCP 47 tag), ``text`` and
    ``split`` (train, dev or test) are optional; an empty cell is a missing label. Any further
    column is kept as it is. Text is compared in one Unicode form (NFC), and a path is tried in
    both. In place of a table a folder of folders or an audformat database is read: see `formats`.

    The clips are sorted by corpus and path, with ``class`` and the further columns after
    ``COLUMNS``. The problems say which clips are left out: those whose label the map leaves out,
    those that cannot be used, and files with the same bytes and labels as one before. Copies with
    other labels stay: ``sercore.protocols.leaks`` finds them, whatever their bytes.

    Args:
        table: path of the CSV file, the folder or the database.
        classes: class of each label, None for a label that is left out; capital letters do not
            matter; or ``AS_THEY_ARE`` (default: paper 02's three classes, ``labels.valences()``).
        unseen: names of corpora that are only tested; they have to be in the table.
        speaker: regular expression of the speaker in a path; see `formats.rows`.

    Raises:
        TableError: there is no such file, or no such table in it; a column or a needed cell is
            missing; a path stands twice or does not exist; a gender, language or split is not
            valid; an unseen corpus is not in the table; a label has no class; fewer than two
            classes are left to train on.
    """
    table, unseen = Path(table), [one_form(name) for name in unseen]
    clips, problems = _clips(table, speaker)
    _check_cells(table, clips)
    _check_paths(table, clips)
    _check_unseen(table, clips, unseen)
    _check_split(table, clips, unseen)
    if classes == AS_THEY_ARE:
        classes = {row["emotion"]: row["emotion"].casefold() for row in clips.values()}
    class_of = {}
    for label, name in (valences() if classes is None else classes).items():
        class_of[one_form(label).casefold()] = name and one_form(name)
    _check_labels(table, clips, class_of)
    labels = Counter(row["emotion"] for row in clips.values())
    left_out = {label: n for label, n in labels.items() if class_of[label.casefold()] is None}
    if left_out:
        total = sum(left_out.values())
        sentence = (
            f"{table}: {total} of {len(clips)} clips left out, the class map leaves out their"
            f" labels: {some(sorted(left_out))}"
        )
        problems.append(Problem(sentence, "without a class", total))
    labelled = [row for row in clips.values() if row["emotion"] not in left_out]
    labelled.sort(key=lambda row: (row["corpus"], row["path"]))
    rows, unused = usable_rows(labelled)
    rows, copies = _without_copies(table, rows)
    problems += [*unused, *copies]
    further = [name for name in next(iter(clips.values())) if name not in COLUMNS]
    usable = pd.DataFrame(rows, columns=[*COLUMNS, *further])
    usable.insert(len(COLUMNS), "class", mapped(usable, class_of))
    _check_classes(table, usable, unseen)
    return Corpus(table.stem, usable, problems)


def class_map(path: Path | str) -> Map:
    """Read a class map from CSV with the columns ``emotion`` and ``class``, or from ``.json``.

    JSON is ``{"emotion": "class"}``. An empty cell, "" or null leaves the label out. Labels become
    small letters.

    Raises:
        TableError: there is no such file, or no such map in it; a label is empty or stands twice;
            or there are fewer than two classes.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        given = _json(path)
    else:
        rows = cells.rows(path, ("emotion", "class")).values()
        given = [(row["emotion"], row["class"]) for row in rows]
    pairs = []
    for label, name in given:
        pairs.append((one_form(label).strip().casefold(), one_form(name or "").strip() or None))
    for label, count in Counter(label for label, _ in pairs).items():
        if label and count == 1:
            continue
        fault = f"label `{label}` stands more than once" if label else "a label is empty"
        raise TableError(
            f"{path}: {fault}; expected each label once, with its class. Mend or remove the line."
        )
    classes = sorted({name for _, name in pairs if name})
    if len(classes) < 2:
        names = f"one class, `{classes[0]}`" if classes else "no class"
        raise TableError(
            f"{path}: {names}; expected two at least, for one alone teaches nothing. Give another"
            " class to a label."
        )
    return dict(pairs)


def class_names(corpus: Corpus, usual: Sequence[str]) -> tuple[str, ...]:
    """Name the classes that occur by position: the paper's in its order, then others sorted."""
    occurring = set(corpus.table["class"])
    known = [name for name in usual if name in occurring]
    return (*known, *sorted(occurring - set(usual)))


def _json(path: Path) -> tuple[tuple[str, str | None], ...]:
    try:
        # Only an object becomes a tuple, and a label that stands twice is in it twice.
        pairs = json.loads(cells.text(path), object_pairs_hook=tuple)
    except json.JSONDecodeError as error:
        raise TableError(
            f"{path}: no JSON ({error}); expected an object of labels and classes. Mend it."
        ) from None
    is_map = isinstance(pairs, tuple) and len(pairs) > 0
    if not is_map or not all(isinstance(name, str | None) for _, name in pairs):
        raise TableError(
            f'{path}: other JSON than {{"label": "class"}}; expected a text or null for each label.'
            " Mend it."
        )
    return pairs


def _clips(table: Path, speaker: str) -> tuple[Rows, list[Problem]]:
    """Read the cells of each clip, None for what it lacks, and what is to be told of them."""
    clips, problems = formats.rows(table, speaker=speaker)
    if taken := [name for name in MADE if name in next(iter(clips.values()))]:
        raise TableError(
            f"{table}: column `{taken[0]}` is made by reading it; expected another name. Rename or"
            " remove the column."
        )
    empty = dict.fromkeys(name for name in COLUMNS if name not in MADE)
    return {place: empty | row for place, row in clips.items()}, problems


def _without_copies(table: Path, rows: list[dict]) -> tuple[list[dict], list[Problem]]:
    """Keep one row for each content and label; files of a size of their own are not opened."""
    sizes = Counter(row["path"].stat().st_size for row in rows)
    first: dict[str, dict] = {}
    kept, copies = [], []
    for row in rows:
        path = row["path"]
        if sizes[path.stat().st_size] == 1:
            kept.append(row)
            continue
        same = first.setdefault(store.content(path), row)
        if same is row:
            kept.append(row)
            continue
        if any(row[name].casefold() != same[name].casefold() for name in SAME):
            kept.append(row)  # `sercore.protocols.leaks` tells which they are
            continue
        copies.append(str(path))
    if not copies:
        return kept, []
    sentence = f"{table}: {len(copies)} copies left out, their files hold the same as others:"
    return kept, [Problem(f"{sentence} {some(copies)}", "copies", len(copies))]


def _check_cells(table: Path, clips: Rows) -> None:
    for place, row in clips.items():
        gender, language = row["gender"], row["language"]
        if empty := [name for name in REQUIRED if not row[name]]:
            raise TableError(
                f"{place}: the {empty[0]} is empty; expected one for each clip. Fill it in, or"
                " remove the line."
            )
        if match := BARRED.search(row["corpus"]):
            raise TableError(
                f"{place}: `{match[0]}` in the name of corpus `{row['corpus']}`; expected a name"
                " without slash, comma or line break, which stand between names. Rename it."
            )
        if gender and gender.casefold() not in GENDERS:
            raise TableError(
                f"{place}: gender `{gender}`; expected female or male. Correct it, or leave the"
                " cell empty."
            )
        if language and not TAG.fullmatch(language):
            raise TableError(
                f"{place}: language `{language}`; expected a tag such as en or en-GB. Correct it,"
                " or leave the cell empty."
            )
        row["gender"] = gender and GENDERS[gender.casefold()]


def _check_paths(table: Path, clips: Rows) -> None:
    first: dict[Path, str] = {}
    for place, row in clips.items():
        if (before := first.setdefault(row["path"], place)) != place:
            raise TableError(
                f"{place}: {row['path']} stands in {before.removeprefix(f'{table}, ')}, too;"
                " expected it once. Remove a line."
            )
    absent = [(place, row["path"]) for place, row in clips.items() if not row["path"].exists()]
    if absent:
        place, path = absent[0]
        more = f", and {len(absent) - 1} more are missing" if len(absent) > 1 else ""
        raise TableError(
            f"{place}: {path} is not there{more}; expected a path that starts at the table's"
            " folder. Correct the paths, or put the clips there."
        )


def _check_split(table: Path, clips: Rows, unseen: Sequence[str]) -> None:
    """Name the sides by `SIDE_OF`, and refuse others, and a split of some of the clips alone."""
    if not any(row.get(SPLIT) for row in clips.values()):
        return
    for place, row in clips.items():
        given = row.get(SPLIT)
        if given and given.casefold() not in SIDE_OF:
            raise TableError(
                f"{place}: split `{given}`; expected train, dev or test. Correct it, or leave the"
                " column out."
            )
        if not given and row["corpus"] not in unseen:
            raise TableError(
                f"{place}: the split is empty, and other clips have one; expected train, dev or"
                " test for each clip of a corpus that trains. Fill it in, or leave the column out."
            )
        row[SPLIT] = given and SIDE_OF[given.casefold()]
    sides = {row[SPLIT] for row in clips.values() if row["corpus"] not in unseen}
    if missing := [side for side in ("training", "test") if side not in sides]:
        raise TableError(
            f"{table}: no clip of the split is for {missing[0]}; expected train and test, and dev"
            " where a training chooses its epoch. Fill the column in, or leave it out."
        )


def _check_unseen(table: Path, clips: Rows, unseen: Sequence[str]) -> None:
    corpora = sorted({row["corpus"] for row in clips.values()})
    if absent := [name for name in unseen if name not in corpora]:
        raise TableError(
            f"{table}: no clip of the unseen corpus `{absent[0]}`; expected one of"
            f" {', '.join(corpora)}{near(absent[0], corpora)}. Name one of them, or add its clips."
        )


def _check_classes(table: Path, clips: pd.DataFrame, unseen: Sequence[str]) -> None:
    classes = sorted(set(clips["class"][~clips["corpus"].isin(unseen)]))
    if len(classes) < 2:
        names = f"one class, `{classes[0]}`," if classes else "no class"
        raise TableError(
            f"{table}: {names} in the corpora that train; expected two at least. Add clips of"
            " another class, or give a class map that makes two."
        )


def _check_labels(table: Path, clips: Rows, classes: Map) -> None:
    labels = Counter(row["emotion"] for row in clips.values())
    if unknown := [label for label in labels if label.casefold() not in classes]:
        more = f", and {len(unknown) - 1} more labels" if len(unknown) > 1 else ""
        raise TableError(
            f"{table}: label `{unknown[0]}` ({labels[unknown[0]]} clips){more} without class;"
            f" expected one of {', '.join(sorted(classes))}. Rename it, give it a class in a class"
            f" map, or let each label be a class with classes={AS_THEY_ARE}."
        )
