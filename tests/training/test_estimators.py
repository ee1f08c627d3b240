"""The perceptrons as a classifier of scikit-learn: its conventions, and what the auxiliary task does."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.utils.estimator_checks import parametrize_with_checks

from sercore.models import MultiTaskMLP, SequentialMLP
from sercore.training import TransferMLPClassifier

NETWORKS = ("multi-task", "sequential")


@parametrize_with_checks([TransferMLPClassifier(name, epochs=15, rate=0.05) for name in NETWORKS])
def test_conventions_of_sklearn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def rows():
    """Two classes in two of six columns, and an auxiliary task in two of three."""
    X, y = make_classification(200, 6, n_informative=3, random_state=0)
    others = make_classification(80, 3, n_informative=2, n_redundant=0, random_state=1)
    return X, np.array(["calm", "angry"])[y], others


@pytest.mark.parametrize("network", NETWORKS)
def test_the_auxiliary_task_changes_what_is_learnt_and_is_learnt_itself(rows, network):
    X, y, others = rows
    model = TransferMLPClassifier(network, epochs=60, rate=0.02, random_state=0)
    alone = clone(model).fit(X, y)
    both = clone(model).fit(X, y, auxiliary=others)
    assert isinstance(both.network_, MultiTaskMLP if network == "multi-task" else SequentialMLP)
    assert alone.score(X, y) > 0.85
    assert both.score(X, y) > 0.85
    assert not np.allclose(alone.predict_proba(X), both.predict_proba(X))
    values = torch.tensor(others[0])
    with torch.inference_mode():
        if network == "multi-task":
            is_one = both.network_(torch.tensor(X), values)[1] > 0
        else:
            is_one = both.network_.gender_network(values) > 0.5
    assert (is_one[:, 0].numpy() == others[1]).mean() > 0.8


def test_the_sequential_network_reads_the_answer_of_the_first_stage(rows):
    X, y, others = rows
    model = TransferMLPClassifier("sequential", epochs=5, random_state=0)
    model.fit(X, y, auxiliary=others)
    assert model.network_.emotion_branch.in_features == 3
    changed = X.copy()
    changed[:, 3:] += 1
    assert not np.allclose(model.predict_proba(X), model.predict_proba(changed))


def test_a_seed_is_a_seed_and_a_pickle_the_same(rows):
    X, y, _ = rows
    one, same, other = (
        TransferMLPClassifier(epochs=3, random_state=seed).fit(X, y) for seed in (0, 0, 1)
    )
    answers = one.predict_proba(X)
    assert np.array_equal(answers, same.predict_proba(X))
    assert not np.array_equal(answers, other.predict_proba(X))
    assert np.array_equal(answers, pickle.loads(pickle.dumps(one)).predict_proba(X))
    assert answers.sum(1) == pytest.approx(np.ones(len(X)))


@pytest.mark.parametrize(
    ("options", "auxiliary", "message"),
    [
        ({"network": "parallel"}, None, "network=parallel: expected multi-task or sequential"),
        ({}, (np.eye(2), [1, 2]), "auxiliary labels 1, 2; expected 0 and 1"),
        ({"network": "sequential"}, (np.eye(6), [0, 1] * 3), "X has 6 columns, the auxiliary task"),
    ],
)
def test_what_cannot_be_trained_is_refused(rows, options, auxiliary, message):
    with pytest.raises(ValueError, match=message):
        TransferMLPClassifier(**options).fit(rows[0], rows[1], auxiliary)
