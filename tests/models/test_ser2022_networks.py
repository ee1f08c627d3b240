"""Networks of paper 01: parameter counts, closed forms, what reaches the output and what does not."""

import pytest
import torch

from sercore.models import counts
from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP, hidden_units

WIDTHS = (8, 10, 19, 29, 56, 768, 824)


def size(network: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("n", WIDTHS)
def test_parameter_counts_are_their_closed_forms(n):
    h = hidden_units(n)
    assert size(MultiTaskMLP(n, variant="as-run")) == 10 * n + 2964
    assert size(MultiTaskMLP(n, variant="as-described")) == 10 * n + 1964
    assert size(SequentialMLP(n, h, variant="as-run")) == (n + 1) * h + 3 * h + 3
    assert size(SequentialMLP(n, h, variant="as-described")) == 10 * n + 25 * h + 1844


def test_the_listed_counts_are_those_of_the_built_modules():
    listed = {(each.model, each.variant, each.width): each.parameters for each in counts.table()}
    assert listed["MultiTaskMLP", "as-run", 824] == 11_204
    assert listed["SequentialMLP", "as-run", 824] == 8_283
    assert listed["GenderNetwork", "as-run, as-described", 0] == size(GenderNetwork()) == 1_381


def test_as_run_is_its_closed_form():
    """By hand: two branches joined, one shared layer, sigmoid and ReLU heads."""
    network, emotion, gender = (
        MultiTaskMLP(8, variant="as-run").double(),
        torch.randn(5, 8).double(),
        torch.randn(5, 44).double(),
    )
    w = {name: value.detach() for name, value in network.state_dict().items()}

    def layer(name, values):
        return values @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    joined = torch.cat(
        [
            layer("emotion_branch", emotion).clamp(min=0),
            layer("gender_branch", gender).clamp(min=0),
        ],
        1,
    )
    shared = layer("shared", joined).clamp(min=0)
    first, second = network(emotion, gender)
    assert torch.allclose(first, 1 / (1 + torch.exp(-layer("emotion_head", shared))))
    assert torch.allclose(second, layer("second_head", shared).clamp(min=0))


def test_as_described_branches_do_not_meet():
    """A gender item changes no emotion output, and the two batches may differ in length."""
    network = MultiTaskMLP(8, variant="as-described")
    emotion = torch.randn(5, 8)
    first, second = network(emotion, torch.randn(3, 44))
    again, _ = network(emotion, torch.randn(7, 44))
    assert torch.equal(first, again)
    assert second.shape == (3, 1)


def test_sequential_as_run_ignores_gender_and_cannot_go_below_zero():
    network = SequentialMLP(8, 5, variant="as-run")
    emotion = torch.randn(50, 8)
    assert torch.equal(network(emotion, torch.randn(50, 44)), network(emotion))
    assert network(emotion).min() >= 0


def test_sequential_as_described_reads_the_frozen_gender_network():
    first = GenderNetwork()
    network = SequentialMLP(8, 5, first, variant="as-described")
    assert network.layer.in_features == 21
    assert not any(weight.requires_grad for weight in first.parameters())
    emotion, gender = torch.randn(5, 8), torch.randn(5, 44)
    before = network(emotion, gender)
    with torch.no_grad():
        first.output.bias += 5
    assert not torch.allclose(before, network(emotion, gender))
