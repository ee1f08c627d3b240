"""One system of paper 04, its speaker recogniser, and how both train. Which systems there are is in ``padi_grid``."""

from dataclasses import dataclass, replace

from sercore.models import resnet
from sercore.training.chunks import LENGTHS
from sercore.training.sgd import Plan

SIZES = {
    "published": resnet.SIZES,
    "narrow": resnet.NARROW,
    "small": replace(resnet.NARROW, width=32, frames=40),
}
CHUNKS = {"published": LENGTHS, "narrow": LENGTHS, "small": (24, 32, 40)}
BATCHES = {
    "published": 32,
    "narrow": 32,
    "small": 8,
}  # chunks a step: printed, and for the demo's few clips
VERSIONS = {
    "none": ("plain", "plain", "plain"),
    "conservative": ("plain", "conservative", "conservative"),
    "aggressive": ("plain", "aggressive", "aggressive"),
    "both": ("plain", "conservative", "aggressive"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One system.

    Args:
        transfer: "none" (random start, all trained), "frozen" (the speaker recogniser's convolutions and batch-norm statistics
            stay, the layers on top are trained) or "finetune" (all trained on).
        augmentation: "none", "both" (the paper's: of each clip one conservative and one aggressive copy), or one policy twice.
            Without, two plain copies take the place of the masked ones, so that every system sees as many chunks.
        pooling: "statistics", "mean", or "flatten": no pooling, clips cut to one length.
        norm: of the spectrogram, over the "segment" (the paper's) or the "conversation".
        vad: "none" (the paper's), or "energy": quiet frames are left out.
        evaluate: frames of a test clip that are read, "full" (the paper's) or "300".
        part: of IEMOCAP, "all", "improvised" or "scripted".
    """

    transfer: str = "none"
    augmentation: str = "none"
    pooling: str = "statistics"
    norm: str = "segment"
    vad: str = "none"
    evaluate: str = "full"
    part: str = "all"

    @property
    def cell(self) -> str:
        """Digits of transfer, augmentation and statistics pooling, 1 for with: "101"."""
        return f"{self.transfer != 'none':d}{self.augmentation != 'none':d}{self.pooling == 'statistics':d}"

    @property
    def name(self) -> str:
        """As ``-p only=…`` takes it: "101", "101, finetune", "011, aggressive", "000, mean", "111, conversation", "111, energy"."""
        told = {
            "transfer": ("none", "frozen"),
            "augmentation": ("none", "both"),
            "pooling": ("statistics", "flatten"),
        }
        usual = Row()
        parts = [
            getattr(self, name) for name, known in told.items() if getattr(self, name) not in known
        ]
        parts += [
            getattr(self, name)
            for name in ("norm", "vad", "part")
            if getattr(self, name) != getattr(usual, name)
        ]
        parts += [f"{self.evaluate} frames"] * (self.evaluate != usual.evaluate)
        return ", ".join([self.cell, *parts])


def versions(augmentation: str) -> tuple[str, ...]:
    """Policy of each version of a clip: three of each in every epoch, whatever the augmentation."""
    return VERSIONS[augmentation]


def lengths(size: str, pooling: str) -> tuple[int, ...]:
    """Frames of a training chunk; without pooling there is one length."""
    return (SIZES[size].frames,) if pooling == "flatten" else CHUNKS[size]


def plan(*, epochs: int, size: str, precision: str) -> Plan:
    """How a network is trained: as printed, but for the number of epochs, which is not."""
    return Plan(epochs=epochs, batch=BATCHES[size], precision=precision, channels_last=True)
