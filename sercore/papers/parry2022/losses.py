"""Losses that join emotion and attributes, and the weight between them (Parry et al. 2022, sections 3.1, 3.2 and 4)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

MISSING = -1  # the label of a clip whose attribute is not known
FINAL = {"baseline": 0.0, "MTL": 0.1, "GR": 0.5, "AD": 0.5}  # alpha at the last epoch: section 4


def attribute_losses(logits: Sequence[Tensor], targets: Sequence[Tensor]) -> list[Tensor]:
    """Cross-entropy of each attribute, the mean over the clips whose label is known; 0 where none is.

    Args:
        logits: of each attribute.
        targets: labels of each attribute, in the same order; ``MISSING`` where unknown.

    Shape:
        - logits: ``(batch, classes)`` each; targets: ``(batch,)`` each
        - output: ``()`` each, always with a graph
    """
    return [
        functional.cross_entropy(guess, target, ignore_index=MISSING, reduction="sum")
        / known(target).clamp(min=1)
        for guess, target in zip(logits, targets, strict=True)
    ]


def known(target: Tensor) -> Tensor:
    """Number of clips whose label is known: ``()``."""
    return (target != MISSING).sum()


def weighted(emotion: Tensor, attributes: Sequence[Tensor], *, alpha: float) -> Tensor:
    """Loss of multi-task learning: ``(1 - alpha) L_emo + alpha mean_i L_i``; without attributes ``L_emo`` as it stands.

    Behind ``models.attributes.reversed_gradient`` it is the loss of gradient reversal too: the value is the same, and the
    attributes' gradient reaches the shared layers times -1.

    Args:
        emotion: loss, ``()``.
        attributes: loss of each attribute, ``()``.
        alpha: weight of the attributes, 0 to 1.

    Source: Parry et al. 2022, equations 1 and 2.
    """
    if not attributes:
        return emotion
    return (1 - alpha) * emotion + alpha * torch.stack([*attributes]).mean()


def against(
    emotion: Tensor,
    discriminators: Sequence[Tensor],
    *,
    alpha: float,
    ceilings: Sequence[float] | None = None,
) -> Tensor:
    """Loss of the classifier against its discriminators: ``(1 - alpha) L_emo - alpha mean_i L_i``.

    Args:
        emotion: loss, ``()``.
        discriminators: loss of each discriminator, ``()``.
        alpha: weight of the discriminators, 0 to 1.
        ceilings: of each discriminator's loss, in nats; one above it counts as its ceiling and has no gradient, since a guess as
            bad as the label's entropy already tells nothing. None leaves the loss unbounded below, as printed (default None).

    Source: Parry et al. 2022, equation 3. Deviation: the ceilings are ours.
    """
    if not discriminators:
        return emotion
    if ceilings is not None:
        discriminators = [
            loss.clamp(max=ceiling) for loss, ceiling in zip(discriminators, ceilings, strict=True)
        ]
    return (1 - alpha) * emotion - alpha * torch.stack([*discriminators]).mean()


def alpha(approach: str, epoch: int, epochs: int, value: float | None = None) -> float:
    """Weight of the attributes in an epoch.

    Args:
        approach: baseline: always 0; MTL and AD: constant; GR: rises linearly from 0 in the first epoch to its end in the last.
        epoch: its number, from 1.
        epochs: of the whole training, at most; a training of one epoch is a first epoch.
        value: the constant, or the end of the rise (default: 0.1 for MTL, 0.5 for AD and GR).

    Raises:
        ValueError: an approach that is none of the four, or an epoch outside the training.

    Source: Parry et al. 2022, section 4.
    """
    if approach not in FINAL:
        raise ValueError(
            f"approach={approach}: unknown; expected {', '.join(FINAL)}. Give one of them."
        )
    if not 1 <= epoch <= epochs:
        raise ValueError(
            f"epoch={epoch}: outside the training; expected 1 to {epochs}. Count epochs from 1."
        )
    final = FINAL[approach] if value is None or approach == "baseline" else value
    return final * ((epoch - 1) / max(1, epochs - 1)) if approach == "GR" else final


def label_entropy(labels: Sequence[int] | Tensor) -> float:
    """Entropy of labels in nats, the unknown left out: the cross-entropy of a guess that knows only how often each occurs.

    Args:
        labels: of each clip, from 0; ``MISSING`` where unknown.

    Raises:
        ValueError: no label is known.
    """
    found = torch.as_tensor(labels)
    found = found[found != MISSING]
    if not len(found):
        raise ValueError(
            f"{len(labels)} labels, none known; expected at least 1. Leave this attribute out."
        )
    share = found.bincount().double() / len(found)
    return float(torch.special.entr(share).sum())
