"""Reliability and calibration error: by hand, against scikit-learn, and on networks that are calibrated by construction."""

from contextlib import nullcontext as does_not_raise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from sercore.evaluation.calibration import reliability


def drawn(seed: int, *, clips: int = 200, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    logits = 2 * generator.standard_normal((clips, classes))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.where(
        generator.random(clips) < 0.5,
        probabilities.argmax(1),
        generator.integers(0, classes, clips),
    )
    return probabilities, truth


def test_a_diagram_by_hand():
    """Four bins; 0.5 lies in the second, which holds its upper edge, and 0.75 in the third."""
    probabilities = np.array([[0.5, 0.5], [0.4, 0.6], [0.75, 0.25], [0.1, 0.9], [1.0, 0.0]])
    diagram = reliability(probabilities, [0, 0, 0, 1, 1], bins=4)
    assert diagram.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert diagram.clips.tolist() == [0, 1, 2, 2]
    assert np.allclose(diagram.confidence, [np.nan, 0.5, 0.675, 0.95], equal_nan=True)
    assert np.allclose(diagram.accuracy, [np.nan, 1, 0.5, 0.5], equal_nan=True)
    assert diagram.error == pytest.approx((1 * 0.5 + 2 * 0.175 + 2 * 0.45) / 5)


@settings(max_examples=40)
@given(seed=st.integers(0, 500), bins=st.integers(1, 30))
def test_calibration_error_is_its_definition_in_a_loop(seed, bins):
    probabilities, truth = drawn(seed)
    total = 0.0
    for low in range(bins):
        inside = [
            row for row in range(200) if low / bins < probabilities[row].max() <= (low + 1) / bins
        ]
        if inside:
            right = np.mean([probabilities[row].argmax() == truth[row] for row in inside])
            total += (
                len(inside)
                / 200
                * abs(right - np.mean([probabilities[row].max() for row in inside]))
            )
    assert reliability(probabilities, truth, bins=bins).error == pytest.approx(total, abs=1e-12)


@settings(max_examples=40)
@given(seed=st.integers(0, 500))
def test_the_curve_is_scikit_learns(seed):
    probabilities, truth = drawn(seed)
    diagram = reliability(probabilities, truth)
    there = diagram.clips > 0
    right, said = calibration_curve(
        probabilities.argmax(1) == truth, probabilities.max(1), n_bins=15
    )
    assert np.allclose(diagram.accuracy[there], right)
    assert np.allclose(diagram.confidence[there], said)
    assert diagram.clips.sum() == 200


def test_truth_drawn_from_the_probabilities_is_calibrated_and_sharpened_ones_are_not():
    probabilities, _ = drawn(0, clips=20_000)
    truth = (
        (np.random.default_rng(1).random((20_000, 1)) > probabilities.cumsum(1)).sum(1).clip(max=6)
    )
    sharp = probabilities**3 / (probabilities**3).sum(1, keepdims=True)
    assert reliability(probabilities, truth).error < 0.015
    assert reliability(sharp, truth).error > 0.1


@pytest.mark.parametrize(("truth", "error"), [([0, 0], 0), ([1, 1], 1), ([0, 1], 0.5)])
def test_a_network_that_is_always_sure(truth, error):
    assert reliability(np.array([[1.0, 0.0]] * 2), truth).error == error


def test_float32_rows_are_taken_as_they_come():
    probabilities, truth = drawn(3)
    assert reliability(probabilities.astype(np.float32), truth).error == pytest.approx(
        reliability(probabilities, truth).error, abs=1e-6
    )


HALVES = np.full((2, 2), 0.5)


@pytest.mark.parametrize(
    ("probabilities", "truth", "bins", "outcome"),
    [
        (HALVES, [0, 1], 1, does_not_raise()),
        (HALVES, [0, 1], 0, pytest.raises(ValueError, match="bins=0: no bin")),
        (
            HALVES,
            [0],
            15,
            pytest.raises(ValueError, match=r"probabilities \(2, 2\) and truth \(1,\)"),
        ),
        (HALVES[:0], [], 15, pytest.raises(ValueError, match="at least one clip")),
        (
            HALVES,
            [0, 2],
            15,
            pytest.raises(
                ValueError, match="classes 0 to 2 with 2 probabilities a clip; expected 0 to 1"
            ),
        ),
        (HALVES, [-1, 0], 15, pytest.raises(ValueError, match="classes -1 to 0")),
        (
            np.array([[2.0, -1.0]] * 2),
            [0, 1],
            15,
            pytest.raises(ValueError, match="take the softmax"),
        ),
        (np.array([[0.5, 0.6]] * 2), [0, 1], 15, pytest.raises(ValueError, match="sum to 1")),
        (
            np.array([[0.5, np.nan]] * 2),
            [0, 1],
            15,
            pytest.raises(ValueError, match="no probabilities"),
        ),
    ],
)
def test_what_a_diagram_refuses(probabilities, truth, bins, outcome):
    with outcome:
        reliability(probabilities, truth, bins=bins)
