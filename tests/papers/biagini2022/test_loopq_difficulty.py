"""The axis of difficulty: what each split changes, planted signatures of speakers, the fit by hand, and its ledger."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning

from sercore.papers.biagini2022 import difficulty
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.inputs import FREE, Inputs
from sercore.papers.biagini2022.trial import SAME_SIZE, split
from sercore.protocols.speakers import speaker_folds
from sercore.protocols.splits import LeakError, forbid_shared
from tests.papers.biagini2022.loopq_toy import toy

WIDTH = 200  # so wide that a linear model can learn the signs of every speaker
SHARED = {"edition": "demo", "labels": "own", "size": "small"}


def clips(*, shared: float = 0.0, alone: float = 0.0):
    """Toy clips that tell their class by a sign that all speakers share, and by one that each speaker has alone."""
    data, generator = toy(), np.random.default_rng(1)
    classes = data.labels
    common = generator.normal(0, 1, (7, WIDTH))
    own = {name: generator.normal(0, 1, (7, WIDTH)) for name in sorted(set(data.groups))}
    rows = []
    for group, label in zip(data.groups, classes, strict=True):
        centre = shared * common[label] + alone * own[group][label]
        rows.append((centre + generator.normal(0, 0.3, (9, WIDTH))).astype(np.float32))
    return replace(data, inputs={"frames": Inputs.of(rows), FREE: Inputs.of(rows)})


def trials(data, *, seeds=(0,), folds=2):
    return list(difficulty.grid(difficulty.ROWS, data, seeds=seeds, folds=folds, **SHARED))


def test_the_grid_has_each_trial_once():
    found = trials(toy(), seeds=(0, 1), folds=4)
    assert len(found) == len(set(found)) == 2 * 4 * (1 + 4 + 4 + 2)
    per_protocol = Counter(trial.protocol for trial in found)
    assert set(per_protocol) == set(difficulty.PROTOCOLS)
    assert {trial.source for trial in found if trial.protocol == "across-corpora"} == {
        "toy-a",
        "toy-b",
    }
    assert {trial.encoder for trial in found if trial.variant == "mfcc"} == {"none"}
    assert {trial.encoder for trial in found if trial.variant == "frames"} == {"toy"}


def test_sides_of_one_size_differ_from_those_by_speaker_in_their_speakers_alone():
    data = toy()
    for trial in trials(data):
        if trial.protocol != SAME_SIZE:
            continue
        sides, by_speaker = split(trial, data), speaker_folds(data.table, trial.fold)
        for ours, theirs in zip(sides, by_speaker, strict=True):
            cells = [Counter(zip(data.table["corpus"].iloc[rows], data.labels[rows], strict=True)) for rows in (ours, theirs)]  # fmt: skip
            assert cells[0] == cells[1]
        groups = data.groups
        with pytest.raises(LeakError):
            forbid_shared(groups[sides[0]], groups[sides[2]], what="speaker")
        forbid_shared(groups[by_speaker[0]], groups[by_speaker[2]], what="speaker")


@pytest.mark.parametrize(
    ("signs", "above", "below"),
    [
        ({"alone": 2.0}, ("by-origin", SAME_SIZE), ("speaker-independent", "across-corpora")),
        ({"shared": 2.0}, difficulty.PROTOCOLS, ()),
        ({}, (), difficulty.PROTOCOLS),
    ],
)
def test_a_speakers_own_signs_help_only_where_speakers_are_shared(signs, above, below):
    """Planted: signs of one speaker lift the scores of shared speakers to the top and leave the others near guessing."""
    data = difficulty.summarised(clips(**signs))
    scores = {name: [] for name in difficulty.PROTOCOLS}
    for trial in trials(data):
        scores[trial.protocol].append(difficulty.run(trial, data)["accuracy"])
    for protocol in above:
        assert np.mean(scores[protocol]) > 0.55
    for protocol in below:
        assert np.mean(scores[protocol]) < 0.35


def test_a_clip_is_the_mean_and_the_deviation_of_its_frames():
    data = clips()
    short = difficulty.summarised(data).inputs["frames"]
    for row in (0, 57):
        clip = data.inputs["frames"].clip(row)
        mean = clip.sum(0) / len(clip)
        spread = np.sqrt(np.square(clip - mean).sum(0) / len(clip))
        np.testing.assert_allclose(short.values[row], [*mean, *spread], rtol=1e-5)
    assert len(short.values) == len(data.table)


def test_the_fit_is_where_the_penalised_loss_is_least():
    """Independent: no step from the fitted weights lowers the loss that the method is defined by."""
    data = difficulty.summarised(clips(shared=0.2))
    trial = next(each for each in trials(data) if each.row.name == "LOGISTIC mfcc")
    training, _, test = split(trial, data)
    result = difficulty.run(trial, data)
    values = data.inputs["frames"].values.astype(float)
    scaled = (values - values[training].mean(0)) / values[training].std(0)
    fit = _descended(scaled[training], data.labels[training])
    answers = (scaled[test] @ fit[:-1] + fit[-1]).argmax(1)
    assert result["accuracy"] == pytest.approx((answers == data.labels[test]).mean())
    assert (result["clips"], result["training_clips"]) == (len(test), len(training))
    assert sum(row[-1] for row in result["counts"]) == len(test)
    assert result["ending"] == "converged"


def _descended(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights and offsets of least cross-entropy plus half their squares, by plain gradient descent."""
    weights, truth = np.zeros((values.shape[1] + 1, 7)), np.eye(7)[labels]
    design = np.hstack([values, np.ones((len(values), 1))])
    for _ in range(3000):
        errors = np.exp(log_softmax(design @ weights, axis=1)) - truth
        gradient = design.T @ errors
        gradient[:-1] += weights[:-1]
        weights -= 0.002 * gradient
    return weights


def test_a_fit_that_has_not_converged_is_an_error(monkeypatch):
    monkeypatch.setattr(difficulty, "ITERATIONS", 1)
    data = difficulty.summarised(clips(shared=0.2))
    with pytest.raises(ConvergenceWarning):
        difficulty.run(next(each for each in trials(data) if each.model == "LOGISTIC"), data)


@pytest.mark.parametrize(("name", "rows"), [("difficulty", 2), ("pretraining", 4)])
def test_its_trials_are_asked_for_by_name_alone(name, rows, monkeypatch):
    monkeypatch.setattr(loopq, "_loaded", lambda parameters, rows, **options: toy())
    parameters = loopq.Parameters(models=name, seeds=2, folds=4)
    (task,) = loopq.tasks(parameters, toy())
    assert (task.name, len(task.trials)) == (name, 2 * rows * (1 + 4 + 4 + 2))
    assert task.data.inputs["frames"].values.shape == (112, 12)
    without = loopq.Parameters(models=name, encoder="none")
    assert {trial.variant for trial in loopq.tasks(without, toy())[0].trials} == {"mfcc"}
    usual = loopq.tasks(loopq.Parameters(only="HUBERTFT"), toy())
    assert name not in [each.name for each in usual]


def test_pretraining_is_asked_on_corpora_with_six_speakers(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        loopq, "_loaded", lambda parameters, rows, **options: asked.append(options) or toy()
    )
    for name in difficulty.TASKS:
        loopq.tasks(loopq.Parameters(edition="open", models=name, encoder="none"), toy())
    assert [options["only"] for options in asked] == [(), difficulty.JUDGED]
