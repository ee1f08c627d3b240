"""Saved models: what all papers share of training one to keep, describing it, and building it again.

A paper's `Card` says which of its rows can be trained and saved, and how. What is said of a saved
model is plain values, ``model.json``: they serve people and other programs, and the model is built
from them again. `sercore.predict` trains, loads and asks a model of any paper.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel
from torch import Tensor, nn

import sercore
from sercore import checkout
from sercore.evaluation.metrics import accuracy, recalls
from sercore.parameters import ParameterError, checked
from sercore.training import checkpoints
from sercore.training.loop import choose

Model = TypeVar("Model", bound=BaseModel)

RARELY = 0.05  # recall: a class under it is as good as never found
WITHOUT = " without surprise"  # behind a corpus' name in counts that leave that emotion out
SPEECH = {  # by edition: what a model was trained on, and what that means
    "demo": ("synthetic speech", "It shows that everything runs, and tells nothing about people."),
    "own": (
        "a table of one's own",
        "What kind of speech that is, the table does not tell; of any other nothing is known.",
    ),
}
ACTED = (
    "acted speech",
    "How people speak of themselves was hardly heard, nor were children, noise, or two voices at once.",
)
ONE_PLACE = "No corpus was kept apart: what it finds in recordings from elsewhere is not known."
NORMALISED = (
    "Every band of a window gets mean 0 and variance 1, so loudness tells it nothing; the upper"
    " bands of a recording made at less than 16 kHz hold no speech, and become 0 or noise."
)


class Card(ABC):
    """Models of one paper that can be trained, saved and loaded.

    Attributes:
        paper: name of the paper in ``model.json``
        chapter: number of its chapter
        names: names of the rows and models that can be trained
        has_final: whether a model can be trained on every clip
    """

    paper: ClassVar[str]
    chapter: ClassVar[str]
    names: ClassVar[tuple[str, ...]]
    has_final: ClassVar[bool] = False

    def train(
        self, name: str, given: Mapping[str, object], *, out: Path, final: bool = False
    ) -> dict[str, Any]:
        """Train a model and save it, with what it was trained on, its scores and its limits.

        The trainings are the chapter's own trials: kept in the store, found there, and continued
        after an interruption.

        Args:
            name: a row, as ``-p only=`` takes it, or a model of the paper
            given: parameters of the chapter, typed or as texts
            out: folder of the saved model, ``weights.safetensors`` and ``model.json``
            final: whether every clip trains

        Returns:
            The content of ``model.json``.

        Raises:
            ParameterError: no such row, one that is no model to use, a parameter that this
                training does not take, or data that cannot teach the row
            CorpusError: a corpus that is missing
            AudioError: a clip that cannot be used
            TableError: a table that cannot be used
            EncoderError: a speech encoder that cannot be loaded
            SweepError: a training that failed
        """
        parameters = self.parameters(name, given, final=final)
        make_folder(out)
        network, about = self.fit(parameters, final=final)
        checkpoints.save(network.cpu(), out, about)
        return about

    @abstractmethod
    def parameters(self, name: str, given: Mapping[str, object], *, final: bool) -> Any:
        """Check the parameters of one training before anything is read."""

    @abstractmethod
    def fit(self, parameters: Any, *, final: bool) -> tuple[nn.Module, dict[str, Any]]:
        """Train the network that is saved, and describe it as ``model.json`` does."""

    @abstractmethod
    def sentences(self, about: Mapping[str, Any]) -> list[str]:
        """Say for people what a model is, its scores and its limits."""

    @abstractmethod
    def network(self, about: Mapping[str, Any]) -> nn.Module:
        """Build the saved network with random weights.

        Raises:
            ValueError: the paper has no such network
        """

    @abstractmethod
    def reader(self, about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
        """Make the function that turns ``(samples,)`` at 16 kHz into a batch of one.

        It also takes ``encoder=``, the speech encoder or None.
        """


class Clips(Protocol):
    """A chapter's data: ``table``, one row a clip, and ``groups``, ``(clips,)`` corpus/speaker."""

    table: pd.DataFrame
    groups: np.ndarray


def training_parameters(
    parameters: type[Model], given: Mapping[str, object], *, taken: Sequence[str], **fixed: object
) -> Model:
    """Parameters of one training, checked before anything is read.

    Args:
        parameters: parameters of the chapter
        given: values to set, typed or as texts
        taken: names that may be given
        fixed: values that the training sets itself

    Raises:
        ParameterError: a name that is not taken, a value out of range, or a missing device
    """
    for name in sorted(given.keys() & parameters.model_fields.keys() - set(taken)):
        raise ParameterError(
            f"-p {name}={given[name]}: no choice here; expected one of {', '.join(taken)}. Leave it out."
        )
    settings = checked(parameters, {**given, **fixed})
    try:
        choose(settings.device)
    except ValueError as error:
        raise ParameterError(f"-p {error}") from None
    return settings


def make_folder(out: Path) -> None:
    """Make a model's folder before hours of training, not after.

    Raises:
        ParameterError: it cannot be made
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(
            f"{out}: no folder can be made here ({error.strerror}); expected one. Give another --out."
        ) from None


def training_data(data: Clips, rows: np.ndarray, *, edition: str) -> dict[str, Any]:
    """Describe the clips that trained a model: corpora, speakers and languages.

    Args:
        data: data of the chapter
        rows: ``(clips,)`` numbers of the rows that trained
        edition: edition of the data
    """
    table = data.table.iloc[rows]
    return {
        "edition": edition,
        "corpora": {
            str(name): int(clips) for name, clips in table.groupby("corpus").size().items()
        },
        "clips": len(table),
        "speakers": len(set(data.groups[rows])),
        "languages": sorted(table["language"].dropna().unique().tolist()),
    }


def score(counts: Sequence[Sequence], classes: Sequence[str]) -> dict[str, Any]:
    """Score predictions by the mean recall of the classes that occur.

    The score is ``ua`` and ``accuracy``, the ``recall`` of each class, None where it does not
    occur, the classes that are ``collapsed``, found less than one time in twenty, and the clips,
    speakers and corpora.

    Args:
        counts: rows of corpus/speaker, true class, predicted class, number of clips
        classes: names of the classes, by position
    """
    confusion = np.zeros((len(classes), len(classes)))
    for _, true, predicted, number in counts:
        confusion[true, predicted] += number
    by_class = dict(zip(classes, recalls(confusion), strict=True))
    groups = {group for group, *_ in counts}
    return {
        "ua": float(np.nanmean(list(by_class.values()))),
        "accuracy": float(accuracy(confusion)),
        "recall": {
            name: None if np.isnan(value) else float(value) for name, value in by_class.items()
        },
        "collapsed": [name for name, value in by_class.items() if value < RARELY],
        "clips": int(confusion.sum()),
        "speakers": len(groups),
        "corpora": sorted({group.split("/")[0].removesuffix(WITHOUT) for group in groups}),
    }


def occurring(scores: Mapping[str, Any]) -> list[str]:
    """Classes that occur among the scored clips: those that have a recall."""
    return [name for name, recall in scores["recall"].items() if recall is not None]


def chance(scores: Mapping[str, Any]) -> float:
    """Mean recall of guessing: one over the number of classes that occur."""
    return 1 / len(occurring(scores))


def people(clips: Mapping[str, Any]) -> str:
    """Number of clips and of their speakers, in words."""
    return f"{clips['clips']} clips by {clips['speakers']} speaker{'s' * (clips['speakers'] != 1)}"


def corpora(about: Mapping[str, Any]) -> str:
    """Training corpora with their clips, in words."""
    clips_by_corpus = about["training"]["corpora"].items()
    return ", ".join(f"{name} ({clips} clips)" for name, clips in clips_by_corpus)


def trained_on(training: Mapping[str, Any], *, part: str = "") -> list[str]:
    """Two sentences on the speech that a model was trained on, and what follows from it.

    Args:
        training: description of the training clips
        part: words on the part of a corpus that was used
    """
    speech, meaning = SPEECH.get(training["edition"], ACTED)
    languages = "the language not told"
    if training["languages"]:
        languages = f"in {', '.join(training['languages'])}"
    return [f"Trained on {speech}, {people(training)}, {languages}{part}.", meaning]


def versions() -> dict[str, object]:
    """Versions of what trained a model, the commit, and whether the tree was clean."""
    libraries = {
        "sercore": sercore.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    return libraries | checkout.state()
