"""Alves et al. 2022 as a study: its parameters, its grid of trials, and what a run trains."""

from collections.abc import Mapping
from itertools import product
from typing import Any, ClassVar

from pydantic import Field, model_validator

from sercore import corpora, encoders
from sercore.corpora.folders import lacking
from sercore.corpora.labels import THREE
from sercore.papers.alves2022 import gender
from sercore.papers.alves2022.data import contents, extractors, load_edition, load_gender
from sercore.papers.alves2022.trial import (
    ROWS,
    SELECTED,
    Configuration,
    Data,
    Trial,
    alike,
    run,
    run_together,
)
from sercore.parameters import ChapterParameters, Device, Edition, Encoder, Scheduler, Seed, Seeds
from sercore.protocols.splits import FOLDS
from sercore.sweep import Task

NAME = "01-ser2022-transfer"
STUDY = "alves2022"
# Method number of each kind of trial: raised when its numbers move; it is then recorded again.
METHODS = {"emotion": 1, "gender": 1}
VARIANTS = ("as-run", "as-described")
PROTOCOLS = ("as-published", "clean")
CORPORA = ("coraa-ser", "gender-tables/mls-split-pt")
GENDER_CORPORA = ("gender-tables/mls-split-pt", "gender-tables/commonvoice-pt")

# Rows of the demo: the best and the worst of either network, two of the submitted ones, and the row
# with mis-joined labels.
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
                f"-p only={self.only}: reads a speech encoder's embedding, and none is here; "
                "expected one by hub id or folder. Name it with -p encoder=…"
            )
        return self


def encoder(parameters: Parameters) -> str:
    """Return the speech encoder of a run, "none" where the edition's is not on this machine.

    The demo's is random, the others' a base model of wav2vec 2.0 from the hub's cache.
    """
    if parameters.encoder != "auto":
        return parameters.encoder
    if parameters.edition == "demo":
        return "random"
    return BASE if encoders.cached(BASE) else "none"


def rows(edition: str, encoder: str) -> tuple[str, ...]:
    """Return the rows of an edition: six in the demo, else all; on embeddings with encoder only."""
    names = DEMO if edition == "demo" else ROWS
    return tuple(row for row in names if encoder != "none" or not Configuration.of(row).embedding)


def grid(parameters: Parameters, *, encoder: str = "none") -> list[Trial]:
    """Return the trials: rows x variants x protocols x seeds x folds, then the controls.

    Without an encoder the rows that need one are left out.
    """
    edition = parameters.edition
    chosen = (parameters.only,) if parameters.only else rows(edition, encoder)
    plans = list(product(chosen, VARIANTS, PROTOCOLS, ["none"]))
    plans += [plan for plan in controls(edition) if plan[0] in chosen]
    trials = []
    for plan, seed, fold in product(plans, parameters.run_seeds, range(FOLDS)):
        settings = dict(zip(("row", "variant", "protocol", "control"), plan, strict=True))
        if Configuration.of(plan[0]).embedding:
            settings["encoder"] = encoder
        trials.append(Trial(fold=fold, seed=seed, edition=edition, **settings))
    return trials


def controls(edition: str) -> list[tuple[str, str, str, str]]:
    """Return row, variant, protocol and name of every control.

    Shuffled labels and the constant answer are run under both protocols; what the second branch
    adds under the clean one, for the row that all controls share and, but in the demo, for the
    submitted ones. The sequential network as run has no gender branch.
    """
    plans = []
    for name in ("labels shuffled", "always neutral"):
        plans += [(CONTROLLED, "as-run", protocol, name) for protocol in PROTOCOLS]
    for name in ("gender features only", "logistic regression"):
        plans.append((CONTROLLED, "as-run", "clean", name))
    for row in (CONTROLLED,) if edition == "demo" else (CONTROLLED, *SELECTED):
        for variant in VARIANTS:
            if (row, variant) != (SELECTED[0], "as-run"):
                plans.append((row, variant, "clean", "no gender branch"))
    return plans


def load(parameters: Parameters) -> Data:
    """Load the data of the edition."""
    if parameters.edition == "paper":
        refuse_paper(parameters)
    return load_edition(parameters.edition, encoder=encoder(parameters), device=parameters.device)


def refuse_paper(parameters: Parameters) -> None:
    """Refuse the paper's edition without the paper's corpora and a wav2vec 2.0 base model."""
    missing = lacking(("coraa-ser", "cetuc"))
    if encoder(parameters) == "none":
        missing.append(f"wav2vec 2.0 base embeddings ({BASE})")
    if missing:
        raise corpora.CorpusError(
            f"edition=paper: missing {', '.join(missing)}; the paper's own data are needed. "
            "Use edition=open or demo."
        )


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """List what a run trains: emotion networks, and the gender task unless one row is asked for."""
    emotion = Task(
        name="emotion",
        run=run,
        trials=grid(parameters, encoder=next(iter(data.embeddings), "none")),
        data=data,
        corpora=CORPORA,
        parts=extractors(),
        encoders={name: values.shape[1] for name, values in data.embeddings.items()},
        run_together=run_together,
        alike=alike,
    )
    return [emotion] if parameters.only else [emotion, gender_task(parameters)]


def gender_task(parameters: Parameters) -> Task:
    """Return the models of the auxiliary gender task, which reads tables of its own."""
    tables, seeds = load_gender(parameters.edition), parameters.run_seeds
    has_common_voice = tables.common_voice is not None
    return Task(
        name="gender",
        run=gender.run,
        trials=gender.grid(parameters.edition, seeds, common_voice=has_common_voice),
        data=tables,
        corpora=GENDER_CORPORA,
    )


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """Tell apart the code that a recorded trial runs through, by its settings."""
    if kind == "gender":
        return settings["row"], settings["protocol"]
    row = Configuration.of(settings["row"])
    training = (settings["variant"], settings["protocol"], settings["control"])
    inputs = (f"SMOTE {row.smote}", f"copies {row.copies}", f"embedding {row.embedding}")
    return (row.network, *training, *inputs)


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Leave the encoder out of the task of a recorded trial that reads none."""
    return {} if settings.get("encoder", "none") != "none" else {"encoder": "none"}


def manifest(parameters: Parameters) -> list:
    """Name the data of an edition by plain values, for the chapter's key."""
    if parameters.edition == "paper":
        refuse_paper(parameters)
    name = encoder(parameters)
    parts = [*extractors(), name if name == "none" else encoders.content(name)]
    if parameters.edition == "demo":
        return parts
    return [*contents(parameters.edition), *parts]
