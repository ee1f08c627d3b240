"""A saved model on any audio file: probabilities of each window, with its times, and of the whole clip.

A model comes from ``sercore train``. A window is prepared as its chapter prepares a clip, in ``loopq_loaded``, ``parry_loaded`` and
``padi_loaded``, and answered alone: an answer depends on no other window and no other clip. A clip's probabilities are the mean of
its windows'.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from sercore import audio, encoders
from sercore.audio import RATE
from sercore.encoders import Encoder, EncoderError
from sercore.papers.biagini2022 import about as loopq_about
from sercore.papers.biagini2022 import loaded as loopq_loaded
from sercore.papers.padi2021 import about as padi_about
from sercore.papers.padi2021 import loaded as padi_loaded
from sercore.papers.parry2022 import about as parry_about
from sercore.papers.parry2022 import loaded as parry_loaded
from sercore.saved import sentences
from sercore.training import checkpoints
from sercore.training.resumable import autocast

# What builds a model, by its recipe's paper.
PAPERS = {loopq_about.PAPER: loopq_loaded, parry_about.PAPER: parry_loaded, padi_about.PAPER: padi_loaded}
LEAST = 0.5  # s: the shortest window, and the shortest clip
CLOSEST = 0.01  # s: the shortest hop
QUIETEST = 1e-4  # of full scale, 3 steps of a 16-bit file: where no sample is further from the mean, there is silence


class PredictError(ValueError):
    """A saved model or a window that cannot be used: what was found, what was expected, what to do."""


@dataclass(frozen=True, eq=False)
class Model:
    """A saved model, ready to answer.

    Args:
        network: in evaluation mode, on the CPU.
        about: what was saved of it; see ``loopq_about.about``, ``parry_about.about`` and ``padi_about.about``.
        read: of a window's samples and ``encoder=`` what the network reads.
        encoder: speech encoder whose frames it reads, or None.
    """

    network: nn.Module
    about: dict[str, Any]
    read: Callable[..., list[Tensor]]
    encoder: Encoder | None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, by position."""
        return tuple(self.about["classes"])

    @property
    def longest(self) -> int:
        """Samples of a window at most."""
        return math.floor(self.about["input"]["seconds"] * RATE + 0.5)


def load(folder: Path, *, encoder: str | None = None) -> Model:
    """A model that ``sercore train`` saved.

    Args:
        folder: that it was saved in.
        encoder: its speech encoder by hub id or folder, or "random" (default: the one of its recipe, where its name finds it).

    Raises:
        PredictError: no such model, a damaged one, one that was saved by another program; an encoder that is missing, another one
            than it was trained on, or given to a model that reads none.
    """
    try:
        network, about = checkpoints.load(folder, partial(_network, folder))
        read, wanted = _paper(about).reader(about), about["input"]["encoder"]
    except (FileNotFoundError, ValueError) as error:
        raise PredictError(str(error)) from error
    except (KeyError, TypeError) as error:
        raise PredictError(
            f"{folder}: no model of sercore train, {error!r}; expected one. Name the folder given as --out."
        ) from error
    return Model(network, about, read, _encoder(folder, wanted, encoder))


def windows(samples: int, *, window: int, hop: int) -> list[tuple[int, int]]:
    """First sample and end of each window: one every hop, and, where the last one stops early, one more that ends with the clip.

    Args:
        samples: of the clip, 1 or more.
        window: samples of each; a shorter clip is one window.
        hop: samples from one start to the next, 1 to ``window``.
    """
    if samples <= window:
        return [(0, samples)]
    starts = list(range(0, samples - window + 1, hop))
    if starts[-1] + window < samples:
        starts.append(samples - window)
    return [(start, start + window) for start in starts]


def inputs(model: Model, samples: np.ndarray) -> list[Tensor]:
    """What the network reads of one window, made as its training clips' inputs were: a batch of one.

    Args:
        model: whose inputs are made.
        samples: ``(samples,)`` float32 of the window, 16 kHz mono.

    Shape:
        - each input: ``(1, frames, width)``, lengths ``(1,)``
    """
    return model.read(samples, encoder=model.encoder)


def probabilities(model: Model, samples: np.ndarray) -> np.ndarray | None:
    """Probability of each class in one window, or None where it is silent.

    Args:
        model: that answers.
        samples: ``(samples,)`` float32, 16 kHz mono, ``LEAST`` seconds or more.

    Shape:
        - output: ``(classes,)``
    """
    if np.abs(samples - samples.mean()).max() <= QUIETEST:
        return None
    with torch.inference_mode(), autocast(model.about["recipe"]["precision"], torch.device("cpu")):
        logits = model.network(*inputs(model, samples))  # (1, classes)
    return logits[0].float().softmax(0).numpy()


def predicted(model: Model, clips: Sequence[Path | str], *, window: float | None = None, hop: float | None = None) -> list[dict]:
    """Probabilities of clips and of their windows; a clip that cannot be used is told, and the others are answered all the same.

    Args:
        model: that answers.
        clips: audio files, mono or not, of any rate.
        window: seconds, ``LEAST`` to what the model reads at most (default: that).
        hop: seconds from window to window, ``CLOSEST`` to ``window`` (default: half the window).

    Returns:
        One a clip, plain values: ``clip``; ``seconds``; ``label``, the likeliest class; ``probabilities``, by class, the mean over
        its windows with sound; ``windows``, each with ``start`` and ``end`` in seconds, ``state`` ("predicted" or "silent") and
        ``probabilities``; ``error``. What there is not is None: a silent window's probabilities, an unused clip's label.

    Raises:
        PredictError: a window or hop out of its range.
    """
    lengths = _lengths(model, window, hop)
    return [_clip(model, clip, *lengths) for clip in tqdm(clips, desc="clips", unit="clip", delay=2, mininterval=1)]


def rows(found: Sequence[dict], *, top_k: int = 3) -> list[dict]:
    """Table of what was predicted: each window, and below them the clip, which an error left out.

    Args:
        found: as ``predicted`` gives it.
        top_k: likeliest classes that are named, 1 or more; at most, all (default 3).
    """
    table = []
    for each in found:
        for part in [] if each["error"] else [*each["windows"], {"start": 0.0, "end": each["seconds"], "state": "mean", **each}]:
            scores = part["probabilities"] or {}
            likeliest = sorted(scores.items(), key=lambda pair: -pair[1])[:top_k]
            named = {str(place): f"{name} {value:.3f}" for place, (name, value) in enumerate(likeliest, 1)}
            times = {name: f"{part[name]:.3f}" for name in ("start", "end")}
            table.append({"clip": each["clip"], **times, "of": part["state"], **named})
    return table


def _clip(model: Model, clip: Path | str, window: int, hop: int) -> dict:
    told = {"clip": str(clip), "seconds": None, "label": None, "probabilities": None, "windows": [], "error": None}
    try:
        samples = audio.read(clip)
        told["seconds"] = len(samples) / RATE
        if len(samples) < LEAST * RATE:
            raise audio.AudioError(
                f"{clip}: {len(samples) / RATE:g} s of audio; expected {LEAST} s or more. Leave it out, or record a longer one."
            )
        places = windows(len(samples), window=window, hop=hop)
        answers = [probabilities(model, samples[start:end]) for start, end in places]
    except audio.AudioError as error:
        return told | {"error": str(error)}
    except EncoderError as error:
        return told | {"error": f"{clip}: {error}"}
    told["windows"] = [
        {
            "start": start / RATE,
            "end": end / RATE,
            "state": "silent" if answer is None else "predicted",
            "probabilities": None if answer is None else _by_class(model, answer),
        }
        for (start, end), answer in zip(places, answers, strict=True)
    ]
    heard = [answer for answer in answers if answer is not None]
    if not heard:
        return told | {
            "error": f"{clip}: silent, no sample is further than {QUIETEST:g} of full scale from their mean; expected speech. "
            "Check the recording's level, or leave it out."
        }
    mean = _by_class(model, np.mean(heard, axis=0, dtype=np.float64))
    return told | {"label": max(mean, key=mean.get), "probabilities": mean}


def _by_class(model: Model, values: np.ndarray) -> dict[str, float]:
    return dict(zip(model.classes, values.tolist(), strict=True))


def _lengths(model: Model, window: float | None, hop: float | None) -> tuple[int, int]:
    """Samples of a window and of a hop."""
    longest = model.longest / RATE
    window = longest if window is None else window
    if not LEAST <= window <= longest:
        raise PredictError(
            f"--window {window:g}: expected {LEAST} to {longest:g} s, the most that {model.about['model']} reads at a time. "
            "Leave it out, or give one in between."
        )
    hop = window / 2 if hop is None else hop
    if not CLOSEST <= hop <= window:
        raise PredictError(
            f"--hop {hop:g}: expected {CLOSEST} to {window:g} s, the window, so that no sound is left out. Give less."
        )
    return math.floor(window * RATE + 0.5), math.floor(hop * RATE + 0.5)


def _network(folder: Path, about: dict[str, Any]) -> nn.Module:
    try:
        return _paper(about).network(about)
    except ValueError as error:
        raise PredictError(f"{folder}: {error}") from error


def _paper(about: dict[str, Any]) -> ModuleType:
    name = about["recipe"]["paper"]
    if name not in PAPERS:
        raise ValueError(f"a model of {name}; expected one of {' or '.join(PAPERS)}. Use the version of sercore that saved it.")
    return PAPERS[name]


def _encoder(folder: Path, wanted: dict[str, Any] | None, given: str | None) -> Encoder | None:
    if wanted is None:
        if given is not None:
            raise PredictError(f"--encoder {given}: the model in {folder} reads none. Leave it out.")
        return None
    name = given or wanted["name"]
    needs = f"{folder}: reads the frames of {wanted['name']} (content {wanted['content'][:8]})"
    try:
        content = encoders.content(name)
        if content != wanted["content"]:
            raise PredictError(f"{needs}; {name} is another, content {content[:8]}. Name the right one with --encoder.")
        return encoders.load(name)
    except EncoderError as error:
        raise PredictError(f"{needs}, which was not found. {error} Name it with --encoder.") from error


__all__ = [
    "CLOSEST",
    "LEAST",
    "QUIETEST",
    "Model",
    "PredictError",
    "inputs",
    "load",
    "predicted",
    "probabilities",
    "rows",
    "sentences",
    "windows",
]
