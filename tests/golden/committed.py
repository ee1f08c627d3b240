"""Committed outcomes of golden trials: what is compared with them, and when they are written again.

One JSON file a study, ``golden.json`` in the paper's folder: by code path the method number of its kind, the recipe and
the outcome. Numbers that moved are written only where the method number was raised; a new path
needs none, and a path that no trial has any more is dropped.
"""

import importlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sercore import papers, store
from tests.golden.outcomes import moved
from tests.golden.watching import Golden, measure

FOLDER = store.PROJECT / "sercore" / "papers"
STUDIES = tuple(paper.folder for paper in papers.every())
COMMAND = "python -m tests.golden"
SAID = 6  # differences that a message lists


@dataclass(frozen=True)
class Renewal:
    """What a study's file becomes.

    Args:
        entries: by path, in the order of the trials.
        new: paths without a committed outcome.
        raised: paths of a kind whose method number was raised.
        dropped: committed paths that no trial has any more.
        refused: why nothing may be written, one sentence a path.
    """

    entries: dict[str, dict]
    new: list[str]
    raised: list[str]
    dropped: list[str]
    refused: list[str]


def trials(study: str) -> list[Golden]:
    """Golden trials of a study, made anew."""
    return importlib.import_module(f"tests.golden.{study}").trials()


def read(study: str, *, folder: Path = FOLDER) -> dict[str, dict]:
    """Committed outcomes of a study by path; empty where none is committed."""
    path = folder / study / "golden.json"
    return json.loads(path.read_bytes()) if path.exists() else {}


def write(study: str, entries: Mapping[str, dict], *, folder: Path = FOLDER) -> None:
    """Write a study's file, one line a value, so that a change shows which value moved."""
    paths = []
    for path, entry in entries.items():
        values = [f"   {json.dumps(name)}: {_line(v)}" for name, v in entry["outcome"].items()]
        parts = [f'  "method": {entry["method"]}', f'  "recipe": {_line(entry["recipe"])}']
        parts.append('  "outcome": {\n' + ",\n".join(values) + "\n  }")
        paths.append(f" {_line(path)}: {{\n" + ",\n".join(parts) + "\n }")
    text = "{\n" + ",\n".join(paths) + "\n}\n"
    store.write(folder / study / "golden.json", text.encode())


def problem(golden: Golden, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say what differs from the committed outcome and what to do; empty where all agrees."""
    kind, module = golden.kind, golden.study.__name__.replace(".", "/") + ".py"
    name = f"{golden.study.STUDY}, {golden.path}"
    if now["method"] != before["method"]:
        numbers = f"METHODS[{kind!r}] in {module} is {now['method']}"
        remedy = f"record again with `{COMMAND}`"
        if now["method"] < before["method"]:
            remedy = "a method number never falls: put it back"
        return f"{name}: {numbers}, its outcome is of method {before['method']}: {remedy}"
    recipes = (_flat(entry["recipe"]) for entry in (before, now))
    lines = moved(*recipes, relative=0)
    lines += moved(before["outcome"], now["outcome"], relative=golden.tolerance)
    if not lines:
        return ""
    more = [f"and {len(lines) - SAID} more"] if len(lines) > SAID else []
    return (
        f"{name}: numbers moved ({'; '.join([*lines[:SAID], *more])}): raise METHODS[{kind!r}] "
        f"in {module} and record again with `{COMMAND}`, or find the fault"
    )


def renew(goldens: Iterable[Golden], before: Mapping[str, dict]) -> Renewal:
    """Run golden trials and decide which committed outcomes may be written again.

    An outcome that agrees stays as it is committed, to the digit.
    """
    entries, new, raised, refused = {}, [], [], []
    for golden in goldens:
        now, committed = measure(golden), before.get(golden.path)
        entries[golden.path] = now
        if committed is None:
            new.append(golden.path)
        elif now["method"] > committed["method"]:
            raised.append(golden.path)
        elif sentence := problem(golden, committed, now):
            refused.append(sentence)
        else:
            entries[golden.path] = committed
    return Renewal(entries, new, raised, [path for path in before if path not in entries], refused)


def _flat(value: Any, name: str = "recipe") -> dict[str, Any]:
    """Plain values by their place: "recipe.optimisers.0.groups.0.lr"."""
    if isinstance(value, (dict, list)) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, part in pairs for k, v in _flat(part, f"{name}.{key}").items()}
    return {name: value}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
