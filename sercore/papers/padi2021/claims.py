"""Claims of paper 04 (Padi et al. 2021), D1 to D13: those on trained networks here, those on print in ``padi_facts``.

The ablation's first mark is of splits over clips, our reading of Figure 4, the second of speakers left out. What is judged on
another corpus than IEMOCAP says so: it is an analogue of Exp 1.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from sercore.evaluation.effects import DIFFERENCES, FACTORS
from sercore.ledger.claims import Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, all_of, contrast, level, sign, signs
from sercore.ledger.pairs import claim
from sercore.ledger.scores import Trials
from sercore.papers.padi2021 import cells
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.cells import Systems, systems, told
from sercore.papers.padi2021.facts import ahead, balance, counts, either, engineered, results
from sercore.papers.padi2021.grid import GRID
from sercore.papers.padi2021.numbers import APART, CLIPS, IEMOCAP, UA, WA, place
from sercore.papers.padi2021.rows import Row

FULL = padi.FULL.name
EIGHT = tuple(row.name for row in GRID)
HAPPY, NEUTRAL = 1, 2  # places of the classes; anger is 0
Judge = Callable[[Systems], tuple[str, str]]


def _ablation(ledger: Ledger, judge: Judge) -> Judgement:
    """A statement about the grid: for each experiment that must bear it out, and under either protocol."""
    marks, words = zip(*(_judged(ledger, EIGHT, judge, protocol) for protocol in (CLIPS, APART)), strict=True)
    return Judgement(published=marks[0], clean=marks[1], reason=f"clips split at random: {words[0]}. Speakers left out: {words[1]}")


def _judged(ledger: Ledger, rows: tuple[str, ...], judge: Judge, protocol: str = APART, *, beside: str = "") -> tuple[str, str]:
    """Mark and reason of a statement about systems, over the experiments that it takes; unfinished trainings are not judged."""
    found = {name: systems(ledger, rows, experiment=name, protocol=protocol) for name in _experiments(ledger)}
    absent = [name for name, each in found.items() if each is None]
    marks, words = ["not run"] * bool(absent), []
    for each in filter(None, found.values()):
        mark, why = judge(each)
        if beside and each.corpus != IEMOCAP:
            why += f"; {beside}"
        doubt = level(each.first, WA).doubt
        marks.append(mark)
        words.append(f"{each.title} ({each.about}): {why}" + (f"; shown, not judged: {doubt}" if doubt else ""))
    if absent:
        what = "the eight systems" if rows == EIGHT else " and ".join(rows)
        words.append(f"{', '.join(absent)}: {what} not recorded on one fold and seed")
    return all_of(marks), "; ".join(words)


def _experiments(ledger: Ledger) -> tuple[str, ...]:
    """Experiments that a statement about all of them takes: the paper's three once IEMOCAP is scored, else the analogue's one."""
    groups = ledger.recorded.counts["group"].astype(str)
    return padi.EXPERIMENTS if groups.str.startswith(f"{IEMOCAP}/").any() else padi.EXPERIMENTS[:1]


def _listed(differences: Sequence[tuple[str, Estimate]]) -> tuple[str, str]:
    """Mark of several differences that must all be above zero, and those that are not."""
    marks = signs([estimate for _, estimate in differences])
    others = [f"{name} {told(estimate)}" for (name, estimate), mark in zip(differences, marks, strict=True) if mark != "holds"]
    return all_of(marks), "; ".join([f"WA, {marks.count('holds')} of {len(differences)} differences hold", *others])


@claim("D4", "Transfer, masks and statistics pooling each help, alone and with the others", source="section 5, Figure 4")
def each_helps(ledger: Ledger) -> Judgement:
    """Each component added to each state of the other two: twelve differences in WA."""

    def judge(found: Systems) -> tuple[str, str]:
        steps = [
            (factor, name[:at] + "1" + name[at + 1 :], name)
            for at, factor in enumerate(FACTORS)
            for name in EIGHT
            if name[at] == "0"
        ]
        return _listed([(f"{factor}, {one} over {other}", found.less(one, other)) for factor, one, other in steps])

    return _ablation(ledger, judge)


@claim("D5", "Statistics pooling has the greatest effect, then transfer, then masks", source="section 5, Figure 4")
def order(ledger: Ledger) -> Judgement:
    """Main effects: SP less TL and TL less Aug."""

    def judge(found: Systems) -> tuple[str, str]:
        effects = cells.effects(found)
        names = [f"{one} - {other}" for one, other in DIFFERENCES]
        words = ", ".join(f"{name} {told(effects[name])}" for name in (*FACTORS, *names))
        return all_of(signs([effects[name] for name in names])), f"WA, main effects {words}"

    return _ablation(ledger, judge)


@claim("D6", "All three together are best, and vary less from run to run", source="section 5, Figure 4")
def best(ledger: Ledger) -> Judgement:
    """111 above each other system; and its standard deviation over folds below the mean of the others', in each seed."""

    def judge(found: Systems) -> tuple[str, str]:
        above = [(f"{FULL} over {name}", found.less(FULL, name)) for name in EIGHT if name != FULL]
        if found.folds < 2:
            mark, why = _listed(above)
            return all_of([mark, "inconclusive"]), f"{why}; one fold has no spread"
        return _listed([*above, ("standard deviation over folds of the others less its own", found.steadier(FULL))])

    return _ablation(ledger, judge)


@claim("D2", "The whole system reaches the UA and WA that Table 3 prints for it in three experiments", source="Table 3")
def reached(ledger: Ledger) -> Judgement:
    """The verdicts on the six numbers; another corpus' scores stand beside them and judge none."""
    found = [(number, *ledger.verdict(number)) for number in results(ledger)]
    words = [word for _, word, _ in found]
    beside = _analogue(ledger)
    if "not run" in words:
        reasons = dict.fromkeys(why for _, word, why in found if word == "not run")
        return either("not run", "; ".join([*reasons, *beside]))
    mark = "holds" if set(words) == {"reproduced"} else "fails" if "not reproduced" in words else "inconclusive"
    told = [f"{place(number).row.split()[0]} {number.column} {number.value:g}: {word}, {why}" for number, word, why in found]
    return either(mark, "; ".join([*told, *beside]))


def _analogue(ledger: Ledger) -> list[str]:
    found = systems(ledger, (FULL,), experiment=padi.EXPERIMENTS[0])
    if found is None or found.corpus == IEMOCAP:
        return []
    ua, wa = (level(found.trials[FULL], metric) for metric in (UA, WA))
    scores = " and ".join(f"{name} {each.value:.2f} [{each.low:.2f}, {each.high:.2f}]" for name, each in (("UA", ua), ("WA", wa)))
    return [f"beside it, {found.title} ({found.about}): {scores}, over speakers and seeds"]


@claim("D7", "Happy is taken for neutral and angry is best in Exp 1; excited in its place balances the classes", source="Figure 3")
def confused(ledger: Ledger) -> Judgement:
    """Recall of angry above the others', neutral happy's first wrong answer, recalls nearer in Exp 2 and in Exp 3."""
    found = [systems(ledger, (FULL,), experiment=name) for name in padi.EXPERIMENTS]
    if None in found or found[0].corpus != IEMOCAP:
        return either("not run", "needs IEMOCAP: no other corpus at hand has an excited class")
    first, *_ = trials = [each.trials[FULL] for each in found]
    parts = {
        "angry above the others": _of_confusion([first], lambda shares: shares[..., 0, 0] - _recalls(shares)[..., 1:].max(-1)),
        "happy more often neutral than angry or sad": _of_confusion(
            [first], lambda shares: shares[..., HAPPY, NEUTRAL] - shares[..., HAPPY, [0, 3]].max(-1)
        ),
        **{
            f"span of recalls, {one} less {other}": _of_confusion(pair, lambda shares: np.ptp(_recalls(shares), axis=-1))
            for (one, other), pair in zip(pairwise(padi.EXPERIMENTS), pairwise(trials), strict=True)
        },
    }
    marks = signs([*parts.values()])
    words = [f"{name} {100 * gap.value:+.1f} points ({mark})" for (name, gap), mark in zip(parts.items(), marks, strict=True)]
    return either(all_of(marks), "; ".join(words))


def _of_confusion(systems: Sequence[Trials], statistic: Callable[[np.ndarray], np.ndarray]) -> Estimate:
    """A statistic of the shares of answers by true class, over each fold, or the first system's less the second's."""

    def measure(counts: np.ndarray, *_: np.ndarray) -> np.ndarray:
        return statistic(counts / counts.sum(-1, keepdims=True).clip(1))

    return contrast(systems, measure, lambda scores: scores[0] - scores[1] if len(scores) > 1 else scores[0])


def _recalls(shares: np.ndarray) -> np.ndarray:
    return np.diagonal(shares, axis1=-2, axis2=-1)


def _against(ledger: Ledger, row: str, *, helps: bool, beside: str = "", confound: str = "") -> Judgement:
    """The whole system with one thing changed against the same without, in WA: above it, or below it.

    Args:
        ledger: of paper 04.
        row: the system that has one thing changed.
        helps: whether it should be above.
        beside: what is said of another corpus than IEMOCAP (default: nothing).
        confound: what else differs between the two, so that nothing is judged (default: nothing does).
    """
    rows = (row, FULL) if helps else (FULL, row)

    def judge(found: Systems) -> tuple[str, str]:
        wa, ua = (found.less(*rows, metric) for metric in (WA, UA))
        words = f"{rows[0]} less {rows[1]} {told(wa)} WA, {told(ua)} UA"
        return sign(wa), words

    mark, why = _judged(ledger, rows, judge, beside=beside)
    if confound and mark != "not run":
        return either("inconclusive", f"{why}; {confound}")
    return either(mark, why)


@claim("D8", "Normalised over the conversation instead of the segment, it would be clearly better", source="section 4.2")
def conversation(ledger: Ledger) -> Judgement:
    """Not used in the paper, as it links the segments of a conversation."""
    changed = Row(transfer="frozen", augmentation="both", norm="conversation")
    return _against(
        ledger,
        changed.name,
        helps=True,
        beside="there is no conversation, the speaker stands for it",
        confound="confounded: the frozen recogniser was trained on clips normalised by segment",
    )


@claim("D9", "Voice activity detection hurts", source="section 4.2")
def detection(ledger: Ledger) -> Judgement:
    """Quiet frames left out, by energy, against all frames; how is ours."""
    changed = Row(transfer="frozen", augmentation="both", vad="energy")
    confound = "confounded: the frozen recogniser was trained on all frames, without voice activity detection"
    return _against(ledger, changed.name, helps=False, confound=confound)


@claim("D10", "Whole segments are better at test than truncated ones", source="sections 3.3 and 4.2")
def whole(ledger: Ledger) -> Judgement:
    """Whole clips against 300 frames of each, of the same networks."""
    return _against(ledger, Row(transfer="frozen", augmentation="both", evaluate="300").name, helps=False)


@claim("D12", "The improvised part scores better than the whole corpus", source="section 5, quoted from others")
def improvised(ledger: Ledger) -> Judgement:
    """Trained and tested on that part alone, against the whole."""
    if len(_experiments(ledger)) == 1:
        return either("not run", "needs IEMOCAP: no other corpus has an improvised part")
    return _against(ledger, Row(transfer="frozen", augmentation="both", part="improvised").name, helps=True)


CLAIMS = (
    counts, reached, ahead, each_helps, order, best, confused, conversation, detection, whole, balance, improvised, engineered,
)  # fmt: skip
# About print and counts: agree or differ, whatever is trained.
SETTINGS = tuple(each.name for each in (counts, ahead, balance, engineered))
