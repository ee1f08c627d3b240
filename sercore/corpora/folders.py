"""Corpora by their folder's name, under the folder that ``SER_CORPORA`` names."""

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from sercore.corpora.clips import TITLES, Problem, Report
from sercore.corpora.table import Corpus

# Module of every corpus with an official layout, by the name of its folder.
NAMES = ("cetuc", "emodb", "emovo", "epst", "iemocap", "ravdess", "savee", "tess", "voxceleb")
LOADERS = {"coraa-ser": "coraa_ser", "crema-d": "cremad", **{name: name for name in NAMES}}


class CorpusError(FileNotFoundError):
    """A corpus that is not where it is expected."""


def home() -> Path | None:
    """Return the absolute path of the folder that ``SER_CORPORA`` names, or None if it is not set."""
    named = os.environ.get("SER_CORPORA")
    return Path(named).expanduser().absolute() if named else None


def load(name: str, *, root: Path | str | None = None) -> Corpus:
    """Read one corpus from ``root / name`` (default: under ``SER_CORPORA``).

    Raises:
        CorpusError: there is no such folder, no such loader, or no root.
    """
    if name not in LOADERS:
        known = ", ".join(sorted(LOADERS))
        raise CorpusError(f"{name}: no loader of that name; expected one of {known}.")
    root = Path(root) if root else home()
    if root is None:
        raise CorpusError(
            f"{name}: SER_CORPORA is not set; it names the folder that holds `{name}/`. Set it, or"
            " use edition=demo."
        )
    if not is_there(name, root):
        raise CorpusError(f"{_no_folder(name, root)} Put or link it there.")
    loader = importlib.import_module(f"sercore.corpora.{LOADERS[name]}")
    corpus = loader.read(root / name)
    if corpus.table.empty and (deeper := _one_deeper(loader, root / name)):
        corpus.problems.insert(0, deeper)
    return corpus


def is_there(name: str, root: Path | str | None = None) -> bool:
    """Tell whether a corpus has a folder under ``root`` (default: under ``SER_CORPORA``).

    Raises:
        CorpusError: there is one of nearly that name, such as ``RAVDESS``, which no loader reads.
    """
    root = Path(root) if root else home()
    if root is None or (root / name).is_dir():
        return root is not None
    if root.is_dir():
        for inner in sorted(root.iterdir()):
            if inner.is_dir() and _plain(inner.name) == _plain(name):
                sentence = _no_folder(name, root)
                raise CorpusError(f"{sentence} There is {inner.name}: rename or link it.")
    return False


def lacking(names: Iterable[str]) -> list[str]:
    """Describe the corpora under ``SER_CORPORA`` that are missing or not whole, a text each."""
    texts = []
    for name in names:
        if not is_there(name):
            texts.append(f"{TITLES.get(name, name)} (folder {name})")
        else:
            texts += partial([load(name).report])
    return texts


def partial(reports: Iterable[Report]) -> list[str]:
    """Describe the corpora that are not whole, with what their loaders miss."""
    texts = []
    for report in reports:
        if lacking := report.lacking:
            texts.append(f"{report.title} (folder {report.corpus}: {'; '.join(lacking)})")
    return texts


def _no_folder(name: str, root: Path) -> str:
    return f"{root / name}: no such folder; expected {name} in its official layout."


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _one_deeper(loader: ModuleType, folder: Path) -> Problem | None:
    """Report clips that lie in a folder of the corpus' folder, as some archives unpack."""
    for inner in sorted(folder.iterdir()):
        if not inner.is_dir() or inner.name.startswith("."):
            continue
        if clips := len(loader.read(inner).table):
            sentence = (
                f"{folder}: no clip in its official layout, but {clips} in {inner}, one folder"
                f" deeper. Put what is in {inner.name} directly into {folder.name}."
            )
            return Problem(sentence, "nested", 1)
    return None
