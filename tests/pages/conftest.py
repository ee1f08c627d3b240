"""Small pages, to try the checks of the rendered ones on."""

from collections.abc import Callable, Iterator

import pytest


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
