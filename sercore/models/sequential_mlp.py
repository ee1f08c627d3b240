"""Sequential transfer MLP, as run and as described (Alves et al. 2022, section 2.4).

Stage 1 learns gender; stage 2 learns emotion with stage 1's layers frozen inside. In the authors'
notebooks those layers end in a vector that no later layer reads, so what ran is a plain perceptron
on the emotion features.
"""

from typing import get_args

import torch
from torch import Tensor, nn

from sercore.models.multi_task_mlp import SIZES, Sizes, Variant
from sercore.models.variants import check_variant

GENDER_HIDDEN = 30  # units of stage 1, section 2.4
FEW, MANY = 5, 10  # units before the output, "for models with more features" the second


def hidden_units(features: int) -> int:
    """Units before the output: 5 for up to 56 features, 10 for embeddings."""
    return FEW if features <= 56 else MANY


class GenderNetwork(nn.Module):
    """Stage 1: 44 gender features, 30 ReLU units, one sigmoid unit.

    Shape:
        - gender: ``(batch, 44)``
        - output: ``(batch, 1)`` in [0, 1]; 1 is male

    Source: Alves et al. 2022, section 2.4 and Figure 2b.
    """

    def __init__(self, sizes: Sizes = SIZES):
        super().__init__()
        self.layer = nn.Linear(sizes.gender, GENDER_HIDDEN)
        self.output = nn.Linear(GENDER_HIDDEN, 1)

    def forward(self, gender: Tensor) -> Tensor:
        """Probability of a male voice."""
        return self.output(self.layer(gender).relu()).sigmoid()


class SequentialMLP(nn.Module):
    """Stage 2: emotion features through a layer of h units to three outputs.

    Args:
        features: width of the emotion features, n
        hidden: units before the output, h
        gender_network: trained stage 1, which "as-described" freezes (default: untrained)
        sizes: widths of the layers
        variant: input of the layer before the output

            - "as-run": the emotion features alone, (n + 1) h + 3 h + 3 parameters; nothing of
              stage 1 reaches it, and the outputs end in a ReLU
            - "as-described": both branches and the frozen gender prediction, 21 values;
              10 n + 25 h + 1844 parameters, 1381 of them frozen

    Shape:
        - emotion: ``(batch, n)``; gender: ``(batch, 44)``, of the same clips; not read as run
        - output: ``(batch, 3)``, logits, or as run at least 0

    Source: Alves et al. 2022, section 2.4 and Figure 2b; "as-run" as run in the authors' public
    notebooks. Deviation: as run, the branches that nothing reads are left out; they get no gradient
    and change no output. The paper names no loss; as described, the outputs are logits.
    """

    def __init__(
        self,
        features: int,
        hidden: int,
        gender_network: GenderNetwork | None = None,
        sizes: Sizes = SIZES,
        *,
        variant: Variant = "as-described",
    ):
        super().__init__()
        check_variant(variant, get_args(Variant))
        self.variant = variant
        inputs = features
        if variant == "as-described":
            self.emotion_branch = nn.Linear(features, sizes.branch)
            self.gender_branch = nn.Linear(sizes.gender, sizes.branch)
            self.gender_network = gender_network or GenderNetwork(sizes)
            self.gender_network.requires_grad_(False)
            inputs = 2 * sizes.branch + 1
        self.layer = nn.Linear(inputs, hidden)
        self.output = nn.Linear(hidden, sizes.classes)

    def hidden(self, emotion: Tensor, gender: Tensor | None = None) -> Tensor:
        """Units before the output: ``(batch, h)``."""
        if self.variant == "as-run":
            return self.layer(emotion).relu()
        branches = [self.emotion_branch(emotion).relu(), self.gender_branch(gender).relu()]
        joined = torch.cat([*branches, self.gender_network(gender)], dim=1)  # (batch, 21)
        return self.layer(joined).relu()

    def forward(self, emotion: Tensor, gender: Tensor | None = None) -> Tensor:
        """Logits of the three classes; as run outputs after a ReLU, where all three can be zero."""
        outputs = self.output(self.hidden(emotion, gender))
        return outputs.relu() if self.variant == "as-run" else outputs
