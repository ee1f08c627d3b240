"""Long runs on real corpora, resumable, written into the ledger seed by seed."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from types import ModuleType

from pydantic import BaseModel

from sercore.ledger import recorded
from sercore.sweep import trial_keys


def record(study: ModuleType, parameters: BaseModel, *, name: str = "") -> None:
    """Run a study's grid and keep its trials in ``book/ledger/recorded``; what was measured on the corpora too.

    A run that was interrupted goes on where it stopped: finished trials are in the store.

    Args:
        study: module of a paper.
        parameters: of its chapter; the edition must not be the demo.
        name: of the run (default: the edition).

    Raises:
        ValueError: the demo edition, whose values never enter the ledger.
    """
    if parameters.edition == "demo":
        raise ValueError("edition=demo: synthetic speech is never recorded; expected open or paper. Name one of them.")
    data = study.load(parameters)
    recorded.write_measurements(study.PAPER, study.measure(parameters, data), corpora=study.CORPORA[:1])
    seeds = range(parameters.seeds) if parameters.seed < 0 else [parameters.seed]
    for seed in seeds:
        trials, outcomes = study.outcomes(parameters.model_copy(update={"seed": seed}), data)
        keys = trial_keys(study.run, trials, data)
        about = recorded.provenance(
            edition=parameters.edition,
            corpora=study.CORPORA,
            key=keys[0],
            parts=study.extractors(),
            module=study.run.__module__,
            device=parameters.device,
        )
        run = name or parameters.edition
        recorded.write(
            study.PAPER,
            lambda start: recorded.frames(run, about, trials, [key.hex for key in keys], outcomes, start=start),  # noqa: B023 (called at once)
            [field.name for field in fields(trials[0])],
        )


def again(study: ModuleType, parameters: BaseModel) -> list[dict]:
    """Trials of a chapter's grid beside the recorded ones: plain rows, ``recorded`` None where there is none.

    Trials that are done are found in the store; both sides are the emotion head's mean squared error of one trial.
    """
    return beside(recorded.read(study.PAPER), *study.outcomes(parameters, study.load(parameters)))


def beside(runs: recorded.Recorded, trials: Sequence, outcomes: Sequence[dict]) -> list[dict]:
    """Trials and their outcomes beside the recorded ones; see ``again``."""
    settings = [field.name for field in fields(trials[0])]
    table = runs.trials
    known = table.set_index(settings)["head_mse"].to_dict() if len(table) else {}
    rows = []
    for trial, outcome in zip(trials, outcomes, strict=True):
        before = known.get(tuple(asdict(trial).values()))
        gap = None if before is None else outcome["head_mse"] - before
        rows.append(asdict(trial) | {"recorded": before, "this run": outcome["head_mse"], "difference": gap})
    return rows
