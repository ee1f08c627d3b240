"""One model of paper 02, what all of them share, and how it trains. Which models there are is in ``parry_grid``."""

from dataclasses import dataclass

from sercore.models import attribute_network
from sercore.papers.parry2022.adversarial import Plan

SIZES = {"published": attribute_network.SIZES, "small": attribute_network.SMALL}
CLIP = 5.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model.

    Args:
        approach: "baseline", "MTL", "GR" or "AD".
        attributes: one of ``parry_attributes.SUBSETS``; "none" for the baseline.
        variant: "as-described"; of AD also "fixed", whose discriminator losses are cut at the labels' entropy for the classifier,
            and "on-representation", whose discriminators read the 128 shared numbers.
        alpha: weight of the attributes, of GR at the end; below 0 the paper's (default -1).
        surprise: class of surprise, "positive" (default), "negative" or "left out".
        calm: class of calm, "neutral" (default), "positive" or "left out".
    """

    approach: str
    attributes: str = "none"
    variant: str = "as-described"
    alpha: float = -1.0
    surprise: str = "positive"
    calm: str = "neutral"

    @property
    def name(self) -> str:
        """As ``-p only=…`` takes it: "baseline", "GR C+S", "AD C, fixed", "GR C, alpha 0.25", "baseline, calm left out"."""
        parts = [
            self.approach if self.approach == "baseline" else f"{self.approach} {self.attributes}"
        ]
        parts += [self.variant] * (self.variant != "as-described")
        parts += [f"alpha {self.alpha:g}"] * (self.alpha >= 0)
        parts += [f"surprise {self.surprise}"] * (self.surprise != "positive")
        parts += [f"calm {self.calm}"] * (self.calm != "neutral")
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the paper leaves open, chosen once on the baseline's validation and used for all models.

    Args:
        initialisation: of the shared layers (default "he").
        rate: learning rate (default 0.002, as printed).
        batch: clips a step (default 8).
    """

    initialisation: str = "he"
    rate: float = 0.002
    batch: int = 8


def plan(row: Row, recipe: Recipe, *, epochs: int, precision: str) -> Plan:
    """How a model is trained.

    Args:
        row: which model.
        recipe: what all models share.
        epochs: the cap.
        precision: "fp32" or "bf16".
    """
    return Plan(
        approach=row.approach,
        epochs=epochs,
        batch=recipe.batch,
        rate=recipe.rate,
        clip=CLIP,
        precision=precision,
        alpha=None if row.alpha < 0 else row.alpha,
        bounded=row.variant == "fixed",
        reads="representation" if row.variant == "on-representation" else "softmax",
    )
