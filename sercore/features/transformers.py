"""Feature sets as a transformer of scikit-learn: clips in, features out."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sercore.features.sets import compute, feature_set


class ClipFeatures(TransformerMixin, BaseEstimator):
    """Features of clips, which are paths of audio files or samples at 16 kHz, one channel each.

    It learns nothing, so it may stand in a pipeline or before it. Clips are a list, an array or a
    Series of paths, a table with one column of paths, or a list of ``(samples,)`` arrays. After
    ``set_output(transform="pandas")`` the features are a DataFrame. The features of files are kept
    in the store, those of samples are not. scikit-learn's ``check_estimator`` gives a transformer
    tables of numbers, which are no clips, so it does not apply.

    Args:
        name: name of the feature set, as in ``SETS``.
        on_error: what happens where a clip cannot be used: "raise" an error, or "nan", a row of NaN
            and a warning, for an imputer or for a selection of rows.
        jobs: number of processes that read files (default: one a core).
        quiet: True to show no bar.
    """

    def __init__(
        self,
        name: str = "prosodic",
        *,
        on_error: Literal["raise", "nan"] = "raise",
        jobs: int | None = None,
        quiet: bool = False,
    ):
        self.name = name
        self.on_error = on_error
        self.jobs = jobs
        self.quiet = quiet

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters; nothing is learnt.

        Raises:
            ValueError: there is no such feature set, or no such ``on_error``.
        """
        feature_set(self.name)
        if self.on_error not in ("raise", "nan"):
            raise ValueError(f"on_error={self.on_error}: expected raise or nan. Give one of them.")
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the features ``(clips, features)`` in the order of the clips.

        Raises:
            AudioError: a file cannot be used, and ``on_error`` is "raise".
            ValueError: samples are too short or have several channels, and ``on_error`` is "raise";
                or there is more than one column of paths.
        """
        clips = _clips(X)
        errors: dict[str, str] | None = {} if self.on_error == "nan" else None
        if clips and not isinstance(clips[0], str | Path):
            values = self._of_samples(clips, errors)
        else:
            settings = {"jobs": self.jobs, "errors": errors, "quiet": self.quiet}
            values = compute(self.name, clips, **settings)
        for message in (errors or {}).values():
            warnings.warn(message, stacklevel=2)
        return values

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns."""
        return np.array(feature_set(self.name).names, object)

    def _of_samples(self, clips: Sequence[np.ndarray], errors: dict[str, str] | None) -> np.ndarray:
        chosen = feature_set(self.name)
        values = np.full((len(clips), len(chosen.names)), np.nan)
        columns = slice(None) if chosen.columns is None else list(chosen.columns)
        for number, samples in enumerate(clips):
            try:
                row = chosen.measure(np.asarray(samples))
            except ValueError as error:
                if errors is None:
                    raise ValueError(f"clip {number}: {error}") from error
                errors[str(number)] = f"clip {number}: {error}"
                continue
            values[number] = row[columns]
        return values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


def _clips(X: Any) -> list[Any]:
    """Return paths as texts, or arrays of samples."""
    if getattr(X, "ndim", 1) == 2 and not np.issubdtype(np.asarray(X).dtype, np.number):
        if X.shape[1] != 1:
            raise ValueError(
                f"{X.shape[1]} columns; expected one of paths. Choose it, as in table['path']."
            )
        X = np.asarray(X)[:, 0]
    return [str(clip) if isinstance(clip, str | Path) else clip for clip in X]
