"""What the claims of paper 02 are judged on: scores, printed or recorded, and differences between them.

A statement is a list of gaps, numbers that it says are above zero. The same statement is judged on the printed scores, which are
exact, and on the recorded ones, by ``estimates``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from sercore.card import RARELY
from sercore.evaluation.metrics import recalls
from sercore.ledger import estimates
from sercore.ledger.claims import Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, all_of, holm
from sercore.ledger.scores import Trials
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.attributes import SUBSETS
from sercore.papers.parry2022.grid import GRID
from sercore.papers.parry2022.numbers import PROTOCOL, QUOTED, SCORED, UA, VARIANT, one_label, trained_as

LISTED = 5  # gaps that a reason names at most
HOME = "in-domain test"
SINGLE = ("C", "G", "S", "L")  # as in Table 2
SEVERAL = tuple(name for name in SUBSETS if "+" in name)

# UA in % by name in ``SCORED`` and row: numbers, or arrays of draws, which a statistic takes alike.
Scores = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Gap:
    """A number that a statement says is above zero.

    Args:
        name: what it is.
        values: one for each seed, one for the printed scores; none where nothing is recorded.
        value: over the seeds.
        p: two-sided p value of "it is zero"; 0 for a printed one, which is exact.
        doubt: why no sign can be judged on it; empty where one can.
    """

    name: str
    values: tuple[float, ...] = ()
    value: float = 0.0
    p: float = 1.0
    doubt: str = ""

    @property
    def spread(self) -> float:
        """Standard deviation over seeds; 0 for one value."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0

    @property
    def mark(self) -> str:
        """Mark of the gap where it is judged alone."""
        return marks([self])[0]


def estimated(name: str, estimate: Estimate) -> Gap:
    """A gap between recorded scores."""
    return Gap(name, estimate.by_seed, estimate.value, estimate.p, estimate.doubt)


def exact(name: str, value: float) -> Gap:
    """A gap between printed scores: any value but 0 has a sign."""
    return Gap(name, (value,), value, 1.0 if value == 0 else 0.0)


def marks(gaps: Sequence[Gap]) -> list[str]:
    """Marks of "above zero" for gaps that must all hold: Holm's procedure at 5 %; "not run" for one without a value."""
    run = [each for each in gaps if each.values]
    adjusted = iter(holm([1.0 if each.doubt else each.p for each in run]))
    return ["not run" if not each.values else _mark(each, next(adjusted)) for each in gaps]


def any_of(name: str, gaps: Sequence[Gap]) -> Gap:
    """One gap for a statement that one of several bears out: the largest, its p value times their number (Bonferroni)."""
    run = [each for each in gaps if each.values]
    if not run:
        return Gap(name)
    best = max(run, key=lambda each: each.value)
    above = [each.p for each in run if each.value > 0]
    p = min(1.0, len(run) * min(above)) if above else max(each.p for each in run)
    return replace(best, name=f"{name}{best.name}", p=p, doubt=next((each.doubt for each in run if each.doubt), ""))


def every(gaps: Sequence[Gap]) -> Gap:
    """One gap for a statement that several must bear out: the smallest, with the largest p value (intersection-union)."""
    if not all(each.values for each in gaps):
        return next(each for each in gaps if not each.values)
    weakest = min(gaps, key=lambda each: each.value)
    below = [each.p for each in gaps if each.value < 0]
    p = min(1.0, len(gaps) * min(below)) if below else max(each.p for each in gaps)
    return replace(weakest, p=p, doubt=next((each.doubt for each in gaps if each.doubt), ""))


def denied(gap: Gap, name: str) -> Gap:
    """The gap of the opposite statement, under this name."""
    return replace(gap, name=name, value=-gap.value, values=tuple(-value for value in gap.values))


@dataclass(frozen=True, eq=False)
class Evidence:
    """Scores that statements are judged on: printed ones, or recorded trials.

    Args:
        scores: printed scores, or the recorded ones over their seeds.
        single: attributes that a model of one has.
        several: sets of attributes that a model of several has, of those that can be judged.
        trials: recorded trials of each score; None for the printed ones.
    """

    scores: Scores
    single: tuple[str, ...]
    several: tuple[str, ...]
    trials: Mapping[tuple[str, str], Trials] | None = None

    @property
    def sets(self) -> tuple[str, ...]:
        """Sets of one attribute and of several."""
        return (*self.single, *self.several)

    def gap(self, name: str, statistic: Callable[[Scores], float]) -> Gap:
        """A gap by its formula, which takes numbers and arrays alike; one without values where a score that it takes is absent."""
        read = _Read(self.scores)
        try:
            value = float(statistic(read))
        except KeyError:  # a cell that is not printed, or not run
            return Gap(name)
        if self.trials is None:
            return exact(name, value)
        cells = list(read.cells)

        def formula(scores: np.ndarray) -> np.ndarray:
            return statistic(dict(zip(cells, scores, strict=True)))

        try:
            return estimated(name, estimates.contrast([self.trials[cell] for cell in cells], UA, formula))
        except ValueError:  # no seed is in all of them
            return Gap(name)

    def has(self, corpora: str) -> bool:
        """Whether the baseline is scored on a corpus."""
        return (corpora, "baseline") in self.scores


class _Read(dict):
    """Scores that remember which of them a statistic takes."""

    def __init__(self, scores: Scores) -> None:
        super().__init__(scores)
        self.cells: dict[tuple[str, str], None] = {}

    def __getitem__(self, cell: tuple[str, str]) -> float:
        value = super().__getitem__(cell)
        self.cells[cell] = None
        return value


def printed(ledger: Ledger) -> Evidence:
    """The printed scores."""
    scores = {(number.on, number.ours): float(number.value) for number in ledger.printed if number.metric == "ua"}
    tables = {(number.on, number.ours): float(number.value) for number in ledger.printed if number.table in ("Table 2", "Table 3")}
    sets = {row.partition(" ")[2] for corpora, row in tables if corpora != HOME}
    return Evidence(scores | tables, SINGLE, tuple(name for name in SEVERAL if name in sets))


@lru_cache(maxsize=8)
def trained(ledger: Ledger) -> Evidence:
    """The recorded scores; where corpus and language are one label, each training counts once."""
    cells = {}
    for row in (each.name for each in GRID):
        trials = recorded(ledger, row)
        for name, corpora in SCORED.items():
            scored = trials.of(*corpora) if trials is not None else None
            if scored is not None and len(scored.counts):
                cells[name, row] = scored
    alone = {name for name in SUBSETS if trained_as(f"GR {name}") == f"GR {name}"}
    sets = (tuple(name for name in names if name in alone) for names in (SINGLE, SEVERAL))
    values = {cell: float(trials.by_seed(UA).mean()) for cell, trials in cells.items()}
    return Evidence(values, *sets, trials=cells)


def recorded(ledger: Ledger, row: str) -> Trials | None:
    """Recorded trials of a row, or of the one whose training stands for it; None where there are none."""
    return ledger.trials(trained_as(row), variant=VARIANT, protocol=PROTOCOL)


def gain(ledger: Ledger, row: str, *corpora: str) -> Gap:
    """A row's UA above the baseline's, in points, on the seeds that both have.

    Args:
        ledger: with recorded runs.
        row: "GR C+S".
        corpora: that are scored, by the names in the counts: "tess".
    """
    return moved(row, recorded(ledger, row), recorded(ledger, "baseline"), *corpora)


def moved(name: str, trials: Trials | None, usual: Trials | None, *corpora: str) -> Gap:
    """The UA of some trials less that of others, in points; a gap without values where they share no seed or were not scored."""
    pair = [each.of(*corpora) for each in (trials, usual) if each is not None]
    if len(pair) < 2 or not all(len(each.counts) for each in pair) or not pair[0].runs & pair[1].runs:
        return Gap(name)
    return estimated(name, estimates.difference(*pair, UA))


def collapsed(trials: Trials, corpora: Sequence[str]) -> dict[str, float]:
    """Recall of the classes that a model hardly ever finds, under 5 % over all its seeds, by class; empty where it finds all.

    Args:
        trials: of one row.
        corpora: that are scored, by the names in the counts.
    """
    found = recalls(trials.of(*corpora).confusion())
    return {name: float(value) for name, value in zip(parry.CLASSES, found, strict=True) if value < RARELY}


Statement = Callable[[Evidence], list[Gap]]


def weighed(
    ledger: Ledger,
    statement: Statement,
    *,
    on: Sequence[str],
    paper: Statement | None = None,
    aside: Statement | None = None,
    apart: bool = False,
) -> Judgement:
    """Judgement of a statement of which every part must hold, on the printed scores and on the recorded ones.

    The paper's protocol shares no speaker, so that both marks are one.

    Args:
        ledger: of the paper.
        statement: its parts.
        on: names in ``SCORED`` that it rests on.
        paper: its parts on the printed scores, where these are others.
        aside: what is told and not judged.
        apart: whether it tells corpus from language.
    """
    evidence = {"printed": printed(ledger), "recorded": trained(ledger)}
    parts = {"printed": (paper or statement)(evidence["printed"]), "recorded": statement(evidence["recorded"])}
    mark, why = _judged(ledger, evidence["recorded"], parts["recorded"], on, apart)
    words = [f"printed: {told(parts['printed'])}", f"recorded: {why}"]
    for name, each in evidence.items() if aside else ():
        beside = [gap for gap in aside(each) if gap.values and not gap.doubt]
        if beside:
            words.append(f"beside it, {name}: {', '.join(map(_number, beside))}")
    words += [QUOTED] * ("TESS" in on)
    return Judgement(published=mark, clean=mark, reason="; ".join(words), printed=borne_out(parts["printed"]))


def borne_out(gaps: Sequence[Gap]) -> bool | None:
    """Whether printed numbers bear a statement out; None where some that it takes are not printed and none contradicts it."""
    outcome = set(marks(gaps))
    if "fails" in outcome:
        return False
    return True if outcome == {"holds"} else None


def told(gaps: Sequence[Gap]) -> str:
    """How many parts hold, and those that do not, the worst first; on what cannot be judged, the values and why."""
    outcome = dict(zip(map(id, gaps), marks(gaps), strict=True))
    run = sorted((each for each in gaps if each.values), key=lambda each: each.value)
    doubts = list(dict.fromkeys(each.doubt for each in run if each.doubt))
    held = [each for each in run if outcome[id(each)] == "holds"]
    others = [each for each in run if outcome[id(each)] != "holds"]
    shown = others[:LISTED] if len(gaps) > LISTED else run
    words = [f"{len(held)} of {len(gaps)} hold"] if run and not doubts else []
    if len(held) > len(shown):
        words.append(f"by {min(each.value for each in held):+.2f} to {max(each.value for each in held):+.2f}")
    words += [_number(each, outcome[id(each)]) for each in shown]
    if len(gaps) > LISTED < len(others):
        words.append(f"{len(others) - LISTED} more that do not")
    if doubts:
        words.append(f"shown, not judged: {doubts[0]}")
    if absent := len(gaps) - len(run):
        words.append(f"{absent} of {len(gaps)} have no score")
    return ", ".join(words)


def _judged(ledger: Ledger, evidence: Evidence, gaps: Sequence[Gap], on: Sequence[str], apart: bool) -> tuple[str, str]:
    baseline = recorded(ledger, "baseline")
    if baseline is None:
        return "not run", "nothing yet"
    for name in dict.fromkeys((HOME, *on)):
        if evidence.has(name) and (classes := collapsed(baseline, SCORED[name])):
            recall = ", ".join(f"{each} {value:.3f}" for each, value in classes.items())
            return "inconclusive", f"not judged, as the baseline is collapsed on {name}: recall of {recall}"
    if apart and one_label():
        return "not run", "corpus and language are one label in this pool"
    absent = [f"{name} is not at hand" for name in on if not evidence.has(name)]
    if any(each.values for each in gaps) or not absent:
        absent = [told(gaps), *absent]
    return all_of(marks(gaps)), "; ".join(absent)


def _number(gap: Gap, mark: str = "holds") -> str:
    if len(gap.values) < 2:
        return f"{gap.name} {gap.value:+.2f}"
    note = f" ({mark})" if mark != "holds" and not gap.doubt else ""
    return f"{gap.name} {gap.value:+.2f} ± {gap.spread:.2f}{note}"


def _mark(gap: Gap, p: float) -> str:
    if gap.doubt or p >= 1 - estimates.LEVEL:
        return "inconclusive"
    return "holds" if gap.value > 0 else "fails"
