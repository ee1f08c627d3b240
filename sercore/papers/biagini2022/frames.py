"""What a frozen speech encoder gives of a clip, each clip's frames kept: for HUBERTFT and MMFUSION with only the rest trained."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sercore import audio, store
from sercore.encoders import Encoder, EncoderError
from sercore.features import keeping
from sercore.features.length import fit, trim

KINDS = {
    "frames": False,
    "frames, filled": True,
}  # inputs of a network, and whether clips are filled up to their full length
BATCH = 16  # clips that run at once on a GPU; on a CPU each alone is as fast


def compute(
    encoder: Encoder,
    clips: Sequence[Path | str],
    *,
    samples: int,
    filled: bool,
    device: str = "auto",
) -> list[np.ndarray]:
    """Last-layer frames of clips, trimmed at both ends, each taken from the store or else computed and kept there.

    Args:
        encoder: what ``sercore.encoders.load`` gives; it is moved to the device.
        clips: audio files.
        samples: at which a longer clip is cut, 1 or more: 72,000 for HUBERTFT, 80,000 for MMFUSION.
        filled: whether a shorter clip gets zeros up to there, as MMFUSION reads it.
        device: "cpu", "cuda" or "auto" (default): CUDA where there is some.

    Shape:
        - each row: ``(frames, width)`` float32, of the clip alone unless it is filled

    Raises:
        AudioError: a clip that cannot be read or is too short; the message names the file, and how many more there are.
        EncoderError: CUDA is wanted and not there.

    Source: Biagini 2022, sections 3.4 and 3.5. Deviation: the encoder is not tuned, and its own extractor prepares the samples,
    which the author's code gives as they are.
    """
    encoder.to(device)
    settings = {"encoder": encoder.content, "samples": samples, "filled": filled}

    def key(content: str) -> store.Key:
        return store.key(settings=settings, manifest=[content], modules=__name__)

    return keeping.rows(clips, key=key, measure=partial(_measured, encoder, samples, filled))


def _measured(
    encoder: Encoder, samples: int, filled: bool, clips: dict[str, Path | str]
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Content and frames of each clip, in place of frames a sentence that says why there are none."""
    names, step = list(clips), 1 if encoder.model.device.type == "cpu" else BATCH
    with tqdm(
        total=len(names), desc=f"{encoder.name} frames", unit="clip", delay=2, mininterval=1
    ) as bar:
        for start in range(0, len(names), step):
            good: dict[str, np.ndarray] = {}
            for content in names[start : start + step]:
                try:
                    good[content] = _prepared(encoder, clips[content], samples, filled)
                except audio.AudioError as error:
                    yield content, str(error)
            yield from zip(good, encoder.frames(list(good.values()), batch=step), strict=True)
            bar.update(min(step, len(names) - start))


def _prepared(encoder: Encoder, clip: Path | str, samples: int, filled: bool) -> np.ndarray:
    kept = trim(audio.read(clip))
    kept = fit(kept, length=samples) if filled else kept[:samples]
    try:
        encoder.check(kept)
    except EncoderError as error:
        raise audio.AudioError(f"{clip}: {error}") from error
    return kept
