"""The 56 prosodic features: the authors' displayed values, Praat called by hand, closed forms, known signals."""

from contextlib import nullcontext as does_not_raise

import numpy as np
import parselmouth
import pytest
from known_signals import FORMANTS, RATE, odd_signals, tone
from parselmouth.praat import call

from sercore.features.names import GROUPS, NAMES, SUBSETS
from sercore.features.prosodic import MINIMUM, prosodic

MEASURED: dict[str, dict[str, float]] = {}


def named(samples, **options) -> dict[str, float]:
    return dict(zip(NAMES, prosodic(samples, **options), strict=True))


@pytest.fixture
def values(clip, reference) -> dict[str, float]:
    """Features of one of the eight clips, measured once."""
    if reference not in MEASURED:
        MEASURED[reference] = named(clip, as_run=True)
    return MEASURED[reference]


def test_there_are_56_names_in_six_groups():
    assert len(NAMES) == len(set(NAMES)) == 56
    assert [len(names) for names in GROUPS.values()] == [13, 9, 10, 10, 10, 4]
    assert {name for names in GROUPS.values() for name in names} == set(NAMES)
    assert (NAMES[0], NAMES[11], NAMES[28], NAMES[41], NAMES[55]) == (
        *("local_jitter", "voiced_fraction", "min_gne", "central_moment_spectrum", "vtl_delta_f"),
    )


def test_a_subset_is_named_by_its_size():
    assert all(
        len(set(names)) == int(size) and set(names) <= set(NAMES) for size, names in SUBSETS.items()
    )
    assert SUBSETS["29"] == SUBSETS["10"] + SUBSETS["19"]
    assert set(SUBSETS["8"]) < set(SUBSETS["19"])
    assert set(SUBSETS["10"]) == set(GROUPS["spectrum"])


def test_values_are_those_of_the_notebooks(values, disagreement):
    assert disagreement("prosodic", values) == {}


def test_formants_are_praats_read_by_hand(clip, values):
    sound = parselmouth.Sound(clip.astype(np.float64), RATE)
    pulses = call(sound, "To PointProcess (periodic, cc)", 75, 600)
    formants = sound.to_formant_burg(
        max_number_of_formants=5, maximum_formant=5500, window_length=0.025, pre_emphasis_from=50
    )
    moments = [
        call(pulses, "Get time from index", index)
        for index in range(1, call(pulses, "Get number of points") + 1)
    ]
    for number in (1, 2, 3, 4):
        track = [
            call(formants, "Get value at time", number, moment, "hertz", "Linear")
            for moment in moments
        ]
        track = [0.0 if np.isnan(frequency) else frequency for frequency in track]
        assert values[f"f{number}_mean"] == pytest.approx(sum(track) / len(track), rel=1e-9)
        assert values[f"f{number}_median"] == pytest.approx(np.quantile(track, 0.5), rel=1e-9)


def test_derived_features_are_their_closed_forms(values):
    one, two, three, four = (values[f"f{number}_median"] for number in (1, 2, 3, 4))
    spacing = (0.5 * one + 1.5 * two + 2.5 * three + 3.5 * four) / (0.25 + 2.25 + 6.25 + 12.25)
    assert values["formant_dispersion"] == pytest.approx(
        ((two - one) + (three - two) + (four - three)) / 3
    )
    assert values["average_formant"] == pytest.approx((one + two + three + four) / 4)
    assert values["mff"] == pytest.approx(np.exp(np.log([one, two, three, four]).mean()))
    assert values["fitch_vtl"] == pytest.approx(
        35e3 / 16 * (1 / one + 3 / two + 5 / three + 7 / four)
    )
    assert values["delta_f"] == pytest.approx(spacing)
    assert values["vtl_delta_f"] == pytest.approx(35e3 / (2 * spacing))


def test_a_vowel_has_its_own_formants_and_pitch(vowel):
    values = named(vowel, as_run=True)
    for number, formant in enumerate(FORMANTS[:4], start=1):
        assert values[f"f{number}_median"] == pytest.approx(formant, rel=0.03)
    assert values["mean_pitch"] == pytest.approx(120, abs=0.5)
    assert values["local_jitter"] < 0.005
    assert values["mean_hnr"] > 15


@pytest.mark.parametrize("frequency", [110.0, 220.0, 440.0])
def test_pitch_of_a_tone_is_its_frequency(frequency):
    values = named(tone(frequency), as_run=True)
    for name in (
        "min_pitch",
        "max_pitch",
        "mean_pitch",
        "q1_pitch",
        "q3_pitch",
        "median_intensity",
    ):
        assert values[name] == pytest.approx(frequency, rel=1e-3)
    assert values["stddev_pitch"] < 0.1
    assert values["pitch_slope_without_octave_jumps"] == pytest.approx(0, abs=0.1)
    assert values["voiced_fraction"] > 0.95


def test_intensity_of_a_tone_is_its_level():
    level = 20 * np.log10(0.5 / np.sqrt(2) / 2e-5)
    values = named(tone(440.0))
    for name in (
        "min_intensity",
        "max_intensity",
        "mean_intensity",
        "q1_intensity",
        "median_intensity",
        "q3_intensity",
    ):
        assert values[name] == pytest.approx(level, abs=0.05)


def test_the_corrected_set_differs_in_the_median_intensity_alone(vowel):
    authors, corrected = prosodic(vowel, as_run=True), prosodic(vowel)
    assert [NAMES[index] for index in np.flatnonzero(authors != corrected)] == ["median_intensity"]
    intensity = call(parselmouth.Sound(vowel, RATE), "To Intensity", 75, 0, "yes")
    assert corrected[NAMES.index("median_intensity")] == call(intensity, "Get quantile", 0, 0, 0.5)


@pytest.mark.parametrize("as_run", [False, True])
@pytest.mark.parametrize("kind", odd_signals(MINIMUM))
def test_every_signal_gives_56_finite_numbers(kind, as_run):
    values = prosodic(odd_signals(MINIMUM)[kind].astype(np.float32), as_run=as_run)
    assert values.shape == (56,)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()


def test_what_is_undefined_is_zero():
    values = named(np.zeros(RATE), as_run=True)
    assert all(
        values[name] == 0
        for name in (
            *GROUPS["F0"],
            *GROUPS["formants"],
            *GROUPS["vocal tract length"],
            "local_jitter",
        )
    )


@pytest.mark.parametrize(
    ("samples", "outcome"),
    [
        (np.zeros(1366), does_not_raise()),
        (
            np.zeros(1365),
            pytest.raises(
                ValueError,
                match=r"1365 samples in 0\.08531 s of audio; .* at least 0\.08533 s\. Remove",
            ),
        ),
        (
            np.zeros(0),
            pytest.raises(
                ValueError,
                match=r"no sample in 0\.0 s of audio; .* Remove the file or record it again\.",
            ),
        ),
        (np.zeros((16000, 2)), pytest.raises(ValueError, match=r"one channel")),
    ],
)
def test_a_clip_is_long_enough(samples, outcome):
    with outcome:
        prosodic(samples)
