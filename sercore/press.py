"""The press: executed chapters and prose pages, staged in a folder of their own and rendered by Jupyter Book.

Sphinx never sees the repository's root, and what has not changed is not rendered again.
"""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sercore import chapters, store
from sercore.chapters import ChapterError, Executed
from sercore.pages import fragments
from sercore.studies import loopq_saved


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
    executed = []
    for name in chapters.names():
        executed.append(chapters.execute(name, fresh=fresh))
        _say(f"{name}: " + (f"executed in {executed[-1].seconds:.0f} s" if executed[-1].ran else "kept"))
    if any(each.ran for each in executed) or not (build / "model" / "model.json").is_file():
        demo_model(build / "model")
    state = stage(build / "source", executed)
    page, mark = build / "html" / "index.html", build / "rendered"
    if not fresh and page.is_file() and mark.is_file() and mark.read_text() == state:
        _say("pages: nothing changed")
        return page
    _say("pages: rendering")
    mark.unlink(missing_ok=True)
    render(build)
    store.write(mark, state.encode())
    return page


def demo_model(folder: Path) -> None:
    """Save the demo's FCMFCC, whose training a chapter has just run, for ``sercore predict`` to be tried on.

    Args:
        folder: of the saved model.
    """
    told = loopq_saved.train("FCMFCC", {"edition": "demo"}, out=folder)
    _say(f"model: {told['model']}, demo edition, in {folder}")


def stage(folder: Path, executed: Sequence[Executed]) -> str:
    """Fill an empty folder with all that is rendered: configuration, pages, generated fragments, executed notebooks.

    Returns:
        Digest of all of it, and of the renderer's version.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        files = {name: store.PROJECT / name for name in ("_config.yml", "_toc.yml")}
        files |= _tree(store.PROJECT / "book", "book")
        files |= _tree(_generated(Path(temporary), executed), "")
        files |= {f"notebooks/{each.name}.ipynb": each.path for each in executed}
        for name, source in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)
    contents = [[name, store.content(folder / name)] for name in sorted(files)]
    return store.digest([contents, importlib.metadata.version("jupyter-book")])


def render(build: Path) -> None:
    """Render ``build/source`` to ``build/html`` with Jupyter Book, from nothing, warnings as errors.

    From nothing, because an incremental rendering neither repeats its warnings nor copies a changed style sheet.

    Raises:
        ChapterError: it warned or failed; the whole log is in ``build/render.log``.
    """
    for folder in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(build / folder, ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(build / "source")]
    command += ["--path-output", str(build.parent), "-W", "-n", "--keep-going"]
    done = subprocess.run(command, cwd=build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    log = build / "render.log"
    lines = re.sub(r"\x1b\[[\d;]*m", "", done.stdout).splitlines()
    log.write_text("\n".join(lines))
    if done.returncode:
        shutil.rmtree(build / "html", ignore_errors=True)
        told = [line for line in lines if "WARNING" in line or "ERROR" in line] or lines
        raise ChapterError("\n".join(["the pages did not render:", *told[-20:], f"{log}: the whole log."]))


def _generated(folder: Path, executed: Sequence[Executed]) -> Path:
    """Folder with what the pages include, under ``book/generated``: from the ledger, the code, and what is kept of each run."""
    fragments.write(folder, [each.run for each in executed])
    return folder


def _tree(folder: Path, prefix: str) -> Mapping[str, Path]:
    """Files under a folder by the name they get; hidden ones left out."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = {path: (Path(prefix) / path.relative_to(folder)).as_posix() for path in found}
    return {name: path for path, name in names.items() if not any(part.startswith(".") for part in Path(name).parts)}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
