"""The one resumable training loop, alone or in the processes of ``torchrun``.

A paper says what an epoch does, which epoch is best and when training ends. The loop runs the
epochs, keeps the state after each, and goes on from it after an interruption: on a CPU a run that
was killed and started again ends with the same bits; on a GPU too, as far as its kernels repeat
themselves. Epochs are counted from 1. ``trained`` finds a training in the store, or runs it.
"""

import json
import math
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor, nn

from sercore import deadline, store
from sercore.progress import Progress
from sercore.training import checkpoints, devices

STATE, BEST, LAST = "state.safetensors", "best.safetensors", "last.safetensors"
HISTORY = "history.json"

Batches = Iterable[Sequence[Tensor]]
Numbers = Mapping[str, float]
Results = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class History:
    """What a training did, as plain values.

    Args:
        epochs: result of each epoch, and its ``seconds``.
        ending: reason why training ended.
        best: number of the selected epoch; the last one where nothing is selected.
    """

    epochs: Results
    ending: str
    best: int


@dataclass(frozen=True)
class Epoch:
    """One epoch, as the function that runs it gets it.

    Args:
        number: number of the epoch, from 1.
        done: results of the epochs before it.
        network: network in training mode; under ``torchrun`` it averages gradients over processes.
        device: device of the network.
        bar: progress bar of the training.
    """

    number: int
    done: Sequence[Mapping[str, Any]]
    network: nn.Module
    device: torch.device
    bar: Progress

    def steps(
        self,
        batches: Batches,
        step: Callable[[list[Tensor]], Numbers],
        *,
        advice: str = "lower the rate",
    ) -> list[Numbers]:
        """Run ``step`` on each batch, moved to the device, and return its numbers.

        Args:
            batches: batches of the epoch.
            step: training step on one batch; it returns ``loss`` and further numbers.
            advice: remedy that the error names when a number is not finite.

        Raises:
            ValueError: There is no batch.
            FloatingPointError: A number is not finite; the last epoch's checkpoint stands.
        """
        results = []
        for number, batch in enumerate(batches, 1):
            result = step([tensor.to(self.device, non_blocking=True) for tensor in batch])
            _check_finite(result, f"epoch {self.number}, step {number}: the training", advice)
            results.append(result)
            self.bar.set_postfix_str(f"step {number}, loss {result['loss']:.3f}", refresh=False)
            self.bar.update(0)
        if not results:
            raise ValueError(
                f"epoch {self.number}: no batch to train on; expected at least 1. Check what was "
                "left out of the training clips."
            )
        return results

    def validation(
        self, validate: Callable[[nn.Module], Numbers], required: Sequence[str], *, precision: str
    ) -> dict[str, float]:
        """Return the scores of the network in evaluation mode, without gradients.

        Args:
            validate: function that scores a network.
            required: names of the scores that must be there and finite.
            precision: "fp32" or "bf16".

        Raises:
            ValueError: A required score is missing.
            FloatingPointError: A required score is not finite.
        """
        self.network.eval()
        with torch.no_grad(), devices.autocast(precision, self.device):
            scores = {name: float(value) for name, value in validate(self.network).items()}
        if missing := set(required) - set(scores):
            raise ValueError(
                f"validate gave {sorted(scores)}; expected {' and '.join(required)}: add "
                f"{' and '.join(sorted(missing))}"
            )
        numbers = {name: scores[name] for name in required}
        _check_finite(numbers, f"epoch {self.number}: the validation", "lower the rate")
        return scores


def run(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    epoch: Callable[[Epoch], dict[str, Any]],
    *,
    total: int,
    ending: Callable[[Results], str],
    best: Callable[[Results], int] | None = None,
    identity: Mapping[str, Any],
    folder: Path,
    device: torch.device,
    seed: int,
    extra: Mapping[str, nn.Module] | None = None,
    every: int = 1,
) -> History:
    """Train a network, or go on where an interrupted training with the same identity stopped.

    The folder then holds ``last.safetensors`` (read it with ``checkpoints.read``),
    ``best.safetensors`` where an epoch is selected, ``history.json``, and ``state.safetensors``,
    the state after the last epoch. A finished training is read, not repeated. Where the time of
    the run has no room for one more epoch, the state is kept and the training stops.

    Args:
        network: network on its device; it is left in evaluation mode with the last epoch's weights.
        optimiser: optimiser of the network and of whatever else is trained.
        epoch: function that trains for one epoch, validates if the paper does, and returns plain
            values.
        total: largest number of epochs, for the progress bar.
        ending: function that says why training ends after these epochs; empty while it goes on.
        best: function that gives the number of the selected epoch so far; None (default) where the
            last epoch counts and no other weights are kept.
        identity: plain values that a checkpoint must share with this run, beside network, device,
            seed and number of processes.
        folder: folder of this run alone.
        device: device of the network.
        seed: seed of torch's generator, which the caller gets back unchanged.
        extra: further modules whose weights belong to the state, by name.
        every: number of epochs after which the state is kept (default 1).

    Raises:
        ValueError: The folder holds a checkpoint of another run.
        OutOfTime: The time of the run is over; see ``sercore.deadline``.
    """
    extra = dict(extra or {})
    record = _identity({"network": network, **extra}, identity, device, seed)
    is_first = devices.rank() == 0
    gpus = [device] if device.type == "cuda" else []
    bar = Progress(total=total, title="training", unit="epoch", shown=is_first)
    with devices.kept_memory(), torch.random.fork_rng(gpus), bar:
        torch.manual_seed(seed)
        done, weights = _resume(folder, record, network, optimiser, extra, device)
        model = devices.shared(network, device)
        bar.n = bar.initial = bar.done = len(done)
        while not (reason := ending(done)):
            started = time.perf_counter()
            model.train()
            result = epoch(Epoch(len(done) + 1, done, model, device, bar))
            devices.agree(network)
            done.append({**result, "seconds": time.perf_counter() - started})
            if best and best(done) == len(done):
                weights = {
                    name: tensor.detach().cpu().clone()
                    for name, tensor in network.state_dict().items()
                }
            is_late = not ending(done) and deadline.left() < done[-1]["seconds"]
            (stops,) = devices.summed(is_late, device=device)
            if is_first and (len(done) % every == 0 or ending(done) or stops):
                state = checkpoints.training_state(network, optimiser, device)
                state |= {f"best.{name}": tensor for name, tensor in weights.items()}
                for part, module in extra.items():
                    state |= {
                        f"{part}.{name}": tensor for name, tensor in module.state_dict().items()
                    }
                checkpoints.write(folder / STATE, state, [record, done])
            devices.wait()
            bar.update()
            if stops:
                raise deadline.OutOfTime(f"stopped after epoch {len(done)}; its state is kept")
    history = History(epochs=done, ending=reason, best=best(done) if best else len(done))
    about = {"run": record, "folder": folder.name, "history": asdict(history)}
    if is_first and best:
        checkpoints.write(folder / BEST, weights, about | {"epoch": history.best})
    if is_first:
        checkpoints.write(folder / LAST, network.state_dict(), about | {"epoch": len(done)})
        store.write(folder / HISTORY, (json.dumps(asdict(history), indent=1) + "\n").encode())
    devices.wait()
    network.eval()
    return history


def mean(steps: Sequence[Numbers], name: str, *, weight: str) -> float | None:
    """Return the mean of a number over steps, weighted by another; None where all weights are 0."""
    total = sum(step[weight] for step in steps)
    return sum(step[name] * step[weight] for step in steps) / total if total else None


def _check_finite(numbers: Numbers, where: str, advice: str) -> None:
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise FloatingPointError(
                f"{where} {name} is {value}; expected a finite number. The last "
                "checkpoint that was kept stands:"
                f" {advice}, or look at this batch's clips."
            )


def _identity(
    modules: Mapping[str, nn.Module], identity: Mapping[str, Any], device: torch.device, seed: int
) -> dict[str, Any]:
    """Plain values that a checkpoint must share with the run that goes on from it."""
    record = dict(identity)
    for part, module in modules.items():
        shapes = [
            (name, list(tensor.shape), str(tensor.dtype))
            for name, tensor in module.state_dict().items()
        ]
        record[part] = f"{type(module).__name__} {store.digest(shapes)[:8]}"
    record |= {"processes": devices.n_ranks(), "seed": seed, "device": device.type}
    return json.loads(json.dumps(record))


def _resume(
    folder: Path,
    record: Mapping[str, Any],
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    extra: Mapping[str, nn.Module],
    device: torch.device,
) -> tuple[Results, dict[str, Tensor]]:
    """Restore the state after the last epoch; return results and best weights."""
    if devices.rank() == 0:
        # Files that a run left which was killed while it wrote.
        for name in (STATE, BEST, LAST, HISTORY):
            for unfinished in folder.glob(f".{name}.*"):
                unfinished.unlink(missing_ok=True)
    devices.wait()
    if not (folder / STATE).exists():
        return [], {}
    try:
        state, (saved, done) = checkpoints.read(folder / STATE)
    except ValueError as error:
        warnings.warn(f"{error} It begins anew.", stacklevel=2)
        return [], {}
    checkpoints.check_same(folder / STATE, saved, record)
    checkpoints.restore(state, network, optimiser, device)
    for part, module in extra.items():
        module.load_state_dict(checkpoints.part(state, part))
    return done, checkpoints.part(state, "best")


# Trainings in the store: one is run once, and goes on where it was interrupted.


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Args:
        network: network in evaluation mode, with the selected weights.
        history: history of its training.
        folder: folder that holds its weights.
    """

    network: nn.Module
    history: History
    folder: Path


def folder(module: str, trial: Any, content: str, *, device: torch.device) -> Path:
    """Return the folder of a trial's training, named by what it depends on and the device.

    Functions of one module that look at the same trial, such as one that trains and one that draws,
    share it.

    Args:
        module: name of the module that runs the trial.
        trial: frozen dataclass of plain values.
        content: digest of the data that the trial reads.
        device: device of the training.
    """
    key = store.key(settings={}, manifest=[], modules=module)
    key = replace(key, settings=store.digest(asdict(trial)), data=content)
    return store.root() / "trainings" / key.hex[:2] / f"{key.hex}-{device.type}"


def trained(
    network: nn.Module,
    place: Path,
    train: Callable[[], Any],
    *,
    device: torch.device,
    weights: str = BEST,
    layout: torch.memory_format = torch.preserve_format,
) -> Trained:
    """Return a network with the weights of a finished training; train it if necessary.

    Weights that are damaged, or another training's, are trained again, with a warning. Where another
    process trains the same, its end is waited for and its weights are read.

    Args:
        network: network as it is before training.
        place: folder of the training.
        train: function that trains the network and leaves ``history.json`` and
            ``state.safetensors`` in the folder; the latter, several times larger than the weights,
            is removed.
        device: device that the network is put on.
        weights: file with the weights: ``best.safetensors`` (default) or ``last.safetensors``.
        layout: memory format of the network (default: as it is). Give that of the training, so that
            a network from the store computes the same bits as one that was trained just now.
    """
    with _alone(place):
        kept = _finished(place, weights)
        if kept is None:
            train()
            (place / STATE).unlink(missing_ok=True)  # of several processes one is first
            kept = _kept(place, weights)
    tensors, about = kept
    network.load_state_dict(tensors)
    network = network.to(device, memory_format=layout).eval()
    return Trained(network, History(**about["history"]), place)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the lock of a training; processes that share one, or cannot write, need none."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if devices.n_ranks() > 1 or not os.access(place.parent, os.W_OK):
        yield
        return
    with FileLock(f"{place}.lock", is_singleton=True):
        yield


def _finished(place: Path, weights: str) -> tuple[dict[str, Tensor], Any] | None:
    """Read the weights of a training that ended; None if it did not, or if they are damaged."""
    if (place / STATE).exists() or not (place / HISTORY).exists():
        return None
    try:
        return _kept(place, weights)
    except (FileNotFoundError, ValueError) as error:
        warnings.warn(f"{error} It is trained again now.", stacklevel=3)
        return None


def _kept(place: Path, weights: str) -> tuple[dict[str, Tensor], Any]:
    tensors, about = checkpoints.read(place / weights)
    if about["folder"] != place.name:
        raise ValueError(
            f"{place / weights}: weights of {about['folder']}; expected those of this training."
        )
    history = about["history"]
    counted = history["best"] if weights == BEST else len(history["epochs"])
    if about["epoch"] != counted:
        raise ValueError(
            f"{place / weights}: weights of epoch {about['epoch']}; expected those of epoch"
            f" {counted}."
        )
    return tensors, about
