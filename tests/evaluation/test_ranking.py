"""Top-k accuracy: scikit-learn's, and that of argmax."""

from contextlib import nullcontext as does_not_raise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from sercore.evaluation.metrics import top_k_accuracy

HALVES = np.full((2, 2), 0.5)


@settings(max_examples=40)
@given(seed=st.integers(0, 500), k=st.integers(1, 6))
def test_top_k_is_scikit_learns_and_grows_with_k(seed, k):
    generator = np.random.default_rng(seed)
    scores, truth = generator.standard_normal((50, 7)), generator.integers(0, 7, 50)
    assert top_k_accuracy(scores, truth, k=k) == pytest.approx(
        top_k_accuracy_score(truth, scores, k=k, labels=range(7))
    )
    assert top_k_accuracy(scores, truth, k=k) <= top_k_accuracy(scores, truth, k=k + 1)
    assert top_k_accuracy(scores, truth, k=7) == 1


@settings(max_examples=40)
@given(seed=st.integers(0, 500))
def test_top_1_is_the_accuracy_of_argmax_with_ties_too(seed):
    generator = np.random.default_rng(seed)
    scores, truth = generator.integers(0, 3, (50, 5)).astype(np.uint8), generator.integers(0, 5, 50)
    assert top_k_accuracy(scores, truth, k=1) == (scores.argmax(1) == truth).mean()


@pytest.mark.parametrize(
    ("scores", "truth", "k", "outcome"),
    [
        (HALVES, [0, 1], 2, does_not_raise()),
        (HALVES, [0, 1], 0, pytest.raises(ValueError, match="k=0 of 2 classes; expected 1 to 2")),
        (HALVES, [0, 1], 3, pytest.raises(ValueError, match="k=3 of 2 classes")),
        (HALVES, [0, 2], 1, pytest.raises(ValueError, match="classes 0 to 2 with 2 scores")),
        (HALVES, [0], 1, pytest.raises(ValueError, match=r"scores \(2, 2\) and truth \(1,\)")),
        (
            np.array([[1.0, np.nan]] * 2),
            [0, 1],
            1,
            pytest.raises(ValueError, match="2 clips with a score that is NaN"),
        ),
    ],
)
def test_what_top_k_refuses(scores, truth, k, outcome):
    with outcome:
        top_k_accuracy(scores, truth, k=k)
