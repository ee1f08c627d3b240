"""The ledger's page: an anchor for every printed number, a repeated reason once, and a filter that works from disk."""

import os
import re
from collections import Counter
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest

from sercore import papers
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed
from sercore.pages import ledger as page

HTML = os.environ.get("SER_HTML")
browsed = pytest.mark.skipif(not HTML, reason="needs a rendered book: set SER_HTML to its folder")


def number(row: str, column: str, metric: str = "m", value: float | str = 0.5) -> Printed:
    return Printed(table="Table 3", row=row, column=column, metric=metric, value=value, unit="")


def planted(*numbers: Printed, verdicts=None):
    """A ledger of these numbers, without runs."""
    paper = SimpleNamespace(
        folder="planted2001",
        name="07-planted",
        title="Planted (2001)",
        numbered="7. Planted (2001)",
        subject="plants",
        plain=lambda number: None,
        place=lambda number: SimpleNamespace(value=float("nan")),
        reading=lambda row: "as-run",
        protocols={"as-published": "as-published"},
    )
    words = verdicts or [("not run", "no reason")] * len(numbers)
    by_number = dict(zip(map(id, numbers), words, strict=True))
    return SimpleNamespace(
        paper=paper,
        printed=list(numbers),
        verdict=lambda number: by_number[id(number)],
        beside=lambda number, **reading: None,
    )


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("Table 3", "table-3"),
        ("(7) Multi-task + SMOTE - CG", "7-multi-task-with-smote-without-cg"),
        ("C+G+L", "c-g-l"),
        ("its %", "its-percent"),
        ("Ação_1", "ação-1"),
    ],
)
def test_an_anchor_is_readable(text, anchor):
    assert page.slug(text) == anchor


def test_anchors_differ_where_places_do_not():
    same = number("a", "F1")
    ledger = planted(number("a", "F1"), number("a", "F1", "other"), same, number("b", "F1"))
    place = "planted2001-table-3-a-f1"
    assert page.anchors(ledger) == [
        f"{place}-m",
        f"{place}-other",
        f"{place}-m-2",
        "planted2001-table-3-b-f1",
    ]


def test_a_long_reason_is_said_once_and_linked_to():
    reason, short = "the corpus <of the paper> is not at hand", "as printed"
    verdicts = [("not run", reason), ("not run", reason), ("not run", f"{reason}; and more")]
    verdicts += [("setting", short), ("setting", short), ("not run", "once, and rather a long one")]
    numbers = [number("a", f"column {place}") for place in range(6)]
    text = page.sections({"07-planted": planted(*numbers, verdicts=verdicts)})
    assert text.startswith("## 7. Planted (2001): plants\n")
    visible = re.sub(r'title="[^"]*"', "", text)
    assert unescape(visible).count(reason) == 1
    assert text.count('href="#planted2001-reason-1"') == 3
    assert "reason 1</a>; and more" in text
    assert visible.count(short) == 2
    assert visible.count("once, and rather a long one") == 1


@pytest.fixture(scope="module")
def ledgers():
    return {paper.name: Ledger(paper) for paper in papers.every() if paper.is_paper}


def test_every_printed_number_has_its_row_its_value_and_a_link_to_itself(ledgers):
    text = page.sections(ledgers)
    rows = re.findall(r'<tr id="([^"]+)" data-verdict="([^"]+)">(.*?)</tr>', text)
    printed = [number for ledger in ledgers.values() for number in ledger.printed]
    assert len(rows) == len({name for name, *_ in rows}) == len(printed)
    assert all(f'href="#{name}"' in cells for name, _, cells in rows)
    for (_, _, cells), entry in zip(rows, printed, strict=True):
        value = entry.value if isinstance(entry.value, str) else f"{entry.value:g}"
        assert unescape(re.findall(r"<td>(.*?)</td>", cells)[0]).startswith(value)
    verdicts = Counter(word for _, word, _ in rows)
    counts = Counter(
        ledger.verdict(entry)[0] for ledger in ledgers.values() for entry in ledger.printed
    )
    assert verdicts == counts
    assert "\n\n<tr" not in text, "an empty line ends a block of HTML in Markdown"


def test_an_anchor_is_what_it_was(ledgers):
    names = page.anchors(ledgers["01-ser2022-transfer"])
    row = "alves2022-table-4-7-multi-task-8-prosodic-with-smote-without-cg"
    assert [f"{row}-{column}" in names for column in ("f1-macro", "accuracy", "loss")] == [True] * 3


class Browsed:
    """The page in a browser."""

    pytestmark = browsed

    @pytest.fixture(params=["light", "dark"])
    def opened(self, browser, request):
        tab = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme=request.param)
        faults = []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.goto(f"file://{Path(HTML).resolve()}/book/ledger.html", wait_until="load")
        yield tab
        assert not faults
        tab.close()


def shown(tab) -> int:
    return tab.evaluate(
        "[...document.querySelectorAll('table.numbers tr[id]')]"
        ".filter(row => row.getClientRects().length).length"
    )


class TestFilter(Browsed):
    def test_paper_verdict_and_text_narrow_what_is_shown(self, opened, ledgers):
        everything = sum(len(ledger.printed) for ledger in ledgers.values())
        assert shown(opened) == everything
        form = opened.locator("form.filter")
        paper, verdict = form.locator("select").nth(0), form.locator("select").nth(1)
        paper.select_option(index=2)
        second = ledgers["02-mtl-adversarial"]
        assert shown(opened) == len(second.printed)
        verdict.select_option("not run")
        missing = [entry for entry in second.printed if second.verdict(entry)[0] == "not run"]
        assert 0 < shown(opened) == len(missing) < len(second.printed)
        form.locator("input").fill("crema-d table")
        crema = shown(opened)
        assert 0 < crema < len(missing)
        assert form.locator("output").inner_text() == f"{crema} of {everything} numbers shown"
        form.locator("input").fill("no such words")
        assert shown(opened) == 0
        form.locator("button").click()
        opened.wait_for_timeout(100)
        assert shown(opened) == everything

    def test_a_reason_that_stands_in_a_note_is_searched_too(self, opened):
        opened.locator("form.filter input").fill("official test labels are not at hand")
        assert shown(opened) >= 4

    def test_a_count_of_the_tally_shows_its_numbers(self, opened):
        cell = opened.locator(".tally table tbody button").first
        count = int(cell.inner_text())
        cell.click()
        assert shown(opened) == count

    def test_the_address_keeps_what_is_chosen(self, opened):
        opened.locator("form.filter select").nth(1).select_option("not run")
        opened.locator("form.filter input").fill("crema-d")
        few = shown(opened)
        opened.goto(opened.url)
        assert shown(opened) == few > 0
        opened.locator("form.filter button").click()
        opened.wait_for_timeout(100)
        assert "?" not in opened.url

    def test_a_link_to_a_hidden_number_shows_it(self, opened, ledgers):
        opened.locator("form.filter input").fill("no such words")
        name = page.anchors(ledgers["04-resnet-specaugment"])[-1]
        opened.evaluate("name => { location.hash = name }", name)
        opened.wait_for_timeout(300)
        assert opened.locator(f"[id='{name}']").is_visible()


class TestTable(Browsed):
    def test_nothing_is_wider_than_its_box(self, opened):
        for width in (1400, 1920, 390):
            opened.set_viewport_size({"width": width, "height": 900})
            wide = opened.evaluate(
                "[...document.querySelectorAll('.bd-article table')]"
                ".filter(table => table.scrollWidth > table.clientWidth + 1).length"
            )
            assert not wide or width == 390, width
            assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth"), width

    def test_without_the_script_every_number_is_there(self, browser, ledgers):
        context = browser.new_context(java_script_enabled=False)
        tab = context.new_page()
        tab.goto(f"file://{Path(HTML).resolve()}/book/ledger.html")
        everything = sum(len(ledger.printed) for ledger in ledgers.values())
        assert tab.locator("table.numbers tr[id]").count() == everything
        assert tab.locator("table.numbers tr[id]").first.is_visible()
        assert tab.locator("form.filter").count() == 0
        context.close()
