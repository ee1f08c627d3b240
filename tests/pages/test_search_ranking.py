"""The search of the rendered book: what a reader looks for comes first, and Python objects last."""

import pytest

from tests.pages.rendered import HTML, address

pytestmark = pytest.mark.skipif(HTML is None, reason="needs a rendered book: set SER_HTML")

# Pages that help a reader who asks this; the first three hits are among them.
WANTED = {
    "gender": {"notebooks/01-ser2022-transfer", "notebooks/02-mtl-adversarial", "book/data", "book/glossary", "book/reading"},
    "SMOTE": {"notebooks/01-ser2022-transfer", "notebooks/05-leaks-and-luck", "book/glossary", "book/reading"},
    "install": {"book/install", "book/own-speech", "book/index", "book/status", "book/glossary"},
    "leak": {"book/leaks", "book/index", "book/glossary", "book/reading",
        "notebooks/01-ser2022-transfer", "notebooks/03-loopq-models", "notebooks/05-leaks-and-luck"},
}  # fmt: skip


@pytest.fixture(scope="module")
def hits(browser):
    tab = browser.new_page()

    def search(query: str) -> list[str]:
        tab.goto(address(f"search.html?q={query}"), wait_until="load")
        tab.wait_for_function(
            "document.querySelector('.search-summary')?.innerText.includes('found')"
        )
        links = tab.locator("#search-results li a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        return [link.split("#")[0].removesuffix(".html") for link in links]

    yield search
    tab.close()


@pytest.mark.parametrize("query", WANTED)
def test_the_first_three_hits_are_pages_that_a_reader_wants(hits, query):
    first = list(dict.fromkeys(hits(query)))[:3]
    assert len(first) == 3
    assert set(first) <= WANTED[query]


def test_python_objects_are_still_found_after_the_pages(hits):
    pages = hits("gender")
    is_object = [page.startswith(("book/generated/api/", "book/api")) for page in pages]
    assert any(is_object)
    assert is_object == sorted(is_object)
