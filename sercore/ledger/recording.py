"""Long runs on real corpora, resumable, written into the ledger seed by seed."""

from dataclasses import fields
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
