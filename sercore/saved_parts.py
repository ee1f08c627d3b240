"""What keeping a model needs in every chapter: the parameters it takes, its folder, what is said of clips and versions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd
import torch
from pydantic import BaseModel

import sercore
from sercore import checkout
from sercore.parameters import ParameterError, checked
from sercore.training.loop import choose

Model = TypeVar("Model", bound=BaseModel)


class Clips(Protocol):
    """What is read of a chapter's data: ``table``, one row a clip, and ``groups``, its ``(clips,)`` corpus/speaker."""

    table: pd.DataFrame
    groups: np.ndarray


def asked(parameters: type[Model], given: Mapping[str, object], *, taken: Sequence[str], **fixed: object) -> Model:
    """Parameters of one training, checked before anything is read.

    Args:
        parameters: the chapter's.
        given: values to set, as they are or as texts.
        taken: names that may be given.
        fixed: values that the training sets itself.

    Raises:
        ParameterError: a name that is not taken, a value out of range, or a device that is not there.
    """
    for name in sorted(given.keys() & parameters.model_fields.keys() - set(taken)):
        raise ParameterError(f"-p {name}={given[name]}: no choice here; expected one of {', '.join(taken)}. Leave it out.")
    found = checked(parameters, {**given, **fixed})
    try:
        choose(found.device)
    except ValueError as error:
        raise ParameterError(f"-p {error}") from None
    return found


def prepare(out: Path) -> None:
    """Make a model's folder before hours of training, not after.

    Raises:
        ParameterError: it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(f"{out}: no folder can be made here ({error.strerror}); expected one. Give another --out.") from None


def heard(data: Clips, rows: np.ndarray, *, edition: str) -> dict[str, Any]:
    """Corpora with their clips, speakers and languages that trained a model.

    Args:
        data: of the chapter.
        rows: ``(clips,)`` row numbers that trained.
        edition: which data.
    """
    table = data.table.iloc[rows]
    return {
        "edition": edition,
        "corpora": {str(name): int(clips) for name, clips in table.groupby("corpus").size().items()},
        "clips": len(table),
        "speakers": len(set(data.groups[rows])),
        "languages": sorted(table["language"].dropna().unique().tolist()),
    }


def people(told: Mapping[str, Any]) -> str:
    """Number of clips and of their speakers, in words."""
    return f"{told['clips']} clips by {told['speakers']} speaker{'s' * (told['speakers'] != 1)}"


def occurring(score: Mapping[str, Any]) -> list[str]:
    """Classes that occur in what was scored: those that have a recall."""
    return [name for name, recall in score["recall"].items() if recall is not None]


def chance(score: Mapping[str, Any]) -> float:
    """What guessing gives in the mean recall: one over the classes that occur in what was scored."""
    return 1 / len(occurring(score))


def versions() -> dict[str, object]:
    """Versions of what trained a model, the commit, and whether the tree was clean."""
    return {"sercore": sercore.__version__, "torch": torch.__version__, "numpy": np.__version__} | checkout.state()
