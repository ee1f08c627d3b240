"""Every model of the book with its parameter count, from the built modules."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

PAPER_01 = "Alves et al. 2022"
PAPER_02 = "Parry et al. 2022"
PAPER_03 = "Biagini 2022"
PAPER_04 = "Padi et al. 2021"


@dataclass(frozen=True, kw_only=True)
class Described:
    """One built model as ``sercore models`` lists it.

    Args:
        model: class of the network.
        paper: where it is published.
        variant: reading of the method.
        inputs: what it reads.
        width: of its emotion features, 0 where it reads none.
        parameters: sum over the built module's parameters, frozen ones included.
    """

    model: str
    paper: str
    variant: str
    inputs: str
    width: int
    parameters: int


def parameters(*modules: Any) -> int:
    """Number of parameters of some modules together, frozen ones included."""
    return sum(weight.numel() for module in modules for weight in module.parameters())


def table() -> list[Described]:
    """Every model of the book, built without memory, with its parameter count."""
    return [*_paper_01(), *_paper_02(), *_paper_03_small(), *_paper_03_large(), *_paper_04()]


@cache
def built(model: str, **options: Any) -> Any:
    """HUBERTFT or MMFUSION as published but for the options of its ``build``, without memory: on PyTorch's meta device."""
    import torch

    from sercore.models import hubertft as loopq_hubertft
    from sercore.models import mmfusion as loopq_mmfusion

    with torch.device("meta"):
        return {"HUBERTFT": loopq_hubertft.build, "MMFUSION": loopq_mmfusion.build}[model](
            **options
        )


def _paper_01() -> Iterator[Described]:
    import torch

    from sercore.models.multi_task_mlp import MultiTaskMLP
    from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP, hidden_units

    def described(network: torch.nn.Module, variant: str, inputs: str, width: int = 0) -> Described:
        count = parameters(network)
        return Described(
            model=type(network).__name__,
            paper=PAPER_01,
            variant=variant,
            inputs=inputs,
            width=width,
            parameters=count,
        )

    with torch.device("meta"):
        for width in (8, 10, 19, 29, 56, 768, 824):
            yield described(
                MultiTaskMLP(width, variant="as-run"),
                "as-run",
                "emotion and 44 gender features, joined",
                width,
            )
            yield described(
                MultiTaskMLP(width, variant="as-described"),
                "as-described",
                "emotion or 44 gender features",
                width,
            )
        yield described(GenderNetwork(), "as-run, as-described", "44 gender features")
        for width in (8, 19, 56, 768, 824):
            hidden = hidden_units(width)
            yield described(
                SequentialMLP(width, hidden, variant="as-run"), "as-run", "emotion features", width
            )
            yield described(
                SequentialMLP(width, hidden, variant="as-described"),
                "as-described",
                "emotion and 44 gender features",
                width,
            )


def _paper_02() -> Iterator[Described]:
    import torch

    from sercore.models.attribute_network import (
        SIZES,
        AttributeNetwork,
        Discriminator,
        SharedLayers,
    )

    mel, classes = f"{SIZES.bands} log mel bands, {SIZES.least} frames or more", 3
    with torch.device("meta"):
        networks = [
            (SharedLayers(), "shared layers", mel),
            (AttributeNetwork(SharedLayers(), width=SIZES.width, classes=classes), "baseline", mel),
        ]
        networks += [
            (Discriminator(classes, outputs), f"of {what}", "emotion probabilities")
            for what, outputs in (("gender", 2), ("language", 3), ("corpus", 6))
        ]
    for network, variant, inputs in networks:
        count = parameters(network)
        yield Described(
            model=type(network).__name__,
            paper=PAPER_02,
            variant=variant,
            inputs=inputs,
            width=0,
            parameters=count,
        )


def _paper_03_small() -> Iterator[Described]:
    import torch

    from sercore.models.cnnatt import CNNATT
    from sercore.models.cnnlstm import CNNLSTM
    from sercore.models.fcmfcc import AS_DESCRIBED, FCMFCC

    mel, mfcc = "128 mel bands in dB, 313 frames", "40 MFCC, 313 frames"
    with torch.device("meta"):
        networks = [
            (CNNLSTM(variant="as-run"), "as-run", mel),
            (CNNLSTM(variant="per-clip"), "per-clip", mel),
            (CNNLSTM(variant="fixed"), "fixed", mel),
            (FCMFCC(), "as-run, fixed", mfcc),
            (FCMFCC(AS_DESCRIBED), "as-described", mfcc),
            (CNNATT(), "fixed", "40 MFCC, 4 frames or more"),
        ]
    for network, variant, inputs in networks:
        count = parameters(network)
        yield Described(
            model=type(network).__name__,
            paper=PAPER_03,
            variant=variant,
            inputs=inputs,
            width=0,
            parameters=count,
        )


def _paper_03_large() -> Iterator[Described]:
    large = {
        "HUBERTFT": "waveform up to 4.5 s",
        "MMFUSION": "mel spectrogram, 40 MFCC and waveform of 5 s",
    }
    for name, inputs in large.items():
        count = parameters(built(name))
        yield Described(
            model=name,
            paper=PAPER_03,
            variant="as-run, fixed",
            inputs=inputs,
            width=0,
            parameters=count,
        )


def _paper_04() -> Iterator[Described]:
    import torch

    from sercore.models.resnet import SIZES, ResNet34

    bands, classes, speakers = (
        f"{SIZES.bands} log mel bands",
        4,
        7363,
    )  # the speakers of both VoxCeleb corpora
    readings = [
        ("statistics pooling", "statistics", classes, "any number of frames"),
        ("mean pooling", "mean", classes, "any number of frames"),
        ("no pooling", "flatten", classes, f"{SIZES.frames} frames"),
        ("statistics pooling, speakers", "statistics", speakers, "any number of frames"),
    ]
    for variant, pooling, outputs, frames in readings:
        with torch.device("meta"):
            network = ResNet34(outputs, replace(SIZES, pooling=pooling))
        count = parameters(network)
        yield Described(
            model="ResNet34",
            paper=PAPER_04,
            variant=variant,
            inputs=f"{bands}, {frames}",
            width=0,
            parameters=count,
        )
