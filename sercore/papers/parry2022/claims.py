"""Claims of paper 02 (Parry et al. 2022), C1 to C21: those on accuracies of several corpora here.

Those about one unseen corpus are in ``parry_tables``, those that rest on other things than accuracies in ``parry_facts``.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sercore.ledger.claims import Judgement, claim
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022.attributes import SUBSETS
from sercore.papers.parry2022.claims_tables import (
    CREMA,
    TESS,
    discriminator_worst,
    gains,
    gender_helps,
    gender_hurts,
    models,
    most,
    multi_task_worst,
    only_reversal_improves,
    over,
    several_beat,
    several_worse,
    similar_or_better,
)
from sercore.papers.parry2022.facts import balanced, clustered, novel, projection
from sercore.papers.parry2022.gaps import HOME, Evidence, Gap, Scores, any_of, denied, every, printed, weighed
from sercore.papers.parry2022.grid import APPROACHES

BOTH = (TESS, CREMA)
ALL = "C+S+G+L"
CONSISTENT = ("L", "C+L", "S+L", "G+L", "C+S+G", "C+S+L")
BEST = ("G+L", "S+L", "C+S+L")


def _smaller(scores: Scores, row: str) -> float:
    """The smaller of a row's gains on both unseen corpora: above zero, it is above both baselines."""
    return np.minimum.reduce([over(scores, corpora, row) for corpora in BOTH])


def _above_both(evidence: Evidence, row: str) -> Gap:
    """Over both baselines: in one gap, the smaller."""

    def gap(corpora: str) -> Gap:
        return evidence.gap(f"{row} over the baseline on {corpora}", lambda scores: over(scores, corpora, row))

    return every([gap(corpora) for corpora in BOTH])


def _under_one(evidence: Evidence, row: str) -> Gap:
    """Not over both baselines."""
    found = _above_both(evidence, row)
    return denied(found, found.name.replace(" over ", " under "))


def _mean(scores: Scores, corpora: str, name: str) -> float:
    """Mean UA of the three approaches with a set of attributes."""
    return np.mean([scores[corpora, f"{approach} {name}"] for approach in APPROACHES], axis=0)


@claim("C8", "No model of MTL or AD is above both baselines", source="section 5")
def none_above_both(ledger: Ledger) -> Judgement:
    """Under one baseline or the other, each of them that is there."""
    return weighed(ledger, lambda evidence: [_under_one(evidence, row) for row in models(("MTL", "AD"), evidence.sets)], on=BOTH)


@claim("C9", "GR is above both baselines for 6 of 15 sets: L, C+L, S+L, G+L, C+S+G, C+S+L", source="section 5")
def reversal_above_both(ledger: Ledger) -> Judgement:
    """Above both for these six, under one or the other for the rest."""

    def statement(evidence: Evidence) -> list[Gap]:
        judge = {True: _above_both, False: _under_one}
        return [judge[name in CONSISTENT](evidence, f"GR {name}") for name in SUBSETS]

    return weighed(ledger, statement, on=BOTH, apart=True)


@claim("C10", "GR is the best approach in most settings, and the most consistent", source="abstract, section 6")
def reversal_best(ledger: Ledger) -> Judgement:
    """Best for more than half of corpora by sets of attributes; and more sets above both baselines than of MTL or of AD."""

    def best(scores: Scores, corpora: Sequence[str], names: Sequence[str]) -> float:
        rivals = [(each, name) for each in corpora for name in names]
        return most([scores[c, f"GR {n}"] - np.maximum(scores[c, f"MTL {n}"], scores[c, f"AD {n}"]) for c, n in rivals])

    def consistent(scores: Scores, names: Sequence[str]) -> float:
        count = {approach: sum(_smaller(scores, row) > 0 for row in models([approach], names)) for approach in APPROACHES}
        return count["GR"] - np.maximum(count["MTL"], count["AD"])

    def shares(evidence: Evidence, corpora: Sequence[str]) -> Gap:
        names = evidence.sets
        told = " and ".join(corpora)
        return evidence.gap(f"share where GR is best on {told}, less a half", lambda scores: best(scores, corpora, names))

    def statement(evidence: Evidence) -> list[Gap]:
        names = evidence.sets
        above = evidence.gap("sets above both baselines, GR less the next", lambda scores: consistent(scores, names))
        return [shares(evidence, BOTH), above]

    return weighed(ledger, statement, on=BOTH, aside=lambda evidence: [shares(evidence, [each]) for each in BOTH])


@claim("C11", "Attributes mostly lower the in-domain accuracy: only two models exceed the baseline", source="section 5")
def lower_at_home(ledger: Ledger) -> Judgement:
    """More than half below the baseline, and not more than two above it; of the printed ones, the two above and the third below."""

    def changes(scores: Scores, evidence: Evidence) -> list[float]:
        return [over(scores, HOME, row) for row in models(APPROACHES, evidence.sets)]

    def statement(evidence: Evidence) -> list[Gap]:
        return [
            evidence.gap("share below, less a half", lambda scores: most([-each for each in changes(scores, evidence)])),
            evidence.gap("2.5 less the number above", lambda scores: 2.5 - sum(each > 0 for each in changes(scores, evidence))),
        ]

    def paper(evidence: Evidence) -> list[Gap]:
        return gains(evidence, HOME, ("GR S", "MTL G+L")) + gains(evidence, HOME, [f"GR {ALL}"], sign=-1)

    return weighed(ledger, statement, on=(HOME,), paper=paper)


@claim("C12", "Language is useful: G+L, S+L and C+S+L are the best sets over both corpora", source="section 6")
def language_useful(ledger: Ledger) -> Judgement:
    """Of GR: the three above both baselines, and by the smaller of two gains above every other set; by their mean beside it."""

    def mean(scores: Scores, row: str) -> float:
        return np.mean([over(scores, corpora, row) for corpora in BOTH], axis=0)

    def against(evidence: Evidence, title: str, value: Callable[[Scores, str], float]) -> list[Gap]:
        def gap(one: str, other: str) -> Gap:
            name = f"{one} over {other} by the {title} gain"
            return evidence.gap(name, lambda scores: value(scores, f"GR {one}") - value(scores, f"GR {other}"))

        return [every([gap(one, other) for other in evidence.sets if other not in BEST]) for one in BEST]

    def statement(evidence: Evidence) -> list[Gap]:
        return [*(_above_both(evidence, f"GR {name}") for name in BEST), *against(evidence, "smaller", _smaller)]

    return weighed(ledger, statement, on=BOTH, aside=lambda evidence: against(evidence, "mean", mean), apart=True)


@claim("C13", "Gender scores lowest on TESS and highest on CREMA-D", source="section 6, Table 2")
def gender_inconsistent(ledger: Ledger) -> Judgement:
    """Mean over the three approaches against that of every other single attribute; each approach beside it."""
    sides = ((TESS, -1, "under"), (CREMA, 1, "over"))

    def statement(evidence: Evidence) -> list[Gap]:
        return [
            evidence.gap(
                f"G {word} {name} on {corpora}",
                lambda scores, c=corpora, s=sign, n=name: s * (_mean(scores, c, "G") - _mean(scores, c, n)),
            )
            for corpora, sign, word in sides
            for name in evidence.single
            if name != "G"
        ]

    def aside(evidence: Evidence) -> list[Gap]:
        def gap(corpora: str, sign: int, title: str, one: str, other: str) -> Gap:
            return evidence.gap(title, lambda scores: sign * (scores[corpora, one] - scores[corpora, other]))

        return [
            every([gap(c, sign, f"{a} G {word} {n} on {c}", f"{a} G", f"{a} {n}") for n in evidence.single if n != "G"])
            for c, sign, word in sides
            for a in APPROACHES
        ]

    return weighed(ledger, statement, on=BOTH, aside=aside)


@claim("C14", "All four attributes are not the best choice", source="section 6, Table 3")
def four_not_best(ledger: Ledger) -> Judgement:
    """On each corpus a model of fewer above the best model of all four; the best of each approach beside it."""

    def best(evidence: Evidence, corpora: str, approaches: Sequence[str]) -> Gap:
        def gap(row: str, four: str) -> Gap:
            return evidence.gap(f"{row} over {four}", lambda scores: scores[corpora, row] - scores[corpora, four])

        rivals = models(approaches, [name for name in evidence.sets if name != ALL])
        found = [every([gap(row, four) for four in models(approaches, [ALL])]) for row in rivals]
        return any_of(f"on {corpora} ", found)

    return weighed(
        ledger,
        lambda evidence: [best(evidence, corpora, APPROACHES) for corpora in BOTH],
        on=BOTH,
        aside=lambda evidence: [best(evidence, corpora, [each]) for corpora in BOTH for each in APPROACHES],
    )


@claim("C18", "With one attribute, adversarial models consistently beat MTL", source="section 5")
def adversarial_beats(ledger: Ledger) -> Judgement:
    """GR and AD above MTL for each attribute and corpus."""

    def statement(evidence: Evidence) -> list[Gap]:
        return [
            evidence.gap(
                f"{approach} {name} over MTL on {c}",
                lambda scores, c=c, a=approach, n=name: scores[c, f"{a} {n}"] - scores[c, f"MTL {n}"],
            )
            for c in BOTH
            for approach in ("GR", "AD")
            for name in evidence.single
        ]

    return weighed(ledger, statement, on=BOTH)


@claim("C19", "Training on attributes is generally beneficial", source="section 7")
def beneficial(ledger: Ledger) -> Judgement:
    """More than half of all models and corpora above the baseline; in print decided only once unprinted cells cannot turn it."""

    def statement(evidence: Evidence) -> list[Gap]:
        cells = [(c, row) for c in BOTH for row in models(APPROACHES, evidence.sets)]
        return [evidence.gap("share above, less a half", lambda scores: most([over(scores, *cell) for cell in cells]))]

    found = weighed(ledger, statement, on=BOTH)
    scores = printed(ledger).scores
    cells = [(c, row) for c in BOTH for row in models(APPROACHES, SUBSETS)]
    there = [over(scores, *cell) > 0 for cell in cells if cell in scores]
    missing, above = len(cells) - len(there), sum(there)
    mark = True if above > len(cells) / 2 else False if above + missing <= len(cells) / 2 else None
    reason = f"{above} of {len(there)} printed cells are above their baseline, {missing} are not printed; {found.reason}"
    return replace(found, printed=mark, reason=reason)


CLAIMS = (
    similar_or_better,
    gender_hurts,
    gender_helps,
    multi_task_worst,
    several_beat,
    only_reversal_improves,
    discriminator_worst,
    none_above_both,
    reversal_above_both,
    reversal_best,
    lower_at_home,
    language_useful,
    gender_inconsistent,
    four_not_best,
    clustered,
    novel,
    several_worse,
    adversarial_beats,
    beneficial,
    projection,
    balanced,
)
# About data and other papers: agree, differ or not to be tested, whatever is trained.
SETTINGS = tuple(each.name for each in (novel, balanced))
