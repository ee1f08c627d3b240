"""Feature sets by name; Praat and librosa are loaded only where a clip is measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from sercore import audio
from sercore.features import gender, prosodic
from sercore.features.keeping import Extractor


@dataclass(frozen=True)
class FeatureSet:
    """A set of features: the names of its columns and the function that measures one clip.

    Sets that differ in their columns alone share kept results.
    """

    names: tuple[str, ...]  # of the features, in the order of the columns
    function: Callable[..., np.ndarray]  # (samples, *, rate, **options) -> (values,)
    options: dict = field(default_factory=dict)  # keyword arguments of the function
    columns: tuple[int, ...] | None = None  # indices of the function's values; None for all

    @property
    def module(self) -> str:
        """Dotted name of the function's module."""
        return self.function.__module__


# As the paper describes them, and "as-run" as the authors' code computed them.
SETS = {
    "prosodic": FeatureSet(prosodic.NAMES, prosodic.measures, columns=prosodic.CORRECTED),
    "prosodic-as-run": FeatureSet(prosodic.NAMES, prosodic.measures, columns=prosodic.AS_RUN),
    "gender": FeatureSet(gender.NAMES, gender.gender, {"as_run": False}),
    "gender-as-run": FeatureSet(gender.NAMES, gender.gender, {"as_run": True}),
}


def compute(name: str, clips: Sequence[Path | str], *, jobs: int | None = None) -> np.ndarray:
    """Compute the features of clips, or take them from the store.

    The features of a clip are kept as soon as they are computed, also where other clips cannot be
    used. ``jobs`` processes work (default: one a core).

    Shape:
        - output: ``(clips, features)`` float64, in the order of the clips

    Raises:
        AudioError: a clip cannot be read or is too short; the message names the file, and says how
            many more there are.
        ValueError: there is no feature set of that name.
    """
    if name not in SETS:
        raise ValueError(
            f"{name}: no such feature set; expected one of {', '.join(SETS)}. Check the spelling."
        )
    features = SETS[name]
    if not clips:
        return np.empty((0, len(features.names)))
    extractor = Extractor(
        title=f"{name} features",
        function=partial(_measure, features),
        settings={"function": features.function.__name__, "options": features.options},
        modules=(features.module, audio.__name__),
        worth=1,
    )
    rows = np.array(extractor.rows(clips, jobs=jobs), np.float64)
    return rows if features.columns is None else rows[:, list(features.columns)]


def _measure(features: FeatureSet, samples: np.ndarray, content: str) -> np.ndarray:
    return features.function(samples, rate=audio.RATE, **features.options)
