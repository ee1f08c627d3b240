"""Time stretching of a clip: another tempo, the same pitch.

The report describes a factor for each clip; its code draws one for the whole data set. Either is the caller's: call
``stretch_factor`` once for each clip, or once.
"""

import numpy as np

SLOWEST, FASTEST = 0.9, 1.1  # tempo, as published


def stretch_factor(generator: np.random.Generator) -> float:
    """Tempo factor, uniform on 0.9 to 1.1.

    Args:
        generator: of the random number.

    Source: Biagini 2022, section 3.6; the range is his public code's.
    """
    return float(generator.uniform(SLOWEST, FASTEST))


def stretched(samples: np.ndarray, *, factor: float) -> np.ndarray:
    """Clip at another tempo, by a phase vocoder with frames of 2048 samples.

    Args:
        samples: one channel, float32 or float64, at least 2048 samples.
        factor: of the tempo, 0.5 to 2: above 1 is faster, hence shorter. 1 changes nothing.

    Shape:
        - samples: ``(samples,)``
        - output: ``(round(samples / factor),)``

    Returns:
        A copy, of the same type.

    Raises:
        ValueError: a factor out of range, a clip shorter than a frame, or not one channel.

    Source: Biagini 2022, section 3.6 (time stretching); librosa's ``time_stretch``.
    """
    if not 0.5 <= factor <= 2:
        raise ValueError(
            f"factor={factor:g}: expected 0.5 to 2; beyond that the vocoder's echoes cover the voice. Take 0.9 to 1.1."
        )
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; expected one channel, (samples,). Average the channels first."
        )
    if len(samples) < 2048:
        raise ValueError(
            f"{len(samples)} samples; stretching needs at least 2048. Leave the clip as it is, or remove it."
        )
    if factor == 1:
        return samples.copy()
    from librosa.effects import time_stretch

    return time_stretch(samples, rate=factor)
