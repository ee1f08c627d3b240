"""Masking policies of Padi et al. 2021, Table 1."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sercore.augment.spectrogram import mask_bands, mask_time


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One line of Table 1."""

    bands: int  # width of the widest mask in frequency (printed: F)
    frames: int  # width of the widest mask in time (printed: W), at most min(W, p T)
    share: float = 0.2  # of a clip that one mask in time may cover (printed: p)
    count: int = 2  # masks in frequency, and masks in time (printed: N_f and N_t)


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
    """Mask spectrograms by a policy, each clip at random; masked cells are 0, the mean.

    The generator moves on by the same amount whatever the widths.

    Shape:
        - spectrograms and output, a copy: ``(batch, time, bands)``, normalised
        - lengths: ``(batch,)`` frames of each clip without padding (default all)

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
