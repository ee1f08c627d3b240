"""Praat's objects and commands; Praat is loaded at the first call."""

from typing import Any

import numpy as np


def sound(samples: np.ndarray, *, rate: int) -> Any:
    """Make a Praat Sound of ``(samples,)`` at a rate in Hz."""
    import parselmouth

    return parselmouth.Sound(np.asarray(samples, dtype=np.float64), float(rate))


def call(objects: Any, command: str, *arguments: object) -> Any:
    """Call a menu command of Praat: the result is an object, or a number, NaN if undefined."""
    from parselmouth.praat import call as command_of_praat

    return command_of_praat(objects, command, *arguments)


def long_enough(samples: np.ndarray, *, rate: int, seconds: float) -> None:
    """Refuse a clip that is too short for Praat, which would fail later, or crash.

    Raises:
        ValueError: the clip is shorter than ``seconds``, or has several channels.
    """
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; features need one channel, (samples,). Average "
            "the channels first."
        )
    duration = len(samples) / rate
    if duration < seconds:
        amount = f"{len(samples)} samples in {duration:.5f} s"
        if not len(samples):
            amount = "no sample in 0.0 s"
        raise ValueError(
            f"{amount} of audio; features need at least {seconds:.5f} s. Remove the file or "
            "record it again."
        )
