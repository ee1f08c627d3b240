"""The gender task of paper 01: who is held out, what a model learns from, and what its counts add up to."""

import json
import pickle
import re
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from sercore import store
from sercore.corpora.gender_tables import GenderTable
from sercore.ledger.paper import read_printed
from sercore.papers.alves2022 import gender
from sercore.papers.alves2022.gender import (
    CLASSIFIERS,
    NETWORK,
    GenderTrial,
    fit,
    run,
    speaker_folds,
)
from sercore.papers.alves2022.trial import Trial
from sercore.protocols.speakers import LeakError
from sercore.protocols.splits import shuffled_folds
from tests.papers.alves2022.alves_toy import gender_data as data
from tests.papers.alves2022.alves_toy import gender_table as table

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer"
)  # the MLP is slow where sexes hardly differ

ROWS = [f"gender classifier ({name})" for name in CLASSIFIERS]
TREE = "gender classifier (decision tree)"


@pytest.fixture(autouse=True)
def _one_thread():
    """As a sweep runs trials."""
    with threadpool_limits(1):
        yield


def trial(row=TREE, protocol="as-published", **more) -> GenderTrial:
    return GenderTrial(
        **{"row": row, "protocol": protocol, "fold": 0, "seed": 0, "edition": "demo", "epochs": 10}
        | more
    )


def accuracy(outcomes: list[dict]) -> float:
    counts = [row for outcome in outcomes for row in outcome["counts"]]
    return sum(row[3] for row in counts if row[1] == row[2]) / sum(row[3] for row in counts)


@given(
    seed=st.integers(0, 2**32 - 1),
    women=st.integers(5, 12),
    men=st.integers(5, 12),
    order=st.randoms(use_true_random=False),
)
def test_a_fold_holds_out_a_fifth_of_either_sex_and_shares_no_speaker(seed, women, men, order):
    known = table(distance=0.0, women=women, men=men, clips=3)
    rows = list(range(len(known.male)))
    order.shuffle(rows)
    known = replace(known, male=known.male[rows], speakers=known.speakers[rows])
    held_out = []
    for learned, held in speaker_folds(known, seed=seed):
        assert sorted([*learned, *held]) == list(range(len(rows)))
        assert not set(known.speakers[learned]) & set(known.speakers[held])
        away = [name[0] for name in set(known.speakers[held])]
        assert away.count("w") in (women // 5, -(-women // 5))
        assert away.count("m") in (men // 5, -(-men // 5))
        held_out += set(known.speakers[held])
    assert sorted(held_out) == sorted(set(known.speakers))


def test_the_seed_shuffles_the_pairs():
    known = table(distance=0.0)
    pairs = {
        seed: frozenset(
            frozenset(known.speakers[held]) for _, held in speaker_folds(known, seed=seed)
        )
        for seed in range(10)
    }
    assert len(set(pairs.values())) > 5


@pytest.mark.parametrize(
    ("women", "men", "message"),
    [(4, 5, "4 female speakers; 5 folds"), (7, 1, "1 male speakers; 5 folds"), (0, 5, "0 female")],
)
def test_too_few_speakers_are_refused(women, men, message):
    with pytest.raises(ValueError, match=message):
        speaker_folds(table(distance=0.0, women=women, men=men), seed=0)


def test_a_speaker_of_both_sexes_is_refused():
    known = table(distance=0.0)
    known.male[0] = 1
    with pytest.raises(ValueError, match="speaker w0 has rows of both sexes"):
        speaker_folds(known, seed=0)


@pytest.mark.parametrize(
    ("row", "protocol"), [*((row, "as-published") for row in ROWS), (NETWORK, "clean")]
)
def test_a_planted_leak_is_refused(monkeypatch, row, protocol):
    """Folds that share speakers never reach a model."""
    monkeypatch.setattr(
        gender, "speaker_folds", lambda known, *, seed: shuffled_folds(len(known.male), seed=seed)
    )
    with pytest.raises(LeakError, match="is in training and in test"):
        fit(trial(row, protocol), data())


@pytest.mark.parametrize("row", ROWS)
def test_common_voice_is_never_trained_on(row):
    """The model tested on Common Voice is to the byte the one tested on held-out speakers, whatever Common Voice holds."""
    given_ = data()
    other = replace(
        given_.common_voice,
        features=given_.common_voice.features + 9,
        male=1 - given_.common_voice.male,
    )
    chosen = trial(f"{row}, Common Voice", fold=2)
    fitted = [
        fit(chosen, given_),
        fit(chosen, replace(given_, common_voice=other)),
        fit(trial(row, fold=2), given_),
    ]
    assert len({pickle.dumps((each.scaler, each.model)) for each in fitted}) == 1
    assert fitted[0].test is given_.common_voice


@pytest.mark.parametrize(
    ("row", "protocol"), [(TREE, "as-published"), (ROWS[3], "as-published"), (NETWORK, "clean")]
)
def test_nothing_is_learned_of_the_held_out_speakers(row, protocol):
    """Whatever their clips hold, scaler and model stay the same; stage 1 as published sees their range and their clips."""
    given_ = data()
    _, held = speaker_folds(given_.mls, seed=0)[0]
    moved = replace(given_, mls=replace(given_.mls, features=given_.mls.features.copy()))
    moved.mls.features[held] += 7
    values = table(distance=1.0, seed=2).features

    def answers(chosen, each):
        fitted = fit(chosen, each)
        return replace(fitted, test=GenderTable(values, None, None, "")).male()

    assert np.array_equal(
        answers(trial(row, protocol), given_), answers(trial(row, protocol), moved)
    )
    leaky = trial(NETWORK, "as-published")
    assert not np.array_equal(answers(leaky, given_), answers(leaky, moved))


@pytest.mark.parametrize(
    ("row", "protocol", "groups"),
    [
        (TREE, "as-published", 2),
        (f"{TREE}, Common Voice", "as-published", 1),
        (NETWORK, "clean", 2),
        (NETWORK, "as-published", 10),
    ],
)
def test_counts_and_errors_add_up_to_the_test_rows(row, protocol, groups):
    outcome = run(trial(row, protocol), data())
    rows = 80 if "Common Voice" in row else 40
    assert sum(number for *_, number in outcome["counts"]) == rows
    assert sum(clips for _, clips, *_ in outcome["errors"]) == rows
    assert len({name for name, *_ in outcome["errors"]}) == groups
    assert sum(head for *_, head, _ in outcome["errors"]) / rows == pytest.approx(
        outcome["head_mse"]
    )
    assert (outcome["second_mse"], outcome["second_zero"]) == (None, None)
    assert json.loads(json.dumps(outcome)) == outcome


@pytest.mark.parametrize("row", [TREE, "gender classifier (SVM)"])
def test_a_model_that_answers_0_or_1_errs_by_its_wrong_answers(row):
    """Full-grown trees and the SVM: the squared error is the error rate."""
    outcome = run(trial(row), data(distance=0.3))
    assert 0 < outcome["head_mse"] == pytest.approx(1 - accuracy([outcome]))


@pytest.mark.parametrize("row", [*ROWS, NETWORK])
def test_a_trial_is_the_same_twice(row):
    weak = data(distance=0.2)
    assert run(trial(row), weak) == run(trial(row), weak)
    assert run(trial(row), weak) != run(trial(row, seed=1), weak)


@pytest.mark.parametrize(
    ("row", "protocol"), [*((row, "as-published") for row in ROWS), (NETWORK, "clean")]
)
def test_what_separates_is_learned_and_what_does_not_is_not(row, protocol):
    def tried(each):
        return accuracy(
            [run(trial(row, protocol, fold=fold, epochs=300), each) for fold in range(5)]
        )

    apart = data(distance=8.0)
    assert tried(apart) == 1.0
    mixed = np.random.default_rng(0).permutation(len(apart.mls.male))
    permuted = replace(
        apart, mls=replace(apart.mls, features=apart.mls.features[mixed])
    )  # labels against features, speakers whole
    assert 0.4 < tried(permuted) < 0.6


def test_stage_one_is_the_papers_network():
    fitted = fit(trial(NETWORK, "clean"), data())
    assert sum(weights.numel() for weights in fitted.model.network_.parameters()) == 1381
    assert 0 < run(trial(NETWORK, "clean"), data())["head_mse"] < 1
    grid = gender.grid("demo", [0])
    assert {(each.epochs, gender.STAGE_ONE.batch) for each in grid} == {(100, 1000)}


def test_stage_one_as_published_scales_by_every_row():
    known = data()
    scalers = {
        protocol: fit(trial(NETWORK, protocol), known).scaler
        for protocol in ("as-published", "clean")
    }
    learned, _ = speaker_folds(known.mls, seed=0)[0]
    assert np.array_equal(scalers["as-published"].data_max_, known.mls.features.max(0))
    assert np.array_equal(scalers["clean"].data_max_, known.mls.features[learned].max(0))


def test_the_random_forest_has_five_trees_and_the_trials_seed():
    forest = fit(trial("gender classifier (random forest)", seed=7), data()).model
    assert (len(forest.estimators_), forest.random_state) == (5, 7)


def test_the_grid_has_every_row_once_a_fold_and_the_papers_row_among_them():
    grid = gender.grid("open", [0, 3], common_voice=True)
    assert len(grid) == len(set(grid)) == (6 * 2 + 2) * 2 * 5
    assert {each.protocol for each in grid if each.row != NETWORK} == {"as-published"}
    printed = {
        number.row
        for number in read_printed("01-ser2022-transfer")
        if number.row.startswith("gender classifier (")
    }
    assert printed
    assert printed <= {each.row for each in grid}
    without = gender.grid("demo", iter([0, 3]))
    assert {each.row for each in without} == {*ROWS, NETWORK}
    assert len(without) == (6 + 2) * 2 * 5


def test_a_trials_fields_are_those_of_the_emotion_trials():
    """Both are recorded in one table."""
    ours, theirs = (
        {each.name: each.default for each in fields(kind)} for kind in (GenderTrial, Trial)
    )
    assert list(ours) == list(theirs)
    assert all(ours[name] == theirs[name] for name in ("control", "encoder"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"row": "gender classifier (k nearest)"}, "no gender model; expected a name such as"),
        ({"row": "(3) Multi-task all prosodic + SMOTE - CG"}, "no gender model"),
        ({"protocol": "clean"}, "protocol 'clean' does not exist for it; expected 'as-published'"),
        ({"row": NETWORK, "protocol": "leaky"}, "expected 'as-published' or 'clean'"),
        ({"variant": "as-described"}, "variant 'as-described' does not exist"),
        ({"control": "labels shuffled"}, "control 'labels shuffled' does not exist"),
        ({"encoder": "wav2vec"}, "encoder 'wav2vec' does not exist"),
    ],
)
def test_a_trial_without_meaning_is_refused(changed, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(trial(**changed), data())


def test_common_voice_is_asked_for_where_it_is_absent():
    without = replace(data(), common_voice=None)
    for ask in (fit, lambda chosen, each: each.content(chosen)):
        with pytest.raises(ValueError, match="hold no Common Voice table"):
            ask(trial(f"{TREE}, Common Voice"), without)
    assert without.content(trial()) == data().content(trial())


@pytest.mark.parametrize("part", ["features", "male", "speakers"])
def test_the_content_is_of_what_the_trial_reads(part):
    given_ = data()

    def planted(where):
        known = getattr(given_, where)
        values = getattr(known, part).copy()
        values[0] = "w1" if part == "speakers" else 1 - values[0]
        return replace(given_, **{where: replace(known, **{part: values})})

    elsewhere = trial(f"{TREE}, Common Voice")
    assert planted("mls").content(trial()) != given_.content(trial())
    assert planted("common_voice").content(trial()) == given_.content(trial())
    assert planted("mls").content(elsewhere) != given_.content(elsewhere)
    assert planted("common_voice").content(elsewhere) != given_.content(elsewhere)


def test_the_key_of_a_trial_counts_no_code_that_measures_or_loads():
    modules, _ = store.closure(["sercore.papers.alves2022.gender"])
    assert not [
        name
        for name in modules
        if name.startswith(("sercore.features", "sercore.corpora.demo", "sercore.audio"))
    ]
