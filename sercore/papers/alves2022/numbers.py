"""What each printed number of paper 01 is: a result, a setting of ours, a count to measure, or out of reach, and why."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from sercore.augment.voice import TO_FEMALE, TO_MALE
from sercore.features import gender, names
from sercore.ledger.entries import Ledger
from sercore.ledger.published import Printed, read, stored_outputs
from sercore.ledger.recorded import measurements, runs
from sercore.models.multi_task_mlp import SIZES
from sercore.models.sequential_mlp import FEW, GENDER_HIDDEN, MANY
from sercore.papers.alves2022 import study as ser2022
from sercore.protocols import splits
from sercore.training.loop import Recipe

NAME = ser2022.NAME
SPLITS = {
    protocol: protocol for protocol in ser2022.PROTOCOLS
}  # our protocol by its part in the verdict rule
FOLDS = dict.fromkeys(ser2022.PROTOCOLS, splits.FOLDS)

# Metrics that we fill for every row, printed or not; those of the gender task apart.
OURS = (
    "macro_f1_cv5_mean",
    "accuracy_cv5_mean",
    "neutral_recall",
    "female_recall",
    "male_recall",
    "unweighted_accuracy",
    "mse_cv5_mean",
)
OF_GENDER = ("accuracy_cv5_mean", "unweighted_accuracy", "mse_cv5_mean")
BOOSTING = "gender classifier (gradient boosting)"
ELSEWHERE = f"{BOOSTING}, Common Voice"
LETTERS = "NFM"  # the classes in Table 5

TYPO = "; the paper repeats the loss in the accuracy column"
COLUMNS = {
    "F1-macro": "F1-Macro",
    "Accuracy": "Accuracy",
    "Loss": "Loss",
}  # the paper's and the notebooks'


def _widest() -> int:
    """Width of the widest embedding that is recorded; 0 for none."""
    return max(
        (width for run in runs(NAME).values() for width in run["encoders"].values()), default=0
    )


def _files(way: str, which: str) -> int:
    """Converted files of one direction: all of them take the default values here."""
    return int(_measured()[f"change gender / {way} / count"]) if which == "default" else 0


# Settings, by (row, column): what our variant uses, taken from the object that uses it.
SETTINGS: dict[tuple[str, str], Callable[[], float]] = {
    ("change gender", "pitch floor"): lambda: TO_FEMALE.floor,
    ("change gender", "pitch ceiling"): lambda: TO_FEMALE.ceiling,
    ("change gender male to female", "formant shift ratio"): lambda: TO_FEMALE.formants,
    ("change gender female to male", "formant shift ratio"): lambda: TO_MALE.formants,
    ("change gender male to female", "new pitch median"): lambda: TO_FEMALE.median,
    ("change gender female to male", "new pitch median"): lambda: TO_MALE.median,
    ("training", "all models"): lambda: len(ser2022.ROWS),
    ("training", "batch size"): lambda: Recipe().batch,
    ("training", "epochs"): lambda: Recipe().epochs,
    ("training", "cross-validation"): lambda: splits.FOLDS,
    ("multi-task network", "pre-shared layer"): lambda: SIZES.branch,
    ("multi-task network", "shared layer"): lambda: SIZES.shared,
    ("multi-task network", "emotion input, min"): lambda: len(names.SUBSETS["8"]),
    ("multi-task network", "emotion input, max"): lambda: len(names.NAMES) + _widest(),
    ("multi-task network", "gender input"): lambda: SIZES.gender,
    ("sequential network", "gender hidden layer"): lambda: GENDER_HIDDEN,
    ("sequential network", "emotion input, min"): lambda: len(names.SUBSETS["8"]) + SIZES.gender,
    ("sequential network", "emotion input, max"): lambda: (
        len(names.NAMES) + _widest() + SIZES.gender
    ),
    ("sequential network", "last hidden layer, few features"): lambda: FEW,
    ("sequential network", "last hidden layer, many features"): lambda: MANY,
    ("gender classifier", "window"): lambda: gender.WINDOW / gender.RATE,
    **{
        (f"change gender {way}", f"files at {which} {what}"): partial(_files, way, which)
        for way in ("male to female", "female to male")
        for which in ("default", "other")
        for what in ("formant ratio", "pitch median")
    },
}

# Counts of built objects, by (row, column).
BUILT: dict[tuple[str, str], tuple[Callable[[], float], int]] = {
    ("gender classifier", "features"): (lambda: len(gender.NAMES), 0),
    ("gender classifier", "peak-frequency statistics"): (lambda: len(gender.STATISTICS), 0),
    ("gender classifier", "F0 statistics"): (lambda: len(gender.STATISTICS), 0),
    ("gender classifier", "MFCC"): (
        lambda: sum(name.startswith("MFCC_") for name in gender.NAMES),
        0,
    ),
    ("prosodic features", "all"): (lambda: len(names.NAMES), 0),
    **{
        ("prosodic features", group): (partial(len, each), 0)
        for group, each in names.GROUPS.items()
    },
}

PER_FILE = "ours has one value for all files: which file got another is not published"


def items_of(number: Printed) -> float:
    """Count the items of a row of Table 5."""
    row = (number.table, number.row)
    return sum(float(other.value) for other in read(NAME) if (other.table, other.row) == row)


def displayed(number: Printed) -> str:
    """Say what the authors' notebook displays, where it differs by more than the paper's truncation."""
    stored = _stored().get((number.row, COLUMNS.get(number.column, "")))
    if stored is None or abs(stored - float(number.value)) < 2e-4:
        return ""
    return f"the authors' notebook displays {stored:.4f}" + (
        TYPO if number.value == _loss(number) else ""
    )


def confusions(ledger: Ledger, row: str) -> list[tuple[str, np.ndarray]]:
    """Title and ``(true, predicted)`` of Table 5 for a selected row: printed counts, then our shares under either protocol.

    The printed counts are those of one fold, ours as published of the first fold over all seeds, clean of all folds.
    """
    printed = np.zeros((3, 3))
    for number in ledger.printed:
        if number.table.startswith("Table 5") and number.ours == row:
            printed[LETTERS.index(number.row[-1]), LETTERS.index(number.column[-1])] = number.value
    found = [(f"printed, {printed.sum():g} items", printed)]
    for protocol in ("as-published", "clean"):
        trials = ledger.trials(row, protocol=protocol)
        if trials is not None:
            counts = (trials.fold(0) if protocol == "as-published" else trials).confusion()
            found.append((f"ours, {protocol}", counts / counts.sum(1, keepdims=True)))
    return found


@cache
def _measured() -> dict[str, float]:
    return measurements(NAME)


@cache
def _stored() -> dict[tuple[str, str], float]:
    """Displayed means by (printed row, column): the notebooks' file names say the configuration in Portuguese."""
    found = {}
    for (notebook, column), value in stored_outputs(NAME).items():
        words = (
            notebook.replace("_", " ")
            .replace("Multi task", "Multi-task")
            .replace(" spectrum", "")
            .replace("prosódicas", "prosodic")
        )
        words = words.replace("56 prosodic", "all prosodic").replace(
            " prosodic e wav2vec", " all prosodic and wav2vec"
        )
        for row in ser2022.ROWS:
            if row.split(") ", 1)[1] == words:
                found[row, column] = value
    return found


def _loss(number: Printed) -> float | None:
    """The loss printed in the same row, for a number of the accuracy column."""
    rows = [each.value for each in read(NAME) if each.row == number.row and each.column == "Loss"]
    return rows[0] if rows and number.column == "Accuracy" else None
