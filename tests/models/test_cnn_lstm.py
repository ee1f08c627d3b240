"""The CNN-LSTM of paper 02: counts and shapes of the layer table, parity with plain layers, silent padding, initial weights."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sercore.models.attribute_network import SIZES, SMALL, SharedLayers, Sizes

TINY = Sizes(bands=5, channels=(6, 7, 8), units=4, width=3)


def network(sizes=TINY, *, seed=0, **options):
    torch.manual_seed(seed)
    return SharedLayers(sizes, **options).eval()


def test_parameters_of_each_layer():
    with torch.device("meta"):
        built = SharedLayers()
    parts = {
        name: sum(weight.numel() for weight in part.parameters())
        for name, part in built.named_modules()
        if not list(part.children())
    }
    assert [parts[f"convolutions.{layer}"] for layer in range(3)] == [51_456, 327_936, 327_936]
    assert parts["onwards"] + parts["backwards"] == 1_052_672
    assert parts["full"] == 65_664
    assert sum(parts.values()) == 1_825_664
    assert sum(weight.numel() for weight in SharedLayers(SMALL).parameters()) == 35_712


@pytest.mark.parametrize(("frames", "left"), [(300, 36), (58, 6), (15, 1)])
def test_frames_behind_the_poolings(frames, left):
    seen, built = [], network()
    built.onwards.register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0].shape))
    assert built(torch.randn(2, frames, 5), torch.tensor([frames, frames])).shape == (2, 3)
    assert seen == [(2, left, 8)]
    assert SIZES.least == TINY.least == 15


def plain(built, frames):
    """The same weights in one-dimensional convolutions and one bidirectional LSTM: one clip, nothing masked."""
    signal = frames.T[None]  # (1, bands, time)
    for layer in built.convolutions:
        signal = nn.functional.conv1d(
            signal, layer.weight.squeeze(2), layer.bias, padding="same"
        ).relu()
        signal = nn.functional.max_pool1d(signal, 3, 2)
    lstm = nn.LSTM(8, 4, bidirectional=True, batch_first=True)
    own = dict(built.onwards.named_parameters())
    own |= {f"{name}_reverse": weight for name, weight in built.backwards.named_parameters()}
    lstm.load_state_dict(own)
    return built.full(lstm(signal.transpose(1, 2))[0].mean(1)).relu()[0]


@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(15, 90), min_size=1, max_size=4),
    extra=st.integers(0, 9),
    loud=st.floats(0, 1e3),
)
def test_a_clip_in_a_batch_is_the_plain_network_on_it_alone(lengths, extra, loud):
    built, longest = network(seed=len(lengths)), max(lengths) + extra
    frames = torch.randn(
        len(lengths), longest, 5, generator=torch.Generator().manual_seed(sum(lengths))
    )
    clips = [clip[:length].clone() for clip, length in zip(frames, lengths, strict=True)]
    for clip, length in zip(frames, lengths, strict=True):
        clip[length:] = loud  # whatever stands in the padding
    with torch.no_grad():
        found = built(frames, torch.tensor(lengths))
        expected = torch.stack([plain(built, clip) for clip in clips])
        alone = torch.cat([built(clip[None], torch.tensor([len(clip)])) for clip in clips])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found, alone, atol=1e-5, rtol=1e-5)


def test_gradients_are_the_plain_network_s():
    built, frames = network(), torch.randn(40, 5)
    weights = list(built.parameters())
    ours = torch.autograd.grad(built(frames[None], torch.tensor([40])).sum(), weights)
    theirs = torch.autograd.grad(
        plain(built, frames).sum(), [*built.convolutions.parameters(), *built.full.parameters()]
    )
    compared = [*ours[:6], *ours[-2:]]
    for one, other in zip(compared, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_dropout_stands_before_the_fully_connected_layer_alone():
    built = network(Sizes(bands=5, channels=(6, 7, 8), units=4, width=3, dropout=1.0)).train()
    found = built(torch.randn(2, 30, 5), torch.tensor([30, 20]))
    torch.testing.assert_close(found, built.full.bias.relu().expand(2, -1))


def test_he_weights_and_the_default_s():
    he, default = network(SIZES, initialisation="he"), network(SIZES)
    for layer, inputs in zip(
        [*he.convolutions, he.full], (40 * 5, 256 * 5, 256 * 5, 512), strict=True
    ):
        assert not layer.bias.any()
        assert float(layer.weight.detach().std()) == pytest.approx((2 / inputs) ** 0.5, rel=0.03)
    bound = (1 / (256 * 5)) ** 0.5  # PyTorch's default: uniform, here within 1 / sqrt(inputs)
    assert float(default.convolutions[1].weight.detach().abs().max()) == pytest.approx(
        bound, rel=0.01
    )


@pytest.mark.parametrize(
    ("shape", "lengths", "told"),
    [
        ((2, 40, 6), [40, 40], r"\(2, 40, 6\); the network reads \(batch, time, 5\)"),
        ((2, 40), [40, 40], r"\(2, 40\); the network reads \(batch, time, 5\)"),
        ((2, 40, 5), [40], r"lengths of shape \(1,\); expected \(2,\)"),
        ((2, 40, 5), [40, 14], "clips of 14 to 40 frames in a batch of 40; expected 15 to 40"),
        ((2, 40, 5), [41, 40], "clips of 40 to 41 frames in a batch of 40; expected 15 to 40"),
    ],
)
def test_what_is_refused(shape, lengths, told):
    with pytest.raises(ValueError, match=told):
        network()(torch.zeros(shape), torch.tensor(lengths))


def test_an_unknown_initialisation_is_refused():
    with pytest.raises(ValueError, match="initialisation=xavier: unknown; expected default or he"):
        SharedLayers(TINY, initialisation="xavier")
