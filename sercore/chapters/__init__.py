"""Chapters: find them, check their parameters, execute them once.

A chapter is ``notebooks/NN-name.ipynb``. Its study is ``study.py`` in the one folder of ``sercore.papers`` that it imports from; a
notebook without study (a comparison) has no parameters. ``execution`` runs one notebook, ``circumstances`` says where and when;
``sercore.press`` makes the pages.
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

from sercore import store
from sercore.chapters import circumstances
from sercore.chapters.execution import ChapterError, peak_memory, run
from sercore.parameters import checked

NOTEBOOKS = store.PROJECT / "notebooks"
LEDGER = store.PROJECT / "book" / "ledger"


@dataclass(frozen=True)
class Executed:
    """An executed chapter.

    Args:
        name: file name of the notebook, without its ending.
        path: the executed notebook, in the store.
        ran: whether it was executed now, rather than found.
        run: what is kept of the execution, now or then: chapter, seconds, peak, and the circumstances.
        parameters: plain values of its parameters.
    """

    name: str
    path: Path
    ran: bool
    run: dict[str, object]
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
    """Names of all chapters, in order."""
    return sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))


def find(name: str) -> str:
    """Full name of the chapter meant by its name, its path, its number or another part of its name.

    Raises:
        ChapterError: no chapter is meant, or more than one.
    """
    meant = Path(name).stem if name.endswith(".ipynb") else name
    matches = [chapter for chapter in names() if meant in (chapter, chapter.partition("-")[0])] or [
        chapter for chapter in names() if meant in chapter
    ]
    if len(matches) == 1:
        return matches[0]
    reason = "more than one chapter" if matches else "no chapter"
    raise ChapterError(f"{name}: {reason} of that name; there are {', '.join(names()) or 'none'}.")


def study(name: str) -> ModuleType | None:
    """The study that the chapter imports: ``study.py`` of a folder of ``sercore.papers``; None where there is none.

    Raises:
        ChapterError: it imports more than one.
    """
    named = [
        module
        for module in sorted(_imports(_read(name))[0])
        if re.fullmatch(r"sercore\.papers\.\w+\.study", module)
    ]
    studies = [importlib.import_module(module) for module in named]
    if len(studies) > 1:
        raise ChapterError(
            f"notebooks/{name}.ipynb: imports {len(studies)} studies; a chapter has one. Split it in two."
        )
    return studies[0] if studies else None


def check(name: str, given: Mapping[str, object]) -> BaseModel:
    """Parameters of a chapter from given values, strings or not, before any kernel starts.

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
            f"notebooks/{name}.ipynb: the cell tagged `parameters` and the study's Parameters differ in {odd}."
        )
    return checked(model, given)


def key(name: str, parameters: BaseModel) -> store.Key:
    """Key of an executed chapter: parameters, source and tags of its cells, the data and ledger it reads, its modules."""
    notebook, module = _read(name), study(name)
    modules, libraries = _imports(notebook)
    cells = [
        [cell.cell_type, cell.source, cell.metadata.get("tags", [])] for cell in notebook.cells
    ]
    return store.key(
        settings={
            "parameters": parameters.model_dump(mode="json"),
            "cells": cells,
            "libraries": libraries,
        },
        manifest=[
            *(module.manifest(parameters) if module else []),
            *_ledger(name if module else None),
        ],
        modules=modules,
    )


def execute(name: str, parameters: BaseModel | None = None, *, fresh: bool = False) -> Executed:
    """Execute a chapter, or find it executed with the same parameters, source, data, code and versions.

    Args:
        name: the chapter.
        parameters: what ``check`` returned (default: the study's defaults).
        fresh: execute it even if it is kept.

    Raises:
        ChapterError: a cell failed; the message names it and the half-executed notebook.
    """
    name = find(name)
    parameters = parameters or check(name, {})
    name_key = key(name, parameters)
    record = store.kept("chapters", name_key, ".json")
    if fresh or record is None or store.kept("chapters", name_key, ".ipynb") is None:
        began = time.monotonic()
        with peak_memory() as peak:
            notebook = run(NOTEBOOKS / f"{name}.ipynb", parameters.model_dump(mode="json"))
        store.keep("chapters", name_key, nbformat.writes(notebook).encode(), ".ipynb")
        run_record = {
            "chapter": name,
            "seconds": round(time.monotonic() - began, 1),
            "peak": round(peak[0], 1),
        }
        run_record |= circumstances.now(
            device=getattr(parameters, "device", "cpu"), versions=dict(name_key.versions)
        )
        record = json.dumps(run_record).encode()
        store.keep("chapters", name_key, record, ".json")
        ran = True
    else:
        ran = False
    path = store.path("chapters", name_key, ".ipynb")
    return Executed(name, path, ran, json.loads(record), parameters.model_dump(mode="json"))


class _NoParameters(BaseModel, extra="forbid"):
    """Parameters of a notebook without study."""


def _read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def _code(notebook: nbformat.NotebookNode) -> Iterator[tuple[nbformat.NotebookNode, ast.Module]]:
    """Code cells with their syntax trees; lines of IPython's own (``%`` and ``!``) left out."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield (
                cell,
                ast.parse(
                    "\n".join(
                        line for line in cell.source.splitlines() if not line.startswith(("%", "!"))
                    )
                ),
            )


def _imports(notebook: nbformat.NotebookNode) -> tuple[set[str], dict[str, str]]:
    """Modules of ``sercore`` that a notebook imports, and the numeric libraries it imports itself with their versions."""
    modules = set()
    for _, tree in _code(notebook):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    tops = {module.split(".")[0] for module in modules}
    libraries = {
        top: importlib.metadata.version(store.NUMERIC[top])
        for top in sorted(tops & set(store.NUMERIC))
    }
    return {
        module for module in modules if module.startswith("sercore") and _is_module(module)
    }, libraries


def _is_module(name: str) -> bool:
    place = store.PROJECT.joinpath(*name.split("."))
    return (place / "__init__.py").is_file() or place.with_suffix(".py").is_file()


def _parameters_cell(notebook: nbformat.NotebookNode) -> set[str]:
    """Names that the cell tagged ``parameters`` assigns."""
    assigned = set()
    for cell, tree in _code(notebook):
        if "parameters" in cell.metadata.get("tags", []):
            for node in tree.body:
                targets = (
                    node.targets
                    if isinstance(node, ast.Assign)
                    else [node.target]
                    if isinstance(node, ast.AnnAssign)
                    else []
                )
                assigned |= {target.id for target in targets if isinstance(target, ast.Name)}
    return assigned


def _ledger(name: str | None) -> list[list[str]]:
    """Path and content of the ledger's files: of one chapter, or of all."""
    if name:
        files = [
            *LEDGER.glob(f"published/{name.split('-')[0]}-*"),
            *(LEDGER / "recorded" / name).rglob("*"),
        ]
    else:
        files = [*LEDGER.rglob("published/*"), *LEDGER.rglob("recorded/**/*")]
    return [
        [path.relative_to(LEDGER).as_posix(), store.content(path)]
        for path in sorted(files)
        if path.is_file()
    ]
