"""Feature sets by name; Praat and librosa are loaded only where a clip is measured."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from sercore import audio, store
from sercore.features import gender, keeping, prosodic


@dataclass(frozen=True)
class FeatureSet:
    """A set of features: the names of its columns and the function that measures one clip.

    Args:
        names: names of the features, in the order of the function's result.
        module: dotted name of the extractor's module.
        function: name of its function ``(samples, *, rate, **options) -> (features,)``.
        options: keyword arguments of the function.
        columns: indices of the function's values in the set (default: all); sets that differ only
            in these share kept results.
    """

    names: tuple[str, ...]
    module: str
    function: str
    options: dict = field(default_factory=dict)
    columns: tuple[int, ...] | None = None

    def extractor(self) -> Callable[..., np.ndarray]:
        """Import the module and return the function."""
        return getattr(importlib.import_module(self.module), self.function)


PROSODIC, GENDER = "sercore.features.prosodic", "sercore.features.gender"
# As the paper describes them, and "as-run" as the authors' code computed them.
SETS = {
    "prosodic": FeatureSet(prosodic.NAMES, PROSODIC, "measures", columns=prosodic.CORRECTED),
    "prosodic-as-run": FeatureSet(prosodic.NAMES, PROSODIC, "measures", columns=prosodic.AS_RUN),
    "gender": FeatureSet(gender.NAMES, GENDER, "gender", {"as_run": False}),
    "gender-as-run": FeatureSet(gender.NAMES, GENDER, "gender", {"as_run": True}),
}


def compute(name: str, clips: Sequence[Path | str], *, jobs: int | None = None) -> np.ndarray:
    """Compute the features of clips, or take them from the store.

    The features of a clip are kept as soon as they are computed, also where other clips cannot be
    used. Clips of equal content are measured once.

    Args:
        name: one of ``SETS``.
        clips: audio files.
        jobs: number of processes, 1 or more (default: one a core).

    Returns:
        ``(clips, features)`` float64, in the order of the clips.

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
    function = partial(_measure, features)
    measure = partial(keeping.measure, function, title=f"{name} features", jobs=jobs)
    rows = np.array(keeping.rows(clips, key=partial(_key, features), measure=measure), np.float64)
    return rows if features.columns is None else rows[:, list(features.columns)]


def _key(features: FeatureSet, content: str) -> store.Key:
    settings = {"function": features.function, "options": features.options}
    modules = [features.module, "sercore.audio"]
    return store.key(settings=settings, manifest=[content], modules=modules)


def _measure(features: FeatureSet, samples: np.ndarray, content: str) -> np.ndarray:
    return features.extractor()(samples, rate=audio.RATE, **features.options)
