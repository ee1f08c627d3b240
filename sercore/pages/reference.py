"""The API reference: one page a room, which autodoc fills from the docstrings.

It shows the library; what is in a paper's folder is of use to that paper's chapter alone.
"""

import ast
from pathlib import Path

from sercore import store

HOUSE = store.CODE / "sercore"
COMMAND = "cli"  # it documents itself: ``sercore --help``
PAPERS = "sercore.papers."
MODULE = """{head} `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
   :ignore-module-all:
   :member-order: bysource
```
"""


def rooms(house: Path = HOUSE) -> dict[str, list[str]]:
    """Return the modules of each room, the room first, without command, papers and ``__main__``."""
    names: dict[str, list[str]] = {}
    for path in sorted(house.rglob("*.py")):
        place = path.relative_to(house.parent).with_suffix("").parts
        module = ".".join(place[:-1] if place[-1] == "__init__" else place)
        room = module.split(".")[1] if "." in module else ""
        is_shown = room not in ("", COMMAND) and place[-1] != "__main__"
        if is_shown and not module.startswith(PAPERS):
            names.setdefault(room, []).append(module)
    return {room: sorted(modules) for room, modules in sorted(names.items())}


def pages(house: Path = HOUSE) -> dict[str, str]:
    """Return the Markdown of each room's page, by the room's name."""
    texts = {}
    for room, modules in rooms(house).items():
        parts = [MODULE.format(head="#", name=modules[0])]
        parts += [MODULE.format(head="##", name=name) for name in modules[1:]]
        texts[room] = "\n".join(parts)
    return texts


def contents(house: Path = HOUSE) -> str:
    """List the rooms, each with a link and the first paragraph of its docstring."""
    lines = []
    for room, modules in rooms(house).items():
        source = _file(modules[0], house).read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(source)) or ""
        first = " ".join(docstring.split("\n\n")[0].split()).replace("``", "`")
        lines.append(f"- [`{room}`](generated/api/{room}.md): {first}")
    return "\n".join(lines)


def _file(module: str, house: Path) -> Path:
    place = house.parent.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
