"""Saved models: train one by its name, load it, and ask it about audio files.

A clip is answered window by window. A window is prepared as the paper prepares a clip (its
``card.py``) and answered alone: an answer depends on no other window and no other clip. A clip's
probabilities are the mean of its windows'.
"""

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, Field, StrictStr, ValidationError, field_validator
from torch import Tensor, nn

from sercore import audio, encoders, papers
from sercore.audio import RATE
from sercore.card import Card
from sercore.encoders import Encoder, EncoderError
from sercore.parameters import ParameterError, nearest
from sercore.progress import Progress
from sercore.training import checkpoints
from sercore.training.devices import autocast

LEAST = 0.5  # s: the shortest window, and the shortest clip
CLOSEST = 0.01  # s: the shortest hop


class PredictError(ValueError):
    """A saved model or a window that cannot be used."""


class Recipe(BaseModel):
    """What is read of a model's recipe whatever its paper."""

    paper: StrictStr
    precision: Literal["fp32", "bf16"]


class Input(BaseModel):
    """What is read of a model's input whatever its paper."""

    seconds: float = Field(ge=LEAST, allow_inf_nan=False, strict=True)
    encoder: dict[str, Any] | None


class Description(BaseModel):
    """What ``model.json`` must have, whatever the paper; the paper's card reads the rest."""

    recipe: Recipe
    input: Input
    classes: Annotated[list[StrictStr], Field(min_length=2)]
    training: dict[str, Any]
    limits: list[StrictStr]

    @field_validator("classes")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError(f"two of the classes {', '.join(names)} have one name")
        return names


@dataclass(frozen=True, eq=False)
class Model:
    """A saved model, ready to answer."""

    network: nn.Module  # in evaluation mode on the CPU
    about: dict[str, Any]  # content of model.json
    read: Callable[..., list[Tensor]]  # from a window's samples and encoder= to the inputs
    encoder: Encoder | None  # whose frames the network reads

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by position."""
        return tuple(self.about["classes"])

    @property
    def longest(self) -> int:
        """Samples of the longest window."""
        return math.floor(self.about["input"]["seconds"] * RATE + 0.5)


def train(
    name: str, given: Mapping[str, object], *, out: Path | str, final: bool = False
) -> dict[str, Any]:
    """Train a model of any paper and save it; return ``model.json``; see `sercore.card.Card.train`.

    Args:
        name: row of chapter 1 (by its printed name), 2 ("GR C+S"), 3 ("CNNLSTM per-clip") or 4
            ("111"), or a model of chapter 3 by its printed name ("FCMFCC")
        given: parameters of that chapter, typed or as texts
        out: folder of the saved model, ``weights.safetensors`` and ``model.json``
        final: whether every clip trains, where the paper has such a training

    Raises:
        ParameterError: no such name, or what `sercore.card.Card.train` refuses
    """
    cards = [paper.card for paper in papers.every() if paper.card is not None]
    card = next((card for card in cards if name in card.names), None)
    if card is None:
        near = [f'"{nearest(name, card.names)}" of chapter {card.chapter}' for card in cards]
        raise ParameterError(
            f"{name}: no such model; expected a row or a model, the nearest are "
            f"{', '.join(near[:-1])} and {near[-1]}. Name it so."
        )
    if final and not card.has_final:
        chapters = " and ".join(card.chapter for card in cards if card.has_final)
        raise ParameterError(
            f"--final: a training on every clip is chapter {chapters}'s, and paper 0{card.chapter}"
            f" has none; expected {name} without it. Leave it out."
        )
    return card.train(name, given, out=Path(out), final=final)


def sentences(about: Mapping[str, Any]) -> list[str]:
    """Say for people what a model is, its scores and its limits, from its ``model.json``."""
    return _card(about).sentences(about)


def load(folder: Path | str, *, encoder: str | None = None) -> Model:
    """Load a saved model and its speech encoder, by default the recipe's.

    Raises:
        PredictError: no such model, a damaged one, or one that was saved by another program; an
            encoder that is missing, another one than in training, or one that is not read
    """
    folder = Path(folder)
    try:
        network, about = checkpoints.load(folder, partial(_network, folder))
        read, needed = _card(about).reader(about), about["input"]["encoder"]
    except (FileNotFoundError, ValueError) as error:
        raise PredictError(str(error)) from error
    except (KeyError, TypeError) as error:
        raise PredictError(
            f"{folder}: no model of sercore train, {error!r}; expected one. Name the folder given "
            "as --out."
        ) from error
    return Model(network, about, read, _encoder(folder, needed, encoder))


def windows(samples: int, *, window: int, hop: int) -> list[tuple[int, int]]:
    """Return first sample and end of each window of a clip; a shorter clip is one window.

    There is one every hop, and, where the last one stops early, one more that ends with the clip.
    """
    if samples <= window:
        return [(0, samples)]
    starts = list(range(0, samples - window + 1, hop))
    if starts[-1] + window < samples:
        starts.append(samples - window)
    return [(start, start + window) for start in starts]


def inputs(model: Model, samples: np.ndarray) -> list[Tensor]:
    """Make what the network reads of one window, as its training clips' inputs were made.

    Shape:
        - samples: ``(samples,)`` float32, 16 kHz mono
        - each input: ``(1, frames, width)``, lengths ``(1,)``
    """
    return model.read(samples, encoder=model.encoder)


def probabilities(model: Model, samples: np.ndarray) -> np.ndarray | None:
    """Return the probability of each class in one window, or None where it is silent.

    Shape:
        - samples: ``(samples,)`` float32, 16 kHz mono, ``LEAST`` seconds or more
        - output: ``(classes,)``
    """
    if audio.is_silent(samples):
        return None
    with torch.inference_mode(), autocast(model.about["recipe"]["precision"], torch.device("cpu")):
        logits = model.network(*inputs(model, samples))  # (1, classes)
    return logits[0].float().softmax(0).numpy()


def predicted(
    model: Model,
    clips: Sequence[Path | str],
    *,
    window: float | None = None,
    hop: float | None = None,
) -> list[dict]:
    """Return the probabilities of audio files of any rate, and of their windows, as plain values.

    Of each file: ``clip``; ``seconds``; ``label``, the likeliest class; ``probabilities`` by class,
    the mean over its windows with sound; ``windows``, each with ``start`` and ``end`` in seconds,
    ``state`` ("predicted" or "silent") and ``probabilities``; ``error`` where it cannot be used,
    which ends no other file's answer. What is not there is None.

    Args:
        model: model that answers
        clips: audio files
        window: seconds, ``LEAST`` to what the model reads at most (default: that)
        hop: seconds from window to window, ``CLOSEST`` to ``window`` (default: half the window)

    Raises:
        PredictError: a window or hop out of its range
    """
    lengths = _lengths(model, window, hop)
    bar = Progress(clips, title="answers", total=len(clips), unit="clip")
    return [_clip(model, clip, *lengths) for clip in bar]


def rows(answers: Sequence[dict], *, top_k: int = 3) -> list[dict]:
    """Tabulate predictions with their likeliest classes: the windows of a clip, then the clip.

    Clips that failed are left out.
    """
    table = []
    for answer in answers:
        if answer["error"]:
            continue
        mean = {"start": 0.0, "end": answer["seconds"], "state": "mean", **answer}
        for part in [*answer["windows"], mean]:
            row = {"clip": answer["clip"]}
            row |= {name: f"{part[name]:.3f}" for name in ("start", "end")}
            row["of"] = part["state"]
            scores = (part["probabilities"] or {}).items()
            likeliest = sorted(scores, key=lambda pair: -pair[1])[:top_k]
            for place, (name, value) in enumerate(likeliest, 1):
                row[str(place)] = f"{name} {value:.3f}"
            table.append(row)
    return table


def _clip(model: Model, clip: Path | str, window: int, hop: int) -> dict:
    answer = {"clip": str(clip), "seconds": None, "label": None, "probabilities": None}
    answer |= {"windows": [], "error": None}
    try:
        samples = audio.read(clip)
        answer["seconds"] = len(samples) / RATE
        if len(samples) < LEAST * RATE:
            raise audio.AudioError(
                f"{clip}: {len(samples) / RATE:g} s of audio; expected {LEAST} s or more. Leave it "
                "out, or record a longer one."
            )
        places = windows(len(samples), window=window, hop=hop)
        by_window = [probabilities(model, samples[start:end]) for start, end in places]
    except audio.AudioError as error:
        return answer | {"error": str(error)}
    except EncoderError as error:
        return answer | {"error": f"{clip}: {error}"}
    with_sound = [values for values in by_window if values is not None]
    if not np.isfinite(with_sound).all():
        return answer | {
            "error": f"{clip}: {model.about['model']} answers with NaN; expected probabilities."
            " Check the recording's level, and the model with another file."
        }
    for (start, end), values in zip(places, by_window, strict=True):
        times = {"start": start / RATE, "end": end / RATE}
        if values is None:
            part = {"state": "silent", "probabilities": None}
        else:
            part = {"state": "predicted", "probabilities": _by_class(model, values)}
        answer["windows"].append(times | part)
    if not with_sound:
        return answer | {
            "error": f"{clip}: silent, all samples lie within {audio.QUIETEST:g} of full scale; expected"
            " speech. Check the recording's level, or leave it out."
        }
    mean = _by_class(model, np.mean(with_sound, axis=0, dtype=np.float64))
    return answer | {"label": max(mean, key=mean.get), "probabilities": mean}


def _by_class(model: Model, values: np.ndarray) -> dict[str, float]:
    return dict(zip(model.classes, values.tolist(), strict=True))


def _lengths(model: Model, window: float | None, hop: float | None) -> tuple[int, int]:
    """Return the samples of a window and of a hop."""
    longest = model.longest / RATE
    window = longest if window is None else window
    if not LEAST <= window <= longest:
        raise PredictError(
            f"--window {window:g}: expected {LEAST} to {longest:g} s, the most that "
            f"{model.about['model']} reads at a time. Leave it out, or give one in between."
        )
    hop = window / 2 if hop is None else hop
    if not CLOSEST <= hop <= window:
        raise PredictError(
            f"--hop {hop:g}: expected {CLOSEST} to {window:g} s, the window, so that no sound is "
            "left out. Give less."
        )
    return math.floor(window * RATE + 0.5), math.floor(hop * RATE + 0.5)


def _network(folder: Path, about: dict[str, Any]) -> nn.Module:
    try:
        Description.model_validate(about)
        return _card(about).network(about)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise PredictError(
            f"{folder}: {place or 'model.json'}: {fault['msg']}; expected what `sercore train` wrote."
            " Name the folder given as --out, or train again."
        ) from error
    except ValueError as error:
        raise PredictError(f"{folder}: {error}") from error


def _card(about: Mapping[str, Any]) -> Card:
    """Import the card of the paper that a model names, and no other paper, which takes seconds.

    A card's paper, "Parry et al. 2022 (…)", begins as its folder's name does.
    """
    paper = about["recipe"]["paper"]
    for folder in papers.folders():
        if paper.lower().startswith(folder.rstrip("0123456789")):
            card = importlib.import_module(f"sercore.papers.{folder}.card").CARD
            if card.paper == paper:
                return card
    known = " or ".join(other.card.paper for other in papers.every() if other.card is not None)
    raise ValueError(
        f"a model of {paper}; expected one of {known}. Use the version of sercore that saved it."
    )


def _encoder(folder: Path, wanted: dict[str, Any] | None, given: str | None) -> Encoder | None:
    if wanted is None and given is None:
        return None
    if wanted is None:
        raise PredictError(f"--encoder {given}: the model in {folder} reads none. Leave it out.")
    name = given or wanted["name"]
    needs = f"{folder}: reads the frames of {wanted['name']} (content {wanted['content'][:8]})"
    try:
        content = encoders.content(name)
        if content != wanted["content"]:
            raise PredictError(
                f"{needs}; {name} is another, content {content[:8]}. Name the right one with "
                "--encoder."
            )
        return encoders.load(name)
    except EncoderError as error:
        raise PredictError(
            f"{needs}, which was not found. {error} Name it with --encoder."
        ) from error
