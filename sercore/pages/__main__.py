"""Write the README's headline and picture anew: ``python -m sercore.pages``."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from sercore import papers, store
from sercore.pages.fragments import save, summary
from sercore.report.prose import Values

README = store.PROJECT / "README.md"
MARKS = ("<!-- headline: written by sercore.pages, do not edit -->", "<!-- end of headline -->")
PICTURE = store.PROJECT / "book" / "steps.svg"


def readme(text: str, values: Mapping[str, Values]) -> str:
    """Replace the headline in the text of the README by that of the papers' values."""
    before, rest = text.split(MARKS[0])
    return (
        f"{before}{MARKS[0]}\n{summary('notebooks', values)}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"
    )


def picture(values: Mapping[str, Values]) -> Figure:
    """Draw the picture with which the first page opens."""
    for one in values.values():
        figures = one.ledger.paper.figures(one.ledger)
        if PICTURE.name in figures:
            return figures[PICTURE.name]
    raise ValueError(f"no paper draws {PICTURE.name}; expected one that does. Name it in a paper.")


if __name__ == "__main__":
    values_of_papers = papers.values()
    README.write_text(readme(README.read_text(), values_of_papers))
    save(picture(values_of_papers), PICTURE)
