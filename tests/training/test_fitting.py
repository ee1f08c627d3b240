"""The full loop: each rule against torch's own or a formula, and a run taken up at any epoch against one never stopped."""

import json
from contextlib import nullcontext as does_not_raise
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from sercore.training import checkpoints
from sercore.training.fitting import Plan, best_epoch, cross_entropy, fit, validation
from sercore.training.schedules import Plateau, Steps

CLIPS = torch.randn(40, 1, 6, 8, generator=torch.Generator().manual_seed(0))
TARGET = (CLIPS.mean((1, 2, 3)) > 0).long()


def conv_net(seed: int = 0, width: int = 16) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(0.3), nn.Conv2d(width, 16, 3),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2),
    )  # fmt: skip


def shuffled(epoch: int):
    order = np.random.default_rng([7, epoch]).permutation(40)
    return [(CLIPS[rows], TARGET[rows]) for rows in np.array_split(order, 3)]


def train(
    folder,
    network=None,
    groups=None,
    *,
    plan=None,
    loss=cross_entropy,
    batches=shuffled,
    validate=None,
    seed=3,
):
    network = network or conv_net()
    groups = groups or [{"params": network.parameters()}]
    plan = plan or Plan(epochs=5, batch=14, rate=1e-2)
    validate = validate or validation(cross_entropy, lambda: [(CLIPS, TARGET)])
    return fit(network, groups, loss, batches, validate, plan=plan, folder=folder, seed=seed)


def scripted(losses, accuracies=None):
    given = iter(zip(losses, accuracies or [0.5] * len(losses), strict=True))
    return lambda network: dict(zip(("loss", "accuracy"), next(given), strict=True))


def stopping_at(epoch: int):
    def batches(number):
        for step, batch in enumerate(shuffled(number)):
            if (number, step) == (epoch, 2):
                raise KeyboardInterrupt
            yield batch

    return batches


def test_the_loop_uses_the_schedule_for_each_group(tmp_path):
    network = conv_net()
    groups = [
        {"params": network[:4].parameters(), "lr": 1e-4},
        {"params": network[4:].parameters()},
    ]
    plan = Plan(epochs=7, schedule=Plateau(patience=1, factor=0.5, floor=4e-5))
    history = train(
        tmp_path, network, groups, plan=plan, validate=scripted([1.0, 0.8, 0.8, 0.9, 0.7, 0.7, 0.7])
    )
    assert [epoch["rates"] for epoch in history.epochs] == [[1e-4, 1e-3]] * 4 + [[5e-5, 5e-4]] * 3
    assert history.ending == "all 7 epochs"


@pytest.mark.parametrize(
    ("stop", "least", "epochs"),
    [(1, 0, 3), (2, 0, 5), (2, 6, 6), (3, 0, 7), (4, 0, 8), (None, 0, 8)],
)
def test_training_ends_early_only_after_the_named_cut(tmp_path, stop, least, epochs):
    plan = Plan(epochs=8, schedule=Plateau(patience=1, factor=0.5), stop=stop, least=least)
    history = train(
        tmp_path, plan=plan, batches=lambda epoch: shuffled(epoch)[:1], validate=scripted([1.0] * 8)
    )
    assert len(history.epochs) == epochs
    assert history.ending == (f"{stop} rate cuts" if epochs < 8 else "all 8 epochs")


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [([0.1, 0.7, 0.5, 0.7], 2), ([0.9, 0.9, 0.1, 0.0], 1), ([0.1, 0.2, 0.3, 0.4], 4)],
)
def test_the_best_epoch_is_kept_beside_the_last(tmp_path, accuracies, best):
    seen = []
    script = scripted([1.0, 0.9, 0.1, 0.5], accuracies)

    def validate(network):
        seen.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        return script(network)

    history = train(tmp_path, plan=Plan(epochs=4), validate=validate)
    assert history.best == best_epoch(history.epochs) == best
    for name, epoch in (("best", best), ("last", 4)):
        weights, told = checkpoints.read(tmp_path / f"{name}.safetensors")
        assert told["epoch"] == epoch
        assert same(weights, seen[epoch - 1])


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


PLANS = [
    Plan(epochs=5, rate=1e-2, schedule=Plateau(patience=0, factor=0.5)),
    Plan(
        epochs=5,
        rate=1e-2,
        optimiser="adamw",
        weight_decay=0.1,
        schedule=Steps(at=(2, 4)),
        precision="bf16",
        channels_last=True,
    ),
]


@pytest.mark.parametrize("plan", PLANS, ids=["fp32", "bf16 channels-last"])
def test_a_run_taken_up_at_any_epoch_ends_with_the_same_bits(tmp_path, plan):
    whole = train(tmp_path / "whole", plan=plan)
    for epoch in range(1, 6):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / str(epoch), plan=plan, batches=stopping_at(epoch))
        asked = []
        again = train(
            tmp_path / str(epoch),
            plan=plan,
            batches=lambda number, asked=asked: asked.append(number) or shuffled(number),
        )
        assert asked == list(range(epoch, 6))
        assert without_seconds(again) == without_seconds(whole)
        for name in ("best", "last"):
            one, other = (
                checkpoints.read(tmp_path / run / f"{name}.safetensors")[0]
                for run in (str(epoch), "whole")
            )
            assert same(one, other)


def without_seconds(history) -> dict:
    return asdict(replace(history, epochs=[{**epoch, "seconds": None} for epoch in history.epochs]))


def test_a_finished_run_is_read_and_not_run_again(tmp_path):
    first = train(tmp_path)
    other = conv_net(seed=9)
    assert train(tmp_path, other, batches=None) == first
    assert same(other.state_dict(), checkpoints.read(tmp_path / "last.safetensors")[0])
    assert json.loads((tmp_path / "history.json").read_text()) == asdict(first)
    assert not other.training


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"plan": Plan(epochs=5, batch=14, rate=2e-2)}, "plan.rate is 0.01, expected 0.02"),
        (
            {"plan": Plan(epochs=5, batch=14, rate=1e-2, schedule=Steps(at=(3,)))},
            "plan.schedule is None, expected",
        ),
        ({"seed": 4}, "seed is 3, expected 4"),
        ({"network": conv_net(width=17)}, "network is Sequential"),
        (
            {"network": (fewer := conv_net()), "groups": [{"params": fewer[4:].parameters()}]},
            "groups is",
        ),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, changed, named):
    train(tmp_path)
    with pytest.raises(
        ValueError, match=f"state.safetensors: of another run: {named}.*a folder of its own"
    ):
        train(tmp_path, **changed)


def test_a_damaged_checkpoint_is_told_and_the_training_begins_anew(tmp_path):
    first = train(tmp_path)
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match=r"state.safetensors: damaged.*It begins anew"):
        again = train(tmp_path)
    losses = [[epoch["training"]["loss"] for epoch in each.epochs] for each in (first, again)]
    assert losses[0] == losses[1]


def test_what_a_killed_write_left_is_cleared_and_nothing_else(tmp_path):
    names = [".state.safetensors.0123", ".history.json.4567", ".notes.txt.89", "state.txt"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    train(tmp_path)
    assert [name for name in names if (tmp_path / name).exists()] == names[2:]


def test_a_loss_that_is_no_number_stops_at_the_last_good_checkpoint(tmp_path):
    whole = train(tmp_path / "whole")
    steps = []

    def loss(network, *batch):
        value, right = cross_entropy(network, *batch)
        steps.append(value)
        return value * (float("nan") if len(steps) == 8 else 1), right

    with pytest.raises(
        FloatingPointError, match=r"epoch 3, step 2: the training loss is nan.*lower the rate"
    ):
        train(tmp_path / "nan", loss=loss)
    state, (_, epochs) = checkpoints.read(tmp_path / "nan" / "state.safetensors")
    assert len(epochs) == 2
    assert all(tensor.isfinite().all() for tensor in state.values())
    assert without_seconds(train(tmp_path / "nan")) == without_seconds(whole)


@pytest.mark.parametrize(
    ("validate", "outcome"),
    [
        (
            scripted([1.0, float("inf")]),
            pytest.raises(FloatingPointError, match="epoch 2: the validation loss is inf"),
        ),
        (
            scripted([1.0, 1.0], [0.1, float("nan")]),
            pytest.raises(FloatingPointError, match="epoch 2: the validation accuracy"),
        ),
        (
            lambda network: {"loss": 1.0},
            pytest.raises(ValueError, match="expected loss and accuracy: add accuracy"),
        ),
        (
            lambda network: {"loss": 1, "accuracy": 0.5, "macro_f1": torch.tensor(0.4)},
            does_not_raise(),
        ),
    ],
)
def test_what_a_validation_gives(tmp_path, validate, outcome):
    with outcome:
        history = train(tmp_path, plan=Plan(epochs=2), validate=validate)
        assert history.epochs[1]["validation"]["macro_f1"] == pytest.approx(0.4)


def test_an_epoch_without_batches_is_refused(tmp_path):
    with pytest.raises(ValueError, match="epoch 1: no batch to train on"):
        train(tmp_path, batches=lambda epoch: [])


def test_weights_outside_the_groups_never_move(tmp_path):
    network = conv_net()
    network[7].bias.requires_grad_(False)
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    train(
        tmp_path,
        network,
        [{"params": network[4:].parameters()}],
        plan=Plan(epochs=2, optimiser="adamw", weight_decay=0.1),
    )
    moved = {
        name for name, weight in network.named_parameters() if not torch.equal(weight, before[name])
    }
    assert moved == {"4.weight", "4.bias", "7.weight"}


def test_a_stranger_among_the_groups_is_refused(tmp_path):
    with pytest.raises(ValueError, match="groups: 2 tensors that are no parameter of the network"):
        train(tmp_path, groups=[{"params": nn.Linear(2, 2).parameters()}])


@pytest.mark.parametrize("optimiser", ["adam", "adamw"])
def test_one_step_is_the_optimisers_formula_with_each_groups_rate_and_decay(tmp_path, optimiser):
    """From zero moments a weight moves by rate x sign of its gradient; AdamW shrinks it first, Adam adds decay to the gradient."""
    network = nn.Sequential(nn.Linear(2, 3, bias=False), nn.Linear(3, 2, bias=False))
    before = [weight.detach().clone() for weight in network.parameters()]
    clips, target = torch.tensor([[1.0, -2.0], [0.5, 1.0]]), torch.tensor([0, 1])
    cross_entropy(network, clips, target)[0].backward()
    gradients = [weight.grad.clone() for weight in network.parameters()]
    groups = [
        {"params": network[0].parameters(), "lr": 0.1, "weight_decay": 0.5},
        {"params": network[1].parameters()},
    ]
    plan = Plan(epochs=1, optimiser=optimiser, rate=0.01)
    train(
        tmp_path,
        network,
        groups,
        plan=plan,
        batches=lambda epoch: [(clips, target)],
        validate=scripted([1.0]),
    )
    for weight, start, gradient, rate, decay in zip(
        network.parameters(), before, gradients, (0.1, 0.01), (0.5, 0), strict=True
    ):
        shrunk = start * (1 - rate * decay) if optimiser == "adamw" else start
        slope = gradient if optimiser == "adamw" else gradient + decay * start
        assert torch.allclose(weight, shrunk - rate * slope.sign(), atol=1e-4)


def test_means_are_over_clips_and_over_batches(tmp_path):
    """Batches of 3 clips and 1: a small batch counts as much as a large one in the report's curves."""
    given = {3: (2.0, [True, False, False]), 1: (4.0, [True])}

    def loss(network, clips):
        value, right = given[len(clips)]
        return network(clips).sum() * 0 + value, torch.tensor(right)

    batches = [(torch.zeros(3, 2),), (torch.zeros(1, 2),)]
    history = train(
        tmp_path,
        nn.Linear(2, 2),
        plan=Plan(epochs=1),
        loss=loss,
        batches=lambda _: batches,
        validate=validation(loss, lambda: batches),
    )
    expected = {
        "loss": 2.5,
        "accuracy": 0.5,
        "loss_by_batch": 3.0,
        "accuracy_by_batch": pytest.approx(2 / 3),
    }
    assert history.epochs[0]["training"] == history.epochs[0]["validation"] == expected


def test_bf16_stays_near_fp32_and_keeps_fp32_weights(tmp_path):
    plan = Plan(epochs=5, batch=14, rate=1e-3)
    networks = {name: conv_net() for name in ("fp32", "bf16")}
    ends = [
        train(tmp_path / name, each, plan=replace(plan, precision=name)).epochs[-1]
        for name, each in networks.items()
    ]
    fp32, bf16 = (end["validation"]["loss"] for end in ends)
    assert fp32 != bf16
    assert bf16 == pytest.approx(fp32, rel=0.02)
    assert {weight.dtype for weight in networks["bf16"].parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("width", "outcome"),
    [
        (16, does_not_raise()),
        (
            15,
            pytest.raises(
                ValueError,
                match=r"channels_last: 0 has 15 channels; on a CPU expected 16 or more.*torch 2\.13\.0",
            ),
        ),
    ],
)
def test_channels_last_on_a_cpu(tmp_path, width, outcome):
    network = conv_net(width=width)
    with outcome:
        train(tmp_path, network, plan=Plan(epochs=1, channels_last=True))
        assert network[4].weight.is_contiguous(memory_format=torch.channels_last)


def test_the_seed_decides_and_the_callers_generator_is_left_alone(tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    network, again, other = (conv_net() for _ in range(3))
    torch.set_rng_state(before)
    train(tmp_path / "a", network)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    train(tmp_path / "b", again)
    train(tmp_path / "c", other, seed=4)
    assert same(network.state_dict(), again.state_dict())
    assert not torch.equal(network[4].weight, other[4].weight)


def test_it_learns(tmp_path):
    history = train(tmp_path, plan=Plan(epochs=15, rate=1e-2))
    assert history.epochs[-1]["training"]["loss"] < 0.5 * history.epochs[0]["training"]["loss"]
