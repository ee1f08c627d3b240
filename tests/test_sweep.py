"""Sweeps: nothing runs twice, failures lose nothing, a Dask cluster gives the same, a killed worker ends with a clear error.

Trials that are alike are run at once, and lose nothing by it.
"""

import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from distributed import Client, LocalCluster, WorkerPlugin

from sercore import store
from sercore.ledger import recorded
from sercore.sweep import SweepError, _checked, at_a_time, sweep


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


def run_together(trials: list[Trial], data: Data, *, device: str = "cpu") -> list[dict]:
    with open(f"{data.log} of calls", "a") as file:
        file.write(" ".join(str(trial.number) for trial in trials) + "\n")
    return [run(trial, data, device=device) for trial in trials]


def alike(trial: Trial) -> int:
    return trial.number % 2


def kill(trial: Trial, data: Data) -> dict:
    os.kill(os.getpid(), signal.SIGKILL)


def name_process(trial: Trial, data: Data) -> dict:
    return {"number": os.getpid()}


def draw(trial: Trial, data: Data) -> dict:
    torch.manual_seed(trial.number)
    drawn = []
    for _ in range(5):
        time.sleep(0.02)
        drawn.append(float(torch.rand(())))
    return {"drawn": drawn}


def kill_once(trial: Trial, data: Data) -> dict:
    """The first that comes here takes its worker with it."""
    try:
        os.close(os.open(f"{data.log} of deaths", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return run(trial, data)
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(trial: Trial, data: Data) -> dict:
    time.sleep(0.5)
    return run(trial, data)


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
    with pytest.raises(
        SweepError,
        match=r"1 of 4 trials failed, the others that finished are kept; the first, Trial\(number=2\)",
    ) as caught:
        sweep(run, trials, Data(data.rows, data.log, bad=2))
    assert "trial 2 is bad" in str(caught.value)
    assert [each["square"] for each in sweep(run, trials, data)] == [0, 1, 4, 9]
    assert ran(data) == [0, 1, 2, 3]


def test_a_killed_worker_is_an_error_not_a_hang(data):
    with pytest.raises(Exception, match=r"worker|terminated"):
        sweep(kill, [Trial(1), Trial(2)], data)


class Code(WorkerPlugin):
    """Let a worker take this code for a trial's, as the fixture lets this process; one that is started anew, too."""

    def __init__(self, code: str):
        self.code = code

    def setup(self, worker) -> None:
        store.closure = lambda modules: (["sercore.store"], {})
        store._code = lambda modules: (self.code, ())


@contextmanager
def cluster(n_workers: int = 1, *, code: str = "code", threads: int = 1):
    """A cluster, each worker a process with code of this name."""
    about = {"threads_per_worker": threads, "processes": True, "host": "127.0.0.1"}
    with (
        LocalCluster(n_workers=n_workers, dashboard_address=None, **about) as workers,
        Client(workers) as client,
    ):
        client.register_plugin(Code(code))
        yield workers


def test_a_dask_cluster_gives_the_same_in_its_own_processes(data, tmp_path, monkeypatch):
    here = sweep(run, [Trial(number) for number in range(6)], data)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "elsewhere"))
    with cluster() as workers:
        there = sweep(
            run, [Trial(number) for number in range(6)], data, scheduler=workers.scheduler_address
        )
        (process,) = sweep(name_process, [Trial(7)], data, scheduler=workers.scheduler_address)
    assert [each["square"] for each in here] == [each["square"] for each in there]
    assert ran(data) == sorted([*range(6)] * 2)
    assert process["number"] != os.getpid()  # a cluster of one thread is used, too


def test_threads_of_one_worker_train_one_after_the_other(data):
    with cluster(threads=3) as workers:
        outcomes = sweep(
            draw, [Trial(number) for number in range(6)], data, scheduler=workers.scheduler_address
        )
    for number, outcome in enumerate(outcomes):
        assert outcome["drawn"] == draw(Trial(number), data)["drawn"]


def test_a_worker_with_other_code_is_refused_before_it_runs_anything(data):
    with cluster(code="other") as workers, pytest.raises(SweepError, match=r"code other of .+code"):
        sweep(
            run, [Trial(number) for number in range(4)], data, scheduler=workers.scheduler_address
        )
    assert not os.path.exists(data.log)


def test_a_trial_whose_worker_dies_runs_on_another(data):
    with cluster(2) as workers:
        outcomes = sweep(
            kill_once,
            [Trial(number) for number in range(8)],
            data,
            scheduler=workers.scheduler_address,
        )
    assert [each["square"] for each in outcomes] == [number**2 for number in range(8)]


def count(trial: Trial, data: Data) -> dict:
    """What a trial records; the first that comes to a cluster takes its worker with it."""
    if data.bad == -1:
        kill_once(trial, data)
    return {"counts": [["a", 0, trial.number % 2, trial.number + 1]], "accuracy": trial.number / 8}


def test_four_workers_of_which_one_is_killed_give_the_same_ledger(data, tmp_path, monkeypatch):
    trials, folders = [Trial(number) for number in range(12)], []
    about = {"edition": "open", "corpora": [], "method": 1, "encoders": {}}
    with cluster(4) as workers:
        for place, rows in (("cluster", data), ("here", Data(data.rows, data.log, bad=-2))):
            monkeypatch.setenv("SER_STORE", str(tmp_path / f"store of {place}"))
            scheduler = workers.scheduler_address if place == "cluster" else "none"
            outcomes = sweep(count, trials, rows, scheduler=scheduler)
            plain = [outcome | {"seconds": 0.0} for outcome in outcomes]

            def new(start, plain=plain):
                keys = [str(trial.number) for trial in trials]
                return recorded.frames("open, models", about, trials, keys, plain, start=start)

            folders.append(tmp_path / place)
            recorded.write("01-ser2022-transfer", new, ["number"], folder=folders[-1])
    assert os.path.exists(f"{data.log} of deaths")
    one, other = (
        {
            path.name: path.read_bytes()
            for path in folder.rglob("*")
            if path.suffix in (".gz", ".json")
        }
        for folder in folders
    )
    assert one == other
    assert len(one) >= 3


def test_a_worker_with_another_library_is_refused(data):
    expected = store.Key("settings", "data", "code", (("numpy", "1.0"),))
    with pytest.raises(
        SweepError, match=r"has the code code of .*; libraries that differ: numpy 1\.0\."
    ):
        _checked(expected, "sercore.store")


def fill(trial: Trial, data: Data) -> dict:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


def test_a_full_gpu_is_told_with_what_to_do(data):
    with pytest.raises(SweepError, match=r"memory was too small\. .*set LOKY_MAX_CPU_COUNT=1\."):
        sweep(fill, [Trial(1)], data)


def test_more_calls_are_under_way_than_the_workers_left_would_get(data, monkeypatch):
    counts = iter([8])  # a worker of eight threads, which is gone when the next call is given out
    monkeypatch.setattr(Client, "nthreads", lambda client: {"worker": next(counts, 1)})
    with cluster() as workers:
        outcomes = sweep(
            run, [Trial(number) for number in range(12)], data, scheduler=workers.scheduler_address
        )
    assert [each["square"] for each in outcomes] == [number**2 for number in range(12)]


def test_a_cluster_without_workers_or_without_scheduler_is_told(data, monkeypatch):
    monkeypatch.setattr("sercore.sweep.PATIENCE", 2)
    with cluster(0) as workers, pytest.raises(SweepError, match="no worker is left"):
        sweep(run, [Trial(1)], data, scheduler=workers.scheduler_address)
    with pytest.raises(SweepError, match="no Dask scheduler answers"):
        sweep(run, [Trial(1)], data, scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize("lost", ["workers", "scheduler"])
def test_a_cluster_that_loses_its_last_worker_is_told(data, monkeypatch, lost):
    monkeypatch.setattr("sercore.sweep.PATIENCE", 3)
    trials = [Trial(number) for number in range(100)]
    with cluster() as workers:
        lose = partial(workers.scale, 0) if lost == "workers" else workers.close
        timer = threading.Timer(2, lose)
        timer.start()
        with pytest.raises(SweepError, match="no worker is left"):
            sweep(sleep, trials, data, scheduler=workers.scheduler_address)
        timer.join()
    assert 0 < len(ran(data)) < 100


def calls(data: Data) -> list[list[int]]:
    with open(f"{data.log} of calls") as file:
        return sorted([int(number) for number in line.split()] for line in file)


AT_ONCE = {"run_together": run_together, "alike": alike}


def test_alike_trials_are_run_at_once_in_even_parts(data):
    found = sweep(run, [Trial(number) for number in range(7)], data, **AT_ONCE, at_once=3)
    assert [each["square"] for each in found] == [number**2 for number in range(7)]
    assert calls(data) == [[0, 2], [1, 3, 5], [4, 6]]
    assert ran(data) == [*range(7)]


def test_without_a_limit_all_alike_trials_are_one_call(data):
    sweep(run, [Trial(number) for number in range(0, 60, 2)], data, **AT_ONCE, at_once=None)
    assert calls(data) == [[*range(0, 60, 2)]]
    sweep(run, [Trial(number) for number in range(1, 61, 2)], data, **AT_ONCE)
    assert [len(call) for call in calls(data)] == [30, 15, 15]


def test_a_finished_trial_is_left_out_of_its_call(data):
    sweep(run, [Trial(2)], data)
    sweep(run, [Trial(number) for number in (0, 2, 4)], data, **AT_ONCE)
    assert calls(data) == [[0, 4]]


def test_of_trials_run_at_once_only_the_bad_one_fails(data):
    trials = [Trial(number) for number in range(6)]
    with pytest.raises(
        SweepError,
        match=r"1 of 6 trials failed, the others that finished are kept; the first, Trial\(number=2\)",
    ):
        sweep(run, trials, Data(data.rows, data.log, bad=2), **AT_ONCE)
    before = ran(data)
    assert set(before) == {0, 1, 3, 4, 5}
    sweep(run, trials, data, **AT_ONCE)
    assert ran(data) == sorted([*before, 2])


def test_seconds_are_shared_out(data):
    found = sweep(run, [Trial(number) for number in (0, 2, 4, 6)], data, **AT_ONCE)
    assert len({each["seconds"] for each in found}) == 1


def test_few_trials_at_a_time_share_a_gpu(monkeypatch):
    monkeypatch.setattr("sercore.sweep.cpu_count", lambda: 16)
    assert at_a_time("cpu") == 16
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert at_a_time("cuda") == at_a_time("auto") == 4
