"""Chapter 2's sentences and what its figures draw, from planted runs."""

import numpy as np
import pytest

from sercore import papers
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import figures as parry2022_figures
from sercore.papers.parry2022 import numbers, paper
from sercore.papers.parry2022 import study as parry
from sercore.report.figures import scatter
from tests.papers.parry2022.parry_book import MEASURED, ON, book, grid, switched
from tests.papers.parry2022.parry_runs import trials
from tests.report.legible import legible

NOTHING = Ledger(papers.named(parry.NAME), runs=recorded.read("no such paper"))


@pytest.fixture(autouse=True)
def _measured(monkeypatch):
    monkeypatch.setattr(recorded, "measurements", lambda paper: MEASURED)
    monkeypatch.setattr(recorded, "measured_on", lambda paper: ON)
    monkeypatch.setattr(numbers, "corpora", lambda: ON)


@pytest.fixture(scope="module")
def full() -> Ledger:
    return book([*grid(), *switched()])


def test_the_lead_tells_print_ours_and_how_far_the_baseline_moves(full):
    told = paper.lead(full)
    assert "45 with them" in told
    assert "-16.19 to +5.98 points beside a baseline of 49.48" in told
    assert "Trained on EMOVO, RAVDESS, SAVEE, our baseline reaches 41.00 ± 1.00 (3 seeds)" in told
    printed = [abs(value) for _, value, _ in paper.scores(full) if value is not None]
    smaller = sum(value < 6 for value in printed)
    assert 0 < smaller < len(printed) == 30
    assert (
        f"typically changes by 6.0 points (the median step): {smaller} of the 30 printed differences are smaller"
        in told
    )
    assert (
        "45 of the 45 models are recorded; of the 12 models of one attribute that have 3 seeds or more, 1 lie below"
        in told
    )
    assert "No difference is judged: " in told
    assert "collapsed" not in told


def test_the_lead_says_what_is_not_there_and_what_is_collapsed():
    assert paper.lead(NOTHING).endswith("No run on real speech is recorded yet.")
    told = paper.lead(
        book(trials(only="baseline"), lambda trial, corpus: [900, 10, 300], views=(), recipe=())
    )
    assert "(1 seed), collapsed" in told
    assert "0 of the 45 models are recorded. No difference is judged" in told


def test_the_swing_is_the_baselines_and_the_gaps_are_the_printed_ones(full):
    curves, gaps = parry2022_figures.swing_data(full)
    assert list(curves) == [0, 1, 2]
    assert curves[1] == pytest.approx([41, 46, 36, 42])
    assert {name: len(values) for name, values in gaps.items()} == {"MTL": 10, "GR": 10, "AD": 10}
    assert gaps["MTL"][0] == pytest.approx(48.90 - 49.48)
    assert parry2022_figures.swing_data(full, on="CREMA-D")[0] == {}
    figure = parry2022_figures.swing(curves, gaps, corpus="TESS", chance=100 / 3)
    legible(figure)


def test_losses_are_those_of_the_first_seed_with_the_entropies_of_what_each_model_learns(full):
    curves, entropies = parry2022_figures.learning_data(full)
    assert list(curves) == ["baseline", "MTL C+S+G+L", "GR C+S+G+L", "AD C+S+G+L"]
    assert curves["baseline"] == {
        "emotion": [1, 0.5, 1 / 3, 0.25],
        "alpha": pytest.approx([0.1, 0.2, 0.3, 0.4]),
    }
    assert curves["GR C+S+G+L"]["S"] == [0.5, 1, 1.5, 2]
    assert entropies["baseline"] == {"emotion": 0.99}
    assert entropies["AD C+S+G+L"]["S"] == 3.2
    legible(parry2022_figures.learning(curves, entropies))
    assert parry2022_figures.learning_data(NOTHING) == ({}, {})


def test_gains_have_all_45_models_printed_and_recorded(full):
    found, spreads = parry2022_figures.gains_data(full)
    assert list(found) == ["TESS", "in-domain test"]
    assert {len(each) for each in found.values()} == {45}
    printed, ours, seeds = found["TESS"]["MTL", "C"]
    assert (printed, ours, seeds) == (pytest.approx(-0.58), pytest.approx(5), 3)
    assert found["TESS"]["GR", "C+S"] == (None, pytest.approx(2), 1)
    assert found["in-domain test"]["GR", "S"][0] == pytest.approx(59.98 - 59.32)
    assert spreads["TESS"] == pytest.approx(1)
    legible(parry2022_figures.gains(found, spreads))
    nothing, without = parry2022_figures.gains_data(NOTHING)
    assert list(nothing) == ["TESS", "CREMA-D", "in-domain test"]
    assert without == {}
    assert {each[1] for found in nothing.values() for each in found.values()} == {None}


def test_the_curve_over_alpha_ends_beyond_the_papers_and_has_each_seed(full):
    found = parry2022_figures.alpha_data(full)
    assert [at for at, _ in found["TESS"]] == [0, 0.1, 0.25, 0.5, 0.75]
    assert dict(found["TESS"])[0.5] == pytest.approx([38, 39, 40])
    legible(parry2022_figures.alpha_curve(found, paper=0.5))


def test_maps_show_baseline_mtl_and_gr_by_corpus(full):
    ((title, panels),) = parry2022_figures.maps_data(full, NOTHING)
    assert title == "Real speech, 3 clips of the test speakers, by corpus"
    assert [name for name, *_ in panels] == ["baseline", "MTL C", "GR C"]
    assert panels[0][1].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert panels[2][2] == ["RAVDESS", "RAVDESS", "EMOVO"]
    legible(scatter(panels, title=title))


def test_maps_of_this_page_name_their_corpora():
    this_page = book([])
    this_page.recorded.parts["map"]["group"] = "demo-scena/x"
    ((title, panels),) = parry2022_figures.maps_data(NOTHING, this_page)
    assert title.startswith("This page's own run")
    assert set(panels[0][2]) == {"demo-scena"}
    assert parry2022_figures.maps_data(NOTHING, NOTHING) == []


def test_scores_say_none_where_the_paper_prints_nothing(full):
    found = {row: (printed, gap.value) for row, printed, gap in paper.scores(full)}
    assert len(found) == 45
    assert found["GR C+S"][0] is None
    assert np.isclose(found["GR C"][1], -2)
