"""What each printed number of paper 01 is: a result, a setting of ours, a count to measure, or out of reach, and why."""

from collections.abc import Callable, Mapping
from functools import cache, partial

import numpy as np
import pandas as pd

from sercore.augment.voice import TO_FEMALE, TO_MALE
from sercore.features import gender, names
from sercore.ledger import verdicts
from sercore.ledger.entries import Ledger, Place, Plain
from sercore.ledger.published import Printed, read, stored_outputs
from sercore.ledger.recorded import measurements, runs
from sercore.models.multi_task_mlp import SIZES
from sercore.models.sequential_mlp import FEW, GENDER_HIDDEN, MANY
from sercore.papers.alves2022 import study as ser2022
from sercore.protocols import splits
from sercore.training.loop import Recipe

PAPER = ser2022.PAPER
METHODS = ser2022.METHODS
CLASSES = len(ser2022.CLASSES)
FOLDS = dict.fromkeys(ser2022.PROTOCOLS, splits.FOLDS)
SPLITS = {protocol: protocol for protocol in ser2022.PROTOCOLS}  # our protocol by its part in the verdict rule

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

MISJOINED = "the gender-changed copies carry the labels of the first originals, joined by row number"
FAULTS = {"(1) Seq. wav2vec - SMOTE + CG": MISJOINED, "(1) Seq. 8 prosodic - SMOTE + CG": MISJOINED}
TYPO = "; the paper repeats the loss in the accuracy column"
COLUMNS = {"F1-macro": "F1-Macro", "Accuracy": "Accuracy", "Loss": "Loss"}  # the paper's and the notebooks'
TEST = "the official test labels are not at hand"


def _widest() -> int:
    """Width of the widest embedding that is recorded; 0 for none."""
    return max((width for run in runs(PAPER).values() for width in run["encoders"].values()), default=0)


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
    ("sequential network", "emotion input, max"): lambda: len(names.NAMES) + _widest() + SIZES.gender,
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
BUILT: dict[tuple[str, str], Callable[[], float]] = {
    ("gender classifier", "features"): lambda: len(gender.NAMES),
    ("gender classifier", "peak-frequency statistics"): lambda: len(gender.STATISTICS),
    ("gender classifier", "F0 statistics"): lambda: len(gender.STATISTICS),
    ("gender classifier", "MFCC"): lambda: sum(name.startswith("MFCC_") for name in gender.NAMES),
    ("prosodic features", "all"): lambda: len(names.NAMES),
    **{("prosodic features", group): partial(len, each) for group, each in names.GROUPS.items()},
}

PER_FILE = "ours has one value for all files: which file got another is not published"


def plain(number: Printed) -> Plain | None:
    """Verdict of a setting or a count, or None for a result, or for a count that was not measured."""
    where = (number.row, number.column)
    if number.row.startswith("change gender") and number.column.startswith("other"):
        return Plain(verdict="setting", value=None, reason=PER_FILE)
    if where in SETTINGS:
        value = SETTINGS[where]()
        return Plain(verdict="setting", value=value, reason="as printed" if value == number.value else f"ours is {value:g}")
    value = BUILT[where]() if where in BUILT else _measured().get(" / ".join((*where, number.metric)))
    if value is None:
        return None
    word, reason = verdicts.measured(number.value, value, places=0)
    return Plain(verdict=word, value=value, reason=reason)


def arranged(trials: pd.DataFrame) -> pd.DataFrame:
    """Recorded trials with the ``row`` and ``control`` that they stand for in the ledger: they have both."""
    return trials


def place(number: Printed) -> Place:
    """Where a printed result stands among our trials.

    A count of Table 5 is read as a share of its row's items, and stands beside the first fold. The gender classifier's score on
    CETUC stands beside ours on held-out speakers of MLS, its score on noisy MLS beside ours on Common Voice.
    """
    if number.table.startswith("Table 5"):
        row = next(row for row in ser2022.SELECTED if row.split(") ", 1)[1] == number.table.split(" ", 2)[2])
        true, predicted = (LETTERS.index(name[-1]) for name in (number.row, number.column))
        items = sum(float(each.value) for each in read(PAPER) if (each.table, each.row) == (number.table, number.row))
        return Place(row, f"share_{true}_{predicted}", float(number.value) / items, fold=0)
    if number.row == BOOSTING:
        return Place(BOOSTING if number.column == "CETUC" else ELSEWHERE, "accuracy_cv5_mean", float(number.value))
    return Place(number.row, number.metric, float(number.value))


def confusions(ledger: Ledger, row: str) -> list[tuple[str, np.ndarray]]:
    """Title and ``(true, predicted)`` of Table 5 for a selected row: printed counts, then our shares under either protocol.

    The printed counts are those of one fold, ours as published of the first fold over all seeds, clean of all folds.
    """
    printed = np.zeros((3, 3))
    for number in ledger.printed:
        if number.table.startswith("Table 5") and place(number).row == row:
            printed[LETTERS.index(number.row[-1]), LETTERS.index(number.column[-1])] = number.value
    found = [(f"printed, {printed.sum():g} items", printed)]
    for protocol in ("as-published", "clean"):
        trials = ledger.trials(row, protocol=protocol)
        if trials is not None:
            counts = (trials.fold(0) if protocol == "as-published" else trials).confusion()
            found.append((f"ours, {protocol}", counts / counts.sum(1, keepdims=True)))
    return found


def why_not(number: Printed) -> str:
    """Why a number has no run."""
    if number.metric == "macro_f1_official_test":
        return TEST
    if number.row == "CETUC":
        return "CETUC is not at hand"
    return "not recorded yet"


def reading(row: str) -> str:
    """Variant that a row's printed numbers stand beside in a list of all."""
    return "as-run"


def has(metric: str, row: str, variant: str) -> bool:
    """Whether a metric means the same in our variant as in print: the summed error only where both heads learn emotion."""
    if row.startswith("gender"):
        return metric in OF_GENDER
    return metric != "summed_mse_two_heads_cv5_mean" or (variant == "as-run" and "Multi-task" in row)


def ours(row: str, metric: str) -> bool:
    """Whether a cell that the paper does not print is filled for a row."""
    return (metric in OF_GENDER) == row.startswith("gender") or metric == "accuracy_cv5_mean"


def unfinished(trial: Mapping) -> str:
    """Why a training is not finished: an emotion network that did not run the printed number of epochs."""
    if str(trial["row"]).startswith("gender") or trial["epochs"] >= Recipe().epochs:
        return ""
    return f"unfinished: {trial['epochs']:g} of the printed {Recipe().epochs} epochs"


def meaningless(metric: str) -> str:
    """Why a metric is empty in a variant that lacks it."""
    return "as described, the second head learns gender by another loss: there is no sum of two emotion errors"


def substitute(row: str, variant: str, encoder: str) -> str:
    """What stands in for the paper's data or weights in a row of a variant: ``as-run`` never reads the auxiliary gender data."""
    if row.startswith("gender"):
        return "Common Voice in place of noisy MLS" if row == ELSEWHERE else "MLS in place of CETUC"
    parts = [] if encoder == "none" else [f"embeddings of {encoder} in place of wav2vec 2.0's"]
    return " and ".join(parts + (["MLS in place of CETUC"] if variant != "as-run" else []))


def fault(row: str) -> str:
    """Fault of the authors' code that a row rests on."""
    return FAULTS.get(row, "")


def note(number: Printed) -> str:
    """What the authors' notebook displays for a printed number, where it differs by more than the paper's truncation."""
    stored = _stored().get((number.row, COLUMNS.get(number.column, "")))
    if stored is None or abs(stored - float(number.value)) < 2e-4:
        return ""
    return f"the authors' notebook displays {stored:.4f}" + (TYPO if number.value == _loss(number) else "")


@cache
def _measured() -> dict[str, float]:
    return measurements(PAPER)


@cache
def _stored() -> dict[tuple[str, str], float]:
    """Displayed means by (printed row, column): the notebooks' file names say the configuration in Portuguese."""
    found = {}
    for (notebook, column), value in stored_outputs(PAPER).items():
        words = (
            notebook.replace("_", " ")
            .replace("Multi task", "Multi-task")
            .replace(" spectrum", "")
            .replace("prosódicas", "prosodic")
        )
        words = words.replace("56 prosodic", "all prosodic").replace(" prosodic e wav2vec", " all prosodic and wav2vec")
        for row in ser2022.ROWS:
            if row.split(") ", 1)[1] == words:
                found[row, column] = value
    return found


def _loss(number: Printed) -> float | None:
    """The loss printed in the same row, for a number of the accuracy column."""
    rows = [each.value for each in read(PAPER) if each.row == number.row and each.column == "Loss"]
    return rows[0] if rows and number.column == "Accuracy" else None


def table_of(row: str) -> str:
    """Table in which a row is printed."""
    return next((table for table, rows in ser2022.TABLES.items() if row in rows), "")
