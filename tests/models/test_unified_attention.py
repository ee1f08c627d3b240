"""Gated self-attention and its block against numpy, a head and a position at a time."""

import math

import numpy as np
import pytest
import torch

from sercore.models.unified_attention import GatedSelfAttention, UnifiedAttention, drawn


def by_hand(
    sequence: np.ndarray, w: dict[str, np.ndarray], *, heads: int, divisor: int
) -> np.ndarray:
    """One clip: gates, scores, softmax and mixing, by the formulas of section 3.5."""
    mixed = []
    for head in range(heads):
        query, key, value = (sequence @ w[name][head] for name in ("query", "key", "value"))
        product = (query @ w["gate_query"][head]) * (key @ w["gate_key"][head])
        gates = 1 / (1 + np.exp(-product @ w["gate"][head]))
        scores = np.zeros((len(sequence), len(sequence)))
        for i in range(len(sequence)):
            for j in range(len(sequence)):
                scores[i, j] = (
                    (gates[i, 0] * query[i]) @ (gates[j, 1] * key[j]) / math.sqrt(divisor)
                )
        weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        mixed.append(weights @ value)
    return np.concatenate(mixed, axis=1) @ w["output"][0]


def weights(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in module.state_dict().items()}


def normalised(values: np.ndarray) -> np.ndarray:
    """Over both axes at once."""
    return (values - values.mean()) / np.sqrt(values.var() + 1e-5)


@pytest.mark.parametrize(("heads", "divisor"), [(1, 6), (3, 6), (3, 2)])
def test_gated_attention_is_its_formula(heads, divisor):
    torch.manual_seed(0)
    attention = GatedSelfAttention(6, heads=heads, gate=4, divisor=divisor).double()
    sequence = torch.randn(2, 5, 6, dtype=torch.float64)
    expected = np.stack(
        [
            by_hand(clip.numpy(), weights(attention), heads=heads, divisor=divisor)
            for clip in sequence
        ]
    )
    assert np.allclose(attention(sequence).detach().numpy(), expected, atol=1e-12)


def test_the_block_is_its_formula():
    """Skip connections, layer norms over positions and channels, ReLU in between; norms start as plain scaling."""
    torch.manual_seed(0)
    block = UnifiedAttention(6, 5, heads=3, gate=4, divisor=6, dropout=0.5).double().eval()
    sequence = torch.randn(1, 5, 6, dtype=torch.float64)
    w, plain = weights(block), sequence[0].numpy()
    first = normalised(plain + by_hand(plain, weights(block.attention), heads=3, divisor=6))
    wide = np.maximum(first @ w["forward_part.0.weight"].T + w["forward_part.0.bias"], 0)
    second = normalised(first + wide @ w["forward_part.3.weight"].T + w["forward_part.3.bias"])
    assert np.allclose(block(sequence)[0].detach().numpy(), second, atol=1e-10)


def test_each_head_is_drawn_by_its_own_sizes():
    drawing = drawn(3, 144, 48).detach()
    bound = math.sqrt(6 / (144 + 48))
    assert 0.99 * bound < drawing.abs().amax(dim=(1, 2)).min() <= drawing.abs().max() <= bound
    assert not torch.equal(drawing[0], drawing[1])


def test_heads_must_divide_the_channels():
    with pytest.raises(ValueError, match="7 channels over 3 heads"):
        GatedSelfAttention(7, heads=3, gate=4, divisor=7)
