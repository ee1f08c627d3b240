"""Training clips a second of paper 02's CNN-LSTM: our loop beside a plain fp32 one of PyTorch, in one run; goal 2 times.

Usage: ``python -m benchmarks.adversarial [ROUNDS]`` (default 3). Both sides train the baseline on the same clips, random frames as
long as EMOVO's, RAVDESS' and SAVEE's are. The plain side is written as anyone would: one-dimensional convolutions, packed clips,
fp32, random batches, at the better of one and all threads; ours has one thread. Then the plain side with one thing of ours at a
time. Sides take turns, each in a process of its own; each ratio is the median of the rounds' own.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, cross_entropy, max_pool1d

from sercore.models.attribute_network import SIZES, AttributeNetwork, SharedLayers, Sizes
from sercore.papers.parry2022.adversarial import Plan, step
from sercore.papers.parry2022.study import RECIPES
from sercore.training import devices
from sercore.training.batching import Ragged, by_length, padding_share

GOAL, ROUNDS, CLIPS = 2.0, 3, 96
FRAMES = (130, 278, 368, 528)  # quartiles of the three corpora's clips, without the longest
PARTS = ("bf16", "batches by length", "kept memory", "our layers")


class PlainLayers(nn.Module):
    """The shared layers as anyone would write them, computing what ``SharedLayers`` computes; padding frames are silenced."""

    def __init__(self, sizes: Sizes = SIZES):
        super().__init__()
        self.ours = SharedLayers(sizes, initialisation="he")
        self.lstm = nn.LSTM(sizes.channels[-1], sizes.units, bidirectional=True, batch_first=True)
        own = dict(self.ours.onwards.named_parameters())
        own |= {
            f"{name}_reverse": weight for name, weight in self.ours.backwards.named_parameters()
        }
        self.lstm.load_state_dict(own)
        del self.ours.onwards, self.ours.backwards

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """``(batch, width)``."""
        signal = frames.transpose(1, 2)
        for layer in self.ours.convolutions:
            signal = conv1d(signal, layer.weight.squeeze(2), layer.bias, padding="same").relu()
            signal, lengths = max_pool1d(signal, 3, 2), (lengths - 3) // 2 + 1
            signal = signal * (torch.arange(signal.shape[2]) < lengths[:, None])[:, None]
        packed = nn.utils.rnn.pack_padded_sequence(
            signal.transpose(1, 2), lengths, batch_first=True, enforce_sorted=False
        )
        spoken, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.ours.full(self.ours.dropout(spoken.sum(1) / lengths[:, None])).relu()


def clips() -> tuple[Ragged, np.ndarray]:
    """Random frames of clips as long as real ones, and their classes."""
    draw = np.random.default_rng(0)
    lengths = np.interp(draw.random(CLIPS), np.linspace(0, 1, len(FRAMES)), FRAMES).astype(int)
    return Ragged.of(
        [draw.normal(size=(each, SIZES.bands)).astype(np.float32) for each in lengths]
    ), draw.integers(0, 3, CLIPS)


def order(held: Ragged, batch: int, *, sorted_by_length: bool) -> list[np.ndarray]:
    """Rows of each batch of one epoch."""
    if sorted_by_length:
        return by_length(held.sizes, batch=batch, seed=0, epoch=1)
    rows = np.random.default_rng(0).permutation(CLIPS)
    return np.split(rows, range(batch, CLIPS, batch))


def batches(held: Ragged, labels: np.ndarray, rows: Sequence[np.ndarray]) -> Iterator[list[Tensor]]:
    for each in rows:
        yield [*held.padded(each), torch.from_numpy(labels[each])]


def epoch(side: str, part: str, threads: int) -> tuple[float, float]:
    """Clips a second and mean loss of one epoch, after a first one that is not timed."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    recipe, (held, labels) = RECIPES["published"], clips()
    layers = (
        SharedLayers(initialisation="he")
        if side == "ours" or part == "our layers"
        else PlainLayers()
    )
    network = AttributeNetwork(layers, width=SIZES.width, classes=3).train()
    torch.manual_seed(
        1
    )  # both sides have the same weights so far; so have they the same head and the same dropout
    network.emotion.reset_parameters()
    optimiser = torch.optim.SGD(network.parameters(), lr=recipe.rate, momentum=0.9)
    plan = Plan(approach="baseline", batch=recipe.batch, rate=recipe.rate, precision="bf16")
    rows = order(held, recipe.batch, sorted_by_length=part == "batches by length")
    with devices.kept_memory() if side == "ours" or part == "kept memory" else nullcontext():
        for timed in (False, True):
            started, losses = time.perf_counter(), []
            for *inputs, target in batches(held, labels, rows if timed else rows[:2]):
                if side == "ours":
                    losses.append(
                        step(
                            network,
                            nn.ModuleDict(),
                            optimiser,
                            [*inputs, target],
                            plan=plan,
                            alpha=0.0,
                        )["loss"]
                    )
                    continue
                optimiser.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=part == "bf16"):
                    loss = cross_entropy(network(*inputs), target)
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), plan.clip)
                optimiser.step()
                losses.append(float(loss.detach()))
    return CLIPS / (time.perf_counter() - started), float(np.mean(losses))


def measured(side: str, part: str = "", threads: int = 1) -> tuple[float, float]:
    """The same in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(epoch, side, part, threads).result()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    cores = len(os.sched_getaffinity(0))
    turns = []
    for _ in range(rounds):
        plain = [measured("plain", threads=threads) for threads in sorted({1, cores})]
        turns.append(
            [
                max(plain),
                measured("ours"),
                *(
                    max(measured("plain", part, threads) for threads in {1, cores})
                    for part in PARTS
                ),
            ]
        )
    speeds = np.array(turns)[:, :, 0]  # (rounds, sides)
    ratios = speeds[:, 1:] / speeds[:, :1]
    print(
        f"Training clips a second, ours on one thread to the plain loop's at the better of 1 and {cores}; median of {rounds} rounds"
    )
    for name, column in zip(
        ("ours", *(f"plain with {part}" for part in PARTS)), ratios.T, strict=True
    ):
        print(
            f"  {name:30s} {np.median(column):5.2f} times ({column.min():.2f} to {column.max():.2f})"
        )
    reached = "reached" if np.median(ratios[:, 0]) >= GOAL else "not reached"
    print(
        f"  ours {np.median(speeds[:, 1]):.0f} clips/s, plain {np.median(speeds[:, 0]):.0f}; goal {GOAL:g} times {reached}"
    )
    losses = np.array(turns)[0, :2, 1]
    print(
        f"  mean loss of the first epoch: plain in fp32 {losses[0]:.4f}, ours in bf16 {losses[1]:.4f}"
    )
    held, _ = clips()
    shares = [
        padding_share(held.sizes, order(held, RECIPES["published"].batch, sorted_by_length=each))
        for each in (False, True)
    ]
    print(f"  padding: {shares[0]:.1%} of random batches, {shares[1]:.1%} by length")


if __name__ == "__main__":
    main()
