"""Saved models: what all papers share of training one to keep, describing it, and building it again.

A paper's `Card` says which of its rows can be trained and saved, and how. What is said of a saved
model is plain values, ``model.json``: they serve people and other programs, and the model is built
from them again. `sercore.predict` trains, loads and asks a model of any paper.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel
from torch import Tensor, nn

import sercore
from sercore import checkout
from sercore.corpora.cells import TableError
from sercore.corpora.clips import WITHOUT
from sercore.evaluation.metrics import accuracy, recalls
from sercore.parameters import OwnTable, ParameterError, checked
from sercore.protocols import LeakError, leaks
from sercore.training import checkpoints
from sercore.training.devices import choose

Model = TypeVar("Model", bound=BaseModel)

RARELY = 0.05  # recall: a class under it is as good as never found
OWN = ("table", "classes", "speaker_pattern")  # parameters of a training on clips of one's own
# What a model was trained on, and what that means, by edition.
SPEECH = {
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
    """Models of one paper that can be trained, saved and loaded."""

    paper: ClassVar[str]  # name of the paper in model.json
    chapter: ClassVar[str]  # number of its chapter
    names: ClassVar[tuple[str, ...]]  # of the rows and models that can be trained
    has_final: ClassVar[bool] = False  # whether a model can be trained on every clip

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

        Raises:
            ParameterError: no such row, one that is no model to use, a parameter that this
                training does not take, data that cannot teach the row, or a folder that cannot be
                made, which is tried before hours of training
            CorpusError, AudioError, TableError, EncoderError: data that are missing or unusable
            LeakError: a speaker or a recording on two sides of the split
            SweepError: a training that failed
        """
        parameters = self.parameters(name, given, final=final)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ParameterError(
                f"{out}: no folder can be made here ({error.strerror}); expected one. Give another "
                "--out."
            ) from None
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
        """Build the saved network with random weights, or raise a ``ValueError`` if none is such."""

    @abstractmethod
    def reader(self, about: Mapping[str, Any]) -> Callable[..., list[Tensor]]:
        """Make the function of ``(samples,)`` at 16 kHz and ``encoder=`` that gives a batch of one."""


class Clips(Protocol):
    """A chapter's data: ``table``, one row a clip, and ``groups``, ``(clips,)`` corpus/speaker."""

    table: pd.DataFrame
    groups: np.ndarray


def training_parameters(
    parameters: type[Model], given: Mapping[str, object], *, taken: Sequence[str], **fixed: object
) -> Model:
    """Check the parameters of one training before anything is read.

    Of a chapter's parameters the names that are taken may be given; the training fixes others.
    """
    for name in sorted(given.keys() & parameters.model_fields.keys() - set(taken)):
        raise ParameterError(
            f"-p {name}={given[name]}: no choice here; expected one of {', '.join(taken)}. Leave "
            "it out."
        )
    settings = checked(parameters, {**given, **fixed})
    try:
        choose(settings.device)
    except ValueError as error:
        raise ParameterError(f"-p {error}") from None
    return settings


def training_data(data: Clips, rows: np.ndarray, *, edition: str) -> dict[str, Any]:
    """Describe the clips that trained a model, by the numbers of their rows."""
    table = data.table.iloc[rows]
    return {
        "edition": edition,
        "corpora": table.groupby("corpus").size().to_dict(),
        "clips": len(table),
        "speakers": len(set(data.groups[rows])),
        "languages": sorted(table["language"].dropna().unique().tolist()),
    }


def check_leaks(data: Clips, sides: Mapping[str, np.ndarray]) -> None:
    """Refuse a split, rows by the name of their side, that shares a speaker or a recording's sound.

    Raises:
        LeakError: see ``protocols.leaks.refuse_leaks``
    """
    side_of = np.full(len(data.table), None, object)
    for name, rows in sides.items():
        side_of[rows] = name
    leaks.refuse_leaks(data.table, side_of)


def score(counts: Sequence[Sequence], classes: Sequence[str]) -> dict[str, Any]:
    """Score rows of corpus/speaker, true class, predicted class and number of clips.

    ``ua`` is the mean recall of the classes that occur; the ``recall`` of a class that does not is
    None; those that are ``collapsed`` are found less than one time in twenty.
    """
    confusion = np.zeros((len(classes), len(classes)))
    for _, true, predicted, number in counts:
        confusion[true, predicted] += number
    by_class = dict(zip(classes, recalls(confusion).tolist(), strict=True))
    groups = {group for group, *_ in counts}
    return {
        "ua": float(np.nanmean(list(by_class.values()))),
        "accuracy": float(accuracy(confusion)),
        "recall": {name: None if np.isnan(value) else value for name, value in by_class.items()},
        "collapsed": [name for name, value in by_class.items() if value < RARELY],
        "clips": int(confusion.sum()),
        "speakers": len(groups),
        "corpora": sorted({group.split("/")[0].removesuffix(WITHOUT) for group in groups}),
    }


def occurring(scores: Mapping[str, Any]) -> list[str]:
    """Return the classes that occur among the scored clips: those that have a recall."""
    return [name for name, recall in scores["recall"].items() if recall is not None]


def chance(scores: Mapping[str, Any]) -> float:
    """Return the mean recall of guessing: one over the number of classes that occur."""
    return 1 / len(occurring(scores))


def unseen(about: Mapping[str, Any]) -> list[str]:
    """Say how a model scores on each corpus that its training never met."""
    return [
        scored(f"{name}, which training never met", scores)
        for name, scores in about.get("unseen", {}).items()
    ]


def scored(where: str, scores: Mapping[str, Any], *, clips: str = "", over: str = "") -> str:
    """Say UA and accuracy on some clips beside the UA by chance.

    Args:
        where: what the clips are of.
        scores: scores with the recall of each class.
        clips: how many there are (default: clips and speakers, as ``people`` counts them).
        over: what else is to be said of the UA.
    """
    return (
        f"On {where}: UA {scores['ua']:.3f}, accuracy {scores['accuracy']:.3f}"
        f" ({clips or people(scores)}; UA by chance {chance(scores):.3f}{over})."
    )


@contextmanager
def of_table(parameters: OwnTable) -> Iterator[None]:
    """Turn what is wrong with a split of a researcher's clips into an error that names them."""
    try:
        yield
    except (LeakError, TableError):
        raise
    except ValueError as error:
        if not parameters.table:
            raise
        raise TableError(f"{parameters.table}: {error}") from error


def people(clips: Mapping[str, Any]) -> str:
    """Say how many clips and speakers there are."""
    return f"{clips['clips']} clips by {clips['speakers']} speaker{'s' * (clips['speakers'] != 1)}"


def corpora(about: Mapping[str, Any]) -> str:
    """Name the training corpora with their clips."""
    clips_by_corpus = about["training"]["corpora"].items()
    return ", ".join(f"{name} ({clips} clips)" for name, clips in clips_by_corpus)


def trained_on(training: Mapping[str, Any], *, part: str = "") -> list[str]:
    """Say on which speech, and which part of it, a model was trained, and what follows from it."""
    speech, meaning = SPEECH.get(training["edition"], ACTED)
    languages = "the language not told"
    if training["languages"]:
        languages = f"in {', '.join(training['languages'])}"
    return [f"Trained on {speech}, {people(training)}, {languages}{part}.", meaning]


def versions() -> dict[str, object]:
    """Return the versions of what trained a model, the commit, and whether the tree was clean."""
    libraries = {"sercore": sercore, "torch": torch, "numpy": np}
    return {name: library.__version__ for name, library in libraries.items()} | checkout.state()
