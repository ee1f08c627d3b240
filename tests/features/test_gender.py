"""The 44 gender features: the authors' displayed values, scipy's statistics, known tones."""

from contextlib import nullcontext as does_not_raise

import librosa
import numpy as np
import parselmouth
import pytest
from known_signals import RATE, odd_signals, tone
from scipy import stats

from sercore.features.gender import MINIMUM, NAMES, gender

STATISTICS = NAMES[:12]


def named(samples, **options) -> dict[str, float]:
    return dict(zip(NAMES, gender(samples, **options), strict=True))


def by_scipy(values) -> dict[str, float]:
    found = stats.describe(values, ddof=0)
    return {
        "nobs": found.nobs,
        "mean": found.mean,
        "skew": found.skewness,
        "kurtosis": found.kurtosis,
        "median": stats.scoreatpercentile(values, 50),
        "mode": stats.mode(values).mode,
        "std": found.variance**0.5,
        "low": found.minmax[0],
        "peak": found.minmax[1],
        "q25": stats.scoreatpercentile(values, 25),
        "q75": stats.scoreatpercentile(values, 75),
        "iqr": stats.iqr(values),
    }


def peaks(samples, window, rate) -> list[float]:
    found = []
    while len(samples):
        piece, samples = samples[:window], samples[window:]
        magnitude = np.abs(np.fft.fft(piece))[: len(piece) // 2 + 1]
        found.append(np.fft.fftfreq(len(piece), 1 / rate)[magnitude.argmax()])
    return np.abs(found)


def test_there_are_44_names():
    assert len(NAMES) == len(set(NAMES)) == 44
    assert STATISTICS == (
        "nobs",
        "mean",
        "skew",
        "kurtosis",
        "median",
        "mode",
        "std",
        "low",
        "peak",
        "q25",
        "q75",
        "iqr",
    )
    assert (NAMES[12], NAMES[23], NAMES[24], NAMES[43]) == (
        "nobs_pitch",
        "iqr_pitch",
        "MFCC_1",
        "MFCC_20",
    )


def test_values_are_those_of_the_notebooks(clip, disagreement):
    assert disagreement("gender", named(clip, as_run=True)) == {}


@pytest.mark.parametrize(
    ("as_run", "window", "rate"), [(True, 4410, 22_050), (False, 3200, 16_000)]
)
def test_statistics_are_scipys(vowel, as_run, window, rate):
    rising = vowel + 2 * tone(1.0) * tone(2500.0) + np.linspace(0, 1, RATE) * tone(333.0)
    values = named(rising, as_run=as_run)
    pitch = parselmouth.Sound(rising, RATE).to_pitch().selected_array["frequency"]
    for suffix, found in (("", peaks(rising, window, rate)), ("_pitch", pitch)):
        for name, value in by_scipy(found).items():
            assert values[name + suffix] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_coefficients_are_librosas(vowel):
    native, resampled = (
        vowel.astype(np.float32),
        librosa.resample(vowel.astype(np.float32), orig_sr=RATE, target_sr=22_050),
    )
    for samples, as_run in ((native, True), (resampled, False)):
        expected = librosa.feature.mfcc(y=samples, sr=22_050, n_mfcc=20, pad_mode="reflect").mean(
            axis=1
        )
        assert gender(native, as_run=as_run)[24:] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_the_authors_scale_is_1378_times_too_high():
    values, corrected = named(tone(440.0), as_run=True), named(tone(440.0))
    assert corrected["mean"] == corrected["peak"] == corrected["low"] == 440
    assert values["mode"] == pytest.approx(
        440 * 22_050 / 16_000, abs=2.5
    )  # half of a window's 5 Hz step
    assert (values["nobs"], corrected["nobs"]) == (4, 5)


def test_both_sets_share_the_pitch():
    values, corrected = named(tone(220.0), as_run=True), named(tone(220.0))
    assert all(values[f"{name}_pitch"] == corrected[f"{name}_pitch"] for name in STATISTICS)
    assert values["median_pitch"] == pytest.approx(220, rel=1e-4)


@pytest.mark.parametrize("as_run", [False, True])
@pytest.mark.parametrize("kind", odd_signals(MINIMUM))
def test_every_signal_gives_44_finite_numbers(kind, as_run):
    values = gender(odd_signals(MINIMUM)[kind].astype(np.float32), as_run=as_run)
    assert values.shape == (44,)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()


def test_equal_values_have_no_skew_nor_kurtosis():
    values = named(np.zeros(RATE), as_run=True)
    assert (
        values["skew"]
        == values["kurtosis"]
        == values["skew_pitch"]
        == values["kurtosis_pitch"]
        == 0
    )


@pytest.mark.parametrize(
    ("samples", "outcome"),
    [
        (np.zeros(640), does_not_raise()),
        (
            np.zeros(639),
            pytest.raises(
                ValueError,
                match=r"639 samples in 0\.03994 s of audio; .* at least 0\.04000 s\. Remove",
            ),
        ),
        (np.zeros(0), pytest.raises(ValueError, match=r"no sample in 0\.0 s of audio")),
        (np.zeros((2, 16000)), pytest.raises(ValueError, match="one channel")),
    ],
)
def test_a_clip_is_long_enough(samples, outcome):
    with outcome:
        gender(samples)
