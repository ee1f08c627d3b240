"""Tables of the data page: clips in the folders of the real corpora, and in the demo corpora."""

import json
from pathlib import Path

from IPython.display import HTML

from sercore import sealed
from sercore.corpora.clips import TITLES
from sercore.corpora.demo import synthetic
from sercore.ledger.recorded import FOLDER
from sercore.report import tables

RECORDED = FOLDER / "corpora.json"
HEADS = ("corpus", "clips", "hours", "speakers", "problems")


def corpora(path: Path = RECORDED) -> HTML:
    """List the clips in the folder of each corpus, as ``sercore corpora ROOT --json`` counted them.

    A corpus that was not at hand has no row: ``missing`` names it.
    """
    counted = _counted(path)
    rows = []
    for name, title in TITLES.items():
        if name in counted:
            report = counted[name]
            problems = "; ".join(report["problems"]) or "none"
            counts = report["clips"], f"{report['hours']:.3f}", report["speakers"]
            rows.append((title, *counts, problems))
    return tables.html(HEADS, rows, caption="The folders of the real corpora")


def missing(path: Path = RECORDED) -> str:
    """Name the corpora that were not at hand."""
    counted = _counted(path)
    return ", ".join(title for name, title in TITLES.items() if name not in counted)


def _counted(path: Path) -> dict[str, dict]:
    reports = json.loads(sealed.read(path, name=sealed.DIGESTS))
    return {report["corpus"]: report for report in reports}


def demo() -> HTML:
    """List the clips of the demo corpora, which are made where they are missing."""
    rows = []
    for name in synthetic.NAMES:
        clips = synthetic.load(name).table
        hours = f"{clips['seconds'].sum() / 3600:.3f}"
        languages = ", ".join(sorted(clips["language"].unique()))
        counts = clips["emotion"].value_counts().sort_index()
        emotions = ", ".join(f"{label} {count}" for label, count in counts.items())
        rows.append((name, len(clips), hours, clips["speaker"].nunique(), languages, emotions))
    heads = ("corpus", "clips", "hours", "speakers", "language", "emotions")
    return tables.html(heads, rows, caption="The demo corpora, as made in this rendering")
