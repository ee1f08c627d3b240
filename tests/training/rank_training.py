"""What each of the processes of ``test_ranks`` does: ``torchrun … tests/training/rank_training.py FOLDER [RANK STEP]``.

It dies before a step of its second training if it is that rank.
"""

import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from sercore.models.resnet import ResNet34, Sizes
from sercore.papers.padi2021.trial import VERSIONS
from sercore.training import checkpoints, chunks, devices, resumable
from sercore.training.batching import Ragged
from sercore.training.chunks import batches, in_turn
from sercore.training.resumable import LAST
from sercore.training.sgd import Plan, fit

CLIPS, BATCH = 22, 8
SIZES = Sizes(bands=16, channels=(4, 4, 8, 8), blocks=(1, 1, 1, 1), width=8)
ONE = Plan(epochs=1, batch=BATCH, rate=1.0, momentum=0.0)
PLAN = Plan(epochs=3, batch=BATCH, constant=1, every=1)


def network() -> ResNet34:
    """Each clip is a class of its own, so that class numbers tell which clips were read."""
    torch.manual_seed(0)
    return ResNet34(CLIPS, SIZES)


def frames() -> Ragged:
    draw = np.random.default_rng(0)
    return Ragged.of(
        [draw.normal(size=(10 + clip, SIZES.bands)).astype(np.float32) for clip in range(CLIPS)]
    )


def epoch(number: int, rows: int = CLIPS) -> Iterator[list[torch.Tensor]]:
    """This process' share of an epoch."""
    read = chunks.epoch(range(rows), number=number, seed=5, batch=BATCH, lengths=(16, 20))
    return batches(
        frames(), np.arange(CLIPS), in_turn(read, versions=3, number=number), VERSIONS["both"]
    )


def main(folder: Path, dying: tuple[int, int] | None) -> None:
    torch.set_num_threads(1)
    device = torch.device("cpu")
    with devices.joined(device):
        rank = devices.rank()
        one = network()
        fit(
            one,
            lambda number: epoch(number, 7),
            plan=ONE,
            folder=folder / "one",
            device=device,
            seed=1,
        )
        checkpoints.write(folder / f"one-{rank}", one.state_dict(), None)
        with (folder / f"read-{rank}.txt").open("a") as log:

            def logged(number: int) -> Iterator[list[torch.Tensor]]:
                for step, (signal_, target) in enumerate(epoch(number), 3 * number - 2):
                    if dying == (rank, step):
                        os.kill(os.getpid(), signal.SIGKILL)
                    print(number, *target.tolist(), file=log, flush=True)
                    yield [signal_, target]

            trained = network()
            train = partial(
                fit, trained, logged, plan=PLAN, folder=folder / "run", device=device, seed=1
            )
            resumable.trained(trained, folder / "run", train, device=device, weights=LAST)
        checkpoints.write(folder / f"end-{rank}", trained.state_dict(), None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(map(int, sys.argv[2:4])) or None)
