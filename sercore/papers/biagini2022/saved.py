"""A model of paper 03 to keep and use, by ``sercore train``: which row, trained on what, with its score on unheard speakers.

What is said of it is in ``loopq_about``, the training on every clip in ``loopq_final``; ``loopq_loaded`` reads it again.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sercore import saved_parts
from sercore.papers.biagini2022 import about as loopq_about
from sercore.papers.biagini2022 import final as loopq_final
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.batches import Data
from sercore.papers.biagini2022.rows import RECIPES, ROWS, Row
from sercore.papers.biagini2022.trial import Trial
from sercore.parameters import ParameterError, nearest
from sercore.sweep import sweep
from sercore.training import checkpoints

READINGS = {"CNNLSTM": "fixed", "FCMFCC": "as-run", "CNNATT": "fixed", "HUBERTFT": "fixed", "MMFUSION": "fixed"}
TAKEN = ("edition", "epochs", "seed", "seeds", "encoder", "precision", "device", "loopq_labels")  # of the chapter's parameters


def train(name: str, given: Mapping[str, object], *, out: Path, final: bool = False) -> dict:
    """Train a model and save it, with what it was trained on, its score and its limits.

    The training and the runs behind its score are the chapter's own trials where it has them: kept in the store, found there, and
    gone on with after an interruption.

    Args:
        name: a row ("CNNLSTM per-clip", as ``-p only=`` takes it), or a model's printed name for its reading in ``READINGS``.
        given: parameters of the chapter among ``TAKEN``, as they are or as texts.
        out: folder of the saved model: ``weights.safetensors`` and ``model.json``.
        final: whether every clip trains (section 4.2), or the training speakers of fold 0 (default). Either way the score is that
            of fold 0's test speakers; of a final model, that of the same recipe, trained without them.

    Returns:
        What ``model.json`` says: plain values, see ``loopq_about.about``.

    Raises:
        ParameterError: no such row, one that is no model to use, or a parameter that this training does not take.
        CorpusError: a corpus that is not there.
        EncoderError: a speech encoder that cannot be loaded.
        SweepError: a training that failed.
    """
    row = chosen(name)
    parameters = settings(row, given, final=final)
    saved_parts.prepare(out)
    data = loopq.load(parameters)
    split_runs = loopq.grid(parameters, encoder=data.encoder)
    trial = replace(split_runs[0], protocol="speaker-independent")
    (outcome,) = sweep(loopq_trial.run, [trial], data, device=parameters.device)
    if final:
        length = _length(parameters, row, split_runs, data)
        fitted = loopq_final.trained(trial, data, epochs=length, device=parameters.device)
        network, history, cuts = fitted.network, fitted.history, list(fitted.plan.schedule.at)
    else:
        outcome = loopq_trial.run(trial, data, device=parameters.device)  # the kept one may be another device's
        fitted = loopq_trial.trained(trial, data, device=parameters.device)
        network, history, cuts = fitted.network, fitted.history, None
    encoder = loopq_about.named(loopq.encoder(parameters)) if trial.encoder != "none" else None
    told = loopq_about.about(trial, data, history, outcome, cuts=cuts, encoder=encoder)
    checkpoints.save(network.cpu(), out, told)
    return told


def chosen(name: str) -> Row:
    """Row of a name; of a model's name, its reading in ``READINGS``.

    Raises:
        ParameterError: no such row, with the nearest; or a row that cannot answer for one clip, or learnt nothing.
    """
    row = ROWS.get(f"{name} {READINGS[name]}" if name in READINGS else name)
    if row is None:
        near = nearest(name, [*ROWS, *RECIPES])
        raise ParameterError(f'{name}: no such model; expected a row or a model of chapter 3, the nearest is "{near}". Name it so.')
    if (row.model, row.variant) == ("CNNLSTM", "as-run"):
        raise ParameterError(
            f"{row.name}: reads the clips of a batch as one sequence, so its answer to a clip depends on others; expected a model "
            'of single clips. Name "CNNLSTM per-clip" or "CNNLSTM fixed".'
        )
    if row.control != "none":
        raise ParameterError(f"{row.name}: a control that has nothing to learn; expected a model to use. Name {row.model}.")
    return row


def settings(row: Row, given: Mapping[str, object], *, final: bool) -> loopq.Parameters:
    """Parameters of a training, by-origin runs of its row and no other.

    Raises:
        ParameterError: a name that is not in ``TAKEN``, a value out of range, or one that this training would not read.
    """
    parameters = saved_parts.asked(loopq.Parameters, given, taken=TAKEN, only=row.name, protocol="by-origin")
    if "seeds" in given and (not final or row.model in loopq_final.EPOCHS or "seed" in given):
        raise ParameterError(
            f"-p seeds={given['seeds']}: counts the split runs that set a final model's length, and this training has none; "
            f"expected with --final, without seed, not for {' and '.join(loopq_final.EPOCHS)}. Leave it out, or give seed."
        )
    if "encoder" in given and not any("frames" in kind for kind in row.inputs):
        raise ParameterError(f"-p encoder={given['encoder']}: {row.name} reads no speech encoder. Leave it out.")
    return parameters


def _length(parameters: loopq.Parameters, row: Row, split_runs: list[Trial], data: Data) -> int:
    """Epochs of a final training: published, under the cap that was asked for, or those of the split runs."""
    if row.model in loopq_final.EPOCHS:
        published = loopq_final.EPOCHS[row.model]
        return min(published, parameters.epochs or published)
    outcomes = sweep(loopq_trial.run, split_runs, data, device=parameters.device)
    return loopq_final.epochs([outcome["best_epoch"] for outcome in outcomes])
