"""Sequential transfer MLP (Alves et al. 2022, section 2.4, Figure 2b), as it was run and as it is described.

Stage 1 learns gender; stage 2 learns emotion with stage 1's layers frozen inside. In the authors' notebooks those layers end in
a vector that no later layer reads, so what ran is a plain perceptron on the emotion features.
"""

import torch
from torch import Tensor, nn

from sercore.models.multi_task_mlp import SIZES, Sizes

GENDER_HIDDEN = 30  # units of stage 1, section 2.4
FEW, MANY = 5, 10  # units before the output, "for models with more features" the second


def hidden_units(features: int) -> int:
    """Units before the output: 5 for up to 56 features, 10 for embeddings (section 2.4; the bound is the notebooks')."""
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


class SequentialAsRun(nn.Module):
    """Stage 2 as run: n features, h units, 3 outputs, ReLU everywhere; nothing of stage 1 reaches it.

    Args:
        features: width of the emotion features, n; the network has (n + 1) h + 3 h + 3 parameters.
        hidden: units before the output, h.

    Shape:
        - emotion: ``(batch, n)``; gender: not read
        - output: ``(batch, 3)``, at least 0

    Source: Alves et al. 2022, section 2.4, as run in the authors' public notebooks. Deviation: the branches that nothing reads
    are left out; they get no gradient and change no output.
    """

    def __init__(self, features: int, hidden: int, sizes: Sizes = SIZES):
        super().__init__()
        self.layer = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, sizes.classes)

    def hidden(self, emotion: Tensor, gender: Tensor | None = None) -> Tensor:
        """Units before the output: ``(batch, h)``."""
        return self.layer(emotion).relu()

    def forward(self, emotion: Tensor, gender: Tensor | None = None) -> Tensor:
        """Outputs after their ReLU; all three can be zero."""
        return self.output(self.hidden(emotion)).relu()


class SequentialAsDescribed(nn.Module):
    """Stage 2 as described: the layer before the output reads both branches and the frozen gender prediction, 21 values.

    Args:
        features: width of the emotion features, n; the network has 10 n + 25 h + 1844 parameters, 1381 of them frozen.
        hidden: units before the output, h.
        gender_network: stage 1, trained (default: untrained, for counting).

    Shape:
        - emotion: ``(batch, n)``; gender: ``(batch, 44)``, of the same clips
        - output: logits ``(batch, 3)``

    Source: Alves et al. 2022, section 2.4 and Figure 2b. Deviation: the paper names no loss; the outputs are logits.
    """

    def __init__(self, features: int, hidden: int, gender_network: GenderNetwork | None = None, sizes: Sizes = SIZES):
        super().__init__()
        self.emotion_branch = nn.Linear(features, sizes.branch)
        self.gender_branch = nn.Linear(sizes.gender, sizes.branch)
        self.gender_network = gender_network or GenderNetwork(sizes)
        self.gender_network.requires_grad_(False)
        self.layer = nn.Linear(2 * sizes.branch + 1, hidden)
        self.output = nn.Linear(hidden, sizes.classes)

    def hidden(self, emotion: Tensor, gender: Tensor) -> Tensor:
        """Units before the output: ``(batch, h)``."""
        branches = [self.emotion_branch(emotion).relu(), self.gender_branch(gender).relu(), self.gender_network(gender)]
        return self.layer(torch.cat(branches, dim=1)).relu()  # (batch, 21) to (batch, h)

    def forward(self, emotion: Tensor, gender: Tensor) -> Tensor:
        """Logits of the three classes."""
        return self.output(self.hidden(emotion, gender))
