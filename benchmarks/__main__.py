"""Every benchmark in turn, and what each prints, kept for the book's page on speed.

Usage: ``python -m benchmarks [NAME ...] [--record]``; without names, all of them. ``--record`` writes what a benchmark printed,
with the machine, the date and the commit, into ``book/ledger/recorded/speed``; a benchmark that fails is not recorded.
"""

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sercore import checkout, sealed
from sercore.pages.speed import RECORDED

LIBRARIES = ("numpy", "scipy", "torch", "librosa", "praat-parselmouth", "joblib", "distributed")
FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("[a-z]*.py")))


def output(name: str) -> list[str]:
    """Lines that a benchmark prints, shown as they come.

    Raises:
        CalledProcessError: it failed.
    """
    command, lines = [sys.executable, "-m", f"{FOLDER.name}.{name}"], []
    with subprocess.Popen(command, cwd=FOLDER.parent, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return lines


def record(name: str, lines: Sequence[str], *, folder: Path = RECORDED) -> Path:
    """Keep what a benchmark printed, with the circumstances."""
    versions = {each: importlib.metadata.version(each).split("+")[0] for each in LIBRARIES}
    about = checkout.circumstances(device="auto", versions=versions) | {"printed": list(lines)}
    target = folder / f"{name}.json"
    with sealed.locked(folder):
        text = json.dumps(about, indent=1, sort_keys=True) + "\n"
        sealed.replace(folder, {target.name: text.encode()}, name=sealed.DIGESTS)
    return target


def main(given: Sequence[str]) -> None:
    names = [name for name in given if name != "--record"]
    if unknown := sorted(set(names) - set(NAMES)):
        sys.exit(f"{', '.join(unknown)}: no such benchmark; expected some of {', '.join(NAMES)}.")
    for name in names or NAMES:
        print(f"benchmarks.{name}")
        lines = output(name)
        if "--record" in given:
            print(record(name, lines))


if __name__ == "__main__":
    main(sys.argv[1:])
