"""Which commit this checkout is at, and on which machine: for what is kept of a run."""

import platform
import shutil
import subprocess
from pathlib import Path

from sercore import store

PROCESSORS = Path("/proc/cpuinfo")


def state() -> dict[str, object]:
    """Commit, and whether the tree is clean but for what is recorded; "unknown" and False where there is no repository."""
    changed = _git(
        "status", "--porcelain", "--untracked-files=no", "--", ".", ":!book/ledger/recorded"
    )
    return {"commit": _git("rev-parse", "HEAD"), "clean": changed == ""}


def machine(device: str) -> str:
    """Name of the GPU where one is used, else of the processor.

    Args:
        device: "cpu", "cuda" or "auto".
    """
    if device != "cpu" and shutil.which("nvidia-smi"):
        import torch  # slow to import, and of no use where there is no GPU

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    names = (
        [line for line in PROCESSORS.read_text().splitlines() if line.startswith("model name")]
        if PROCESSORS.is_file()
        else []
    )
    return (
        names[0].split(":", 1)[1].strip() if names else platform.processor() or platform.machine()
    )


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=store.PROJECT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # no git on this machine
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"
