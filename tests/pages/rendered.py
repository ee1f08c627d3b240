"""The rendered book: ``SER_HTML`` names its folder, ``SER_PICTURES`` one for pictures of its pages."""

import os
from pathlib import Path

HTML = Path(os.environ.get("SER_HTML", "")).resolve() if os.environ.get("SER_HTML") else None
PICTURES = os.environ.get("SER_PICTURES")
SENDS_ON = "index.html"  # it only leads to the first page, and has a test to itself


def pages() -> list[str]:
    """Return the names of all rendered pages."""
    if HTML is None:
        return []
    files = [path.relative_to(HTML) for path in HTML.rglob("*.html")]
    names = [path.as_posix() for path in files if "_static" not in path.parts]
    return sorted(name for name in names if name != SENDS_ON)


PAGES = pages()
CHAPTERS = [name for name in PAGES if name.startswith("notebooks/")]


def address(name: str) -> str:
    """Return the address of a page on the disk."""
    return f"file://{HTML}/{name}"


def watch(page) -> list[str]:
    """Return a list that fills with what goes wrong in a page: messages, scripts, requests."""
    wrong = []

    def listen(message):
        if message.type in ("error", "warning"):
            wrong.append(f"console: {message.text}")

    def request(asked):
        if not asked.url.startswith(("file:", "data:", "blob:")):
            wrong.append(f"outside: {asked.url}")

    page.on("console", listen)
    page.on("request", request)
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on("requestfailed", lambda asked: wrong.append(f"failed: {asked.url[:200]}"))
    return wrong


def picture(page, name: str) -> None:
    """Keep a picture of a page, where a folder for pictures is named."""
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        place = Path(PICTURES) / f"{name.removesuffix('.html').replace('/', '-')}.png"
        page.screenshot(path=place, full_page=True)
