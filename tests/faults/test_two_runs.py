"""Two runs at once of one training: one trains, the other waits and reads; none loses a file of the other's."""

import multiprocessing
from pathlib import Path

import torch

from sercore.training.resumable import BEST, HISTORY, LAST
from tests.faults.test_damaged_training import trained


def train(place: Path, answers) -> None:
    torch.set_num_threads(1)
    found, epochs = trained(place)
    answers.put(
        (epochs, {name: value.tolist() for name, value in found.network.state_dict().items()})
    )


def test_two_processes_train_once(tmp_path):
    place = tmp_path / "run"
    place.mkdir()
    context = multiprocessing.get_context("forkserver")
    answers = context.Queue()
    running = [context.Process(target=train, args=(place, answers)) for _ in range(2)]
    for process in running:
        process.start()
    (one, first), (other, second) = (answers.get(timeout=300) for _ in running)
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0, 0]
    assert sorted((one, other)) == [0, 3]
    assert first == second
    assert sorted(path.name for path in place.iterdir()) == sorted([BEST, LAST, HISTORY])
