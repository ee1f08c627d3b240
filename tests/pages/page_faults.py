"""Faults of a page that a browser shows: functions that list them, with an empty list for none."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
IMPACTS = ("serious", "critical")
ANCHOR = re.compile(r'\b(?:id|name)="([^"]+)"')

OPEN_FOLDS = """() => {
    for (const fold of document.querySelectorAll('.bd-article details')) fold.open = true;
}"""
TABLES = """() => [...document.querySelectorAll('.bd-article table')].flatMap(table => {
    const boxes = [table];
    for (let box = table.parentElement; box && !box.matches('.bd-article'); box = box.parentElement)
        boxes.push(box);
    const caption = (table.caption?.innerText || table.innerText).trim().slice(0, 60);
    const cut = boxes.filter(box => box.scrollWidth > box.clientWidth && box.clientWidth
        && (box === table || getComputedStyle(box).overflowX !== 'visible'));
    const past = table.getBoundingClientRect().right > innerWidth + 1;
    if (!cut.length && !past) return [];
    const box = cut[0] || document.documentElement;
    return [`${caption}: ${Math.max(box.scrollWidth, table.scrollWidth)} px wide in ${box.clientWidth}`];
})"""
SIDEWAYS = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll('body *')]
    .filter(part => part.getBoundingClientRect().right > innerWidth + 1).slice(0, 5)
    .map(part => `wider than the window: ${part.tagName}.${part.className}`)"""
FIGURES = r"""() => {
    const article = document.querySelector('.bd-article'), faults = [];
    if (!article) return faults;
    const pictures = [...article.querySelectorAll('img, svg')].filter(picture =>
        !picture.closest('mjx-container') && !picture.parentElement.closest('svg')
        && !picture.matches('.toggler') // the index's own
        && (picture.matches('img') || picture.getBoundingClientRect().width >= 48));
    const named = picture => (picture.getAttribute('alt') || picture.getAttribute('aria-label')
        || picture.querySelector('title')?.textContent || '').trim();
    for (const picture of pictures) {
        if (!picture.closest('figure')) faults.push(`in no figure: ${picture.outerHTML.slice(0, 90)}`);
        const words = named(picture);
        if (words.split(/\s+/).length < 4 || /[0-9a-f]{12}|\.(png|svg|jpe?g)\b/.test(words))
            faults.push(`no alternative text that says what is seen: "${words.slice(0, 60)}"`);
    }
    let number = 0;
    for (const figure of article.querySelectorAll('figure')) {
        const caption = (figure.querySelector('figcaption')?.innerText || '').trim();
        const match = /^(?:Figure|Fig\.)\s+(?:\d+\.)?(\d+)\b[.:]?\s*(.*)/s.exec(caption);
        number = number ? number + 1 : Number(match?.[1] || 1);  // where a page begins is another test's matter
        if (!match || Number(match[1]) !== number)
            faults.push(`figure ${number} begins its caption with "${caption.slice(0, 40)}"`);
        else if (match[2].split(/\s+/).length < 4) faults.push(`figure ${number} has a caption of too few words`);
        if (!figure.querySelector('img, svg')) faults.push(`figure ${number} has no picture`);
    }
    return faults;
}"""
PICTURES = """() => [...document.images].flatMap(image => [
    ...(image.alt.trim() ? [] : [`no alt: ${image.outerHTML.slice(0, 90)}`]),
    ...(image.complete && !image.naturalWidth ? [`not shown: ${image.src.slice(0, 90)}`] : [])])"""
LINKS = "() => [...document.links].map(link => link.href).filter(link => link.startsWith('file:'))"


def cut_tables(page) -> list[str]:
    """List the tables that do not fit into their boxes, folded ones too."""
    page.evaluate(OPEN_FOLDS)
    return page.evaluate(TABLES)


def sideways(page) -> list[str]:
    """List what makes the page wider than the window."""
    return page.evaluate(SIDEWAYS)


def figures(page) -> list[str]:
    """List figures without number, caption, picture or words for it, and pictures in no figure."""
    return page.evaluate(FIGURES)


def pictures(page) -> list[str]:
    """List images without alternative text, and those that are not shown."""
    return page.evaluate(PICTURES)


def too_high(page, most: int) -> list[str]:
    """Say how high the page is, if it is more than ``most`` pixels."""
    height = page.evaluate("document.documentElement.scrollHeight")
    return [f"{height} px high, at most {most}"] if height > most else []


def broken_links(page) -> list[str]:
    """List links to files that do not exist, or to places that no element of the page marks."""
    faults = []
    for link in dict.fromkeys(page.evaluate(LINKS)):
        parts = urlsplit(link)
        path, anchor = Path(unquote(parts.path)), unquote(parts.fragment)
        if not path.exists():
            faults.append(f"no such file: {link}")
        elif anchor and path.suffix == ".html" and anchor not in anchors(path):
            faults.append(f"no such place: {link}")
    return faults


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the names of the places in a page that a link can lead to."""
    return frozenset(ANCHOR.findall(path.read_text(encoding="utf-8")))


def inaccessible(page, *, rules: Sequence[str] = ()) -> list[str]:
    """List what axe-core calls serious or critical, folded parts included.

    Args:
        page: page that is open.
        rules: names of the rules that are tried (default: all).
    """
    page.evaluate(OPEN_FOLDS)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = list(rules)
    faults = []
    for fault in page.evaluate("options => axe.run(options)", options)["violations"]:
        if fault["impact"] in IMPACTS:
            places = [node["html"][:120] for node in fault["nodes"]]
            faults.append(f"{fault['id']} ({fault['impact']}), {len(places)} times: {places[:2]}")
    return faults
