"""Feature sets by name, and the features of many clips, each kept; Praat and librosa are loaded only where a clip is measured."""

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
        names: one a feature, in the order of the function's result.
        module: dotted name of the extractor's module.
        function: its function ``(samples, *, rate, **options) -> (features,)``.
        options: keyword arguments of the function that make this set.
        columns: which of the function's values are the set (default: all); sets that differ only in these share what is kept.
    """

    names: tuple[str, ...]
    module: str
    function: str
    options: dict = field(default_factory=dict)
    columns: tuple[int, ...] | None = None

    def extractor(self) -> Callable[..., np.ndarray]:
        """The function, its module imported now."""
        return getattr(importlib.import_module(self.module), self.function)


PROSODIC, GENDER = "sercore.features.prosodic", "sercore.features.gender"
# As the paper describes them; "as-run" as the authors' code computed them.
SETS = {
    "prosodic": FeatureSet(prosodic.NAMES, PROSODIC, "measures", columns=prosodic.CORRECTED),
    "prosodic-as-run": FeatureSet(prosodic.NAMES, PROSODIC, "measures", columns=prosodic.AS_RUN),
    "gender": FeatureSet(gender.NAMES, GENDER, "gender", {"as_run": False}),
    "gender-as-run": FeatureSet(gender.NAMES, GENDER, "gender", {"as_run": True}),
}


def compute(name: str, clips: Sequence[Path | str], *, jobs: int | None = None) -> np.ndarray:
    """Features of clips, each taken from the store or else measured and kept there as soon as it is done.

    Clips of equal content are measured once. Where some clips cannot be used, the others are measured and kept all the same.

    Args:
        name: one of ``SETS``.
        clips: audio files.
        jobs: processes that measure, 1 or more (default: one a core).

    Shape:
        - output: ``(clips, features)``

    Returns:
        float64, one row a clip in the order given.

    Raises:
        AudioError: a clip that cannot be read or is too short; the message names the file, and how many more there are.
        ValueError: no feature set of that name.
    """
    if name not in SETS:
        raise ValueError(
            f"{name}: no such feature set; expected one of {', '.join(SETS)}. Check the spelling."
        )
    measure = partial(
        keeping.measure, partial(_measure, SETS[name]), title=f"{name} features", jobs=jobs
    )
    measured = keeping.rows(clips, key=partial(_key, name), measure=measure)
    rows = np.array(measured, dtype=np.float64).reshape(
        len(clips), -1 if clips else len(SETS[name].names)
    )
    return rows if SETS[name].columns is None or not clips else rows[:, list(SETS[name].columns)]


def _key(name: str, content: str) -> store.Key:
    settings = {"function": SETS[name].function, "options": SETS[name].options}
    return store.key(
        settings=settings, manifest=[content], modules=[SETS[name].module, "sercore.audio"]
    )


def _measure(features: FeatureSet, samples: np.ndarray, content: str) -> np.ndarray:
    return features.extractor()(samples, rate=audio.RATE, **features.options)
