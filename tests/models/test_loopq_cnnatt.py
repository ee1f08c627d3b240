"""M3: counts by part, shapes by block, the attention by hand, free length, silent padding, and the published norm."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.models.cnnatt import AS_RUN, CNNATT, Block, ChannelAttention, Sizes

SMALL = Sizes(path_channels=3, channels=(4, 5, 6, 7), attention=9, norm=9)


def settled(sizes, *, seed=0):
    """In evaluation mode, with batch norms that have seen data: a channel's zero is no longer a zero."""
    torch.manual_seed(seed)
    network = CNNATT(sizes)
    with torch.no_grad():
        network.train()(torch.randn(8, 40, 40) * 3 + 1)
    return network.eval()


def test_parameters_of_each_part():
    with torch.device("meta"):
        network = CNNATT()
    parts = {
        name: sum(weight.numel() for weight in part.parameters())
        for name, part in network.named_children()
    }
    assert parts == {
        "paths": 528,
        "convolutions": 92_832,
        "attention": 92_160,
        "norm": 256,
        "head": 903,
    }


@pytest.mark.parametrize("frames", [313, 200, 4])
def test_shapes_of_the_layer_table(frames):
    shapes, quarter = [], frames // 2 // 2
    with torch.device("meta"):
        network, spectrogram = CNNATT(), torch.empty(3, frames, 40)
    for block in (network.paths, *network.convolutions, network.attention):
        block.register_forward_hook(
            lambda block, inputs, output: shapes.append(tuple(output.shape[1:]))
        )
    assert network(spectrogram).shape == (3, 7)
    assert network.hidden(spectrogram).shape == (3, 128)
    assert shapes[:2] == [(16, 40, frames), (32, 20, frames // 2)]
    assert shapes[2:6] == [
        (48, 10, quarter),
        (64, 10, quarter),
        (80, 10, quarter),
        (128, 10 * quarter),
    ]


def test_the_published_norm_does_not_run():
    """Width 80 meets 128: the code as published stops in its forward pass."""
    with pytest.raises(RuntimeError, match=r"normalized_shape=\[80\].*\[2, 128\]"):
        CNNATT(AS_RUN)(torch.randn(2, 20, 40))


def test_attention_by_hand():
    """The report's formula, head by head, in numpy: Q, K, V of the whole sequence, channels for rows."""
    torch.manual_seed(3)
    attention = ChannelAttention(4, 5, 3).double()
    features = torch.randn(2, 4, 6, dtype=torch.float64)
    query, key, value = (
        weights.detach().numpy() for weights in (attention.query, attention.key, attention.value)
    )
    expected = np.zeros((2, 5, 6))
    for clip, x in enumerate(features.numpy()):
        for head in range(3):
            scores = (key[head] @ x) @ (query[head] @ x).T / np.sqrt(4)
            weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
            expected[clip] += weights @ (value[head] @ x) / 3
    assert np.allclose(attention(features).detach().numpy(), expected, rtol=1e-12)


def test_attention_starts_xavier_uniform_head_by_head():
    torch.manual_seed(0)
    attention, bound = ChannelAttention(80, 128, 3), (6 / (80 + 128)) ** 0.5
    for weights in (attention.query, attention.key, attention.value):
        assert weights.abs().amax((1, 2)).max() <= bound
        assert torch.allclose(weights.std((1, 2)), torch.full((3,), bound / 3**0.5), rtol=0.03)


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(4, 30), min_size=2, max_size=4),
    content=st.sampled_from([0.0, -80.0, 1e6, 3e38]),
    seed=st.integers(0, 99),
)
def test_a_padded_clip_is_the_clip_itself(lengths, content, seed):
    """Any length, any padding, any content in it: the batch gives what the unpadded clip gives alone, without lengths."""
    network, clips = settled(SMALL, seed=seed), [torch.randn(length, 40) for length in lengths]
    batch = torch.full((len(clips), max(lengths) + 3, 40), content)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip
    logits = network(batch, torch.tensor(lengths))
    for row, clip in zip(logits, clips, strict=True):
        assert torch.allclose(row, network(clip[None])[0], atol=1e-5)


def test_a_padded_clip_is_the_clip_itself_in_the_published_sizes():
    network, batch, lengths = settled(Sizes()), torch.randn(3, 121, 40), torch.tensor([121, 63, 90])
    logits = network(batch, lengths)
    for row, clip, length in zip(logits, batch, lengths, strict=True):
        assert torch.allclose(row, network(clip[None, :length])[0], atol=1e-5)


def test_without_lengths_padding_is_averaged_in():
    """As the author's code does: the planted fault that the lengths repair."""
    network, clip = settled(SMALL), torch.randn(1, 20, 40)
    padded = torch.cat([clip, torch.zeros(1, 12, 40)], dim=1)
    assert not torch.allclose(network(padded), network(clip), atol=1e-3)
    assert torch.allclose(network(padded, torch.tensor([20])), network(clip), atol=1e-5)


@pytest.mark.parametrize("length", [6, 7])
def test_pooling_leaves_an_odd_last_frame_out(length):
    """Seven frames give three, with padding behind them or without; the seventh is still seen by the convolution."""
    block, clip = Block(1, 2, 3, pool=2).eval(), torch.randn(1, 1, 4, length)
    padded = torch.cat([clip, torch.zeros(1, 1, 4, 5)], dim=3)
    pooled = block(padded, torch.tensor([length // 2]))
    assert torch.allclose(pooled[..., :3], block(clip), atol=1e-6)
    assert not pooled[..., 3:].any()


@pytest.mark.parametrize(("frames", "lengths"), [(3, None), (9, [3, 9]), (9, [4, 10])])
def test_too_few_or_too_many_frames_are_refused(frames, lengths):
    with pytest.raises(ValueError, match="expected 4 to"):
        CNNATT(SMALL)(
            torch.zeros(2, frames, 40), lengths if lengths is None else torch.tensor(lengths)
        )
