"""A fifth paper is one folder, one notebook and a table of what it prints; no existing file is touched."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from nbformat import v4

from sercore import store
from sercore.corpora.demo import synthetic
from tests.chapters.two_chapters import code, write_notebook

HERE = Path(__file__).parent / "fifth"
NAME = "06-svm-prosodic"
CELLS = (
    "from sercore.ledger import recorded\n"
    "from sercore.ledger.entries import Ledger\n"
    "from sercore.papers.svm2004 import study\n"
    "from sercore.papers.svm2004.claims import CLAIMS\n"
    "from sercore.papers.svm2004.paper import PAPER\n"
    "from sercore.report import tables\n\n"
    "ledger = Ledger(PAPER)",
    "parameters = study.Parameters.from_cell(globals())\n"
    "data = study.load(parameters)\n"
    "tasks, outcomes = PAPER.outcomes(parameters, data)\n"
    "run = Ledger(PAPER, runs=recorded.of_this_run(tasks, outcomes))\n"
    "display(*[tables.beside_the_paper('Table 1', book, column='UA') for book in (ledger, run)])",
    "tables.claims(ledger, CLAIMS)",
)


class Project:
    """A copy of the checkout with the fifth paper in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        for part in ("sercore", "notebooks", "book"):
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(store.PROJECT / part, folder / part, ignore=skip)
        for part in ("_toc.yml", "_config.yml", "README.md"):
            shutil.copy(store.PROJECT / part, folder / part)
        self.before = self.files()
        shutil.copytree(HERE / "svm2004", folder / "sercore" / "papers" / "svm2004")
        shutil.copy(HERE / "references.bib", folder / "sercore" / "papers" / "svm2004")
        shutil.copy(HERE / f"{NAME}.csv", folder / "book" / "ledger" / "published")
        cells = [v4.new_markdown_cell("# A fifth paper {cite:t}`svm2004`")]
        words = (
            "**It prints {{ svm2004.printed }} numbers; {{ svm2004.not_run }} are not run.** More."
        )
        cells.append(v4.new_markdown_cell(words, metadata={"tags": ["finding"]}))
        cells.append(
            code(
                'edition = "demo"\nseeds = 1\nseed = -1\ndevice = "cpu"\nscheduler = "none"',
                "parameters",
            )
        )
        cells += [code(source) for source in CELLS]
        write_notebook(folder / "notebooks" / f"{NAME}.ipynb", *cells)

    def files(self) -> dict[str, bytes]:
        """Read every file but what Python compiled."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in paths
            if "__pycache__" not in path.parts
        }

    def python(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run this project's own package."""
        mine = {"PYTHONPATH": str(self.folder), "SER_STORE": str(store.root())} | environment
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | mine,
            capture_output=True,
            text=True,
            check=False,
        )

    def sercore(self, *arguments: str, **environment: str) -> str:
        """Run a command that must succeed; what it prints."""
        done = self.python("-m", "sercore.cli", *arguments, **environment)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("five"))


@pytest.fixture(scope="module")
def speech(tmp_path_factory) -> Path:
    """A part of Emo-DB by its names: 32 demo clips, of four speakers and two emotions."""
    root = tmp_path_factory.mktemp("corpora")
    table = synthetic.load("demo-scena").table
    clips = iter(np.random.default_rng(0).permutation(table["path"].to_numpy(str)))
    (root / "emodb" / "wav").mkdir(parents=True)
    for speaker in ("03", "08", "09", "10"):
        for emotion in "FT":
            for text in ("a01", "a02", "a04", "a05"):
                name = f"{speaker}{text}{emotion}a.wav"
                shutil.copy(next(clips), root / "emodb" / "wav" / name)
    return root


def test_its_chapter_runs_and_its_numbers_are_in_the_ledger(project):
    done = json.loads(project.sercore("chapter", "06", "--json"))
    executed = Path(done["path"]).read_text()
    assert "SVM, speaker-independent" in executed
    assert "Known speakers are easier" in executed
    assert "It prints 2 numbers; 2 are not run." in executed
    entries = json.loads(project.sercore("ledger", "06", "--json"))
    assert [(entry["published"], entry["verdict"]) for entry in entries] == [
        (90.0, "not run"),
        (70.0, "not run"),
    ]


def test_it_is_recorded_and_verified(project, speech):
    parameters = ("-p", "seeds=5")
    project.sercore(
        "record", "06", "--edition", "open", "--incomplete", *parameters, SER_CORPORA=str(speech)
    )
    entries = json.loads(project.sercore("ledger", "06", "--json"))
    assert [entry["seeds"] for entry in entries] == [5, 5]
    assert {entry["verdict"] for entry in entries} <= {"reproduced", "not reproduced"}
    rows = json.loads(project.sercore("verify", "06", "--json", SER_CORPORA=str(speech)))
    assert sorted((row["path"], row["outcome"]) for row in rows) == [
        ("models SVM, speaker-dependent", "same"),
        ("models SVM, speaker-independent", "same"),
    ]


def test_the_book_has_its_place_its_reference_and_its_numbers(project):
    script = (
        "from pathlib import Path; from sercore import chapters, press\n"
        "names = chapters.names()\n"
        "runs = [chapters.Executed(n, Path('notebooks') / f'{n}.ipynb', False, RUN | {'chapter': n}, {}) for n in names]\n"
        "press.stage(Path('staged'), runs, {})"
    )
    run = {
        "seconds": 1.0,
        "peak": 1.0,
        "date": "2026-01-01T00:00",
        "commit": "0" * 40,
        "clean": True,
        "machine": "none",
        "cores": 1,
        "python": "3",
        "versions": {},
    }
    done = project.python("-c", f"RUN = {run!r}\n{script}")
    assert done.returncode == 0, done.stderr[-3000:]
    staged = project.folder / "staged"
    assert f"- file: notebooks/{NAME}\n" in (staged / "_toc.yml").read_text()
    assert "@misc{svm2004" in (staged / "book" / "references.bib").read_text()
    generated = staged / "book" / "generated"
    assert "SVM, speaker-dependent" in (generated / "ledgers.md").read_text()
    last = (generated / "headline.md").read_text().splitlines()[-1]
    assert last.startswith(f"| [6. The example (2004)](../notebooks/{NAME}.ipynb) | Known speakers")
    assert "| It prints 2 numbers; " in last


def test_no_existing_file_is_touched(project):
    after = project.files()
    assert {name for name, content in project.before.items() if after.get(name) != content} == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("study.py", "def load(", "def read(", "abstract method load"),
        ("paper.py", '    title = "The example (2004)"\n', "", "has no title"),
        ("paper.py", 'folder = "svm2004"', 'folder = "svm"', "expected svm2004"),
        ("paper.py", "PAPER = Svm2004()", "", "no PAPER"),
    ],
)
def test_a_paper_that_lacks_something_is_refused_by_name(project, file, old, new, words):
    place = project.folder / "sercore" / "papers" / "svm2004" / file
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new))
    try:
        done = project.python("-m", "sercore.cli", "ledger", "06")
    finally:
        place.write_text(text)
    assert done.returncode == 2
    assert done.stderr.startswith("sercore/papers/svm2004/paper.py: ")
    assert words in done.stderr
