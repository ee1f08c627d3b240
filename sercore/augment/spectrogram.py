"""SpecAugment without warping: masks in time or in frequency on batches of spectrograms.

Biagini 2022 masks up to 30 frames and 10 bands, Parry et al. 2022 up to 30 frames and 3 bands.
"""

import torch
from torch import Tensor


def mask_time(
    spectrograms: Tensor,
    *,
    width: int,
    generator: torch.Generator,
    count: int = 1,
    value: float = 0.0,
    share: float = 1.0,
    lengths: Tensor | None = None,
) -> Tensor:
    """Overwrite ``count`` runs of frames of each clip, each 0 to ``width`` frames wide.

    The width of a mask is uniform on 0 to ``width``, its first frame uniform on the frames where it
    fits into the clip. Masks of one clip may overlap.

    Args:
        spectrograms: ``(batch, time, bands)``, of which a copy is returned.
        width: frames of the widest mask, 0 or more.
        generator: generator of the random numbers; it moves on by the same amount whatever the
            widths.
        count: number of masks a clip, 0 or more.
        value: value of masked cells; 0 is the mean of normalised features, but in raw dB a loud
            sound.
        share: largest share of a clip that one mask may cover, 0 to 1.
        lengths: ``(batch,)`` frames of each clip without padding, into which no mask reaches
            (default all).

    Raises:
        ValueError: an argument is out of its range or has another shape.

    Source: Park et al. 2019, section 2; Biagini 2022, section 3.6 (30 frames in his public code).

    Deviation: the largest width and the last start are drawn too, which the published intervals
    partly leave out.
    """
    _check(spectrograms, width=width, count=count, share=share, lengths=lengths)
    if lengths is None:
        lengths = torch.full(spectrograms.shape[:1], spectrograms.shape[1])
    sizes = lengths.to(generator.device)[:, None]  # (batch, 1)
    widest = (sizes.double() * share).long().clamp(max=width)
    draws = torch.rand(
        (2, len(sizes), count), generator=generator, device=generator.device, dtype=torch.float64
    )
    widths = (draws[0] * (widest + 1)).long()  # (batch, count)
    starts = (draws[1] * (sizes - widths + 1)).long()
    frames = torch.arange(spectrograms.shape[1], device=generator.device)[:, None, None]
    covered = ((frames >= starts) & (frames < starts + widths)).any(dim=2).T  # (batch, time)
    return spectrograms.masked_fill(covered.unsqueeze(2).to(spectrograms.device), value)


def mask_bands(
    spectrograms: Tensor,
    *,
    width: int,
    generator: torch.Generator,
    count: int = 1,
    value: float = 0.0,
    share: float = 1.0,
) -> Tensor:
    """Overwrite ``count`` runs of mel bands of each clip, each 0 to ``width`` bands wide.

    Padding is masked too. Arguments, result and errors are else those of ``mask_time``.

    Source: Park et al. 2019, section 2; Biagini 2022, section 3.6 (10 bands in his public code).
    """
    if spectrograms.ndim == 3:
        spectrograms = spectrograms.transpose(1, 2)  # (batch, bands, time)
    masked = mask_time(
        spectrograms, width=width, generator=generator, count=count, value=value, share=share
    )
    return masked.transpose(1, 2)


def _check(
    spectrograms: Tensor, *, width: int, count: int, share: float, lengths: Tensor | None
) -> None:
    if spectrograms.ndim != 3:
        raise ValueError(
            f"spectrograms of shape {tuple(spectrograms.shape)}; expected (batch, time, bands). "
            "Add the missing axis."
        )
    for name, value in (("width", width), ("count", count)):
        if value < 0:
            raise ValueError(f"{name}={value}: expected 0 or more; 0 masks nothing.")
    if not 0 <= share <= 1:
        raise ValueError(
            f"share={share}: expected 0 to 1, the part of a clip that one mask may cover; 1 is no "
            "cap."
        )
    if lengths is None:
        return
    if lengths.shape != spectrograms.shape[:1]:
        raise ValueError(
            f"lengths of shape {tuple(lengths.shape)}; expected one for each of "
            f"{len(spectrograms)} clips. Count frames anew."
        )
    if len(lengths) and not 0 <= int(lengths.min()) <= int(lengths.max()) <= spectrograms.shape[1]:
        raise ValueError(
            f"lengths from {int(lengths.min())} to {int(lengths.max())}; expected 0 to "
            f"{spectrograms.shape[1]} frames. Give frames, not samples."
        )
