"""The leak hunter before the trainings of a grid: what the sides of its trials' splits share.

Names are compared in each split. Sound is searched once in the whole table, and the copies that are
found are looked up in each split; the store keeps them by the clips' contents. Of the demo, which is
synthesised here clip by clip, only the bytes of the files are compared: the search would take longer
than its chapters may.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
from sercore.protocols.splits import Splits

KINDS = (*NAMES, ORIGINAL, SAME, NEAR, TEXT)


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
    codes = {name: names.factorize()[0] for name, names in compared(table).items()}
    near: list[Copy] | None = None
    if "path" in table:
        clips = [str(path) for path in table["path"]]
        codes[SAME], near = (same_files(clips), None) if is_demo else known_copies(clips)
    else:
        table["path"] = [f"row {row}" for row in table.index]
    by_protocol: dict[str, Shared] = {}
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
        counts = {name: _crossing(names, side_of) for name, names in codes.items()}
        parted = _parted(near or (), codes.get(SAME), side_of)
        if near is not None:
            counts[NEAR] = len(parted)
        if not is_leaky and any(count for kind, count in counts.items() if kind != TEXT):
            names = np.array([None, *sides], object)[side_of + 1]
            copies = parted + _same(codes.get(SAME), side_of) if SAME in codes else ()
            refuse_leaks(table, names, where=trial.protocol, copies=copies)
        before = by_protocol.get(trial.protocol)
        if before is not None:
            counts = {kind: max(count, before.counts[kind]) for kind, count in counts.items()}
        by_protocol[trial.protocol] = Shared(
            protocol=trial.protocol,
            is_leaky=is_leaky,
            splits=1 if before is None else before.splits + 1,
            counts={kind: counts.get(kind) for kind in KINDS},
        )
    return list(by_protocol.values())


def known_copies(clips: Sequence[str]) -> tuple[np.ndarray, list[Copy]]:
    """Number clips by their samples, and find near copies among those of other samples.

    The store keeps what was found. A clip that stands several times is in near copies once.
    """
    codes, near = np.arange(len(clips)), []
    for pair in fingerprint.kept_copies(clips):
        if pair.is_exact:
            codes[pair.second] = pair.first
        else:
            near.append(pair)
    return codes, near


def same_files(clips: Sequence[str]) -> np.ndarray:
    """Number clips by the bytes of their files."""
    return np.unique(keeping.contents(clips), return_inverse=True)[1]


def _crossing(codes: np.ndarray, side_of: np.ndarray) -> int:
    """Count names on two sides or more; rows without a name or a side do not count."""
    used = (codes >= 0) & (side_of >= 0)
    names = np.unique(np.stack([codes[used], side_of[used]]), axis=1)[0]
    return int((np.unique(names, return_counts=True)[1] > 1).sum())


def _same(codes: np.ndarray, side_of: np.ndarray) -> list[Copy]:
    """Pair the first clips of the sides that share the same samples."""
    copies = []
    for code in np.unique(codes[side_of >= 0]):
        rows = np.flatnonzero((codes == code) & (side_of >= 0))
        others = rows[side_of[rows] != side_of[rows[0]]]
        if len(others):
            copies.append(Copy(int(rows[0]), int(others[0]), 1.0, True))
    return copies


def _parted(near: Sequence[Copy], codes: np.ndarray, side_of: np.ndarray) -> list[Copy]:
    """Return the near copies of which clips are on two sides, with such clips."""
    parted = []
    for pair in near:
        one, other = (np.flatnonzero((codes == codes[clip]) & (side_of >= 0)) for clip in pair[:2])
        away = [(a, b) for a in one for b in other if side_of[a] != side_of[b]]
        if away:
            first, second = sorted(map(int, away[0]))
            parted.append(pair._replace(first=first, second=second))
    return parted
