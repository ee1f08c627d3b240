"""The API reference names every public function and class of the package, as objects that other pages can link to."""

import ast
import importlib
import os
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

from sercore.pages import reference

HTML = os.environ.get("SER_HTML")

pytestmark = pytest.mark.skipif(
    not HTML, reason="needs a rendered book: set SER_HTML to its folder"
)


@pytest.fixture(scope="session")
def rendered():
    """Dotted names of all Python objects in the rendered book."""
    with (Path(HTML) / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", os.path.join)
    return {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}


def public(module):
    """Public functions and classes that a module defines; a claim is a function made into a value, which the ledger shows."""
    there = importlib.import_module(module)
    nodes = ast.parse(Path(there.__file__).read_text()).body
    names = [
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    return {f"{module}.{name}" for name in names if callable(getattr(there, name))}


@pytest.mark.parametrize("room", reference.rooms())
def test_every_public_name_is_rendered(rendered, room):
    modules = reference.rooms()[room]
    expected = set(modules) | {name for module in modules for name in public(module)}
    assert expected <= rendered, sorted(expected - rendered)
