"""Splits: what they keep apart, and the leaks they refuse."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.protocols.speakers import LeakError, forbid_shared
from sercore.protocols.splits import grouped_folds, redealt, redealt_whole, shuffled_folds


@given(rows=st.integers(5, 400), seed=st.integers(0, 1000))
def test_shuffled_folds_partition_the_rows(rows, seed):
    folds = shuffled_folds(rows, seed=seed)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(rows))
    for train, test in folds:
        assert sorted([*train, *test]) == list(range(rows))


def test_published_fold_sizes():
    assert [len(test) for _, test in shuffled_folds(1473, seed=0)] == [295, 295, 295, 294, 294]


@settings(max_examples=50)
@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(1, 9), min_size=15, max_size=40),
    chance=st.integers(0, 99),
)
def test_grouped_folds_share_no_group(seed, sizes, chance):
    generator = np.random.default_rng(chance)
    groups = np.repeat([f"r{at:02d}" for at in range(len(sizes))], sizes)
    labels = generator.integers(0, 3, len(groups))
    if any(len(set(groups[labels == label])) < 5 for label in set(labels)):
        with pytest.raises(ValueError, match="groups; 5 folds"):
            grouped_folds(labels, groups, seed=seed)
        return
    folds = grouped_folds(labels, groups, seed=seed)
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(groups)))


def test_a_class_in_too_few_groups_is_refused():
    with pytest.raises(ValueError, match="class 1 is in 3 groups; 5 folds"):
        grouped_folds([0] * 20 + [1] * 3, [f"r{at}" for at in range(23)], seed=0)


def test_a_recording_on_both_sides_is_refused():
    with pytest.raises(LeakError, match=r"recording b is in training and in test \(1 shared\)"):
        forbid_shared(["a", "b"], ["b", "c"], what="recording")


@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 2)),
        min_size=1,
        max_size=60,
    ),
    seed=st.integers(0, 99),
)
def test_redealt_sides_keep_their_clips_of_each_corpus_and_class(rows, seed):
    table = pd.DataFrame(rows, columns=["corpus", "class", "side"], index=range(7, 7 + len(rows)))
    sides = [np.flatnonzero(table["side"] == side) for side in range(3)]
    dealt = redealt(table, sides, generator=np.random.default_rng(seed))
    assert sorted(np.concatenate(dealt)) == list(range(len(table)))
    cells = list(zip(table["corpus"], table["class"], strict=True))
    for before, after in zip(sides, dealt, strict=True):
        assert Counter(cells[row] for row in before) == Counter(cells[row] for row in after)
        assert list(after) == sorted(after)


def test_redealt_rows_move_and_a_split_with_gaps_is_refused():
    table = pd.DataFrame({"corpus": "a", "class": ["x", "y"] * 50})
    sides = [np.arange(80), np.arange(80, 100)]
    dealt = redealt(table, sides, generator=np.random.default_rng(0))
    assert len(set(dealt[1]) - set(sides[1])) > 5
    with pytest.raises(
        ValueError, match="sides of 80 rows for 100 clips; expected each row on one"
    ):
        redealt(table, sides[:1], generator=np.random.default_rng(0))


@settings(max_examples=50)
@given(
    sizes=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 6)), min_size=1, max_size=30),
    cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    seed=st.integers(0, 99),
)
def test_whole_groups_are_dealt_and_the_sides_keep_their_sizes_but_for_one_group(sizes, cuts, seed):
    rows = [
        (corpus, f"{corpus}{at}") for at, (corpus, size) in enumerate(sizes) for _ in range(size)
    ]
    table = pd.DataFrame(rows, columns=["corpus", "group"])
    sides = np.split(np.arange(len(table)), sorted(int(cut * len(table)) for cut in cuts))
    groups = table["group"].to_numpy(str)
    dealt = redealt_whole(table, sides, groups, generator=np.random.default_rng(seed))
    assert sorted(np.concatenate(dealt)) == list(range(len(table)))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not set(groups[dealt[one]]) & set(groups[dealt[other]])
    for corpus in set(table["corpus"]):
        largest = max(size for name, size in sizes if name == corpus)
        is_here = (table["corpus"] == corpus).to_numpy()
        for before, after in zip(sides, dealt, strict=True):
            assert abs(is_here[before].sum() - is_here[after].sum()) <= largest


def test_a_group_in_two_corpora_is_refused():
    table = pd.DataFrame({"corpus": ["a", "b"]})
    with pytest.raises(LeakError, match="group g is in training and in test"):
        redealt_whole(table, [np.arange(2)], ["g", "g"], generator=np.random.default_rng(0))
