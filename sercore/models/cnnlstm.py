"""M1, CNNLSTM: convolutions and an LSTM on the mel spectrogram (Biagini 2022, section 3.1).

Three readings. The author's code hands the LSTM a matrix with one row a clip, which PyTorch takes
for one sequence: it runs over the clips of the batch. "per-clip" keeps its layers and gives each
clip a sequence of its own; "fixed" lets it run over time.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from sercore.models.masking import as_picture, check_lengths, masked
from sercore.models.variants import check_variant

Variant = Literal["as-run", "per-clip", "fixed"]


@dataclass(frozen=True)
class Sizes:
    """Widths of section 3.1; ``frames`` are 5 s at 16 kHz with a hop of 256 samples."""

    bands: int = 128
    frames: int = 313
    channels: tuple[int, ...] = (32, 48, 64, 128, 256)
    kernel: int = 3
    pools: tuple[int, ...] = (2, 2, 2, 4, 4)
    hidden: int = 256
    layers: int = 2
    dropout: float = 0.5
    classes: int = 7

    @property
    def steps(self) -> int:
        """Time steps after the convolutions: 2."""
        return self.frames // prod(self.pools)

    @property
    def width(self) -> int:
        """Channels and bands of one step: 256."""
        return self.channels[-1] * (self.bands // prod(self.pools))


SIZES = Sizes()


class Block(nn.Module):
    """Convolution, batch norm, padding to zero, max-pool, ReLU.

    Section 3.1 has the ReLU before the pool. The order changes no value and no gradient, as both
    keep the order of what they are given, and after the pool a ReLU has a quarter of the work. It
    leaves nothing below zero, so a window that padding shares gives the maximum of its valid frames.

    Shape:
        - picture: ``(batch, inputs, bands, time)``; lengths: ``(batch,)``
        - output: ``(batch, outputs, bands // pool, time // pool)``
    """

    def __init__(self, inputs: int, outputs: int, *, kernel: int, pool: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding="same")
        self.norm = nn.BatchNorm2d(outputs)
        self.pool = nn.MaxPool2d(pool)

    def forward(self, picture: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pooled features."""
        return self.pool(masked(self.norm(self.conv(picture)), lengths)).relu()


class Convolutions(nn.Module):
    """The five blocks: ``(batch, 313, 128)`` and valid frames to ``(batch, 256, 1, 2)``."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.sizes = sizes
        inputs = (1, *sizes.channels[:-1])
        triples = zip(inputs, sizes.channels, sizes.pools, strict=True)
        self.blocks = nn.ModuleList(
            Block(width, outputs, kernel=sizes.kernel, pool=pool)
            for width, outputs, pool in triples
        )

    def forward(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Features of each time step."""
        sizes = self.sizes
        picture = as_picture(spectrogram, bands=sizes.bands, frames=sizes.frames)
        check_lengths(lengths, picture, least=1)
        picture = masked(picture, lengths)
        for block, pool in zip(self.blocks, sizes.pools, strict=True):
            picture = block(picture, lengths)
            if lengths is not None:
                lengths = -(-lengths // pool)  # a window with one valid frame is valid
        return picture


class CNNLSTM(nn.Module):
    """Five blocks, an LSTM of two layers, a linear head; a variant says what the LSTM reads.

    - "as-run": the clips of a batch, and its last dropout also acts in evaluation; so a clip's
      logits depend on the clips before it, and two evaluations of one batch differ
    - "per-clip": the one step that a clip is as run. Nothing comes before it, so the LSTM's
      recurrent weights (524,288) reach no output and get no gradient
    - "fixed": a clip's two steps of 256 features in time, the last valid one to the head; padding
      is silent in every block

    Shape:
        - spectrogram: ``(batch, 313, 128)``, mel in dB, 5 s with zeros appended to the waveform
        - lengths: ``(batch,)`` valid frames, 1 to 313; all where None; read by "fixed" alone
        - output: logits ``(batch, 7)``

    Source: Biagini 2022, section 3.1 and Figure 4; "as-run" as run in the author's public code.
    1,728,599 parameters, of "fixed" 1,466,455. Deviation: "per-clip" has one sequence a clip where
    the code has one a batch. The report does not say how the output sequence is reduced. A step of
    "fixed" is 128 frames, the last valid one may be partly padding, and frames after the 256th are
    seen through the convolutions alone. Batch norm's statistics in training count padded frames.
    """

    def __init__(self, sizes: Sizes = SIZES, *, variant: Variant = "fixed"):
        super().__init__()
        check_variant(variant, get_args(Variant))
        self.sizes, self.variant = sizes, variant
        self.cnn = Convolutions(sizes)
        inputs = sizes.width if variant == "fixed" else sizes.steps * sizes.width
        self.lstm = nn.LSTM(
            inputs, sizes.hidden, sizes.layers, dropout=sizes.dropout, batch_first=True
        )
        self.dropout = nn.Dropout(sizes.dropout)
        self.head = nn.Linear(sizes.hidden, sizes.classes)

    def forward(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of each class."""
        hidden = self.hidden(spectrogram, lengths)
        if self.variant == "as-run":  # dropout in training and evaluation alike
            return self.head(functional.dropout(hidden, self.sizes.dropout, training=True))
        return self.head(self.dropout(hidden))

    def hidden(self, spectrogram: Tensor, lengths: Tensor | None = None) -> Tensor:
        """LSTM output of each clip, before dropout: ``(batch, 256)``."""
        if self.variant == "fixed":
            return self._last_step(spectrogram, lengths)
        clips = self.cnn(spectrogram).flatten(1)  # (batch, 512)
        if self.variant == "per-clip":
            return self.lstm(clips[:, None])[0][:, 0]
        return self.lstm(clips)[0]  # read as one sequence of `batch` steps

    def _last_step(self, spectrogram: Tensor, lengths: Tensor | None) -> Tensor:
        steps = self.cnn(spectrogram, lengths).flatten(1, 2).transpose(1, 2)  # (batch, 2, 256)
        outputs, _ = self.lstm(steps)  # (batch, 2, 256)
        if lengths is None:
            return outputs[:, -1]
        last = (lengths - 1).div(prod(self.sizes.pools), rounding_mode="floor")  # (batch,)
        last = last.clamp(max=self.sizes.steps - 1)
        return outputs[torch.arange(len(outputs), device=outputs.device), last]
