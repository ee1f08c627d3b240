"""Clips of unequal length in one array, and padded batches of them."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from sercore.training.batching import Ragged


@given(sizes=st.lists(st.integers(1, 7), min_size=1, max_size=6), data=st.data())
def test_clips_come_back_and_zeros_stand_behind_them(sizes, data):
    rows = [np.random.default_rng(size).normal(size=(size, 2)).astype(np.float32) for size in sizes]
    held = Ragged.of(rows)
    assert held.sizes.tolist() == sizes
    chosen = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=5))
    batch, lengths = held.padded(chosen)
    assert batch.shape == (len(chosen), max(sizes[row] for row in chosen), 2)
    for clip, size, row in zip(batch, lengths.tolist(), chosen, strict=True):
        assert size == sizes[row]
        assert torch.equal(clip[:size], torch.from_numpy(rows[row]))
        assert not clip[size:].any()
        assert np.array_equal(held.clip(row), rows[row])
