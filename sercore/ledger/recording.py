"""Long runs on real corpora, resumable, written into the ledger seed by seed."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import torch
from pydantic import BaseModel

from sercore import deadline, store
from sercore.corpora import CorpusError
from sercore.corpora.clips import Report, left_out
from sercore.corpora.folders import partial
from sercore.ledger import recorded
from sercore.ledger.paper import Paper
from sercore.parameters import ParameterError
from sercore.sweep import Task, finished, trial_keys
from sercore.training.devices import choose


def record(
    paper: Paper, parameters: BaseModel, *, incomplete: bool = False, minutes: float | None = None
) -> None:
    """Run a study's grid and keep its trials in ``book/ledger/recorded``; what was measured on the corpora too.

    A run that was interrupted goes on where it stopped: seeds that are recorded are not run again, and the trials and trainings of
    the next one are in the store. Each kind of trial is a run of its own, named after the edition and the kind; trials of another
    device, method or versions than those recorded are one more, with a number.

    Args:
        paper: paper to record.
        parameters: of its chapter; the edition must not be the demo.
        incomplete: record corpora that are not whole, with the counts of what is missing (default no).
        minutes: time after which no trial is begun, and a training stops after its epoch (default none).

    Raises:
        ParameterError: the demo edition, whose values never enter the ledger, clips of one's own, or clips that are copies of few files.
        CorpusError: a corpus with missing or damaged clips, unless ``incomplete``.
        OutOfTime: the minutes are over; what was done is kept, and the same call goes on.
    """
    if getattr(parameters, "table", ""):
        raise ParameterError(
            f"-p table={parameters.table}: clips of one's own are never recorded; expected the corpora of an edition. Leave it"
            " out, or run `sercore chapter`."
        )
    if parameters.edition == "demo":
        raise ParameterError(
            "edition=demo: synthetic speech is never recorded; expected open or paper. Name one of them."
        )
    moment = math.inf if minutes is None else time.time() + 60 * minutes
    data = paper.load(parameters)
    if not incomplete:
        refuse_partial(data.reports)
    refuse_copies(list(data.table["path"]) if hasattr(data, "table") else list(data.paths))
    recorded.write_measurements(
        paper.name, paper.measure(parameters, data), corpora=paper.measured_on(data)
    )
    seeds = range(parameters.seeds) if parameters.seed < 0 else [parameters.seed]
    for seed in seeds:
        for task in paper.tasks(parameters.model_copy(update={"seed": seed}), data):
            if not task.trials or _is_recorded(paper, parameters, task):
                continue
            try:
                with deadline.until(moment):
                    (outcomes,) = finished(
                        [task], scheduler=parameters.scheduler, device=parameters.device
                    )
            except deadline.OutOfTime as stop:
                raise deadline.OutOfTime(f"{task.name}, seed {seed}: {stop}") from None
            write(paper, parameters, task, outcomes)


def refuse_partial(reports: Iterable[Report]) -> None:
    """Refuse corpora of which clips are missing or damaged.

    Raises:
        CorpusError: the sentence names each corpus and what it lacks.
    """
    if lacking := partial(reports):
        raise CorpusError(
            f"{'; '.join(lacking)}: not whole; only whole corpora are recorded. Get what is missing, or add --incomplete, which"
            " records the counts of it too."
        )


def refuse_copies(paths: Sequence[Path | str]) -> None:
    """Refuse clips that are copies of each other: a tree that was planted to try a chapter is no corpus.

    Args:
        paths: audio files; one may be named more than once.

    Raises:
        ValueError: fewer than half as many contents as files.
    """
    files = {str(path) for path in paths}
    contents = len({store.content(path) for path in files})
    if 2 * contents < len(files):
        raise ValueError(
            f"{len(files)} files with {contents} contents; expected nearly as many contents as files, for only real speech is"
            " recorded. Name the folder of the real corpora in SER_CORPORA."
        )


def write(paper: Paper, parameters: BaseModel, task: Task, outcomes: Sequence[dict]) -> None:
    """Write the outcomes of a task's trials, in their order, into the ledger of their paper."""
    keys = trial_keys(task.run, task.trials, task.data)
    run, about = _origin(paper, parameters, task, keys)
    recorded.write(
        paper.name,
        lambda start: recorded.frames(
            run,
            about,
            task.trials,
            [key.hex for key in keys],
            outcomes,
            start=start,
            data=[key.data for key in keys],
        ),
        [field.name for field in fields(task.trials[0]) if field.name not in paper.caps],
    )


def _is_recorded(paper: Paper, parameters: BaseModel, task: Task) -> bool:
    """Tell whether all trials of a task are recorded, from the same data and with one origin."""
    keys = trial_keys(task.run, task.trials, task.data)
    run, about = _origin(paper, parameters, task, keys)
    return recorded.holds(paper.name, run, about, task.trials, [key.data for key in keys])


def _origin(
    paper: Paper, parameters: BaseModel, task: Task, keys: Sequence[store.Key]
) -> tuple[str, dict]:
    """Name the run of a task's trials, edition and kind, and say where they come from."""
    about = recorded.provenance(
        edition=parameters.edition,
        corpora=task.corpora,
        keys=keys,
        parts=task.parts,
        study=paper.folder,
        method=paper.methods[task.name],
        device=_device(parameters.device),
        encoders=task.encoders,
        left_out=left_out(getattr(task.data, "reports", ())),
    )
    return f"{parameters.edition}, {task.name}", about


def _device(name: str) -> str:
    """The device that a run had: "cpu", or "cuda" with the GPU's name."""
    chosen = choose(name)
    return (
        chosen.type
        if chosen.type == "cpu"
        else f"{chosen.type} ({torch.cuda.get_device_name(chosen)})"
    )


def again(paper: Paper, parameters: BaseModel) -> list[dict]:
    """Trials of a chapter's grid beside the recorded ones: plain rows, ``recorded`` None where there is none.

    Trials that are done are found in the store; both sides are the emotion head's mean squared error of one trial.
    """
    runs = recorded.read(paper.name)
    pairs = zip(*paper.outcomes(parameters, paper.load(parameters)), strict=True)
    return [row for task, outcomes in pairs for row in beside(runs, task, outcomes)]


def beside(runs: recorded.Recorded, task: Task, outcomes: Sequence[dict]) -> list[dict]:
    """A task's trials and their outcomes beside the recorded ones of the same kind; see ``again``."""
    settings = [field.name for field in fields(task.trials[0])]
    table = runs.kind(task.name)
    known = table.set_index(settings)["head_mse"].to_dict() if len(table) else {}
    rows = []
    for trial, outcome in zip(task.trials, outcomes, strict=True):
        if "head_mse" not in outcome:
            continue
        before = known.get(tuple(asdict(trial).values()))
        gap = None if before is None else outcome["head_mse"] - before
        rows.append(
            asdict(trial) | {"recorded": before, "this run": outcome["head_mse"], "difference": gap}
        )
    return rows
