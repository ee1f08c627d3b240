"""Training of Padi et al. 2021: SGD at a constant rate, then halved.

Every clip trains, and the last epoch is the result.
The loop is ``resumable.run``; started by ``torchrun``, its processes share each batch.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sercore.training import devices, resumable
from sercore.training.devices import autocast
from sercore.training.resumable import Epoch, History

Batches = Callable[[int], Iterable[Sequence[Tensor]]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is trained.

    Args:
        epochs: passes over the training clips (ours: 20; the paper does not say).
        batch: chunks a step, of all processes together (printed: 32).
        rate: learning rate of the first epochs (printed: 0.01).
        constant: epochs before it is first halved (printed: 8).
        every: epochs from one halving to the next (printed: 2).
        momentum: printed: 0.9.
        weight_decay: ours: 0.
        precision: "fp32", or "bf16": autocast, the weights stay fp32.
        channels_last: memory format; with bf16 it pays for convolutions of 16 channels and more.

    Source: Padi et al. 2021, section 4.2.
    """

    epochs: int = 20
    batch: int = 32
    rate: float = 0.01
    constant: int = 8
    every: int = 2
    momentum: float = 0.9
    weight_decay: float = 0.0
    precision: str = "fp32"
    channels_last: bool = False

    def rate_of(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 1.

        It is 0.01 in epochs 1 to 8, 0.005 in 9 and 10, 0.0025 in 11 and 12, and so on.
        """
        return self.rate / 2 ** max(0, math.ceil((epoch - self.constant) / self.every))


def fit(
    network: nn.Module,
    batches: Batches,
    *,
    plan: Plan,
    folder: Path,
    device: torch.device | str = "cpu",
    seed: int,
    keep: int = 1,
) -> History:
    """Train a network by cross-entropy, or go on with it, as ``resumable.run`` does.

    Each epoch's result has ``rate``, ``loss`` and ``accuracy`` (means over chunks while the weights
    move), ``steps`` and ``chunks``. Weights without ``requires_grad`` stay.

    Args:
        network: network to train in place; it is left on the device, in evaluation mode.
        batches: function that gives, by the number of an epoch from 1 and nothing else, this
            process' share of each batch: the network's inputs and, last, class numbers; every share
            has 2 chunks or more.
        plan: rate and the rest.
        folder: folder of this run alone.
        device: cpu or cuda (default cpu); of several GPUs, this process' own.
        seed: seed of what draws from torch's generator.
        keep: number of epochs after which the state is kept (default 1).

    Raises:
        ValueError: The folder holds a checkpoint of another run, or an epoch has no batch.
        FloatingPointError: A loss is not finite; the last epoch's checkpoint stands.

    Source: Padi et al. 2021, section 4.2.
    """
    device = torch.device(device)
    network.to(
        device, memory_format=torch.channels_last if plan.channels_last else torch.preserve_format
    )
    trained = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    optimiser = torch.optim.SGD(
        trained.values(),
        lr=plan.rate,
        momentum=plan.momentum,
        weight_decay=plan.weight_decay,
        fused=True,
    )

    def epoch(now: Epoch) -> dict[str, Any]:
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_of(now.number)

        def step(batch: list[Tensor]) -> dict[str, float]:
            *inputs, target = batch
            optimiser.zero_grad()
            with autocast(plan.precision, device):
                logits = now.network(*inputs)  # (chunks, classes)
            loss = functional.cross_entropy(logits.float(), target, reduction="sum")
            right = (logits.argmax(1) == target).sum()
            total, chunks, hits = devices.summed(
                loss.item(), len(target), right.item(), device=device
            )
            # Processes average their gradients: together that is the mean over all chunks.
            (loss * devices.n_ranks() / chunks).backward()
            optimiser.step()
            return {"loss": total / chunks, "total": total, "chunks": chunks, "right": hits}

        steps = now.steps(batches(now.number), step)
        total, chunks, hits = (
            sum(step[name] for step in steps) for name in ("total", "chunks", "right")
        )
        return {
            "rate": plan.rate_of(now.number),
            "loss": total / chunks,
            "accuracy": hits / chunks,
            "steps": len(steps),
            "chunks": int(chunks),
        }

    identity = {f"plan.{name}": value for name, value in asdict(plan).items()} | {
        "trained": list(trained)
    }
    return resumable.run(
        network,
        optimiser,
        epoch,
        total=plan.epochs,
        ending=lambda done: f"all {plan.epochs} epochs" if len(done) >= plan.epochs else "",
        identity=identity,
        folder=folder,
        device=device,
        seed=seed,
        every=keep,
    )
