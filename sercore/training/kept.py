"""Trainings on disk: each in a folder of its own, named by what it is made of, so that it is run once and goes on when killed."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from sercore import store
from sercore.training.resumable import HISTORY, STATE


def folder(module: str, trial: Any, content: str, *, device: torch.device) -> Path:
    """Where a trial's training is kept: by the key that its outcome has in a sweep, and by the device.

    Args:
        module: that runs it.
        trial: a frozen dataclass of plain values.
        content: digest of what it reads.
        device: where it is trained.
    """
    key = replace(store.key(settings={}, manifest=[], modules=module), settings=store.digest(asdict(trial)), data=content)
    return store.root() / "trainings" / key.hex[:2] / f"{key.hex}-{device.type}"


def finished(place: Path, train: Callable[[], Any]) -> dict[str, Any]:
    """History of a training, as it stands in its folder; trained first, or trained on, where it is not finished.

    Args:
        place: the folder.
        train: leaves ``history.json`` and ``state.safetensors`` there; the latter, larger than the weights, is removed.
    """
    if (place / STATE).exists() or not (place / HISTORY).exists():
        train()
        (place / STATE).unlink(missing_ok=True)  # of several processes one is first
    return json.loads((place / HISTORY).read_bytes())
