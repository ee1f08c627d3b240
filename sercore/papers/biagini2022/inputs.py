"""What paper 03's models read of a clip, each row kept: spectrograms, cepstra, levels. A speech encoder's: ``loopq_frames``.

As run: silence trimmed at both ends, then cut at 5 s or filled with zeros to them, but for CNNATT, which reads any length; no
amplitude is normalised. Deviations: 16 kHz at once, where the code goes by 22,050 Hz; the mean of the channels, where it takes
the first.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from sercore import store
from sercore.augment.waveform import stretch_factor, stretched
from sercore.features import keeping
from sercore.features.length import fit, trim
from sercore.features.mel import COEFFICIENTS, DECIBELS, MelSettings, mel, mfcc

LEVELS = ("maximum", "minimum", "mean", "samples", "trimmed")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How long the inputs are, and how fine.

    Args:
        samples: of every clip but CNNATT's and HUBERTFT's (default 80,000: 5 s).
        longest: samples of HUBERTFT's clips at most (default 72,000: 4.5 s).
        mel: of the spectrogram that all start from.
        coefficients: of the cepstrum.
    """

    samples: int = 80_000
    longest: int = 72_000
    mel: MelSettings = DECIBELS
    coefficients: int = COEFFICIENTS

    @property
    def frames(self) -> int:
        """Frames of a filled clip: 313."""
        return 1 + self.samples // self.mel.hop


# The demo's inputs are 2 s in 40 bands, 32 ms apart, so that its trainings take seconds.
SHAPES = {
    "published": Shape(),
    "small": Shape(samples=32_768, longest=32_768, mel=MelSettings(hop=512, bands=40)),
}


def _mel(samples: np.ndarray, shape: Shape, draw: np.random.Generator) -> np.ndarray:
    return mel(fit(samples, length=shape.samples), settings=shape.mel)


def _linear(samples: np.ndarray, shape: Shape, draw: np.random.Generator) -> np.ndarray:
    return mel(fit(samples, length=shape.samples), settings=_changed(shape, decibels=False))


def _mfcc(samples: np.ndarray, shape: Shape, draw: np.random.Generator) -> np.ndarray:
    return mfcc(
        fit(samples, length=shape.samples), coefficients=shape.coefficients, settings=shape.mel
    )


def _no_floor(samples: np.ndarray, shape: Shape, draw: np.random.Generator) -> np.ndarray:
    return mfcc(
        fit(samples, length=shape.samples),
        coefficients=shape.coefficients,
        settings=_changed(shape, floor=None),
    )


def _free(samples: np.ndarray, shape: Shape, draw: np.random.Generator) -> np.ndarray:
    return mfcc(samples, coefficients=shape.coefficients, settings=shape.mel)


def _stretched(samples: np.ndarray, shape: Shape, draw: np.random.Generator) -> np.ndarray:
    return _mfcc(stretched(samples, factor=stretch_factor(draw)), shape, draw)


# Of the trimmed samples, the shape, and a generator that the clip's content seeds.
KINDS: dict[str, Callable[[np.ndarray, Shape, np.random.Generator], np.ndarray]] = {
    "mel": _mel,
    "mel, linear": _linear,
    "mfcc": _mfcc,
    "mfcc, no floor": _no_floor,
    "mfcc, free length": _free,
    "mfcc, stretched": _stretched,
}


def compute(
    kind: str, clips: Sequence[Path | str], *, shape: Shape, jobs: int | None = None
) -> list[np.ndarray]:
    """One kind of input of clips, each taken from the store or else made and kept there as soon as it is done.

    Args:
        kind: one of ``KINDS``: spectrogram in dB (80 dB under its maximum at least) or linear power; its cepstrum, the same
            without that floor, of the whole trimmed clip, or of the clip at another tempo, a factor of its own from 0.9 to 1.1.
        clips: audio files.
        shape: one of ``SHAPES``.
        jobs: processes that measure, 1 or more (default: one a core).

    Shape:
        - each row: ``(frames, bands)`` float32

    Raises:
        AudioError: a clip that cannot be read or is too short; the message names the file, and how many more there are.
        ValueError: no such kind.
    """
    if kind not in KINDS:
        raise ValueError(
            f"{kind}: no such input of paper 03; expected one of {'; '.join(KINDS)}. Check the spelling."
        )
    return _rows(
        partial(_input, kind, shape),
        {"kind": kind, "shape": asdict(shape)},
        clips,
        title=kind,
        jobs=jobs,
    )


def levels(clips: Sequence[Path | str], *, jobs: int | None = None) -> np.ndarray:
    """Largest and smallest sample, mean sample, samples before and after trimming of each clip: ``LEVELS``, kept likewise.

    Shape:
        - output: ``(clips, 5)`` float64

    Raises:
        AudioError: a clip that cannot be read; the message names the file, and how many more there are.
    """
    return np.array(_rows(_levels, {"kind": "levels"}, clips, title="levels", jobs=jobs)).reshape(
        len(clips), len(LEVELS)
    )


def _rows(
    measure: Callable, settings: dict, clips: Sequence[Path | str], *, title: str, jobs: int | None
) -> list[np.ndarray]:
    def key(content: str) -> store.Key:
        return store.key(settings=settings, manifest=[content], modules=__name__)

    return keeping.rows(
        clips, key=key, measure=partial(keeping.measure, measure, title=title, jobs=jobs, worth=20)
    )


def _input(kind: str, shape: Shape, samples: np.ndarray, content: str) -> np.ndarray:
    return KINDS[kind](trim(samples), shape, np.random.default_rng(int(content, 16)))


def _levels(samples: np.ndarray, content: str) -> np.ndarray:
    wide = samples.astype(np.float64)
    return np.array([wide.max(), wide.min(), wide.mean(), len(samples), len(trim(samples))])


def _changed(shape: Shape, **settings: object) -> MelSettings:
    return MelSettings(**asdict(shape.mel) | settings)
