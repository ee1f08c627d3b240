"""Claims of paper 02 that rest on other things than accuracies: probes, speakers, other papers. The others: ``parry``."""

import numpy as np

from sercore.ledger import estimates, recorded
from sercore.ledger.claims import Judgement, claim
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022.attributes import GENDERS
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.gaps import HOME, collapsed
from sercore.papers.parry2022.gaps import recorded as trials_of
from sercore.papers.parry2022.numbers import NAME, SCORED

BALANCED = 0.8  # of the fewer to the more speakers
VIEWED = {"baseline": ("baseline", "none"), "MTL C": ("MTL", "C"), "GR C": ("GR", "C")}


def _alike(mark: str, reason: str, *, printed: bool | None = None) -> Judgement:
    """A judgement whose marks are one: the paper's protocol shares no speaker."""
    return Judgement(published=mark, clean=mark, reason=reason, printed=printed)


@claim("C15", "MTL clusters the representation by corpus, GR and the baseline do not", source="section 6, Figure 2")
def clustered(ledger: Ledger) -> Judgement:
    """MTL's silhouette of the corpora, and its linear probe for them, each less the larger of the baseline's and GR's."""
    found = _probes(ledger)
    seeds = sorted(set.intersection(*(set(each) for each in found.values())))
    if not seeds:
        return _alike("not run", "no network of the three is looked into: the printed picture has no number")
    baseline = trials_of(ledger, "baseline")
    if baseline is not None and (classes := collapsed(baseline, SCORED[HOME])):
        return _alike("inconclusive", f"not judged, as the baseline hardly ever finds {', '.join(classes)}")
    words = []
    for row, each in found.items():
        probe, control, silhouette = np.mean([each[seed] for seed in seeds], axis=0)
        words.append(f"{row} {probe:.3f} (labels shuffled {control:.3f}), silhouette {silhouette:+.3f}")
    tested = 0 if baseline is None else len(baseline.of(*SCORED[HOME]).groups)
    gaps = {
        name: estimates.of_seeds(
            [found["MTL C"][seed][at] - max(found[row][seed][at] for row in ("baseline", "GR C")) for seed in seeds],
            groups=tested,
        )
        for name, at in (("probe", 0), ("silhouette", 2))
    }
    mark = estimates.all_of(estimates.signs([*gaps.values()]))
    counted = ", ".join(
        f"by the {name} in {sum(value > 0 for value in gap.by_seed)} ({gap.value:+.3f})" for name, gap in gaps.items()
    )
    reason = f"accuracy of a linear probe for the corpus: {'; '.join(words)}; of {len(seeds)} seeds MTL is highest {counted}"
    doubt = gaps["silhouette"].doubt
    return _alike(mark, f"{reason}; shown, not judged: {doubt}" if doubt else reason)


@claim("C16", "Nine of the fifteen combinations of attributes are new", source="section 1, Table 1")
def novel(ledger: Ledger) -> Judgement:
    """A statement about other papers."""
    return _alike("not run", "a statement about other papers, which no run can test")


@claim("C20", "Without the projection term, adversarial discriminators train more stably", source="section 3.2.2")
def projection(ledger: Ledger) -> Judgement:
    """The term is left out, as in the paper."""
    return _alike("not run", "no number is printed, and the term that the paper leaves out is not built here")


@claim("C21", "The training set is balanced by gender", source="section 5")
def balanced(ledger: Ledger) -> Judgement:
    """Women against men among the training speakers of the paper's six corpora: balanced from 0.8 on."""
    measured = recorded.measurements(NAME)
    counts = [measured.get(f"training / {gender} / speakers") for gender in GENDERS]
    if None in counts:
        return _alike("not run", "the corpora were not measured")
    share = min(counts) / max(counts)
    there = [ORIGINS[name] for name in POOLED if name in recorded.measured_on(NAME)]
    absent = [ORIGINS[name] for name in POOLED if name not in recorded.measured_on(NAME)]
    reason = f"{counts[0]:g} women and {counts[1]:g} men among the training speakers of {', '.join(there)}: {share:.2f}"
    if absent:
        why = f"the claim is about the paper's training set, of which {', '.join(absent)} are not at hand"
        return _alike("not run", f"{why}; beside it, {reason}")
    return _alike("agrees" if share >= BALANCED else "differs", reason)


def _probes(ledger: Ledger) -> dict[str, dict[int, tuple[float, float, float]]]:
    """Probe, control and silhouette of the corpus for each seed of the three networks of Figure 2."""
    probes = ledger.recorded.parts["probes"]
    found: dict[str, dict[int, tuple[float, float, float]]] = {row: {} for row in VIEWED}
    if not len(probes):
        return found
    table = ledger.recorded.kind("views").merge(probes[probes["attribute"] == "C"], on="trial")
    for row, (approach, attributes) in VIEWED.items():
        own = table[(table["approach"] == approach) & (table["attributes"] == attributes)]
        for each in own.itertuples(index=False):
            found[row][int(each.seed)] = (each.probe, each.control, each.silhouette)
    return found
