"""How a network is trained with attributes, which epoch is selected and when training ends (Parry et al. 2022, section 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sercore.papers.parry2022 import losses


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is trained; the defaults are the paper's, or ours where it names none.

    Args:
        approach: baseline, MTL (attribute heads), GR (heads behind gradient reversal) or AD (discriminators).
        epochs: passes over the training clips, at most (default 150).
        batch: clips a step; the caller's batches follow it (default 32, ours).
        rate: learning rate of all weights, the discriminators' too (default 0.002).
        momentum: 0 or more, below 1 (default 0.9).
        clip: norm to which a gradient is cut: of shared layers and emotion head together, of each attribute head and of each
            discriminator alone, so that none changes another's (default 5, ours).
        patience: epochs in a row without a better one that are borne; as many as ``epochs`` never end it early (default 20, ours).
        least: epochs before which training does not end early (default 30, ours).
        margin: nats; epochs without a better one count from the first on whose training emotion loss lies this far below the
            labels' entropy: before that nothing is learnt yet (default 0.03, ours).
        precision: fp32, or bf16: autocast in training and validation, the weights stay fp32 (default fp32).
        alpha: weight of the attributes, 0 to 1: MTL's and AD's constant, GR's end (default: the paper's).
        bounded: whether AD's discriminator losses are cut at the label entropy for the classifier (default no: as printed).
        reads: what AD's discriminators read: softmax, or the representation (default softmax).

    Source: Parry et al. 2022, section 4.
    """

    approach: Literal["baseline", "MTL", "GR", "AD"]
    epochs: int = 150
    batch: int = 32
    rate: float = 0.002
    momentum: float = 0.9
    clip: float = 5.0
    patience: int = 20
    least: int = 30
    margin: float = 0.03
    precision: Literal["fp32", "bf16"] = "fp32"
    alpha: float | None = None
    bounded: bool = False
    reads: Literal["softmax", "representation"] = "softmax"

    def __post_init__(self) -> None:
        choices = {"approach": (*losses.FINAL,), "precision": ("fp32", "bf16"), "reads": ("softmax", "representation")}
        for name, those in choices.items():
            if getattr(self, name) not in those:
                raise ValueError(f"{name}={getattr(self, name)}: unknown; expected {' or '.join(those)}. Give one of them.")
        for name in ("epochs", "batch", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: too small; expected 1 or more. Give {name} from 1 on.")
        if not (self.rate > 0 and self.clip > 0 and 0 <= self.momentum < 1):
            told = f"rate={self.rate}, clip={self.clip}, momentum={self.momentum}"
            raise ValueError(f"{told}: expected two above 0 and a momentum from 0 to below 1. Give 0.002, 5 and 0.9, for example.")
        if self.alpha is not None and (self.approach == "baseline" or not 0 <= self.alpha <= 1):
            raise ValueError(f"alpha={self.alpha} for {self.approach}: expected 0 to 1, and none for a baseline. Leave it out.")
        if self.approach != "AD" and (self.bounded or self.reads != "softmax"):
            told = f"bounded={self.bounded}, reads={self.reads} for {self.approach}"
            raise ValueError(f"{told}: both are of discriminators; expected approach AD. Leave them out.")

    def weight(self, epoch: int) -> float:
        """Alpha in an epoch, counted from 1."""
        return losses.alpha(self.approach, epoch, self.epochs, self.alpha)

    def eligible(self, epoch: int) -> bool:
        """Whether an epoch may be selected: of GR only once alpha has reached half of its end."""
        return self.approach != "GR" or self.weight(epoch) >= (losses.FINAL["GR"] if self.alpha is None else self.alpha) / 2


def best_epoch(epochs: Sequence[Mapping[str, Any]], plan: Plan) -> int:
    """Number, from 1, of the eligible epoch with the best validation UA, the earliest of equals; the last if none is eligible."""
    allowed = [number for number in range(1, len(epochs) + 1) if plan.eligible(number)]
    return max(allowed, key=lambda number: epochs[number - 1]["validation"]["ua"], default=len(epochs))


def ending(epochs: Sequence[Mapping[str, Any]], plan: Plan, entropy: float) -> str:
    """Why training ends after these epochs; empty while it goes on.

    Args:
        epochs: done so far, as ``adversarial.History`` has them.
        plan: of the training.
        entropy: of the training clips' emotion labels, nats.
    """
    done = len(epochs)
    if done >= plan.epochs:
        return f"all {plan.epochs} epochs"
    learning = [number for number, each in enumerate(epochs, 1) if each["training"]["emotion"] <= entropy - plan.margin]
    if done < plan.least or not learning or not plan.eligible(done):
        return ""
    waited = done - max(best_epoch(epochs, plan), learning[0] - 1)
    return f"{plan.patience} epochs without a better one" if waited >= plan.patience else ""
