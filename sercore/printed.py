"""What the console command prints: rows as a table for people, and any value as JSON for programs."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def rows(found: Sequence[dict], *, as_json: bool) -> None:
    """Print rows, each by the names of its columns.

    Args:
        found: one dictionary a row, in the order of the table.
        as_json: whether as JSON rather than as a table.
    """
    if as_json:
        print(dumped(found))
    else:
        from tabulate import tabulate

        cells = [{name: _cell(value) for name, value in row.items()} for row in found]
        print(tabulate(cells, headers="keys", disable_numparse=True))


def dumped(value: object) -> str:
    """A value as JSON: numpy's numbers are numbers, a path is text, and what is no number is null."""
    return json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    value = (
        value.item() if hasattr(value, "item") else str(value) if isinstance(value, Path) else value
    )
    return None if isinstance(value, float) and not math.isfinite(value) else value
