"""What one batch does to network and discriminators (Parry et al. 2022, section 3.2.2 for the order).

One optimiser holds both. SGD passes over a weight without a gradient, its momentum included, so each step moves exactly the
weights that its backward pass reached.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sercore.models.attribute_network import AttributeNetwork
from sercore.papers.parry2022.attribute_plan import Plan
from sercore.papers.parry2022.losses import against, attribute_losses, known, weighted
from sercore.training.fitting import autocast


def step_discriminators(
    discriminators: nn.ModuleDict, optimiser: torch.optim.Optimizer, read: Tensor, targets: Sequence[Tensor], plan: Plan
) -> dict[str, Tensor]:
    """Let each discriminator descend its own loss once; nothing else moves.

    Args:
        discriminators: in the order of the targets.
        optimiser: that holds them, and may hold more.
        read: softmax or representation of the classifier, whose graph is not entered.
        targets: labels of each attribute.
        plan: of the training.

    Shape:
        - read: ``(batch, classes)`` or ``(batch, width)``; targets: ``(batch,)`` each

    Returns:
        Norm of each discriminator's gradient before it was cut.

    Source: Parry et al. 2022, section 3.2.2.
    """
    optimiser.zero_grad()
    with autocast(plan.precision, read.device):
        found = attribute_losses([guess(read.detach()) for guess in discriminators.values()], targets)
    torch.stack(found).sum().backward()
    norms = {name: nn.utils.clip_grad_norm_(each.parameters(), plan.clip) for name, each in discriminators.items()}
    optimiser.step()
    return norms


def step(
    network: AttributeNetwork,
    discriminators: nn.ModuleDict,
    optimiser: torch.optim.Optimizer,
    batch: Sequence[Tensor],
    *,
    plan: Plan,
    alpha: float,
    ceilings: Sequence[float] | None = None,
) -> dict[str, float]:
    """One batch: one pass through the shared layers; AD's discriminators first, then the network against them as they now are.

    Args:
        network: in training mode.
        discriminators: of AD, in the order of the targets; empty otherwise.
        optimiser: SGD over both; without weight decay, so that weights without a gradient stay.
        batch: inputs, emotion target, a target of each head or discriminator, on their device.
        plan: of the training.
        alpha: weight of the attributes.
        ceilings: of AD's discriminator losses (default: none).

    Returns:
        Plain numbers: ``loss``, ``emotion`` and ``right`` (clips), and of each attribute ``loss NAME``, ``known NAME`` (clips);
        ``norm emotion`` and ``norm NAME`` of the gradients before they were cut.

    Source: Parry et al. 2022, sections 3.1 and 3.2; equation 2 as printed: under GR the shared layers' gradient is
    ``(1 - alpha) g_emo - alpha mean_i g_i``, a head's is ``+ alpha / N`` times that of its own loss, so that heads descend.
    """
    names = [*(discriminators if plan.approach == "AD" else network.heads)]
    *inputs, emotion_target = batch[: len(batch) - len(names)]
    targets = batch[len(batch) - len(names) :]
    with autocast(plan.precision, emotion_target.device):
        logits, answers, representation = network.answers(*inputs)
        emotion = functional.cross_entropy(logits, emotion_target)
        found = attribute_losses([*answers.values()], targets if answers else [])
        read = logits.float().softmax(1) if plan.reads == "softmax" else representation
    loss, norms = weighted(emotion, found, alpha=alpha), {}
    if plan.approach == "AD":
        norms = step_discriminators(discriminators, optimiser, read, targets, plan)
        with autocast(plan.precision, read.device):  # a new context: the old one remembers the weights before their step
            found = attribute_losses([guess(read) for guess in discriminators.values()], targets)
        loss = against(emotion, found, alpha=alpha, ceilings=ceilings)
    optimiser.zero_grad()
    loss.backward(inputs=[weight for weight in network.parameters() if weight.requires_grad])  # and no discriminator's
    norms["emotion"] = nn.utils.clip_grad_norm_([*network.shared.parameters(), *network.emotion.parameters()], plan.clip)
    norms |= {name: nn.utils.clip_grad_norm_(head.parameters(), plan.clip) for name, head in network.heads.items()}
    numbers = {"loss": loss, "emotion": emotion, "right": (logits.argmax(1) == emotion_target).sum()}
    numbers |= {f"loss {name}": each for name, each in zip(names, found, strict=True)}
    numbers |= {f"known {name}": known(target) for name, target in zip(names, targets, strict=True)}
    numbers |= {f"norm {name}": each for name, each in norms.items()}
    optimiser.step()
    return dict(zip(numbers, torch.stack([each.detach().float() for each in numbers.values()]).tolist(), strict=True))
