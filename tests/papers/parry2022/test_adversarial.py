"""The loop with attributes: the four approaches on one footing, what it tells and refuses, and going on after a stop."""

import json
import math
from contextlib import nullcontext as does_not_raise
from dataclasses import asdict, replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from sercore.models.attribute_network import AttributeNetwork
from sercore.papers.parry2022.adversarial import MISSING, Plan, fit
from sercore.training import checkpoints
from tests.papers.parry2022.attribute_networks import (
    CLIPS,
    EMOTION,
    ENTROPIES,
    SUBSETS,
    build,
    emotional,
    same,
    shuffled,
)


def validate(network):
    right = network(CLIPS).argmax(1) == EMOTION
    return {
        "loss": cross_entropy(network(CLIPS), EMOTION),
        "ua": right.float().mean(),
        "recalls": right[:5].float().mean(),
    }


def train(
    folder,
    approach,
    names,
    *,
    parts=None,
    batches=None,
    validate=validate,
    seed=3,
    attributes=None,
    **settings,
):
    network, against = parts or build(approach, names, reads=settings.get("reads", "softmax"))
    plan = Plan(approach=approach, **{"epochs": 5, "batch": 20, "rate": 0.05} | settings)
    kept = {
        "attributes": attributes or names,
        "entropies": ENTROPIES,
        "folder": folder,
        "seed": seed,
    }
    return (
        network,
        against,
        fit(network, against, batches or shuffled(names), validate, plan=plan, **kept),
    )


@pytest.mark.parametrize("names", SUBSETS, ids=len)
def test_with_alpha_0_all_approaches_are_the_baseline_bit_for_bit(tmp_path, names):
    """After 20 steps under dropout; with the usual alpha they are not."""
    baseline, _, plain = train(tmp_path / "baseline", "baseline", [])
    for approach in ("MTL", "GR", "AD"):
        network, _, history = train(tmp_path / approach, approach, names, alpha=0.0)
        assert same(emotional(network), emotional(baseline))
        assert [epoch["validation"] for epoch in history.epochs] == [
            epoch["validation"] for epoch in plain.epochs
        ]
        assert history.best == plain.best
        network, _, _ = train(tmp_path / f"{approach} usual", approach, names)
        assert not same(emotional(network), emotional(baseline))


@pytest.mark.parametrize(
    ("approach", "reads"),
    [("baseline", "softmax"), ("GR", "softmax"), ("AD", "softmax"), ("AD", "representation")],
)
def test_a_run_taken_up_at_any_epoch_ends_with_the_same_bits(tmp_path, approach, reads):
    names = [] if approach == "baseline" else ["corpus", "gender"]
    settings = {"reads": reads, "bounded": approach == "AD"}
    _, theirs, whole = train(tmp_path / "whole", approach, names, **settings)
    for epoch in (1, 2, 4):

        def stopping(number, epoch=epoch):
            for at, batch in enumerate(shuffled(names)(number)):
                if (number, at) == (epoch, 2):
                    raise KeyboardInterrupt
                yield batch

        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / str(epoch), approach, names, batches=stopping, **settings)
        asked = []
        batches = lambda number, asked=asked: asked.append(number) or shuffled(names)(number)  # noqa: E731
        _, again, history = train(
            tmp_path / str(epoch), approach, names, batches=batches, **settings
        )
        assert asked == [*range(epoch, 6)]
        assert without_seconds(history) == without_seconds(whole)
        assert same(again.state_dict(), theirs.state_dict())
        for name in ("best", "last"):
            one, other = (
                checkpoints.read(tmp_path / run / f"{name}.safetensors")[0]
                for run in (str(epoch), "whole")
            )
            assert same(one, other)


def without_seconds(history) -> dict:
    return asdict(replace(history, epochs=[{**epoch, "seconds": None} for epoch in history.epochs]))


def test_what_a_history_tells(tmp_path):
    network, _, history = train(tmp_path, "GR", ["corpus", "gender"], epochs=3)
    assert json.loads((tmp_path / "history.json").read_text()) == asdict(history)
    assert [epoch["alpha"] for epoch in history.epochs] == [0.0, 0.25, 0.5]
    assert history.best in (2, 3)
    for epoch in history.epochs:
        assert epoch["training"].keys() == {"emotion", "accuracy", "attributes", "norms"}
        assert epoch["training"]["attributes"].keys() == {"corpus", "gender"}
        assert epoch["training"]["norms"].keys() == {"emotion", "corpus", "gender"}
        assert epoch["validation"].keys() == {"loss", "ua", "recalls"}
    assert history.epochs[0]["training"]["norms"]["corpus"] == 0  # alpha is 0 in the first epoch
    weights, told = checkpoints.read(tmp_path / "best.safetensors")
    assert told["epoch"] == history.best
    assert weights.keys() == network.state_dict().keys()
    assert not network.training
    other, _, again = train(
        tmp_path, "GR", ["corpus", "gender"], epochs=3, batches=lambda number: 1 / 0
    )
    assert again == history  # a finished run is read
    assert same(other.state_dict(), network.state_dict())


def test_means_are_over_clips_and_known_labels(tmp_path):
    """Two batches of different size, one without a label of the first attribute and none with one of the second."""
    parts = build("MTL", ["corpus", "gender"], dropout=0.0)
    corpus, unknown = torch.tensor([0, MISSING, 2, 1, 1]), torch.full((5,), MISSING)
    batches = [
        [CLIPS[:5], EMOTION[:5], corpus, unknown],
        [CLIPS[5:7], EMOTION[5:7], unknown[:2], unknown[:2]],
    ]
    emotion = cross_entropy(parts[0](CLIPS[:7]), EMOTION[:7]).item()
    known = [0, 2, 3, 4]
    expected = cross_entropy(parts[0].answers(CLIPS[:5])[1]["corpus"][known], corpus[known]).item()
    settings = {"parts": parts, "batches": lambda number: batches, "epochs": 1, "rate": 1e-9}
    _, _, history = train(tmp_path, "MTL", ["corpus", "gender"], **settings)
    training = history.epochs[0]["training"]
    assert training["emotion"] == pytest.approx(emotion, rel=1e-5)
    assert training["attributes"] == {"corpus": pytest.approx(expected, rel=1e-5), "gender": None}


def test_the_seed_decides_and_the_callers_generator_is_left_alone(tmp_path):
    parts = [build("AD", ["gender"]) for _ in range(3)]
    before = torch.get_rng_state()
    one, _, _ = train(tmp_path / "a", "AD", ["gender"], parts=parts[0])
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    again, _, _ = train(tmp_path / "b", "AD", ["gender"], parts=parts[1])
    other, _, _ = train(tmp_path / "c", "AD", ["gender"], parts=parts[2], seed=4)
    assert same(one.state_dict(), again.state_dict())
    assert not same(one.state_dict(), other.state_dict())


@pytest.mark.parametrize("approach", ["GR", "AD"])
def test_bf16_stays_near_fp32_and_keeps_fp32_weights(tmp_path, approach):
    ends = {}
    for precision in ("fp32", "bf16"):
        network, _, history = train(
            tmp_path / precision, approach, ["corpus"], precision=precision, rate=0.01
        )
        ends[precision] = history.epochs[-1]["training"]
        assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    assert ends["bf16"]["emotion"] != ends["fp32"]["emotion"]
    assert ends["bf16"]["emotion"] == pytest.approx(ends["fp32"]["emotion"], rel=0.02)
    assert ends["bf16"]["attributes"]["corpus"] == pytest.approx(
        ends["fp32"]["attributes"]["corpus"], rel=0.02
    )


@pytest.mark.parametrize("approach", ["MTL", "AD"])
def test_a_loss_that_is_no_number_stops_at_the_last_good_checkpoint(tmp_path, approach):
    def spoilt(number):
        for at, [clips, *targets] in enumerate(shuffled(["corpus"])(number)):
            yield [clips * (float("nan") if (number, at) == (3, 1) else 1), *targets]

    with pytest.raises(
        FloatingPointError,
        match=r"epoch 3, step 2: the training loss is nan.*lower the rate or alpha",
    ):
        train(tmp_path, approach, ["corpus"], batches=spoilt)
    state, (_, epochs) = checkpoints.read(tmp_path / "state.safetensors")
    assert len(epochs) == 2
    assert all(tensor.isfinite().all() for tensor in state.values())


REFUSED = {
    "another run": ({"approach": "MTL", "names": ["corpus"], "rate": 0.1}, "of another run: plan.rate is 0.05, expected 0.1"),
    "no attribute": ({"approach": "MTL", "names": []}, r"MTL with attributes \[\]: expected none for a baseline, 1 or more else"),
    "a baseline with one": ({"approach": "baseline", "names": ["corpus"]}, r"baseline with attributes \['corpus'\]"),
    "no heads": ({"approach": "MTL", "names": ["corpus"], "parts": build("AD", ["corpus"])}, r"heads: \[\]; MTL.*expects"),
    "another order": ({"approach": "MTL", "names": ["corpus", "gender"], "attributes": ["gender", "corpus"]}, "heads: "),
    "no discriminator": ({"approach": "AD", "names": ["corpus"], "parts": build("baseline", [])}, r"discriminators: \[\]; AD"),
    "not reversed": ({"approach": "GR", "names": ["corpus"], "parts": build("MTL", ["corpus"])}, "reversed gradient: False; GR"),
    "no entropy": ({"approach": "MTL", "names": ["age"], "parts": (AttributeNetwork(nn.Identity(), width=6, classes=3,
                    attributes={"age": 2}), nn.ModuleDict())}, "entropies: .*expected that of age too"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_loop_refuses(tmp_path, arguments, message):
    train(tmp_path, "MTL", ["corpus"], epochs=5)
    with pytest.raises(ValueError, match=message):
        train(tmp_path, **arguments)


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ({"loss": 1.0}, pytest.raises(ValueError, match="expected loss and ua: add ua")),
        (
            {"loss": 1.0, "ua": math.nan},
            pytest.raises(FloatingPointError, match="epoch 1: the validation ua is nan"),
        ),
        ({"loss": 1, "ua": torch.tensor(0.5)}, does_not_raise()),
    ],
)
def test_what_a_validation_gives(tmp_path, given, outcome):
    with outcome:
        _, _, history = train(tmp_path, "baseline", [], epochs=1, validate=lambda network: given)
        assert history.epochs[0]["validation"] == {"loss": 1.0, "ua": 0.5}


def test_an_epoch_without_batches_is_refused(tmp_path):
    with pytest.raises(ValueError, match="epoch 1: no batch to train on"):
        train(tmp_path, "baseline", [], batches=lambda epoch: [])
