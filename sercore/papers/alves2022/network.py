"""Networks of Alves et al. 2022 and how each variant trains them (section 2.4)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC
from torch import Tensor, nn
from torch.nn import functional

from sercore.corpora.gender_tables import GenderTable
from sercore.models.multi_task_mlp import SIZES, MultiTaskMLP
from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP, hidden_units
from sercore.training import batching, loop, objectives
from sercore.training.devices import choose
from sercore.training.loop import Recipe, initialise

STAGE_ONE = Recipe(epochs=100, batch=1000)  # the notebooks' first stage
HELD_OUT = 0.2  # share of the auxiliary speakers that stage 1 and the gender head never see

Batches = Iterable[tuple[Tensor, ...]]
Pair = tuple[Tensor, Tensor]  # features (rows, 44) and sex (rows, 1), 1 for male


@dataclass
class Network:
    """A network and how it is trained; ``fit_together`` sets ``network_``.

    Its rows ``(rows, n + 44)`` are emotion features, then 44 gender features of the same clip. Zeros
    stand in place of the features that it is blind to, so that their branch only shifts the next
    layer's bias; blind to gender, the described network has no gender task either.
    """

    kind: str  # "multi-task" or "sequential"
    variant: str
    auxiliary: GenderTable | None  # other speakers; as-run never reads them
    recipe: Recipe
    seed: int  # of weights and row order
    device: str = "cpu"
    blind: str = ""  # or "gender" or "emotion"
    shuffles_sexes: bool = False  # the auxiliary speakers' sexes say nothing
    classes: int = SIZES.classes

    @torch.no_grad()
    def outputs(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return emotion outputs ``(rows, classes)`` and the second head's ``(rows, 1)``.

        Logits become probabilities. The second is None where the network has no second head, or
        has trained it on other targets than emotion.
        """
        answer = self.network_(*self.split(X))
        first, second = answer if isinstance(answer, tuple) else (answer, None)
        if self.variant == "as-described":
            first, second = first.softmax(1), None
        return first.cpu().numpy(), None if second is None else second.cpu().numpy()

    @torch.no_grad()
    def hidden(self, X: np.ndarray) -> np.ndarray:
        """Return the shared layer (multi-task) or the units before the output (sequential)."""
        return self.network_.hidden(*self.split(X)).cpu().numpy()

    @torch.no_grad()
    def gender_accuracy(self) -> float | None:
        """Return the share of the held-out speakers' clips whose sex the trained network tells.

        None where it learns no gender: as run, and blind to it.
        """
        if self.variant == "as-run" or self.blind == "gender":
            return None
        _, (features, male) = _others(self, choose(self.device))
        if self.kind == "sequential":
            is_male = self.network_.gender_network(features) > 0.5
        else:
            width = self.network_.emotion_branch.in_features
            is_male = self.network_(features.new_zeros(1, width), features)[1] > 0
        return float((is_male == (male > 0.5)).float().mean())

    def split(self, X: np.ndarray) -> tuple[Tensor, Tensor]:
        """Return emotion ``(rows, n)`` and gender features ``(rows, 44)``, zeros where blind."""
        tensor = torch.as_tensor(X, dtype=torch.float32, device=choose(self.device))
        emotion = tensor[:, : -SIZES.gender].contiguous()
        gender = tensor[:, -SIZES.gender :].contiguous()
        if self.blind == "emotion":
            emotion.zero_()
        if self.blind == "gender":
            gender.zero_()
        return emotion, gender


@dataclass(frozen=True)
class Rows:
    """Rows that one network learns from, and their batches."""

    emotion: Tensor  # (rows, n)
    gender: Tensor  # (rows, 44)
    target: Tensor  # (rows, 3)
    generator: torch.Generator  # of the weights and of the order of the rows
    others: Pair | None  # of other speakers where these are read

    def in_order(self, batch: int) -> Batches:
        """Return batches of all three in the order of the rows."""
        return batching.in_order(self.emotion, self.gender, self.target, batch=batch)

    def shuffled(self, batch: int) -> Batches:
        """Return batches of all three in a new order."""
        rows = self.emotion, self.gender, self.target
        return batching.shuffled(*rows, batch=batch, generator=self.generator)

    def without_gender(self, batch: int) -> Batches:
        """Return batches of emotion features and targets in a new order."""
        rows = self.emotion, self.target
        return batching.shuffled(*rows, batch=batch, generator=self.generator)

    def with_others(self, batch: int) -> Batches:
        """Return batches ``without_gender``, each beside as many rows of other speakers."""
        emotion = self.without_gender(batch)
        settings = {"rows": len(self.emotion), "batch": batch, "generator": self.generator}
        drawn = batching.drawn(*self.others, **settings)
        return ((*first, *second) for first, second in zip(emotion, drawn, strict=True))


def fit_together(
    networks: Sequence[Network], data: Sequence[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Train networks that differ in seed and data alone, all at once.

    Each learns from scaled rows ``(rows, n + 44)`` with labels 0, 1, 2; n is the same for all.

    Source: Alves et al. 2022, sections 2.4 and 3; the losses of the variants are in ``objectives``.
    """
    recipe = networks[0].recipe
    rows = [_rows(network, *pair) for network, pair in zip(networks, data, strict=True)]
    modules, loss, batches = _untrained(networks[0], rows)
    uniform = ("shared",) if networks[0].kind == "multi-task" else ()
    for module, part in zip(modules, rows, strict=True):
        initialise(module, spread=recipe.spread, uniform=uniform, generator=part.generator)
        module.to(part.emotion.device)
    epochs = [partial(batches, part, recipe.batch) for part in rows]
    loop.train_together(modules, loss, epochs, recipe=recipe)
    for network, module in zip(networks, modules, strict=True):
        network.network_ = module


def _untrained(
    network: Network, rows: Sequence[Rows]
) -> tuple[list[nn.Module], Callable[..., Tensor], Callable[[Rows, int], Batches]]:
    """Build a module for each network's rows; return them, their loss and their batches."""
    width, variant = rows[0].emotion.shape[1], network.variant
    sizes = replace(SIZES, classes=network.classes)
    hidden = hidden_units(width)
    if network.kind == "multi-task":
        modules = [MultiTaskMLP(width, sizes, variant=variant) for _ in rows]
        if variant == "as-run":
            return modules, objectives.both_heads_on_emotion, Rows.in_order
        if network.blind == "gender":
            return modules, objectives.emotion_alone, Rows.without_gender
        return modules, objectives.emotion_and_gender, Rows.with_others
    if variant == "as-run":
        modules = [SequentialMLP(width, hidden, None, sizes, variant=variant) for _ in rows]
        return modules, objectives.output_error, Rows.in_order
    stages, epochs = [], []
    for part in rows:
        stage, batches = stage_one(*part.others, recipe=STAGE_ONE, generator=part.generator)
        stages.append(stage)
        epochs.append(batches)
    loop.train_together(stages, objectives.gender_error, epochs, recipe=STAGE_ONE)
    modules = [SequentialMLP(width, hidden, stage, sizes, variant=variant) for stage in stages]
    return modules, objectives.output_entropy, Rows.shuffled


def _rows(network: Network, X: np.ndarray, y: np.ndarray) -> Rows:
    emotion, gender = network.split(X)
    target = functional.one_hot(torch.as_tensor(y), network.classes).float().to(emotion.device)
    others = None
    if network.variant == "as-described":
        others, _ = _others(network, emotion.device)
    return Rows(emotion, gender, target, torch.Generator().manual_seed(network.seed), others)


def _others(network: Network, device: torch.device) -> tuple[Pair, Pair]:
    """Return scaled features and sex of the auxiliary speakers, and of those that are held out."""
    table = network.auxiliary
    splitter = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=42)
    sides = next(splitter.split(table.features, groups=table.speakers))
    scaler = MinMaxScaler().fit(table.features[sides[0]])
    pairs = []
    for rows in sides:
        male = table.male[rows, None]
        if network.shuffles_sexes:
            male = np.random.default_rng(network.seed).permutation(male)
        values = (scaler.transform(table.features[rows]), male)
        pairs.append([torch.as_tensor(v, dtype=torch.float32, device=device) for v in values])
    return tuple(pairs[0]), tuple(pairs[1])


def stage_one(
    gender: Tensor, male: Tensor, *, recipe: Recipe, generator: torch.Generator
) -> tuple[nn.Module, Callable[[], Batches]]:
    """Return the untrained gender network of the sequential transfer, and its epochs' batches.

    All epochs keep one random order of the rows, scaled features ``(rows, 44)`` and sex
    ``(rows, 1)``: a table in speakers' order would give batches of one sex.

    Source: Alves et al. 2022, section 2.4; loss, batch and epochs are the notebooks'.
    """
    network = GenderNetwork()
    initialise(network, spread=recipe.spread, uniform=(), generator=generator)
    order = torch.randperm(len(gender), generator=generator).to(gender.device)
    gender, male = gender[order], male[order]
    return network.to(gender.device), lambda: batching.in_order(gender, male, batch=recipe.batch)


class Linear:
    """A linear model of the emotion features alone, a control with a network's interface.

    Args:
        model: a classifier of scikit-learn.
        classes: number of classes, of which training may lack some.
    """

    def __init__(self, model: ClassifierMixin, classes: int = SIZES.classes):
        self.model, self.classes = model, classes

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Linear":
        """Fit on scaled rows ``(rows, n + 44)``; the last 44 columns are not read."""
        self.model.fit(X[:, : -SIZES.gender], y)
        return self

    def outputs(self, X: np.ndarray) -> tuple[np.ndarray, None]:
        """Return probabilities ``(rows, classes)``, 1 for the answer of an SVM; there is no second head."""
        values = X[:, : -SIZES.gender]
        if not hasattr(self.model, "predict_proba"):
            return np.eye(self.classes)[self.model.predict(values)], None
        probabilities = np.zeros((len(values), self.classes))
        probabilities[:, self.model.classes_] = self.model.predict_proba(values)
        return probabilities, None


# Linear models that stand in for a network, by the control that asks for them.
LINEAR: dict[str, Callable[[], ClassifierMixin]] = {
    "logistic regression": lambda: LogisticRegression(max_iter=1000),
    "linear SVM": lambda: SVC(kernel="linear"),
}
