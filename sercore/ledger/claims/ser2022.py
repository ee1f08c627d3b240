"""Claims of paper 01 (Alves et al. 2022), A1 to A13."""

from sercore.ledger.claims import Judgement, claim, pairs_judged
from sercore.ledger.entries import Ledger

F1 = "macro_f1_cv5_mean"
EMBEDDINGS = "every row that decides it needs the wav2vec 2.0 embeddings, which are not at hand"

SEQ = {
    "8 -+": "(1) Seq. 8 prosodic - SMOTE + CG",
    "8 ++": "(2) Seq. 8 prosodic + SMOTE + CG",
    "8 +-": "(4) Seq. 8 prosodic + SMOTE - CG",
    "19 +-": "(3) Seq. 19 prosodic + SMOTE - CG",
    "19 ++": "(5) Seq. 19 prosodic + SMOTE + CG",
    "56 +-": "(2) Seq. all prosodic + SMOTE - CG",
    "56 ++": "(3) Seq. all prosodic + SMOTE + CG",
}
MULTI = {
    "8 -+": "(6) Multi-task 8 prosodic - SMOTE + CG",
    "8 ++": "(9) Multi-task 8 prosodic + SMOTE + CG",
    "8 +-": "(7) Multi-task 8 prosodic + SMOTE - CG",
    "19 +-": "(8) Multi-task 19 prosodic + SMOTE - CG",
    "19 ++": "(10) Multi-task 19 prosodic + SMOTE + CG",
    "56 +-": "(3) Multi-task all prosodic + SMOTE - CG",
    "56 ++": "(2) Multi-task all prosodic + SMOTE + CG",
}
TEN = "(11) Multi-task 10 prosodic + SMOTE + CG"
THIRD = "(12) Multi-task 29 prosodic + SMOTE + CG"


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


@claim("A2", "The gender classifier reaches 94.1 % on CETUC and 90.8 % on noisy MLS", source="section 2.1.2")
def gender_classifier(ledger: Ledger) -> Judgement:
    """Not decided by these rows."""
    return _not_run("CETUC is not at hand; the gender task is not run yet")


@claim("A3", "26 models, all with batch 100 and 300 epochs", source="section 3")
def one_recipe(ledger: Ledger) -> Judgement:
    """The number of printed configurations; the recipe is a setting."""
    rows = {number.row for number in ledger.printed if number.metric == F1}
    mark = "agrees" if len(rows) == 26 else "differs"
    return Judgement(
        published=mark, clean=mark, reason=f"{len(rows)} configurations are printed; batch and epochs are settings of ours"
    )


@claim("A4", "Sequential: both feature sets with SMOTE and change gender score best", source="Table 2")
def sequential_best(ledger: Ledger) -> Judgement:
    """Not decided by these rows."""
    return _not_run(EMBEDDINGS)


@claim("A5", "Multi-task: both feature sets with SMOTE alone score best", source="Table 3")
def multi_task_best(ledger: Ledger) -> Judgement:
    """Not decided by these rows."""
    return _not_run(EMBEDDINGS)


@claim("A6", "Multi-task scores above sequential for every shared configuration", source="Tables 2 to 4")
def multi_task_above(ledger: Ledger) -> Judgement:
    """Seven shared configurations on prosodic features."""
    return pairs_judged(ledger, [(MULTI[key], SEQ[key]) for key in MULTI], metric=F1, note="The embedding rows are not run.")


@claim("A7", "Among small sets, 29 > 10 > 19 > 8 prosodic features (multi-task, SMOTE and change gender)", source="Table 4")
def small_sets_in_order(ledger: Ledger) -> Judgement:
    """Three neighbouring pairs of the order."""
    return pairs_judged(ledger, [(THIRD, TEN), (TEN, MULTI["19 ++"]), (MULTI["19 ++"], MULTI["8 ++"])], metric=F1)


@claim(
    "A8", "Change gender on top of SMOTE helps: sequential 19 and 56, multi-task 8 and 19 features", source="Tables 2 to 4, implied"
)
def copies_help(ledger: Ledger) -> Judgement:
    """The four of the paper's seven helped pairs that need no embedding."""
    pairs = [(names[f"{size} ++"], names[f"{size} +-"]) for names, size in ((SEQ, 19), (SEQ, 56), (MULTI, 8), (MULTI, 19))]
    return pairs_judged(ledger, pairs, metric=F1, note="The embedding pairs are not run.")


@claim("A9", "Without SMOTE a configuration is the worst of its group (8 features, either network)", source="Table 4, implied")
def without_smote_worst(ledger: Ledger) -> Judgement:
    """Two groups of three."""
    pairs = [(names[key], names["8 -+"]) for names in (SEQ, MULTI) for key in ("8 +-", "8 ++")]
    return pairs_judged(ledger, pairs, metric=F1, note="The embedding groups are not run.")


@claim("A10", "Neutral is the class recognised worst (third selected model)", source="section 3.4, Table 5")
def neutral_worst(ledger: Ledger) -> Judgement:
    """Recall of neutral below that of either other class."""
    marks, words = {}, []
    for protocol in ("as-published", "clean"):
        recalls = [ledger.cell(THIRD, f"{name}_recall", protocol=protocol) for name in ("neutral", "female", "male")]
        if None in recalls:
            return _not_run("the third selected model is not recorded")
        neutral, female, male = recalls
        if neutral.high < min(female.low, male.low):
            marks[protocol] = "holds"
        else:
            marks[protocol] = "fails" if neutral.low > min(female.high, male.high) else "inconclusive"
        words.append(f"{protocol}: neutral {neutral.value:.2f}, female {female.value:.2f}, male {male.value:.2f}")
    reason = "; ".join(words) + ". The other two selected models need embeddings."
    return Judgement(published=marks["as-published"], clean=marks["clean"], reason=reason)


@claim("A11", "The auxiliary gender task appears to help the two gendered classes", source="section 3.4")
def gender_task_helps(ledger: Ledger) -> Judgement:
    """As run, no gender target is ever used, so nothing could help."""
    return _not_run(
        "as run, the second head is trained on emotion, so there is no auxiliary task to help; the controls are not run yet"
    )


@claim("A12", "On the official test the first submission beats the second, the second the third", source="section 4, Tables 2 to 4")
def submissions_in_order(ledger: Ledger) -> Judgement:
    """Printed numbers only: the official labels are not at hand."""
    values = [number.value for number in ledger.printed if number.metric == "macro_f1_official_test" and number.table != "Text"]
    return Judgement(
        published="not run",
        clean="not run",
        reason=f"printed {' > '.join(f'{value:g}' for value in values)}; the official test labels are not at hand",
        printed=values == sorted(values, reverse=True),
    )


@claim("A13", "Scores drop from cross-validation to the official test", source="section 4")
def drop_to_test(ledger: Ledger) -> Judgement:
    """Third submission: our clean cross-validation against the printed test score, and against our leaky one."""
    published, clean = (ledger.trials(THIRD, protocol=protocol) for protocol in ("as-published", "clean"))
    if published is None or clean is None:
        return _not_run("the third selected model is not recorded")
    leaky, honest = published.cell(F1), clean.cell(F1)
    test = next(number.value for number in ledger.printed if number.row.startswith("3rd submission"))
    left = "no drop is left" if honest.low <= test <= honest.high else f"{honest.value - test:+.3f} is left"
    reason = (
        f"third submission: printed {test:g} on the official test; our cross-validation gives {leaky.value:.3f} with the published"
        f" protocol's leaks and {honest.value:.3f} [{honest.low:.3f}, {honest.high:.3f}] without: {left}"
    )
    marks = ("holds" if cell.low > test else "fails" if cell.high < test else "inconclusive" for cell in (leaky, honest))
    return Judgement(published=next(marks), clean=next(marks), reason=reason)


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
