"""Accuracies of Parry et al. 2022, printed and recorded, and how claims about them are judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd

from sercore.evaluation import estimates
from sercore.evaluation.scores import Trials
from sercore.ledger import claims as judging
from sercore.ledger.claims import Body, Differences, Gap, Judgement, all_hold, negate
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed
from sercore.papers.parry2022 import numbers
from sercore.papers.parry2022.data import SUBSETS
from sercore.papers.parry2022.numbers import CREMA, HOME, PROTOCOL, SCORED, TESS, UA, VARIANT
from sercore.papers.parry2022.study import APPROACHES, GRID, VIEWED
from sercore.papers.parry2022.trial import ELSEWHERE, NOWHERE

SINGLE = ("C", "G", "S", "L")  # as in Table 2
SEVERAL = tuple(name for name in SUBSETS if "+" in name)
BOTH = (TESS, CREMA)
TABLES = ("Table 2", "Table 3")
# Points that are no difference, everywhere alike: the paper calls 0.58 fewer similar, and 0.62 more
# above.
SIMILAR = 0.6
LISTED = 5  # gaps that a reason names at most

Scores = Mapping[tuple[str, str], float]  # UA in % by corpus and row: numbers, or arrays of draws
Parts = Callable[["Accuracies"], list[Gap]]


@dataclass(frozen=True, eq=False)
class Accuracies:
    """UA in % by name in ``SCORED`` and row, such as ("TESS", "GR C+S"): printed, or recorded."""

    scores: Scores  # the recorded ones are means over seeds
    single: tuple[str, ...]  # sets of one attribute, and of several, that can be judged
    several: tuple[str, ...]
    trials: Mapping[tuple[str, str], Trials] | None = None  # of the recorded scores

    @property
    def sets(self) -> tuple[str, ...]:
        """Sets of one attribute and of several."""
        return (*self.single, *self.several)

    def above(self, on: str, row: str) -> float | None:
        """Return a row's points above the baseline; None where it has no score."""
        if (on, row) not in self.scores:
            return None
        return gain(self.scores, row, on)

    def gap(self, name: str, statistic: Callable[[Scores], float]) -> Gap:
        """Return a gap by its formula; it has no values where a score that it takes is absent.

        The formula takes numbers and arrays of draws alike.
        """
        read = _Read(self.scores)
        try:
            value = float(statistic(read))
        except KeyError:  # a cell that is not printed, or not run
            return Gap(name)
        if self.trials is None:
            return judging.exact(name, value)
        cells = list(read.cells)

        def formula(scores: np.ndarray) -> np.ndarray:
            return statistic(dict(zip(cells, scores, strict=True)))

        try:
            systems = [self.trials[cell] for cell in cells]
            return judging.estimated(name, estimates.contrast(systems, UA, formula))
        except ValueError:  # no seed is in all of them
            return Gap(name)


class _Read(dict):
    """Scores that remember which of them a statistic takes."""

    def __init__(self, scores: Scores) -> None:
        super().__init__(scores)
        self.cells: dict[tuple[str, str], None] = {}

    def __getitem__(self, cell: tuple[str, str]) -> float:
        value = super().__getitem__(cell)
        self.cells[cell] = None
        return value


def printed_numbers(ledger: Ledger) -> dict[tuple[str, str], Printed]:
    """Return the printed number of each corpus and row; of the tables where the text has it too."""
    in_text, in_tables = {}, {}
    for number in ledger.printed:
        if number.table in TABLES:
            in_tables[number.on, number.ours] = number
        elif number.metric == "ua":
            in_text[number.on, number.ours] = number
    return in_text | in_tables


def printed(ledger: Ledger) -> Accuracies:
    """Return the printed accuracies."""
    scores, sets = {}, set()
    for (corpus, row), number in printed_numbers(ledger).items():
        scores[corpus, row] = float(number.value)
        if number.table in TABLES and corpus != HOME:
            sets.add(row.partition(" ")[2])
    return Accuracies(scores, SINGLE, tuple(name for name in SEVERAL if name in sets))


@lru_cache(maxsize=8)
def trained(ledger: Ledger) -> Accuracies:
    """Return the recorded accuracies; of sets with the same labels one counts."""
    cells = {}
    for row in GRID:
        trials = numbers.row_trials(ledger, row.name)
        for name, names in SCORED.items():
            if (chosen := numbers.scored(trials, names)) is not None:
                cells[name, row.name] = chosen
    values = {cell: float(trials.by_seed(UA).mean()) for cell, trials in cells.items()}
    alone = {name for name in SUBSETS if numbers.trained_as(f"GR {name}") == f"GR {name}"}
    sets = (tuple(name for name in names if name in alone) for names in (SINGLE, SEVERAL))
    return Accuracies(values, *sets, cells)


def corpus_probes(ledger: Ledger) -> dict[str, dict[int, tuple[float, float, float]]]:
    """Return probe, control and silhouette of the corpus by network of Figure 2 and seed."""
    results: dict[str, dict[int, tuple[float, float, float]]] = {row.name: {} for row in VIEWED}
    linear = ledger.recorded.parts["probes"]
    if not len(linear):
        return results
    views = numbers.in_layout(ledger.recorded.kind("views"))
    table = views.merge(linear[linear["attribute"] == "C"], on="trial")
    for row in VIEWED:
        is_row = (table["approach"] == row.approach) & (table["attributes"] == row.attributes)
        for view in table[is_row].itertuples(index=False):
            results[row.name][int(view.seed)] = (view.probe, view.control, view.silhouette)
    return results


# Reference models, without a network.

LEFT_OUT = ("ravdess", "emovo", "savee", "tess")  # one at a time


@lru_cache(maxsize=256)
def reference(
    ledger: Ledger,
    model: str,
    *,
    unseen: str = "tess",
    scaling: str = "training",
    labels: str = "true",
    is_drawn: bool = True,
) -> Trials | None:
    """Return the recorded trials of a reference model with one corpus unseen; None without any.

    They are those on folds of speakers dealt by the seed or, not drawn, the one on the networks'
    split.
    """
    table = ledger.recorded.kind("references")
    if not len(table):
        return None
    protocol = PROTOCOL if unseen == "tess" else f"{ELSEWHERE}{unseen}"
    settings = {"model": model, "protocol": protocol, "scaling": scaling, "labels": labels}
    for name, value in settings.items():
        table = table[table[name] == value]
    table = table[(table["fold"] >= 0) == is_drawn]
    counts, errors = (
        part[part["trial"].isin(table["trial"])]
        for part in (ledger.recorded.counts, ledger.recorded.parts["errors"])
    )
    return Trials(table, counts, errors) if len(table) else None


def where_unseen(ledger: Ledger, model: str, corpus: str, **settings: Any) -> Trials | None:
    """Return a reference model as scored on a corpus that its training never saw, or None."""
    return numbers.scored(reference(ledger, model, unseen=corpus, **settings), (corpus,))


def where_pooled(ledger: Ledger, model: str, corpus: str) -> Trials | None:
    """Return a reference model as scored on a corpus of which other speakers trained, or None.

    All corpora are pooled, so that nothing else has left the training side.
    """
    return numbers.scored(reference(ledger, model, unseen=NOWHERE), (corpus,))


def cost(ledger: Ledger, model: str, corpus: str) -> Gap:
    """Return the UA on a corpus where other speakers of it trained, less that unseen, in points."""
    name = f"{model}, {corpus} pooled less unseen"
    trials = [where_pooled(ledger, model, corpus), where_unseen(ledger, model, corpus)]
    return (
        Gap(name) if None in trials else judging.estimated(name, estimates.difference(*trials, UA))
    )


def rescaled(ledger: Ledger, model: str, scaling: str, corpus: str) -> Gap:
    """Return what another scaling adds to the UA on an unseen corpus, in points."""
    name = f"{model}, {corpus}, scaled by {scaling}"
    trials = [
        where_unseen(ledger, model, corpus, scaling=scaling),
        where_unseen(ledger, model, corpus),
    ]
    return (
        Gap(name) if None in trials else judging.estimated(name, estimates.difference(*trials, UA))
    )


def network_unseen(ledger: Ledger, corpus: str, row: str = "baseline") -> Trials | None:
    """Return a network, by default without attributes, on a corpus that its training never saw.

    None where it is not recorded.
    """
    layout = f"{ELSEWHERE}{corpus}"
    trials = ledger.trials(row, variant=VARIANT, protocol=layout, control=layout)
    return numbers.scored(trials, (corpus,))


def gains_unseen(ledger: Ledger, corpus: str) -> dict[str, Gap]:
    """Return what attributes add to the UA on an unseen corpus, in points, by recorded row."""
    baseline, results = network_unseen(ledger, corpus), {}
    for row in rows(APPROACHES, SUBSETS):
        if (trials := network_unseen(ledger, corpus, row)) is not None:
            results[row] = numbers.moved(f"{row} over the baseline", trials, baseline, corpus)
    return results


def above_reference(ledger: Ledger, model: str, corpus: str) -> Gap:
    """Return that network's UA less a reference model's on the same split, in points.

    The reference model has no random start: its one training stands beside that of each seed.
    """
    name = f"network over {model}, {corpus} unseen"
    network = network_unseen(ledger, corpus)
    split = where_unseen(ledger, model, corpus, is_drawn=False)
    if None in (network, split):
        return Gap(name)
    beside = _repeated(split, network.seeds)
    return judging.estimated(name, estimates.difference(network, beside, UA))


def _repeated(trials: Trials, seeds: Sequence[int]) -> Trials:
    """Return one trial as if each seed had given it."""
    table, counts, errors = (
        pd.concat([part.assign(trial=seed) for seed in seeds])
        for part in (trials.table, trials.counts, trials.errors)
    )
    return Trials(table.assign(seed=table["trial"], fold=0), counts, errors, trials.classes)


# How a sentence about accuracies is judged.


def accuracies(
    *,
    on: Sequence[str],
    parts: Parts,
    on_print: Parts | None = None,
    aside: Parts | None = None,
    needs_language: bool = False,
    amend: Callable[[Ledger, Judgement], Judgement] | None = None,
) -> Differences:
    """Return the judge of a sentence about accuracies on corpora, named as in ``SCORED``.

    Differences ``aside`` are shown where they could be judged, and decide nothing.
    ``needs_language`` says that the sentence tells corpus from language.
    """

    def shown(scores: Accuracies) -> list[Gap]:
        return [gap for gap in aside(scores) if not gap.doubt]

    return Differences(
        parts=parts,
        bodies=partial(_bodies, on=on, needs_language=needs_language),
        printed=printed,
        on_print=on_print,
        aside=shown if aside else None,
        number=_with_spread,
        summary=_worst_first,
        note=numbers.QUOTED if TESS in on else "",
        amend=amend,
    )


def _bodies(ledger: Ledger, *, on: Sequence[str], needs_language: bool) -> dict[str, list[Body]]:
    """Return the recorded accuracies, or what keeps a sentence from being judged on them."""
    scores, barrier = trained(ledger), None
    absent = [f"{name} is not at hand" for name in on if (name, "baseline") not in scores.scores]
    if numbers.row_trials(ledger, "baseline") is None:
        barrier = ("not run", "nothing yet")
    elif words := _collapsed_baseline(ledger, on):
        barrier = ("inconclusive", words)
    elif needs_language and numbers.one_label():
        barrier = ("not run", "corpus and language are one label in this pool")
    return {"recorded": [Body(evidence=scores, barrier=barrier, note="; ".join(absent))]}


def _collapsed_baseline(ledger: Ledger, on: Sequence[str]) -> str:
    """Say on which corpus the baseline hardly ever finds a class; empty where it finds all."""
    baseline = numbers.row_trials(ledger, "baseline")
    for name in dict.fromkeys((HOME, *on)):
        if numbers.scored(baseline, SCORED[name]) is None:
            continue
        if classes := numbers.collapsed(baseline, SCORED[name]):
            recall = ", ".join(f"{label} {value:.3f}" for label, value in classes.items())
            return f"not judged, as the baseline is collapsed on {name}: recall of {recall}"
    return ""


def _worst_first(differences: Sequence[Gap], number: Callable[[Gap, str], str]) -> str:
    """Say how many differences hold, and name a few that do not, the worst first."""
    judged = list(zip(differences, judging.marks(differences), strict=True))
    run = sorted((pair for pair in judged if pair[0].by_seed), key=lambda pair: pair[0].value)
    holding = [gap.value for gap, mark in run if mark == "holds"]
    others = [pair for pair in run if pair[1] != "holds"]
    shown = others[:LISTED] if len(differences) > LISTED else run
    doubts = [gap.doubt for gap, _ in run if gap.doubt]
    words = []
    if run and not doubts:
        words.append(f"{len(holding)} of {len(differences)} hold")
    if len(holding) > len(shown):
        words.append(f"by {min(holding):+.2f} to {max(holding):+.2f}")
    words += [f"{gap.name} {number(gap, mark)}" for gap, mark in shown]
    if len(differences) > LISTED < len(others):
        words.append(f"{len(others) - LISTED} more that do not")
    if doubts:
        words.append(f"shown, not judged: {doubts[0]}")
    if absent := len(differences) - len(run):
        words.append(f"{absent} of {len(differences)} have no score")
    return ", ".join(words)


def _with_spread(gap: Gap, mark: str) -> str:
    """Write a value, over several seeds with its spread, and a mark that is not plain from it."""
    if len(gap.by_seed) < 2:
        return f"{gap.value:+.2f}"
    note = f" ({mark})" if mark not in ("", "holds") and not gap.doubt else ""
    return f"{gap.value:+.2f} ± {gap.spread:.2f}{note}"


# Statistics of the scores.


def rows(approaches: Sequence[str], sets: Sequence[str]) -> list[str]:
    """Return every approach with every set of attributes."""
    return [f"{approach} {name}" for approach in approaches for name in sets]


def gain(scores: Scores, row: str, corpus: str) -> float:
    """Return a row's UA above the baseline's, in points."""
    return scores[corpus, row] - scores[corpus, "baseline"]


def gains(
    scores: Scores, approaches: Sequence[str], sets: Sequence[str], corpora: Sequence[str]
) -> list[float]:
    """Return the gains of every approach with every set of attributes on every corpus."""
    return [gain(scores, row, corpus) for corpus in corpora for row in rows(approaches, sets)]


def smaller(scores: Scores, row: str) -> float:
    """Return the smaller of a row's gains on the unseen corpora: above zero, both are."""
    return np.minimum.reduce([gain(scores, row, corpus) for corpus in BOTH])


def mean_gain(scores: Scores, row: str) -> float:
    """Return the mean of a row's gains on the unseen corpora."""
    return np.mean([gain(scores, row, corpus) for corpus in BOTH], axis=0)


def share_above(values: Sequence[float]) -> float:
    """Return the share of values above zero, less one half; of arrays of draws that of each."""
    return np.mean(np.array(values) > 0, axis=0) - 0.5


def mean(scores: Scores, chosen: Sequence[str], corpus: str) -> float:
    """Return the mean UA of some rows."""
    return np.mean([scores[corpus, row] for row in chosen], axis=0)


# Differences that sentences need.


def over(e: Accuracies, chosen: Sequence[str], corpus: str, *, granted: float = 0.0) -> list[Gap]:
    """Return one gap a row: above the baseline, ``granted`` points allowed."""
    return [
        e.gap(f"{row} over the baseline", lambda s, row=row: gain(s, row, corpus) + granted)
        for row in chosen
    ]


def under(e: Accuracies, chosen: Sequence[str], corpus: str) -> list[Gap]:
    """Return one gap a row: below the baseline."""
    return [
        e.gap(f"{row} under the baseline", lambda s, row=row: -gain(s, row, corpus))
        for row in chosen
    ]


def row_over(e: Accuracies, row: str, other: str, corpus: str, *, name: str) -> Gap:
    """Return the gap between two rows."""
    return e.gap(name, lambda s: s[corpus, row] - s[corpus, other])


def worst_approach(e: Accuracies, approach: str, sets: Sequence[str]) -> list[Gap]:
    """Return one gap a set of attributes: both other approaches above this one, on CREMA-D."""
    others = [other for other in APPROACHES if other != approach]

    gaps_of_sets = []
    for name in sets:
        row = f"{approach} {name}"
        parts = [
            row_over(e, f"{other} {name}", row, CREMA, name=f"{row} under {other}")
            for other in others
        ]
        gaps_of_sets.append(all_hold(parts))
    return gaps_of_sets


def above_both(e: Accuracies, row: str) -> Gap:
    """Return the gap of a row more than ``SIMILAR`` above both baselines."""
    names = {corpus: f"{row} over {SIMILAR:g} above the baseline on {corpus}" for corpus in BOTH}
    return all_hold(
        [
            e.gap(name, lambda s, c=corpus: gain(s, row, c) - SIMILAR)
            for corpus, name in names.items()
        ]
    )


def not_above_both(e: Accuracies, row: str) -> Gap:
    """Return the gap of a row below one baseline or the other."""
    gap = above_both(e, row)
    return negate(gap, gap.name.replace(" over ", " under "))


# Cells of tables.
