"""What each printed number of paper 03 is: a result, a setting of ours, a count to measure, or out of reach, and why."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pandas as pd

from sercore import audio
from sercore.ledger import recorded, verdicts
from sercore.ledger.paper import Plain
from sercore.ledger.published import Printed, read
from sercore.models import cnnlstm as loopq_cnnlstm
from sercore.models import counts
from sercore.models import fcmfcc as loopq_fcmfcc
from sercore.models import mmfusion as loopq_mmfusion
from sercore.papers.biagini2022 import data as loopq_data
from sercore.papers.biagini2022 import final as loopq_final
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.inputs import SHAPES
from sercore.papers.biagini2022.rows import GROUPS, RECIPES, Rates, Recipe
from sercore.protocols import speakers
from sercore.protocols.origins import SHARE

NAME = loopq.NAME
OURS = ("accuracy_validation", "macro_f1_validation", "uar_validation")
SPLITS = {"as-published": "by-origin", "clean": "speaker-independent"}
OTHERS = {"across-corpora": "clean"}
FOLDS = {"speaker-independent": speakers.FOLDS}
PAIR = tuple(SPLITS.values())
TABLE_4 = [
    (row.model, row.variant) for name in ("scratch", "pretrained") for row in GROUPS[name]
]  # each model in its readings
# The reading of each model that its printed score stands beside: the code's, where that can be run.
READINGS = {
    "HUBERTFT": "fixed",
    "MMFUSION": "as-run",
    "FCMFCC": "as-run",
    "CNNATT": "fixed",
    "CNNLSTM": "as-run",
}
UNTRAINED = "no training of this model on real speech is recorded"
SIZES, SHAPE, MILLION = loopq_mmfusion.SIZES, SHAPES["published"], 1e6
Where = tuple[str, str, str]  # row, column and metric of a printed number

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
    ("MMFUSION final training", "epochs", "count"): lambda: loopq_final.EPOCHS["MMFUSION"],
    ("MMFUSION final training", "lr /10 at epoch", "first"): lambda: _final_cuts()[0],
    ("MMFUSION final training", "lr /10 at epoch", "second"): lambda: _final_cuts()[1],
}

# Table 3 by column: what our recipe has, under the rates of the code unless it is asked for the paper's. The epochs are those of
# the recorded trainings (``caps``).
TABLE_3: dict[str, Callable[[Recipe, Rates], float | str]] = {
    "Optimizer": lambda recipe, rates: recipe.optimiser,
    "Initial learning rate (whole model or classifier)": lambda recipe, rates: rates.head,
    "Initial learning rate (fine-tuned parts)": lambda recipe, rates: rates.tuned,
    "Weight decay": lambda recipe, rates: rates.weight_decay,
    "Schedule: lr divided by": lambda recipe, rates: 1 / recipe.schedule.factor,
    "Schedule: patience": lambda recipe, rates: recipe.schedule.patience,
    "Batch size": lambda recipe, rates: recipe.batch,
}

# Numbers of built objects; a text is a shape. After it, to how many places a number is printed: "300 million" is to hundreds. One
# that the paper calls approximate may be cut there as well as rounded: "around 185 millions" is 185.69.
BUILT: dict[Where, tuple[Callable[[], float | str], int]] = {
    ("CNNLSTM input", "shape", "mel x frames"): (
        lambda: f"{loopq_cnnlstm.SIZES.bands}x{loopq_cnnlstm.SIZES.frames}",
        0,
    ),
    ("FCMFCC input", "shape", "mfcc x frames"): (
        lambda: f"{loopq_fcmfcc.AS_RUN.coefficients}x{loopq_fcmfcc.AS_RUN.frames}",
        0,
    ),
    ("HUBERTFT", "pretrained model", "parameters"): (
        lambda: _parts("HUBERTFT", "speech") / MILLION,
        -2,
    ),
    ("HUBERTFT", "all", "parameters"): (lambda: _parts("HUBERTFT") / MILLION, 0),
    ("MMFUSION", "HuBERT base", "parameters"): (lambda: _parts("MMFUSION", "speech") / MILLION, -1),
    ("MMFUSION", "all", "parameters"): (lambda: _parts("MMFUSION") / MILLION, 0),
    ("MMFUSION", "ConvNeXt output", "channels x length"): (
        lambda: _shape("maps.0", _fusion().lengths[0]),
        0,
    ),
    ("MMFUSION", "BiLSTM output", "channels x length"): (
        lambda: _shape("maps.1", _fusion().lengths[1]),
        0,
    ),
    ("MMFUSION", "HuBERT output length", "frames"): (lambda: _fusion().lengths[2], 0),
    ("MMFUSION", "UA output", "channels x length"): (
        lambda: f"{SIZES.channels}x{sum(_fusion().lengths)}",
        0,
    ),
    ("labelled data", "valid", "records"): (lambda: sum(table_1().values()), 0),
    ("labelled data", "training split", "records"): (
        lambda: sum(int(SHARE * count) for count in _origins().values()),
        0,
    ),
}
RATES = {
    "lowest": "CREMA",
    "second": "TESS",
    "third": "SAVEE",
    "highest": "RAVDESS",
}  # corpora by their sampling rate
ON_TABLE_1 = {
    "valid": "the sum of Table 1",
    "training split": "the code's rule by origin, on the totals of Table 1",
}


def arranged(trials: pd.DataFrame) -> pd.DataFrame:
    """Recorded trainings with the ``row`` and ``control`` that they stand for: what one of them has changed is a control."""
    names = pd.DataFrame(
        {
            "rates": trials["rates"].map({"code": "", "paper": "paper's rates"}),
            "augmentation": trials["augmentation"].replace("none", ""),
            "control": trials["control"].replace("none", ""),
            "labels": trials["labels"].map({"own": "", "loopq": "competition's labels"}),
        }
    )
    changed = [", ".join(filter(None, row)) or "none" for row in names.itertuples(index=False)]
    kinds = trials["run"].map(recorded.kind_of)
    encoders = trials["encoder"].where(kinds != "tuned", "tuned " + trials["encoder"])
    arranged = trials.assign(row=trials["model"], control=changed, encoder=encoders)
    return arranged[kinds != "views"]


@cache
def corpora() -> tuple[str, ...]:
    """Corpora that the recorded trainings read, in the paper's order."""
    trained = (
        about
        for run, about in recorded.runs(NAME).items()
        if recorded.kind_of(run) in ("models", "tuned")
    )
    found = {name for about in trained for name in about["corpora"]}
    return tuple(name for name in (*loopq_data.ORIGINS, *loopq_data.ELSEWHERE) if name in found)


@cache
def _trainings() -> dict[str, pd.DataFrame]:
    """Recorded trainings by model."""
    trials = recorded.read(NAME).trials
    return (
        dict(tuple(recorded.of_kind(trials, "models", "tuned").groupby("model")))
        if len(trials)
        else {}
    )


def caps() -> dict[str, int]:
    """Most epochs that any recorded training of a model was given, by model; one that was not trained is not there."""
    return {model: int(table["epochs"].max()) for model, table in _trainings().items()}


def trained_with(number: Printed) -> Plain:
    """A number of Table 3 beside what the recorded trainings were given; a model that was not trained says so."""
    recipe, cap = RECIPES[number.row], caps().get(number.row)
    if number.column != "Max epochs":
        found = as_the_code(number, TABLE_3[number.column](recipe, recipe.code))
        frozen = "fine-tuned" in number.column and cap is not None
        frozen = frozen and "tuned" not in set(
            _trainings()[number.row]["run"].map(recorded.kind_of)
        )
        doubt = (
            UNTRAINED
            if cap is None
            else "the recorded trainings freeze these parts"
            if frozen
            else ""
        )
        return replace(found, reason=f"{found.reason}; {doubt}") if doubt else found
    if cap is None:
        return Plain(verdict="setting", value=None, reason=UNTRAINED)
    return Plain(
        verdict="setting",
        value=cap,
        reason="as printed" if cap == number.value else f"ours is {cap}",
    )


def as_the_code(number: Printed, value: float | str) -> Plain:
    """Compare a setting, a number or a word, with that of the code."""
    if isinstance(value, str):
        same = value.lower() == str(number.value).lower()
        return Plain(
            verdict="setting", value=None, reason="as printed" if same else f"ours is {value}"
        )
    same = abs(value - float(number.value)) <= 1e-9 * abs(value)
    return Plain(
        verdict="setting",
        value=value,
        reason="as printed" if same else f"ours is {value:g}, as the code has it",
    )


def built_count(number: Printed, value: float | str, places: int) -> Plain:
    """Compare a count or a shape of a built object; what is printed as approximate may be cut or rounded."""
    if isinstance(value, str):
        word = "agrees" if value == number.value else f"differs: built {value}"
        return Plain(verdict="measured", value=None, reason=word)
    word, reason = verdicts.measured(float(number.value), value, places=places)
    if number.unit.endswith("(approx.)") and abs(value - float(number.value)) < 10**-places:
        reason = f"agrees: measured {value:.6g}, and what is printed is approximate"
    about = ON_TABLE_1.get(number.column)
    return Plain(verdict=word, value=value, reason=f"{reason}; {about}" if about else reason)


def on_audio(number: Printed, value: float) -> Plain:
    """Counts of whole corpora, of which the paper has a part; amplitudes of them, to a hundredth."""
    if number.table == "Table 1":
        word, reason = verdicts.measured(float(number.value), value, places=0)
        part = f"; printed are {float(number.value) / value:.2f} of it" if value else ""
        return Plain(
            verdict=word,
            value=value,
            reason=reason if reason == "agrees" else f"{reason} in the whole corpus{part}",
        )
    word, reason = verdicts.measured(float(number.value), value, places=2)
    return Plain(
        verdict=word, value=value, reason=f"{reason}; of the whole corpus, printed of a part of it"
    )


def measured(where: Where) -> float | None:
    """What was measured on the corpora; over all of them only where all four are there."""
    on, values = recorded.measured_on(NAME), recorded.measurements(NAME)
    complete = set(loopq_data.ORIGINS) <= set(on)
    single = {loopq_data.ORIGINS[name] for name in on if name in loopq_data.ORIGINS}
    if where[0] == "sampling rates":
        rate = values.get(f"sampling rate / {RATES[where[1]]} / Hz")
        return (
            None if rate == audio.RATE and where[1] != "lowest" else rate
        )  # a copy that had been converted
    return values.get(" / ".join(where)) if complete or where[1] in single else None


def _final_cuts() -> tuple[int, ...]:
    return loopq_final.schedule("MMFUSION", epochs=loopq_final.EPOCHS["MMFUSION"]).at


@cache
def table_1() -> dict[tuple[str, str], int]:
    """Printed counts by (emotion, origin), without the totals."""
    cells = {
        (each.row, each.column): int(each.value) for each in read(NAME) if each.table == "Table 1"
    }
    return {where: count for where, count in cells.items() if "total" not in where}


def _origins() -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, origin), count in table_1().items():
        found[origin] = found.get(origin, 0) + count
    return found


@cache
def _parts(model: str, part: str = "") -> int:
    return sum(
        weight.numel()
        for name, weight in counts.built(model).named_parameters()
        if name.startswith(part)
    )


def _fusion() -> loopq_mmfusion.MMFusion:
    return counts.built("MMFUSION")


def _shape(layer: str, length: int) -> str:
    return f"{_fusion().get_submodule(layer).in_features}x{length}"
