"""A wrong parameter is told before a kernel starts: what was given, what was expected, what to do."""

from typing import Literal

import pytest
import torch
from nbformat import v4
from papermill.parameterize import parameterize_notebook
from pydantic import BaseModel, Field, model_validator

from sercore import parameters
from sercore.papers.biagini2022 import study as biagini2022
from sercore.papers.padi2021 import study as padi2021
from sercore.papers.parry2022 import study as parry2022
from sercore.parameters import (
    ChapterParameters,
    Edition,
    ParameterError,
    Seed,
    Seeds,
    checked,
    pairs,
)


class Parameters(BaseModel, extra="forbid"):
    edition: Literal["demo", "open", "paper"] = Field(
        "demo", description="the data that the chapter runs on"
    )
    seeds: int = Field(5, ge=1, le=100, description="the number of repetitions")
    only: str = Field("", description="the one row to run")
    seed: int = Field(0, ge=0, description="the one seed to run")
    rate: float = Field(0.1, ge=0, le=1)
    shuffled: bool = False

    @model_validator(mode="after")
    def seed_needs_only(self):
        if self.seed and not self.only:
            raise ValueError("-p seed: one seed is run of one row; give -p only=ROW as well.")
        return self


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"seeds": "ten"},
            '-p seeds=ten: "ten" is not a whole number; `seeds` is the number of repetitions, 1 to 100 (default 5).',
        ),
        (
            {"edtion": "open"},
            "-p edtion=open: this chapter has no `edtion`; did you mean `edition`? It takes demo, open or paper.",
        ),
        (
            {"edition": "opne"},
            '-p edition=opne: "opne" is not one of its values (did you mean "open"?); '
            "`edition` is the data that the chapter runs on, demo, open or paper (default demo).",
        ),
        (
            {"seeds": "0"},
            '-p seeds=0: "0" is too small; `seeds` is the number of repetitions, 1 to 100 (default 5).',
        ),
        (
            {"seeds": "101"},
            '-p seeds=101: "101" is too large; `seeds` is the number of repetitions, 1 to 100 (default 5).',
        ),
        (
            {"seeds": "2.5"},
            '-p seeds=2.5: "2.5" is not a whole number; `seeds` is the number of repetitions, 1 to 100 (default 5).',
        ),
        (
            {"seed": "-1", "only": "(3)"},
            '-p seed=-1: "-1" is too small; `seed` is the one seed to run, at least 0 (default 0).',
        ),
        ({"rate": "2"}, '-p rate=2: "2" is too large; `rate` takes 0 to 1 (default 0.1).'),
        (
            {"rate": "nought"},
            '-p rate=nought: "nought" is not a number; `rate` takes 0 to 1 (default 0.1).',
        ),
        (
            {"only": 3},
            '-p only=3: "3" is not a text; `only` is the one row to run, a text (default empty).',
        ),
        (
            {"shuffled": "perhaps"},
            '-p shuffled=perhaps: "perhaps" is neither true nor false; `shuffled` takes true or false (default false).',
        ),
        (
            {"x": "1"},
            "-p x=1: this chapter has no `x`. It has `edition`, `seeds`, `only`, `seed`, `rate` and `shuffled`.",
        ),
        ({"seed": "3"}, "-p seed: one seed is run of one row; give -p only=ROW as well."),
    ],
)
def test_wrong_parameter_is_told_in_a_line(given, message):
    with pytest.raises(ParameterError) as told:
        checked(Parameters, given)
    assert str(told.value) == message


def test_every_wrong_parameter_has_its_line():
    with pytest.raises(ParameterError) as told:
        checked(Parameters, {"seeds": "ten", "edition": "x"})
    assert [line.split(":")[0] for line in str(told.value).splitlines()] == [
        "-p edition=x",
        "-p seeds=ten",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {},
            {"edition": "demo", "seeds": 5, "only": "", "seed": 0, "rate": 0.1, "shuffled": False},
        ),
        ({"seeds": "7"}, {"seeds": 7}),
        ({"seeds": 7}, {"seeds": 7}),
        ({"only": "(3) all = prosodic", "seed": "1"}, {"only": "(3) all = prosodic", "seed": 1}),
        ({"shuffled": "true"}, {"shuffled": True}),
    ],
)
def test_right_parameters_are_completed(given, expected):
    assert checked(Parameters, given).model_dump().items() >= expected.items()


def test_a_notebook_without_parameters_says_so():
    class Empty(BaseModel, extra="forbid"):
        pass

    with pytest.raises(ParameterError, match=r"has no `seeds`\. It has no parameters"):
        checked(Empty, {"seeds": "1"})


@pytest.mark.parametrize(
    ("texts", "outcome"),
    [
        ([], {}),
        (["seeds=3", "only=a=b"], {"seeds": "3", "only": "a=b"}),
        (["seeds"], "-p seeds: no value; expected key=value"),
        (["=3"], "-p =3: no value"),
        (["seeds=3", "seeds=4"], "`seeds` is given twice"),
    ],
)
def test_pairs(texts, outcome):
    if isinstance(outcome, dict):
        assert pairs(texts) == outcome
    else:
        with pytest.raises(ParameterError, match=outcome):
            pairs(texts)


class Small(ChapterParameters):
    known_rows = ("(1)", "(2)")

    edition: Edition = "demo"
    only: str = Field("", description="the one row to run, by its name; empty for all")
    seeds: Seeds = 1
    seed: Seed = -1


def cells(**given):
    """Globals of a notebook whose cells were run, with the cell that papermill adds for what is given."""
    tagged = v4.new_code_cell(
        "edition, only, seeds, seed = 'demo', '', 1, -1", metadata={"tags": ["parameters"]}
    )
    notebook = v4.new_notebook(
        cells=[tagged],
        metadata={
            "papermill": {},
            "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"},
        },
    )
    if given:
        notebook = parameterize_notebook(notebook, given)
    scope = {"In": ["", *(cell.source for cell in notebook.cells)], "RATE": 16_000, "figure": None}
    for cell in notebook.cells:
        exec(cell.source, scope)
    return scope


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"edition": "demo", "only": "", "seeds": 1, "seed": -1}),
        ({"edition": "open", "seeds": 3}, {"edition": "open", "only": "", "seeds": 3, "seed": -1}),
    ],
)
def test_parameters_of_the_notebooks_cells(given, expected):
    parameters = Small.from_cell(cells(**given))
    assert parameters.model_dump() == expected
    assert [*parameters.run_seeds] == list(range(expected["seeds"]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"edtion": "open"},
            "-p edtion=open: this chapter has no `edtion`; did you mean `edition`?",
        ),
        ({"edition": "opne"}, '-p edition=opne: "opne" is not one of its values'),
        ({"only": "(3)"}, '-p only=(3): "(3)" is no row that can be run, the nearest is "'),
    ],
)
def test_what_papermill_sets_and_the_chapter_does_not_take_is_refused(given, message):
    with pytest.raises(ParameterError) as error:
        Small.from_cell(cells(**given))
    assert str(error.value).startswith(message)


def test_a_parameter_that_the_cell_does_not_set_is_refused():
    scope = cells()
    del scope["seeds"]
    with pytest.raises(
        ParameterError, match=r"^seeds: not set; expected a value in the cell tagged `parameters`"
    ):
        Small.from_cell(scope)


def test_one_seed_or_several():
    assert [*Small(seed=3).run_seeds] == [3]
    with pytest.raises(ParameterError, match=r"^-p seeds=5: changes nothing beside -p seed=3; exp"):
        checked(Small, {"seeds": 5, "seed": 3})


@pytest.mark.parametrize("study", [parry2022, biagini2022, padi2021])
@pytest.mark.parametrize("has_bf16", [True, False])
def test_a_table_of_ones_own_is_trained_in_bf16_only_where_that_is_quick(
    study, has_bf16, monkeypatch
):
    """Recorded editions have one precision on every machine; bf16 without instructions takes several times longer."""
    monkeypatch.setattr(parameters, "computes_bf16", lambda device: has_bf16)
    for given, expected in (
        ({"table": "clips.csv"}, "bf16" if has_bf16 else "fp32"),
        ({"table": "clips.csv", "precision": "bf16"}, "bf16"),
        ({"edition": "open"}, "bf16"),
        ({}, "fp32"),
    ):
        chosen = checked(study.Parameters, given)
        assert chosen.training_precision(chosen.source) == expected


def test_bf16_is_asked_of_the_device_that_is_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [parameters.computes_bf16(device) for device in ("auto", "cuda", "cpu")] == [
        True,
        True,
        False,
    ]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert not parameters.computes_bf16("auto")
