"""A parameter that is given changes the run, or is refused with the one that takes its effect away."""

import pytest

from sercore.papers.alves2022 import study as ser2022
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.luck import study as luck
from sercore.papers.padi2021 import study as padi
from sercore.papers.parry2022 import study as parry
from sercore.parameters import ParameterError, checked
from tests.papers.alves2022 import alves_toy

STUDIES = (ser2022, parry, loopq, padi)
SWITCH = "FCMFCC as-run, paper's rates"
CAM = {"models": "encoder", "encoder": "campplus"}

# What is given, and the parameters that the message names: the idle one, then the other.
IDLE = [
    *((study, {"seeds": 5, "seed": 2}, "seeds", "seed=2") for study in (*STUDIES, luck)),
    *(
        (ser2022, {"models": kind, "only": ser2022.CONTROLLED}, "only", f"models={kind}")
        for kind in ("factorial", "transfer", "recordings", "layer", "all")
    ),
    (ser2022, {"models": "layer", "encoder": "random"}, "encoder", "models=layer"),
    (ser2022, {"only": ser2022.CONTROLLED, "encoder": "random"}, "encoder", "only="),
    (parry, {"models": "recipe", "only": "GR C+S"}, "only", "models=recipe"),
    (parry, {"models": "references", "only": "GR C+S"}, "only", "models=references"),
    (parry, {"models": "references", "epochs": 3}, "epochs", "models=references"),
    (parry, {"models": "references", "precision": "bf16"}, "precision", "models=references"),
    *((study, {"table": "a.csv", "edition": "open"}, "edition", "table=") for study in STUDIES),
    (parry, {"table": "a.csv", "models": "labels"}, "table", "models=labels"),
    (loopq, {"loopq_labels": True}, "loopq_labels", "edition=demo"),
    *(
        (loopq, {"models": kind} | given, next(iter(given)), f"models={kind}")
        for kind in ("difficulty", "pretraining")
        for given in (
            {"only": "CNNLSTM"},
            {"protocol": "by-label"},
            {"epochs": 2},
            {"precision": "fp32"},
        )
    ),
    (loopq, {"models": "difficulty", "encoder": "random"}, "encoder", "models=difficulty"),
    (loopq, {"only": "CNNLSTM", "encoder": "random"}, "encoder", "only=CNNLSTM"),
    (loopq, {"pictures": "random"}, "pictures", "models=all"),
    (loopq, {"folds": 6, "protocol": "by-origin"}, "folds", "none leaves speakers out"),
    (loopq, {"models": "switches", "seeds": 3}, "seeds", "models=switches"),
    (padi, {"encoder": "campplus"}, "encoder", "models=grid"),
    *(
        (padi, CAM | {name: value}, name, "models=encoder")
        for name, value in {
            "size": "narrow",
            "norm": "conversation",
            "vad": "energy",
            "evaluate": "300",
            "precision": "fp32",
            "pretraining": 2,
            "speakers": "strict",
            "taught": "demo-labor",
        }.items()
    ),
    (padi, CAM | {"models": "lengths", "evaluate": "300"}, "evaluate", "models=lengths"),
    (padi, {"only": "001", "pretraining": 2}, "pretraining", "only=001"),
    (padi, {"only": "000", "evaluate": "300"}, "evaluate", "only=000"),
    (padi, CAM | {"only": "CAM++ regression", "epochs": 3}, "epochs", "only=CAM.. regression"),
]


@pytest.mark.parametrize(("study", "given", "idle", "beside"), IDLE)
def test_a_parameter_that_would_change_nothing_is_refused(study, given, idle, beside):
    with pytest.raises(ParameterError, match=rf"^-p {idle}=.*: changes nothing beside .*{beside}"):
        checked(study.Parameters, given)


@pytest.mark.parametrize(
    ("study", "given", "message"),
    [
        (
            loopq,
            {"only": SWITCH, "protocol": "by-label"},
            "-p protocol=by-label: no row of -p only",
        ),
        (loopq, {"models": "switches", "seed": 2}, "no row of -p models=switches .* with seed 2"),
        (padi, {"control": "constant rate"}, "halved after 8 epochs, and this run has 4"),
    ],
)
def test_a_run_of_nothing_or_of_the_same_is_refused(study, given, message):
    with pytest.raises(ParameterError, match=message):
        checked(study.Parameters, given)


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.NAME)
def test_each_choice_of_models_can_be_run_by_itself(study, tmp_path):
    """The defaults of all other parameters are never in the way."""
    for kind in study.Parameters.model_fields["models"].annotation.__args__:
        needs_one = study is padi and kind in ("encoder", "lengths")
        more = {"encoder": str(tmp_path)} if needs_one else {}
        assert checked(study.Parameters, {"models": kind} | more).models == kind


def test_layers_are_drawn_for_every_seed():
    parameters = checked(ser2022.Parameters, {"models": "layer", "seeds": 3})
    (task,) = ser2022.tasks(parameters, alves_toy.data())
    assert {trial.seed for trial in task.trials} == {0, 1, 2}


def test_of_a_table_of_one_s_own_no_row_of_other_classes_is_trained():
    parameters = checked(parry.Parameters, {"table": "a.csv", "models": "all"})
    assert {(row.surprise, row.calm) for row in parry.rows(parameters)} == {("positive", "neutral")}
