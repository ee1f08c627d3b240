"""A project of two tiny chapters, in a folder of its own, made of copies of the rooms that execute and render chapters."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import v4

from sercore import store

ROOMS = (
    "__init__.py",
    "progress.py",
    "store.py",
    "checkout.py",
    "parameters.py",
    "press.py",
    "cli.py",
    "chapters",
)

STUDY = '''"""Study {number}."""

from pydantic import BaseModel, Field

from sercore import store
from sercore.papers.{number} import helper
{extra}

class Parameters(BaseModel, extra="forbid"):
    repeats: int = Field(2, ge=1, le=9, description="the number of repetitions")


def manifest(parameters):
    return [store.content(store.PROJECT / "data" / "{number}.csv")]


def run(repeats):
    return helper.VALUE * repeats
'''

STATUS = '''"""Names of parts."""

INSTALLATION, DEMO, RENDERING, UNKNOWN = "installation", "demo corpora", "rendering", "seconds to come"
'''

DEMO = '''"""One demo corpus."""

from sercore import store

NAMES = ("demo",)


def make(name):
    (store.root() / "demo" / "key" / name).mkdir(parents=True, exist_ok=True)
'''

PAGES = '''"""What the prose pages include."""

from sercore.pages.status import UNKNOWN


def write(folder, runs, times, numbers):
    place = folder / "book" / "generated"
    place.mkdir(parents=True)
    (place / "headline.md").write_text("Two numbers, one of them in [](../notebooks/02-two.ipynb).")
    (place / "parts.md").write_text(f"Timed: {', '.join(sorted(times))}; rendering {UNKNOWN} s.")
    (place / "runs.txt").write_text("\\n".join(str(run) for run in runs))
'''

PROSE = '''"""Words with a number in them."""


def fill(text, values, *, where):
    return text.replace("{{ two }}", str(values["two"]))
'''

SAVED = '''"""A model that is left beside the book."""


def train(name, given, *, out):
    out.mkdir(parents=True)
    (out / "model.json").write_text(f"{name} {given}")
    return {"model": name}
'''

CONFIG = """title: Two chapters
only_build_toc_files: true
execute:
  execute_notebooks: "off"
"""

TOC = """format: jb-book
root: book/index
chapters:
  - file: notebooks/01-one
  - file: notebooks/02-two
  - file: book/status
"""

EXECUTE_ALL = (
    "import json; from sercore import chapters;"
    " print(json.dumps({name: chapters.execute(name).ran for name in chapters.names()}))"
)


def code(source, *tags):
    return v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def write_notebook(path, *cells):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(
        v4.new_notebook(
            cells=list(cells), metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
        ),
        path,
    )


class Project:
    """The folder, and what is done to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def python(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = os.environ | {
            "PYTHONPATH": str(self.folder),
            "SER_STORE": str(self.folder / "store"),
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def sercore(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.python("-m", "sercore.cli", *arguments)

    def execute(self) -> set[str]:
        """Chapters that were executed now, of both."""
        done = self.python("-c", EXECUTE_ALL)
        assert done.returncode == 0, done.stderr
        return {name for name, ran in json.loads(done.stdout).items() if ran}


def make(folder: Path) -> Project:
    project = Project(folder)
    for room in ROOMS:
        source, target = store.PROJECT / "sercore" / room, folder / "sercore" / room
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    project.write("sercore/papers/__init__.py", "def values():\n    return {'two': 2}\n")
    project.write("sercore/report/__init__.py", "")
    project.write("sercore/report/prose.py", PROSE)
    for number, extra in (("one", ""), ("two", "import numpy as np  # noqa: F401\n")):
        project.write(f"sercore/papers/{number}/__init__.py", "")
        project.write(f"sercore/papers/{number}/helper.py", '"""Helper."""\n\nVALUE = 3\n')
        project.write(f"sercore/papers/{number}/study.py", STUDY.format(number=number, extra=extra))
        project.write(f"data/{number}.csv", "a\n1\n")
    for place, number in ((1, "one"), (2, "two")):
        write_notebook(
            folder / f"notebooks/{place:02}-{number}.ipynb",
            v4.new_markdown_cell(f"# Chapter {number} of {{{{ two }}}}"),
            code("repeats = 2", "parameters"),
            code(f"from sercore.papers.{number} import study\n\nstudy.run(repeats)"),
        )
        project.write(f"book/ledger/published/{place:02}-{number}.csv", "table,row\n")
    project.write(
        "book/index.md",
        "# Two chapters, {{ two }}\n\nSee [](../notebooks/01-one.ipynb).\n\n```{include} generated/headline.md\n```\n",
    )
    project.write("book/status.md", "# Status\n\n```{include} generated/parts.md\n```\n")
    project.write("sercore/predict.py", SAVED)
    project.write("sercore/pages/__init__.py", "")
    project.write("sercore/pages/fragments.py", PAGES)
    project.write("sercore/pages/status.py", STATUS)
    project.write("sercore/corpora/__init__.py", "")
    project.write("sercore/corpora/demo/__init__.py", "")
    project.write("sercore/corpora/demo/synthetic.py", DEMO)
    project.write("_config.yml", CONFIG)
    project.write("_toc.yml", TOC)
    return project
