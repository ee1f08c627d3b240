"""Main effects of a 2 x 2 x 2 grid: closed forms of the weights, and of estimates that are made with them."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sercore.evaluation import estimates
from sercore.evaluation.estimates import Estimate
from sercore.evaluation.metrics import CELLS, DIFFERENCES, FACTORS, accuracy, contrasts, recalls
from sercore.evaluation.scores import Trials

NAMES = (*FACTORS, "SP - TL", "TL - Aug")
parts = st.floats(-1, 1)


def measure_accuracy(counts: np.ndarray, *_: np.ndarray) -> np.ndarray:
    return accuracy(counts)


def mean_recall(counts: np.ndarray, *_: np.ndarray) -> np.ndarray:
    return np.nanmean(recalls(counts), axis=-1)


def system(right: np.ndarray, clips: int, *, start: int = 0) -> Trials:
    """Trials with so many right answers in each of two classes: right is ``(speakers, seeds, folds, 2)``, -1 for no clip."""
    speaker, seed, fold, true = (each.ravel() for each in np.indices(right.shape))
    good, trial = right.ravel(), start + seed * right.shape[2] + fold
    answers = [(true, good), (1 - true, clips - good)]
    tables = [
        pd.DataFrame(
            {"trial": trial, "group": speaker, "true": true, "predicted": answer, "count": count}
        )[good >= 0]
        for answer, count in answers
    ]
    counts = pd.concat(tables, ignore_index=True)
    counts["group"] = "s" + counts["group"].astype(str).str.zfill(2)
    settings = pd.DataFrame({"trial": trial, "seed": seed, "fold": fold}).drop_duplicates()
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    return Trials(settings, counts, errors, 2)


def grid(right: dict, clips: int = 10) -> list[Trials]:
    """The eight systems in order, each a training of its own."""
    return [
        system(np.asarray(right[cell]), clips, start=1000 * at) for at, cell in enumerate(CELLS)
    ]


def effects(
    systems: list[Trials], measure=measure_accuracy, *, draws: int = 300
) -> dict[str, Estimate]:
    return {
        name: estimates.contrast(
            systems, measure, lambda scores, weights=weights: weights @ scores, draws=draws
        )
        for name, weights in contrasts().items()
    }


def drawn(
    generator: np.random.Generator,
    chance: dict,
    *,
    speakers: int = 24,
    seeds: int = 5,
    clips: int = 100,
) -> dict:
    """Right answers of each cell, drawn with the cell's chance plus the speaker's own, and what a speaker and a seed add to it."""
    own = generator.normal(0, 0.1, (speakers, 1, 1, 1))
    answers = {}
    for cell, at in chance.items():
        mixed = generator.normal(0, 0.05, own.shape) + generator.normal(0, 0.03, (1, seeds, 1, 1))
        answers[cell] = generator.binomial(
            clips, np.clip(at + own + mixed, 0, 1), (speakers, seeds, 1, 2)
        )
    return answers


def main_effects(scores: dict) -> dict:
    """Main effects of cells with these scores."""
    values = np.array([scores[cell] for cell in CELLS])
    return {name: contrasts()[name] @ values for name in FACTORS}


def test_there_is_a_contrast_for_each_component_and_each_step_of_the_order():
    assert tuple(contrasts()) == NAMES
    assert all(weights.shape == (8,) for weights in contrasts().values())
    assert tuple(f"{one} - {other}" for one, other in DIFFERENCES) == NAMES[3:]


@given(parts, parts, parts, parts)
def test_an_additive_grid_gives_its_own_effects(base, transfer, augmentation, pooling):
    scores = {
        cell: base + transfer * cell[0] + augmentation * cell[1] + pooling * cell[2]
        for cell in CELLS
    }
    assert main_effects(scores) == pytest.approx(
        {"TL": transfer, "Aug": augmentation, "SP": pooling}, abs=1e-12
    )


@given(st.lists(parts, min_size=8, max_size=8))
def test_an_effect_is_the_mean_over_four_pairs(values):
    scores = dict(zip(CELLS, values, strict=True))
    for place, name in enumerate(FACTORS):
        pairs = []
        for others in product((False, True), repeat=2):
            without, with_it = (
                (*others[:place], state, *others[place:]) for state in (False, True)
            )
            pairs.append(scores[with_it] - scores[without])
        assert main_effects(scores)[name] == pytest.approx(np.mean(pairs), abs=1e-12)


@given(st.lists(parts, min_size=8, max_size=8))
def test_a_step_of_the_order_is_the_difference_of_two_effects(values):
    found = {name: weights @ np.array(values) for name, weights in contrasts().items()}
    for one, other in DIFFERENCES:
        assert found[f"{one} - {other}"] == pytest.approx(found[one] - found[other], abs=1e-12)


def test_an_interaction_alone_is_half_an_effect_of_both():
    scores = {cell: float(cell[0] and cell[2]) for cell in CELLS}
    assert main_effects(scores) == {"TL": 0.5, "Aug": 0.0, "SP": 0.5}


def test_cells_that_answer_alike_have_no_effect():
    """Seeds are drawn for each system by itself, so that they must agree too for an interval of no width."""
    one = np.repeat(np.random.default_rng(0).integers(0, 11, (12, 1, 1, 2)), 5, axis=1)
    found = effects(grid(dict.fromkeys(CELLS, one)))
    assert tuple(found) == NAMES
    assert [(each.value, each.low, each.high) for each in found.values()] == [
        pytest.approx((0, 0, 0))
    ] * 5
    assert {estimates.signs([each])[0] for each in found.values()} == {"inconclusive"}


@pytest.mark.parametrize("measure", [measure_accuracy, mean_recall])
def test_values_are_the_main_effects_of_the_cells_scores(measure):
    chance = dict(zip(CELLS, np.linspace(0.3, 0.8, 8), strict=True))
    right = drawn(np.random.default_rng(3), chance, seeds=3)
    systems = grid(right, 100)
    scores = {
        cell: float(trials.by_seed(measure).mean())
        for cell, trials in zip(CELLS, systems, strict=True)
    }
    plain = {
        cell: float(array.mean() / 100) for cell, array in right.items()
    }  # of both classes alike
    assert scores == pytest.approx(plain)
    found = effects(systems, measure)
    expected = {
        name: np.mean([score for cell, score in scores.items() if cell[place]])
        - np.mean([score for cell, score in scores.items() if not cell[place]])
        for place, name in enumerate(FACTORS)
    }
    assert {name: found[name].value for name in FACTORS} == pytest.approx(expected)
    assert found["SP - TL"].value == pytest.approx(expected["SP"] - expected["TL"])
    assert found["TL - Aug"].value == pytest.approx(expected["TL"] - expected["Aug"])
    assert all(each.low < each.value < each.high for each in found.values())
    assert {(each.seeds, each.groups) for each in found.values()} == {(3, 24)}


def test_a_draw_is_one_for_all_cells():
    """Speakers differ much, the component gives each of them one clip more: drawn in pairs, its effect does not vary at all."""
    right = np.repeat(np.random.default_rng(0).integers(0, 9, (20, 1, 1, 2)), 5, axis=1)
    found = effects(grid({cell: right + cell[2] for cell in CELLS}))
    assert (found["SP"].value, found["SP"].low, found["SP"].high) == pytest.approx((0.1, 0.1, 0.1))
    assert (found["TL"].low, found["TL"].high) == pytest.approx((0, 0))
    assert (found["SP - TL"].low, found["SP - TL"].high) == pytest.approx((0.1, 0.1))
    assert estimates.signs([found["SP"]])[0] == "holds"
    (one,) = grid(dict.fromkeys(CELLS, right))[:1]
    alone = estimates.level(one, measure_accuracy, draws=300)
    assert alone.high - alone.low > 0.1  # what each cell's own score varies by


def test_an_effect_is_the_mean_over_folds():
    """A fold's speakers have no clip in the other folds; a draw without any of them leaves the fold out, not in as zero."""
    folds = np.full((4, 5, 2, 2), -1)  # no clip
    folds[:2, :, 0], folds[2:, :, 1] = (
        np.array([[9, 1], [1, 9]])[:, None],
        np.array([[5, 5], [5, 5]])[:, None],
    )
    better = folds.copy()
    better[2:, :, 1] = np.array([[6, 4], [4, 6]])[:, None] + 1
    found = effects(grid({cell: better if cell[2] else folds for cell in CELLS}))
    assert found["SP"].value == pytest.approx((0.5 + 0.6) / 2 - (0.5 + 0.5) / 2)
    assert (found["SP"].high - found["SP"].low) == pytest.approx(
        0.1
    )  # one fold alone, or the other
    assert found["SP"].folds == 2


def test_intervals_cover_the_true_effects():
    """Some 93 % of 24 speakers and five seeds a system; 40 grids of five effects leave three points of doubt."""
    generator = np.random.default_rng(5)
    true = {"TL": 0.1, "Aug": 0.0, "SP": 0.1, "SP - TL": 0.0, "TL - Aug": 0.1}
    chance = {cell: 0.45 + 0.1 * cell[0] + 0.1 * cell[2] for cell in CELLS}
    hits = []
    for _ in range(40):
        found = effects(grid(drawn(generator, chance), 100), draws=200)
        hits.append([each.low <= true[name] <= each.high for name, each in found.items()])
    assert 0.86 <= np.mean(hits) <= 0.99
