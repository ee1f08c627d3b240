"""Pictures of padded batches: which axis is which, what is refused, what is made zero."""

from contextlib import nullcontext

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sercore.models.masking import as_picture, check_lengths, masked


def test_a_picture_has_bands_for_rows():
    picture = as_picture(torch.arange(12.0).reshape(1, 4, 3), bands=3)
    assert picture.shape == (1, 1, 3, 4)
    assert picture[0, 0, 1].tolist() == [1, 4, 7, 10]


@pytest.mark.parametrize(
    ("shape", "frames", "outcome"),
    [
        ((2, 9, 40), None, nullcontext()),
        ((2, 9, 40), 9, nullcontext()),
        (
            (2, 8, 40),
            9,
            pytest.raises(ValueError, match=r"\(2, 8, 40\); the network reads \(batch, 9, 40\)"),
        ),
        ((2, 40, 9), None, pytest.raises(ValueError, match=r"reads \(batch, time, 40\)")),
        ((9, 40), None, pytest.raises(ValueError, match=r"\(9, 40\)")),
    ],
)
def test_shapes(shape, frames, outcome):
    with outcome:
        assert as_picture(torch.zeros(shape), bands=40, frames=frames).shape == (2, 1, 40, 9)


@pytest.mark.parametrize(
    ("lengths", "outcome"),
    [
        (None, nullcontext()),
        ([4, 9], nullcontext()),
        (
            [3, 9],
            pytest.raises(
                ValueError, match="clips of 3 to 9 frames in a picture of 9; expected 4 to 9"
            ),
        ),
        ([4, 10], pytest.raises(ValueError, match="4 to 10 frames")),
        ([4], pytest.raises(ValueError, match=r"shape \(1,\); expected \(2,\)")),
    ],
)
def test_lengths(lengths, outcome):
    picture = torch.zeros(2, 1, 5, 9)
    with outcome:
        assert (
            check_lengths(lengths if lengths is None else torch.tensor(lengths), picture, least=4)
            is None
        )


def test_a_picture_that_is_too_short_is_refused_without_lengths():
    with pytest.raises(ValueError, match="clips of 3 to 3 frames"):
        check_lengths(None, torch.zeros(2, 1, 5, 3), least=4)


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    content=st.sampled_from([1e30, -3e38, 7.0]),
)
def test_padding_is_zero_whatever_numbers_stood_there(lengths, content):
    picture = torch.ones(len(lengths), 2, 3, 6)
    for clip, length in zip(picture, lengths, strict=True):
        clip[:, :, length:] = content
    kept = masked(picture, torch.tensor(lengths))
    assert kept.sum((1, 2, 3)).tolist() == [6 * length for length in lengths]
    assert masked(picture, None) is picture
