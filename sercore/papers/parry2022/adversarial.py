"""Training with attributes (Parry et al. 2022, sections 3 and 4).

The losses come first. ``Plan`` says how a network is trained, ``step`` what one batch does to
network and discriminators, and ``fit`` trains them by ``resumable.run``. For one seed the four
approaches (baseline, multi-task learning, gradient reversal, discriminators) see the same batches
and the same dropout: with alpha = 0 their shared and emotion weights have the same bits.

One optimiser holds network and discriminators. SGD passes over a weight without a gradient, its
momentum included, so each step moves exactly the weights that its backward pass reached.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from sercore.models.attribute_network import AttributeNetwork
from sercore.papers.parry2022.data import MISSING
from sercore.training import resumable
from sercore.training.devices import autocast
from sercore.training.resumable import Epoch, History, mean

FINAL = {"baseline": 0.0, "MTL": 0.1, "GR": 0.5, "AD": 0.5}  # alpha at the last epoch: section 4
SCORES = ("loss", "ua")  # of a validation

Batches = Callable[[int], Iterable[Sequence[Tensor]]]
Validate = Callable[[nn.Module], Mapping[str, float]]


def attribute_losses(logits: Sequence[Tensor], targets: Sequence[Tensor]) -> list[Tensor]:
    """Return each attribute's cross-entropy: the mean over the clips with a label, 0 without any.

    Shape:
        - logits: ``(batch, classes)`` each; targets: ``(batch,)`` each, ``MISSING`` where unknown
        - output: ``()`` each, always with a graph
    """
    losses = []
    for guess, target in zip(logits, targets, strict=True):
        total = functional.cross_entropy(guess, target, ignore_index=MISSING, reduction="sum")
        losses.append(total / known(target).clamp(min=1))
    return losses


def known(target: Tensor) -> Tensor:
    """Count the clips whose label is known: ``()``."""
    return (target != MISSING).sum()


def weighted(emotion: Tensor, attributes: Sequence[Tensor], *, alpha: float) -> Tensor:
    """Return the loss of multi-task learning: ``(1 - alpha) L_emo + alpha mean_i L_i``.

    Behind a reversed gradient it is the loss of gradient reversal too: the value is the same, and
    the attributes' gradient reaches the shared layers times -1.

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
    """Return the loss against discriminators: ``(1 - alpha) L_emo - alpha mean_i L_i``.

    A discriminator's loss above its ceiling, in nats, has no gradient, since a guess as bad as the
    label's entropy already tells nothing. Without ceilings the loss has no lower bound, as printed.

    Source: Parry et al. 2022, equation 3. Deviation: the ceilings are ours.
    """
    if not discriminators:
        return emotion
    if ceilings is not None:
        pairs = zip(discriminators, ceilings, strict=True)
        discriminators = [loss.clamp(max=ceiling) for loss, ceiling in pairs]
    return (1 - alpha) * emotion - alpha * torch.stack([*discriminators]).mean()


def alpha(approach: str, epoch: int, epochs: int, value: float | None = None) -> float:
    """Return the weight of the attributes in an epoch.

    The baseline's is 0, those of MTL and AD are constant, and GR's rises linearly from 0 in the
    first epoch, counted from 1, to its end in the last. The constant or end is ``value``, by
    default the paper's.

    Source: Parry et al. 2022, section 4.
    """
    if approach not in FINAL:
        expected = ", ".join(FINAL)
        raise ValueError(f"approach={approach}: unknown; expected {expected}. Give one of them.")
    if not 1 <= epoch <= epochs:
        raise ValueError(
            f"epoch={epoch}: outside the training; expected 1 to {epochs}. Count epochs from 1."
        )
    final = FINAL[approach] if value is None or approach == "baseline" else value
    return final * ((epoch - 1) / max(1, epochs - 1)) if approach == "GR" else final


def label_entropy(labels: Sequence[int] | Tensor) -> float:
    """Return the entropy of labels in nats, the ``MISSING`` left out.

    It is the cross-entropy of a guess that knows only how often each label occurs.
    """
    present = torch.as_tensor(labels)
    present = present[present != MISSING]
    if not len(present):
        raise ValueError(
            f"{len(labels)} labels, none known; expected at least 1. Leave this attribute out."
        )
    share = present.bincount().double() / len(present)
    return float(torch.special.entr(share).sum())


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is trained; batch, clip, patience, least and margin are ours.

    The approaches are a baseline, attribute heads (MTL), heads behind gradient reversal (GR) and
    discriminators (AD). ``clip`` cuts the gradient of shared layers and emotion head together, and
    that of each attribute head and each discriminator alone. ``patience`` counts from the first
    epoch whose training emotion loss lies ``margin`` below the labels' entropy: before that nothing
    is learnt yet.

    Source: Parry et al. 2022, section 4.
    """

    approach: Literal["baseline", "MTL", "GR", "AD"]
    epochs: int = 150  # passes over the training clips, at most
    batch: int = 32  # clips a step; the caller's batches follow it
    rate: float = 0.002  # of all weights, the discriminators' too
    momentum: float = 0.9
    clip: float = 5.0
    patience: int = 20  # epochs without a better one after which training ends
    least: int = 30  # epochs before which it does not end early
    margin: float = 0.03  # nats
    precision: Literal["fp32", "bf16"] = "fp32"  # bf16: autocast, the weights stay fp32
    alpha: float | None = None  # MTL's and AD's constant, GR's end; None for the paper's
    bounded: bool = False  # AD's losses are cut at the label entropy for the classifier
    reads: Literal["softmax", "representation"] = "softmax"  # input of AD's discriminators

    def __post_init__(self) -> None:
        choices = {
            "approach": tuple(FINAL),
            "precision": ("fp32", "bf16"),
            "reads": ("softmax", "representation"),
        }
        for name, values in choices.items():
            if getattr(self, name) not in values:
                raise ValueError(
                    f"{name}={getattr(self, name)}: unknown; expected {' or '.join(values)}."
                    " Give one of them."
                )
        for name in ("epochs", "batch", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name}={getattr(self, name)}: too small; expected 1 or more."
                    f" Give {name} from 1 on."
                )
        if not (self.rate > 0 and self.clip > 0 and 0 <= self.momentum < 1):
            settings = f"rate={self.rate}, clip={self.clip}, momentum={self.momentum}"
            raise ValueError(
                f"{settings}: expected two above 0 and a momentum from 0 to below 1."
                " Give 0.002, 5 and 0.9, for example."
            )
        if self.alpha is not None and (self.approach == "baseline" or not 0 <= self.alpha <= 1):
            raise ValueError(
                f"alpha={self.alpha} for {self.approach}: expected 0 to 1, and none for a baseline."
                " Leave it out."
            )
        if self.approach != "AD" and (self.bounded or self.reads != "softmax"):
            settings = f"bounded={self.bounded}, reads={self.reads} for {self.approach}"
            raise ValueError(
                f"{settings}: both are of discriminators; expected approach AD. Leave them out."
            )

    def weight(self, epoch: int) -> float:
        """Return alpha in an epoch, counted from 1."""
        return alpha(self.approach, epoch, self.epochs, self.alpha)

    def eligible(self, epoch: int) -> bool:
        """Tell whether an epoch may be selected: under GR once alpha is at half of its end."""
        if self.approach != "GR":
            return True
        end = FINAL["GR"] if self.alpha is None else self.alpha
        return self.weight(epoch) >= end / 2


def best_epoch(epochs: Sequence[Mapping[str, Any]], plan: Plan) -> int:
    """Return the eligible epoch with the best validation UA, or the last if none is eligible."""
    allowed = [number for number in range(1, len(epochs) + 1) if plan.eligible(number)]
    return max(
        allowed, key=lambda number: epochs[number - 1]["validation"]["ua"], default=len(epochs)
    )


def ending(epochs: Sequence[Mapping[str, Any]], plan: Plan, entropy: float) -> str:
    """Say why training ends after these epochs, given the emotion labels' entropy; else empty."""
    done = len(epochs)
    if done >= plan.epochs:
        return f"all {plan.epochs} epochs"
    learning = [
        number
        for number, epoch in enumerate(epochs, 1)
        if epoch["training"]["emotion"] <= entropy - plan.margin
    ]
    if done < plan.least or not learning or not plan.eligible(done):
        return ""
    waited = done - max(best_epoch(epochs, plan), learning[0] - 1)
    return f"{plan.patience} epochs without a better one" if waited >= plan.patience else ""


def step_discriminators(
    discriminators: nn.ModuleDict,
    optimiser: torch.optim.Optimizer,
    read: Tensor,
    targets: Sequence[Tensor],
    plan: Plan,
) -> dict[str, Tensor]:
    """Let each discriminator descend its own loss once; nothing else moves.

    The discriminators stand in the order of the targets; the graph of what they read, softmax or
    representation, is not entered. Returned are the norms of their gradients before the cut.

    Source: Parry et al. 2022, section 3.2.2.
    """
    optimiser.zero_grad()
    with autocast(plan.precision, read.device):
        guesses = [guess(read.detach()) for guess in discriminators.values()]
        losses = attribute_losses(guesses, targets)
    torch.stack(losses).sum().backward()
    norms = _cut(discriminators, plan)
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
    """Train on one batch, with one pass through the shared layers; return plain numbers.

    AD's discriminators step first, then the network against them as they now are. A batch has
    inputs, the emotion target, and a target of each head or discriminator in their order. Returned
    are ``loss``, ``emotion`` and ``right`` (clips); ``loss NAME`` and ``known NAME`` (clips) for
    each attribute; ``norm emotion`` and ``norm NAME`` of the gradients uncut.

    Source: Parry et al. 2022, sections 3.1 and 3.2; equation 2 as printed: under GR the shared
    layers' gradient is ``(1 - alpha) g_emo - alpha mean_i g_i``, a head's is ``+ alpha / N`` times
    that of its own loss, so that heads descend.
    """
    names = [*(discriminators if plan.approach == "AD" else network.heads)]
    *inputs, emotion_target = batch[: len(batch) - len(names)]
    targets = batch[len(batch) - len(names) :]
    with autocast(plan.precision, emotion_target.device):
        logits, answers, representation = network.answers(*inputs)
        emotion = functional.cross_entropy(logits, emotion_target)
        losses = attribute_losses([*answers.values()], targets if answers else [])
        read = logits.float().softmax(1) if plan.reads == "softmax" else representation
    loss, norms = weighted(emotion, losses, alpha=alpha), {}
    if plan.approach == "AD":
        norms = step_discriminators(discriminators, optimiser, read, targets, plan)
        # A new context: the old one remembers the weights before their step.
        with autocast(plan.precision, read.device):
            losses = attribute_losses([guess(read) for guess in discriminators.values()], targets)
        loss = against(emotion, losses, alpha=alpha, ceilings=ceilings)
    optimiser.zero_grad()
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    loss.backward(inputs=trained)  # no discriminator's
    classifier = [*network.shared.parameters(), *network.emotion.parameters()]
    norms["emotion"] = nn.utils.clip_grad_norm_(classifier, plan.clip)
    norms |= _cut(network.heads, plan)
    right = (logits.argmax(1) == emotion_target).sum()
    numbers = {"loss": loss, "emotion": emotion, "right": right}
    numbers |= {f"loss {name}": value for name, value in zip(names, losses, strict=True)}
    numbers |= {f"known {name}": known(target) for name, target in zip(names, targets, strict=True)}
    numbers |= {f"norm {name}": norm for name, norm in norms.items()}
    optimiser.step()
    values = torch.stack([number.detach().float() for number in numbers.values()])
    return dict(zip(numbers, values.tolist(), strict=True))


def _cut(modules: nn.ModuleDict, plan: Plan) -> dict[str, Tensor]:
    """Cut each module's gradient alone, so that none changes another's; return the norms before."""
    return {
        name: nn.utils.clip_grad_norm_(module.parameters(), plan.clip)
        for name, module in modules.items()
    }


def fit(
    network: AttributeNetwork,
    discriminators: nn.ModuleDict,
    batches: Batches,
    validate: Validate,
    *,
    plan: Plan,
    attributes: Sequence[str],
    entropies: Mapping[str, float],
    folder: Path,
    device: torch.device | str = "cpu",
    seed: int,
) -> History:
    """Train a network and its discriminators in place, or go on, as ``resumable.run`` does.

    Each epoch's result has ``alpha``; ``training``, measured while the weights move: ``emotion``
    loss, ``accuracy``, ``attributes`` with the loss of each (of AD that of the discriminator that
    the classifier meets; None where no label is known) and ``norms``, the largest gradient norms
    before they are cut: of the shared layers with the emotion head (``emotion``) and of each
    attribute's head or discriminator; and ``validation``, all that ``validate`` returned.

    The network is left on the device, in evaluation mode, with the last epoch's weights.
    ``attributes`` are in the order of a batch's targets, ``entropies`` in nats, over the training
    clips. A discriminator must draw nothing from a generator.

    Raises:
        ValueError: network, discriminators, attributes and plan do not fit each other, a checkpoint
            is of another run, or a validation lacks a score.
        FloatingPointError: a loss or gradient is not finite; the last epoch's checkpoint stands.
    """
    device = torch.device(device)
    _check(network, discriminators, plan, attributes, entropies)
    network.to(device)
    discriminators.to(device)
    weights = [*network.parameters(), *discriminators.parameters()]
    optimiser = torch.optim.SGD(weights, lr=plan.rate, momentum=plan.momentum)
    ceilings = [entropies[name] for name in discriminators] if plan.bounded else None

    def epoch(now: Epoch) -> dict[str, Any]:
        discriminators.train()
        alpha = plan.weight(now.number)

        def counted_step(batch: list[Tensor]) -> dict[str, float]:
            numbers = step(
                network, discriminators, optimiser, batch, plan=plan, alpha=alpha, ceilings=ceilings
            )
            return {**numbers, "clips": len(batch[-1])}

        steps = now.steps(batches(now.number), counted_step, advice="lower the rate or alpha")
        scores = now.validation(validate, SCORES, precision=plan.precision)
        return {"alpha": alpha, "training": _means(steps), "validation": scores}

    identity = {f"plan.{name}": value for name, value in asdict(plan).items()}
    return resumable.run(
        network,
        optimiser,
        epoch,
        total=plan.epochs,
        ending=lambda done: ending(done, plan, entropies["emotion"]),
        best=lambda done: best_epoch(done, plan),
        identity=identity | {"entropies": dict(entropies)},
        folder=folder,
        device=device,
        seed=seed,
        extra={"discriminators": discriminators},
    )


def _means(steps: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    names = [name.removeprefix("loss ") for name in steps[0] if name.startswith("loss ")]
    return {
        "emotion": mean(steps, "emotion", weight="clips"),
        "accuracy": sum(step["right"] for step in steps) / sum(step["clips"] for step in steps),
        "attributes": {name: mean(steps, f"loss {name}", weight=f"known {name}") for name in names},
        "norms": {
            name: max(step[f"norm {name}"] for step in steps) for name in ("emotion", *names)
        },
    }


def _check(
    network: AttributeNetwork,
    discriminators: nn.ModuleDict,
    plan: Plan,
    attributes: Sequence[str],
    entropies: Mapping[str, float],
) -> None:
    """Refuse parts that do not fit each other."""
    names, has_adversaries = [*attributes], plan.approach == "AD"
    if (plan.approach == "baseline") != (not names):
        raise ValueError(
            f"{plan.approach} with attributes {names}: expected none for a baseline, 1 or more"
            " else. Change either."
        )
    for part, actual, expected in (
        ("heads", [*network.heads], [] if has_adversaries else names),
        ("discriminators", [*discriminators], names if has_adversaries else []),
        ("reversed gradient", network.reverse, plan.approach == "GR"),
    ):
        if actual != expected:
            raise ValueError(
                f"{part}: {actual}; {plan.approach} with attributes {names} expects {expected}."
                " Build it so."
            )
    if missing := [name for name in ("emotion", *names) if name not in entropies]:
        raise ValueError(
            f"entropies: {[*entropies]}; expected that of {', '.join(missing)} too. Add it."
        )
