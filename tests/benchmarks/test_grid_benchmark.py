"""What the benchmark of paper 01's grid compares: the same trainings on either side, 26 configurations by 25."""

import pytest
import torch

from benchmarks import grid as benchmark
from sercore.papers.alves2022.trial import ROWS, Configuration


@pytest.mark.parametrize(
    "row", ["(7) Multi-task 8 prosodic + SMOTE - CG", "(1) Seq. 8 prosodic - SMOTE + CG"]
)
def test_both_sides_learn_the_same_weights(row):
    call = [Configuration.of(row)] * 3, [0, 1, 1002]
    for ours, plain in zip(benchmark.ours(*call, 2), benchmark.plain(*call, 2), strict=True):
        for name, weight in plain.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[name], weight, atol=1e-5, rtol=0)


def test_the_whole_grid_is_asked_in_calls_of_alike_networks():
    calls = benchmark.calls([Configuration.of(row) for row in ROWS])
    assert sum(len(members) for members, _ in calls) == 26 * 25
    assert all(
        len({(each.network, benchmark.width(each)) for each in members}) == 1
        for members, _ in calls
    )
    assert max(len(members) for members, _ in calls) == benchmark.AT_ONCE
    assert {benchmark.width(each) for members, _ in calls for each in members} == {
        8,
        10,
        19,
        29,
        56,
        768,
        824,
    }


def test_rows_are_four_fifths_of_the_corpus_and_unequal_by_one():
    configuration = Configuration.of(ROWS[1])
    assert [len(benchmark.rows(configuration, seed)[1]) for seed in (0, 1)] == [1179, 1178]


def test_operations_are_counted_by_hand():
    configuration = Configuration.of("(1) Seq. 8 prosodic - SMOTE + CG")
    assert benchmark.operations(configuration) == (6 * (8 * 5 + 5 * 3) - 2 * 8 * 5) * len(
        benchmark.rows(configuration, 0)[1]
    )
    assert benchmark.peak(side=32, times=1) > 0
