"""Masking policies of Padi et al. 2021, Table 1: how wide, how many, and how much of a clip one mask in time may cover."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sercore.augment.spectrogram import mask_bands, mask_time


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One line of Table 1.

    Args:
        bands: of the widest mask in frequency (printed: F).
        frames: of the widest mask in time (printed: W).
        share: part of a clip that one mask in time may cover (printed: p, 0.2), so that its width is at most min(W, p T).
        count: masks in frequency, and as many in time (printed: N_f and N_t, 2 each).
    """

    bands: int
    frames: int
    share: float = 0.2
    count: int = 2


CONSERVATIVE = Policy(bands=15, frames=50)
AGGRESSIVE = Policy(bands=27, frames=70)
POLICIES = {"conservative": CONSERVATIVE, "aggressive": AGGRESSIVE}


def masked(
    spectrograms: Tensor,
    policy: Policy,
    *,
    generator: torch.Generator,
    lengths: Tensor | None = None,
) -> Tensor:
    """Spectrograms with a policy's masks in time and in frequency, each clip with its own; masked cells are 0, the mean.

    Args:
        spectrograms: normalised, left as they are.
        policy: whose masks.
        generator: of the random numbers; it moves on by the same amount whatever the widths.
        lengths: frames of each clip that are not padding (default all).

    Shape:
        - spectrograms, output: ``(batch, time, bands)``

    Source: Padi et al. 2021, section 3.4 and Table 1; the value of masked cells is ours.
    """
    timed = mask_time(
        spectrograms,
        width=policy.frames,
        share=policy.share,
        count=policy.count,
        generator=generator,
        lengths=lengths,
    )
    return mask_bands(timed, width=policy.bands, count=policy.count, generator=generator)
