"""ResNet34 of paper 04, in one run: training chunks a second, ours beside a plain fp32 loop; evaluation in buckets; padding.

Usage: ``python -m benchmarks.resnet [ROUNDS]`` (default 1). Both sides of a training have the same weights and the same masked
chunks of 150 to 300 frames, 16 a step, of random clips; after one step that is not timed, one of each length. Ours is the
package's loop (bf16, channels-last, fused SGD, kept memory); the plain one is PyTorch as it comes (fp32, contiguous), in the better
of two ways on two cores, which a short training chooses. Sides take turns, each in processes of its own; compare the ratios.
Evaluation answers the same clips in buckets and one by one. A GPU, where there is one, is set beside its own matrix product.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext, redirect_stderr
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import trial as padi_trial
from sercore.training import chunks, devices
from sercore.training.batching import Ragged, padding_share
from sercore.training.chunks import SCORED, answered, batches
from sercore.training.devices import autocast
from sercore.training.sgd import fit

GOAL, ROUNDS, BATCH, CLASSES = 2.0, 1, 16, 4
CLOSE, AGREED = 0.05, 1e-4  # losses of both precisions; values of a clip in a bucket and alone
WAYS = {
    "two processes of one thread": (2, 1),
    "one process of two threads": (1, 2),
}  # (processes, threads of each)
CASES = {
    "full width": ("published", False),
    "full width, frozen": ("published", True),
    "width 16": ("narrow", False),
}
TRAINED, FOLD = 32, 63 * SCORED  # clips that train, and that are scored
TIMED = [  # batches of the fold, by length, and precision
    ("typical batches", [10, 31, 52], "bf16"),
    ("typical batches", [10, 31, 52], "fp32"),
    ("the shortest and the longest", [0, -1], "fp32"),
]
FRAMES = {  # share of clips that are at most so long
    "mostly 250 to 500 frames": ((0, 0.02, 0.98, 1), (58, 250, 500, 1000)),
    "as long as IEMOCAP's": ((0, 0.07, 0.4, 0.5, 0.95, 1), (58, 150, 300, 358, 1110, 3414)),
}


def clips(count: int, *, bands: int = 128, frames: str = "mostly 250 to 500 frames") -> Ragged:
    """Random frames of clips of unequal length."""
    draw = np.random.default_rng(0)
    sizes = np.interp(draw.random(count), *FRAMES[frames]).astype(int)
    return Ragged.of([draw.standard_normal((each, bands), dtype=np.float32) for each in sizes])


@dataclass(frozen=True, kw_only=True)
class Training:
    """Two epochs of a network: one step of the longest chunks, or ``warm``, and one of each length, or ``timed``."""

    side: str
    size: str = "published"
    frozen: bool = False
    batch: int = BATCH
    warm: tuple[int, ...] = ()
    timed: tuple[int, ...] = ()
    precision: str = "bf16"  # of our side
    device: str = "cpu"

    def batches(self, epoch: int) -> Iterator[list[Tensor]]:
        """Masked chunks and classes."""
        lengths, policies = padi_trial.CHUNKS[self.size], padi_trial.VERSIONS["both"]
        wanted = (self.warm or lengths[-1:], self.timed or lengths)[epoch - 1]
        read = chunks.epoch(
            range(TRAINED),
            number=epoch,
            seed=0,
            batch=self.batch,
            versions=len(policies),
            lengths=lengths,
        )
        target = np.random.default_rng(1).integers(0, CLASSES, TRAINED)
        turns = [
            replace(each, length=length) for each, length in zip(cycle(read), wanted, strict=False)
        ]
        return batches(clips(TRAINED), target, turns, policies)


def epoch(what: Training, threads: int) -> tuple[float, float]:
    """Chunks a second and mean loss of the second epoch."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = ResNet34(CLASSES, padi_trial.SIZES[what.size])
    if what.frozen:
        network.freeze()
    return {"ours": ours, "plain": plain}[what.side](network, what)


def ours(network: nn.Module, what: Training) -> tuple[float, float]:
    """Train with the package's loop."""
    plan = padi_trial.plan(epochs=2, size=what.size, precision=what.precision)
    with TemporaryDirectory() as folder, redirect_stderr(StringIO()):  # without its bars
        last = fit(
            network, what.batches, plan=plan, folder=Path(folder), device=what.device, seed=0
        ).epochs[-1]
    return last["chunks"] / last["seconds"], last["loss"]


def plain(network: nn.Module, what: Training) -> tuple[float, float]:
    """Train as anyone would."""
    plan = padi_trial.plan(epochs=2, size=what.size, precision="fp32")
    optimiser = torch.optim.SGD(
        [each for each in network.parameters() if each.requires_grad], plan.rate, plan.momentum
    )
    network.train()
    for number in (1, 2):
        started, losses = time.perf_counter(), []
        for signal, target in what.batches(number):
            optimiser.zero_grad()
            loss = cross_entropy(network(signal), target)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return len(losses) * what.batch / (time.perf_counter() - started), float(np.mean(losses))


def measured(what: Training, way: str) -> tuple[float, float]:
    """The same in processes of its own, at once: chunks a second of all together, and the loss, which they share."""
    processes, threads = WAYS[way]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        found = [
            each.result() for each in [pool.submit(epoch, what, threads) for _ in range(processes)]
        ]
    return sum(speed for speed, _ in found), found[0][1]


@cache
def best_way(size: str) -> str:
    """The plain loop's faster way, by few and short chunks."""
    short = Training(side="plain", size=size, batch=4, warm=(150,), timed=(150, 150))
    return max(WAYS, key=lambda way: measured(short, way)[0])


def settled(size: str) -> ResNet34:
    """A random network as training leaves it: channels-last, in evaluation mode, its batch norm has met chunks."""
    torch.manual_seed(0)
    network = ResNet34(CLASSES, padi_trial.SIZES[size]).train()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        network(next(Training(side="ours", size=size, batch=8).batches(1))[0])
    return network.eval().to(memory_format=torch.channels_last)


def by_length(held: Ragged) -> list[np.ndarray]:
    """Rows of the batches in which whole clips are scored."""
    return np.split(np.argsort(held.sizes, kind="stable"), range(SCORED, len(held.sizes), SCORED))


def scored(
    size: str, rows: Sequence[int], *, precision: str, device: str = "cpu", threads: int = 1
) -> tuple[dict[str, float], float]:
    """Seconds of clips in buckets, one by one and in buckets where memory is kept; how far apart a clip's logits are at most."""
    torch.set_num_threads(threads)
    with devices.kept_memory():  # as in the training before it
        network, held, where = settled(size).to(device), clips(FOLD), torch.device(device)
    singly = SimpleNamespace(clip=held.clip)  # as if read from files
    found, seconds = [], {}
    with torch.inference_mode(), autocast(precision, where):
        for name, frames in {
            "buckets": held,
            "one by one": singly,
            "buckets, memory kept": held,
        }.items():
            with devices.kept_memory() if "kept" in name else nullcontext():
                answered(network, frames, rows[:4], device=where)
                started = time.perf_counter()
                found.append(answered(network, frames, rows, device=where))
                seconds[name] = time.perf_counter() - started
    return seconds, float((found[0] - found[1]).abs().max())


def alone(call: Callable[..., object], *given: object, **named: object) -> object:
    """What a call gives in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(call, *given, **named).result()


def padding(held: Ragged) -> float:
    """Share of padding in the batches of whole clips, as ``answered`` makes them."""
    seen = []

    def look(signal: Tensor, lengths: Tensor) -> Tensor:
        seen.append((int(lengths.sum()), signal.shape[0] * signal.shape[1]))
        return torch.zeros(len(lengths), 1)

    answered(look, held, range(len(held.sizes)), device=torch.device("cpu"))
    own, all_frames = np.sum(seen, axis=0)
    return float(1 - own / all_frames)


def repeated(sizes: np.ndarray, *, size: str = "published") -> float:
    """Share of frames in an epoch's chunks that repeat their clip, which is shorter."""
    read = chunks.epoch(
        range(len(sizes)), number=1, seed=0, versions=3, lengths=padi_trial.CHUNKS[size]
    )
    again = sum(int(np.maximum(0, each.length - sizes[each.rows]).sum()) for each in read)
    return again / sum(each.length * len(each.rows) for each in read)


def work(size: str, *, frozen: bool = False) -> float:
    """Floating-point operations of training on one chunk, mean over the lengths, of which a matrix product has 2 a weight."""
    with torch.device("meta"):
        network, totals = ResNet34(CLASSES, padi_trial.SIZES[size]), []
        if frozen:
            network.freeze()
        for length in padi_trial.CHUNKS[size]:
            with FlopCounterMode(display=False) as counter:
                network.train()(torch.zeros(2, length, 128)).sum().backward()
            totals.append(counter.get_total_flops() / 2)
    return float(np.mean(totals))


def peak(device: str, *, side: int = 8192, times: int = 50) -> float:
    """Operations a second of a square bf16 matrix product: the fastest of five rounds."""
    left = torch.randn(side, side, dtype=torch.bfloat16, device=device)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    rounds = []
    for _ in range(5):
        wait()
        started = time.perf_counter()
        for _ in range(times):
            left @ left
        wait()
        rounds.append(time.perf_counter() - started)
    return 2 * side**3 * times / min(rounds)


def tell_training(rounds: int) -> None:
    print(
        f"Training chunks a second on two cores, ours to the plain loop's: median of {rounds} rounds; goal {GOAL:g} times"
    )
    for name, (size, frozen) in CASES.items():
        own, theirs = (Training(side=side, size=size, frozen=frozen) for side in ("ours", "plain"))
        best = best_way(size)
        turns = np.array(
            [[measured(theirs, best), *(measured(own, way) for way in WAYS)] for _ in range(rounds)]
        )
        speeds, losses = turns[:, :, 0], turns[0, :, 1]  # (rounds, sides)
        print(f"  {name}: plain {np.median(speeds[:, 0]):.1f} a second, in {best}")
        for way, ratios, speed in zip(
            WAYS, (speeds[:, 1:] / speeds[:, :1]).T, np.median(speeds[:, 1:], axis=0), strict=True
        ):
            reached = "reached" if np.median(ratios) >= GOAL else "not reached"
            spread = f"{np.median(ratios):5.2f} times ({ratios.min():.2f} to {ratios.max():.2f})"
            print(f"    {way:28s} {spread}, goal {reached}; {speed:.1f} a second", flush=True)
        apart = np.abs(losses[1:] - losses[0]).max()
        told = f"within {CLOSE}" if apart <= CLOSE else f"further than {CLOSE}"
        print(
            f"    mean loss of the same steps: plain {losses[0]:.4f}, ours {losses[1]:.4f}; {apart:.4f} apart, {told}"
        )


def tell_evaluation() -> None:
    print("Evaluation of whole clips at width 16, one thread, to one by one")
    fold = clips(FOLD, bands=1)
    for name, places, precision in TIMED:
        rows = np.concatenate([by_length(fold)[place] for place in places])
        seconds, apart = alone(scored, "narrow", rows.tolist(), precision=precision)
        ratios = [
            f"{seconds['one by one'] / seconds[way]:.2f} times in {way}"
            for way in ("buckets", "buckets, memory kept")
        ]
        agreed = (
            f", {'within' if apart <= AGREED else 'NOT within'} {AGREED}"
            if precision == "fp32"
            else ""
        )
        lengths = f"{fold.sizes[rows].min()} to {fold.sizes[rows].max()} frames"
        print(
            f"  {name} of {FOLD} clips, {lengths}, {precision}: {'; '.join(ratios)}; logits {apart:.0e} apart{agreed}",
            flush=True,
        )


def tell_padding() -> None:
    print(f"Padding, {FOLD} clips")
    for name in FRAMES:
        held = clips(FOLD, bands=1, frames=name)
        unsorted = padding_share(held.sizes, np.split(np.arange(FOLD), range(SCORED, FOLD, SCORED)))
        told = f"{padding(held):.1%} of whole clips' batches, {unsorted:.1%} unsorted; {repeated(held.sizes):.1%} of chunks repeats"
        print(f"  {name + ':':26s} {told}")


def tell_gpu() -> None:
    most = peak("cuda")
    print(f"{torch.cuda.get_device_name()}: {most / 1e12:.0f} TFLOP/s in a bf16 matrix product")
    for name, (size, frozen) in CASES.items():
        lengths = padi_trial.CHUNKS[size]
        what = Training(
            side="ours",
            size=size,
            frozen=frozen,
            batch=padi_trial.BATCHES[size],
            warm=lengths,
            timed=lengths * 10,
            device="cuda",
        )
        speed, _ = alone(epoch, what, torch.get_num_threads())
        print(
            f"  {name}: {speed:.0f} chunks a second, {speed * work(size, frozen=frozen) / most:.1%} of that"
        )
        if not frozen:
            rows = np.arange(256).tolist()
            seconds, _ = alone(
                scored, size, rows, precision="bf16", device="cuda", threads=torch.get_num_threads()
            )
            ratio = seconds["one by one"] / seconds["buckets"]
            print(
                f"    evaluation in buckets: {len(rows) / seconds['buckets']:.0f} clips a second, {ratio:.1f} times one by one"
            )


def main() -> None:
    tell_padding()
    tell_training(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    tell_evaluation()
    if torch.cuda.is_available():
        tell_gpu()


if __name__ == "__main__":
    main()
