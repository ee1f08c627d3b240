"""Layers of the ResNet34: a basic block that keeps padding silent, statistics over a clip's own steps, the head on them."""

from typing import TypeVar

import torch
from torch import Tensor, nn

from sercore.models.masking import masked

POOLINGS = ("statistics", "mean", "flatten")
FLOOR = 1e-5  # under the root of the standard deviation
Frames = TypeVar("Frames", int, Tensor)


def halved(frames: Frames) -> Frames:
    """Frames, or bands, behind a convolution of stride 2: half of them, rounded up.

    Output ``j`` stands on input ``2 j``, in the 3 x 3 convolution and in the 1 x 1 shortcut alike. So the outputs of a clip of odd
    length end on its last frame, and in a batch no output of a clip stands on padding.
    """
    return (frames + 1) // 2


class Block(nn.Module):
    """Basic block: two 3 x 3 convolutions with batch norm beside a shortcut, PReLU between them and after the sum.

    The shortcut is a 1 x 1 convolution with batch norm where the shape changes, else nothing. A PReLU has one slope. Batch norm
    turns zeros into other numbers, so padding is set to zero behind it, before the next convolution reads it.

    Args:
        inputs: channels that are read.
        outputs: channels that are given.
        stride: 1, or 2 where time and frequency are halved.

    Shape:
        - picture: ``(batch, inputs, bands, time)``, zero behind each clip's end
        - lengths: ``(batch,)`` frames of each clip in the output, or None where nothing is padding
        - output: ``(batch, outputs, bands / stride, time / stride)``, rounded up, zero behind each clip's end

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
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, picture: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The sum of both ways, activated."""
        inner = masked(self.act1(self.norm1(self.conv1(picture))), lengths)
        return masked(self.act2(self.norm2(self.conv2(inner)) + self.shortcut(picture)), lengths)


def statistics(rows: Tensor, lengths: Tensor | None, *, deviation: bool = True) -> Tensor:
    """Mean of each row over a clip's own steps and, joined to it, the population standard deviation; in float32 or better.

    Args:
        rows: any finite numbers may stand behind a clip's end.
        lengths: steps of each clip, 1 or more; None where every step is a clip's own.
        deviation: whether the standard deviation follows the mean (default yes).

    Shape:
        - rows: ``(batch, rows, steps)``; lengths: ``(batch,)``
        - output: ``(batch, 2 * rows)``, or ``(batch, rows)`` without the deviation

    Source: Padi et al. 2021, section 3.3. Deviation: 1e-5 under the root, so that the gradient is finite for a constant row.
    """
    rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
    if lengths is None:
        lengths = torch.full(rows.shape[:1], rows.shape[2], device=rows.device)
    step = torch.arange(rows.shape[2], device=rows.device)
    own = (step < lengths[:, None])[:, None].to(rows.dtype)  # (batch, 1, steps)
    count = lengths[:, None].to(rows.dtype)  # (batch, 1)
    mean = (rows * own).sum(2) / count  # (batch, rows)
    if not deviation:
        return mean
    centred = (rows - mean[:, :, None]) * own  # (batch, rows, steps)
    return torch.cat([mean, (centred.square().sum(2) / count + FLOOR).sqrt()], dim=1)


class Head(nn.Module):
    """Pooling over time, FC 1, batch norm, PReLU, FC 2. It also stands alone, on the frames of another encoder.

    Args:
        rows: values of each step.
        classes: emotions or speakers.
        width: of FC 1 (default 256).
        pooling: "statistics", "mean" or "flatten".
        steps: of every clip, read by "flatten" alone.

    Shape:
        - rows: ``(batch, rows, steps)``; lengths: ``(batch,)`` steps of each clip, None where every step is a clip's own
        - output: ``(batch, classes)`` logits

    Raises:
        ValueError: an unknown pooling, or "flatten" without steps; another shape; a clip without a step, or with more than the
            batch; in training mode a batch of one clip.

    Source: Padi et al. 2021, section 3.3; number and width of the fully connected layers are ours.
    """

    def __init__(self, rows: int, classes: int, *, width: int = 256, pooling: str, steps: int | None = None):
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"pooling={pooling}: unknown; expected {', '.join(POOLINGS)}. Give one of them.")
        if pooling == "flatten" and steps is None:
            raise ValueError("steps=None: pooling=flatten reads clips of one length; expected how many steps that is. Give steps.")
        self.rows, self.pooling = rows, pooling
        self.steps = steps if pooling == "flatten" else None
        self.full = nn.Linear(rows * {"statistics": 2, "mean": 1, "flatten": self.steps}[pooling], width)
        self.norm = nn.BatchNorm1d(width)
        self.act = nn.PReLU()
        self.output = nn.Linear(width, classes)

    def forward(self, rows: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of the classes."""
        if self.training and len(rows) < 2:
            raise ValueError(f"{len(rows)} clip in a training batch; batch norm needs 2 or more. Leave a last batch of one out.")
        return self.output(self.act(self.norm(self.embed(rows, lengths))))

    def embed(self, rows: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What FC 1 gives, before batch norm and PReLU: ``(batch, width)``."""
        return self.full(self.pooled(rows, lengths))

    def pooled(self, rows: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What FC 1 reads: ``(batch, 2 * rows)``, ``(batch, rows)`` or ``(batch, rows * steps)``, by pooling."""
        self._check(rows, lengths)
        if self.pooling == "flatten":
            return rows.flatten(1)
        return statistics(rows, lengths if lengths is None else lengths.to(rows.device), deviation=self.pooling == "statistics")

    def _check(self, rows: Tensor, lengths: Tensor | None) -> None:
        if rows.ndim != 3 or rows.shape[1] != self.rows or self.steps not in (None, rows.shape[2]):
            expected = f"(batch, {self.rows}, {self.steps or 'steps'})"
            raise ValueError(f"rows of shape {tuple(rows.shape)}; the head reads {expected}. Put the steps last.")
        if lengths is None:
            return
        if lengths.shape != rows.shape[:1]:
            raise ValueError(f"lengths of shape {tuple(lengths.shape)}; expected ({len(rows)},), one a clip. Pass the batch's own.")
        least, shortest, longest = self.steps or 1, int(lengths.min()), int(lengths.max())
        if not least <= shortest <= longest <= rows.shape[2]:
            raise ValueError(
                f"clips of {shortest} to {longest} steps in a batch of {rows.shape[2]}; expected {least} to {rows.shape[2]}. "
                "Leave empty clips out, and count steps, not frames."
            )
