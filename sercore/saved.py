"""A model of any chapter to keep and use: which chapter a name is of, and what is said of a saved one for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sercore.papers.biagini2022 import about as loopq_about
from sercore.papers.biagini2022 import rows as loopq_rows
from sercore.papers.biagini2022 import saved as loopq_saved
from sercore.papers.padi2021 import about as padi_about
from sercore.papers.padi2021 import grid as padi_grid
from sercore.papers.padi2021 import saved as padi_saved
from sercore.papers.parry2022 import about as parry_about
from sercore.papers.parry2022 import grid as parry_grid
from sercore.papers.parry2022 import saved as parry_saved
from sercore.parameters import ParameterError, nearest

# Names of rows and models, by the chapter.
NAMES = {"2": (*parry_grid.ROWS,), "3": (*loopq_rows.ROWS, *loopq_rows.RECIPES), "4": (*padi_grid.ROWS,)}
SAVED = {"2": parry_saved, "4": padi_saved}  # what trains and saves where there is no final model
ABOUT = {each.PAPER: each for each in (parry_about, loopq_about, padi_about)}


def train(name: str, given: Mapping[str, object], *, out: Path, final: bool = False) -> dict:
    """Train a model and save it, with what it was trained on, its scores and its limits.

    Args:
        name: a row of chapter 2 ("GR C+S"), 3 ("CNNLSTM per-clip") or 4 ("111"), or a model's printed name of chapter 3 ("FCMFCC").
        given: parameters of that chapter, as they are or as texts.
        out: folder of the saved model: ``weights.safetensors`` and ``model.json``.
        final: whether every clip trains; chapter 3 alone (default no).

    Returns:
        What ``model.json`` says: plain values, see ``loopq_about.about``, ``parry_about.about`` and ``padi_about.about``.

    Raises:
        ParameterError: no such name, or what ``loopq_saved.train``, ``parry_saved.train`` and ``padi_saved.train`` refuse.
        CorpusError: a corpus that is not there.
        AudioError: a clip that cannot be used.
        TableError: a table that cannot be used.
        EncoderError: a speech encoder that cannot be loaded.
        SweepError: a training that failed.
    """
    if name in NAMES["3"]:
        return loopq_saved.train(name, given, out=out, final=final)
    chapter = next((each for each in SAVED if name in NAMES[each]), None)
    if chapter is None:
        near = [f'"{nearest(name, names)}" of chapter {each}' for each, names in NAMES.items()]
        told = f"{', '.join(near[:-1])} and {near[-1]}"
        raise ParameterError(f"{name}: no such model; expected a row or a model, the nearest are {told}. Name it so.")
    if final:
        raise ParameterError(
            f"--final: a training on every clip is chapter 3's, and paper 0{chapter} has none; expected {name} without it. Leave "
            "it out."
        )
    return SAVED[chapter].train(name, given, out=out)


def sentences(told: Mapping[str, Any]) -> list[str]:
    """What a model is, its scores and its limits, for people.

    Args:
        told: what ``model.json`` says.
    """
    return ABOUT[told["recipe"]["paper"]].sentences(told)
