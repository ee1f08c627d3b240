"""Excerpts of this checkout's own files, which the page on adding a chapter shows: never retyped, so never out of date."""

import ast
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

from sercore import store

CHAPTER = "01-ser2022-transfer"
HERE = "sercore/pages/excerpts.py"
STUDY = ("Parameters", "load", "tasks", "outcomes", "measure", "manifest", "code_path", "verified_with")
NUMBERS = ("plain", "place", "why_not", "has", "ours", "meaningless", "substitute", "fault", "note", "table_of", "unfinished")


class ExcerptError(LookupError):
    """A file that no longer holds what a page shows of it: what was looked for, and what to do."""


def all_of_them(project: Path = store.PROJECT) -> dict[str, str]:
    """Markdown of every excerpt, by its name.

    Raises:
        ExcerptError: a file that no longer holds what is shown of it.
    """
    house = project / "sercore"
    study, printed = house / "papers" / "alves2022", project / "book" / "ledger" / "published" / f"{CHAPTER}.csv"
    texts = {
        "published": fenced("text", "\n".join(printed.read_text(encoding="utf-8").splitlines()[:4])),
        "references": fenced("bibtex", (project / "book" / "references.bib").read_text(encoding="utf-8").split("\n\n")[0]),
        "model": fenced("python", definitions(house / "models" / "sequential_mlp.py", ["GenderNetwork"], head=True)),
        "trial": fenced("python", definitions(study / "trial.py", ["Trial"])),
        "study": fenced("python", signatures(study / "study.py", STUDY)),
        "numbers": fenced("python", signatures(study / "numbers.py", NUMBERS)),
        "claim": fenced("python", claim(study / "claims.py", "A7")),
    }
    return texts | {"notebook": cells(project / "notebooks" / f"{CHAPTER}.ipynb")}


def fenced(language: str, text: str) -> str:
    """A block of code in Markdown."""
    return f"```{language}\n{text.rstrip()}\n```"


def definitions(path: Path, names: Sequence[str], *, head: bool = False) -> str:
    """Source of functions and classes of a module, as it stands.

    Args:
        path: the module's file.
        names: of its functions and classes.
        head: with the module's docstring before them (default False).

    Raises:
        ExcerptError: a name that the module no longer has.
    """
    text = path.read_text(encoding="utf-8")
    parts = [_span(text, ast.parse(text).body[0])] if head else []
    return "\n\n\n".join([*parts, *(_span(text, _found(path, text, name)) for name in names)])


def claim(path: Path, name: str) -> str:
    """Return the source of one claim of a module's list, such as "A7".

    Raises:
        ExcerptError: a claim that the module no longer has.
    """
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        is_claim = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Claim"
        if is_claim and getattr(node.args[0], "value", "") == name:
            return textwrap.dedent(" " * node.col_offset + ast.get_source_segment(text, node))
    raise ExcerptError(f"{path}: no claim {name}; a page shows it as an example. Name another one in {HERE}.")


def signatures(path: Path, names: Sequence[str]) -> str:
    """Functions of a module, each as its signature and what its docstring says first; classes with their fields.

    Raises:
        ExcerptError: a name that the module no longer has.
    """
    text = path.read_text(encoding="utf-8")
    parts = []
    for node in (_found(path, text, name) for name in names):
        first = text.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
        body = [_span(text, each) for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign)]
        said = f'    """{(ast.get_docstring(node) or "").splitlines()[0]}"""'
        parts.append("\n".join([*first, said, *(body if isinstance(node, ast.ClassDef) else ["    ..."])]))
    return "\n\n".join(parts)


def bodies(path: Path, names: Sequence[str]) -> str:
    """Source of a module's functions without their docstrings: the lines that compute, to stand beside an equation.

    Raises:
        ExcerptError: a name that the module no longer has.
    """
    text, parts = path.read_text(encoding="utf-8"), []
    for node in (_found(path, text, name) for name in names):
        lines, said = text.splitlines(), node.body[0]
        cut = (said.lineno - 1, said.end_lineno) if ast.get_docstring(node) else (node.end_lineno, node.end_lineno)
        parts.append("\n".join([*lines[node.lineno - 1 : cut[0]], *lines[cut[1] : node.end_lineno]]))
    return "\n\n\n".join(parts)


def cells(path: Path) -> str:
    """A notebook's first cell, its cell of parameters and the cell after it.

    Raises:
        ExcerptError: no cell is tagged ``parameters``.
    """
    every = json.loads(path.read_text(encoding="utf-8"))["cells"]
    at = next((at for at, cell in enumerate(every) if "parameters" in cell["metadata"].get("tags", [])), None)
    if at is None:
        raise ExcerptError(f"{path}: no cell is tagged `parameters`; expected one in a chapter. Tag it.")
    languages = {"markdown": "md", "code": "python"}
    shown = (every[0], every[at], every[at + 1])
    return "\n\n".join(fenced(languages[cell["cell_type"]], "".join(cell["source"])) for cell in shown)


def _found(path: Path, text: str, name: str) -> ast.FunctionDef | ast.ClassDef:
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
    raise ExcerptError(f"{path}: no `{name}`; a page shows it as an example. Name another one in {HERE}.")


def _span(text: str, node: ast.stmt) -> str:
    """Lines of a statement, its decorators before it."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
