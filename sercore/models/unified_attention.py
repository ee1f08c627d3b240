"""Gated self-attention and unified attention (Yu et al. 2019; Biagini 2022, section 3.5)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class GatedSelfAttention(nn.Module):
    """Self-attention whose queries and keys are scaled by learned gates.

    The heads share the channels d_z equally; the gate's projections have the width d_g, and the
    scores are divided by the root of the divisor.

    Shape:
        - sequence: ``(batch, time, channels)``
        - output: ``(batch, time, channels)``

    Source: Biagini 2022, section 3.5 and Figure 8. No bias, Xavier uniform weights. Deviation: the
    text calls the gate a softmax; the formula and the author's code take a sigmoid.
    """

    def __init__(self, channels: int, *, heads: int, gate: int, divisor: int):
        super().__init__()
        if channels % heads:
            raise ValueError(
                f"{channels} channels over {heads} heads: they do not divide; expected a multiple."
                " Change one of them."
            )
        width = channels // heads
        self.divisor = divisor
        self.query, self.key, self.value = (drawn(heads, channels, width) for _ in range(3))
        self.gate_query, self.gate_key = (drawn(heads, width, gate) for _ in range(2))
        self.gate = drawn(heads, gate, 2)
        self.output = drawn(1, channels, channels)

    def forward(self, sequence: Tensor) -> Tensor:
        """The sequence, attended to."""
        expanded = sequence.unsqueeze(1)  # (batch, 1, time, channels)
        # (batch, heads, time, width)
        query, key, value = (expanded @ weights for weights in (self.query, self.key, self.value))
        products = (query @ self.gate_query) * (key @ self.gate_key)
        gates = (products @ self.gate).sigmoid()  # (batch, heads, time, 2)
        query, key = gates[..., :1] * query, gates[..., 1:] * key
        heads = functional.scaled_dot_product_attention(
            query, key, value, scale=1 / math.sqrt(self.divisor)
        )
        return heads.transpose(1, 2).flatten(2) @ self.output[0]  # (batch, time, channels)


class UnifiedAttention(nn.Module):
    """Gated self-attention and a feed-forward network, each added to its input and normalised.

    The layer norms hold a weight for each position and channel. The feed-forward network drops out
    between its widths of 4 d_z and d_z.

    Shape:
        - sequence: ``(batch, positions, channels)``
        - output: ``(batch, positions, channels)``

    Source: Biagini 2022, section 3.5 and Figure 9. Deviation: the maps to d_z channels stand
    outside, as only the first of two blocks has them.
    """

    def __init__(
        self, channels: int, positions: int, *, heads: int, gate: int, divisor: int, dropout: float
    ):
        super().__init__()
        self.attention = GatedSelfAttention(channels, heads=heads, gate=gate, divisor=divisor)
        self.first_norm = nn.LayerNorm((positions, channels))
        self.forward_part = nn.Sequential(
            nn.Linear(channels, 4 * channels),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4 * channels, channels),
        )
        self.second_norm = nn.LayerNorm((positions, channels))

    def forward(self, sequence: Tensor) -> Tensor:
        """The sequence after both parts."""
        attended = self.first_norm(sequence + self.attention(sequence))
        return self.second_norm(attended + self.forward_part(attended))


def drawn(heads: int, rows: int, columns: int) -> nn.Parameter:
    """Draw the weights ``(heads, rows, columns)``, Xavier uniform for each head."""
    weights = torch.empty(heads, rows, columns)
    for matrix in weights:
        nn.init.xavier_uniform_(matrix)
    return nn.Parameter(weights)
