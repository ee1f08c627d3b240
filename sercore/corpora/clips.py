"""Clips of a paper in memory: what its trials read, and what loaders say of its corpora."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from sercore.corpora.reports import Report


@dataclass(frozen=True)
class Clips:
    """Clips in memory; a paper adds its inputs, its classes and the digest of what a trial reads."""

    READ: ClassVar[tuple[str, ...]] = ("corpus", "speaker")  # columns that a trial depends on

    table: pd.DataFrame  # one row a clip: path, corpus, speaker and whatever else is read
    reports: tuple[Report, ...] = field(default=(), kw_only=True)
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """Say what is missing, damaged or odd in the corpora, a sentence each."""
        return tuple(problem for report in self.reports for problem in report.problems)

    @property
    def groups(self) -> np.ndarray:
        """Return corpus/speaker ``(clips,)``: what counts are kept by, and intervals resample."""
        return (self.table["corpus"] + "/" + self.table["speaker"]).to_numpy(str)

    def rows(self) -> list[list]:
        """Return the columns that a trial depends on as plain values, None where one is missing."""
        columns = self.table[list(self.READ)].astype(object)
        return columns.where(columns.notna(), None).to_numpy().tolist()

    def once(self, name: Any, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gives, made when this name is first asked for."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]
