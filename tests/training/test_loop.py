"""The loop, the start of weights, the batches: each against a loop or a formula written here."""

import numpy as np
import pytest
import torch
from torch import nn

from sercore.training import batching, objectives
from sercore.training.devices import choose
from sercore.training.loop import Recipe, initialise, train


def test_a_linear_network_finds_the_least_squares_solution():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 3, generator=generator)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.3
    network = nn.Linear(3, 1)
    train(
        network,
        lambda net, a, b: objectives.squared_error(net(a), b).mean(),
        lambda: batching.in_order(x, y, batch=50),
        recipe=Recipe(epochs=400, rate=1e-2),
    )
    solution = np.linalg.lstsq(np.c_[x.numpy(), np.ones(200)], y.numpy(), rcond=None)[0].ravel()
    assert np.allclose(
        [*network.weight.detach().numpy().ravel(), network.bias.item()], solution, atol=1e-3
    )
    assert not network.training


def test_one_step_is_adams_formula():
    """First step from zero moments: each weight moves by rate x sign of its gradient."""
    x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[5.0]])
    network = nn.Linear(2, 1, bias=False)
    before = network.weight.detach().clone()
    gradient = 2 * (network(x) - y).item() * x
    train(
        network,
        lambda net, a, b: objectives.squared_error(net(a), b).mean(),
        lambda: [(x, y)],
        recipe=Recipe(epochs=1),
    )
    assert torch.allclose(network.weight.detach() - before, -1e-3 * gradient.sign(), atol=1e-6)


def test_frozen_weights_keep_their_bits():
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    network[0].requires_grad_(False)
    before = network[0].weight.clone(), network[1].weight.clone()
    initialise(network, spread=0.05, uniform=(), generator=torch.Generator().manual_seed(0))
    x = torch.randn(10, 4)
    train(network, lambda net, a: net(a).square().mean(), lambda: [(x,)], recipe=Recipe(epochs=2))
    assert torch.equal(network[0].weight, before[0])
    assert not torch.equal(network[1].weight, before[1])


def test_weights_start_normal_or_glorot_and_biases_at_zero():
    network = nn.ModuleDict({"plain": nn.Linear(400, 300), "even": nn.Linear(20, 100)})
    initialise(network, spread=0.05, uniform=("even",), generator=torch.Generator().manual_seed(1))
    assert network["plain"].weight.std().item() == pytest.approx(0.05, rel=0.01)
    assert network["even"].weight.abs().max().item() <= (6 / 120) ** 0.5
    assert network["even"].weight.std().item() == pytest.approx((2 / 120) ** 0.5, rel=0.05)
    assert not network["plain"].bias.any()


def test_batches_in_order_keep_the_short_last_one():
    a, b = torch.arange(250), torch.arange(250) * 2
    batches = list(batching.in_order(a, b, batch=100))
    assert [len(first) for first, _ in batches] == [100, 100, 50]
    assert torch.equal(torch.cat([second for _, second in batches]), b)


def test_shuffled_batches_hold_every_row_once_and_rows_stay_together():
    generator = torch.Generator().manual_seed(0)
    a = torch.arange(250)
    first, second = (
        list(batching.shuffled(a, a * 2, batch=100, generator=generator)) for _ in range(2)
    )
    for batches in (first, second):
        rows = torch.cat([row for row, _ in batches])
        assert torch.equal(rows.sort().values, a)
        assert torch.equal(torch.cat([twice for _, twice in batches]), rows * 2)
    assert not torch.equal(first[0][0], second[0][0])


@pytest.mark.parametrize(("there", "rows"), [(500, 120), (50, 120)])
def test_drawn_rows_are_as_many_as_asked(there, rows):
    drawn = torch.cat(
        [
            row
            for (row,) in batching.drawn(
                torch.arange(there), rows=rows, batch=50, generator=torch.Generator()
            )
        ]
    )
    assert len(drawn) == rows
    assert (len(drawn.unique()) == rows) == (there >= rows)


def test_the_second_heads_best_constant_leaves_two_ninths():
    target = torch.eye(3)
    errors = [
        objectives.squared_error(torch.full((3, 1), value), target).mean().item()
        for value in (1 / 3, 0.0)
    ]
    assert errors == pytest.approx([2 / 9, 1 / 3])


def test_cuda_is_refused_where_there_is_none():
    if torch.cuda.is_available():
        assert choose("cuda").type == "cuda"
    else:
        with pytest.raises(ValueError, match="no CUDA device"):
            choose("cuda")
