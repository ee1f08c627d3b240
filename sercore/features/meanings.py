"""Unit and meaning of every column of the feature sets; the page on them is made of these tables.

A unit is empty where a number has none. Praat takes a sample of 1 for a pressure of 1 Pa.
"""

from sercore.features import gender

Meanings = dict[str, tuple[str, str]]  # unit and meaning by column

HARMONICITY = "harmonics-to-noise ratio"
GNE = "the matrix of glottal-to-noise excitation (GNE), 51 by 51 bands"
BAND = "200 to 1000 Hz"
BANDS = "0 to 500 Hz less that of 500 to 4000 Hz"
MEDIANS = "the four median formants"

PROSODIC: Meanings = {
    "local_jitter": ("", "mean change from one glottal period to the next, over the mean period"),
    "local_shimmer": ("", "mean change of amplitude between neighbouring periods, over its mean"),
    "min_intensity": ("dB", "smallest intensity"),
    "relative_min_intensity_time": (
        "",
        "moment of the smallest intensity, as a share of the duration",
    ),
    "max_intensity": ("dB", "largest intensity"),
    "relative_max_intensity_time": (
        "",
        "moment of the largest intensity, as a share of the duration",
    ),
    "mean_intensity": ("dB", "mean intensity of the frames"),
    "stddev_intensity": ("dB", "standard deviation of the intensity"),
    "q1_intensity": ("dB", "first quartile of the intensity"),
    "median_intensity": ("dB", "median of the intensity"),
    "q3_intensity": ("dB", "third quartile of the intensity"),
    "voiced_fraction": ("", "share of the pitch frames that are voiced"),
    "min_pitch": ("Hz", "smallest fundamental frequency (F0) of the voiced frames"),
    "relative_min_pitch_time": ("", "moment of the smallest F0, as a share of the duration"),
    "max_pitch": ("Hz", "largest fundamental frequency"),
    "relative_max_pitch_time": ("", "moment of the largest F0, as a share of the duration"),
    "mean_pitch": ("Hz", "mean F0 of the voiced frames"),
    "stddev_pitch": ("Hz", "standard deviation of F0"),
    "q1_pitch": ("Hz", "first quartile of F0"),
    "q3_pitch": ("Hz", "third quartile of F0"),
    "mean_absolute_pitch_slope": ("Hz/s", "mean absolute change of F0 between voiced frames"),
    "pitch_slope_without_octave_jumps": (
        "semitones/s",
        "mean absolute change of F0 in semitones, without jumps by an octave",
    ),
    "min_hnr": ("dB", f"smallest {HARMONICITY} (HNR); about -200 where a frame has no voice"),
    "relative_min_hnr_time": ("", "moment of the smallest HNR, as a share of the duration"),
    "max_hnr": ("dB", "largest harmonics-to-noise ratio"),
    "relative_max_hnr_time": ("", "moment of the largest HNR, as a share of the duration"),
    "mean_hnr": ("dB", "mean HNR of the frames with voice"),
    "stddev_hnr": ("dB", "standard deviation of HNR over the frames with voice"),
    "min_gne": ("", f"smallest entry of {GNE}: 0, as pairs of near bands count as 0"),
    "max_gne": ("", "largest entry of that matrix, 0 to 1: what is usually called GNE"),
    "mean_gne": ("", "mean of all entries of that matrix"),
    "stddev_gne": ("", "standard deviation of all entries of that matrix"),
    "sum_gne": ("", "sum of all entries of that matrix"),
    "band_energy": ("Pa² s", f"energy of the spectrum from {BAND}"),
    "band_density": ("Pa²/Hz²", f"that energy over the width of the band, {BAND}"),
    "band_energy_difference": ("dB", f"energy of {BANDS}"),
    "band_density_difference": ("dB", f"density of {BANDS}"),
    "center_of_gravity_spectrum": ("Hz", "mean frequency of the power spectrum"),
    "stddev_spectrum": ("Hz", "standard deviation of frequency in the power spectrum"),
    "skewness_spectrum": ("", "skewness of the power spectrum"),
    "kurtosis_spectrum": ("", "excess kurtosis of the power spectrum, 0 for a normal curve"),
    "central_moment_spectrum": ("Hz³", "third central moment of the power spectrum"),
    **{
        f"f{number}_{name}": ("Hz", f"{name} of formant {number} at the glottal pulses")
        for name in ("mean", "median")
        for number in range(1, 5)
    },
    "formant_dispersion": ("Hz", "distance of the fourth from the first median formant, over 3"),
    "average_formant": ("Hz", f"mean of {MEDIANS}"),
    "mff": ("Hz", f"geometric mean of {MEDIANS}"),
    "fitch_vtl": ("cm", f"length of the vocal tract: mean over {MEDIANS} of the tube they fit"),
    "delta_f": ("Hz", f"distance between formants, by a line through {MEDIANS}"),
    "vtl_delta_f": ("cm", "length of the vocal tract that this distance fits"),
}

_STATISTICS = {
    "nobs": ("", "number of values of {0}"),
    "mean": ("Hz", "mean of {0}"),
    "skew": ("", "skewness of {0}"),
    "kurtosis": ("", "excess kurtosis of {0}"),
    "median": ("Hz", "median of {0}"),
    "mode": ("Hz", "most frequent value of {0}, the smallest of several"),
    "std": ("Hz", "standard deviation of {0}"),
    "low": ("Hz", "smallest {0}"),
    "peak": ("Hz", "largest {0}"),
    "q25": ("Hz", "first quartile of {0}"),
    "q75": ("Hz", "third quartile of {0}"),
    "iqr": ("Hz", "distance between the quartiles of {0}"),
}
_MEASURED = {
    "": "peak frequency, one a window of 0.2 s",
    "_pitch": "F0, one a frame, 0 where unvoiced",
}
GENDER: Meanings = {
    f"{name}{ending}": (unit, meaning.format(measured))
    for ending, measured in _MEASURED.items()
    for name, (unit, meaning) in _STATISTICS.items()
} | {
    name: ("dB", f"mean over time of mel-frequency cepstral coefficient {number}")
    for number, name in enumerate(gender.NAMES[-20:], start=1)
}

# What the authors' code computes in place of what the names say.
PROSODIC_AS_RUN: Meanings = PROSODIC | {
    "median_intensity": ("Hz", "median of F0, which the authors' toolkit stored under this name")
}
_ASSUMED = {"Hz": ", 1.378 times too high", "dB": "", "": ""}
_TAKEN = "of 16 kHz taken as if they were 22,050 Hz"
GENDER_AS_RUN: Meanings = GENDER | {
    name: (unit, f"{meaning}, {_TAKEN}{_ASSUMED[unit]}")
    for name, (unit, meaning) in GENDER.items()
    if not name.endswith("_pitch")
}
