"""Figures of a chapter: a picture, the words under it, and the words for those who cannot see it.

A figure is a code cell that draws one picture. Its metadata hold the name of the figure and an alt
text, ``{"mystnb": {"figure": {"name": …}, "image": {"alt": …}}}``, and the Markdown cell after it,
tagged ``caption``, is its caption, which JupyterLab shows as it stands. On the page the caption
moves into the figure, and Sphinx gives it its number.
"""

import ast
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from sercore.chapters.execution import ChapterError

TAG = "caption"
SVG = "image/svg+xml"
PICTURES = {SVG, "image/png", "image/jpeg"}
OUTPUTS = {"display_data", "execute_result"}
KEYS = (("figure", "name"), ("image", "alt"))  # in a cell's metadata, under "mystnb"
NUMBER = re.compile(r"\b\d")
IDENTIFIER = re.compile(r' id="[A-Za-z0-9.]+_\d+"')  # of matplotlib: the same in every drawing
# What a figure's code says of a mark (see ``sercore.report.figures.hover``), as matplotlib writes it.
NAMED = re.compile(r"""<g id=(["'])hover: (.*?)\1>""")


def problems(notebook: NotebookNode) -> list[str]:
    """List what is wrong with the figures of a notebook, executed or not; none is the aim."""
    results, names = [], set()
    for cell, caption in _pairs(notebook):
        about, is_captioned = cell.metadata.get("mystnb", {}), _is_caption(caption)
        name, alt = (about.get(key, {}).get(word, "") for key, word in KEYS)
        first = next(iter(cell.source.strip().splitlines()), "")
        if not _is_figure(cell):
            if is_captioned or about.get("figure"):
                results.append(f"{first}: a caption or a name, and no figure")
            continue
        if not is_captioned or not caption.source.strip():
            results.append(f"{first}: no caption; tag the Markdown cell after it `{TAG}`")
        if not alt.strip() or NUMBER.search(alt):
            results.append(f"{first}: alt text {alt!r}; say what is seen, without a number")
        if not name or name in names:
            results.append(f"{first}: name {name!r}; a figure needs one of its own")
        if sum(output.output_type in OUTPUTS for output in cell.get("outputs", ())) > 1:
            results.append(f"{first}: more than one output; draw one figure and nothing else")
        names.add(name)
    return results


def staged(path: Path, *, where: str) -> bytes:
    """Return an executed notebook as its page is made of it; see ``captioned``."""
    notebook = captioned(nbformat.read(path, as_version=4), where=where)
    return nbformat.writes(notebook).encode()


def captioned(notebook: NotebookNode, *, where: str) -> NotebookNode:
    """Move the captions of an executed notebook into its figures, and let marks say their names.

    A figure that was not drawn, where nothing is recorded, leaves no caption behind.

    Args:
        notebook: executed notebook, which is changed.
        where: name of the notebook, for the message.

    Raises:
        ChapterError: a picture without caption, name or alt text.
    """
    if wrong := problems(notebook):
        raise ChapterError("\n".join(f"{where}: {problem}." for problem in wrong))
    for cell, caption in _pairs(notebook):
        if not _is_caption(caption):
            continue
        cell.metadata["mystnb"]["figure"]["caption"] = caption.source
        for output in cell.outputs:
            if NAMED.search(drawing := output.get("data", {}).get(SVG, "")):
                output["data"] = {"text/html": _inline(drawing, cell.metadata)}
    notebook.cells = [cell for cell in notebook.cells if not _is_caption(cell)]
    return notebook


def _inline(drawing: str, metadata: NotebookNode) -> str:
    """Make a drawing a part of the page, where a mark under the pointer shows its name."""
    alt = escape(metadata["mystnb"]["image"]["alt"])
    drawing = NAMED.sub(r"<g><title>\2</title>", drawing[drawing.index("<svg") :])
    drawing = IDENTIFIER.sub("", drawing)
    return drawing.replace("<svg", f'<svg role="img" aria-label="{alt}"', 1)


def _pairs(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode | None]]:
    """Yield every code cell with the cell after it."""
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if cell.cell_type == "code":
            yield cell, following


def _is_caption(cell: NotebookNode | None) -> bool:
    is_markdown = cell is not None and cell.cell_type == "markdown"
    return is_markdown and TAG in cell.metadata.get("tags", [])


def _is_figure(cell: NotebookNode) -> bool:
    """Say whether a cell names what it makes ``figure``, or holds a picture."""
    outputs = cell.get("outputs", ())
    if any(PICTURES & output.get("data", {}).keys() for output in outputs):
        return True
    lines = [line for line in cell.source.splitlines() if not line.startswith(("%", "!"))]
    nodes = ast.walk(ast.parse("\n".join(lines)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    return any(node.id == "figure" and isinstance(node.ctx, ast.Store) for node in names)
