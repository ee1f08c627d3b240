"""The five models of paper 03: recipes, rows of the grid, networks, pretrained weights.

The demo's networks are the published code with fewer channels, fewer pools and shorter inputs: they
prove the machinery and are no model of the paper.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sercore import encoders
from sercore.corpora.labels import SEVEN
from sercore.encoders import Encoder, EncoderError
from sercore.models import cnnatt, cnnlstm, fcmfcc, hubertft, mmfusion
from sercore.papers.biagini2022.inputs import FREE, STRETCHED
from sercore.training.fitting import Plan
from sercore.training.schedules import Plateau

CUTS = 2  # of a plateau: no training ends earlier than its second cut, or the cap of epochs


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Learning rates of one reading of Table 3: of the new parts or the whole, and of tuned parts.

    The weight decay is that of FCMFCC's trunk, or of the whole network.
    """

    head: float
    tuned: float = 0.0
    weight_decay: float = 0.0
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained, by Table 3 where it and the author's code agree.

    The schedule follows the validation loss. The paper prints rates ten times lower than its code's.
    Where a convolution is narrow, channels-last does not pay in bf16.
    """

    optimiser: str
    batch: int
    schedule: Plateau
    code: Rates
    paper: Rates
    channels_last: bool = True


# Biagini 2022, section 3.7 and Table 3; the patience is PyTorch's, as in the author's code.
RECIPES = {
    "CNNLSTM": Recipe(
        optimiser="adam",
        batch=64,
        schedule=Plateau(patience=5, factor=0.5),
        code=Rates(head=1e-3, epochs=100),
        paper=Rates(head=1e-4, epochs=100),
    ),
    "FCMFCC": Recipe(
        optimiser="adamw",
        batch=64,
        schedule=Plateau(patience=10, factor=0.1),
        code=Rates(head=1e-3, weight_decay=1e-5, epochs=150),
        paper=Rates(head=1e-4, weight_decay=1e-6, epochs=150),
    ),
    "CNNATT": Recipe(
        optimiser="adamw",
        batch=32,
        schedule=Plateau(patience=20, factor=0.1, floor=1e-5),
        code=Rates(head=1e-3, weight_decay=1e-6, epochs=300),
        paper=Rates(head=1e-4, weight_decay=1e-7, epochs=200),
        channels_last=False,
    ),
    "HUBERTFT": Recipe(
        optimiser="adam",
        batch=16,
        schedule=Plateau(patience=3, factor=0.1, floor=1e-6),
        code=Rates(head=1e-3, tuned=1e-4, epochs=150),
        paper=Rates(head=1e-4, tuned=1e-5, epochs=30),
    ),
    "MMFUSION": Recipe(
        optimiser="adamw",
        batch=16,
        schedule=Plateau(patience=5, factor=0.1, floor=1e-7),
        code=Rates(head=1e-4, tuned=1e-5, weight_decay=1e-5, epochs=30),
        paper=Rates(head=1e-5, tuned=1e-6, weight_decay=1e-6, epochs=30),
        channels_last=False,
    ),
}


def plan(model: str, *, rates: str, epochs: int, precision: str) -> Plan:
    """Plan a model's training by the rates of "code" or "paper", up to a cap of epochs."""
    recipe = RECIPES[model]
    chosen = getattr(recipe, rates)
    return Plan(
        epochs=epochs,
        batch=recipe.batch,
        optimiser=recipe.optimiser,
        rate=chosen.head,
        weight_decay=chosen.weight_decay,
        schedule=recipe.schedule,
        precision=precision,
        channels_last=precision == "bf16" and recipe.channels_last,
        stop=CUTS,
    )


# Kinds of input by model, or by model and variant.
READS = {
    "CNNLSTM": ("mel",),
    "FCMFCC": ("mfcc",),
    "CNNATT": (FREE,),
    "HUBERTFT": ("frames",),
    "MMFUSION as-run": ("mel, linear", "mfcc, no floor", "frames, filled"),
    "MMFUSION fixed": ("mel", "mfcc", "frames, filled"),
    "SVM frames": ("frames",),
    "SVM mfcc": (FREE,),
    "LOGISTIC frames": ("frames",),
    "LOGISTIC mfcc": (FREE,),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the grid.

    Args:
        variant: "as-run" (the author's code), "per-clip" (CNNLSTM: one sequence a clip),
            "as-described" or "fixed".
        rates: "code" or "paper", whose rates are a tenth.
        augmentation: "none", or of the training clips "time stretching", "time masking" or "band
            masking" (section 3.6).
        control: "none", or "labels shuffled" among the training clips.
    """

    model: str
    variant: str
    rates: str = "code"
    augmentation: str = "none"
    control: str = "none"

    @property
    def name(self) -> str:
        """Name that ``-p only=…`` takes: "CNNLSTM fixed", "FCMFCC as-run, paper's rates"."""
        changed = ["paper's rates"] if self.rates == "paper" else []
        changed += [change for change in (self.augmentation, self.control) if change != "none"]
        return ", ".join([f"{self.model} {self.variant}", *changed])

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of input that the network reads."""
        return READS.get(self.model) or READS[f"{self.model} {self.variant}"]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Kinds of input that a training reads: the network's, and what augments them."""
        if self.augmentation == "time stretching":
            return (*self.kinds, STRETCHED)
        return self.kinds

    @property
    def is_encoded(self) -> bool:
        """Whether the network reads the frames of a frozen speech encoder."""
        return any(kind.startswith("frames") for kind in self.kinds)

    @property
    def weights(self) -> tuple[str, ...]:
        """Names in ``PUBLISHED`` of the weights that the network starts from."""
        return ()


@dataclass(frozen=True, kw_only=True)
class TunedRow(Row):
    """One row of the grid whose pretrained parts are tuned."""

    @property
    def name(self) -> str:
        """Name on a page, as ``-p only=…`` takes it: "HUBERTFT fixed, tuned"."""
        return f"{super().name}, tuned"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of input that the network reads: samples where a frozen encoder gave frames."""
        return tuple(kind.replace("frames", "waveform") for kind in super().kinds)

    @property
    def weights(self) -> tuple[str, ...]:
        """The speech encoder's name, and "pictures" where a ConvNeXt is tuned too."""
        return (self.model, "pictures") if self.model == "MMFUSION" else (self.model,)


# Rows by what `-p models=…` takes. FCMFCC's code runs as it is, so that it has no "fixed" row;
# CNNATT's does not run, so that it has no "as-run" row. Here the tuned models have a frozen speech
# encoder, and only what stands behind it is trained.
GROUPS = {
    "scratch": (
        Row(model="CNNLSTM", variant="as-run"),
        Row(model="CNNLSTM", variant="per-clip"),
        Row(model="CNNLSTM", variant="fixed"),
        Row(model="FCMFCC", variant="as-run"),
        Row(model="FCMFCC", variant="as-described"),
        Row(model="CNNATT", variant="fixed"),
    ),
    "pretrained": (
        Row(model="HUBERTFT", variant="fixed"),
        Row(model="MMFUSION", variant="as-run"),
        Row(model="MMFUSION", variant="fixed"),
    ),
    "switches": (
        Row(model="FCMFCC", variant="as-run", rates="paper"),
        Row(model="FCMFCC", variant="as-run", augmentation="time stretching"),
        Row(model="FCMFCC", variant="as-run", augmentation="time masking"),
        Row(model="FCMFCC", variant="as-run", augmentation="band masking"),
        Row(model="FCMFCC", variant="as-run", control="labels shuffled"),
    ),
}
ROWS = {row.name: row for rows in GROUPS.values() for row in rows}
TUNED = {
    row.name: row
    for model in ("HUBERTFT", "MMFUSION")
    for row in (TunedRow(model=model, variant="as-run"), TunedRow(model=model, variant="fixed"))
}
ACROSS = ("CNNLSTM fixed", "FCMFCC as-run", "CNNATT fixed", "HUBERTFT fixed")  # also across corpora

SMALL = {  # sizes of the demo's networks
    "CNNLSTM": cnnlstm.Sizes(
        bands=40, frames=65, channels=(8, 12, 16, 24, 32), pools=(2, 2, 2, 2, 2), hidden=32
    ),
    "FCMFCC": fcmfcc.Sizes(frames=65, path_channels=4, channels=(8, 12, 16, 20, 40)),
    "CNNATT": cnnatt.Sizes(path_channels=4, channels=(8, 12, 16, 20), attention=32, norm=32),
    "MMFUSION": mmfusion.Sizes(
        bands=40, frames=65, recurrent=8, channels=12, gate=4, divisor=12, hidden=16
    ),
}
TINY = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32]}  # of the demo's ConvNeXt


def build(
    model: str,
    variant: str,
    *,
    size: str = "published",
    seed: int,
    speech: tuple[int, int] = (0, 0),
    classes: int = len(SEVEN),
) -> nn.Module:
    """Build the network of a row with random weights; torch's own generator is left as it was.

    ``speech`` is what HUBERTFT and MMFUSION read of a frozen encoder: frames a filled clip, and
    values a frame. ``classes`` is their number. A ``ValueError`` refuses a model, variant or size that the paper does not have.
    """
    known = dict.fromkeys(f"{row.model} {row.variant}" for row in ROWS.values())
    if f"{model} {variant}" not in known or size not in ("published", "small"):
        raise ValueError(
            f"{model} {variant}, {size}: no such network; expected {', '.join(known)}; published or"
            " small. Name one of them."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _build(model, variant, size == "small", classes, *speech)


def _build(
    model: str, variant: str, is_small: bool, classes: int, n_frames: int, width: int
) -> nn.Module:
    if model == "CNNLSTM":
        sizes = SMALL[model] if is_small else cnnlstm.SIZES
        return cnnlstm.CNNLSTM(replace(sizes, classes=classes), variant=variant)
    if model == "FCMFCC":
        sizes = fcmfcc.AS_RUN if variant == "as-run" else fcmfcc.AS_DESCRIBED
        if is_small:
            sizes = replace(SMALL[model], last_kernel=sizes.last_kernel)
        return fcmfcc.FCMFCC(replace(sizes, classes=classes))
    if model == "CNNATT":
        sizes = SMALL[model] if is_small else cnnatt.SIZES
        return cnnatt.CNNATT(replace(sizes, classes=classes))
    if model == "HUBERTFT":
        return hubertft.HubertFT(width, variant=variant, frozen=True, classes=classes)
    from transformers import ConvNextConfig

    tiny = ConvNextConfig(**TINY) if is_small else None
    sizes = fusion_sizes(n_frames, classes, is_small=is_small)
    return mmfusion.build(width, tiny, variant=variant, frozen=True, sizes=sizes)


def fusion_sizes(n_frames: int, classes: int, *, is_small: bool) -> mmfusion.Sizes:
    """Return the sizes of MMFUSION for a speech encoder that gives so many frames a clip."""
    sizes = SMALL["MMFUSION"] if is_small else mmfusion.SIZES
    return replace(sizes, speech=n_frames, classes=classes)


def groups(network: nn.Module, model: str, *, rates: str) -> list[dict[str, Any]]:
    """Return the optimiser's parameter groups, with the learning rate and weight decay of each.

    Source: Biagini 2022, Table 3. FCMFCC's weight decay is for the trunk; the rest has none here.
    """
    chosen = getattr(RECIPES[model], rates)
    if model in ("HUBERTFT", "MMFUSION"):
        parts = network.groups(chosen.head, chosen.tuned)
        return [{**group, "weight_decay": chosen.weight_decay} for group in parts]
    if model != "FCMFCC":
        return [{"params": list(network.parameters())}]
    rest = [*network.parallel.parameters(), *network.head.parameters()]
    return [{"params": rest, "weight_decay": 0.0}, {"params": list(network.trunk.parameters())}]


# Weights of the report by what reads them: the model's speech encoder, or MMFUSION's ConvNeXt.
PUBLISHED = {
    "HUBERTFT": "facebook/hubert-large-ll60k",
    "MMFUSION": "facebook/hubert-base-ls960",
    "pictures": "facebook/convnext-base-224",
}


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights that a training starts from: where they are, their last name, and their digest.

    Of a speech encoder also the values of a frame, and the samples of the shortest clip it takes.
    """

    address: str
    name: str
    content: str
    width: int = 0
    shortest: int = 0


def weights_of(rows: Iterable[TunedRow]) -> list[str]:
    """Names of the weights that rows start from, each once."""
    return list(dict.fromkeys(name for row in rows for name in row.weights))


def published_address(name: str, edition: str) -> str:
    """Return where the weights of an edition are: "random" in the demo, else the report's.

    They are "none" where the open edition does not find them on this machine. The paper's edition
    names them in any case, as it refuses to run without.
    """
    if edition == "demo":
        return "random"
    is_named = edition == "paper" or is_available(name, PUBLISHED[name])
    return PUBLISHED[name] if is_named else "none"


def is_available(name: str, address: str) -> bool:
    """Whether weights, named as in ``PUBLISHED``, can be read from an address."""
    try:
        return bool(weights_content(name, address))
    except EncoderError:
        return False


def weights_content(name: str, address: str) -> str:
    """Return the digest of configuration and weights; an ``EncoderError`` says what is missing."""
    return mmfusion.convnext_content(address) if name == "pictures" else encoders.content(address)


def inspect_weights(names: Iterable[str], addresses: Mapping[str, str]) -> dict[str, Weights]:
    """Describe weights by name; an ``EncoderError`` refuses those that cannot be tuned."""
    weights = {}
    for name in names:
        address, sizes = addresses[name], {}
        if name != "pictures":
            encoder = encoders.load(address)
            try:
                hubertft.attach(encoder.model, frozen=False)
            except ValueError as error:
                raise EncoderError(f"{address}: {error}") from error
            sizes = {"width": encoder.width, "shortest": encoder.shortest}
        elif address != "random":
            mmfusion.load_convnext(address)
        about = {"address": address, "name": Path(address).resolve().name}
        weights[name] = Weights(**about, content=weights_content(name, address), **sizes)
    return weights


def load_weights(name: str, weights: Weights) -> Encoder | nn.Module | None:
    """Load a speech encoder or a ConvNeXt; None for a ConvNeXt that each training draws itself.

    An ``EncoderError`` refuses weights that have changed since they were described.
    """
    if weights_content(name, weights.address) != weights.content:
        raise EncoderError(
            f"{weights.address}: other weights than as this run began; expected the same to its"
            " end. Put them back, or start anew."
        )
    if name != "pictures":
        return encoders.load(weights.address)
    return None if weights.address == "random" else mmfusion.load_convnext(weights.address)
