"""The papers: one folder each, with all that is one paper's alone. No paper imports another.

Whatever goes over the papers asks here: a folder that holds ``paper.py`` is a paper, or a chapter
across them, whose ``is_paper`` is False.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache, partial

from sercore.ledger.claims import Claim
from sercore.ledger.paper import Paper
from sercore.report.prose import Values

FIELDS = (
    "name",
    "folder",
    "title",
    "subject",
    "methods",
    "classes",
    "metrics",
    "protocols",
    "Parameters",
)


class PaperError(LookupError):
    """A paper that does not exist, or that lacks a part of the contract: what was found, what was expected, what to do."""


@cache
def every() -> tuple[Paper, ...]:
    """All papers, in the order of their chapters.

    Raises:
        PaperError: a folder whose paper lacks something; the sentence names it.
    """
    return tuple(sorted((_load(folder) for folder in folders()), key=lambda paper: paper.name))


def folders() -> list[str]:
    """Names of the papers' folders."""
    return [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]


def named(name: str) -> Paper:
    """The paper of a chapter's name or number, or of a folder's name.

    Raises:
        PaperError: no such paper.
    """
    for paper in every():
        if name in (paper.name, paper.name.partition("-")[0], paper.folder):
            return paper
    names = ", ".join(paper.name for paper in every())
    raise PaperError(f"{name}: no such paper; expected one of {names}. Name one of them.")


def values() -> dict[str, Values]:
    """What the words of a page can name: the numbers of each paper, by its folder."""
    return {paper.folder: Values(paper, partial(claims, paper)) for paper in every()}


def claims(paper: Paper) -> Sequence[Claim]:
    """Return the claims of a paper, ``CLAIMS`` of ``claims.py`` in its folder; none without a paper."""
    if not paper.is_paper:
        return ()
    return importlib.import_module(f"{__name__}.{paper.folder}.claims").CLAIMS


def _load(folder: str) -> Paper:
    """Import a folder's paper and refuse it where it lacks something."""
    place = f"sercore/papers/{folder}/paper.py"
    try:
        module = importlib.import_module(f"{__name__}.{folder}.paper")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{folder}.paper":
            raise
        raise PaperError(
            f"{place}: no such file; expected one with PAPER. Write it, or remove the folder."
        ) from None
    except TypeError as error:
        if "abstract" not in str(error):
            raise
        sentence = str(error).replace("'", "")  # Python 3.12 quotes the names, 3.11 does not
        raise PaperError(f"{place}: {sentence}. Write what is missing.") from None
    paper = getattr(module, "PAPER", None)
    if not isinstance(paper, Paper):
        raise PaperError(
            f"{place}: no PAPER; expected an instance of a subclass of Paper. Name it so."
        )
    missing = [field for field in FIELDS if not hasattr(paper, field)]
    if missing:
        raise PaperError(
            f"{place}: {type(paper).__name__} has no {', '.join(missing)}; see `Paper` for what each is. Add it."
        )
    if paper.folder != folder:
        raise PaperError(
            f"{place}: its folder is called {paper.folder}; expected {folder}. Rename one."
        )
    return paper
