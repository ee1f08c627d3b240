"""Statistics of a clip's frames, which describe clips of any length by equally many values."""

import numpy as np


def mean_and_deviation(frames: np.ndarray) -> np.ndarray:
    """Describe a clip by the mean and the standard deviation of each value over its frames.

    Shape:
        - frames: ``(frames, width)``, one frame or more
        - output: ``(2 * width,)`` in their precision, the means first
    """
    return np.concatenate([frames.mean(0), frames.std(0)])
