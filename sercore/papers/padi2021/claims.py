"""Claims of paper 04 (Padi et al. 2021), D1 to D13.

The ablation's first mark is of splits over clips, our reading of Figure 4, the second of speakers
left out. What is judged on another corpus than IEMOCAP says so: it is an analogue of Exp 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from sercore.evaluation import estimates
from sercore.evaluation.estimates import level
from sercore.evaluation.metrics import DIFFERENCES, FACTORS
from sercore.evaluation.scores import Trials
from sercore.ledger import claims as judging
from sercore.ledger.claims import (
    Body,
    Claim,
    Differences,
    Gap,
    Judgement,
    OnPrint,
    all_of,
    estimated,
)
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed
from sercore.papers.padi2021 import numbers, study
from sercore.papers.padi2021.data import EXPERIMENTS
from sercore.papers.padi2021.numbers import (
    APART,
    CLIPS,
    IEMOCAP,
    UA,
    WA,
    Systems,
    experiment,
    proposed,
    systems,
)
from sercore.papers.padi2021.study import EIGHT
from sercore.papers.padi2021.trial import Row

FULL = study.FULL.name
SPLITS = {"clips split at random": CLIPS, "speakers left out": APART}
HAPPY, NEUTRAL = 1, 2  # places of the classes; anger is 0
SPREAD = "standard deviation over folds of the others minus its own"
# Systems of engineered features that the text names, and the experiment that Table 3 has them in.
ENGINEERED = {"[40]": "exp2", "[24]": "exp1", "[31]": "exp1"}

Parts = Callable[[Systems], list[Gap]]


def ablation(parts: Parts, *, aside: Parts | None = None) -> Differences:
    """Return the judge of a sentence about the eight systems in WA, under either split."""
    bodies = partial(_bodies, rows=EIGHT, splits=SPLITS)
    return Differences(parts=parts, bodies=bodies, aside=aside, number=judging.with_interval)


def changed(row: Row, *, helps: bool, note: str = "", confound: str = "") -> Differences:
    """Return the judge of the whole system with one thing changed against the same without.

    A ``note`` is for another corpus than IEMOCAP; a ``confound``, what else differs, bars judging.
    """
    rows = (row.name, FULL) if helps else (FULL, row.name)

    def unjudged(ledger: Ledger, judgement: Judgement) -> Judgement:
        if not confound or judgement.clean == "not run":
            return judgement
        return Judgement.alike("inconclusive", f"{judgement.reason}; {confound}")

    return Differences(
        parts=lambda recorded: [estimated(" minus ".join(rows), recorded.less(*rows, WA))],
        aside=lambda recorded: [estimated("UA", recorded.less(*rows, UA))],
        bodies=partial(_bodies, rows=rows, splits={"": APART}, note=note),
        number=judging.with_interval,
        amend=unjudged,
    )


def _bodies(
    ledger: Ledger, *, rows: tuple[str, ...], splits: dict[str, str], note: str = ""
) -> dict[str, list[Body]]:
    """Return the systems of each experiment under each split."""
    missing = "the eight systems" if rows == EIGHT else " and ".join(rows)
    barrier = ("not run", f"{missing} not recorded on one fold and seed")
    bodies = {}
    for title, protocol in splits.items():
        bodies[title] = []
        for name in _experiments(ledger):
            body = Body(evidence=None, title=name, barrier=barrier)
            recorded = systems(ledger, rows, experiment=name, protocol=protocol)
            if recorded is not None:
                scored = f"{recorded.title} ({recorded.about}), WA"
                aside = "" if recorded.corpus == IEMOCAP else note
                body = Body(evidence=recorded, title=scored, note=aside)
            bodies[title].append(body)
    return bodies


def _experiments(ledger: Ledger) -> tuple[str, ...]:
    """Return the three experiments once IEMOCAP is scored, else the one with an analogue."""
    groups = ledger.recorded.counts["group"].astype(str)
    is_scored = groups.str.startswith(f"{IEMOCAP}/").any()
    return EXPERIMENTS if is_scored else EXPERIMENTS[:1]


def _steps(recorded: Systems) -> list[Gap]:
    """Return the gain of each component, added to each state of the other two."""
    steps = []
    for at, factor in enumerate(FACTORS):
        for name in EIGHT:
            if name[at] == "0":
                more = f"{name[:at]}1{name[at + 1 :]}"
                steps.append(estimated(f"{factor}, {more} over {name}", recorded.less(more, name)))
    return steps


def _main_effects(recorded: Systems) -> list[Gap]:
    by_factor = recorded.effects()
    return [estimated(f"main effect of {factor}", by_factor[factor]) for factor in FACTORS]


def _neighbours(recorded: Systems) -> list[Gap]:
    """Return the differences between neighbours in the claimed order of the main effects."""
    by_name = recorded.effects()
    names = [f"{one} - {other}" for one, other in DIFFERENCES]
    return [estimated(name, by_name[name]) for name in names]


def _best_and_steadiest(recorded: Systems) -> list[Gap]:
    """Return the lead of the whole system over each other, and how much less it varies."""
    others = [name for name in EIGHT if name != FULL]
    parts = [estimated(f"{FULL} over {name}", recorded.less(FULL, name)) for name in others]
    if recorded.folds < 2:
        return [*parts, Gap(SPREAD, (np.nan,), np.nan, doubt="one fold has no spread")]
    return [*parts, estimated(SPREAD, recorded.steadier(FULL))]


def counts(ledger: Ledger) -> Judgement:
    """D1: check the sums of Table 2, and its counts against those of the corpus."""
    table = [number for number in ledger.printed if number.table == "Table 2"]
    cells = {(experiment(number), number.column): number.value for number in table}
    wrong = []
    for name in EXPERIMENTS:
        total = cells[name, "Total"]
        in_classes = sum(value for (one, _), value in cells.items() if one == name) - total
        if in_classes != total:
            wrong.append(f"{name}: {in_classes:,.0f} in the classes, {total:,.0f} in all")
    parts, merged = (
        cells["exp1", "Happy"] + cells["exp2", "Excited"],
        cells["exp3", "Excited+Happy"],
    )
    if parts != merged:
        wrong.append(f"happy and excited are {parts:,.0f}, merged {merged:,.0f}")
    for column in ("Angry", "Neutral", "Sad"):
        values = sorted({cells[name, column] for name in EXPERIMENTS})
        if len(values) > 1:
            wrong.append(f"{column.lower()}: {', '.join(f'{value:,.0f}' for value in values)}")
    mark, ours, off = "agrees", f"all {len(table)} counts agree", []
    for number in table:
        word, reason = ledger.verdict(number)
        if word == "not run":
            mark, ours = word, reason
            break
        if not reason.startswith("agrees"):
            off.append(f"{number.row} {number.column}: {reason}")
            mark, ours = "differs", "; ".join(off)
    if mark == "agrees":
        ours += numbers.counted(table[0])[1]
    reason = f"printed: {'; '.join(wrong) or 'every sum is right'}; measured: {ours}"
    return Judgement.alike(mark, reason, printed=not wrong)


def reached(ledger: Ledger) -> Judgement:
    """D2: gather the verdicts on the paper's six results; another corpus' scores judge none."""
    verdicts = [(number, *ledger.verdict(number)) for number in ledger.printed if proposed(number)]
    marks = {word for _, word, _ in verdicts}
    beside = _analogue(ledger)
    if "not run" in marks:
        reasons = dict.fromkeys(reason for _, word, reason in verdicts if word == "not run")
        return Judgement.alike("not run", "; ".join([*reasons, *beside]))
    mark = "inconclusive"
    if marks == {"reproduced"}:
        mark = "holds"
    elif "not reproduced" in marks:
        mark = "fails"
    words = []
    for number, word, reason in verdicts:
        name = f"{number.ours.split()[0]} {number.column} {number.value:g}"
        words.append(f"{name}: {word}, {reason}")
    return Judgement.alike(mark, "; ".join([*words, *beside]))


def _analogue(ledger: Ledger) -> list[str]:
    recorded = systems(ledger, (FULL,), experiment=EXPERIMENTS[0])
    if recorded is None or recorded.corpus == IEMOCAP:
        return []
    ua, wa = (level(recorded.trials[FULL], metric) for metric in (UA, WA))
    return [
        f"beside it, {recorded.title} ({recorded.about}):"
        f" UA {ua.value:.2f} [{ua.low:.2f}, {ua.high:.2f}]"
        f" and WA {wa.value:.2f} [{wa.low:.2f}, {wa.high:.2f}], over speakers and seeds"
    ]


def confused(ledger: Ledger) -> Judgement:
    """D7: judge recalls and confusions of Exp 1, and the span of recalls in Exp 2 and 3.

    Where Exp 2 and 3 are not run, which no corpus but IEMOCAP has, the rest can only fail.
    """
    recorded = [systems(ledger, (FULL,), experiment=name) for name in EXPERIMENTS]
    if recorded[0] is None:
        return Judgement.alike("not run", "the whole system is not recorded")
    is_whole = None not in recorded
    trials = [systems.trials[FULL] for systems in recorded if systems is not None]

    def angry_first(shares: np.ndarray) -> np.ndarray:
        return shares[..., 0, 0] - _recalls(shares)[..., 1:].max(-1)

    def happy_as_neutral(shares: np.ndarray) -> np.ndarray:
        return shares[..., HAPPY, NEUTRAL] - shares[..., HAPPY, [0, 3]].max(-1)

    def span(shares: np.ndarray) -> np.ndarray:
        return np.ptp(_recalls(shares), axis=-1)

    def angry_and_happy(shares: np.ndarray) -> np.ndarray:
        return shares[..., 0, HAPPY] + shares[..., HAPPY, 0]

    name = "happy more often neutral than angry or sad"
    parts = [
        _of_shares("angry above the others", trials[:1], angry_first),
        _of_shares(name, trials[:1], happy_as_neutral),
    ]
    if is_whole:
        for names, pair in zip(pairwise(EXPERIMENTS), pairwise(trials), strict=True):
            parts.append(_of_shares(f"span of recalls, {' minus '.join(names)}", pair, span))
        name = "angry and happy+excited confused, exp3 minus exp2"
        parts.append(_of_shares(name, trials[:0:-1], angry_and_happy))
    marks = judging.marks(parts)
    words = [] if is_whole else [f"{recorded[0].title} ({recorded[0].about})"]
    for gap, mark in zip(parts, marks, strict=True):
        words.append(f"{gap.name} {100 * gap.value:+.1f} points ({mark})")
    if not is_whole:
        marks.append("inconclusive")
        words.append("Exp 2 and 3 are not recorded: IEMOCAP alone has excited clips")
    return Judgement.alike(all_of(marks), "; ".join(words))


def _of_shares(
    name: str, systems: Sequence[Trials], statistic: Callable[[np.ndarray], np.ndarray]
) -> Gap:
    """Return a statistic of the shares of answers by true class, less a second system's."""

    def measure(counts: np.ndarray, *_: np.ndarray) -> np.ndarray:
        return statistic(counts / counts.sum(-1, keepdims=True).clip(1))

    def formula(scores: np.ndarray) -> np.ndarray:
        return scores[0] - scores[1] if len(scores) > 1 else scores[0]

    return estimated(name, estimates.contrast(systems, measure, formula))


def _recalls(shares: np.ndarray) -> np.ndarray:
    return np.diagonal(shares, axis1=-2, axis2=-1)


def improvised(ledger: Ledger) -> Judgement:
    """D12: train and test on the improvised part alone, against the whole corpus."""
    if len(_experiments(ledger)) == 1:
        return Judgement.alike("not run", "needs IEMOCAP: no other corpus has an improvised part")
    return changed(replace(study.FULL, part="improvised"), helps=True)(ledger)


def _table_3(printed: Sequence[Printed]) -> dict[tuple[str, str], dict[str, float]]:
    """Return the values of Table 3 by experiment and metric, and by system."""
    values: dict[tuple[str, str], dict[str, float]] = {}
    for number in printed:
        if number.table == "Table 3":
            system = number.row.partition(" | ")[2]
            values.setdefault((experiment(number), number.metric), {})[system] = float(number.value)
    return values


def _written(leads: dict[tuple[str, str], float]) -> str:
    names = {UA: "UA", WA: "WA"}
    return ", ".join(
        f"{name} {names[metric]} {lead:+.2f}" for (name, metric), lead in leads.items()
    )


def _ahead(printed: Sequence[Printed]) -> tuple[bool, str]:
    """D3: compare the paper's system with the best prior one, on each metric of each experiment."""
    leads = {}
    for where, values in _table_3(printed).items():
        leads[where] = values.pop("Proposed") - max(values.values())
    behind = {name for (name, _), lead in leads.items() if lead <= 0}
    words = (
        f"over the best prior row: {_written(leads)}. The table has it ahead on both metrics in"
        f" {len(EXPERIMENTS) - len(behind)} of {len(EXPERIMENTS)} experiments;"
        " the conclusion speaks of two settings"
    )
    return not behind, words


def _unbalanced(printed: Sequence[Printed]) -> tuple[bool, str]:
    """D11: compare WA with UA; ours to say, the paper prints both and compares none."""
    values = {where: by_name["Proposed"] for where, by_name in _table_3(printed).items()}
    leads = {name: values[name, WA] - values[name, UA] for name in EXPERIMENTS}
    words = ", ".join(f"{name} {lead:+.2f}" for name, lead in leads.items())
    return leads["exp1"] > 0 >= leads["exp3"], f"WA minus UA: {words}"


def _over_engineered(printed: Sequence[Printed]) -> tuple[bool, str]:
    """D13: compare the paper's system with those of engineered features that the text names."""
    words, smallest = [], np.inf
    for system, name in ENGINEERED.items():
        leads = {}
        for where, values in _table_3(printed).items():
            for row, value in values.items():
                if where[0] == name and row.endswith(system):
                    leads[where] = values["Proposed"] - value
        smallest = min(smallest, *leads.values())
        words.append(f"over {system}: {_written(leads)}")
    words.append("these systems are quoted, and Table 3 has none of them in Exp 3")
    return smallest > 0, "; ".join(words)


CLAIMS = (
    Claim(
        "D1",
        "IEMOCAP has as many segments of each experiment's four classes as Table 2 counts",
        source="section 4.1, Table 2",
        judge=counts,
    ),
    Claim(
        "D2",
        "The whole system reaches the UA and WA that Table 3 prints for it in three experiments",
        source="Table 3",
        judge=reached,
    ),
    Claim(
        "D3",
        "The proposed system is ahead of every prior one that is listed",
        source="abstract, section 5, Table 3",
        judge=OnPrint(check=_ahead),
    ),
    Claim(
        "D4",
        "Transfer, masks and statistics pooling each help, alone and with the others",
        source="section 5, Figure 4",
        judge=ablation(_steps),
    ),
    Claim(
        "D5",
        "Statistics pooling has the greatest effect, then transfer, then masks",
        source="section 5, Figure 4",
        judge=ablation(_neighbours, aside=_main_effects),
    ),
    Claim(
        "D6",
        "All three together are best, and vary less from run to run",
        source="section 5, Figure 4",
        judge=ablation(_best_and_steadiest),
    ),
    Claim(
        "D7",
        "Happy is taken for neutral and angry is best in Exp 1; excited in its place balances the"
        " classes, and joining both does so further, but confuses them more with angry",
        source="section 5, Figure 3",
        judge=confused,
    ),
    Claim(
        "D8",
        "Normalised over the conversation instead of the segment, it would be clearly better",
        source="section 4.2",
        judge=changed(
            replace(study.FULL, norm="conversation"),
            helps=True,
            note="there is no conversation, the speaker stands for it",
            confound="confounded: the frozen recogniser was trained on clips normalised by segment",
        ),
    ),
    Claim(
        "D9",
        "Voice activity detection hurts",
        source="section 4.2",
        judge=changed(
            replace(study.FULL, vad="energy"),
            helps=False,
            confound="confounded: the frozen recogniser was trained on all frames, without voice"
            " activity detection",
        ),
    ),
    Claim(
        "D10",
        "Whole segments are better at test than truncated ones",
        source="sections 3.3 and 4.2",
        judge=changed(replace(study.FULL, evaluate="300"), helps=False),
    ),
    Claim(
        "D11",
        "WA is above UA where classes are unbalanced (Exp 1), not where happy and excited"
        " are one (Exp 3)",
        source="Table 3",
        judge=OnPrint(check=_unbalanced),
    ),
    Claim(
        "D12",
        "The improvised part scores better than the whole corpus",
        source="section 5, quoted from others",
        judge=improvised,
    ),
    Claim(
        "D13",
        "Spectrograms alone beat systems of engineered features: 384 in Exp 2, large sets in the"
        " other two",
        source="section 5, Table 3",
        judge=OnPrint(check=_over_engineered),
    ),
)
SETTINGS = ("D1", "D3", "D11", "D13")  # about print and counts, whatever is trained
