"""The full training loop: schedules, the best epoch, bf16, and going on after an interruption. Chapter 1's plain one is ``loop``.

Epochs are counted from 1 everywhere. On a CPU a run that was killed and started again ends with the bits of one that was not;
on a GPU too, as far as its kernels repeat themselves.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from sercore import store
from sercore.training import checkpoints, memory
from sercore.training.plan import OPTIMISERS, Plan, check

Loss = Callable[..., tuple[Tensor, Tensor]]
Batches = Iterable[Sequence[Tensor]]
STATE, BEST, LAST, HISTORY = "state.safetensors", "best.safetensors", "last.safetensors", "history.json"


@dataclass(frozen=True, kw_only=True)
class History:
    """What a training did, as plain values.

    Args:
        epochs: of each epoch ``training`` and, where clips are held out, ``validation`` (both with ``loss`` and ``accuracy``),
            ``rates`` (of each parameter group, during the epoch) and ``seconds``. ``training`` has means over clips, measured while
            the weights move, and as ``loss_by_batch`` and ``accuracy_by_batch`` means over batches, where a smaller last batch
            counts as much.
        ending: why it ended.
        best: epoch, from 1, of the best validation accuracy, the earliest of equals; the last where nothing validates.
    """

    epochs: list[dict[str, Any]]
    ending: str
    best: int


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
    """Train a network, or go on where an interrupted training of the same plan, seed and network left off.

    The folder then holds ``best.safetensors`` and ``last.safetensors`` (read them with ``checkpoints.read``), ``history.json``
    and ``state.safetensors``, the state after the last epoch. A finished training is read, not run again.

    Args:
        network: trained in place; left on the device, in evaluation mode, with the last epoch's weights.
        groups: what the optimiser holds: ``params``, and ``lr`` and ``weight_decay`` where they are not the plan's.
        loss: of the network and one batch's tensors; gives the mean loss and, of each clip, whether it was right.
        batches: of one epoch, by its number from 1, and by nothing else.
        validate: of the network in evaluation mode, without gradients; gives ``loss``, ``accuracy`` and what else is wanted. None
            where every clip trains: then the last epoch is the best.
        plan: optimiser, schedule and the rest.
        folder: of this run alone.
        device: cpu or cuda (default cpu); batches are moved there.
        seed: of dropout and whatever else draws from torch's generator, which the caller finds again as it was.

    Raises:
        ValueError: a plan, groups or a checkpoint that do not fit the network; a validation without its two numbers.
        FloatingPointError: a loss that is no finite number; the last epoch's checkpoint stands.
    """
    device = torch.device(device)
    groups = [{**group, "params": list(group["params"])} for group in groups]
    check(plan, network, groups, device, validated=validate is not None)
    network.to(device, memory_format=torch.channels_last if plan.channels_last else torch.preserve_format)
    optimiser = OPTIMISERS[plan.optimiser](groups, lr=plan.rate, weight_decay=plan.weight_decay, fused=True)
    starts = [group["lr"] for group in optimiser.param_groups]
    run, path = _identity(network, optimiser, plan, device, seed), folder / STATE
    with (
        memory.kept(),
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        tqdm(total=plan.epochs, desc="training", unit="epoch", delay=2, mininterval=1, miniters=0) as bar,
    ):
        torch.manual_seed(seed)
        epochs, best = _resume(path, run, network, optimiser, device)
        bar.n = bar.initial = len(epochs)
        while not (ending := plan.ending(losses := [each.get("validation", each["training"])["loss"] for each in epochs])):
            epoch, started = len(epochs) + 1, time.perf_counter()
            for group, start in zip(optimiser.param_groups, starts, strict=True):
                group["lr"] = plan.schedule.rate(start, losses) if plan.schedule else start
            done = {"rates": [group["lr"] for group in optimiser.param_groups]}
            done["training"] = _train(network, optimiser, loss, batches(epoch), plan, device, epoch, bar)
            if validate is not None:
                done["validation"] = _validate(network, validate, plan, device, epoch)
            epochs.append({**done, "seconds": time.perf_counter() - started})
            if best_epoch(epochs) == epoch:
                best = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
            state = checkpoints.training_state(network, optimiser, device) | {f"best.{name}": best[name] for name in best}
            checkpoints.write(path, state, [run, epochs])
            bar.update()
    history = History(epochs=epochs, ending=ending, best=best_epoch(epochs))
    checkpoints.write(folder / BEST, best, {"run": run, "epoch": history.best})
    checkpoints.write(folder / LAST, network.state_dict(), {"run": run, "epoch": len(epochs)})
    store.write(folder / HISTORY, (json.dumps(asdict(history), indent=1) + "\n").encode())
    network.eval()
    return history


def best_epoch(epochs: Sequence[Mapping[str, Any]]) -> int:
    """Number, from 1, of the epoch with the best validation accuracy, the earliest of equals; the last where nothing validates."""
    if "validation" not in epochs[-1]:
        return len(epochs)
    return 1 + max(range(len(epochs)), key=lambda at: epochs[at]["validation"]["accuracy"])


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Context in which a network computes: in bf16 where that is the precision, its weights fp32 all the same."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def cross_entropy(network: nn.Module, *batch: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy, and which clips are right; a batch's last tensor is the target, the others go to the network.

    Shape:
        - target: ``(batch,)`` class numbers; the network's output: logits ``(batch, classes)``
        - output: ``()`` and ``(batch,)``
    """
    *inputs, target = batch
    logits = network(*inputs)  # (batch, classes)
    return functional.cross_entropy(logits, target), logits.argmax(1) == target


def validation(loss: Loss, batches: Callable[[], Batches]) -> Callable[[nn.Module], dict[str, float]]:
    """A ``validate`` for ``fit``: means over clips, and over batches as the report's curves have them, of this loss.

    Args:
        loss: as ``fit`` takes it.
        batches: of the validation clips, called once an epoch.
    """

    def validate(network: nn.Module) -> dict[str, float]:
        device = next(network.parameters()).device
        return _means([_numbers(*loss(network, *_placed(batch, device))) for batch in batches()])

    return validate


def _resume(
    path: Path, run: Mapping[str, object], network: nn.Module, optimiser: torch.optim.Optimizer, device: torch.device
) -> tuple[list[dict[str, Any]], dict[str, Tensor]]:
    """Epochs done and the best weights so far; network, optimiser and generators as they were after the last of them."""
    for name in (STATE, BEST, LAST, HISTORY):
        for left in path.parent.glob(f".{name}.*"):  # by a run that was killed while it wrote
            left.unlink()
    if not path.exists():
        return [], {}
    state, (found, epochs) = checkpoints.read(path)
    checkpoints.check_same(path, found, run)
    checkpoints.restore(state, network, optimiser, device)
    return epochs, checkpoints.part(state, "best")


def _train(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss: Loss,
    batches: Batches,
    plan: Plan,
    device: torch.device,
    epoch: int,
    bar: tqdm,
) -> dict[str, float]:
    network.train()
    steps = []
    for step, batch in enumerate(batches, 1):
        network.zero_grad()  # all of it: gradients reach weights that the optimiser does not hold
        with autocast(plan.precision, device):
            value, right = loss(network, *_placed(batch, device))
        steps.append(_numbers(value, right))
        _check_finite(steps[-1][0], f"epoch {epoch}, step {step}: the training loss")
        value.backward()
        optimiser.step()
        bar.set_postfix_str(f"step {step}, loss {steps[-1][0]:.3f}", refresh=False)
        bar.update(0)
    if not steps:
        raise ValueError(
            f"epoch {epoch}: no batch to train on; expected at least 1. Check what was left out of the training clips."
        )
    return _means(steps)


def _validate(
    network: nn.Module, validate: Callable[[nn.Module], Mapping[str, float]], plan: Plan, device: torch.device, epoch: int
) -> dict[str, float]:
    network.eval()
    with torch.no_grad(), autocast(plan.precision, device):
        scores = {name: float(value) for name, value in validate(network).items()}
    if missing := {"loss", "accuracy"} - set(scores):
        raise ValueError(f"validate gave {sorted(scores)}; expected loss and accuracy: add {' and '.join(sorted(missing))}")
    for name in ("loss", "accuracy"):
        _check_finite(scores[name], f"epoch {epoch}: the validation {name}")
    return scores


def _placed(batch: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    return [tensor.to(device, non_blocking=True) for tensor in batch]


def _numbers(value: Tensor, right: Tensor) -> tuple[float, int, int]:
    return value.item(), int(right.sum()), len(right)


def _means(steps: Sequence[tuple[float, int, int]]) -> dict[str, float]:
    clips = sum(count for _, _, count in steps)
    return {
        "loss": sum(value * count for value, _, count in steps) / clips,
        "accuracy": sum(right for _, right, _ in steps) / clips,
        "loss_by_batch": sum(value for value, _, _ in steps) / len(steps),
        "accuracy_by_batch": sum(right / count for _, right, count in steps) / len(steps),
    }


def _identity(
    network: nn.Module, optimiser: torch.optim.Optimizer, plan: Plan, device: torch.device, seed: int
) -> dict[str, object]:
    """What a checkpoint must share with the run that goes on from it."""
    names = {weight: name for name, weight in network.named_parameters()}
    shapes = [(name, list(tensor.shape), str(tensor.dtype)) for name, tensor in network.state_dict().items()]
    held = [[[names[weight] for weight in each["params"]], each["lr"], each["weight_decay"]] for each in optimiser.param_groups]
    run = {f"plan.{name}": value for name, value in asdict(plan).items()}
    run |= {"network": f"{type(network).__name__} {store.digest(shapes)[:8]}", "groups": store.digest(held)[:8]}
    return json.loads(json.dumps(run | {"seed": seed, "device": device.type}))


def _check_finite(value: float, what: str) -> None:
    if not math.isfinite(value):
        raise FloatingPointError(
            f"{what} is {value}; expected a finite number. The last epoch's checkpoint stands: lower the rate, or look at this "
            "batch's clips."
        )
