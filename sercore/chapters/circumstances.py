"""Under which circumstances a chapter is executed: date, machine, versions, commit."""

import datetime
import os
import platform
import shutil
from pathlib import Path

from sercore import checkout

PROCESSORS = Path("/proc/cpuinfo")


def now(*, device: str, versions: dict[str, str]) -> dict[str, object]:
    """Circumstances as plain values: date (UTC), machine, cores, python, versions, commit, and whether the tree is clean.

    Args:
        device: where networks are trained: "cpu", "cuda", or "auto" for a GPU where there is one.
        versions: of the numeric libraries that the chapter uses, by their names.
    """
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(device),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    } | checkout.state()


def machine(device: str) -> str:
    """Name of the GPU where one is used, else of the processor.

    Args:
        device: "cpu", "cuda" or "auto".
    """
    if device != "cpu" and shutil.which("nvidia-smi"):
        import torch  # slow to import, and of no use where there is no GPU

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    names = [line for line in PROCESSORS.read_text().splitlines() if line.startswith("model name")] if PROCESSORS.is_file() else []
    return names[0].split(":", 1)[1].strip() if names else platform.processor() or platform.machine()
