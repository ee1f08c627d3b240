"""Networks of paper 03's grid, in their published size or the demo's, and what an optimiser holds of each.

The demo's are the published code with fewer channels, fewer pools and shorter inputs: they prove the machinery and are no model
of the paper.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from sercore.models import cnnatt as loopq_cnnatt
from sercore.models import cnnlstm as loopq_cnnlstm
from sercore.models import fcmfcc as loopq_fcmfcc
from sercore.models import hubertft as loopq_hubertft
from sercore.models import mmfusion as loopq_mmfusion
from sercore.papers.biagini2022.rows import RECIPES

SMALL = {
    "CNNLSTM": loopq_cnnlstm.Sizes(
        bands=40, frames=65, channels=(8, 12, 16, 24, 32), pools=(2, 2, 2, 2, 2), hidden=32
    ),
    "FCMFCC": loopq_fcmfcc.Sizes(frames=65, path_channels=4, channels=(8, 12, 16, 20, 40)),
    "CNNATT": loopq_cnnatt.Sizes(path_channels=4, channels=(8, 12, 16, 20), attention=32, norm=32),
    "MMFUSION": {
        "bands": 40,
        "frames": 65,
        "recurrent": 8,
        "channels": 12,
        "gate": 4,
        "divisor": 12,
        "hidden": 16,
    },
}


def build(
    model: str,
    variant: str,
    *,
    size: str = "published",
    seed: int,
    speech: tuple[int, int] = (0, 0),
) -> nn.Module:
    """A network with random weights.

    Args:
        model: printed name.
        variant: "as-run", "per-clip", "as-described" or "fixed", as the model has them.
        size: "published" (default) or "small".
        seed: of the weights; torch's own generator is found again as it was.
        speech: frames a filled clip and values a frame of the speech encoder, which stays outside, frozen; for HUBERTFT and
            MMFUSION.

    Raises:
        ValueError: no such model, variant or size.
    """
    known = {
        "CNNLSTM": ("as-run", "per-clip", "fixed"),
        "FCMFCC": ("as-run", "as-described"),
        "CNNATT": ("fixed",),
        "HUBERTFT": ("as-run", "fixed"),
        "MMFUSION": ("as-run", "fixed"),
    }
    if variant not in known.get(model, ()) or size not in ("published", "small"):
        there = "; ".join(f"{name} {' or '.join(variants)}" for name, variants in known.items())
        raise ValueError(
            f"{model} {variant}, {size}: no such network; expected {there}; published or small. Name one of them."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _BUILDERS[model](variant, size == "small", *speech)


def groups(network: nn.Module, model: str, *, rates: str) -> list[dict[str, Any]]:
    """What the optimiser holds, with the learning rate and weight decay of each part.

    Args:
        network: as ``build`` gives it.
        model: printed name.
        rates: "code" or "paper".

    Source: Biagini 2022, Table 3. Its weight decay of FCMFCC is for the trunk; the rest has none here.
    """
    chosen = getattr(RECIPES[model], rates)
    if model in ("HUBERTFT", "MMFUSION"):
        return [
            {**group, "weight_decay": chosen.weight_decay}
            for group in network.groups(chosen.head, chosen.tuned)
        ]
    if model != "FCMFCC":
        return [{"params": list(network.parameters())}]
    rest = [*network.parallel.parameters(), *network.head.parameters()]
    return [{"params": rest, "weight_decay": 0.0}, {"params": list(network.trunk.parameters())}]


def _cnnlstm(variant: str, small: bool, frames: int, width: int) -> nn.Module:
    sizes = SMALL["CNNLSTM"] if small else loopq_cnnlstm.SIZES
    return loopq_cnnlstm.CNNLSTM(sizes, variant=variant)


def _fcmfcc(variant: str, small: bool, frames: int, width: int) -> nn.Module:
    sizes = {"as-run": loopq_fcmfcc.AS_RUN, "as-described": loopq_fcmfcc.AS_DESCRIBED}[variant]
    return loopq_fcmfcc.FCMFCC(
        replace(SMALL["FCMFCC"], last_kernel=sizes.last_kernel) if small else sizes
    )


def _cnnatt(variant: str, small: bool, frames: int, width: int) -> nn.Module:
    return loopq_cnnatt.CNNATT(SMALL["CNNATT"] if small else loopq_cnnatt.SIZES)


def _hubertft(variant: str, small: bool, frames: int, width: int) -> nn.Module:
    return loopq_hubertft.HubertFT(width, variant=variant, frozen=True)


def _mmfusion(variant: str, small: bool, frames: int, width: int) -> nn.Module:
    from transformers import ConvNextConfig

    tiny = ConvNextConfig(depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 24, 32]) if small else None
    sizes = loopq_mmfusion.Sizes(**(SMALL["MMFUSION"] if small else {}), speech=frames)
    return loopq_mmfusion.build(width, tiny, variant=variant, frozen=True, sizes=sizes)


_BUILDERS: dict[str, Callable[[str, bool, int, int], nn.Module]] = {
    "CNNLSTM": _cnnlstm,
    "FCMFCC": _fcmfcc,
    "CNNATT": _cnnatt,
    "HUBERTFT": _hubertft,
    "MMFUSION": _mmfusion,
}
