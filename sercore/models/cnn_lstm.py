"""CNN-LSTM on 40 mel bands: the layers that emotion and attributes share (Parry et al. 2022, section 3.3, Figure 1).

The figure's kernel widths and hidden units are lost, and the text sends the reader to Parry et al. 2019. ``SIZES`` keeps what is
printed (pooling of 3 with stride 2, dropout of 0.5 before the fully connected layer, about 1.8 million shared parameters) and
fills in the rest: 1,825,664 parameters. Heads, gradient reversal and discriminators are in ``attributes``.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

INITIALISATIONS = ("default", "he")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Widths of the shared layers.

    Args:
        bands: mel bands that are read (printed: 40).
        channels: of each convolution along time (ours: three of 256).
        kernel: frames that a convolution sees, odd (ours: 5).
        pool: frames that a pooling sees (printed: 3).
        stride: of the pooling, in frames (printed: 2).
        units: of the LSTM in each of two directions (ours: 256).
        width: of the fully connected layer, which heads read (ours: 128).
        dropout: before the fully connected layer (printed: 0.5).
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
        """Frames that a clip needs for one frame to be left behind the poolings: 15."""
        frames = 1
        for _ in self.channels:
            frames = (frames - 1) * self.stride + self.pool
        return frames


SIZES = Sizes()
SMALL = Sizes(channels=(32, 32, 32), units=32, width=32)  # the demo's: 35,712 parameters


class CnnLstm(nn.Module):
    """Convolutions along time, a bidirectional LSTM, the mean over time, one fully connected layer.

    Padding is silent: a clip in a batch gives what it gives alone. It is zero before every convolution, of the poolings only the
    windows that lie inside a clip are kept, the LSTM's second direction begins at a clip's own end, the mean is over its frames.

    Args:
        sizes: see ``Sizes``.
        initialisation: "default" (PyTorch's) or "he" (normal weights for ReLU and zero biases in convolutions and the fully
            connected layer): with the default the published rate stayed on the plateau of a constant answer for 42 epochs.

    Shape:
        - frames: ``(batch, time, 40)``; lengths: ``(batch,)`` valid frames, ``SIZES.least`` (15) or more
        - output: ``(batch, 128)``, at least 0

    Source: Parry et al. 2022, section 3.3 and Figure 1.
    """

    def __init__(self, sizes: Sizes = SIZES, *, initialisation: str = "default"):
        super().__init__()
        if initialisation not in INITIALISATIONS:
            raise ValueError(
                f"initialisation={initialisation}: unknown; expected {' or '.join(INITIALISATIONS)}. Give one of them."
            )
        self.sizes = sizes
        inputs = (sizes.bands, *sizes.channels[:-1])
        # Along time alone, as pictures of height 1: with channels last in memory they take two thirds of Conv1d's time.
        self.convolutions = nn.ModuleList(
            nn.Conv2d(wide, channels, (1, sizes.kernel), padding="same")
            for wide, channels in zip(inputs, sizes.channels, strict=True)
        ).to(memory_format=torch.channels_last)
        self.pool = nn.MaxPool2d((1, sizes.pool), (1, sizes.stride))
        # Two directions apart: packed clips would keep the library's fused LSTM from being used, at three times the cost.
        self.onwards = nn.LSTM(sizes.channels[-1], sizes.units, batch_first=True)
        self.backwards = nn.LSTM(sizes.channels[-1], sizes.units, batch_first=True)
        self.dropout = nn.Dropout(sizes.dropout)
        self.full = nn.Linear(2 * sizes.units, sizes.width)
        if initialisation == "he":
            for layer in (*self.convolutions, self.full):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """What the layers make of each clip."""
        _check(frames, lengths, self.sizes)
        lengths = lengths.to(frames.device)
        signal = _silenced(frames, lengths).transpose(1, 2).unsqueeze(2)  # (batch, bands, 1, time), channels last in memory
        for convolution in self.convolutions:
            lengths = (lengths - self.sizes.pool) // self.sizes.stride + 1  # windows that lie inside a clip
            pooled = self.pool(convolution(signal)).relu()  # the same as ReLU first, on half the numbers
            sequence = _silenced(pooled.squeeze(2).transpose(1, 2), lengths)  # (batch, time, channels)
            signal = sequence.transpose(1, 2).unsqueeze(2)
        both = torch.cat([self.onwards(sequence)[0], self.backwards(_turned(sequence, lengths))[0]], dim=2)
        mean = _silenced(both, lengths).sum(1) / lengths[:, None]  # (batch, 2 units): the order in time is gone
        return self.full(self.dropout(mean)).relu()


def _turned(sequence: Tensor, lengths: Tensor) -> Tensor:
    """Each clip from its own end to its start: ``(batch, time, channels)``; what stands behind is not to be read."""
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
            f"input of shape {tuple(frames.shape)}; the network reads (batch, time, {sizes.bands}). Put the bands last."
        )
    if lengths.shape != frames.shape[:1]:
        raise ValueError(f"lengths of shape {tuple(lengths.shape)}; expected ({len(frames)},), one a clip. Pass the batch's own.")
    if not sizes.least <= int(lengths.min()) <= int(lengths.max()) <= frames.shape[1]:
        raise ValueError(
            f"clips of {int(lengths.min())} to {int(lengths.max())} frames in a batch of {frames.shape[1]}; expected"
            f" {sizes.least} to {frames.shape[1]}. Drop or pad shorter clips, and count frames, not samples."
        )
