"""What each printed number of Parry et al. 2022 is, and our accuracies that stand beside it.

A printed number is a result, a setting of ours, a count to measure, or out of reach.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache

import pandas as pd
import torch

from sercore.card import RARELY
from sercore.evaluation import estimates
from sercore.evaluation.estimates import Estimate, level
from sercore.evaluation.metrics import recalls
from sercore.evaluation.scores import Trials
from sercore.ledger import claims as judging
from sercore.ledger import recorded
from sercore.ledger.claims import Gap
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Plain, Printed, as_measured
from sercore.models import attribute_network, counts
from sercore.models.attribute_network import Discriminator
from sercore.papers.parry2022 import study
from sercore.papers.parry2022.adversarial import FINAL, Plan, alpha
from sercore.papers.parry2022.data import (
    ATTRIBUTES,
    CLASSES,
    FILTERBANK,
    GENDERS,
    ORIGINS,
    POOLED,
    SIDES,
    SUBSETS,
)
from sercore.papers.parry2022.study import BASELINE, NAME, RECIPES
from sercore.papers.parry2022.trial import BAND_MASK, PROTOCOL, SIGNS, TIME_MASK, Row

UA = "unweighted_accuracy"
VARIANT = "as-described"
SPLITS = {"as-published": PROTOCOL}  # it shares no speaker: there is no cleaner one
# The unseen corpora and the in-domain test; "tess" is TESS with surprise.
SCORED = {"TESS": ("tess",), "CREMA-D": ("crema-d",), "in-domain test": POOLED}
TESS, CREMA, HOME = SCORED
QUOTED = "the printed TESS baseline is quoted from the authors' paper of 2019"
ABOUT = {"each discriminator": "that of gender, with two classes"}
Where = tuple[str, str, str]  # row, column and metric of a printed number


@cache
def _epochs() -> int:
    """Return the cap of epochs of the recorded models, by default that of the open edition."""
    trials = recorded.read(NAME).trials
    models = arranged(trials) if len(trials) else trials
    return int(models["epochs"].mode()[0]) if len(models) else study.EPOCHS["open"]


@cache
def _millions(network: Callable, *sizes: int) -> float:
    """Count a network's parameters in millions."""
    with torch.device("meta"):
        return counts.parameters(network(*sizes)) / 1e6


# Settings, taken from the object that uses them.
SETTINGS: dict[Where, Callable[[], float]] = {
    ("features", "mel filterbank", "coefficients"): lambda: FILTERBANK.mel.bands,
    ("features", "window", "length"): lambda: 1000 * FILTERBANK.mel.window / FILTERBANK.mel.rate,
    ("features", "shift", "length"): lambda: 1000 * FILTERBANK.mel.hop / FILTERBANK.mel.rate,
    ("SpecAugment", "time mask", "width"): lambda: TIME_MASK,
    ("SpecAugment", "frequency mask", "width"): lambda: BAND_MASK,
    ("optimiser", "SGD momentum", "momentum"): lambda: Plan(approach="baseline").momentum,
    ("optimiser", "learning rate", "rate"): lambda: RECIPES["published"].rate,
    ("regularisation", "dropout before FC", "rate"): lambda: attribute_network.SIZES.dropout,
    ("training", "maximum epochs", "count"): _epochs,
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
        lambda: _millions(attribute_network.SharedLayers),
        1,
    ),
    ("model", "each discriminator", "parameters"): (
        lambda: _millions(Discriminator, len(CLASSES), len(GENDERS)),
        1,
    ),
    ("configurations", "per approach", "count"): (lambda: len(SUBSETS), 0),
}
# Numbers measured on the corpora: the name among the measurements, and parts of a unit to which
# they are rounded.
MEASURED: dict[Where, tuple[str, int]] = {
    ("data", side, "duration"): (f"{side} / duration / hours", 60) for side in SIDES
}
for _name in ("TESS", "CREMA-D"):
    MEASURED[_name, "all", "duration"] = (f"{_name} / duration / hours", 60)
    MEASURED[_name, "speakers", "count"] = (f"{_name} / speakers / count", 1)


def measured(number: Printed) -> Plain | None:
    """Compare speakers and durations as measured, these to the minute.

    Those of the pool are compared only where all its corpora were measured.
    """
    name, scale = MEASURED.get((number.row, number.column, number.metric), ("", 1))
    value = recorded.measurements(NAME).get(name)
    if value is None or (number.row == "data" and missing(recorded.measured_on(NAME))):
        return None
    agrees = as_measured(scale * number.value, scale * value, places=0)[1] == "agrees"
    reason = "agrees" if agrees else f"differs: measured {value:.4g} {number.unit}"
    return Plain(verdict="measured", value=value, reason=reason)


def share(number: Printed) -> Plain | None:
    """Compare the share of a side's clips, which whole speakers can only come near to."""
    clips = {
        side: sum(
            recorded.measurements(NAME).get(f"{side} / {name} / clips", 0) for name in CLASSES
        )
        for side in SIDES
    }
    if not all(clips.values()):
        return None
    value = 100 * clips[number.column] / sum(clips.values())
    reason = f"ours is {value:.1f}, as whole speakers are held out"
    return Plain(verdict="setting", value=value, reason=reason)


def missing(corpora: Sequence[str]) -> list[str]:
    """Name the pooled corpora that are not among these."""
    return [ORIGINS[name] for name in POOLED if name not in corpora]


def corpora() -> tuple[str, ...]:
    """Name the corpora that the recorded models read, those of the paper's edition first."""
    read = {
        run["edition"]: run["corpora"]
        for name, run in recorded.runs(NAME).items()
        if recorded.kind_of(name) == "models"
    }
    chosen = read.get("paper") or read.get("open", [])
    return tuple(name for name in ORIGINS if name in chosen)


# Recorded trainings, and the rows that they stand for.


def trained_as(row: str) -> str:
    """Name the row that stands for a row: "GR C" for "GR L" where they are one label."""
    approach, _, chosen = row.partition(" ")
    letters = set(chosen.split("+"))
    if not one_label() or "L" not in letters or "C" in letters:
        return row
    letters = letters - {"L"} | {"C"}
    return f"{approach} {'+'.join(letter for letter in ATTRIBUTES if letter in letters)}"


def one_label() -> bool:
    """Tell whether corpus and language divide the measured training clips alike.

    A language has one corpus or more, so that equal entropies mean equal labels.
    """
    corpus, language = (
        recorded.measurements(NAME).get(f"{name} / {name} / bits", math.nan)
        for name in ("corpus", "language")
    )
    return math.isclose(corpus, language, rel_tol=1e-9)


def arranged(trials: pd.DataFrame) -> pd.DataFrame:
    """Add to recorded trainings the ``row`` and ``control`` that they stand for.

    Other weights, classes or recipes are controls. Candidates for the recipe and looks into
    networks stand beside nothing printed. Where the paper's edition is recorded, it alone counts.
    """
    models = recorded.of_kind(trials, "models")
    whole = models[models["edition"] == "paper"]
    chosen = whole if len(whole) else models
    rows, controls = [], []
    for trial in chosen.to_dict("records"):
        row, control = _named(trial)
        rows.append(row)
        controls.append(control)
    return chosen.assign(row=rows, control=controls, encoder="none", fold=0)


def in_layout(views: pd.DataFrame) -> pd.DataFrame:
    """Choose the looks into networks of the paper's layout, or all where none is of it."""
    usual = views[views["protocol"] == PROTOCOL] if len(views) else views
    return usual if len(usual) else views


def _named(trial: dict) -> tuple[str, str]:
    """Return row and control of a recorded training."""
    row = Row(**{name: trial[name] for name in asdict(BASELINE)})
    base, _, control = replace(row, variant=VARIANT).name.partition(", ")
    changes = [control] if control else []
    if trial["protocol"] != PROTOCOL:  # another corpus is unseen
        changes.append(trial["protocol"])
    recipe = RECIPES["demo" if trial["size"] == "small" else "published"]
    for name, usual in asdict(recipe).items():
        value = trial[name]
        if value != usual:
            changes.append(f"{name} {value}" if isinstance(value, str) else f"{name} {value:g}")
    return base, ", ".join(changes) or "none"


# Accuracies of the recorded trainings.


def row_trials(ledger: Ledger, row: str) -> Trials | None:
    """Return the recorded trials of a row, or of the row that stands for it; None without any."""
    return ledger.trials(trained_as(row), variant=VARIANT, protocol=PROTOCOL)


def scored(trials: Trials | None, corpora: Sequence[str]) -> Trials | None:
    """Return trials as scored on corpora, named as in the counts; None where they were not."""
    chosen = None if trials is None else trials.of(*corpora)
    return chosen if chosen is not None and len(chosen.counts) else None


def moved(name: str, trials: Trials | None, usual: Trials | None, *corpora: str) -> Gap:
    """Return the UA of some trials less that of others, in points.

    The gap has no values where they share no seed, or where the corpora were not scored.
    """
    pair = [scored(trials, corpora), scored(usual, corpora)]
    if None in pair or not pair[0].runs & pair[1].runs:
        return Gap(name)
    return judging.estimated(name, estimates.difference(*pair, UA))


def collapsed(trials: Trials, corpora: Sequence[str]) -> dict[str, float]:
    """Return the recall of each class that a model hardly ever finds, over all its seeds."""
    by_class = zip(CLASSES, recalls(trials.of(*corpora).confusion()), strict=True)
    return {name: float(recall) for name, recall in by_class if recall < RARELY}


def by_speaker(answers: pd.DataFrame, seeds: Mapping[int, int], corpus: str) -> dict[str, Estimate]:
    """Return the UA on each speaker of an unseen corpus, by the speaker's name.

    Words are drawn with return, all clips of a word together, and so are seeds: a corpus of two
    speakers has no interval over speakers, and what is given holds for other words of these two. A
    class that no drawn word has is left out of that draw's mean. ``true`` and ``predicted`` of the
    answers have one sign a clip; trials of no seed are left out.
    """
    of_trials = answers["trial"].isin(list(seeds))
    chosen = answers[of_trials & answers["group"].str.startswith(f"{corpus}/")]
    if not len(chosen):
        raise ValueError(
            f"{corpus}: no answer among {len(answers)} rows; expected some of trials"
            f" {sorted(seeds)}. Record them."
        )
    return {
        group.split("/", 1)[1]: level(_by_word(rows, seeds), UA)
        for group, rows in chosen.groupby("group", sort=True)
    }


def _by_word(rows: pd.DataFrame, seeds: Mapping[int, int]) -> Trials:
    """Count the clips of one speaker by word."""
    counter: Counter = Counter()
    for row in rows.fillna({"text": ""}).itertuples(index=False):
        if len(row.true) != len(row.predicted):
            raise ValueError(
                f"{row.group}, {row.text}: {len(row.true)} clips and {len(row.predicted)} answers;"
                " expected as many. Record again."
            )
        word = row.text.replace("/", " ")
        for true, predicted in zip(row.true, row.predicted, strict=True):
            counter[row.trial, word, SIGNS.index(true), SIGNS.index(predicted)] += 1
    table = pd.DataFrame(
        [(*key, count) for key, count in sorted(counter.items())], columns=recorded.PARTS["counts"]
    )
    trials = sorted(set(table["trial"]))
    settings = {"trial": trials, "seed": [seeds[trial] for trial in trials], "fold": 0}
    errors = pd.DataFrame(columns=recorded.PARTS["errors"])
    classes = 1 + int(table[["true", "predicted"]].to_numpy().max())
    return Trials(pd.DataFrame(settings), table, errors, classes)
