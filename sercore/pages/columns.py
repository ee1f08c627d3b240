"""The page on features: unit and meaning of every column, from the tables beside the features."""

from sercore.features import SETS, describe
from sercore.report import tables

HEADS = ("column", "unit", "meaning")
AS_RUN = "-as-run"


def columns() -> str:
    """Return a table for each sound set, and of each other set what differs, as HTML."""
    return "\n\n".join(_table(name).data for name in SETS)


def _table(name: str) -> tables.HTML:
    described, caption = describe(name), f"Columns of {name}"
    if name.endswith(AS_RUN):
        sound = describe(name.removesuffix(AS_RUN))
        described = described[(described != sound).any(axis=1)]
        caption += ", where it differs"
    rows = [
        (column, unit or tables.DASH, meaning) for column, unit, meaning in described.itertuples()
    ]
    return tables.html(HEADS, rows, caption=caption)
