"""Parameter counts of every model of the book, from the built modules."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

PAPER_01 = "Alves et al. 2022"
PAPER_02 = "Parry et al. 2022"
PAPER_03 = "Biagini 2022"
PAPER_04 = "Padi et al. 2021"
PRINTED = {"HubertFT": "HUBERTFT", "MMFusion": "MMFUSION"}  # names that the paper prints


@dataclass(frozen=True, kw_only=True)
class Described:
    """One built model as ``sercore models`` lists it.

    The inputs are in words, ``width`` is that of its emotion features, 0 if it reads none, and
    frozen parameters count.
    """

    model: str
    paper: str
    variant: str
    inputs: str
    width: int
    parameters: int


def parameters(*modules: Any) -> int:
    """Count the parameters of some modules together, frozen ones included."""
    return sum(weight.numel() for module in modules for weight in module.parameters())


def table() -> list[Described]:
    """Build every model of the book without memory and count its parameters."""
    import torch

    papers = {PAPER_01: _paper_01, PAPER_02: _paper_02, PAPER_03: _paper_03, PAPER_04: _paper_04}
    rows = []
    for paper, networks in papers.items():
        with torch.device("meta"):
            for network, variant, inputs, width in networks():
                name = type(network).__name__
                about = {"paper": paper, "variant": variant, "inputs": inputs, "width": width}
                count = parameters(network)
                rows.append(Described(model=PRINTED.get(name, name), parameters=count, **about))
    return rows


@cache
def built(model: str, **options: Any) -> Any:
    """Build HUBERTFT or MMFUSION as published but for some options, on PyTorch's meta device."""
    import torch

    from sercore.models import hubertft, mmfusion

    build = {"HUBERTFT": hubertft.build, "MMFUSION": mmfusion.build}[model]
    with torch.device("meta"):
        return build(**options)


# Networks of a paper, each with its variant, its inputs in words and the width of its features.
Networks = Iterator[tuple[Any, str, str, int]]


def _paper_01() -> Networks:
    from sercore.models.multi_task_mlp import MultiTaskMLP
    from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP, hidden_units

    joined, either = "emotion and 44 gender features, joined", "emotion or 44 gender features"
    for width in (8, 10, 19, 29, 56, 768, 824):
        yield MultiTaskMLP(width, variant="as-run"), "as-run", joined, width
        yield MultiTaskMLP(width, variant="as-described"), "as-described", either, width
    yield GenderNetwork(), "as-run, as-described", "44 gender features", 0
    both = "emotion and 44 gender features"
    for width in (8, 19, 56, 768, 824):
        hidden = hidden_units(width)
        yield SequentialMLP(width, hidden, variant="as-run"), "as-run", "emotion features", width
        yield SequentialMLP(width, hidden, variant="as-described"), "as-described", both, width


def _paper_02() -> Networks:
    from sercore.models.attribute_network import (
        SIZES,
        AttributeNetwork,
        Discriminator,
        SharedLayers,
    )

    mel, classes = f"{SIZES.bands} log mel bands, {SIZES.least} frames or more", 3
    yield SharedLayers(), "shared layers", mel, 0
    network = AttributeNetwork(SharedLayers(), width=SIZES.width, classes=classes)
    yield network, "baseline", mel, 0
    for attribute, outputs in (("gender", 2), ("language", 3), ("corpus", 6)):
        network = Discriminator(classes, outputs)
        yield network, f"of {attribute}", "emotion probabilities", 0


def _paper_03() -> Networks:
    from sercore.models.cnnatt import CNNATT
    from sercore.models.cnnlstm import CNNLSTM
    from sercore.models.fcmfcc import AS_DESCRIBED, FCMFCC

    mel, mfcc = "128 mel bands in dB, 313 frames", "40 MFCC, 313 frames"
    for variant in ("as-run", "per-clip", "fixed"):
        yield CNNLSTM(variant=variant), variant, mel, 0
    yield FCMFCC(), "as-run, fixed", mfcc, 0
    yield FCMFCC(AS_DESCRIBED), "as-described", mfcc, 0
    yield CNNATT(), "fixed", "40 MFCC, 4 frames or more", 0
    yield built("HUBERTFT"), "as-run, fixed", "waveform up to 4.5 s", 0
    inputs = "mel spectrogram, 40 MFCC and waveform of 5 s"
    yield built("MMFUSION"), "as-run, fixed", inputs, 0


def _paper_04() -> Networks:
    from sercore.models.resnet import SIZES, ResNet34

    classes, speakers = 4, 7363  # the speakers of both VoxCeleb corpora
    any_length, one_length = "any number of frames", f"{SIZES.frames} frames"
    for variant, pooling, outputs, frames in (
        ("statistics pooling", "statistics", classes, any_length),
        ("mean pooling", "mean", classes, any_length),
        ("no pooling", "flatten", classes, one_length),
        ("statistics pooling, speakers", "statistics", speakers, any_length),
    ):
        network = ResNet34(outputs, replace(SIZES, pooling=pooling))
        yield network, variant, f"{SIZES.bands} log mel bands, {frames}", 0
