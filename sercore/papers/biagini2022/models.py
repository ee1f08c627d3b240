"""The five models of paper 03: recipes, rows of the grid, networks, pretrained weights.

The demo's networks are the published code with fewer channels, fewer pools and shorter inputs: they
prove the machinery and are no model of the paper.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sercore import encoders
from sercore.encoders import Encoder, EncoderError
from sercore.models import cnnatt, cnnlstm, fcmfcc, hubertft, mmfusion
from sercore.training.fitting import Plan
from sercore.training.schedules import Plateau

CUTS = 2  # of a plateau: no training ends earlier than its second cut, or the cap of epochs


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Learning rates of one reading of Table 3.

    Args:
        head: rate of the whole network, or of the new parts of one that is tuned.
        tuned: rate of the tuned parts (default 0: there are none).
        weight_decay: weight decay of FCMFCC's trunk, or of the whole network (default 0).
        epochs: largest number of epochs.
    """

    head: float
    tuned: float = 0.0
    weight_decay: float = 0.0
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained, by Table 3 where it and the author's code agree.

    Args:
        optimiser: adam or adamw.
        batch: clips a step.
        schedule: schedule of the rates, by the validation loss.
        code: rates of the author's code.
        paper: rates that the paper prints, ten times lower.
        channels_last: whether bf16 training uses the channels-last memory format. It does not pay
            where a convolution is narrow.
    """

    optimiser: str
    batch: int
    schedule: Plateau
    code: Rates
    paper: Rates
    channels_last: bool = True


# Biagini 2022, section 4.1 and Table 3; the patience is PyTorch's, as in the author's code.
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
    chosen = {"code": recipe.code, "paper": recipe.paper}[rates]
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


# Inputs of `data.KINDS` by model and variant.
READS = {
    ("CNNLSTM", ""): ("mel",),
    ("FCMFCC", ""): ("mfcc",),
    ("CNNATT", ""): ("mfcc, free length",),
    ("HUBERTFT", ""): ("frames",),
    ("MMFUSION", "as-run"): ("mel, linear", "mfcc, no floor", "frames, filled"),
    ("MMFUSION", "fixed"): ("mel", "mfcc", "frames, filled"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the grid.

    Args:
        model: printed name.
        variant: "as-run", "per-clip", "as-described" or "fixed".
        rates: "code" (default) or "paper".
        augmentation: "none" (default), "time stretching", "time masking" or "band masking"
            (section 3.6).
        control: "none" (default), or "labels shuffled" among the training clips.
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
    def inputs(self) -> tuple[str, ...]:
        """Kinds of input that the network reads; what only its training reads comes last."""
        extra = ("mfcc, stretched",) if self.augmentation == "time stretching" else ()
        return READS.get((self.model, self.variant)) or (*READS[self.model, ""], *extra)

    @property
    def is_encoded(self) -> bool:
        """Whether the network reads the frames of a frozen speech encoder."""
        return any(kind.startswith("frames") for kind in self.inputs)


@dataclass(frozen=True, kw_only=True)
class TunedRow(Row):
    """One row of the grid whose pretrained parts are tuned."""

    @property
    def name(self) -> str:
        """Name on a page, as ``-p only=…`` takes it: "HUBERTFT fixed, tuned"."""
        return f"{super().name}, tuned"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Kinds of input that the network reads: samples where a frozen encoder gave frames."""
        return tuple(kind.replace("frames", "waveform") for kind in super().inputs)

    @property
    def weights(self) -> tuple[str, ...]:
        """Names in ``PUBLISHED`` of the weights that the network starts from."""
        return (self.model, "pictures") if self.model == "MMFUSION" else (self.model,)


# Groups by what `-p models=…` takes. The code of FCMFCC runs as it is, so it needs no other repair;
# CNNATT's does not run at all. Of the tuned models these rows train what stands behind a frozen
# speech encoder, which HUBERTFT then averages by length.
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
_TUNED = [
    TunedRow(model=model, variant=variant)
    for model in ("HUBERTFT", "MMFUSION")
    for variant in ("as-run", "fixed")
]
TUNED = {row.name: row for row in _TUNED}
ACROSS = ("CNNLSTM fixed", "FCMFCC as-run", "CNNATT fixed", "HUBERTFT fixed")  # also across corpora


VARIANTS = {
    "CNNLSTM": ("as-run", "per-clip", "fixed"),
    "FCMFCC": ("as-run", "as-described"),
    "CNNATT": ("fixed",),
    "HUBERTFT": ("as-run", "fixed"),
    "MMFUSION": ("as-run", "fixed"),
}
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
) -> nn.Module:
    """Build a network with random weights; torch's own generator is left as it was.

    Args:
        model: printed name.
        variant: variant of the model, one of ``VARIANTS``.
        size: "published" (default) or "small".
        seed: seed of the weights.
        speech: frames a filled clip and values a frame of the frozen speech encoder, for HUBERTFT
            and MMFUSION.

    Raises:
        ValueError: no such model, variant or size.
    """
    if variant not in VARIANTS.get(model, ()) or size not in ("published", "small"):
        known = "; ".join(f"{name} {' or '.join(names)}" for name, names in VARIANTS.items())
        raise ValueError(
            f"{model} {variant}, {size}: no such network; expected {known}; published or small."
            " Name one of them."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _build(model, variant, size == "small", *speech)


def _build(model: str, variant: str, small: bool, n_frames: int, width: int) -> nn.Module:
    if model == "CNNLSTM":
        return cnnlstm.CNNLSTM(SMALL[model] if small else cnnlstm.SIZES, variant=variant)
    if model == "FCMFCC":
        sizes = fcmfcc.AS_RUN if variant == "as-run" else fcmfcc.AS_DESCRIBED
        if small:
            sizes = replace(SMALL[model], last_kernel=sizes.last_kernel)
        return fcmfcc.FCMFCC(sizes)
    if model == "CNNATT":
        return cnnatt.CNNATT(SMALL[model] if small else cnnatt.SIZES)
    if model == "HUBERTFT":
        return hubertft.HubertFT(width, variant=variant, frozen=True)
    from transformers import ConvNextConfig

    tiny = ConvNextConfig(**TINY) if small else None
    sizes = fusion_sizes(n_frames, small=small)
    return mmfusion.build(width, tiny, variant=variant, frozen=True, sizes=sizes)


def fusion_sizes(n_frames: int, *, small: bool) -> mmfusion.Sizes:
    """Return the sizes of MMFUSION for a speech encoder that gives so many frames a clip."""
    return replace(SMALL["MMFUSION"] if small else mmfusion.SIZES, speech=n_frames)


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
    """Weights that a training starts from.

    Args:
        address: hub id, folder or "random".
        name: last part of the address.
        content: digest of configuration and weights.
        width: values a frame of a speech encoder; 0 (default) for a ConvNeXt.
        shortest: samples of the shortest clip that an encoder takes; 0 (default) for a ConvNeXt.
    """

    address: str
    name: str
    content: str
    width: int = 0
    shortest: int = 0


def weights_of(rows: Sequence[TunedRow]) -> list[str]:
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
        return address != "none" and bool(weights_content(name, address))
    except EncoderError:
        return False


def weights_content(name: str, address: str) -> str:
    """Return the digest of configuration and weights without loading them.

    Raises:
        EncoderError: weights that cannot be read.
    """
    return mmfusion.convnext_content(address) if name == "pictures" else encoders.content(address)


def inspect_weights(names: Iterable[str], addresses: Mapping[str, str]) -> dict[str, Weights]:
    """Describe weights by name; each is loaded once to see that it can be tuned.

    Raises:
        EncoderError: weights that cannot be loaded or tuned.
    """
    return {
        name: _inspect_convnext(addresses[name])
        if name == "pictures"
        else _inspect_encoder(addresses[name])
        for name in names
    }


def _inspect_encoder(address: str) -> Weights:
    encoder = encoders.load(address)
    try:
        hubertft.attach(encoder.model, frozen=False)
    except ValueError as error:
        raise EncoderError(f"{address}: {error}") from error
    sizes = {"width": encoder.width, "shortest": encoder.shortest}
    return Weights(address=address, name=encoder.name, content=encoder.content, **sizes)


def _inspect_convnext(address: str) -> Weights:
    name = address
    if address != "random":
        mmfusion.load_convnext(address)
        name = Path(address).resolve().name
    return Weights(address=address, name=name, content=mmfusion.convnext_content(address))


def load_weights(name: str, weights: Weights) -> Encoder | nn.Module | None:
    """Load a speech encoder or a ConvNeXt; None for a ConvNeXt that each training draws itself.

    Raises:
        EncoderError: weights that are gone, or have changed since they were described.
    """
    if weights_content(name, weights.address) != weights.content:
        raise EncoderError(
            f"{weights.address}: other weights than as this run began; expected the same to its"
            f" end."
            " Put them back, or start anew."
        )
    if name != "pictures":
        return encoders.load(weights.address)
    return None if weights.address == "random" else mmfusion.load_convnext(weights.address)
