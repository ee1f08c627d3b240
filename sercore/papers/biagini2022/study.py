"""Paper 03, Biagini 2022: its parameters, its grid of trials.

One trial is in ``loopq_trial``, its row and rates in ``loopq_rows``, its network in ``loopq_networks``, its data in ``loopq_data``;
one that tunes pretrained weights in ``loopq_tuned``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from sercore import corpora, encoders
from sercore.corpora.folders import lacking as lacking_corpora
from sercore.corpora.labels import SEVEN
from sercore.papers.biagini2022 import data as loopq_data
from sercore.papers.biagini2022 import frames as loopq_frames
from sercore.papers.biagini2022 import pretrained as loopq_pretrained
from sercore.papers.biagini2022 import tuned as loopq_tuned
from sercore.papers.biagini2022 import views as loopq_views
from sercore.papers.biagini2022.batches import Data
from sercore.papers.biagini2022.data import extractors
from sercore.papers.biagini2022.rows import ACROSS, GROUPS, RECIPES, ROWS, Row
from sercore.papers.biagini2022.trial import PROTOCOLS, Trial, run, trained
from sercore.papers.biagini2022.tuned import Tuned
from sercore.papers.biagini2022.tuned_rows import TUNED, TunedRow, asked, weights_of
from sercore.parameters import (
    ChapterParameters,
    Device,
    Edition,
    Encoder,
    Precision,
    Scheduler,
    Seed,
    Seeds,
    WeightsPath,
)
from sercore.protocols import speakers
from sercore.sweep import Task, finished
from sercore.training.loop import choose

NAME = "03-loopq-models"
STUDY = "biagini2022"
# Method number of each kind of trial: raised when its numbers move, and the kind is then recorded again.
METHODS = {"models": 1, "views": 1, "across corpora": 1, "tuned": 1}
CORPORA = ("ravdess", "tess", "savee", "crema-d")
CLASSES = SEVEN
VIEWED, VIEWED_SPLITS = (
    "CNNLSTM fixed",
    ("by-origin", "speaker-independent"),
)  # the network that is looked into
EPOCHS = {"demo": 8, "open": 30, "paper": 30}
BASE = loopq_pretrained.PUBLISHED["MMFUSION"]  # where it is frozen, HUBERTFT reads it too


class Parameters(ChapterParameters):
    """Parameters of the chapter, checked before a kernel starts.

    The demo trains the published code with fewer channels on inputs of 2 s in 40 bands (``loopq_networks.SMALL``,
    ``loopq_inputs.SHAPES``) for eight epochs: its values show that everything runs.
    """

    known_rows: ClassVar = (*ROWS, *TUNED, *RECIPES)

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
    models: Literal["all", "scratch", "pretrained", "switches", "tuned"] = Field(
        "all",
        description="which rows a run trains; all has the tuned ones in the paper's edition alone",
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
    def _rows_that_can_be_run(self) -> "Parameters":
        if not rows(self, encoder=encoder(self)) and not tuned(self):
            told = f"-p only={self.only}" if self.only else f"-p models={self.models}"
            why = f"no row among -p models={self.models}; expected one that is. Leave one of the two out."
            if rows(self, encoder="some"):
                why = "reads a speech encoder's frames, and none is here; expected one by hub id or folder. Give -p encoder=…"
            elif asked(self.models, self.only, self.edition):
                why = "tunes pretrained weights, and not all are here; expected a speech encoder and, for MMFUSION, a ConvNeXt, by "
                why += "hub id or folder. Give -p encoder=… and -p pictures=…"
            raise ValueError(f"{told}: {why}")
        return self


def encoder(parameters: Parameters) -> str:
    """Frozen speech encoder of a run, as ``encoders.load`` takes it: "none" where the edition's own is not on this machine."""
    if parameters.encoder != "auto":
        return parameters.encoder
    if parameters.edition == "demo":
        return "random"
    return BASE if encoders.cached(BASE) else "none"


def rows(parameters: Parameters, *, encoder: str) -> list[Row]:
    """Rows that a run trains: those asked for, without those that need an encoder where there is none."""
    chosen = [
        row for name, group in GROUPS.items() if parameters.models in ("all", name) for row in group
    ]
    if parameters.only in ROWS:
        chosen = [row for row in chosen if row.name == parameters.only]
    elif parameters.only:
        changed = GROUPS["switches"] if parameters.models != "switches" else ()
        chosen = [row for row in chosen if row.model == parameters.only and row not in changed]
    return [row for row in chosen if encoder != "none" or not _encoded(row)]


def tuned(parameters: Parameters) -> list[TunedRow]:
    """Rows that a run trains with their pretrained parts tuned: those asked for, without those whose weights are not there."""
    where = addresses(parameters)
    wanted = asked(parameters.models, parameters.only, parameters.edition)
    return [row for row in wanted if "none" not in [where[what] for what in row.weights]]


def addresses(parameters: Parameters) -> dict[str, str]:
    """Where the weights of the tuned rows that are asked for are, by what reads them; see ``loopq_pretrained``."""
    names = weights_of(asked(parameters.models, parameters.only, parameters.edition))
    return loopq_pretrained.addresses(
        names, parameters.edition, encoder=parameters.encoder, pictures=parameters.pictures
    )


def grid(
    parameters: Parameters, *, encoder: str = "none", folds: int = speakers.FOLDS
) -> list[Trial]:
    """Trials of a chapter, without the tuned ones: seeds x rows x protocols x folds.

    Rates, augmentations and shuffled labels are tried by origin, shuffled labels by speaker too: at seed 0, at another only where
    one such row is asked for by its name.

    Args:
        parameters: of the chapter.
        encoder: name of the encoder whose frames the data hold; "none" (default) leaves the rows that need one out.
        folds: of speakers that the data have (default 6).
    """
    chosen = rows(parameters, encoder=encoder)
    return [
        Trial(**settings, encoder=encoder if _encoded(row) else "none")
        for row, settings in _settings(parameters, chosen, folds)
    ]


def _settings(
    parameters: Parameters, chosen: Sequence[Row], folds: int
) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Each trial's row and settings, but for the encoder."""
    edition, demo = parameters.edition, parameters.edition == "demo"
    shared = {
        "edition": edition,
        "labels": "loopq" if parameters.loopq_labels else "own",
        "epochs": parameters.epochs or EPOCHS[edition],
        "size": "small" if demo else "published",
        "precision": parameters.training_precision(edition),
    }
    for seed in parameters.run_seeds:
        for row in chosen:
            for protocol in _protocols(parameters, row, seed):
                source = loopq_data.SOURCES[edition] if protocol == "across-corpora" else "all"
                for fold in range(
                    min(parameters.folds, folds) if protocol == "speaker-independent" else 1
                ):
                    yield (
                        row,
                        asdict(row)
                        | shared
                        | {"protocol": protocol, "fold": fold, "source": source, "seed": seed},
                    )


def load(parameters: Parameters) -> Data:
    """Data of the edition, with the inputs of the rows that a run trains.

    Raises:
        CorpusError: a corpus that is not there; for "paper" the sentence lists every one, and weights likewise.
    """
    if parameters.edition == "paper":
        refuse_paper(parameters)
    data = _loaded(parameters, rows(parameters, encoder=encoder(parameters)))
    beyond = (
        loopq_data.reports_elsewhere(parameters.edition)
        if parameters.protocol in ("all", "across-corpora")
        else ()
    )
    return replace(data, reports=(*data.reports, *beyond))


def _loaded(parameters: Parameters, read: Sequence[Row], *, elsewhere: bool = False) -> Data:
    kinds = {kind for row in read for kind in row.inputs}
    return loopq_data.load(
        parameters.edition,
        kinds,
        size="small" if parameters.edition == "demo" else "published",
        loopq_labels=parameters.loopq_labels,
        encoder=encoder(parameters),
        device=parameters.device,
        elsewhere=elsewhere,
    )


def refuse_paper(parameters: Parameters) -> None:
    """Say what the paper's edition lacks: it takes the four corpora that the competition's data were drawn from, and the weights.

    Raises:
        CorpusError: something is missing; the sentence lists all of it.
    """
    where = addresses(parameters)
    lacking = lacking_corpora(CORPORA)
    lacking += [
        f"{name} (weights)"
        for what, name in where.items()
        if name != "none" and not loopq_pretrained.there(what, name)
    ]
    if lacking:
        raise corpora.CorpusError(
            f"edition=paper: missing {', '.join(lacking)}; the paper's own corpora are needed, and the weights that its tuned rows "
            "start from. Use edition=open or demo, or get them; weights are downloaded once with HF_HUB_OFFLINE=0."
        )


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """What a run trains and looks into: on the edition's corpora, and on one of them to be tested on all others, maybe more."""
    trials = grid(parameters, encoder=data.encoder, folds=speakers.count(data.table))
    inside = [trial for trial in trials if trial.protocol != "across-corpora"]
    beyond = [trial for trial in trials if trial.protocol == "across-corpora"]
    found = [_task("models", run, inside, data)] if inside else []
    seen = [
        trial
        for trial in inside
        if trial.row.name == VIEWED and trial.protocol in VIEWED_SPLITS and trial.fold == 0
    ]
    if seen:
        found.append(_task("views", loopq_views.run, seen, data))
    if beyond:
        read = list(dict.fromkeys(trial.row for trial in beyond))
        found.append(
            _task("across corpora", run, beyond, _loaded(parameters, read, elsewhere=True))
        )
    if again := [row for row in tuned(parameters) if _protocols(parameters, row, 0)]:
        found.append(_tuned_task(parameters, again))
    return found


def _task(name: str, run: Callable[..., dict], trials: list[Trial], data: Data) -> Task:
    framed = [data.inputs[kind] for kind in loopq_frames.KINDS if kind in data.inputs]
    widths = {data.encoder: framed[0].values.shape[1]} if framed else {}
    return Task(
        name=name,
        run=run,
        trials=trials,
        data=data,
        corpora=measured_on(data),
        parts=extractors(),
        encoders=widths,
    )


def _tuned_task(parameters: Parameters, chosen: Sequence[TunedRow]) -> Task:
    data = loopq_tuned.joined(_loaded(parameters, chosen), chosen, addresses(parameters))
    trials = [
        Tuned(**each, **data.named(row))
        for row, each in _settings(parameters, chosen, speakers.count(data.table))
    ]
    widths = {each.name: each.width for each in data.weights.values() if each.width}
    return replace(_task("tuned", loopq_tuned.run, trials, data), encoders=widths)


def code_path(kind: str, settings: Mapping[str, Any]) -> tuple:
    """What tells apart the code that a recorded trial runs through, by its settings."""
    return tuple(settings[name] for name in ("model", "variant", "augmentation", "control"))


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Parameters under which the task of a recorded trial is made: those of its row alone, to load no other's inputs."""
    rates = "paper's rates" if settings["rates"] == "paper" else ""
    changed = [
        rates,
        *(settings[name] for name in ("augmentation", "control") if settings[name] != "none"),
    ]
    about = {
        "only": ", ".join(filter(None, [f"{settings['model']} {settings['variant']}", *changed])),
        "models": "all",
    }
    return about if settings.get("encoder", "none") != "none" else about | {"encoder": "none"}


def outcomes(parameters: Parameters, data: Data) -> tuple[list[Task], list[list[dict]]]:
    """Run what is not yet run; tasks and their trials' outcomes. On a GPU here a tuned trial has it for itself."""
    found, how = (
        tasks(parameters, data),
        {"scheduler": parameters.scheduler, "device": parameters.device},
    )
    alone = parameters.scheduler == "none" and choose(parameters.device).type == "cuda"
    pieces = [
        [replace(task, trials=[each]) for each in task.trials]
        if alone and task.name == "tuned"
        else [task]
        for task in found
    ]
    return found, [[one for each in finished(parts, **how) for one in each] for parts in pieces]


def measure(parameters: Parameters, data: Data) -> dict[str, float]:
    """Counts, amplitudes and durations by "row / column / metric" of the printed number, and the texts that speakers share."""
    shares = {
        f"texts seen / {name} / share": share
        for name, share in texts_seen(data, 0).items()
        if share == share
    }
    return loopq_data.measure(data.table) | loopq_data.sampling_rates(data.table) | shares


def measured_on(data: Data) -> tuple[str, ...]:
    """Corpora that ``measure`` measures."""
    return tuple(sorted(data.table["corpus"].unique()))


def manifest(parameters: Parameters) -> list:
    """Plain values that name the data of an edition, for the chapter's key."""
    if parameters.edition == "paper":
        refuse_paper(parameters)
    chosen, where = encoder(parameters), addresses(parameters)
    parts = [*extractors(), chosen if chosen == "none" else encoders.content(chosen)]
    parts += [
        [what, loopq_pretrained.content(what, where[what])]
        for what in weights_of(tuned(parameters))
    ]
    if parameters.edition == "demo":
        return parts
    return [*loopq_data.contents(parameters.edition, loopq_labels=parameters.loopq_labels), *parts]


def texts_seen(data: Data, fold: int) -> dict[str, float]:
    """Share of a speaker-independent test's texts that training has too, by corpus: RAVDESS has two sentences in all."""
    training, validation, test = speakers.speaker_folds(data.table, fold)
    return speakers.texts_seen(data.table, np.concatenate([training, validation]), test)


def _protocols(parameters: Parameters, row: Row, seed: int) -> tuple[str, ...]:
    asked = tuple(each for each in PROTOCOLS if parameters.protocol in ("all", each))
    if row not in GROUPS["switches"]:
        return tuple(each for each in asked if each != "across-corpora" or row.name in ACROSS)
    fit = ("by-origin", "speaker-independent") if row.control != "none" else ("by-origin",)
    return (
        tuple(each for each in asked if each in fit)
        if seed == 0 or parameters.only == row.name
        else ()
    )


def _encoded(row: Row) -> bool:
    return not loopq_frames.KINDS.keys().isdisjoint(row.inputs)


__all__ = [
    "CLASSES",
    "CORPORA",
    "GROUPS",
    "NAME",
    "PROTOCOLS",
    "RECIPES",
    "ROWS",
    "Parameters",
    "encoder",
    "extractors",
    "grid",
    "load",
    "manifest",
    "measure",
    "measured_on",
    "outcomes",
    "rows",
    "run",
    "tasks",
    "texts_seen",
    "trained",
    "tuned",
]
