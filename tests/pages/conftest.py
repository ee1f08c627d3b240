"""The browser that opens the pages: the system's Chromium, driven by playwright."""

import shutil
from collections.abc import Callable, Iterator

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio")


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Chromium; skips where it or playwright is missing."""
    programs = list(filter(None, map(shutil.which, NAMES)))
    if not programs:
        pytest.skip("needs Chromium: none is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as control:
        launched = control.chromium.launch(executable_path=programs[0], args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def show(browser) -> Iterator[Callable]:
    """Function that opens a page of so many pixels, light or dark, that holds the given HTML."""
    opened = []

    def show_html(body: str, *, width: int = 1400, theme: str = "light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        opened.append(page)
        page.set_content(body)
        return page

    yield show_html
    for page in opened:
        page.close()
