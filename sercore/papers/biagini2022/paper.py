"""Biagini 2022 for the ledger and the pages: its printed numbers, and ours beside them.

A printed number is a result, a setting of ours, a count to measure, or out of reach.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pandas as pd

from sercore import audio
from sercore.ledger import recorded
from sercore.ledger.paper import Paper, Plain, Printed, Where, as_measured, read_printed
from sercore.models import cnnlstm, counts, fcmfcc, mmfusion
from sercore.papers.biagini2022 import card, data, difficulty, page, study
from sercore.papers.biagini2022.inputs import SHAPES
from sercore.papers.biagini2022.models import PUBLISHED, RECIPES, Recipe
from sercore.protocols import speakers
from sercore.protocols.splits import SHARE

NAME = study.NAME
READINGS = {  # the printed score stands beside the code's reading, where that can be run
    "HUBERTFT": "fixed",
    "MMFUSION": "as-run",
    "FCMFCC": "as-run",
    "CNNATT": "fixed",
    "CNNLSTM": "as-run",
}
UNTRAINED = "no training of this model on real speech is recorded"
SIZES, SHAPE = mmfusion.SIZES, SHAPES["published"]
FINAL = card.final_schedule("MMFUSION", epochs=card.EPOCHS["MMFUSION"])

# Settings in the text, taken from the object that uses them.
TEXT: dict[Where, Callable[[], float]] = {
    ("labelled data", "training split", "share"): lambda: 100 * SHARE,
    ("target", "all", "rate"): lambda: audio.RATE,
    ("HUBERTFT", "clip length", "maximum"): lambda: SHAPE.longest / audio.RATE,
    ("MMFUSION", "clip length", "fixed"): lambda: SHAPE.samples / audio.RATE,
    ("MMFUSION", "d_z", "width"): lambda: SIZES.channels,
    ("MMFUSION", "GSA heads", "count"): lambda: SIZES.heads,
    ("MMFUSION", "d_out per head", "width"): lambda: SIZES.channels // SIZES.heads,
    ("MMFUSION", "d_g", "width"): lambda: SIZES.gate,
    ("MMFUSION", "classifier hidden layer", "width"): lambda: SIZES.hidden,
    ("MMFUSION final training", "epochs", "count"): lambda: card.EPOCHS["MMFUSION"],
    ("MMFUSION final training", "lr /10 at epoch", "first"): lambda: FINAL.at[0],
    ("MMFUSION final training", "lr /10 at epoch", "second"): lambda: FINAL.at[1],
}

# Table 3 by column, as the code has it; the epochs are the recorded trainings' (`caps`).
TABLE_3: dict[str, Callable[[Recipe], float | str]] = {
    "Optimizer": lambda recipe: recipe.optimiser,
    "Initial learning rate (whole model or classifier)": lambda recipe: recipe.code.head,
    "Initial learning rate (fine-tuned parts)": lambda recipe: recipe.code.tuned,
    "Weight decay": lambda recipe: recipe.code.weight_decay,
    "Schedule: lr divided by": lambda recipe: 1 / recipe.schedule.factor,
    "Schedule: patience": lambda recipe: recipe.schedule.patience,
    "Batch size": lambda recipe: recipe.batch,
}


@cache
def table_1() -> pd.DataFrame:
    """Printed clips of each emotion (rows) and origin (columns), without the totals."""
    cells = pd.DataFrame(number for number in read_printed(NAME) if number.table == "Table 1")
    table = cells.pivot_table("value", "row", "column", sort=False)
    return table.drop(index="total", columns="total").astype(int)


def _training_records() -> int:
    """Apply the code's rule by origin to the totals of Table 1."""
    return sum(int(SHARE * clips) for clips in table_1().sum())


@cache
def _millions(model: str, part: str = "") -> float:
    """Parameters of a model, or of the part whose names begin so."""
    weights = counts.built(model).named_parameters()
    return sum(weight.numel() for name, weight in weights if name.startswith(part)) / 1e6


def _fusion_shape(part: int) -> str:
    """Channels x length of one input of MMFUSION's fusion."""
    network = counts.built("MMFUSION")
    return f"{network.maps[part].in_features}x{network.lengths[part]}"


def _joined_shape() -> str:
    return f"{SIZES.channels}x{sum(counts.built('MMFUSION').lengths)}"


MEL = f"{cnnlstm.SIZES.bands}x{cnnlstm.SIZES.frames}"
MFCC = f"{fcmfcc.AS_RUN.coefficients}x{fcmfcc.AS_RUN.frames}"
# Numbers of built objects, a text is a shape, and to how many places each is printed: "300 million"
# is to hundreds.
BUILT: dict[Where, tuple[Callable[[], float | str], int]] = {
    ("CNNLSTM input", "shape", "mel x frames"): (lambda: MEL, 0),
    ("FCMFCC input", "shape", "mfcc x frames"): (lambda: MFCC, 0),
    ("HUBERTFT", "pretrained model", "parameters"): (lambda: _millions("HUBERTFT", "speech"), -2),
    ("HUBERTFT", "all", "parameters"): (lambda: _millions("HUBERTFT"), 0),
    ("MMFUSION", "HuBERT base", "parameters"): (lambda: _millions("MMFUSION", "speech"), -1),
    ("MMFUSION", "all", "parameters"): (lambda: _millions("MMFUSION"), 0),
    ("MMFUSION", "ConvNeXt output", "channels x length"): (partial(_fusion_shape, 0), 0),
    ("MMFUSION", "BiLSTM output", "channels x length"): (partial(_fusion_shape, 1), 0),
    ("MMFUSION", "HuBERT output length", "frames"): (lambda: SIZES.speech, 0),
    ("MMFUSION", "UA output", "channels x length"): (_joined_shape, 0),
    ("labelled data", "valid", "records"): (lambda: int(table_1().to_numpy().sum()), 0),
    ("labelled data", "training split", "records"): (_training_records, 0),
}
ON_TABLE_1 = {
    "valid": "the sum of Table 1",
    "training split": "the code's rule by origin, on the totals of Table 1",
}
RATES = {"lowest": "CREMA", "second": "TESS", "third": "SAVEE", "highest": "RAVDESS"}


class Biagini2022(Paper, study=study):
    """Biagini 2022: five models compared."""

    name = NAME
    folder = study.STUDY
    title = "Biagini (2022)"
    subject = "five models compared"
    classes = study.CLASSES
    asides = tuple(difficulty.TASKS)
    caps = ("epochs",)
    metrics = page.OURS
    protocols = page.SPLITS
    others: Mapping[str, str] = {"across-corpora": "clean"}
    folds: Mapping[str, int] = dict.fromkeys(difficulty.OF_FOLDS, speakers.FOLDS)
    settings = TEXT
    built = BUILT
    card = card.CARD
    quoted = staticmethod(page.quoted)

    def setting(self, number: Printed) -> Plain | None:
        """Compare a setting; those of Table 3 with what the recorded trainings were given."""
        if number.table == "Table 3":
            return _table_3(number)
        return _as_the_code(number, TEXT[number.row, number.column, number.metric]())

    def counted(self, number: Printed) -> Plain | None:
        """Compare a count: of a built object, or of the corpora where they are all there."""
        where = (number.row, number.column, number.metric)
        if where in BUILT:
            make, places = BUILT[where]
            return _built_count(number, make(), places)
        value = _measured(where)
        return None if value is None else _on_audio(number, value)

    def why_not(self, number: Printed) -> str:
        """Say why a number has no run."""
        if number.table == "Table 4":
            return (
                f"{UNTRAINED}: tuning HuBERT and ConvNeXt needs their weights and a GPU, and behind"
                " frozen encoders a training still takes hours on a CPU"
            )
        return super().why_not(number)

    def reading(self, row: str) -> str:
        """Choose the code's reading, where that can be run."""
        return READINGS.get(row, "as-run")

    def unfinished(self, trial: Mapping[str, Any]) -> str:
        """Say why a training is not finished: its cap came before the schedule's end."""
        if not str(trial.get("ending", "")).startswith("all "):
            return ""
        recipe, cap = RECIPES[trial["model"]], trial["epochs"]
        most = getattr(recipe, trial["rates"]).epochs
        if cap >= most:
            return ""
        return f"unfinished: ended at a cap of {cap:g} epochs; the schedule has up to {most}"

    def substitute(self, row: str, variant: str, encoder: str) -> str:
        """Say what stands in for the paper's data or weights."""
        missing = [origin for corpus, origin in data.ORIGINS.items() if corpus not in corpora()]
        parts = []
        if missing:
            parts.append(f"the corpora without {', '.join(missing)}")
        if encoder.startswith("tuned "):
            if encoder.removeprefix("tuned ") != PUBLISHED[row].split("/")[-1]:
                parts.append(f"{encoder} in place of the paper's")
        elif encoder != "none":
            parts.append(f"a frozen {encoder} in place of the tuned encoder")
        return " and ".join(parts)

    def table_of(self, row: str) -> str:
        """Name the table in which a row is printed."""
        return "Table 4"

    def arranged(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Add ``row`` and ``control`` to recorded trainings: what a training has changed."""
        names = pd.DataFrame(
            {
                "rates": trials["rates"].map({"code": "", "paper": "paper's rates"}),
                "augmentation": trials["augmentation"].replace("none", ""),
                "control": trials["control"].replace("none", ""),
                "labels": trials["labels"].map({"own": "", "loopq": "competition's labels"}),
            }
        )
        changes = [", ".join(filter(None, row)) or "none" for row in names.itertuples(index=False)]
        kinds = trials["run"].map(recorded.kind_of)
        encoders = trials["encoder"].where(kinds != "tuned", "tuned " + trials["encoder"])
        arranged = trials.assign(row=trials["model"], control=changes, encoder=encoders)
        return arranged[~kinds.isin(("views", "saliency"))]


PAPER = Biagini2022()


@cache
def corpora() -> tuple[str, ...]:
    """Corpora that the recorded trainings read, in the paper's order."""
    names = set()
    for run, about in recorded.runs(NAME).items():
        if recorded.kind_of(run) in ("models", "tuned"):
            names.update(about["corpora"])
    return tuple(name for name in (*data.ORIGINS, *data.ELSEWHERE) if name in names)


@cache
def _trainings() -> dict[str, pd.DataFrame]:
    """Recorded trainings by model."""
    trials = recorded.read(NAME).trials
    if not len(trials):
        return {}
    return dict(tuple(recorded.of_kind(trials, "models", "tuned").groupby("model")))


def caps() -> dict[str, int]:
    """Largest cap of epochs of the recorded trainings that stand beside the print, by model."""
    largest = {}
    for model, table in _trainings().items():
        beside = table[table["variant"] == READINGS[model]]
        if len(beside):
            largest[model] = int(beside["epochs"].max())
    return largest


def _table_3(number: Printed) -> Plain:
    recipe, cap = RECIPES[number.row], caps().get(number.row)
    if number.column == "Max epochs":
        if cap is None:
            return Plain(verdict="setting", value=None, reason=UNTRAINED)
        reason = "as printed" if cap == number.value else f"ours is {cap}"
        return Plain(verdict="setting", value=cap, reason=reason)
    plain = _as_the_code(number, TABLE_3[number.column](recipe))
    if cap is None:
        return replace(plain, reason=f"{plain.reason}; {UNTRAINED}")
    kinds = set(_trainings()[number.row]["run"].map(recorded.kind_of))
    if "fine-tuned" in number.column and "tuned" not in kinds:
        return replace(plain, reason=f"{plain.reason}; the recorded trainings freeze these parts")
    return plain


def _as_the_code(number: Printed, value: float | str) -> Plain:
    """Compare a setting, a number or a word, with that of the code."""
    if isinstance(value, str):
        is_same = value.lower() == str(number.value).lower()
        reason = "as printed" if is_same else f"ours is {value}"
        return Plain(verdict="setting", value=None, reason=reason)
    is_same = abs(value - float(number.value)) <= 1e-9 * abs(value)
    reason = "as printed" if is_same else f"ours is {value:g}, as the code has it"
    return Plain(verdict="setting", value=value, reason=reason)


def _built_count(number: Printed, value: float | str, places: int) -> Plain:
    """Compare a count or a shape; one that is printed as approximate may be cut or rounded."""
    if isinstance(value, str):
        word = "agrees" if value == number.value else f"differs: built {value}"
        return Plain(verdict="measured", value=None, reason=word)
    word, reason = as_measured(float(number.value), value, places=places)
    if number.unit.endswith("(approx.)") and abs(value - float(number.value)) < 10**-places:
        reason = f"agrees: measured {value:.6g}, and what is printed is approximate"
    if number.column in ON_TABLE_1:
        reason = f"{reason}; {ON_TABLE_1[number.column]}"
    return Plain(verdict=word, value=value, reason=reason)


def _on_audio(number: Printed, value: float) -> Plain:
    """Compare counts of whole corpora, of which the paper has a part, and amplitudes."""
    if number.table != "Table 1":
        word, reason = as_measured(float(number.value), value, places=2)
        reason = f"{reason}; of the whole corpus, printed of a part of it"
        return Plain(verdict=word, value=value, reason=reason)
    word, reason = as_measured(float(number.value), value, places=0)
    if reason != "agrees":
        reason = f"{reason} in the whole corpus"
        if value:
            reason = f"{reason}; printed are {float(number.value) / value:.2f} of it"
    return Plain(verdict=word, value=value, reason=reason)


def _measured(where: Where) -> float | None:
    """Return what was measured on the corpora; over all of them only where all four are there."""
    row, column, _ = where
    names, values = recorded.measured_on(NAME), recorded.measurements(NAME)
    if row == "sampling rates":
        rate = values.get(f"sampling rate / {RATES[column]} / Hz")
        is_converted = rate == audio.RATE and column != "lowest"
        return None if is_converted else rate
    is_complete = set(data.ORIGINS) <= set(names)
    is_single = column in {data.ORIGINS[name] for name in names if name in data.ORIGINS}
    return values.get(" / ".join(where)) if is_complete or is_single else None
