"""Main effects of a 2 x 2 x 2 grid: closed forms, paired draws of speakers, and grids that are not whole."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sercore.evaluation.effects import CELLS, FACTORS, resampled_effects
from sercore.evaluation.metrics import accuracy, recalls

NAMES = (*FACTORS, "SP - TL", "TL - Aug")
parts = st.floats(-1, 1)
LIFT = 4  # no cell's score falls under 0: a wrong answer less than none would not add up to the same clips
few = partial(resampled_effects, draws=200)


def mean_recall(counts: np.ndarray) -> np.ndarray:
    return np.nanmean(recalls(counts), axis=-1)


def answered(right: np.ndarray, clips: int) -> np.ndarray:
    """Counts ``(speakers, runs, 2, 2)`` with so many right answers in each of two classes: right is ``(speakers, runs, 2)``."""
    counts = np.empty((*right.shape, 2))
    for true, predicted in product((0, 1), repeat=2):
        counts[..., true, predicted] = right[..., true] if true == predicted else clips - right[..., true]
    return counts


def drawn(generator: np.random.Generator, chance: dict, *, speakers: int = 24, runs: int = 1, clips: int = 10) -> dict:
    """Each cell's counts, right answers drawn with the cell's chance plus the speaker's own, which all cells share."""
    own = generator.normal(0, 0.1, (speakers, 1, 1))
    return {
        cell: answered(generator.binomial(clips, np.clip(at + own, 0, 1), (speakers, runs, 2)), clips)
        for cell, at in chance.items()
    }


def main_effects(scores: dict) -> dict:
    """Main effects of cells whose two speakers score alike."""
    found = resampled_effects({cell: answered(np.full((2, 1, 2), LIFT + score), 1) for cell, score in scores.items()}, draws=2)
    return {name: found[name].value for name in FACTORS}


@given(parts, parts, parts, parts)
def test_an_additive_grid_gives_its_own_effects(base, transfer, augmentation, pooling):
    scores = {cell: base + transfer * cell[0] + augmentation * cell[1] + pooling * cell[2] for cell in CELLS}
    assert main_effects(scores) == pytest.approx({"TL": transfer, "Aug": augmentation, "SP": pooling}, abs=1e-12)


@given(st.lists(parts, min_size=8, max_size=8))
def test_an_effect_is_the_mean_over_four_pairs(values):
    scores = dict(zip(CELLS, values, strict=True))
    for place, name in enumerate(FACTORS):
        pairs = []
        for others in product((False, True), repeat=2):
            without, with_it = ((*others[:place], state, *others[place:]) for state in (False, True))
            pairs.append(scores[with_it] - scores[without])
        assert main_effects(scores)[name] == pytest.approx(np.mean(pairs), abs=1e-12)


def test_an_interaction_alone_is_half_an_effect_of_both():
    scores = {cell: float(cell[0] and cell[2]) for cell in CELLS}
    assert main_effects(scores) == {"TL": 0.5, "Aug": 0.0, "SP": 0.5}


def test_cells_that_answer_alike_have_no_effect():
    one = answered(np.random.default_rng(0).integers(0, 11, (12, 2, 2)), 10)
    found = few(dict.fromkeys(CELLS, one))
    assert tuple(found) == NAMES
    assert [(each.value, each.low, each.high) for each in found.values()] == [(0, 0, 0)] * 5


@pytest.mark.parametrize("measure", [accuracy, mean_recall])
def test_values_are_the_main_effects_of_the_cells_scores(measure):
    chance = dict(zip(CELLS, np.linspace(0.3, 0.8, 8), strict=True))
    counts = drawn(np.random.default_rng(3), chance, runs=3)
    scores = {cell: float(np.mean(measure(array.sum(0)))) for cell, array in counts.items()}
    found = few(counts, measure=measure)
    effects = {
        name: np.mean([score for cell, score in scores.items() if cell[place]])
        - np.mean([score for cell, score in scores.items() if not cell[place]])
        for place, name in enumerate(FACTORS)
    }
    assert {name: found[name].value for name in FACTORS} == pytest.approx(effects)
    assert found["SP - TL"].value == pytest.approx(effects["SP"] - effects["TL"])
    assert found["TL - Aug"].value == pytest.approx(effects["TL"] - effects["Aug"])
    assert all(each.low < each.value < each.high for each in found.values())


def test_a_draw_is_one_for_all_cells():
    """Speakers differ much, the component gives each of them one clip more: drawn in pairs, its effect does not vary at all."""
    right = np.random.default_rng(0).integers(0, 9, (20, 1, 2))
    found = few({cell: answered(right + cell[2], 10) for cell in CELLS})
    assert (found["SP"].value, found["SP"].low, found["SP"].high) == pytest.approx((0.1, 0.1, 0.1))
    assert (found["TL"].low, found["TL"].high) == pytest.approx((0, 0))
    assert (found["SP - TL"].low, found["SP - TL"].high) == pytest.approx((0.1, 0.1))


def test_folds_as_runs_give_the_mean_over_folds():
    """A fold's speakers have no clip in the other folds; a draw without any of them leaves the fold out, not in as zero."""
    folds = np.zeros((4, 2, 2, 2))
    folds[:2, 0], folds[2:, 1] = [[9, 1], [1, 9]], [[5, 5], [5, 5]]
    better = folds.copy()
    better[2:, 1] = [[6, 4], [4, 6]]
    found = few({cell: better if cell[2] else folds for cell in CELLS})
    assert found["SP"].value == pytest.approx((0.9 + 0.6) / 2 - (0.9 + 0.5) / 2)
    assert (found["SP"].low, found["SP"].high) == pytest.approx((0, 0.1))  # one fold alone, or the other


def test_draws_follow_their_seed():
    counts = drawn(np.random.default_rng(0), dict.fromkeys(CELLS, 0.5))
    assert few(counts) == few(counts)
    assert few(counts, seed=1) != few(counts)


def test_intervals_cover_the_true_effects():
    """A percentile interval over 24 speakers covers about 93 %."""
    generator = np.random.default_rng(5)
    true = {"TL": 0.1, "Aug": 0.0, "SP": 0.1, "SP - TL": 0.0, "TL - Aug": 0.1}
    chance = {cell: 0.45 + 0.1 * cell[0] + 0.1 * cell[2] for cell in CELLS}
    hits = []
    for _ in range(400):
        found = resampled_effects(drawn(generator, chance), draws=400)
        hits.append([each.low <= true[name] <= each.high for name, each in found.items()])
    assert np.mean(hits, axis=0) == pytest.approx(np.full(5, 0.93), abs=0.04)


ONE = np.full((3, 2, 2, 2), 5)
EMPTY = ONE * np.array([1, 0, 1])[:, None, None, None]
UNUSED = ONE * np.array([1, 0])[:, None, None]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (dict.fromkeys(CELLS[1:], ONE), "cells 000 are missing; expected all 8"),
        (dict.fromkeys(CELLS, ONE) | {"111": ONE}, "111 is no cell; expected all 8"),
        (dict.fromkeys(CELLS, ONE[:, 0]), r"counts \(3, 2, 2\); expected \(speakers, runs, classes, classes\)"),
        (dict.fromkeys(CELLS, ONE) | {CELLS[7]: ONE[:2]}, r"cell 111 \(2, 2, 2, 2\) tested other clips than cell 000"),
        (dict.fromkeys(CELLS, ONE) | {CELLS[1]: np.full(ONE.shape, np.nan)}, "cell 001 .* tested other clips than cell 000"),
        (dict.fromkeys(CELLS, ONE) | {CELLS[4]: EMPTY}, "cell 100 .* tested other clips than cell 000"),
        (dict.fromkeys(CELLS, EMPTY), "1 speakers and 0 runs have no clip"),
        (dict.fromkeys(CELLS, UNUSED), "0 speakers and 1 runs have no clip"),
        (dict.fromkeys(CELLS, ONE[:0]), "no clip|no group"),
    ],
)
def test_what_resampled_effects_refuse(counts, told):
    with pytest.raises(ValueError, match=told):
        few(counts)
