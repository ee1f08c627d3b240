"""The study of paper 02: its grid and parameters, which rows the data cannot teach, a table of one's own, what is looked into."""

import dataclasses

import numpy as np
import pytest
import soundfile

from sercore import corpora
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import data as parry_data
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022 import trial as parry_trial
from sercore.papers.parry2022.paper import PAPER
from sercore.papers.parry2022.study import CANDIDATES, GRID, ROWS
from sercore.parameters import ParameterError, checked
from sercore.sweep import Task
from tests.corpora import trees
from tests.papers.parry2022.parry_toy import data, trial


def given(**values):
    return checked(parry.Parameters, values)


def test_the_grid_is_the_paper_s():
    assert len(GRID) == 46
    assert len({row.name for row in GRID}) == 46
    assert {row.approach: sum(other.approach == row.approach for other in GRID) for row in GRID} == {
        "baseline": 1, "MTL": 15, "GR": 15, "AD": 15,
    }  # fmt: skip
    assert len(ROWS) == sum(
        len(group) for group in parry.GROUPS.values()
    )  # each has a name of its own


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"edition": "open"}, [row.name for row in GRID]),
        ({}, ["baseline", "MTL C", "MTL C+S+G+L", "GR C", "GR C+S+G+L", "AD C", "AD C+S+G+L"]),
        ({"only": "GR S+L"}, ["GR S+L"]),
        ({"only": "AD"}, ["AD C", "AD C+S+G+L"]),
        ({"edition": "open", "models": "readings"}, ["AD C, fixed", "AD C, on-representation"]),
        (
            {"edition": "open", "models": "alpha"},
            [f"GR C, alpha {alpha}" for alpha in ("0", "0.1", "0.25", "0.75")],
        ),
        ({"models": "recipe"}, ["baseline"]),
    ],
)
def test_rows_that_are_asked_for(values, names):
    assert [row.name for row in parry.rows(given(**values))] == names


def test_seeds_and_epochs_of_the_grid():
    trials = parry.grid(given(edition="open", seeds=2, only="baseline"))
    assert [(each.seed, each.epochs, each.precision, each.size) for each in trials] == [
        (0, 150, "bf16", "published"),
        (1, 150, "bf16", "published"),
    ]
    assert [each.epochs for each in parry.grid(given(edition="paper", only="GR C"))] == [150]
    assert len(parry.grid(given(edition="open", models="recipe", seed=3))) == len(CANDIDATES)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"only": "GR Q"}, 'no row that can be run, the nearest is "GR'),
        ({"unseen": "tess"}, "unseen=tess: no corpus of edition=demo; expected one of demo-studio"),
        ({"classes": "map.csv"}, "is of a table of your own, and none is given"),
        ({"only": "GR S", "models": "alpha"}, "no row among -p models=alpha"),
        ({"epochs": 1001}, "too large"),
    ],
)
def test_what_is_refused(values, told):
    with pytest.raises(ParameterError, match=told):
        given(**values)


def test_the_paper_s_edition_lists_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    trees.plant(tmp_path / "tess", trees.tess())
    with pytest.raises(
        corpora.CorpusError,
        match=r"missing EMOVO \(folder emovo\), Emo-DB .*CREMA-D \(folder crema-d\); these",
    ):
        parry.load(given(edition="paper"))


def test_attributes_that_label_the_same_clips_are_trained_once():
    held = data()
    assert held.stands_for == {}  # two English corpora and an Italian one
    two = dataclasses.replace(held, table=held.table.assign(language=held.table["corpus"]))
    assert two.stands_for == {"L": "C", "S+L": "C+S", "G+L": "C+G", "S+G+L": "C+S+G"}
    names = [
        each.row.name
        for each in parry.runnable([trial("MTL C"), trial("MTL L"), trial("GR C+L")], two)
    ]
    assert names == ["MTL C", "GR C+L"]


def test_an_attribute_without_two_classes_is_left_out_with_the_reason():
    held = data()
    mute = dataclasses.replace(held, table=held.table.assign(language=None))
    assert list(mute.lacking) == ["L"]
    assert "language: of" in mute.lacking["L"]
    names = [
        each.row.name
        for each in parry.runnable([trial("baseline"), trial("MTL C+L"), trial("AD S")], mute)
    ]
    assert names == ["baseline", "AD S"]


def test_what_is_measured():
    found = parry_data.measure(data())
    assert found["one / speakers / count"] == 4
    assert found["training / female / speakers"] + found["training / male / speakers"] == 6
    assert found["away / positive / clips"] == 16
    assert found["one / duration / hours"] == pytest.approx(40 / 3600)
    assert found["corpus / corpus / bits"] == pytest.approx(np.log2(3))
    assert found["language / language / bits"] == pytest.approx(found["corpus / language / bits"])


def test_views_of_a_trained_network(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    held, done = data(), trial("MTL C")
    found = parry_trial.look(done, held)
    assert len(found["map"]) == 30
    probes = {letter: numbers for letter, *numbers in found["probes"]}
    assert set(probes) == {
        "C",
        "L",
    }  # the test speakers are in no training, and all men or all women of a corpus
    assert all(
        0 <= probe <= 1 and 0 <= control <= 1 and -1 <= silhouette <= 1
        for probe, control, silhouette in probes.values()
    )


@pytest.fixture
def own_table(tmp_path):
    lines = ["path;corpus;speaker;gender;language;emotion;device"]
    time = np.arange(6000) / 16_000
    for corpus, language in (("lab", "de"), ("street", "fr"), ("radio", "de")):
        for speaker in range(4):
            for number, emotion in enumerate(("joy", "calm voice", "rage")):
                name = f"{corpus}_{speaker}_{number}.wav"
                noise = np.random.default_rng(len(lines)).normal(size=len(time))
                soundfile.write(
                    tmp_path / name,
                    0.2 * np.sin(2 * np.pi * (150 + 80 * number) * time) + 0.01 * noise,
                    16_000,
                )
                gender = "" if corpus == "street" else "fm"[speaker % 2]
                lines.append(f"{name};{corpus};s{speaker};{gender};{language};{emotion};phone")
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "classes.csv").write_text(
        "emotion,class\njoy,positive\ncalm voice,neutral\nrage,negative\n"
    )
    return tmp_path


def test_a_table_of_one_s_own_is_trained_on(own_table, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(own_table / "store"))
    values = {
        "table": str(own_table / "clips.csv"),
        "classes": str(own_table / "classes.csv"),
        "unseen": "radio",
        "epochs": 1,
    }
    parameters = given(**values, only="MTL C+G")
    held = parry.load(parameters)
    assert (held.classes, held.unseen) == (("positive", "neutral", "negative"), ("radio",))
    small = [
        dataclasses.replace(each, size="small", precision="fp32") for each in parry.grid(parameters)
    ]
    (found,) = [parry.run(each, held) for each in small]
    assert {group.split("/")[0] for group, *_ in found["counts"]} == {"lab", "street", "radio"}
    assert found["entropy_G"] == pytest.approx(
        np.log(2)
    )  # of the lab's speakers alone: the street's have no label
    assert parry.manifest(parameters)[2]


def test_a_chapter_on_a_table_of_ones_own_is_not_called_synthetic():
    for parameters, source in (
        (parry.Parameters(table="my.csv"), "this page's own run"),
        (parry.Parameters(), "this page's own run, synthetic speech"),
    ):
        of_edition = dataclasses.replace(trial(), edition=parameters.source)
        task = Task(name="models", run=None, trials=[of_edition], data=None, corpora=())
        runs = recorded.of_this_run([task], [[{"seconds": 1.0}]])
        assert Ledger(PAPER, runs=runs).source == source
