"""The press: executed chapters and prose pages, staged in a folder of their own and rendered by Jupyter Book.

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
from collections.abc import Mapping, Sequence
from pathlib import Path

from sercore import chapters, predict, store
from sercore.chapters import ChapterError, Executed
from sercore.corpora.demo import synthetic
from sercore.pages import fragments
from sercore.pages.status import DEMO, INSTALLATION, RENDERING, UNKNOWN

INSTALLED = store.PROJECT / ".venv" / "installed"  # the Makefile's: how many seconds it took
# What the pages are made of, excerpts and the API's reference too, beside the executed chapters.
SOURCES = (
    "_config.yml",
    "_toc.yml",
    "book/**/*",
    "sercore/**/*.py",
    "sercore/papers/*/*.bib",
    "notebooks/*.ipynb",
    "benchmarks/*.py",
)
TIMES = "times.json"  # seconds of the parts of the book that are no chapter, by name


def book(*, out: Path = store.PROJECT, fresh: bool = False) -> Path:
    """Execute every chapter in its default edition, stage them with the pages, render them if anything changed.

    Args:
        out: folder under which ``_build/source`` and ``_build/html`` are made (default: the checkout).
        fresh: execute and render everything again.

    Returns:
        The first page, ``_build/html/index.html``; the demo's model is in ``_build/model``.

    Raises:
        ChapterError: a chapter failed, or the rendering warned.
    """
    build = Path(out).resolve() / "_build"
    times = json.loads((build / TIMES).read_text()) if (build / TIMES).is_file() else {}
    times |= _installation() | demo_corpora()
    store.write(
        build / TIMES, json.dumps(times).encode()
    )  # the corpora are made once: kept even where what follows fails
    times.pop(RENDERING, None)
    executed = []
    for name in chapters.names():
        executed.append(chapters.execute(name, fresh=fresh))
        _say(
            f"{name}: "
            + (f"executed in {executed[-1].seconds:.0f} s" if executed[-1].ran else "kept")
        )
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
    _tell_rendering(build / "html" / "book" / "status.html", times[RENDERING])
    store.write(build / TIMES, json.dumps(times).encode())
    store.write(mark, state.encode())
    return page


def demo_corpora() -> dict[str, float]:
    """Make the demo corpora that are not there; seconds by the name of the part, none where all were there."""
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
    """Save the demo's FCMFCC, whose training a chapter has just run, for ``sercore predict`` to be tried on.

    Args:
        folder: of the saved model.
    """
    about = predict.train("FCMFCC", {"edition": "demo"}, out=folder)
    _say(f"model: {about['model']}, demo edition, in {folder}")


def read_by_the_pages(executed: Sequence[Executed], times: Mapping[str, float]) -> str:
    """Digest of all that the pages are made of: files of this checkout, executed chapters, times, and the renderer's version.

    Looked at file by file: to write what the pages say of them takes longer than to see that nothing has changed.
    """
    files = [path for pattern in SOURCES for path in store.PROJECT.glob(pattern) if path.is_file()]
    contents = [
        [path.relative_to(store.PROJECT).as_posix(), store.content(path)] for path in sorted(files)
    ]
    chapters_read = [
        [chapter.name, store.content(chapter.path), chapter.run] for chapter in executed
    ]
    return store.digest(
        [contents, chapters_read, times, importlib.metadata.version("jupyter-book")]
    )


def stage(folder: Path, executed: Sequence[Executed], times: Mapping[str, float]) -> None:
    """Fill an empty folder with all that is rendered: configuration, pages, generated fragments, executed notebooks.

    Args:
        folder: emptied first.
        executed: the chapters.
        times: seconds of other parts, by name; the rendering's own is not known yet.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        files = {name: store.PROJECT / name for name in ("_config.yml", "_toc.yml")}
        files |= _tree(store.PROJECT / "book", "book")
        source = _tree(store.PROJECT / "sercore", "sercore")  # pages show parts of it
        files |= {name: path for name, path in source.items() if path.suffix == ".py"}
        files |= _tree(_generated(Path(temporary), executed, times), "")
        files |= {f"notebooks/{chapter.name}.ipynb": chapter.path for chapter in executed}
        for name, source in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)
    contents = folder / "_toc.yml"
    contents.write_text(
        _contents(contents.read_text(encoding="utf-8"), [chapter.name for chapter in executed]),
        encoding="utf-8",
    )
    references = [
        store.PROJECT / "book" / "references.bib",
        *sorted(store.PROJECT.glob("sercore/papers/*/references.bib")),
    ]
    texts = [path.read_text(encoding="utf-8") for path in references if path.is_file()]
    if texts:
        place = folder / "book" / "references.bib"
        place.write_text("\n".join(texts), encoding="utf-8")


def _contents(text: str, names: Sequence[str]) -> str:
    """Add to the table of contents the chapters that it does not name, after those that it does."""
    lines = text.splitlines()
    chapter = re.compile(r"^( *- file: notebooks/)(\S+)$")
    named = {match.group(2): at for at, line in enumerate(lines) if (match := chapter.match(line))}
    last = max(named.values(), default=None)
    if last is not None:
        prefix = chapter.match(lines[last]).group(1)
        lines[last + 1 : last + 1] = [prefix + name for name in names if name not in named]
    return "\n".join(lines) + "\n"


def render(build: Path) -> None:
    """Render ``build/source`` to ``build/html`` with Jupyter Book, from nothing, warnings as errors.

    From nothing, because an incremental rendering neither repeats its warnings nor copies a changed style sheet.

    Raises:
        ChapterError: it warned or failed; the whole log is in ``build/render.log``.
    """
    for folder in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(build / folder, ignore_errors=True)
    command = [
        sys.executable,
        "-c",
        "from jupyter_book.cli.main import main; main()",
        "build",
        str(build / "source"),
    ]
    command += ["--path-output", str(build.parent), "-W", "-n", "--keep-going"]
    done = subprocess.run(
        command, cwd=build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    log = build / "render.log"
    lines = re.sub(r"\x1b\[[\d;]*m", "", done.stdout).splitlines()
    log.write_text("\n".join(lines))
    if done.returncode:
        shutil.rmtree(build / "html", ignore_errors=True)
        problems = [line for line in lines if "WARNING" in line or "ERROR" in line] or lines
        raise ChapterError(
            "\n".join(["the pages did not render:", *problems[-20:], f"{log}: the whole log."])
        )


def _generated(folder: Path, executed: Sequence[Executed], times: Mapping[str, float]) -> Path:
    """Folder with what the pages include, under ``book/generated``: from the ledger, the code, and what is kept of each run."""
    fragments.write(folder, [chapter.run for chapter in executed], times)
    return folder


def _installation() -> dict[str, float]:
    """Seconds that ``make`` took to install everything; nothing where it was installed otherwise."""
    text = INSTALLED.read_text().strip() if INSTALLED.is_file() else ""
    return {INSTALLATION: float(text)} if text.isdigit() else {}


def _tell_rendering(page: Path, seconds: float) -> None:
    """Put the seconds of the rendering into the page that has just been rendered, where it left room for them."""
    if page.is_file():
        store.write(
            page, page.read_text(encoding="utf-8").replace(UNKNOWN, f"{seconds:.0f}").encode()
        )


def _tree(folder: Path, prefix: str) -> Mapping[str, Path]:
    """Files under a folder by the name they get; hidden ones left out."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = {path: (Path(prefix) / path.relative_to(folder)).as_posix() for path in paths}
    return {
        name: path
        for path, name in names.items()
        if not any(part.startswith(".") for part in Path(name).parts)
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
