"""SpecAugment without warping: bands of time or of frequency in a batch of spectrograms are overwritten.

The report on five models masks up to 30 frames and 10 bands (Biagini 2022), the adversarial paper up to 30 frames and 3 bands.
Each clip has masks of its own; every number comes from the generator that is handed in.
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
    """Spectrograms with ``count`` runs of frames overwritten, each 0 to ``width`` frames wide.

    The width is uniform on the whole numbers 0 to ``width``, its first frame uniform on where it fits into the clip; runs of
    one clip may overlap.

    Args:
        spectrograms: left as they are.
        width: frames of the widest mask, 0 or more.
        generator: of the random numbers; it moves on by the same amount whatever the widths.
        count: masks a clip, 0 or more (default 1).
        value: what stands in masked cells (default 0: the mean of normalised features, but in raw dB a loud sound).
        share: part of a clip that one mask may cover at most, 0 to 1 (default 1: no cap).
        lengths: frames of each clip that are not padding (default all); no mask reaches into the padding.

    Shape:
        - spectrograms, output: ``(batch, time, bands)``
        - lengths: ``(batch,)`` whole numbers, 0 to ``time``

    Returns:
        A copy.

    Raises:
        ValueError: an argument out of its range, or another shape.

    Source: Park et al. 2019, section 2; Biagini 2022, section 3.6 (30 frames in his public code).

    Deviation: the largest width and the last start are drawn too, which the published intervals partly leave out.
    """
    _check(spectrograms, width=width, count=count, share=share, lengths=lengths)
    sizes = (
        torch.full(spectrograms.shape[:1], spectrograms.shape[1]) if lengths is None else lengths
    )
    sizes = sizes.to(generator.device)[:, None]  # (batch, 1)
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
    """Spectrograms with ``count`` runs of mel bands overwritten, each 0 to ``width`` bands wide; else as ``mask_time``.

    Args:
        spectrograms: left as they are.
        width: bands of the widest mask, 0 or more.
        generator: of the random numbers; it moves on by the same amount whatever the widths.
        count: masks a clip, 0 or more (default 1).
        value: what stands in masked cells (default 0); padding frames get it too.
        share: part of the bands that one mask may cover at most, 0 to 1 (default 1: no cap).

    Shape:
        - spectrograms, output: ``(batch, time, bands)``

    Returns:
        A copy.

    Raises:
        ValueError: an argument out of its range, or another shape.

    Source: Park et al. 2019, section 2; Biagini 2022, section 3.6 (10 bands in his public code).

    Deviation: as in ``mask_time``.
    """
    turned = (
        spectrograms.transpose(1, 2) if spectrograms.ndim == 3 else spectrograms
    )  # (batch, bands, time)
    return mask_time(
        turned, width=width, generator=generator, count=count, value=value, share=share
    ).transpose(1, 2)


def _check(
    spectrograms: Tensor, *, width: int, count: int, share: float, lengths: Tensor | None
) -> None:
    if spectrograms.ndim != 3:
        raise ValueError(
            f"spectrograms of shape {tuple(spectrograms.shape)}; expected (batch, time, bands). Add the missing axis."
        )
    for name, value in (("width", width), ("count", count)):
        if value < 0:
            raise ValueError(f"{name}={value}: expected 0 or more; 0 masks nothing.")
    if not 0 <= share <= 1:
        raise ValueError(
            f"share={share}: expected 0 to 1, the part of a clip that one mask may cover; 1 is no cap."
        )
    if lengths is None:
        return
    if lengths.shape != spectrograms.shape[:1]:
        raise ValueError(
            f"lengths of shape {tuple(lengths.shape)}; expected one for each of {len(spectrograms)} clips. Count frames anew."
        )
    if len(lengths) and not 0 <= int(lengths.min()) <= int(lengths.max()) <= spectrograms.shape[1]:
        raise ValueError(
            f"lengths from {int(lengths.min())} to {int(lengths.max())}; expected 0 to {spectrograms.shape[1]} frames."
            " Give frames, not samples."
        )
