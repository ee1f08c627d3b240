"""sercore from its wheel, in a folder that is no checkout, offline."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

from sercore import store
from tests.kept import with_estimates

BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"
# In every interpreter that a test starts: whatever wants a network fails where it asks.
OFFLINE = """
import socket
connect = socket.socket.connect
def refuse_others(self, address):
    if self.family != socket.AF_UNIX and not str(address[0]).startswith("127."):
        raise OSError(f"{address[0]}: the tests reach no other machine")
    connect(self, address)
socket.socket.connect = refuse_others
"""


class Installed:
    """The wheel, built from the source archive and installed, and an empty folder to work in."""

    def __init__(self, home: Path) -> None:
        self.source, self.folder, self.code = _archive(home), home / "empty", home / "installed"
        with tarfile.open(self.source) as archive:
            archive.extractall(home, filter="data")
        unpacked = home / self.source.name.removesuffix(".tar.gz")
        self.wheel = _build("build_wheel", unpacked, home)
        self.folder.mkdir()
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        subprocess.run([*pip, "--target", self.code, self.wheel], check=True)
        (self.code / "sitecustomize.py").write_text(OFFLINE)
        self.cache = with_estimates(home / "cache" / "sercore")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SER_")
        } | {
            "PYTHONPATH": str(self.code),
            "XDG_CACHE_HOME": str(home / "cache"),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
        }

    def python(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Python in the empty folder, with the installed package."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


def _archive(home: Path) -> Path:
    """Copy the checkout, without what was built in it, and build its source archive."""
    copy = home / "sercore-copy"
    ignored = {".git", ".venv", "_build", "build", "dist"}
    for name in sorted(path.name for path in store.PROJECT.iterdir()):
        if name not in ignored and not name.endswith(("_cache", ".egg-info")):
            copy.mkdir(exist_ok=True)
            subprocess.run(["cp", "-r", store.PROJECT / name, copy / name], check=True)
    return _build("build_sdist", copy, home)


def _build(kind: str, project: Path, out: Path) -> Path:
    command = [sys.executable, "-c", BUILD, kind, str(out)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return out / done.stdout.splitlines()[-1]
