"""The ResNet34 of paper 04: the layer table, parity with plain layers, silent padding, what freezing fixes."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from typer.testing import CliRunner

from sercore.cli import app
from sercore.models import resnet
from sercore.models.resnet import NARROW, SIZES, Backbone, ResNet34, Sizes
from sercore.training import checkpoints

TINY = Sizes(bands=16, channels=(4, 8, 8, 16), width=8)
MARGIN = 1e-4  # of logits: how far a clip in a batch may be from the same clip alone


def built(sizes=TINY, *, seed=0, classes=4):
    """A network in evaluation mode, whose batch norm has seen something: no statistic, weight or slope is the initial one."""
    torch.manual_seed(seed)
    network = ResNet34(classes, sizes)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith("running_mean"):
                tensor.normal_(std=0.5)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif tensor.shape == (1,):  # a slope of PReLU
                tensor.uniform_(0.1, 0.9)
        for layer in network.modules():
            if isinstance(layer, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
                layer.weight.uniform_(0.2, 0.8)
                layer.bias.normal_(std=0.5)
    return network.eval()


def batch_of(lengths, *, extra=0, loud=0.0, bands=16):
    """Clips of these lengths, and a batch of them with something behind the shorter ones."""
    draw = torch.Generator().manual_seed(sum(lengths))
    clips = [torch.randn(length, bands, generator=draw) for length in lengths]
    frames = torch.full((len(clips), max(lengths) + extra, bands), loud)
    for place, clip in zip(frames, clips, strict=True):
        place[: len(clip)] = clip
    return clips, frames


def difference(network, lengths, **options):
    """The largest between logits of a batch and of its clips alone."""
    clips, frames = batch_of(lengths, **options)
    with torch.no_grad():
        together = network(frames, torch.tensor(lengths))
        alone = torch.cat([network(clip[None]) for clip in clips])
    return float((together - alone).abs().max())


@pytest.fixture(scope="module")
def whole():
    """The published network without memory, and the shape that each of its layers gives for 128 x 300."""
    with torch.device("meta"):
        network, frames = ResNet34(4).eval(), torch.empty(1, 300, 128)
    shapes = {}
    for name, layer in network.named_modules():
        layer.register_forward_hook(
            lambda layer, inputs, output, name=name: shapes.update({name: tuple(output.shape)})
        )
    network(frames)
    return network, shapes


@pytest.mark.parametrize(
    ("layers", "count", "last", "shape"),
    [
        (["backbone.stem"], 353, "backbone.stem", (1, 32, 128, 300)),
        (["backbone.stages.0"], 55_686, "backbone.stages.0.2", (1, 32, 128, 300)),
        (["backbone.stages.1"], 279_688, "backbone.stages.1.3", (1, 64, 64, 150)),
        (["backbone.stages.2"], 1_707_276, "backbone.stages.2.5", (1, 128, 32, 75)),
        (["backbone.stages.3"], 3_280_390, "backbone.stages.3.2", (1, 256, 16, 38)),
        (["backbone"], 5_323_393, "backbone", (1, 4096, 38)),
        (["head.full", "head.norm", "head.act"], 2_097_921, "head.act", (1, 256)),
        (["head.output"], 1_028, "head.output", (1, 4)),
        ([""], 7_422_342, "", (1, 4)),
    ],
)
def test_the_layer_table(whole, layers, count, last, shape):
    network, shapes = whole
    assert (
        sum(
            weight.numel()
            for layer in layers
            for weight in network.get_submodule(layer).parameters()
        )
        == count
    )
    assert shapes[last] == shape


@pytest.mark.parametrize(
    ("pooling", "width"), [("statistics", 8192), ("mean", 4096), ("flatten", 155_648)]
)
def test_what_each_pooling_gives_to_the_first_full_layer(pooling, width):
    with torch.device("meta"):
        network, frames = (
            ResNet34(4, replace(SIZES, pooling=pooling)).eval(),
            torch.empty(2, 300, 128),
        )
    assert network.pooled(frames).shape == (2, width)
    assert network.embed(frames).shape == (2, 256)


@pytest.mark.parametrize(
    ("pooling", "classes", "count"),
    [
        ("statistics", 4, 7_422_342),
        ("statistics", 7363, 9_313_605),
        ("statistics", 7205, 9_272_999),
        ("mean", 4, 7_422_342 - 4096 * 256),
        ("flatten", 4, 45_171_078),
        ("flatten", 7363, 47_062_341),
    ],
)
def test_totals(pooling, classes, count):
    with torch.device("meta"):
        network = ResNet34(classes, replace(SIZES, pooling=pooling))
    assert sum(weight.numel() for weight in network.parameters()) == count


def test_the_command_lists_the_readings():
    listed = json.loads(CliRunner().invoke(app, ["models", "--json"]).stdout)
    assert {
        each["variant"]: each["parameters"]
        for each in listed
        if each["paper"] == "Padi et al. 2021"
    } == {
        "statistics pooling": 7_422_342,
        "mean pooling": 6_373_766,
        "no pooling": 45_171_078,
        "statistics pooling, speakers": 9_313_605,
    }


@pytest.mark.parametrize(
    ("frames", "steps"), [(150, 19), (200, 25), (250, 32), (300, 38), (8, 1), (9, 2), (1, 1)]
)
def test_steps_behind_the_last_stage(frames, steps):
    with torch.device("meta"):
        assert Backbone(NARROW).eval()(torch.empty(1, frames, 128)).shape == (1, 2048, steps)
    assert SIZES.steps(frames) == steps
    assert (SIZES.rows, NARROW.rows, TINY.rows) == (4096, 2048, 32)


@given(frames=st.integers(1, 10_000))
def test_steps_are_eighths_rounded_up_of_a_number_as_of_a_tensor(frames):
    assert SIZES.steps(frames) == -(-frames // 8) == int(SIZES.steps(torch.tensor([frames]))[0])


def plain(network, clip):
    """Logits of one clip ``(time, bands)`` with the same weights in bare functions: the basic block as it is published."""
    state = network.state_dict()

    def norm(signal, name):
        own = (
            state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(signal, *own)

    signal = functional.conv2d(clip.T[None, None], state["backbone.stem.0.weight"], padding=1)
    signal = functional.prelu(norm(signal, "backbone.stem.1"), state["backbone.stem.2.weight"])
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            name, stride = f"backbone.stages.{stage}.{block}", 2 if stage and not block else 1
            inner = functional.conv2d(
                signal, state[f"{name}.conv1.weight"], stride=stride, padding=1
            )
            inner = functional.prelu(norm(inner, f"{name}.norm1"), state[f"{name}.act1.weight"])
            inner = norm(
                functional.conv2d(inner, state[f"{name}.conv2.weight"], padding=1), f"{name}.norm2"
            )
            if f"{name}.shortcut.0.weight" in state:
                signal = norm(
                    functional.conv2d(signal, state[f"{name}.shortcut.0.weight"], stride=stride),
                    f"{name}.shortcut.1",
                )
            signal = functional.prelu(inner + signal, state[f"{name}.act2.weight"])
    rows = signal.reshape(network.sizes.rows, -1)  # channels x bands by step
    pooled = torch.cat([rows.mean(1), (rows.var(1, correction=0) + 1e-5).sqrt()])
    full = functional.linear(pooled, state["head.full.weight"], state["head.full.bias"])[None]
    return functional.linear(
        functional.prelu(norm(full, "head.norm"), state["head.act.weight"]),
        state["head.output.weight"],
        state["head.output.bias"],
    )[0]


@pytest.mark.parametrize("length", [1, 58, 131])
def test_the_network_is_the_plain_one(length):
    network, ((clip,), frames) = built(), batch_of([length])
    with torch.no_grad():
        torch.testing.assert_close(network(frames)[0], plain(network, clip), atol=1e-5, rtol=1e-5)


def test_embeddings_come_from_the_pooled_rows():
    network, (_, frames) = built(), batch_of([40, 23])
    lengths = torch.tensor([40, 23])
    torch.testing.assert_close(
        network.embed(frames, lengths), network.head.full(network.pooled(frames, lengths))
    )
    logits = network.head.output(
        network.head.act(network.head.norm(network.embed(frames, lengths)))
    )
    torch.testing.assert_close(network(frames, lengths), logits)


def test_convolutions_start_from_he_s_weights_by_fan_out():
    torch.manual_seed(0)
    backbone = Backbone(NARROW)
    for layer in (
        backbone.stem[0],
        backbone.stages[1][0].conv1,
        backbone.stages[1][0].shortcut[0],
        backbone.stages[3][2].conv2,
    ):
        expected = (2 / (layer.out_channels * layer.kernel_size[0] ** 2)) ** 0.5
        assert float(layer.weight.detach().std()) == pytest.approx(expected, rel=0.1)
    slopes = [weight for weight in backbone.parameters() if weight.shape == (1,)]
    assert len(slopes) == 1 + 2 * 16
    assert {float(slope.detach()) for slope in slopes} == {0.25}


def test_clips_of_the_corpus_s_shortest_to_its_longest_give_in_a_batch_what_they_give_alone():
    assert difference(built(), [58, 131, 500, 1001, 3414]) < MARGIN


@pytest.mark.parametrize(
    "lengths",
    [[17, 64], [18, 64], [19, 63], [20, 62], [21, 61], [22, 60], [23, 59], [24, 58], [1, 2, 3, 9]],
)
def test_odd_and_even_lengths_through_the_strides(lengths):
    assert difference(built(), lengths) < MARGIN


@settings(max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=4),
    extra=st.integers(0, 9),
    loud=st.floats(-1e3, 1e3),
)
def test_nothing_that_stands_in_the_padding_is_heard(lengths, extra, loud):
    assert difference(built(seed=len(lengths)), lengths, extra=extra, loud=loud) < MARGIN


def test_masks_at_the_pooling_alone_would_not_do(monkeypatch):
    lengths = [58, 131, 200]
    assert difference(built(), lengths) < MARGIN
    monkeypatch.setattr(resnet, "masked", lambda picture, lengths: picture)
    assert difference(built(), lengths) > 100 * MARGIN


def test_behind_a_clip_s_end_the_rows_are_zero():
    _, frames = batch_of([58, 131], loud=7.0)
    rows = built().backbone(frames, torch.tensor([58, 131]))
    assert rows.shape == (2, 32, 17)
    assert not rows[0, :, 8:].any()
    assert rows[0, :, 7].any()
    assert rows[1, :, 16].any()


@pytest.mark.parametrize(
    ("sizes", "shape", "lengths", "told"),
    [
        (TINY, (2, 40, 15), None, r"\(2, 40, 15\); the network reads \(batch, time, 16\)"),
        (TINY, (40, 16), None, r"\(40, 16\); the network reads"),
        (TINY, (2, 40, 16), [40], r"lengths of shape \(1,\); expected \(2,\)"),
        (
            TINY,
            (2, 40, 16),
            [0, 40],
            "clips of 0 to 40 frames in a picture of 40; expected 1 to 40",
        ),
        (
            TINY,
            (2, 40, 16),
            [41, 40],
            "clips of 40 to 41 frames in a picture of 40; expected 1 to 40",
        ),
        (TINY, (2, 0, 16), None, "clips of 0 to 0 frames"),
        (
            replace(TINY, pooling="flatten", frames=40),
            (2, 39, 16),
            None,
            r"\(2, 39, 16\); the network reads \(batch, 40, 16\)",
        ),
        (
            replace(TINY, pooling="flatten", frames=40),
            (2, 40, 16),
            [40, 39],
            "clips of 39 to 40 frames .* expected 40 to 40",
        ),
        (TINY, (2, 1, 16), [1, 1], None),
        (replace(TINY, pooling="flatten", frames=40), (2, 40, 16), [40, 40], None),
    ],
)
def test_shapes_and_lengths(sizes, shape, lengths, told):
    with pytest.raises(ValueError, match=told) if told else nullcontext():
        assert built(sizes)(
            torch.zeros(shape), lengths if lengths is None else torch.tensor(lengths)
        ).shape == (2, 4)


@pytest.mark.parametrize(
    ("lengths", "accepted"), [(None, True), ([24, 24], True), ([24, 20], False), ([20, 20], False)]
)
def test_a_training_batch_has_no_padding(lengths, accepted):
    lengths = lengths if lengths is None else torch.tensor(lengths)
    refused = pytest.raises(
        ValueError,
        match="in a training batch of 24; expected no padding, since batch norm would count it",
    )
    with nullcontext() if accepted else refused:
        assert built().train()(torch.randn(2, 24, 16), lengths).shape == (2, 4)


def test_a_training_batch_has_two_clips():
    with pytest.raises(ValueError, match="1 clip in a training batch; batch norm needs 2 or more"):
        built().train()(torch.randn(1, 24, 16))


def test_a_frozen_backbone_stays_in_evaluation_mode_and_makes_no_graph():
    network, (_, frames) = built().freeze(), batch_of([40, 23])
    lengths = torch.tensor([40, 23])
    before = network.backbone(frames, lengths)
    network.train()
    assert network.frozen
    assert network.training
    assert network.head.training
    assert not any(layer.training for layer in network.backbone.modules())
    assert not any(weight.requires_grad for weight in network.backbone.parameters())
    assert all(weight.requires_grad for weight in network.head.parameters())
    assert not network.pooled(frames, lengths).requires_grad
    assert network(frames, lengths).requires_grad  # clips of unequal length may train a head
    assert torch.equal(network.backbone(frames, lengths), before)
    assert not network.eval().training


def test_what_is_not_frozen_trains_whole():
    network = built().train()
    assert not network.frozen
    assert all(layer.training for layer in network.modules())
    network(torch.randn(2, 24, 16)).sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())


def test_a_saved_network_comes_back(tmp_path):
    network, (_, frames) = built(), batch_of([40, 23])
    checkpoints.save(network, tmp_path, {"classes": 4})
    again, about = checkpoints.load(tmp_path, lambda about: ResNet34(about["classes"], TINY))
    assert about == {"classes": 4}
    assert torch.equal(
        again(frames, torch.tensor([40, 23])), network(frames, torch.tensor([40, 23]))
    )
