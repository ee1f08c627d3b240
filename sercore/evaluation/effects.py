"""Main effects of the three components in paper 04's grid of eight systems."""

from itertools import product

import numpy as np

FACTORS = ("TL", "Aug", "SP")  # transfer learning, spectrogram augmentation, statistics pooling
CELLS = tuple(product((False, True), repeat=3))
# Order of the effects that the paper claims, SP > TL > Aug, as differences between neighbours.
DIFFERENCES = (("SP", "TL"), ("TL", "Aug"))


def contrasts() -> dict[str, np.ndarray]:
    """Return the weights ``(8,)`` of the scores of ``CELLS`` that make each effect.

    A component's effect is the mean score with it less the mean score without, over both states of
    the other two.

    Source: Padi et al. 2021, section 5, for the order; main effects are ours.
    """
    effects = dict(zip(FACTORS, np.where(np.array(CELLS).T, 0.25, -0.25), strict=True))
    return effects | {
        f"{one} - {other}": effects[one] - effects[other] for one, other in DIFFERENCES
    }
