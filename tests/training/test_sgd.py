"""The loop of SGD and halving: rates as printed, the same as torch's own steps, going on after an interruption."""

import json

import pytest
import torch
from torch import nn
from torch.nn import functional

from sercore.training import checkpoints, resumable
from sercore.training.resumable import HISTORY, LAST, STATE
from sercore.training.sgd import Plan, fit


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.PReLU(), nn.Linear(8, 2))


def batches(number: int):
    draw = torch.Generator().manual_seed(number)
    for _ in range(3):
        inputs = torch.randn(6, 3, generator=draw)
        yield [inputs, (inputs.sum(1) > 0).long()]


def test_rates_are_the_printed_ones():
    rates = [Plan().rate_of(epoch) for epoch in range(1, 21)]
    assert rates[:8] == [0.01] * 8
    assert rates[8:12] == [0.005, 0.005, 0.0025, 0.0025]
    assert rates[18:] == [0.00015625] * 2


def test_it_steps_as_torch_does(tmp_path):
    trained, by_hand = network(), network()
    history = fit(
        trained, batches, plan=Plan(epochs=3, constant=1, every=1), folder=tmp_path, seed=0
    )
    optimiser = torch.optim.SGD(by_hand.parameters(), lr=0.01, momentum=0.9)
    for epoch in (1, 2, 3):
        optimiser.param_groups[0]["lr"] = 0.01 / 2 ** (epoch - 1)
        for inputs, target in batches(epoch):
            optimiser.zero_grad()
            functional.cross_entropy(by_hand(inputs), target).backward()
            optimiser.step()
    for name, weight in by_hand.state_dict().items():
        torch.testing.assert_close(trained.state_dict()[name], weight, msg=name)
    assert [each["rate"] for each in history.epochs] == [0.01, 0.005, 0.0025]
    assert [(each["steps"], each["chunks"]) for each in history.epochs] == [(3, 18)] * 3
    assert json.loads((tmp_path / HISTORY).read_text())["epochs"] == history.epochs


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    plan, whole, other = Plan(epochs=4), network(), network()
    fit(whole, batches, plan=plan, folder=tmp_path / "whole", seed=0)

    def killed(number: int):
        if number == 3:
            raise KeyboardInterrupt
        return batches(number)

    with pytest.raises(KeyboardInterrupt):
        fit(other, killed, plan=plan, folder=tmp_path / "other", seed=0)
    assert (tmp_path / "other" / STATE).exists()
    again = network()
    history = fit(again, batches, plan=plan, folder=tmp_path / "other", seed=0)
    assert len(history.epochs) == 4
    for name, weight in whole.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name
    with pytest.raises(ValueError, match="another run"):
        fit(network(), batches, plan=Plan(epochs=4, rate=0.1), folder=tmp_path / "other", seed=0)


def test_weights_that_need_no_gradient_stay(tmp_path):
    trained = network()
    trained[0].requires_grad_(False)
    before = trained[0].weight.clone()
    fit(trained, batches, plan=Plan(epochs=1), folder=tmp_path, seed=0)
    assert torch.equal(trained[0].weight, before)
    assert not torch.equal(trained[3].weight, network()[3].weight)


def test_a_loss_that_is_no_number_is_told(tmp_path):
    def broken(number: int):
        yield [torch.full((4, 3), torch.inf), torch.zeros(4, dtype=torch.long)]

    with pytest.raises(FloatingPointError, match=r"epoch 1, step 1: the training loss is nan"):
        fit(network(), broken, plan=Plan(epochs=1), folder=tmp_path, seed=0)
    with pytest.raises(ValueError, match="no batch to train on"):
        fit(network(), lambda number: [], plan=Plan(epochs=1), folder=tmp_path / "none", seed=0)


def test_a_finished_training_is_read_and_not_run_again(tmp_path):
    ran = []

    def read():
        untrained = network()

        def train():
            ran.append(1)
            fit(untrained, batches, plan=Plan(epochs=1), folder=tmp_path, seed=0)

        return resumable.trained(
            untrained, tmp_path, train, device=torch.device("cpu"), weights=LAST
        )

    first, second = read(), read()
    assert first.history == second.history
    assert first.history.epochs[0]["steps"] == 3
    assert ran == [1]
    assert not (tmp_path / STATE).exists()
    assert checkpoints.read(tmp_path / LAST)[1]["epoch"] == 1
    for name, weight in first.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], weight), name
