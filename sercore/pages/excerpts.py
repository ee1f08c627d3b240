"""Excerpts of the project's files that no directive of Sphinx can show."""

import ast
import inspect
import json
import textwrap
from collections.abc import Callable
from pathlib import Path

from IPython.display import Markdown


def code(*functions: Callable) -> Markdown:
    """Show functions without their docstrings, to stand beside an equation."""
    sources = []
    for function in functions:
        source = textwrap.dedent(inspect.getsource(function))
        docstring = ast.parse(source).body[0].body[0]
        lines = source.splitlines()
        if inspect.getdoc(function):
            del lines[docstring.lineno - 1 : docstring.end_lineno]
        sources.append("\n".join(lines))
    return Markdown(_fenced("python", "\n\n\n".join(sources)))


def first_cells(path: Path) -> str:
    """Show a notebook's first cell, its cell of parameters and the cell after it, in Markdown.

    Raises:
        LookupError: no cell is tagged ``parameters``.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tagged = [
        at for at, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", [])
    ]
    if not tagged:
        raise LookupError(
            f"{path}: no cell is tagged `parameters`; expected one in a chapter. Tag it."
        )
    excerpts = []
    for cell in (cells[0], *cells[tagged[0] : tagged[0] + 2]):
        language = {"markdown": "md", "code": "python"}[cell["cell_type"]]
        excerpts.append(_fenced(language, "".join(cell["source"])))
    return "\n\n".join(excerpts)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"
