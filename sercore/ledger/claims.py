"""Checkable sentences of the papers, and the judges that decide them on a paper's ledger.

A claim is a sentence and its judge. Four judges cover most sentences, and are made of plain parts:
``Ordered`` rows, ``Differences`` above zero, printed numbers that are ``Counted`` again, and what the
printed numbers say themselves (``OnPrint``). Any other function of a ledger can be a judge too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np

from sercore.evaluation.estimates import Estimate, difference, signs
from sercore.evaluation.scores import Trials
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed

# What a claim can get under one protocol: a mark of a difference, or what becomes of a count.
MARKS = ("holds", "fails", "inconclusive", "not run", "agrees", "differs", "setting")


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
    judged = iter(signs([gap for gap in gaps if gap.by_seed]))
    return [next(judged) if gap.by_seed else "not run" for gap in gaps]


def all_of(marks: Sequence[str]) -> str:
    """Mark of a statement that needs every part: one failure fails it, one doubt leaves it open."""
    if not marks or "not run" in marks:
        return "not run"
    if "fails" in marks:
        return "fails"
    return "inconclusive" if "inconclusive" in marks else "holds"


def best_of(gaps: Sequence[Gap], *, prefix: str = "") -> Gap:
    """Return one gap for a sentence that one of several bears out: the largest (Bonferroni)."""
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
    """Say how many gaps hold, which do not, and why none can be judged where that is so."""
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


Parts = Callable[[Any], Sequence[Gap]]  # gaps that a sentence needs, from one body of evidence


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What became of a claim.

    Args:
        published: mark under the paper's protocol, one of ``MARKS``.
        clean: mark under the clean protocol.
        reason: one or two sentences with the numbers.
        printed: whether the paper's own numbers bear it out; None where they do not speak to it.
        described: both marks again on the text's reading of the method; empty where the code's
            reading is no other.
    """

    published: str
    clean: str
    reason: str
    printed: bool | None = None
    described: tuple[str, ...] = ()

    @classmethod
    def alike(cls, mark: str, reason: str, *, printed: bool | None = None) -> "Judgement":
        """Return a judgement that no protocol changes: both marks are one."""
        return cls(published=mark, clean=mark, reason=reason, printed=printed)


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, in our words, with its section or table and its judge."""

    name: str
    text: str
    _: KW_ONLY
    source: str
    judge: Callable[[Ledger], Judgement]


def judged(ledger: Ledger, claims: Sequence[Claim]) -> list[tuple[Claim, Judgement]]:
    """Judge every claim of a paper.

    A claim that the paper's own numbers contradict says so, and so does one that holds in the
    code's reading of the method alone.
    """
    results = []
    for claim in claims:
        judgement = claim.judge(ledger)
        marks = (judgement.published, judgement.clean)
        pairs = zip(marks, judgement.described, strict=bool(judgement.described))
        if any(ran == "holds" != described for ran, described in pairs):
            reason = f"holds only as run, and not as described. {judgement.reason}"
            judgement = replace(judgement, reason=reason)
        if judgement.printed is False:
            reason = f"contradicted by the paper's own numbers. {judgement.reason}"
            judgement = replace(judgement, reason=reason)
        results.append((claim, judgement))
    return results


@dataclass(frozen=True)
class Reading:
    """One reading of the method under one protocol: which trials of a row are compared.

    Args:
        name: words that open its part of a reason.
        protocol: "clean".
        variant: "as-run", or the variant of each row.
    """

    name: str
    protocol: str
    variant: str | Mapping[str, str]

    def trials(self, ledger: Ledger, row: str) -> Trials | None:
        """Return the recorded trials of a row, or None."""
        variant = self.variant if isinstance(self.variant, str) else self.variant[row]
        return ledger.trials(row, variant=variant, protocol=self.protocol)

    def gap(self, ledger: Ledger, row: str, other: str, metric: str, *, name: str = "") -> Gap:
        """Return a row's score less another's."""
        pair = [self.trials(ledger, row), self.trials(ledger, other)]
        return estimated(name, None if None in pair else difference(*pair, metric))


# The code's reading and the text's, each with the printed leaks and without.
READINGS = tuple(
    Reading(f"{variant}, {protocol}", protocol, variant)
    for variant in ("as-run", "as-described")
    for protocol in ("as-published", "clean")
)


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Judge that the first row of every pair scores above the second.

    Args:
        pairs: rows, the higher one first; or a function of the ledger that returns them.
        metric: score that is compared, printed and recorded.
        readings: as published, clean, and where the text is read differently the same again.
        summary: words for the differences under one reading.
        printed: test of the printed differences (default: all are above zero).
        note: sentence that closes the reason.
    """

    pairs: Sequence[tuple[str, str]] | Callable[[Ledger], Sequence[tuple[str, str]]]
    metric: str
    readings: Sequence[Reading] = READINGS
    summary: Callable[[Sequence[Gap]], str] = summary
    printed: Callable[[Sequence[float]], bool] = lambda differences: min(differences) > 0
    note: str = ""

    def gaps(self, ledger: Ledger, reading: Reading) -> list[Gap]:
        """Return the difference of every pair under one reading."""
        gaps = []
        for one, other in self.pairs(ledger) if callable(self.pairs) else self.pairs:
            gaps.append(reading.gap(ledger, one, other, self.metric, name=f"{one} over {other}"))
        return gaps

    def __call__(self, ledger: Ledger) -> Judgement:
        """Judge the pairs together under every reading."""
        pairs = self.pairs(ledger) if callable(self.pairs) else self.pairs
        results, words = [], []
        for reading in self.readings:
            differences = self.gaps(ledger, reading)
            results.append(all_of(marks(differences)))
            words.append(f"{reading.name}: {self.summary(differences)}")
        if self.note:
            words.append(self.note)
        values = printed_values(ledger, self.metric)
        return Judgement(
            published=results[0],
            clean=results[1],
            described=tuple(results[2:]),
            reason=". ".join(words),
            printed=self.printed([values[one] - values[other] for one, other in pairs]),
        )


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body of evidence, such as one experiment under one protocol."""

    evidence: Any  # scores or systems that gaps are taken from
    title: str = ""  # words that open its part of the reason
    barrier: tuple[str, str] | None = None  # mark and reason where nothing can be judged on it
    note: str = ""  # words that close its part of the reason


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Judge that several differences are all above zero, on every body of evidence.

    Args:
        parts: differences that the sentence needs.
        bodies: bodies of evidence of a ledger, by protocol: as published, then clean; of one
            protocol alone both marks are one.
        printed: printed scores of a ledger (default: they do not speak to the sentence).
        on_print: differences that the sentence needs in print (default: ``parts``).
        aside: differences that are shown beside the others and not judged.
        number: words for a gap and its mark.
        summary: words for the gaps of one body, from the gaps and ``number``.
        note: words that close the reason.
        amend: last change to the judgement, where the sentence says more.
    """

    parts: Parts
    bodies: Callable[[Ledger], Mapping[str, Sequence[Body]]]
    printed: Callable[[Ledger], Any] | None = None
    on_print: Parts | None = None
    aside: Parts | None = None
    number: Callable[[Gap, str], str] = with_mark
    summary: Callable[[Sequence[Gap], Callable[[Gap, str], str]], str] = summary
    note: str = ""
    amend: Callable[[Ledger, Judgement], Judgement] | None = None

    def __call__(self, ledger: Ledger) -> Judgement:
        """Judge every body of evidence."""
        marks, words, printed = [], [], None
        if self.printed is not None:
            evidence = self.printed(ledger)
            differences = (self.on_print or self.parts)(evidence)
            printed = borne_out(differences)
            words.append(f"printed: {self._described(differences, evidence)}")
        for protocol, bodies in self.bodies(ledger).items():
            results = [self._judge(body) for body in bodies]
            marks.append(all_of([mark for mark, _ in results]))
            reasons = "; ".join(reason for _, reason in results)
            words.append(f"{protocol}: {reasons}" if protocol else reasons)
        if self.note:
            words.append(self.note)
        reason = "; ".join(words)
        judgement = Judgement(published=marks[0], clean=marks[-1], reason=reason, printed=printed)
        return self.amend(ledger, judgement) if self.amend else judgement

    def _judge(self, body: Body) -> tuple[str, str]:
        """Return mark and reason of one body of evidence."""
        if body.barrier:
            mark, reason = body.barrier
        else:
            differences = self.parts(body.evidence)
            mark = all_of(marks(differences))
            words = [body.note] if body.note else []
            if any(gap.by_seed for gap in differences) or not body.note:
                words.insert(0, self._described(differences, body.evidence))
            reason = "; ".join(words)
        return mark, f"{body.title}: {reason}" if body.title else reason

    def _described(self, differences: Sequence[Gap], evidence: Any) -> str:
        """Write a body's differences, and beside them those that are not judged."""
        words = self.summary(differences, self.number)
        beside = [gap for gap in (self.aside(evidence) if self.aside else ()) if gap.by_seed]
        if beside:
            shown = ", ".join(f"{gap.name} {self.number(gap, '')}" for gap in beside)
            words += f"; beside it, {shown}"
        return words


def borne_out(differences: Sequence[Gap]) -> bool | None:
    """Say whether printed differences bear a sentence out; None where some are not printed."""
    distinct = set(marks(differences))
    if "fails" in distinct:
        return False
    return True if distinct == {"holds"} else None


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Judge that printed counts in the text agree with what was measured or built.

    ``metric`` is how their metric's name begins, ``label`` names a number that does not agree.
    """

    rows: Sequence[str]
    metric: str = ""
    label: Callable[[Printed], str] = lambda number: f"{number.value:g}"

    def __call__(self, ledger: Ledger) -> Judgement:
        """Hold each printed count against ours."""
        numbers = [
            number
            for number in ledger.printed
            if number.row in self.rows
            and number.metric.startswith(self.metric)
            and number.table == "Text"
        ]
        verdicts, wrong = [], {}
        for number in numbers:
            verdict, reason = ledger.verdict(number)
            verdicts.append(verdict)
            if not reason.startswith("agrees"):
                wrong.setdefault(reason, []).append(self.label(number))
        mark = "not run" if "not run" in verdicts else "differs" if wrong else "agrees"
        words = [f"{', '.join(labels)}: {reason}" for reason, labels in wrong.items()]
        return Judgement.alike(mark, "; ".join(words) or "every number agrees")


@dataclass(frozen=True, kw_only=True)
class OnPrint:
    """Judge a sentence about the paper's own numbers.

    ``check`` says whether the printed numbers bear the sentence out, and the numbers in words.
    """

    check: Callable[[Sequence[Printed]], tuple[bool, str]]

    def __call__(self, ledger: Ledger) -> Judgement:
        """Check the printed numbers."""
        agrees, words = self.check(ledger.printed)
        mark = "agrees" if agrees else "differs"
        return Judgement.alike(mark, f"printed, {words}", printed=agrees)


@dataclass(frozen=True)
class Untested:
    """Leave a sentence unjudged that no run of ours can test, with the reason in words."""

    reason: str

    def __call__(self, ledger: Ledger) -> Judgement:
        """Return the reason."""
        return Judgement.alike("not run", self.reason)


def printed_values(ledger: Ledger, metric: str) -> dict[str, float]:
    """Return the printed values of a metric by row."""
    return {number.row: number.value for number in ledger.printed if number.metric == metric}
