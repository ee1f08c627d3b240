"""A saved model of paper 04, of what ``padi_about`` says of it: its network, and what that reads of a window."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from sercore.features.mel import MelSettings
from sercore.models.resnet import ResNet34, Sizes
from sercore.papers.padi2021.inputs import heard, log_mel, normalised
from sercore.training import chunks


def network(about: Mapping[str, Any]) -> ResNet34:
    """The saved network with random weights.

    Args:
        about: what was saved of it; see ``padi_about.about``.

    Raises:
        ValueError: no such network, or one that cannot read the input that is told.
    """
    told, read = about["recipe"]["network"], about["input"]
    sizes = Sizes(**told | {name: tuple(told[name]) for name in ("channels", "blocks")})
    if sizes.bands != read["mel"]["bands"] or sizes.fixed not in (None, read["middle"]):
        raise ValueError(
            f"a network of {sizes.bands} bands and {sizes.fixed or 'any number of'} frames for an input of {read['mel']['bands']} "
            f"and {read['middle'] or 'any number'}; expected the same. Train it again."
        )
    if read["norm"] != "segment":
        raise ValueError(f"norm {read['norm']}: one clip cannot be normalised so; expected segment. Train another model.")
    with torch.random.fork_rng(devices=[]):  # torch's own generator is found again as it was
        return ResNet34(len(about["classes"]), sizes)


def reader(about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
    """What gives the network's inputs of one window, a batch of one: of ``(samples,)`` at 16 kHz; ``encoder=`` is not read.

    A window is a clip of its own: each band has mean 0 and variance 1 in it.

    Args:
        about: what was saved of the model.

    Shape:
        - frames: ``(1, frames, 128)``; lengths: ``(1,)``, left out where a window is cut to one length

    Source: Padi et al. 2021, section 4.2.
    """
    told = about["input"]
    settings = {name: told[name] for name in ("floor", "vad", "least", "middle")}
    return partial(_inputs, spectrogram=MelSettings(**told["mel"]), **settings)


def _inputs(
    samples: np.ndarray, *, encoder: None, spectrogram: MelSettings, floor: float, vad: float | None, least: float, middle: int
) -> list[Tensor]:
    """As ``padi_inputs`` reads a clip, by the settings that were saved."""
    with threadpool_limits(1):  # as training clips are measured
        frames = log_mel(samples, settings=spectrogram, floor=floor)
    [clip] = normalised([frames if vad is None else heard(frames, quiet=vad)], least=least)
    if middle:
        return [torch.from_numpy(chunks.cut(clip, length=middle, place=0.5))[None]]
    return [torch.from_numpy(clip)[None], torch.tensor([len(clip)])]
