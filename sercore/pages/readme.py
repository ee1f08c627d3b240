"""What the first page and the README say of all chapters: a paragraph each, from the ledger."""

from collections.abc import Mapping

from sercore import store
from sercore.ledger.entries import Ledger
from sercore.papers.alves2022 import study as ser2022
from sercore.papers.alves2022.page import headline
from sercore.papers.biagini2022 import page as third
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.padi2021 import page as fourth
from sercore.papers.padi2021 import study as padi
from sercore.papers.parry2022 import page as second
from sercore.papers.parry2022 import study as parry

README = store.PROJECT / "README.md"
MARKS = ("<!-- headline: written by sercore.pages, do not edit -->", "<!-- end of headline -->")


def summary(ledgers: Mapping[str, Ledger]) -> str:
    """What was replicated and what held, chapter by chapter, in Markdown.

    Args:
        ledgers: of each paper, by its name.
    """
    found = [headline(ledgers[ser2022.PAPER])]
    found.append(f"Parry et al. (2022) ask whether attributes help on unseen corpora. {second.lead(ledgers[parry.PAPER])}")
    found.append(f"Biagini (2022) compares five networks. {third.lead(ledgers[loopq.PAPER])}")
    found.append(f"Padi et al. (2021) start from a speaker recogniser. {fourth.lead(ledgers[padi.PAPER])}")
    return "\n\n".join(found)


def readme(text: str) -> str:
    """The README with its headline written anew."""
    before, rest = text.split(MARKS[0])
    ledgers = {paper: Ledger(paper) for paper in (ser2022.PAPER, parry.PAPER, loopq.PAPER, padi.PAPER)}
    return f"{before}{MARKS[0]}\n{summary(ledgers)}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"
