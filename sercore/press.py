"""The press: executed chapters and prose pages, staged in a folder of their own and rendered by Jupyter Book.

Sphinx never sees the repository's root. Warnings are errors; a rendering that failed starts from nothing the next time, because
an incremental one would not repeat its warnings.
"""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from sercore import chapters, store
from sercore.chapters import ChapterError, Executed


def book(*, out: Path = store.PROJECT, fresh: bool = False) -> Path:
    """Execute every chapter in its default edition, stage them with the pages, render them if anything changed.

    Args:
        out: folder under which ``_build/source`` and ``_build/html`` are made (default: the checkout).
        fresh: execute and render everything again.

    Returns:
        The first page, ``_build/html/index.html``.

    Raises:
        ChapterError: a chapter failed, or the rendering warned.
    """
    build = Path(out).resolve() / "_build"
    executed = []
    for name in chapters.names():
        executed.append(chapters.execute(name, fresh=fresh))
        _say(f"{name}: " + (f"executed in {executed[-1].seconds:.0f} s" if executed[-1].ran else "kept"))
    state = stage(build / "source", executed)
    page, mark = build / "html" / "index.html", build / "rendered"
    if not fresh and page.is_file() and mark.is_file() and mark.read_text() == state:
        _say("pages: nothing changed")
        return page
    _say("pages: rendering")
    mark.unlink(missing_ok=True)
    render(build, fresh=fresh)
    store.write(mark, state.encode())
    return page


def stage(folder: Path, executed: Iterable[Executed]) -> str:
    """Make a folder hold what is rendered and nothing else, touching only files that changed.

    Returns:
        Digest of all of it, and of the renderer's version.
    """
    with tempfile.TemporaryDirectory() as temporary:
        files = {name: store.PROJECT / name for name in ("_config.yml", "_toc.yml")}
        files |= _tree(store.PROJECT / "book", "book")
        files |= _tree(_generated(Path(temporary)), "")
        files |= {f"notebooks/{each.name}.ipynb": each.path for each in executed}
        for name, source in files.items():
            target = folder / name
            if not target.is_file() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
    for path in _tree(folder, "").keys() - files.keys():
        (folder / path).unlink()
    contents = [[name, store.content(folder / name)] for name in sorted(files)]
    return store.digest([contents, importlib.metadata.version("jupyter-book")])


def render(build: Path, *, fresh: bool = False) -> None:
    """Render ``build/source`` to ``build/html`` with Jupyter Book, warnings as errors.

    Raises:
        ChapterError: it warned or failed; the whole log is in ``build/render.log``.
    """
    if fresh:
        _forget(build)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(build / "source")]
    command += ["--path-output", str(build.parent), "-W", "-n", "--keep-going"]
    done = subprocess.run(command, cwd=build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    log = build / "render.log"
    lines = re.sub(r"\x1b\[[\d;]*m", "", done.stdout).splitlines()
    log.write_text("\n".join(lines))
    if done.returncode:
        _forget(build)
        told = [line for line in lines if "WARNING" in line or "ERROR" in line] or lines
        raise ChapterError("\n".join(["the pages did not render:", *told[-20:], f"{log}: the whole log."]))


def _generated(folder: Path) -> Path:
    """Folder with what the pages include, under ``book/generated``, where there is a room that writes it."""
    if importlib.util.find_spec("sercore.pages"):
        importlib.import_module("sercore.pages").write(folder)
    return folder


def _tree(folder: Path, prefix: str) -> Mapping[str, Path]:
    """Files under a folder by the name they get; hidden ones left out."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = {path: (Path(prefix) / path.relative_to(folder)).as_posix() for path in found}
    return {name: path for path, name in names.items() if not any(part.startswith(".") for part in Path(name).parts)}


def _forget(build: Path) -> None:
    for folder in ("html", ".doctrees"):
        shutil.rmtree(build / folder, ignore_errors=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
