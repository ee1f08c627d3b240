"""Rows of paper 03's grid: five models in their readings, one of them with one thing changed, and how each is trained."""

from dataclasses import dataclass

from sercore.training.fitting import Plan
from sercore.training.schedules import Plateau

CUTS = 2  # of a plateau: no training ends earlier than its second cut, or the cap of epochs


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Learning rates of one reading of Table 3.

    Args:
        head: of the whole network, or of what is new in one that is tuned.
        tuned: of what is tuned (default: as the head).
        weight_decay: of FCMFCC's trunk, or of the whole network (default 0).
        epochs: that this reading trains at most.
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
        schedule: of the rates, by the validation loss.
        code: rates of the author's code.
        paper: rates that the paper prints, ten times lower.
        channels_last: whether the memory format of bf16 training is channels-last: not where a convolution is narrow, nor where it
            does not pay.
    """

    optimiser: str
    batch: int
    schedule: Plateau
    code: Rates
    paper: Rates
    channels_last: bool = True


# Biagini 2022, section 4.1 and Table 3; `code` is his public code, which also gives the patience in PyTorch's sense.
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


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the grid.

    Args:
        model: printed name.
        variant: "as-run", "per-clip", "as-described" or "fixed".
        rates: "code" (default) or "paper".
        augmentation: "none" (default), "time stretching", "time masking" or "band masking", section 3.6.
        control: "none" (default), or "labels shuffled" among the training clips.
    """

    model: str
    variant: str
    rates: str = "code"
    augmentation: str = "none"
    control: str = "none"

    @property
    def name(self) -> str:
        """Name on a page, as ``-p only=…`` takes it: "CNNLSTM fixed", "FCMFCC as-run, paper's rates"."""
        changed = ["paper's rates"] if self.rates == "paper" else []
        changed += [each for each in (self.augmentation, self.control) if each != "none"]
        return ", ".join([f"{self.model} {self.variant}", *changed])

    @property
    def inputs(self) -> tuple[str, ...]:
        """Kinds of ``loopq_inputs`` and ``loopq_frames`` that the network reads; what it trains on besides comes last."""
        extra = ("mfcc, stretched",) if self.augmentation == "time stretching" else ()
        return READS.get((self.model, self.variant)) or (*READS[self.model, ""], *extra)


READS = {
    ("CNNLSTM", ""): ("mel",),
    ("FCMFCC", ""): ("mfcc",),
    ("CNNATT", ""): ("mfcc, free length",),
    ("HUBERTFT", ""): ("frames",),
    ("MMFUSION", "as-run"): ("mel, linear", "mfcc, no floor", "frames, filled"),
    ("MMFUSION", "fixed"): ("mel", "mfcc", "frames, filled"),
}

# By what `-p models=…` takes. The code of FCMFCC runs as it is, so that it needs no other repair; CNNATT's does not run at all.
# Of the tuned models this grid trains what stands behind a frozen speech encoder, which HUBERTFT then averages by length.
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
ACROSS = (
    "CNNLSTM fixed",
    "FCMFCC as-run",
    "CNNATT fixed",
    "HUBERTFT fixed",
)  # tried across corpora too


def plan(model: str, *, rates: str, epochs: int, precision: str) -> Plan:
    """How a model is trained, up to a cap of epochs that all models share.

    Args:
        model: printed name.
        rates: "code" or "paper".
        epochs: the cap; the second cut of the rate ends a training earlier.
        precision: "fp32" or "bf16", the latter with channels-last where the model allows it.
    """
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
