"""Input of the network: 40 log mel bands every 10 ms, each with mean 0 and variance 1 in its clip.

The key of kept inputs follows what this module imports, so corpora and protocols stay out of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from sercore import store
from sercore.audio import RATE
from sercore.features import keeping
from sercore.features.mel import MelSettings, mel

LOG_MEL = MelSettings(fft=512, window=400, hop=160, bands=40, floor=None)


@dataclass(frozen=True, kw_only=True)
class Filterbank:
    """Settings of the input.

    Args:
        mel: 40 bands, a window of 25 ms and a hop of 10 ms, as printed; the transform of 512
            samples, the scale in dB and its lowest value, a power of 1e-10, are ours.
        longest: largest number of samples; the rest of a clip is cut off (ours: 15 s).

    Source: Parry et al. 2022, section 4.
    """

    mel: MelSettings = LOG_MEL
    longest: int = 15 * RATE


FILTERBANK = Filterbank()


def compute(clips: Sequence[Path | str], *, jobs: int | None = None) -> list[np.ndarray]:
    """Return the normalised filterbanks of clips, ``(frames, 40)`` float32 each.

    Each is taken from the store, or made and kept there as soon as it is done.

    Args:
        clips: audio files.
        jobs: number of processes (default: one a core).

    Raises:
        AudioError: a clip cannot be read or is too short; the message names the file.
    """
    settings = {"filterbank": asdict(FILTERBANK)}

    def key(content: str) -> store.Key:
        return store.key(settings=settings, manifest=[content], modules=__name__)

    measure_clips = partial(keeping.measure, filterbank, title="filterbanks", jobs=jobs, worth=20)
    return keeping.rows(clips, key=key, measure=measure_clips)


def filterbank(samples: np.ndarray, content: str = "") -> np.ndarray:
    """Return the normalised filterbank of one clip; the hash of its content is not used.

    Shape:
        - samples: ``(samples,)`` at 16 kHz, 257 or more
        - output: ``(frames, 40)`` float32, 1 + samples // 160 frames
    """
    return normalised(mel(samples[: FILTERBANK.longest], settings=FILTERBANK.mel))


def normalised(frames: np.ndarray) -> np.ndarray:
    """Give each band of a clip mean 0 and variance 1; a band that never changes becomes 0.

    Source: Parry et al. 2022, section 4: utterances are normalised. By band is our reading.
    """
    wide = frames.astype(np.float64)
    centred = wide - wide.mean(axis=0)
    spread = centred.std(axis=0)
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-6)
    return scaled.astype(np.float32)


def extractors() -> list[list[str]]:
    """Return name and key of what makes the inputs: code and library versions."""
    return [["filterbanks", store.key(settings={}, manifest=[], modules=__name__).hex]]
