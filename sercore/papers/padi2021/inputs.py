"""What paper 04's network reads of a clip: 128 log mel bands every 10 ms, and how they are normalised."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from sercore import store
from sercore.features import keeping
from sercore.features.mel import MelSettings, mel

# A transform of 1024 samples: with 512 some of the 128 bands would hold no frequency.
MEL = MelSettings(
    fft=1024, window=400, hop=160, bands=128, lowest=20, highest=7600, decibels=False, floor=None
)
FLOOR = 1e-6  # of a band's power, before the natural logarithm
LEAST = 1e-5  # of a band's standard deviation
QUIET = 30.0  # dB under a clip's loudest frame
FRAMES_A_SECOND = 100


def compute(clips: Sequence[Path | str], *, jobs: int | None = None) -> list[np.ndarray]:
    """Log-mel spectrograms of clips, not normalised, each taken from the store or else made and kept there as soon as it is done.

    Args:
        clips: audio files.
        jobs: processes that measure, 1 or more (default: one a core).

    Shape:
        - each row: ``(frames, 128)`` float32, 1 + samples // 160 frames

    Raises:
        AudioError: a clip that cannot be read or is too short; the message names the file, and how many more there are.

    Source: Padi et al. 2021, section 4.2.
    """
    settings = {"mel": asdict(MEL), "floor": FLOOR}

    def key(content: str) -> store.Key:
        return store.key(settings=settings, manifest=[content], modules=__name__)

    return keeping.rows(
        clips,
        key=key,
        measure=partial(keeping.measure, log_mel, title="spectrograms", jobs=jobs, worth=20),
    )


def log_mel(
    samples: np.ndarray, content: str = "", *, settings: MelSettings = MEL, floor: float = FLOOR
) -> np.ndarray:
    """Log-mel spectrogram of one clip, not normalised.

    Args:
        samples: one channel at 16 kHz, 513 samples or more.
        content: hash of the file, which is not read.
        settings: of the power spectrogram (default ``MEL``).
        floor: of a band's power (default 1e-6).

    Shape:
        - samples: ``(samples,)``
        - output: ``(frames, 128)`` float32

    Source: Padi et al. 2021, section 4.2: 128 bands, 25 ms every 10 ms; window, band edges and floor are ours.
    """
    return np.log(np.maximum(mel(samples, settings=settings), floor)).astype(np.float32)


def heard(frames: np.ndarray, *, quiet: float = QUIET) -> np.ndarray:
    """Frames near a clip's loudest in level: voice activity by energy, ``(frames kept, bands)``.

    Args:
        frames: ``(frames, bands)``, not normalised.
        quiet: dB under the loudest frame, from which on a frame is left out (default 30).

    Source: Padi et al. 2021, section 4.2, footnote, where voice activity detection was tried and found to hurt; how is ours.
    """
    level = 10 * np.log10(np.exp(frames.astype(np.float64)).sum(axis=1))  # dB
    return frames[level > level.max() - quiet]


def statistics(
    clips: Sequence[np.ndarray], *, least: float = LEAST
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each band over all frames of these clips, ``(bands,)`` each, the latter ``least`` or more."""
    count = sum(len(clip) for clip in clips)
    mean = sum(clip.sum(axis=0, dtype=np.float64) for clip in clips) / count
    square = sum(np.square(clip - mean).sum(axis=0) for clip in clips) / count
    return mean, np.maximum(np.sqrt(square), least)


def normalised(
    clips: Sequence[np.ndarray], groups: Sequence[str] | None = None, *, least: float = LEAST
) -> list[np.ndarray]:
    """Clips whose bands have mean 0 and variance 1: in each clip by itself, or over the clips of a group.

    Args:
        clips: ``(frames, bands)`` each.
        groups: conversation of each clip; None (the default) for each clip by itself, as the paper does.
        least: that a band's standard deviation counts as (default 1e-5).

    Shape:
        - output: as the clips, float32

    Source: Padi et al. 2021, section 4.2; by band is our reading.
    """
    names = (
        np.arange(len(clips))
        if groups is None
        else np.unique(np.asarray(groups), return_inverse=True)[1]
    )
    found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for name in np.unique(names):
        found[int(name)] = statistics(
            [clips[row] for row in np.flatnonzero(names == name)], least=least
        )
    return [
        ((clip - found[int(name)][0]) / found[int(name)][1]).astype(np.float32)
        for clip, name in zip(clips, names, strict=True)
    ]
