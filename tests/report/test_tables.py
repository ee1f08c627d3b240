"""Tables: what a cell shows is what the ledger holds, and text is escaped."""

import math
from dataclasses import replace

import pytest
from IPython.display import HTML

from sercore.ledger.estimates import Estimate
from sercore.report import tables


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
