"""Praat's Change gender, seeded and bounded in time (Alves et al. 2022, section 2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from sercore import audio, process, store

SECONDS = 60.0  # longest time of one call; Change gender never returns for some arguments


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """Arguments of Praat's Change gender; the defaults are the published values."""

    formants: float  # shift ratio, 0.5 to 2
    median: float  # Hz: new pitch median, 0 (unchanged) or 40 to 500
    spread: float = 1.0  # pitch range factor, 0 to 2; above 2 Praat may never return
    duration: float = 1.0  # factor, 0.1 to 3
    floor: float = 75.0  # Hz: of the pitch
    ceiling: float = 600.0  # Hz: of the pitch

    def __post_init__(self):
        for name, low, high in (("formants", 0.5, 2), ("spread", 0, 2), ("duration", 0.1, 3)):
            if not low <= (value := getattr(self, name)) <= high:
                raise ValueError(
                    f"{name}={value:g}: expected {low} to {high}; beyond that Change gender fails "
                    "or never returns."
                )
        if self.median and not 40 <= self.median <= 500:
            raise ValueError(
                f"median={self.median:g}: expected 0 or 40 to 500 Hz; choose a human voice's pitch."
            )


# The values that most files got; which files got others is not published (section 2.2).
TO_FEMALE = Conversion(formants=1.1, median=300.0)
TO_MALE = Conversion(formants=0.8, median=140.0)


def change_gender(
    samples: np.ndarray, *, conversion: Conversion, seed: int = 0, rate: int = audio.RATE
) -> np.ndarray:
    """Shift a voice's formants and pitch; call it through ``converted``, which bounds its time.

    ``seed`` is that of Praat's random numbers, 0 to 2**31 - 1.

    Shape:
        - samples: ``(samples,)`` in [-1, 1]; output: ``(samples,)`` float64

    Source: Alves et al. 2022, section 2.2, "Praat's Change gender".
    """
    import parselmouth

    parselmouth.praat.run(f"random_initializeWithSeedUnsafelyButPredictably ({seed})")
    sound = parselmouth.Sound(samples.astype(np.float64), rate)
    pitch = (conversion.floor, conversion.ceiling)
    change = (conversion.formants, conversion.median, conversion.spread, conversion.duration)
    return parselmouth.praat.call(sound, "Change gender", *pitch, *change).values[0]


def converted(
    clips: Sequence[Path], conversions: Sequence[Conversion], *, seed: int = 0
) -> list[Path | process.CallError]:
    """Convert clips to 16-bit WAV files in the store, all with one seed.

    Each gives the path of its file, or the error where Praat cannot convert it.
    """
    keys = []
    for clip, conversion in zip(clips, conversions, strict=True):
        settings, manifest = {"conversion": conversion, "seed": seed}, [store.content(clip)]
        key = store.key(settings=settings, manifest=manifest, modules="sercore.augment.voice")
        keys.append(key)
    left = [index for index, key in enumerate(keys) if store.kept("voices", key, ".wav") is None]
    calls = [(str(clips[index]), conversions[index], seed) for index in left]
    answers = process.isolated_each(_wav, calls, seconds=SECONDS, title="change gender")
    files: list[Path | process.CallError] = [store.path("voices", key, ".wav") for key in keys]
    for index, answer in zip(left, answers, strict=True):
        if isinstance(answer, bytes):
            store.keep("voices", keys[index], answer, ".wav")
        elif isinstance(answer, process.CallError):
            files[index] = answer
    return files


def _wav(clip: str, conversion: Conversion, seed: int) -> bytes:
    changed = change_gender(audio.read(clip), conversion=conversion, seed=seed)
    file = BytesIO()
    soundfile.write(file, changed, audio.RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()
