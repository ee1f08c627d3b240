"""Figures of chapter 2: what is drawn is what was given, and every text is legible."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from sercore.papers.parry2022 import figures
from tests.report.legible import legible

CURVES = {seed: (40 + 8 * np.sin(np.arange(30) * (seed + 1))).tolist() for seed in range(3)}
GAPS = {"MTL": [-14.35, 5.25], "GR": [-4.44, 5.69, 5.98], "AD": [-16.19]}
FOUR = ("C", "S", "G", "L")


def history(letters, alpha, last=0.4):
    falling = np.linspace(1, last, 30)
    return {
        "emotion": falling,
        **{letter: falling * (at + 1) for at, letter in enumerate(letters)},
        "alpha": np.full(30, alpha),
    }


def learnt():
    curves = {
        "baseline": history((), 0),
        **{f"{way} C+S+G+L": history(FOUR, 0.1) for way in ("MTL", "GR", "AD")},
    }
    return curves, {
        name: {"emotion": 0.99, "C": 1.05, "S": 3.2, "G": 0.69, "L": 0.6} for name in curves
    }


def test_the_swing_and_the_printed_differences_share_one_scale():
    figure = figures.swing(CURVES, GAPS, corpus="TESS", chance=100 / 3)
    left, right = figure.axes
    assert [line.get_ydata().tolist() for line in left.lines[:3]] == list(CURVES.values())
    drawn = [y for lines in right.collections for (_, y), _ in lines.get_segments()]
    assert drawn == [value for values in GAPS.values() for value in values]
    spans = [np.diff(axes.get_ylim())[0] for axes in (left, right)]
    assert spans[0] == pytest.approx(spans[1])
    centre = np.mean(list(CURVES.values()))
    assert np.allclose(np.subtract(left.get_ylim(), right.get_ylim()), centre)
    low, high = right.get_ylim()
    assert low < min(drawn) < max(drawn) < high
    legible(figure)


def test_losses_stand_over_their_entropies_with_alpha_below():
    curves, entropies = learnt()
    figure = figures.learning(curves, entropies)
    above = figure.axes[:4]
    assert [axes.get_title() for axes in above] == list(curves)
    assert [len(axes.lines) for axes in above] == [2, 10, 10, 10]
    for line, flat in zip(above[1].lines[::2], above[1].lines[1::2], strict=True):
        assert same_color(line.get_color(), flat.get_color())
    assert [line.get_ydata()[0] for line in above[2].lines[1::2]] == [0.99, 1.05, 3.2, 0.69, 0.6]
    assert figure.axes[5].lines[0].get_ydata()[0] == 0.1
    legible(figure)


@pytest.mark.parametrize("last", [1e-3, 0.5, 900.0])
def test_losses_of_any_size_are_legible(last):
    _, entropies = learnt()
    legible(figures.learning({"GR C+S+G+L": history(FOUR, 0.5, last)}, entropies))


def test_scores_over_alpha_are_dots_that_no_line_joins():
    found = {
        "TESS": [(0.5, [40.0, 44.0]), (0.0, [41.0])],
        "in-domain test": [(0.0, [52.0]), (0.5, [50.0])],
    }
    axes = figures.alpha_curve(found, paper=0.5).axes[0]
    lines = [line for line in axes.lines if line.get_label() in found]
    assert [list(zip(*line.get_data(), strict=True)) for line in lines] == [
        [(0.5, 40), (0.5, 44), (0, 41)],
        [(0, 52), (0.5, 50)],
    ]
    assert {(line.get_linestyle(), line.get_marker()) for line in lines} == {("None", "o")}
    legible(axes.figure)
