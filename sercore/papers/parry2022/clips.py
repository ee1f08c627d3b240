"""Clips of paper 02 in memory, with everything that its trials read of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sercore import store
from sercore.corpora.reports import Report
from sercore.training.ragged import Ragged

READ = ("corpus", "speaker", "gender", "language", "text", "surprised")  # columns that a trial depends on


@dataclass(frozen=True)
class Data:
    """What the trials of paper 02 read.

    Args:
        table: one row a clip: ``path``, ``corpus``, ``speaker``, ``gender``, ``language``, ``text``, ``surprised`` (whether its
            emotion is surprise) and whatever else a page wants.
        frames: of each clip.
        unseen: names of the corpora that no training reads.
        classes: names, by position.
        targets: ``(clips,)`` class numbers by what surprise and calm count as; -1 for a clip that is left out.
        reports: what the loaders of its corpora say (default none).
    """

    table: pd.DataFrame
    frames: Ragged
    unseen: tuple[str, ...]
    classes: tuple[str, ...]
    targets: dict[tuple[str, str], np.ndarray]
    reports: tuple[Report, ...] = ()
    _kept: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing, damaged or odd in the corpora, a sentence each."""
        return tuple(problem for report in self.reports for problem in report.problems)

    @property
    def groups(self) -> np.ndarray:
        """``(clips,)`` corpus/speaker: what counts are kept by, and intervals resample."""
        return (self.table["corpus"] + "/" + self.table["speaker"]).to_numpy(str)

    def named(self, target: np.ndarray) -> pd.DataFrame:
        """The table with the name of each clip's class as ``class``, missing where the number is -1."""
        return self.table.assign(**{"class": [self.classes[number] if number >= 0 else None for number in target]})

    def content(self, trial: Any) -> str:
        """Digest of what a trial reads: frames, classes, and the columns that split, attributes and counts need."""
        if not self._kept:
            listed = self.table[list(READ)].astype(object)
            rows = listed.where(listed.notna(), None).to_numpy().tolist()
            values = [store.values(each) for each in (self.frames.values, self.frames.starts)]
            self._kept["clips"] = store.digest([list(self.unseen), list(self.classes), rows, values])
        return store.digest([self._kept["clips"], self.targets[trial.surprise, trial.calm].tolist()])
