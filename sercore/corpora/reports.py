"""What reading a corpus has to say: how many clips it has, how many are missing or left out.

Nothing of ``sercore`` is imported here: data in memory can carry a report without the loaders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
MISSING = (
    "missing",
    "missing emotions",
    "missing speakers",
)  # what a corpus should have and has not
LEFT_OUT = (
    "damaged",
    "silent",
    "unlabelled",
    "without a class",
    "misnamed",
    "copies",
)  # what is there and is not used
PARTIAL = (*MISSING, "damaged")  # kinds of which a whole corpus has none


class Problem(str):
    """A sentence on what is wrong with a folder, with its kind and how many clips it speaks of.

    Args:
        text: the sentence.
        kind: one of ``MISSING`` or ``LEFT_OUT``, or "nested" for a corpus that lies one folder
            deeper; empty (default) where nothing is counted.
        count: clips, speakers or emotions that it counts (default 0).
    """

    kind: str
    count: int

    def __new__(cls, text: str, kind: str = "", count: int = 0) -> "Problem":
        """Make the sentence, and hang its kind and count on it."""
        problem = super().__new__(cls, text)
        problem.kind, problem.count = kind, count
        return problem


@dataclass(frozen=True)
class Report:
    """What a loader says of one corpus.

    Args:
        corpus: the folder's name, or that of a researcher's table.
        clips: rows of its table.
        problems: a sentence each; those that count something are ``Problem``.
    """

    corpus: str
    clips: int
    problems: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many are missing or left out, by kind; kinds that do not occur are not named."""
        sums = {
            kind: sum(problem.count for problem in self._of((kind,)))
            for kind in (*MISSING, *LEFT_OUT)
        }
        return {kind: count for kind, count in sums.items() if count}

    @property
    def lacking(self) -> list[str]:
        """Sentences that keep the corpus from being whole; empty for a whole one."""
        return self._of(("nested",)) or self._of(PARTIAL) or ["no clip"] * (not self.clips)

    @property
    def line(self) -> str:
        """One sentence: "RAVDESS: 1,438 clips; left out: 2 damaged, 1,440 copies."."""
        counts = self.counts
        missing = [f"{counts[kind]:,} {kind}" for kind in MISSING if kind in counts]
        left_out = ", ".join(f"{counts[kind]:,} {kind}" for kind in LEFT_OUT if kind in counts)
        return (
            "; ".join(
                [f"{self.title}: {self.clips:,} clips", *missing, f"left out: {left_out or 'none'}"]
            )
            + "."
        )

    @property
    def title(self) -> str:
        """The corpus' title; a name that is not known here as code, so that nothing in it is markup."""
        return TITLES.get(self.corpus) or f"`{self.corpus.replace('`', ' ')}`"

    def _of(self, kinds: Sequence[str]) -> list[Problem]:
        return [
            problem
            for problem in self.problems
            if isinstance(problem, Problem) and problem.kind in kinds and problem.count
        ]


def alike(sentences: Sequence[str], kind: str, *, left_out: str) -> list[Problem]:
    """One problem for equal faults: the sentence itself, or their number and the first of them.

    Args:
        sentences: one for each fault.
        kind: of all of them.
        left_out: what they are, after "3 clips left out, ".
    """
    if not sentences:
        return []
    several = f"{len(sentences)} clips left out, {left_out}, such as " if len(sentences) > 1 else ""
    return [Problem(several + sentences[0], kind, len(sentences))]


def summary(reports: Iterable[Report]) -> str:
    """What the clips of a page are, as Markdown: a line a corpus, or one sentence for whole ones."""
    reports = list(reports)
    if not any(report.counts for report in reports):
        return f"Clips: {', '.join(f'{report.title} {report.clips:,}' for report in reports)}. None is missing or left out."
    return "  \n".join(report.line for report in reports)


def left_out(reports: Iterable[Report]) -> dict[str, dict[str, int]]:
    """Counts of what is missing or left out by corpus and kind; a whole corpus is not named."""
    return {report.corpus: report.counts for report in reports if report.counts}
