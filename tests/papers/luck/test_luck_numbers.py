"""Luck and printed differences: closed forms, and what is read off the committed ledger."""

import itertools
import json

import numpy as np
import pytest

from sercore import papers, store
from sercore.evaluation.metrics import mean_recall
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import read_printed
from sercore.pages import fragments
from sercore.papers.luck import numbers
from sercore.papers.luck.paper import PAPER
from sercore.papers.luck.trial import CLEAN, MLP, SHARED


@pytest.fixture(scope="module")
def ledger():
    return Ledger(PAPER)


@pytest.mark.parametrize("many", [1, 2, 3, 5])
def test_the_best_of_some_runs_is_the_mean_over_all_choices(many):
    values = [3.0, 1.0, 4.0, 1.5, 9.0]
    expected = np.mean([max(chosen) for chosen in itertools.combinations(values, many)])
    assert numbers.best_of(values, many) == pytest.approx(expected)


def test_two_runs_differ_by_more_than_the_yardstick_once_in_twenty():
    runs = np.random.default_rng(0).normal(scale=3, size=(100_000, 2))
    above = np.abs(np.diff(runs, axis=1)) > 3 * numbers.TWO_RUNS
    assert above.mean() == pytest.approx(0.05, abs=0.003)


def test_a_spread_lies_in_its_interval_as_often_as_it_says():
    drawn = np.random.default_rng(1).normal(scale=2, size=(4000, 20))
    spreads = [numbers.Spread.of(values) for values in drawn]
    assert np.mean([one.low < 2 < one.high for one in spreads]) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("points", [3.0, 5.0])
def test_the_speakers_needed_find_the_effect_in_four_of_five_tests(points):
    generator = np.random.default_rng(2)
    values = generator.normal(scale=10, size=4000)
    many = numbers.speakers_needed(values, points=points)
    means = generator.normal(points, 10, size=(4000, many)).mean(1)
    found = np.abs(means) > 1.96 * 10 / np.sqrt(many)
    assert found.mean() == pytest.approx(numbers.POWER, abs=0.03)


def test_ranges_fall_with_the_root_of_the_speakers_and_few_hold_too_seldom():
    values = np.random.default_rng(3).normal(50, 10, size=24)
    rows = {row.speakers: row for row in numbers.by_speakers(values)}
    assert rows[4].range == pytest.approx(rows[12].range * np.sqrt(3), rel=0.1)
    assert rows[2].coverage < 0.6 < 0.9 < rows[24].coverage < 0.97
    assert rows[2].width < rows[2].range / 2


def test_speakers_who_are_alike_need_no_interval():
    (row,) = numbers.by_speakers(np.full(24, 40.0), [4])
    assert (row.width, row.range, row.coverage) == (0, 0, 1)


def test_printed_lists_hold_each_system_once():
    lists = {folder: listed.lists() for folder, listed in numbers.LISTS.items()}
    sizes = {folder: [len(scores) for scores in of.values()] for folder, of in lists.items()}
    assert sizes == {
        "alves2022": [7, 7, 12],
        "parry2022": [31, 31],
        "biagini2022": [5],
        "padi2021": [5, 4, 6],
    }
    baseline = [number for number in read_printed("02-mtl-adversarial") if number.on == "TESS"]
    baseline = [each.value for each in baseline if each.ours == "baseline"]
    assert len(baseline) > 1, "it is printed in two tables"
    assert lists["parry2022"]["TESS"].count(49.48) == 1


def test_differences_are_of_neighbours():
    listed = numbers.LISTS["biagini2022"]
    scores = sorted(listed.lists()["Table 4"])
    assert listed.differences().tolist() == pytest.approx(np.diff(scores).tolist())
    assert listed.first_over_second().tolist() == pytest.approx([scores[-1] - scores[-2]])
    assert len(listed.pairs()) == 10


def test_a_gap_is_the_difference_of_its_two_protocols_counts(ledger):
    counts = ledger.recorded.counts.merge(ledger.recorded.trials, on="trial", suffixes=("", "_"))
    chosen = counts.query("corpus == 'ravdess' and model == @MLP and varies == 'all'")
    chosen = chosen[chosen["control"] == "none"]
    scores = {}
    for (protocol, seed), rows in chosen.groupby(["protocol", "seed"]):
        confusion = np.zeros((8, 8))
        np.add.at(confusion, (rows["true"], rows["predicted"]), rows["count"])
        scores.setdefault(protocol, {})[seed] = 100 * mean_recall(confusion)
    expected = np.mean([scores[SHARED][seed] - scores[CLEAN][seed] for seed in scores[CLEAN]])
    gap = numbers.gaps(ledger)["speakers", "ravdess", MLP]
    assert gap.value == pytest.approx(expected)
    assert gap.seeds == len(scores[CLEAN]) >= 5
    assert gap.low < gap.value < gap.high


def test_no_sign_is_judged_on_fewer_than_six_speakers(ledger):
    gaps = numbers.gaps(ledger)
    marks = numbers.marks(gaps)
    few = {key for key in gaps if key[1] in ("savee", "tess")}
    assert few
    assert {marks[key] for key in few} == {"inconclusive"}


def test_a_chapter_across_the_papers_stands_in_no_list_of_papers(ledger):
    assert ledger.printed == []
    assert ledger.entries() == []
    assert papers.claims(PAPER) == ()
    page = json.loads((store.PROJECT / "notebooks" / f"{PAPER.name}.ipynb").read_text())
    assert page["cells"][0]["source"][0].startswith("# Leaks and luck")
    values = papers.values()
    assert PAPER.folder in values
    of_papers = [name for name, each in values.items() if each.ledger.paper.is_paper]
    assert len(of_papers) == len(values) - 1
    headline = fragments.summary("notebooks", {PAPER.folder: values[PAPER.folder]})
    assert headline.count("\n") == 1, "its head alone"
