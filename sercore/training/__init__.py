"""Training loops, their losses, schedules and batches, and a classifier of scikit-learn."""

from sercore.training.batching import Ragged, by_length
from sercore.training.devices import choose
from sercore.training.estimators import TransferMLPClassifier
from sercore.training.fitting import Plan, cross_entropy, fit
from sercore.training.loop import Recipe, train
from sercore.training.resumable import History
from sercore.training.schedules import Plateau, Steps

__all__ = [
    "History",
    "Plan",
    "Plateau",
    "Ragged",
    "Recipe",
    "Steps",
    "TransferMLPClassifier",
    "by_length",
    "choose",
    "cross_entropy",
    "fit",
    "train",
]
