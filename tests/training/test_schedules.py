"""Schedules against torch's own, driven by hand."""

from contextlib import nullcontext as does_not_raise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sercore.training.schedules import Plateau, Steps


def rates_by_torch(scheduler, optimiser, losses, *, plateau):
    rates = []
    for loss in losses:
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step(loss) if plateau else scheduler.step()
    return [*rates, optimiser.param_groups[0]["lr"]]


LOSSES = st.lists(
    st.sampled_from([0.5, 0.9999, 0.99991, 1.0, 1.1]) | st.floats(0.01, 3), max_size=60
)


@given(LOSSES, st.integers(0, 6), st.sampled_from([0.1, 0.5]), st.sampled_from([0.0, 1e-5, 2e-4]))
def test_plateau_is_torchs_to_the_bit(losses, patience, factor, floor):
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, patience=patience, factor=factor, min_lr=floor
    )
    plateau = Plateau(patience=patience, factor=factor, floor=floor)
    ours = [plateau.rate(1e-3, losses[:done]) for done in range(len(losses) + 1)]
    assert ours == rates_by_torch(scheduler, optimiser, losses, plateau=True)


@given(st.sets(st.integers(1, 20)), st.integers(0, 25))
def test_steps_are_torchs_to_the_bit(at, epochs):
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=3e-4)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimiser, milestones=sorted(at), gamma=0.1)
    steps = Steps(at=tuple(sorted(at)), factor=0.1)
    ours = [steps.rate(3e-4, [1.0] * done) for done in range(epochs + 1)]
    assert ours == rates_by_torch(scheduler, optimiser, [1.0] * epochs, plateau=False)


def test_the_cut_comes_after_patience_plus_one_epochs():
    assert Plateau(patience=2, factor=0.1).cuts([1.0, 0.9, 0.9, 0.9, 0.9, 0.9]) == [5]


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        (lambda: Plateau(patience=0, factor=0.5), does_not_raise()),
        (lambda: Steps(at=()), does_not_raise()),
        (
            lambda: Steps(at=(15, 15)),
            pytest.raises(ValueError, match="each later than the one before"),
        ),
        (lambda: Steps(at=(0, 5)), pytest.raises(ValueError, match="epochs from 1 on")),
        (lambda: Plateau(patience=-1, factor=0.5), pytest.raises(ValueError, match="patience=-1")),
        (
            lambda: Plateau(patience=1, factor=1.0),
            pytest.raises(ValueError, match=r"factor=1\.0: expected more than 0 and less than 1"),
        ),
    ],
)
def test_what_a_schedule_refuses(make, outcome):
    with outcome:
        make()
