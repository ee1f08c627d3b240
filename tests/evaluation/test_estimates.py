"""The rule of evidence: coverage of both intervals, pairing, Holm, and what no sign is given on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.coverage import ACCURACY, coverage, simulate
from sercore.evaluation import estimates
from sercore.evaluation.estimates import Estimate, difference, holm, level, signs
from sercore.evaluation.scores import Trials

JUDGED = Estimate(value=1.0, low=0.5, high=1.5, seeds=5, groups=6, p=0.01)


@pytest.fixture(scope="module")
def shares():
    return coverage(24, 5, repeats=500, draws=1000)


@pytest.mark.parametrize("name", ["level", "one run"])
def test_both_intervals_cover_with_24_speakers_and_5_seeds(shares, name):
    assert 0.92 <= shares[name] <= 0.97


def test_an_interval_of_a_difference_covers(shares):
    assert shares["difference"] >= 0.92


def test_few_speakers_cover_less_and_get_no_sign():
    assert coverage(6, 5, repeats=200, draws=1000)["level"] > 0.85
    assert estimates.GROUPS == 6
    assert signs([replace(JUDGED, groups=5)])[0] == "inconclusive"


def forget():
    """Clear what was drawn."""
    for cache in (
        estimates.level,
        estimates._seed_scores,
        estimates._sums,
        estimates._by_corpus,
        estimates._weights,
    ):
        cache.cache_clear()


def test_the_monte_carlo_error_is_under_a_tenth_of_the_half_width(monkeypatch):
    one, _ = simulate(24, 5, np.random.default_rng(0))
    ends = []
    for stream in range(12):
        monkeypatch.setattr(estimates, "STREAM", stream)
        forget()
        found = level(one, ACCURACY)
        ends.append((found.low, found.high))
    forget()
    half = (found.high - found.low) / 2
    assert 0 < np.std(ends, axis=0, ddof=1).max() < half / 10


def test_a_system_less_itself_is_zero_without_doubt():
    one, _ = simulate(10, 5, np.random.default_rng(1))
    found = difference(one, one, ACCURACY)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_speakers_are_drawn_for_both_systems_at_once(monkeypatch):
    monkeypatch.setattr("benchmarks.coverage.TRAINING", 0.0)
    monkeypatch.setattr("benchmarks.coverage.BOTH", 0.0)
    one, other = simulate(24, 5, np.random.default_rng(2))
    paired = difference(one, other, ACCURACY)
    renamed = other.counts.assign(group=other.counts["group"] + "x")
    apart = difference(one, Trials(other.table, renamed, other.errors, 2), ACCURACY)
    assert paired.value == pytest.approx(apart.value)
    assert paired.high - paired.low < 0.6 * (apart.high - apart.low)


def test_a_difference_is_taken_on_the_seeds_and_folds_that_both_have():
    one, other = simulate(12, 5, np.random.default_rng(3), folds=3)
    some = other.sown([1, 3]).only({(1, 0), (1, 1), (3, 0), (3, 1)})
    found = difference(one, some, ACCURACY)
    expected = one.only(some.runs).by_seed(ACCURACY) - some.by_seed(ACCURACY)
    assert (found.seeds, found.folds) == (2, 2)
    assert found.by_seed == pytest.approx(tuple(expected))
    with pytest.raises(ValueError, match="no seed and fold is in all"):
        difference(one.sown([0]), other.sown([1]), ACCURACY)


def test_a_level_over_corpora_is_the_mean_of_the_corpora():
    table = pd.DataFrame({"trial": [0], "seed": [0], "fold": [0], "protocol": ["clean"]})
    rows = [
        (0, "large/a", 0, 0, 900),
        (0, "large/b", 0, 1, 100),
        (0, "small/c", 0, 0, 1),
        (0, "small/d", 0, 1, 3),
    ]
    counts = pd.DataFrame(rows, columns=["trial", "group", "true", "predicted", "count"])
    trials = Trials(
        table, counts, pd.DataFrame(columns=["trial", "group", "clips", "head", "second"]), 2
    )
    assert level(trials, ACCURACY).value == pytest.approx((0.9 + 0.25) / 2)
    assert trials.pooled(ACCURACY) == pytest.approx(901 / 1004)


def test_a_corpus_of_one_tested_speaker_has_no_interval():
    one, _ = simulate(8, 5, np.random.default_rng(4))
    names = {"s00": "lone/s00"} | {f"s{at:02d}": f"many/s{at:02d}" for at in range(1, 8)}
    trials = Trials(
        one.table, one.counts.assign(group=one.counts["group"].map(names)), one.errors, 2
    )
    found = level(trials, ACCURACY)
    assert np.isnan([found.low, found.high]).all()
    assert np.isfinite(level(trials.of("many"), ACCURACY).low)
    assert signs([replace(found, unfinished="")])[0] == "inconclusive"


def test_groups_without_a_name_count_once_in_every_draw():
    one, _ = simulate(8, 5, np.random.default_rng(5))
    fixed = one.counts.assign(
        group=one.counts["group"].replace({f"s{at:02d}": "synthetic" for at in range(1, 8)})
    )
    found = level(Trials(one.table, fixed, one.errors, 2), ACCURACY)
    assert found.groups == 1
    assert np.isnan(found.low)


@pytest.mark.parametrize(
    ("changed", "mark"),
    [
        ({}, "holds"),
        ({"value": -1.0}, "fails"),
        ({"p": 0.06}, "inconclusive"),
        ({"seeds": 4}, "inconclusive"),
        ({"groups": 5}, "inconclusive"),
        ({"one_fold": True}, "inconclusive"),
        ({"unfinished": "ended after 8 of 20 epochs"}, "inconclusive"),
        ({"low": np.nan}, "inconclusive"),
    ],
)
def test_a_sign_takes_all_that_the_rule_asks(changed, mark):
    assert signs([replace(JUDGED, **changed)])[0] == mark


def test_an_unfinished_training_marks_every_estimate_of_it():
    one, other = simulate(12, 5, np.random.default_rng(6))
    cut = Trials(
        other.table.assign(unfinished="ended after 8 of 20 epochs"), other.counts, other.errors, 2
    )
    assert level(cut, ACCURACY).unfinished
    assert difference(one, cut, ACCURACY).doubt == "ended after 8 of 20 epochs"


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )  # Holm 1979: (4, 3, 2, 1) times, ascending
    assert holm([]) == []


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
@settings(max_examples=200)
def test_holm_is_no_less_strict_than_one_test_and_no_stricter_than_bonferroni(p_values):
    adjusted = holm(p_values)
    for p, each in zip(p_values, adjusted, strict=True):
        assert p <= each <= min(1, len(p_values) * p) + 1e-12
    order = np.argsort(p_values, kind="stable")
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)


def test_differences_that_must_all_hold_are_judged_together():
    lone = replace(JUDGED, p=0.03)
    assert signs([lone])[0] == "holds"
    assert signs([lone, replace(JUDGED, p=0.04)]) == ["inconclusive", "inconclusive"]
    assert signs([lone, JUDGED]) == ["holds", "holds"]


@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_an_interval_holds_its_value_and_stays_in_the_range(speakers, seeds, seed):
    one, _ = simulate(speakers, seeds, np.random.default_rng(seed))
    found = level(one, ACCURACY, draws=300)
    rounding = 1e-12
    assert 0 <= found.low <= found.value + rounding
    assert found.value - rounding <= found.high <= 1
    if seeds > 1:
        assert 0 <= found.run_low <= found.value <= found.run_high <= 1


def test_values_of_seeds_get_students_interval():
    found = estimates.of_seeds([1.0, 2.0, 3.0, 4.0, 5.0], groups=8)
    assert (found.low, found.high) == pytest.approx(
        (3 - 2.776 * 1.5811 / 5**0.5, 3 + 2.776 * 1.5811 / 5**0.5), abs=1e-3
    )
    assert signs([found])[0] == "holds"
    assert signs([estimates.of_seeds([1.0, 2.0, 3.0], groups=8)])[0] == "inconclusive"
    assert signs([estimates.of_seeds([2.0] * 5, groups=8)])[0] == "holds"
    assert signs([estimates.of_seeds([0.0] * 5, groups=8)])[0] == "inconclusive"


def test_values_of_speakers_get_an_interval_over_speakers():
    values = np.random.default_rng(7).normal(2, 1, 30)
    found = estimates.mean_over_groups(values)
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std() / 30**0.5, rel=0.05)
