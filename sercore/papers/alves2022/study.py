"""Alves et al. 2022 as a study: its parameters, its grid of trials, and what a run trains."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, product
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from sercore import corpora, encoders
from sercore.corpora.folders import lacking
from sercore.corpora.labels import THREE
from sercore.papers.alves2022 import gender
from sercore.papers.alves2022.data import (
    ACTED,
    FEATURE_SETS,
    contents,
    extractors,
    load_edition,
    load_gender,
    load_own,
    own_contents,
    own_trials,
    sets_of,
    with_actors,
)
from sercore.papers.alves2022.network import LINEAR
from sercore.papers.alves2022.splitting import ENDS, STEPS
from sercore.papers.alves2022.trial import (
    ACTORS,
    RANDOM_SEX,
    ROWS,
    SELECTED,
    Configuration,
    Data,
    Trial,
    alike,
    protocol_of,
    run,
    run_together,
    score,
    score_together,
    score_transfer,
    score_transfer_together,
    shared_layer,
    sides,
)
from sercore.parameters import Device, Edition, Encoder, OwnCorpora, Scheduler, Seed, Seeds
from sercore.protocols.splits import FOLDS, Splits
from sercore.sweep import Task

NAME = "01-ser2022-transfer"
STUDY = "alves2022"
# Method number of each kind of trial: raised when its numbers move; it is then recorded again.
METHODS = {
    "emotion": 1,
    "gender": 1,
    "steps": 1,
    "factorial": 1,
    "transfer": 1,
    "recordings": 1,
    "layer": 1,
}
VARIANTS = ("as-run", "as-described")
PROTOCOLS = ENDS
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

# Two orders in which the steps between the protocols are taken: how much a step moves a score
# depends on those taken before it.
ORDERS = {"forwards": STEPS, "backwards": STEPS[::-1]}
# What the factorial crosses: ways to fill up the small classes, and networks on 56 features.
WAYS = ("- SMOTE - CG", "+ oversampling - CG", "+ SMOTE - CG", "- SMOTE + CG", "+ SMOTE + CG")
NETWORKS = ("Multi-task", "Seq.")
TRANSFERRED = tuple(f"{network} all prosodic + SMOTE - CG" for network in NETWORKS)
RECORDINGS = (25, 35, 45, 55)  # of the 66 to 68 of a training part
# Of all protocols the clean one alone has no leak.
SPLITS = Splits(sides=sides, leaky=lambda trial: trial.protocol != PROTOCOLS[1])
LAYER = "(2) Multi-task all prosodic + SMOTE + CG"


class Parameters(OwnCorpora):
    """Parameters of the chapter, checked before a kernel starts."""

    known_rows: ClassVar = ROWS

    edition: Edition = "demo"
    seeds: Seeds = 1
    device: Device = "auto"
    only: str = Field("", description="the one row to run, by its printed name; empty for all")
    seed: Seed = -1
    scheduler: Scheduler = "none"
    encoder: Encoder = "auto"
    models: Literal["tables", "steps", "factorial", "transfer", "recordings", "layer", "all"] = (
        Field(
            "tables",
            description="what is trained: the tables' rows, steps between the protocols, ways to "
            "balance the classes, speakers to learn gender from, fewer recordings, a map",
        )
    )

    @model_validator(mode="after")
    def _nothing_without_effect(self) -> "Parameters":
        if self.models not in ("tables", "steps"):
            self.refuse_idle("only", beside=f"-p models={self.models}")
        if self.encoder not in ("auto", "none") and not _reads_encoder(self):
            choice = f"-p only={self.only}" if self.only else f"-p models={self.models}"
            self.refuse_idle("encoder", beside=f"{choice}, which reads none")
        return self

    @model_validator(mode="after")
    def _an_encoder_for_the_row(self) -> "Parameters":
        if self.only and Configuration.of(self.only).embedding and encoder(self) == "none":
            raise ValueError(
                f"-p only={self.only}: reads a speech encoder's embedding, and none is here; "
                "expected one by hub id or folder. Name it with -p encoder=…"
            )
        if self.table and self.models in ("transfer", "recordings", "all"):
            raise ValueError(
                f"-p models={self.models}: asks of the paper's own corpus, and a table of your own"
                " is given; expected tables, steps, factorial or layer. Name one of them."
            )
        return self


def _reads_encoder(parameters: Parameters) -> bool:
    """Tell whether a row of the run reads an encoder's embedding."""
    if parameters.models not in ("tables", "steps", "all"):
        return False
    return any(Configuration.of(row).embedding for row in chosen_rows(parameters, "some"))


def encoder(parameters: Parameters) -> str:
    """Return the speech encoder of a run, "none" where it reads none or the edition's is not here.

    The demo's is random, the others' a base model of wav2vec 2.0 from the hub's cache.
    """
    if parameters.encoder != "auto":
        return parameters.encoder
    if not _reads_encoder(parameters):
        return "none"
    if parameters.source == "demo":
        return "random"
    return BASE if encoders.cached(BASE) else "none"


def rows(edition: str, encoder: str) -> tuple[str, ...]:
    """Return the rows of an edition: six in the demo, else all; on embeddings with encoder only."""
    names = DEMO if edition == "demo" else ROWS
    return tuple(row for row in names if encoder != "none" or not Configuration.of(row).embedding)


def chosen_rows(parameters: Parameters, encoder: str) -> tuple[str, ...]:
    """Return the one row that a run asks for, or those of its edition."""
    return (parameters.only,) if parameters.only else rows(parameters.source, encoder)


def grid(parameters: Parameters, *, encoder: str = "none") -> list[Trial]:
    """Return the trials: rows x variants x protocols x seeds x folds, then the controls.

    Without an encoder the rows that need one are left out.
    """
    edition = parameters.source
    chosen = chosen_rows(parameters, encoder)
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
    """Load the data of the edition, or of the table that is given."""
    if parameters.table:
        name = encoder(parameters)
        chosen = chosen_rows(parameters, name)
        data = load_own(parameters, rows=chosen, encoder=name, device=parameters.device)
        _, sentences = own_trials(parameters, grid(parameters, encoder=_encoder(data)), data)
        (report,) = data.reports
        problems = (*report.problems, *sentences)
        return replace(data, reports=(replace(report, problems=problems),))
    if parameters.edition == "paper":
        refuse_paper(parameters)
    sets = sets_of([parameters.only]) if parameters.only else FEATURE_SETS
    about = {"encoder": encoder(parameters), "device": parameters.device}
    return load_edition(parameters.edition, sets=sets, **about)


def refuse_paper(parameters: Parameters) -> None:
    """Refuse the paper's edition without the paper's corpora and a wav2vec 2.0 base model."""
    missing = lacking(("coraa-ser", "cetuc"))
    if _reads_encoder(parameters) and encoder(parameters) == "none":
        missing.append(f"wav2vec 2.0 base embeddings ({BASE})")
    if missing:
        raise corpora.CorpusError(
            f"edition=paper: missing {', '.join(missing)}; the paper's own data are needed. "
            "Use edition=open or demo."
        )


def steps_grid(parameters: Parameters, *, encoder: str = "none") -> list[Trial]:
    """Return the trials of the steps between the protocols, as run, each in both orders.

    The ends of a row itself are trials of ``grid``; those of its controls are here, but for what
    ``controls`` has.
    """
    edition, trials = parameters.source, []
    known = set(controls(edition))
    for row in chosen_rows(parameters, encoder):
        for control in ("none", "labels shuffled", "logistic regression"):
            behind = chain(*(steps.values() for steps in waterfalls(row).values()))
            for protocol in dict.fromkeys([PROTOCOLS[0], *behind]):
                is_end = control == "none" and protocol in PROTOCOLS
                if is_end or (row, "as-run", protocol, control) in known:
                    continue
                name = encoder if Configuration.of(row).embedding else "none"
                about = {"row": row, "control": control, "encoder": name}
                trials += _folds(parameters, variant="as-run", protocol=protocol, **about)
    return trials


def waterfalls(row: str) -> dict[str, dict[str, str]]:
    """Return the protocol of a row behind each step that changes something, by the order of steps.

    The last is the clean one.
    """
    named: dict[str, dict[str, str]] = {}
    for order, steps in ORDERS.items():
        before, named[order] = PROTOCOLS[0], {}
        for many, step in enumerate(steps, start=1):
            protocol = protocol_of(row, steps[:many])
            if protocol != before:
                named[order][step] = before = protocol
    return named


def passed(row: str, order: str) -> list[str]:
    """Return the protocols of a row from the published one on, one behind each of all steps."""
    behind, protocols = waterfalls(row)[order], [PROTOCOLS[0]]
    for step in ORDERS[order]:
        protocols.append(behind.get(step, protocols[-1]))
    return protocols


def factorial_grid(parameters: Parameters) -> list[Trial]:
    """Return the clean trials of every network and linear model with every way to balance."""
    trials = []
    for variant, way in product(VARIANTS, WAYS):
        for network in NETWORKS:
            row = f"{network} all prosodic {way}"
            trials += _folds(parameters, row=row, variant=variant, protocol="clean")
        for name in LINEAR:
            about = {"row": f"{NETWORKS[0]} all prosodic {way}", "control": name}
            trials += _folds(parameters, variant=variant, protocol="clean", **about)
    return trials


def transfer_grid(parameters: Parameters) -> list[Trial]:
    """Return the clean trials, as described, with each source of gender and with none."""
    about = {"variant": "as-described", "protocol": "clean"}
    trials = []
    for row, control in product(TRANSFERRED, ("none", ACTORS, RANDOM_SEX, "no gender branch")):
        trials += _folds(parameters, row=row, control=control, **about)
    return trials


def recordings_grid(parameters: Parameters) -> list[Trial]:
    """Return the clean trials on fewer recordings, of a network and of logistic regression."""
    trials = []
    for many, model in product(RECORDINGS, ("", ", logistic regression")):
        control = f"{many} recordings{model}"
        about = {"variant": "as-run", "protocol": "clean"}
        trials += _folds(parameters, row=CONTROLLED, control=control, **about)
    return trials


def _folds(parameters: Parameters, **settings: str) -> list[Trial]:
    """Return a trial for each seed and fold."""
    places = product(parameters.run_seeds, range(FOLDS))
    edition = parameters.source
    return [Trial(fold=fold, seed=seed, edition=edition, **settings) for seed, fold in places]


def tasks(parameters: Parameters, data: Data) -> list[Task]:
    """List what a run trains, as ``models`` asks for it."""
    kinds = list(KINDS) if parameters.models == "all" else [parameters.models]
    tasks = [task for kind in kinds for task in KINDS[kind](parameters, data)]
    if not parameters.table:
        return tasks
    return [
        replace(
            task,
            trials=own_trials(parameters, task.trials, data)[0],
            corpora=tuple(sorted(set(data.own.clips["corpus"]))),
        )
        for task in tasks
    ]


def _tables(parameters: Parameters, data: Data) -> list[Task]:
    """Return the networks of the tables, and the gender task unless one row is asked for."""
    trials = grid(parameters, encoder=_encoder(data))
    emotion = _task("emotion", trials, data, run=run, run_together=run_together)
    if parameters.only or parameters.table:
        return [emotion]
    return [emotion, gender_task(parameters)]


def _steps(parameters: Parameters, data: Data) -> list[Task]:
    return [_task("steps", steps_grid(parameters, encoder=_encoder(data)), data)]


def _factorial(parameters: Parameters, data: Data) -> list[Task]:
    return [_task("factorial", factorial_grid(parameters), data)]


def _transfer(parameters: Parameters, data: Data) -> list[Task]:
    """Return the trials that learn gender of actors too, whose corpora must be at hand."""
    more = {"run": score_transfer, "run_together": score_transfer_together}
    more |= {"corpora": CORPORA + ACTED}
    return [_task("transfer", transfer_grid(parameters), with_actors(data), **more)]


def _recordings(parameters: Parameters, data: Data) -> list[Task]:
    return [_task("recordings", recordings_grid(parameters), data)]


def _layer(parameters: Parameters, data: Data) -> list[Task]:
    """Return one trial of either protocol and each seed, whose shared layer is drawn."""
    about = {"row": LAYER, "variant": "as-run", "fold": 0, "edition": parameters.source}
    places = product(parameters.run_seeds, PROTOCOLS)
    trials = [Trial(protocol=protocol, seed=seed, **about) for seed, protocol in places]
    return [_task("layer", trials, data, run=shared_layer, run_together=None, alike=None)]


KINDS = {
    "tables": _tables,
    "steps": _steps,
    "factorial": _factorial,
    "transfer": _transfer,
    "recordings": _recordings,
    "layer": _layer,
}


def _task(kind: str, trials: list[Trial], data: Data, **more: Any) -> Task:
    """Return a task of emotion networks."""
    about = {
        "run": score,
        "run_together": score_together,
        "alike": alike,
        "corpora": CORPORA,
        "parts": extractors(),
        "encoders": {name: values.shape[1] for name, values in data.embeddings.items()},
        "splits": SPLITS,
    }
    return Task(name=kind, trials=trials, data=data, **about | more)


def _encoder(data: Data) -> str:
    return next(iter(data.embeddings), "none")


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
    control, protocol = settings["control"], settings["protocol"]
    if kind == "steps":
        return (protocol,) if control == "none" else (control,)
    if kind == "recordings":
        return (control.partition(", ")[2],)
    training = (settings["variant"], protocol, control)
    if kind != "emotion":
        return (row.network, row.balancer, *training)
    is_filled = row.balancer == "SMOTE"
    inputs = (f"SMOTE {is_filled}", f"copies {row.copies}", f"embedding {row.embedding}")
    return (row.network, *training, *inputs)


def verified_with(kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Ask for the kind of a recorded trial, and leave the encoder out where it reads none."""
    given = {"models": "tables" if kind in ("emotion", "gender") else kind}
    return given if settings.get("encoder", "none") != "none" else given | {"encoder": "none"}


def manifest(parameters: Parameters) -> list:
    """Name the data of an edition by plain values, for the chapter's key."""
    if parameters.source == "paper":
        refuse_paper(parameters)
    name = encoder(parameters)
    parts = [*extractors(), name if name == "none" else encoders.content(name)]
    if parameters.table:
        return [*own_contents(parameters), *parts]
    if parameters.edition == "demo":
        return parts
    return [*contents(parameters.edition), *parts]
