"""The first stage of paper 04 by itself: what it leaves is what the chapter's trials start from, also from two processes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from sercore import audio, store
from sercore.cli import app
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.pretraining import read_normalised
from sercore.parameters import ParameterError, checked
from sercore.training.batching import Streamed
from tests.papers.padi2021 import padi_toy

GIVEN = {"edition": "demo", "device": "cpu", "pretraining": "2", "epochs": "1"}
ARGUMENTS = [
    "pretrain",
    *(text for name, value in GIVEN.items() for text in ("-p", f"{name}={value}")),
]


@pytest.fixture(autouse=True)
def toy(empty_store, monkeypatch):
    monkeypatch.setattr(padi, "load", lambda parameters: padi_toy.data())
    padi_toy.narrow(monkeypatch)


def refuse(*arguments, **options):
    raise AssertionError("trained again")


def test_the_chapter_finds_what_was_trained(monkeypatch):
    done = CliRunner().invoke(app, [*ARGUMENTS, "--json"])
    assert done.exit_code == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert (told["speakers"], told["clips"], told["epochs"], told["pairs"]) == (
        4,
        len(padi_toy.data().source.speakers),
        2,
        60,
    )
    assert 0 <= told["accuracy"] <= 1
    assert told["equal error rate"] != told["untrained"]
    monkeypatch.setattr(padi_trial, "fit", refuse)
    parameters, data = checked(padi.Parameters, GIVEN), padi_toy.data()
    trial = next(each for each in padi.grid(parameters, data) if each.transfer == "frozen")
    taught = padi_trial.train_recogniser(trial.recogniser, data.source, device="cpu")
    assert str(taught.folder) == told["folder"]
    padi_trial.build(trial, data)
    assert padi.pretrain(GIVEN) == [told]
    assert CliRunner().invoke(app, ARGUMENTS).stdout.split()[:3] == [
        "recogniser",
        "speakers",
        "clips",
    ]


def test_a_strict_grid_has_a_recogniser_for_each_system():
    strict = {**GIVEN, "speakers": "strict", "models": "finetune", "pretraining": "1"}
    found, parameters = padi.pretrain(strict), checked(padi.Parameters, strict)
    cells = {
        (row.augmentation, row.pooling) for row in padi.rows(parameters) if row.transfer != "none"
    }
    assert len(found) == len({each["folder"] for each in found}) == len(cells) > 1


def test_two_processes_leave_one_training(monkeypatch):
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    command = [
        *launcher,
        str(Path(__file__).with_name("padi_pretraining.py")),
        *ARGUMENTS,
        "--json",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(store.PROJECT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)  # the first process alone tells
    monkeypatch.setattr(padi_trial, "fit", refuse)
    assert padi.pretrain(GIVEN) == [told]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"only": "001"}, "-p models=grid -p only=001: no row with transfer; expected one or more"),
        (
            {"speaker_checkpoint": __file__},
            f"-p speaker_checkpoint={__file__}: a recogniser that is trained already;",
        ),
        ({"pretraining": "many"}, '-p pretraining=many: "many" is not a whole number'),
    ],
)
def test_a_run_without_a_recogniser_is_refused(given, message):
    with pytest.raises(ParameterError) as met:
        padi.pretrain({"edition": "demo", "device": "cpu", **given})
    assert str(met.value).startswith(message)


def test_a_damaged_clip_is_one_line(tmp_path, monkeypatch):
    data = padi_toy.data()
    paths = [tmp_path / f"{number}.wav" for number in range(len(data.source.speakers))]
    for path in paths:
        soundfile.write(path, np.zeros(8000), 16_000)
        os.truncate(path, 5000)
    streamed = replace(data, source=replace(data.source, frames=Streamed(paths, read_normalised)))
    monkeypatch.setattr(padi, "load", lambda parameters: streamed)
    with pytest.raises(audio.AudioError) as met:
        padi.pretrain(GIVEN, workers=1)
    path, _, told = str(met.value).partition(": ")
    assert Path(path) in paths
    assert told.startswith("cut short")
    assert len(told.splitlines()) == 1
