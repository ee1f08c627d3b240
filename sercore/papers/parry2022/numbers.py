"""What each printed number of paper 02 is: a result, a setting of ours, a count to measure, or out of reach, and why."""

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache

import pandas as pd
import torch

from sercore.ledger import recorded, verdicts
from sercore.ledger.paper import Plain
from sercore.ledger.published import Printed
from sercore.models import attribute_network, counts
from sercore.models.attribute_network import Discriminator
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.adversarial import Plan
from sercore.papers.parry2022.attributes import ATTRIBUTES, GENDERS, SUBSETS
from sercore.papers.parry2022.data import ORIGINS, POOLED
from sercore.papers.parry2022.grid import BASELINE, RECIPES
from sercore.papers.parry2022.inputs import LOG_MEL
from sercore.papers.parry2022.losses import FINAL, alpha
from sercore.papers.parry2022.rows import Recipe, Row, plan
from sercore.papers.parry2022.trial import BAND_MASK, TIME_MASK

NAME = parry.NAME
UA = "unweighted_accuracy"
PROTOCOL, VARIANT = "held-out-speakers", "as-described"
SPLITS = {"as-published": PROTOCOL}  # it shares no speaker: there is no cleaner one
SCORED = {
    "TESS": ("tess",),
    "CREMA-D": ("crema-d",),
    "in-domain test": POOLED,
}  # "tess" alone is TESS with surprise
MILLION = 1e6
QUOTED = "the printed TESS baseline is quoted from the authors' paper of 2019"
Where = tuple[str, str, str]  # row, column and metric of a printed number


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
    ("model", "shared layers", "parameters"): (
        lambda: _parameters(attribute_network.SharedLayers) / MILLION,
        1,
    ),
    ("model", "each discriminator", "parameters"): (
        lambda: _parameters(Discriminator, len(parry.CLASSES), len(GENDERS)) / 1e6,
        1,
    ),
    ("configurations", "per approach", "count"): (lambda: len(SUBSETS), 0),
}
SIDES = ("training", "validation", "test")
# Numbers measured on the corpora: their names among the measurements, and parts of a unit to which they are rounded.
MEASURED: dict[Where, tuple[str, int]] = {
    **{("data", side, "duration"): (f"{side} / duration / hours", 60) for side in SIDES},
    **{
        (name, "all", "duration"): (f"{name} / duration / hours", 60)
        for name in ("TESS", "CREMA-D")
    },
    **{
        (name, "speakers", "count"): (f"{name} / speakers / count", 1)
        for name in ("TESS", "CREMA-D")
    },
}
ABOUT = {"each discriminator": "that of gender, with two classes"}


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
    corpus, language = (
        _measurements().get(f"{name} / {name} / bits", math.nan) for name in ("corpus", "language")
    )
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


def corpora() -> tuple[str, ...]:
    """Corpora that the recorded models read, in the paper's order; of its own edition where that is recorded."""
    about = {
        each["edition"]: each["corpora"]
        for name, each in recorded.runs(NAME).items()
        if recorded.kind_of(name) == "models"
    }
    found = about.get("paper") or about.get("open", [])
    return tuple(name for name in ORIGINS if name in found)


def _named(trial: dict) -> tuple[str, str]:
    """Row and control of a recorded training."""
    row = Row(**{name: trial[name] for name in asdict(BASELINE)})
    base, _, switched = replace(row, variant=VARIANT).name.partition(", ")
    shared = _told(asdict(RECIPES["demo" if trial["size"] == "small" else "published"]))
    changed = [
        told
        for told in _told({name: trial[name] for name in asdict(Recipe())})
        if told not in shared
    ]
    return base, ", ".join(filter(None, [switched, *changed])) or "none"


def _told(recipe: dict) -> list[str]:
    return [
        f"{name} {value}" if isinstance(value, str) else f"{name} {value:g}"
        for name, value in recipe.items()
    ]


def missing(there: tuple[str, ...]) -> list[str]:
    """Name the pooled corpora that are not there."""
    return [ORIGINS[name] for name in POOLED if name not in there]


def listed(names: list[str]) -> str:
    """Join names with commas and a last "and"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def measured(number: Printed) -> Plain | None:
    """Speakers and durations as measured, these to the minute; those of the pool only where all its corpora are there."""
    name, scale = MEASURED.get((number.row, number.column, number.metric), ("", 1))
    value = _measurements().get(name)
    if value is None or (number.row == "data" and missing(recorded.measured_on(NAME))):
        return None
    agrees = verdicts.measured(scale * number.value, scale * value, places=0)[1] == "agrees"
    return Plain(
        verdict="measured",
        value=value,
        reason="agrees" if agrees else f"differs: measured {value:.4g} {number.unit}",
    )


def share(number: Printed) -> Plain | None:
    """Share of a side's clips, a setting that whole speakers can only come near to."""
    sides = {side: _clips(side) for side in SIDES}
    if not all(sides.values()):
        return None
    value = 100 * sides[number.column] / sum(sides.values())
    return Plain(
        verdict="setting",
        value=value,
        reason=f"ours is {value:.1f}, as whole speakers are held out",
    )


def _clips(side: str) -> float:
    return sum(_measurements().get(f"{side} / {name} / clips", 0) for name in parry.CLASSES)


def _measurements() -> dict[str, float]:
    return recorded.measurements(NAME)


def _plan() -> Plan:
    return plan(BASELINE, RECIPES["published"], epochs=_epochs(), precision="fp32")


@cache
def _epochs() -> int:
    """Cap of epochs of the recorded models; of the open edition where none is recorded."""
    trials = recorded.read(NAME).trials
    models = arranged(trials) if len(trials) else trials
    return int(models["epochs"].mode()[0]) if len(models) else parry.EPOCHS["open"]


@cache
def _parameters(network: Callable, *sizes: int) -> int:
    with torch.device("meta"):
        return counts.parameters(network(*sizes))
