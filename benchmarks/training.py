"""Training clips a second of paper 03's small models: our loop beside a plain fp32 one of PyTorch, in one run; goal 2 times.

Usage: ``python -m benchmarks.training [ROUNDS]`` (default 3). Both train the same network on the same batches of kept features,
random arrays of the published shape for clips of 1 to 5 s, on one thread. The sides take turns, each in a process of its own, as
what ours asks of the allocator would slow the other down. Compare the ratios: each is the median of the rounds' own. What batches
by length save comes on top, see ``bucketing.py``.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from sercore.papers.biagini2022 import models as loopq_models
from sercore.papers.biagini2022.data import Data
from sercore.papers.biagini2022.inputs import SHAPES, Inputs
from sercore.papers.biagini2022.models import ROWS, plan
from sercore.papers.biagini2022.trial import Trial, batches
from sercore.training import devices, fitting

GOAL = 2.0
ROUNDS, TIMED = 3, 1  # rounds of a model; steps of a round that are timed, after one that is not
NAMES = ("CNNLSTM as-run", "CNNLSTM per-clip", "CNNLSTM fixed", "FCMFCC as-run", "CNNATT fixed")
TAKEN_APART = "CNNLSTM fixed"
PARTS = ("bf16", "channels-last", "kept memory")
PROCESSORS = Path("/proc/cpuinfo")


def features(
    name: str, *, steps: int = 1 + TIMED, size: str = "published"
) -> Iterator[list[Tensor]]:
    """Batches of random inputs of clips of 1 to 5 s as a row's network takes them: all filled to 5 s, or to the batch's longest."""
    row, shape, generator = ROWS[name], SHAPES[size], np.random.default_rng(0)
    (kind,), batch = row.inputs, settings(name).batch
    own = (
        1
        + generator.integers(shape.samples // 5, shape.samples + 1, batch * steps) // shape.mel.hop
    )
    frames = own if "free" in kind else np.full(len(own), shape.frames)
    width = shape.mel.bands if kind == "mel" else shape.coefficients
    rows = [generator.standard_normal((each, width), dtype=np.float32) for each in frames]
    data = Data(pd.DataFrame(), {kind: Inputs.of(rows, own)}, classes=())
    labels = torch.from_numpy(generator.integers(0, 7, len(own)))
    place = {"protocol": "by-origin", "fold": 0, "seed": 0, "edition": "demo", "epochs": 1}
    trial = Trial(model=row.model, variant=row.variant, **place)
    return batches(trial, data, np.arange(len(own)), labels, epoch=1)


def settings(name: str, *, precision: str = "bf16") -> fitting.Plan:
    """The recipe of a row's model for one epoch, which leaves its schedule nothing to do."""
    return replace(
        plan(ROWS[name].model, rates="code", epochs=1, precision=precision),
        schedule=None,
        stop=None,
    )


def ours(
    name: str, made: Iterable[list[Tensor]], *, precision: str = "bf16", size: str = "published"
) -> nn.Module:
    """Train with the package's loop."""
    row = ROWS[name]
    network = loopq_models.build(row.model, row.variant, size=size, seed=0)
    held = loopq_models.groups(network, row.model, rates="code")
    how = settings(name, precision=precision)
    with TemporaryDirectory() as folder:
        fitting.fit(
            network,
            held,
            fitting.cross_entropy,
            lambda epoch: made,
            None,
            plan=how,
            folder=Path(folder),
            seed=0,
        )
    return network


def plain(
    name: str, made: Iterable[list[Tensor]], *, part: str = "", size: str = "published"
) -> nn.Module:
    """Train as anyone would, or with one part of ours."""
    row, how = ROWS[name], settings(name, precision="fp32")
    network = loopq_models.build(row.model, row.variant, size=size, seed=0).train()
    if part == "channels-last":
        network.to(memory_format=torch.channels_last)
    make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[how.optimiser]
    held = loopq_models.groups(network, row.model, rates="code")
    optimiser = make(held, lr=how.rate, weight_decay=how.weight_decay)
    torch.manual_seed(0)
    with ExitStack() as stack:
        if part == "kept memory":
            stack.enter_context(devices.kept_memory())
        for *inputs, target in made:
            optimiser.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=part == "bf16"):
                loss = cross_entropy(network(*inputs), target)
            loss.backward()
            optimiser.step()
    return network


def nothing(name: str, made: Iterable[list[Tensor]]) -> None:
    """Make the batches alone."""
    for _ in made:
        pass


def seconds(loop: Callable[..., object], name: str, options: dict[str, str]) -> float:
    """Seconds that a loop takes for a step and its batch, from its own asking for one batch to its asking for the next."""
    marks = []

    def marked() -> Iterator[list[Tensor]]:
        for each in features(name):
            yield each
            marks.append(time.perf_counter())

    loop(name, marked(), **options)
    return (marks[-1] - marks[0]) / TIMED


@contextmanager
def sides() -> Iterator[Callable[..., float]]:
    """Two processes of one thread: one for loops that keep memory, one whose allocator stays as it was found."""
    with ExitStack() as stack:
        start = {
            "mp_context": get_context("spawn"),
            "initializer": torch.set_num_threads,
            "initargs": (1,),
        }
        keeping, untouched = (
            stack.enter_context(ProcessPoolExecutor(1, **start)) for _ in range(2)
        )

        def asked(loop: Callable[..., object], name: str, **options: str) -> float:
            side = keeping if loop is ours or options.get("part") == "kept memory" else untouched
            return side.submit(seconds, loop, name, options).result()

        yield asked


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    os.environ["TQDM_DISABLE"] = "1"
    if not (PROCESSORS.is_file() and "avx512_bf16" in PROCESSORS.read_text()):
        print(
            "This processor has no AVX512-BF16: bf16 is not expected to pay here, nor the goal to be reached."
        )
    else:
        print("This processor has AVX512-BF16.")
    print(
        f"Training clips a second, ours to the plain loop's: median of {rounds} rounds and their range; goal {GOAL:g} times"
    )
    making = []
    with sides() as asked:
        for name in NAMES:
            parts = PARTS if name == TAKEN_APART else ()
            turns = [
                [
                    asked(plain, name),
                    asked(ours, name),
                    *(asked(plain, name, part=part) for part in parts),
                ]
                for _ in range(rounds)
            ]
            theirs, own, *others = zip(*turns, strict=True)
            goal = (
                "goal reached" if np.median(np.divide(theirs, own)) >= GOAL else "goal not reached"
            )
            print(
                f"  {name:17s}{told(theirs, own)}, {goal}; ours {settings(name).batch / np.median(own):.0f} clips/s",
                flush=True,
            )
            for part, each in zip(parts, others, strict=True):
                print(f"    {part + ' alone':20s} {told(theirs, each)}", flush=True)
            making.append(asked(nothing, name) / np.median(own))
    print(
        f"Both sides make batches in the loop: {max(making):.1%} of our step at most, which is all that worker processes could save"
    )


def told(theirs: Sequence[float], own: Sequence[float]) -> str:
    ratios = np.divide(theirs, own)
    return f"{np.median(ratios):5.2f} times ({ratios.min():.2f} to {ratios.max():.2f})"


if __name__ == "__main__":
    main()
