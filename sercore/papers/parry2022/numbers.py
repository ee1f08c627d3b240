"""What each printed number of paper 02 is: a result, a setting of ours, a count to measure, or out of reach, and why."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import cache

import pandas as pd
import torch

from sercore.ledger import recorded, usual, verdicts
from sercore.ledger.entries import Place, Plain
from sercore.ledger.published import Printed
from sercore.models import attribute_network
from sercore.models.attribute_network import Discriminator
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.attribute_plan import Plan
from sercore.papers.parry2022.attributes import ATTRIBUTES, GENDERS, SUBSETS
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.grid import BASELINE, RECIPES
from sercore.papers.parry2022.inputs import LOG_MEL
from sercore.papers.parry2022.losses import FINAL, alpha
from sercore.papers.parry2022.rows import Recipe, Row, plan
from sercore.papers.parry2022.trial import BAND_MASK, TIME_MASK

PAPER = parry.PAPER
METHODS = parry.METHODS
CLASSES = len(parry.CLASSES)
UA = "unweighted_accuracy"
OURS = (UA,)
PROTOCOL, VARIANT = "held-out-speakers", "as-described"
FOLDS: dict[str, int] = {}  # one split for all models
SPLITS = {"as-published": PROTOCOL}  # it shares no speaker, so that there is no cleaner one
SCORED = {"TESS": ("tess",), "CREMA-D": ("crema-d",), "in-domain test": POOLED}  # "tess" alone is TESS with surprise
LETTERS = {"Corpus": "C", "Gender": "G", "Speaker": "S", "Language": "L"}  # columns of Table 2; those of Table 3 are sets
MILLION = 1e6
QUOTED = "the printed TESS baseline is quoted from the authors' paper of 2019"
Where = tuple[str, str, str]  # row, column and metric of a printed number

# Results that the text prints, by row and column: our row.
IN_TEXT = {
    ("in-domain test", "single-task baseline"): "baseline",
    ("in-domain test", "GR speaker"): "GR S",
    ("in-domain test", "MTL gender+language"): "MTL G+L",
    ("in-domain test", "best four-attribute model (GR)"): "GR C+S+G+L",
    ("t-SNE analysis on TESS", "baseline"): "baseline",
    ("t-SNE analysis on TESS", "MTL corpus"): "MTL C",
    ("t-SNE analysis on TESS", "GR corpus"): "GR C",
}

# Settings, taken from the object that uses them.
SETTINGS: dict[Where, Callable[[], float]] = {
    ("features", "mel filterbank", "coefficients"): lambda: LOG_MEL.bands,
    ("features", "window", "length"): lambda: 1000 * LOG_MEL.window / LOG_MEL.rate,
    ("features", "shift", "length"): lambda: 1000 * LOG_MEL.hop / LOG_MEL.rate,
    ("SpecAugment", "time mask", "width"): lambda: TIME_MASK,
    ("SpecAugment", "frequency mask", "width"): lambda: BAND_MASK,
    ("optimiser", "SGD momentum", "momentum"): lambda: _plan().momentum,
    ("optimiser", "learning rate", "rate"): lambda: _plan().rate,
    ("regularisation", "dropout before FC", "rate"): lambda: attribute_network.SIZES.dropout,
    ("training", "maximum epochs", "count"): lambda: _epochs(),
    ("model", "max-pool kernel", "width"): lambda: attribute_network.SIZES.pool,
    ("model", "max-pool stride", "width"): lambda: attribute_network.SIZES.stride,
    ("loss", "alpha MTL", "weight"): lambda: FINAL["MTL"],
    ("loss", "alpha adversarial", "weight"): lambda: FINAL["AD"],
    ("loss", "alpha GR start", "weight"): lambda: alpha("GR", 1, _epochs()),
    ("loss", "alpha GR end", "weight"): lambda: alpha("GR", _epochs(), _epochs()),
}

# Numbers of built objects, and to how many places each is printed.
BUILT: dict[Where, tuple[Callable[[], float], int]] = {
    ("model", "shared layers", "parameters"): (lambda: _parameters(attribute_network.SharedLayers) / MILLION, 1),
    ("model", "each discriminator", "parameters"): (lambda: _parameters(Discriminator, CLASSES, len(GENDERS)) / MILLION, 1),
    ("configurations", "per approach", "count"): (lambda: len(SUBSETS), 0),
}
SIDES = ("training", "validation", "test")
# Numbers measured on the corpora: their names among the measurements, and parts of a unit to which they are rounded.
MEASURED: dict[Where, tuple[str, int]] = {
    **{("data", side, "duration"): (f"{side} / duration / hours", 60) for side in SIDES},
    **{(name, "all", "duration"): (f"{name} / duration / hours", 60) for name in ("TESS", "CREMA-D")},
    **{(name, "speakers", "count"): (f"{name} / speakers / count", 1) for name in ("TESS", "CREMA-D")},
}
ABOUT = {"each discriminator": "that of gender, with two classes"}
ELSEWHERE = {
    "ua_gain": "a difference of two printed cells: claim C1 judges it",
    "GR": "a count of printed and unprinted cells: claim C9 judges it",
    "novelty": "a statement about other papers, which no run measures",
}


def plain(number: Printed) -> Plain | None:
    """Verdict of a setting, a count or a duration, or None for a result, or for what was not measured."""
    where = (number.row, number.column, number.metric)
    if where in SETTINGS:
        value = SETTINGS[where]()
        same = math.isclose(value, number.value, abs_tol=1e-12)
        return Plain(verdict="setting", value=value, reason="as printed" if same else f"ours is {value:g}")
    if where in BUILT:
        make, places = BUILT[where]
        word, reason = verdicts.measured(number.value, make(), places=places)
        about = ABOUT.get(number.column)
        return Plain(verdict=word, value=make(), reason=f"{reason}; {about}" if about else reason)
    return _share(number) if number.row == "split" else _measured(number)


def result(number: Printed) -> tuple[str, str]:
    """Row and name in ``SCORED`` of a printed accuracy, as the paper has it."""
    if row := IN_TEXT.get((number.row, number.column)):
        return row, "TESS" if number.row.endswith("TESS") else "in-domain test"
    on, approach = number.row.split(" ")
    return approach if approach == "baseline" else f"{approach} {LETTERS.get(number.column, number.column)}", on


def place(number: Printed) -> Place:
    """Where a printed result stands among our trials: a row, and the corpora that it is scored on."""
    if number.metric != "ua":
        return Place(number.row, number.metric, math.nan)
    row, on = result(number)
    return Place(trained_as(row), UA, float(number.value), corpora=SCORED[on])


def trained_as(row: str) -> str:
    """Row whose training stands for a row's: with corpus in place of language where the two are one label, else itself."""
    approach, _, chosen = row.partition(" ")
    letters = set(chosen.split("+"))
    if not one_label() or "L" not in letters or "C" in letters:
        return row
    letters = letters - {"L"} | {"C"}
    return f"{approach} {'+'.join(letter for letter in ATTRIBUTES if letter in letters)}"


def one_label() -> bool:
    """Whether corpus and language divide the measured training clips alike; a language has one corpus or more, never less."""
    corpus, language = (_measurements().get(f"{name} / {name} / bits", math.nan) for name in ("corpus", "language"))
    return math.isclose(corpus, language, rel_tol=1e-9)


def arranged(trials: pd.DataFrame) -> pd.DataFrame:
    """Recorded trainings with the ``row`` and ``control`` that they stand for: other weights, classes or recipes are controls.

    Candidates for the recipe and looks into networks are runs of their own, and stand beside nothing printed. Where the paper's own
    edition is recorded, it alone does.
    """
    models = recorded.of_kind(trials, "models")
    whole = models[models["edition"] == "paper"]
    chosen = whole if len(whole) else models
    names = [_named(each) for each in chosen.to_dict("records")]
    rows, controls = ([pair[at] for pair in names] for at in (0, 1))
    return chosen.assign(row=rows, control=controls, encoder="none", fold=0)


def why_not(number: Printed) -> str:
    """Why a number has no run."""
    if told := ELSEWHERE.get(number.metric) or ELSEWHERE.get(number.row):
        return told
    if number.row.startswith("CREMA-D") and "crema-d" not in corpora():
        return "CREMA-D is not at hand"
    if number.row == "data" and _measurements():
        ours = _measurements()[f"{number.column} / duration / hours"]
        return f"of all six corpora: {_listed(_missing(recorded.measured_on(PAPER)))} not at hand; the others last {ours:.2f} h"
    return "not recorded yet"


def reading(row: str) -> str:
    """Variant that a row's printed numbers stand beside in a list of all."""
    return VARIANT


has, ours, meaningless = usual.has, usual.ours, usual.meaningless


def unfinished(trial: Mapping) -> str:
    """Why a training is not finished: its cap came before its stopping rule, and before the paper's own cap."""
    if not str(trial.get("ending", "")).startswith("all "):
        return ""
    most = parry.EPOCHS["paper"]
    if trial["epochs"] >= most:
        return ""
    return f"unfinished: ended at a cap of {trial['epochs']:g} epochs before its stopping rule fired; the paper allows {most}"


def substitute(row: str, variant: str, encoder: str) -> str:
    """What stands in for the paper's data: a pool that lacks some of its corpora."""
    missing = _missing(corpora())
    return f"the pool without {_listed(missing)}" if missing else ""


def fault(row: str) -> str:
    """Fault of the authors' code that a row rests on: there is no such code."""
    return ""


def note(number: Printed) -> str:
    """What else is to be said of a printed result."""
    notes = [QUOTED] * (number.metric == "ua" and result(number) == ("baseline", "TESS"))
    if number.metric == "ua" and (shown := place(number).row) != result(number)[0]:
        notes.append(f"corpus and language are one label in this pool: shown is {shown}")
    return "; ".join(notes)


def table_of(row: str) -> str:
    """Table in which a row stands, printed or not."""
    return "Table 3" if "+" in row else "Table 2"


def corpora() -> tuple[str, ...]:
    """Corpora that the recorded models read, in the paper's order; of its own edition where that is recorded."""
    about = {each["edition"]: each["corpora"] for name, each in recorded.runs(PAPER).items() if recorded.kind_of(name) == "models"}
    found = about.get("paper") or about.get("open", [])
    return tuple(name for name in ORIGINS if name in found)


def _named(trial: dict) -> tuple[str, str]:
    """Row and control of a recorded training."""
    row = Row(**{name: trial[name] for name in asdict(BASELINE)})
    base, _, switched = replace(row, variant=VARIANT).name.partition(", ")
    shared = _told(asdict(RECIPES["demo" if trial["size"] == "small" else "published"]))
    changed = [told for told in _told({name: trial[name] for name in asdict(Recipe())}) if told not in shared]
    return base, ", ".join(filter(None, [switched, *changed])) or "none"


def _told(recipe: dict) -> list[str]:
    return [f"{name} {value}" if isinstance(value, str) else f"{name} {value:g}" for name, value in recipe.items()]


def _missing(there: tuple[str, ...]) -> list[str]:
    return [ORIGINS[name] for name in POOLED if name not in there]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _measured(number: Printed) -> Plain | None:
    """Speakers and durations as measured, these to the minute; those of the pool only where all its corpora are there."""
    name, scale = MEASURED.get((number.row, number.column, number.metric), ("", 1))
    value = _measurements().get(name)
    if value is None or (number.row == "data" and _missing(recorded.measured_on(PAPER))):
        return None
    agrees = verdicts.measured(scale * number.value, scale * value, places=0)[1] == "agrees"
    return Plain(verdict="measured", value=value, reason="agrees" if agrees else f"differs: measured {value:.4g} {number.unit}")


def _share(number: Printed) -> Plain | None:
    """Share of a side's clips, a setting that whole speakers can only come near to."""
    sides = {side: _clips(side) for side in SIDES}
    if not all(sides.values()):
        return None
    value = 100 * sides[number.column] / sum(sides.values())
    return Plain(verdict="setting", value=value, reason=f"ours is {value:.1f}, as whole speakers are held out")


def _clips(side: str) -> float:
    return sum(_measurements().get(f"{side} / {name} / clips", 0) for name in parry.CLASSES)


def _measurements() -> dict[str, float]:
    return recorded.measurements(PAPER)


def _plan() -> Plan:
    return plan(BASELINE, RECIPES["published"], epochs=_epochs(), precision="fp32")


@cache
def _epochs() -> int:
    """Cap of epochs of the recorded models; of the open edition where none is recorded."""
    trials = recorded.read(PAPER).trials
    models = arranged(trials) if len(trials) else trials
    return int(models["epochs"].mode()[0]) if len(models) else parry.EPOCHS["open"]


@cache
def _parameters(network: Callable, *sizes: int) -> int:
    with torch.device("meta"):
        return sum(weight.numel() for weight in network(*sizes).parameters())
