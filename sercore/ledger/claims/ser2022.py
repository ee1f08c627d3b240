"""Claims of paper 01 (Alves et al. 2022), A1 to A13."""

import itertools
import math

from sercore.ledger import published
from sercore.ledger.claims import Judgement, all_of, claim, pairs_judged, short, sign, without
from sercore.ledger.claims.ser2022_numbers import BOOSTING, ELSEWHERE
from sercore.ledger.entries import Ledger
from sercore.ledger.scores import F1
from sercore.studies.ser2022_gender import CLASSIFIERS
from sercore.studies.ser2022_rows import ROWS, SELECTED, TABLES, Configuration

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
    metric, marks, words = "accuracy_cv5_mean", [], []
    boosting = ledger.trials(BOOSTING)
    if boosting is None:
        return _not_run("the gender task is not recorded")
    for name in CLASSIFIERS:
        other = ledger.trials(f"gender classifier ({name})")
        gap = boosting.difference(other, metric)
        if name != "gradient boosting":
            marks.append(sign(gap))
            words.append(f"over {name} {gap.value:+.1f} ({marks[-1]})")
    here, there = boosting.cell(metric), ledger.cell(ELSEWHERE, metric)
    elsewhere = "" if there is None else f", {there.value:.1f} % on Common Voice in place of noisy MLS"
    reason = (
        f"gradient boosting: {here.value:.1f} % on held-out speakers of MLS in place of CETUC{elsewhere}; {', '.join(words)}. "
        "The protocol shares no speaker, so that both marks are one"
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
    """Recall of neutral below that of either other class, as run."""
    marks, words = {}, []
    for protocol in ("as-published", "clean"):
        found = []
        for row in SELECTED:
            recalls = [ledger.cell(row, f"{name}_recall", protocol=protocol) for name in ("neutral", "female", "male")]
            if None in recalls:
                return _not_run("a selected model is not recorded")
            neutral, female, male = recalls
            if neutral.high < min(female.low, male.low):
                found.append("holds")
            else:
                found.append("fails" if neutral.low > min(female.high, male.high) else "inconclusive")
            words.append(
                f"{protocol}, {short(row)}: {neutral.value:.2f} against {female.value:.2f} and {male.value:.2f} ({found[-1]})"
            )
        marks[protocol] = all_of(found)
    printed = all(neutral < min(female, male) for neutral, female, male in (_printed_recalls(ledger, row) for row in SELECTED))
    reason = f"{'; '.join(words)}. {SUBSTITUTED}"
    return Judgement(published=marks["as-published"], clean=marks["clean"], reason=reason, printed=printed)


def _printed_recalls(ledger: Ledger, row: str) -> list[float]:
    """Printed recalls of a selected row, neutral first: the diagonal of its part of Table 5."""
    places = [ledger.numbers.place(number) for number in ledger.printed if number.table.startswith("Table 5")]
    return [next(each.value for each in places if (each.row, each.metric) == (row, f"share_{at}_{at}")) for at in range(3)]


@claim("A11", "The auxiliary gender task appears to help the two gendered classes", source="section 3.4")
def gender_task_helps(ledger: Ledger) -> Judgement:
    """As described, with the gender task and without it, same folds: recall of either gendered class."""
    marks, words = [], []
    for name in ("female", "male"):
        for row, mark, gap in without(
            ledger, SELECTED, control="no gender branch", metric=f"{name}_recall", variant="as-described"
        ):
            marks.append(mark)
            words.append(f"{short(row)}, {name} {'not run' if mark == 'not run' else f'{gap:+.3f} ({mark})'}")
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
        cells = {protocol: ledger.cell(row, F1, protocol=protocol) for protocol in marks}
        if None in cells.values():
            return _not_run("a selected model is not recorded")
        for protocol, cell in cells.items():
            marks[protocol].append("holds" if cell.low > test else "fails" if cell.high < test else "inconclusive")
        leaky, clean = cells.values()
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
