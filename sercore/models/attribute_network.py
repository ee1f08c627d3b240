"""CNN-LSTM on 40 mel bands with attribute heads and discriminators (Parry et al. 2022).

The figure's kernel widths and hidden units are lost, and the text sends the reader to Parry et al.
2019. ``SIZES`` keeps what is printed (pooling of 3 with stride 2, dropout of 0.5 before the fully
connected layer, about 1.8 million shared parameters) and fills in the rest: 1,825,664 parameters.
Any network that turns clips into vectors can take the place of the shared layers.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

INITIALISATIONS = ("default", "he")
NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Widths of the shared layers.

    Args:
        bands: number of mel bands (printed: 40).
        channels: channels of each convolution along time (ours: three of 256).
        kernel: frames of a convolution's kernel, odd (ours: 5).
        pool: frames of a pooling window (printed: 3).
        stride: stride of the pooling, in frames (printed: 2).
        units: units of the LSTM in each of two directions (ours: 256).
        width: width of the fully connected layer, which heads read (ours: 128).
        dropout: dropout before the fully connected layer (printed: 0.5).
    """

    bands: int = 40
    channels: tuple[int, ...] = (256, 256, 256)
    kernel: int = 5
    pool: int = 3
    stride: int = 2
    units: int = 256
    width: int = 128
    dropout: float = 0.5

    @property
    def least(self) -> int:
        """Frames of the shortest clip that has one frame behind the poolings: 15."""
        frames = 1
        for _ in self.channels:
            frames = (frames - 1) * self.stride + self.pool
        return frames


SIZES = Sizes()
SMALL = Sizes(channels=(32, 32, 32), units=32, width=32)  # the demo's: 35,712 parameters


class SharedLayers(nn.Module):
    """Convolutions along time, a bidirectional LSTM, the mean over time, one fully connected layer.

    Padding is silent: a clip in a batch gives what it gives alone. It is zero before every
    convolution, of the poolings only the windows that lie inside a clip are kept, the LSTM's second
    direction begins at a clip's own end, the mean is over its frames.

    Args:
        sizes: widths of the layers.
        initialisation: "default" (PyTorch's) or "he" (normal weights for ReLU and zero biases in
            convolutions and the fully connected layer): with the default the published rate stayed
            on the plateau of a constant answer for 42 epochs.

    Shape:
        - frames: ``(batch, time, 40)``; lengths: ``(batch,)`` valid frames, ``SIZES.least`` (15) or
          more
        - output: ``(batch, 128)``, at least 0

    Source: Parry et al. 2022, section 3.3 and Figure 1.
    """

    def __init__(self, sizes: Sizes = SIZES, *, initialisation: str = "default"):
        super().__init__()
        if initialisation not in INITIALISATIONS:
            raise ValueError(
                f"initialisation={initialisation}: unknown; expected "
                f"{' or '.join(INITIALISATIONS)}. Give one of them."
            )
        self.sizes = sizes
        inputs = (sizes.bands, *sizes.channels[:-1])
        # Along time alone, as pictures of height 1: with channels last in memory they take two
        # thirds of Conv1d's time.
        self.convolutions = nn.ModuleList(
            nn.Conv2d(wide, channels, (1, sizes.kernel), padding="same")
            for wide, channels in zip(inputs, sizes.channels, strict=True)
        ).to(memory_format=torch.channels_last)
        self.pool = nn.MaxPool2d((1, sizes.pool), (1, sizes.stride))
        # Two directions apart: packed clips would keep the library's fused LSTM from being used, at
        # three times the cost.
        self.onwards = nn.LSTM(sizes.channels[-1], sizes.units, batch_first=True)
        self.backwards = nn.LSTM(sizes.channels[-1], sizes.units, batch_first=True)
        self.dropout = nn.Dropout(sizes.dropout)
        self.full = nn.Linear(2 * sizes.units, sizes.width)
        if initialisation == "he":
            for layer in (*self.convolutions, self.full):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Representation of each clip."""
        _check(frames, lengths, self.sizes)
        lengths = lengths.to(frames.device)
        signal = _silenced(frames, lengths).transpose(1, 2).unsqueeze(2)  # (batch, bands, 1, time)
        for convolution in self.convolutions:
            # Windows that lie inside a clip.
            lengths = (lengths - self.sizes.pool) // self.sizes.stride + 1
            pooled = self.pool(convolution(signal)).relu()  # as ReLU first, on half the numbers
            sequence = pooled.squeeze(2).transpose(1, 2)  # (batch, time, channels)
            sequence = _silenced(sequence, lengths)
            signal = sequence.transpose(1, 2).unsqueeze(2)
        onwards, _ = self.onwards(sequence)
        backwards, _ = self.backwards(_turned(sequence, lengths))
        both = torch.cat([onwards, backwards], dim=2)  # (batch, time, 2 units)
        mean = _silenced(both, lengths).sum(1) / lengths[:, None]
        return self.full(self.dropout(mean)).relu()


class AttributeNetwork(nn.Module):
    """Shared layers, a linear head for the emotion and one for each attribute.

    With attributes or without, the shared and the emotion weights and torch's generator are left
    the same: the heads are built last, from draws of their own.

    Args:
        shared: layers that map the inputs to ``(batch, width)``, with their initial weights.
        width: width of the shared output.
        classes: number of emotions.
        attributes: number of classes of each attribute, by name.
        reverse: whether the heads' gradient is reversed where it enters the shared layers (default
            no).
        heads_seed: seed of the attribute heads' initial weights.

    Shape:
        - inputs: as ``shared`` takes them
        - output: emotion logits ``(batch, classes)``, so that scoring and prediction need to know
          nothing of attributes

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
            self.heads = nn.ModuleDict(
                {name: nn.Linear(width, count) for name, count in attributes.items()}
            )

    def forward(self, *inputs: Tensor) -> Tensor:
        """Emotion logits alone."""
        return self.emotion(self.represent(*inputs))

    def represent(self, *inputs: Tensor) -> Tensor:
        """Output of the shared layers: ``(batch, width)``."""
        return self.shared(*inputs)

    def answers(self, *inputs: Tensor) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """Compute what training needs.

        Returns:
            Emotion logits ``(batch, classes)``; each attribute's logits ``(batch, its classes)``;
            the shared output ``(batch, width)``, its gradient not reversed.
        """
        shared = self.represent(*inputs)  # (batch, width)
        read = reversed_gradient(shared) if self.reverse else shared
        return self.emotion(shared), {name: head(read) for name, head in self.heads.items()}, shared


class Discriminator(nn.Sequential):
    """Three linear layers that predict an attribute; they return logits.

    Args:
        inputs: numbers that it reads of a clip: the emotion classes, or the width of the shared
            output.
        classes: number of classes of the attribute.
        units: width of both hidden layers (1000 makes 1,007,002 parameters of 3 inputs and
            2 classes).

    Shape:
        - input: ``(batch, inputs)``
        - output: ``(batch, classes)``

    Source: Parry et al. 2022, section 3.3 and Figure 1(f): fully connected, about 1 million
    parameters (section 4). Deviation: the figure's numbers are not known to us; depth and width are
    chosen to meet that count.
    """

    def __init__(self, inputs: int, classes: int, units: int = 1000):
        super().__init__(
            nn.Linear(inputs, units),
            nn.ReLU(),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Linear(units, classes),
        )


def discriminators(
    inputs: int, attributes: Mapping[str, int], *, units: int = 1000, seed: int = 0
) -> nn.ModuleDict:
    """Build one discriminator for each attribute; torch's generator is left as it was.

    Args:
        inputs: number of inputs of each.
        attributes: number of classes of each attribute, by name.
        units: width of the hidden layers.
        seed: seed of their initial weights.
    """
    with _own_draws(seed):
        return nn.ModuleDict(
            {name: Discriminator(inputs, count, units) for name, count in attributes.items()}
        )


def reversed_gradient(tensor: Tensor) -> Tensor:
    """Return the tensor with its gradient times -1.

    Source: Parry et al. 2022, section 3.2.1: R(x) = x with dR/dx = -I.
    """
    return _Reversal.apply(tensor)


def _turned(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each clip in time, ``(batch, time, channels)``; padding is not valid."""
    time = torch.arange(sequence.shape[1], device=sequence.device)
    place = (lengths[:, None] - 1 - time).clamp(min=0)  # (batch, time)
    return sequence.gather(1, place[:, :, None].expand(-1, -1, sequence.shape[2]))


def _silenced(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Zeros behind each clip's end: ``(batch, time, channels)``."""
    time = torch.arange(sequence.shape[1], device=sequence.device)
    return sequence * (time < lengths[:, None])[:, :, None].to(sequence.dtype)


def _check(frames: Tensor, lengths: Tensor, sizes: Sizes) -> None:
    if frames.ndim != 3 or frames.shape[2] != sizes.bands:
        raise ValueError(
            f"input of shape {tuple(frames.shape)}; the network reads (batch, time, "
            f"{sizes.bands}). Put the bands last."
        )
    if lengths.shape != frames.shape[:1]:
        raise ValueError(
            f"lengths of shape {tuple(lengths.shape)}; expected ({len(frames)},), one a clip. "
            "Pass the batch's own."
        )
    if not sizes.least <= int(lengths.min()) <= int(lengths.max()) <= frames.shape[1]:
        raise ValueError(
            f"clips of {int(lengths.min())} to {int(lengths.max())} frames in a batch of "
            f"{frames.shape[1]}; expected"
            f" {sizes.least} to {frames.shape[1]}. Drop or pad shorter clips, and count frames, "
            "not samples."
        )


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(_, tensor: Tensor) -> Tensor:
        return tensor.view_as(tensor)

    @staticmethod
    def backward(_, gradient: Tensor) -> Tensor:
        return -gradient


@contextmanager
def _own_draws(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator and restore it afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
