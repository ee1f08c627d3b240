"""Paper 04, Padi et al. 2021: its parameters, its grid of trials.

One trial is in ``padi_trial``, its row and recipe in ``padi_rows``, its speaker recogniser in ``padi_speakers``, its data in
``padi_data``, a look into its network in ``padi_views``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from sercore import store
from sercore.features import speaker
from sercore.papers.padi2021 import campplus_trial as padi_campplus_trial
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import hours as padi_hours
from sercore.papers.padi2021 import speakers as padi_speakers
from sercore.papers.padi2021 import views as padi_views
from sercore.papers.padi2021.campplus_trial import Heard
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, extractors
from sercore.papers.padi2021.grid import DEMO, FULL, GRID, GROUPS, ROWS
from sercore.papers.padi2021.rows import Row
from sercore.papers.padi2021.trial import PROTOCOLS, Trial, run, trained
from sercore.parameters import (
    ChapterParameters,
    Device,
    Edition,
    FilePath,
    Precision,
    Scheduler,
    Seed,
    Seeds,
    WeightsPath,
)
from sercore.protocols import sessions
from sercore.sweep import Task, finished

NAME = "04-resnet-specaugment"
STUDY = "padi2021"
# Method number of each kind of trial: raised when its numbers move, and the kind is then recorded again.
METHODS = {"models": 1, "speakers": 1, "views": 1, "campplus": 1, "hours": 1}
EPOCHS = {
    "demo": 4,
    "open": 8,
    "paper": 20,
}  # of the emotion stage, three versions of each clip in each
PRETRAINING = {"demo": 3, "open": 20, "paper": 20}
READ = 20  # clips whose reading is timed
SIZE = {"demo": "small", "open": "published", "paper": "published"}


class Parameters(ChapterParameters):
    """Parameters of the chapter, checked before a kernel starts.

    The demo reads chunks of a fifth of the length with half the channels, and runs four of the eight systems on one fold: its
    values show that everything runs.
    """

    known_rows: ClassVar = ROWS

    edition: Edition = "demo"
    seeds: Seeds = 1
    seed: Seed = -1
    folds: int = Field(
        0,
        ge=0,
        le=sessions.FOLDS,
        description="the number of folds; 0 for all, in the demo for one",
    )
    experiment: Literal["all", "exp1", "exp2", "exp3"] = Field(
        "all", description="which classes; all for those that the data have"
    )
    protocol: Literal["all", "speakers-apart", "clips"] = Field(
        "speakers-apart",
        description="sessions or groups of speakers left out, or independent splits of clips",
    )
    models: Literal[
        "grid", "finetune", "pooling", "policies", "inputs", "parts", "encoder", "hours", "all"
    ] = Field(
        "grid",
        description="which rows a run trains: the eight systems, what is asked beside them, an encoder's; hours times steps",
    )
    only: str = Field("", description="the one row to run, by its name; empty for all")
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        description="passes over the training clips; 0 for the edition's own, 4, 8 or 20",
    )
    pretraining: int = Field(
        0,
        ge=0,
        le=1000,
        description="passes over the speakers' clips; 0 for the edition's own, 3 or 20",
    )
    size: Literal["auto", "published", "narrow", "small"] = Field(
        "auto", description="width of the network; narrow has half"
    )
    norm: Literal["segment", "conversation"] = Field(
        "segment", description="what spectrograms are normalised over"
    )
    vad: Literal["none", "energy"] = Field("none", description="whether quiet frames are left out")
    evaluate: Literal["full", "300"] = Field(
        "full", description="frames of a test clip that are read"
    )
    part: Literal["all", "improvised", "scripted"] = Field(
        "all", description="which part of IEMOCAP"
    )
    speakers: Literal["shared", "strict"] = Field(
        "shared", description="one speaker recogniser, or one per augmentation and pooling"
    )
    speaker_checkpoint: FilePath = Field(
        "", description="weights of a speaker recogniser trained elsewhere; empty to train one"
    )
    encoder: WeightsPath = Field(
        "none",
        description="the folder of the CAM++ speaker encoder, for rows of its own; none for no such rows",
    )
    scored: str = Field(
        "", description="the corpus that is scored, by its folder; empty for the edition's own"
    )
    taught: str = Field(
        "",
        description="the corpora whose speakers are learnt, parted by commas; empty for the edition's own",
    )
    control: Literal["none", "labels shuffled"] = Field(
        "none", description="whether training labels are shuffled, as a control"
    )
    precision: Precision = "auto"
    device: Device = "auto"
    scheduler: Scheduler = "none"

    @field_validator("evaluate", mode="before")
    @classmethod
    def _as_a_text(cls, frames: object) -> str:
        return str(frames)  # papermill reads 300 as a number

    @field_validator("speaker_checkpoint")
    @classmethod
    def _a_file(cls, name: str) -> str:
        if name and not Path(name).is_file():
            raise ValueError(
                f"{name}: no such file; expected weights as safetensors. Give the path of one, or leave it out."
            )
        return name

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        if self.models == "encoder" and self.encoder == "none":
            raise ValueError(
                "-p models=encoder: needs a speaker encoder, and none is given. Give its folder as -p encoder=…"
            )
        if not rows(self) and self.models not in ("encoder", "hours"):
            raise ValueError(
                f"-p only={self.only}: no row among -p models={self.models}; expected one that is. Leave one of the two out."
            )
        if self.speaker_checkpoint and self.speakers == "strict":
            raise ValueError(
                "-p speakers=strict: trains a recogniser for each system, and one is given. Leave one of the two out."
            )
        return self


def rows(parameters: Parameters) -> list[Row]:
    """Rows that a run trains, of those asked for, in the asked inputs; in the demo four of the eight unless one is named."""
    groups = GROUPS | (
        {"grid": DEMO} if parameters.edition == "demo" and not parameters.only else {}
    )
    chosen = [
        row for name, group in groups.items() if parameters.models in (name, "all") for row in group
    ]
    if parameters.only:
        chosen = [row for row in chosen if row.name == parameters.only]
    switched = {name: getattr(parameters, name) for name in ("norm", "vad", "evaluate", "part")}
    usual = asdict(Row())
    changed = {name: value for name, value in switched.items() if value != usual[name]}
    return list(
        dict.fromkeys(replace(row, **changed) for row in chosen)
    )  # switched, two rows may be one


def grid(parameters: Parameters, data: Data) -> list[Trial]:
    """Trials of a chapter: rows by where they are run."""
    size, precision = recipe(parameters)
    shared = {"size": size, "precision": precision}
    taught = (
        {"speakers": "given"}
        if parameters.speaker_checkpoint
        else {
            "pretraining": parameters.pretraining or PRETRAINING[parameters.edition],
            "speakers": parameters.speakers,
            "taught": "+".join(data.source.corpora),
        }
    )
    chosen = [
        asdict(row) | ({} if row.transfer == "none" else taught)
        for row in runnable(rows(parameters), data)
    ]
    return [Trial(**shared, **where, **row) for where in places(parameters, data) for row in chosen]


def places(parameters: Parameters, data: Data) -> list[dict[str, Any]]:
    """Where each row is run: seeds x experiments that the data can run x protocols x folds, and what all of them share."""
    missing = padi_data.missing(data)
    there = [name for name in experiments(parameters) if name not in missing]
    protocols = PROTOCOLS if parameters.protocol == "all" else (parameters.protocol,)
    about = {
        "edition": parameters.edition,
        "epochs": parameters.epochs or EPOCHS[parameters.edition],
        "control": parameters.control,
    }
    found = product(parameters.run_seeds, there, protocols, range(folds(parameters, data)))
    return [
        {**about, "seed": seed, "experiment": experiment, "protocol": protocol, "fold": fold}
        for seed, experiment, protocol, fold in found
    ]


def folds(parameters: Parameters, data: Data) -> int:
    """How many folds a run has: of those asked for, as many as there are groups of speakers."""
    wanted = parameters.folds or (1 if parameters.edition == "demo" else sessions.FOLDS)
    return min(wanted, len(sessions.groups(data.table)))


def recipe(parameters: Parameters) -> tuple[str, str]:
    """Size of the networks and precision of their training."""
    size = SIZE[parameters.edition] if parameters.size == "auto" else parameters.size
    precision = parameters.training_precision(parameters.edition)
    return size, precision


def experiments(parameters: Parameters) -> tuple[str, ...]:
    """Experiments that are asked for."""
    return EXPERIMENTS if parameters.experiment == "all" else (parameters.experiment,)


def runnable(chosen: Sequence[Row], data: Data) -> list[Row]:
    """Rows that these data can train: parts are IEMOCAP's alone."""
    parts = set(data.table["part"].dropna())
    return [row for row in chosen if row.part in {"all", *parts}]


def load(parameters: Parameters) -> Data:
    """Data of the edition.

    Raises:
        CorpusError: a corpus that is not there, or one that is scored and would teach speakers too.
    """
    return padi_data.load(
        parameters.edition,
        scored=parameters.scored,
        taught=taught(parameters),
        checkpoint=parameters.speaker_checkpoint,
    )


def taught(parameters: Parameters) -> tuple[str, ...]:
    """Corpora whose speakers are learnt, where they are named."""
    return tuple(filter(None, (name.strip() for name in parameters.taught.split(","))))


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """What a run trains, the speaker recognisers first, and whose networks it looks into: those with and without transfer."""
    if parameters.models == "hours":
        return [_timed(parameters, data)]
    trials = grid(parameters, data)
    about: dict[str, Any] = {"corpora": (data.table["corpus"].iloc[0],), "parts": extractors()}
    found = []
    recognisers = list(
        dict.fromkeys(
            trial.recogniser for trial in trials if trial.speakers in ("shared", "strict")
        )
    )
    if recognisers:
        told = {**about, "corpora": data.source.corpora}
        found.append(
            Task(
                name="speakers", run=padi_speakers.run, trials=recognisers, data=data.source, **told
            )
        )
    if trials:
        found.append(Task(name="models", run=run, trials=trials, data=data, **about))
    if parameters.models in ("encoder", "all") and parameters.encoder != "none":
        found.append(Task(name="campplus", **_on_encoder(parameters, data), **about))
    viewed = [
        trial
        for trial in trials
        if trial.row in padi_views.ROWS and trial.fold == 0 and trial.protocol == PROTOCOLS[0]
    ]
    if viewed:
        found.append(Task(name="views", run=padi_views.run, trials=viewed, data=data, **about))
    return found


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """What tells apart the code that a recorded trial runs through, by its settings; empty where it is timed alone."""
    names = {
        "models": ("transfer", "pooling", "norm", "vad", "evaluate", "control"),
        "speakers": ("pooling",),
        "views": ("transfer",),
        "campplus": ("pooling", "output", "control"),
    }
    return tuple(settings.get(name, "") for name in names.get(kind, ()))


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Parameters under which the task of a recorded trial is made."""
    return {"models": "encoder"} if kind == "campplus" else {"encoder": "none"}


def _timed(parameters: Parameters, data: Data) -> Task:
    """Single steps of the network in the size of the run, from which hours of the paper's edition follow."""
    size, precision = recipe(parameters)
    trial = padi_hours.Trial(edition=parameters.edition, size=size, precision=precision)
    files = padi_hours.Files(tuple(data.table["path"][:READ]))
    return Task(
        name="hours",
        run=padi_hours.run,
        trials=[trial],
        data=files,
        corpora=(data.table["corpus"].iloc[0],),
    )


def _on_encoder(parameters: Parameters, data: Data) -> dict[str, Any]:
    """Trials of a pretrained speaker encoder's rows, wherever this run's are, and what they read, made here first."""
    heard = Heard(data, speaker.load(parameters.encoder))
    found = [
        padi_campplus_trial.Trial(
            **asdict(row), **where, part=parameters.part, encoder=heard.encoder.name
        )
        for where in places(parameters, data)
        for row in padi_campplus_trial.ROWS.values()
    ]
    for row in padi_campplus_trial.ROWS.values():
        heard.prepare(row)
    return {
        "run": padi_campplus_trial.run,
        "trials": found,
        "data": heard,
        "encoders": {heard.encoder.name: padi_campplus_trial.WIDTH},
    }


def outcomes(parameters: Parameters, data: Data) -> tuple[list[Task], list[list[dict]]]:
    """Run what is not yet run; tasks and their trials' outcomes."""
    found = tasks(parameters, data)
    return found, finished(found, scheduler=parameters.scheduler, device=parameters.device)


def measure(parameters: Parameters, data: Data) -> dict[str, float]:
    """Clips by experiment, class and session, durations, speakers, by the name of what is measured."""
    return padi_data.measure(data)


def measured_on(data: Data) -> tuple[str, ...]:
    """Corpora that ``measure`` measures."""
    return tuple(sorted({*data.table["corpus"], *data.source.corpora}))


def manifest(parameters: Parameters) -> list:
    """Plain values that name the data of an edition, for the chapter's key."""
    given = store.content(parameters.speaker_checkpoint) if parameters.speaker_checkpoint else ""
    if parameters.edition == "demo":
        return [given, *extractors()]
    return [
        given,
        *padi_data.contents(
            parameters.edition, scored=parameters.scored, taught=taught(parameters)
        ),
        *extractors(),
    ]


__all__ = [
    "CLASSES",
    "EXPERIMENTS",
    "FULL",
    "GRID",
    "NAME",
    "ROWS",
    "Parameters",
    "experiments",
    "extractors",
    "folds",
    "grid",
    "load",
    "manifest",
    "measure",
    "measured_on",
    "outcomes",
    "places",
    "recipe",
    "rows",
    "run",
    "runnable",
    "tasks",
    "trained",
]
