"""Steps between the protocols of paper 01: what each changes alone, and that the leak it closes is closed."""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sercore.papers.alves2022 import study
from sercore.papers.alves2022.splitting import AND, ENDS, STEPS, SYNTHETIC, split, steps_of
from sercore.papers.alves2022.trial import (
    FEWER,
    ROWS,
    SWAPPED,
    Configuration,
    arrange,
    fit,
    protocol_of,
    score_transfer_together,
)
from sercore.protocols.speakers import LeakError
from tests.papers.alves2022 import alves_toy
from tests.papers.alves2022.alves_trials import BOTH, MISJOINED, SMOTE, trial

ALL = set(STEPS)
EVERY = [set(some) for many in range(6) for some in itertools.combinations(STEPS, many)]


def sides(data, steps, fold=0, row=BOTH, balancer="SMOTE"):
    items = arrange(trial(row), Configuration.of(row), data)
    return items, split(items, fold=fold, seed=0, balancer=balancer, steps=steps)[:2]


@pytest.mark.parametrize("steps", EVERY, ids=lambda steps: AND.join(sorted(steps)) or "none")
def test_each_step_closes_its_leak_and_no_other(data, steps):
    items, _ = sides(data, steps)
    scored, fabricated = 0, 0
    leaks = {"copy": 0, "recording": 0}
    for fold in range(5):
        _, (training, test) = sides(data, steps, fold)
        scored += len(test.labels)
        fabricated += int((~test.is_real).sum())
        if "real clips" in steps:
            assert test.is_real.all()
        if "SMOTE inside" in steps:
            assert SYNTHETIC not in test.recordings
            assert len(set(Counter(training.labels.tolist()).values())) == 1
        if "scaler inside" in steps:
            assert np.isclose(training.values.max(0), 1).all()
            assert np.isclose(training.values.min(0), 0).all()
        both = [part.values[part.originals >= 0] for part in (training, test)]
        assert not {row.tobytes() for row in both[0]} & {row.tobytes() for row in both[1]}
        tested = test.recordings[test.is_real]
        learned = training.recordings[training.is_real]
        leaks["recording"] += len(set(tested) & set(learned))
        copied = training.recordings[training.originals >= 0]
        if {"copies kept", "recordings apart"} <= steps:
            leaks["copy"] += len(set(tested) & set(copied))
    if "recordings apart" in steps:
        assert leaks["recording"] == 0
        assert leaks["copy"] == 0
    else:
        assert leaks["recording"] > 0
    new = 0 if "SMOTE inside" in steps else 270 - 209
    rows = 150 if "real clips" in steps else len(items.labels) + new
    assert scored == rows  # each once
    assert (fabricated > 0) == ("real clips" not in steps)


def test_a_copy_stays_with_its_original(data):
    """Without the step a copy of a tested clip is learned from; with it none is."""
    items = arrange(trial(BOTH), Configuration.of(BOTH), data)
    numbered = replace(items, values=np.arange(len(items.labels), dtype=float)[:, None])
    for steps, kept in ((set(), False), ({"copies kept"}, True)):
        shared: set[int] = set()
        for fold in range(5):
            training, test, _ = split(numbered, fold=fold, seed=0, balancer="", steps=steps)
            tested = (test.values[test.is_real] * (len(items.labels) - 1)).round().astype(int)
            shared |= set(tested[:, 0]) & set(training.originals[training.originals >= 0])
        assert (not shared) == kept


def test_a_planted_recording_on_both_sides_is_refused(data, monkeypatch):
    folds = [(np.arange(30, 150), np.arange(30))] * 5
    monkeypatch.setattr("sercore.papers.alves2022.splitting.grouped_folds", lambda *_, **__: folds)
    with pytest.raises(LeakError, match="in training and in test"):
        sides(data, ALL)


def test_a_protocol_has_one_name_and_says_its_steps():
    assert [steps_of(name) for name in ENDS] == [set(), ALL]
    for row, steps in itertools.product(ROWS, EVERY):
        assert steps_of(protocol_of(row, steps)) <= ALL
    assert protocol_of(BOTH, {"scaler inside", "real clips"}) == "real clips + scaler inside"
    assert protocol_of(SMOTE, {"copies kept"}) == "as-published"
    assert protocol_of(SMOTE, ALL - {"copies kept"}) == "clean"
    assert protocol_of(MISJOINED, {"SMOTE inside", "real clips"}) == "real clips"
    with pytest.raises(ValueError, match="'folds' is no step; expected as-published, clean, or"):
        steps_of("real clips + folds")


def test_a_waterfall_takes_a_step_at_a_time_and_ends_clean():
    for row in ROWS:
        for order, behind in study.waterfalls(row).items():
            assert list(behind.values())[-1] == "clean"
            taken = [steps_of(protocol) for protocol in list(behind.values())[:-1]]
            assert all(before < after for before, after in itertools.pairwise(taken))
            assert list(behind) == [step for step in study.ORDERS[order] if step in behind]
    assert len(study.waterfalls(BOTH)["forwards"]) == 5
    assert "copies kept" not in study.waterfalls(SMOTE)["backwards"]


def test_no_trial_of_the_steps_is_one_of_the_tables():
    parameters = study.Parameters(edition="open", encoder="toy")
    tables = {
        (each.row, each.protocol, each.control) for each in study.grid(parameters, encoder="toy")
    }
    steps = study.steps_grid(parameters, encoder="toy")
    assert not tables & {(each.row, each.protocol, each.control) for each in steps}
    assert len({(each.row, each.protocol, each.control, each.fold) for each in steps}) == len(steps)


def test_a_copy_has_the_shuffled_label_of_its_original(data):
    items = arrange(trial(control="labels shuffled"), Configuration.of(BOTH), data)
    copied = items.originals >= 0
    assert (items.labels[copied] == SWAPPED[items.labels[items.originals[copied]]]).all()
    assert (items.labels[copied] != data.labels[copied]).any()


def test_oversampling_repeats_rows(data):
    row = "Multi-task all prosodic + oversampling - CG"
    _, (training, _) = sides(data, ALL, row=row, balancer="oversampling")
    made = training.recordings == SYNTHETIC
    real = {line.tobytes() for line in training.values[~made]}
    assert made.any()
    assert {line.tobytes() for line in training.values[made]} <= real
    assert len(set(Counter(training.labels.tolist()).values())) == 1


def test_more_recordings_hold_those_of_fewer(data):
    known: set[str] = set()
    for many in (17, 20, 23):
        about = {"control": f"{many} recordings", "protocol": "clean"}
        fitted = fit(trial(SMOTE, epochs=1, **about), data)
        names = set(fitted.training.recordings[fitted.training.is_real])
        assert len(names) == many
        assert known <= names
        known = names
    with pytest.raises(ValueError, match="99 recordings: the training part has 23"):
        fit(trial(SMOTE, control="99 recordings", protocol="clean"), data)
    assert FEWER.fullmatch("25 recordings, logistic regression")["model"] == "logistic regression"


def test_gender_is_learned_of_actors_and_not_of_shuffled_sexes():
    """The check that the transfer test can fail: what is transferred is there, or is not."""
    actors = alves_toy.gender_table(distance=4.0, clips=400)
    data = replace(alves_toy.data(), auxiliary={"gender": actors, "gender of actors": actors})
    for row in study.TRANSFERRED:
        accuracies = {}
        for control in ("gender of actors", "sexes shuffled", "no gender branch"):
            settings = {"variant": "as-described", "protocol": "clean", "control": control}
            (outcome,) = score_transfer_together([trial(row, epochs=200, **settings)], data)
            accuracies[control] = outcome["gender_accuracy"]
        assert accuracies["gender of actors"] > 0.9
        assert 0.3 < accuracies["sexes shuffled"] < 0.7
        assert accuracies["no gender branch"] is None
