"""The final model of paper 03, section 4.1: trained on every clip, none held out, so that nothing chooses its rate or its epoch.

Its score is that of the same recipe under a split; a model to keep and use, final or not, is made in ``card.py``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sercore import store
from sercore.papers.biagini2022 import networks as loopq_networks
from sercore.papers.biagini2022 import rows as loopq_rows
from sercore.papers.biagini2022.batches import Data, batches
from sercore.papers.biagini2022.rows import RECIPES
from sercore.papers.biagini2022.trial import Trial, build
from sercore.training import kept
from sercore.training.fitting import Plan, cross_entropy, fit
from sercore.training.loop import choose
from sercore.training.resumable import LAST, History
from sercore.training.schedules import Steps

EPOCHS = {"MMFUSION": 30}  # as published; of the other models the split runs tell


@dataclass(frozen=True)
class Final:
    """A network trained on every clip.

    Args:
        network: in evaluation mode, with the weights of the last epoch.
        history: of its training.
        plan: of its training.
        folder: that holds its weights.
    """

    network: nn.Module
    history: History
    plan: Plan
    folder: Path


def epochs(bests: Sequence[int]) -> int:
    """How long a model trains whose length is not published: the median of its split runs' best epochs, a half rounded up.

    Args:
        bests: best epoch of each seed, from 1.

    Source: ours; Biagini 2022 trains MMFUSION alone, for ``EPOCHS``.
    """
    return int(np.floor(np.median(bests) + 0.5))


def schedule(model: str, *, epochs: int) -> Steps:
    """Rate cuts after half and five sixths of the epochs, a half rounded up: after 15 and 25 of 30, as published.

    Each cut is by the factor of the model's own plateau: a tenth, of CNNLSTM a half. Two cuts that fall on one epoch are one, and
    a cut after the last epoch changes nothing: of 3 epochs the last has a lower rate, of 2 the second, and 1 has no cut.

    Args:
        model: printed name.
        epochs: of the training, 1 or more.

    Source: Biagini 2022, section 4.1, for MMFUSION.
    """
    at = {(epochs + 1) // 2, (5 * epochs + 3) // 6}
    return Steps(at=tuple(sorted(at)), factor=RECIPES[model].schedule.factor)


def plan(trial: Trial, *, epochs: int) -> Plan:
    """The trial's plan, of this many epochs, with ``schedule`` in place of the plateau and its stop."""
    held_out = loopq_rows.plan(
        trial.model, rates=trial.rates, epochs=epochs, precision=trial.precision
    )
    return replace(held_out, schedule=schedule(trial.model, epochs=epochs), stop=None)


def trained(trial: Trial, data: Data, *, epochs: int, device: str = "cpu") -> Final:
    """The trial's network trained on every clip of the data, from the store if that is done; an interrupted one goes on.

    Args:
        trial: that says model, reading, rates, augmentation, seed, size and precision; its split is not made.
        data: all of it trains.
        epochs: of the training, 1 or more.
        device: "cpu" (default), "cuda" or "auto".
    """
    device, how = choose(device), plan(trial, epochs=epochs)
    network, place = build(trial, data), folder(trial, data, how, device=device)
    train = partial(_fit, trial, data, network, how, place, device)
    result = kept.trained(network, place, train, device=device, weights=LAST)
    return Final(network, result.history, how, place)


def folder(trial: Trial, data: Data, how: Plan, *, device: torch.device) -> Path:
    """Where a final training is kept, named by its key and the device; the trial's split and cap do not count."""
    settings = asdict(replace(trial, protocol="final", fold=0, source="all", epochs=how.epochs)) | {
        "plan": asdict(how)
    }
    key = store.key(settings=settings, manifest=[data.content(trial)], modules=__name__)
    return store.root() / "trainings" / key.hex[:2] / f"{key.hex}-{device.type}"


def _fit(
    trial: Trial, data: Data, network: nn.Module, how: Plan, place: Path, device: torch.device
) -> History:
    everyone, labels = np.arange(len(data.table)), torch.from_numpy(data.labels)
    settings = {"batch": how.batch, "seed": trial.start, "augmentation": trial.augmentation}
    return fit(
        network,
        loopq_networks.groups(network, trial.model, rates=trial.rates),
        cross_entropy,
        lambda epoch: batches(data, trial.kinds, everyone, labels, epoch=epoch, **settings),
        None,
        plan=how,
        folder=place,
        device=device,
        seed=trial.start,
    )
