"""Weights on disk: verified files, the state of an interrupted run, saved models.

A file is safetensors; a record of plain values stands in its header, and beside it the hash of
record and tensors. One file is replaced by one rename, so that what is read is always whole: the
tensors and the record of one moment.
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
    """Write tensors and a record to one file, whole or not at all.

    Args:
        path: path of the file; its folder is made if necessary.
        tensors: tensors on any device; they come back contiguous and on the CPU.
        record: plain values that JSON holds.
    """
    # Tied weights get a copy each.
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps(record)
    store.write(
        path, safetensors.save(whole, {"record": text, "sha256": _fingerprint(whole, text)})
    )


def read(path: Path) -> tuple[dict[str, Tensor], Any]:
    """Read the tensors and the record of a file, and verify them.

    Raises:
        FileNotFoundError: no such file.
        ValueError: cut short, altered, or not written by ``write``.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; expected weights that were saved here. Train first, or give "
            "another folder."
        )
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        sound = about.get("sha256") == _fingerprint(tensors, about.get("record", ""))
    except SafetensorError:
        sound = False
    if not sound:
        raise ValueError(
            f"{path}: damaged, or of another program: {path.stat().st_size} bytes that are not "
            "those written; expected the file as "
            "sercore wrote it. Delete it and train again, or bring it back from a copy."
        )
    return tensors, json.loads(about["record"])


def training_state(
    network: nn.Module, optimiser: torch.optim.Optimizer, device: torch.device
) -> dict[str, Tensor]:
    """Collect weights, buffers, moments and random states, which the next epoch depends on.

    Raises:
        TypeError: the optimiser keeps something that is no tensor.
    """
    state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for index, weight in enumerate(_weights(optimiser)):
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
                f"{name}: {type(tensor).__name__}; a checkpoint holds tensors only. Use Adam or "
                "AdamW."
            )
    return state


def restore(
    state: Mapping[str, Tensor],
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    device: torch.device,
) -> None:
    """Restore a training state, in the memory format of the weights."""
    network.load_state_dict(part(state, "network"))
    weights = _weights(optimiser)
    for name, tensor in part(state, "optimiser").items():
        index, what = name.split(".")
        weight = weights[int(index)]
        # The fused kernels walk weight and moments side by side in memory, so both must lie the
        # same way.
        placed = (
            tensor.to(weight.device) if tensor.ndim == 0 else torch.empty_like(weight).copy_(tensor)
        )
        optimiser.state[weight][what] = placed
    torch.set_rng_state(state["random.cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state["random.cuda"], device)


def part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Select the tensors under one prefix, and remove it."""
    return {
        name.removeprefix(f"{prefix}."): tensor
        for name, tensor in state.items()
        if name.startswith(f"{prefix}.")
    }


def check_same(path: Path, saved: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Refuse a file of another run.

    Args:
        path: the file, for the message.
        saved: plain values that describe the run of the file.
        expected: the same values of the run that goes on.

    Raises:
        ValueError: the values differ.
    """
    differing = [name for name in {**saved, **expected} if saved.get(name) != expected.get(name)]
    if differing:
        listed = "; ".join(
            f"{name} is {saved.get(name)}, expected {expected.get(name)}" for name in differing
        )
        raise ValueError(
            f"{path}: of another run: {listed}. Give this run a folder of its own, or delete the "
            "old one's."
        )


def save(network: nn.Module, folder: Path, about: Mapping[str, Any]) -> None:
    """Save a model: ``weights.safetensors``, and ``model.json`` for people and other programs.

    Args:
        network: network with the weights and buffers to save.
        folder: folder, made if necessary.
        about: plain values: recipe, classes, training corpora, score, limits.
    """
    write(folder / WEIGHTS, network.state_dict(), dict(about))
    store.write(folder / ABOUT, (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode())


def load(
    folder: Path, build: Callable[[dict[str, Any]], nn.Module]
) -> tuple[nn.Module, dict[str, Any]]:
    """Load a model: the network in evaluation mode, on the CPU, and its description.

    Args:
        folder: folder of a saved model.
        build: gives a network of the saved shape, of what ``save`` was told; its weights are
            replaced.

    Raises:
        FileNotFoundError: no model in this folder.
        ValueError: a file that is not as it was saved, or a network of another shape.
    """
    tensors, about = read(folder / WEIGHTS)
    try:
        described = json.loads((folder / ABOUT).read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{folder / ABOUT}: no such file; expected it beside {WEIGHTS}. Save the model again."
        ) from None
    except ValueError:
        described = None
    if described != about:
        raise ValueError(
            f"{folder / ABOUT}: not what {WEIGHTS} was saved with; expected the same. Save the "
            "model again."
        )
    network = build(about)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        described = " ".join(str(error).split())
        raise ValueError(
            f"{folder / WEIGHTS}: not the built network's weights: {described} Build the network "
            "that "
            "was saved."
        ) from error
    return network.eval(), about


def _weights(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [weight for group in optimiser.param_groups for weight in group["params"]]


def _fingerprint(tensors: Mapping[str, Tensor], text: str) -> str:
    hashed = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        hashed.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        hashed.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return hashed.hexdigest()
