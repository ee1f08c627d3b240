"""Embeddings: the mean over time of a pretrained encoder's last layer, over the clip's own frames; each clip's is kept."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sercore import audio, store
from sercore.encoders import Encoder, EncoderError
from sercore.features import keeping

BATCH = 16  # clips that run at once on a GPU; on a CPU each alone is as fast, and its bits depend on nothing else


def compute(
    encoder: Encoder, clips: Sequence[Path | str], *, device: str = "auto", batch: int | None = None
) -> np.ndarray:
    """Embeddings of clips, each taken from the store or else computed and kept there as soon as it is done.

    Clips of equal content are computed once. Where some clips cannot be used, the others are computed and kept all the same.

    Args:
        encoder: what ``sercore.encoders.load`` gives; it is moved to the device.
        clips: audio files.
        device: "cpu", "cuda" or "auto" (default): CUDA where there is some.
        batch: clips that run at once, 1 or more (default: 1 on a CPU, else 16); it changes the values by rounding only.

    Shape:
        - output: ``(clips, width)``

    Returns:
        float64, one row a clip in the order given.

    Raises:
        AudioError: a clip that cannot be read or is too short; the message names the file, and how many more there are.
        EncoderError: CUDA is wanted and not there.

    Source: paper 01 takes the embeddings of its task's organisers; its tables of 768 columns name neither checkpoint nor pooling.
    """
    encoder.to(device)
    size = batch or (1 if encoder.model.device.type == "cpu" else BATCH)
    rows = keeping.rows(
        clips, key=partial(_key, encoder), measure=partial(_measured, encoder, batch=size)
    )
    return np.array(rows, dtype=np.float64).reshape(len(clips), encoder.width)


def _key(encoder: Encoder, content: str) -> store.Key:
    modules = ["sercore.features.embedding", "sercore.encoders", "sercore.audio"]
    return store.key(settings={"encoder": encoder.content}, manifest=[content], modules=modules)


def _measured(
    encoder: Encoder, clips: dict[str, Path | str], *, batch: int
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Content and embedding of each clip, the shortest first; in place of an embedding, a sentence that says why there is none."""
    order = sorted(
        clips, key=lambda content: _seconds(clips[content])
    )  # alike in length, they share a batch with little pad
    with tqdm(
        total=len(order), desc=f"{encoder.name} embeddings", unit="clip", delay=2, mininterval=1
    ) as bar:
        for start in range(0, len(order), batch):
            good: dict[str, np.ndarray] = {}
            for content in order[start : start + batch]:
                try:
                    good[content] = _samples(encoder, clips[content])
                except audio.AudioError as error:
                    yield content, str(error)
            for content, frames in zip(
                good, encoder.frames(list(good.values()), batch=batch), strict=True
            ):
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
