"""Time stretching: another tempo, the same pitch (Biagini 2022).

The report describes a factor for each clip; its code draws one for the whole data set.
"""

import numpy as np

SLOWEST, FASTEST = 0.9, 1.1  # tempo, as published


def stretch_factor(generator: np.random.Generator) -> float:
    """Draw a tempo factor, uniform on 0.9 to 1.1.

    Source: Biagini 2022, section 3.6; the range is his public code's.
    """
    return float(generator.uniform(SLOWEST, FASTEST))


def stretched(samples: np.ndarray, *, factor: float) -> np.ndarray:
    """Change the tempo of a clip by a phase vocoder with frames of 2048 samples.

    A factor above 1, of 0.5 to 2, is faster, hence shorter.

    Shape:
        - samples: ``(samples,)`` float32 or float64, 2048 samples or more
        - output: ``(round(samples / factor),)``, a copy of the same type

    Raises:
        ValueError: the factor is out of range, or the clip is shorter than a frame or has several
            channels.

    Source: Biagini 2022, section 3.6 (time stretching); librosa's ``time_stretch``.
    """
    if not 0.5 <= factor <= 2:
        raise ValueError(
            f"factor={factor:g}: expected 0.5 to 2; beyond that the vocoder's echoes cover the "
            "voice. Take 0.9 to 1.1."
        )
    if samples.ndim != 1:
        raise ValueError(
            f"samples of shape {samples.shape}; expected one channel, (samples,). Average the "
            "channels first."
        )
    if len(samples) < 2048:
        raise ValueError(
            f"{len(samples)} samples; stretching needs at least 2048. Leave the clip as it is, or "
            "remove it."
        )
    if factor == 1:
        return samples.copy()
    from librosa.effects import time_stretch

    return time_stretch(samples, rate=factor)
