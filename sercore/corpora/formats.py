"""A researcher's clips as rows of cells: of a CSV table, a folder of folders or audformat.

``own`` checks the rows, whichever of the three they come from, and makes the tidy table of them.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sercore.corpora import cells
from sercore.corpora.cells import TableError, one_form
from sercore.corpora.clips import Problem
from sercore.corpora.table import is_left_behind, some, walk_links

REQUIRED = ("path", "corpus", "speaker", "emotion")
FORMATS = (
    "a CSV table, a folder of folders (emotion/clip.wav or corpus/emotion/clip.wav) or an audformat"
    " database (with db.yaml)"
)
ENDINGS = {".aif", ".aiff", ".au", ".flac", ".mp3", ".ogg", ".sph", ".wav"}
HEADER = "db.yaml"  # of an audformat database
# Names under which databases keep what is not required, by our column.
SCHEMES = {"gender": ("gender", "sex"), "language": ("language",), "text": ("text", "sentence")}
UNKNOWN = "unknown"  # the one speaker of clips whose speaker nothing tells

Rows = dict[str, dict[str, Any]]  # cells of each clip, None where empty, by where it is named


def rows(source: Path, *, speaker: str = "") -> tuple[Rows, list[Problem]]:
    """Read the cells of each clip by column, ``path`` in full, and what is to be told of them.

    Args:
        source: CSV file; or folder of ``emotion/clip.wav`` or ``corpus/emotion/clip.wav``; or an
            audformat database, by its folder or its ``db.yaml``.
        speaker: regular expression that finds the speaker in a clip's path below the folder: its
            group ``speaker``, its first group, or the whole (default: the speaker is unknown).

    Raises:
        TableError: there is nothing of this form; see `cells.rows` for a table.
    """
    source = cells.existing(source)
    if source.name == HEADER:
        source = source.parent
    if not source.exists():
        raise TableError(f"{source}: no such file or folder; expected {FORMATS}. Check the path.")
    if (source / HEADER).is_file():
        return _database(source, speaker)
    if source.is_dir():
        return _folder(source, speaker)
    if speaker:
        raise TableError(
            f"{source}: a table, whose column `speaker` names the speakers; expected no pattern for"
            " them. Leave out speaker_pattern."
        )
    return _table(source), []


def _table(table: Path) -> Rows:
    folder, clips = table.absolute().parent, {}
    for line, row in cells.rows(table, REQUIRED).items():
        clip = {name: cell or None for name, cell in row.items()}
        if clip["path"]:
            clip["path"] = cells.existing(Path(os.path.normpath(folder / clip["path"])))
        clips[f"{table}, line {line}"] = clip
    return clips


def _folder(folder: Path, speaker: str) -> tuple[Rows, list[Problem]]:
    """Read ``emotion/clip.wav`` or ``corpus/emotion/clip.wav``, whichever all clips are."""
    folder = folder.absolute()
    audio_files, others = [], []
    for place, names in walk_links(folder):
        for name in names:
            path = Path(place, name).relative_to(folder)
            is_clip = path.suffix.lower() in ENDINGS and not is_left_behind(path)
            (audio_files if is_clip else others).append(path)
    if not audio_files:
        raise TableError(
            f"{folder}: no audio file among {len(others)} files; expected {FORMATS}. Check the path."
        )
    by_depth = {len(path.parts) - 1: path for path in audio_files}
    if set(by_depth) not in ({1}, {2}):
        examples = "; ".join(f"{path}, {depth} deep" for depth, path in sorted(by_depth.items()))
        raise TableError(
            f"{folder}: clips lie {' and '.join(map(str, sorted(by_depth)))} folders deep"
            f" ({examples}); expected emotion/clip.wav for all, or corpus/emotion/clip.wav for all."
            f" Move the clips, or list them in a CSV table with {', '.join(REQUIRED)}."
        )
    clips, problems = {}, []
    for path in audio_files:
        clips[str(folder / path)] = {
            "path": folder / path,
            "corpus": one_form(path.parts[0] if len(path.parts) == 3 else folder.name),
            "speaker": _speaker(speaker, path, folder),
            "emotion": one_form(path.parts[-2]),
        }
    if others:
        sentence = f"{folder}: {len(others)} files left out, no audio by their names: "
        problems.append(Problem(sentence + some(list(map(str, others))), "misnamed", len(others)))
    return clips, problems + ([] if speaker else _nameless(folder))


def _database(folder: Path, speaker: str) -> tuple[Rows, list[Problem]]:
    """Read an audformat database: its files with emotion, and what it tells of each."""
    try:
        import audformat
    except ModuleNotFoundError:
        raise TableError(
            f"{folder}: an audformat database, and the package that reads these is not installed;"
            " expected audformat. Run `pip install 'sercore[audformat]'`, or give a CSV table."
        ) from None
    if pickles := sorted(path.name for path in folder.glob("*.pkl")):
        raise TableError(
            f"{folder / pickles[0]}: a pickle, which could run any program; expected tables in CSV"
            " or parquet. Save the database with storage_format='csv', and remove the pickles."
        )
    database = audformat.Database.load(folder)
    further = [name for names in SCHEMES.values() for name in names]
    table = database.get("emotion", ["speaker", *further])
    table = table[table["emotion"].notna()]
    if not len(table):
        known = ", ".join(database.schemes) or "none"
        raise TableError(
            f"{folder}: no clip with a scheme `emotion`, found the schemes {known}; expected it."
            " Rename the scheme, or give a CSV table."
        )
    if audformat.index_type(table.index) != "filewise":
        raise TableError(
            f"{folder}: its emotions are of segments; expected them of whole files. Write the"
            " segments to files of their own."
        )
    split_of, clips = _splits(database), {}
    language = database.languages[0] if len(database.languages) == 1 else None
    for name, cells_of in zip(table.index, table.to_dict("records"), strict=True):
        given = {key: str(value) for key, value in cells_of.items() if value == value and value}
        path = Path(name)
        clip = {
            "path": cells.existing(Path(os.path.normpath(folder.absolute() / path))),
            "corpus": one_form(database.name),
            "speaker": given.get("speaker") or _speaker(speaker, path, folder),
            "emotion": one_form(given["emotion"]),
        }
        for column, names in SCHEMES.items():
            clip[column] = next((given[key] for key in names if key in given), None)
        clip["language"] = clip["language"] or language
        if split_of:
            clip["split"] = split_of.get(name)
        clips[f"{folder}, {name}"] = clip
    is_nameless = any(clip["speaker"] == UNKNOWN for clip in clips.values())
    return dict(sorted(clips.items())), _nameless(folder) if is_nameless else []


def _splits(database: Any) -> dict[str, str]:
    """Return the kind of split, train, dev or test, of each file that stands in a table of one."""
    split_of = {}
    for table in database.tables.values():
        kind = database.splits[table.split_id].type if table.split_id else None
        if kind in ("train", "dev", "test") and "emotion" in table.columns:
            split_of |= dict.fromkeys(table.files, kind)
    return split_of


def _speaker(pattern: str, path: Path, folder: Path) -> str:
    if not pattern:
        return UNKNOWN
    expression = re.compile(one_form(pattern))
    match = expression.search(one_form(path.as_posix()))
    if match is None:
        raise TableError(
            f"{folder / path}: no speaker by speaker_pattern={pattern}; expected one in each clip's"
            f" path below {folder}. Give another pattern."
        )
    if "speaker" in expression.groupindex:
        return match["speaker"] or ""
    return match[1] or "" if expression.groups else match[0]


def _nameless(source: Path) -> Sequence[Problem]:
    sentence = (
        f"{source}: no speaker is known, so that all clips count as one speaker's and none can be"
        " held out; speaker_pattern finds speakers in paths"
    )
    return [Problem(sentence)]
