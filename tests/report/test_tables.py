"""Tables: what a cell shows is what the ledger holds, and text is escaped."""

import math
import re
from dataclasses import replace

import pytest
from IPython.display import HTML

from sercore import papers
from sercore.evaluation.estimates import Estimate
from sercore.ledger.claims import Claim, Judgement, Untested
from sercore.ledger.entries import Ledger
from sercore.report import tables
from tests import table_cells


def estimate(value: float, seeds: int = 5) -> Estimate:
    """With an interval of the mean of 0.1 to either side, and of one run of 0.3."""
    run = {"run_low": value - 0.3, "run_high": value + 0.3} if seeds > 1 else {}
    return Estimate(value=value, low=value - 0.1, high=value + 0.1, seeds=seeds, groups=84, **run)


@pytest.mark.parametrize(
    ("given", "options", "expected"),
    [
        (None, {}, "–"),
        (estimate(0.5), {}, ("0.50", "[0.40,\N{NO-BREAK SPACE}0.60]")),
        (estimate(0.5), {"interval": "mean"}, ("0.50", "[0.40,\N{NO-BREAK SPACE}0.60]")),
        (estimate(0.5), {"interval": "one run"}, ("0.50", "[0.20,\N{NO-BREAK SPACE}0.80]")),
        (estimate(0.5), {"interval": "none"}, "0.50"),
        (estimate(0.5), {"bare": True}, "0.50"),
        (
            estimate(0.5, seeds=1),
            {},
            ("0.50", "[0.40,\N{NO-BREAK SPACE}0.60]"),
        ),  # of other speakers: one seed has it
        (
            estimate(0.5, seeds=1),
            {"interval": "one run"},
            "0.50",
        ),  # of other runs: one seed has none
        (replace(estimate(0.5), low=math.nan, high=math.nan), {}, "0.50"),
        (estimate(-0.05), {"signed": True}, ("-0.05", "[-0.15,\N{NO-BREAK SPACE}+0.05]")),
    ],
)
def test_a_cell_shows_its_value_and_interval(given, options, expected):
    assert tables.shown(given, 2, **options) == expected


def test_text_is_escaped_and_html_is_not():
    shown = tables.html(("<a>", "b"), [("<i>", HTML("<strong>8</strong>"))], caption="x < y").data
    assert "&lt;a&gt;" in shown
    assert "<td>&lt;i&gt;</td>" in shown
    assert "<strong>8</strong>" in shown
    assert "<caption>x &lt; y</caption>" in shown


def test_a_reason_is_said_once_below_the_table_and_an_interval_in_its_cell():
    reason = "run on other corpora; only order and sign are judged"
    given = [
        ("1", ("substituted", reason)),
        (("2", "[1,\N{NO-BREAK SPACE}3]"), ("substituted", reason)),
    ]
    shown = tables.html(("value", "verdict"), given)
    assert shown.data.count(f"<li>{reason}</li>") == 1
    assert table_cells.rows(shown) == [
        ["1", f"substituted  {reason}"],
        ["2  [1,\N{NO-BREAK SPACE}3]", f"substituted  {reason}"],
    ]
    other = ("inconclusive", "the interval is wider than the distance to the clean value")
    both = tables.html(("value", "verdict"), [*given, ("3", other)]).data
    assert re.findall(r"<sup[^>]*>(\w)</sup>", both) == ["a", "a", "b"]


@pytest.mark.parametrize(("number", "letters"), [(0, "a"), (25, "z"), (26, "aa"), (52, "ba")])
def test_notes_are_named_by_letters(number, letters):
    assert tables._letters(number) == letters


@pytest.mark.parametrize(
    ("count", "folded", "expected"),
    [
        (tables.LONG, None, False),
        (tables.LONG + 1, None, True),
        (1, True, True),
        (tables.LONG + 1, False, False),
    ],
)
def test_a_long_table_is_folded_under_its_caption(count, folded, expected):
    shown = tables.html(("at",), [(at,) for at in range(count)], caption="<x>", folded=folded).data
    words = f"<summary>&lt;x&gt; ({count} row{'' if count == 1 else 's'})</summary>"
    assert (words in shown) == expected
    assert ("<caption>&lt;x&gt;</caption>" in shown) != expected
    assert len(table_cells.rows(tables.html(("at",), [(at,) for at in range(count)]))) == count


def test_a_column_of_dashes_is_left_out_and_one_with_a_value_is_not():
    given = [("a", tables.DASH, tables.DASH), ("b", tables.DASH, "1")]
    shown = tables.html(("", ("ours", "x"), ("ours", "y")), given)
    assert table_cells.heads(shown) == ["ours", "y"]
    assert table_cells.rows(shown) == [["a", tables.DASH], ["b", "1"]]
    assert table_cells.rows(tables.html(("", "x"), given[:1])) == [["a", tables.DASH]]
    assert table_cells.rows(tables.html(("", "x"), tables.NONE)) == [["not recorded yet"]]


def test_what_all_rows_say_stands_once_below_where_that_is_asked():
    given = [("a", "all", ("x", "of y")), ("b", "all", ("x", "of y"))]
    shown = tables.html(("", "same", "how"), given, once=("same", "how", "other"), note="A note")
    assert table_cells.rows(shown) == [["a"], ["b"]]
    assert '<p class="notes">A note; same: all; how: x; of y</p>' in shown.data
    shown = tables.html(("", "same", "how"), given, once=("how",))
    assert table_cells.rows(shown) == [["a", "all"], ["b", "all"]]
    for rows in ([*given, ("c", "some", "x")], given[:1]):
        shown = tables.html(("", "same", "how"), rows, once=("same",))
        assert [row[1] for row in table_cells.rows(shown)] == [row[1] for row in rows]


@pytest.mark.parametrize(
    ("number", "marks"), [("01", ["holds", "fails"]), ("04", ["holds / fails"])]
)
def test_a_claim_has_its_reason_folded_in_its_cell_and_a_mark_for_each_protocol(number, marks):
    ledger = Ledger(papers.named(number))
    judged = Judgement(published="holds", clean="fails", reason="no <corpus>")
    claim = Claim("Z1", "a < b", source="Table 1", judge=lambda ledger: judged)
    shown = tables.claims(ledger, [claim])
    assert "a &lt; b<details><summary>why</summary>no &lt;corpus&gt;</details>" in shown.data
    assert table_cells.rows(shown)[0][2:] == ["Table 1", *marks]


@pytest.mark.parametrize("number", ["01", "04"])
def test_a_mark_that_both_protocols_share_stands_once(number):
    claim = Claim("Z1", "a < b", source="Table 1", judge=Untested("no <corpus>"))
    shown = tables.claims(Ledger(papers.named(number)), [claim])
    assert table_cells.heads(shown) == ["claim", "where", "mark"]
    assert table_cells.rows(shown)[0][2:] == ["Table 1", "not run"]
