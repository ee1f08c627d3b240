"""M1: counts by part, shapes by block, what the LSTM runs over, what the last dropout does, and silent padding."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.models.cnnlstm import CNNLSTM, Sizes

AS_RUN, PER_CLIP, FIXED = (
    partial(CNNLSTM, variant=variant) for variant in ("as-run", "per-clip", "fixed")
)
SMALL = Sizes(
    bands=32, frames=70, channels=(4, 6, 8, 12, 16), pools=(2, 2, 2, 2, 2), hidden=16
)  # 2 steps, as in the paper


def settled(kind, *, seed=0):
    """Small, in evaluation mode, with batch norms that have seen data: a channel's zero is no longer a zero."""
    torch.manual_seed(seed)
    network = kind(SMALL)
    with torch.no_grad():
        network.train()(torch.randn(8, 70, 32) * 3 + 1)
    return network.eval()


@pytest.mark.parametrize(
    ("kind", "lstm"), [(AS_RUN, 1_314_816), (PER_CLIP, 1_314_816), (FIXED, 1_052_672)]
)
def test_parameters_of_each_part(kind, lstm):
    with torch.device("meta"):
        network = kind()
    parts = {
        name: sum(weight.numel() for weight in part.parameters())
        for name, part in network.named_children()
    }
    assert parts == {"cnn": 411_984, "lstm": lstm, "dropout": 0, "head": 1_799}


@pytest.mark.parametrize("kind", [AS_RUN, PER_CLIP, FIXED])
def test_shapes_of_the_layer_table(kind):
    shapes = []
    with torch.device("meta"):
        network, spectrogram = kind(), torch.empty(3, 313, 128)
    for block in network.cnn.blocks:
        block.register_forward_hook(
            lambda block, inputs, output: shapes.append(tuple(output.shape[1:]))
        )
    assert network(spectrogram).shape == (3, 7)
    assert network.hidden(spectrogram).shape == (3, 256)
    assert shapes[:5] == [(32, 64, 156), (48, 32, 78), (64, 16, 39), (128, 4, 9), (256, 1, 2)]


def test_as_run_reads_the_batch_as_one_sequence():
    """A clip alone is the first step; the second depends on the first; the order of a batch matters."""
    network, clips = settled(AS_RUN), torch.randn(6, 70, 32)
    hidden, order = network.hidden(clips), torch.tensor([3, 0, 5, 1, 4, 2])
    assert torch.allclose(hidden[:1], network.hidden(clips[:1]), atol=1e-6)
    assert not torch.allclose(hidden[1:2], network.hidden(clips[1:2]), atol=1e-4)
    moved = (network.hidden(clips[order]) - hidden[order]).abs().amax(1)
    assert moved.min() > 1e-4


@pytest.mark.parametrize("kind", [PER_CLIP, FIXED])
def test_the_other_readings_do_not(kind):
    network, clips = settled(kind), torch.randn(6, 70, 32)
    logits, order = network(clips), torch.tensor([3, 0, 5, 1, 4, 2])
    assert torch.allclose(network(clips[order]), logits[order], atol=1e-6)
    assert torch.allclose(network(clips[4:5]), logits[4:5], atol=1e-6)
    assert torch.equal(network(clips), logits)


def test_as_run_and_per_clip_share_layers_and_agree_on_a_clip_alone():
    first, second = settled(AS_RUN), CNNLSTM(SMALL, variant="per-clip").eval()
    second.load_state_dict(first.state_dict())
    clip = torch.randn(1, 70, 32)
    assert torch.allclose(first.hidden(clip), second.hidden(clip), atol=1e-6)


def test_the_last_dropout_of_as_run_acts_in_evaluation():
    """Two evaluations differ; each logit is a head's sum over half the units, doubled, so their mean is the sum over all."""
    network, clips = settled(AS_RUN), torch.randn(4, 70, 32)
    assert not torch.equal(network(clips), network(clips))
    with torch.no_grad():
        hidden = network.hidden(clips)
        network.hidden = lambda clips, lengths: hidden
        mean = torch.stack([network(clips) for _ in range(4000)]).mean(0)
        assert torch.allclose(mean, network.head(hidden), atol=0.01)


def test_recurrent_weights_of_per_clip_are_idle():
    """524,288 in the published sizes: the one step of a sequence has nothing before it."""
    network = settled(PER_CLIP)
    network(torch.randn(4, 70, 32)).square().sum().backward()
    idle = {name for name, weight in network.named_parameters() if not weight.grad.any()}
    assert idle == {"lstm.weight_hh_l0", "lstm.weight_hh_l1"}
    with torch.device("meta"):
        assert (
            sum(
                weight.numel()
                for name, weight in CNNLSTM(variant="per-clip").named_parameters()
                if name in idle
            )
            == 524_288
        )


@settings(max_examples=20)
@given(
    lengths=st.lists(st.integers(1, 70), min_size=2, max_size=4),
    content=st.sampled_from([-80.0, 1e6, 3e38]),
    seed=st.integers(0, 99),
)
def test_padding_changes_nothing_in_fixed(lengths, content, seed):
    network, clips = settled(FIXED, seed=seed), torch.randn(len(lengths), 70, 32)
    valid = torch.tensor(lengths)
    expected = network(clips, valid)
    for clip, length in zip(clips, lengths, strict=True):
        clip[length:] = content
    assert torch.equal(network(clips, valid), expected)
    for row in range(len(lengths)):
        assert torch.allclose(
            network(clips[row : row + 1], valid[row : row + 1]), expected[row : row + 1], atol=1e-5
        )


def test_a_clip_alone_and_in_a_batch_agree_in_the_published_sizes():
    """In fixed, whatever stands in the padding; as run, all but the first clip differ, whatever the lengths."""
    batch, lengths = torch.randn(3, 313, 128), torch.tensor([313, 188, 63])
    torch.manual_seed(0)
    for kind, same in ((FIXED, True), (AS_RUN, False)):
        network = kind().eval()
        with torch.no_grad():
            together = network.head(network.hidden(batch, lengths))
            alone = [
                network.head(network.hidden(clip[None], length[None]))
                for clip, length in zip(batch, lengths, strict=True)
            ]
        apart = (together - torch.cat(alone)).abs().amax(1)
        assert apart[0] < 1e-5
        assert (apart[1:].max() < 1e-5) if same else (apart[1:].min() > 1e-4)


@pytest.mark.parametrize(("length", "step"), [(1, 0), (31, 0), (32, 0), (33, 1), (64, 1), (70, 1)])
def test_the_last_valid_step_reaches_the_head(length, step):
    """A step is 32 frames here; a step that begins is read, with its padding at zero."""
    network, clips = settled(FIXED), torch.randn(1, 70, 32)
    steps = network.cnn(clips, torch.tensor([length])).flatten(1, 2).transpose(1, 2)
    alone = network.lstm(steps[:, : step + 1])[0][:, -1]
    assert torch.allclose(network.hidden(clips, torch.tensor([length])), alone, atol=1e-6)


def test_without_lengths_padding_matters():
    """The planted fault: zeros appended to the waveform are -80 dB in the picture, and reach the head."""
    network, clips = settled(FIXED), torch.randn(2, 70, 32)
    logits = network(clips)
    clips[:, 40:] = -80
    assert not torch.allclose(network(clips), logits, atol=1e-3)


def test_all_frames_valid_is_no_lengths():
    network, clips = settled(FIXED), torch.randn(3, 70, 32)
    assert torch.equal(network(clips), network(clips, torch.tensor([70, 70, 70])))


@pytest.mark.parametrize("kind", [AS_RUN, PER_CLIP, FIXED])
def test_another_number_of_frames_is_refused(kind):
    with pytest.raises(ValueError, match=r"reads \(batch, 70, 32\)"):
        kind(SMALL)(torch.zeros(2, 64, 32))
