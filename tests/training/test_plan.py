"""Plans that make no sense are refused before a network is touched."""

from contextlib import nullcontext as does_not_raise

import pytest

from sercore.training.fitting import Plan
from sercore.training.schedules import Plateau, Steps


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        (
            lambda: Plan(epochs=1, batch=1, stop=1, schedule=Plateau(patience=0, factor=0.5)),
            does_not_raise(),
        ),
        (
            lambda: Plan(optimiser="sgd"),
            pytest.raises(ValueError, match="optimiser=sgd: unknown; expected adam or adamw"),
        ),
        (
            lambda: Plan(precision="fp16"),
            pytest.raises(ValueError, match="precision=fp16: unknown"),
        ),
        (
            lambda: Plan(epochs=0),
            pytest.raises(ValueError, match="epochs=0: too small; expected 1 or more"),
        ),
        (lambda: Plan(rate=0), pytest.raises(ValueError, match="rate=0: expected more than 0")),
        (lambda: Plan(rate=float("nan")), pytest.raises(ValueError, match="rate=nan")),
        (
            lambda: Plan(weight_decay=-1),
            pytest.raises(ValueError, match="weight_decay=-1: too small"),
        ),
        (
            lambda: Plan(stop=2, schedule=Steps(at=(3,))),
            pytest.raises(ValueError, match="stop=2: counts cuts of a plateau"),
        ),
    ],
)
def test_what_a_plan_refuses(make, outcome):
    with outcome:
        make()
