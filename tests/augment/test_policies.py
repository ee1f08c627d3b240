"""Table 1's masks: widths, places and the cap, for any size."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from sercore.augment.policies import AGGRESSIVE, CONSERVATIVE, POLICIES, Policy, masked

SIZES = {
    "clips": some.integers(1, 3),
    "frames": some.integers(1, 40),
    "bands": some.integers(1, 20),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, max_examples=60)
@given(
    **SIZES,
    widest=some.tuples(some.integers(0, 30), some.integers(0, 60)),
    share=some.floats(0, 1),
    seed=some.integers(0, 99),
)
def test_masks_are_runs_within_their_widths_for_any_size(clips, frames, bands, widest, share, seed):
    policy = Policy(
        bands=widest[0], frames=widest[1], share=share, count=1
    )  # F over v and p T under 1 among them
    found = masked(torch.ones(clips, frames, bands), policy, generator=seeded(seed)).numpy() == 0
    for clip in found:
        for line, most in (
            (clip.all(axis=1), min(widest[1], int(frames * share))),
            (clip.all(axis=0), min(widest[0], bands)),
        ):
            covered = np.flatnonzero(line)
            if clip.all():  # one axis masked from end to end hides the other's width
                continue
            assert len(covered) <= most
            assert not len(covered) or covered[-1] - covered[0] + 1 == len(covered)
        rows, columns = clip.all(axis=1), clip.all(axis=0)
        assert np.array_equal(
            clip, rows[:, None] | columns[None, :]
        )  # nothing but the two runs is masked


@pytest.mark.parametrize(("frames", "policy", "widest"), [
    (150, CONSERVATIVE, 30), (200, CONSERVATIVE, 40), (250, CONSERVATIVE, 50), (300, CONSERVATIVE, 50),
    (150, AGGRESSIVE, 30), (200, AGGRESSIVE, 40), (250, AGGRESSIVE, 50), (300, AGGRESSIVE, 60),
])  # fmt: skip
def test_the_cap_binds_as_printed(frames, policy, widest):
    one = Policy(bands=0, frames=policy.frames, share=policy.share, count=1)
    widths = (masked(torch.ones(20_000, frames, 1), one, generator=seeded(0)) == 0).sum(dim=(1, 2))
    assert (int(widths.min()), int(widths.max())) == (0, widest)


@pytest.mark.parametrize("name", [*POLICIES])
def test_same_seed_same_masks_and_the_input_stays(name):
    signal = torch.ones(2, 200, 128)
    first, again = (masked(signal, POLICIES[name], generator=seeded(4)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, masked(signal, POLICIES[name], generator=seeded(5)))
    assert bool((signal == 1).all())
