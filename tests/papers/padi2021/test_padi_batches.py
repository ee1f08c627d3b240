"""Batches of paper 04: masks on the versions that have them, the same again from the same seed, read ahead or not."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from sercore.augment.policies import POLICIES
from sercore.papers.padi2021 import trial as padi_trial
from sercore.training import chunks
from sercore.training.batching import Ragged
from sercore.training.chunks import answered, batches, in_turn
from tests.papers.padi2021 import padi_toy

ROWS = np.arange(0, 60, 2)
BOTH = padi_trial.VERSIONS["both"]


@pytest.fixture(scope="module")
def data():
    return padi_toy.data()


@pytest.fixture(scope="module")
def frames(data):
    """Noise of as many bands as the masks are made for."""
    draw = np.random.default_rng(0)
    return Ragged.of([draw.normal(size=(size, 128)).astype(np.float32) for size in data.raw.sizes])


def epoch(number=1, *, versions=3, lengths=(24, 32, 40)):
    return chunks.epoch(ROWS, number=number, seed=5, batch=8, versions=versions, lengths=lengths)


def cut(frames, batch):
    """Plain chunks of a batch."""
    read = zip(batch.rows, batch.places, strict=True)
    return np.stack(
        [chunks.cut(frames.clip(row), length=batch.length, place=place) for row, place in read]
    )


@pytest.mark.parametrize("augmentation", padi_trial.VERSIONS)
def test_masks_are_on_the_versions_that_have_them(data, frames, augmentation):
    """A masked cell is 0, in whole frames and whole bands; every other cell, and every plain chunk, is the clip's own."""
    policies, target = padi_trial.VERSIONS[augmentation], data.targets["exp3"]
    covered = {policy: [] for policy in {*policies}}
    for batch, (signal, classes) in zip(
        epoch(), batches(frames, target, epoch(), policies), strict=True
    ):
        plain = cut(frames, batch)
        assert signal.dtype == torch.float32
        assert np.array_equal(classes, target[batch.rows])
        for found, own, version in zip(signal.numpy(), plain, batch.versions, strict=True):
            changed = found != own
            assert not found[changed].any()
            assert np.array_equal(changed, changed.all(1)[:, None] | changed.all(0)[None])
            covered[policies[version]].append(
                (changed.all(1).sum() / len(own), changed.all(0).sum())
            )
    assert sum(map(len, covered.values())) == 3 * len(ROWS)
    for policy, each in covered.items():
        share, bands = (max(column) for column in zip(*each, strict=True))
        if policy == "plain":
            assert (share, bands) == (0, 0)
        else:
            assert 0.1 < share <= 2 * POLICIES[policy].share
            assert POLICIES[policy].bands / 2 < bands <= 2 * POLICIES[policy].bands


def test_the_clips_are_left_as_they_are(data, frames):
    before = frames.values.copy()
    for _ in batches(frames, data.targets["exp1"], epoch(), BOTH):
        pass
    assert np.array_equal(frames.values, before)


def test_the_same_seed_gives_the_same_batch_whatever_was_drawn_before(data, frames):
    found = []
    for _ in range(2):
        torch.rand(7)
        found.append([signal for signal, _ in batches(frames, data.targets["exp1"], epoch(), BOTH)])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    reseeded = [replace(batch, seed=batch.seed + 1) for batch in epoch()]
    other = [signal for signal, _ in batches(frames, data.targets["exp1"], reseeded, BOTH)]
    assert not any(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))


def test_masks_differ_within_a_batch_and_between_epochs(data, frames):
    alike = [
        replace(batch, rows=np.zeros_like(batch.rows), places=np.zeros_like(batch.places))
        for batch in epoch()
    ]
    for signal, _ in batches(frames, data.targets["exp1"], alike, ("aggressive",) * 3):
        assert len({chunk.numpy().tobytes() for chunk in signal}) == len(signal)
    assert {batch.seed for batch in epoch(1)}.isdisjoint(batch.seed for batch in epoch(2))


def test_clips_read_ahead_are_the_same(data, frames):
    here, ahead = (
        list(batches(frames, data.targets["exp1"], epoch(), BOTH, workers=workers))
        for workers in (0, 1)
    )
    assert len(here) == len(ahead) == 12
    for one, other in zip(here, ahead, strict=True):
        assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))


def test_each_version_of_a_clip_has_its_turn(data, frames):
    met = Counter()
    for number in range(1, 4):
        read = epoch(number, versions=1)
        turned = in_turn(read, versions=3, number=number)
        assert all(
            np.array_equal(one.rows, two.rows) for one, two in zip(read, turned, strict=True)
        )
        versions = {
            row: version
            for batch in turned
            for row, version in zip(batch.rows, batch.versions, strict=True)
        }
        assert Counter(versions.values()) == dict.fromkeys(
            range(3), len(ROWS) / 3
        )  # within one epoch, too
        met.update(versions.items())
    assert met == {(row, version): 1 for row in ROWS for version in range(3)}


def test_clips_are_answered_in_the_order_of_the_rows(frames):
    """Whole clips come with their lengths, and nothing but zeros behind them; clips of one length come alone."""
    rows = [7, 3, 41, 12] * 5
    sizes = []

    def whole(signal, lengths):
        sizes.extend(lengths.tolist())
        inside = torch.arange(signal.shape[1]) < lengths[:, None]
        assert not signal[~inside].any()
        return torch.stack([signal[:, 0, 0].double(), signal.double().sum((1, 2))], dim=1)

    found = answered(whole, frames, rows, device=torch.device("cpu"))
    expected = np.array(
        [[frames.clip(row)[0, 0], frames.clip(row).astype(np.float64).sum()] for row in rows]
    )
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert sizes == sorted(sizes)
    middle = answered(
        lambda signal: signal[:, :, 0], frames, rows, device=torch.device("cpu"), length=20
    )
    for row, values in zip(rows, middle, strict=True):
        clip, start = frames.clip(row), (len(frames.clip(row)) - 20 + 1) // 2
        np.testing.assert_array_equal(values, clip[start : start + 20, 0])


class Apart:
    """Clips that are read one by one."""

    def __init__(self, frames):
        self.clip = frames.clip


def test_clips_that_are_not_in_memory_are_answered_one_by_one(frames):
    numbers = []

    def whole(signal, lengths):
        numbers.append(len(signal))
        return signal.mean((1, 2))[:, None]

    rows = [5, 0, 30]
    assert torch.equal(
        answered(whole, Apart(frames), rows, device=torch.device("cpu")),
        torch.tensor([[torch.tensor(frames.clip(row)).mean()] for row in rows]),
    )
    assert numbers == [1, 1, 1]
