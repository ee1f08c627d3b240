"""The training loop, and how weights start."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Recipe of a training; the defaults are those of Alves et al. 2022 and of Keras.

    Args:
        epochs: passes over the training rows.
        batch: rows a step; the last batch of an epoch may be smaller.
        rate: Adam's learning rate.
        betas: Adam's decay rates.
        epsilon: Adam's epsilon.
        spread: standard deviation of the normal distribution that the weights are drawn from.
    """

    epochs: int = 300
    batch: int = 100
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-7
    spread: float = 0.05


def choose(device: str) -> torch.device:
    """Return the device for "cpu", "cuda" or "auto", the GPU if there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "device=cuda: no CUDA device was found; expected a GPU and a CUDA build of torch. Use "
            "device=auto or cpu."
        )
    return torch.device(device)


def initialise(
    network: nn.Module, *, spread: float, uniform: Iterable[str], generator: torch.Generator
) -> None:
    """Draw the trainable weights; frozen layers keep theirs.

    Weights are normal with this spread, or Glorot uniform in the layers named; biases are zero.
    """
    named = set(uniform)
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Linear) and layer.weight.requires_grad:
            if name in named:
                nn.init.xavier_uniform_(layer.weight, generator=generator)
            else:
                nn.init.normal_(layer.weight, std=spread, generator=generator)
            nn.init.zeros_(layer.bias)


def train(
    network: nn.Module,
    loss: Callable[..., Tensor],
    batches: Callable[[], Iterable[tuple]],
    *,
    recipe: Recipe,
) -> nn.Module:
    """Fit a network with Adam and leave it in evaluation mode; the last epoch is kept.

    Args:
        network: trained in place.
        loss: function of the network and one batch's tensors.
        batches: function that returns the batches of an epoch.
        recipe: epochs, rate and the rest.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(
        weights, lr=recipe.rate, betas=recipe.betas, eps=recipe.epsilon, fused=True
    )
    network.train()
    for _ in range(recipe.epochs):
        for batch in batches():
            optimiser.zero_grad()
            loss(network, *batch).backward()
            optimiser.step()
    return network.eval()
