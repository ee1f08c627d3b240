"""Training by a loss, with schedules and a validation that selects an epoch (Biagini 2022).

``Plan`` says how a network is trained, ``fit`` trains it. The loop is ``resumable.run``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from sercore import store
from sercore.training import resumable
from sercore.training.devices import autocast
from sercore.training.resumable import Epoch, History, mean
from sercore.training.schedules import Plateau, Steps

OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
NARROW = 16  # channels, under which channels-last is refused on a CPU
SCORES = ("loss", "accuracy")  # that a validation must give

Loss = Callable[..., tuple[Tensor, Tensor]]
Batches = Iterable[Sequence[Tensor]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is trained; the defaults are Adam's, without a schedule.

    Args:
        epochs: passes over the training clips, at most.
        batch: clips a step; the caller's batches follow it.
        optimiser: adam, whose weight decay joins the gradient, or adamw, whose does not.
        rate, weight_decay: of the parameter groups that name none.
        precision: fp32, or bf16: autocast in training and validation, the weights stay fp32.
        channels_last: memory format of the network; with bf16 it pays for convolutions.
        stop: rate cuts of a plateau after which training ends early, or None.
        least: epochs before which it does not.

    Source: Biagini 2022, section 3.7.
    """

    epochs: int = 100
    batch: int = 64
    optimiser: Literal["adam", "adamw"] = "adam"
    rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: Plateau | Steps | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    channels_last: bool = False
    stop: int | None = None
    least: int = 0

    def __post_init__(self) -> None:
        for name, known in (("optimiser", OPTIMISERS), ("precision", ("fp32", "bf16"))):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name}={getattr(self, name)}: unknown; expected {' or '.join(known)}. Give"
                    " one of them."
                )
        smallest = {"epochs": 1, "batch": 1, "weight_decay": 0, "least": 0, "stop": 1}
        for name, least in smallest.items():
            if getattr(self, name) is not None and getattr(self, name) < least:
                raise ValueError(
                    f"{name}={getattr(self, name)}: too small; expected {least} or more. Give"
                    f" {name} from {least} on."
                )
        if not self.rate > 0:
            raise ValueError(f"rate={self.rate}: expected more than 0. Give 0.001, for example.")
        if self.stop is not None and not isinstance(self.schedule, Plateau):
            raise ValueError(
                f"stop={self.stop}: counts cuts of a plateau, and schedule is {self.schedule}. "
                "Give a Plateau or no stop."
            )

    def ending(self, losses: Sequence[float]) -> str:
        """Why training ends after epochs with these validation losses; empty while it goes on."""
        if len(losses) >= self.epochs:
            return f"all {self.epochs} epochs"
        may_stop = self.stop is not None and len(losses) >= self.least
        if may_stop and len(self.schedule.cuts(losses)) >= self.stop:
            return f"{self.stop} rate cuts"
        return ""


def check(
    plan: Plan,
    network: nn.Module,
    groups: Sequence[Mapping[str, Any]],
    device: torch.device,
    *,
    validated: bool = True,
) -> None:
    """Refuse what would fail or crash later.

    Raises:
        ValueError: a group holds another network's weights; a plateau without clips to see it on;
            or channels-last on a CPU with a convolution of few channels.
    """
    if isinstance(plan.schedule, Plateau) and not validated:
        raise ValueError(
            "schedule=Plateau: no clip is held out to see it on; expected Steps or None. Give one,"
            " or a validation."
        )
    parameters = set(network.parameters())
    strangers = sum(weight not in parameters for group in groups for weight in group["params"])
    if strangers:
        raise ValueError(
            f"groups: {strangers} tensors that are no parameter of the network; expected its own."
            " Take them from it."
        )
    if not plan.channels_last or device.type != "cpu":
        return
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.out_channels < NARROW:
            raise ValueError(
                f"channels_last: {name} has {layer.out_channels} channels; on a CPU expected"
                f" {NARROW} or more, as narrower ones crash torch 2.13.0 in training. Leave"
                " channels_last out, or train on a GPU."
            )


def fit(
    network: nn.Module,
    groups: Sequence[Mapping[str, Any]],
    loss: Loss,
    batches: Callable[[int], Batches],
    validate: Callable[[nn.Module], Mapping[str, float]] | None,
    *,
    plan: Plan,
    folder: Path,
    device: torch.device | str = "cpu",
    seed: int,
) -> History:
    """Train a network, or go on with it, as ``resumable.run`` does.

    Each epoch's result has ``rates`` (of each parameter group), ``training`` and, where clips are
    held out, ``validation``, both with ``loss`` and ``accuracy``. ``training`` has means over
    clips, measured while the weights move, and as ``loss_by_batch`` and ``accuracy_by_batch`` means
    over batches, where a smaller last batch counts as much. The best epoch is that of the best
    validation accuracy.

    Args:
        network: trained in place; it is left on the device, in evaluation mode, with the last
            epoch's weights.
        groups: parameter groups of the optimiser: ``params``, and ``lr`` and ``weight_decay`` where
            they are not the plan's.
        loss: function of the network and one batch's tensors; it returns the mean loss and, for
            each clip, whether it was right.
        batches: function that gives the batches of an epoch, by its number from 1 and nothing else.
        validate: function that scores a network, with ``loss`` and ``accuracy``; None where every
            clip trains: then the last epoch is the best.
        plan: optimiser, schedule and the rest.
        folder: folder of this run alone.
        device: cpu or cuda; batches are moved there.
        seed: seed of dropout and whatever else draws from torch's generator.

    Raises:
        ValueError: The plan, the groups or a checkpoint do not fit the network, or a validation
            lacks a score.
        FloatingPointError: A loss is not finite; the last epoch's checkpoint stands.
    """
    device = torch.device(device)
    groups = [{**group, "params": list(group["params"])} for group in groups]
    check(plan, network, groups, device, validated=validate is not None)
    layout = torch.channels_last if plan.channels_last else torch.preserve_format
    network.to(device, memory_format=layout)
    settings = {"lr": plan.rate, "weight_decay": plan.weight_decay, "fused": True}
    optimiser = OPTIMISERS[plan.optimiser](groups, **settings)
    starts = [group["lr"] for group in optimiser.param_groups]

    def step(batch: list[Tensor]) -> dict[str, float]:
        network.zero_grad()  # all of it: gradients reach weights that the optimiser does not hold
        with autocast(plan.precision, device):
            value, right = loss(network, *batch)
        value.backward()
        optimiser.step()
        return _numbers(value, right)

    def epoch(now: Epoch) -> dict[str, Any]:
        for group, start in zip(optimiser.param_groups, starts, strict=True):
            group["lr"] = plan.schedule.rate(start, _losses(now.done)) if plan.schedule else start
        result: dict[str, Any] = {"rates": [group["lr"] for group in optimiser.param_groups]}
        result["training"] = _means(now.steps(batches(now.number), step))
        if validate is not None:
            result["validation"] = now.validation(validate, SCORES, precision=plan.precision)
        return result

    identity = {f"plan.{name}": value for name, value in asdict(plan).items()}
    identity["groups"] = _digest(network, optimiser)
    return resumable.run(
        network,
        optimiser,
        epoch,
        total=plan.epochs,
        ending=lambda done: plan.ending(_losses(done)),
        best=best_epoch,
        identity=identity,
        folder=folder,
        device=device,
        seed=seed,
    )


def best_epoch(epochs: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of the epoch with the best validation accuracy, the earliest of equals.

    Where nothing validates it is the last one.
    """
    if "validation" not in epochs[-1]:
        return len(epochs)
    return 1 + max(range(len(epochs)), key=lambda row: epochs[row]["validation"]["accuracy"])


def cross_entropy(network: nn.Module, *batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy, and which clips are right.

    A batch's last tensor is the target, the others go to the network.

    Shape:
        - target: ``(batch,)`` class numbers; the network's output: logits ``(batch, classes)``
        - output: ``()`` and ``(batch,)``
    """
    *inputs, target = batch
    logits = network(*inputs)  # (batch, classes)
    return functional.cross_entropy(logits, target), logits.argmax(1) == target


def validation(
    loss: Loss, batches: Callable[[], Batches]
) -> Callable[[nn.Module], dict[str, float]]:
    """Return a ``validate`` for ``fit``: the same means of this loss, over the batches of a call."""

    def validate(network: nn.Module) -> dict[str, float]:
        device = next(network.parameters()).device
        steps = []
        for batch in batches():
            placed = [tensor.to(device, non_blocking=True) for tensor in batch]
            steps.append(_numbers(*loss(network, *placed)))
        return _means(steps)

    return validate


def _numbers(value: Tensor, right: Tensor) -> dict[str, float]:
    return {"loss": value.item(), "right": int(right.sum()), "clips": len(right)}


def _means(steps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        "loss": mean(steps, "loss", weight="clips"),
        "accuracy": sum(step["right"] for step in steps) / sum(step["clips"] for step in steps),
        "loss_by_batch": sum(step["loss"] for step in steps) / len(steps),
        "accuracy_by_batch": sum(step["right"] / step["clips"] for step in steps) / len(steps),
    }


def _losses(epochs: Sequence[Mapping[str, Any]]) -> list[float]:
    return [epoch.get("validation", epoch["training"])["loss"] for epoch in epochs]


def _digest(network: nn.Module, optimiser: torch.optim.Optimizer) -> str:
    """Digest of the optimiser's groups: names of their weights, rate and decay."""
    names = {weight: name for name, weight in network.named_parameters()}
    groups = []
    for group in optimiser.param_groups:
        weights = [names[weight] for weight in group["params"]]
        groups.append([weights, group["lr"], group["weight_decay"]])
    return store.digest(groups)[:8]
