"""Differences that a sentence says are above zero: what claims judge, and tables and figures show.

A gap lies between printed scores, which are exact, or between recorded ones. The values, intervals
and signs of recorded ones are those of ``estimates``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sercore.ledger import estimates
from sercore.ledger.estimates import Estimate


@dataclass(frozen=True)
class Gap:
    """A number that a sentence says is above zero.

    Args:
        name: words for the number.
        by_seed: value of each seed, or the printed value; empty where nothing is recorded.
        value: mean over seeds.
        p: two-sided p value of "it is zero"; 0 for a printed value, which is exact.
        doubt: reason why no sign can be judged; empty where one can.
        low, high: 95 % interval of the mean; NaN where it has none.
    """

    name: str
    by_seed: tuple[float, ...] = ()
    value: float = 0.0
    p: float = 1.0
    doubt: str = ""
    low: float = np.nan
    high: float = np.nan

    @property
    def spread(self) -> float:
        """Standard deviation over seeds; 0 for one value."""
        return float(np.std(self.by_seed, ddof=1)) if len(self.by_seed) > 1 else 0.0

    @property
    def mark(self) -> str:
        """Mark of "above zero" where the gap is judged alone."""
        return marks([self])[0]


def estimated(name: str, estimate: Estimate | None) -> Gap:
    """Return the gap of an estimate; one without values where there is no estimate."""
    if estimate is None:
        return Gap(name)
    about = {"low": estimate.low, "high": estimate.high}
    return Gap(name, estimate.by_seed, estimate.value, estimate.p, estimate.doubt, **about)


def exact(name: str, value: float) -> Gap:
    """Return a gap between printed scores: any value but 0 has a sign."""
    return Gap(name, (value,), value, 1.0 if value == 0 else 0.0)


def marks(gaps: Sequence[Gap]) -> list[str]:
    """Marks of "above zero" for gaps that must all hold; "not run" for a gap without a value."""
    judged = iter(estimates.signs([gap for gap in gaps if gap.by_seed]))
    return [next(judged) if gap.by_seed else "not run" for gap in gaps]


def best_of(gaps: Sequence[Gap], *, prefix: str = "") -> Gap:
    """Return one gap for a sentence that one of several bears out: the largest (Bonferroni).

    Args:
        gaps: the several gaps; those without a value are left out.
        prefix: words before the name of the largest.
    """
    run = [gap for gap in gaps if gap.by_seed]
    if not run:
        return Gap(prefix)
    best = max(run, key=lambda gap: gap.value)
    above = [gap.p for gap in run if gap.value > 0]
    p = min(1.0, len(run) * min(above)) if above else max(gap.p for gap in run)
    return replace(best, name=f"{prefix}{best.name}", p=p, doubt=_doubt(run))


def all_hold(gaps: Sequence[Gap]) -> Gap:
    """Return one gap for a sentence that needs several: the smallest, with the largest p value.

    Source: the intersection-union test (Berger 1982); where one is below zero, Bonferroni.
    """
    for gap in gaps:
        if not gap.by_seed:
            return gap
    weakest = min(gaps, key=lambda gap: gap.value)
    below = [gap.p for gap in gaps if gap.value < 0]
    p = min(1.0, len(gaps) * min(below)) if below else max(gap.p for gap in gaps)
    return replace(weakest, p=p, doubt=_doubt(gaps))


def negate(gap: Gap, name: str) -> Gap:
    """Return the gap of the opposite sentence, under another name."""
    values = tuple(-value for value in gap.by_seed)
    about = {"low": -gap.high, "high": -gap.low}
    return replace(gap, name=name, value=-gap.value, by_seed=values, **about)


def with_mark(gap: Gap, mark: str) -> str:
    """Write a value and its mark, if it was judged: "+0.015 (inconclusive)"."""
    if not gap.by_seed:
        return "not run"
    return f"{gap.value:+.3f} ({mark})" if mark else f"{gap.value:+.3f}"


def summary(gaps: Sequence[Gap], number: Callable[[Gap, str], str] = with_mark) -> str:
    """Say how many gaps hold, which do not, and why none can be judged where that is so.

    Args:
        gaps: gaps that must all hold, in the order of the sentence.
        number: words for a gap and its mark (default ``with_mark``).
    """
    judged = list(zip(gaps, marks(gaps), strict=True))
    holding = [gap.value for gap, mark in judged if mark == "holds"]
    words = []
    if any(gap.by_seed for gap in gaps) and not _doubt(gaps):
        span = f", by {min(holding):+.3f} to {max(holding):+.3f}" if holding else ""
        words.append(f"{len(holding)} of {len(gaps)} hold{span}")
    others = [pair for pair in judged if pair[1] != "holds"]
    return "; ".join([*words, *_words(others, number)])


def listing(gaps: Sequence[Gap]) -> str:
    """Write every gap with its mark, and why none can be judged where that is so."""
    return "; ".join(_words(list(zip(gaps, marks(gaps), strict=True)), with_mark))


def with_interval(gap: Gap, mark: str = "") -> str:
    """Write a value in points and its interval, where it has one: "+1.20 [+0.40, +2.10]"."""
    if not gap.by_seed:
        return "not run"
    if not np.isfinite(gap.value):
        return f"unknown: {gap.doubt}"
    interval = f" [{gap.low:+.2f}, {gap.high:+.2f}]" if np.isfinite(gap.low) else ""
    return f"{gap.value:+.2f}{interval}"


def _words(judged: Sequence[tuple[Gap, str]], number: Callable[[Gap, str], str]) -> list[str]:
    words = [f"{gap.name} {number(gap, mark)}" for gap, mark in judged]
    if doubt := _doubt([gap for gap, _ in judged]):
        words.append(f"shown, not judged: {doubt}")
    return words


def _doubt(gaps: Sequence[Gap]) -> str:
    """Return the first reason why one of the gaps cannot be judged; empty where all can."""
    return next((gap.doubt for gap in gaps if gap.doubt), "")
