"""Claims of paper 02 about one unseen corpus, each with its printed table, and the steps that all claims on accuracies share."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sercore.ledger.claims import Judgement, claim
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022.gaps import Evidence, Gap, Scores, any_of, every, printed, weighed
from sercore.papers.parry2022.grid import APPROACHES

TESS, CREMA = "TESS", "CREMA-D"
SAME = 1.0  # points: the paper calls 0.58 fewer similar


def over(scores: Scores, corpora: str, row: str) -> float:
    """UA above the baseline's, in points."""
    return scores[corpora, row] - scores[corpora, "baseline"]


def most(values: Sequence[float]) -> float:
    """Share of values above zero, less one half; of arrays of draws for each draw."""
    return np.mean(np.array(values) > 0, axis=0) - 0.5


def models(approaches: Sequence[str], names: Sequence[str]) -> list[str]:
    """Every approach with every set of attributes."""
    return [f"{approach} {name}" for approach in approaches for name in names]


def gains(evidence: Evidence, corpora: str, chosen: Sequence[str], *, sign: int = 1, same: float = 0.0) -> list[Gap]:
    """One gap a model: above the baseline, or with ``sign`` -1 below it; ``same`` points are granted (default 0)."""
    word = "over" if sign > 0 else "under"
    return [
        evidence.gap(f"{row} {word} the baseline", lambda scores, row=row: sign * over(scores, corpora, row) + same)
        for row in chosen
    ]


def under_both(evidence: Evidence, worst: str, names: Sequence[str]) -> list[Gap]:
    """One gap a set of attributes: either of the other two approaches above one, on CREMA-D."""

    def gap(name: str, other: str) -> Gap:
        title = f"{worst} {name} under {other}"
        return evidence.gap(title, lambda scores: scores[CREMA, f"{other} {name}"] - scores[CREMA, f"{worst} {name}"])

    return [every([gap(name, other) for other in APPROACHES if other != worst]) for name in names]


@claim("C1", "On TESS, MTL and GR with corpus, speaker or language equal or beat the baseline, by up to 6 points", source="Table 2")
def similar_or_better(ledger: Ledger) -> Judgement:
    """Each not more than a point below; the largest gain, rounded, against the stated one, in print alone."""

    def statement(evidence: Evidence) -> list[Gap]:
        rows = models(("MTL", "GR"), [name for name in evidence.single if name != "G"])
        return gains(evidence, TESS, rows, same=SAME)

    found = weighed(ledger, statement, on=(TESS,))
    (stated,) = (number.value for number in ledger.printed if number.metric == "ua_gain")
    largest = max(each.value for each in statement(printed(ledger))) - SAME
    reason = f"with {SAME:g} point granted, {found.reason}; the largest printed gain is {largest:+.2f}, stated are {stated:g}"
    return replace(found, printed=found.printed and round(largest) == stated, reason=reason)


@claim("C2", "On TESS, gender as an attribute hurts", source="Table 2")
def gender_hurts(ledger: Ledger) -> Judgement:
    """Each approach with gender below the baseline."""
    return weighed(ledger, lambda evidence: gains(evidence, TESS, models(APPROACHES, "G"), sign=-1), on=(TESS,))


@claim("C3", "On CREMA-D, gender with adversarial learning helps", source="Table 2")
def gender_helps(ledger: Ledger) -> Judgement:
    """GR and AD with gender above the baseline."""
    return weighed(ledger, lambda evidence: gains(evidence, CREMA, models(("GR", "AD"), "G")), on=(CREMA,))


@claim("C4", "On CREMA-D, MTL is the worst approach for every single attribute", source="section 5, Table 2")
def multi_task_worst(ledger: Ledger) -> Judgement:
    """GR and AD above MTL."""
    return weighed(ledger, lambda evidence: under_both(evidence, "MTL", evidence.single), on=(CREMA,))


@claim("C5", "On TESS, most models of several attributes beat the baseline, GR and AD more than MTL", source="section 5, Table 3")
def several_beat(ledger: Ledger) -> Judgement:
    """More than half of them; and of GR and of AD a larger share than of MTL."""

    def statement(evidence: Evidence) -> list[Gap]:
        def share(scores: Scores, approaches: Sequence[str]) -> float:
            return most([over(scores, TESS, row) for row in models(approaches, evidence.several)])

        found = [evidence.gap("share of them that do, less a half", lambda scores: share(scores, APPROACHES))]
        for approach in ("GR", "AD"):
            found.append(
                evidence.gap(
                    f"share of {approach} less that of MTL",
                    lambda scores, approach=approach: share(scores, [approach]) - share(scores, ["MTL"]),
                )
            )
        return found

    return weighed(ledger, statement, on=(TESS,))


@claim("C6", "On CREMA-D, only GR improves with several attributes", source="section 5, Table 3")
def only_reversal_improves(ledger: Ledger) -> Judgement:
    """One GR model above the baseline, every MTL and AD model below it."""

    def statement(evidence: Evidence) -> list[Gap]:
        better = any_of("", gains(evidence, CREMA, models(["GR"], evidence.several)))
        return [better, *gains(evidence, CREMA, models(("MTL", "AD"), evidence.several), sign=-1)]

    return weighed(ledger, statement, on=(CREMA,))


@claim("C7", "On CREMA-D, AD is the worst approach for every set of several attributes", source="section 5, Table 3")
def discriminator_worst(ledger: Ledger) -> Judgement:
    """MTL and GR above AD."""
    return weighed(ledger, lambda evidence: under_both(evidence, "AD", evidence.several), on=(CREMA,))


@claim("C17", "On CREMA-D, most models of several attributes are below the baseline and below those of one", source="section 5")
def several_worse(ledger: Ledger) -> Judgement:
    """More than half below the baseline; and of each approach the mean below that of its models of one."""

    def statement(evidence: Evidence) -> list[Gap]:
        def mean(scores: Scores, approach: str, names: Sequence[str]) -> float:
            return np.mean([scores[CREMA, row] for row in models([approach], names)], axis=0)

        several = models(APPROACHES, evidence.several)
        below = evidence.gap("share below, less a half", lambda scores: most([-over(scores, CREMA, row) for row in several]))
        return [below] + [
            evidence.gap(
                f"mean of {approach} of one less that of several",
                lambda scores, a=approach: mean(scores, a, evidence.single) - mean(scores, a, evidence.several),
            )
            for approach in APPROACHES
        ]

    return weighed(ledger, statement, on=(CREMA,))
