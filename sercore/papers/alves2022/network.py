"""Networks of paper 01 as one estimator: which network, which loss, which order of rows a variant takes (section 2.4)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.preprocessing import MinMaxScaler
from torch import Tensor, nn
from torch.nn import functional

from sercore.corpora.gender_tables import GenderTable
from sercore.models.multi_task_mlp import SIZES, MultiTaskMLP
from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP, hidden_units
from sercore.training import batching, objectives, together
from sercore.training.loop import Recipe, choose, initialise

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
        self,
        kind: str,
        variant: str,
        auxiliary: GenderTable,
        recipe: Recipe,
        seed: int,
        device: str = "cpu",
        blind: str = "",
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
        fit_together([self], [(X, y)])
        return self

    @torch.no_grad()
    def outputs(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Emotion outputs ``(rows, 3)``, as probabilities where the network gives logits, and the second head's ``(rows, 1)``.

        The second is None where the network has no second head, or has trained it on other targets than emotion.
        """
        emotion, gender = self.split(X)
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
        return self.network_.hidden(*self.split(X)).cpu().numpy()

    def split(self, X: np.ndarray) -> tuple[Tensor, Tensor]:
        """Emotion features ``(rows, n)`` and gender features ``(rows, 44)`` on the device, zeros where it is blind."""
        tensor = torch.as_tensor(X, dtype=torch.float32, device=choose(self.device))
        emotion, gender = (
            tensor[:, : -SIZES.gender].contiguous(),
            tensor[:, -SIZES.gender :].contiguous(),
        )
        return (
            emotion.zero_() if self.blind == "emotion" else emotion,
            gender.zero_() if self.blind == "gender" else gender,
        )


@dataclass(frozen=True)
class Rows:
    """What one network learns from.

    Args:
        emotion: ``(rows, n)``; gender: ``(rows, 44)``; target: ``(rows, 3)`` of one clip each.
        generator: of the network's weights and of the order of its rows.
        others: features ``(rows, 44)`` and sex ``(rows, 1)``, 1 for male, of other speakers; None where they are not read.
    """

    emotion: Tensor
    gender: Tensor
    target: Tensor
    generator: torch.Generator
    others: tuple[Tensor, Tensor] | None


def fit_together(
    networks: Sequence[Network], data: Sequence[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Train networks that differ in seed and data alone, all at once.

    Args:
        networks: of one kind, variant, blindness, recipe and device.
        data: of each, scaled rows ``(rows, n + 44)`` with labels 0, 1, 2; the same n for all.

    Source: Alves et al. 2022, sections 2.4 and 3; what the two variants differ in is in ``objectives``.
    """
    first = networks[0]
    held = [_rows(network, *each) for network, each in zip(networks, data, strict=True)]
    width, batch = held[0].emotion.shape[1], first.recipe.batch
    uniform = ("shared",) if first.kind == "multi-task" else ()
    if (first.kind, first.variant) == ("multi-task", "as-run"):
        built, loss, batches = (
            [MultiTaskMLP(width, variant="as-run") for _ in held],
            objectives.both_heads_on_emotion,
            _in_order,
        )
    elif (first.kind, first.variant) == ("multi-task", "as-described"):
        built = [MultiTaskMLP(width, variant="as-described") for _ in held]
        loss, batches = objectives.emotion_and_gender, _with_others
        if first.blind == "gender":
            loss, batches = objectives.emotion_alone, _emotion_shuffled
    elif first.variant == "as-run":
        built = [SequentialMLP(width, hidden_units(width), variant="as-run") for _ in held]
        loss, batches = objectives.output_error, _in_order
    else:
        stages, orders = zip(
            *[stage_one(*each.others, recipe=STAGE_ONE, generator=each.generator) for each in held],
            strict=True,
        )
        together.train(stages, objectives.gender_error, orders, recipe=STAGE_ONE)
        built = [
            SequentialMLP(width, hidden_units(width), stage, variant="as-described")
            for stage in stages
        ]
        loss, batches = objectives.output_entropy, _shuffled
    for network, rows in zip(built, held, strict=True):
        initialise(network, spread=first.recipe.spread, uniform=uniform, generator=rows.generator)
        network.to(rows.emotion.device)
    together.train(
        built, loss, [lambda rows=rows: batches(rows, batch) for rows in held], recipe=first.recipe
    )
    for network, trained in zip(networks, built, strict=True):
        network.classes_ = np.arange(SIZES.classes)
        network.network_ = trained


def _rows(network: Network, X: np.ndarray, y: np.ndarray) -> Rows:
    emotion, gender = network.split(X)
    target = functional.one_hot(torch.as_tensor(y), SIZES.classes).float().to(emotion.device)
    others = (
        _others(network.auxiliary, emotion.device) if network.variant == "as-described" else None
    )
    return Rows(emotion, gender, target, torch.Generator().manual_seed(network.seed), others)


def _in_order(rows: Rows, batch: int) -> Iterable[tuple[Tensor, ...]]:
    return batching.in_order(rows.emotion, rows.gender, rows.target, batch=batch)


def _shuffled(rows: Rows, batch: int) -> Iterable[tuple[Tensor, ...]]:
    return batching.shuffled(
        rows.emotion, rows.gender, rows.target, batch=batch, generator=rows.generator
    )


def _emotion_shuffled(rows: Rows, batch: int) -> Iterable[tuple[Tensor, ...]]:
    return batching.shuffled(rows.emotion, rows.target, batch=batch, generator=rows.generator)


def _with_others(rows: Rows, batch: int) -> Iterable[tuple[Tensor, ...]]:
    """Emotion batches in a new order, each beside as many rows of other speakers."""
    own = _emotion_shuffled(rows, batch)
    drawn = batching.drawn(
        *rows.others, rows=len(rows.emotion), batch=batch, generator=rows.generator
    )
    return ((*first, *second) for first, second in zip(own, drawn, strict=True))


def _others(table: GenderTable, device: torch.device) -> tuple[Tensor, Tensor]:
    """Scaled features and sex of the auxiliary training speakers, those held out left aside."""
    splitter = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=42)
    chosen, _ = next(splitter.split(table.features, groups=table.speakers))
    scaled = MinMaxScaler().fit_transform(table.features[chosen])
    features = torch.as_tensor(scaled, dtype=torch.float32, device=device)
    return features, torch.as_tensor(table.male[chosen, None], dtype=torch.float32, device=device)


def stage_one(
    gender: Tensor, male: Tensor, *, recipe: Recipe, generator: torch.Generator
) -> tuple[nn.Module, Callable[[], Iterable[tuple[Tensor, ...]]]]:
    """Gender network of the sequential transfer, before training, and the batches of each of its epochs.

    All epochs keep one random order of the rows: a table in speakers' order would give batches of one sex.

    Args:
        gender: scaled features ``(rows, 44)``.
        male: labels ``(rows, 1)``, 1 for male.
        recipe: how it will be trained.
        generator: of weights and order.

    Source: Alves et al. 2022, section 2.4; loss, batch and epochs are the notebooks'.
    """
    network = GenderNetwork()
    initialise(network, spread=recipe.spread, uniform=(), generator=generator)
    order = torch.randperm(len(gender), generator=generator).to(gender.device)
    gender, male = gender[order], male[order]
    return network.to(gender.device), lambda: batching.in_order(gender, male, batch=recipe.batch)


class Linear(LogisticRegression):
    """Logistic regression on the emotion features alone, with a network's interface: a control, not the paper's."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Linear":
        """Fit on scaled rows ``(rows, n + 44)`` with labels 0, 1, 2; the last 44 columns are not read."""
        return super().fit(X[:, : -SIZES.gender], y)

    def outputs(self, X: np.ndarray) -> tuple[np.ndarray, None]:
        """Probabilities ``(rows, 3)``; there is no second head."""
        return self.predict_proba(X[:, : -SIZES.gender]), None
