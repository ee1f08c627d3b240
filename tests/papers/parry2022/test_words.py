"""Accuracy by speaker with words drawn: exact where all is right, the same in any order, wider where words disagree."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.evaluation.estimates import level
from sercore.papers.parry2022 import numbers
from sercore.papers.parry2022.numbers import by_speaker

COLUMNS = ["trial", "group", "text", "true", "predicted"]


def answers(right: float, *, words: int = 12, seeds: int = 2, start: int = 0) -> pd.DataFrame:
    """Two speakers who say each word in seven emotions; each answer is right with this probability."""
    generator = np.random.default_rng(start)
    rows = []
    for trial in range(seeds):
        for group in ("tess/OAF", "tess/YAF"):
            for word in range(words):
                true = "++o----"
                predicted = [
                    sign if generator.random() < right else generator.choice(list("+o-"))
                    for sign in true
                ]
                rows.append([trial, group, f"w{word}", true, "".join(predicted)])
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture(scope="module", autouse=True)
def _few_draws():
    """A hundred draws in place of ten thousand: what is exact or in order is so on any number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "level", partial(level, draws=100))
        yield


@given(many=st.integers(2, 9), seeds=st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_all_right_is_exactly_a_hundred(many, seeds):
    found = by_speaker(answers(1.0, words=many, seeds=seeds), dict(enumerate(range(seeds))), "tess")
    assert list(found) == ["OAF", "YAF"]
    for each in found.values():
        assert (each.value, each.low, each.high) == (100, 100, 100)
        assert (each.groups, each.seeds) == (many, seeds)


def test_one_word_has_no_interval():
    found = by_speaker(answers(0.5, words=1), {0: 0, 1: 1}, "tess")["OAF"]
    assert found.groups == 1
    assert np.isnan([found.low, found.high]).all()


@given(order=st.permutations(range(24)), start=st.integers(0, 5))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_changes_nothing(order, start):
    rows = answers(0.5, words=6, start=start)
    seeds = {0: 3, 1: 1}
    assert by_speaker(rows, seeds, "tess") == by_speaker(rows.iloc[list(order)], seeds, "tess")


def test_a_value_is_the_mean_recall_over_classes_and_seeds():
    rows = pd.DataFrame(
        [
            [0, "tess/OAF", "back", "++o-", "+-o-"],
            [0, "tess/OAF", "bar", "+o--", "-oo-"],
            [4, "tess/OAF", "back", "++o-", "++o-"],
            [4, "tess/OAF", "bar", "+o--", "+o--"],
            [9, "tess/OAF", "back", "++o-", "----"],  # another row's trial
            [0, "crema-d/1001", "back", "+", "-"],
        ],
        columns=COLUMNS,
    )
    found = by_speaker(rows, {0: 0, 4: 1}, "tess")
    assert list(found) == ["OAF"]
    assert found["OAF"].value == pytest.approx(100 * np.mean([np.mean([1 / 3, 1, 2 / 3]), 1]))
    assert found["OAF"].low < found["OAF"].value < found["OAF"].high


def test_more_words_and_more_agreement_narrow_the_interval():
    few, more = (
        by_speaker(answers(0.6, words=many), {0: 0, 1: 1}, "tess")["OAF"] for many in (8, 160)
    )
    assert more.high - more.low < 0.6 * (few.high - few.low)


def test_what_cannot_be_counted_is_said():
    with pytest.raises(
        ValueError, match=r"crema-d: no answer among 48 rows; expected some of trials \[0, 1\]"
    ):
        by_speaker(answers(1.0), {0: 0, 1: 1}, "crema-d")
    broken = answers(1.0).assign(predicted="+")
    with pytest.raises(ValueError, match="7 clips and 1 answers"):
        by_speaker(broken, {0: 0, 1: 1}, "tess")
