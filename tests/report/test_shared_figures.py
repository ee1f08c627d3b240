"""Shared figures: what is drawn is what was given, every text is legible, what cannot be drawn is told."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sercore.report import figures
from tests.report.legible import legible

CLASSES = ("neutral", "non-neutral female", "non-neutral male")
COUNTS = np.array([[71, 27, 8], [2, 87, 1], [1, 11, 87]])


def annotations(axes):
    return np.array([text.get_text() for text in axes.texts]).reshape(3, 3)


def test_confusions_hold_the_counts_and_the_shares_of_the_rows():
    shares = COUNTS / COUNTS.sum(axis=1, keepdims=True)
    figure = figures.confusions(
        [("printed", COUNTS, CLASSES), ("shares", shares, CLASSES), ("mean", COUNTS / 8, CLASSES)]
    )
    printed, bare, mean, bar = figure.axes
    for (row, column), count in np.ndenumerate(COUNTS):
        share = f"{count / COUNTS[row].sum():.0%}"
        assert annotations(printed)[row, column] == f"{count}\n{share}"
        assert annotations(bare)[row, column] == share
        assert annotations(mean)[row, column] == f"{round(count / 8, 1):g}\n{share}"
    for axes in (printed, bare, mean):
        assert np.allclose(axes.collections[0].get_array().reshape(3, 3), shares)
        assert axes.collections[0].get_clim() == (0, 1)
        assert axes.get_xlabel() == "predicted"
    assert printed.get_ylabel() == "true"
    assert bar.get_xlabel() == "share of the true class"
    legible(figure)


def test_a_class_without_clips_has_no_share():
    empty = COUNTS * [[1], [0], [1]]
    axes = figures.confusions([("clean", empty, CLASSES)]).axes[0]
    assert list(annotations(axes)[1]) == ["0\n0%"] * 3


@settings(max_examples=20)  # each draws a figure
@given(arrays(int, (3, 3), elements=st.integers(0, 99_999)))
def test_any_counts_can_be_read_back(counts):
    axes = figures.confusions([("any", counts * 2, CLASSES)]).axes[0]
    read = [
        [int(text.split("\n")[0].replace(",", "")) for text in row] for row in annotations(axes)
    ]
    plt.close("all")
    assert (np.array(read) == counts * 2).all()


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        (COUNTS, CLASSES[:2], r"clean: the matrix is \(3, 3\); 2 classes"),
        (-COUNTS, CLASSES, "clean: the matrix holds -87; counts are 0 or more"),
        (COUNTS * np.nan, CLASSES, "clean: the matrix holds nan"),
    ],
)
def test_a_matrix_that_is_none_is_told(matrix, names, message):
    with pytest.raises(ValueError, match=message):
        figures.confusions([("clean", matrix, names)])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_points_stand_at_their_places_in_the_colour_of_their_label(count):
    points = np.random.default_rng(0).normal(0, 1, (30, 2))
    labels = [
        [("emotion", "corpus", "speaker")[at] + str(row % (2 + 2 * at)) for row in range(30)]
        for at in range(count)
    ]
    figure = figures.scatter(
        [(f"panel {at}", points, each) for at, each in enumerate(labels)], title="in the plane"
    )
    assert figure.get_suptitle() == "in the plane"
    for at, (axes, own) in enumerate(zip(figure.axes, labels, strict=True)):
        assert axes.get_title() == f"panel {at}"
        assert np.allclose(axes.collections[0].get_offsets(), points)
        colours = [tuple(colour) for colour in axes.collections[0].get_facecolors()]
        assert len(set(zip(own, colours, strict=True))) == len(set(own)) == len(set(colours))
        assert [text.get_text() for text in axes.get_legend().texts] == sorted(set(own))
    assert figure.get_figwidth() <= 8.4
    legible(figure)
