"""What paper 02's network reads of a clip: 40 log mel bands every 10 ms, each band of a clip with mean 0 and variance 1."""

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
    """How a clip is read.

    Args:
        mel: bands (printed: 40), window (printed: 25 ms) and hop (printed: 10 ms); the transform of 512 samples, the scale in dB
            and its lowest value, a power of 1e-10, are ours.
        longest: samples of a clip at most, the rest is cut off (ours: 15 s).

    Source: Parry et al. 2022, section 4.
    """

    mel: MelSettings = LOG_MEL
    longest: int = 15 * RATE


FILTERBANK = Filterbank()


def compute(clips: Sequence[Path | str], *, jobs: int | None = None) -> list[np.ndarray]:
    """Normalised filterbanks of clips, each taken from the store or else made and kept there as soon as it is done.

    Args:
        clips: audio files.
        jobs: processes that measure, 1 or more (default: one a core).

    Shape:
        - each row: ``(frames, 40)`` float32, 1 + samples // 160 frames

    Raises:
        AudioError: a clip that cannot be read or is too short; the message names the file, and how many more there are.

    Source: Parry et al. 2022, section 4.
    """
    settings = {"filterbank": asdict(FILTERBANK)}

    def key(content: str) -> store.Key:
        return store.key(settings=settings, manifest=[content], modules=__name__)

    return keeping.rows(
        clips,
        key=key,
        measure=partial(keeping.measure, filterbank, title="filterbanks", jobs=jobs, worth=20),
    )


def filterbank(samples: np.ndarray, content: str = "") -> np.ndarray:
    """Normalised filterbank of one clip.

    Args:
        samples: one channel at 16 kHz, 257 samples or more.
        content: hash of the file, which is not read.

    Shape:
        - samples: ``(samples,)``
        - output: ``(frames, 40)`` float32
    """
    return normalised(mel(samples[: FILTERBANK.longest], settings=FILTERBANK.mel))


def normalised(frames: np.ndarray) -> np.ndarray:
    """Each band of a clip with mean 0 and variance 1; a band that never changes becomes 0.

    Shape:
        - frames, output: ``(frames, bands)``, the output float32

    Source: Parry et al. 2022, section 4: utterances are normalised. By band is our reading.
    """
    wide = frames.astype(np.float64)
    centred = wide - wide.mean(axis=0)
    spread = centred.std(axis=0)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-6).astype(
        np.float32
    )
