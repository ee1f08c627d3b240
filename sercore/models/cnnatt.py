"""M3, CNNATT: convolutions and channel attention on MFCC (Biagini 2022, section 3.3).

The author's code ends in a layer norm of width 80 on a vector of 128 and stops there; ``AS_RUN``
builds it to show that.
"""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from sercore.models.masking import as_picture, check_lengths, masked
from sercore.models.unified_attention import drawn


@dataclass(frozen=True)
class Sizes:
    """Widths of section 3.3; path kernels are (coefficients, frames)."""

    coefficients: int = 40
    path_kernels: tuple[tuple[int, int], ...] = ((11, 3), (3, 9))
    path_channels: int = 8
    channels: tuple[int, ...] = (32, 48, 64, 80)
    pools: tuple[int, ...] = (2, 2, 1, 1)
    kernel: int = 3
    heads: int = 3
    attention: int = 128
    norm: int = 128
    classes: int = 7


SIZES = Sizes()
AS_RUN = Sizes(norm=80)


class Block(nn.Module):
    """Convolution, batch norm, ReLU, average pooling, padding to zero.

    Pooling leaves an odd last frame out, in a single clip and in a batch alike: a window that
    padding shares is padding.

    Shape:
        - picture: ``(batch, inputs, coefficients, time)``; lengths: ``(batch,)``, after pooling
        - output: ``(batch, outputs, coefficients // pool, time // pool)``
    """

    def __init__(self, inputs: int, outputs: int, kernel: int | tuple[int, int], pool: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding="same")
        self.norm = nn.BatchNorm2d(outputs)
        self.pool = nn.AvgPool2d(pool) if pool > 1 else nn.Identity()

    def forward(self, picture: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled features."""
        return masked(self.pool(self.norm(self.conv(picture)).relu()), lengths)


class Paths(nn.Module):
    """Two kernels on one picture, joined.

    Shape:
        - picture: ``(batch, 1, 40, time)``; lengths: ``(batch,)``
        - output: ``(batch, 16, 40, time)``
    """

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.paths = nn.ModuleList(
            Block(1, sizes.path_channels, kernel) for kernel in sizes.path_kernels
        )

    def forward(self, picture: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Features of both paths."""
        return torch.cat([path(picture, lengths) for path in self.paths], dim=1)


class ChannelAttention(nn.Module):
    """Mean over heads of softmax(K Q^T / sqrt(d)) V, where rows are channels.

    Channels attend to channels, not positions to positions. With Q = W_q X and so on, K Q^T is W_k
    (X X^T) W_q^T, and the heads together are one mixing matrix times X: the same numbers by
    associativity, without nine maps of the whole sequence. Positions of zeros add nothing, so a
    masked X needs no mask here.

    Shape:
        - features: X, ``(batch, channels, positions)``, channels first as in the report's formula
        - output: ``(batch, outputs, positions)``

    Source: Biagini 2022, section 3.3, X_out. Weights start Xavier uniform, as in the author's code.
    """

    def __init__(self, channels: int, outputs: int, heads: int):
        super().__init__()
        self.query, self.key, self.value = (drawn(heads, outputs, channels) for _ in range(3))

    def forward(self, features: Tensor) -> Tensor:
        """Mixed channels."""
        products = (features @ features.transpose(1, 2))[:, None]  # (batch, 1, channels, channels)
        # (batch, heads, outputs, outputs)
        scores = self.key @ products @ self.query.transpose(1, 2)
        weights = (scores / features.shape[1] ** 0.5).softmax(-1)
        mixing = (weights @ self.value).mean(1)  # (batch, outputs, channels)
        return mixing @ features


class CNNATT(nn.Module):
    """Two paths, four convolution blocks, channel attention, mean, layer norm, linear head.

    ``SIZES`` (the default) give 186,679 parameters; the forward pass of ``AS_RUN`` stops.

    Shape:
        - spectrogram: ``(batch, time, 40)`` MFCC of clips padded to the batch's longest, 4 frames
          or more
        - lengths: ``(batch,)`` valid frames, 4 or more; all where None, as in the author's code
        - output: logits ``(batch, 7)``

    Source: Biagini 2022, section 3.3 and Figure 6. Deviation: a layer norm of width 128; with
    ``lengths``, padding is zero after every convolution and left out of attention and mean, which
    the code averages in, while batch norm's statistics in training still count it. The code loses
    the batch axis of a single clip; here it stays.
    """

    def __init__(self, sizes: Sizes = SIZES):
        super().__init__()
        self.sizes = sizes
        self.paths = Paths(sizes)
        inputs = (sizes.path_channels * len(sizes.path_kernels), *sizes.channels[:-1])
        blocks = zip(inputs, sizes.channels, sizes.pools, strict=True)
        self.convolutions = nn.ModuleList(
            Block(width, outputs, sizes.kernel, pool) for width, outputs, pool in blocks
        )
        self.attention = ChannelAttention(sizes.channels[-1], sizes.attention, sizes.heads)
        self.norm = nn.LayerNorm(sizes.norm)
        self.head = nn.Linear(sizes.attention, sizes.classes)

    def hidden(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Normalised mean of the attention's output: ``(batch, 128)``."""
        picture = as_picture(spectrogram, bands=self.sizes.coefficients)  # (batch, 1, 40, time)
        check_lengths(lengths, picture, least=prod(self.sizes.pools))
        picture = self.paths(masked(picture, lengths), lengths)  # (batch, 16, 40, time)
        for block, pool in zip(self.convolutions, self.sizes.pools, strict=True):
            lengths = lengths if lengths is None else lengths // pool
            picture = block(picture, lengths)  # at last (batch, 80, 10, time // 4)
        mixed = self.attention(picture.flatten(2))  # (batch, 128, 10 * (time // 4))
        if lengths is None:
            return self.norm(mixed.mean(2))
        return self.norm(mixed.sum(2) / (picture.shape[2] * lengths)[:, None])

    def forward(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of each class."""
        return self.head(self.hidden(spectrogram, lengths))
