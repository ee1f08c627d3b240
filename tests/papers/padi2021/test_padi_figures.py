"""Figures of chapter 4: what is drawn is what was given, every text is legible, what cannot be drawn is told."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from sercore.augment.policies import POLICIES, masked
from sercore.papers.padi2021 import figures
from sercore.report.figures import scatter
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
            "clips split at random": {"RAVDESS": {"111": (70, NAN, 1)}},
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
    ((title, matrix, names),) = figures.confusions_data(book, empty)
    assert title == "Real speech: RAVDESS, an analogue of exp1"
    assert names == ("angry", "happy", "neutral", "sad")
    assert (np.diagonal(matrix) / matrix.sum(1)).tolist() == [0.6, 0.4, 0.6, 0.35]
    ((title, found),) = figures.bars_data(book)["speakers left out"].items()
    assert title.startswith("RAVDESS, an analogue of exp1\n")
    assert title.endswith("; 2 folds, 1 seed")
    assert found["111"] == pytest.approx((48.75, 10 / 4 / 2**0.5, 2))
    split = "RAVDESS, an analogue of exp1, clips split at random, 1 seed"
    (effect,) = [
        effect
        for effect in figures.effects_data(book)
        if (effect.series, effect.row) == (split, "pooling")
    ]
    assert (effect.value, effect.low, effect.high) == pytest.approx((2.5, 2.5, 2.5))
    assert not effect.is_judged
    assert figures.bars_data(empty) == {}
    assert figures.confusions_data(empty, empty) == figures.effects_data(empty) == []


@pytest.mark.parametrize(("seeds", "is_judged"), [(4, False), (5, True)])
def test_effects_are_judged_from_five_seeds(seeds, is_judged):
    def right(trial, speaker):
        return [50 + trial.seed, 40, 60, 30 + 10 * trial.fold]

    effects = figures.effects_data(ledger(trials(EIGHT, folds=2, seeds=seeds), right))
    assert {effect.is_judged for effect in effects} == {is_judged}


def test_this_pages_answers_are_drawn_only_where_none_are_recorded():
    book, demo = ledger(trials(EIGHT, folds=2)), ledger(trials(EIGHT, folds=1))
    recorded = figures.confusions_data(book, ledger([]))[0][1]
    ((_, counts, _),) = figures.confusions_data(book, demo)
    assert (counts == recorded).all()
    ((_, counts, _),) = figures.confusions_data(ledger([]), demo)
    assert counts.sum() < recorded.sum()


def test_the_grid_is_drawn_before_a_wider_pair():
    grid = trials(EIGHT, folds=2, size="narrow")
    pair = trials(["001", "101"], folds=3)
    (found,) = figures.bars_data(ledger(pair + grid))["speakers left out"].values()
    assert tuple(found) == EIGHT
    (found,) = figures.bars_data(ledger(pair))["speakers left out"].values()
    assert tuple(found) == ("001", "101")


def test_maps_are_of_the_widest_networks_first_seed_and_of_what_was_looked_into():
    views = trials(["011", "111", "111, finetune"], folds=1, seeds=2)[::-1]
    maps = figures.maps_data(ledger([], views=views), ledger([], views=views))
    assert list(maps) == ["Real speech,\nemotion", "Real speech,\nspeaker"]
    by_emotion, by_speaker = ({title: rest for title, *rest in panels} for panels in maps.values())
    assert set(by_emotion) == set(by_speaker) == {
        "011,\nbefore training", "011,\nafter training",
        "111,\nbefore training", "111, finetune,\nafter training",
    }  # fmt: skip
    places, labels = by_emotion["011,\nafter training"]
    assert places.tolist() == [[0, 1], [1, 1], [2, 1]]
    assert labels == ["angry", "sad", "happy"]
    assert by_speaker["011,\nafter training"][1] == ["ravdess/01", "ravdess/01", "ravdess/06"]
    wide = [each for each in views if each.seed == 1]
    both = ledger([], views=[*trials(["011"], folds=1, size="narrow"), *wide])
    panels = figures.maps_data(both, ledger([]))["Real speech,\nemotion"]
    (after,) = [rest for title, *rest in panels if title == "011,\nafter training"]
    assert after[0].tolist() == [[0, 2], [1, 2], [2, 2]]
    assert figures.maps_data(ledger([]), ledger(trials(["111"], folds=1))) == {}
    legible(scatter(list(maps.values()), names=list(maps), in_rows=True))
