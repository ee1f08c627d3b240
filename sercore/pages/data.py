"""What the data page says of the corpora: what was found in the real folders, and in the demo corpora of this checkout."""

import json
from pathlib import Path

from IPython.display import HTML

from sercore import sealed
from sercore.corpora.demo import synthetic
from sercore.corpora.reports import TITLES
from sercore.ledger.recorded import FOLDER
from sercore.report import tables

RECORDED = FOLDER / "corpora.json"
HEADS = ("corpus", "clips", "hours", "speakers", "problems")


def found(path: Path = RECORDED) -> HTML:
    """What was found in the folder of each corpus; a dash where the corpus is not at hand.

    Args:
        path: what ``sercore corpora ROOT --json`` printed (default: the recorded one).
    """
    counted = {each["corpus"]: each for each in json.loads(sealed.read(path, name=sealed.DIGESTS))}
    rows = [_row(title, counted.get(name)) for name, title in TITLES.items()]
    return tables.html(HEADS, rows, caption="Found in the folders of the real corpora")


def demo() -> HTML:
    """What is in the demo corpora, made where they are not there."""
    rows = []
    for name in synthetic.NAMES:
        corpus = synthetic.load(name)
        clips = corpus.table
        rows.append(
            (
                name,
                len(clips),
                f"{clips['seconds'].sum() / 3600:.3f}",
                clips["speaker"].nunique(),
                ", ".join(sorted(clips["language"].unique())),
                ", ".join(
                    f"{label} {count}"
                    for label, count in clips["emotion"].value_counts().sort_index().items()
                ),
            )
        )
    heads = ("corpus", "clips", "hours", "speakers", "language", "emotions")
    return tables.html(heads, rows, caption="The demo corpora, as made in this rendering")


def _row(title: str, counted: dict | None) -> tuple:
    if counted is None:
        return (title, *["–"] * 3, "not at hand")
    problems = "; ".join(counted["problems"]) or "none"
    return title, counted["clips"], f"{counted['hours']:.3f}", counted["speakers"], problems
