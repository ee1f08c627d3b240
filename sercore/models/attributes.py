"""Attribute heads on shared layers, gradient reversal and discriminators (Parry et al. 2022, sections 3.1 to 3.3, Figure 1).

Any network that turns clips into vectors can be the shared part.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import torch
from torch import Tensor, nn

NONE: Mapping[str, int] = MappingProxyType({})


class EmotionNetwork(nn.Module):
    """Shared layers, a linear head for the emotion and one for each attribute.

    With attributes or without, the shared and the emotion weights and torch's generator are left the same: the heads are built
    last, from draws of their own.

    Args:
        shared: of the inputs; gives ``(batch, width)``. It comes with its initial weights.
        width: of the shared output, 1 or more.
        classes: of the emotion, 1 or more.
        attributes: classes of each attribute, by name (default: none).
        reverse: whether the heads' gradient is reversed where it enters the shared layers (default no).
        heads_seed: of the attribute heads' initial weights (default 0).

    Shape:
        - inputs: as ``shared`` takes them
        - output: emotion logits ``(batch, classes)``, so that scoring and prediction need to know nothing of attributes

    Source: Parry et al. 2022, section 3.1 (without reversal) and 3.2.1 (with it), Figure 1.
    """

    def __init__(
        self,
        shared: nn.Module,
        *,
        width: int,
        classes: int,
        attributes: Mapping[str, int] = NONE,
        reverse: bool = False,
        heads_seed: int = 0,
    ):
        super().__init__()
        self.shared = shared
        self.emotion = nn.Linear(width, classes)
        self.reverse = reverse
        with _own_draws(heads_seed):
            self.heads = nn.ModuleDict({name: nn.Linear(width, count) for name, count in attributes.items()})

    def forward(self, *inputs: Tensor) -> Tensor:
        """Emotion logits alone."""
        return self.emotion(self.represent(*inputs))

    def represent(self, *inputs: Tensor) -> Tensor:
        """Output of the shared layers: ``(batch, width)``."""
        return self.shared(*inputs)

    def answers(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """What training needs.

        Returns:
            Emotion logits ``(batch, classes)``; each attribute's logits ``(batch, its classes)``; the shared output
            ``(batch, width)``, its gradient not reversed.
        """
        shared = self.represent(*inputs)  # (batch, width)
        read = reversed_gradient(shared) if self.reverse else shared
        return self.emotion(shared), {name: head(read) for name, head in self.heads.items()}, shared


class Discriminator(nn.Sequential):
    """Three linear layers that guess an attribute from what the emotion classifier gives out; they return logits.

    Args:
        inputs: numbers that it reads of a clip: the emotion classes, or the width of the shared output.
        classes: of the attribute.
        units: of both hidden layers (default 1000, which makes 1,007,002 parameters of 3 inputs and 2 classes).

    Shape:
        - input: ``(batch, inputs)``
        - output: ``(batch, classes)``

    Source: Parry et al. 2022, section 3.3 and Figure 1(f): fully connected, about 1 million parameters (section 4). Deviation: the
    figure's numbers are not known to us; depth and width are chosen to meet that count.
    """

    def __init__(self, inputs: int, classes: int, units: int = 1000):
        super().__init__(
            nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, units), nn.ReLU(), nn.Linear(units, classes)
        )  # fmt: skip


def discriminators(inputs: int, attributes: Mapping[str, int], *, units: int = 1000, seed: int = 0) -> nn.ModuleDict:
    """One discriminator for each attribute, from draws of their own: torch's generator is left as it was.

    Args:
        inputs: numbers that each reads of a clip.
        attributes: classes of each attribute, by name.
        units: of the hidden layers (default 1000).
        seed: of their initial weights (default 0).
    """
    with _own_draws(seed):
        return nn.ModuleDict({name: Discriminator(inputs, count, units) for name, count in attributes.items()})


def reversed_gradient(tensor: Tensor) -> Tensor:
    """The tensor itself, whose gradient is taken times -1.

    Source: Parry et al. 2022, section 3.2.1: R(x) = x with dR/dx = -I.
    """
    return _Reversal.apply(tensor)


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(_, tensor: Tensor) -> Tensor:
        return tensor.view_as(tensor)

    @staticmethod
    def backward(_, gradient: Tensor) -> Tensor:
        return -gradient


@contextmanager
def _own_draws(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator, on which layers are built, and put it back; a GPU's is not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
