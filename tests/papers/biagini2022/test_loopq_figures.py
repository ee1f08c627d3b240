"""Figures of chapter 3: what is drawn is what was given, every text is legible, what cannot be drawn is told."""

import numpy as np
import pytest
from matplotlib.colors import same_color, to_rgba

from sercore.corpora.labels import SEVEN
from sercore.features.mel import PICTURE, MelSettings, filters, mel
from sercore.papers.biagini2022 import figures
from sercore.report import spectrograms as shared
from sercore.report.spectrograms import _band
from tests.report.legible import legible

EMOTIONS = dict(zip(SEVEN, (1652, 1629, 1628, 1634, 1452, 1555, 560), strict=True))
ORIGINS = {"CREMA": 6306, "RAVDESS": 1041, "SAVEE": 397, "TESS": 2366}
CURVES = [[epoch, 2.0 / epoch, 0.1 * epoch, 2.2 / epoch, 0.09 * epoch] for epoch in range(1, 9)]
BINS = [[0.25, 0, 0.0, 0], [0.5, 40, 16, 10], [0.75, 60, 36, 30], [1.0, 100, 90, 100]]
SMALL = MelSettings(hop=512, bands=40)
TIMES = np.stack([np.arange(0, 28.5, 0.5), np.arange(2, 30.5, 0.5)], axis=1)


def clips(
    count: int = 7, settings: MelSettings = PICTURE
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(0)
    found = [
        (name, generator.uniform(-0.5, 0.5, 12_000 + 9_000 * at))
        for at, name in enumerate(SEVEN[:count])
    ]
    return [(name, samples, mel(samples, settings=settings)) for name, samples in found]


def titled(figure) -> list:
    return [axes for axes in figure.axes if axes.get_title()]


def test_shares_are_per_cent_of_all_clips():
    figure = figures.shares(EMOTIONS, ORIGINS)
    for axes, counts in zip(figure.axes, (EMOTIONS, ORIGINS), strict=True):
        assert [bar.get_width() for bar in axes.containers[0]] == [
            100 * count / 10_110 for count in counts.values()
        ]
        assert [text.get_text() for text in axes.texts] == [
            f"{count / 101.10:.1f} %, {count:,}" for count in counts.values()
        ]
        assert [label.get_text() for label in axes.get_yticklabels()] == list(counts)
        assert axes.yaxis_inverted()
    assert [axes.get_title() for axes in figure.axes] == [
        "clips by emotion, 10,110 in all",
        "clips by origin, 10,110 in all",
    ]
    assert figure.axes[0].texts[0].get_text() == "16.3 %, 1,652"
    legible(figure)


@pytest.mark.parametrize(
    ("emotions", "origins", "message"),
    [
        ({"happy": 3}, {"TESS": 2}, "3 clips by emotion, 2 by origin"),
        ({"happy": 0}, {"TESS": 0}, "emotions: .*expected clips"),
        ({"happy": 3}, {}, "origins: {}; expected clips"),
        ({"happy": 4, "fear": -1}, {"TESS": 3}, "emotions: .*0 or more"),
    ],
)
def test_shares_of_nothing_are_told(emotions, origins, message):
    with pytest.raises(ValueError, match=message):
        figures.shares(emotions, origins)


@pytest.mark.parametrize("count", [1, 4, 7])
def test_examples_are_the_waveforms_and_their_levels_on_one_scale_of_time(count):
    panels = clips(count)
    figure = shared.examples(panels)
    waves = titled(figure)
    pictures = [
        axes for axes in figure.axes if axes.collections and axes.get_label() != "<colorbar>"
    ]
    assert [axes.get_title() for axes in waves] == [name for name, *_ in panels]
    for wave, picture, (_, samples, spectrogram) in zip(waves, pictures, panels, strict=True):
        assert np.array_equal(wave.lines[0].get_ydata(), samples)
        assert wave.lines[0].get_xdata()[-1] == (len(samples) - 1) / 16_000
        drawn = picture.collections[0].get_array()
        assert np.allclose(drawn, (spectrogram - spectrogram.max()).T)
        assert (
            picture.get_xlim()
            == wave.get_xlim()
            == (0, max(len(samples) for _, samples, _ in panels) / 16_000)
        )
        assert np.allclose(
            picture.collections[0].get_coordinates()[0, :2, 0], [-0.032, 0.032]
        )  # a frame is centred
    assert pictures[-1].get_xlabel() == "s"
    assert pictures[0].get_ylabel() == "Hz"
    legible(figure)


@pytest.mark.parametrize(
    "settings", [PICTURE, SMALL, MelSettings(lowest=100, highest=4000, bands=64)]
)
def test_a_frequency_stands_in_the_band_whose_filter_peaks_there(settings):
    frequencies = np.linspace(0, 8000, settings.fft // 2 + 1)
    bank = filters(settings)
    for hertz in (500, 1000, 2000, 3500):
        responses = [np.interp(hertz, frequencies, row) for row in bank]
        assert abs(int(_band(hertz, settings)) - int(np.argmax(responses))) <= 1
    ends = [_band(hertz, settings) for hertz in (settings.lowest, settings.highest)]
    assert ends == pytest.approx([-0.5, settings.bands + 0.5])


@pytest.mark.parametrize(
    ("draw", "panels", "message"),
    [
        (shared.examples, [], "no panel; expected one a class"),
        (shared.examples, [("fear", np.zeros(20_480), np.zeros((20, 128)))], r"\(20, 128\) of 20480 samples; expected \(21, 128"),
        (shared.examples, [("fear", np.zeros(20_480), np.zeros((21, 40)))], r"fear: .*\(21, 40\).*expected \(21, 128"),
    ],
)  # fmt: skip
def test_panels_that_do_not_fit_are_told(draw, panels, message):
    with pytest.raises(ValueError, match=message):
        draw(panels)


@pytest.mark.parametrize("count", [1, 3, 9])
def test_curves_are_those_of_each_model_with_the_kept_epoch_marked(count):
    names = [f"CNNLSTM {letter}" for letter in "abcdefghi"[:count]]
    histories = {name: (CURVES, at % 8 + 1) for at, name in enumerate(names)}
    fewer = dict(list(histories.items())[:-1]) if count > 1 else histories
    figure = figures.curves({"by-origin": histories, "speaker-independent": fewer})
    columns, axes = np.array(CURVES).T, figure.axes
    assert len(axes) == 2 * (len(histories) + len(fewer))
    shared, apart = axes[: 2 * count], axes[2 * count :]
    for split, panels in (("by-origin", shared), ("speaker-independent", apart)):
        assert panels[0].get_ylabel() == f"{split}\naccuracy"
        assert panels[len(panels) // 2].get_ylabel() == "loss"
    for name, accuracy, loss in zip(names, shared[:count], shared[count:], strict=True):
        best = histories[name][1]
        assert accuracy.get_title() == name.replace(" ", "\n")
        for axes, ours, theirs in ((accuracy, 2, 4), (loss, 1, 3)):
            training, validation, kept = axes.lines
            assert np.array_equal(training.get_xydata().T, columns[[0, ours]])
            assert np.array_equal(validation.get_xydata().T, columns[[0, theirs]])
            assert kept.get_xydata().tolist() == [[best, columns[theirs, best - 1]]]
            low, high = axes.get_ylim()
            assert low == 0
            assert columns[[ours, theirs]].max() <= high
    assert [axes.get_title().replace("\n", " ") for axes in apart[: len(fewer)]] == list(fewer)
    shown = [text.get_text() for text in figure.legends[0].texts]
    assert shown == ["training", "validation", "kept epoch"]
    legible(figure)


@pytest.mark.parametrize(
    ("histories", "message"),
    [
        ({}, "no model; expected the curves"),
        ({"CNNATT": (CURVES, 9)}, r"CNNATT: curves \(8, 5\), kept epoch 9"),
        ({"CNNATT": ([row[:4] for row in CURVES], 1)}, r"CNNATT: curves \(8, 4\)"),
        ({"CNNATT": ([], 1)}, r"CNNATT: curves \(0,\)"),
    ],
)
def test_curves_that_are_none_are_told(histories, message):
    with pytest.raises(ValueError, match=message):
        figures.curves({"by-origin": histories})


def test_reliability_is_the_share_right_by_confidence_and_the_error_that_of_the_bins():
    """A bin of two clips has no point, and counts in the error."""
    bins = [[0.5, 2, 0.8, 2], [1.0, 50, 40.0, 20]]
    figure = figures.reliability({"by-origin": BINS, "speaker-independent": bins})
    above, below = figure.axes
    diagonal, first, second = above.lines
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert np.allclose(first.get_xydata(), [[0.4, 0.25], [0.6, 0.5], [0.9, 1]])
    assert np.allclose(second.get_xydata(), [[0.8, 0.4]])
    error, other = (6 + 6 + 10) / 200, (1.2 + 20) / 52
    texts = [text.get_text() for text in figure.legends[0].texts]
    assert texts == [
        "as sure as right",
        f"by-origin, error {error:.3f}, 200 clips",
        f"speaker-independent, error {other:.3f}, 52 clips",
    ]
    assert [bar.get_height() for bar in below.containers[0]] == [0, 0.2, 0.3, 0.5]
    assert [bar.get_height() for bar in below.containers[1]] == [2 / 52, 50 / 52]
    for line, bars in zip((first, second), below.containers, strict=True):
        assert {to_rgba(bar.get_facecolor()) for bar in bars} == {to_rgba(line.get_color())}
    assert not same_color(first.get_color(), second.get_color())
    legible(figure)


@pytest.mark.parametrize("row", [[1.0, 0, 0.0, 0], [1.0, 5, 4.0, 6], [1.0, 5, 5.5, 4]])
def test_bins_that_are_none_are_told(row):
    with pytest.raises(ValueError, match=r"by-origin: .*sum both over the same clips"):
        figures.reliability({"by-origin": [row]})


def test_no_figure_is_wider_than_a_page():
    drawn = [
        figures.shares(EMOTIONS, ORIGINS),
        shared.examples(clips()),
        figures.curves({"by-origin": {str(at): (CURVES, 1) for at in range(9)}}),
        figures.reliability({"by-origin": BINS}),
    ]
    assert all(figure.get_figwidth() <= 8 for figure in drawn)
