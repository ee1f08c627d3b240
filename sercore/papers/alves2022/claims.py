"""Claims of paper 01 (Alves et al. 2022), A1 to A13."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from sercore.evaluation.estimates import contrast, difference, level
from sercore.evaluation.metrics import recalls
from sercore.evaluation.scores import F1
from sercore.ledger import claims as judging
from sercore.ledger.claims import (
    READINGS,
    Claim,
    Counted,
    Gap,
    Judgement,
    Ordered,
    Reading,
    all_of,
    estimated,
    printed_values,
)
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import hand_labels
from sercore.papers.alves2022.gender import CLASSIFIERS
from sercore.papers.alves2022.numbers import BOOSTING, COMMON_VOICE, RECALLS, official_tests
from sercore.papers.alves2022.trial import ROWS, SELECTED, TABLES, Configuration

BY_CONFIGURATION = {Configuration.of(row): row for row in ROWS}
NETWORKS = ("sequential", "multi-task")
# Prosodic subset and embedding of the features that both networks have.
SIZES = (("8", False), ("19", False), ("56", False), ("", True), ("56", True))
SUBSTITUTED = "Rows with wav2vec rest on another encoder than the paper's"
FATES = {"holds": "of {} hold", "inconclusive": "cannot be told from zero", "fails": "below zero"}
SHORT = {
    "Multi-task": "MT",
    "all prosodic and wav2vec": "56+W",
    "wav2vec": "W",
    "all prosodic": "56",
    " prosodic": "",
    "- SMOTE": "-S",
    "+ SMOTE": "+S",
    "- CG": "-C",
    "+ CG": "+C",
}


def short(row: str) -> str:
    """Return a configuration in few letters, such as "MT 56 +S -C"."""
    words = row.split(") ", 1)[1]
    for long, brief in SHORT.items():
        words = words.replace(long, brief)
    return words


def in_words(row: str) -> str:
    """Return a configuration in words, such as "multi-task, 8 prosodic, SMOTE"."""
    about = Configuration.of(row)
    prosodic = {"": "", "56": "all prosodic"}.get(about.subset, f"{about.subset} prosodic")
    inputs = " and ".join(filter(None, (prosodic, "wav2vec" if about.embedding else "")))
    copies = "copies of changed gender" if about.copies else ""
    return ", ".join(filter(None, (about.network, inputs, about.balancer, copies)))


def brief(gaps: Sequence[Gap]) -> str:
    """Count gaps by their mark, with the range of each; the chapter draws every one of them."""
    if any(gap.doubt or not gap.by_seed for gap in gaps):
        return judging.summary(gaps)
    marked, words = list(zip(gaps, judging.marks(gaps), strict=True)), []
    for fate, told in FATES.items():
        values = [gap.value for gap, mark in marked if mark == fate]
        ends = [f"{end:+.3f}" for end in (min(values), max(values))] if values else []
        if values or fate == "holds":
            span = f" ({' to '.join(dict.fromkeys(ends))})" if ends else ""
            words.append(f"{len(values)} {told.format(len(gaps))}{span}")
    return ", ".join(words)


def _row(network: str, features: tuple[str, bool], *, smote: bool, copies: bool) -> str:
    """Return the printed name of a configuration."""
    inputs = {"network": network, "subset": features[0], "embedding": features[1]}
    balancer = "SMOTE" if smote else ""
    return BY_CONFIGURATION[Configuration(**inputs, balancer=balancer, copies=copies)]


def _best_of(table: str, best: str) -> list[tuple[str, str]]:
    """Pair a row with every other of its table."""
    return [(best, row) for row in TABLES[table] if row != best]


def _shared_configurations() -> list[tuple[str, str]]:
    """Pair multi-task with sequential rows of the same features, SMOTE and copies."""
    pairs = []
    for configuration, row in BY_CONFIGURATION.items():
        features = (configuration.subset, configuration.embedding)
        if configuration.network == "multi-task" and features in SIZES:
            sequential = replace(configuration, network="sequential")
            pairs.append((row, BY_CONFIGURATION[sequential]))
    return pairs


def _small_sets() -> list[tuple[str, str]]:
    sizes = ("29", "10", "19", "8")
    rows = [_row("multi-task", (size, False), smote=True, copies=True) for size in sizes]
    return list(itertools.pairwise(rows))


def _with_and_without_copies(ledger: Ledger) -> list[tuple[str, str]]:
    """Pair rows with and without copies, the one that is printed higher first."""
    values = printed_values(ledger, F1)
    pairs = []
    for network, features in itertools.product(NETWORKS, SIZES):
        pair = [_row(network, features, smote=True, copies=copies) for copies in (True, False)]
        pairs.append(tuple(sorted(pair, key=values.get, reverse=True)))
    return pairs


def _with_smote_over_without() -> list[tuple[str, str]]:
    """Pair rows with SMOTE, with and without copies, with the row of copies alone."""
    pairs = []
    for network, features in itertools.product(NETWORKS, (("8", False), ("", True))):
        without = _row(network, features, smote=False, copies=True)
        for copies in (False, True):
            pairs.append((_row(network, features, smote=True, copies=copies), without))
    return pairs


def gender_classifier(ledger: Ledger) -> Judgement:
    """A2: order the classifiers on other speakers than CETUC's; levels are not judged."""
    metric = "accuracy_cv5_mean"
    boosting = ledger.trials(BOOSTING)
    if boosting is None:
        return Judgement.alike("not run", "the gender task is not recorded")
    differences = []
    for name in CLASSIFIERS:
        other = f"gender classifier ({name})"
        if other != BOOSTING:
            estimate = difference(boosting, ledger.trials(other), metric)
            differences.append(estimated(f"over {name}", estimate))
    marks = judging.marks(differences)
    words = []
    for gap, mark in zip(differences, marks, strict=True):
        words.append(f"{gap.name} {gap.value:+.1f} ({mark})")
    mls, common_voice = level(boosting, metric), ledger.cell(COMMON_VOICE, metric)
    elsewhere = ""
    if common_voice is not None:
        elsewhere = f", {common_voice.value:.1f} % on Common Voice in place of noisy MLS"
    reason = (
        f"gradient boosting: {mls.value:.1f} % [{mls.low:.1f}, {mls.high:.1f}] over {mls.groups} "
        f"held-out speakers of MLS in place of CETUC{elsewhere}; {', '.join(words)}. The protocol "
        "shares no speaker, so that both marks are one"
    )
    return Judgement.alike(all_of(marks), reason)


def one_recipe(ledger: Ledger) -> Judgement:
    """A3: count the printed configurations; the recipe is a setting."""
    count = len(printed_values(ledger, F1))
    reason = f"{count} configurations are printed; batch and epochs are settings of ours"
    return Judgement.alike("agrees" if count == 26 else "differs", reason)


def neutral_worst(ledger: Ledger) -> Judgement:
    """A10: compare the recall of neutral with that of either other class."""
    marks, words = [], []
    for reading in READINGS:
        systems = [reading.trials(ledger, row) for row in SELECTED]
        if None in systems:
            return Judgement.alike("not run", "a selected model is not recorded")
        judged = judging.marks(neutral_gaps(ledger, reading))
        marks.append(all_of(judged))
        recalls_of = []
        for trials, mark in zip(systems, judged, strict=True):
            neutral, female, male = (level(trials, measure).value for measure in RECALLS)
            recalls_of.append(f"{neutral:.2f} against {female:.2f} and {male:.2f} ({mark})")
        words.append(f"{reading.name}: {', '.join(recalls_of)}")
    printed = [_printed_recalls(ledger, row) for row in SELECTED]
    return Judgement(
        published=marks[0],
        clean=marks[1],
        described=tuple(marks[2:]),
        reason=f"in the order of {'; '.join(map(in_words, SELECTED))}. {'. '.join(words)}."
        f" {SUBSTITUTED}.",
        printed=all(neutral < min(others) for neutral, *others in printed),
    )


def neutral_gaps(ledger: Ledger, reading: Reading) -> list[Gap]:
    """Return the smaller gendered recall less that of neutral, for each selected row."""
    gaps = []
    for row in SELECTED:
        trials = reading.trials(ledger, row)
        estimate = None
        if trials is not None:
            estimate = contrast([trials], _neutral_below, lambda scores: scores[0])
        gaps.append(estimated(row, estimate))
    return gaps


def _neutral_below(counts: np.ndarray, *_: np.ndarray) -> np.ndarray:
    """Return the smaller gendered recall less that of neutral, of counts ``(..., 3, 3)``."""
    shares = recalls(counts)
    return shares[..., 1:].min(-1) - shares[..., 0]


def _printed_recalls(ledger: Ledger, row: str) -> list[float]:
    """Return the printed recalls of a selected row, neutral first: its diagonal of Table 5."""
    values = {}
    for number in ledger.printed:
        if number.table.startswith("Table 5"):
            place = ledger.paper.place(number)
            values[place.row, place.metric] = place.value
    return [values[row, f"share_{label}_{label}"] for label in range(3)]


def gender_task_helps(ledger: Ledger) -> Judgement:
    """A11: as described, compare gendered recalls with the gender task and without."""
    control = {"variant": "as-described", "control": "no gender branch"}
    differences = []
    for row, name in itertools.product(SELECTED, ("female", "male")):
        estimate = ledger.above(row, f"{name}_recall", **control)
        named = f"{in_words(row)}: {name}" if name == "female" else name
        differences.append(estimated(named, estimate))
    reason = (
        "as run, the second head is trained on emotion, so that there is no auxiliary task to "
        "help. As described, recall with the gender task minus recall without it, clean: "
        f"{judging.listing(differences)}. MLS in place of CETUC. {SUBSTITUTED}."
    )
    return Judgement(published="not run", clean=all_of(judging.marks(differences)), reason=reason)


def submissions_in_order(ledger: Ledger) -> Judgement:
    """A12: compare printed test scores, and what files say that the authors labelled by ear."""
    values = [number.value for number in official_tests(ledger)]
    by_ear = hand_labels(ledger.paper.name)
    scores = [number.value for number in by_ear if number.column == "macro F1"]
    rates = [number.value for number in by_ear if number.column == "accuracy"]
    clips = sum(number.value for number in by_ear if number.row == "labelled by ear")
    reach = 1.96 * math.sqrt(max(rate * (1 - rate) for rate in rates) / clips)
    reason = (
        f"printed {_joined(values, ' > ')}; the official test labels are not at hand. On the "
        f"{clips:g} test files that the authors labelled by ear their networks score "
        f"{_joined(scores)}, in the same order, with accuracies of {_joined(rates)}; {clips:g} "
        f"files leave ±{reach:.2f} on each"
    )
    return Judgement.alike("not run", reason, printed=values == sorted(values, reverse=True))


def _joined(values: list[float], separator: str = ", ") -> str:
    return separator.join(f"{value:g}" for value in values)


def drop_to_test(ledger: Ledger) -> Judgement:
    """A13: compare our cross-validation, leaky and clean, with each submission's printed score."""
    drops, words = ([], []), []
    for row, number in zip(SELECTED, official_tests(ledger), strict=True):
        test = number.value
        systems = [reading.trials(ledger, row) for reading in READINGS[:2]]
        if None in systems:
            return Judgement.alike("not run", "a selected model is not recorded")
        for marks, trials in zip(drops, systems, strict=True):
            drop = contrast([trials], F1, lambda scores, test=test: scores[0] - test)
            marks.append(estimated("", drop).mark)
        leaky, real = (level(trials, F1) for trials in systems)
        left = f"{real.value - test:+.3f} is left"
        if real.low <= test <= real.high:
            left = "no drop is left"
        words.append(
            f"{in_words(row)}: {test:g} on the test; {leaky.value:.3f} under the published protocol, "
            f"{real.value:.3f} [{real.low:.3f}, {real.high:.3f}] under the clean one: {left}"
        )
    reason = f"{'; '.join(words)}. {SUBSTITUTED}."
    return Judgement(published=all_of(drops[0]), clean=all_of(drops[1]), reason=reason)


ordered = partial(Ordered, metric=F1, summary=brief)

CLAIMS = (
    Claim(
        "A1",
        "The training data are 625 segments, 491 neutral, 89 and 45 non-neutral, about 50 minutes",
        source="sections 1 and 2.1.1",
        judge=Counted(
            rows=["SE&R training set"],
            label=lambda number: f"{number.column} printed {number.value:g}",
        ),
    ),
    Claim(
        "A2",
        "The gender classifier reaches 94.1 % on CETUC, gradient boosting best, and 90.8 % on "
        "noisy MLS",
        source="section 2.1.2",
        judge=gender_classifier,
    ),
    Claim(
        "A3", "26 models, all with batch 100 and 300 epochs", source="section 3", judge=one_recipe
    ),
    Claim(
        "A4",
        "Sequential: both feature sets with SMOTE and change gender score best",
        source="Table 2",
        judge=ordered(pairs=_best_of("Table 2", SELECTED[0]), note=SUBSTITUTED),
    ),
    Claim(
        "A5",
        "Multi-task: both feature sets with SMOTE alone score best",
        source="Table 3",
        judge=ordered(pairs=_best_of("Table 3", SELECTED[1]), note=SUBSTITUTED),
    ),
    Claim(
        "A6",
        "Multi-task scores above sequential for every shared configuration",
        source="Tables 2 to 4",
        judge=ordered(pairs=_shared_configurations(), note=SUBSTITUTED),
    ),
    Claim(
        "A7",
        "Among small sets, 29 > 10 > 19 > 8 prosodic features (multi-task, SMOTE and change "
        "gender)",
        source="Table 4",
        judge=ordered(pairs=_small_sets()),
    ),
    Claim(
        "A8",
        "Change gender on top of SMOTE helps in 7 of 10 pairs, and hurts in the other 3",
        source="Tables 2 to 4, implied",
        judge=ordered(pairs=_with_and_without_copies, note=SUBSTITUTED),
    ),
    Claim(
        "A9",
        "Without SMOTE a configuration is the worst of its group (8 features and wav2vec, either "
        "network)",
        source="implied",
        judge=ordered(pairs=_with_smote_over_without(), note=SUBSTITUTED),
    ),
    Claim(
        "A10",
        "Neutral is the class recognised worst by all three selected models",
        source="section 3.4, Table 5",
        judge=neutral_worst,
    ),
    Claim(
        "A11",
        "The auxiliary gender task appears to help the two gendered classes",
        source="section 3.4",
        judge=gender_task_helps,
    ),
    Claim(
        "A12",
        "On the official test the first submission beats the second, the second the third",
        source="section 4, Tables 2 to 4",
        judge=submissions_in_order,
    ),
    Claim(
        "A13",
        "Scores drop from cross-validation to the official test",
        source="section 4",
        judge=drop_to_test,
    ),
)
SETTINGS = ("A1", "A3")  # about data and settings, whatever is trained
