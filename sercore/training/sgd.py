"""The training loop of Padi et al. 2021: SGD at a constant rate, then halved; every clip trains, the last epoch is the result.

Started by ``torchrun``, its processes share each batch. Schedules that watch a validation are in ``fitting``.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from sercore import store
from sercore.training import checkpoints, memory, ranks
from sercore.training.fitting import HISTORY, LAST, STATE, autocast

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
        """Learning rate of an epoch, counted from 1: 0.01 in epochs 1 to 8, 0.005 in 9 and 10, 0.0025 in 11 and 12, and so on."""
        return self.rate / 2 ** max(0, math.ceil((epoch - self.constant) / self.every))


@dataclass(frozen=True)
class History:
    """What a training did, as plain values.

    Args:
        epochs: of each ``rate``, ``loss`` and ``accuracy`` (means over chunks while the weights move), ``steps``, ``chunks`` and
            ``seconds``.
    """

    epochs: list[dict[str, Any]]


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
    """Train a network by cross-entropy, or go on where an interrupted training of the same plan, seed and network left off.

    The folder then holds ``last.safetensors`` (read it with ``checkpoints.read``), ``history.json`` and ``state.safetensors``, the
    state after the last epoch. A finished training is read, not run again. Weights without ``requires_grad`` stay.

    Args:
        network: trained in place; left on the device, in evaluation mode.
        batches: of one epoch, by its number from 1, and by nothing else: this process' share of each batch, the network's inputs
            and, last, class numbers; every share has 2 chunks or more.
        plan: rate and the rest.
        folder: of this run alone.
        device: cpu or cuda (default cpu); of several GPUs, this process' own.
        seed: of what draws from torch's generator, which the caller finds again as it was.
        keep: epochs after which the state is kept, for an interrupted training to go on from (default each).

    Raises:
        ValueError: a checkpoint of another run; an epoch without a batch.
        FloatingPointError: a loss that is no finite number; the last epoch's checkpoint stands.

    Source: Padi et al. 2021, section 4.2.
    """
    device = torch.device(device)
    network.to(device, memory_format=torch.channels_last if plan.channels_last else torch.preserve_format)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.SGD(weights, lr=plan.rate, momentum=plan.momentum, weight_decay=plan.weight_decay, fused=True)
    run, path = _identity(network, plan, device, seed), folder / STATE
    with (
        memory.kept(),
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        tqdm(
            total=plan.epochs, desc="training", unit="epoch", delay=2, mininterval=1, miniters=0, disable=ranks.number() > 0
        ) as bar,
    ):
        torch.manual_seed(seed)
        epochs = _resume(path, run, network, optimiser, device)
        together = ranks.shared(network, device)
        bar.n = bar.initial = len(epochs)
        while len(epochs) < plan.epochs:
            epoch, started = len(epochs) + 1, time.perf_counter()
            for group in optimiser.param_groups:
                group["lr"] = plan.rate_of(epoch)
            done = _train(together, optimiser, batches(epoch), plan, device, epoch, bar)
            ranks.agree(network)
            epochs.append({"rate": plan.rate_of(epoch), **done, "seconds": time.perf_counter() - started})
            if ranks.number() == 0 and (len(epochs) % keep == 0 or len(epochs) == plan.epochs):
                checkpoints.write(path, checkpoints.training_state(network, optimiser, device), [run, epochs])
            ranks.wait()
            bar.update()
    history = History(epochs)
    if ranks.number() == 0:
        checkpoints.write(folder / LAST, network.state_dict(), {"run": run, "epoch": len(epochs)})
        store.write(folder / HISTORY, (json.dumps(asdict(history), indent=1) + "\n").encode())
    ranks.wait()
    network.eval()
    return history


def _train(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    batches: Iterable[Sequence[Tensor]],
    plan: Plan,
    device: torch.device,
    epoch: int,
    bar: tqdm,
) -> dict[str, float]:
    """One epoch; what ``History`` has of it."""
    network.train()
    steps = []
    for step, batch in enumerate(batches, 1):
        *inputs, target = (tensor.to(device, non_blocking=True) for tensor in batch)
        optimiser.zero_grad()
        with autocast(plan.precision, device):
            logits = network(*inputs)  # (chunks, classes)
        loss = functional.cross_entropy(logits.float(), target, reduction="sum")
        right = (logits.argmax(1) == target).sum()
        value, clips, hits = ranks.summed(loss.item(), len(target), right.item(), device=device)
        if not math.isfinite(value):
            raise FloatingPointError(
                f"epoch {epoch}, step {step}: the training loss is {value}; expected a finite number. The last epoch's checkpoint"
                " stands: lower the rate, or look at this batch's clips."
            )
        (loss * ranks.count() / clips).backward()  # processes average their gradients: together the mean over all chunks
        optimiser.step()
        steps.append((value, clips, hits))
        bar.set_postfix_str(f"step {step}, loss {value / clips:.3f}", refresh=False)
        bar.update(0)
    if not steps:
        raise ValueError(f"epoch {epoch}: no batch to train on; expected at least 1. Check what was left out of the clips.")
    value, clips, hits = (sum(column) for column in zip(*steps, strict=True))
    return {"loss": value / clips, "accuracy": hits / clips, "steps": len(steps), "chunks": int(clips)}


def _resume(
    path: Path, run: dict[str, object], network: nn.Module, optimiser: torch.optim.Optimizer, device: torch.device
) -> list[dict[str, Any]]:
    """Epochs done; network, optimiser and generators as they were after the last of them."""
    if ranks.number() == 0:
        for name in (STATE, LAST, HISTORY):
            for left in path.parent.glob(f".{name}.*"):  # by a run that was killed while it wrote
                left.unlink()
    ranks.wait()
    if not path.exists():
        return []
    state, (found, epochs) = checkpoints.read(path)
    checkpoints.check_same(path, found, run)
    checkpoints.restore(state, network, optimiser, device)
    return epochs


def _identity(network: nn.Module, plan: Plan, device: torch.device, seed: int) -> dict[str, object]:
    """What a checkpoint must share with the run that goes on from it."""
    shapes = [[name, list(tensor.shape), str(tensor.dtype)] for name, tensor in network.state_dict().items()]
    trained = [name for name, weight in network.named_parameters() if weight.requires_grad]
    run: dict[str, object] = {f"plan.{name}": value for name, value in asdict(plan).items()}
    run |= {"network": store.digest([shapes, trained])[:8], "processes": ranks.count(), "seed": seed, "device": device.type}
    return json.loads(json.dumps(run))
