"""Corpora by their folder's name, under the folder named by ``SER_CORPORA``."""

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from sercore.corpora.reports import TITLES, Problem, Report
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
    """Folder named by ``SER_CORPORA``, as an absolute path, or None where it is not set."""
    named = os.environ.get("SER_CORPORA")
    return Path(named).expanduser().absolute() if named else None


def load(name: str, *, root: Path | None = None) -> Corpus:
    """Read one corpus from ``root / name`` (default: under ``SER_CORPORA``).

    Raises:
        CorpusError: there is no such folder, no such loader, or no root.
    """
    if name not in LOADERS:
        raise CorpusError(
            f"{name}: no loader of that name; expected one of {', '.join(sorted(LOADERS))}."
        )
    root = root or home()
    if root is None:
        raise CorpusError(
            f"{name}: SER_CORPORA is not set; it names the folder that holds `{name}/`. Set it, or use edition=demo."
        )
    if not (root / name).is_dir():
        raise CorpusError(
            f"{root / name}: no such folder; expected {name} in its official layout. Put or link it there."
        )
    loader = importlib.import_module(f"sercore.corpora.{LOADERS[name]}")
    corpus = loader.read(root / name)
    if corpus.table.empty and (deeper := _one_deeper(loader, root / name)):
        corpus.problems.insert(0, deeper)
    return corpus


def lacking(names: Iterable[str]) -> list[str]:
    """What keeps these corpora under ``SER_CORPORA`` from being complete, a text each; empty where all of them are.

    A folder that is not there is named; one that is not whole is named with what its loader misses in it.

    Args:
        names: of the folders.
    """
    root, texts = home(), []
    for name in names:
        if root is None or not (root / name).is_dir():
            texts.append(f"{TITLES.get(name, name)} (folder {name})")
        else:
            texts += partial([load(name).report])
    return texts


def partial(reports: Iterable[Report]) -> list[str]:
    """The corpora of these reports that are not whole, each with what its loader misses."""
    return [
        f"{each.title} (folder {each.corpus}: {'; '.join(each.lacking)})"
        for each in reports
        if each.lacking
    ]


def _one_deeper(loader: ModuleType, folder: Path) -> Problem | None:
    """Where the clips are, if they lie in a folder of the corpus' folder, as some archives unpack."""
    for inner in sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    ):
        if clips := len(loader.read(inner).table):
            sentence = f"{folder}: no clip in its official layout, but {clips} in {inner}, one folder deeper. Put what is in"
            return Problem(f"{sentence} {inner.name} directly into {folder.name}.", "nested", 1)
    return None
