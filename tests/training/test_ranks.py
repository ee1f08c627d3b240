"""Two processes of ``torchrun`` train one network: what each reads, one step against one process', and going on after a death."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from sercore.training import checkpoints, chunks, devices
from sercore.training.resumable import HISTORY, LAST, STATE
from tests.training import rank_training as toy

ROOT = Path(__file__).resolve().parents[2]
RANKS = 2


def run(folder: Path, *death: int) -> int:
    """Exit status of ``torchrun``."""
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(RANKS),
    ]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    script = [ROOT / "tests" / "training" / "rank_training.py", folder, *death]
    done = subprocess.run(
        [*command, *map(str, script)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 or death, done.stderr
    return done.returncode


def states(folder: Path, name: str) -> list[dict[str, torch.Tensor]]:
    return [checkpoints.read(folder / f"{name}-{rank}")[0] for rank in range(RANKS)]


def read(folder: Path) -> list[tuple[int, list[int]]]:
    """Epoch and clips of each step, of all processes."""
    lines = [
        line
        for rank in range(RANKS)
        for line in (folder / f"read-{rank}.txt").read_text().splitlines()
    ]
    return [
        (int(number), [int(clip) for clip in clips]) for number, *clips in map(str.split, lines)
    ]


@pytest.fixture(scope="module")
def peaceful(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("peaceful")
    run(folder)
    return folder


def test_each_clip_is_read_once_an_epoch_by_one_process(peaceful):
    steps = read(peaceful)
    for number in range(1, toy.PLAN.epochs + 1):
        clips = Counter(clip for epoch, step in steps if epoch == number for clip in step)
        assert clips == Counter(range(toy.CLIPS))
    assert {len(clips) for _, clips in steps} == {3, 4}  # of batches of 7 and 8


def test_weights_and_buffers_are_the_same_bits_in_both(peaceful):
    one, other = states(peaceful, "end")
    start = toy.network().state_dict()
    assert one.keys() == other.keys() == start.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    moved = {name for name in one if not torch.equal(one[name], start[name])}
    # Batch norm subtracts this bias with the mean, so that only rounding can move it.
    assert one.keys() - {"head.full.bias"} <= moved
    kept, _ = checkpoints.read(peaceful / "run" / LAST)
    assert all(torch.equal(kept[name], one[name]) for name in one)
    history = json.loads((peaceful / "run" / HISTORY).read_text())["epochs"]
    assert [(each["steps"], each["chunks"]) for each in history] == [
        (3, toy.CLIPS)
    ] * toy.PLAN.epochs
    assert not (peaceful / "run" / STATE).exists()


def test_a_step_follows_the_mean_gradient_over_both_shares(peaceful, monkeypatch):
    """By hand in one process: each share passes by itself, so that batch norm sees what it saw there; 4 clips and 3."""
    network, loss, buffers = toy.network().train(), 0.0, {}
    for rank in range(RANKS):
        monkeypatch.setattr(devices, "rank", lambda rank=rank: rank)
        monkeypatch.setattr(devices, "n_ranks", lambda: RANKS)
        ((signal, target),) = toy.epoch(1, 7)
        assert len(target) == 4 - rank
        loss = loss + functional.cross_entropy(network(signal), target, reduction="sum")
        buffers = buffers or {name: each.clone() for name, each in network.named_buffers()}
    (loss / 7).backward()
    for found in states(peaceful, "one"):
        for name, weight in network.named_parameters():
            torch.testing.assert_close(
                found[name], weight - toy.ONE.rate * weight.grad, atol=1e-6, rtol=1e-5, msg=name
            )
        for name, buffer in buffers.items():
            torch.testing.assert_close(found[name], buffer, msg=name)  # statistics of process 0


def test_a_death_of_one_process_ends_both_and_the_run_goes_on_to_the_same_bits(tmp_path, peaceful):
    assert run(tmp_path, 1, 5) != 0
    assert (tmp_path / "run" / STATE).exists()
    assert {number for number, _ in read(tmp_path)} == {1, 2}
    for rank in range(RANKS):
        (tmp_path / f"read-{rank}.txt").unlink()
    run(tmp_path)
    assert {number for number, _ in read(tmp_path)} == {2, 3}
    for found, expected in zip(states(tmp_path, "end"), states(peaceful, "end"), strict=True):
        assert [name for name in expected if not torch.equal(found[name], expected[name])] == []
    ours, theirs = ([{**each, "seconds": 0} for each in json.loads((folder / "run" / HISTORY).read_text())["epochs"]]
                    for folder in (tmp_path, peaceful))  # fmt: skip
    assert ours == theirs


def test_a_process_that_torchrun_did_not_start_trains_alone():
    device = torch.device("cpu")
    with devices.joined(device):
        assert (devices.rank(), devices.n_ranks()) == (0, 1)
        network = toy.network()
        assert devices.shared(network, device) is network
        assert devices.summed(1.5, 2, device=device) == [1.5, 2]


def test_shares_of_a_batch_have_masks_of_their_own():
    (batch,) = chunks.epoch(range(7), number=1, seed=0, batch=8)
    assert len({batch.part(rank, 3).seed for rank in range(3)}) == 3
