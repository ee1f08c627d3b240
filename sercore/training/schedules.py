"""How a learning rate falls: on a plateau of the validation loss, or at named epochs.

A schedule keeps no state. A rate follows from the epochs done so far, so a run that goes on after
an interruption needs no more than its history. Both follow the arithmetic of PyTorch's schedulers,
which count inside themselves, to the bit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

THRESHOLD = 1e-4  # share of the best loss that a loss must lie under it to count as better
SMALLEST = 1e-8  # a cut that would change a rate by no more than this leaves it


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """Cut after ``patience + 1`` epochs in a row without a better validation loss, down to a floor.

    Source: Biagini 2022, section 3.7 and Table 3; PyTorch's ``ReduceLROnPlateau``.
    """

    patience: int
    factor: float
    floor: float = 0.0

    def __post_init__(self) -> None:
        _check_factor(self.factor)
        if self.patience < 0 or self.floor < 0:
            raise ValueError(
                f"patience={self.patience}, floor={self.floor}: below 0; expected 0 or more. Give"
                " both from 0 on."
            )

    def cuts(self, losses: Sequence[float]) -> list[int]:
        """Epochs, from 1, after which the rate is cut, also without effect at the floor."""
        best, waited, cuts = math.inf, 0, []
        for epoch, loss in enumerate(losses, 1):
            waited += 1
            if loss < best * (1 - THRESHOLD):
                best, waited = loss, 0
            if waited > self.patience:
                cuts.append(epoch)
                waited = 0
        return cuts

    def rate(self, start: float, losses: Sequence[float]) -> float:
        """Learning rate of the epoch after these, of a parameter group that starts at ``start``."""
        rate = start
        for _ in self.cuts(losses):
            cut = max(rate * self.factor, self.floor)
            rate = cut if rate - cut > SMALLEST else rate
        return rate


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Cut after named epochs, counted from 1 and rising.

    Source: Biagini 2022, section 4.1, the final model: epochs 15 and 25; PyTorch's ``MultiStepLR``.
    """

    at: tuple[int, ...]
    factor: float = 0.1

    def __post_init__(self) -> None:
        _check_factor(self.factor)
        if list(self.at) != sorted(set(self.at)) or min(self.at, default=1) < 1:
            raise ValueError(
                f"at={self.at}: expected epochs from 1 on, each later than the one before. Put"
                " them in order, once each."
            )

    def rate(self, start: float, losses: Sequence[float]) -> float:
        """Learning rate of the epoch after these, of a parameter group that starts at ``start``."""
        rate = start
        for epoch in self.at:
            if epoch <= len(losses):
                rate *= self.factor
        return rate


def _check_factor(factor: float) -> None:
    if not 0 < factor < 1:
        raise ValueError(
            f"factor={factor}: expected more than 0 and less than 1, or the rate would not fall."
            " Give 0.1, for example."
        )
