"""The press: executed chapters and prose pages, staged in a folder and rendered by Jupyter Book.

Sphinx never sees the repository's root, and what has not changed is not rendered again.
"""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from joblib import Parallel, cpu_count, delayed

from sercore import chapters, papers, predict, store
from sercore.chapters import ChapterError, Executed, captions
from sercore.corpora.demo import synthetic
from sercore.pages import fragments
from sercore.pages.status import DEMO, INSTALLATION, RENDERING, UNKNOWN
from sercore.report import prose

INSTALLED = store.PROJECT / ".venv" / "installed"  # the Makefile's: how many seconds it took
# What the pages are made of, excerpts and the API's reference too, beside the executed chapters.
SOURCES = ("_config.yml", "_toc.yml", "book/**/*", "notebooks/*.ipynb", "benchmarks/*.py")
CODE = ("sercore/**/*.py", "sercore/papers/*/*.bib")
CHAPTER = re.compile(r"^( *- file: notebooks/)(\S+)$")  # a chapter's line in the table of contents
COLOURS = re.compile(r"\x1b\[[\d;]*m")  # of a terminal
TIMES = "times.json"  # seconds of the parts of the book that are no chapter, by name


def book(*, out: Path | str | None = None, fresh: bool = False) -> Path:
    """Execute every chapter in its default edition, stage and render the pages if anything changed.

    Args:
        out: folder under which ``_build/source`` and ``_build/html`` are made (default: the checkout,
            or the current folder where there is none).
        fresh: execute and render everything again.

    Returns:
        The first page, ``_build/html/index.html``; the demo's model is in ``_build/model``.

    Raises:
        ChapterError: a chapter failed, or the rendering warned.
    """
    if out is None:
        out = store.PROJECT if store.IS_CHECKOUT else Path.cwd()
    build = Path(out).resolve() / "_build"
    try:
        times = json.loads((build / TIMES).read_text())
    except (FileNotFoundError, ValueError):  # none, or one that a full disk cut short
        times = {}
    times |= _installation() | demo_corpora()
    # The corpora are made once: their time is kept even where what follows fails.
    store.write(build / TIMES, json.dumps(times).encode())
    times.pop(RENDERING, None)
    executed = execute(fresh=fresh)
    if any(chapter.ran for chapter in executed) or not (build / "model" / "model.json").is_file():
        demo_model(build / "model")
    state = read_by_the_pages(executed, times)
    page, mark = build / "html" / "index.html", build / "rendered"
    if not fresh and page.is_file() and mark.is_file() and mark.read_text() == state:
        _say("pages: nothing changed")
        return page
    _say("pages: rendering")
    mark.unlink(missing_ok=True)
    stage(build / "source", executed, times)
    began = time.monotonic()
    render(build)
    times[RENDERING] = round(time.monotonic() - began, 1)
    status = build / "html" / "book" / "status.html"
    if status.is_file():  # the page left room for the seconds of its own rendering
        text = status.read_text(encoding="utf-8").replace(UNKNOWN, f"{times[RENDERING]:.0f}")
        store.write(status, text.encode())
    store.write(build / TIMES, json.dumps(times).encode())
    store.write(mark, state.encode())
    return page


def execute(*, fresh: bool = False) -> list[Executed]:
    """Execute the chapters that are not kept, one on each core, and return all in order.

    Where there are more cores than chapters, the cores are shared out evenly.

    Raises:
        ChapterError: a chapter failed.
    """
    done = {name: None if fresh else chapters.kept(name) for name in chapters.names()}
    left = [name for name, chapter in done.items() if chapter is None]
    for name in sorted(done.keys() - left):
        _say(f"{name}: kept")
    if left:
        at_once = min(len(left), cpu_count())
        pool = Parallel(n_jobs=at_once, return_as="generator_unordered")
        settings = {"fresh": True, "quiet": True, "cores": cpu_count() // at_once}
        with warnings.catch_warnings():
            # A worker that has grown is replaced by a new one, and nothing is lost.
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
            for chapter in pool(delayed(chapters.execute)(name, **settings) for name in left):
                _say(f"{chapter.name}: executed in {chapter.seconds:.0f} s")
                done[chapter.name] = chapter
    return list(done.values())


def demo_corpora() -> dict[str, float]:
    """Make the demo corpora that are missing; return the seconds by name, if any was made."""
    began, place = time.monotonic(), store.root() / "demo"
    before = set(place.glob("*/*"))
    for name in synthetic.NAMES:
        synthetic.make(name)
    if set(place.glob("*/*")) == before:
        return {}
    seconds = round(time.monotonic() - began, 1)
    _say(f"demo corpora: made in {seconds:.0f} s")
    return {DEMO: seconds}


def demo_model(folder: Path) -> None:
    """Save the demo's FCMFCC, to try ``sercore predict`` on."""
    about = predict.train("FCMFCC", {"edition": "demo"}, out=folder)
    _say(f"model: {about['model']}, demo edition, in {folder}")


def read_by_the_pages(executed: Sequence[Executed], times: Mapping[str, float]) -> str:
    """Digest all that the pages are made of, file by file, and the renderer's version.

    Writing what the pages say of them takes longer than seeing that nothing has changed.
    """
    contents = []
    for folder, patterns in ((store.PROJECT, SOURCES), (store.CODE, CODE)):
        files = [path for pattern in patterns for path in folder.glob(pattern) if path.is_file()]
        for path in sorted(files):
            contents.append([path.relative_to(folder).as_posix(), store.content(path)])
    runs = [[chapter.name, store.content(chapter.path), chapter.run] for chapter in executed]
    return store.digest([contents, runs, times, importlib.metadata.version("jupyter-book")])


def stage(folder: Path, executed: Sequence[Executed], times: Mapping[str, float]) -> None:
    """Fill an emptied folder with configuration, pages, generated fragments, executed notebooks.

    The fragments come from the ledger, the code, and what is kept of each run.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        numbers = papers.values()
        fragments.write(Path(temporary), [chapter.run for chapter in executed], times, numbers)
        files = {name: store.PROJECT / name for name in ("_config.yml", "_toc.yml")}
        files |= _tree(store.PROJECT / "book", "book")
        source = _tree(store.CODE / "sercore", "sercore")  # pages show parts of it
        files |= {name: path for name, path in source.items() if path.suffix == ".py"}
        files |= _tree(Path(temporary), "")
        for name, path in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if path.parent == store.PROJECT / "book" and path.suffix == ".md":
                words = prose.fill(path.read_text(encoding="utf-8"), numbers, where=name)
                store.write(folder / name, words.encode())
            else:
                shutil.copyfile(path, folder / name)
    for chapter in executed:
        name = f"notebooks/{chapter.name}.ipynb"
        store.write(folder / name, captions.staged(chapter.path, where=name))
    contents = folder / "_toc.yml"
    names = [chapter.name for chapter in executed]
    contents.write_text(_contents(contents.read_text(encoding="utf-8"), names), encoding="utf-8")
    references = [store.PROJECT / "book" / "references.bib"]
    references += sorted(store.CODE.glob("sercore/papers/*/references.bib"))
    texts = [path.read_text(encoding="utf-8") for path in references if path.is_file()]
    if texts:
        store.write(folder / "book" / "references.bib", "\n".join(texts).encode())


def _contents(text: str, names: Sequence[str]) -> str:
    """Add to the table of contents the chapters that it does not name, after those that it does."""
    lines = text.splitlines()
    named = {match[2]: at for at, line in enumerate(lines) if (match := CHAPTER.match(line))}
    if named:
        last = max(named.values())
        prefix = CHAPTER.match(lines[last])[1]
        lines[last + 1 : last + 1] = [prefix + name for name in names if name not in named]
    return "\n".join(lines) + "\n"


def render(build: Path) -> None:
    """Render ``build/source`` to ``build/html`` with Jupyter Book, from nothing, warnings as errors.

    An incremental rendering neither repeats its warnings nor copies a changed style sheet.

    Raises:
        ChapterError: it warned or failed; the whole log is in ``build/render.log``.
    """
    for folder in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(build / folder, ignore_errors=True)
    program = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", program, "build", str(build / "source")]
    command += ["--path-output", str(build.parent), "-W", "-n", "--keep-going"]
    done = subprocess.run(
        command, cwd=build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    log = build / "render.log"
    lines = COLOURS.sub("", done.stdout).splitlines()
    log.write_text("\n".join(lines))
    if done.returncode:
        shutil.rmtree(build / "html", ignore_errors=True)
        problems = [line for line in lines if "WARNING" in line or "ERROR" in line] or lines
        raise ChapterError(
            "\n".join(["the pages did not render:", *problems[-20:], f"{log}: the whole log."])
        )


def _installation() -> dict[str, float]:
    """Return the seconds that ``make`` took to install everything, if it did."""
    text = INSTALLED.read_text().strip() if INSTALLED.is_file() else ""
    return {INSTALLATION: float(text)} if text.isdigit() else {}


def _tree(folder: Path, prefix: str) -> dict[str, Path]:
    """Return the files under a folder by the names they get; hidden ones are left out."""
    files = {}
    for path in sorted(folder.rglob("*")):
        name = Path(prefix) / path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            files[name.as_posix()] = path
    return files


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
