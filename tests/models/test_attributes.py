"""Heads that leave the rest of the network alone, a gradient turned round, discriminators of the published size."""

import pytest
import torch
from torch import nn

from sercore.models.attribute_network import (
    AttributeNetwork,
    Discriminator,
    discriminators,
    reversed_gradient,
)

FOUR = {"corpus": 6, "gender": 2, "speaker": 48, "language": 3}


def build(attributes=None, **settings) -> AttributeNetwork:
    torch.manual_seed(5)
    shared = nn.Sequential(nn.Linear(7, 16), nn.ReLU(), nn.Dropout(0.5))
    return AttributeNetwork(
        shared,
        width=16,
        classes=3,
        **({"attributes": attributes} if attributes else {}),
        **settings,
    )


@pytest.mark.parametrize("attributes", [None, {"corpus": 6}, FOUR])
def test_heads_leave_the_other_weights_and_the_generator_as_they_are(attributes):
    plain = build()
    after = torch.get_rng_state()
    network = build(attributes)
    assert torch.equal(torch.get_rng_state(), after)
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name])


def test_the_heads_seed_decides_the_heads():
    one, same, other = build(FOUR), build(FOUR), build(FOUR, heads_seed=1)
    assert torch.equal(one.heads["speaker"].weight, same.heads["speaker"].weight)
    assert not torch.equal(one.heads["speaker"].weight, other.heads["speaker"].weight)


def test_discriminators_leave_the_generator_as_it_is():
    before = torch.get_rng_state()
    one, other = discriminators(3, FOUR, units=8), discriminators(3, FOUR, units=8, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert [*one] == [*FOUR]
    assert not torch.equal(one["corpus"][0].weight, other["corpus"][0].weight)


@pytest.mark.parametrize(
    ("classes", "count"), [(2, 1_007_002), (3, 1_008_003), (6, 1_011_006), (48, 1_053_048)]
)  # fmt: skip
def test_a_discriminator_has_about_a_million_parameters(classes, count):
    assert sum(weight.numel() for weight in Discriminator(3, classes).parameters()) == count


@pytest.mark.parametrize(("width", "heads"), [(128, [774, 258, 6192, 387])])
def test_a_head_has_129_parameters_a_class(width, heads):
    network = AttributeNetwork(nn.Identity(), width=width, classes=3, attributes=FOUR)
    assert [
        sum(weight.numel() for weight in head.parameters()) for head in network.heads.values()
    ] == heads
    assert sum(weight.numel() for weight in network.emotion.parameters()) == 387


def test_a_reversed_gradient():
    tensor = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    turned = reversed_gradient(tensor)
    assert torch.equal(turned, tensor)
    (turned * torch.tensor([3.0, 5.0, 7.0])).sum().backward()
    assert tensor.grad.tolist() == [-3.0, -5.0, -7.0]


def test_forward_gives_the_emotion_alone_and_answers_everything():
    network, clips = build(FOUR, reverse=True).eval(), torch.randn(5, 7)
    emotion, attributes, shared = network.answers(clips)
    assert torch.equal(emotion, network(clips))
    assert torch.equal(shared, network.represent(clips))
    assert {name: tuple(logits.shape) for name, logits in attributes.items()} == {
        name: (5, FOUR[name]) for name in FOUR
    }
    assert torch.equal(attributes["gender"], network.heads["gender"](shared))
