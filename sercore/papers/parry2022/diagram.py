"""Chapter 2's networks as a picture: shared layers, and what each approach puts on them."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor, fx, nn

from sercore.diagrams.drawing import networks
from sercore.models.attribute_network import SIZES, AttributeNetwork, Discriminator, SharedLayers, discriminators, reversed_gradient

CLASSES = 3
FRAMES = 300

fx.wrap("reversed_gradient")  # one step of the picture, not what it is made of


def attribute_networks(attributes: Mapping[str, int]) -> Figure:
    """The layers that all models share, and baseline, multi-task learning, gradient reversal and discriminators on them.

    Args:
        attributes: labels of each attribute, by the name that the picture shows.

    Raises:
        ValueError: no attribute, or one without a label.

    Source: Parry et al. 2022, Figure 1.
    """
    if not attributes or min(attributes.values()) < 1:
        raise ValueError(f"attributes {dict(attributes)}; expected one or more, each with its labels: measure the corpora first")
    shape, guesses = {"frames": (1, FRAMES, SIZES.bands)}, tuple(attributes)
    with torch.device("meta"):
        return networks(
            [
                (_Unrolled(SharedLayers()), shape, "Shared layers", ("shared output",)),
                (_OneHead(_network({})), shape, "Baseline", ("emotion",)),
                (_Headed(_network(attributes)), shape, "Multi-task (MTL)", ("emotion", *guesses)),
                (_Headed(_network(attributes, reverse=True)), shape, "Gradient reversal (GR)", ("emotion", *guesses)),
                (_Against(_network({}), attributes), shape, "Discriminators (AD)", ("emotion", *guesses)),
            ],
            leaves=(_Convolutions, _BothWays, _Shared, Discriminator),
        )


def _network(attributes: Mapping[str, int], *, reverse: bool = False) -> AttributeNetwork:
    return AttributeNetwork(SharedLayers(), width=SIZES.width, classes=CLASSES, attributes=attributes, reverse=reverse)


class _Convolutions(nn.Module):
    """Convolutions and poolings of one clip without padding: ``(batch, time, bands)`` to ``(batch, less time, channels)``."""

    def __init__(self, network: SharedLayers):
        super().__init__()
        self.layers, self.pool = network.convolutions, network.pool

    def forward(self, frames: Tensor) -> Tensor:
        signal = frames.transpose(1, 2).unsqueeze(2)
        for layer in self.layers:
            signal = self.pool(layer(signal)).relu()
        return signal.squeeze(2).transpose(1, 2)


class _BothWays(nn.Module):
    """Both directions of the LSTM, joined: ``(batch, time, 2 units)``."""

    def __init__(self, network: SharedLayers):
        super().__init__()
        self.onwards, self.backwards = network.onwards, network.backwards

    def forward(self, sequence: Tensor) -> Tensor:
        return torch.cat([self.onwards(sequence)[0], self.backwards(sequence.flip(1))[0]], dim=2)


class _Unrolled(nn.Module):
    """The shared layers of one clip, step by step."""

    def __init__(self, network: SharedLayers):
        super().__init__()
        self.convolutions, self.LSTM, self.full = _Convolutions(network), _BothWays(network), network.full

    def forward(self, frames: Tensor) -> Tensor:
        return self.full(self.LSTM(self.convolutions(frames)).mean(1)).relu()


class _Shared(nn.Module):
    """The shared layers as one box."""

    def __init__(self, network: SharedLayers):
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> Tensor:
        return self.network(frames, torch.full((len(frames),), frames.shape[1], device="cpu"))


class _OneHead(nn.Module):
    def __init__(self, network: AttributeNetwork):
        super().__init__()
        self.shared, self.emotion = _Shared(network.shared), network.emotion

    def forward(self, frames: Tensor) -> Tensor:
        return self.emotion(self.shared(frames))


class _Headed(nn.Module):
    def __init__(self, network: AttributeNetwork):
        super().__init__()
        self.shared, self.emotion, self.head, self.reverse = (
            _Shared(network.shared),
            network.emotion,
            network.heads,
            network.reverse,
        )

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        shared = self.shared(frames)
        read = reversed_gradient(shared) if self.reverse else shared
        return self.emotion(shared), *(head(read) for head in self.head.values())


class _Against(nn.Module):
    def __init__(self, network: AttributeNetwork, attributes: Mapping[str, int]):
        super().__init__()
        self.shared, self.emotion = _Shared(network.shared), network.emotion
        self.discriminator = discriminators(CLASSES, attributes)

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        guess = self.emotion(self.shared(frames)).softmax(1)
        return guess, *(each(guess) for each in self.discriminator.values())
