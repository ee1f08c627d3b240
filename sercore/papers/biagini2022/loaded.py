"""A saved model of paper 03, of what ``loopq_about`` says of it: its network, and what that reads of a window."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from sercore.encoders import Encoder
from sercore.features.length import fit, trim
from sercore.features.mel import MelSettings
from sercore.papers.biagini2022 import frames as loopq_frames
from sercore.papers.biagini2022 import inputs as loopq_inputs
from sercore.papers.biagini2022 import networks as loopq_networks
from sercore.papers.biagini2022.about import FREE
from sercore.papers.biagini2022.batches import Data, Inputs, tensors
from sercore.papers.biagini2022.inputs import Shape


def network(about: Mapping[str, Any]) -> nn.Module:
    """The saved network with random weights.

    Args:
        about: what was saved of it; see ``loopq_about.about``.

    Raises:
        ValueError: no such network.
    """
    recipe, encoder = about["recipe"], about["input"]["encoder"]
    speech = (encoder["frames"], encoder["width"]) if encoder else (0, 0)
    return loopq_networks.build(recipe["model"], recipe["variant"], size=recipe["size"], seed=0, speech=speech)


def reader(about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
    """What gives the network's inputs of one window, a batch of one: of ``(samples,)`` at 16 kHz and ``encoder=``.

    Silence is trimmed from a window's ends, as from a training clip's.

    Args:
        about: what was saved of the model.

    Shape:
        - each input: ``(1, frames, width)``; the last one, where there is one input: lengths ``(1,)``
    """
    told = about["input"]
    shape = Shape(**told["shape"] | {"mel": MelSettings(**told["shape"]["mel"])})
    return partial(_inputs, shape=shape, kinds=tuple(told["kinds"]), decibels=told["trim"], classes=tuple(about["classes"]))


def _inputs(
    samples: np.ndarray,
    *,
    encoder: Encoder | None,
    shape: Shape,
    kinds: Sequence[str],
    decibels: float,
    classes: tuple[str, ...],
) -> list[Tensor]:
    kept = trim(samples, decibels=decibels)
    own, held = 1 + min(len(kept), shape.samples) // shape.mel.hop, {}
    for kind in kinds:
        if kind in loopq_frames.KINDS:
            filled = loopq_frames.KINDS[kind]
            frames = encoder.frames([fit(kept, length=shape.samples) if filled else kept[: shape.longest]])
            held[kind] = Inputs.of(frames)
        else:
            with threadpool_limits(1):  # as training clips are measured: sums of two threads end in other bits
                row = loopq_inputs.KINDS[kind](kept, shape, np.random.default_rng(0))  # none of these kinds draws
            held[kind] = Inputs.of([row], None if kind == FREE else [own])
    return tensors(Data(pd.DataFrame(), held, classes), kinds, np.array([0]))
