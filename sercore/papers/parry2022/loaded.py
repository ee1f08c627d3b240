"""A saved model of paper 02, of what ``parry_about`` says of it: its network, and what that reads of a window."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from sercore.features.mel import MelSettings, mel
from sercore.models.attributes import EmotionNetwork
from sercore.models.cnn_lstm import CnnLstm
from sercore.papers.parry2022.inputs import Filterbank, normalised
from sercore.papers.parry2022.rows import SIZES
from sercore.training.batching import Ragged


def network(about: Mapping[str, Any]) -> EmotionNetwork:
    """The saved network with random weights: shared layers and emotion head, no heads of attributes.

    Args:
        about: what was saved of it; see ``parry_about.about``.

    Raises:
        ValueError: no such network.
    """
    size = about["recipe"]["size"]
    if size not in SIZES:
        raise ValueError(f"{size}: no such network; expected {' or '.join(SIZES)}. Name one of them.")
    with torch.random.fork_rng(devices=[]):  # torch's own generator is found again as it was
        return EmotionNetwork(CnnLstm(SIZES[size]), width=SIZES[size].width, classes=len(about["classes"]))


def reader(about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
    """What gives the network's inputs of one window, a batch of one: of ``(samples,)`` at 16 kHz; ``encoder=`` is not read.

    A window is a clip of its own: each band has mean 0 and variance 1 in it. Nothing is trimmed.

    Args:
        about: what was saved of the model.

    Shape:
        - frames: ``(1, frames, 40)``; lengths: ``(1,)``
    """
    told = about["input"]["filterbank"]
    return partial(_inputs, filterbank=Filterbank(**told | {"mel": MelSettings(**told["mel"])}))


def _inputs(samples: np.ndarray, *, encoder: None, filterbank: Filterbank) -> list[Tensor]:
    with threadpool_limits(1):  # as training clips are measured
        frames = normalised(mel(samples[: filterbank.longest], settings=filterbank.mel))
    return [*Ragged.of([frames]).padded([0])]
