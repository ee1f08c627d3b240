"""The study of paper 04: its grid and parameters, where each row is run, what data cannot run, what the ledger takes."""

from collections import Counter
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from sercore.ledger import recorded
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.paper import PAPER
from sercore.papers.padi2021.study import GROUPS, ROWS
from sercore.parameters import ParameterError, checked
from tests.papers.padi2021 import padi_toy

CELLS = ["000", "001", "010", "011", "100", "101", "110", "111"]
INPUTS = ["111, conversation", "111, energy", "111, 300 frames"]


def given(**values):
    return checked(padi.Parameters, values)


@pytest.fixture(scope="module")
def data():
    return padi_toy.data()


def test_the_grid_is_the_paper_s():
    assert [row.name for row in padi.GRID] == CELLS
    assert {row.transfer for row in padi.GRID} == {"none", "frozen"}
    assert {row.pooling for row in padi.GRID} == {"flatten", "statistics"}
    assert ROWS["111"] == padi.FULL
    assert len(ROWS) == sum(len(group) for group in GROUPS.values())  # each has a name of its own


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"edition": "open"}, CELLS),
        ({}, ["000", "001", "011", "111"]),
        ({"only": "101"}, ["101"]),
        ({"models": "finetune"}, ["101, finetune", "111, finetune"]),
        ({"models": "pooling"}, ["000, mean", "100, mean"]),
        ({"models": "policies"}, ["011, conservative", "011, aggressive"]),
        ({"models": "inputs"}, INPUTS),
        ({"models": "parts"}, ["111, improvised", "111, scripted"]),
        ({"models": "all", "edition": "paper"}, [*ROWS]),
        ({"only": "111", "vad": "energy"}, ["111, energy"]),
        (
            {"only": "001", "norm": "conversation", "evaluate": "300"},
            ["001, conversation, 300 frames"],
        ),
        (
            {"models": "inputs", "norm": "conversation"},
            [INPUTS[0], "111, conversation, energy", "111, conversation, 300 frames"],
        ),
    ],
)
def test_rows_that_are_asked_for(values, names):
    assert [row.name for row in padi.rows(given(**values))] == names


@pytest.mark.parametrize(
    "switched",
    [{"norm": "conversation"}, {"vad": "energy"}, {"evaluate": "300"}, {"part": "scripted"}],
)
def test_a_switch_makes_no_row_twice(switched):
    names = Counter(row.name for row in padi.rows(given(edition="open", models="all", **switched)))
    assert set(names.values()) == {1}
    assert all(next(iter(switched.values())) in name for name in names)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"only": "211"},
            r'-p only=211: "211" is no row that can be run, the nearest is "[01]{3}"',
        ),
        (
            {"only": "000, mean"},
            "-p only=000, mean: no row among -p models=grid; expected one that is",
        ),
        ({"models": "encoder"}, "-p models=encoder: needs a speaker encoder, and none is given"),
        ({"models": "lengths"}, "-p models=lengths: needs a speaker encoder, and none is given"),
        (
            {"speaker_checkpoint": "nowhere.safetensors"},
            r"nowhere\.safetensors: no such file; expected weights as safetensors",
        ),
        (
            {"speakers": "strict", "speaker_checkpoint": __file__},
            "-p speakers=strict: .* and one is given. Leave one of",
        ),
        ({"folds": 6}, "`folds` is the number of folds"),
        ({"epochs": 1001}, "too large"),
        ({"protocol": "speakers"}, r'did you mean "speakers-apart"\?'),
        ({"experiment": "exp4"}, "is not one of its values"),
        ({"checkpoint": "a"}, "this chapter has no `checkpoint`"),
    ],
)
def test_what_is_refused(values, told):
    with pytest.raises(ParameterError, match=told):
        given(**values)


def test_trials_of_the_open_edition_are_trained_as_printed(data):
    trials = padi.grid(given(edition="open", experiment="exp1", seeds=2), data)
    assert len(trials) == len(set(trials)) == 2 * 5 * 8
    assert {(each.size, each.precision, each.epochs, each.control) for each in trials} == {
        ("published", "bf16", 8, "none")
    }
    assert {(each.transfer, each.pretraining, each.speakers) for each in trials} == {
        ("none", 0, "none"),
        ("frozen", 20, "shared"),
    }
    assert {(each.seed, each.fold) for each in trials} == {
        (seed, fold) for seed in range(2) for fold in range(5)
    }
    assert {each.epochs for each in padi.grid(given(edition="paper"), data)} == {20}
    assert {each.seed for each in padi.grid(given(edition="open", seed=3), data)} == {3}


def test_the_demo_is_narrow_and_has_one_fold(data):
    trials = padi.grid(given(), data)
    assert {
        (each.size, each.precision, each.fold, each.pretraining)
        for each in trials
        if each.transfer == "frozen"
    } == {("small", "fp32", 0, padi.PRETRAINING["demo"])}
    assert Counter(each.experiment for each in trials) == dict.fromkeys(padi_data.EXPERIMENTS, 4)


@pytest.mark.parametrize(
    ("values", "experiments", "protocols", "folds"),
    [
        ({}, ("exp1", "exp2", "exp3"), ("speakers-apart",), 1),
        ({"folds": 2}, ("exp1", "exp2", "exp3"), ("speakers-apart",), 2),
        ({"edition": "open", "experiment": "exp2"}, ("exp2",), ("speakers-apart",), 5),
        (
            {"edition": "open", "protocol": "all", "folds": 3},
            ("exp1", "exp2", "exp3"),
            ("speakers-apart", "clips"),
            3,
        ),
        ({"edition": "open", "protocol": "clips"}, ("exp1", "exp2", "exp3"), ("clips",), 5),
    ],
)
def test_where_rows_are_run(data, values, experiments, protocols, folds):
    found = padi.places(given(**values), data)
    expected = {
        (experiment, protocol, fold)
        for experiment in experiments
        for protocol in protocols
        for fold in range(folds)
    }
    assert Counter(
        (each["experiment"], each["protocol"], each["fold"]) for each in found
    ) == dict.fromkeys(expected, 1)


def test_there_are_no_more_folds_than_groups_of_speakers():
    assert (
        padi.folds(given(edition="paper"), padi_toy.data(corpus="iemocap")) == 3
    )  # the toy has three sessions
    table = padi_toy.data().table
    two = replace(padi_toy.data(), table=table[table["speaker"].isin(["f1", "m1"])])
    assert padi.folds(given(edition="open"), two) == 2


def test_experiments_that_the_data_cannot_run_have_a_reason(data):
    assert padi_data.missing(data) == {}
    spoken = padi_toy.data(corpus="ravdess", emotions=("angry", "happy", "neutral", "sad"))
    assert padi_data.missing(spoken) == {
        "exp2": "RAVDESS has no clip that is excited",
        "exp3": "the same clips and classes as exp1: RAVDESS has no clip that is excited",
    }
    assert {
        each["experiment"]
        for each in padi.places(given(edition="open"), replace(spoken, table=data.table))
    } == {"exp1"}
    few = padi_toy.data(emotions=("angry", "neutral"))
    assert padi_data.missing(few)["exp1"] == "toy has no clip that is happy or sad"


def test_parts_are_iemocap_s_alone(data):
    parts = padi.rows(given(edition="paper", models="parts"))
    assert padi.runnable(parts, data) == []
    assert padi.runnable(parts, padi_toy.data(corpus="iemocap")) == parts
    assert padi.runnable([padi.FULL], data) == [padi.FULL]


def test_recognisers_come_first_and_once(data):
    found = padi.tasks(given(edition="open", experiment="exp1", models="all"), data)
    assert [each.name for each in found] == ["speakers", "models", "views"]
    assert len(found[0].trials) == 1
    assert found[0].data is data.source
    assert (found[0].corpora, found[1].corpora) == (("other",), ("toy",))
    assert {each.row.name for each in found[2].trials} == {"011", "111", "111, finetune"}
    assert {each.fold for each in found[2].trials} == {0}
    strict = padi.tasks(given(edition="open", experiment="exp1", speakers="strict"), data)[0]
    assert [(each.augmentation, each.pooling) for each in strict.trials] == [
        ("none", "flatten"), ("none", "statistics"), ("both", "flatten"), ("both", "statistics"),
    ]  # fmt: skip
    assert [each.name for each in padi.tasks(given(only="001", edition="open"), data)] == ["models"]
    lent = padi.tasks(given(edition="open", only="111", speaker_checkpoint=__file__), data)
    assert [each.name for each in lent] == ["models", "views"]
    assert {each.speakers for each in lent[0].trials} == {"given"}


def test_a_run_is_what_the_ledger_takes(data, tmp_path, monkeypatch):
    """Recogniser, model and views are run and stand in one table; no outcome has the name of a setting."""
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    monkeypatch.setattr("sercore.protocols.grids.same_files", lambda clips: np.arange(len(clips)))
    padi_toy.narrow(monkeypatch)
    parameters = given(
        models="finetune", only="111, finetune", experiment="exp1", epochs=1, pretraining=1
    )
    tasks, outcomes = PAPER.outcomes(parameters, data)
    assert [each.name for each in tasks] == ["speakers", "models", "views"]
    for task, (outcome,) in zip(tasks, outcomes, strict=True):
        plain = {name for name, value in outcome.items() if not isinstance(value, list)}
        assert plain.isdisjoint(field.name for field in fields(task.trials[0])), task.name
    found = recorded.of_this_run(tasks, outcomes)
    assert found.trials["run"].tolist() == [
        f"this run, {name}" for name in ("speakers", "models", "views")
    ]
    assert found.counts["count"].sum() == outcomes[1][0]["clips"] == 16
    views = found.parts["stages"]
    assert Counter(views["stage"]) == {"before": 16, "after": 16}
    assert set(views["class"]) == set(padi_data.CLASSES["exp1"])
    assert set(views["group"]) == {"toy/f1", "toy/m3"}
    told = found.parts["silhouettes"]
    assert set(zip(told["stage"], told["of"], strict=True)) == {
        (stage, what) for stage in ("before", "after") for what in ("emotion", "speaker")
    }
    assert told["silhouette"].between(-1, 1).all()
    assert told["silhouette"].nunique() == 4


def test_a_row_s_settings_are_a_trial_s(data):
    for each in padi.grid(given(edition="open", models="all", experiment="exp1", folds=1), data):
        assert asdict(each).items() >= asdict(each.row).items()
