"""Gaps between scores: judged by their p values, combined, denied and put into words."""

import numpy as np
import pytest
from scipy.stats import norm

from sercore.evaluation.estimates import of_seeds
from sercore.ledger import claims as judging


def gap(value: float, p: float = 0.01, *, name: str = "row", doubt: str = "") -> judging.Gap:
    """A gap of five seeds."""
    return judging.Gap(name, (value,) * 5, value, p, doubt)


def test_a_gap_is_judged_by_its_p_value_and_a_printed_one_is_exact():
    assert (gap(2).mark, gap(-2).mark) == ("holds", "fails")
    assert (gap(2, 0.051).mark, gap(-2, 0.06).mark, gap(2, doubt="4 seeds").mark) == (
        "inconclusive",
    ) * 3
    assert judging.Gap("row").mark == "not run"
    assert [judging.exact("", value).mark for value in (0.01, -0.01, 0)] == [
        "holds",
        "fails",
        "inconclusive",
    ]


def test_gaps_that_must_all_hold_are_judged_together():
    assert judging.marks([gap(2, 0.03)]) == ["holds"]
    assert judging.marks([gap(2, 0.03), gap(-2, 0.04)]) == ["inconclusive"] * 2
    assert judging.marks([gap(2, 0.03), gap(-2, 0.01), judging.Gap("")]) == [
        "holds",
        "fails",
        "not run",
    ]
    assert (
        judging.marks([gap(2, 0.02), gap(2, doubt="2 speakers"), gap(2, 0.02)])
        == ["inconclusive"] * 3
    )  # it counts among them


def test_the_best_of_many_pays_for_their_number():
    good, bad = gap(3, name="good"), gap(-3, name="bad")
    found = judging.best_of([bad, good], prefix="on TESS ")
    assert (found.name, found.value, found.p, found.mark) == ("on TESS good", 3, 0.02, "holds")
    assert (
        judging.best_of([gap(value, 0.02) for value in (3, 2, 1)]).mark == "inconclusive"
    )  # 3 times 0.02
    assert judging.best_of([bad, bad]).mark == "fails"
    assert judging.best_of([bad, gap(-1, 0.2)]).mark == "inconclusive"  # one may yet be above
    assert judging.best_of([judging.Gap("row")]).mark == "not run"
    assert judging.best_of([bad, gap(3, doubt="4 seeds")]).mark == "inconclusive"
    printed = judging.best_of([judging.exact("row", value) for value in (-2, 7)])
    assert (printed.value, printed.mark) == (7, "holds")


def test_every_one_of_several_and_its_denial():
    good, bad, undecided = gap(3), gap(-3), gap(0.3, 0.4)
    marks = {
        (good, good): "holds",
        (good, bad): "fails",
        (good, undecided): "inconclusive",
        (good, gap(-3, 0.02)): "fails",
        (good, gap(-3, 0.03)): "inconclusive",  # twice 0.03: the worst of two was chosen
        (good, gap(3, doubt="4 seeds")): "inconclusive",
        (good, judging.Gap("row")): "not run",
    }
    opposite = {"holds": "fails", "fails": "holds"}
    for pair, mark in marks.items():
        found = judging.all_hold(pair)
        assert (found.mark, judging.negate(found, "").mark) == (mark, opposite.get(mark, mark))
    assert judging.all_hold([gap(3, 0.04), gap(4, 0.01)]).p == 0.04
    denial = judging.negate(judging.all_hold([good, bad]), "not")
    assert (denial.name, denial.by_seed, denial.value, denial.p, denial.doubt) == (
        "not",
        (3,) * 5,
        3,
        0.02,
        "",
    )
    wide = judging.negate(judging.Gap("row", (3,) * 5, 3, 0.01, "", 1, 4), "not")
    assert (wide.low, wide.value, wide.high) == (-4, -3, -1)


def test_neither_one_of_many_nor_all_of_many_holds_by_chance():
    """Ten gaps without a difference: the largest holds in no more than 5 % of draws, all of them in fewer."""
    scores = np.random.default_rng(0).normal(size=(2000, 10))
    p_values = 2 * norm.sf(np.abs(scores))
    for combine in (judging.best_of, judging.all_hold):
        marks = [
            combine([gap(value, p) for value, p in zip(*row, strict=True)]).mark
            for row in zip(scores, p_values, strict=True)
        ]
        assert marks.count("holds") / len(marks) <= 0.05
        assert marks.count("fails") / len(marks) <= 0.05


def test_an_estimate_is_a_gap_with_its_interval():
    estimate = of_seeds([1, 2, 3, 4, 5], groups=9)
    found = judging.estimated("row", estimate)
    assert (found.by_seed, found.value, found.p, found.mark) == (
        (1, 2, 3, 4, 5),
        3,
        estimate.p,
        "holds",
    )
    assert (found.low, found.high) == (estimate.low, estimate.high)
    assert found.spread == pytest.approx(np.std([1, 2, 3, 4, 5], ddof=1))
    few = judging.estimated("row", of_seeds([1, 2, 3], groups=9))
    assert (few.mark, few.doubt) == ("inconclusive", "3 seeds, and a sign needs 5")
    assert judging.estimated("row", None) == judging.Gap("row")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([gap(2), gap(3, name="other")], "2 of 2 hold, by +2.000 to +3.000"),
        ([gap(2), gap(-3, name="other")], "1 of 2 hold, by +2.000 to +2.000; other -3.000 (fails)"),
        (
            [gap(2, 0.2), judging.Gap("other")],
            "0 of 2 hold; row +2.000 (inconclusive); other not run",
        ),
        (
            [gap(2, doubt="4 seeds"), gap(3, name="other", doubt="2 speakers")],
            "row +2.000 (inconclusive); other +3.000 (inconclusive); shown, not judged: 4 seeds",
        ),
        ([judging.Gap("row")], "row not run"),
    ],
)
def test_a_summary_counts_what_holds_and_names_what_does_not(given, words):
    assert judging.summary(given) == words


def test_an_interval_stands_beside_its_value_where_there_is_one():
    assert (
        judging.with_interval(judging.Gap("row", (2,) * 5, 2, low=-1, high=4))
        == "+2.00 [-1.00, +4.00]"
    )
    assert judging.with_interval(gap(2)) == "+2.00"
    assert judging.with_interval(judging.Gap("row")) == "not run"
    unknown = judging.Gap("row", (np.nan,), np.nan, doubt="one fold has no spread")
    assert judging.with_interval(unknown) == "unknown: one fold has no spread"
