"""All that pages include, written into ``book/generated`` when the book is rendered."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from sercore import papers, store
from sercore.ledger.entries import Ledger, tally
from sercore.ledger.paper import Printed
from sercore.pages import data, excerpts, reference, speed, status
from sercore.report import prose, tables

EXAMPLE = "01-ser2022-transfer"  # chapter whose first cells the page on adding one shows


def write(folder: Path, runs: Sequence[Mapping[str, object]], times: Mapping[str, float]) -> None:
    """Write every fragment into ``folder / "book" / "generated"``.

    Of each chapter the record of its run is told, of other parts of the book the seconds.
    """
    ledgers = {paper.name: Ledger(paper) for paper in papers.every()}
    place = folder / "book" / "generated"
    for name, text in _texts(ledgers, runs, times).items():
        store.write(place / name, (text + "\n").encode())
    for ledger in ledgers.values():
        for name, figure in ledger.paper.figures(ledger).items():
            figure.savefig(place / name, dpi=150, metadata={"Software": None})
            plt.close(figure)


def _texts(
    ledgers: Mapping[str, Ledger], runs: Sequence[Mapping[str, object]], times: Mapping[str, float]
) -> dict[str, str]:
    """Return the Markdown of each fragment by its name."""
    counts = {paper: tally(ledger) for paper, ledger in ledgers.items()}
    texts = {
        "headline.md": summary("../notebooks"),
        "tally.md": tables.tally(counts).data,
        "corpora.md": data.corpora().data,
        "demo-corpora.md": data.demo().data,
        "parts.md": status.parts(runs, times).data,
        "chapters-run.md": status.chapters(runs).data,
        "trials-recorded.md": status.recorded(ledgers).data,
        "speed.md": speed.benchmarks(),
        "replicated.md": _replicated(),
        "ledgers.md": "\n\n".join(map(_printed_numbers, ledgers.values())),
        "notebook.md": excerpts.first_cells(store.PROJECT / "notebooks" / f"{EXAMPLE}.ipynb"),
    }
    texts |= {f"api/{name}.md": text for name, text in reference.pages().items()}
    return texts | {"rooms.md": reference.contents()}


def summary(place: str) -> str:
    """Say what each paper's chapter found, in its own words, with links to the chapters.

    Args:
        place: path from the page to the folder of the notebooks.
    """
    lines, numbers = [], papers.values()
    for paper in papers.every():
        number = int(paper.name.partition("-")[0])
        words = finding(store.PROJECT / "notebooks" / f"{paper.name}.ipynb", numbers)
        link = f"[{paper.title}]({place}/{paper.name}.ipynb)"
        lines.append(f"{number}. {link}, {paper.subject}. {words}")
    return "\n".join(lines)


def finding(path: Path, numbers: Mapping[str, prose.Values]) -> str:
    """Return the words in which a chapter says what was found: its cell tagged ``finding``.

    Args:
        path: notebook of the chapter.
        numbers: what the words can name, by the papers' folders.

    Raises:
        ProseError: no cell of words is tagged so, or several are; or they name a number that there
            is not.
    """
    tagged = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown" and "finding" in cell["metadata"].get("tags", []):
            tagged.append(" ".join("".join(cell["source"]).split()))
    if len(tagged) != 1 or not tagged[0]:
        raise prose.ProseError(
            f"{path}: {len(tagged)} cells of words are tagged `finding`; expected one, with two to "
            "four sentences. Write it."
        )
    return prose.fill(tagged[0], numbers, where=f"notebooks/{path.name}")


def _replicated() -> str:
    """List the papers with what each does and its chapter, as a table in Markdown."""
    lines = ["| paper | chapter |", "|---|---|"]
    for paper in papers.every():
        number = int(paper.name.partition("-")[0])
        link = f"[{number}](../notebooks/{paper.name}.ipynb)"
        lines.append(f"| {{cite:t}}`{paper.folder}`: {paper.about} | {link} |")
    return "\n".join(lines)


def _printed_numbers(ledger: Ledger) -> str:
    """Write the section of a paper's printed numbers."""
    title = f"## Paper {ledger.paper.name.partition('-')[0]}: {ledger.paper.subject}"
    protocols = ledger.paper.protocols.values()
    rows = []
    for number in ledger.printed:
        ours = [_shown(ledger, number, protocol) for protocol in protocols]
        plain = ledger.paper.plain(number)
        if plain is not None:
            ours[0] = "–" if plain.value is None else f"{plain.value:g}"
        printed = number.value if isinstance(number.value, str) else f"{number.value:g}"
        place = number.table, number.row, number.column
        rows.append((*place, f"{printed} {number.unit}", *ours, ledger.verdict(number)))
    heads = [f"ours, {protocol}" for protocol in protocols]
    table = tables.html(("table", "row", "column", "printed", *heads, "verdict"), rows)
    return f"{title}\n\n{table.data}"


def _shown(ledger: Ledger, number: Printed, protocol: str) -> str:
    if not isinstance(number.value, float):
        return ""
    cell = ledger.beside(number, variant=ledger.paper.reading(number.row), protocol=protocol)
    if cell is None:
        return ""
    if number.table.startswith("Table 5"):
        return f"{cell.value:.0%}"
    return f"{cell.value:.{tables.DIGITS.get(number.metric, 2)}f}"
