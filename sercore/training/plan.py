"""How a network is trained, in one dataclass, and what a network must be for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from sercore.training.schedules import Plateau, Steps

OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
NARROW = 16  # channels, under which channels-last is refused on a CPU


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is trained; the defaults are Adam's, without a schedule.

    Args:
        epochs: passes over the training clips, at most (default 100).
        batch: clips a step; the caller's batches follow it (default 64).
        optimiser: adam, whose weight decay joins the gradient, or adamw, whose does not (default adam).
        rate: learning rate of the groups that name none (default 1e-3).
        weight_decay: of the groups that name none (default 0).
        schedule: how rates fall, or None (default).
        precision: fp32, or bf16: autocast in training and validation, the weights stay fp32 (default fp32).
        channels_last: memory format of the network; with bf16 it pays for convolutions (default no).
        stop: rate cuts of a plateau after which training ends early, or None (default).
        least: epochs before which it does not (default 0).

    Source: Biagini 2022, section 4.1.
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
        for name, known in (("optimiser", (*OPTIMISERS,)), ("precision", ("fp32", "bf16"))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}={getattr(self, name)}: unknown; expected {' or '.join(known)}. Give one of them.")
        for name, least in (("epochs", 1), ("batch", 1), ("weight_decay", 0), ("least", 0), ("stop", 1)):
            if getattr(self, name) is not None and getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)}: too small; expected {least} or more. Give {name} from {least} on.")
        if not self.rate > 0:
            raise ValueError(f"rate={self.rate}: expected more than 0. Give 0.001, for example.")
        if self.stop is not None and not isinstance(self.schedule, Plateau):
            raise ValueError(
                f"stop={self.stop}: counts cuts of a plateau, and schedule is {self.schedule}. Give a Plateau or no stop."
            )

    def ending(self, losses: Sequence[float]) -> str:
        """Why training ends after epochs with these validation losses; empty while it goes on."""
        if len(losses) >= self.epochs:
            return f"all {self.epochs} epochs"
        if self.stop is not None and len(losses) >= self.least and len(self.schedule.cuts(losses)) >= self.stop:
            return f"{self.stop} rate cuts"
        return ""


def check(
    plan: Plan, network: nn.Module, groups: Sequence[Mapping[str, Any]], device: torch.device, *, validated: bool = True
) -> None:
    """Refuse what would fail or crash later.

    Args:
        plan: of the training.
        network: to be trained.
        groups: what its optimiser would hold, with a list of ``params`` each.
        device: that it would be trained on.
        validated: whether clips are held out (default True).

    Raises:
        ValueError: a group holds another network's weights; a plateau without clips to see it on; or channels-last on a CPU with a
            convolution of few channels.
    """
    if isinstance(plan.schedule, Plateau) and not validated:
        raise ValueError("schedule=Plateau: no clip is held out to see it on; expected Steps or None. Give one, or a validation.")
    own = set(network.parameters())
    strangers = sum(weight not in own for group in groups for weight in group["params"])
    if strangers:
        raise ValueError(f"groups: {strangers} tensors that are no parameter of the network; expected its own. Take them from it.")
    if not plan.channels_last or device.type != "cpu":
        return
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.out_channels < NARROW:
            raise ValueError(
                f"channels_last: {name} has {layer.out_channels} channels; on a CPU expected {NARROW} or more, as narrower ones "
                "crash torch 2.13.0 in training. Leave channels_last out, or train on a GPU."
            )
