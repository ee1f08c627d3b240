"""What printed numbers of Alves et al. 2022 stand beside: settings, counts, displayed outputs."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial

import numpy as np

from sercore.augment.voice import TO_FEMALE, TO_MALE
from sercore.evaluation.estimates import Estimate, difference, mean_difference, mean_level
from sercore.evaluation.scores import F1, Trials
from sercore.features import gender, names
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed, read_printed, stored_outputs, stored_rows
from sercore.models.multi_task_mlp import SIZES
from sercore.models.sequential_mlp import FEW, GENDER_HIDDEN, MANY
from sercore.papers.alves2022 import study
from sercore.papers.alves2022.study import NAME, PROTOCOLS
from sercore.papers.alves2022.trial import ROWS
from sercore.protocols import splits
from sercore.training.loop import Recipe

# Metrics that we fill for every row, printed or not; those of the gender task apart.
RECALLS = ("neutral_recall", "female_recall", "male_recall")
METRICS = (
    "macro_f1_cv5_mean",
    "accuracy_cv5_mean",
    *RECALLS,
    "unweighted_accuracy",
    "mse_cv5_mean",
)
GENDER_METRICS = ("accuracy_cv5_mean", "unweighted_accuracy", "mse_cv5_mean")
BOOSTING = "gender classifier (gradient boosting)"
COMMON_VOICE = f"{BOOSTING}, Common Voice"
LETTERS = "NFM"  # the classes in Table 5

# Of the factorial: ways to fill the small classes in words, and the row and control of each model.
WAYS = {
    "- SMOTE - CG": "nothing",
    "+ oversampling - CG": "oversampling",
    "+ SMOTE - CG": "SMOTE",
    "- SMOTE + CG": "Change gender",
    "+ SMOTE + CG": "both",
}
MODELS = {
    "multi-task network": ("Multi-task all prosodic {}", "none"),
    "sequential network": ("Seq. all prosodic {}", "none"),
    "logistic regression": ("Multi-task all prosodic {}", "logistic regression"),
    "linear SVM": ("Multi-task all prosodic {}", "linear SVM"),
}
NETWORKS = ("multi-task network", "sequential network")

# The notebooks' columns by the paper's; the paper's words by those of the notebooks' names.
COLUMNS = {"F1-macro": "F1-Macro", "Accuracy": "Accuracy", "Loss": "Loss"}
WORDS = {
    "_": " ",
    "Multi task": "Multi-task",
    " spectrum": "",
    "prosódicas": "prosodic",
    "56 prosodic": "all prosodic",
    " prosodic e wav2vec": " all prosodic and wav2vec",
}


def _most_features() -> int:
    """Count the emotion features of the widest rows: prosodic, and the widest recorded embedding."""
    widths = [0]
    for run in recorded.runs(NAME).values():
        widths += run["encoders"].values()
    return len(names.NAMES) + max(widths)


def _files(way: str, which: str) -> int:
    """Count the converted files of one direction: all of them take the default values here."""
    return (
        int(recorded.measurements(NAME)[f"change gender / {way} / count"])
        if which == "default"
        else 0
    )


# Settings, by (row, column): what our variant uses, taken from the object that uses it.
SETTINGS: dict[tuple[str, str], Callable[[], float]] = {
    ("change gender", "pitch floor"): lambda: TO_FEMALE.floor,
    ("change gender", "pitch ceiling"): lambda: TO_FEMALE.ceiling,
    ("change gender male to female", "formant shift ratio"): lambda: TO_FEMALE.formants,
    ("change gender female to male", "formant shift ratio"): lambda: TO_MALE.formants,
    ("change gender male to female", "new pitch median"): lambda: TO_FEMALE.median,
    ("change gender female to male", "new pitch median"): lambda: TO_MALE.median,
    ("training", "all models"): lambda: len(ROWS),
    ("training", "batch size"): lambda: Recipe().batch,
    ("training", "epochs"): lambda: Recipe().epochs,
    ("training", "cross-validation"): lambda: splits.FOLDS,
    ("multi-task network", "pre-shared layer"): lambda: SIZES.branch,
    ("multi-task network", "shared layer"): lambda: SIZES.shared,
    ("multi-task network", "emotion input, min"): lambda: len(names.SUBSETS["8"]),
    ("multi-task network", "emotion input, max"): _most_features,
    ("multi-task network", "gender input"): lambda: SIZES.gender,
    ("sequential network", "gender hidden layer"): lambda: GENDER_HIDDEN,
    ("sequential network", "emotion input, min"): lambda: len(names.SUBSETS["8"]) + SIZES.gender,
    ("sequential network", "emotion input, max"): lambda: _most_features() + SIZES.gender,
    ("sequential network", "last hidden layer, few features"): lambda: FEW,
    ("sequential network", "last hidden layer, many features"): lambda: MANY,
    ("gender classifier", "window"): lambda: gender.WINDOW / gender.RATE,
}
for way, which, what in itertools.product(
    ("male to female", "female to male"), ("default", "other"), ("formant ratio", "pitch median")
):
    place = f"change gender {way}", f"files at {which} {what}"
    SETTINGS[place] = partial(_files, way, which)

# Counts of built objects, by (row, column); all are printed as whole numbers.
BUILT: dict[tuple[str, str], tuple[Callable[[], float], int]] = {
    ("gender classifier", "features"): (lambda: len(gender.NAMES), 0),
    ("gender classifier", "peak-frequency statistics"): (lambda: len(gender.STATISTICS), 0),
    ("gender classifier", "F0 statistics"): (lambda: len(gender.STATISTICS), 0),
    ("gender classifier", "MFCC"): (
        lambda: sum(name.startswith("MFCC_") for name in gender.NAMES),
        0,
    ),
    ("prosodic features", "all"): (lambda: len(names.NAMES), 0),
}
for group, members in names.GROUPS.items():
    BUILT["prosodic features", group] = (partial(len, members), 0)


def official_tests(ledger: Ledger) -> list[Printed]:
    """Return the printed official test score of each submission, in order."""
    scores = [number for number in ledger.printed if number.metric == "macro_f1_official_test"]
    return [number for number in scores if number.table != "Text"]


def items_of(number: Printed) -> float:
    """Count the items of a row of Table 5."""
    row = (number.table, number.row)
    return sum(
        float(other.value) for other in read_printed(NAME) if (other.table, other.row) == row
    )


def displayed(number: Printed) -> str:
    """Say what the authors' notebook displays, if it differs by more than truncation."""
    stored = displays(number.row, COLUMNS.get(number.column, ""))
    if stored is None or abs(stored - float(number.value)) < 2e-4:
        return ""
    sentence = f"the authors' notebook displays {stored:.4f}"
    row = {other.column: other.value for other in read_printed(NAME) if other.row == number.row}
    if number.column == "Accuracy" and number.value == row.get("Loss"):
        sentence += "; the paper repeats the loss in the accuracy column"
    return sentence


def displays(row: str, column: str) -> float | None:
    """Return what the authors' notebook of a row displays, or None."""
    return _stored().get((row, column))


def confusions(ledger: Ledger, row: str) -> list[tuple[str, np.ndarray]]:
    """Return title and ``(true, predicted)`` of Table 5 for a selected row, printed and ours.

    The printed counts are those of one fold, our shares as published of the first fold over all
    seeds, clean of all folds.
    """
    printed = np.zeros((3, 3))
    for number in ledger.printed:
        if number.table.startswith("Table 5") and number.ours == row:
            printed[LETTERS.index(number.row[-1]), LETTERS.index(number.column[-1])] = number.value
    panels = [(f"printed, {printed.sum():g} items", printed)]
    for protocol in PROTOCOLS:
        trials = ledger.trials(row, protocol=protocol)
        if trials is not None:
            if protocol == "as-published":
                trials = trials.fold(0)
            counts = trials.confusion()
            panels.append((f"ours, {protocol}", counts / counts.sum(1, keepdims=True)))
    return panels


@cache
def _stored() -> dict[tuple[str, str], float]:
    """Return the displayed means by printed row and column."""
    rows = {row.split(") ", 1)[1]: row for row in ROWS}
    values = {}
    for (notebook, column), value in stored_outputs(NAME).items():
        for theirs, printed in WORDS.items():
            notebook = notebook.replace(theirs, printed)
        if notebook in rows:
            values[rows[notebook], column] = value
    return values


def headline(ledger: Ledger) -> list[str]:
    """Name the recorded multi-task rows with SMOTE on the paper's own, prosodic features."""
    numbers = multi_task_with_smote(ledger)
    return [number.row for number in numbers if not ledger.inputs(number.row)]


def multi_task_with_smote(ledger: Ledger) -> list[Printed]:
    """Return the printed scores of the multi-task rows with SMOTE that are recorded."""
    chosen = []
    for number in ledger.printed:
        is_meant = "Multi-task" in number.row and "+ SMOTE" in number.row
        if number.metric == F1 and is_meant and ledger.trials(number.row) is not None:
            chosen.append(number)
    return chosen


def behind_steps(
    ledger: Ledger, rows: Sequence[str], order: str, *, control: str = "none"
) -> list[list[Trials]]:
    """Return each row's trials as published and behind each step, in one order."""
    return [
        [
            ledger.trials(row, protocol=protocol, control=control)
            for protocol in study.passed(row, order)
        ]
        for row in rows
    ]


def means(
    ledger: Ledger, order: str, *, control: str = "none", measure: str = F1
) -> list[Estimate]:
    """Return the mean score of the headline's rows as published and behind each step."""
    rows = behind_steps(ledger, headline(ledger), order, control=control)
    return [mean_level(list(systems), measure) for systems in zip(*rows, strict=True)]


def changes(ledger: Ledger, order: str, *, measure: str = F1) -> list[Estimate]:
    """Return by how much each step moves the mean score of the headline's rows."""
    behind = list(zip(*behind_steps(ledger, headline(ledger), order), strict=True))
    pairs = itertools.pairwise(behind)
    return [mean_difference(list(after), list(before), measure) for before, after in pairs]


def transferred(ledger: Ledger, row: str, controls: Iterable[str]) -> list[Estimate | None]:
    """Return what each source of gender adds to a row without the gender task, clean."""
    about = {"variant": "as-described", "protocol": "clean"}
    without = ledger.trials(row, control="no gender branch", **about)
    gains = []
    for control in controls:
        trials = ledger.trials(row, control=control, **about)
        is_other = trials is not None and without is not None and trials is not without
        gains.append(difference(trials, without, F1) if is_other else None)
    return gains


def kept_by_a_coauthor() -> dict[str, dict[str, str]]:
    """Return accuracies that a co-author's public project displays, by classifier and corpus."""
    kept: dict[str, dict[str, str]] = {}
    for project, row, column, value in stored_rows(NAME):
        if project == "Speaker-Gender-Recognition":
            kept.setdefault(row, {})[column] = f"{value:g}"
    return kept


def constant(trials: Trials, metric: str) -> float:
    """Return the score, in per cent, of always answering the sex of more clips."""
    shares = trials.confusion().sum(1)
    return 50.0 if metric == "unweighted_accuracy" else 100 * float(shares.max() / shares.sum())


def factorial(ledger: Ledger, variant: str, model: str, way: str) -> Trials:
    """Return the clean trials of a model that fills the small classes in one way."""
    row, control = MODELS[model]
    about = {"variant": variant, "protocol": "clean", "control": control}
    return ledger.trials(row.format(way), **about)


def ways_over(ledger: Ledger, base: str, ways: Iterable[str]) -> dict[tuple[str, ...], Estimate]:
    """Return what ways to fill the small classes add to another, by reading, model and way."""
    places = itertools.product(study.VARIANTS, MODELS, ways)
    return {
        (variant, model, way): difference(
            factorial(ledger, variant, model, way), factorial(ledger, variant, model, base), F1
        )
        for variant, model, way in places
    }


def networks_over_linear(ledger: Ledger) -> dict[tuple[str, ...], Estimate]:
    """Return each network less logistic regression trained in the same way, by the same places."""
    places = itertools.product(study.VARIANTS, NETWORKS, WAYS)
    return {
        (variant, model, way): difference(
            factorial(ledger, variant, model, way),
            factorial(ledger, variant, "logistic regression", way),
            F1,
        )
        for variant, model, way in places
    }


def more_recordings(ledger: Ledger) -> dict[str, Estimate]:
    """Return the score with the most recordings that were drawn less that with the fewest."""
    gains = {}
    for name, model in (("network", ""), ("linear", ", logistic regression")):
        few, many = (
            ledger.trials(study.CONTROLLED, protocol="clean", control=f"{count} recordings{model}")
            for count in (study.RECORDINGS[0], study.RECORDINGS[-1])
        )
        gains[name] = difference(many, few, F1)
    return gains
