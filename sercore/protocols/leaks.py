"""The leak hunter: what the sides of a split share, in anybody's table of clips.

``find_leaks`` looks for names, texts, recordings, augmented clips and sound on two sides or, without
a split, for sound that stands twice. ``refuse_leaks`` raises an error for what no split may share;
``sercore.protocols.grids`` does so for all trials of a chapter. ``fitted_beyond`` looks into a fitted
pipeline of scikit-learn or imbalanced-learn.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from sercore.corpora import cells
from sercore.features import fingerprint
from sercore.protocols.speakers import LeakError, folded

SAME, NEAR = "same audio", "near copy"
# Columns of what stays on one side: ``recording`` is what a clip is cut from, ``original`` the clip
# that an augmented one is made of, by its path or a name that no other clip has.
NAMES, ORIGINAL, TEXT, SIDE = ("speaker", "recording"), "original", "text", "side"
ALIASES = {"parent": ORIGINAL, "origin": ORIGINAL, "split": SIDE}
AGREE = ("corpus", "speaker", "emotion")  # cells in which copies of a clip agree


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Something on two sides of a split, or sound or a name that stands twice in a table."""

    kind: str  # a column, "spelling" of a speaker, SAME or NEAR
    what: str  # the name that is shared; of copies the cells that differ
    clips: tuple[str, str]  # one clip of either side
    sides: tuple[str, ...] = ()  # names of the sides, the first clip's first; empty without a split
    count: int = 2  # of the clips on these sides that share it
    correlation: float | None = None  # of the samples of copies
    is_refused: bool = True  # otherwise it is told


def find_leaks(
    table: pd.DataFrame,
    sides: Sequence[str | None] | None = None,
    *,
    copies: Sequence[fingerprint.Copy] | None = None,
) -> list[Leak]:
    """Find what the sides of a split share or, without a split, what stands twice in a table.

    Names count within their corpus, whatever their capitals, Unicode form and invisible characters.
    A shared text is told, not refused: the speakers of TESS and RAVDESS say the same by design.

    Args:
        table: clips with ``path``; ``corpus``, ``speaker``, ``recording``, ``text``, ``emotion`` and
            ``original`` (also ``parent`` or ``origin``) count where they are there.
        sides: name of each clip's side, such as "training"; None for a clip of no side.
        copies: copies in the table by numbers of its rows, where they are known (default: they are
            looked for, on two sides alone where there are sides).

    Raises:
        AudioError: a clip cannot be used.
    """
    table = renamed(table).assign(path=[str(path) for path in table["path"]])
    if sides is not None:
        is_used = pd.notna(np.array(list(sides), object))
        table, sides = table[is_used], np.array(list(sides), object)[is_used].astype(str)
        if copies is not None:
            place = np.cumsum(is_used) - 1
            copies = [
                copy._replace(first=place[copy.first], second=place[copy.second])
                for copy in copies
                if is_used[copy.first] and is_used[copy.second]
            ]
    table = table.reset_index(drop=True)
    leaks = []
    if sides is None and "speaker" in table:
        leaks += _spellings(table)
    elif sides is not None:
        for kind, names in compared(table).items():
            leaks += _shared(kind, names, table, sides)
    if copies is None:
        copies = fingerprint.copies(list(table["path"]), sides=sides)
    return leaks + _copies(copies, table, sides)


def renamed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns have the names that are read here, such as ``original``."""
    return table.rename(columns={old: new for old, new in ALIASES.items() if new not in table})


def compared(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the names that the sides of a split are compared by, in the order of rows, by kind.

    The rows of a table are numbered from 0. A missing name is shared with nobody.
    """
    names = {kind: _names(table, kind) for kind in (*NAMES, TEXT) if kind in table}
    return names | ({ORIGINAL: _families(table)} if ORIGINAL in table else {})


def refuse_leaks(
    table: pd.DataFrame,
    sides: Sequence[str | None] | None = None,
    *,
    where: str = "",
    copies: Sequence[fingerprint.Copy] | None = None,
) -> list[str]:
    """Refuse a table or split with a leak; return sentences on copies that are only told.

    Without a split two spellings of a speaker are refused, and the same samples under two corpora,
    speakers or emotions; other copies are told.

    Args:
        table: see ``find_leaks``.
        sides: see ``find_leaks``.
        where: name of the table or the split, for the messages.
        copies: see ``find_leaks``.

    Raises:
        LeakError: there is a leak; the message names the files.
        AudioError: a clip cannot be used.
    """
    leaks, prefix = find_leaks(table, sides, copies=copies), f"{where}: " if where else ""
    if refused := [leak for leak in leaks if leak.is_refused]:
        more = f" There are {len(refused) - 1} more." if len(refused) > 1 else ""
        raise LeakError(f"{prefix}{sentence(refused[0])}{more}")
    return [prefix + sentence(leak) for leak in leaks if leak.kind in (SAME, NEAR)]


def sentence(leak: Leak) -> str:
    """Say what a leak is and, of one that is refused, what was expected and what to do."""
    first, second = leak.clips
    place = f", in {' and in '.join(leak.sides)}," if leak.sides else ""
    if leak.kind in (SAME, NEAR):
        sound = "the same samples" if leak.kind == SAME else "nearly the same sound"
        another = f" under another {leak.what}" if leak.what else ""
        found = f"{first} and {second}{place} hold {sound}{another}"
        remedy = "expected a recording once, under one name. Remove one of them."
    elif leak.kind == "spelling":
        found = f"speaker {leak.what}, in {first} and {second}: one name in two spellings"
        remedy = "expected one. Write it in one way, or tell two people apart by more than that."
    else:
        found = f"{leak.kind} {leak.what}{place} is shared, as by {first} and {second}"
        remedy = "expected it on one side. Move its clips there."
    return f"{found}; {remedy}" if leak.is_refused else f"{found}."


def read(path: Path | str) -> pd.DataFrame:
    """Read a table of clips from CSV: ``path``, relative to the table's folder, and other columns.

    Raises:
        TableError: there is no such file, or no such table in it.
    """
    folder, rows = Path(path).absolute().parent, []
    for line, row in cells.rows(Path(path), ("path",)).items():
        row = {ALIASES.get(name, name): cell or None for name, cell in row.items()}
        if row["path"] is None:
            raise cells.TableError(
                f"{path}, line {line}: the path is empty; expected one for each clip. Fill it in."
            )
        for name in {"path", ORIGINAL} & row.keys():
            clip = cells.existing(Path(os.path.normpath(folder / (row[name] or ""))))
            if name == "path" or clip.is_file():  # else it is a name
                row[name] = str(clip)
        rows.append(row)
    return pd.DataFrame(rows)


def read_sides(path: Path | str, table: pd.DataFrame) -> list[str | None]:
    """Read the side of each clip of a table from CSV with the columns ``path`` and ``side``.

    A clip that is not named has no side.

    Raises:
        TableError: there is no such file or table, it names a clip that the table lacks, or names
            fewer than two sides.
    """
    rows = read(path)
    if SIDE not in rows or rows[SIDE].nunique() < 2:
        found = ", ".join(rows[SIDE].dropna().unique()) if SIDE in rows else ", ".join(rows)
        raise cells.TableError(
            f"{path}: found {found}; expected the columns path and {SIDE}, and two sides at least."
            " Add them."
        )
    side_of = dict(zip(rows["path"], rows[SIDE], strict=True))
    known = [str(clip) for clip in table["path"]]
    if strangers := sorted(side_of.keys() - set(known)):
        raise cells.TableError(
            f"{path}: {strangers[0]} is no clip of the table ({len(strangers)} are not); expected"
            " its clips. Correct the paths, or remove the lines."
        )
    return [side_of.get(clip) for clip in known]


def fitted_beyond(
    fitted: BaseEstimator,
    training: np.ndarray,
    test: np.ndarray,
    labels: Sequence | None = None,
    test_labels: Sequence | None = None,
) -> list[str]:
    """Say which steps of a fitted pipeline were fitted on other rows than those of training.

    A copy of each step but the classifiers is fitted on the training rows, as the steps before it
    leave them. Compared are numbers that step and copy have learnt, such as ``n_samples_seen_``,
    ``mean_``, ``scores_`` or a balancer's ``sampling_strategy_``, and the rows that come out; what is
    another one in each fitting is left out. Not seen are a step outside the pipeline, such as a
    balancer that was called before the split, and one that learns the same from both sets of rows.

    Args:
        fitted: pipeline, or one transformer or balancer.
        training: ``(rows, features)``, as the pipeline reads them.
        test: ``(rows, features)``.
        labels: ``(rows,)`` of training, where a step reads them.
        test_labels: ``(rows,)`` of the test.
    """
    labels_of_both = None if labels is None else np.concatenate([labels, test_labels])
    both = np.concatenate([training, test]), labels_of_both
    # Twice: where the two come out differently, a step draws at random.
    data, sentences = [(training, labels), (training, labels), both], []
    for name, step in getattr(fitted, "steps", [(type(fitted).__name__, fitted)]):
        if not hasattr(step, "transform") and not hasattr(step, "fit_resample"):
            continue
        once, again, together = (clone(step).fit(*rows) for rows in data)
        rows = data[0][0]
        is_random = set(_differing(once, again, rows))
        if differing := [what for what in _differing(step, once, rows) if what not in is_random]:
            is_both = not set(_differing(step, together, rows)) - is_random
            others = "training and test rows together" if is_both else "other rows than these"
            sentences.append(
                f"{name}: fitted on {others}, by its {', '.join(differing)}; expected the"
                f" {len(training)} training rows alone. Fit it inside the training fold."
            )
        if hasattr(step, "transform"):
            data = [(step.transform(rows), labels) for rows, labels in data]
        else:
            data = [clone(step).fit_resample(rows, labels) for rows, labels in data]
    return sentences


def _differing(one: BaseEstimator, other: BaseEstimator, rows: np.ndarray) -> list[str]:
    """Name what two steps have learnt differently, and "output" where rows come out differently."""
    learnt, expected = _learnt(one, rows), _learnt(other, rows)
    return [
        name
        for name in sorted(learnt.keys() & expected.keys())
        if learnt[name].shape != expected[name].shape
        or not np.allclose(learnt[name], expected[name], equal_nan=True)
    ]


def _learnt(step: BaseEstimator, rows: np.ndarray) -> dict[str, np.ndarray]:
    values = {name: value for name, value in vars(step).items() if name.endswith("_")}
    if hasattr(step, "transform"):
        values["output"] = step.transform(rows)
    learnt = {}
    for name, value in values.items():
        if isinstance(value, Mapping):  # a balancer's counts by class
            value = [value[key] for key in sorted(value)]
        with suppress(TypeError, ValueError):  # no numbers
            learnt[name] = np.asarray(value, float)
    return learnt


def _names(table: pd.DataFrame, column: str) -> pd.Series:
    """Return the names of a column as they are compared, each within its corpus."""
    names = table[column].map(lambda name: folded(str(name)), na_action="ignore").astype("string")
    if "corpus" not in table:
        return names
    corpora = table["corpus"].map(lambda name: folded(str(name))).astype("string")
    return corpora + "/" + names


def _families(table: pd.DataFrame) -> pd.Series:
    """Return the clip that each clip is made of, or is itself where another is made of it."""
    names = [
        (name, path) for path in table["path"] for name in {path, Path(path).name, Path(path).stem}
    ]
    counts = Counter(name for name, _ in names)
    # A name that several clips have says nothing.
    known = {name: path if counts[name] == 1 else None for name, path in names}
    made_of = [None if pd.isna(name) else known.get(name, name) for name in table[ORIGINAL]]
    own = table["path"].where(table["path"].isin(made_of))
    return pd.Series(made_of, dtype=object).fillna(own)


def _spellings(table: pd.DataFrame) -> list[Leak]:
    leaks = []
    for _, clips in table.groupby(_names(table, "speaker")):
        first, *others = clips.drop_duplicates("speaker").to_dict("records")
        for other in others:
            what = f"{first['speaker']!r} and {other['speaker']!r}"
            paths = (first["path"], other["path"])
            leaks.append(Leak(kind="spelling", what=what, clips=paths, count=len(clips)))
    return leaks


def _shared(kind: str, names: pd.Series, table: pd.DataFrame, sides: np.ndarray) -> list[Leak]:
    leaks = []
    for name, clips in table.groupby(names):
        by_side = dict(iter(clips.groupby(sides[clips.index])["path"]))
        for one, other in combinations(by_side, 2):
            leak = Leak(
                kind=kind,
                what=name if kind == ORIGINAL else str(clips[kind].iloc[0]),
                clips=(by_side[one].iloc[0], by_side[other].iloc[0]),
                sides=(one, other),
                count=len(by_side[one]) + len(by_side[other]),
                is_refused=kind != TEXT,
            )
            leaks.append(leak)
    return leaks


def _copies(
    copies: Sequence[fingerprint.Copy], table: pd.DataFrame, sides: np.ndarray | None
) -> list[Leak]:
    leaks, agree = [], [name for name in AGREE if name in table]
    for first, second, correlation, is_exact in copies:
        if sides is not None and sides[first] == sides[second]:
            continue
        differing = []
        for name in agree:
            one, other = str(table[name][first]), str(table[name][second])
            if folded(one) != folded(other):
                differing.append(f"{name} ({one}, {other})")
        leak = Leak(
            kind=SAME if is_exact else NEAR,
            what=" and ".join(differing),
            clips=(table["path"][first], table["path"][second]),
            sides=() if sides is None else (sides[first], sides[second]),
            correlation=correlation,
            is_refused=sides is not None or (is_exact and bool(differing)),
        )
        leaks.append(leak)
    return leaks
