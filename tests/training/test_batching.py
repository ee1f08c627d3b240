"""Clips in one array and padded; batches by length: every clip once, little padding, corpora mixed."""

from contextlib import nullcontext as does_not_raise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.training.batching import Ragged, by_length, padding_share

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=300)


@settings(max_examples=60)
@given(
    lengths=LENGTHS,
    batch=st.integers(1, 40),
    window=st.integers(1, 30),
    seed=st.integers(0, 2**40),
    epoch=st.integers(0, 500),
)
def test_every_clip_stands_in_one_batch_once(lengths, batch, window, seed, epoch):
    batches = by_length(lengths, batch=batch, seed=seed, epoch=epoch, window=window)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    sizes = sorted(len(rows) for rows in batches)
    assert sizes[1:] == [batch] * (len(sizes) - 1)
    assert sizes[0] == (len(lengths) % batch or batch)


@settings(max_examples=60)
@given(lengths=LENGTHS, seed=st.integers(0, 99), epoch=st.integers(0, 99), step=st.integers(0, 40))
def test_a_run_is_taken_up_at_any_step(lengths, seed, epoch, step):
    whole = by_length(lengths, batch=8, seed=seed, epoch=epoch)
    np.random.default_rng().random(3)
    for one, other in zip(
        whole[step:],
        by_length(np.array(lengths), batch=8, seed=seed, epoch=epoch)[step:],
        strict=True,
    ):
        assert np.array_equal(one, other)


def test_epochs_and_seeds_have_orders_of_their_own():
    lengths = np.random.default_rng(0).integers(50, 300, 400)
    orders = {
        tuple(np.concatenate(by_length(lengths, batch=16, seed=seed, epoch=epoch)))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 9
    members = [
        {frozenset(rows.tolist()) for rows in by_length(lengths, batch=16, seed=0, epoch=epoch)}
        for epoch in range(2)
    ]
    assert (
        not members[0] & members[1]
    )  # not the same batches in another order either, though 25 are little more than a window


@settings(max_examples=60)
@given(
    lengths=LENGTHS, batch=st.integers(1, 20), window=st.integers(1, 20), seed=st.integers(0, 99)
)
def test_batches_of_a_window_are_neighbours_in_length(lengths, batch, window, seed):
    """So that no length lies inside more batches than there are windows."""
    batches = by_length(lengths, batch=batch, seed=seed, epoch=0, window=window)
    windows = min(len(batches), max(2, len(batches) // window))
    ends = np.array(
        [[min(lengths[row] for row in rows), max(lengths[row] for row in rows)] for rows in batches]
    )
    between = np.arange(500) + 0.5
    assert ((ends[:, :1] < between) & (between < ends[:, 1:])).sum(0).max() <= windows


def test_equal_lengths_give_a_plain_shuffle_and_no_padding():
    """The window then changes nothing: the batches are those of the shuffled rows."""
    lengths = [100] * 70
    batches = by_length(lengths, batch=8, seed=3, epoch=4)
    order = np.random.default_rng([3, 4]).permutation(70)
    assert {tuple(rows) for rows in batches} == {
        tuple(order[at : at + 8]) for at in range(0, 70, 8)
    }
    assert padding_share(lengths, batches) == 0


def test_batches_of_alike_corpora_are_as_mixed_as_random_ones():
    generator = np.random.default_rng(0)
    lengths, corpus = generator.integers(80, 300, 3200), np.repeat([0, 1], 1600)
    shares = [
        np.concatenate([
            [corpus[rows].mean() for rows in by_length(lengths, batch=32, seed=seed, epoch=0, window=window)] for seed in range(5)
        ])
        for window in (1, 20)
    ]  # fmt: skip
    assert shares[1].std() == pytest.approx(np.sqrt(0.25 / 32), rel=0.15)
    assert shares[0].std() == pytest.approx(shares[1].std(), rel=0.2)


def test_short_batches_are_not_always_first_or_last():
    means = [lengths_of_first(epoch) for epoch in range(40)]
    assert min(means) < 120 < 180 < max(means)


def lengths_of_first(epoch: int) -> float:
    lengths = np.random.default_rng(0).integers(50, 250, 640)
    return lengths[by_length(lengths, batch=16, seed=0, epoch=epoch)[0]].mean()


@pytest.mark.parametrize("batch", [16, 32, 64])
def test_speech_of_two_corpora_is_padded_by_less_than_five_per_cent(batch):
    generator = np.random.default_rng(1)
    lengths = np.concatenate(
        [generator.normal(230, 20, 1248), generator.normal(129, 18, 2800)]
    ).astype(int)
    random, sorted_ = (
        padding_share(lengths, by_length(lengths, batch=batch, seed=0, epoch=0, window=at))
        for at in (1, 20)
    )
    assert sorted_ < 0.05 < 0.3 < random


def test_padding_share_is_counted_by_hand():
    assert padding_share([1, 3, 4, 4], [np.array([0, 1]), np.array([2, 3])]) == pytest.approx(
        2 / 14
    )
    assert padding_share([5], [np.array([0])]) == 0


@pytest.mark.parametrize(
    ("lengths", "changed", "outcome"),
    [
        ([1], {}, does_not_raise()),
        ([], {}, pytest.raises(ValueError, match="no clip")),
        ([3, 0, 5], {}, pytest.raises(ValueError, match="clip 1 has length 0")),
        (
            [3],
            {"batch": 0},
            pytest.raises(ValueError, match="batch=0: too small; expected 1 or more"),
        ),
        ([3], {"window": 0}, pytest.raises(ValueError, match="window=0: too small")),
        (
            [3],
            {"seed": -1},
            pytest.raises(ValueError, match="seed=-1: too small; expected 0 or more"),
        ),
        ([3], {"epoch": -1}, pytest.raises(ValueError, match="epoch=-1: too small")),
    ],
)
def test_what_batches_refuse(lengths, changed, outcome):
    with outcome:
        by_length(lengths, **({"batch": 4, "seed": 0, "epoch": 0} | changed))


@given(sizes=st.lists(st.integers(1, 7), min_size=1, max_size=6), data=st.data())
def test_clips_come_back_and_zeros_stand_behind_them(sizes, data):
    rows = [np.random.default_rng(size).normal(size=(size, 2)).astype(np.float32) for size in sizes]
    ragged = Ragged.of(rows)
    assert ragged.sizes.tolist() == sizes
    picked = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=5))
    batch, lengths = ragged.padded(picked)
    assert batch.shape == (len(picked), max(sizes[row] for row in picked), 2)
    for clip, size, row in zip(batch, lengths.tolist(), picked, strict=True):
        assert size == sizes[row]
        assert torch.equal(clip[:size], torch.from_numpy(rows[row]))
        assert not clip[size:].any()
        assert np.array_equal(ragged.clip(row), rows[row])
