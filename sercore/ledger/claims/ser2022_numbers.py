"""What each printed number of paper 01 is: a result, a setting of ours, a count to measure, or out of reach, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from sercore.augment.voice import TO_FEMALE, TO_MALE
from sercore.features import gender, prosodic
from sercore.ledger import verdicts
from sercore.ledger.published import Printed, read, stored_outputs
from sercore.ledger.recorded import measurements
from sercore.models.multi_task_mlp import SIZES
from sercore.models.sequential_mlp import FEW, GENDER_HIDDEN, MANY
from sercore.protocols.splits import FOLDS
from sercore.studies import ser2022, ser2022_data
from sercore.training.loop import Recipe

PAPER = ser2022.PAPER

# Metrics that we fill for every row, printed or not.
OURS = ("macro_f1_cv5_mean", "accuracy_cv5_mean", "neutral_recall", "female_recall", "male_recall")

MISJOINED = "the gender-changed copies carry the labels of the first originals, joined by row number"
FAULTS = {"(1) Seq. wav2vec - SMOTE + CG": MISJOINED, "(1) Seq. 8 prosodic - SMOTE + CG": MISJOINED}
TYPO = "; the paper repeats the loss in the accuracy column"
COLUMNS = {"F1-macro": "F1-Macro", "Accuracy": "Accuracy", "Loss": "Loss"}  # the paper's and the notebooks'
TEST = "the official test labels are not at hand"


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A number that no training decides.

    Args:
        verdict: "setting" or "measured".
        value: what ours is.
        reason: in words.
    """

    verdict: str
    value: float
    reason: str


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
    ("training", "cross-validation"): lambda: FOLDS,
    ("multi-task network", "pre-shared layer"): lambda: SIZES.branch,
    ("multi-task network", "shared layer"): lambda: SIZES.shared,
    ("multi-task network", "emotion input, min"): lambda: len(prosodic.SUBSETS["8"]),
    ("multi-task network", "gender input"): lambda: SIZES.gender,
    ("sequential network", "gender hidden layer"): lambda: GENDER_HIDDEN,
    ("sequential network", "last hidden layer, few features"): lambda: FEW,
    ("sequential network", "last hidden layer, many features"): lambda: MANY,
    ("gender classifier", "window"): lambda: gender.WINDOW / gender.RATE,
}

# Counts of built objects, by (row, column).
BUILT: dict[tuple[str, str], Callable[[], float]] = {
    ("gender classifier", "features"): lambda: len(gender.NAMES),
    ("gender classifier", "peak-frequency statistics"): lambda: len(gender.STATISTICS),
    ("gender classifier", "F0 statistics"): lambda: len(gender.STATISTICS),
    ("gender classifier", "MFCC"): lambda: sum(name.startswith("MFCC_") for name in gender.NAMES),
    ("prosodic features", "all"): lambda: len(prosodic.NAMES),
    **{("prosodic features", group): partial(len, names) for group, names in prosodic.GROUPS.items()},
}

PER_FILE = "one value for all files here; which file got another value is not published"


def plain(number: Printed) -> Plain | None:
    """Verdict of a setting or a count, or None for a result, or for a count that was not measured."""
    where = (number.row, number.column)
    if where in SETTINGS:
        value = SETTINGS[where]()
        return Plain(verdict="setting", value=value, reason="as printed" if value == number.value else f"ours is {value:g}")
    value = BUILT[where]() if where in BUILT else _measured().get(" / ".join((*where, number.metric)))
    if value is None:
        return None
    word, reason = verdicts.measured(number.value, value, places=0)
    return Plain(verdict=word, value=value, reason=reason)


def why_not(number: Printed) -> str:
    """Why a number has no run."""
    if number.metric == "macro_f1_official_test":
        return TEST
    if "wav2vec" in f"{number.table} {number.row}":
        return "needs the wav2vec 2.0 embeddings, which are not at hand"
    if number.row.startswith("change gender"):
        return PER_FILE
    if number.row == "CETUC" or number.row.startswith("gender classifier"):
        return "needs CETUC, or runs of the gender task, which are not recorded yet"
    return "not recorded yet"


def has(metric: str, row: str, variant: str) -> bool:
    """Whether a metric means the same in our variant as in print: the summed error only where both heads learn emotion."""
    return metric != "summed_mse_two_heads_cv5_mean" or (variant == "as-run" and "Multi-task" in row)


def meaningless(metric: str) -> str:
    """Why a metric is empty in a variant that lacks it."""
    return "as described, the second head learns gender by another loss: there is no sum of two emotion errors"


def substitute(variant: str) -> str:
    """What stands in for the paper's data in a variant: ``as-run`` never reads the auxiliary gender data."""
    return "" if variant == "as-run" else "MLS in place of CETUC"


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


def parts() -> list[list[str]]:
    """Name and key of what makes the data of this paper."""
    return ser2022_data.extractors()
