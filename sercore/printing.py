"""What a command prints: tables or JSON on standard output, notes on standard error."""

import math
import sys
from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import Any


def show(table: Sequence[dict], *, as_json: bool) -> None:
    """Print rows, one dictionary each, as a table or as JSON."""
    if as_json:
        print(dumped(table))
    else:
        from tabulate import tabulate

        cells = [{name: cell(value) for name, value in row.items()} for row in table]
        print(tabulate(cells, headers="keys", disable_numparse=True))


def dumped(value: object) -> str:
    """Dump a value as JSON: numpy's numbers become numbers, a path text, and NaN null."""
    return dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False)


def cell(value: object) -> str:
    """Write a value for a cell of a table; empty where there is none."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def note(text: str) -> None:
    """Print a line that is no result."""
    print(text, file=sys.stderr)
