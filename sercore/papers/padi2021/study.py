"""Padi et al. 2021 as the chapter runs it: its parameters, its grid of trials, its tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from sercore.corpora import LOADERS, TableError
from sercore.corpora.demo import scripts
from sercore.features import speaker
from sercore.features.mel import normalise_bands
from sercore.papers.padi2021 import campplus, pretraining
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.data import CLASSES, SPECTROGRAMS, Data
from sercore.papers.padi2021.trial import PROTOCOLS, Recogniser, Row, Trial
from sercore.parameters import (
    Device,
    Edition,
    FilePath,
    OwnTable,
    ParameterError,
    Precision,
    Scheduler,
    Seed,
    Seeds,
    WeightsPath,
    checked,
)
from sercore.protocols import own, sessions
from sercore.sweep import Task
from sercore.training.batching import Ragged

Epochs = Annotated[int, Field(ge=0, le=1000)]
NAME = "04-resnet-specaugment"
STUDY = "padi2021"
# Method number of each kind of trial: raised when its numbers move, and the kind is recorded again.
METHODS = {"models": 1, "speakers": 1, "views": 1, "campplus": 1}
# Epochs of the emotion stage, with three versions of a clip.
EPOCHS = {"demo": 4, "open": 8, "paper": 20, "own": 20}
PRETRAINING = {"demo": 3, "open": 20, "paper": 20, "own": 20}
SIZE = {"demo": "small", "open": "published", "paper": "published", "own": "published"}

NOBODY_TEACHES = (
    "no other corpus is here whose speakers a recogniser could learn; another one in the table, or"
    " one under SER_CORPORA that -p taught=… names, would teach it"
)

FULL = Row(transfer="frozen", augmentation="both")  # the paper's system
GRID = tuple(
    Row(transfer=transfer, augmentation=augmentation, pooling=pooling)
    for transfer in ("none", "frozen")
    for augmentation in ("none", "both")
    for pooling in ("flatten", "statistics")
)
EIGHT = tuple(row.name for row in GRID)
# By what `-p models=…` takes.
GROUPS = {
    "grid": GRID,
    "finetune": tuple(Row(transfer="finetune", augmentation=masks) for masks in ("none", "both")),
    "pooling": tuple(Row(transfer=transfer, pooling="mean") for transfer in ("none", "frozen")),
    "policies": tuple(Row(augmentation=policy) for policy in ("conservative", "aggressive")),
    "inputs": (
        replace(FULL, norm="conversation"),
        replace(FULL, vad="energy"),
        replace(FULL, evaluate="300"),
    ),
    "parts": tuple(replace(FULL, part=part) for part in ("improvised", "scripted")),
}
ROWS = {row.name: row for rows in GROUPS.values() for row in rows}
# What the demo runs: nothing, statistics pooling, all three without and with transfer.
DEMO = tuple(row for row in GRID if row.cell in ("000", "001", "011", "111"))
# Parameters of the speaker recogniser.
TRANSFER = ("pretraining", "speakers", "speaker_checkpoint", "taught")
# Masks and statistics pooling: random start, the speaker recogniser as it is, and trained on.
VIEWED = tuple(replace(FULL, transfer=transfer) for transfer in ("none", "frozen", "finetune"))


class Parameters(OwnTable):
    """Parameters of the chapter, checked before a kernel starts.

    The demo reads chunks of a fifth of the length with half the channels, and runs four of the
    eight systems on one fold: its values show that everything runs.
    """

    known_rows: ClassVar = ROWS | campplus.ROWS | campplus.SHORTER

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
        "grid", "finetune", "pooling", "policies", "inputs", "parts", "encoder", "lengths", "all"
    ] = Field(
        "grid",
        description="which rows a run trains: the eight systems, what is asked beside them, an"
        " encoder's, or an encoder's that read less of a test clip",
    )
    only: str = Field("", description="the one row to run, by its name; empty for all")
    epochs: Epochs = Field(
        0, description="passes over the training clips; 0 for the edition's own, 4, 8 or 20"
    )
    pretraining: Epochs = Field(
        0, description="passes over the speakers' clips; 0 for the edition's own, 3 or 20"
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
        "",
        description="the corpus that is scored, by its name; empty for the edition's own, or a table's only one",
    )
    taught: str = Field(
        "",
        description="the corpora whose speakers are learnt, parted by commas; empty for the"
        " edition's own or a table's, without the one that is scored",
    )
    control: Literal["none", "labels shuffled", "constant rate"] = Field(
        "none", description="a control: training labels shuffled, or a learning rate never halved"
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
                f"{name}: no such file; expected weights as safetensors. Give the path of one, or"
                " leave it out."
            )
        return name

    @model_validator(mode="after")
    def _fit_together(self) -> "Parameters":
        if self.models in campplus.GROUPS and self.encoder == "none":
            problem = "needs a speaker encoder, and none is given. Give its folder as -p encoder=…"
            raise ValueError(f"-p models={self.models}: {problem}")
        if self.classes and self.experiment != "all":
            raise ValueError(
                f"-p experiment={self.experiment}: has the paper's classes, and -p classes gives"
                " others. Leave one of the two out."
            )
        if not rows(self) and not encoder_rows(self):
            raise ValueError(
                f"-p only={self.only}: no row among -p models={self.models}; expected one that is."
                " Leave one of the two out."
            )
        known = scripts.NAMES if self.edition == "demo" else (*LOADERS, padi_data.VOXCELEB)
        for name, corpora in {"scored": (self.scored,), "taught": taught(self)}.items():
            strangers = [corpus for corpus in corpora if corpus and corpus not in known]
            if strangers and not self.table:
                raise ValueError(
                    f"-p {name}={getattr(self, name)}: no corpus {strangers[0]}; expected some of"
                    f" {', '.join(known)}. Correct the name."
                )
        self._nothing_without_effect()
        if self.speaker_checkpoint and self.speakers == "strict":
            raise ValueError(
                "-p speakers=strict: trains a recogniser for each system, and one is given."
                " Leave one of the two out."
            )
        return self

    def _nothing_without_effect(self) -> None:
        """Refuse what no row of the run reads."""
        which = f"-p only={self.only}" if self.only else f"-p models={self.models}"
        chosen, encoded = rows(self), encoder_rows(self)
        if not encoded:
            self.refuse_idle("encoder", beside=f"{which}, which reads none")
        if not chosen:
            names = ("size", "norm", "vad", "evaluate", "precision")
            self.refuse_idle(*names, beside=f"{which}, which trains no ResNet")
        elif all(row.pooling == "flatten" for row in chosen):
            self.refuse_idle("evaluate", beside=f"{which}, whose clips have one length")
        if all(row.transfer == "none" for row in chosen):
            self.refuse_idle(*TRANSFER, beside=f"{which}, which starts from no recogniser")
        if self.speaker_checkpoint:
            self.refuse_idle("pretraining", "taught", beside="-p speaker_checkpoint=…")
        epochs = self.epochs or EPOCHS[self.source]
        if not chosen and all(row.pooling in campplus.REGRESSIONS for row in encoded):
            self.refuse_idle("epochs", beside=f"{which}, which is fitted to its end")
            epochs = 0
        if self.control == "constant rate" and epochs <= padi_trial.CONSTANT:
            raise ValueError(
                f"-p control=constant rate: the rate is first halved after {padi_trial.CONSTANT}"
                f" epochs, and this run has {epochs}; expected more. Give -p epochs=…"
            )


def rows(parameters: Parameters) -> list[Row]:
    """Return the rows that a run trains, in the inputs that are asked for."""
    groups = dict(GROUPS)
    if parameters.source == "demo" and not parameters.only:
        groups["grid"] = DEMO
    names = groups if parameters.models == "all" else [parameters.models]
    chosen = [row for name in names for row in groups.get(name, ())]
    if parameters.only:
        chosen = [row for row in chosen if row.name == parameters.only]
    inputs = parameters.model_dump(
        include={"norm", "vad", "evaluate", "part"}, exclude_defaults=True
    )
    return list(dict.fromkeys(replace(row, **inputs) for row in chosen))  # two rows may become one


def encoder_rows(parameters: Parameters) -> list[campplus.Row]:
    """Return the rows on a pretrained encoder that a run trains."""
    groups = campplus.GROUPS.items() if parameters.encoder != "none" else ()
    chosen = [rows for name, rows in groups if parameters.models in (name, "all")]
    return [row for rows in chosen for name, row in rows.items() if parameters.only in ("", name)]


def grid(parameters: Parameters, data: Data) -> list[Trial]:
    """Return the trials of a chapter: rows by where they are run."""
    return _trials(parameters, data)[0]


def _trials(parameters: Parameters, data: Data) -> tuple[list[Trial], list[str]]:
    """Return the trials, of a researcher's clips those that these allow, and why not others."""
    shared = {
        "size": SIZE[parameters.source] if parameters.size == "auto" else parameters.size,
        "precision": parameters.training_precision(parameters.source),
    }
    taught = {"speakers": "given"}
    if not parameters.speaker_checkpoint:
        taught = {
            "pretraining": parameters.pretraining or PRETRAINING[parameters.source],
            "speakers": parameters.speakers,
            "taught": "+".join(data.source.corpora),
        }
    trials, asked = [], rows(parameters)
    chosen = runnable(asked, data)
    for place in places(parameters, data):
        for row in chosen:
            transfer = {} if row.transfer == "none" else taught
            trials.append(Trial(**place, **asdict(row), **transfer, **shared))
    if not parameters.table:
        return trials, []
    trials, sentences = own.possible(parameters, trials, partial(padi_trial.split, data=data))
    left_out = [row.name for row in asked if row not in chosen and row.part == "all"]
    if left_out:
        sentences.append(f"not run, {', '.join(left_out)}: {NOBODY_TEACHES}")
    if not trials and not encoder_rows(parameters):
        reasons = sentences or padi_data.missing(data).values() or ["no such part of a corpus"]
        raise TableError(
            f"{parameters.table}: {'; '.join(reasons)}. Add clips, or name another row"
        )
    return trials, sentences


def places(parameters: Parameters, data: Data) -> list[dict[str, Any]]:
    """Return where each row is run: seeds x possible experiments x protocols x folds."""
    missing, usual = padi_data.missing(data), padi_data.SCORED.get(parameters.source)
    wanted = data.classes if parameters.experiment == "all" else (parameters.experiment,)
    shared = {
        "corpus": "" if parameters.table or parameters.scored == usual else parameters.scored,
        "edition": parameters.source,
        "epochs": parameters.epochs or EPOCHS[parameters.source],
        "control": parameters.control,
    }
    varied = {
        "seed": parameters.run_seeds,
        "experiment": [name for name in wanted if name not in missing],
        "protocol": PROTOCOLS if parameters.protocol == "all" else (parameters.protocol,),
        "fold": range(folds(parameters, data)),
    }
    return [shared | dict(zip(varied, values, strict=True)) for values in product(*varied.values())]


def folds(parameters: Parameters, data: Data) -> int:
    """Return the number of folds: of those asked for, as many as there are groups of speakers."""
    wanted = parameters.folds or (1 if parameters.source == "demo" else sessions.FOLDS)
    if parameters.table and parameters.protocol == "clips":
        return wanted  # speakers need not be known
    return min(wanted, sessions.count(data.table))


def runnable(chosen: Sequence[Row], data: Data) -> list[Row]:
    """Return the rows that these data can train: parts are IEMOCAP's, transfer needs speakers."""
    parts, source = {"all", *data.table["part"].dropna()}, data.source
    starts = {"none", *(("frozen", "finetune") if source.names or source.checkpoint else ())}
    return [row for row in chosen if row.part in parts and row.transfer in starts]


def load(parameters: Parameters) -> Data:
    """Load the clips that are scored, their spectrograms, and the clips that teach speakers."""
    if parameters.table:
        corpus, others = padi_data.own_corpora(parameters, scored=parameters.scored)
        table, report = corpus.table, corpus.report
        classes, targets = padi_data.own_classes(parameters, corpus)
    else:
        table, report = padi_data.clips(parameters.edition, scored=parameters.scored)
        others, classes, targets = None, CLASSES, padi_data.targets(table)
    raw = Ragged.of(SPECTROGRAMS.rows(list(table["path"])))
    segments = Ragged.of(normalise_bands([raw.clip(row) for row in range(len(table))]))
    options = {"taught": taught(parameters), "checkpoint": parameters.speaker_checkpoint}
    source = pretraining.source(parameters.source, table, segments, own=others, **options)
    reports = (report, *source.reports)
    data = Data(table, raw, segments, classes, targets, source, reports=reports)
    if not parameters.table:
        return data
    problems = (*report.problems, *_trials(parameters, data)[1])
    return replace(data, reports=(replace(report, problems=problems), *source.reports))


def taught(parameters: Parameters) -> tuple[str, ...]:
    """Return the corpora whose speakers are learnt, where they are named."""
    return own.names(parameters.taught)


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """Return what a run trains, the speaker recognisers first, and whose networks it looks into."""
    tasks, trials = [], grid(parameters, data)
    parts, source = [SPECTROGRAMS.about()], data.source
    shared: dict[str, Any] = {"data": data, "corpora": (data.corpus,), "parts": parts}
    if recognisers := taught_by(trials):
        where = {"data": source, "corpora": source.corpora, "parts": parts}
        run = padi_trial.run_recogniser
        tasks.append(Task(name="speakers", run=run, trials=recognisers, **where))
    if trials:
        tasks.append(
            Task(
                name="models", run=padi_trial.run, trials=trials, splits=padi_trial.SPLITS, **shared
            )
        )
    if encoder_rows(parameters):
        tasks.append(_on_encoder(parameters, data, shared))
    viewed = []
    for system in trials:
        if system.row in VIEWED and (system.fold, system.protocol) == (0, PROTOCOLS[0]):
            viewed.append(system)
    if viewed:
        tasks.append(Task(name="views", run=padi_trial.run_views, trials=viewed, **shared))
    return tasks


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """Tell apart the code that a recorded trial runs through; empty for a retired kind."""
    names = {
        "models": ("transfer", "pooling", "norm", "vad", "evaluate", "control"),
        "speakers": ("pooling",),
        "views": ("transfer",),
        "campplus": ("pooling", "output", "control"),
    }
    return tuple(settings.get(name, "") for name in names.get(kind, ()))


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters under which the task of a recorded trial is made."""
    is_whole = str(settings.get("evaluate", "")) in ("", "nan")
    on_encoder = {"models": "encoder" if is_whole else "lengths"}
    return on_encoder if kind == "campplus" else {"encoder": "none"}


def manifest(parameters: Parameters) -> list:
    """Name the data of an edition by plain values, for the chapter's key."""
    names: list[Any] = [pretraining.weights(parameters.speaker_checkpoint)]
    if parameters.table:
        scored, here = padi_data.own_corpora(parameters, scored=parameters.scored)
        elsewhere = tuple(name for name in taught(parameters) if name not in here)
        for corpus in (scored, *here.values()):
            names += own.contents(corpus)
        names += pretraining.contents("own", taught=elsewhere) if elsewhere else []
    elif parameters.edition != "demo":
        edition, name = parameters.edition, parameters.scored
        names += padi_data.contents(edition, scored=name)
        names += pretraining.contents(edition, scored=name, taught=taught(parameters))
    return [*names, SPECTROGRAMS.about()]


def pretrain(given: Mapping[str, object], *, workers: int = 0) -> list[dict]:
    """Train the speaker recognisers that a run of these parameters starts from, and keep them."""
    parameters = checked(Parameters, given)
    if parameters.speaker_checkpoint:
        raise ParameterError(
            f"-p speaker_checkpoint={parameters.speaker_checkpoint}: a recogniser that is trained"
            " already; expected none. Leave it out to train one."
        )
    data = load(parameters)
    recognisers = taught_by(grid(parameters, data))
    if not recognisers:
        raise ParameterError(
            f"-p models={parameters.models} -p only={parameters.only}: no row with transfer;"
            " expected one or more, since they alone start from a recogniser. Leave them out."
        )
    return pretraining.train(recognisers, data.source, device=parameters.device, workers=workers)


def taught_by(trials: Sequence[Trial]) -> list[Recogniser]:
    """Return the speaker recognisers that are trained for these trials."""
    systems = [system for system in trials if system.speakers in ("shared", "strict")]
    return list(dict.fromkeys(system.recogniser for system in systems))


def _on_encoder(parameters: Parameters, data: Data, shared: Mapping[str, Any]) -> Task:
    """Train the rows of a pretrained speaker encoder; what they read is made here first."""
    encoded = campplus.Encoded(data, speaker.load(parameters.encoder))
    chosen, name = encoder_rows(parameters), encoded.encoder.name
    about = {"part": parameters.part, "encoder": name}
    pairs = product(places(parameters, data), chosen)
    trials = [campplus.Trial(**asdict(row), **place, **about) for place, row in pairs]
    for row in chosen:
        encoded.prepare(row)
    settings = shared | {"data": encoded, "encoders": {name: campplus.WIDTH}}
    splits = replace(
        padi_trial.SPLITS, sides=lambda trial, clips: padi_trial.sides(trial, clips.data)
    )
    return Task(name="campplus", run=campplus.run, trials=trials, splits=splits, **settings)
