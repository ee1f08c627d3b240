"""One batch: gradients against autograd on the equations, and who moves when."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from sercore.papers.parry2022.adversarial import Plan, attribute_losses, step, step_discriminators
from tests.papers.parry2022.attribute_networks import (
    SUBSETS,
    build,
    emotional,
    gradients,
    same,
    shuffled,
)


@pytest.mark.parametrize("names", SUBSETS, ids=len)
@pytest.mark.parametrize(("approach", "sign"), [("MTL", 1), ("GR", -1)])
def test_gradients_of_shared_layers_and_heads(approach, sign, names):
    """Shared: (1 - a) g_emo +- a mean g_i. A head: + a / N of its own loss's, whichever the sign above it."""
    network, none = build(approach, names, dropout=0.0)
    [batch, *_], share = shuffled(names)(1), 0.3
    shared, representation = [*network.shared.parameters()], network.represent(batch[0])
    losses = attribute_losses([network.heads[name](representation) for name in names], batch[2:])
    emotion = torch.autograd.grad(
        cross_entropy(network.emotion(representation), batch[1]), shared, retain_graph=True
    )
    each = [torch.autograd.grad(loss, shared, retain_graph=True) for loss in losses]
    own = [[*network.heads[name].parameters()] for name in names]
    heads = [
        torch.autograd.grad(loss, weights, retain_graph=True)
        for loss, weights in zip(losses, own, strict=True)
    ]

    plan = Plan(approach=approach, clip=math.inf)
    step(
        network, none, torch.optim.SGD(network.parameters(), lr=0.1), batch, plan=plan, alpha=share
    )
    for at, weight in enumerate(shared):
        expected = (1 - share) * emotion[at] + sign * share * sum(
            found[at] for found in each
        ) / len(names)
        assert torch.allclose(weight.grad, expected, atol=1e-7)
        assert weight.grad.any()
    for weights, found in zip(own, heads, strict=True):
        for weight, gradient in zip(weights, found, strict=True):
            assert torch.allclose(weight.grad, share / len(names) * gradient, atol=1e-7)


@pytest.mark.parametrize("reads", ["softmax", "representation"])
@pytest.mark.parametrize("names", SUBSETS, ids=len)
def test_the_classifiers_gradient_against_its_discriminators(names, reads):
    """(1 - a) g_emo - a mean g_i, where each discriminator has just taken its own step."""
    network, against = build("AD", names, reads=reads, dropout=0.0)
    optimiser = torch.optim.SGD(
        [*network.parameters(), *against.parameters()], lr=0.1, momentum=0.9
    )
    [batch, *_], share = shuffled(names)(1), 0.3
    before = [weight.clone() for weight in network.parameters()]
    step(
        network,
        against,
        optimiser,
        batch,
        plan=Plan(approach="AD", clip=math.inf, reads=reads),
        alpha=share,
    )
    found = gradients(network.parameters())
    for weight, value in zip(network.parameters(), before, strict=True):
        weight.data.copy_(value)
    logits, _, representation = network.answers(batch[0])
    read = logits.softmax(1) if reads == "softmax" else representation
    losses = attribute_losses([guess(read) for guess in against.values()], batch[2:])
    whole = (1 - share) * cross_entropy(logits, batch[1]) - share * sum(losses) / len(names)
    for gradient, expected in zip(
        found, torch.autograd.grad(whole, [*network.parameters()]), strict=True
    ):
        assert torch.allclose(gradient, expected, atol=1e-6)


def test_each_step_moves_its_own_weights_alone():
    """Bit for bit, in the presence of momentum from earlier steps."""
    names = ["corpus", "gender"]
    network, against = build("AD", names)
    optimiser = torch.optim.SGD(
        [*network.parameters(), *against.parameters()], lr=0.1, momentum=0.9
    )
    plan, (first, second, *_) = Plan(approach="AD"), shuffled(names)(1)
    step(network, against, optimiser, first, plan=plan, alpha=0.5)

    classifier, theirs = (
        emotional(network),
        {name: each.clone() for name, each in against.state_dict().items()},
    )
    step_discriminators(against, optimiser, network(second[0]).softmax(1), second[2:], plan)
    assert same(classifier, network.state_dict())
    assert not any(
        torch.equal(theirs[name], tensor) for name, tensor in against.state_dict().items()
    )

    twin, their_twin = build("AD", names)
    twin.load_state_dict(network.state_dict())
    their_twin.load_state_dict(against.state_dict())
    both = torch.optim.SGD([*twin.parameters(), *their_twin.parameters()], lr=0.1, momentum=0.9)
    step_discriminators(their_twin, both, twin.eval()(second[0]).softmax(1), second[2:], plan)
    alone = (
        their_twin.state_dict()
    )  # of the discriminators' step; the whole step must leave them there
    optimiser = torch.optim.SGD(
        [*network.parameters(), *against.parameters()], lr=0.1, momentum=0.9
    )
    step(network.eval(), against, optimiser, second, plan=plan, alpha=0.5)
    assert same(alone, against.state_dict())
    assert not any(
        torch.equal(classifier[name], tensor) for name, tensor in network.state_dict().items()
    )
    assert gradients(against.parameters()) == [None] * 12


def test_a_bounded_discriminator_without_a_clue_leaves_the_classifier_its_emotion_gradient():
    names = ["gender"]
    [batch, *_] = shuffled(names)(1)
    found = {}
    for ceiling in (0.0, 100.0):  # every loss is above the first and under the second
        network, against = build("AD", names, dropout=0.0)
        optimiser = torch.optim.SGD([*network.parameters(), *against.parameters()], lr=0.1)
        settings = {
            "plan": Plan(approach="AD", bounded=True, clip=math.inf),
            "alpha": 0.5,
            "ceilings": [ceiling],
        }
        step(network, against, optimiser, batch, **settings)
        found[ceiling] = gradients(network.parameters())
    network, _ = build("AD", names, dropout=0.0)
    (0.5 * cross_entropy(network(batch[0]), batch[1])).backward()
    alone = gradients(network.parameters())
    assert all(torch.equal(one, other) for one, other in zip(found[0.0], alone, strict=True))
    assert not any(torch.equal(one, other) for one, other in zip(found[100.0], alone, strict=True))


def test_the_emotions_gradient_is_cut_apart_from_the_heads():
    network, none = build("MTL", ["corpus"], dropout=0.0)
    [batch, *_] = shuffled(["corpus"])(1)
    plan, optimiser = Plan(approach="MTL", clip=1e-3), torch.optim.SGD(network.parameters(), lr=0.1)
    found = step(network, none, optimiser, batch, plan=plan, alpha=0.5)
    for name, weights in (
        ("corpus", network.heads["corpus"]),
        ("emotion", nn.ModuleList([network.shared, network.emotion])),
    ):
        norm = torch.stack([weight.grad.norm() for weight in weights.parameters()]).norm().item()
        assert norm == pytest.approx(1e-3, rel=1e-2)
        assert found[f"norm {name}"] > 1e-3
