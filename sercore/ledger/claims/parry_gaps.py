"""What the claims of paper 02 are judged on: scores, printed or recorded seed by seed, and differences between them.

A statement is a list of gaps, numbers that it says are above zero. The same statement is judged on the printed scores, one value a
gap, and on the recorded ones, one value a seed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sercore.evaluation.metrics import recalls
from sercore.ledger.claims import Judgement, all_of
from sercore.ledger.claims.parry_numbers import PROTOCOL, QUOTED, SCORED, UA, VARIANT, one_label, result, trained_as
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Trials
from sercore.studies import parry
from sercore.studies.parry_about import RARELY
from sercore.studies.parry_attributes import SUBSETS
from sercore.studies.parry_grid import GRID

SEEDS = 5  # the fewest that a sign or an order is judged on
SHOWN = 3  # the fewest of which a difference is shown
LISTED = 5  # gaps that a reason names at most
HOME = "in-domain test"
SINGLE = ("C", "G", "S", "L")  # as in Table 2
SEVERAL = tuple(name for name in SUBSETS if "+" in name)

Scores = Mapping[tuple[str, str], float]  # UA in % by name in ``SCORED`` and row


@dataclass(frozen=True)
class Gap:
    """A number that a statement says is above zero.

    Args:
        name: what it is.
        values: one for each seed that has all that it takes, one for the printed scores; none where nothing is there.
        mark: "holds" where the mean over seeds exceeds their standard deviation, "fails" where it does below zero, "inconclusive"
            between the two or on fewer than five seeds, "not run" without a value.
    """

    name: str
    values: tuple[float, ...]
    mark: str

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        """Standard deviation over seeds; 0 for one value."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0


def gap(name: str, values: Sequence[float], *, least: int = SEEDS) -> Gap:
    """A gap with its mark; ``least`` is the fewest values that are judged (default 5)."""
    found = Gap(name, tuple(values), "not run" if not len(values) else "inconclusive")
    if len(values) < max(least, 1) or abs(found.mean) <= found.spread:
        return found
    return Gap(name, found.values, "holds" if found.mean > 0 else "fails")


def any_of(name: str, gaps: Sequence[Gap], *, least: int = SEEDS) -> Gap:
    """One gap for a statement that one of several bears out.

    For each seed it is the one that is largest over the other seeds: the largest over all of them is above zero by chance alone.
    """
    most = max((len(each.values) for each in gaps), default=0)
    there = [each for each in gaps if len(each.values) == most]
    if not most:
        return gap(name, ())
    values = np.array([each.values for each in there])  # (gaps, seeds)
    others = values.sum(1, keepdims=True) - values if most > 1 else values
    best = there[int(values.mean(1).argmax())]
    return gap(f"{name}{best.name}", values[others.argmax(0), np.arange(most)].tolist(), least=least)


def every(gaps: Sequence[Gap]) -> Gap:
    """One gap for a statement that several must bear out: told is the smallest."""
    weakest = min(gaps, key=lambda each: each.mean if each.values else -np.inf)
    return Gap(weakest.name, weakest.values, all_of([each.mark for each in gaps]))


def denied(each: Gap, name: str) -> Gap:
    """The gap of the opposite statement, under this name."""
    mark = {"holds": "fails", "fails": "holds"}.get(each.mark, each.mark)
    return Gap(name, tuple(-value for value in each.values), mark)


@dataclass(frozen=True)
class Evidence:
    """Scores that statements are judged on.

    Args:
        tables: printed ones, or one for each seed.
        single: attributes that a model of one has.
        several: sets of attributes that a model of several has, of those that are there to be judged.
        least: values that a mark takes.
    """

    tables: tuple[Scores, ...]
    single: tuple[str, ...]
    several: tuple[str, ...]
    least: int

    @property
    def sets(self) -> tuple[str, ...]:
        """Sets of one attribute and of several."""
        return (*self.single, *self.several)

    def gap(self, name: str, statistic: Callable[[Scores], float]) -> Gap:
        """A gap by its formula, over the tables that have all its cells."""
        values = []
        for scores in self.tables:
            try:
                values.append(float(statistic(scores)))
            except KeyError:  # a cell that is not printed, or not run for this seed
                continue
        return gap(name, values, least=self.least)

    def has(self, corpora: str) -> bool:
        """Whether the baseline is scored there."""
        return any((corpora, "baseline") in scores for scores in self.tables)


def printed(ledger: Ledger) -> Evidence:
    """The printed scores."""
    scores = {result(number)[::-1]: float(number.value) for number in ledger.printed if number.metric == "ua"}
    exact = {result(number)[::-1]: float(number.value) for number in ledger.printed if number.table in ("Table 2", "Table 3")}
    there = {row.partition(" ")[2] for corpora, row in exact if corpora != HOME}
    return Evidence((scores | exact,), SINGLE, tuple(name for name in SEVERAL if name in there), 1)


@lru_cache(maxsize=8)
def trained(ledger: Ledger) -> Evidence:
    """The recorded scores, seed by seed; where corpus and language are one label, each training counts once."""
    seeds: dict[int, dict[tuple[str, str], float]] = {}
    for row in (each.name for each in GRID):
        trials = recorded(ledger, row)
        for name, corpora in SCORED.items():
            there = trials.of(*corpora) if trials is not None else None
            if there is None or not len(there.counts):
                continue
            for seed, value in zip(there.seeds, there.by_seed(UA), strict=True):
                seeds.setdefault(seed, {})[name, row] = float(value)
    own = {name for name in SUBSETS if trained_as(f"GR {name}") == f"GR {name}"}
    sets = (tuple(name for name in names if name in own) for names in (SINGLE, SEVERAL))
    return Evidence(tuple(seeds.values()), *sets, SEEDS)


def recorded(ledger: Ledger, row: str) -> Trials | None:
    """Recorded trials of a row, or of the one whose training stands for it; None where there are none."""
    return ledger.trials(trained_as(row), variant=VARIANT, protocol=PROTOCOL)


def gain(ledger: Ledger, row: str, *corpora: str) -> Gap:
    """A row's UA above the baseline's, in points, seed by seed on the seeds that both have.

    Args:
        ledger: with recorded runs.
        row: "GR C+S".
        corpora: that are scored, by the names in the counts: "tess".
    """
    pair = [recorded(ledger, each) for each in (row, "baseline")]
    there = [each.of(*corpora) for each in pair if each is not None]
    if len(there) < 2 or not all(len(each.counts) for each in there) or not set(there[0].seeds) & set(there[1].seeds):
        return gap(row, ())
    return gap(row, there[0].difference(there[1], UA).by_seed)


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
    words = [f"printed: {told(parts['printed'], least=1)}", f"recorded: {why}"]
    for name, each in evidence.items() if aside else ():
        beside = [gap for gap in aside(each) if len(gap.values) >= each.least]
        words += [f"beside it, {name}: {', '.join(map(_number, beside))}"] * bool(beside)
    words += [QUOTED] * ("TESS" in on)
    return Judgement(published=mark, clean=mark, reason="; ".join(words), printed=borne_out(parts["printed"]))


def borne_out(gaps: Sequence[Gap]) -> bool | None:
    """Whether printed numbers bear a statement out; None where some that it takes are not printed and none contradicts it."""
    marks = {each.mark for each in gaps}
    return False if "fails" in marks else True if marks == {"holds"} else None


def told(gaps: Sequence[Gap], *, least: int = SEEDS) -> str:
    """How many parts hold, and those that do not, the worst first."""
    held = [each for each in gaps if each.mark == "holds"]
    judged = [each for each in gaps if len(each.values) >= least]
    few = [len(each.values) for each in gaps if 0 < len(each.values) < least]
    absent = sum(not each.values for each in gaps)
    others = sorted((each for each in judged if each not in held), key=lambda each: each.mean)
    shown = others[:LISTED] if len(gaps) > LISTED else judged
    words = [f"{len(held)} of {len(gaps)} hold{_seeds(judged)}"] if judged else []
    if len(held) > len(shown):
        words.append(f"by {min(each.mean for each in held):+.2f} to {max(each.mean for each in held):+.2f}")
    words += [_number(each) for each in shown]
    if len(gaps) > LISTED < len(others):
        words.append(f"{len(others) - LISTED} more that do not")
    if few:
        words.append(f"{len(few)} of {len(gaps)} rest on {min(few)} seed{'s' * (min(few) > 1)}, and {least} are needed")
    if absent:
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
    return all_of([each.mark for each in gaps]), "; ".join(absent)


def _number(each: Gap) -> str:
    if len(each.values) < 2:
        return f"{each.name} {each.mean:+.2f}"
    return f"{each.name} {each.mean:+.2f} ± {each.spread:.2f}" + f" ({each.mark})" * (each.mark != "holds")


def _seeds(gaps: Sequence[Gap]) -> str:
    counts = sorted({len(each.values) for each in gaps})
    return "" if counts == [1] else f" over {' to '.join(map(str, counts[:: max(1, len(counts) - 1)]))} seeds"
