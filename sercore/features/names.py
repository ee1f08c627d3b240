"""Names of the 56 prosodic features of the shared task SE&R 2022, their groups and subsets.

Source: Alves et al. 2022, Table 1.
"""

GROUPS = {
    "voice quality": (
        "local_jitter", "local_shimmer",
        "min_hnr", "relative_min_hnr_time", "max_hnr", "relative_max_hnr_time",
        "mean_hnr", "stddev_hnr",
        "min_gne", "max_gne", "mean_gne", "stddev_gne", "sum_gne",
    ),
    "intensity": (
        "min_intensity", "relative_min_intensity_time",
        "max_intensity", "relative_max_intensity_time",
        "mean_intensity", "stddev_intensity", "q1_intensity", "median_intensity", "q3_intensity",
    ),
    "F0": (
        "min_pitch", "relative_min_pitch_time", "max_pitch", "relative_max_pitch_time",
        "mean_pitch", "stddev_pitch", "q1_pitch", "q3_pitch",
        "mean_absolute_pitch_slope", "pitch_slope_without_octave_jumps",
    ),
    "spectrum": (
        "voiced_fraction",
        "band_energy", "band_density", "band_energy_difference", "band_density_difference",
        "center_of_gravity_spectrum", "stddev_spectrum", "skewness_spectrum", "kurtosis_spectrum",
        "central_moment_spectrum",
    ),
    "formants": (
        "f1_mean", "f2_mean", "f3_mean", "f4_mean",
        "f1_median", "f2_median", "f3_median", "f4_median",
        "formant_dispersion", "average_formant",
    ),
    "vocal tract length": ("mff", "fitch_vtl", "delta_f", "vtl_delta_f"),
}  # fmt: skip

# In the order of the shared task's table.
NAMES = (
    *GROUPS["voice quality"][:2],
    *GROUPS["intensity"],
    *GROUPS["spectrum"][:1],
    *GROUPS["F0"],
    *GROUPS["voice quality"][2:],
    *GROUPS["spectrum"][1:],
    *GROUPS["formants"],
    *GROUPS["vocal tract length"],
)

_TEN = (*GROUPS["spectrum"][5:], *GROUPS["spectrum"][:5])
_NINETEEN = (*GROUPS["intensity"], *GROUPS["F0"])
SUBSETS = {
    "8": (
        "min_intensity", "max_intensity", "mean_intensity", "stddev_intensity",
        "min_pitch", "max_pitch", "mean_pitch", "stddev_pitch",
    ),
    "10": _TEN,
    "19": _NINETEEN,
    "29": (*_TEN, *_NINETEEN),
    "56": NAMES,
}  # fmt: skip
