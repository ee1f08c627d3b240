"""Under which circumstances a chapter is executed: date, machine, versions, commit."""

import datetime
import os
import platform

from sercore import checkout


def now(*, device: str, versions: dict[str, str]) -> dict[str, object]:
    """Circumstances as plain values: date (UTC), machine, cores, python, versions, commit, and whether the tree is clean.

    Args:
        device: where networks are trained: "cpu", "cuda", or "auto" for a GPU where there is one.
        versions: of the numeric libraries that the chapter uses, by their names.
    """
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": checkout.machine(device),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    } | checkout.state()
