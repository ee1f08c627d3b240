"""The training loop of small networks, alone or several at once, and how weights start.

Small networks spend their time between the operations, not in them; the same operation on many
networks costs little more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from sercore.training import devices

Batches = Callable[[], Iterable[Sequence[Tensor]]]


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


def train_together(
    networks: Sequence[nn.Module],
    loss: Callable[..., Tensor],
    batches: Sequence[Batches],
    *,
    recipe: Recipe,
) -> None:
    """Fit networks with Adam and leave them in evaluation mode; the last epoch is kept.

    A network learns what it would learn alone: batches shorter than another's are filled with rows
    of weight 0, and a network whose epoch is over rests until the next begins. Sums are taken in
    another order than alone: weights agree to rounding. One network is handed to ``train``.

    Args:
        networks: networks of one architecture on one device, trained in place.
        loss: function of a network and one batch's tensors that returns ``(rows,)``.
        batches: for each network, a function that returns the batches of an epoch.
        recipe: epochs, rate and the rest.

    Raises:
        ValueError: no network, or not as many ``batches`` as networks.

    Source: none of the papers; Alves et al. 2022, section 3, trains each alone with Adam.
    """
    if not networks or len(networks) != len(batches):
        raise ValueError(
            f"{len(networks)} networks with batches of {len(batches)}; expected one or more, each"
            " with its own batches."
        )
    if len(networks) == 1:
        train(networks[0], lambda *given: loss(*given).mean(), batches[0], recipe=recipe)
        return
    wrapped = [_Loss(network.train(), loss) for network in networks]
    state, _ = stack_module_state(wrapped)
    names = [name for name, weight in wrapped[0].named_parameters() if weight.requires_grad]
    fixed = {name: tensor.detach() for name, tensor in state.items() if name not in names}
    shapes = [state[name].shape[1:] for name in names]
    sizes = [shape.numel() for shape in shapes]
    # (networks, weights of one)
    weights = torch.cat([state[name].detach().flatten(1) for name in names], dim=1)

    def mean(flat: Tensor, frozen: dict[str, Tensor], share: Tensor, *batch: Tensor) -> Tensor:
        parts = zip(names, flat.split(sizes), shapes, strict=True)
        trained = {name: part.view(shape) for name, part, shape in parts}
        return (functional_call(wrapped[0], trained | frozen, batch) * share).sum()

    means, adam = vmap(mean), _Adam(weights, recipe)
    with devices.kept_memory():
        for _ in range(recipe.epochs):
            epochs = [list(draw()) for draw in batches]
            for step in range(max(map(len, epochs))):
                going = [row for row, epoch in enumerate(epochs) if step < len(epoch)]
                chosen = slice(None)
                if len(going) < len(networks):
                    chosen = torch.tensor(going, device=weights.device)
                share, *batch = _filled([epochs[row][step] for row in going])
                flat = weights[chosen].detach().requires_grad_()
                frozen = {name: tensor[chosen] for name, tensor in fixed.items()}
                (gradient,) = torch.autograd.grad(means(flat, frozen, share, *batch).sum(), flat)
                adam.step(chosen, gradient)
    with torch.no_grad():
        for network, flat in zip(wrapped, weights, strict=True):
            trained = dict(network.named_parameters())
            for name, part in zip(names, flat.split(sizes), strict=True):
                trained[name].copy_(part.view_as(trained[name]))
            network.eval()


class _Loss(nn.Module):
    """Loss as a module, so that a call on other weights reaches the layers that it calls."""

    def __init__(self, network: nn.Module, loss: Callable[..., Tensor]):
        super().__init__()
        self.network = network
        self.loss = loss

    def forward(self, *batch: Tensor) -> Tensor:
        return self.loss(self.network, *batch)


class _Adam:
    """Adam on the weights of many networks, ``(networks, weights of one)``.

    Source: Kingma and Ba 2015, algorithm 1, as in ``torch.optim.Adam``, whose bits it does not
    share.
    """

    def __init__(self, weights: Tensor, recipe: Recipe):
        self.weights, self.recipe = weights, recipe
        self.first, self.second = torch.zeros_like(weights), torch.zeros_like(weights)
        self.steps = torch.zeros(len(weights), 1, dtype=torch.float64, device=weights.device)

    def step(self, chosen: slice | Tensor, gradient: Tensor) -> None:
        """Move the chosen networks."""
        (fast, slow), rate = self.recipe.betas, self.recipe.rate
        self.steps[chosen] += 1
        steps = self.steps[chosen]
        first = self.first[chosen].lerp_(gradient, 1 - fast)
        second = self.second[chosen].mul_(slow).addcmul_(gradient, gradient, value=1 - slow)
        size = (rate / (1 - fast**steps)).to(gradient.dtype)  # (chosen, 1)
        root = (1 - slow**steps).sqrt().to(gradient.dtype)
        self.weights[chosen] -= size * first / (second.sqrt() / root + self.recipe.epsilon)
        if not isinstance(chosen, slice):  # an index has made copies
            self.first[chosen], self.second[chosen] = first, second


def _filled(batches: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """Join batches: each row's share in its batch's mean, and the tensors, filled up."""
    rows = [len(batch[0]) for batch in batches]
    most, device = max(rows), batches[0][0].device
    count = torch.tensor(rows, device=device)[:, None]
    share = (torch.arange(most, device=device) < count) / count
    return [share, *(_stacked(tensors, most) for tensors in zip(*batches, strict=True))]


def _stacked(tensors: Sequence[Tensor], rows: int) -> Tensor:
    if all(len(tensor) == rows for tensor in tensors):
        return torch.stack(tensors)
    filled = tensors[0].new_zeros(len(tensors), rows, *tensors[0].shape[1:])
    for place, tensor in zip(filled, tensors, strict=True):
        place[: len(tensor)] = tensor
    return filled
