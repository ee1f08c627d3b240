"""Figures of chapter 4: what is drawn is what was given, every text is legible, what cannot be drawn is told."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from sercore.augment.policies import POLICIES, masked
from sercore.papers.padi2021 import figures
from tests.papers.padi2021.padi_runs import EIGHT, ledger, trials
from tests.report.legible import legible

BARS = {name: (40.0 + 5 * at, 3.0, 15) for at, name in enumerate(EIGHT)}
NAN = float("nan")


def clip(frames=180):
    return np.random.default_rng(0).normal(size=(frames, 128)).astype(np.float32)


def versions(signal):
    generator = torch.Generator().manual_seed(0)
    return {
        name: masked(torch.from_numpy(signal)[None], policy, generator=generator)[0].numpy()
        for name, policy in POLICIES.items()
    }


def test_masked_cells_are_black_and_all_others_the_clips_own():
    signal = clip()
    found = versions(signal)
    figure = figures.masks(signal, found)
    pictures = [axes.images[0].get_array() for axes in figure.axes[:3]]
    assert [axes.get_title() for axes in figure.axes[:3]] == [
        "as it is",
        "conservative",
        "aggressive",
    ]
    assert not np.ma.getmaskarray(pictures[0]).any()
    for name, picture in zip(found, pictures[1:], strict=True):
        hidden = np.ma.getmaskarray(picture).T
        assert (hidden == (found[name] != signal)).all()
        assert (picture.data.T[~hidden] == signal[~hidden]).all()
    assert figure.axes[0].images[0].get_extent() == [0, 1.8, 0, 128]
    assert figure.axes[0].images[0].cmap.get_bad().tolist() == [0, 0, 0, 1]
    legible(figure)


def test_bars_have_the_scores_and_their_deviations():
    figure = figures.bars(
        {
            "speakers left out": {"RAVDESS, an analogue of exp1": BARS},
            "clips split": {"RAVDESS": {"111": (70, NAN, 1)}},
        }
    )
    above, below = figure.axes
    assert [bar.get_height() for bar in above.patches] == [value for value, *_ in BARS.values()]
    assert [bar.get_height() for bar in below.patches] == [70]
    assert (len(above.containers), len(below.containers)) == (
        16,
        1,
    )  # a bar and its line each; one training has no line
    assert above.get_title().startswith("speakers left out")
    assert "mean of 1 to 15 trainings" in figure.legends[0].get_texts()[0].get_text()
    legible(figure)


def test_bars_of_one_training_each_have_no_deviation_to_tell():
    figure = figures.bars(
        {"speakers left out": {"RAVDESS": {"111": (70, NAN, 1), "000": (60, NAN, 1)}}}
    )
    assert figure.legends[0].get_texts()[0].get_text() == "one training"


def test_bars_of_three_experiments_stand_beside_each_other():
    training = "full width, 20 epochs, bf16, one recogniser of 20 epochs; 5 folds, 3 seeds"
    figure = figures.bars(
        {
            split: {f"IEMOCAP, exp{at}\n{training}": BARS for at in (1, 2, 3)}
            for split in figures.SPLIT_TITLES.values()
        }
    )
    assert len(figure.axes) == 6
    assert (
        " ".join(figure.axes[1].get_title().split())
        == f"speakers left out: IEMOCAP, exp2 {training}"
    )
    legible(figure)


@pytest.mark.parametrize(("seeds", "face"), [(1, "white"), (4, "white"), (5, figures.PALETTE[0])])
def test_effects_have_their_intervals_and_few_seeds_are_hollow(seeds, face):
    given = {
        "TL": (2.0, -1.0, 5.0),
        "Aug": (0.5, -0.5, 1.5),
        "SP": (6.0, 4.0, 8.0),
        "SP - TL": (4.0, 1.0, 7.0),
    }
    figure = figures.effects(
        {
            "RAVDESS, an analogue of exp1, speakers left out": (given, seeds),
            "clips split": (given, 3),
        }
    )
    axes = figure.axes[0]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in points] == [value for value, *_ in given.values()] * 2
    assert points[0].get_markerfacecolor() == face
    spans = [
        line.get_xdata()
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_linewidth() == 1.5
    ]
    assert [tuple(map(float, each)) for each in spans] == [
        (low, high) for _, low, high in given.values()
    ] * 2
    assert f"{seeds} seed" in figure.legends[0].get_texts()[0].get_text()
    legible(figure)


def test_maps_are_coloured_by_emotion_and_by_speaker():
    generator = np.random.default_rng(0)
    emotions = ["angry", "happy", "neutral", "sad"] * 10
    speakers = [f"ravdess/{at:02d}" for at in (1, 2, 3, 4, 5)] * 8
    stages = {
        stage: (generator.normal(size=(40, 2)), emotions, speakers) for stage in ("before", "after")
    }
    figure = figures.maps(stages, title="Real speech")
    assert figure.get_suptitle() == "Real speech"
    assert [axes.get_title() for axes in figure.axes] == [
        f"{one}, by {other}" for one in stages for other in ("emotion", "speaker")
    ]
    for (places, *labels), row in zip(
        stages.values(), np.reshape(figure.axes, (2, 2)), strict=True
    ):
        for axes, given in zip(row, labels, strict=True):
            points = axes.collections[0]
            assert np.array_equal(points.get_offsets(), places)
            assert len(np.unique(points.get_facecolors(), axis=0)) == len(set(given))
    legible(figure)


def test_what_a_ledger_holds_can_be_drawn():
    def right(trial, speaker):
        return [50 + 10 * (trial.pooling == "statistics"), 40, 60, 30 + 10 * trial.fold]

    book = ledger(trials(EIGHT, folds=2, protocols=("speakers-apart", "clips")), right)
    for figure in (
        figures.bars(figures.bars_data(book)),
        figures.effects(figures.effects_data(book)),
    ):
        legible(figure)
        plt.close(figure)
    empty = ledger([])
    ((title, matrix, names),) = figures.confusions_data(book, empty)["Real speech"]
    assert (title, names) == ("RAVDESS, an analogue of exp1", ("angry", "happy", "neutral", "sad"))
    assert (np.diagonal(matrix) / matrix.sum(1)).tolist() == [0.6, 0.4, 0.6, 0.35]
    ((title, found),) = figures.bars_data(book)["speakers left out"].items()
    assert title.startswith("RAVDESS, an analogue of exp1\n")
    assert title.endswith("; 2 folds, 1 seed")
    assert found["111"] == pytest.approx((48.75, 10 / 4 / 2**0.5, 2))
    effects = figures.effects_data(book)
    assert effects["RAVDESS, an analogue of exp1, clips split at random"][0]["SP"] == pytest.approx(
        (2.5, 2.5, 2.5)
    )
    assert (
        figures.confusions_data(empty, empty)
        == figures.bars_data(empty)
        == figures.effects_data(empty)
        == {}
    )


def test_the_grid_is_drawn_before_a_wider_pair():
    grid = trials(EIGHT, folds=2, size="narrow")
    pair = trials(["001", "101"], folds=3)
    (found,) = figures.bars_data(ledger(pair + grid))["speakers left out"].values()
    assert tuple(found) == EIGHT
    (found,) = figures.bars_data(ledger(pair))["speakers left out"].values()
    assert tuple(found) == ("001", "101")


def test_maps_are_of_the_widest_networks_first_seed_and_of_what_was_looked_into():
    views = trials(["011", "111", "111, finetune"], folds=1, seeds=2)[::-1]
    found = figures.maps_data(ledger([], views=views), ledger([]))["Real speech"]
    assert set(found) == {
        "011, before training", "011, after training", "111, before training", "111, finetune, after training",
    }  # fmt: skip
    places, emotions, speakers = found["011, after training"]
    assert places.tolist() == [[0, 1], [1, 1], [2, 1]]
    assert (emotions, speakers) == (
        ["angry", "sad", "happy"],
        ["ravdess/01", "ravdess/01", "ravdess/06"],
    )
    wide = [each for each in views if each.seed == 1]
    both = ledger([], views=[*trials(["011"], folds=1, size="narrow"), *wide])
    assert figures.maps_data(both, ledger([]))["Real speech"]["011, after training"][
        0
    ].tolist() == [[0, 2], [1, 2], [2, 2]]
    assert figures.maps_data(ledger([]), ledger(trials(["111"], folds=1))) == {}
    legible(figures.maps(found))
