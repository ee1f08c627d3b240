"""A small network for each approach and seventy-five clips, for the tests of the step and of the loop."""

import numpy as np
import torch
from torch import nn

from sercore.models.attribute_network import AttributeNetwork, discriminators
from sercore.papers.parry2022.adversarial import label_entropy

CLASSES = {"corpus": 3, "gender": 2, "speaker": 5, "language": 2}
SUBSETS = [["gender"], ["corpus", "speaker"], [*CLASSES]]
DRAWS = torch.Generator().manual_seed(0)
CLIPS = torch.randn(75, 1, 12, 6, generator=DRAWS)
EMOTION = torch.randint(3, (75,), generator=DRAWS)
LABELS = {name: torch.randint(-1, count, (75,), generator=DRAWS) for name, count in CLASSES.items()}
ENTROPIES = {name: label_entropy(labels) for name, labels in {"emotion": EMOTION, **LABELS}.items()}


def build(approach: str, names: list[str], *, reads: str = "softmax", dropout: float = 0.4):
    """A small convolutional network as one approach wants it, and its discriminators."""
    torch.manual_seed(1)
    shared = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(16, 10),
        nn.ReLU(),
    )
    mine = {name: CLASSES[name] for name in names}
    heads = mine if approach in ("MTL", "GR") else {}
    network = AttributeNetwork(
        shared, width=10, classes=3, attributes=heads, reverse=approach == "GR"
    )
    return network, discriminators(
        3 if reads == "softmax" else 10, mine if approach == "AD" else {}, units=12
    )


def shuffled(names: list[str]):
    """Four batches an epoch, the last of 15 clips."""

    def batches(epoch: int):
        order = torch.tensor(np.random.default_rng([7, epoch]).permutation(75))
        return [
            [CLIPS[rows], EMOTION[rows], *(LABELS[name][rows] for name in names)]
            for rows in order.split(20)
        ]

    return batches


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def emotional(network) -> dict:
    return {
        name: tensor.clone()
        for name, tensor in network.state_dict().items()
        if not name.startswith("heads.")
    }


def gradients(weights) -> list:
    return [None if weight.grad is None else weight.grad.clone() for weight in weights]
