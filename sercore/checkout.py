"""Commit of this checkout and circumstances of a run on this machine, for the records of runs."""

import datetime
import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path

from sercore import store

PROCESSORS = Path("/proc/cpuinfo")


class CheckoutError(RuntimeError):
    """A command that only a checkout can carry out, asked of an installed wheel."""


def require(command: str) -> None:
    """Refuse a command of ``sercore`` that writes into the checkout where there is none.

    Raises:
        CheckoutError: sercore was installed from a wheel.
    """
    if not store.IS_CHECKOUT:
        raise CheckoutError(
            f"sercore {command}: it writes into book/ledger of a checkout, and sercore is installed"
            f" in {store.CODE} without one; unpack the source archive"
            f" (sercore-{importlib.metadata.version('sercore')}.tar.gz) or clone the repository,"
            f" and run `make {command}` in that folder."
        )


def circumstances(*, device: str, versions: dict[str, str]) -> dict[str, object]:
    """Say when and where a run is made, with which versions, and of which ``state``."""
    has_affinity = hasattr(os, "sched_getaffinity")
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(device),
        "cores": len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    } | state()


def state() -> dict[str, object]:
    """Name the commit, and whether the tree is clean but for records.

    The commit is "unknown" where there is none, or where the history is that of a folder around
    this project, into which it was unpacked or installed.
    """
    top = _git("rev-parse", "--show-toplevel")
    if Path(top).resolve() != store.PROJECT.resolve():
        return {"commit": "unknown", "clean": False}
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", ".", ":!book/ledger/recorded"
    )
    return {"commit": _git("rev-parse", "HEAD"), "clean": changed == ""}


def machine(device: str) -> str:
    """Name the GPU that a device ("cpu", "cuda" or "auto") stands for, else the processor."""
    if device != "cpu" and shutil.which("nvidia-smi"):
        import torch  # slow to import

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    if PROCESSORS.is_file():
        for line in PROCESSORS.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=store.PROJECT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git on this machine
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"
