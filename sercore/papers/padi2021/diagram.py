"""Chapter 4's systems as a picture: the speaker recogniser, and the emotion network that starts from its convolutions."""

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from sercore.models.resnet import SIZES, ResNet34
from sercore.report.diagrams import networks

FRAMES = 300
CLASSES = 4


def transferred(speakers: int) -> Figure:
    """A speaker recogniser, and the emotion network on its frozen convolutions, for a chunk of 300 frames.

    Args:
        speakers: that the recogniser tells apart, 1 or more.

    Source: Padi et al. 2021, Figure 1.
    """
    shape = {"log_mel": (1, FRAMES, SIZES.bands)}
    with torch.device("meta"):
        return networks(
            [
                (_Unrolled(ResNet34(speakers)), shape, "First stage", ("speaker",)),
                (_Unrolled(ResNet34(CLASSES).freeze()), shape, "Second stage", ("emotion",)),
            ],
            leaves=(_Convolutions, _Pooling, _First),
        )


class _Convolutions(nn.Module):
    """Stem and stages of one chunk: ``(batch, time, bands)`` to ``(batch, steps, rows)``."""

    def __init__(self, network: ResNet34):
        super().__init__()
        self.backbone = network.backbone

    def forward(self, frames: Tensor) -> Tensor:
        return self.backbone(frames).transpose(1, 2)


class _Pooling(nn.Module):
    """Mean and standard deviation over time: ``(batch, steps, rows)`` to ``(batch, 2 rows)``."""

    def __init__(self, network: ResNet34):
        super().__init__()
        self.pooled = network.head.pooled

    def forward(self, rows: Tensor) -> Tensor:
        return self.pooled(rows.transpose(1, 2))


class _First(nn.Module):
    """The first fully connected layer with its batch norm and PReLU."""

    def __init__(self, network: ResNet34):
        super().__init__()
        self.full, self.norm, self.act = network.head.full, network.head.norm, network.head.act

    def forward(self, pooled: Tensor) -> Tensor:
        return self.act(self.norm(self.full(pooled)))


class _Unrolled(nn.Module):
    def __init__(self, network: ResNet34):
        super().__init__()
        self.ResNet34, self.statistics = _Convolutions(network), _Pooling(network)
        self.FC_1, self.FC_2 = _First(network), network.head.output

    def forward(self, log_mel: Tensor) -> Tensor:
        return self.FC_2(self.FC_1(self.statistics(self.ResNet34(log_mel))))
