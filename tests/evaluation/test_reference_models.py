"""Reference models: their statistics worked out another way, and what is fitted on what."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sercore.evaluation.reference import (
    CLASSIFIERS,
    PERCENTILES,
    clip_statistics,
    reference_model,
    standardised,
)

NUMBERS = st.floats(-50, 50, width=32)


@settings(max_examples=40)
@given(
    frames=arrays(np.float32, st.tuples(st.integers(2, 30), st.integers(1, 5)), elements=NUMBERS)
)
def test_statistics_are_order_statistics_and_the_size_of_the_steps(frames):
    bands = frames.shape[1]
    values = clip_statistics(frames).reshape(len(PERCENTILES) + 1, bands)
    for band in range(bands):
        column = sorted(float(value) for value in frames[:, band])
        for at, percent in enumerate(PERCENTILES):
            place = percent / 100 * (len(column) - 1)
            low = int(place)
            high = min(low + 1, len(column) - 1)
            expected = column[low] + (place - low) * (column[high] - column[low])
            assert values[at, band] == pytest.approx(expected, abs=1e-4)
        steps = [
            float(b) - float(a) for a, b in zip(frames[:-1, band], frames[1:, band], strict=True)
        ]
        size = (sum(step**2 for step in steps) / len(steps)) ** 0.5
        assert values[-1, band] == pytest.approx(size, abs=1e-4)


def test_the_networks_forty_bands_give_240():
    assert clip_statistics(np.zeros((3, 40))).shape == (240,)


def test_a_clip_of_one_frame_is_refused():
    with pytest.raises(ValueError, match="a clip has 1 frames; its change needs at least 2"):
        clip_statistics(np.zeros((1, 40)))


@settings(max_examples=40)
@given(
    features=arrays(np.float64, (12, 3), elements=NUMBERS, unique=True),
    groups=st.lists(st.sampled_from("ab"), min_size=12, max_size=12),
)
def test_each_group_has_mean_0_and_variance_1_of_its_own(features, groups):
    scaled, names = standardised(features, groups), np.array(groups)
    for name in set(groups):
        rows = names == name
        assert np.allclose(scaled[rows].mean(0), 0, atol=1e-6)
        if rows.sum() > 1:
            assert np.allclose(scaled[rows].std(0), 1)
        alone = standardised(features[rows], names[rows])
        assert np.allclose(scaled[rows], alone)  # no other group has a part in it


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_model_learns_its_training_rows_alone_and_scales_by_them(name):
    draw = np.random.default_rng(0)
    classes = np.repeat([0, 1, 2], [60, 20, 20])
    features = 50 + 9 * (draw.normal(size=(100, 4)) + 3 * np.eye(4)[classes])
    model = reference_model(name).fit(features, classes)
    assert np.allclose(model[0].mean_, features.mean(0))
    assert (model.predict(features) == classes).mean() > 0.9
    weight = model[1].class_weight
    assert weight == ("balanced" if name.endswith("balanced") else None)


def test_another_model_is_refused():
    with pytest.raises(
        ValueError, match="forest: no such reference model; expected one of logistic"
    ):
        reference_model("forest")
