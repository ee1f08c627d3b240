"""Multi-task MLP (Alves et al. 2022, section 2.4, Figure 2a), as it was run and as it is described.

Two branches feed a shared layer with an emotion head and a second head. The paper trains the second head on the gender of other
speakers; the authors' notebooks train it on the emotion targets of the same clip, and hand both branches the same clip.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Sizes:
    """Widths of section 2.4."""

    gender: int = 44
    branch: int = 10
    shared: int = 100
    classes: int = 3


SIZES = Sizes()


class MultiTaskAsRun(nn.Module):
    """Network of the authors' notebooks: both branches joined, sigmoid emotion head, ReLU second head.

    Args:
        features: width of the emotion features, n; the network has 10 n + 2964 parameters.

    Shape:
        - emotion: ``(batch, n)``; gender: ``(batch, 44)``, of the same clips
        - output: ``(batch, 3)`` in [0, 1], and ``(batch, 1)``, at least 0

    Source: Alves et al. 2022, section 2.4 and Figure 2a, as run in the authors' public notebooks.
    """

    def __init__(self, features: int, sizes: Sizes = SIZES):
        super().__init__()
        self.emotion_branch = nn.Linear(features, sizes.branch)
        self.gender_branch = nn.Linear(sizes.gender, sizes.branch)
        self.shared = nn.Linear(2 * sizes.branch, sizes.shared)
        self.emotion_head = nn.Linear(sizes.shared, sizes.classes)
        self.second_head = nn.Linear(sizes.shared, 1)

    def hidden(self, emotion: Tensor, gender: Tensor) -> Tensor:
        """Shared layer: ``(batch, 100)``."""
        joined = torch.cat([self.emotion_branch(emotion).relu(), self.gender_branch(gender).relu()], dim=1)  # (batch, 20)
        return self.shared(joined).relu()

    def forward(self, emotion: Tensor, gender: Tensor) -> tuple[Tensor, Tensor]:
        """Emotion outputs and the second head's."""
        shared = self.hidden(emotion, gender)
        return self.emotion_head(shared).sigmoid(), self.second_head(shared).relu()


class MultiTaskAsDescribed(nn.Module):
    """Hard parameter sharing: either branch feeds the same 100 units, so an emotion item and a gender item need not meet.

    Args:
        features: width of the emotion features, n; the network has 10 n + 1964 parameters.

    Shape:
        - emotion: ``(batch, n)``; gender: ``(other, 44)``, of other clips
        - output: logits ``(batch, 3)`` and ``(other, 1)``

    Source: Alves et al. 2022, section 2.4 and Figure 2a. Deviation: the paper does not say how the two data sets meet in the
    shared layer, nor which loss it takes; each branch feeds it alone, with softmax and sigmoid cross-entropy.
    """

    def __init__(self, features: int, sizes: Sizes = SIZES):
        super().__init__()
        self.emotion_branch = nn.Linear(features, sizes.branch)
        self.gender_branch = nn.Linear(sizes.gender, sizes.branch)
        self.shared = nn.Linear(sizes.branch, sizes.shared)
        self.emotion_head = nn.Linear(sizes.shared, sizes.classes)
        self.second_head = nn.Linear(sizes.shared, 1)

    def hidden(self, emotion: Tensor, gender: Tensor | None = None) -> Tensor:
        """Shared layer of the emotion items: ``(batch, 100)``; ``gender`` is not read."""
        return self.shared(self.emotion_branch(emotion).relu()).relu()

    def forward(self, emotion: Tensor, gender: Tensor) -> tuple[Tensor, Tensor]:
        """Emotion logits of the one batch, gender logits of the other."""
        other = self.shared(self.gender_branch(gender).relu()).relu()
        return self.emotion_head(self.hidden(emotion)), self.second_head(other)
