"""Losses of paper 01, as functions of a network and one batch; one value a row."""

from torch import Tensor, nn
from torch.nn import functional


def squared_error(outputs: Tensor, target: Tensor) -> Tensor:
    """Compute the mean squared error of each row; one output stands against all targets.

    Shape:
        - outputs: ``(batch, 3)`` or ``(batch, 1)``; target: ``(batch, 3)``
        - output: ``(batch,)``
    """
    return (outputs - target).square().mean(1)


def both_heads_on_emotion(
    network: nn.Module, emotion: Tensor, gender: Tensor, target: Tensor
) -> Tensor:
    """Sum of both heads' squared errors against the emotion target: the multi-task loss as run.

    Source: the notebooks of Alves et al. 2022; section 2.4 speaks of gender targets for the second
    head.
    """
    first, second = network(emotion, gender)
    return squared_error(first, target) + squared_error(second, target)


def emotion_and_gender(
    network: nn.Module, emotion: Tensor, target: Tensor, gender: Tensor, male: Tensor
) -> Tensor:
    """Cross-entropy of emotions plus binary cross-entropy of gender on rows of other clips.

    Source: Alves et al. 2022, section 2.4, which names the two tasks and no loss.
    """
    first, second = network(emotion, gender)
    first_loss = functional.cross_entropy(first, target, reduction="none")
    return first_loss + functional.binary_cross_entropy_with_logits(
        second, male, reduction="none"
    ).squeeze(1)


def emotion_alone(network: nn.Module, emotion: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of emotions without the gender task.

    Source: a control of ours; Alves et al. 2022, section 3.4, suppose that the gender task helps.
    """
    return functional.cross_entropy(
        network.emotion_head(network.hidden(emotion)), target, reduction="none"
    )


def output_error(network: nn.Module, emotion: Tensor, gender: Tensor, target: Tensor) -> Tensor:
    """Squared error of a network with one head: the sequential loss as run."""
    return squared_error(network(emotion, gender), target)


def output_entropy(network: nn.Module, emotion: Tensor, gender: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of a network with one head: the sequential loss as described."""
    return functional.cross_entropy(network(emotion, gender), target, reduction="none")


def gender_error(network: nn.Module, gender: Tensor, male: Tensor) -> Tensor:
    """Squared error of the gender network, stage 1 of the sequential transfer."""
    return squared_error(network(gender), male)
