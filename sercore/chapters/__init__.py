"""Chapters: find them, check their parameters, execute them once.

A chapter is ``notebooks/NN-name.ipynb``. Its study is ``study.py`` in the one folder of
``sercore.papers`` that it imports from; a notebook without study (a comparison) has no parameters.
``execution`` runs one notebook; ``sercore.press`` makes the pages.
"""

import ast
import importlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import nbformat
from pydantic import BaseModel

from sercore import checkout, papers, store
from sercore.chapters.execution import ChapterError, peak_memory, run
from sercore.parameters import checked
from sercore.report import prose

NOTEBOOKS = store.PROJECT / "notebooks"
LEDGER = store.PROJECT / "book" / "ledger"
WORDS = "sercore.report.prose"  # puts the numbers into a chapter's words
STUDY = re.compile(r"sercore\.papers\.\w+\.study")


@dataclass(frozen=True)
class Executed:
    """An executed chapter."""

    name: str  # file name of the notebook, without its ending
    path: Path  # of the executed notebook, in the store
    ran: bool  # whether it was executed now, rather than found
    run: dict[str, object]  # of the execution: chapter, seconds, peak, and the circumstances
    parameters: dict[str, object]

    @property
    def seconds(self) -> float:
        """How long the execution took, now or then."""
        return self.run["seconds"]

    @property
    def peak(self) -> float:
        """Most memory its processes used together, in MiB."""
        return self.run["peak"]


def names() -> list[str]:
    """Return the names of all chapters, in order."""
    return sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))


def find(name: str) -> str:
    """Find the chapter that its name, its path, its number or another part of its name means.

    Raises:
        ChapterError: no chapter is meant, or more than one.
    """
    meant = Path(name).stem if name.endswith(".ipynb") else name
    matches = [chapter for chapter in names() if meant in (chapter, chapter.partition("-")[0])]
    if not matches:
        matches = [chapter for chapter in names() if meant in chapter]
    if len(matches) == 1:
        return matches[0]
    reason = "more than one chapter" if matches else "no chapter"
    raise ChapterError(f"{name}: {reason} of that name; there are {', '.join(names()) or 'none'}.")


def study(name: str) -> ModuleType | None:
    """Import the study that a chapter imports, if it has one.

    Raises:
        ChapterError: it imports more than one.
    """
    modules = sorted(_imports(_read(name))[0])
    studies = [module for module in modules if STUDY.fullmatch(module)]
    if len(studies) > 1:
        raise ChapterError(
            f"notebooks/{name}.ipynb: imports {len(studies)} studies; a chapter has one. Split it "
            "in two."
        )
    return importlib.import_module(studies[0]) if studies else None


def check(name: str, given: Mapping[str, object]) -> BaseModel:
    """Check given parameters of a chapter, strings or not, before any kernel starts.

    Raises:
        ChapterError: there is no such chapter, or its parameters cell is not that of its study.
        ParameterError: a parameter it does not have, or a value it does not take.
    """
    name = find(name)
    module = study(name)
    model = module.Parameters if module else _NoParameters
    written = _parameters_cell(_read(name))
    if written != set(model.model_fields):
        odd = ", ".join(sorted(written ^ set(model.model_fields)))
        raise ChapterError(
            f"notebooks/{name}.ipynb: the cell tagged `parameters` and the study's Parameters "
            f"differ in {odd}."
        )
    return checked(model, given)


def key(name: str, parameters: BaseModel) -> store.Key:
    """Make the key of an executed chapter.

    It counts parameters, source, tags and alt texts of the cells, data, ledger and modules that
    they read.
    """
    notebook, module = _read(name), study(name)
    modules, libraries = _imports(notebook)
    cells = []
    for cell in notebook.cells:
        about = [cell.metadata.get(name) for name in ("tags", "mystnb")]
        cells.append([cell.cell_type, cell.source, *about])
    settings = {"parameters": parameters.model_dump(mode="json")}
    settings |= {"cells": cells, "libraries": libraries}
    data = module.manifest(parameters) if module else []
    manifest = [*data, *_ledger(name if module else None)]
    return store.key(settings=settings, manifest=manifest, modules={*modules, WORDS})


def execute(
    name: str,
    parameters: BaseModel | None = None,
    *,
    fresh: bool = False,
    quiet: bool = False,
    cores: int | None = None,
) -> Executed:
    """Execute a chapter, or find it executed with the same parameters, source, data and code.

    Args:
        name: name of the chapter.
        parameters: result of ``check`` (default: the study's defaults).
        fresh: True to execute it even if it is kept.
        quiet: True to show no bars.
        cores: cores that its processes use (default: all).

    Raises:
        ChapterError: a cell failed; the message names it and the half-executed notebook.
    """
    name = find(name)
    parameters = parameters or check(name, {})
    name_key = key(name, parameters)
    if not fresh and (executed := _kept(name, parameters, name_key)):
        return executed
    values = parameters.model_dump(mode="json")
    filled = _filled(name)  # first: a wrong word costs no execution
    began = time.monotonic()
    with peak_memory() as peak:
        notebook = run(NOTEBOOKS / f"{name}.ipynb", values, quiet=quiet, cores=cores)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = filled[cell.source]
    store.keep("chapters", name_key, nbformat.writes(notebook).encode(), ".ipynb")
    seconds = round(time.monotonic() - began, 1)
    costs = {"chapter": name, "seconds": seconds, "peak": round(peak[0], 1)}
    device, versions = getattr(parameters, "device", "cpu"), dict(name_key.versions)
    about = costs | checkout.circumstances(device=device, versions=versions)
    store.keep("chapters", name_key, json.dumps(about).encode(), ".json")
    return Executed(name, store.path("chapters", name_key, ".ipynb"), True, about, values)


def kept(name: str) -> Executed | None:
    """Find a chapter executed by its defaults with the same source, data and code, or None."""
    parameters = check(name, {})
    return _kept(name, parameters, key(name, parameters))


def _kept(name: str, parameters: BaseModel, name_key: store.Key) -> Executed | None:
    record = store.kept("chapters", name_key, ".json")
    if record is None or store.kept("chapters", name_key, ".ipynb") is None:
        return None
    path, values = store.path("chapters", name_key, ".ipynb"), parameters.model_dump(mode="json")
    return Executed(name, path, False, json.loads(record), values)


def _filled(name: str) -> dict[str, str]:
    """Return the words of each cell, with the numbers that they name, by the words as written."""
    numbers, where = papers.values(), f"notebooks/{name}.ipynb"
    words = [cell.source for cell in _read(name).cells if cell.cell_type == "markdown"]
    return {text: prose.fill(text, numbers, where=where) for text in words}


class _NoParameters(BaseModel, extra="forbid"):
    """Parameters of a notebook without study."""


def _read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def _code(notebook: nbformat.NotebookNode) -> Iterator[tuple[nbformat.NotebookNode, ast.Module]]:
    """Yield code cells with their syntax trees, without lines of IPython's own (``%``, ``!``)."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            yield (
                cell,
                ast.parse("\n".join(line for line in lines if not line.startswith(("%", "!")))),
            )


def _imports(notebook: nbformat.NotebookNode) -> tuple[set[str], dict[str, str]]:
    """Return the modules of ``sercore`` and the versions of the libraries that a notebook imports.

    Of libraries only the numeric ones count.
    """
    modules = set()
    for _, tree in _code(notebook):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    libraries = {}
    for top in sorted({module.split(".")[0] for module in modules} & set(store.NUMERIC)):
        libraries[top] = importlib.metadata.version(store.NUMERIC[top])
    ours = {name for name in modules if name.startswith("sercore") and _is_module(name)}
    return ours, libraries


def _is_module(name: str) -> bool:
    place = store.CODE.joinpath(*name.split("."))
    return (place / "__init__.py").is_file() or place.with_suffix(".py").is_file()


def _parameters_cell(notebook: nbformat.NotebookNode) -> set[str]:
    """Return the names that the cell tagged ``parameters`` assigns."""
    assigned = set()
    for cell, tree in _code(notebook):
        if "parameters" in cell.metadata.get("tags", []):
            names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
            assigned |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return assigned


def _ledger(name: str | None) -> list[list[str]]:
    """Return path and content of the ledger's files: of one chapter, or of all."""
    if name:
        files = [*LEDGER.glob(f"published/{name.split('-')[0]}-*")]
        files += (LEDGER / "recorded" / name).rglob("*")
    else:
        files = [*LEDGER.rglob("published/*"), *LEDGER.rglob("recorded/**/*")]
    contents = []
    for path in sorted(files):
        if path.is_file():
            contents.append([path.relative_to(LEDGER).as_posix(), store.content(path)])
    return contents
