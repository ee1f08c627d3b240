"""Checkable sentences of the papers, and the judges that decide them on a paper's ledger.

A claim is a sentence and its judge. Four judges cover most sentences, and are made of plain parts:
``Ordered`` rows, ``Differences`` above zero, printed numbers that are ``Counted`` again, and what the
printed numbers say themselves (``OnPrint``). Any other function of a ledger can be a judge too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from sercore.ledger import estimates, gaps
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import all_of
from sercore.ledger.gaps import Gap
from sercore.ledger.paper import Printed
from sercore.ledger.scores import Trials

# What a claim can get under one protocol: a mark of a difference, or what becomes of a count.
MARKS = (*estimates.MARKS, "agrees", "differs", "setting")

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
    """A statement and its judge.

    Args:
        name: "A7".
        text: the paper's statement, in our words.
        source: section or table.
        judge: decision on the paper's ledger.
    """

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
        difference = None if None in pair else estimates.difference(*pair, metric)
        return gaps.estimated(name, difference)


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
        short: short name of a row, for the reason.
        printed: test of the printed differences (default: all are above zero).
        note: sentence that closes the reason.
    """

    pairs: Sequence[tuple[str, str]] | Callable[[Ledger], Sequence[tuple[str, str]]]
    metric: str
    readings: Sequence[Reading] = READINGS
    short: Callable[[str], str] = str
    printed: Callable[[Sequence[float]], bool] = lambda differences: min(differences) > 0
    note: str = ""

    def __call__(self, ledger: Ledger) -> Judgement:
        """Judge the pairs together under every reading."""
        pairs = self.pairs(ledger) if callable(self.pairs) else self.pairs
        marks, words = [], []
        for reading in self.readings:
            differences = [
                reading.gap(ledger, one, other, self.metric, name=self._name(one, other))
                for one, other in pairs
            ]
            marks.append(all_of(gaps.marks(differences)))
            words.append(f"{reading.name}: {gaps.summary(differences)}")
        if self.note:
            words.append(self.note)
        values = printed_values(ledger, self.metric)
        return Judgement(
            published=marks[0],
            clean=marks[1],
            described=tuple(marks[2:]),
            reason=". ".join(words),
            printed=self.printed([values[one] - values[other] for one, other in pairs]),
        )

    def _name(self, one: str, other: str) -> str:
        return f"{self.short(one)} over {self.short(other)}"


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body of evidence, such as one experiment under one protocol.

    Args:
        evidence: scores or systems that gaps are taken from.
        title: words that open its part of the reason.
        barrier: mark and reason where nothing can be judged on it.
        note: words that close its part of the reason.
    """

    evidence: Any
    title: str = ""
    barrier: tuple[str, str] | None = None
    note: str = ""


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
    number: Callable[[Gap, str], str] = gaps.with_mark
    summary: Callable[[Sequence[Gap], Callable[[Gap, str], str]], str] = gaps.summary
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
            mark = all_of(gaps.marks(differences))
            is_recorded = any(gap.by_seed for gap in differences)
            words = (
                [self._described(differences, body.evidence)]
                if is_recorded or not body.note
                else []
            )
            reason = "; ".join([*words, *filter(None, [body.note])])
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
    """Say whether printed differences bear a sentence out.

    It is None where some of them are not printed, and none contradicts the sentence.
    """
    marks = set(gaps.marks(differences))
    if "fails" in marks:
        return False
    return True if marks == {"holds"} else None


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Judge that printed counts agree with what was measured or built.

    Args:
        rows: rows of the printed numbers in the text.
        metric: beginning of their metric's name.
        label: name of a number that does not agree.
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

    Args:
        check: whether the printed numbers bear the sentence out, and the numbers in words.
    """

    check: Callable[[Sequence[Printed]], tuple[bool, str]]

    def __call__(self, ledger: Ledger) -> Judgement:
        """Check the printed numbers."""
        agrees, words = self.check(ledger.printed)
        mark = "agrees" if agrees else "differs"
        return Judgement.alike(mark, f"printed, {words}", printed=agrees)


@dataclass(frozen=True)
class Untested:
    """Leave a sentence unjudged that no run of ours can test.

    Args:
        reason: reason in words.
    """

    reason: str

    def __call__(self, ledger: Ledger) -> Judgement:
        """Return the reason."""
        return Judgement.alike("not run", self.reason)


def printed_values(ledger: Ledger, metric: str) -> dict[str, float]:
    """Return the printed values of a metric by row."""
    return {number.row: number.value for number in ledger.printed if number.metric == metric}
