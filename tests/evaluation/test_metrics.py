"""Scores against scikit-learn, intervals against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from sercore.evaluation.metrics import (
    accuracy,
    macro_f1,
    prediction_interval,
    recalls,
    resampled_interval,
)

labels = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


@given(labels)
def test_scores_are_scikit_learns(pairs):
    true, predicted = zip(*pairs, strict=True)
    counts = confusion_matrix(true, predicted, labels=[0, 1, 2])
    assert macro_f1(counts) == pytest.approx(
        f1_score(true, predicted, average="macro", zero_division=0)
    )
    assert accuracy(counts) == pytest.approx(accuracy_score(true, predicted))
    there = sorted(set(true))
    assert recalls(counts)[there] == pytest.approx(
        recall_score(true, predicted, labels=there, average=None, zero_division=0)
    )


@pytest.mark.parametrize(
    ("counts", "score"),
    [((491, 89, 45), 0.2933), ((491, 134, 133), 0.2621), ((491, 491, 491), 0.1667)],
)
def test_always_neutral(counts, score):
    confusion = np.zeros((3, 3))
    confusion[:, 0] = counts
    assert macro_f1(confusion) == pytest.approx(score, abs=5e-5)


def test_a_prediction_interval_covers_the_next_run():
    generator = np.random.default_rng(0)
    runs = generator.normal(0.8, 0.01, (4000, 6))
    covered = [
        low <= row[5] <= high for row in runs for low, high in [prediction_interval(row[:5])]
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_one_run_predicts_nothing():
    assert prediction_interval([0.5]) == (-np.inf, np.inf)


def test_a_resampled_interval_covers_the_mean():
    generator = np.random.default_rng(1)
    hits = []
    for trial in range(200):
        values = generator.normal(0, 1, 60)
        low, high = resampled_interval(
            lambda weights, values=values: weights @ values / weights.sum(1),
            60,
            draws=500,
            seed=trial,
        )
        hits.append(low <= 0 <= high)
    assert np.mean(hits) == pytest.approx(0.94, abs=0.04)


def test_clips_of_one_group_widen_the_interval():
    """Twenty equal clips a group are no more than one: resampling groups sees that, resampling clips would not."""
    values = np.random.default_rng(2).normal(0, 1, 10)
    low, high = resampled_interval(lambda weights: weights @ values / weights.sum(1), 10)
    assert high - low > 2 * 1.96 / np.sqrt(200)


def test_no_group_is_an_error():
    with pytest.raises(ValueError, match="at least 1"):
        resampled_interval(lambda weights: weights.sum(1), 0)
