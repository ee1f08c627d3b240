"""A run that stops when its time is over loses nothing: the same command goes on to the same numbers."""

import itertools
import math
import time
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from sercore import deadline, store
from sercore.ledger import recorded, recording
from sercore.sweep import SweepError, Task, sweep
from sercore.training import checkpoints, devices
from sercore.training.fitting import Plan
from tests.training.test_fitting import conv_net, train

EPOCHS = 4


def ticking(monkeypatch) -> None:
    """Let each look at the clock take a second."""
    clock = itertools.count(1)
    monkeypatch.setattr(deadline, "time", SimpleNamespace(time=lambda: next(clock) + 0.5))


@dataclass(frozen=True)
class Trial:
    seed: int
    edition: str = "open"


@dataclass(frozen=True)
class Data:
    folder: str
    paths: tuple = ()
    reports: tuple = ()

    def content(self, trial: Trial) -> str:
        return store.digest(["rows"])


def run(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    if trial.seed == 9:
        raise ValueError("trial 9 is bad")
    folder = store.root() / "trainings" / str(trial.seed)
    plan = Plan(epochs=EPOCHS, batch=14, rate=1e-2)
    history = train(folder, conv_net(trial.seed), plan=plan, seed=trial.seed)
    losses = [epoch["training"]["loss"] for epoch in history.epochs]
    return {"epochs_run": len(losses), "loss": sum(losses)}


@pytest.fixture
def data(tmp_path, monkeypatch) -> Data:
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("sercore.store.closure", lambda modules: (["sercore.store"], {}))
    monkeypatch.setattr("sercore.store._code", lambda modules: ("code", ()))
    return Data(str(tmp_path))


def test_without_a_moment_there_is_time_for_ever():
    assert deadline.left() == math.inf
    with deadline.until(time.time() + 5):
        assert 0 < deadline.left() <= 5
    assert deadline.left() == math.inf


@pytest.mark.parametrize("stop", range(1, EPOCHS))
def test_a_training_that_stopped_ends_as_one_that_did_not(tmp_path, monkeypatch, stop):
    plan = Plan(epochs=EPOCHS, batch=14, rate=1e-2)
    whole = train(tmp_path / "whole", plan=plan)
    ticking(monkeypatch)
    with (
        deadline.until(stop),
        pytest.raises(deadline.OutOfTime, match=rf"after epoch {stop}; its state is kept"),
    ):
        train(tmp_path / "parts", plan=plan)
    parts = train(tmp_path / "parts", plan=plan)
    for ours, theirs in zip(parts.epochs, whole.epochs, strict=True):
        assert ours | {"seconds": 0} == theirs | {"seconds": 0}
    files = [tmp_path / part / "best.safetensors" for part in ("whole", "parts")]
    weights = [checkpoints.read(path)[0] for path in files]
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name


def test_an_epoch_is_begun_only_if_the_last_one_would_have_fitted(tmp_path, monkeypatch):
    monkeypatch.setattr(deadline, "left", lambda: 1e-9)
    with pytest.raises(deadline.OutOfTime, match="after epoch 1;"):
        train(tmp_path, plan=Plan(epochs=2, batch=14))


def test_the_last_epoch_ends_a_training_whatever_the_time(tmp_path):
    with deadline.until(0):
        assert train(tmp_path, plan=Plan(epochs=1, batch=14)).ending == "all 1 epochs"


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])  # in this process, in processes
def test_no_trial_is_begun_after_the_moment(data, seeds):
    trials = [Trial(seed) for seed in seeds]
    message = rf"^{len(seeds)} of {len(seeds)} trials are left$"
    with deadline.until(time.time() - 1), pytest.raises(deadline.OutOfTime, match=message):
        sweep(run, trials, data)
    assert not (store.root() / "trainings").exists()
    assert len(sweep(run, trials, data)) == len(seeds)


def test_trials_that_stop_leave_the_others_whole(data, monkeypatch):
    done = sweep(run, [Trial(0)], data)
    ticking(monkeypatch)
    with deadline.until(3), pytest.raises(deadline.OutOfTime, match=r"^1 of 2 trials are left$"):
        sweep(run, [Trial(0), Trial(1)], data)
    monkeypatch.undo()
    monkeypatch.setenv("SER_STORE", data.folder + "/store")
    monkeypatch.setattr("sercore.store.closure", lambda modules: (["sercore.store"], {}))
    monkeypatch.setattr("sercore.store._code", lambda modules: ("code", ()))
    again = sweep(run, [Trial(0), Trial(1)], data)
    assert again[0] == done[0]
    assert again[1]["epochs_run"] == EPOCHS


def test_a_failure_is_told_even_if_time_is_over_too(data, monkeypatch):
    ticking(monkeypatch)
    with deadline.until(2), pytest.raises(SweepError, match="trial 9 is bad"):
        sweep(run, [Trial(9)], data)


def failing_together(trials, data, *, device: str = "cpu"):
    raise ValueError("together they fail")


def stopping(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    if trial.seed == 2:
        raise deadline.OutOfTime("stopped")
    return {"seed": trial.seed}


def test_what_finished_one_by_one_is_kept_at_a_stop(data):
    trials = [Trial(seed) for seed in range(4)]
    together = {"run_together": failing_together, "alike": lambda trial: 0}
    with pytest.raises(deadline.OutOfTime, match=r"^1 of 4 trials are left$"):
        sweep(stopping, trials, data, **together)
    assert sweep(stopping, [Trial(0), Trial(1), Trial(3)], data)[2]["seed"] == 3


def seeing(trial: Trial, data: Data, *, device: str = "cpu") -> dict:
    return {"device": device}


def test_what_a_gpu_gave_is_not_taken_for_a_cpus(data, monkeypatch):
    monkeypatch.setattr(devices, "choose", torch.device)
    for device in ("cuda", "cpu", "cuda"):
        (outcome,) = sweep(seeing, [Trial(0)], data, device=device)
        assert outcome["device"] == device


def test_two_functions_of_a_module_do_not_share_outcomes(data):
    assert sweep(seeing, [Trial(0)], data)[0].keys() != sweep(stopping, [Trial(0)], data)[0].keys()


class Study:
    """A paper whose trials are trainings of a small network."""

    name, folder, methods, caps = "none", "none", {"models": 1}, ()

    def __init__(self, data: Data):
        self.data = data

    def load(self, parameters):
        return self.data

    def measure(self, parameters, data):
        return {}

    def measured_on(self, data):
        return ()

    def tasks(self, parameters, data):
        trials = [Trial(parameters.seed)]
        return [Task(name="models", run=run, trials=trials, data=data, corpora=())]


def recording_into(folder, monkeypatch) -> None:
    write, measured, holds = recorded.write, recorded.write_measurements, recorded.holds
    monkeypatch.setattr(recorded, "write", lambda *given: write(*given, folder=folder))
    monkeypatch.setattr(recorded, "holds", lambda *given: holds(*given, folder=folder))
    monkeypatch.setattr(
        recorded,
        "write_measurements",
        lambda *given, **more: measured(*given, **more, folder=folder),
    )


class Parameters(SimpleNamespace):
    def model_copy(self, update):
        return Parameters(**vars(self) | update)


def trials_of(folder) -> list:
    table = recorded.read("none", folder=folder).trials
    return table[["trial", "seed", "run", "epochs_run", "loss"]].to_dict("list")


def test_a_recording_in_slots_equals_one_without_a_stop(data, tmp_path, monkeypatch):
    parameters = Parameters(edition="open", seeds=2, seed=-1, device="cpu", scheduler="none")
    with monkeypatch.context() as patch:
        recording_into(tmp_path / "whole", patch)
        recording.record(Study(data), parameters)
    with monkeypatch.context() as patch:
        patch.setenv("SER_STORE", str(tmp_path / "another store"))
        recording_into(tmp_path / "slots", patch)
        stops = 0
        for _ in range(20):
            try:
                with patch.context() as short:
                    short.setattr(recording.time, "time", lambda: 0)
                    ticking(short)
                    recording.record(Study(data), parameters, minutes=3 / 60)
                break
            except deadline.OutOfTime:
                stops += 1
    assert stops >= 3
    files = [
        sorted(path.name for path in (tmp_path / part).rglob("*")) for part in ("whole", "slots")
    ]
    assert files[0] == files[1]
    assert trials_of(tmp_path / "whole") == trials_of(tmp_path / "slots")
