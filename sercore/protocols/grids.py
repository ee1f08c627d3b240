"""The leak hunter before the trainings of a grid: what the sides of its trials' splits share.

Names are compared in each split. Sound is searched once in the whole table, and the copies that are
found are looked up in each split; the store keeps them by the clips' contents. Of the demo, which is
synthesised here clip by clip, only the bytes of the files are compared: the search would take longer
than its chapters may.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from sercore.features import fingerprint, keeping
from sercore.features.fingerprint import Copy
from sercore.protocols.leaks import (
    NAMES,
    NEAR,
    ORIGINAL,
    SAME,
    TEXT,
    compared,
    refuse_leaks,
    renamed,
)

KINDS = (*NAMES, ORIGINAL, SAME, NEAR, TEXT)
Sides = Mapping[str, np.ndarray]  # row numbers of each side, by its name


@dataclass(frozen=True, kw_only=True)
class Splits:
    """How the trials of one kind are split.

    Args:
        sides: function of a trial and its data that returns the sides of the trial's split.
        leaky: function of a trial that says whether its protocol has a leak on purpose, as a split
            of clips at random has.
    """

    sides: Callable[[Any, Any], Sides]
    leaky: Callable[[Any], bool] = lambda trial: False


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What the splits of one protocol share at most, by kind; None where a table does not tell."""

    protocol: str
    is_leaky: bool
    splits: int
    counts: dict[str, int | None]


def search(trials: Sequence[Any], data: Any, splits: Splits) -> list[Shared]:
    """Search the splits of trials for leaks, and count for each protocol what they share.

    Args:
        trials: trials with a ``protocol`` and an ``edition``.
        data: data with a ``table`` of clips, as of ``find_leaks``; without ``path`` names alone are
            compared.
        splits: how the trials are split.

    Raises:
        LeakError: a split without a leak on purpose has one; the message names the files.
    """
    table = renamed(data.table).reset_index(drop=True)
    is_demo = all(trial.edition == "demo" for trial in trials)
    copies = None
    if "path" in table:
        clips = [str(path) for path in table["path"]]
        copies = same_files(clips) if is_demo else known_copies(clips)
    else:
        table["path"] = [f"row {row}" for row in table.index]
    codes = {name: names.factorize()[0] for name, names in compared(table).items()}
    found: dict[str, Shared] = {}
    seen = set()
    for trial in trials:
        sides = splits.sides(trial, data)
        side_of = np.full(len(table), -1)
        for number, rows in enumerate(sides.values()):
            side_of[rows] = number
        is_leaky, split = splits.leaky(trial), (trial.protocol, side_of.tobytes())
        if split in seen:
            continue
        seen.add(split)
        counts = {name: _crossing(codes[name], side_of) for name in codes}
        if copies is not None:
            counts |= {
                kind: _parted([copy for copy in copies if copy.is_exact == is_exact], side_of)
                for kind, is_exact in ((SAME, True), (NEAR, False))
                if is_exact or not is_demo
            }
        if not is_leaky and any(count for kind, count in counts.items() if kind != TEXT):
            names = np.array([None, *sides], object)[side_of + 1]
            refuse_leaks(table, names, where=trial.protocol, copies=copies or ())
        before = found.get(trial.protocol)
        if before is not None:
            counts = {kind: max(count, before.counts[kind]) for kind, count in counts.items()}
        found[trial.protocol] = Shared(
            protocol=trial.protocol,
            is_leaky=is_leaky,
            splits=1 if before is None else before.splits + 1,
            counts={kind: counts.get(kind) for kind in KINDS},
        )
    return list(found.values())


def known_copies(clips: Sequence[str]) -> list[Copy]:
    """Find every pair of clips that hold the same sound; the store keeps what was found."""
    members: dict[int, list[int]] = {}
    pairs = fingerprint.kept_copies(clips)
    for pair in pairs:
        if pair.is_exact:
            members.setdefault(pair.first, [pair.first]).append(pair.second)
    copies = _exact(members.values())
    for pair in pairs:
        if not pair.is_exact:
            one, other = (members.get(clip, [clip]) for clip in pair[:2])
            copies += [Copy(*both, pair.correlation, False) for both in product(one, other)]
    return copies


def same_files(clips: Sequence[str]) -> list[Copy]:
    """Find every pair of clips whose files have the same bytes."""
    members: dict[str, list[int]] = {}
    for clip, content in enumerate(keeping.contents(clips)):
        members.setdefault(content, []).append(clip)
    return _exact(members.values())


def _exact(groups: Iterable[Sequence[int]]) -> list[Copy]:
    pairs = [pair for same in groups for pair in combinations(same, 2)]
    return [Copy(first, second, 1.0, True) for first, second in pairs]


def _crossing(codes: np.ndarray, side_of: np.ndarray) -> int:
    """Count names on two sides or more; rows without a name or a side do not count."""
    used = (codes >= 0) & (side_of >= 0)
    names = np.unique(np.stack([codes[used], side_of[used]]), axis=1)[0]
    return int((np.unique(names, return_counts=True)[1] > 1).sum())


def _parted(copies: Sequence[Copy], side_of: np.ndarray) -> int:
    """Count copies on two sides."""
    sides = np.array([[side_of[copy.first], side_of[copy.second]] for copy in copies]).reshape(
        -1, 2
    )
    return int(((sides >= 0).all(1) & (sides[:, 0] != sides[:, 1])).sum())
