"""All that pages include, written into ``book/generated`` when the book is rendered."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from sercore import store
from sercore.ledger.entries import Ledger, tally
from sercore.pages import columns, data, excerpts, leaks, reference, speed, status
from sercore.pages import ledger as ledger_page
from sercore.report import prose, tables

PAPERS = store.CODE / "sercore" / "papers"
EXAMPLE = "01-ser2022-transfer"  # chapter whose first cells the page on adding one shows


def write(
    folder: Path,
    runs: Sequence[Mapping[str, object]],
    times: Mapping[str, float],
    numbers: Mapping[str, prose.Values],
) -> None:
    """Write every fragment into ``folder / "book" / "generated"``.

    Of each chapter the record of its run is told, of other parts of the book the seconds; numbers
    are those of ``sercore.papers.values``.
    """
    place = folder / "book" / "generated"
    for name, text in _texts(numbers, runs, times).items():
        store.write(place / name, (text + "\n").encode())
    drawn = {"speed.svg": speed.draw(speed.points())}
    for values in numbers.values():
        drawn |= values.ledger.paper.figures(values.ledger)
    for name, figure in drawn.items():
        save(figure, place / name)


def save(figure: Figure, path: Path) -> None:
    """Save a figure as SVG that is the same whenever it is drawn, and close it.

    What its lines show stands as plain numbers in its description.
    """
    with plt.rc_context({"svg.hashsalt": path.name}):
        figure.savefig(path, metadata={"Date": None, "Description": description(figure)})
    plt.close(figure)


def description(figure: Figure) -> str:
    """Return the heights of all lines of a figure, rounded to three digits."""
    heights = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    return "; ".join(" ".join(f"{height:.3f}" for height in line) for line in heights)


def _texts(
    numbers: Mapping[str, prose.Values],
    runs: Sequence[Mapping[str, object]],
    times: Mapping[str, float],
) -> dict[str, str]:
    """Return the Markdown of each fragment by its name."""
    ledgers = {values.ledger.paper.name: values.ledger for values in numbers.values()}
    of_papers = {name: ledger for name, ledger in ledgers.items() if ledger.paper.is_paper}
    names = [ledger.paper.numbered.rpartition(" (")[0] for ledger in of_papers.values()]
    counts = dict(zip(names, map(tally, of_papers.values()), strict=True))
    texts = {
        "headline.md": summary("../notebooks", numbers),
        "tally.md": tables.tally(counts).data,
        "corpora.md": data.corpora().data,
        "corpora-missing.md": data.missing() or tables.DASH,
        "demo-corpora.md": data.demo().data,
        "columns.md": columns.columns(),
        "leaks.md": leaks.found().data,
        "leak-pairs.md": leaks.pairs().data,
        "parts.md": status.parts(runs, times).data,
        "chapters-run.md": status.chapters(runs).data,
        "trials-recorded.md": status.recorded(ledgers).data,
        "ledgers.md": ledger_page.sections(of_papers),
        "notebook.md": excerpts.first_cells(store.PROJECT / "notebooks" / f"{EXAMPLE}.ipynb"),
    }
    texts |= {f"api/{name}.md": text for name, text in reference.pages().items()}
    texts |= {f"speed/{name}.md": text for name, text in speed.outputs().items()}
    return texts | {"rooms.md": reference.contents()}


def summary(place: str, numbers: Mapping[str, prose.Values]) -> str:
    """List the papers with what each claims, what its chapter found, and a mark, in Markdown.

    Args:
        place: path from the page to the folder of the notebooks.
        numbers: numbers of the papers, in the order of their chapters.
    """
    lines = ["| paper | what it claims | what we found | mark |", "|---|---|---|---|"]
    for values in numbers.values():
        ledger, paper = values.ledger, values.ledger.paper
        if not paper.is_paper:
            continue
        words = finding(store.PROJECT / "notebooks" / f"{paper.name}.ipynb", numbers)
        link = f"[{paper.numbered}]({place}/{paper.name}.ipynb)"
        sign = mark(ledger).replace(" ", "\N{NO-BREAK SPACE}")
        cells = link, claimed(paper.folder), lead(words, where=paper.name), sign
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def claimed(folder: str, papers_folder: Path = PAPERS) -> str:
    """Return what a paper claims, in plain words: the text of ``claim.md`` in its folder.

    Raises:
        ProseError: there is no such file.
    """
    path = papers_folder / folder / "claim.md"
    if not path.is_file():
        raise prose.ProseError(
            f"{path}: no such file; expected one sentence on what the paper claims. Write it."
        )
    return " ".join(path.read_text(encoding="utf-8").split())


def lead(words: str, *, where: str) -> str:
    """Return the bold sentence with which a finding begins.

    Raises:
        ProseError: it does not begin with one.
    """
    bold = re.match(r"\*\*(.+?)\*\*", words)
    if bold is None:
        raise prose.ProseError(
            f"{where}: the finding begins with {words[:40]!r}; expected a sentence in bold, which "
            "the first page shows. Write it."
        )
    return bold[1]


def mark(ledger: Ledger) -> str:
    """Mark a paper by the verdicts on its results: reached, in part, not reached, not judged."""
    results = [number for number in ledger.printed if number.kind == "result"]
    verdicts = {ledger.verdict(number)[0] for number in results}
    is_reached, is_missed = verdicts & {"reproduced", "explained"}, "not reproduced" in verdicts
    if is_reached:
        return "◐ in part" if is_missed else "● reached"
    return "✕ not reached" if is_missed else "○ not judged"


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
