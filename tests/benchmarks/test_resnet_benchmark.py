"""What the benchmark of paper 04 compares: the same training on either side, every clip's answer twice, padding by its count."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import resnet as benchmark
from benchmarks.resnet import Training
from sercore.training.batching import Ragged, padding_share

TINY = {"size": "small", "batch": 8}


def held(*sizes: int) -> Ragged:
    return Ragged.of([np.zeros((each, 1), np.float32) for each in sizes])


@pytest.mark.parametrize("frozen", [False, True])
def test_both_sides_train_the_same_network_on_the_same_chunks(frozen):
    """After one step in fp32 the second one's loss agrees; bf16 rounds."""
    short = TINY | {"frozen": frozen, "timed": (24,)}
    speed, loss = benchmark.epoch(Training(side="plain", **short), 1)
    assert speed > 0
    for precision, apart in (("fp32", 0.01), ("bf16", benchmark.CLOSE)):
        speed, own = benchmark.epoch(Training(side="ours", precision=precision, **short), 1)
        assert speed > 0
        assert own == pytest.approx(loss, abs=apart)


def test_a_frozen_backbone_is_another_training():
    losses = [
        benchmark.epoch(Training(side="plain", frozen=frozen, timed=(24,), **TINY), 1)[1]
        for frozen in (False, True)
    ]
    assert losses[0] != losses[1]


def test_a_training_is_one_step_of_the_longest_chunks_then_one_of_each_length():
    what = Training(side="ours")
    shapes = [[tuple(signal.shape) for signal, _ in what.batches(number)] for number in (1, 2)]
    assert shapes == [[(16, 300, 128)], [(16, each, 128) for each in (150, 200, 250, 300)]]
    (signal, target), (again, _) = (next(iter(what.batches(2))) for _ in range(2))
    assert torch.equal(signal, again)
    assert 0 <= int(target.min()) < int(target.max()) < benchmark.CLASSES
    assert (signal == 0).any()  # masks


def test_clips_are_as_long_as_told():
    for name, (_, sizes) in benchmark.FRAMES.items():
        found = benchmark.clips(benchmark.FOLD, bands=1, frames=name).sizes
        assert sizes[0] <= found.min() < found.max() <= sizes[-1]
    assert np.mean((usual := benchmark.clips(2000, bands=1).sizes) < 250) < 0.04
    assert np.mean(usual > 500) < 0.04


def test_a_clip_in_a_bucket_gives_what_it_gives_alone(monkeypatch):
    monkeypatch.setattr(benchmark, "FOLD", 20)
    monkeypatch.setitem(benchmark.FRAMES, "mostly 250 to 500 frames", ((0, 1), (20, 80)))
    seconds, apart = benchmark.scored("small", range(20), precision="fp32")
    assert list(seconds) == ["buckets", "one by one", "buckets, memory kept"]
    assert min(seconds.values()) > 0
    assert 0 < apart < benchmark.AGREED  # not bit by bit: they were other batches


def test_the_network_that_answers_has_met_chunks():
    norms = [
        layer for layer in benchmark.settled("small").modules() if isinstance(layer, nn.BatchNorm2d)
    ]
    assert all(layer.running_mean.abs().max() > 0 for layer in norms)
    assert not any(layer.training for layer in norms)


@pytest.mark.parametrize(
    ("sizes", "share"),
    [
        ([10] * 16 + [30] * 16, 0.0),
        ([30, 10] * 16, 0.0),  # sorted before they are batched
        ([10] * 8 + [30] * 8, 1 / 3),
        ([10] * 17, 0.0),
    ],
)
def test_padding_is_counted_in_batches_as_they_are_made(sizes, share):
    clips = held(*sizes)
    assert benchmark.padding(clips) == pytest.approx(share)
    assert padding_share(clips.sizes, benchmark.by_length(clips)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("size", "least", "most"), [(300, 0.0, 0.0), (150, 1e-9, 0.5), (75, 0.5, 0.75)]
)
def test_repeats_are_what_a_clip_lacks_of_its_chunk(size, least, most):
    assert least <= benchmark.repeated(np.full(64, size)) <= most
    assert benchmark.repeated(np.full(64, 20), size="small") >= 1 - 20 / 24


def test_operations_of_a_training_are_counted():
    """A trained convolution's product is taken three times, a fixed one's once; none of the four lengths counts more than once."""
    whole, fixed = (benchmark.work("small", frozen=frozen) for frozen in (False, True))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        benchmark.settled("small")
        counted = counter.get_total_flops()
    chunk = counted / 8 * np.mean([24, 32, 40]) / 40  # one pass of 8 of the longest chunks
    assert fixed == pytest.approx(chunk, rel=0.05)
    assert whole == pytest.approx(3 * chunk, rel=0.05)
    assert benchmark.peak("cpu", side=64, times=1) > 0


def test_processes_add_up(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    speed, loss = benchmark.measured(
        Training(side="plain", frozen=True, timed=(24,), **TINY), "two processes of one thread"
    )
    assert speed > 0
    assert loss == pytest.approx(
        benchmark.epoch(Training(side="plain", frozen=True, timed=(24,), **TINY), 1)[1], abs=1e-4
    )
