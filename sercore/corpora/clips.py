"""Clips of a paper in memory, and what loaders report of its corpora: missing and left out clips.

No loader and no audio is imported here, so that a training needs neither.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

# Title of each corpus of the four papers, by its folder's name under ``SER_CORPORA``.
TITLES = {
    "coraa-ser": "CORAA SER",
    "cetuc": "CETUC",
    "emovo": "EMOVO",
    "emodb": "Emo-DB",
    "iemocap": "IEMOCAP",
    "epst": "EPST",
    "ravdess": "RAVDESS",
    "savee": "SAVEE",
    "tess": "TESS",
    "crema-d": "CREMA-D",
    "voxceleb": "VoxCeleb",
}
SPLIT = "split"  # column of the side that a clip is on, where a researcher gives the split
WITHOUT = " without surprise"  # behind a corpus' name in counts that leave that emotion out
# Kinds of problems: what a corpus lacks, what it has that is not used.
MISSING = ("missing", "missing emotions", "missing speakers")
LEFT_OUT = ("damaged", "silent", "unlabelled", "without a class", "misnamed", "copies")
PARTIAL = (*MISSING, "damaged")  # kinds that make a corpus partial


class Problem(str):
    """A sentence on what is wrong with a folder, with its kind and the number of clips."""

    kind: str  # of MISSING or LEFT_OUT, "nested" where clips lie a folder too deep; else empty
    count: int  # of clips, speakers or emotions; 0 where nothing is counted

    def __new__(cls, text: str, kind: str = "", count: int = 0) -> "Problem":
        """Make the sentence and attach its kind and count."""
        problem = super().__new__(cls, text)
        problem.kind, problem.count = kind, count
        return problem


@dataclass(frozen=True)
class Report:
    """Report of a loader on one corpus."""

    corpus: str  # name of the folder, or of a researcher's table
    clips: int  # their number
    problems: tuple[str, ...] = ()  # those that count something are ``Problem``

    @property
    def counts(self) -> dict[str, int]:
        """Count missing or left out clips by kind, without kinds that do not occur."""
        counts = {}
        for kind in (*MISSING, *LEFT_OUT):
            if count := sum(problem.count for problem in self._of((kind,))):
                counts[kind] = count
        return counts

    @property
    def lacking(self) -> list[str]:
        """Say why the corpus is not whole; empty for a whole one."""
        problems = self._of(("nested",)) or self._of(PARTIAL)
        if not problems and not self.clips:
            return ["no clip"]
        return problems

    @property
    def line(self) -> str:
        """Write one sentence: "RAVDESS: 1,438 clips; left out: 2 damaged, 1,440 copies."."""
        counts = self.counts
        missing = [f"{counts[kind]:,} {kind}" for kind in MISSING if kind in counts]
        unused = ", ".join(f"{counts[kind]:,} {kind}" for kind in LEFT_OUT if kind in counts)
        parts = [f"{self.title}: {self.clips:,} clips", *missing, f"left out: {unused or 'none'}"]
        return "; ".join(parts) + "."

    @property
    def title(self) -> str:
        """Return the title; an unknown name becomes code, so that nothing in it is markup."""
        return TITLES.get(self.corpus) or f"`{self.corpus.replace('`', ' ')}`"

    def _of(self, kinds: Sequence[str]) -> list[Problem]:
        return [
            problem
            for problem in self.problems
            if isinstance(problem, Problem) and problem.kind in kinds and problem.count
        ]


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
        return qualified(self.table, "speaker").to_numpy(str)

    def rows(self) -> list[list]:
        """Return the columns that a trial depends on as plain values, None where one is missing."""
        given = [SPLIT] if SPLIT in self.table else []
        columns = self.table[[*self.READ, *given]].astype(object)
        return columns.where(columns.notna(), None).to_numpy().tolist()

    def once(self, name: Any, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gives, made when this name is first asked for."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]


def qualified(table: pd.DataFrame, column: str) -> pd.Series:
    """Join corpus and name, under plain row numbers, whatever types pandas gave the columns."""
    names = table["corpus"].astype("string") + "/" + table[column].astype("string")
    return names.reset_index(drop=True)


def alike(sentences: Sequence[str], kind: str, *, left_out: str) -> list[Problem]:
    """Join equal faults, a sentence each, in one problem: their number and the first sentence.

    ``left_out`` are words for the faults, after "3 clips left out, ".
    """
    if not sentences:
        return []
    sentence = sentences[0]
    if len(sentences) > 1:
        sentence = f"{len(sentences)} clips left out, {left_out}, such as {sentence}"
    return [Problem(sentence, kind, len(sentences))]


def summary(reports: Iterable[Report]) -> str:
    """Describe a page's clips in Markdown: a line a corpus, or one sentence if all are whole."""
    reports = list(reports)
    if not any(report.counts for report in reports):
        clips = ", ".join(f"{report.title} {report.clips:,}" for report in reports)
        return f"Clips: {clips}. None is missing or left out."
    return "  \n".join(report.line for report in reports)


def left_out(reports: Iterable[Report]) -> dict[str, dict[str, int]]:
    """Count missing and left out clips by corpus and kind, without whole corpora."""
    return {report.corpus: report.counts for report in reports if report.counts}
