"""ResNet34 on 128 log mel bands with statistics pooling (Padi et al. 2021, section 3).

Printed are ResNet34, 32 channels in the first block, PReLU in all layers but the output, batch norm
throughout, and the mean and the standard deviation over time in front of the fully connected
layers. The stem, the strides, the fully connected layers and how frequency is folded in are not;
``SIZES`` fills them in as speaker recognisers usually have them: 7,422,342 parameters with four
classes. ``transfer`` takes the convolutions from a speaker recogniser.
"""

from dataclasses import dataclass, replace
from typing import Self, TypeVar

import torch
from torch import Tensor, nn

from sercore.models.masking import as_picture, check_lengths, masked

POOLINGS = ("statistics", "mean", "flatten")
FLOOR = 1e-5  # under the root of the standard deviation
Frames = TypeVar("Frames", int, Tensor)


def halved(frames: Frames) -> Frames:
    """Halve frames or bands, rounded up, as a convolution of stride 2 does.

    Output ``j`` stands on input ``2 j``, in the 3 x 3 convolution and in the 1 x 1 shortcut alike.
    So the outputs of a clip of odd length end on its last frame, and in a batch no output of a clip
    stands on padding.
    """
    return (frames + 1) // 2


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Widths of the network; stages after the first halve time and frequency.

    Args:
        bands: log mel bands that are read (printed: 128).
        channels: channels of each stage (printed: 32 in the first; ours: doubled by each further
            one).
        blocks: basic blocks of each stage (those of ResNet34).
        width: width of the first fully connected layer (ours: 256).
        pooling: "statistics" (printed), "mean" without the standard deviation, or "flatten", which
            reads every step and so needs clips of one length (both ours, for the ablation without
            statistics pooling).
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
        """Count the steps behind the last stage: one for each 8 frames or part of them."""
        for _ in self.channels[1:]:
            frames = halved(frames)
        return frames


SIZES = Sizes()
NARROW = replace(SIZES, channels=(16, 32, 64, 128))


class Block(nn.Module):
    """Basic block: two 3 x 3 convolutions with batch norm beside a shortcut, and PReLU.

    The shortcut is a 1 x 1 convolution with batch norm where the shape changes, else nothing. A
    PReLU has one slope. Batch norm turns zeros into other numbers, so padding is set to zero behind
    it, before the next convolution reads it.

    Args:
        inputs: number of input channels.
        outputs: number of output channels.
        stride: 1, or 2 where time and frequency are halved.

    Shape:
        - picture: ``(batch, inputs, bands, time)``, zero behind each clip's end
        - lengths: ``(batch,)`` frames of each clip in the output, or None where nothing is padding
        - output: ``(batch, outputs, bands / stride, time / stride)``, rounded up, zero behind each
          clip's end

    Source: He et al. 2016, section 3; the activation from Padi et al. 2021, section 4.2.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.act1 = nn.PReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.act2 = nn.PReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, picture: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The sum of both ways, activated."""
        inner = masked(self.act1(self.norm1(self.conv1(picture))), lengths)
        return masked(self.act2(self.norm2(self.conv2(inner)) + self.shortcut(picture)), lengths)


class Backbone(nn.Module):
    """Stem and four stages of basic blocks.

    Padding is silent: a clip in a batch gives what it gives alone. Convolutions start from He's
    normal weights, by fan-out, as is usual for a ResNet.

    Args:
        sizes: see ``Sizes``.

    Shape:
        - frames: ``(batch, time, 128)``, normalised; whatever finite numbers stand behind a clip's
          end
        - lengths: ``(batch,)`` frames of each clip, 1 or more; None where every frame is a clip's
          own
        - output: ``(batch, 4096, steps)``: channels x bands by step, zeros behind a clip's end;
          ``Sizes.steps`` says how many

    Raises:
        ValueError: another shape; a clip that is empty, or longer than the batch; padding in
            training mode, where batch norm would count it.

    Source: Padi et al. 2021, sections 3 and 4.2; He et al. 2016, section 3.
    """

    def __init__(self, sizes: Sizes = SIZES):
        super().__init__()
        self.sizes = sizes
        first = sizes.channels[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.PReLU()
        )
        inputs, self.stages = first, nn.ModuleList()
        for index, (outputs, blocks) in enumerate(zip(sizes.channels, sizes.blocks, strict=True)):
            opening = Block(inputs, outputs, stride=2 if index else 1)
            self.stages.append(
                nn.ModuleList([opening, *(Block(outputs, outputs) for _ in range(blocks - 1))])
            )
            inputs = outputs
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Rows of each step."""
        picture = as_picture(frames, bands=self.sizes.bands, frames=self.sizes.fixed)
        check_lengths(lengths, picture, least=self.sizes.fixed or 1)
        lengths = self._padded(lengths, frames)
        picture = masked(picture, lengths)
        signal = masked(self.stem(picture), lengths)  # (batch, channels, bands, time)
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
                f"clips of {int(lengths.min())} to {int(lengths.max())} frames in a training "
                f"batch of {frames.shape[1]}; expected"
                " no padding, since batch norm would count it. Cut or repeat every clip to the "
                "batch's length."
            )
        return lengths.to(frames.device)


def statistics(rows: Tensor, lengths: Tensor | None, *, deviation: bool = True) -> Tensor:
    """Compute mean and population standard deviation of each row over a clip's steps.

    Args:
        rows: any finite numbers may stand behind a clip's end.
        lengths: steps of each clip, 1 or more; None where every step is a clip's own.
        deviation: whether the standard deviation follows the mean (default yes).

    Shape:
        - rows: ``(batch, rows, steps)``; lengths: ``(batch,)``
        - output: ``(batch, 2 * rows)``, or ``(batch, rows)`` without the deviation

    Source: Padi et al. 2021, section 3.3. Deviation: 1e-5 under the root, so that the gradient is
    finite for a constant row.
    """
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    if lengths is None:
        lengths = torch.full(rows.shape[:1], rows.shape[2], device=rows.device)
    step = torch.arange(rows.shape[2], device=rows.device)
    valid = (step < lengths[:, None])[:, None].to(rows.dtype)  # (batch, 1, steps)
    count = lengths[:, None].to(rows.dtype)  # (batch, 1)
    mean = (rows * valid).sum(2) / count  # (batch, rows)
    if not deviation:
        return mean
    centred = (rows - mean[:, :, None]) * valid  # (batch, rows, steps)
    return torch.cat([mean, (centred.square().sum(2) / count + FLOOR).sqrt()], dim=1)


class Head(nn.Module):
    """Pooling over time, FC 1, batch norm, PReLU, FC 2; usable on any encoder's frames.

    Args:
        rows: number of values in a step.
        classes: number of emotions or speakers.
        width: width of FC 1.
        pooling: "statistics", "mean" or "flatten".
        steps: steps of every clip, for "flatten" alone.

    Shape:
        - rows: ``(batch, rows, steps)``; lengths: ``(batch,)`` steps of each clip, None where every
          step is a clip's own
        - output: ``(batch, classes)`` logits

    Raises:
        ValueError: an unknown pooling, or "flatten" without steps; another shape; a clip without a
            step, or with more than the batch; in training mode a batch of one clip.

    Source: Padi et al. 2021, section 3.3; number and width of the fully connected layers are ours.
    """

    def __init__(
        self, rows: int, classes: int, *, width: int = 256, pooling: str, steps: int | None = None
    ):
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(
                f"pooling={pooling}: unknown; expected {', '.join(POOLINGS)}. Give one of them."
            )
        if pooling == "flatten" and steps is None:
            raise ValueError(
                "steps=None: pooling=flatten reads clips of one length; expected how many steps "
                "that is. Give steps."
            )
        self.rows, self.pooling = rows, pooling
        self.steps = steps if pooling == "flatten" else None
        values = {"statistics": 2, "mean": 1, "flatten": self.steps}[pooling]
        self.full = nn.Linear(rows * values, width)
        self.norm = nn.BatchNorm1d(width)
        self.act = nn.PReLU()
        self.output = nn.Linear(width, classes)

    def forward(self, rows: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of the classes."""
        if self.training and len(rows) < 2:
            raise ValueError(
                f"{len(rows)} clip in a training batch; batch norm needs 2 or more. Leave a last "
                "batch of one out."
            )
        return self.output(self.act(self.norm(self.embed(rows, lengths))))

    def embed(self, rows: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Output of FC 1, before batch norm and PReLU: ``(batch, width)``."""
        return self.full(self.pooled(rows, lengths))

    def pooled(self, rows: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Input of FC 1: ``(batch, 2 * rows)``, ``(batch, rows)`` or ``(batch, rows * steps)``."""
        self._check(rows, lengths)
        if self.pooling == "flatten":
            return rows.flatten(1)
        return statistics(
            rows,
            lengths if lengths is None else lengths.to(rows.device),
            deviation=self.pooling == "statistics",
        )

    def _check(self, rows: Tensor, lengths: Tensor | None) -> None:
        if rows.ndim != 3 or rows.shape[1] != self.rows or self.steps not in (None, rows.shape[2]):
            expected = f"(batch, {self.rows}, {self.steps or 'steps'})"
            raise ValueError(
                f"rows of shape {tuple(rows.shape)}; the head reads {expected}. Put the steps last."
            )
        if lengths is None:
            return
        if lengths.shape != rows.shape[:1]:
            raise ValueError(
                f"lengths of shape {tuple(lengths.shape)}; expected ({len(rows)},), one a clip. "
                "Pass the batch's own."
            )
        least, shortest, longest = self.steps or 1, int(lengths.min()), int(lengths.max())
        if not least <= shortest <= longest <= rows.shape[2]:
            raise ValueError(
                f"clips of {shortest} to {longest} steps in a batch of {rows.shape[2]}; expected "
                f"{least} to {rows.shape[2]}. "
                "Leave empty clips out, and count steps, not frames."
            )


class ResNet34(nn.Module):
    """The whole network: a ``Backbone``, and a ``Head`` on its rows.

    Args:
        classes: emotions (4 in the paper) or speakers (more than 7000).
        sizes: see ``Sizes``.

    Shape:
        - frames: ``(batch, time, 128)``; lengths: ``(batch,)`` frames of each clip, None where
          every frame is a clip's own
        - output: ``(batch, classes)`` logits

    Source: Padi et al. 2021, sections 3 to 3.3 and 4.2.
    """

    def __init__(self, classes: int, sizes: Sizes = SIZES):
        super().__init__()
        self.sizes, self.frozen = sizes, False
        self.backbone = Backbone(sizes)
        self.head = Head(
            sizes.rows,
            classes,
            width=sizes.width,
            pooling=sizes.pooling,
            steps=sizes.steps(sizes.frames),
        )

    def freeze(self) -> Self:
        """Freeze the backbone with the statistics of its batch norm; only the head learns."""
        self.frozen = True
        self.backbone.requires_grad_(False).eval()
        return self

    def train(self, mode: bool = True) -> Self:
        """Set the mode; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of the classes."""
        return self.head(*self._rows(frames, lengths))

    def embed(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Output of FC 1, before batch norm and PReLU: ``(batch, 256)``, a speaker's embedding."""
        return self.head.embed(*self._rows(frames, lengths))

    def pooled(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Input of FC 1: ``(batch, 8192)`` with statistics pooling."""
        return self.head.pooled(*self._rows(frames, lengths))

    def _rows(self, frames: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            rows = self.backbone(frames, lengths)  # (batch, 4096, steps)
        return rows, lengths if lengths is None else self.sizes.steps(lengths)
