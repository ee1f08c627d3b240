"""The training loop with attributes: baseline, multi-task, gradient reversal, discriminators (Parry et al. 2022, sections 3 and 4).

For one seed the four approaches see the same batches and the same dropout: with alpha = 0 their shared and emotion weights are
the same bits. The losses are in ``training.attributes``, the rules of selection in ``training.attribute_plan``, what one batch
does in ``training.attribute_step``.
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
from tqdm import tqdm

from sercore import store
from sercore.models.attribute_network import AttributeNetwork
from sercore.papers.parry2022.attribute_plan import Plan, best_epoch, ending
from sercore.papers.parry2022.attribute_step import step
from sercore.training import checkpoints, memory
from sercore.training.fitting import BEST, HISTORY, LAST, STATE, autocast

Batches = Callable[[int], Iterable[Sequence[Tensor]]]
Validate = Callable[[nn.Module], Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class History:
    """What a training did, as plain values.

    Args:
        epochs: of each epoch ``alpha``; ``training``, measured while the weights move: ``emotion`` loss, ``accuracy``,
            ``attributes`` with the loss of each (AD: of the discriminator that the classifier meets; None where no label is known)
            and ``norms``, the largest gradient norms before they are cut: of the shared layers with the emotion head
            (``emotion``) and of each attribute's head or discriminator; ``validation``, all that ``validate`` gave; ``seconds``.
        ending: why it ended.
        best: epoch, from 1, that was selected.
    """

    epochs: list[dict[str, Any]]
    ending: str
    best: int


def fit(
    network: AttributeNetwork,
    discriminators: nn.ModuleDict,
    batches: Batches,
    validate: Validate,
    *,
    plan: Plan,
    attributes: Sequence[str],
    entropies: Mapping[str, float],
    folder: Path,
    device: torch.device | str = "cpu",
    seed: int,
) -> History:
    """Train a network, or go on where an interrupted training of the same plan, seed and network left off.

    The folder then holds ``best.safetensors`` and ``last.safetensors`` (the network's weights; read them with
    ``checkpoints.read``), ``history.json`` and ``state.safetensors``, the state after the last epoch, discriminators included. A
    finished training is read, not run again.

    Args:
        network: trained in place; left on the device, in evaluation mode, with the last epoch's weights. Its heads are the
            attributes for MTL and GR, reversed for GR, and none otherwise.
        discriminators: one for each attribute for AD, none otherwise; they must draw nothing from a generator.
        batches: of one epoch, by its number from 1, and by nothing else. A batch is the network's inputs, the emotion target and
            a target of each attribute, ``MISSING`` where unknown.
        validate: of the network in evaluation mode, without gradients; gives ``loss``, ``ua`` and what else is wanted.
        plan: approach, rate and the rest.
        attributes: their names, in the order of a batch's targets; none for the baseline.
        entropies: label entropy in nats over the training clips, of ``emotion`` and of each attribute.
        folder: of this run alone.
        device: cpu or cuda (default cpu); batches are moved there.
        seed: of dropout, on torch's generator, which the caller finds again as it was.

    Raises:
        ValueError: network, discriminators, attributes and plan that do not fit; a checkpoint of another run; a validation without
            its two numbers.
        FloatingPointError: a loss or gradient that is no finite number; the last epoch's checkpoint stands.

    Source: Parry et al. 2022, sections 3 and 4.
    """
    device = torch.device(device)
    _check(network, discriminators, plan, attributes, entropies)
    network.to(device)
    discriminators.to(device)
    optimiser = torch.optim.SGD([*network.parameters(), *discriminators.parameters()], lr=plan.rate, momentum=plan.momentum)
    run, path = _identity(network, discriminators, plan, entropies, device, seed), folder / STATE
    with (
        memory.kept(),
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        tqdm(total=plan.epochs, desc="training", unit="epoch", delay=2, mininterval=1, miniters=0) as bar,
    ):
        torch.manual_seed(seed)
        epochs, best = _resume(path, run, network, discriminators, optimiser, device)
        bar.n = bar.initial = len(epochs)
        while not (reason := ending(epochs, plan, entropies["emotion"])):
            epoch, started = len(epochs) + 1, time.perf_counter()
            done: dict[str, Any] = {"alpha": plan.weight(epoch)}
            done["training"] = _train(
                network, discriminators, optimiser, batches(epoch), plan, done["alpha"], entropies, epoch, bar
            )
            done["validation"] = _validate(network, validate, plan, device, epoch)
            epochs.append(done | {"seconds": time.perf_counter() - started})
            if best_epoch(epochs, plan) == epoch:
                best = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
            state = checkpoints.training_state(network, optimiser, device) | {f"best.{name}": best[name] for name in best}
            state |= {f"discriminators.{name}": tensor for name, tensor in discriminators.state_dict().items()}
            checkpoints.write(path, state, [run, epochs])
            bar.update()
    history = History(epochs=epochs, ending=reason, best=best_epoch(epochs, plan))
    checkpoints.write(folder / BEST, best, {"run": run, "epoch": history.best})
    checkpoints.write(folder / LAST, network.state_dict(), {"run": run, "epoch": len(epochs)})
    store.write(folder / HISTORY, (json.dumps(asdict(history), indent=1) + "\n").encode())
    network.eval()
    return history


def _train(
    network: AttributeNetwork,
    discriminators: nn.ModuleDict,
    optimiser: torch.optim.Optimizer,
    batches: Iterable[Sequence[Tensor]],
    plan: Plan,
    alpha: float,
    entropies: Mapping[str, float],
    epoch: int,
    bar: tqdm,
) -> dict[str, Any]:
    """One epoch; what ``History`` has as its ``training``."""
    network.train()
    discriminators.train()
    device = next(network.parameters()).device
    ceilings = [entropies[name] for name in discriminators] if plan.bounded else None
    steps = []
    for number, batch in enumerate(batches, 1):
        placed = [tensor.to(device, non_blocking=True) for tensor in batch]
        done = step(network, discriminators, optimiser, placed, plan=plan, alpha=alpha, ceilings=ceilings)
        _check_finite(done, f"epoch {epoch}, step {number}: the training")
        steps.append({**done, "clips": len(placed[-1])})
        bar.set_postfix_str(f"step {number}, emotion loss {done['emotion']:.3f}", refresh=False)
        bar.update(0)
    if not steps:
        raise ValueError(
            f"epoch {epoch}: no batch to train on; expected at least 1. Check what was left out of the training clips."
        )
    clips = sum(each["clips"] for each in steps)
    names = [name.removeprefix("loss ") for name in steps[0] if name.startswith("loss ")]
    return {
        "emotion": _mean(steps, "emotion", "clips"),
        "accuracy": sum(each["right"] for each in steps) / clips,
        "attributes": {name: _mean(steps, f"loss {name}", f"known {name}") for name in names},
        "norms": {name: max(each[f"norm {name}"] for each in steps) for name in ("emotion", *names)},
    }


def _mean(steps: Sequence[Mapping[str, float]], what: str, over: str) -> float | None:
    clips = sum(each[over] for each in steps)
    return sum(each[what] * each[over] for each in steps) / clips if clips else None


def _validate(network: nn.Module, validate: Validate, plan: Plan, device: torch.device, epoch: int) -> dict[str, float]:
    network.eval()
    with torch.no_grad(), autocast(plan.precision, device):
        scores = {name: float(value) for name, value in validate(network).items()}
    if missing := {"loss", "ua"} - set(scores):
        raise ValueError(f"validate gave {sorted(scores)}; expected loss and ua: add {' and '.join(sorted(missing))}")
    _check_finite({name: scores[name] for name in ("loss", "ua")}, f"epoch {epoch}: the validation")
    return scores


def _resume(
    path: Path,
    run: Mapping[str, object],
    network: nn.Module,
    discriminators: nn.ModuleDict,
    optimiser: torch.optim.Optimizer,
    device: torch.device,
) -> tuple[list[dict[str, Any]], dict[str, Tensor]]:
    """Epochs done and the best weights so far; networks, optimiser and generators as they were after the last of them."""
    for name in (STATE, BEST, LAST, HISTORY):
        for left in path.parent.glob(f".{name}.*"):  # by a run that was killed while it wrote
            left.unlink()
    if not path.exists():
        return [], {}
    state, (found, epochs) = checkpoints.read(path)
    checkpoints.check_same(path, found, run)
    checkpoints.restore(state, network, optimiser, device)
    discriminators.load_state_dict(checkpoints.part(state, "discriminators"))
    return epochs, checkpoints.part(state, "best")


def _identity(
    network: nn.Module,
    discriminators: nn.ModuleDict,
    plan: Plan,
    entropies: Mapping[str, float],
    device: torch.device,
    seed: int,
) -> dict[str, object]:
    """What a checkpoint must share with the run that goes on from it."""
    run: dict[str, object] = {f"plan.{name}": value for name, value in asdict(plan).items()}
    for name, each in (("network", network), ("discriminators", discriminators)):
        run[name] = store.digest([(key, list(tensor.shape), str(tensor.dtype)) for key, tensor in each.state_dict().items()])[:8]
    return json.loads(json.dumps(run | {"entropies": dict(entropies), "seed": seed, "device": device.type}))


def _check(
    network: AttributeNetwork,
    discriminators: nn.ModuleDict,
    plan: Plan,
    attributes: Sequence[str],
    entropies: Mapping[str, float],
) -> None:
    """Refuse parts that do not fit each other."""
    names, against_them = [*attributes], plan.approach == "AD"
    if (plan.approach == "baseline") != (not names):
        raise ValueError(f"{plan.approach} with attributes {names}: expected none for a baseline, 1 or more else. Change either.")
    for what, found, expected in (
        ("heads", [*network.heads], [] if against_them else names),
        ("discriminators", [*discriminators], names if against_them else []),
        ("reversed gradient", network.reverse, plan.approach == "GR"),
    ):
        if found != expected:
            raise ValueError(f"{what}: {found}; {plan.approach} with attributes {names} expects {expected}. Build it so.")
    if missing := [name for name in ("emotion", *names) if name not in entropies]:
        raise ValueError(f"entropies: {[*entropies]}; expected that of {', '.join(missing)} too. Add it.")


def _check_finite(numbers: Mapping[str, float], where: str) -> None:
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise FloatingPointError(
                f"{where} {name} is {value}; expected a finite number. The last epoch's checkpoint stands: lower the rate or "
                "alpha, or look at this batch's clips."
            )
