"""Losses against numbers worked out by hand, the weight over the epochs, and the rules that select and end."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from sercore.papers.parry2022.adversarial import (
    MISSING,
    Plan,
    against,
    alpha,
    attribute_losses,
    best_epoch,
    ending,
    label_entropy,
    weighted,
)

SHARES = st.floats(0, 1)
LOSSES = st.lists(st.floats(0, 10), min_size=1, max_size=5)

# Logits whose softmax is known: log of the shares themselves.
EMOTION = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]).log()
ATTRIBUTES = [
    (torch.tensor([[0.8, 0.2], [0.4, 0.6]]), torch.tensor([0, 1])),
    (torch.tensor([[0.25, 0.25, 0.5], [0.1, 0.2, 0.7]]), torch.tensor([MISSING, 1])),
    (torch.tensor([[0.9, 0.1], [0.5, 0.5]]), torch.tensor([1, 1])),
    (torch.tensor([[0.3, 0.7], [0.6, 0.4]]), torch.tensor([MISSING, MISSING])),
]
BY_HAND = [
    -(math.log(0.8) + math.log(0.6)) / 2,
    -math.log(0.2),
    -(math.log(0.1) + math.log(0.5)) / 2,
    0.0,
]
EMOTION_BY_HAND = -(math.log(0.5) + math.log(0.3)) / 2


def losses(count: int) -> list[torch.Tensor]:
    return attribute_losses(
        [shares.log() for shares, _ in ATTRIBUTES[:count]],
        [target for _, target in ATTRIBUTES[:count]],
    )


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_loss_is_the_number_worked_out_by_hand(count):
    emotion = torch.nn.functional.cross_entropy(EMOTION, torch.tensor([0, 2]))
    found, mean = losses(count), sum(BY_HAND[:count]) / count
    assert [loss.item() for loss in found] == pytest.approx(BY_HAND[:count])
    assert weighted(emotion, found, alpha=0.1).item() == pytest.approx(
        0.9 * EMOTION_BY_HAND + 0.1 * mean
    )
    assert weighted(emotion, found, alpha=0.25).item() == pytest.approx(
        0.75 * EMOTION_BY_HAND + 0.25 * mean
    )  # GR on its way
    assert against(emotion, found, alpha=0.5).item() == pytest.approx(
        0.5 * EMOTION_BY_HAND - 0.5 * mean
    )


def test_clips_without_a_label_have_no_part_in_the_loss():
    logits = torch.randn(4, 3, requires_grad=True)
    [loss] = attribute_losses([logits], [torch.tensor([MISSING, 2, MISSING, 0])])
    assert loss.item() == pytest.approx(
        torch.nn.functional.cross_entropy(logits[[1, 3]], torch.tensor([2, 0])).item()
    )
    loss.backward()
    assert not logits.grad[[0, 2]].any()
    assert logits.grad[[1, 3]].all()


def test_without_any_label_the_loss_is_zero_and_has_a_graph():
    logits = torch.randn(4, 3, requires_grad=True)
    [loss] = attribute_losses([logits], [torch.full((4,), MISSING)])
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(4, 3))


@pytest.mark.parametrize("join", [weighted, against])
def test_without_attributes_there_is_the_emotion_alone(join):
    emotion = torch.tensor(0.7312, requires_grad=True)
    assert join(emotion, [], alpha=0.5) is emotion


@given(emotion=st.floats(0, 10), attributes=LOSSES, share=SHARES)
def test_weighted_lies_between_its_two_terms(emotion, attributes, share):
    found = weighted(
        torch.tensor(emotion), [torch.tensor(each) for each in attributes], alpha=share
    ).item()
    mean = sum(attributes) / len(attributes)
    assert min(emotion, mean) - 1e-5 <= found <= max(emotion, mean) + 1e-5
    assert found == pytest.approx((1 - share) * emotion + share * mean, abs=1e-5)


@given(emotion=st.floats(0, 10), attributes=LOSSES, share=SHARES, ceiling=st.floats(0, 3))
def test_against_with_ceilings_is_bounded_below(emotion, attributes, share, ceiling):
    tensors = [torch.tensor(each) for each in attributes]
    bounded = against(
        torch.tensor(emotion), tensors, alpha=share, ceilings=[ceiling] * len(tensors)
    ).item()
    assert bounded >= against(torch.tensor(emotion), tensors, alpha=share).item() - 1e-5
    assert bounded >= (1 - share) * emotion - share * ceiling - 1e-5


def test_a_discriminator_above_its_ceiling_has_no_gradient():
    emotion, above, below = (torch.tensor(value, requires_grad=True) for value in (1.0, 0.8, 0.6))
    against(emotion, [above, below], alpha=0.5, ceilings=[0.7, 0.7]).backward()
    assert [each.grad.item() for each in (emotion, above, below)] == [0.5, 0.0, -0.25]


@pytest.mark.parametrize("epochs", [30, 150])
@pytest.mark.parametrize(
    ("approach", "first", "last"),
    [("baseline", 0.0, 0.0), ("MTL", 0.1, 0.1), ("GR", 0.0, 0.5), ("AD", 0.5, 0.5)],
)
def test_alpha_at_both_ends(approach, first, last, epochs):
    assert (alpha(approach, 1, epochs), alpha(approach, epochs, epochs)) == (first, last)


@given(epochs=st.integers(2, 200), value=st.one_of(st.none(), SHARES), data=st.data())
def test_alpha_rises_by_equal_steps(epochs, value, data):
    epoch = data.draw(st.integers(1, epochs))
    end = 0.5 if value is None else value
    assert alpha("GR", epoch, epochs, value) == pytest.approx(end * (epoch - 1) / (epochs - 1))
    assert alpha("GR", epochs, epochs, value) == end
    assert alpha("GR", 1, 1, value) == 0
    for approach, usual in (("MTL", 0.1), ("AD", 0.5)):
        assert alpha(approach, epoch, epochs, value) == (usual if value is None else value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("DANN", 1, 2), "approach=DANN: unknown; expected baseline, MTL, GR, AD"),
        (("GR", 0, 30), "epoch=0: outside the training; expected 1 to 30"),
        (("GR", 31, 30), "epoch=31: outside"),
    ],
)
def test_what_alpha_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        alpha(*arguments)


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_label_entropy_is_scipys_over_the_known(kind):
    labels = [0, 0, 0, 1, MISSING, 3, 3, MISSING, 1, 0]
    assert label_entropy(kind(labels)) == pytest.approx(entropy([4, 2, 0, 2]))


def test_label_entropy_of_nothing_is_refused():
    with pytest.raises(ValueError, match="2 labels, none known; expected at least 1"):
        label_entropy([MISSING, MISSING])


def epochs(uas: str, emotion: str = "") -> list[dict]:
    """A digit each: validation UA, and training emotion loss in tenths (default 0)."""
    emotion = emotion or "0" * len(uas)
    return [
        {"validation": {"ua": int(ua)}, "training": {"emotion": int(loss) / 10}}
        for ua, loss in zip(uas, emotion, strict=True)
    ]


RULES = {
    "best of all": ({}, "13524", "", 3, ""),
    "earliest of equals": ({}, "13535", "", 3, ""),
    "all epochs": ({"epochs": 5}, "12345", "", 5, "all 5 epochs"),
    "patience not over": ({"patience": 3}, "151", "", 2, ""),
    "patience just not over": ({"patience": 3}, "1511", "", 2, ""),
    "patience over": ({"patience": 3}, "15111", "", 2, "3 epochs without a better one"),
    "an equal one is no better": ({"patience": 3}, "15515", "", 2, "3 epochs without a better one"),
    "a better one in time": ({"patience": 3}, "1511611", "", 5, ""),
    "not before the least": ({"patience": 3, "least": 7}, "151111", "", 2, ""),
    "at the least": (
        {"patience": 3, "least": 7},
        "1511111",
        "",
        2,
        "3 epochs without a better one",
    ),
    "still on the plateau": ({"patience": 3}, "1511111", "9999999", 2, ""),
    "a margin too thin": ({"patience": 3, "margin": 0.2}, "1511111", "8888888", 2, ""),
    "that margin reached": (
        {"patience": 3, "margin": 0.02},
        "1511111",
        "9999999",
        2,
        "3 epochs without a better one",
    ),
    "counted from the end of the plateau": (
        {"patience": 3},
        "1511111",
        "9999666",
        2,
        "3 epochs without a better one",
    ),
    "one epoch too early after it": ({"patience": 3}, "1511111", "9999966", 2, ""),
    "once left, the plateau is left": (
        {"patience": 3},
        "1511111",
        "9996999",
        2,
        "3 epochs without a better one",
    ),
    "GR before alpha rose": ({"approach": "GR", "epochs": 11, "patience": 3}, "95111", "", 5, ""),
    "GR from half of the end": (
        {"approach": "GR", "epochs": 11, "patience": 3},
        "951112",
        "",
        6,
        "",
    ),
    "GR earlier ones never": (
        {"approach": "GR", "epochs": 11, "patience": 3},
        "9511123",
        "",
        7,
        "",
    ),
    "GR ends": (
        {"approach": "GR", "epochs": 11, "patience": 3},
        "951113211",
        "",
        6,
        "3 epochs without a better one",
    ),
    "GR with an end of its own": (
        {"approach": "GR", "epochs": 11, "patience": 3, "alpha": 0.3},
        "951112",
        "",
        6,
        "",
    ),
    "GR with alpha 0 is a baseline": (
        {"approach": "GR", "epochs": 11, "patience": 3, "alpha": 0},
        "9511",
        "",
        1,
        "3 epochs",
    ),
    "GR of one epoch": ({"approach": "GR", "epochs": 1}, "4", "", 1, "all 1 epochs"),
    "AD from the first": (
        {"approach": "AD", "epochs": 11, "patience": 3},
        "9511",
        "",
        1,
        "3 epochs",
    ),
}


@pytest.mark.parametrize(
    ("settings", "uas", "emotion", "best", "reason"), RULES.values(), ids=RULES
)
def test_selection_and_early_stopping(settings, uas, emotion, best, reason):
    plan = Plan(**{"approach": "baseline", "least": 1} | settings)
    assert best_epoch(epochs(uas, emotion), plan) == best
    found = ending(epochs(uas, emotion), plan, entropy=0.92)
    assert found.startswith(reason) if reason else found == ""


def test_nothing_ends_before_it_begins():
    assert ending([], Plan(approach="GR"), entropy=1.0) == ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"approach": "DANN"}, "approach=DANN: unknown; expected baseline or MTL or GR or AD"),
        ({"precision": "fp16"}, "precision=fp16: unknown"),
        ({"epochs": 0}, "epochs=0: too small"),
        ({"patience": 0}, "patience=0: too small"),
        ({"rate": 0.0}, "rate=0.0, clip=5.0, momentum=0.9"),
        (
            {"approach": "baseline", "alpha": 0.1},
            "alpha=0.1 for baseline: expected 0 to 1, and none for a baseline",
        ),
        ({"alpha": 1.5}, "alpha=1.5 for MTL"),
        ({"bounded": True}, "bounded=True, reads=softmax for MTL"),
        (
            {"reads": "representation"},
            "bounded=False, reads=representation for MTL.*expected approach AD",
        ),
    ],
)
def test_what_a_plan_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        Plan(**{"approach": "MTL"} | settings)
