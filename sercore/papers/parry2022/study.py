"""Paper 02, Parry et al. 2022: its parameters, its grid of trials.

One trial is in ``parry_trial``, its row and recipe in ``parry_rows``, its data in ``parry_data``, a look into its network in
``parry_views``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from sercore.corpora.cells import one_form
from sercore.papers.parry2022 import attributes as parry_attributes
from sercore.papers.parry2022 import data as parry_data
from sercore.papers.parry2022 import views as parry_views
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.data import extractors
from sercore.papers.parry2022.grid import (
    APPROACHES,
    BASELINE,
    CANDIDATES,
    DEMO,
    GRID,
    GROUPS,
    RECIPES,
    ROWS,
)
from sercore.papers.parry2022.rows import Recipe, Row
from sercore.papers.parry2022.trial import Trial, run, trained
from sercore.parameters import (
    ChapterParameters,
    Device,
    Edition,
    FilePath,
    Precision,
    Scheduler,
    Seed,
    Seeds,
)
from sercore.protocols.pooled import pooled
from sercore.sweep import Task, finished

NAME = "02-mtl-adversarial"
STUDY = "parry2022"
# Method number of each kind of trial: raised when its numbers move, and the kind is then recorded again.
METHODS = {"models": 1, "recipe": 1, "views": 1}
CLASSES = parry_data.CLASSES
EPOCHS = {"demo": 20, "open": 30, "paper": 150, "own": 30}
VIEWED = tuple(Row(approach=approach, attributes="C") for approach in ("MTL", "GR"))


class Parameters(ChapterParameters):
    """Parameters of the chapter, checked before a kernel starts.

    The demo trains a narrower network, and of the 46 models seven: its values show that everything runs.
    """

    known_rows: ClassVar = (*ROWS, *APPROACHES)

    edition: Edition = "demo"
    seeds: Seeds = 1
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        description="the cap of epochs for all models; 0 for the edition's own, 20, 30 or 150",
    )
    models: Literal["grid", "readings", "alpha", "labels", "recipe", "all"] = Field(
        "grid",
        description="which rows a run trains: the 46 models, other readings, a curve over alpha, other classes, recipes",
    )
    only: str = Field("", description="the one row or approach to run, by its name; empty for all")
    seed: Seed = -1
    precision: Precision = "auto"
    device: Device = "auto"
    scheduler: Scheduler = "none"
    table: FilePath = Field(
        "", description="a CSV table of your own clips in place of the edition's; empty for none"
    )
    classes: FilePath = Field(
        "",
        description="a CSV or JSON map from that table's emotions to classes; empty for the paper's three",
    )
    unseen: str = Field(
        "",
        description="names of the corpora in that table that training never sees, parted by commas",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        for name in ("classes", "unseen"):
            if getattr(self, name) and not self.table:
                raise ValueError(
                    f"-p {name}={getattr(self, name)}: is of a table of your own, and none is given. Give -p table=…"
                )
        if not rows(self):
            raise ValueError(
                f"-p only={self.only}: no row among -p models={self.models}; expected one that is. Leave one of the two out."
            )
        return self


def edition(parameters: Parameters) -> str:
    """Which data: "own" where a table is given."""
    return "own" if parameters.table else parameters.edition


def rows(parameters: Parameters) -> list[Row]:
    """Rows that a run trains, of those asked for; in the demo seven of the 46 unless one is named."""
    if parameters.models == "recipe":
        return [BASELINE]
    demo = edition(parameters) == "demo"
    groups = GROUPS | ({"grid": DEMO} if demo and parameters.only not in ROWS else {})
    chosen = [
        row for name, group in groups.items() if parameters.models in (name, "all") for row in group
    ]
    if parameters.only in ROWS:
        return [row for row in chosen if row.name == parameters.only]
    return [row for row in chosen if parameters.only in ("", row.approach)]


def grid(parameters: Parameters) -> list[Trial]:
    """Trials of a chapter: seeds x rows, or the candidates for the recipe at one seed."""
    seeds = parameters.run_seeds
    where = edition(parameters)
    demo = where == "demo"
    shared = {
        "edition": where,
        "epochs": parameters.epochs or EPOCHS[where],
        "size": "small" if demo else "published",
        "precision": parameters.training_precision(where),
    }
    if parameters.models == "recipe":
        return [
            Trial(**asdict(BASELINE), **asdict(recipe), **shared, seed=seed)
            for seed in seeds
            for recipe in CANDIDATES
        ]
    recipe = recipe_of(parameters)
    return [
        Trial(**asdict(row), **asdict(recipe), **shared, seed=seed)
        for seed in seeds
        for row in rows(parameters)
    ]


def recipe_of(parameters: Parameters) -> Recipe:
    """What all models of an edition share: initial weights, rate, batch."""
    return RECIPES["demo" if edition(parameters) == "demo" else "published"]


def load(parameters: Parameters) -> Data:
    """Data of the edition, or of the table that is given.

    Raises:
        CorpusError: a corpus that is not there; for "paper" the sentence lists every one.
        TableError: a table that cannot be used.
    """
    if not parameters.table:
        return parry_data.load(parameters.edition)
    apart = tuple(filter(None, (one_form(name).strip() for name in parameters.unseen.split(","))))
    return parry_data.own(
        Path(parameters.table),
        Path(parameters.classes) if parameters.classes else None,
        unseen=apart,
    )


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """What a run trains, and whose networks it looks into: those of Figure 2 that it trains."""
    trials = runnable(grid(parameters), data)
    name = "recipe" if parameters.models == "recipe" else "models"
    found = [
        Task(
            name=name,
            run=run,
            trials=trials,
            data=data,
            corpora=measured_on(data),
            parts=extractors(),
        )
    ]
    viewed = (
        [trial for trial in trials if trial.row in (BASELINE, *VIEWED)] if name == "models" else []
    )
    if viewed:
        found.append(replace(found[0], name="views", run=parry_views.run, trials=viewed))
    return found


def runnable(trials: Sequence[Trial], data: Data) -> list[Trial]:
    """Trials whose attributes the data have, and of two that would be the same training the first."""
    absent, twins = lacking(data), stands_for(data)
    return [
        trial
        for trial in trials
        if not absent.keys() & set(trial.attributes.split("+"))
        and twins.get(trial.attributes, trial.attributes) == trial.attributes
    ]


def lacking(data: Data) -> dict[str, str]:
    """Attributes that these data cannot teach, by letter, with the reason."""
    training, labels = _labelled(data)
    return parry_attributes.lacking(labels, training)


def stands_for(data: Data) -> dict[str, str]:
    """Sets of attributes that another one stands for, as its labels are the same: "L" by "C" where a language is one corpus."""
    training, labels = _labelled(data)
    pairs = parry_attributes.identical(labels, training)
    found = {}
    for name in parry_attributes.SUBSETS:
        chosen = set(name.split("+"))
        for kept, other in pairs:
            if other in chosen and kept not in chosen:
                chosen = chosen - {other} | {kept}
        same = "+".join(letter for letter in parry_attributes.ATTRIBUTES if letter in chosen)
        if same != name:
            found[name] = same
    return found


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """What tells apart the code that a recorded trial runs through, by its settings."""
    return (settings["approach"],)


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Parameters under which the task of a recorded trial is made."""
    return {"models": "recipe"} if kind == "recipe" else {}


def outcomes(parameters: Parameters, data: Data) -> tuple[list[Task], list[list[dict]]]:
    """Run what is not yet run; tasks and their trials' outcomes."""
    found = tasks(parameters, data)
    return found, finished(found, scheduler=parameters.scheduler, device=parameters.device)


def measure(parameters: Parameters, data: Data) -> dict[str, float]:
    """Counts and durations of corpora and sides, speakers by gender, mutual information, by the name of what is measured."""
    return parry_data.measure(data)


def measured_on(data: Data) -> tuple[str, ...]:
    """Corpora that ``measure`` measures."""
    return tuple(sorted(data.table["corpus"].unique()))


def manifest(parameters: Parameters) -> list:
    """Plain values that name the data of an edition, for the chapter's key."""
    if parameters.table:
        return [*parry_data.own_contents(Path(parameters.table), parameters.classes), *extractors()]
    return [
        *([] if parameters.edition == "demo" else parry_data.contents(parameters.edition)),
        *extractors(),
    ]


def _labelled(data: Data) -> tuple[np.ndarray, dict[str, parry_attributes.Labels]]:
    """Rows that train where every label has its usual class, and the attributes of all clips."""
    usual = data.targets[parry_data.SURPRISE[0], parry_data.CALM[0]]
    training = pooled(data.named(usual), unseen=data.unseen).training
    return training, parry_attributes.labels(data.table, training)


__all__ = [
    "CLASSES",
    "GRID",
    "NAME",
    "ROWS",
    "Parameters",
    "edition",
    "extractors",
    "grid",
    "lacking",
    "load",
    "manifest",
    "measure",
    "measured_on",
    "outcomes",
    "rows",
    "run",
    "stands_for",
    "tasks",
    "trained",
]
