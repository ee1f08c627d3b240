"""A model of paper 02 to keep and use, by ``sercore train``: which row, trained on what, with its scores at home and away.

What is said of it is in ``parry_about``; ``parry_loaded`` reads it again.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from tqdm import tqdm

from sercore import saved_parts
from sercore.corpora.cells import TableError
from sercore.papers.parry2022 import about as parry_about
from sercore.papers.parry2022 import loaded as parry_loaded
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022 import trial as parry_trial
from sercore.papers.parry2022.clips import Data
from sercore.papers.parry2022.grid import ROWS
from sercore.papers.parry2022.rows import Row
from sercore.papers.parry2022.trial import Trial
from sercore.parameters import ParameterError
from sercore.sweep import sweep
from sercore.training import checkpoints

TAKEN = ("edition", "epochs", "seed", "precision", "device", "table", "classes", "unseen")  # of the chapter's parameters


def train(name: str, given: Mapping[str, object], *, out: Path) -> dict:
    """Train a model and save it, with what it was trained on, its scores and its limits.

    The training is the chapter's own trial: kept in the store, found there, and gone on with after an interruption. What is wrong
    with a table of one's own but does not stop the training is told on standard error.

    Args:
        name: a row ("GR C+S", as ``-p only=`` takes it).
        given: parameters of the chapter among ``TAKEN``, as they are or as texts.
        out: folder of the saved model: ``weights.safetensors`` and ``model.json``.

    Returns:
        What ``model.json`` says: plain values, see ``parry_about.about``.

    Raises:
        ParameterError: a parameter that this training does not take, or a row that the data cannot teach.
        CorpusError: a corpus that is not there.
        TableError: a table that cannot be used.
        SweepError: the training failed.
    """
    parameters = settings(ROWS[name], given)
    saved_parts.prepare(out)
    data = parry.load(parameters)
    for problem in data.problems:
        tqdm.write(problem, file=sys.stderr)
    (trial,) = parry.grid(parameters)
    _check(parameters, trial, data)
    sweep(parry_trial.run, [trial], data, device=parameters.device)
    outcome = parry_trial.run(trial, data, device=parameters.device)  # the kept one may be another device's
    fitted = parry_trial.trained(trial, data, device=parameters.device)
    told = parry_about.about(trial, data, fitted, outcome)
    network = parry_loaded.network(told)
    weights = fitted.network.cpu().state_dict()
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    checkpoints.save(network, out, told)
    return told


def settings(row: Row, given: Mapping[str, object]) -> parry.Parameters:
    """Parameters of the one trial of a row.

    Raises:
        ParameterError: a name that is not in ``TAKEN``, a value out of range, or a row of a class map that a table brings itself.
    """
    found = saved_parts.asked(parry.Parameters, given, taken=TAKEN, only=row.name, models="all")
    if found.table and (row.surprise, row.calm) != (Row.surprise, Row.calm):
        raise ParameterError(
            f"{row.name}: of a table of your own the class map says what surprise and calm are; expected a row without them. Name "
            "another one, and give -p classes=…"
        )
    return found


def _check(parameters: parry.Parameters, trial: Trial, data: Data) -> None:
    """Refuse data that cannot be split, or cannot teach the trial's attributes, before hours of training."""
    row = trial.row
    try:
        absent, twin = parry.lacking(data), parry.stands_for(data).get(trial.attributes)
    except ValueError as error:
        raise TableError(f"{parameters.table or f'-p edition={parameters.edition}'}: {error}") from error
    if missing := [reason for letter, reason in absent.items() if letter in trial.attributes.split("+")]:
        raise ParameterError(f"{row.name}: cannot be trained on these clips; {'; '.join(missing)}. Name another row.")
    if twin:
        raise ParameterError(
            f"{row.name}: on these clips {trial.attributes} and {twin} are the same labels, so the same training; expected the row "
            f'that the chapter has. Name "{row.approach} {twin}".'
        )
