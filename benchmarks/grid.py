"""The grid of paper 01's small networks: ours, alike ones trained at once, beside a plain loop of PyTorch; goal 2 times.

Usage: ``python -m benchmarks.grid [EPOCHS [ROUNDS]]`` (default 20 of the paper's 300, and 3). One variant and one protocol of the
chapter, as run and as published: 26 configurations x 5 folds x 5 seeds, on random rows in the numbers of the real corpus. Both
sides have two processes of one thread; the plain one trains one network after the other with ``torch.optim.Adam``. Sides take
turns; each ratio is the median of the rounds' own. What a trial takes beside the training, such as SMOTE, is on neither side.
"""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import torch
from joblib import Parallel, delayed, parallel_config
from torch import nn

from sercore.features.names import SUBSETS
from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.sequential_mlp import SequentialMLP, hidden_units
from sercore.papers.alves2022.network import Network, fit_together
from sercore.papers.alves2022.trial import ROWS, Configuration
from sercore.protocols.splits import FOLDS
from sercore.sweep import AT_ONCE
from sercore.training import objectives
from sercore.training.loop import Recipe, initialise

GOAL, EPOCHS, ROUNDS, SEEDS, WORKERS = 2.0, 20, 3, 5, 2
EMBEDDING, GENDER = 768, 44
LABELS = {  # 0, 1, 2 of all rows before the folds: balanced by SMOTE, or with copies alone; as in CORAA SER
    (True, True): (491, 491, 491),
    (True, False): (491, 491, 491),
    (False, True): (491, 134, 133),
}
LOSSES = {"multi-task": objectives.both_heads_on_emotion, "sequential": objectives.output_error}


def width(configuration: Configuration) -> int:
    """Emotion features of a row."""
    return len(SUBSETS.get(configuration.subset, ())) + EMBEDDING * configuration.embedding


def rows(configuration: Configuration, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random training rows and labels of one fold: four fifths of the corpus' number, one less for some folds."""
    draw = np.random.default_rng(seed)
    labels = draw.permutation(
        np.repeat([0, 1, 2], LABELS[configuration.balancer == "SMOTE", configuration.copies])
    )
    labels = labels[len(labels) // FOLDS + seed % 2 :]
    return draw.random((len(labels), width(configuration) + GENDER), dtype=np.float32), labels


def ours(
    configurations: Sequence[Configuration], seeds: Sequence[int], epochs: int
) -> list[nn.Module]:
    """Train these networks at once."""
    torch.set_num_threads(1)
    recipe = Recipe(epochs=epochs)
    networks = [
        Network(each.network, "as-run", None, recipe, seed)
        for each, seed in zip(configurations, seeds, strict=True)
    ]
    fit_together(
        networks, [rows(each, seed) for each, seed in zip(configurations, seeds, strict=True)]
    )
    return [each.network_ for each in networks]


def plain(
    configurations: Sequence[Configuration], seeds: Sequence[int], epochs: int
) -> list[nn.Module]:
    """Train them one after the other, as anyone would."""
    torch.set_num_threads(1)
    recipe, found = Recipe(epochs=epochs), []
    for configuration, seed in zip(configurations, seeds, strict=True):
        values, labels = rows(configuration, seed)
        emotion, gender = (
            torch.from_numpy(np.ascontiguousarray(each))
            for each in np.split(values, [-GENDER], axis=1)
        )
        target, kind, loss = (
            torch.eye(3)[labels],
            configuration.network,
            LOSSES[configuration.network],
        )
        inputs = emotion.shape[1]
        network = (
            MultiTaskMLP(inputs, variant="as-run")
            if kind == "multi-task"
            else SequentialMLP(inputs, hidden_units(inputs), variant="as-run")
        )
        uniform = ("shared",) if kind == "multi-task" else ()
        initialise(
            network,
            spread=recipe.spread,
            uniform=uniform,
            generator=torch.Generator().manual_seed(seed),
        )
        optimiser = torch.optim.Adam(
            network.parameters(), lr=recipe.rate, betas=recipe.betas, eps=recipe.epsilon
        )
        for _ in range(epochs):
            for batch in zip(
                *(each.split(recipe.batch) for each in (emotion, gender, target)), strict=True
            ):
                optimiser.zero_grad()
                loss(network, *batch).mean().backward()
                optimiser.step()
        found.append(network)
    return found


def calls(configurations: Sequence[Configuration]) -> list[tuple[list[Configuration], list[int]]]:
    """Networks of each call: alike ones, at most as many as a sweep trains at once."""
    fits = [
        (each, 1000 * seed + fold)
        for each in configurations
        for seed in range(SEEDS)
        for fold in range(FOLDS)
    ]
    fits.sort(key=lambda fit: (fit[0].network, width(fit[0])))
    alike = [
        list(members)
        for _, members in groupby(fits, key=lambda fit: (fit[0].network, width(fit[0])))
    ]
    parts = [
        members[at : at + AT_ONCE] for members in alike for at in range(0, len(members), AT_ONCE)
    ]
    return [tuple(map(list, zip(*part, strict=True))) for part in parts]


def timed(train: Callable, configurations: Sequence[Configuration], epochs: int) -> float:
    """Seconds of all their fits in two processes."""
    with parallel_config(backend="loky", n_jobs=WORKERS, inner_max_num_threads=1):
        Parallel()(
            delayed(torch.set_num_threads)(1) for _ in range(4 * WORKERS)
        )  # the processes are there before the clock starts
        started = time.perf_counter()
        Parallel(batch_size=1)(delayed(train)(*call, epochs) for call in calls(configurations))
    return time.perf_counter() - started


def main() -> None:
    epochs, rounds = [*map(int, sys.argv[1:]), *(EPOCHS, ROUNDS)[len(sys.argv) - 1 :]]
    configurations, turns = [Configuration.of(row) for row in ROWS], {}
    for name, embedding in (("8 to 56 inputs", False), ("embeddings, 768 or 824 inputs", True)):
        chosen = [each for each in configurations if each.embedding == embedding]
        timed(ours, chosen[:1], 1)
        turns[name] = np.array(
            [[timed(plain, chosen, epochs), timed(ours, chosen, epochs)] for _ in range(rounds)]
        )
        told(
            name, turns[name], len(chosen) * SEEDS * FOLDS, epochs, goal=None if embedding else GOAL
        )
    told("the whole grid", sum(turns.values()), len(configurations) * SEEDS * FOLDS, epochs)
    most = peak()
    for name, embedding in zip(turns, (False, True), strict=True):
        done = (
            sum(operations(each) for each in configurations if each.embedding == embedding)
            * SEEDS
            * FOLDS
            * epochs
        )
        share = done / np.median(turns[name][:, 1]) / WORKERS / most
        limit = f"{share:.1%} of the operations that {WORKERS} cores do in a matrix product, {most / 1e9:.0f} GFLOP/s each"
        print(f"{name}: ours does {limit}")


def operations(configuration: Configuration) -> float:
    """Floating-point operations of one epoch: two a weight and row forwards, four backwards, but for the first layers' inputs."""
    inputs = width(configuration)
    network = (
        MultiTaskMLP(inputs, variant="as-run")
        if configuration.network == "multi-task"
        else SequentialMLP(inputs, hidden_units(inputs), variant="as-run")
    )
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    first = (
        {"emotion_branch", "gender_branch"} if configuration.network == "multi-task" else {"layer"}
    )
    unread = sum(layer.weight.numel() for name, layer in network.named_modules() if name in first)
    weights = sum(layer.weight.numel() for layer in layers)
    return (6 * weights - 2 * unread) * len(rows(configuration, 0)[1])


def peak(side: int = 1024, times: int = 10) -> float:
    """Operations a second of a square product in single precision on one thread: the fastest of five rounds."""
    torch.set_num_threads(1)
    left, seconds = torch.randn(side, side), []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(times):
            left @ left
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 * times / min(seconds)


def told(
    name: str, turns: np.ndarray, fits: int, epochs: int, *, goal: float | None = None
) -> None:
    ratios, each = turns[:, 0] / turns[:, 1], 1e3 * np.median(turns, axis=0) / fits / epochs
    reached = (
        ""
        if goal is None
        else f", goal {goal:g} {'reached' if np.median(ratios) >= goal else 'not reached'}"
    )
    print(
        f"{name:30s} {np.median(ratios):5.2f} times ({ratios.min():.2f} to {ratios.max():.2f}){reached}; {fits} fits, plain"
        f" {each[0]:.2f} ms an epoch of one, ours {each[1]:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
