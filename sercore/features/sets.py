"""Feature sets by name; Praat and librosa are loaded only where a clip is measured."""

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from sercore import audio
from sercore.corpora.table import SUFFIXES, files, is_left_behind
from sercore.features import gender, meanings, prosodic
from sercore.features.keeping import Extractor
from sercore.features.meanings import Meanings


@dataclass(frozen=True)
class FeatureSet:
    """A set of features: the names of its columns and the function that measures one clip.

    Sets that differ in their columns alone share kept results.
    """

    names: tuple[str, ...]  # of the features, in the order of the columns
    function: Callable[..., np.ndarray]  # (samples, *, rate, **options) -> (values,)
    options: dict = field(default_factory=dict)  # keyword arguments of the function
    columns: tuple[int, ...] | None = None  # indices of the function's values; None for all
    meanings: Meanings = field(default_factory=dict)  # unit and meaning by name

    @property
    def module(self) -> str:
        """Dotted name of the function's module."""
        return self.function.__module__

    def measure(self, samples: np.ndarray) -> np.ndarray:
        """Measure a clip at 16 kHz, ``(samples,)``: all values of the function.

        Raises:
            ValueError: the clip is silent, or the function refuses it.
        """
        values = self.function(samples, rate=audio.RATE, **self.options)  # refuses a clip too short
        if audio.is_silent(samples):
            raise ValueError(
                "silent; expected speech. Check the recording's level, or leave it out."
            )
        return values


# Plain names are sound; "as-run" is what the authors' code computed, its faults included.
SETS = {
    "prosodic": FeatureSet(
        prosodic.NAMES, prosodic.measures, columns=prosodic.CORRECTED, meanings=meanings.PROSODIC
    ),
    "prosodic-as-run": FeatureSet(
        prosodic.NAMES,
        prosodic.measures,
        columns=prosodic.AS_RUN,
        meanings=meanings.PROSODIC_AS_RUN,
    ),
    "gender": FeatureSet(gender.NAMES, gender.gender, {"as_run": False}, meanings=meanings.GENDER),
    "gender-as-run": FeatureSet(
        gender.NAMES, gender.gender, {"as_run": True}, meanings=meanings.GENDER_AS_RUN
    ),
}


def feature_set(name: str) -> FeatureSet:
    """Return a feature set of ``SETS``.

    Raises:
        ValueError: there is no feature set of that name.
    """
    if name not in SETS:
        raise ValueError(
            f"{name}: no such feature set; expected one of {', '.join(SETS)}. Check the spelling."
        )
    return SETS[name]


def describe(name: str = "prosodic") -> pd.DataFrame:
    """Tabulate the columns of a feature set, in their order: ``unit`` and ``meaning`` by name."""
    chosen = feature_set(name)
    rows = [chosen.meanings[column] for column in chosen.names]
    return pd.DataFrame(rows, pd.Index(chosen.names, name="column"), ["unit", "meaning"])


def extract(
    source: Path | str | Sequence[Path | str],
    name: str = "prosodic",
    *,
    on_error: Literal["raise", "warn", "skip"] = "raise",
    quiet: bool = False,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Compute the features of the audio files in a folder, or of some clips, as a table.

    A row is a file, by its path; a column is a feature. Results are kept as ``compute`` keeps them.

    Args:
        source: folder, whose WAV and FLAC files at any depth are read, or clips.
        name: name of the feature set, as in ``SETS``.
        on_error: what happens where clips cannot be used: "raise" an error, or leave them out and
            "warn" of each, or "skip" them. Either way the table's ``attrs["errors"]`` says what is
            wrong with each of them, by path.
        quiet: True to show no bar.
        jobs: number of processes (default: one a core).

    Raises:
        AudioError: a clip cannot be used, and ``on_error`` is "raise"; or the folder has no clip.
        ValueError: there is no feature set of that name, or no such ``on_error``.
    """
    if on_error not in ("raise", "warn", "skip"):
        raise ValueError(f"on_error={on_error}: expected raise, warn or skip. Give one of them.")
    clips = [source] if isinstance(source, str | os.PathLike) else list(source)
    if len(clips) == 1 and Path(clips[0]).is_dir():
        folder = Path(clips[0])
        clips = [path for path in files(folder) if not is_left_behind(path.relative_to(folder))]
        if not clips:
            kinds = " or ".join(sorted(SUFFIXES))
            raise audio.AudioError(
                f"{source}: no {kinds} file in it; expected clips. Name another."
            )
    errors = None if on_error == "raise" else {}
    values = compute(name, clips, jobs=jobs, errors=errors, quiet=quiet)
    table = pd.DataFrame(values, pd.Index(map(str, clips), name="file"), SETS[name].names)
    if errors is None:
        return table
    table = table[~table.index.isin(list(errors))]
    table.attrs["errors"] = errors
    if on_error == "warn":
        for message in errors.values():
            warnings.warn(message, stacklevel=2)
    return table


def compute(
    name: str,
    clips: Sequence[Path | str],
    *,
    jobs: int | None = None,
    errors: dict[str, str] | None = None,
    quiet: bool = False,
) -> np.ndarray:
    """Compute the features of clips, or take them from the store.

    The features of a clip are kept as soon as they are computed, also where other clips cannot be
    used. ``jobs`` processes work (default: one a core); ``quiet`` shows no bar. Where ``errors``
    are given, a clip that cannot be used is a row of NaN, and what is wrong with it is put there,
    by its path.

    Shape:
        - output: ``(clips, features)`` float64, in the order of the clips

    Raises:
        AudioError: a clip cannot be read, is silent or too short, and no ``errors`` are given; the
            message names the file, and says how many more there are.
        ValueError: there is no feature set of that name.
    """
    features = feature_set(name)
    values = np.full((len(clips), len(features.names)), np.nan)
    extractor = Extractor(
        title=f"{name} features",
        function=partial(_measure, features),
        settings={"function": features.function.__name__, "options": features.options},
        modules=(features.module, audio.__name__),
        worth=1,
    )
    places = [at for at, clip in enumerate(clips) if errors is None or _exists(clip, errors)]
    chosen = [clips[at] for at in places]
    rows = extractor.rows(chosen, jobs=jobs, errors=errors, quiet=quiet) if chosen else []
    for at, row in zip(places, rows, strict=True):
        if row is not None:
            values[at] = row if features.columns is None else row[list(features.columns)]
    return values


def _exists(clip: Path | str, errors: dict[str, str]) -> bool:
    """Tell whether a clip is a file, and note what it is where it is none."""
    try:
        audio.check(clip)
    except audio.AudioError as error:
        errors[str(clip)] = str(error)
    return str(clip) not in errors


def _measure(features: FeatureSet, samples: np.ndarray, content: str) -> np.ndarray:
    return features.measure(samples)
