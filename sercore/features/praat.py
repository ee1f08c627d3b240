"""Praat's objects and commands, loaded at the first call: names of features are needed where Praat is not installed."""

from typing import Any

import numpy as np


def sound(samples: np.ndarray, *, rate: int) -> Any:
    """Praat's Sound of one channel.

    Args:
        samples: ``(samples,)``, any real type.
        rate: samples a second, in Hz.
    """
    import parselmouth

    return parselmouth.Sound(np.asarray(samples, dtype=np.float64), float(rate))


def call(objects: Any, command: str, *arguments: object) -> Any:
    """Result of one of Praat's menu commands: an object, or a number that is NaN where Praat says undefined."""
    from parselmouth.praat import call as command_of_praat

    return command_of_praat(objects, command, *arguments)


def long_enough(samples: np.ndarray, *, rate: int, seconds: float) -> None:
    """Refuse a clip that is shorter than what the features need; Praat would refuse it later, or crash.

    Raises:
        ValueError: it is shorter than ``seconds``.
    """
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; features need one channel, (samples,). Average the channels first."
        )
    found = len(samples) / rate
    if found < seconds:
        amount = (
            "no sample in 0.0 s" if not len(samples) else f"{len(samples)} samples in {found:.5f} s"
        )
        raise ValueError(
            f"{amount} of audio; features need at least {seconds:.5f} s. Remove the file or record it again."
        )
