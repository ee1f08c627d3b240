"""Mean and standard deviation of a clip's frames."""

import numpy as np
import pytest

from sercore.features.statistics import mean_and_deviation


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_means_come_first_in_the_frames_precision(kind):
    frames = np.array([[1, 10], [3, 10], [5, 10]], kind)
    described = mean_and_deviation(frames)
    np.testing.assert_allclose(described, [3, 10, np.sqrt(8 / 3), 0], rtol=1e-6)
    assert described.dtype == kind


def test_a_repeated_clip_is_described_alike():
    frames = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(
        mean_and_deviation(np.tile(frames, (3, 1))), mean_and_deviation(frames)
    )
