"""What the training benchmark compares: the same training on either side, on batches as published; its clock and its ratios."""

import pytest
import torch

from benchmarks import training as benchmark
from sercore.papers.biagini2022 import models as loopq_models
from sercore.papers.biagini2022.models import ROWS


@pytest.mark.parametrize("name", benchmark.NAMES)
def test_both_sides_train_the_same_network_on_the_same_batch(name):
    """After one step in fp32 all weights agree; the fused optimiser rounds in another order."""
    own, theirs = (
        loop(
            name, list(benchmark.features(name, steps=1, size="small")), size="small", **options
        ).state_dict()
        for loop, options in ((benchmark.ours, {"precision": "fp32"}), (benchmark.plain, {}))
    )
    start = loopq_models.build(
        ROWS[name].model, ROWS[name].variant, size="small", seed=0
    ).state_dict()
    assert [key for key in own if not torch.allclose(own[key], theirs[key], atol=1e-6)] == []
    assert not torch.equal(own["head.weight"], start["head.weight"])


@pytest.mark.parametrize("part", benchmark.PARTS)
def test_a_part_is_there_and_the_training_is_the_same(part):
    """Weights stay fp32 and agree, but for a few whose gradient is no more than rounding: Adam's first step follows its sign."""
    made = list(benchmark.features("CNNLSTM fixed", steps=1, size="small"))
    whole, parted = (
        benchmark.plain("CNNLSTM fixed", made, size="small", part=each) for each in ("", part)
    )
    first, second = (
        torch.cat([weight.flatten() for weight in each.parameters()]) for each in (whole, parted)
    )
    assert second.dtype == torch.float32
    assert ((first - second).abs() > 1e-4).float().mean() < (0.05 if part == "bf16" else 0.01)
    assert torch.equal(first, second) or part != "kept memory"
    assert not torch.equal(first, second) or part != "bf16"
    laid = parted.cnn.blocks[1].conv.weight.is_contiguous(memory_format=torch.channels_last)
    assert laid == (part == "channels-last")


@pytest.mark.parametrize(
    ("name", "batch", "width"),
    [("CNNLSTM as-run", 64, 128), ("FCMFCC as-run", 64, 40), ("CNNATT fixed", 32, 40)],
)
def test_batches_have_the_published_shape_and_lengths_of_1_to_5_s(name, batch, width):
    for spectrogram, lengths, labels in benchmark.features(name, steps=2):
        assert spectrogram.shape == (
            batch,
            int(lengths.max()) if name == "CNNATT fixed" else 313,
            width,
        )
        assert spectrogram.dtype == torch.float32
        assert 63 <= lengths.min() < lengths.max() <= 313
        assert set(labels.tolist()) <= set(range(7))


def test_the_clock_starts_when_the_second_batch_is_asked_for(monkeypatch):
    """The first step is not timed, nor what comes before it; the second is, with the making of its batch."""
    moments = iter([10.0, 14.0])
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: next(moments))
    monkeypatch.setattr(
        benchmark, "features", lambda name: iter([[torch.zeros(1)], [torch.zeros(1)]])
    )
    assert benchmark.seconds(benchmark.nothing, "CNNATT fixed", {}) == 4.0


def test_ratios_are_told_with_their_range():
    assert benchmark.told([6.0, 3.0, 4.0], [2.0, 2.0, 1.0]) == " 3.00 times (1.50 to 4.00)"
