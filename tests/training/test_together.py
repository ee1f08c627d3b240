"""Networks trained at once learn what each learns alone, whoever else is there: unequal rows, short batches, frozen layers."""

from copy import deepcopy
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP
from sercore.training import batching, loop, objectives
from sercore.training.loop import Recipe, initialise, train

WIDTH = 8


def rows(count: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    emotion, gender = (torch.rand(count, width, generator=generator) for width in (WIDTH, 44))
    return emotion, gender, torch.eye(3)[torch.randint(3, (count,), generator=generator)]


def in_order(count, generator):
    held = rows(count, generator)
    return lambda: batching.in_order(*held, batch=100)


def shuffled(count, generator):
    held = rows(count, generator)
    return lambda: batching.shuffled(*held, batch=100, generator=generator)


def emotion_alone(count, generator):
    emotion, _, target = rows(count, generator)
    return lambda: batching.shuffled(emotion, target, batch=100, generator=generator)


def with_others(count, generator):
    emotion, gender, target = rows(count, generator)
    male = torch.randint(2, (count, 1), generator=generator).float()
    return lambda: (
        (*own, *other)
        for own, other in zip(
            batching.shuffled(emotion, target, batch=100, generator=generator),
            batching.drawn(gender, male, rows=count, batch=100, generator=generator),
            strict=True,
        )
    )


def sexes(count, generator):
    _, gender, target = rows(count, generator)
    return lambda: batching.in_order(gender, target[:, :1], batch=100)


CASES = {
    "multi-task as run": (
        lambda: MultiTaskMLP(WIDTH, variant="as-run"),
        objectives.both_heads_on_emotion,
        in_order,
    ),
    "multi-task as described": (
        lambda: MultiTaskMLP(WIDTH, variant="as-described"),
        objectives.emotion_and_gender,
        with_others,
    ),
    "without the gender task": (
        lambda: MultiTaskMLP(WIDTH, variant="as-described"),
        objectives.emotion_alone,
        emotion_alone,
    ),
    "sequential as run": (
        lambda: SequentialMLP(WIDTH, 5, variant="as-run"),
        objectives.output_error,
        in_order,
    ),
    "sequential as described": (
        lambda: SequentialMLP(WIDTH, 5, GenderNetwork(), variant="as-described"),
        objectives.output_entropy,
        shuffled,
    ),
    "stage 1": (GenderNetwork, objectives.gender_error, sexes),
}


def member(case: str, count: int, seed: int):
    """A network with weights of its own, frozen ones too, and its batches; the same whenever it is asked."""
    build, _, batches = CASES[case]
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build()
    initialise(network, spread=0.05, uniform=("shared",), generator=generator)
    return network, batches(count, generator)


def both(case: str, counts: list[int], recipe: Recipe):
    """Networks as trained at once, and each as trained alone."""
    loss = CASES[case][1]
    members = [member(case, count, seed) for seed, count in enumerate(counts)]
    loop.train_together(
        [network for network, _ in members],
        loss,
        [batches for _, batches in members],
        recipe=recipe,
    )
    alone = [
        train(network, lambda *given: loss(*given).mean(), batches, recipe=recipe)
        for network, batches in (member(case, count, seed) for seed, count in enumerate(counts))
    ]
    return [network for network, _ in members], alone


def apart(one: torch.nn.Module, other: torch.nn.Module) -> float:
    return max(
        float((a - b).abs().max())
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("case", CASES)
def test_each_is_what_it_would_be_alone(case):
    """Twenty steps and more; 250 and 230 rows end in short batches of 50 and 30, 180 rows rest for a step of each epoch."""
    found, alone = both(case, [250, 230, 180], Recipe(epochs=10))
    for one, other in zip(found, alone, strict=True):
        assert apart(one, other) < 1e-5
        assert not one.training
    assert min(apart(one, other) for one, other in pairwise(found)) > 1e-3
    start, _ = member(case, 250, 0)
    assert apart(found[0], start) > 1e-3


@given(counts=some.lists(some.integers(1, 320), min_size=2, max_size=5))
@settings(max_examples=15, deadline=None)
def test_any_numbers_of_rows(counts):
    found, alone = both("sequential as run", counts, Recipe(epochs=3, batch=100))
    assert max(apart(one, other) for one, other in zip(found, alone, strict=True)) < 1e-5


def test_frozen_weights_keep_their_bits():
    network, _ = member("sequential as described", 150, 1)
    before = deepcopy(network.gender_network.state_dict())
    (_, found), _ = both("sequential as described", [150, 150], Recipe(epochs=3))
    assert all(
        torch.equal(found.gender_network.state_dict()[name], value)
        for name, value in before.items()
    )


def test_who_else_is_there_changes_no_bit():
    few, _ = both("multi-task as run", [250] * 10, Recipe(epochs=2))
    many, _ = both("multi-task as run", [250] * 10 + [130, 90], Recipe(epochs=2))
    assert apart(few[0], many[0]) == 0


def test_one_network_is_trained_by_the_loop():
    (found,), (alone,) = both("multi-task as run", [250], Recipe(epochs=3))
    assert apart(found, alone) == 0


@pytest.mark.parametrize("networks", [0, 2])
def test_each_needs_batches(networks):
    _, batches = member("stage 1", 50, 0)
    with pytest.raises(
        ValueError,
        match=f"{networks} networks with batches of 1; expected one or more, each with its own",
    ):
        loop.train_together(
            [GenderNetwork()] * networks, objectives.gender_error, [batches], recipe=Recipe()
        )
