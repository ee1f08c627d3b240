"""Outcomes of golden trials as named numbers, and which of them have moved.

Whole numbers and words are compared exactly, numbers with a fraction within a tolerance that covers
processors. All golden trials were run with the instructions of older processors
(``ATEN_CPU_CAPABILITY``, ``MKL_ENABLE_INSTRUCTIONS`` and ``MKL_CBWR``, ``ONEDNN_MAX_CPU_ISA``,
``OPENBLAS_CORETYPE``). The largest relative differences of a loss or an error were 6e-7 in paper
01, 2e-6 in paper 02, 2e-4 in paper 04, and in paper 03 3e-6, but 9e-5 for FCMFCC and 7e-4 for
CNNATT, whose Adam follows the sign of gradients that are rounding alone; no answer was another. A
study's tolerance is four times that or more. Two clips may change sides: an answer on the edge can.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sercore.ledger.recorded import PARTS
from sercore.ledger.verifying import TIMED

LEAST = 0.1  # numbers nearer zero, such as silhouettes, are compared as if they were this large
CLIPS = 2  # answers that may be others
SHARE = 0.1  # the same for shares of clips, of which there are some twenty
COUNTED = ("counts", "counts_last", "notes")
TOTALLED = ("errors", "energy")  # by speaker; the counts say who is who
FOLLOWING = ("answers", "reliability", "profiles")  # say again what counts and saliency say
PLACED = ("map", "stages")  # of t-SNE, which no two processors place alike
SHARES = (
    "accuracy", "ua", "f1", "top_", "error_rate", "calibration", "zero", "probe", "control",
    "saliency",  # a gradient that passes to the neighbour where two inputs of a maximum are equal
)  # fmt: skip
DIGITS = 7


def plain(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and words of an outcome by name, without what is measured with a clock."""
    values: dict[str, Any] = {}
    for name, value in outcome.items():
        if name in TIMED or name in FOLLOWING:
            continue
        if name in PLACED:
            values[f"{name}, rows"] = len(value)
        elif name in COUNTED:
            values[name] = [list(row) for row in value]
        elif name in TOTALLED:
            columns = PARTS[name][1:]
            numbers = [at for at, column in enumerate(columns) if column not in ("group", "class")]
            values |= {f"{name}, {columns[at]}": sum(row[at] for row in value) for at in numbers}
        elif isinstance(value, list) and value and isinstance(value[0], list):
            values |= _cells(name, value)
        else:
            values[name] = value
    return {name: _rounded(value) for name, value in values.items()}


def moved(before: Mapping[str, Any], now: Mapping[str, Any], *, relative: float) -> list[str]:
    """Say what differs, value by value: "head_mse was 0.21, now 0.25".

    Args:
        before: values by name, of an outcome or of a recipe.
        now: the same of today's run.
        relative: difference that a number with a fraction may have; with 0 all is exact.
    """
    lines = []
    for name in dict.fromkeys([*before, *now]):
        one, other = before.get(name, "absent"), now.get(name, "absent")
        if relative and name in COUNTED and "absent" not in (one, other):
            if (clips := moved_clips(one, other)) > CLIPS:
                lines.append(f"{name}: {clips} of {sum(row[-1] for row in one)} answers are others")
        elif not alike(name, one, other, relative=relative):
            lines.append(f"{name} was {one}, now {other}")
    return lines


def alike(name: str, one: Any, other: Any, *, relative: float) -> bool:
    """Whether two values of one name agree, within the tolerance where they have a fraction."""
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return False
        return all(alike(name, *pair, relative=relative) for pair in zip(one, other, strict=True))
    if not (relative and isinstance(one, float) and isinstance(other, float)):
        return one == other
    if any(part in name for part in SHARES):
        return abs(one - other) <= SHARE
    return abs(one - other) <= relative * max(abs(one), abs(other), LEAST)


def moved_clips(one: Sequence[Sequence], other: Sequence[Sequence]) -> int:
    """How many clips have another answer; a clip that is in one alone counts as one."""
    counts = [Counter({tuple(row[:-1]): row[-1] for row in rows}) for rows in (one, other)]
    return max((counts[0] - counts[1]).total(), (counts[1] - counts[0]).total())


def _cells(part: str, rows: Sequence[Sequence]) -> dict[str, Any]:
    """Numbers of a table by part, the row's words and the column."""
    columns, cells = PARTS[part][1:], {}
    for row in rows:
        pairs = list(zip(columns, row, strict=True))
        words = [str(v) for column, v in pairs if isinstance(v, str) or column == "epoch"]
        for column, value in pairs:
            if not isinstance(value, str) and column != "epoch":
                cells[", ".join([part, *words, column])] = value
    return cells


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
