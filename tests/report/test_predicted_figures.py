"""Probabilities over a clip: what is drawn is what was given, every text is legible, what cannot be drawn is told."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread

from sercore.corpora.labels import SEVEN
from sercore.parameters import ParameterError
from sercore.report import predictions
from tests.report.legible import legible

TIMES = np.array([[0, 5], [2.5, 7.5], [3.1, 8.1]])
VALUES = np.random.default_rng(0).dirichlet(np.ones(7), 3)


def clip(name="a.wav", values=VALUES, times=TIMES, error=None):
    windows = [
        {
            "start": start,
            "end": end,
            "probabilities": None
            if np.isnan(row).any()
            else dict(zip(SEVEN, row.tolist(), strict=True)),
        }
        for (start, end), row in zip(times.tolist(), values, strict=True)
    ]
    mean = dict(zip(SEVEN, np.nanmean(values, axis=0).tolist(), strict=True))
    return {
        "clip": f"folder/{name}",
        "windows": windows,
        "probabilities": None if error else mean,
        "error": error,
    }


def test_bars_are_stacked_around_the_middle_of_their_windows():
    figure = predictions.probabilities(
        [("a.wav", TIMES, VALUES), ("b.wav", TIMES[:1], VALUES[:1])], SEVEN
    )
    first, second = figure.axes
    edges = [0, (2.5 + 5) / 2, (5 + 5.6) / 2, 8.1]
    assert [container.get_label() for container in first.containers] == list(SEVEN)
    for number, container in enumerate(first.containers):
        assert [bar.get_x() for bar in container] == pytest.approx(edges[:-1])
        assert [bar.get_width() for bar in container] == pytest.approx(np.diff(edges))
        assert [bar.get_height() for bar in container] == pytest.approx(VALUES[:, number])
        assert [bar.get_y() for bar in container] == pytest.approx(VALUES[:, :number].sum(1))
    assert (first.get_xlim(), first.get_ylim(), second.get_xlim()) == ((0, 8.1), (0, 1), (0, 5))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a.wav", "b.wav"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(SEVEN)
    legible(figure)


def test_a_silent_window_is_left_white():
    values = VALUES.copy()
    values[1] = np.nan
    (axes,) = predictions.probabilities([("a.wav", TIMES, values)], SEVEN).axes
    assert [
        sum(container[at].get_height() for container in axes.containers) for at in range(3)
    ] == pytest.approx([1, 0, 1])


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ([], "0 clips; a picture holds 1 to 100"),
        ([("a.wav", TIMES, VALUES)] * 101, "101 clips; a picture holds 1 to 100"),
        (
            [("a.wav", TIMES[:2], VALUES)],
            r"a.wav: times are \(2, 2\) and probabilities \(3, 7\); expected a start, an end and 7",
        ),
        ([("a.wav", TIMES, VALUES[:, :6])], r"a.wav: .* probabilities \(3, 6\)"),
        ([("a.wav", TIMES, 2 * VALUES)], "a.wav: probabilities that do not sum to 1"),
        ([("a.wav", TIMES[:0], VALUES[:0])], "one or more windows"),
    ],
)
def test_what_cannot_be_drawn_is_told(panels, message):
    with pytest.raises(ValueError, match=message):
        predictions.probabilities(panels, SEVEN)


def test_a_file_holds_the_answered_clips(tmp_path):
    silent = VALUES.copy()
    silent[2] = np.nan
    predictions.save_probabilities(
        [clip(), clip("bad.wav", error="bad"), clip("b.wav", silent)],
        tmp_path / "deep" / "picture.PNG",
    )
    height, width, _ = imread(tmp_path / "deep" / "picture.PNG", format="png").shape
    assert (height, width) == (round(150 * (0.9 + 2 * predictions.HEIGHT)), 150 * 8)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("clips", "path", "message"),
    [
        (1, "picture.pdf", "picture.pdf: no PNG file by its name; expected one that ends in .png"),
        (101, "picture.png", "picture.png: 101 clips; a picture holds 100 at most"),
        (1, "file/picture.png", r"picture.png: cannot be written \(.*\). Name another file."),
    ],
)
def test_a_file_that_cannot_be_is_told(tmp_path, clips, path, message):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match=message):
        predictions.save_probabilities([clip()] * clips, tmp_path / path)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
