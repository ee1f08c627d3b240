"""The study of Parry et al. 2022: parameters of the chapter, rows and grid of trials, tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from sercore.evaluation.reference import CLASSIFIERS
from sercore.papers.parry2022 import data
from sercore.papers.parry2022.data import SUBSETS, Data
from sercore.papers.parry2022.trial import (
    ELSEWHERE,
    NOWHERE,
    PROTOCOL,
    Recipe,
    Reference,
    Row,
    Trial,
    divide,
    look,
    refer,
    run,
)
from sercore.parameters import Device, Edition, OwnTable, Precision, Scheduler, Seed, Seeds
from sercore.protocols import own
from sercore.protocols.speakers import FOLDS, count, is_given
from sercore.protocols.splits import Splits
from sercore.sweep import Task

NAME = "02-mtl-adversarial"
STUDY = "parry2022"
# Method number of each kind of trial: raised when its numbers move, which are then recorded again.
METHODS = {"models": 1, "recipe": 1, "views": 1, "references": 1}
# At most; the stopping rule needs 30 before it fires.
EPOCHS = {"demo": 20, "open": 150, "paper": 150, "own": 30}

APPROACHES = ("MTL", "GR", "AD")
BASELINE = Row(approach="baseline")


def _models(*subsets: str) -> tuple[Row, ...]:
    """Return the baseline, and each approach with each of these sets of attributes."""
    pairs = [(approach, name) for approach in APPROACHES for name in subsets]
    return (BASELINE, *(Row(approach=approach, attributes=name) for approach, name in pairs))


GRID = _models(*SUBSETS)
DEMO = _models(SUBSETS[0], SUBSETS[-1])
CURVE = tuple(Row(approach="GR", attributes="C", alpha=alpha) for alpha in (0.0, 0.1, 0.25, 0.75))
LABELS = tuple(
    replace(row, **switch)
    for row in (BASELINE, Row(approach="GR", attributes="C"))
    for switch in (
        {"surprise": "left out"},
        {"surprise": "negative"},
        {"calm": "left out"},
        {"calm": "positive"},
    )
)
READINGS = tuple(
    Row(approach="AD", attributes="C", variant=variant)
    for variant in ("fixed", "on-representation")
)
VIEWED = (BASELINE, *(Row(approach=approach, attributes="C") for approach in ("MTL", "GR")))
# Reference models: classifier, the clips that scale a statistic, and the training labels.
CONTRASTED = CLASSIFIERS[1:]  # for which the scaling and the labels are changed
REFERENCES = (
    *((name, "training", "true") for name in CLASSIFIERS),
    *((name, "training", "shuffled") for name in CONTRASTED),
    *((name, scaling, "true") for name in CONTRASTED for scaling in ("corpus", "speaker")),
)
# By what `-p models=…` takes.
GROUPS = {"grid": GRID, "readings": READINGS, "alpha": CURVE, "labels": LABELS}
ROWS = {row.name: row for rows in GROUPS.values() for row in rows}
# Candidates for the recipe: initial weights by rate by batch, the paper's rate among them.
CANDIDATES = (
    Recipe(),
    Recipe(initialisation="default"),
    Recipe(batch=32),
    Recipe(batch=32, rate=0.02),
    Recipe(rate=0.005),
    Recipe(rate=0.01),
)
# Of the published network the candidate of the highest validation UA; the demo's network is
# narrower and has fewer clips.
RECIPES = {"published": Recipe(rate=0.005), "demo": Recipe(rate=0.02)}


class Parameters(OwnTable):
    """Parameters of the chapter, checked before a kernel starts.

    The demo trains a narrower network, and of the 46 models seven.
    """

    known_rows: ClassVar = (*ROWS, *APPROACHES)

    edition: Edition = "demo"
    seeds: Seeds = 1
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        description=(
            "the cap of epochs for all models; 0 for the edition's own, 20 in the demo, 30 of a table"
            " of your own, else 150"
        ),
    )
    models: Literal["grid", "readings", "alpha", "labels", "recipe", "references", "all"] = Field(
        "grid",
        description=(
            "which rows a run trains: the 46 models, other readings, a curve over alpha,"
            " other classes, recipes, classifiers without a network"
        ),
    )
    only: str = Field("", description="the one row or approach to run, by its name; empty for all")
    seed: Seed = -1
    precision: Precision = "auto"
    device: Device = "auto"
    scheduler: Scheduler = "none"
    unseen: str = Field(
        "",
        description=(
            "the one corpus that training never sees, all others being pooled, or none; of a table"
            " of your own one or more, parted by commas; empty for the paper's"
        ),
    )

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        if self.unseen and not self.table:
            pool, unseen = data.names(self.edition)
            if self.unseen not in (*pool, *unseen, NOWHERE):
                raise ValueError(
                    f"-p unseen={self.unseen}: no corpus of edition={self.edition}; expected one of"
                    f" {', '.join((*pool, *unseen))}, or {NOWHERE}. Name one of them."
                )
        if self.models in ("recipe", "references"):
            self.refuse_idle("only", beside=f"-p models={self.models}")
        if self.models == "references":
            self.refuse_idle("epochs", "precision", beside="-p models=references")
        if self.models == "labels":
            self.refuse_idle("table", beside="-p models=labels, for its class map has all classes")
        row = ROWS.get(self.only, BASELINE)
        if self.table and (row.surprise, row.calm) != (BASELINE.surprise, BASELINE.calm):
            raise ValueError(
                f"-p only={row.name}: of a table of your own the class map says what surprise and"
                " calm are; expected a row without them. Name another one, and give -p classes=…"
            )
        if not rows(self):
            raise ValueError(
                f"-p only={self.only}: no row among -p models={self.models}; expected one that is."
                " Leave one of the two out."
            )
        return self


def rows(parameters: Parameters) -> list[Row]:
    """List the rows that a run trains; in the demo seven of the 46 unless one is named.

    Of a table of one's own the class map alone says what surprise and calm are: it has no rows of
    other classes.
    """
    if parameters.models in ("recipe", "references"):
        return [BASELINE]
    groups = dict(GROUPS)
    if parameters.table:
        del groups["labels"]
    if parameters.source == "demo" and parameters.only not in ROWS:
        groups["grid"] = DEMO
    chosen = []
    for name, group in groups.items():
        if parameters.models in (name, "all"):
            chosen += group
    if parameters.only in ROWS:
        return [row for row in chosen if row.name == parameters.only]
    return [row for row in chosen if parameters.only in ("", row.approach)]


def grid(parameters: Parameters) -> list[Trial]:
    """List the trials of a chapter: seeds by rows, or seeds by the candidates for the recipe."""
    source = parameters.source
    shared = {
        "edition": source,
        "epochs": parameters.epochs or EPOCHS[source],
        "size": "small" if source == "demo" else "published",
        "protocol": protocol(parameters),
        "precision": parameters.training_precision(source),
    }
    recipes = [RECIPES["demo" if source == "demo" else "published"]]
    if parameters.models == "recipe":
        recipes = CANDIDATES
    return [
        Trial(**asdict(row), **asdict(recipe), **shared, seed=seed)
        for seed in parameters.run_seeds
        for row in rows(parameters)
        for recipe in recipes
    ]


def protocol(parameters: Parameters) -> str:
    """Name the layout: the paper's, or with one other corpus unseen."""
    if parameters.table or not parameters.unseen:
        return PROTOCOL
    return f"{ELSEWHERE}{parameters.unseen}"


def references(parameters: Parameters, *, folds: int = FOLDS) -> list[Reference]:
    """List the reference models: on the networks' split, and on each fold of each seed's deal."""
    shared = {"edition": parameters.source, "protocol": protocol(parameters)}
    return [
        Reference(model=model, scaling=scaling, labels=labels, fold=fold, seed=seed, **shared)
        for seed in parameters.run_seeds
        for fold in range(-1 if seed == 0 else 0, folds)
        for model, scaling, labels in REFERENCES
    ]


def load(parameters: Parameters) -> Data:
    """Load the data of the edition, or of the table that is given."""
    if not parameters.table:
        loaded = data.load(parameters.edition)
        if parameters.unseen == NOWHERE:
            return loaded.apart()
        return loaded.apart(parameters.unseen) if parameters.unseen else loaded
    return data.own(parameters, unseen=own.names(parameters.unseen))


def sides(trial: Trial | Reference, clips: Data) -> dict[str, np.ndarray]:
    """Return the rows of each side of a trial's split, by its name, or its unseen corpus."""
    about = {}
    if isinstance(trial, Reference):
        about = {"fold": trial.fold, "seed": trial.seed}
    split = divide(trial, clips, **about)[1]
    return {side: getattr(split, side) for side in data.SIDES} | split.unseen


def tasks(parameters: Parameters, clips: Data) -> list[Task]:
    """List what a run trains, and the trials whose embeddings are visualised in Figure 2."""
    about = {"corpora": measured_on(clips), "parts": [data.FILTERBANKS.about()], "data": clips}
    about["splits"] = Splits(sides=sides)
    if parameters.models == "references":
        clips.statistics()  # made here, once, and not in each process that clips are sent to
        pool = clips.table[~clips.table["corpus"].isin(clips.unseen)]
        folds = 0 if is_given(pool) else min(FOLDS, count(pool))
        chosen = references(parameters, folds=folds)
        return [Task(name="references", run=refer, trials=chosen, **about)]
    chosen = runnable(grid(parameters), clips)
    name = "recipe" if parameters.models == "recipe" else "models"
    training = Task(name=name, run=run, trials=chosen, **about)
    viewed = [trial for trial in chosen if trial.row in VIEWED]
    if name == "recipe" or not viewed:
        return [training]
    return [training, replace(training, name="views", run=look, trials=viewed, splits=None)]


def runnable(chosen: Sequence[Trial], clips: Data) -> list[Trial]:
    """Leave out trials whose attributes the data lack, and those that repeat another's training."""
    absent, twins = clips.lacking.keys(), clips.stands_for
    return [
        trial
        for trial in chosen
        if trial.attributes not in twins and not absent & set(trial.attributes.split("+"))
    ]


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """Tell apart the code that a recorded trial runs through, by its settings."""
    if kind == "references":
        return (settings["model"], settings["scaling"], settings["labels"])
    return (settings["approach"],)


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Give the parameters under which the task of a recorded trial is made."""
    given = {"models": kind} if kind in ("recipe", "references") else {}
    if settings["protocol"] != PROTOCOL:
        given["unseen"] = settings["protocol"].removeprefix(ELSEWHERE)
    return given


def measure(parameters: Parameters, clips: Data) -> dict[str, float]:
    """Measure corpora and the sides of the edition's own split; see ``data.measure``."""
    if protocol(parameters) != PROTOCOL:
        clips = clips.apart(*data.names(parameters.edition)[1])
    return data.measure(clips)


def measured_on(clips: Data) -> tuple[str, ...]:
    """Name the corpora that ``measure`` measures."""
    return tuple(sorted(clips.table["corpus"].unique()))


def manifest(parameters: Parameters) -> list:
    """Name the data of an edition by plain values, for the chapter's key."""
    contents = []
    if parameters.table:
        corpus = data.read_own(parameters, unseen=own.names(parameters.unseen))
        contents = own.contents(corpus)
    elif parameters.edition != "demo":
        contents = data.contents(parameters.edition)
    return [*contents, data.FILTERBANKS.about()]
