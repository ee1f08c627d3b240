"""What paper 03's models read of a clip: spectrograms, cepstra, samples, encoder frames.

As run: silence is trimmed at both ends, then a clip is cut at 5 s or filled with zeros to them, but
for CNNATT, which reads any length, and HUBERTFT, which reads up to 4.5 s; no amplitude is
normalised. Deviations: 16 kHz at once, where the code goes by 22,050 Hz; the mean of the channels,
where it takes the first.

An ``AudioError`` names a clip that cannot be read or is too short, and says how many more there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from torch import Tensor

from sercore import audio, store
from sercore.augment.waveform import stretch_factor, stretched
from sercore.encoders import Encoder, EncoderError
from sercore.features import keeping
from sercore.features.keeping import Extractor
from sercore.features.length import fit, trim
from sercore.features.mel import COEFFICIENTS, DECIBELS, MelSettings, mel, mfcc
from sercore.progress import Progress
from sercore.training.batching import Ragged

LEVELS = ("maximum", "minimum", "mean", "samples", "trimmed")
FREE, STRETCHED = "mfcc, free length", "mfcc, stretched"
KINDS = ("mel", "mel, linear", "mfcc", "mfcc, no floor", FREE, STRETCHED)
FRAMES = {"frames": False, "frames, filled": True}  # whether clips are filled to their full length
WAVEFORMS = {"waveform": False, "waveform, filled": True}  # likewise
BATCH = 16  # clips that run at once on a GPU; on a CPU one clip at a time is as fast


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How long the inputs are, and how fine.

    Args:
        samples: length of every clip but CNNATT's and HUBERTFT's: 5 s.
        longest: largest length of HUBERTFT's clips: 4.5 s.
        mel: settings of the spectrogram that all start from.
        coefficients: number of cepstral coefficients.
    """

    samples: int = 80_000
    longest: int = 72_000
    mel: MelSettings = DECIBELS
    coefficients: int = COEFFICIENTS

    @property
    def frames(self) -> int:
        """Frames of a filled clip: 313."""
        return 1 + self.samples // self.mel.hop


SHAPES = {
    "published": Shape(),
    # The demo's inputs are 2 s in 40 bands, 32 ms apart, so that its trainings take seconds.
    "small": Shape(samples=32_768, longest=32_768, mel=MelSettings(hop=512, bands=40)),
}


@dataclass(frozen=True)
class Inputs(Ragged):
    """One kind of input of all clips.

    Args:
        values: ``(frames of all clips, width)`` float32.
        starts: ``(clips + 1,)`` first frame of each clip, and the end.
        valid: ``(clips,)`` number of frames before the zeros that fill a clip.
    """

    valid: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[np.ndarray], valid: Sequence[int] | None = None) -> "Inputs":
        """Join inputs of ``(frames, width)``, one a clip; all frames are valid by default."""
        sizes = [len(row) for row in rows]
        valid = sizes if valid is None else valid
        return cls(np.concatenate(rows), np.cumsum([0, *sizes]), np.asarray(valid, np.int64))

    @cached_property
    def free(self) -> bool:
        """Whether clips have unequal lengths."""
        return len(set(self.sizes.tolist())) > 1

    def mean(self, rows: np.ndarray) -> np.ndarray:
        """Return the mean of these clips' frames, filled ones included: ``(width,)``."""
        sums = np.add.reduceat(self.values, self.starts[:-1], axis=0, dtype=np.float64)
        return (sums[rows].sum(0) / self.sizes[rows].sum()).astype(np.float32)


class Waveforms(Inputs):
    """Samples of all clips, ``(samples of all clips, 1)``; a network takes ``(batch, samples)``."""

    def batch(self, rows: np.ndarray) -> Tensor:
        """Return these clips with zeros behind the shorter ones: ``(batch, longest)``."""
        return super().batch(rows)[..., 0]


def extractors() -> list[list[str]]:
    """Name and key (code, library versions) of what makes the inputs."""
    return [["inputs", store.key(settings={}, manifest=[], modules=__name__).hex]]


def spectrogram(kind: str, samples: np.ndarray, shape: Shape, *, seed: int = 0) -> np.ndarray:
    """Compute one of ``KINDS`` of a trimmed clip, ``(frames, bands)`` float32.

    It is a spectrogram in dB, 80 dB under its maximum at least, or in linear power; the cepstrum of
    the former, the same without that floor, of the whole clip, or of the clip at another tempo, by
    a factor from 0.9 to 1.1 that the seed draws.
    """
    settings = shape.mel
    if kind == STRETCHED:
        samples = stretched(samples, factor=stretch_factor(np.random.default_rng(seed)))
    if kind != FREE:
        samples = fit(samples, length=shape.samples)
    if kind == "mel, linear":
        settings = replace(settings, decibels=False)
    elif kind == "mfcc, no floor":
        settings = replace(settings, floor=None)
    if kind.startswith("mel"):
        return mel(samples, settings=settings)
    return mfcc(samples, coefficients=shape.coefficients, settings=settings)


def spectrograms(
    kind: str, paths: Sequence[Path | str], *, shape: Shape, jobs: int | None = None
) -> list[np.ndarray]:
    """Compute ``spectrogram`` of many clips; the content of a clip is its seed."""
    if kind not in KINDS:
        raise ValueError(
            f"{kind}: no such input of paper 03; expected one of {'; '.join(KINDS)}. Check the"
            " spelling."
        )
    settings = {"kind": kind, "shape": asdict(shape)}
    function = partial(_spectrogram, kind, shape)
    return Extractor(title=kind, function=function, settings=settings).rows(paths, jobs=jobs)


def levels(paths: Sequence[Path | str]) -> np.ndarray:
    """Measure the ``LEVELS`` of clips before any trimming: ``(clips, 5)`` float64."""
    rows = Extractor(title="levels", function=_levels, settings={"kind": "levels"}).rows(paths)
    return np.array(rows).reshape(len(paths), len(LEVELS))


def waveforms(
    kind: str, paths: Sequence[Path | str], *, shape: Shape, jobs: int | None = None
) -> Waveforms:
    """Read trimmed samples: up to 4.5 s for HUBERTFT, or exactly 5 s, "filled", for MMFUSION.

    Source: Biagini 2022, sections 3.4 and 3.5; no amplitude is normalised, as in the author's code.
    """
    longest = max(shape.longest, shape.samples)
    trimmed = partial(_trimmed, longest)
    kept = Extractor(title="waveforms", function=trimmed, settings={"longest": longest})
    rows = kept.rows(paths, jobs=jobs)
    if WAVEFORMS[kind]:
        return Waveforms.of([fit(row[:, 0], length=shape.samples)[:, None] for row in rows])
    return Waveforms.of([row[: shape.longest] for row in rows])


def _key(settings: dict, content: str) -> store.Key:
    return store.key(settings=settings, manifest=[content], modules=__name__)


def _spectrogram(kind: str, shape: Shape, samples: np.ndarray, content: str) -> np.ndarray:
    return spectrogram(kind, trim(samples), shape, seed=int(content, 16))


def _levels(samples: np.ndarray, content: str) -> np.ndarray:
    wide = samples.astype(np.float64)
    return np.array([wide.max(), wide.min(), wide.mean(), len(samples), len(trim(samples))])


def _trimmed(longest: int, samples: np.ndarray, content: str) -> np.ndarray:
    return trim(samples)[:longest, None].astype(np.float32)


def encoder_frames(
    kind: str, encoder: Encoder, paths: Sequence[Path | str], *, shape: Shape, device: str = "auto"
) -> list[np.ndarray]:
    """Compute the last-layer frames of a frozen speech encoder, ``(frames, width)`` float32 a clip.

    Clips are cut at 4.5 s for HUBERTFT, or exactly 5 s long, "filled", for MMFUSION.

    Source: Biagini 2022, sections 3.4 and 3.5. Deviation: the encoder is not tuned, and its own
    extractor prepares the samples, which the author's code gives as they are.
    """
    encoder.to(device)
    is_filled = FRAMES[kind]
    samples = shape.samples if is_filled else shape.longest
    settings = {"encoder": encoder.content, "samples": samples, "filled": is_filled}
    measure = partial(_measured_frames, encoder, samples, is_filled)
    return keeping.rows(paths, key=partial(_key, settings), measure=measure)


def _measured_frames(
    encoder: Encoder, samples: int, is_filled: bool, paths: dict[str, Path | str]
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Yield content and frames of each clip, or a sentence that says why it has none."""
    contents, step = list(paths), 1 if encoder.model.device.type == "cpu" else BATCH
    with Progress(total=len(contents), title=f"{encoder.name} frames", unit="clip") as bar:
        for start in range(0, len(contents), step):
            batch: dict[str, np.ndarray] = {}
            for content in contents[start : start + step]:
                try:
                    batch[content] = _prepared(encoder, paths[content], samples, is_filled)
                except audio.AudioError as error:
                    yield content, str(error)
            yield from zip(batch, encoder.frames(list(batch.values()), batch=step), strict=True)
            bar.update(min(step, len(contents) - start))


def _prepared(encoder: Encoder, path: Path | str, samples: int, is_filled: bool) -> np.ndarray:
    clip = trim(audio.read(path))
    clip = fit(clip, length=samples) if is_filled else clip[:samples]
    try:
        encoder.check(clip)
    except EncoderError as error:
        raise audio.AudioError(f"{path}: {error}") from error
    return clip
