"""Masks: where they lie, how wide they are, how often; what they leave alone."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from sercore.augment.spectrogram import mask_bands, mask_time

MASKS = pytest.mark.parametrize("axis", [1, 2], ids=["time", "bands"])
CLIPS = 20_000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def along(axis: int):
    """The mask over that axis of (batch, time, bands)."""
    return {1: mask_time, 2: mask_bands}[axis]


def runs(axis: int, size: int, **arguments) -> tuple[np.ndarray, np.ndarray]:
    """Width and first place of one mask in each of many clips; of no width, the place is meaningless."""
    shape = (CLIPS, size, 1) if axis == 1 else (CLIPS, 1, size)
    masked = (
        (along(axis)(torch.ones(shape), generator=seeded(), **arguments) == 0).flatten(1).numpy()
    )
    widths, starts = masked.sum(axis=1), masked.argmax(axis=1)
    places = np.arange(size)
    assert np.array_equal(
        masked, (places >= starts[:, None]) & (places < (starts + widths)[:, None])
    )  # one run
    return widths, starts


@MASKS
@pytest.mark.parametrize(("size", "width"), [(50, 30), (50, 3), (128, 10), (8, 8), (8, 30), (5, 0)])
def test_width_is_uniform_from_none_to_the_widest(axis, size, width):
    widths, _ = runs(axis, size, width=width)
    counts = np.bincount(widths, minlength=min(width, size) + 1)
    assert len(counts) == min(width, size) + 1
    assert len(counts) == 1 or stats.chisquare(counts).pvalue > 1e-3


@MASKS
@pytest.mark.parametrize("wide", [1, 4, 9, 10])
def test_place_is_uniform_over_where_the_mask_fits(axis, wide):
    widths, starts = runs(axis, 10, width=10)
    counts = np.bincount(starts[widths == wide], minlength=10 - wide + 1)
    assert len(counts) == 10 - wide + 1
    assert len(counts) == 1 or stats.chisquare(counts).pvalue > 1e-3


@MASKS
@pytest.mark.parametrize(("share", "widest"), [(0.0, 0), (0.2, 2), (0.29, 2), (0.5, 5), (1.0, 7)])
def test_share_caps_the_width(axis, share, widest):
    widths, _ = runs(axis, 10, width=7, share=share)
    assert set(widths) == set(range(widest + 1))


@given(
    axis=some.sampled_from([1, 2]),
    shape=some.tuples(some.integers(0, 4), some.integers(1, 20), some.integers(1, 20)),
    width=some.integers(0, 30),
    count=some.integers(0, 3),
    value=some.sampled_from([0.0, -80.0, 1.5]),
    seed=some.integers(0, 999),
)
@settings(max_examples=150)
def test_masked_cells_get_the_value_and_no_other_changes(axis, shape, width, count, value, seed):
    spectrograms = torch.rand(shape, generator=seeded(seed)) + 2
    before = spectrograms.clone()
    masked = along(axis)(
        spectrograms, width=width, count=count, value=value, generator=seeded(seed)
    )
    assert torch.equal(spectrograms, before)
    assert masked.shape == spectrograms.shape
    changed = masked != before
    assert (masked[changed] == value).all()
    whole = changed.any(dim=3 - axis)  # a place is masked in all of the other axis, or in none
    assert torch.equal(changed, whole.unsqueeze(3 - axis).expand_as(changed))
    assert (whole.sum(dim=1) <= min(width * count, shape[axis])).all()


@given(
    lengths=some.lists(some.integers(0, 12), min_size=1, max_size=6),
    width=some.integers(0, 30),
    seed=some.integers(0, 99),
)
@settings(max_examples=60)
def test_padding_is_not_masked_and_its_amount_changes_nothing(lengths, width, seed):
    draw = partial(mask_time, width=width, count=2, lengths=torch.tensor(lengths))
    tight, loose = (
        draw(torch.ones(len(lengths), frames, 3), generator=seeded(seed)) for frames in (12, 40)
    )
    assert torch.equal(tight, loose[:, :12])
    for clip, length in zip(loose, lengths, strict=True):
        assert (clip[length:] == 1).all()


def test_a_padded_clip_is_masked_like_a_short_one():
    lengths = torch.full((CLIPS,), 4)
    masked = mask_time(torch.ones(CLIPS, 9, 1), width=30, lengths=lengths, generator=seeded()) == 0
    assert torch.equal(
        masked[:, :4], mask_time(torch.ones(CLIPS, 4, 1), width=30, generator=seeded()) == 0
    )


@MASKS
def test_the_seed_decides_and_clips_differ(axis):
    spectrograms = torch.ones(8, 40, 40)
    first, again, other = (
        along(axis)(spectrograms, width=20, generator=seeded(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len({clip.numpy().tobytes() for clip in first}) > 1


@MASKS
@pytest.mark.parametrize("arguments", [{"width": 0}, {"width": 30}, {"width": 30, "share": 0.1}])
def test_the_generator_moves_on_alike(axis, arguments):
    generator, expected = seeded(), seeded()
    along(axis)(torch.ones(5, 9, 9), count=2, generator=generator, **arguments)
    torch.rand((2, 5, 2), dtype=torch.float64, generator=expected)
    assert torch.equal(generator.get_state(), expected.get_state())


def test_two_masks_of_the_reports_widths():
    spectrograms = torch.ones(200, 313, 128)
    masked = (
        mask_bands(
            mask_time(spectrograms, width=30, generator=seeded(1)), width=10, generator=seeded(2)
        )
        == 0
    )
    frames, bands = masked.all(dim=2).sum(dim=1), masked.all(dim=1).sum(dim=1)
    assert frames.max() == 30
    assert bands.max() == 10
    assert torch.equal(masked.sum(dim=(1, 2)), frames * 128 + bands * 313 - frames * bands)


@MASKS
@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((9, 9), {"width": 3}, r"spectrograms of shape \(9, 9\); expected \(batch, time, bands\)"),
        ((2, 9, 9), {"width": -1}, "width=-1: expected 0 or more"),
        ((2, 9, 9), {"width": 3, "count": -2}, "count=-2: expected 0 or more"),
        ((2, 9, 9), {"width": 3, "share": 1.1}, r"share=1\.1: expected 0 to 1"),
    ],
)
def test_what_cannot_be_masked_is_refused(axis, shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        along(axis)(torch.ones(shape), generator=seeded(), **arguments)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([9], r"lengths of shape \(1,\); expected one for each of 2 clips"),
        ([9, 10], "lengths from 9 to 10; expected 0 to 9 frames"),
        ([-1, 9], "lengths from -1 to 9; expected 0 to 9 frames"),
    ],
)
def test_lengths_that_are_not_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        mask_time(torch.ones(2, 9, 9), width=3, generator=seeded(), lengths=torch.tensor(lengths))
