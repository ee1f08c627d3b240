"""Networks of paper 01 as one estimator: which network, which loss, which order of rows a variant takes (section 2.4)."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.preprocessing import MinMaxScaler
from torch import Tensor
from torch.nn import functional

from sercore.corpora.gender_tables import GenderTable
from sercore.models.multi_task_mlp import SIZES, MultiTaskAsDescribed, MultiTaskAsRun
from sercore.models.sequential_mlp import GenderNetwork, SequentialAsDescribed, SequentialAsRun, hidden_units
from sercore.training import objectives, sampling
from sercore.training.loop import Recipe, choose, initialise, train

STAGE_ONE = Recipe(epochs=100, batch=1000)  # the notebooks' first stage
HELD_OUT = 0.2  # share of the auxiliary speakers that stage 1 and the gender head never see


class Network(ClassifierMixin, BaseEstimator):
    """A network of paper 01 behind scikit-learn's ``fit`` and ``predict``.

    Args:
        kind: "multi-task" or "sequential".
        variant: "as-run" or "as-described".
        auxiliary: gender features of other speakers; ``as-run`` never reads them.
        recipe: how it is trained.
        seed: of weights and row order.
        device: "cpu", "cuda" or "auto".
        blind: "gender" or "emotion": zeros in place of these features, so that their branch gives a constant and only shifts the
            next layer's bias; blind to gender, the described network has no gender task either. Empty for none (default).

    The last 44 columns of ``X`` are the gender features of the same clip, those before are the emotion features.
    """

    def __init__(
        self, kind: str, variant: str, auxiliary: GenderTable, recipe: Recipe, seed: int, device: str = "cpu", blind: str = ""
    ):
        self.kind = kind
        self.variant = variant
        self.auxiliary = auxiliary
        self.recipe = recipe
        self.seed = seed
        self.device = device
        self.blind = blind

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Network":
        """Train on scaled rows ``(rows, n + 44)`` with labels 0, 1, 2."""
        self.classes_ = np.arange(SIZES.classes)
        generator = torch.Generator().manual_seed(self.seed)
        emotion, gender = self._split(X)
        target = functional.one_hot(torch.as_tensor(y), SIZES.classes).float().to(emotion.device)  # (rows, 3)
        build = {
            ("multi-task", "as-run"): self._multi_task_as_run,
            ("multi-task", "as-described"): self._multi_task_as_described,
            ("sequential", "as-run"): self._sequential_as_run,
            ("sequential", "as-described"): self._sequential_as_described,
        }[self.kind, self.variant]
        self.network_ = build(emotion, gender, target, generator)
        return self

    @torch.no_grad()
    def outputs(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Emotion outputs ``(rows, 3)``, as probabilities where the network gives logits, and the second head's ``(rows, 1)``.

        The second is None where the network has no second head, or has trained it on other targets than emotion.
        """
        emotion, gender = self._split(X)
        answer = self.network_(emotion, gender)
        first, second = answer if isinstance(answer, tuple) else (answer, None)
        if self.variant == "as-described":
            first, second = first.softmax(1), None
        return first.cpu().numpy(), None if second is None else second.cpu().numpy()

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class of the largest emotion output; the first one where several are equal."""
        return self.outputs(X)[0].argmax(1)

    @torch.no_grad()
    def hidden(self, X: np.ndarray) -> np.ndarray:
        """Shared layer (multi-task) or the units before the output (sequential): ``(rows, units)``."""
        return self.network_.hidden(*self._split(X)).cpu().numpy()

    def _split(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        tensor = torch.as_tensor(rows, dtype=torch.float32, device=choose(self.device))
        emotion, gender = tensor[:, : -SIZES.gender].contiguous(), tensor[:, -SIZES.gender :].contiguous()
        return emotion.zero_() if self.blind == "emotion" else emotion, gender.zero_() if self.blind == "gender" else gender

    def _multi_task_as_run(self, emotion: Tensor, gender: Tensor, target: Tensor, generator: torch.Generator):
        network = self._new(MultiTaskAsRun(emotion.shape[1]), generator, uniform=("shared",))

        def batches():
            return sampling.in_order(emotion, gender, target, batch=self.recipe.batch)

        return train(network, objectives.both_heads_on_emotion, batches, recipe=self.recipe)

    def _multi_task_as_described(self, emotion: Tensor, gender: Tensor, target: Tensor, generator: torch.Generator):
        network = self._new(MultiTaskAsDescribed(emotion.shape[1]), generator, uniform=("shared",))
        if self.blind == "gender":
            return train(
                network,
                objectives.emotion_alone,
                lambda: sampling.shuffled(emotion, target, batch=self.recipe.batch, generator=generator),
                recipe=self.recipe,
            )
        other, male = self._others()

        def batches():
            own = sampling.shuffled(emotion, target, batch=self.recipe.batch, generator=generator)
            drawn = sampling.drawn(other, male, rows=len(emotion), batch=self.recipe.batch, generator=generator)
            return ((*first, *second) for first, second in zip(own, drawn, strict=True))

        return train(network, objectives.emotion_and_gender, batches, recipe=self.recipe)

    def _sequential_as_run(self, emotion: Tensor, gender: Tensor, target: Tensor, generator: torch.Generator):
        network = self._new(SequentialAsRun(emotion.shape[1], hidden_units(emotion.shape[1])), generator)

        def batches():
            return sampling.in_order(emotion, gender, target, batch=self.recipe.batch)

        return train(network, objectives.output_error, batches, recipe=self.recipe)

    def _sequential_as_described(self, emotion: Tensor, gender: Tensor, target: Tensor, generator: torch.Generator):
        first = stage_one(*self._others(), recipe=STAGE_ONE, generator=generator)
        network = self._new(SequentialAsDescribed(emotion.shape[1], hidden_units(emotion.shape[1]), first), generator)

        def batches():
            return sampling.shuffled(emotion, gender, target, batch=self.recipe.batch, generator=generator)

        return train(network, objectives.output_entropy, batches, recipe=self.recipe)

    def _new(self, network: torch.nn.Module, generator: torch.Generator, uniform: tuple[str, ...] = ()) -> torch.nn.Module:
        initialise(network, spread=self.recipe.spread, uniform=uniform, generator=generator)
        return network.to(choose(self.device))

    def _others(self) -> tuple[Tensor, Tensor]:
        """Scaled features and sex of the auxiliary training speakers, those held out left aside."""
        table = self.auxiliary
        splitter = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=42)
        chosen, _ = next(splitter.split(table.features, groups=table.speakers))
        scaled = MinMaxScaler().fit_transform(table.features[chosen])
        device = choose(self.device)
        features = torch.as_tensor(scaled, dtype=torch.float32, device=device)
        return features, torch.as_tensor(table.male[chosen, None], dtype=torch.float32, device=device)


def stage_one(gender: Tensor, male: Tensor, *, recipe: Recipe, generator: torch.Generator) -> GenderNetwork:
    """Gender network of the sequential transfer, trained on scaled features ``(rows, 44)`` and labels ``(rows, 1)``, 1 for male.

    All epochs keep one random order of the rows: a table in speakers' order would give batches of one sex.

    Source: Alves et al. 2022, section 2.4; loss, batch and epochs are the notebooks'.
    """
    network = GenderNetwork()
    initialise(network, spread=recipe.spread, uniform=(), generator=generator)
    order = torch.randperm(len(gender), generator=generator).to(gender.device)
    gender, male = gender[order], male[order]
    return train(
        network.to(gender.device),
        objectives.gender_error,
        lambda: sampling.in_order(gender, male, batch=recipe.batch),
        recipe=recipe,
    )


class Linear(LogisticRegression):
    """Logistic regression on the emotion features alone, with a network's interface: a control, not the paper's."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Linear":
        """Fit on scaled rows ``(rows, n + 44)`` with labels 0, 1, 2; the last 44 columns are not read."""
        return super().fit(X[:, : -SIZES.gender], y)

    def outputs(self, X: np.ndarray) -> tuple[np.ndarray, None]:
        """Probabilities ``(rows, 3)``; there is no second head."""
        return self.predict_proba(X[:, : -SIZES.gender]), None
