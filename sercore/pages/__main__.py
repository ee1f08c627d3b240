"""Write the README's headline anew: ``python -m sercore.pages``."""

from sercore import papers, store
from sercore.pages.fragments import summary

README = store.PROJECT / "README.md"
MARKS = ("<!-- headline: written by sercore.pages, do not edit -->", "<!-- end of headline -->")


def readme(text: str) -> str:
    """Replace the headline in the text of the README."""
    before, rest = text.split(MARKS[0])
    return f"{before}{MARKS[0]}\n{summary('notebooks', papers.values())}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"


if __name__ == "__main__":
    README.write_text(readme(README.read_text()))
