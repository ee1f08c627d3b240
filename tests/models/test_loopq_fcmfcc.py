"""M2: counts by part, shapes by block, the pooled zero on the right, and a clip that does not know its batch."""

import pytest
import torch

from sercore.models.fcmfcc import AS_DESCRIBED, AS_RUN, FCMFCC, Sizes

SMALL = Sizes(frames=41, path_channels=3, channels=(4, 5, 6, 7, 8))


def settled():
    """Small, in evaluation mode, with batch norms that have seen data."""
    torch.manual_seed(0)
    network = FCMFCC(SMALL)
    with torch.no_grad():
        network.train()(torch.randn(8, 41, 40) * 3 + 1)
    return network.eval()


@pytest.mark.parametrize(("sizes", "trunk"), [(AS_RUN, 459_008), (AS_DESCRIBED, 868_608)])
def test_parameters_of_each_part(sizes, trunk):
    with torch.device("meta"):
        network = FCMFCC(sizes)
    parts = {
        name: sum(weight.numel() for weight in part.parameters())
        for name, part in network.named_children()
    }
    assert parts == {"parallel": 1_216, "trunk": trunk, "dropout": 0, "head": 2_247}
    last = network.trunk[-1][0]
    assert last.weight.numel() + last.bias.numel() == {1: 51_520, 3: 461_120}[sizes.last_kernel]


@pytest.mark.parametrize("sizes", [AS_RUN, AS_DESCRIBED])
def test_shapes_of_the_layer_table(sizes):
    shapes = []
    with torch.device("meta"):
        network, spectrogram = FCMFCC(sizes), torch.empty(3, 313, 40)
    for block in (network.parallel, *network.trunk):
        block.register_forward_hook(
            lambda block, inputs, output: shapes.append(tuple(output.shape[1:]))
        )
    assert network(spectrogram).shape == (3, 7)
    assert network.hidden(spectrogram).shape == (3, 320)
    assert shapes[:6] == [
        (96, 20, 157),
        (64, 10, 78),
        (96, 5, 39),
        (128, 2, 39),
        (160, 1, 39),
        (320, 1, 1),
    ]


def test_a_path_averages_with_a_zero_on_the_right_and_below():
    """By hand, with convolutions that give one and batch norms that keep it: an edge of 1/2, a corner of 1/4."""
    network = FCMFCC(Sizes(coefficients=5, frames=7, path_channels=1)).eval()
    for conv in (path[0] for path in network.parallel.paths):
        torch.nn.init.zeros_(conv.weight)
        torch.nn.init.ones_(conv.bias)
    pooled = network.parallel(torch.randn(1, 1, 5, 7))
    assert pooled.shape == (1, 3, 3, 4)
    expected = torch.tensor([[1, 1, 1, 0.5], [1, 1, 1, 0.5], [0.5, 0.5, 0.5, 0.25]])
    assert torch.allclose(pooled, expected.expand(1, 3, 3, 4), atol=1e-4)


@pytest.mark.parametrize(
    ("path", "rows", "columns"),
    [(0, {9, 10, 11}, {19, 20, 21}), (1, set(range(6, 15)), {20}), (2, {10}, set(range(15, 26)))],
)
def test_a_kernel_spans_coefficients_by_frames(path, rows, columns):
    """One cell of the picture, the 10th coefficient of frame 20, reaches what the printed kernel size says."""
    conv = FCMFCC().parallel.paths[path][0]
    spike = torch.zeros(1, 1, 40, 313)
    spike[0, 0, 10, 20] = 1
    reached = (conv(spike) - conv(torch.zeros_like(spike))).abs().sum((0, 1)).nonzero()
    assert {int(row) for row, _ in reached} == rows
    assert {int(column) for _, column in reached} == columns


def test_a_clip_alone_and_in_a_batch_agree():
    network, clips = settled(), torch.randn(6, 41, 40)
    logits = network(clips)
    for row in range(6):
        assert torch.allclose(network(clips[row : row + 1]), logits[row : row + 1], atol=1e-5)


def test_the_appended_zeros_count():
    """They are part of the 5 s, so ``lengths`` is not read and what stands there matters."""
    network, clips = settled(), torch.randn(2, 41, 40)
    logits = network(clips)
    assert torch.equal(network(clips, torch.tensor([20, 20])), logits)
    clips[:, 20:] = -80
    assert not torch.allclose(network(clips), logits, atol=1e-2)


@pytest.mark.parametrize("shape", [(2, 40, 313), (2, 312, 40), (313, 40)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"reads \(batch, 313, 40\)"):
        FCMFCC()(torch.zeros(shape))
