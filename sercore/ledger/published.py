"""Printed numbers of the four papers, as CSV under ``book/ledger/published``."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from sercore.store import PROJECT

FOLDER = PROJECT / "book" / "ledger" / "published"


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One printed number.

    Args:
        table: "Table 3", or "Text" for a number in the running text.
        row: printed row name.
        column: printed column name.
        metric: what the number is, whatever the column is called.
        value: as printed; a text where the paper prints a word, such as an optimiser's name.
        unit: "fraction", "%", "Hz" and so on.
        kind: "result" of a training, "setting", "count" of something built or measured, or "statement", which no run decides.
        ours: row of our trials that a result stands beside; empty where it has the printed name.
        measure: our metric of a result; empty where it has the printed one's name.
        fold: fold that a result is printed for; empty for the mean over folds.
        on: set of corpora that a result is scored on, by its name in ``Paper.scored``; empty for all.
        fault: fault of the authors' code that a result rests on; empty for none.
        reason: why the number has no run, where that is known beforehand.
    """

    table: str
    row: str
    column: str
    metric: str
    value: float | str
    unit: str
    kind: str = "result"
    ours: str = ""
    measure: str = ""
    fold: str = ""
    on: str = ""
    fault: str = ""
    reason: str = ""


def read(paper: str, *, folder: Path = FOLDER) -> list[Printed]:
    """Printed numbers of a paper, in the paper's order.

    Raises:
        FileNotFoundError: no such paper.
    """
    path = folder / f"{paper}.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; expected the paper's printed numbers. Check the paper's name."
        )
    return list(_read(path))


@cache
def _read(path: Path) -> tuple[Printed, ...]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return tuple(
        Printed(**row | {"value": _number(row["value"])}) for row in table.to_dict("records")
    )


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def stored_outputs(paper: str) -> dict[tuple[str, str], float]:
    """Five-fold means that the authors' notebooks display, by (notebook, column); empty where no such file is at hand."""
    path = FOLDER / f"{paper}-stored-outputs.csv"
    if not path.is_file():
        return {}
    table = pd.read_csv(path)
    means = table[(table["row"] == "mean") & (table["column"] != "classification report")]
    return {(row.table.split("/")[1], row.column): row.value for row in means.itertuples()}


def hand_labels(paper: str) -> list[Printed]:
    """Printed-like numbers of the authors' notebooks on test files that they labelled by ear; empty where there are none."""
    path = FOLDER / f"{paper}-hand-labels.csv"
    return list(_read(path)) if path.is_file() else []
