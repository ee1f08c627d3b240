"""Judges of claims on a ledger of plain values: orders, differences, counts and statements on print."""

from types import SimpleNamespace

import pytest

from sercore.ledger import claims as judging
from sercore.ledger.claims import (
    Body,
    Claim,
    Counted,
    Differences,
    Judgement,
    OnPrint,
    Ordered,
    Untested,
    judged,
)
from sercore.ledger.paper import Printed


def number(row: str, value: float, *, metric: str = "score", table: str = "Text") -> Printed:
    return Printed(table=table, row=row, column="all", metric=metric, value=value, unit="")


def gap(value: float, name: str = "row", **about) -> judging.Gap:
    return judging.Gap(name, (value,) * 5, value, 0.01, **about)


def test_an_order_is_held_against_print_even_where_nothing_is_run():
    book = SimpleNamespace(
        printed=[number("a", 3), number("b", 2)], trials=lambda *given, **options: None
    )
    loud = {"metric": "score", "summary": lambda gaps: judging.summary(gaps).upper()}
    found = Ordered(pairs=[("a", "b")], **loud, note="As it is")(book)
    assert (found.published, found.clean, found.described) == (
        "not run",
        "not run",
        ("not run",) * 2,
    )
    assert found.printed is True
    assert found.reason.startswith("as-run, as-published: A OVER B NOT RUN. as-run, clean: ")
    assert found.reason.endswith(". As it is")
    assert Ordered(pairs=lambda ledger: [("b", "a")], metric="score")(book).printed is False
    by_one = Ordered(pairs=[("a", "b")], metric="score", printed=lambda leads: leads == [2])
    assert by_one(book).printed is False


@pytest.mark.parametrize(
    ("bodies", "marks"),
    [
        ({"recorded": [Body(evidence=2)]}, ("holds", "holds")),
        ({"clips": [Body(evidence=-2)], "speakers": [Body(evidence=2)]}, ("fails", "holds")),
        ({"": [Body(evidence=2), Body(evidence=-2)]}, ("fails", "fails")),
        (
            {"": [Body(evidence=2), Body(evidence=None, barrier=("not run", "absent"))]},
            ("not run", "not run"),
        ),
        (
            {"": [Body(evidence=2, barrier=("inconclusive", "collapsed"))]},
            ("inconclusive", "inconclusive"),
        ),
    ],
)
def test_differences_must_hold_on_every_body_of_evidence(bodies, marks):
    found = Differences(parts=lambda value: [gap(value)], bodies=lambda ledger: bodies)(None)
    assert (found.published, found.clean, found.printed) == (*marks, None)
    reasons = [body.barrier[1] for each in bodies.values() for body in each if body.barrier]
    assert all(reason in found.reason for reason in reasons)


def test_differences_are_put_into_words_with_what_stands_beside_them():
    judge = Differences(
        parts=lambda value: [gap(value)],
        bodies=lambda ledger: {"recorded": [Body(evidence=2, title="IEMOCAP", note="one corpus")]},
        printed=lambda ledger: -1,
        on_print=lambda value: [judging.exact("printed row", value)],
        aside=lambda value: [gap(7, "other"), judging.Gap("absent")],
        note="quoted",
        amend=lambda ledger, judgement: Judgement.alike(
            judgement.clean, f"all: {judgement.reason}", printed=judgement.printed
        ),
    )
    found = judge(None)
    assert (found.clean, found.printed) == ("holds", False)
    assert found.reason == (
        "all: printed: 0 of 1 hold; printed row -1.000 (fails); beside it, other +7.000;"
        " recorded: IEMOCAP: 1 of 1 hold, by +2.000 to +2.000; beside it, other +7.000; one corpus; quoted"
    )


@pytest.mark.parametrize(
    ("verdicts", "mark", "reason"),
    [
        ([("measured", "agrees"), ("measured", "agrees, cut")], "agrees", "every number agrees"),
        ([("measured", "agrees"), ("measured", "differs: 3")], "differs", "2: differs: 3"),
        ([("not run", "absent"), ("not run", "absent")], "not run", "1, 2: absent"),
    ],
)
def test_counts_agree_differ_or_are_not_at_hand(verdicts, mark, reason):
    numbers = [number("clips", 1), number("clips", 2)]
    others = [
        number("clips", 3, table="Table 1"),
        number("speakers", 4),
        number("clips", 5, metric="rate"),
    ]
    words = dict(zip(numbers, verdicts, strict=True))
    book = SimpleNamespace(printed=[*numbers, *others], verdict=words.__getitem__)
    found = Counted(rows=["clips"], metric="sc")(book)
    assert (found.published, found.clean, found.reason) == (mark, mark, reason)


@pytest.mark.parametrize(("agrees", "mark"), [(True, "agrees"), (False, "differs")])
def test_what_print_says_itself_and_what_no_run_can_test(agrees, mark):
    claim = Claim(
        "X1",
        "It holds",
        source="",
        judge=OnPrint(check=lambda printed: (agrees, f"{len(printed)} numbers")),
    )
    ((_, found),) = judged(SimpleNamespace(printed=[number("a", 1)]), [claim])
    assert (found.published, found.clean, found.printed) == (mark, mark, agrees)
    assert (
        found.reason
        == ("" if agrees else "contradicted by the paper's own numbers. ") + "printed, 1 numbers"
    )
    untested = Untested("no number is printed")(None)
    assert untested == Judgement.alike("not run", "no number is printed")
