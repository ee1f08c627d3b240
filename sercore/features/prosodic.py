"""The 56 prosodic features of the shared task SE&R 2022 (Alves et al. 2022, section 2.3).

Every measure is a call of Praat with the defaults of the toolkit of the shared task; ``gne``
replaces one slow call.
"""

import numpy as np

from sercore.features import praat
from sercore.features.gne import gne
from sercore.features.names import NAMES

FLOOR, CEILING = 75.0, 600.0  # Hz: pitch
MINIMUM = 6.4 / FLOOR  # seconds: Praat's intensity needs that much, the other measures less
SPEED = 35_000.0  # cm/s: sound in the vocal tract
PERIODS = (0.0001, 0.02, 1.3)  # seconds, seconds, factor: range of periods for jitter, shimmer

MEASURES = (*NAMES, "median_pitch")
CORRECTED = tuple(range(len(NAMES)))
AS_RUN = tuple(
    MEASURES.index("median_pitch" if name == "median_intensity" else name) for name in NAMES
)


def prosodic(samples: np.ndarray, *, rate: int = 16_000, as_run: bool = False) -> np.ndarray:
    """Compute the 56 prosodic features of a clip, in the order of ``NAMES``.

    Values that Praat leaves undefined, such as the pitch of a clip without a voiced frame, are 0.

    ``as_run`` makes ``median_intensity`` the median pitch in Hz, which the authors' toolkit stored
    under that name, in place of the median intensity in dB.

    Shape:
        - samples: ``(samples,)``, at least 6.4/75 = 0.08533 s
        - output: ``(56,)`` float64: intensity in dB, pitch, formants and moments in Hz, times as a
          share of the duration, vocal tract length in cm

    Raises:
        ValueError: the clip is shorter than 0.08533 s, or has several channels.

    Source: Alves et al. 2022, section 2.3 and Table 1; settings of the toolkit of the shared task.

    Deviation: the toolkit leaves undefined values undefined.
    """
    return measures(samples, rate=rate)[list(AS_RUN if as_run else CORRECTED)]


def measures(samples: np.ndarray, *, rate: int = 16_000) -> np.ndarray:
    """Compute the measures of both readings in the order of ``MEASURES``: ``(57,)`` float64."""
    praat.long_enough(samples, rate=rate, seconds=MINIMUM)
    sound = praat.sound(samples, rate=rate)
    duration = len(samples) / rate
    pitch = praat.call(sound, "To Pitch", 0.0, FLOOR, CEILING)
    # What "To PointProcess (periodic, cc)" gives, without its own analysis of the same pitch.
    pulses = praat.call([sound, pitch], "To PointProcess (cc)")
    values = (
        _intensity(sound, duration)
        | _pitch(pitch, duration)
        | _hnr(sound, duration)
        | _gne(samples, rate)
        | _perturbation(sound, pulses)
        | _spectrum(sound)
        | _formants(sound, pulses)
    )
    vector = np.array([values[name] for name in MEASURES], dtype=np.float64)
    return np.where(np.isfinite(vector), vector, 0.0)


def _extremes(measure, name: str, duration: float, *unit: str) -> dict[str, float]:
    values = {}
    for short, long in (("min", "minimum"), ("max", "maximum")):
        values[f"{short}_{name}"] = praat.call(measure, f"Get {long}", 0.0, 0.0, *unit, "Parabolic")
        moment = praat.call(measure, f"Get time of {long}", 0.0, 0.0, *unit, "Parabolic")
        values[f"relative_{short}_{name}_time"] = moment / duration
    return values


def _moments(measure, name: str, *unit: str) -> dict[str, float]:
    return {
        f"mean_{name}": praat.call(measure, "Get mean", 0.0, 0.0, *unit),
        f"stddev_{name}": praat.call(measure, "Get standard deviation", 0.0, 0.0, *unit),
    }


def _quantiles(measure, name: str, *unit: str) -> dict[str, float]:
    shares = {"q1": 0.25, "median": 0.5, "q3": 0.75}
    return {
        f"{short}_{name}": praat.call(measure, "Get quantile", 0.0, 0.0, share, *unit)
        for short, share in shares.items()
    }


def _intensity(sound, duration: float) -> dict[str, float]:
    intensity = praat.call(sound, "To Intensity", FLOOR, 0.0, "yes")
    return (
        _extremes(intensity, "intensity", duration)
        | _moments(intensity, "intensity")
        | _quantiles(intensity, "intensity")
    )


def _pitch(pitch, duration: float) -> dict[str, float]:
    return (
        _extremes(pitch, "pitch", duration, "Hertz")
        | _moments(pitch, "pitch", "Hertz")
        | _quantiles(pitch, "pitch", "Hertz")
        | {
            "voiced_fraction": praat.call(pitch, "Count voiced frames")
            / praat.call(pitch, "Get number of frames"),
            "mean_absolute_pitch_slope": praat.call(pitch, "Get mean absolute slope", "Hertz"),
            "pitch_slope_without_octave_jumps": praat.call(pitch, "Get slope without octave jumps"),
        }
    )


def _hnr(sound, duration: float) -> dict[str, float]:
    harmonicity = praat.call(sound, "To Harmonicity (cc)", 0.01, FLOOR, 0.1, 1.0)
    return _extremes(harmonicity, "hnr", duration) | _moments(harmonicity, "hnr")


def _gne(samples: np.ndarray, rate: int) -> dict[str, float]:
    matrix = gne(samples, rate=rate)
    return {
        "min_gne": matrix.min(),
        "max_gne": matrix.max(),
        "mean_gne": matrix.mean(),
        "stddev_gne": matrix.std(ddof=1),
        "sum_gne": matrix.sum(),
    }


def _perturbation(sound, pulses) -> dict[str, float]:
    return {
        "local_jitter": praat.call(pulses, "Get jitter (local)", 0.0, 0.0, *PERIODS),
        "local_shimmer": praat.call(
            [sound, pulses], "Get shimmer (local)", 0.0, 0.0, *PERIODS, 1.6
        ),
    }


def _spectrum(sound) -> dict[str, float]:
    spectrum = praat.call(sound, "To Spectrum", "yes")
    low, high = (0.0, 500.0), (500.0, 4000.0)
    return {
        "band_energy": praat.call(spectrum, "Get band energy", 200.0, 1000.0),
        "band_density": praat.call(spectrum, "Get band density", 200.0, 1000.0),
        "band_energy_difference": praat.call(spectrum, "Get band energy difference", *low, *high),
        "band_density_difference": praat.call(spectrum, "Get band density difference", *low, *high),
        "center_of_gravity_spectrum": praat.call(spectrum, "Get centre of gravity", 2.0),
        "stddev_spectrum": praat.call(spectrum, "Get standard deviation", 2.0),
        "skewness_spectrum": praat.call(spectrum, "Get skewness", 2.0),
        "kurtosis_spectrum": praat.call(spectrum, "Get kurtosis", 2.0),
        "central_moment_spectrum": praat.call(spectrum, "Get central moment", 3.0, 2.0),
    }


def _formants(sound, pulses) -> dict[str, float]:
    """Read formants every glottal pulse, a missing one as 0, and measure their medians."""
    formants = praat.call(sound, "To Formant (burg)", 0.0, 5.0, 5500.0, 0.025, 50.0)
    times = []
    if praat.call(pulses, "Get number of points"):
        times = praat.call(pulses, "To Matrix").values[0]
    tracks = np.zeros((4, max(1, len(times))))  # (formants, pulses)
    for number, track in enumerate(tracks, start=1):
        if len(times):
            track[:] = [formants.get_value_at_time(number, time) for time in times]
    tracks = np.nan_to_num(tracks)
    means, medians = tracks.mean(axis=1), np.median(tracks, axis=1)
    values = _derived(medians)
    for number, (mean, median) in enumerate(zip(means, medians, strict=True), start=1):
        values |= {f"f{number}_mean": mean, f"f{number}_median": median}
    return values


def _derived(medians: np.ndarray) -> dict[str, float]:
    # A tube closed at one end resonates at odd quarters of its wavelength.
    odd = np.array([1.0, 3.0, 5.0, 7.0])
    spacing = (odd / 2 @ medians) / np.square(odd / 2).sum()
    with np.errstate(divide="ignore"):
        return {
            "formant_dispersion": (medians[3] - medians[0]) / 3,
            "average_formant": medians.mean(),
            "mff": medians.prod() ** (1 / 4),
            "fitch_vtl": (odd * SPEED / (4 * medians)).mean(),
            "delta_f": spacing,
            "vtl_delta_f": SPEED / (2 * spacing),
        }
