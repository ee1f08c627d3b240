"""M2, FCMFCC: parallel convolutions and a trunk on MFCC (Biagini 2022, section 3.2).

The report prints a 3x3 kernel for the last convolution, the author's code has 1x1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sercore.models.masking import as_picture


@dataclass(frozen=True)
class Sizes:
    """Widths of section 3.2; kernels and pools are (coefficients, frames)."""

    coefficients: int = 40
    frames: int = 313
    path_kernels: tuple[tuple[int, int], ...] = ((3, 3), (9, 1), (1, 11))
    path_channels: int = 32
    channels: tuple[int, ...] = (64, 96, 128, 160, 320)
    pools: tuple[tuple[int, int], ...] = ((2, 2), (2, 2), (2, 1), (2, 1))
    kernel: int = 3
    last_kernel: int = 1
    dropout: float = 0.3
    classes: int = 7


AS_RUN = Sizes()
AS_DESCRIBED = Sizes(last_kernel=3)


class Parallel(nn.Module):
    """Three kernels on one picture, each with batch norm, ReLU and average pooling, joined.

    Shape:
        - picture: ``(batch, 1, 40, 313)``
        - output: ``(batch, 96, 20, 157)``
    """

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(
                *_convolution(1, sizes.path_channels, kernel),
                nn.ZeroPad2d((0, 1, 0, 1)),
                nn.AvgPool2d(2),
            )
            for kernel in sizes.path_kernels
        )

    def forward(self, picture: Tensor) -> Tensor:
        """Features of all paths."""
        return torch.cat([path(picture) for path in self.paths], dim=1)


class FCMFCC(nn.Module):
    """Parallel paths, five convolution blocks, global average, linear head.

    ``AS_RUN`` (the default) gives 462,471 parameters, ``AS_DESCRIBED`` 872,071.

    Shape:
        - spectrogram: ``(batch, 313, 40)`` MFCC of 5 s, zeros appended to the waveform; lengths:
          not read
        - output: logits ``(batch, 7)``

    Source: Biagini 2022, section 3.2 and Figure 5, as run in the author's public code. The code
    runs as it is, so there is no other repair: the appended zeros are part of the 5 s that it
    reads, and every average counts them. Deviation: the code squeezes every axis of length one and
    so loses the batch axis of a single clip; here it stays.
    """

    def __init__(self, sizes: Sizes = AS_RUN):
        super().__init__()
        self.sizes = sizes
        self.parallel = Parallel(sizes)
        inputs = (sizes.path_channels * len(sizes.path_kernels), *sizes.channels[:-1])
        kernels = [sizes.kernel for _ in sizes.channels[:-1]] + [sizes.last_kernel]
        pools = [*(nn.AvgPool2d(pool) for pool in sizes.pools), nn.AdaptiveAvgPool2d(1)]
        blocks = zip(inputs, sizes.channels, kernels, pools, strict=True)
        self.trunk = nn.Sequential(
            *(
                nn.Sequential(*_convolution(width, outputs, kernel), pool)
                for width, outputs, kernel, pool in blocks
            )
        )
        self.dropout = nn.Dropout(sizes.dropout)
        self.head = nn.Linear(sizes.channels[-1], sizes.classes)

    def hidden(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Globally averaged features, before dropout: ``(batch, 320)``."""
        sizes = self.sizes
        picture = as_picture(spectrogram, bands=sizes.coefficients, frames=sizes.frames)
        return self.trunk(self.parallel(picture)).flatten(1)  # (batch, 320)

    def forward(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of each class."""
        return self.head(self.dropout(self.hidden(spectrogram)))


def _convolution(inputs: int, outputs: int, kernel: int | tuple[int, int]) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, kernel, padding="same"), nn.BatchNorm2d(outputs), nn.ReLU()
