"""Paper 03, Biagini 2022: its parameters, its grid of trials, and its tasks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from sercore import corpora, encoders
from sercore.corpora.labels import SEVEN, seven_classes
from sercore.papers.biagini2022 import data, difficulty, inputs, models, views
from sercore.papers.biagini2022.data import Data
from sercore.papers.biagini2022.models import GROUPS, ROWS, TUNED, Row, TunedRow, weights_of
from sercore.papers.biagini2022.trial import (
    HOLD_OUTS,
    SPLITS,
    Trial,
    Tuned,
    run,
    sides,
    with_weights,
)
from sercore.parameters import (
    Device,
    Edition,
    Encoder,
    OwnCorpora,
    Precision,
    Scheduler,
    Seed,
    Seeds,
    WeightsPath,
)
from sercore.protocols import own, speakers
from sercore.sweep import Task

NAME = "03-loopq-models"
STUDY = "biagini2022"
# Method number of each kind of trial: raised when its numbers move, and it is then recorded again.
METHODS = {"models": 1, "views": 1, "saliency": 1, "across corpora": 1, "tuned": 1}
METHODS |= dict.fromkeys(difficulty.TASKS, 1)
CLASSES = SEVEN
VIEWED = "CNNLSTM fixed"  # the network that is looked into
VIEWED_SPLITS = ("by-origin", "speaker-independent")
EPOCHS = {"demo": 8, "open": 30, "paper": 30, "own": 30}


class Parameters(OwnCorpora):
    """Parameters of the chapter, checked before a kernel starts.

    The demo trains the published code with fewer channels on inputs of 2 s in 40 bands
    (``models.SMALL``, ``inputs.SHAPES``) for eight epochs: its values show that everything runs.
    """

    known_rows: ClassVar = (*ROWS, *TUNED, *models.RECIPES)

    edition: Edition = "demo"
    seeds: Seeds = 1
    folds: int = Field(
        1,
        ge=1,
        le=speakers.FOLDS,
        description="the number of folds of speakers, of those there are",
    )
    epochs: int = Field(
        0,
        ge=0,
        le=300,
        description="the cap of epochs for all models; 0 for the edition's own, 8 or 30",
    )
    models: Literal["all", "scratch", "pretrained", "switches", "tuned", *difficulty.TASKS] = Field(
        "all",
        description="which rows a run trains; all has the tuned ones in the paper's edition alone,"
        " and not the small classifiers of difficulty, pretraining and references",
    )
    only: str = Field("", description="the one row or model to run, by its name; empty for all")
    protocol: Literal["all", "by-origin", "by-label", "speaker-independent", "across-corpora"] = (
        Field("all", description="how clips are split")
    )
    seed: Seed = -1
    loopq_labels: bool = Field(
        False, description="whether SAVEE's sadness counts as anger, as in the competition's data"
    )
    precision: Precision = "auto"
    device: Device = "auto"
    scheduler: Scheduler = "none"
    encoder: Encoder = "auto"
    pictures: WeightsPath = Field(
        "auto",
        description="the tuned ConvNeXt by hub id or folder, none, or auto for the edition's own",
    )

    @model_validator(mode="after")
    def _nothing_without_effect(self) -> "Parameters":
        models = f"-p models={self.models}"
        which = f"-p only={self.only}" if self.only else models
        if self.source == "demo":
            self.refuse_idle("loopq_labels", beside="-p edition=demo, which has no SAVEE")
        if self.models in difficulty.TASKS:
            self.refuse_idle("only", "protocol", "epochs", "precision", beside=models)
            encoded = [row for row in difficulty.TASKS[self.models][0] if row.is_encoded]
        else:
            if self.models == "switches" and not self.only:
                self.refuse_idle("seeds", beside=f"{models}, which has one seed")
            chosen = [*rows(self, encoder="some"), *requested_tuned(self)]
            places = product(chosen, self.run_seeds)
            protocols = {name for place in places for name in _protocols(self, *place)}
            if chosen and not protocols:
                raise ValueError(
                    f"-p protocol={self.protocol}: no row of {which} is"
                    f" tried so with seed {self.run_seeds[0]}; expected one that is. Leave one of"
                    " them out."
                )
            if "speaker-independent" not in protocols:
                self.refuse_idle("folds", beside="trials of which none leaves speakers out")
            encoded = [row for row in chosen if row.weights or row.is_encoded]
            if "pictures" not in weights_of(requested_tuned(self)) and self.pictures != "none":
                self.refuse_idle("pictures", beside=f"{models}, which tunes no ConvNeXt")
        if not encoded and self.encoder != "none":
            self.refuse_idle("encoder", beside=f"{which}, which reads none")
        return self

    @model_validator(mode="after")
    def _rows_that_can_be_run(self) -> "Parameters":
        if rows(self, encoder=encoder(self)) or tuned(self) or self.models in difficulty.TASKS:
            return self
        if rows(self, encoder="some"):
            problem = (
                "reads a speech encoder's frames, and none is here; expected one by hub id or"
                " folder. Give -p encoder=…"
            )
        elif requested_tuned(self):
            problem = (
                "tunes pretrained weights, and not all are here; expected a speech encoder and, for"
                " MMFUSION, a ConvNeXt, by hub id or folder. Give -p encoder=… and -p pictures=…"
            )
        else:
            problem = (
                f"no row among -p models={self.models}; expected one that is."
                " Leave one of the two out."
            )
        choice = f"-p only={self.only}" if self.only else f"-p models={self.models}"
        raise ValueError(f"{choice}: {problem}")


def encoder(parameters: Parameters) -> str:
    """Frozen speech encoder of a run; "none" where the edition's own is not on this machine."""
    if parameters.encoder != "auto":
        return parameters.encoder
    if parameters.source == "demo":
        return "random"
    address = models.PUBLISHED["MMFUSION"]  # where it is frozen, HUBERTFT reads it too
    return address if encoders.cached(address) else "none"


def rows(parameters: Parameters, *, encoder: str) -> list[Row]:
    """Rows that a run trains, without those that need an encoder where it is "none"."""
    chosen = []
    for name, group in GROUPS.items():
        if parameters.models in ("all", name):
            chosen += group
    if parameters.only in ROWS:
        chosen = [row for row in chosen if row.name == parameters.only]
    elif parameters.only:
        switches = GROUPS["switches"] if parameters.models != "switches" else ()
        chosen = [row for row in chosen if row.model == parameters.only and row not in switches]
    return [row for row in chosen if encoder != "none" or not row.is_encoded]


def requested_tuned(parameters: Parameters) -> list[TunedRow]:
    """Tuned rows that a run asks for, whether their weights are there or not.

    "tuned" asks for them in every edition, "all" in the paper's alone, or by the name of a row.
    """
    if parameters.models == "all":
        if parameters.source != "paper" and parameters.only not in TUNED:
            return []
    elif parameters.models != "tuned":
        return []
    return [row for row in TUNED.values() if parameters.only in ("", row.name, row.model)]


def tuned(parameters: Parameters) -> list[TunedRow]:
    """Tuned rows that a run trains: those asked for whose weights are there."""
    places = addresses(parameters)
    asked = requested_tuned(parameters)
    return [row for row in asked if "none" not in [places[name] for name in row.weights]]


def addresses(parameters: Parameters) -> dict[str, str]:
    """Hub id, folder, "random" or "none" of the weights of the tuned rows that are asked for."""
    places = {}
    for name in weights_of(requested_tuned(parameters)):
        address = parameters.pictures if name == "pictures" else parameters.encoder
        if address == "auto":
            address = models.published_address(name, parameters.source)
        places[name] = address
    return places


def grid(
    parameters: Parameters,
    *,
    encoder: str = "none",
    folds: int = speakers.FOLDS,
    sources: Sequence[str] = (),
) -> list[Trial]:
    """Trials of a chapter, without the tuned ones: seeds x rows x protocols x folds of the data.

    Rates, augmentations and shuffled labels are tried by origin, shuffled labels by speaker too: at
    seed 0, at another only where one such row is asked for by its name. The encoder is that whose
    frames the data have; "none" leaves out the rows that need one. ``sources`` train across corpora
    in turn (default: the edition's).
    """
    chosen = rows(parameters, encoder=encoder)
    return [
        Trial(**settings, encoder=encoder if row.is_encoded else "none")
        for row, settings in _settings(parameters, chosen, folds, sources)
    ]


def _settings(
    parameters: Parameters, chosen: Sequence[Row], n_folds: int, sources: Sequence[str] = ()
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each trial's row and settings, but for the encoder."""
    edition = parameters.source
    sources = sources or [data.SOURCES.get(edition, "all")]
    shared = _shared(parameters) | {
        "epochs": parameters.epochs or EPOCHS[edition],
        "precision": parameters.training_precision(edition),
    }
    for seed, row in product(parameters.run_seeds, chosen):
        for protocol in _protocols(parameters, row, seed):
            by_speaker, is_across = protocol == "speaker-independent", protocol == "across-corpora"
            folds = range(min(parameters.folds, n_folds) if by_speaker else 1)
            for fold, source in product(folds, sources if is_across else ["all"]):
                place = {"protocol": protocol, "fold": fold, "source": source, "seed": seed}
                yield row, asdict(row) | shared | place


def _shared(parameters: Parameters) -> dict[str, str]:
    """Settings that all trials of a run have."""
    labels = "loopq" if parameters.loopq_labels else "own"
    return {"edition": parameters.source, "labels": labels, "size": size(parameters)}


def _protocols(parameters: Parameters, row: Row, seed: int) -> list[str]:
    """Protocols under which a row is tried with a seed."""
    tried = [*HOLD_OUTS, "speaker-independent"]
    if row in GROUPS["switches"]:
        if seed != 0 and parameters.only != row.name:
            return []
        tried = ["by-origin"]
        if row.control != "none":
            tried.append("speaker-independent")
    elif row.name in models.ACROSS:
        tried.append("across-corpora")
    return [name for name in tried if parameters.protocol in ("all", name)]


def size(parameters: Parameters) -> str:
    """Size of inputs and networks: small in the demo."""
    return "small" if parameters.source == "demo" else "published"


def load(parameters: Parameters) -> Data:
    """Load the data of the edition, with the inputs of the rows that a run trains.

    Raises:
        CorpusError: a corpus that is not there; of the paper's edition all that is missing.
    """
    if parameters.source == "paper":
        data.refuse_paper(addresses(parameters))
    clips = _loaded(parameters, rows(parameters, encoder=encoder(parameters)))
    if parameters.table:
        (report,) = clips.reports
        _, sentences = _trials(parameters, clips)
        problems = (*report.problems, *sentences)
        return replace(clips, reports=(replace(report, problems=problems),))
    if parameters.protocol not in ("all", "across-corpora"):
        return clips
    return replace(clips, reports=(*clips.reports, *data.reports_elsewhere(parameters.edition)))


def load_elsewhere(parameters: Parameters) -> Data:
    """Load the clips that ``load`` loads together with those of corpora that are only tested."""
    return _loaded(parameters, rows(parameters, encoder=encoder(parameters)), elsewhere=True)


def _read_own(parameters: Parameters) -> corpora.Corpus:
    usual = seven_classes(loopq_labels=parameters.loopq_labels)
    return own.read(parameters, classes=usual, unseen=own.names(parameters.unseen))


def _loaded(
    parameters: Parameters,
    chosen: Sequence[Row],
    *,
    elsewhere: bool = False,
    only: Sequence[str] = (),
) -> Data:
    corpus, unseen = None, own.names(parameters.unseen)
    if parameters.table:
        corpus = _read_own(parameters)
        only = () if elsewhere else sorted(set(corpus.table["corpus"]) - set(unseen))
    loaded = data.load(
        parameters.source,
        {kind for row in chosen for kind in row.inputs},
        size=size(parameters),
        loopq_labels=parameters.loopq_labels,
        encoder=encoder(parameters),
        device=parameters.device,
        elsewhere=elsewhere,
        only=only,
        own=corpus,
    )
    return replace(loaded, unseen=unseen) if elsewhere else loaded


def tasks(parameters: Parameters, clips: Data) -> list[Task]:
    """List what a run trains and looks into, within its corpora and from one on all others."""
    trials, _ = _trials(parameters, clips)
    within = [trial for trial in trials if trial.protocol != "across-corpora"]
    beyond = [trial for trial in trials if trial.protocol == "across-corpora"]
    viewed = [trial for trial in within if trial.row.name == VIEWED]
    mapped = [trial for trial in viewed if trial.fold == 0 and trial.protocol in VIEWED_SPLITS]
    explained = [trial for trial in viewed if trial.protocol == VIEWED_SPLITS[1]]
    kinds = (("models", run), ("views", views.run), ("saliency", views.explain))
    jobs = []
    for (name, function), chosen in zip(kinds, (within, mapped, explained), strict=True):
        if chosen:
            jobs.append(_task(name, function, chosen, clips))
    if beyond:
        read = list(dict.fromkeys(trial.row for trial in beyond))
        wider = _loaded(parameters, read, elsewhere=True)
        jobs.append(_task("across corpora", run, beyond, wider))
    if chosen := [row for row in tuned(parameters) if _protocols(parameters, row, 0)]:
        jobs.append(_tuned_task(parameters, chosen))
    if parameters.models in difficulty.TASKS:
        jobs.append(_classifiers_task(parameters))
    return jobs


def _trials(parameters: Parameters, clips: Data) -> tuple[list[Trial], list[str]]:
    """List the trials, of a researcher's clips those that these allow, and say why not others."""
    if not parameters.table:
        folds = speakers.count(clips.table)
        return grid(parameters, encoder=clips.encoder, folds=folds), []
    table, unseen = clips.table, own.names(parameters.unseen)
    sources = () if unseen else tuple(sorted(set(table["corpus"])))
    folds = parameters.folds  # a fold that does not exist is told
    trials = grid(parameters, encoder=clips.encoder, folds=folds, sources=sources)
    within = [trial for trial in trials if trial.protocol != "across-corpora" or not unseen]
    beyond = [trial for trial in trials if trial not in within]
    chosen, reasons = own.possible(parameters, within, partial(sides, data=clips))
    return chosen + beyond, reasons


def _task(name: str, function: Callable[..., dict], trials: Sequence[Trial], clips: Data) -> Task:
    frames = [clips.inputs[kind] for kind in inputs.FRAMES if kind in clips.inputs]
    return Task(
        name=name,
        run=function,
        trials=trials,
        data=clips,
        corpora=measured_on(clips),
        parts=inputs.extractors(),
        encoders={clips.encoder: frames[0].values.shape[1]} if frames else {},
        splits=None if function in (views.run, views.explain) else SPLITS,
    )


def _tuned_task(parameters: Parameters, chosen: Sequence[TunedRow]) -> Task:
    clips = with_weights(_loaded(parameters, chosen), chosen, addresses(parameters))
    trials = [
        Tuned(**settings, **clips.named(row))
        for row, settings in _settings(parameters, chosen, speakers.count(clips.table))
    ]
    widths = {weights.name: weights.width for weights in clips.weights.values() if weights.width}
    task = _task("tuned", run, trials, clips)
    return replace(task, encoders=widths, fills_a_gpu=True)


def _classifiers_task(parameters: Parameters) -> Task:
    chosen, only = difficulty.TASKS[parameters.models]
    is_here = encoder(parameters) != "none"
    chosen = [row for row in chosen if is_here or not row.is_encoded]
    if parameters.source in ("demo", "own"):
        only = ()
    clips = _loaded(parameters, chosen, elsewhere=True, only=only)
    folds = parameters.folds
    if not parameters.table:
        folds = min(folds, speakers.count(clips.table))
    settings = {"seeds": parameters.run_seeds, "folds": folds, **_shared(parameters)}
    trials = list(difficulty.grid(chosen, clips, **settings))
    if parameters.table:
        trials, _ = own.possible(parameters, trials, partial(sides, data=clips))
    task = _task(parameters.models, difficulty.run, trials, clips)
    return replace(task, data=difficulty.summarised(clips))


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """Tell apart the code that a recorded trial runs through, by its settings."""
    return tuple(settings[name] for name in ("model", "variant", "augmentation", "control"))


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Give the parameters under which the task of a recorded trial is made: its row's alone."""
    unread = {
        name: "none" for name in ("encoder", "pictures") if settings.get(name, "none") == "none"
    }
    if kind in difficulty.TASKS:
        return {"models": kind} | unread
    changes = {name: settings[name] for name in ("rates", "augmentation", "control")}
    row = Row(model=settings["model"], variant=settings["variant"], **changes)
    return {"only": row.name, "models": "all"} | unread


def manifest(parameters: Parameters) -> list:
    """Name the data of an edition by plain values, for the chapter's key."""
    if parameters.source == "paper":
        data.refuse_paper(addresses(parameters))
    frozen, places = encoder(parameters), addresses(parameters)
    parts = [*inputs.extractors(), frozen if frozen == "none" else encoders.content(frozen)]
    for name in weights_of(tuned(parameters)):
        parts.append([name, models.weights_content(name, places[name])])
    if parameters.table:
        return [*own.contents(_read_own(parameters)), *parts]
    if parameters.edition == "demo":
        return parts
    return [*data.contents(parameters.edition, loopq_labels=parameters.loopq_labels), *parts]


def measure(parameters: Parameters, clips: Data) -> dict[str, float]:
    """Measure the corpora, by "row / column / metric" of the printed number, and the texts seen."""
    values = data.measure(clips.table) | data.sampling_rates(clips.table)
    for name, share in data.texts_seen(clips.table, 0).items():
        if not np.isnan(share):
            values[f"texts seen / {name} / share"] = share
    return values


def measured_on(clips: Data) -> tuple[str, ...]:
    """Name the corpora that ``measure`` measures."""
    return tuple(sorted(clips.table["corpus"].unique()))
