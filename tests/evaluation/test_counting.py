"""Counts and errors by group, against sums by hand."""

import numpy as np
import pytest

from sercore.evaluation.metrics import SMALLEST, count_predictions, sum_by_group, tally

GROUPS = np.array(["b/2", "a/1", "b/2", "b/2"])
TRUTH = np.array([0, 1, 0, 1])
PROBABILITIES = np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [1.0, 0.0]])


def test_predictions_are_counted_by_group_and_their_errors_summed():
    result = count_predictions(GROUPS, TRUTH, PROBABILITIES)
    assert result["counts"] == [
        ["a/1", 1, 0, 1],
        ["b/2", 0, 0, 1],
        ["b/2", 0, 1, 1],
        ["b/2", 1, 0, 1],
    ]
    entropies = [-np.log(0.5), -np.log(0.75) - np.log(0.25) - np.log(SMALLEST)]
    assert result["errors"] == [
        ["a/1", 1, 0.25, pytest.approx(entropies[0])],
        ["b/2", 3, 0.0625 + 0.5625 + 1.0, pytest.approx(entropies[1])],
    ]
    assert result["head_mse"] == (0.25 + 0.0625 + 0.5625 + 1.0) / 4
    assert result["clips"] == 4


def test_rows_of_any_width_are_tallied_in_order():
    assert tally(TRUTH) == [[0, 2], [1, 2]]
    assert tally(GROUPS, TRUTH) == [["a/1", 1, 1], ["b/2", 0, 2], ["b/2", 1, 1]]
    assert tally(GROUPS[:0], TRUTH[:0]) == []


def test_sums_are_plain_numbers():
    rows = sum_by_group(GROUPS, np.ones(4), np.arange(4))
    assert rows == [["a/1", 1, 1.0, 1.0], ["b/2", 3, 3.0, 5.0]]
    assert [type(value) for value in rows[0]] == [str, int, float, float]
