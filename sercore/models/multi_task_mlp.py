"""Multi-task MLP (Alves et al. 2022, section 2.4, Figure 2a), as it was run and as it is described.

Two branches feed a shared layer with an emotion head and a second head. The paper trains the second
head on the gender of other speakers; the authors' notebooks train it on the emotion targets of the
same clip, and hand both branches the same clip.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from sercore.models.variants import check_variant

Variant = Literal["as-run", "as-described"]


@dataclass(frozen=True)
class Sizes:
    """Widths of section 2.4."""

    gender: int = 44
    branch: int = 10
    shared: int = 100
    classes: int = 3


SIZES = Sizes()


class MultiTaskMLP(nn.Module):
    """Two branches, a shared layer, an emotion head and a second head.

    Args:
        features: width of the emotion features, n
        sizes: widths of the layers
        variant: way in which the branches meet

            - "as-run": joined, the network of the authors' notebooks with 10 n + 2964 parameters;
              sigmoid emotion head, ReLU second head
            - "as-described": hard parameter sharing, 10 n + 1964 parameters; either branch feeds
              the same 100 units, so an emotion item and a gender item need not meet

    Shape:
        - emotion: ``(batch, n)``
        - gender: ``(batch, 44)``, of the same clips; as described ``(other, 44)``, of other clips
        - output: as run ``(batch, 3)`` in [0, 1] and ``(batch, 1)``, at least 0; as described
          logits ``(batch, 3)`` and ``(other, 1)``

    Source: Alves et al. 2022, section 2.4 and Figure 2a; "as-run" as run in the authors' public
    notebooks. Deviation: the paper does not say how the two data sets meet in the shared layer, nor
    which loss it takes; as described each branch feeds it alone, with softmax and sigmoid
    cross-entropy.
    """

    def __init__(self, features: int, sizes: Sizes = SIZES, *, variant: Variant = "as-described"):
        super().__init__()
        check_variant(variant, get_args(Variant))
        self.variant = variant
        self.emotion_branch = nn.Linear(features, sizes.branch)
        self.gender_branch = nn.Linear(sizes.gender, sizes.branch)
        joined = 2 * sizes.branch if variant == "as-run" else sizes.branch
        self.shared = nn.Linear(joined, sizes.shared)
        self.emotion_head = nn.Linear(sizes.shared, sizes.classes)
        self.second_head = nn.Linear(sizes.shared, 1)

    def hidden(self, emotion: Tensor, gender: Tensor | None = None) -> Tensor:
        """Shared layer of the emotion items: ``(batch, 100)``; ``gender`` is read as run alone."""
        branch = self.emotion_branch(emotion).relu()
        if self.variant == "as-run":
            branch = torch.cat([branch, self.gender_branch(gender).relu()], dim=1)  # (batch, 20)
        return self.shared(branch).relu()

    def forward(self, emotion: Tensor, gender: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs of the emotion head and of the second head."""
        if self.variant == "as-run":
            shared = self.hidden(emotion, gender)
            return self.emotion_head(shared).sigmoid(), self.second_head(shared).relu()
        other = self.shared(self.gender_branch(gender).relu()).relu()
        return self.emotion_head(self.hidden(emotion)), self.second_head(other)
