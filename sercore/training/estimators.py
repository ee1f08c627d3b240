"""Small networks as a classifier of scikit-learn, trained by `sercore.training.loop`.

Networks that read frames are no estimators: their clips have unequal lengths, which a table of
numbers cannot hold. They are trained by a loop of PyTorch, or by ``sercore.training.fit``.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, check_X_y
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn
from torch.nn import functional

from sercore.models.multi_task_mlp import MultiTaskMLP, Sizes
from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP, hidden_units
from sercore.training import batching, objectives
from sercore.training.devices import choose
from sercore.training.loop import Recipe, initialise, train

Rows = tuple[Tensor, Tensor]  # features (rows, features) and labels, on one device

STAGE_ONE = Recipe(epochs=100, batch=1000)  # of the sequential transfer, as in the notebooks


class TransferMLPClassifier(ClassifierMixin, BaseEstimator):
    """The perceptrons of Alves et al. 2022 as a classifier of feature vectors.

    They can learn an auxiliary task with two classes, such as the gender of other speakers. Without
    one they are plain perceptrons. Scale the features first, as the paper does (``MinMaxScaler``).

    Args:
        network: "multi-task", whose tasks share a layer; or "sequential", which learns the
            auxiliary task first and reads its answer on each clip: the last columns of ``X`` are
            then the auxiliary features of the clip itself.
        epochs: passes over the training rows.
        batch: rows a step.
        rate: Adam's learning rate.
        random_state: seed of weights and row order, as scikit-learn takes it.
        device: "auto", "cpu" or "cuda".

    Attributes:
        classes_: names of the classes.
        network_: the trained network, in double precision, so that no answer depends on the other
            rows of a call.

    Source: Alves et al. 2022, section 2.4, as described. Deviation: any number of features and
    classes; without auxiliary task the sequential network ends in logits, in place of a ReLU.
    """

    def __init__(
        self,
        network: Literal["multi-task", "sequential"] = "multi-task",
        *,
        epochs: int = 300,
        batch: int = 100,
        rate: float = 1e-3,
        random_state: int | np.random.RandomState | None = None,
        device: str = "cpu",
    ):
        self.network = network
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.random_state = random_state
        self.device = device

    def fit(self, X: Any, y: Any, auxiliary: tuple[Any, Any] | None = None) -> Self:
        """Train on rows ``(rows, features)`` and their classes ``(rows,)``.

        ``auxiliary`` are the features ``(other rows, auxiliary features)`` and labels ``(other
        rows,)``, 0 or 1, of the auxiliary task.

        Raises:
            ValueError: no such network, a single class, values that are no numbers, or an auxiliary
                task that has other labels than 0 and 1, or that ``X`` does not end in.
        """
        if self.network not in ("multi-task", "sequential"):
            raise ValueError(
                f"network={self.network}: expected multi-task or sequential. Give one of them."
            )
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_[0]!r}; expected two at least. Add rows of another."
            )
        place = choose(self.device)
        rows = _tensor(X, place), torch.as_tensor(labels, device=place)
        others = None if auxiliary is None else _auxiliary(*auxiliary, place)
        self.auxiliary_features_ = 0 if others is None else others[0].shape[1]
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        generator = torch.Generator().manual_seed(seed)
        recipe = Recipe(epochs=self.epochs, batch=self.batch, rate=self.rate)
        build = self._multi_task if self.network == "multi-task" else self._sequential
        self.network_ = build(rows, others, recipe, generator).double()
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class: ``(rows, classes)``."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        rows = torch.tensor(X, device=next(self.network_.parameters()).device)
        with torch.inference_mode():
            logits = _logits(self.network_, rows, width=self.auxiliary_features_)
        return logits.softmax(1).cpu().numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest class of each row: ``(rows,)``."""
        probabilities = self.predict_proba(X)  # refuses a network that is not trained
        return self.classes_[probabilities.argmax(1)]

    def _multi_task(
        self, rows: Rows, others: Rows | None, recipe: Recipe, generator: torch.Generator
    ) -> nn.Module:
        place, settings = rows[0].device, {"batch": recipe.batch, "generator": generator}
        sizes = Sizes(gender=self.auxiliary_features_ or 1, classes=len(self.classes_))
        network = MultiTaskMLP(rows[0].shape[1], sizes)
        own, loss = partial(batching.shuffled, *rows, **settings), objectives.emotion_alone

        def joined() -> Iterator[tuple[Tensor, ...]]:
            drawn = batching.drawn(*others, rows=len(rows[0]), **settings)
            return ((*one, *other) for one, other in zip(own(), drawn, strict=True))

        if others is not None:
            loss = objectives.emotion_and_gender
        batches = own if others is None else joined
        return _trained(network, loss, batches, recipe, generator, place=place, uniform=("shared",))

    def _sequential(
        self, rows: Rows, others: Rows | None, recipe: Recipe, generator: torch.Generator
    ) -> nn.Module:
        place, width = rows[0].device, self.auxiliary_features_
        features, sizes = rows[0].shape[1] - width, Sizes(gender=width, classes=len(self.classes_))
        if features < 1:
            raise ValueError(
                f"X has {rows[0].shape[1]} columns, the auxiliary task {width}; expected the"
                " auxiliary features of each row of X behind its own. Join them."
            )
        stage, variant = None, "as-run"
        if others is not None:
            variant, stage = "as-described", GenderNetwork(sizes)
            batches = partial(
                batching.shuffled, *others, batch=STAGE_ONE.batch, generator=generator
            )
            _trained(stage, objectives.gender_error, batches, STAGE_ONE, generator, place=place)
        network = SequentialMLP(features, hidden_units(features), stage, sizes, variant=variant)
        batches = partial(batching.shuffled, *rows, batch=recipe.batch, generator=generator)
        return _trained(
            network, partial(_entropy, width=width), batches, recipe, generator, place=place
        )


def _trained(
    network: nn.Module,
    loss: Callable[..., Tensor],
    batches: Callable[[], Iterator[tuple[Tensor, ...]]],
    recipe: Recipe,
    generator: torch.Generator,
    *,
    place: torch.device,
    uniform: tuple[str, ...] = (),
) -> nn.Module:
    initialise(network, spread=recipe.spread, uniform=uniform, generator=generator)
    network.to(place)
    return train(network, lambda *batch: loss(*batch).mean(), batches, recipe=recipe)


def _logits(network: nn.Module, rows: Tensor, *, width: int) -> Tensor:
    """Return the logits of rows; the sequential network's last columns, so many, are auxiliary."""
    if isinstance(network, MultiTaskMLP):
        return network.emotion_head(network.hidden(rows))
    own = rows.shape[1] - width
    return network.output(network.hidden(rows[:, :own], rows[:, own:]))


def _entropy(network: nn.Module, rows: Tensor, labels: Tensor, *, width: int) -> Tensor:
    return functional.cross_entropy(_logits(network, rows, width=width), labels, reduction="none")


def _auxiliary(features: Any, labels: Any, place: torch.device) -> Rows:
    features, labels = check_X_y(features, labels, dtype=np.float64)
    if set(np.unique(labels)) != {0, 1}:
        names = ", ".join(map(str, np.unique(labels)))
        raise ValueError(f"auxiliary labels {names}; expected 0 and 1. Name the classes so.")
    return _tensor(features, place), _tensor(labels[:, None], place)


def _tensor(values: np.ndarray, place: torch.device) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=place)
