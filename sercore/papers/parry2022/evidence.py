"""Accuracies of paper 02, printed and recorded, and how a sentence about them is judged."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import pandas as pd

from sercore.card import RARELY
from sercore.evaluation.metrics import recalls
from sercore.ledger import estimates, gaps
from sercore.ledger.claims import Body, Differences, Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate, level
from sercore.ledger.gaps import Gap
from sercore.ledger.scores import Trials
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.attributes import SUBSETS
from sercore.papers.parry2022.grid import GRID
from sercore.papers.parry2022.numbers import (
    PROTOCOL,
    QUOTED,
    SCORED,
    UA,
    VARIANT,
    one_label,
    trained_as,
)
from sercore.papers.parry2022.scores import SIGNS

TESS, CREMA, HOME = SCORED  # the unseen corpora, and the in-domain test
SINGLE = ("C", "G", "S", "L")  # as in Table 2
SEVERAL = tuple(name for name in SUBSETS if "+" in name)
# Networks of Figure 2, by row: approach and attributes.
VIEWED = {"baseline": ("baseline", "none"), "MTL C": ("MTL", "C"), "GR C": ("GR", "C")}
LISTED = 5  # gaps that a reason names at most


Scores = Mapping[tuple[str, str], float]  # UA in % by corpus and row: numbers, or arrays of draws
Parts = Callable[["Accuracies"], list[Gap]]


@dataclass(frozen=True, eq=False)
class Accuracies:
    """UA in % by name in ``SCORED`` and row, such as ("TESS", "GR C+S"): printed, or recorded.

    Args:
        scores: printed scores, or the recorded ones over their seeds.
        single: attributes that a model of one has.
        several: sets of attributes that a model of several has, of those that can be judged.
        trials: recorded trials of each score; None (default) for the printed ones.
    """

    scores: Scores
    single: tuple[str, ...]
    several: tuple[str, ...]
    trials: Mapping[tuple[str, str], Trials] | None = None

    @property
    def sets(self) -> tuple[str, ...]:
        """Sets of one attribute and of several."""
        return (*self.single, *self.several)

    def gap(self, name: str, statistic: Callable[[Scores], float]) -> Gap:
        """Return a gap by its formula; it has no values where a score that it takes is absent.

        Args:
            name: words for the number.
            statistic: formula over the scores, which takes numbers and arrays of draws alike.
        """
        read = _Read(self.scores)
        try:
            value = float(statistic(read))
        except KeyError:  # a cell that is not printed, or not run
            return Gap(name)
        if self.trials is None:
            return gaps.exact(name, value)
        cells = list(read.cells)

        def formula(scores: np.ndarray) -> np.ndarray:
            return statistic(dict(zip(cells, scores, strict=True)))

        try:
            systems = [self.trials[cell] for cell in cells]
            return gaps.estimated(name, estimates.contrast(systems, UA, formula))
        except ValueError:  # no seed is in all of them
            return Gap(name)

    def has(self, corpus: str) -> bool:
        """Say whether the baseline is scored on a corpus."""
        return (corpus, "baseline") in self.scores


class _Read(dict):
    """Scores that remember which of them a statistic takes."""

    def __init__(self, scores: Scores) -> None:
        super().__init__(scores)
        self.cells: dict[tuple[str, str], None] = {}

    def __getitem__(self, cell: tuple[str, str]) -> float:
        value = super().__getitem__(cell)
        self.cells[cell] = None
        return value


def printed(ledger: Ledger) -> Accuracies:
    """Return the printed accuracies; where text and tables have one, that of the tables."""
    in_text, in_tables = {}, {}
    for number in ledger.printed:
        if number.table in ("Table 2", "Table 3"):
            in_tables[number.on, number.ours] = float(number.value)
        elif number.metric == "ua":
            in_text[number.on, number.ours] = float(number.value)
    sets = {row.partition(" ")[2] for corpus, row in in_tables if corpus != HOME}
    return Accuracies(in_text | in_tables, SINGLE, tuple(name for name in SEVERAL if name in sets))


@lru_cache(maxsize=8)
def trained(ledger: Ledger) -> Accuracies:
    """Return the recorded accuracies; where corpus and language are one label, each training counts once."""
    cells = {}
    for row in GRID:
        trials = recorded(ledger, row.name)
        if trials is None:
            continue
        for name, corpora in SCORED.items():
            scored = trials.of(*corpora)
            if len(scored.counts):
                cells[name, row.name] = scored
    values = {cell: float(trials.by_seed(UA).mean()) for cell, trials in cells.items()}
    alone = {name for name in SUBSETS if trained_as(f"GR {name}") == f"GR {name}"}
    sets = (tuple(name for name in names if name in alone) for names in (SINGLE, SEVERAL))
    return Accuracies(values, *sets, cells)


def recorded(ledger: Ledger, row: str) -> Trials | None:
    """Return the recorded trials of a row, or of the row whose training stands for it; None where there are none."""
    return ledger.trials(trained_as(row), variant=VARIANT, protocol=PROTOCOL)


def gain(ledger: Ledger, row: str, *corpora: str) -> Gap:
    """Return a row's UA above the baseline's, in points, on the seeds that both have.

    Args:
        ledger: ledger with recorded runs.
        row: "GR C+S".
        corpora: scored corpora, by the names in the counts: "tess".
    """
    return moved(row, recorded(ledger, row), recorded(ledger, "baseline"), *corpora)


def moved(name: str, trials: Trials | None, usual: Trials | None, *corpora: str) -> Gap:
    """Return the UA of some trials less that of others, in points.

    The gap has no values where they share no seed, or where the corpora were not scored.
    """
    pair = [system.of(*corpora) for system in (trials, usual) if system is not None]
    are_scored = len(pair) == 2 and all(len(system.counts) for system in pair)
    if not are_scored or not pair[0].runs & pair[1].runs:
        return Gap(name)
    return gaps.estimated(name, estimates.difference(*pair, UA))


def collapsed(trials: Trials, corpora: Sequence[str]) -> dict[str, float]:
    """Return the recall of each class that a model hardly ever finds: under 5 % over all its seeds.

    Args:
        trials: trials of one row.
        corpora: scored corpora, by the names in the counts.
    """
    by_class = zip(parry.CLASSES, recalls(trials.of(*corpora).confusion()), strict=True)
    return {name: float(recall) for name, recall in by_class if recall < RARELY}


def by_speaker(answers: pd.DataFrame, seeds: Mapping[int, int], corpus: str) -> dict[str, Estimate]:
    """Return the UA on each speaker of an unseen corpus, by the speaker's name.

    Words are drawn with return, all clips of a word together, and so are seeds: a corpus of two
    speakers has no interval over speakers, and what is given holds for other words of these two. A
    class that no drawn word has is left out of that draw's mean. The groups of the estimates are words.

    Args:
        answers: recorded answers: ``trial``, ``group`` (corpus/speaker), ``text``, ``true`` and
            ``predicted``, these two with one sign a clip.
        seeds: seed of each trial of one row, by the trial's number; other trials are left out.
        corpus: scored corpus, "tess".

    Raises:
        ValueError: the trials have no answer in this corpus, or a row whose two texts differ in length.
    """
    chosen = answers[
        answers["trial"].isin(list(seeds)) & answers["group"].str.startswith(f"{corpus}/")
    ]
    if not len(chosen):
        raise ValueError(
            f"{corpus}: no answer among {len(answers)} rows; expected some of trials {sorted(seeds)}. Record them."
        )
    return {
        group.split("/", 1)[1]: level(_by_word(rows, seeds), UA)
        for group, rows in chosen.groupby("group", sort=True)
    }


def _by_word(rows: pd.DataFrame, seeds: Mapping[int, int]) -> Trials:
    """Count the clips of one speaker by word."""
    counts: Counter = Counter()
    for row in rows.fillna({"text": ""}).itertuples(index=False):
        if len(row.true) != len(row.predicted):
            raise ValueError(
                f"{row.group}, {row.text}: {len(row.true)} clips and {len(row.predicted)} answers; expected as many. Record again."
            )
        for true, predicted in zip(row.true, row.predicted, strict=True):
            counts[
                row.trial, row.text.replace("/", " "), SIGNS.index(true), SIGNS.index(predicted)
            ] += 1
    columns = ["trial", "group", "true", "predicted", "count"]
    table = pd.DataFrame(
        [(*where, count) for where, count in sorted(counts.items())], columns=columns
    )
    trials = sorted(set(table["trial"]))
    settings = pd.DataFrame(
        {"trial": trials, "seed": [seeds[trial] for trial in trials], "fold": 0}
    )
    errors = pd.DataFrame(columns=["trial", "group", "clips", "head", "second"])
    return Trials(settings, table, errors, 1 + int(table[["true", "predicted"]].to_numpy().max()))


def probes(ledger: Ledger) -> dict[str, dict[int, tuple[float, float, float]]]:
    """Return probe, control and silhouette of the corpus for each seed of the networks of Figure 2."""
    linear = ledger.recorded.parts["probes"]
    results: dict[str, dict[int, tuple[float, float, float]]] = {row: {} for row in VIEWED}
    if not len(linear):
        return results
    table = ledger.recorded.kind("views").merge(linear[linear["attribute"] == "C"], on="trial")
    for row, (approach, attributes) in VIEWED.items():
        chosen = table[(table["approach"] == approach) & (table["attributes"] == attributes)]
        for view in chosen.itertuples(index=False):
            results[row][int(view.seed)] = (view.probe, view.control, view.silhouette)
    return results


def accuracies(
    *,
    on: Sequence[str],
    parts: Parts,
    on_print: Parts | None = None,
    aside: Parts | None = None,
    needs_language: bool = False,
    amend: Callable[[Ledger, Judgement], Judgement] | None = None,
) -> Differences:
    """Return the judge of a sentence about accuracies.

    Args:
        on: names in ``SCORED`` that the sentence rests on.
        parts: differences that it needs.
        on_print: differences that it needs in print, where these are others.
        aside: differences that are shown, where they could be judged, and decide nothing.
        needs_language: whether the sentence tells corpus from language.
        amend: last change to the judgement.
    """
    return Differences(
        parts=parts,
        bodies=partial(_recorded, on=on, needs_language=needs_language),
        printed=printed,
        on_print=on_print,
        aside=aside and (lambda e: [gap for gap in aside(e) if not gap.doubt]),
        number=_with_spread,
        summary=_worst_first,
        note=QUOTED if TESS in on else "",
        amend=amend,
    )


def _recorded(ledger: Ledger, *, on: Sequence[str], needs_language: bool) -> dict[str, list[Body]]:
    """Return the recorded accuracies, or what keeps a sentence from being judged on them."""
    scores, barrier = trained(ledger), None
    baseline = recorded(ledger, "baseline")
    absent = [f"{name} is not at hand" for name in on if not scores.has(name)]
    if baseline is None:
        barrier = ("not run", "nothing yet")
    elif words := _collapsed_baseline(ledger, on):
        barrier = ("inconclusive", words)
    elif needs_language and one_label():
        barrier = ("not run", "corpus and language are one label in this pool")
    return {"recorded": [Body(evidence=scores, barrier=barrier, note="; ".join(absent))]}


def _collapsed_baseline(ledger: Ledger, on: Sequence[str]) -> str:
    """Say on which corpus the baseline hardly ever finds a class; empty where it finds all."""
    scores, baseline = trained(ledger), recorded(ledger, "baseline")
    for name in dict.fromkeys((HOME, *on)):
        if scores.has(name) and (classes := collapsed(baseline, SCORED[name])):
            recall = ", ".join(f"{label} {value:.3f}" for label, value in classes.items())
            return f"not judged, as the baseline is collapsed on {name}: recall of {recall}"
    return ""


def _worst_first(differences: Sequence[Gap], number: Callable[[Gap, str], str]) -> str:
    """Say how many differences hold, and name a few that do not, the worst first."""
    judged = list(zip(differences, gaps.marks(differences), strict=True))
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
