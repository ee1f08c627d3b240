"""Sweeps: nothing runs twice, failures lose nothing, a Dask cluster gives the same, a killed worker ends with a clear error."""

import os
import signal
from dataclasses import dataclass

import pytest

from sercore import store
from sercore.sweep import SweepError, sweep


@dataclass(frozen=True)
class Trial:
    number: int


@dataclass(frozen=True)
class Data:
    rows: tuple
    log: str
    bad: int = -1

    def content(self, trial: Trial) -> str:
        return store.digest(self.rows)


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    if trial.number == data.bad:
        raise ValueError(f"trial {trial.number} is bad")
    with open(data.log, "a") as file:
        file.write(f"{trial.number}\n")
    return {"square": trial.number**2}


def kill(trial: Trial, data: Data) -> dict:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("sercore.store.closure", lambda modules: (["sercore.store"], {}))
    monkeypatch.setattr("sercore.store._code", lambda modules: ("code", ()))
    return Data(("rows",), str(tmp_path / "log"))


def ran(data: Data) -> list[int]:
    with open(data.log) as file:
        return sorted(int(line) for line in file)


def test_outcomes_come_in_order_and_nothing_runs_twice(data):
    first = sweep(run, [Trial(number) for number in range(4)], data)
    assert [each["square"] for each in first] == [0, 1, 4, 9]
    assert all(each["seconds"] >= 0 for each in first)
    second = sweep(run, [Trial(number) for number in (5, 3, 1)], data, device="cpu")
    assert [each["square"] for each in second] == [25, 9, 1]
    assert ran(data) == [0, 1, 2, 3, 5]


def test_other_rows_run_again(data):
    sweep(run, [Trial(1)], data)
    sweep(run, [Trial(1)], Data(("other rows",), data.log))
    assert ran(data) == [1, 1]


def test_a_failed_trial_is_named_and_the_others_are_kept(data):
    trials = [Trial(number) for number in range(4)]
    with pytest.raises(SweepError, match=r"1 of 4 trials failed, the others are kept; the first, Trial\(number=2\)") as caught:
        sweep(run, trials, Data(data.rows, data.log, bad=2))
    assert "trial 2 is bad" in str(caught.value)
    assert [each["square"] for each in sweep(run, trials, data)] == [0, 1, 4, 9]
    assert ran(data) == [0, 1, 2, 3]


def test_a_killed_worker_is_an_error_not_a_hang(data):
    with pytest.raises(Exception, match=r"worker|terminated"):
        sweep(kill, [Trial(1), Trial(2)], data)


def test_a_dask_cluster_gives_the_same(data, tmp_path, monkeypatch):
    from distributed import LocalCluster

    here = sweep(run, [Trial(number) for number in range(6)], data)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "elsewhere"))
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None) as cluster:
        there = sweep(run, [Trial(number) for number in range(6)], data, scheduler=cluster.scheduler_address)
    assert [each["square"] for each in here] == [each["square"] for each in there]
    assert ran(data) == sorted([*range(6)] * 2)
