"""Faults of a page on paper: what its PDF, as Chromium prints it, has lost or shows wrongly."""

import io
import re
import unicodedata
from dataclasses import dataclass, field

from pypdf import PdfReader

from sercore.ledger.entries import VERDICTS

# A sheet of A4 less the margins of custom.css, in pixels.
WIDTH = 703
# Operators of a PDF: those that paint, those that write, and those that set the colour of both.
PAINT = {b"f", b"f*", b"F", b"S", b"s", b"B", b"B*", b"b", b"b*", b"sh", b"Do", b"BI"}
WRITE = {b"Tj", b"TJ", b"'", b'"'}
FILL = {b"rg", b"g", b"sc", b"scn"}
PALE = 0.45  # luminance from which letters are hard to read on white: a contrast below 2.1

# The text that paper should have: of the article, without what only a screen can show or do. Code stays away;
# of a folded cell, whose code is hidden alone, the output is printed.
ARTICLE = """() => {
    const article = document.querySelector('.bd-article').cloneNode(true);
    const heads = [...article.querySelectorAll('thead')].map(head => head.textContent).join(' ');
    const screen = 'script, style, button, .headerlink, div.cell:not(.tag_hide-cell) details.hide, .tag_hide-cell .cell_input';
    for (const part of article.querySelectorAll(screen)) part.remove();
    return [article.textContent, heads];
}"""
CAPTIONS = """() => [...document.querySelectorAll('.bd-article figcaption .caption-text')].map(caption => {
    const words = caption.cloneNode(true);
    for (const formula of words.querySelectorAll('.math, mjx-container')) formula.remove(); // a picture on paper
    return words.textContent;
})"""
CUT = """() => {
    for (const fold of document.querySelectorAll('.bd-article details')) fold.open = true;
    return [...document.querySelectorAll('.bd-article :is(table, pre, img, svg)')]
        .filter(part => part.getBoundingClientRect().width
            && (part.getBoundingClientRect().right > innerWidth + 1
                || part.scrollWidth > part.clientWidth + 1 && part.matches('pre')))
        .map(part => `${part.tagName} ${(part.caption || part).textContent.trim().slice(0, 60)}: to `
            + `${Math.round(part.getBoundingClientRect().right)} px of ${innerWidth}`);
}"""


@dataclass
class Sheet:
    """A printed page: its text, how often something was painted, and the pale letters."""

    text: str = ""
    painted: int = 0
    pale: set[tuple[float, ...]] = field(default_factory=set)


def sheets(page) -> list[Sheet]:
    """Print a page on A4 and read the sheets."""
    reader = PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True)))
    return [read(sheet) for sheet in reader.pages]


def read(page) -> Sheet:
    """Read the text of a PDF's page, and the colours it is written in."""
    sheet, colour = Sheet(), [(0.0,)]

    def watch(operator, operands, *_):
        if operator in FILL:
            colour[0] = tuple(float(part) for part in operands if not isinstance(part, str))
        elif operator in PAINT:
            sheet.painted += 1
        elif operator in WRITE and luminance(colour[0]) > PALE:
            sheet.pale.add(colour[0])

    sheet.text = page.extract_text(visitor_operand_before=watch)
    return sheet


def luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance of a grey or an RGB colour, 0 for black and 1 for white."""
    channels = colour * 3 if len(colour) == 1 else colour
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lost_verdicts(page, printed: list[Sheet]) -> list[str]:
    """List the verdicts that stand more or less often on paper than in the page.

    A table's headings are printed again on each of its sheets: a word in one may be more often.
    """
    text, heads = map(letters, page.evaluate(ARTICLE))
    on_paper = letters("".join(sheet.text for sheet in printed))
    faults = []
    for verdict in map(letters, VERDICTS):
        expected, count = text.count(verdict), on_paper.count(verdict)
        if count < expected or (count > expected and verdict not in heads):
            faults.append(f"{verdict}: {expected} in the page, {count} on paper")
    return faults


def lost_captions(page, printed: list[Sheet]) -> list[str]:
    """List the figures whose captions are not on paper, those in folds included."""
    on_paper = letters("".join(sheet.text for sheet in printed))
    captions = page.evaluate(CAPTIONS)
    return [f"not on paper: {text}" for text in captions if letters(text)[:60] not in on_paper]


def letters(text: str) -> str:
    """Return a text without spaces: lines break elsewhere on paper."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def empty_sheets(printed: list[Sheet]) -> list[str]:
    """List the sheets with nothing on them."""
    faults = []
    for number, sheet in enumerate(printed, 1):
        if not sheet.text.strip() and not sheet.painted:
            faults.append(f"sheet {number} is empty")
    return faults


def pale_letters(printed: list[Sheet]) -> list[str]:
    """List the sheets with letters that white paper swallows."""
    pale = {number: sheet.pale for number, sheet in enumerate(printed, 1) if sheet.pale}
    return [f"sheet {number} is written in {sorted(colours)}" for number, colours in pale.items()]


def cut_on_paper(page) -> list[str]:
    """List tables, code and pictures that reach past a sheet's edge."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    return page.evaluate(CUT)
