"""Paper 01, Alves et al. 2022: its rows, its parameters, its grid of trials.

One trial is in ``ser2022_trial``, its networks in ``ser2022_network``, its data in ``ser2022_data``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from sercore import corpora, encoders
from sercore.corpora.folders import lacking as lacking_corpora
from sercore.corpora.labels import THREE
from sercore.evaluation.embeddings import neighbours
from sercore.papers.alves2022 import data as ser2022_data
from sercore.papers.alves2022 import gender as ser2022_gender
from sercore.papers.alves2022 import gender_data as ser2022_gender_data
from sercore.papers.alves2022.data import Data, extractors
from sercore.papers.alves2022.rows import ROWS, SELECTED, TABLES, Configuration
from sercore.papers.alves2022.sides import SYNTHETIC
from sercore.papers.alves2022.trial import Trial, alike, fit, run, run_together
from sercore.parameters import ChapterParameters, Device, Edition, Encoder, Scheduler, Seed, Seeds
from sercore.protocols.splits import FOLDS
from sercore.sweep import Task, finished

NAME = "01-ser2022-transfer"
STUDY = "alves2022"
# Method number of each kind of trial: raised when its numbers move, and the kind is then recorded again.
METHODS = {"emotion": 1, "gender": 1}
VARIANTS = ("as-run", "as-described")
PROTOCOLS = ("as-published", "clean")
CORPORA = ("coraa-ser", "gender-tables/mls-split-pt")
GENDER_CORPORA = ("gender-tables/mls-split-pt", "gender-tables/commonvoice-pt")

# What the demo trains: the best and the worst of either network, two of the submitted ones, and the row with mis-joined labels.
DEMO = (
    "(3) Seq. all prosodic + SMOTE + CG",
    "(3) Multi-task all prosodic + SMOTE - CG",
    "(1) Seq. 8 prosodic - SMOTE + CG",
    "(7) Multi-task 8 prosodic + SMOTE - CG",
    "(12) Multi-task 29 prosodic + SMOTE + CG",
    "(7) Multi-task all prosodic and wav2vec + SMOTE - CG",
)
CONTROLLED = "(3) Multi-task all prosodic + SMOTE - CG"
BASE = "facebook/wav2vec2-base-960h"  # the paper names no checkpoint; 768 values mean a base model
CLASSES = THREE


class Parameters(ChapterParameters):
    """Parameters of the chapter, checked before a kernel starts."""

    known_rows: ClassVar = ROWS

    edition: Edition = "demo"
    seeds: Seeds = 1
    device: Device = "auto"
    only: str = Field("", description="the one row to run, by its printed name; empty for all")
    seed: Seed = -1
    scheduler: Scheduler = "none"
    encoder: Encoder = "auto"

    @model_validator(mode="after")
    def _an_encoder_for_the_row(self) -> "Parameters":
        if self.only and Configuration.of(self.only).embedding and encoder(self) == "none":
            raise ValueError(
                f"-p only={self.only}: reads a speech encoder's embedding, and none is here; expected one by hub id or folder. "
                "Name it with -p encoder=…"
            )
        return self


def encoder(parameters: Parameters) -> str:
    """Speech encoder of a run, as ``encoders.load`` takes it: "none" where the edition's own is not on this machine.

    The demo's own is random, the others' a base model of wav2vec 2.0 from the hub's cache.
    """
    if parameters.encoder != "auto":
        return parameters.encoder
    if parameters.edition == "demo":
        return "random"
    return BASE if encoders.cached(BASE) else "none"


def rows(edition: str, encoder: str) -> tuple[str, ...]:
    """Rows that an edition trains: six in the demo, else all; without encoder those that need no embedding."""
    there = DEMO if edition == "demo" else ROWS
    return tuple(row for row in there if encoder != "none" or not Configuration.of(row).embedding)


def grid(parameters: Parameters, *, encoder: str = "none") -> list[Trial]:
    """Trials of a chapter: rows x variants x protocols x seeds x folds, then the controls.

    Args:
        parameters: of the chapter.
        encoder: name of the encoder whose embeddings the data hold; "none" leaves the rows that need one out.
    """
    chosen = (parameters.only,) if parameters.only else rows(parameters.edition, encoder)
    plans = [
        (row, variant, protocol, "none")
        for row in chosen
        for variant in VARIANTS
        for protocol in PROTOCOLS
    ]
    plans += [plan for plan in controls(parameters.edition) if plan[0] in chosen]
    return [
        Trial(
            row=row,
            variant=variant,
            protocol=protocol,
            fold=fold,
            seed=seed,
            edition=parameters.edition,
            control=control,
            encoder=encoder if Configuration.of(row).embedding else "none",
        )
        for row, variant, protocol, control in plans
        for seed in parameters.run_seeds
        for fold in range(FOLDS)
    ]


def controls(edition: str) -> list[tuple[str, str, str, str]]:
    """Row, variant, protocol and name of every control.

    Shuffled labels and the constant answer under both protocols; what the second branch adds under the clean one, for the row
    that all controls share and, but in the demo, for the submitted ones. The sequential network as run has no gender branch.
    """
    plans = [
        (CONTROLLED, "as-run", protocol, name)
        for name in ("labels shuffled", "always neutral")
        for protocol in PROTOCOLS
    ]
    plans += [
        (CONTROLLED, "as-run", "clean", name)
        for name in ("gender features only", "logistic regression")
    ]
    shared = (CONTROLLED,) if edition == "demo" else (CONTROLLED, *SELECTED)
    branched = [(row, variant) for row in shared for variant in VARIANTS]
    return plans + [
        (*each, "clean", "no gender branch") for each in branched if each != (SELECTED[0], "as-run")
    ]


def load(parameters: Parameters) -> Data:
    """Data of the edition.

    Raises:
        CorpusError: a corpus that is not there; for "paper" the sentence lists every one.
    """
    if parameters.edition == "paper":
        refuse_paper(parameters)
    return ser2022_data.load(
        parameters.edition, encoder=encoder(parameters), device=parameters.device
    )


def refuse_paper(parameters: Parameters) -> None:
    """Say what the paper's edition lacks: it takes exactly the paper's corpora, and a wav2vec 2.0 base model.

    Raises:
        CorpusError: something is missing; the sentence lists all of it.
    """
    lacking = lacking_corpora(("coraa-ser", "cetuc"))
    lacking += [f"wav2vec 2.0 base embeddings ({BASE})"] if encoder(parameters) == "none" else []
    if lacking:
        raise corpora.CorpusError(
            f"edition=paper: missing {', '.join(lacking)}; the paper's own data are needed. Use edition=open or demo."
        )


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """What a run trains: the emotion networks, and the models of the auxiliary gender task unless one row is asked for."""
    widths = {name: values.shape[1] for name, values in data.embeddings.items()}
    trials = grid(parameters, encoder=next(iter(data.embeddings), "none"))
    told = {"corpora": CORPORA, "parts": extractors(), "encoders": widths}
    found = [
        Task(
            name="emotion",
            run=run,
            trials=trials,
            data=data,
            run_together=run_together,
            alike=alike,
            **told,
        )
    ]
    if not parameters.only:
        found.append(gender_task(parameters))
    return found


def gender_task(parameters: Parameters) -> Task:
    """The models of the auxiliary gender task, which reads tables of its own."""
    edition = parameters.edition
    elsewhere = ser2022_gender_data.common_voice(edition) is not None
    trials = ser2022_gender.grid(edition, parameters.run_seeds, common_voice=elsewhere)
    return Task(
        name="gender",
        run=ser2022_gender.run,
        trials=trials,
        data=ser2022_gender_data.load(edition),
        corpora=GENDER_CORPORA,
    )


ALONE = {"gender": gender_task}  # kinds of trial whose task needs none of the chapter's data


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """What tells apart the code that a recorded trial runs through, by its settings."""
    if kind == "gender":
        return settings["row"], settings["protocol"]
    row = Configuration.of(settings["row"])
    reading = settings["variant"], settings["protocol"], settings["control"]
    return (
        row.network,
        *reading,
        f"SMOTE {row.smote}",
        f"copies {row.copies}",
        f"embedding {row.embedding}",
    )


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Parameters under which the task of a recorded trial is made: without an encoder where it reads none."""
    return {} if settings.get("encoder", "none") != "none" else {"encoder": "none"}


def outcomes(parameters: Parameters, data: Data) -> tuple[list[Task], list[list[dict]]]:
    """Run what is not yet run; tasks and their trials' outcomes."""
    found = tasks(parameters, data)
    return found, finished(found, scheduler=parameters.scheduler, device=parameters.device)


def embedded(parameters: Parameters, data: Data) -> str:
    """Which encoder the rows on embeddings read on a page, in a sentence."""
    for name, values in data.embeddings.items():
        width = f"`{name}`, {values.shape[1]} values"
        if name == "random":
            return f"On this page the rows on embeddings read a tiny encoder with seeded random weights, never trained ({width})."
        return f"On this page the rows on embeddings read {width}."
    return f"No speech encoder: `{BASE}` is not in the hub's cache and no other was named, so the rows on embeddings are left out."


def shared_layer(parameters: Parameters, data: Data) -> list[tuple[str, np.ndarray, list[str]]]:
    """t-SNE of a multi-task network's shared layer on its test rows: title, places and labels, for class and for origin."""
    row = "(2) Multi-task all prosodic + SMOTE + CG"
    seed = max(parameters.seed, 0)
    fitted = fit(
        Trial(
            row=row,
            variant="as-run",
            protocol="as-published",
            fold=0,
            seed=seed,
            edition=parameters.edition,
        ),
        data,
    )
    places = neighbours(fitted.network.hidden(fitted.test.values), seed=seed)
    origin = np.where(fitted.test.originals >= 0, "gender-changed copy", "recording")
    origin = np.where(fitted.test.recordings == SYNTHETIC, "SMOTE", origin)
    return [
        ("class", places, [CLASSES[label] for label in fitted.test.labels]),
        ("origin of the row", places, origin.tolist()),
    ]


def example(data: Data, label: int) -> list[tuple[str, str]]:
    """Title and file of the first clip of a class that has a gender-changed copy, and of the copy."""
    copy = next(
        row
        for row in np.flatnonzero(data.originals >= 0)
        if data.labels[data.originals[row]] == label
    )
    return [
        (f"{kind}, {CLASSES[data.labels[row]]}:", str(data.paths[row]))
        for kind, row in (("Original", data.originals[copy]), ("Copy", copy))
    ]


def measure(parameters: Parameters, data: Data) -> dict[str, float]:
    """Counts and durations of the corpus, by "row / column" of the printed number that they stand beside."""
    return ser2022_data.measure(parameters.edition, data)


def measured_on(data: Data) -> tuple[str, ...]:
    """Corpora that ``measure`` measures."""
    return CORPORA[:1]


def manifest(parameters: Parameters) -> list:
    """Plain values that name the data of an edition, for the chapter's key."""
    if parameters.edition == "paper":
        refuse_paper(parameters)
    chosen = encoder(parameters)
    parts = [*extractors(), chosen if chosen == "none" else encoders.content(chosen)]
    return (
        parts
        if parameters.edition == "demo"
        else [*ser2022_data.contents(parameters.edition), *parts]
    )


__all__ = [
    "CLASSES",
    "ROWS",
    "SELECTED",
    "TABLES",
    "Parameters",
    "embedded",
    "example",
    "extractors",
    "fit",
    "grid",
    "load",
    "manifest",
    "measure",
    "outcomes",
    "rows",
    "run",
    "shared_layer",
    "tasks",
]
