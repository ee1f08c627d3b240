"""ResNet34 on 128 log mel bands, with statistics pooling, for speakers and for emotions (Padi et al. 2021, section 3).

Printed are ResNet34, 32 channels in the first block, PReLU in all layers but the output, batch norm throughout, and the mean and
the standard deviation over time in front of the fully connected layers. The stem, the strides, the fully connected layers and how
frequency is folded in are not; ``SIZES`` fills them in as speaker recognisers usually have them: 7,422,342 parameters with four
classes. Block and head are in ``resnet_layers``; ``transfer`` takes the convolutions from a speaker recogniser.
"""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor, nn

from sercore.models.masking import as_picture, check_lengths, masked
from sercore.models.resnet_layers import Block, Frames, Head, halved


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Widths of the network; the first stage has stride 1, each further one halves time and frequency.

    Args:
        bands: log mel bands that are read (printed: 128).
        channels: of each stage (printed: 32 in the first; ours: doubled by each further one).
        blocks: basic blocks of each stage (those of ResNet34).
        width: of the first fully connected layer (ours: 256).
        pooling: "statistics" (printed), "mean" without the standard deviation, or "flatten", which reads every step and so needs
            clips of one length (both ours, for the ablation without statistics pooling).
        frames: length of every clip, read by "flatten" alone (300, the longest printed chunk: 3 s).
    """

    bands: int = 128
    channels: tuple[int, ...] = (32, 64, 128, 256)
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    width: int = 256
    pooling: str = "statistics"
    frames: int = 300

    @property
    def rows(self) -> int:
        """Channels times bands behind the last stage: 4096."""
        return self.channels[-1] * self.steps(self.bands)

    @property
    def fixed(self) -> int | None:
        """The only length of clips that can be read, in frames; None where any can."""
        return self.frames if self.pooling == "flatten" else None

    def steps(self, frames: Frames) -> Frames:
        """Steps behind the last stage: one for each 8 frames or part of them, so one frame is enough."""
        for _ in self.channels[1:]:
            frames = halved(frames)
        return frames


SIZES = Sizes()
NARROW = replace(SIZES, channels=(16, 32, 64, 128))


class Backbone(nn.Module):
    """Stem and four stages of basic blocks.

    Padding is silent: a clip in a batch gives what it gives alone. Convolutions start from He's normal weights, by fan-out, as is
    usual for a ResNet.

    Args:
        sizes: see ``Sizes``.

    Shape:
        - frames: ``(batch, time, 128)``, normalised; whatever finite numbers stand behind a clip's end
        - lengths: ``(batch,)`` frames of each clip, 1 or more; None where every frame is a clip's own
        - output: ``(batch, 4096, steps)``: channels x bands by step, zeros behind a clip's end; ``Sizes.steps`` says how many

    Raises:
        ValueError: another shape; a clip that is empty, or longer than the batch; padding in training mode, where batch norm would
            count it.

    Source: Padi et al. 2021, sections 3 and 4.2; He et al. 2016, section 3.
    """

    def __init__(self, sizes: Sizes = SIZES):
        super().__init__()
        self.sizes = sizes
        first = sizes.channels[0]
        self.stem = nn.Sequential(nn.Conv2d(1, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.PReLU())
        inputs, self.stages = first, nn.ModuleList()
        for index, (outputs, blocks) in enumerate(zip(sizes.channels, sizes.blocks, strict=True)):
            opening = Block(inputs, outputs, stride=2 if index else 1)
            self.stages.append(nn.ModuleList([opening, *(Block(outputs, outputs) for _ in range(blocks - 1))]))
            inputs = outputs
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Rows of each step."""
        picture = as_picture(frames, bands=self.sizes.bands, frames=self.sizes.fixed)
        check_lengths(lengths, picture, least=self.sizes.fixed or 1)
        lengths = self._padded(lengths, frames)
        signal = masked(self.stem(masked(picture, lengths)), lengths)  # (batch, channels, bands, time)
        for index, stage in enumerate(self.stages):
            lengths = halved(lengths) if index and lengths is not None else lengths
            for block in stage:
                signal = block(signal, lengths)
        return signal.flatten(1, 2)

    def _padded(self, lengths: Tensor | None, frames: Tensor) -> Tensor | None:
        """The lengths, or None where no clip has padding."""
        if lengths is None or bool((lengths == frames.shape[1]).all()):
            return None
        if self.training:
            raise ValueError(
                f"clips of {int(lengths.min())} to {int(lengths.max())} frames in a training batch of {frames.shape[1]}; expected"
                " no padding, since batch norm would count it. Cut or repeat every clip to the batch's length."
            )
        return lengths.to(frames.device)


class ResNet34(nn.Module):
    """The whole network: a ``Backbone``, and a ``Head`` on its rows.

    Args:
        classes: emotions (4 in the paper) or speakers (more than 7000).
        sizes: see ``Sizes``.

    Shape:
        - frames: ``(batch, time, 128)``; lengths: ``(batch,)`` frames of each clip, None where every frame is a clip's own
        - output: ``(batch, classes)`` logits

    Source: Padi et al. 2021, sections 3 to 3.3 and 4.2.
    """

    def __init__(self, classes: int, sizes: Sizes = SIZES):
        super().__init__()
        self.sizes, self.frozen = sizes, False
        self.backbone = Backbone(sizes)
        self.head = Head(sizes.rows, classes, width=sizes.width, pooling=sizes.pooling, steps=sizes.steps(sizes.frames))

    def freeze(self) -> Self:
        """Fix the backbone, batch norm's statistics with it: from now on it is a feature descriptor, and only the head learns."""
        self.frozen = True
        self.backbone.requires_grad_(False).eval()
        return self

    def train(self, mode: bool = True) -> Self:
        """Training or evaluation mode; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of the classes."""
        return self.head(*self._rows(frames, lengths))

    def embed(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What FC 1 gives, before batch norm and PReLU: ``(batch, 256)``, a speaker's embedding."""
        return self.head.embed(*self._rows(frames, lengths))

    def pooled(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What FC 1 reads: ``(batch, 8192)`` with statistics pooling."""
        return self.head.pooled(*self._rows(frames, lengths))

    def _rows(self, frames: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            rows = self.backbone(frames, lengths)  # (batch, 4096, steps)
        return rows, lengths if lengths is None else self.sizes.steps(lengths)
