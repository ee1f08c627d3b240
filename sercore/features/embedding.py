"""Embeddings of clips: the mean over time of a pretrained encoder's last layer."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from sercore import audio, store
from sercore.encoders import Encoder, EncoderError
from sercore.features import keeping
from sercore.progress import Progress

# Clips that run at once on a GPU. On a CPU one alone is as fast, and its bits depend on no other.
BATCH = 16


def compute(
    encoder: Encoder, clips: Sequence[Path | str], *, device: str = "auto", batch: int | None = None
) -> np.ndarray:
    """Compute the embeddings of clips, or take them from the store.

    Each embedding is kept as soon as it is computed, also where other clips cannot be used. The
    encoder is moved to the device, and ``batch`` clips run at once (default: 1 on a CPU, else 16),
    which changes the values by rounding only.

    Shape:
        - output: ``(clips, width)`` float64, in the order of the clips

    Raises:
        AudioError: a clip cannot be read or is too short; the message names the first, and says how
            many more there are.
        EncoderError: CUDA is asked for and not available.

    Source: paper 01 takes the embeddings of its task's organisers; its tables of 768 columns name
    neither checkpoint nor pooling.
    """
    encoder.to(device)
    size = batch or (1 if encoder.model.device.type == "cpu" else BATCH)
    measure = partial(_measure, encoder, batch=size)
    rows = keeping.rows(clips, key=partial(_key, encoder), measure=measure)
    return np.array(rows, dtype=np.float64).reshape(len(clips), encoder.width)


def _key(encoder: Encoder, content: str) -> store.Key:
    modules = ["sercore.features.embedding", "sercore.encoders", "sercore.audio"]
    return store.key(settings={"encoder": encoder.content}, manifest=[content], modules=modules)


def _measure(
    encoder: Encoder, clips: dict[str, Path | str], *, batch: int
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Yield content and embedding of each clip, or content and error message.

    Clips are sorted by length, so that a batch has little padding.
    """
    order = sorted(clips, key=lambda content: _seconds(clips[content]))
    with Progress(total=len(order), title=f"{encoder.name} embeddings", unit="clip") as bar:
        for start in range(0, len(order), batch):
            samples: dict[str, np.ndarray] = {}
            for content in order[start : start + batch]:
                try:
                    samples[content] = _samples(encoder, clips[content])
                except audio.AudioError as error:
                    yield content, str(error)
            results = encoder.frames(list(samples.values()), batch=batch)
            for content, frames in zip(samples, results, strict=True):
                yield content, frames.mean(axis=0, dtype=np.float64)
            bar.update(min(batch, len(order) - start))


def _samples(encoder: Encoder, clip: Path | str) -> np.ndarray:
    samples = audio.read(clip)
    try:
        encoder.check(samples)
    except EncoderError as error:
        raise audio.AudioError(f"{clip}: {error}") from error
    return samples


def _seconds(clip: Path | str) -> float:
    try:
        return audio.seconds(clip)
    except audio.AudioError:
        return 0.0
