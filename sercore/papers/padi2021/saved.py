"""A model of paper 04 to keep and use, by ``sercore train``: which system, trained on what, with its score on unheard speakers.

What is said of it is in ``padi_about``; ``padi_loaded`` reads it again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sercore import saved_parts, store
from sercore.audio import AudioError
from sercore.corpora import CorpusError
from sercore.papers.padi2021 import about as padi_about
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import speakers as padi_speakers
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.clips import Data
from sercore.papers.padi2021.grid import ROWS
from sercore.papers.padi2021.rows import Row
from sercore.papers.padi2021.trial import Trial
from sercore.parameters import ParameterError
from sercore.sweep import sweep
from sercore.training import checkpoints

TRANSFER = ("pretraining", "speakers", "speaker_checkpoint", "taught")  # read by systems with transfer alone
TAKEN = (  # of the chapter's parameters
    *("edition", "experiment", "epochs", "seed", "size", "precision", "device", "norm", "vad", "evaluate", "part", "scored"),
    *TRANSFER,
)


def train(name: str, given: Mapping[str, object], *, out: Path) -> dict:
    """Train a model and save it, with what it was trained on, its score and its limits.

    The training, and that of its speaker recogniser, are the chapter's own trials: kept in the store, found there, and gone on
    with after an interruption. Fold 0 is tested: session 1 of IEMOCAP, or the first group of speakers of another corpus.

    Args:
        name: a system ("111", "101, finetune", as ``-p only=`` takes it).
        given: parameters of the chapter among ``TAKEN``, as they are or as texts; ``experiment`` is "exp1" unless given.
        out: folder of the saved model: ``weights.safetensors`` and ``model.json``.

    Returns:
        What ``model.json`` says: plain values, see ``padi_about.about``.

    Raises:
        ParameterError: a parameter that this training does not take, a system that cannot answer for one clip, or one that the
            data cannot teach.
        CorpusError: a corpus that is not there.
        AudioError: a clip that cannot be used.
        SweepError: a training that failed.
    """
    parameters = settings(ROWS[name], given)
    saved_parts.prepare(out)
    data, trial = _loaded(parameters)
    recogniser = _recogniser(parameters, trial, data)
    sweep(padi_trial.run, [trial], data, device=parameters.device)
    outcome = padi_trial.run(trial, data, device=parameters.device)  # the kept one may be another device's
    fitted = padi_trial.trained(trial, data, device=parameters.device)
    told = padi_about.about(trial, data, fitted, outcome, recogniser=recogniser)
    checkpoints.save(fitted.network.cpu(), out, told)
    return told


def settings(row: Row, given: Mapping[str, object]) -> padi.Parameters:
    """Parameters of the one trial of a system.

    Raises:
        ParameterError: a name that is not in ``TAKEN``, a value out of range or one that this training would not read, all
            experiments at once, or spectrograms that are normalised over a conversation.
    """
    fixed = {"only": row.name, "models": "all", "folds": 1}
    found = saved_parts.asked(padi.Parameters, {"experiment": "exp1", **given}, taken=TAKEN, **fixed)
    if found.experiment == "all":
        raise ParameterError("-p experiment=all: a model has the classes of one; expected exp1, exp2 or exp3. Name one of them.")
    for name in TRANSFER if row.transfer == "none" else ():
        if name in given:
            raise ParameterError(
                f"-p {name}={given[name]}: {row.name} starts from random weights; expected with a system of transfer. Leave it out."
            )
    if "conversation" in (row.norm, found.norm):
        raise ParameterError(
            f"{row.name}: over a whole conversation its spectrograms would be normalised, and a model to use hears single clips; "
            "expected a system that is normalised over the segment. Name another one, and leave norm out."
        )
    return found


def _loaded(parameters: padi.Parameters) -> tuple[Data, Trial]:
    """Data and the one trial, which these can teach."""
    try:
        data = padi.load(parameters)
        trials = padi.grid(parameters, data)
    except (AudioError, CorpusError):
        raise
    except ValueError as error:
        raise ParameterError(f"-p edition={parameters.edition}: {error}") from error
    if reason := padi_data.missing(data).get(parameters.experiment):
        raise ParameterError(
            f"-p experiment={parameters.experiment}: cannot be trained on these clips; {reason}. Name another one."
        )
    if not trials:
        (row,) = padi.rows(parameters)
        corpus = data.table["corpus"].iloc[0]
        raise ParameterError(
            f"{row.name}: parts are IEMOCAP's; expected a system of all clips, {corpus} has no parts. Name another."
        )
    (trial,) = trials
    return data, trial


def _recogniser(parameters: padi.Parameters, trial: Trial, data: Data) -> dict[str, Any] | None:
    """What is said of the speaker recogniser that the training starts from, trained now where it is not; None without one."""
    if trial.transfer == "none":
        return None
    if trial.speakers == "given":
        path = Path(parameters.speaker_checkpoint)
        try:
            padi_trial.build(trial, data)
        except ValueError as error:
            raise ParameterError(f"-p speaker_checkpoint: {error}") from error
        return {"file": path.name, "content": store.content(path)}
    (outcome,) = sweep(padi_speakers.run, [trial.recogniser], data.source, device=parameters.device)
    return {
        "corpora": list(data.source.corpora),
        "speakers": len(data.source.names),
        "clips": len(data.source.speakers),
        "epochs": trial.pretraining,
        "augmentation": trial.recogniser.augmentation,
        "pooling": trial.recogniser.pooling,
        "equal_error_rate": outcome["equal_error_rate"],
    }
