"""Trainings in the store: each is run once, and goes on where it was interrupted."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sercore import store
from sercore.training import checkpoints
from sercore.training.resumable import BEST, HISTORY, STATE, History


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
    """Return the folder of a trial's training, named by the trial's key and the device.

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
    if (place / STATE).exists() or not (place / HISTORY).exists():
        train()
        (place / STATE).unlink(missing_ok=True)  # of several processes one is first
    history = History(**json.loads((place / HISTORY).read_bytes()))
    network.load_state_dict(checkpoints.read(place / weights)[0])
    return Trained(network.to(device, memory_format=layout).eval(), history, place)
