"""The samples that a tuned speech encoder reads of a clip, each clip's kept: for HUBERTFT and MMFUSION trained as published."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from sercore import store
from sercore.features import keeping
from sercore.features.length import fit, trim
from sercore.papers.biagini2022.batches import Inputs
from sercore.papers.biagini2022.inputs import Shape

KINDS = {
    "waveform": False,
    "waveform, filled": True,
}  # inputs of a network, and whether clips are filled up to their full length


class Waveforms(Inputs):
    """Samples of all clips, one clip's behind the other's, ``(samples of all clips, 1)``; a network takes ``(batch, samples)``."""

    def batch(self, rows: np.ndarray) -> Tensor:
        """These clips, zeros behind the shorter ones: ``(batch, longest)``."""
        return super().batch(rows)[..., 0]


def compute(
    kind: str, clips: Sequence[Path | str], *, shape: Shape, jobs: int | None = None
) -> Waveforms:
    """Samples of clips at 16 kHz as they were read, trimmed at both ends, from the store or else read and kept there.

    Args:
        kind: one of ``KINDS``: cut at ``shape.longest`` samples, as HUBERTFT reads them, or of exactly ``shape.samples``, cut or
            filled with zeros, as MMFUSION does. Both are made of the same kept samples.
        clips: audio files.
        shape: one of ``loopq_inputs.SHAPES``.
        jobs: processes that read, 1 or more (default: one a core).

    Raises:
        AudioError: a clip that cannot be read; the message names the file, and how many more there are.

    Source: Biagini 2022, sections 3.4 and 3.5; no amplitude is normalised, as in the author's code.
    """
    longest = max(shape.longest, shape.samples)

    def key(content: str) -> store.Key:
        return store.key(settings={"longest": longest}, manifest=[content], modules=__name__)

    measure = partial(
        keeping.measure, partial(_trimmed, longest), title="waveforms", jobs=jobs, worth=20
    )
    kept = keeping.rows(clips, key=key, measure=measure)
    filled = KINDS[kind]
    return Waveforms.of(
        [
            fit(row[:, 0], length=shape.samples)[:, None] if filled else row[: shape.longest]
            for row in kept
        ]
    )


def _trimmed(longest: int, samples: np.ndarray, content: str) -> np.ndarray:
    return trim(samples)[:longest, None].astype(np.float32)
