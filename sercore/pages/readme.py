"""The headline of the first page and the README: a paragraph for each chapter, from the ledger."""

from collections.abc import Mapping

from sercore import papers, store
from sercore.ledger.entries import Ledger

README = store.PROJECT / "README.md"
MARKS = ("<!-- headline: written by sercore.pages, do not edit -->", "<!-- end of headline -->")


def summary(ledgers: Mapping[str, Ledger]) -> str:
    """Say chapter by chapter what was replicated and what held, in Markdown.

    Args:
        ledgers: ledger of each paper, by the paper's name.
    """
    paragraphs = [ledger.paper.headline(ledger) for ledger in ledgers.values()]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def readme(text: str) -> str:
    """Write the README's headline anew."""
    before, rest = text.split(MARKS[0])
    ledgers = {paper.name: Ledger(paper) for paper in papers.every()}
    return f"{before}{MARKS[0]}\n{summary(ledgers)}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"
