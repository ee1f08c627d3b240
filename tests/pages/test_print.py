"""Every chapter on paper: with all verdicts and figures, light, no table cut and no sheet empty."""

import pytest

from tests.pages import paper_faults
from tests.pages.rendered import CHAPTERS, HTML, address

pytestmark = pytest.mark.skipif(HTML is None, reason="needs a rendered book: set SER_HTML")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_printed_chapter_is_whole(browser, name):
    page = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme="dark")
    page.goto(address(name), wait_until="load")
    printed = paper_faults.sheets(page)
    faults = paper_faults.lost_verdicts(page, printed) + paper_faults.lost_captions(page, printed)
    faults += paper_faults.empty_sheets(printed) + paper_faults.pale_letters(printed)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark", "of the screen again"
    assert not page.query_selector(".bd-article details.fold[open]"), "folded again"
    faults += paper_faults.cut_on_paper(page)
    page.close()
    assert not faults
