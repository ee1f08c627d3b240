"""Weights on disk: one verified file each, the state of an interrupted run, a saved model.

A file is safetensors; a record of plain values stands in its header, and beside it the hash of record and tensors. One file is
replaced by one rename, so that what is read is always whole: the tensors and the record of one moment.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors import torch as safetensors
from torch import Tensor, nn

from sercore import store

WEIGHTS, ABOUT = "weights.safetensors", "model.json"  # the two files of a saved model


def write(path: Path, tensors: Mapping[str, Tensor], record: Any) -> None:
    """Write tensors and what is to be said of them to one file, whole or not at all.

    Args:
        path: of the file; a folder that is not there is made.
        tensors: on any device, in any memory format; they come back contiguous and on the CPU.
        record: plain values that JSON holds.
    """
    whole = {
        name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()
    }  # tied weights get a copy each
    text = json.dumps(record)
    store.write(
        path, safetensors.save(whole, {"record": text, "sha256": _fingerprint(whole, text)})
    )


def read(path: Path) -> tuple[dict[str, Tensor], Any]:
    """Tensors and record of a file, if they are those that were written.

    Raises:
        FileNotFoundError: no such file.
        ValueError: cut short, altered, or not written by ``write``.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; expected weights that were saved here. Train first, or give another folder."
        )
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        sound = about.get("sha256") == _fingerprint(tensors, about.get("record", ""))
    except SafetensorError:
        sound = False
    if not sound:
        raise ValueError(
            f"{path}: damaged, or of another program: {path.stat().st_size} bytes that are not those written; expected the file as "
            "sercore wrote it. Delete it and train again, or bring it back from a copy."
        )
    return tensors, json.loads(about["record"])


def training_state(
    network: nn.Module, optimiser: torch.optim.Optimizer, device: torch.device
) -> dict[str, Tensor]:
    """Everything that the next epoch depends on but its learning rates: weights, buffers, moments, random states.

    Raises:
        TypeError: the optimiser keeps something that is no tensor.
    """
    state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for index, weight in enumerate(_held(optimiser)):
        state |= {
            f"optimiser.{index}.{name}": tensor
            for name, tensor in optimiser.state.get(weight, {}).items()
        }
    state["random.cpu"] = torch.get_rng_state()
    if device.type == "cuda":
        state["random.cuda"] = torch.cuda.get_rng_state(device)
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name}: {type(tensor).__name__}; a checkpoint holds tensors only. Use Adam or AdamW."
            )
    return state


def restore(
    state: Mapping[str, Tensor],
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    device: torch.device,
) -> None:
    """Put a training state back where ``training_state`` took it from, in the memory format of the weights."""
    network.load_state_dict(part(state, "network"))
    weights = _held(optimiser)
    for name, tensor in part(state, "optimiser").items():
        index, what = name.split(".")
        weight = weights[int(index)]
        # The fused kernels walk weight and moments side by side in memory, so both must lie the same way.
        placed = (
            tensor.to(weight.device) if tensor.ndim == 0 else torch.empty_like(weight).copy_(tensor)
        )
        optimiser.state[weight][what] = placed
    torch.set_rng_state(state["random.cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state["random.cuda"], device)


def part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Tensors under one prefix, without it."""
    return {
        name.removeprefix(f"{prefix}."): tensor
        for name, tensor in state.items()
        if name.startswith(f"{prefix}.")
    }


def check_same(path: Path, found: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Refuse a file of another run.

    Args:
        path: the file, for the message.
        found: plain values that describe the run it comes from.
        expected: the same of the run that wants to go on.

    Raises:
        ValueError: they differ; the message names what.
    """
    differing = [name for name in {**found, **expected} if found.get(name) != expected.get(name)]
    if differing:
        told = "; ".join(
            f"{name} is {found.get(name)}, expected {expected.get(name)}" for name in differing
        )
        raise ValueError(
            f"{path}: of another run: {told}. Give this run a folder of its own, or delete the old one's."
        )


def save(network: nn.Module, folder: Path, about: Mapping[str, Any]) -> None:
    """Save a model: ``weights.safetensors``, and ``model.json`` for people and other programs.

    Args:
        network: whose weights and buffers are saved.
        folder: made if it is not there.
        about: plain values: recipe, classes, training corpora, score, limits.
    """
    write(folder / WEIGHTS, network.state_dict(), dict(about))
    store.write(folder / ABOUT, (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode())


def load(
    folder: Path, build: Callable[[dict[str, Any]], nn.Module]
) -> tuple[nn.Module, dict[str, Any]]:
    """Network in evaluation mode, on the CPU, and what was said of it.

    Args:
        folder: that a model was saved in.
        build: gives a network of the saved shape, of what ``save`` was told; its weights are replaced.

    Raises:
        FileNotFoundError: no model in this folder.
        ValueError: a file that is not as it was saved, or a network of another shape.
    """
    tensors, about = read(folder / WEIGHTS)
    try:
        told = json.loads((folder / ABOUT).read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{folder / ABOUT}: no such file; expected it beside {WEIGHTS}. Save the model again."
        ) from None
    except ValueError:
        told = None
    if told != about:
        raise ValueError(
            f"{folder / ABOUT}: not what {WEIGHTS} was saved with; expected the same. Save the model again."
        )
    network = build(about)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        told = " ".join(str(error).split())
        raise ValueError(
            f"{folder / WEIGHTS}: not the built network's weights: {told} Build the network that was saved."
        ) from error
    return network.eval(), about


def _held(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [weight for group in optimiser.param_groups for weight in group["params"]]


def _fingerprint(tensors: Mapping[str, Tensor], text: str) -> str:
    hashed = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        hashed.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        hashed.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return hashed.hexdigest()
