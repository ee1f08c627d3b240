"""Shared figures: what is drawn is what was given, every text is legible, what cannot be drawn is told."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import same_color, to_hex

from sercore.report import figures
from sercore.report.figures import Effect
from tests.report.legible import legible

CLASSES = ("neutral", "non-neutral female", "non-neutral male")
COUNTS = np.array([[71, 27, 8], [2, 87, 1], [1, 11, 87]])


def annotations(axes):
    return np.array([text.get_text() for text in axes.texts]).reshape(3, 3)


def test_confusions_hold_the_counts_and_the_shares_of_the_rows():
    shares = COUNTS / COUNTS.sum(axis=1, keepdims=True)
    panels = [("printed", COUNTS, CLASSES), ("shares", shares, CLASSES)]
    figure = figures.confusions([[*panels, ("mean", COUNTS / 8, CLASSES)], panels], names="ab")
    printed, bare, mean, below, _ = figure.axes
    for (row, column), count in np.ndenumerate(COUNTS):
        share = f"{count / COUNTS[row].sum():.0%}"
        assert annotations(printed)[row, column] == f"{count}\n{share}"
        assert annotations(bare)[row, column] == share
        assert annotations(mean)[row, column] == f"{round(count / 8, 1):g}\n{share}"
    for axes in (printed, bare, mean):
        assert np.allclose(axes.collections[0].get_array().reshape(3, 3), shares)
        assert axes.collections[0].get_clim() == (0, 1)
        assert axes.get_xlabel() == ""
    assert [axes.get_ylabel() for axes in (printed, below)] == ["a\ntrue", "b\ntrue"]
    assert below.get_xlabel() == "predicted"
    legible(figure)


def test_a_class_without_clips_has_no_share():
    empty = COUNTS * [[1], [0], [1]]
    axes = figures.confusions([[("clean", empty, CLASSES)]]).axes[0]
    assert list(annotations(axes)[1]) == ["0\n0%"] * 3


def test_many_classes_side_by_side_show_shares_alone():
    names = [f"class {letter}" for letter in "abcdefg"]
    panel = ("ours", np.eye(7) * 40, names)
    figure = figures.confusions([[panel] * 3])
    assert {text.get_text() for text in figure.axes[2].texts} == {"100%", "0%"}
    assert figure.get_figwidth() <= figures.WIDTH
    legible(figure)


@settings(max_examples=20)  # each draws a figure
@given(arrays(int, (3, 3), elements=st.integers(0, 99_999)))
def test_any_counts_can_be_read_back(counts):
    axes = figures.confusions([[("any", counts * 2, CLASSES)]]).axes[0]
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
        figures.confusions([[("clean", matrix, names)]])


@pytest.mark.parametrize("in_rows", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_points_stand_at_their_places_in_the_colour_of_their_label(count, in_rows):
    points = np.random.default_rng(0).normal(0, 1, (30, 2))
    kinds = ("emotion", "corpus", "speaker")
    grid = []
    for row in range(2):
        of_row = [kinds[row if in_rows else at] for at in range(count)]
        grid.append([(f"{row} {at}", points, [f"{kind}{n % 4}" for n in range(30)])
                     for at, kind in enumerate(of_row)])  # fmt: skip
    figure = figures.scatter(grid, names=("real", "untrained"), in_rows=in_rows)
    panels = [panel for row in grid for panel in row]
    for axes, (title, _, labels) in zip(figure.axes, panels, strict=True):
        assert axes.get_title() == title
        assert np.allclose(axes.collections[0].get_offsets(), points)
        colours = [tuple(colour) for colour in axes.collections[0].get_facecolors()]
        assert len(set(zip(labels, colours, strict=True))) == len(set(labels)) == len(set(colours))
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    shown = [[text.get_text() for text in legend.texts] for legend in legends]
    expected = kinds[:2] if in_rows else kinds[:count]
    assert shown == [[f"{kind}{n}" for n in range(4)] for kind in expected]
    assert [axes.get_ylabel() for axes in figure.axes[::count]] == ["real", "untrained"]
    assert figure.get_figwidth() <= figures.WIDTH
    legible(figure)


@pytest.mark.parametrize("count", [2, 9, 12])
def test_labels_have_colours_of_their_own_that_mean_nothing_else(count):
    names = [f"label {letter}" for letter in "abcdefghijkl"[:count]]
    shades = figures.colours([*names[::-1], *names])
    assert list(shades) == names
    assert len({to_hex(shade) for shade in shades.values()}) == count
    assert not {to_hex(shade) for shade in shades.values()} & {
        to_hex(shade) for shade in figures.COLOURS.values()
    }
    assert shades == figures.colours(names)


def test_a_corpus_has_one_colour_beside_whatever_it_stands():
    alone, all_four = (
        figures.colours(["SAVEE"]),
        figures.colours(["emovo", "ravdess", "savee", "tess"]),
    )
    assert alone["SAVEE"] == all_four["savee"]
    mixed = figures.colours(["anger", "SAVEE", "TESS"])
    assert (mixed["SAVEE"], mixed["TESS"]) == (all_four["savee"], all_four["tess"])
    assert len(set(mixed.values())) == 3
    classes = figures.colours(["anger", "fear", "happiness", "neutral", "sadness"])
    assert not set(classes.values()) & set(all_four.values())


def marks(axes, shape):
    return [line for line in axes.lines if line.get_marker() == shape]


def effects():
    about = {"group": "A1 a claim", "series": "clean"}
    yield Effect(row="above", value=0.2, low=0.1, high=0.3, printed=0.25, **about)
    yield Effect(row="unsure", value=-0.1, low=-0.3, high=0.1, is_judged=False, **about)
    yield Effect(row="printed alone", value=np.nan, printed=-0.2, **about)
    yield Effect(group="A2 another", series="clean", row="above", value=0.1)
    yield Effect(group="A2 another", series="as-published", row="above", value=0.3)


SHADES = {name: figures.COLOURS[name] for name in ("as-published", "clean")}


@pytest.mark.parametrize("count", [1, 2])
def test_a_forest_plot_draws_the_values_and_intervals_that_it_is_given(count):
    given = list(effects())
    panels = {f"panel {at}": given for at in range(count)}
    figure = figures.forest(panels, shades=SHADES, unit="points")
    assert len(figure.axes) == count
    for at, axes in enumerate(figure.axes):
        assert axes.get_title() == f"panel {at}"
        values = [effect.value for effect in given if np.isfinite(effect.value)]
        assert [point.get_xdata()[0] for point in marks(axes, "o")] == values
        assert [point.get_xdata()[0] for point in marks(axes, "D")] == [0.25, -0.2]
        spans = [tuple(line.get_xdata()) for line in axes.lines if line.get_alpha() == 0.6]
        assert spans == [(0.1, 0.3), (-0.3, 0.1)]
        hollow = [same_color(dot.get_markerfacecolor(), "white") for dot in marks(axes, "o")]
        assert hollow == [False, True, False, False]
        names = [text.get_text() for text in axes.get_yticklabels()]
        rows = ["A1 a claim", "above", "unsure", "printed alone", "A2 another", "above"]
        assert names == (rows if at == 0 else [])
        heights = [round(point.get_ydata()[0]) for point in marks(axes, "o")]
        assert heights == [1, 2, 5, 5]
        assert axes.yaxis_inverted()
        assert any(set(line.get_xdata()) == {0} for line in axes.lines)
    words = [text.get_text() for text in figure.legends[0].texts]
    assert words == ["printed", "clean", "as-published", "not judged"]
    legible(figure)


def test_a_forest_plot_of_many_pairs_is_no_taller_than_a_screen():
    many = [
        Effect(group=f"A{at // 10}", row=f"row {at}", series="clean", value=at / 100)
        for at in range(25)
    ]
    figure = figures.forest({"": many, " ": many}, shades=SHADES, unit="points")
    assert 96 * figure.get_figheight() <= 700
    assert "not judged" not in [text.get_text() for text in figure.legends[0].texts]
    legible(figure)


def test_a_forest_plot_of_nothing_is_told():
    with pytest.raises(ValueError, match="no effect; expected at least one"):
        figures.forest({"": []}, shades=SHADES, unit="points")


def test_a_mark_says_its_name():
    figure = figures.forest({"": list(effects())[:1]}, shades=SHADES, unit="points")
    names = [line.get_gid() for line in figure.axes[0].lines if line.get_gid()]
    about = "hover: A1 a claim, above, clean"
    assert names == [f"{about}, printed: +0.25", f"{about}: +0.2"]
