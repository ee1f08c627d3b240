"""Clips of paper 02 in memory, with everything that its trials read of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sercore import store
from sercore.corpora.clips import Clips
from sercore.training.batching import Ragged


@dataclass(frozen=True)
class Data(Clips):
    """What the trials of paper 02 read.

    Args:
        table: one row a clip: ``path``, ``corpus``, ``speaker``, ``gender``, ``language``,
            ``text``, ``surprised`` (whether its emotion is surprise) and whatever else a page
            wants.
        frames: filterbank frames of each clip.
        unseen: names of the corpora that no training reads.
        classes: names, by position.
        targets: ``(clips,)`` class numbers by what surprise and calm count as; -1 for a clip that
            is left out.
        reports: reports of the loaders of its corpora (default none).
    """

    READ = ("corpus", "speaker", "gender", "language", "text", "surprised")

    frames: Ragged
    unseen: tuple[str, ...]
    classes: tuple[str, ...]
    targets: dict[tuple[str, str], np.ndarray]

    def named(self, target: np.ndarray) -> pd.DataFrame:
        """Return the table with the name of each clip's class as ``class``, missing where its number is -1."""
        names = [self.classes[number] if number >= 0 else None for number in target]
        return self.table.assign(**{"class": names})

    def content(self, trial: Any) -> str:
        """Return the digest of what a trial reads: frames, classes, and the columns that it depends on."""
        clips = self.once("clips", self._digest)
        return store.digest([clips, self.targets[trial.surprise, trial.calm].tolist()])

    def _digest(self) -> str:
        values = [store.values(array) for array in (self.frames.values, self.frames.starts)]
        return store.digest([list(self.unseen), list(self.classes), self.rows(), values])
