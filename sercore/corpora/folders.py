"""Corpora by their folder's name, under the folder named by ``SER_CORPORA``."""

import importlib
import os
from pathlib import Path

from sercore.corpora.table import Corpus

# Folder name and module of every corpus with an official layout.
LOADERS = {
    "cetuc": "cetuc",
    "coraa-ser": "coraa_ser",
    "crema-d": "cremad",
    "emodb": "emodb",
    "emovo": "emovo",
    "epst": "epst",
    "iemocap": "iemocap",
    "ravdess": "ravdess",
    "savee": "savee",
    "tess": "tess",
    "voxceleb": "voxceleb",
}


class CorpusError(FileNotFoundError):
    """A corpus that is not where it was looked for: what was found, what was expected, what to do."""


def home() -> Path | None:
    """Folder named by ``SER_CORPORA``, or None where it is not set."""
    named = os.environ.get("SER_CORPORA")
    return Path(named) if named else None


def load(name: str, *, root: Path | None = None) -> Corpus:
    """Read one corpus from ``root / name`` (default: under ``SER_CORPORA``).

    Raises:
        CorpusError: there is no such folder, no such loader, or no root.
    """
    if name not in LOADERS:
        raise CorpusError(f"{name}: no loader of that name; expected one of {', '.join(sorted(LOADERS))}.")
    root = root or home()
    if root is None:
        raise CorpusError(f"{name}: SER_CORPORA is not set; it names the folder that holds `{name}/`. Set it, or use edition=demo.")
    if not (root / name).is_dir():
        raise CorpusError(f"{root / name}: no such folder; expected {name} in its official layout. Put or link it there.")
    return importlib.import_module(f"sercore.corpora.{LOADERS[name]}").read(root / name)
