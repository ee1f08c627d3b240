"""Pooling and head of paper 04's network: the closed form, finite gradients, another encoder's frames, what is refused."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sercore.models.resnet import Head, statistics


@given(steps=st.lists(st.integers(1, 12), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_pooling_is_its_closed_form(steps, seed):
    rows = np.random.default_rng(seed).normal(3, 2, (len(steps), 5, max(steps)))
    found = statistics(torch.from_numpy(rows), torch.tensor(steps)).numpy()
    own = [clip[:, :length] for clip, length in zip(rows, steps, strict=True)]
    expected = [np.concatenate([clip.mean(1), np.sqrt(clip.var(1) + 1e-5)]) for clip in own]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(
        statistics(torch.from_numpy(rows), torch.tensor(steps), deviation=False), found[:, :5]
    )


def test_pooling_of_half_precision_is_computed_in_single():
    rows = torch.randn(2, 5, 400, generator=torch.Generator().manual_seed(0)).bfloat16()
    torch.testing.assert_close(
        statistics(rows, None), statistics(rows.float(), None), rtol=0, atol=0
    )


def test_a_constant_row_has_a_finite_gradient():
    rows = torch.full((2, 5, 7), 3.0, requires_grad=True)
    pooled = statistics(rows, torch.tensor([7, 1]))
    assert pooled[:, 5:].tolist() == [[pytest.approx(1e-5**0.5)] * 5] * 2
    (gradient,) = torch.autograd.grad(pooled.sum(), rows)
    torch.testing.assert_close(gradient[0], torch.full((5, 7), 1 / 7))


def test_a_head_alone_reads_another_encoder_s_frames():
    head = Head(512, 4, pooling="statistics").eval()
    rows = torch.randn(3, 512, 20, generator=torch.Generator().manual_seed(0))
    alone = torch.cat(
        [head(clip[None, :, :steps]) for clip, steps in zip(rows, (20, 7, 1), strict=True)]
    )
    torch.testing.assert_close(head(rows, torch.tensor([20, 7, 1])), alone)
    assert head.embed(rows).shape == (3, 256)
    assert head.full.in_features == 1024


@pytest.mark.parametrize(
    ("options", "shape", "lengths", "told"),
    [
        (
            {"pooling": "maximum"},
            (),
            None,
            "pooling=maximum: unknown; expected statistics, mean, flatten",
        ),
        ({"pooling": "flatten"}, (), None, "steps=None: pooling=flatten reads clips of one length"),
        (
            {"pooling": "mean"},
            (2, 7, 5),
            None,
            r"rows of shape \(2, 7, 5\); the head reads \(batch, 6, steps\)",
        ),
        ({"pooling": "mean"}, (6, 5), None, r"rows of shape \(6, 5\); the head reads"),
        ({"pooling": "flatten", "steps": 4}, (2, 6, 5), None, r"the head reads \(batch, 6, 4\)"),
        (
            {"pooling": "flatten", "steps": 5},
            (2, 6, 5),
            [5, 4],
            "clips of 4 to 5 steps in a batch of 5; expected 5 to 5",
        ),
        ({"pooling": "mean"}, (2, 6, 5), [5], r"lengths of shape \(1,\); expected \(2,\)"),
        (
            {"pooling": "mean"},
            (2, 6, 5),
            [40, 38],
            "clips of 38 to 40 steps in a batch of 5; expected 1 to 5.* not frames",
        ),
        ({"pooling": "mean"}, (2, 6, 5), [0, 5], "clips of 0 to 5 steps"),
        ({"pooling": "mean", "steps": 9}, (2, 6, 5), [1, 5], None),
    ],
)
def test_what_a_head_refuses(options, shape, lengths, told):
    with pytest.raises(ValueError, match=told) if told else nullcontext():
        head = Head(6, 3, width=4, **options).eval()
        assert head(
            torch.zeros(shape), lengths if lengths is None else torch.tensor(lengths)
        ).shape == (2, 3)
