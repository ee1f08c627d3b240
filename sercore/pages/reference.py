"""The API reference: one page a room, which autodoc fills from the docstrings when the book is rendered."""

import ast
from pathlib import Path

from sercore import store

HOUSE = store.PROJECT / "sercore"
COMMAND = "cli"  # tells of itself: ``sercore --help``
MODULE = """{head} `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
   :ignore-module-all:
   :member-order: bysource
```
"""


def rooms(house: Path = HOUSE) -> dict[str, list[str]]:
    """Dotted names of the modules of each room, the room itself first; the console command and ``__main__`` are left out."""
    found: dict[str, list[str]] = {}
    for path in sorted(house.rglob("*.py")):
        place = path.relative_to(house.parent).with_suffix("").parts
        module = ".".join(place[:-1] if place[-1] == "__init__" else place)
        room = module.split(".")[1] if "." in module else ""
        if room not in ("", COMMAND) and place[-1] != "__main__":
            found.setdefault(room, []).append(module)
    return {room: sorted(modules) for room, modules in sorted(found.items())}


def pages(house: Path = HOUSE) -> dict[str, str]:
    """Markdown of each room's page, by the room's name."""
    return {
        room: "\n".join(
            MODULE.format(head="##" if number else "#", name=name)
            for number, name in enumerate(modules)
        )
        for room, modules in rooms(house).items()
    }


def contents(house: Path = HOUSE) -> str:
    """List of the rooms, each with a link and what its docstring says first."""
    lines = []
    for room, modules in rooms(house).items():
        said = (
            ast.get_docstring(ast.parse(_file(modules[0], house).read_text(encoding="utf-8"))) or ""
        )
        lines.append(f"- [`{room}`](generated/api/{room}.md): {_first(said)}")
    return "\n".join(lines)


def _file(module: str, house: Path) -> Path:
    place = house.parent.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _first(said: str) -> str:
    """First paragraph of a docstring, as Markdown on one line."""
    return " ".join(said.split("\n\n")[0].split()).replace("``", "`")
