"""What the reasons of paper 01's claims say: how many differences have which mark, and rows in words."""

import pytest

from sercore.ledger.claims import Gap
from sercore.papers.alves2022 import claims
from sercore.papers.alves2022.trial import ROWS


def gap(value: float, p: float = 0.0001, **about) -> Gap:
    return Gap("one over other", (value,) * 5, value, p, **about)


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        ([gap(0.1), gap(0.3)], "2 of 2 hold (+0.100 to +0.300)"),
        (
            [gap(0.2), gap(-0.1), gap(0.02, 0.5), gap(-0.3)],
            "1 of 4 hold (+0.200), 1 cannot be told from zero (+0.020), 2 below zero (-0.300 to -0.100)",
        ),
        ([gap(0.1, 0.5)], "0 of 1 hold, 1 cannot be told from zero (+0.100)"),
        (
            [gap(0.1, doubt="3 seeds, and a sign needs 5")],
            "one over other +0.100 (inconclusive); shown, not judged: 3 seeds, and a sign needs 5",
        ),
        ([gap(0.1), Gap("a over b")], "1 of 2 hold, by +0.100 to +0.100; a over b not run"),
    ],
)
def test_differences_are_counted_by_mark_where_they_can_be_judged(gaps, words):
    assert claims.brief(gaps) == words


def test_each_row_has_words_of_its_own():
    words = {row: claims.in_words(row) for row in ROWS}
    assert words["(6) Multi-task 8 prosodic - SMOTE + CG"] == (
        "multi-task, 8 prosodic, copies of changed gender"
    )
    assert words["(6) Multi-task all prosodic and wav2vec + SMOTE + CG"] == (
        "multi-task, all prosodic and wav2vec, SMOTE, copies of changed gender"
    )
    assert len(set(words.values())) == len(ROWS)
