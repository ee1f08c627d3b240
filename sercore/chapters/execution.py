"""One execution of a notebook by papermill, in this interpreter's own kernel.

A kernel works in the checkout, whoever asks from wherever: paths that variables of the environment
name are made absolute for it, as those of parameters are when they are checked.
"""

import os
import re
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nbformat

from sercore import progress, store
from sercore.parameters import absolute

ADDED = {"injected-parameters", "papermill-error-cell-tag"}  # tags of papermill's own cells
SILENT = ["--log-level=CRITICAL"]  # a kernel logs the interrupt that ends it as an error
PATHS = ("SER_CORPORA", "SER_STORE", "HF_HOME", "HF_HUB_CACHE")  # variables that name a folder


class ChapterError(RuntimeError):
    """A chapter that does not exist, is not written as a chapter, or failed."""


def run(
    notebook: Path,
    parameters: Mapping[str, object],
    *,
    quiet: bool = False,
    cores: int | None = None,
) -> nbformat.NotebookNode:
    """Execute a notebook in the checkout, and return it without times and paths.

    The parameters are set in a cell that is tagged ``remove-cell``, after the one tagged
    ``parameters``. What cells write to standard error, bars above all, is shown here as well,
    unless it is ``quiet``. The chapter's own processes use that many cores (default: all).

    Raises:
        ChapterError: a cell failed, or the kernel died.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")  # bars are of text here
        import papermill
    from nbclient.exceptions import DeadKernelError

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "executed.ipynb"
        try:
            executed = papermill.execute_notebook(
                notebook,
                output,
                dict(parameters),
                kernel_name="python3",
                language="python",
                cwd=store.PROJECT,
                progress_bar=False,  # the kernel's own bars are shown
                stderr_file=None if quiet else sys.stderr,
                kernel_manager_class=_this_interpreter(cores),
            )
        except papermill.PapermillExecutionError as error:
            raise ChapterError(_failure(notebook, error, output)) from None
        except DeadKernelError:
            raise ChapterError(
                f"notebooks/{notebook.name}: its kernel died; often there was too little memory."
            ) from None
    return _stripped(executed)


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Watch the most memory of this process and all it started, in MiB, twice a second.

    It is the one value of the list, which grows.
    """
    import psutil

    peak, done = [0.0], threading.Event()

    def look() -> None:
        parent = psutil.Process()
        while not done.wait(0.5):
            used = 0
            for process in [parent, *parent.children(recursive=True)]:
                try:
                    used += process.memory_info().rss
                except psutil.Error:
                    continue  # it ended meanwhile
            peak[0] = max(peak[0], used / 2**20)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _this_interpreter(cores: int | None) -> type:
    """Return a kernel manager of this very interpreter, whatever kernels the machine has."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else older ipykernels warn

    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    variables = {name: absolute(os.environ[name]) for name in PATHS if os.environ.get(name)}
    if not progress.is_terminal():
        variables[progress.LOG] = "log"
    if cores is not None:
        variables["LOKY_MAX_CPU_COUNT"] = str(cores)

    class ThisInterpreter(AsyncKernelManager):
        kernel_spec = property(lambda self: KernelSpec(**get_kernel_dict(SILENT), env=variables))

        def __init__(self, **settings: object) -> None:
            super().__init__(transport_encryption="auto", **settings)

    return ThisInterpreter


def _failure(notebook: Path, error: Exception, output: Path) -> str:
    """Say which cell failed, how its error ends, and where the half-executed notebook stays."""
    left = store.root() / "failed" / notebook.name
    left.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(output, left)
    place = number = 0
    for cell in nbformat.read(left, as_version=4).cells:
        if not ADDED & set(cell.metadata.get("tags", [])):
            number += 1
            if cell.get("execution_count") == error.exec_count:
                place = number
    lines = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback)).strip().splitlines()
    end = "\n".join(f"    {line}" for line in lines[-6:])
    return (
        f"notebooks/{notebook.name}: cell {place} failed.\n{end}\n{left}: the notebook up to there."
    )


def _stripped(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for extra in ("papermill", "execution", "ExecuteTime"):
            cell.metadata.pop(extra, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "remove-cell"]
    return notebook
