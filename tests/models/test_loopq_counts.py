"""The command prints of each model of paper 03 the sum of its part table; the parts are counted in each model's own test."""

import json

import pytest
from typer.testing import CliRunner

from sercore.cli import app

CNN = 411_984
PARTS = {
    ("CNNLSTM", "as-run"): (CNN, 1_314_816, 1_799),
    ("CNNLSTM", "per-clip"): (CNN, 1_314_816, 1_799),
    ("CNNLSTM", "fixed"): (CNN, 1_052_672, 1_799),
    ("FCMFCC", "as-run, fixed"): (1_216, 459_008, 2_247),
    ("FCMFCC", "as-described"): (1_216, 868_608, 2_247),
    ("CNNATT", "fixed"): (528, 92_832, 92_160, 256, 903),
    ("HUBERTFT", "as-run, fixed"): (315_438_720, 7_175),
    ("MMFUSION", "as-run, fixed"): (94_371_712, 87_564_416, 2_187_264, 939_888, 608_112, 19_463),
}
PRINTED = {  # of the report's models as they were run
    ("CNNLSTM", "as-run"): 1_728_599,
    ("FCMFCC", "as-run, fixed"): 462_471,
    ("HUBERTFT", "as-run, fixed"): 315_445_895,
    ("MMFUSION", "as-run, fixed"): 185_690_855,
}


@pytest.fixture(scope="module")
def listed():
    """Every model of paper 03 as ``sercore models --json`` has it."""
    done = CliRunner().invoke(app, ["models", "--json"])
    assert done.exit_code == 0
    return {
        (each["model"], each["variant"]): each
        for each in json.loads(done.stdout)
        if each["paper"] == "Biagini 2022"
    }


def test_the_command_prints_the_sum_of_each_part_table(listed):
    assert {name: each["parameters"] for name, each in listed.items()} == {
        name: sum(parts) for name, parts in PARTS.items()
    }


def test_the_sums_are_the_counts_of_the_built_code():
    assert {name: sum(PARTS[name]) for name in PRINTED} == PRINTED


def test_the_table_for_people_has_them_too(listed):
    lines = CliRunner().invoke(app, ["models"]).stdout.splitlines()
    for (model, variant), each in listed.items():
        (line,) = (
            line for line in lines if line.startswith(f"{model} ") and f" {variant}  " in line
        )
        assert line.endswith(str(each["parameters"]))
