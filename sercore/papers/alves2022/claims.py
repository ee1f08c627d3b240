"""Claims of paper 01 (Alves et al. 2022), A1 to A13."""

import itertools
import math

import numpy as np

from sercore.evaluation.metrics import recalls
from sercore.ledger import published
from sercore.ledger.claims import Judgement
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import all_of, contrast, difference, level, sign
from sercore.ledger.pairs import READINGS, claim, pairs_judged, short, together, told
from sercore.ledger.scores import F1
from sercore.papers.alves2022.gender import CLASSIFIERS
from sercore.papers.alves2022.numbers import BOOSTING, ELSEWHERE
from sercore.papers.alves2022.rows import ROWS, SELECTED, TABLES, Configuration

BY_CONFIGURATION = {Configuration.of(row): row for row in ROWS}
SIZES = (("8", False), ("19", False), ("56", False), ("", True), ("56", True))  # prosodic subset, embedding
SUBSTITUTED = "Rows with W rest on another encoder than the paper's."


def _row(network: str, features: tuple[str, bool], *, smote: bool, copies: bool) -> str:
    subset, embedding = features
    return BY_CONFIGURATION[Configuration(network=network, subset=subset, embedding=embedding, smote=smote, copies=copies)]


def _not_run(reason: str) -> Judgement:
    return Judgement(published="not run", clean="not run", reason=reason)


@claim(
    "A1", "The training data are 625 segments, 491 neutral, 89 and 45 non-neutral, about 50 minutes", source="sections 1 and 2.1.1"
)
def data_as_counted(ledger: Ledger) -> Judgement:
    """Counts and duration against what was measured on the files."""
    numbers = [number for number in ledger.printed if number.row == "SE&R training set"]
    verdicts = [(number, *ledger.verdict(number)) for number in numbers]
    if any(word != "measured" for _, word, _ in verdicts):
        return _not_run("the corpus was not measured")
    wrong = [f"{number.column} printed {number.value:g}: {reason}" for number, _, reason in verdicts if reason != "agrees"]
    mark = "differs" if wrong else "agrees"
    return Judgement(published=mark, clean=mark, reason="; ".join(wrong) or "every count agrees")


@claim(
    "A2", "The gender classifier reaches 94.1 % on CETUC, gradient boosting best, and 90.8 % on noisy MLS", source="section 2.1.2"
)
def gender_classifier(ledger: Ledger) -> Judgement:
    """Order of the six classifiers on other speakers than CETUC's; the levels are shown, not judged."""
    metric = "accuracy_cv5_mean"
    boosting = ledger.trials(BOOSTING)
    if boosting is None:
        return _not_run("the gender task is not recorded")
    others = [name for name in CLASSIFIERS if name != "gradient boosting"]
    judged = together([difference(boosting, ledger.trials(f"gender classifier ({name})"), metric) for name in others])
    marks = [mark for mark, _ in judged]
    words = [f"over {name} {gap.value:+.1f} ({mark})" for name, (mark, gap) in zip(others, judged, strict=True)]
    mls, common_voice = level(boosting, metric), ledger.cell(ELSEWHERE, metric)
    elsewhere = "" if common_voice is None else f", {common_voice.value:.1f} % on Common Voice in place of noisy MLS"
    reason = (
        f"gradient boosting: {mls.value:.1f} % [{mls.low:.1f}, {mls.high:.1f}] over {mls.groups} held-out speakers of MLS in place"
        f" of CETUC{elsewhere}; {', '.join(words)}. The protocol shares no speaker, so that both marks are one"
    )
    return Judgement(published=all_of(marks), clean=all_of(marks), reason=reason)


@claim("A3", "26 models, all with batch 100 and 300 epochs", source="section 3")
def one_recipe(ledger: Ledger) -> Judgement:
    """The number of printed configurations; the recipe is a setting."""
    rows = {number.row for number in ledger.printed if number.metric == F1}
    mark = "agrees" if len(rows) == 26 else "differs"
    return Judgement(
        published=mark, clean=mark, reason=f"{len(rows)} configurations are printed; batch and epochs are settings of ours"
    )


def _best(ledger: Ledger, table: str, best: str) -> Judgement:
    others = [row for row in TABLES[table] if row != best]
    return pairs_judged(ledger, [(best, row) for row in others], metric=F1, note=SUBSTITUTED)


@claim("A4", "Sequential: both feature sets with SMOTE and change gender score best", source="Table 2")
def sequential_best(ledger: Ledger) -> Judgement:
    """The last row of Table 2 against every other."""
    return _best(ledger, "Table 2", SELECTED[0])


@claim("A5", "Multi-task: both feature sets with SMOTE alone score best", source="Table 3")
def multi_task_best(ledger: Ledger) -> Judgement:
    """The last row of Table 3 against every other."""
    return _best(ledger, "Table 3", SELECTED[1])


@claim("A6", "Multi-task scores above sequential for every shared configuration", source="Tables 2 to 4")
def multi_task_above(ledger: Ledger) -> Judgement:
    """Every configuration that both networks are printed for."""
    pairs = []
    for configuration, row in BY_CONFIGURATION.items():
        if configuration.network == "multi-task":
            features = (configuration.subset, configuration.embedding)
            if features in SIZES:
                twin = _row("sequential", features, smote=configuration.smote, copies=configuration.copies)
                pairs.append((row, twin))
    return pairs_judged(ledger, pairs, metric=F1, note=SUBSTITUTED)


@claim("A7", "Among small sets, 29 > 10 > 19 > 8 prosodic features (multi-task, SMOTE and change gender)", source="Table 4")
def small_sets_in_order(ledger: Ledger) -> Judgement:
    """Three neighbouring pairs of the order."""
    rows = [_row("multi-task", (size, False), smote=True, copies=True) for size in ("29", "10", "19", "8")]
    return pairs_judged(ledger, list(itertools.pairwise(rows)), metric=F1)


@claim("A8", "Change gender on top of SMOTE helps in 7 of 10 pairs, and hurts in the other 3", source="Tables 2 to 4, implied")
def copies_help(ledger: Ledger) -> Judgement:
    """Each pair in the direction in which it is printed."""
    values = {number.row: number.value for number in ledger.printed if number.metric == F1}
    pairs = []
    for network in ("sequential", "multi-task"):
        for features in SIZES:
            pair = [_row(network, features, smote=True, copies=copies) for copies in (True, False)]
            pairs.append(tuple(sorted(pair, key=values.get, reverse=True)))
    return pairs_judged(ledger, pairs, metric=F1, note=SUBSTITUTED)


@claim("A9", "Without SMOTE a configuration is the worst of its group (8 features and wav2vec, either network)", source="implied")
def without_smote_worst(ledger: Ledger) -> Judgement:
    """Four groups of three."""
    pairs = [
        (_row(network, features, smote=True, copies=copies), _row(network, features, smote=False, copies=True))
        for network in ("sequential", "multi-task")
        for features in (("8", False), ("", True))
        for copies in (False, True)
    ]
    return pairs_judged(ledger, pairs, metric=F1, note=SUBSTITUTED)


@claim("A10", "Neutral is the class recognised worst by all three selected models", source="section 3.4, Table 5")
def neutral_worst(ledger: Ledger) -> Judgement:
    """Recall of neutral below that of either other class."""
    marks, words = {}, []
    for variant in READINGS:
        for protocol in ("as-published", "clean"):
            trials = [ledger.trials(row, variant=variant, protocol=protocol) for row in SELECTED]
            if None in trials:
                return _not_run("a selected model is not recorded")
            judged = together([contrast([each], _neutral_below, lambda scores: scores[0]) for each in trials])
            marks[variant, protocol] = all_of([mark for mark, _ in judged])
            for row, each, (mark, _) in zip(SELECTED, trials, judged, strict=True):
                neutral, female, male = (level(each, f"{name}_recall").value for name in ("neutral", "female", "male"))
                words.append(f"{variant}, {protocol}, {short(row)}: {neutral:.2f} against {female:.2f} and {male:.2f} ({mark})")
    printed = all(neutral < min(female, male) for neutral, female, male in (_printed_recalls(ledger, row) for row in SELECTED))
    reason = f"{'; '.join(words)}. {SUBSTITUTED}"
    return Judgement(
        published=marks["as-run", "as-published"],
        clean=marks["as-run", "clean"],
        described=(marks["as-described", "as-published"], marks["as-described", "clean"]),
        reason=reason,
        printed=printed,
    )


def _neutral_below(counts: np.ndarray, *_: np.ndarray) -> np.ndarray:
    """The smaller recall of the gendered classes less that of neutral: ``(...)`` of counts ``(..., 3, 3)``."""
    shares = recalls(counts)
    return shares[..., 1:].min(-1) - shares[..., 0]


def _printed_recalls(ledger: Ledger, row: str) -> list[float]:
    """Printed recalls of a selected row, neutral first: the diagonal of its part of Table 5."""
    places = [ledger.numbers.place(number) for number in ledger.printed if number.table.startswith("Table 5")]
    return [next(each.value for each in places if (each.row, each.metric) == (row, f"share_{at}_{at}")) for at in range(3)]


@claim("A11", "The auxiliary gender task appears to help the two gendered classes", source="section 3.4")
def gender_task_helps(ledger: Ledger) -> Judgement:
    """As described, with the gender task and without it, same folds: recall of either gendered class."""
    about = [(row, name) for name in ("female", "male") for row in SELECTED]
    gaps = [ledger.above(row, f"{name}_recall", variant="as-described", control="no gender branch") for row, name in about]
    judged = together(gaps)
    marks = [mark for mark, _ in judged]
    words = [f"{short(row)}, {name} {told(mark, gap)}" for (row, name), (mark, gap) in zip(about, judged, strict=True)]
    reason = (
        "as run, the second head is trained on emotion, so that there is no auxiliary task to help. As described, recall with the "
        f"gender task less recall without it, clean: {'; '.join(words)}. MLS in place of CETUC. {SUBSTITUTED}"
    )
    return Judgement(published="not run", clean=all_of(marks), reason=reason)


@claim("A12", "On the official test the first submission beats the second, the second the third", source="section 4, Tables 2 to 4")
def submissions_in_order(ledger: Ledger) -> Judgement:
    """Printed numbers, and what the test files that the authors labelled by ear say; the official labels are not at hand."""
    values = [number.value for number in ledger.printed if number.metric == "macro_f1_official_test" and number.table != "Text"]
    heard = published.hand_labels(ledger.paper)
    scores = [number.value for number in heard if number.column == "macro F1"]
    rates = [number.value for number in heard if number.column == "accuracy"]
    clips = sum(number.value for number in heard if number.row == "labelled by ear")
    reach = 1.96 * math.sqrt(max(rate * (1 - rate) for rate in rates) / clips)
    reason = (
        f"printed {' > '.join(f'{value:g}' for value in values)}; the official test labels are not at hand. On the {clips:g} test "
        f"files that the authors labelled by ear their networks score {', '.join(f'{score:g}' for score in scores)}, in the same "
        f"order, with accuracies of {', '.join(f'{rate:g}' for rate in rates)}; {clips:g} files leave ±{reach:.2f} on each"
    )
    return Judgement(published="not run", clean="not run", reason=reason, printed=values == sorted(values, reverse=True))


@claim("A13", "Scores drop from cross-validation to the official test", source="section 4")
def drop_to_test(ledger: Ledger) -> Judgement:
    """Each submission: our clean cross-validation against the printed test score, and against our leaky one."""
    tests = [number.value for number in ledger.printed if number.metric == "macro_f1_official_test" and number.table != "Text"]
    marks, words = {"as-published": [], "clean": []}, []
    for row, test in zip(SELECTED, tests, strict=True):
        trials = {protocol: ledger.trials(row, protocol=protocol) for protocol in marks}
        if None in trials.values():
            return _not_run("a selected model is not recorded")
        for protocol, each in trials.items():
            marks[protocol].append(sign(contrast([each], F1, lambda scores, test=test: scores[0] - test)))
        leaky, clean = (level(each, F1) for each in trials.values())
        left = "no drop is left" if clean.low <= test <= clean.high else f"{clean.value - test:+.3f} is left"
        words.append(
            f"{short(row)}: {test:g} on the test; {leaky.value:.3f} under the published protocol, "
            f"{clean.value:.3f} [{clean.low:.3f}, {clean.high:.3f}] under the clean one: {left}"
        )
    reason = f"{'; '.join(words)}. {SUBSTITUTED}"
    return Judgement(published=all_of(marks["as-published"]), clean=all_of(marks["clean"]), reason=reason)


CLAIMS = (
    data_as_counted,
    gender_classifier,
    one_recipe,
    sequential_best,
    multi_task_best,
    multi_task_above,
    small_sets_in_order,
    copies_help,
    without_smote_worst,
    neutral_worst,
    gender_task_helps,
    submissions_in_order,
    drop_to_test,
)
SETTINGS = ("A1", "A3")  # about data and settings: agree or differ, whatever is trained
