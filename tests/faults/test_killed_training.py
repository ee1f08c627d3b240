"""A training killed by SIGKILL, in the middle of an epoch or of writing: run again, it ends with the bits of one left in peace."""

import multiprocessing
import os
import signal
from pathlib import Path
from random import Random

import pytest
import torch
from torch import nn

from sercore.training import checkpoints
from sercore.training.fitting import Plan, cross_entropy, fit, validation
from sercore.training.schedules import Plateau

EPOCHS, STEPS = 6, 5
DEATHS = [
    *(
        ({"step": step}, (step - 1) // STEPS)
        for step in Random(3).sample(range(3 * STEPS + 1, EPOCHS * STEPS + 1), 3)
    ),
    ({"write": 4}, 3),  # of the fourth epoch's checkpoint
    ({"write": 8}, 6),  # of the last weights, after six checkpoints and the best weights
]
FILES = ["best.safetensors", "history.json", "last.safetensors", "state.safetensors"]


def train(folder: Path, *, step: int = 0, write: int = 0) -> None:
    """A network with all that a run must take up; the process dies before this step, or before this file gets its name."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    clips, target = torch.randn(40, 1, 6, 8), torch.randint(0, 2, (40,))
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Dropout(0.3), nn.Conv2d(16, 16, 3),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2),
    )  # fmt: skip
    rename, renamed = Path.replace, []

    def replace(self, name):
        renamed.append(name)
        if len(renamed) == write:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(self, name)

    Path.replace = replace
    folder.mkdir(exist_ok=True)
    with (folder / "steps.txt").open("w") as log:

        def batches(epoch):
            order = torch.randperm(40, generator=torch.Generator().manual_seed(epoch))
            for number, rows in enumerate(order.split(8), (epoch - 1) * STEPS + 1):
                print(number, file=log, flush=True)
                if number == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield clips[rows], target[rows]

        validate = validation(cross_entropy, lambda: [(clips, target)])
        plan = Plan(epochs=EPOCHS, batch=8, rate=1e-2, schedule=Plateau(patience=0, factor=0.5))
        fit(
            network,
            [{"params": network.parameters()}],
            cross_entropy,
            batches,
            validate,
            plan=plan,
            folder=folder / "run",
            seed=1,
        )


def run(folder: Path, **death: int) -> tuple[int, list[int]]:
    """Exit status of a process of its own, and the steps that it took."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["sercore.training.fitting", "torch._dynamo"]
    )  # imported once, not by each
    process = context.Process(target=train, args=(folder,), kwargs=death)
    process.start()
    process.join()
    return process.exitcode, [int(line) for line in (folder / "steps.txt").read_text().split()]


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("peaceful")
    assert run(folder) == (0, list(range(1, EPOCHS * STEPS + 1)))
    return folder / "run"


@pytest.mark.parametrize(("death", "finished"), DEATHS, ids=str)
def test_a_killed_run_goes_on_at_its_last_finished_epoch(tmp_path, peaceful, death, finished):
    assert run(tmp_path, **death)[0] == -signal.SIGKILL
    status, steps = run(tmp_path)
    assert (status, steps) == (0, list(range(finished * STEPS + 1, EPOCHS * STEPS + 1)))
    for folder in (tmp_path / "run", peaceful):
        assert sorted(path.name for path in folder.iterdir()) == FILES
    for name in FILES:
        if name != "history.json":
            (ours, _), (theirs, _) = (
                checkpoints.read(folder / name) for folder in (tmp_path / "run", peaceful)
            )
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(ours[tensor], theirs[tensor]) for tensor in ours)
