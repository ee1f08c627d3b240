"""Praat's Change gender with the parameters of Alves et al. 2022, section 2.2: seeded, each call bounded in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from sercore import audio, process, store

SECONDS = 60.0  # the longest one call may take; Change gender never returns for some arguments


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """Arguments of Praat's Change gender.

    Args:
        formants: formant shift ratio, 0.5 to 2.
        median: new pitch median in Hz, 0 (unchanged) or 40 to 500.
        spread: pitch range factor, 0 to 2 (default 1, as published); above 2 Praat may never return.
        duration: duration factor, 0.1 to 3 (default 1, as published).
        floor: pitch floor in Hz (default 75, as published).
        ceiling: pitch ceiling in Hz (default 600, as published).
    """

    formants: float
    median: float
    spread: float = 1.0
    duration: float = 1.0
    floor: float = 75.0
    ceiling: float = 600.0

    def __post_init__(self):
        for name, low, high in (("formants", 0.5, 2), ("spread", 0, 2), ("duration", 0.1, 3)):
            if not low <= (value := getattr(self, name)) <= high:
                raise ValueError(
                    f"{name}={value:g}: expected {low} to {high}; beyond that Change gender fails or never returns."
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
    """Voice with shifted formants and pitch; call it through ``converted``, which bounds its time.

    Args:
        samples: ``(samples,)`` in [-1, 1].
        conversion: what to change.
        seed: of Praat's random numbers (0 to 2**31 - 1, default 0).
        rate: samples a second, in Hz (default 16,000).

    Returns:
        ``(samples,)`` float64.

    Source: Alves et al. 2022, section 2.2, "Praat's Change gender".
    """
    import parselmouth

    parselmouth.praat.run(f"random_initializeWithSeedUnsafelyButPredictably ({seed})")
    sound = parselmouth.Sound(samples.astype(np.float64), rate)
    arguments = (
        conversion.floor,
        conversion.ceiling,
        conversion.formants,
        conversion.median,
        conversion.spread,
        conversion.duration,
    )
    return parselmouth.praat.call(sound, "Change gender", *arguments).values[0]


def converted(
    clips: Sequence[Path], conversions: Sequence[Conversion], *, seed: int = 0
) -> list[Path | process.CallError]:
    """16-bit WAV copies of clips, kept in the store; a clip that Praat cannot convert gives the error instead.

    Args:
        clips: audio files.
        conversions: one for each clip.
        seed: of Praat's random numbers, the same for each clip (default 0).
    """
    keys = [
        store.key(
            settings={"conversion": each, "seed": seed},
            manifest=[store.content(clip)],
            modules="sercore.augment.voice",
        )
        for clip, each in zip(clips, conversions, strict=True)
    ]
    left = [index for index, key in enumerate(keys) if store.kept("voices", key, ".wav") is None]
    calls = [(str(clips[index]), conversions[index], seed) for index in left]
    answers = dict(
        zip(
            left,
            process.isolated_each(_wav, calls, seconds=SECONDS, title="change gender"),
            strict=True,
        )
    )
    places: list[Path | process.CallError] = []
    for index, key in enumerate(keys):
        answer = answers.get(index)
        if isinstance(answer, bytes):
            store.keep("voices", key, answer, ".wav")
        places.append(
            answer if isinstance(answer, process.CallError) else store.path("voices", key, ".wav")
        )
    return places


def _wav(clip: str, conversion: Conversion, seed: int) -> bytes:
    changed = change_gender(audio.read(clip), conversion=conversion, seed=seed)
    file = BytesIO()
    soundfile.write(file, changed, audio.RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()
