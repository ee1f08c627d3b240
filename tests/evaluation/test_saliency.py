"""Saliency: closed forms, padding that counts for nothing, numbers by clip."""

import numpy as np
import pytest
import torch
from torch import nn

from sercore.evaluation.saliency import bands, clip, maps, thirds
from sercore.models.cnnlstm import CNNLSTM, Sizes

FRAMES, BANDS, CLASSES = 6, 9, 3
SMALL = Sizes(bands=40, frames=65, channels=(4, 4, 4, 4, 4), pools=(2, 2, 2, 2, 2), hidden=8)


class Linear(nn.Module):
    """A weight for every cell and class; a constant that its second input may add."""

    def __init__(self, read=slice(None)):
        super().__init__()
        drawn = torch.randn(CLASSES, FRAMES, BANDS, generator=torch.Generator().manual_seed(0))
        self.weight = nn.Parameter(torch.zeros_like(drawn))
        self.weight.data[..., read] = drawn[..., read]

    def forward(self, spectrogram, lengths=None):
        logits = torch.einsum("btf,ctf->bc", spectrogram, self.weight)
        return logits if lengths is None else logits + lengths[:, None]


def batch(seed: int = 0, clips: int = 4, frames: int = FRAMES, bands: int = BANDS) -> torch.Tensor:
    return torch.randn(clips, frames, bands, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("more", [False, True])
def test_the_map_of_a_linear_network_is_its_absolute_weights_on_valid_frames(more):
    network, labels, lengths = (
        Linear().eval(),
        torch.tensor([0, 2, 1, 2]),
        torch.tensor([6, 1, 3, 5]),
    )
    inputs = [batch(), lengths] if more else [batch()]
    found = maps(network, inputs, labels, lengths=lengths)
    for own, label, frames in zip(found, labels, lengths, strict=True):
        assert torch.allclose(own[:frames], network.weight[label, :frames].abs())
        assert not own[frames:].any()
    assert not inputs[0].requires_grad
    assert network.weight.grad is None


@pytest.mark.parametrize(("read", "shares"), [(slice(6, 9), [0, 0, 1]), (slice(0, 3), [1, 0, 0])])
def test_a_network_that_reads_one_third_has_its_whole_share_there(read, shares):
    lengths = torch.full((4,), FRAMES)
    found = maps(
        Linear(read).eval(), [batch()], torch.tensor([0, 1, 2, 0]), lengths=lengths
    ).numpy()
    for own, spectrogram in zip(found, batch().numpy(), strict=True):
        assert clip(own, spectrogram)[:3].tolist() == shares


def test_the_logit_is_explained_and_not_the_probability():
    """A softmax saturates: the gradient of the probability of a sure class is nearly zero, that of its logit is not."""
    network, sure = Linear().eval(), 1000 * Linear().weight.detach()[1][None]
    found = maps(network, [sure], torch.tensor([1]), lengths=torch.tensor([FRAMES]))
    assert network(sure).softmax(1)[0, 1] == 1
    assert torch.allclose(found[0], network.weight[1].abs())


def test_no_content_of_the_padding_moves_a_map():
    """A network with an LSTM, in evaluation mode; the same clip alone, and beside another one, in any padding."""
    torch.manual_seed(0)
    network = CNNLSTM(SMALL, variant="fixed").eval()
    clips, lengths, labels = batch(1, 2, 65, 40), torch.tensor([65, 33]), torch.tensor([3, 6])
    found = maps(network, [clips, lengths], labels, lengths=lengths)
    assert found.shape == clips.shape
    assert found[1, :33].any()
    assert not found[1, 33:].any()
    other = clips.clone()
    other[1, 33:] = 100 * batch(2, 1, 32, 40)[0]
    assert torch.allclose(
        maps(network, [other, lengths], labels, lengths=lengths), found, atol=1e-7
    )
    alone = maps(network, [clips[1:], lengths[1:]], labels[1:], lengths=lengths[1:])
    assert torch.allclose(alone[0], found[1], atol=1e-6)


def test_a_map_is_the_slope_of_the_logit():
    torch.manual_seed(0)
    network, lengths = CNNLSTM(SMALL, variant="fixed").eval().double(), torch.tensor([40])
    spectrogram = batch(3, 1, 65, 40).double()
    found = maps(network, [spectrogram, lengths], torch.tensor([2]), lengths=lengths)
    frame, band = np.unravel_index(int(found[0].argmax()), found[0].shape)
    moved = spectrogram.clone()
    moved[0, frame, band] += 1e-6
    slope = (network(moved, lengths) - network(spectrogram, lengths))[0, 2] / 1e-6
    assert float(slope.abs().detach()) == pytest.approx(float(found[0, frame, band]), rel=1e-3)


@pytest.mark.parametrize(
    ("network", "lengths", "message"),
    [
        (Linear().train(), [6] * 4, "training mode; expected evaluation"),
        (Linear().eval(), [6, 6, 6, 0], "0 to 6 valid frames in a batch of 6; expected 1 to 6"),
        (Linear().eval(), [6, 6, 6, 7], "6 to 7 valid frames"),
    ],
)
def test_what_has_no_map_is_told(network, lengths, message):
    with pytest.raises(ValueError, match=message):
        maps(network, [batch()], torch.tensor([0, 1, 2, 0]), lengths=torch.tensor(lengths))


@pytest.mark.parametrize(("bands", "ends"), [(128, (43, 86)), (40, (14, 27)), (3, (1, 2))])
def test_thirds_are_the_sums_over_their_bands(bands, ends):
    energy = np.random.default_rng(0).random((5, bands))
    sums = [part.sum() for part in np.split(energy, ends, axis=1)]
    assert np.allclose(thirds(energy), np.array(sums) / energy.sum())
    assert thirds(energy).sum() == pytest.approx(1)


def test_too_few_bands_and_no_energy():
    with pytest.raises(ValueError, match="2 bands; thirds need at least 3"):
        thirds(np.ones((4, 2)))
    assert np.isnan(thirds(np.zeros((4, 6)))).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_map_that_follows_the_steps_over_frequency_correlates_by_one(sign):
    spectrogram = np.random.default_rng(0).normal(0, 10, (8, 6))
    steps = np.abs(spectrogram[:, 1:] - spectrogram[:, :-1])
    lowest = np.full((8, 1), 99.0)  # there is no step to the lowest band
    assert clip(np.hstack([lowest, 50 + sign * steps]), spectrogram)[3] == pytest.approx(sign)


def test_a_change_over_time_alone_correlates_with_nothing():
    spectrogram = np.arange(5.0)[:, None] * np.ones(6)
    numbers = clip(np.random.default_rng(0).random((5, 6)), spectrogram)
    assert np.isfinite(numbers[:3]).all()
    assert np.isnan(numbers[3])


def test_the_correlation_is_a_numpy_formula_over_cells():
    generator = np.random.default_rng(1)
    saliency, spectrogram = generator.random((7, 5)), generator.normal(0, 1, (7, 5))
    pairs = [
        (saliency[t, f], abs(spectrogram[t, f] - spectrogram[t, f - 1]))
        for t in range(7)
        for f in range(1, 5)
    ]
    a, b = (np.array(each) - np.mean(each) for each in zip(*pairs, strict=True))
    assert clip(saliency, spectrogram)[3] == pytest.approx(
        (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    )


@pytest.mark.parametrize("saliency", [np.ones((4, 6)), np.zeros((4, 6))])
def test_a_constant_map_has_no_correlation(saliency):
    numbers = clip(saliency, np.random.default_rng(0).random((4, 6)))
    assert np.isfinite(numbers[:3]).all() == saliency.any()
    assert np.isnan(numbers[3])


@pytest.mark.parametrize("count", [1, 2])
def test_a_map_of_too_few_bands_is_told(count):
    with pytest.raises(ValueError, match=f"{count} bands; thirds need at least 3"):
        clip(np.ones((4, count)), np.ones((4, count)))


def test_the_share_of_a_band_is_its_sum_over_time():
    energy = np.random.default_rng(0).random((5, 7))
    assert bands(energy) == pytest.approx(energy.sum(0) / energy.sum())
    assert np.isnan(bands(np.zeros((5, 7)))).all()


def test_a_map_of_another_spectrogram_is_told():
    with pytest.raises(ValueError, match=r"a map \(4, 6\) of a spectrogram \(5, 6\)"):
        clip(np.ones((4, 6)), np.ones((5, 6)))
