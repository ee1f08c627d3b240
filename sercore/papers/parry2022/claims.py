"""Claims of Parry et al. 2022, C1 to C21.

Most are about accuracies: a sentence, and the differences that it says are above zero, judged on
the printed tables and on the recorded runs. The paper's protocol shares no speaker, so that both
marks are one.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sercore.evaluation import estimates
from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.claims import Claim, Gap, Judgement, Untested, all_hold, best_of
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import evidence, numbers
from sercore.papers.parry2022.data import GENDERS, ORIGINS, POOLED, SUBSETS
from sercore.papers.parry2022.evidence import (
    BOTH,
    SIMILAR,
    Accuracies,
    Scores,
    above_both,
    accuracies,
    corpus_probes,
    gain,
    gains,
    mean,
    mean_gain,
    not_above_both,
    over,
    row_over,
    rows,
    share_above,
    smaller,
    under,
    worst_approach,
)
from sercore.papers.parry2022.numbers import CREMA, HOME, SCORED, TESS
from sercore.papers.parry2022.study import APPROACHES, NAME

ALL = "C+S+G+L"
CONSISTENT = ("L", "C+L", "S+L", "G+L", "C+S+G", "C+S+L")
BEST = ("G+L", "S+L", "C+S+L")
GENDER_SIDES = ((TESS, -1, "under"), (CREMA, 1, "over"))
BALANCED = 0.8  # of the fewer to the more speakers


def _several_beat(e: Accuracies) -> list[Gap]:
    def share(s: Scores, approaches: Sequence[str]) -> float:
        return share_above(gains(s, approaches, e.several, [TESS]))

    parts = [e.gap("share of them that do, minus one half", lambda s: share(s, APPROACHES))]
    for approach in ("GR", "AD"):
        name = f"share of {approach} minus that of MTL"
        parts.append(e.gap(name, lambda s, a=approach: share(s, [a]) - share(s, ["MTL"])))
    return parts


def _gr_best(e: Accuracies, corpora: Sequence[str]) -> Gap:
    def leads(s: Scores) -> list[float]:
        results = []
        for corpus in corpora:
            for name in e.sets:
                others = np.maximum(s[corpus, f"MTL {name}"], s[corpus, f"AD {name}"])
                results.append(s[corpus, f"GR {name}"] - others)
        return results

    name = f"share where GR is best on {' and '.join(corpora)}, minus one half"
    return e.gap(name, lambda s: share_above(leads(s)))


def _gr_consistent(e: Accuracies) -> Gap:
    def count(s: Scores, approach: str) -> float:
        return sum(smaller(s, row) > 0 for row in rows([approach], e.sets))

    name = "sets above both baselines, GR minus the next"
    return e.gap(name, lambda s: count(s, "GR") - np.maximum(count(s, "MTL"), count(s, "AD")))


def _lower_at_home(e: Accuracies) -> list[Gap]:
    def falls(s: Scores) -> list[float]:
        return [-change for change in gains(s, APPROACHES, e.sets, [HOME])]

    return [
        e.gap("share below, minus one half", lambda s: share_above(falls(s))),
        e.gap(
            "2.5 minus the number of models above the baseline",
            lambda s: 2.5 - sum(fall < 0 for fall in falls(s)),
        ),
    ]


def _best_sets(e: Accuracies, title: str, value: Callable[[Scores, str], float]) -> list[Gap]:
    def gap(name: str, other: str) -> Gap:
        return e.gap(
            f"{name} over {other} by the {title} gain",
            lambda s: value(s, f"GR {name}") - value(s, f"GR {other}"),
        )

    rest = [name for name in e.sets if name not in BEST]
    return [all_hold([gap(name, other) for other in rest]) for name in BEST]


def _gender_means(e: Accuracies) -> list[Gap]:
    def value(s: Scores, corpus: str, sign: int, other: str) -> float:
        return sign * (
            mean(s, rows(APPROACHES, "G"), corpus) - mean(s, rows(APPROACHES, [other]), corpus)
        )

    return [
        e.gap(f"G {word} {name} on {corpus}", lambda s, c=corpus, k=sign, n=name: value(s, c, k, n))
        for corpus, sign, word in GENDER_SIDES
        for name in e.single
        if name != "G"
    ]


def _gender_by_approach(e: Accuracies) -> list[Gap]:
    results = []
    for corpus, sign, word in GENDER_SIDES:
        for approach in APPROACHES:
            gender, differences = f"{approach} G", []
            for name in e.single:
                if name != "G":
                    pair = (gender, f"{approach} {name}")
                    higher, lower = pair if sign > 0 else pair[::-1]
                    title = f"{gender} {word} {name} on {corpus}"
                    differences.append(row_over(e, higher, lower, corpus, name=title))
            results.append(all_hold(differences))
    return results


def _fewer_than_four(e: Accuracies, corpus: str, approaches: Sequence[str]) -> Gap:
    four, candidates = rows(approaches, [ALL]), []
    for row in rows(approaches, [name for name in e.sets if name != ALL]):
        parts = [row_over(e, row, other, corpus, name=f"{row} over {other}") for other in four]
        candidates.append(all_hold(parts))
    return best_of(candidates, prefix=f"on {corpus} ")


def _several_worse(e: Accuracies) -> list[Gap]:
    def below(s: Scores) -> float:
        return share_above([-value for value in gains(s, APPROACHES, e.several, [CREMA])])

    return [e.gap("share below, minus one half", below), _fall(e, APPROACHES)]


def _fall(e: Accuracies, approaches: Sequence[str]) -> Gap:
    def fall(s: Scores) -> float:
        means = [mean(s, rows(approaches, sets), CREMA) for sets in (e.single, e.several)]
        return means[0] - means[1]

    return e.gap(f"mean of {', '.join(approaches)} of one minus that of several", fall)


def _adversarial_over_multi_task(e: Accuracies, corpora: Sequence[str]) -> list[Gap]:
    return [
        row_over(e, f"{a} {name}", f"MTL {name}", corpus, name=f"{a} {name} over MTL on {corpus}")
        for corpus in corpora
        for a in ("GR", "AD")
        for name in e.single
    ]


def _not_gender(e: Accuracies) -> list[Gap]:
    chosen = rows(("MTL", "GR"), [name for name in e.single if name != "G"])
    return over(e, chosen, TESS, granted=SIMILAR)


def _mostly_above(e: Accuracies) -> list[Gap]:
    name = "share above, minus one half"
    return [e.gap(name, lambda s: share_above(gains(s, APPROACHES, e.sets, BOTH)))]


def _largest_as_stated(ledger: Ledger, judgement: Judgement) -> Judgement:
    """C1: hold the largest printed gain, rounded, against the stated one."""
    (stated,) = (number.value for number in ledger.printed if number.metric == "ua_gain")
    largest = max(gap.value for gap in _not_gender(evidence.printed(ledger))) - SIMILAR
    reason = (
        f"with {SIMILAR:g} point granted, {judgement.reason};"
        f" the largest printed gain is {largest:+.2f}, stated are {stated:g}"
    )
    is_borne_out = judgement.printed and round(largest) == stated
    return replace(judgement, printed=is_borne_out, reason=reason)


def _unprinted_cells(ledger: Ledger, judgement: Judgement) -> Judgement:
    """C19: decide in print only once the unprinted cells cannot turn it."""
    scores = evidence.printed(ledger).scores
    cells = [(row, corpus) for corpus in BOTH for row in rows(APPROACHES, SUBSETS)]
    is_above = [gain(scores, *cell) > 0 for cell in cells if cell[::-1] in scores]
    missing, above = len(cells) - len(is_above), sum(is_above)
    is_borne_out = None
    if above > len(cells) / 2:
        is_borne_out = True
    elif above + missing <= len(cells) / 2:
        is_borne_out = False
    reason = (
        f"{above} of {len(is_above)} printed cells are above their baseline,"
        f" {missing} are not printed; {judgement.reason}"
    )
    return replace(judgement, printed=is_borne_out, reason=reason)


def clustered(ledger: Ledger) -> Judgement:
    """C15: judge MTL's silhouette of the corpora, and its linear probe, against both others."""
    probes = corpus_probes(ledger)
    seeds = sorted(set.intersection(*(set(by_seed) for by_seed in probes.values())))
    if not seeds:
        reason = "no network of the three is looked into: the printed picture has no number"
        return Judgement.alike("not run", reason)
    baseline = numbers.row_trials(ledger, "baseline")
    if baseline is not None and (classes := numbers.collapsed(baseline, SCORED[HOME])):
        reason = f"not judged, as the baseline hardly ever finds {', '.join(classes)}"
        return Judgement.alike("inconclusive", reason)
    words = []
    for row, by_seed in probes.items():
        probe, control, silhouette = np.mean([by_seed[seed] for seed in seeds], axis=0)
        words.append(
            f"{row} {probe:.3f} (labels shuffled {control:.3f}), silhouette {silhouette:+.3f}"
        )
    speakers = 0 if baseline is None else len(baseline.of(*SCORED[HOME]).groups)
    leads, counted = [], []
    for name, at in (("probe", 0), ("silhouette", 2)):
        values = [
            probes["MTL C"][seed][at] - max(probes["baseline"][seed][at], probes["GR C"][seed][at])
            for seed in seeds
        ]
        lead = judging.estimated(name, estimates.of_seeds(values, groups=speakers))
        leads.append(lead)
        counted.append(f"by the {name} in {sum(value > 0 for value in values)} ({lead.value:+.3f})")
    reason = (
        f"accuracy of a linear probe for the corpus: {'; '.join(words)};"
        f" of {len(seeds)} seeds MTL is highest {', '.join(counted)}"
    )
    if leads[-1].doubt:
        reason += f"; shown, not judged: {leads[-1].doubt}"
    return Judgement.alike(judging.all_of(judging.marks(leads)), reason)


def balanced(ledger: Ledger) -> Judgement:
    """C21: compare women with men among the training speakers; balanced from 0.8 on."""
    measured = recorded.measurements(NAME)
    counts = [measured.get(f"training / {gender} / speakers") for gender in GENDERS]
    if None in counts:
        return Judgement.alike("not run", "the corpora were not measured")
    share = min(counts) / max(counts)
    at_hand = recorded.measured_on(NAME)
    read = ", ".join(ORIGINS[name] for name in POOLED if name in at_hand)
    reason = (
        f"{counts[0]:g} women and {counts[1]:g} men among the training speakers of {read}:"
        f" {share:.2f}"
    )
    if absent := ", ".join(numbers.missing(at_hand)):
        why = f"the claim is about the paper's training set, of which {absent} are not at hand"
        return Judgement.alike("not run", f"{why}; beside it, {reason}")
    return Judgement.alike("agrees" if share >= BALANCED else "differs", reason)


CLAIMS = (
    Claim(
        "C1",
        "On TESS, MTL and GR with corpus, speaker or language equal or beat"
        " the baseline, by up to 6 points",
        source="Table 2",
        judge=accuracies(on=[TESS], parts=_not_gender, amend=_largest_as_stated),
    ),
    Claim(
        "C2",
        "On TESS, gender as an attribute hurts",
        source="Table 2",
        judge=accuracies(on=[TESS], parts=lambda e: under(e, rows(APPROACHES, "G"), TESS)),
    ),
    Claim(
        "C3",
        "On CREMA-D, gender with adversarial learning helps",
        source="Table 2",
        judge=accuracies(on=[CREMA], parts=lambda e: over(e, rows(("GR", "AD"), "G"), CREMA)),
    ),
    Claim(
        "C4",
        "On CREMA-D, MTL is the worst approach for every single attribute",
        source="section 5, Table 2",
        judge=accuracies(on=[CREMA], parts=lambda e: worst_approach(e, "MTL", e.single)),
    ),
    Claim(
        "C5",
        "On TESS, most models of several attributes beat the baseline, GR and AD more than MTL",
        source="section 5, Table 3",
        judge=accuracies(on=[TESS], parts=_several_beat),
    ),
    Claim(
        "C6",
        "On CREMA-D, only GR improves with several attributes",
        source="section 5, Table 3",
        judge=accuracies(
            on=[CREMA],
            parts=lambda e: [
                best_of(over(e, rows(["GR"], e.several), CREMA)),
                *under(e, rows(("MTL", "AD"), e.several), CREMA),
            ],
        ),
    ),
    Claim(
        "C7",
        "On CREMA-D, AD is the worst approach for every set of several attributes",
        source="section 5, Table 3",
        judge=accuracies(on=[CREMA], parts=lambda e: worst_approach(e, "AD", e.several)),
    ),
    Claim(
        "C8",
        "No model of MTL or AD is above both baselines",
        source="section 5",
        judge=accuracies(
            on=BOTH, parts=lambda e: [not_above_both(e, row) for row in rows(("MTL", "AD"), e.sets)]
        ),
    ),
    Claim(
        "C9",
        "GR is above both baselines for 6 of 15 sets: L, C+L, S+L, G+L, C+S+G, C+S+L",
        source="section 5",
        judge=accuracies(
            on=BOTH,
            parts=lambda e: [
                (above_both if name in CONSISTENT else not_above_both)(e, f"GR {name}")
                for name in SUBSETS
            ],
            needs_language=True,
        ),
    ),
    Claim(
        "C10",
        "GR is the best approach in most settings, and the most consistent",
        source="abstract, section 6",
        judge=accuracies(
            on=BOTH,
            parts=lambda e: [_gr_best(e, BOTH), _gr_consistent(e)],
            aside=lambda e: [_gr_best(e, [corpus]) for corpus in BOTH],
        ),
    ),
    Claim(
        "C11",
        "Attributes mostly lower the in-domain accuracy: only two models exceed the baseline",
        source="section 5",
        judge=accuracies(
            on=[HOME],
            parts=_lower_at_home,
            on_print=lambda e: over(e, ("GR S", "MTL G+L"), HOME) + under(e, [f"GR {ALL}"], HOME),
        ),
    ),
    Claim(
        "C12",
        "Language is useful: G+L, S+L and C+S+L are the best sets over both corpora",
        source="section 6",
        judge=accuracies(
            on=BOTH,
            parts=lambda e: [
                *(above_both(e, f"GR {name}") for name in BEST),
                *_best_sets(e, "smaller", smaller),
            ],
            aside=lambda e: _best_sets(e, "mean", mean_gain),
            needs_language=True,
        ),
    ),
    Claim(
        "C13",
        "Gender scores lowest on TESS and highest on CREMA-D",
        source="section 6, Table 2",
        judge=accuracies(on=BOTH, parts=_gender_means, aside=_gender_by_approach),
    ),
    Claim(
        "C14",
        "All four attributes are not the best choice",
        source="section 6, Table 3",
        judge=accuracies(
            on=BOTH,
            parts=lambda e: [_fewer_than_four(e, corpus, APPROACHES) for corpus in BOTH],
            aside=lambda e: [
                _fewer_than_four(e, corpus, [a]) for corpus in BOTH for a in APPROACHES
            ],
        ),
    ),
    Claim(
        "C15",
        "MTL clusters the representation by corpus, GR and the baseline do not",
        source="section 6, Figure 2",
        judge=clustered,
    ),
    Claim(
        "C16",
        "Nine of the fifteen combinations of attributes are new",
        source="section 1, Table 1",
        judge=Untested("a statement about other papers, which no run can test"),
    ),
    Claim(
        "C17",
        "On CREMA-D, most models of several attributes are below the baseline"
        " and below those of one",
        source="section 5",
        judge=accuracies(
            on=[CREMA],
            parts=_several_worse,
            aside=lambda e: [_fall(e, [approach]) for approach in APPROACHES],
        ),
    ),
    Claim(
        "C18",
        "In domain, as on the unseen corpora, adversarial models of one attribute consistently"
        " beat MTL",
        source="section 5",
        judge=accuracies(
            on=[HOME],
            parts=lambda e: _adversarial_over_multi_task(e, [HOME]),
            on_print=lambda e: _adversarial_over_multi_task(e, BOTH),
        ),
    ),
    Claim(
        "C19",
        "Training on attributes is generally beneficial",
        source="section 7",
        judge=accuracies(on=BOTH, parts=_mostly_above, amend=_unprinted_cells),
    ),
    Claim(
        "C20",
        "Without the projection term, adversarial discriminators train more stably",
        source="section 3.2.2",
        judge=Untested(
            "no number is printed, and the term that the paper leaves out is not built here"
        ),
    ),
    Claim("C21", "The training set is balanced by gender", source="section 5", judge=balanced),
)
SETTINGS = ("C16", "C21")  # about data and other papers, whatever is trained
