"""What the benchmark of paper 02 compares: the same function on either side, on the same clips."""

import numpy as np
import torch

from benchmarks import adversarial as benchmark
from sercore.models.attribute_network import SharedLayers, Sizes

TINY = Sizes(bands=5, channels=(6, 7, 8), units=4, width=3)


def test_the_plain_layers_compute_what_ours_compute():
    torch.manual_seed(0)
    ours = SharedLayers(TINY, initialisation="he").eval()
    torch.manual_seed(0)
    plain = benchmark.PlainLayers(TINY).eval()
    assert sum(weight.numel() for weight in plain.parameters()) == sum(
        weight.numel() for weight in ours.parameters()
    )
    frames, lengths = torch.randn(3, 60, 5), torch.tensor([60, 41, 17])
    frames = (
        frames * (torch.arange(60) < lengths[:, None])[:, :, None]
    )  # batches are padded with zeros
    torch.testing.assert_close(plain(frames, lengths), ours(frames, lengths), atol=1e-5, rtol=1e-5)


def test_both_orders_hold_every_clip_once():
    held, labels = benchmark.clips()
    assert len(labels) == benchmark.CLIPS == len(held.sizes)
    for each in (False, True):
        rows = benchmark.order(held, 8, sorted_by_length=each)
        assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(benchmark.CLIPS))
    frames, lengths, target = next(benchmark.batches(held, labels, rows))
    assert frames.shape == (8, int(lengths.max()), 40)
    assert 0 <= int(target.min()) <= int(target.max()) <= 2


def test_an_epoch_is_timed_and_its_loss_is_the_same_training_s(monkeypatch):
    monkeypatch.setattr(benchmark, "CLIPS", 16)
    speed, loss = benchmark.epoch("plain", "", 1)
    assert speed > 0
    for side, part in (
        ("ours", ""),
        *(("plain", part) for part in benchmark.PARTS if part != "batches by length"),
    ):
        assert (
            abs(benchmark.epoch(side, part, 1)[1] - loss) < 0.02
        )  # the same weights, clips and dropout; bf16 rounds
