"""The grid of paper 03: its rows, what a run's parameters choose, what is refused, and what the lead of a page asks for."""

from collections import Counter
from dataclasses import asdict

import pytest

from sercore import corpora
from sercore.ledger.paper import read_printed
from sercore.ledger.recorded import of_this_run
from sercore.papers.biagini2022 import data as loopq_data
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.inputs import KINDS
from sercore.papers.biagini2022.models import GROUPS, RECIPES, ROWS, SMALL
from sercore.papers.biagini2022.paper import PAPER
from sercore.parameters import ParameterError, checked
from tests.corpora import trees
from tests.papers.biagini2022.loopq_toy import toy


def trials(**given):
    return loopq.grid(
        checked(loopq.Parameters, given),
        encoder=given.get("encoder", "toy").replace("random", "toy"),
    )


def test_the_models_are_those_of_table_4():
    assert set(RECIPES) == {
        number.row for number in read_printed(loopq.NAME) if number.table == "Table 4"
    }
    assert {row.model for row in ROWS.values()} == set(RECIPES)
    assert len(ROWS) == sum(map(len, GROUPS.values())) == 14
    assert {kind for row in ROWS.values() for kind in row.inputs} == {
        *KINDS,
        "frames",
        "frames, filled",
    }
    assert {name.split()[0] for name in SMALL} <= set(RECIPES)


@pytest.mark.parametrize(("reading", "column"), [("paper", "paper"), ("code", "code")])
def test_the_settings_are_those_of_table_3(reading, column):
    """What the paper prints; the code's rates and decays are ten times as high."""
    printed = {
        (each.row, each.column): each.value
        for each in read_printed(loopq.NAME)
        if each.table == "Table 3"
    }
    for name, recipe in RECIPES.items():
        rates = getattr(recipe, reading)
        factor = 1 if reading == "paper" else 10
        assert rates.head == pytest.approx(
            factor * printed[name, "Initial learning rate (whole model or classifier)"]
        )
        assert rates.tuned == pytest.approx(
            factor * printed.get((name, "Initial learning rate (fine-tuned parts)"), 0)
        )
        assert rates.weight_decay == pytest.approx(factor * printed.get((name, "Weight decay"), 0))
        assert recipe.schedule.patience == printed[name, "Schedule: patience"]
        assert recipe.schedule.factor == 1 / printed[name, "Schedule: lr divided by"]
        assert recipe.batch == printed[name, "Batch size"]
        assert recipe.paper.epochs == printed[name, "Max epochs"]


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 9 * 3 + 4 + 4 + 2),
        ({"seeds": 3}, 3 * 31 + 6),
        ({"seed": 2}, 31),
        ({"folds": 6}, 9 * (2 + 6) + 4 + 4 + (1 + 6)),
        ({"models": "scratch"}, 18 + 3),
        ({"models": "pretrained", "protocol": "speaker-independent", "folds": 2}, 6),
        ({"models": "switches"}, 6),
        ({"only": "CNNLSTM"}, 9 + 1),
        ({"only": "FCMFCC"}, 6 + 1),
        ({"only": "CNNLSTM fixed", "protocol": "by-label"}, 1),
        ({"only": "FCMFCC as-run, paper's rates"}, 1),
        ({"only": "FCMFCC as-run, paper's rates", "seed": 4}, 1),
        ({"encoder": "none"}, 6 * 3 + 3 + 6),
    ],
)
def test_the_grid_has_each_trial_once(given, count):
    found = trials(**given)
    assert len(found) == len(set(found)) == count
    assert all((trial.fold == 0) or trial.protocol == "speaker-independent" for trial in found)
    assert all(
        (trial.encoder == "toy") == (trial.model in ("HUBERTFT", "MMFUSION")) for trial in found
    )


def test_recording_seed_by_seed_tries_each_switch_once():
    found = [trial for seed in range(3) for trial in trials(seed=seed, edition="open")]
    assert (
        Counter(trial.row.name for trial in found if trial.row in GROUPS["switches"]).most_common(
            1
        )[0][1]
        == 2
    )
    assert len(found) == len(set(found)) == 3 * 31 + 6


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"edition": "demo"}, {"size": "small", "precision": "fp32", "epochs": 8, "labels": "own"}),
        (
            {"edition": "open"},
            {"size": "published", "precision": "bf16", "epochs": 30, "labels": "own"},
        ),
        (
            {"edition": "open", "precision": "fp32", "epochs": 50, "loopq_labels": True},
            {"size": "published", "precision": "fp32", "epochs": 50, "labels": "loopq"},
        ),
    ],
)
def test_an_editions_trials_share_their_cap_size_and_precision(given, expected):
    for trial in trials(**given):
        assert asdict(trial) | expected == asdict(trial)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"only": "CNNLSTM fixd"}, 'the nearest is "CNNLSTM fixed"'),
        (
            {"only": "HUBERTFT", "encoder": "none"},
            "reads a speech encoder's frames, and none is here",
        ),
        ({"only": "CNNLSTM", "models": "pretrained"}, "no row among -p models=pretrained"),
        ({"folds": 7}, "too large"),
        ({"protocol": "speakers-independent"}, 'did you mean "speaker-independent"'),
        ({"epoch": 3}, "did you mean `epochs`"),
    ],
)
def test_parameters_that_fit_nothing_are_refused(given, told):
    with pytest.raises(ParameterError, match=told):
        checked(loopq.Parameters, given)


def test_the_papers_edition_lists_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    trees.plant(tmp_path / "ravdess", trees.ravdess())
    trees.plant(tmp_path / "savee", trees.savee())
    for ask in (loopq.load, loopq.manifest):
        with pytest.raises(
            corpora.CorpusError, match=r"missing TESS \(folder tess\), CREMA-D \(folder crema-d\);"
        ):
            ask(loopq.Parameters(edition="paper", models="scratch"))
        with pytest.raises(
            corpora.CorpusError,
            match=r"CREMA-D \(folder crema-d\), facebook/hubert-large-ll60k \(weights\), ",
        ):
            ask(loopq.Parameters(edition="paper"))


def test_a_run_goes_into_the_ledgers_tables(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    monkeypatch.setitem(loopq_data.SOURCES, "demo", "toy-a")
    monkeypatch.setattr(loopq, "_loaded", lambda parameters, rows, *, elsewhere: toy())
    parameters = loopq.Parameters(only="HUBERTFT", epochs=2)
    tasks, outcomes = PAPER.outcomes(parameters, toy())
    assert [task.name for task in tasks] == ["models", "across corpora"]
    assert tasks[0].encoders == {"toy": 6}
    assert tasks[0].corpora == ("toy-a", "toy-b")
    runs = of_this_run(tasks, outcomes)
    assert runs.trials["protocol"].tolist() == [
        "by-origin",
        "by-label",
        "speaker-independent",
        "across-corpora",
    ]
    assert runs.trials["source"].tolist() == ["all"] * 3 + ["toy-a"]
    assert runs.trials["rate"].tolist() == [1e-3] * 4
    assert runs.trials["rates"].tolist() == ["code"] * 4
    assert runs.trials["accuracy_last"].notna().tolist() == [True, True, False, False]
    assert runs.counts.groupby("trial")["count"].sum().tolist() == runs.trials["clips"].tolist()
    assert set(runs.parts["errors"]["group"]) <= {
        f"toy-{corpus}/{who}" for corpus in "ab" for who in ("f1", "f2", "m1", "m2")
    }


def test_texts_are_shared_between_speakers():
    assert loopq_data.texts_seen(toy().table, 0) == {"all": 1.0, "toy-a": 1.0, "toy-b": 1.0}
