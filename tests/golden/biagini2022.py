"""Golden trials of paper 03: models from scratch, on a frozen encoder and tuned; splits; views."""

from dataclasses import asdict, replace

from sercore.papers.biagini2022 import difficulty
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022 import views as loopq_views
from sercore.papers.biagini2022.models import TUNED, weights_of
from tests.golden.watching import Golden
from tests.papers.biagini2022 import loopq_toy, loopq_tuned_toy

SPLIT = "FCMFCC as-run"  # the row that is tried under every protocol
SOURCE = "toy-a"  # corpus that trains across corpora
STRETCH = 10  # clips long enough for the time masks of the demo's encoder
USUAL, TOLERANCES = 1e-4, {"FCMFCC": 4e-4, "CNNATT": 3e-3}


def trials() -> list[Golden]:
    """Two epochs of the demo's networks in the published recipes."""
    return [*from_inputs(), *_tuned(), *_classified()]


def from_inputs() -> list[Golden]:
    data = loopq_toy.toy()
    grid = {(trial.row.name, trial.protocol): trial for trial in reversed(_grid())}
    plans = []
    for (row, protocol), trial in grid.items():
        if protocol == "across-corpora":
            beyond = replace(trial, source=SOURCE)
            plans.append(("across corpora", row, beyond, loopq.run))
        elif protocol == "by-origin" or row == SPLIT:
            plans.append(("models", f"{row}, {protocol}", trial, loopq.run))
    viewed = grid[loopq.VIEWED, "speaker-independent"]  # by origin no clip is right so early
    for kind, run in (("views", loopq_views.run), ("saliency", loopq_views.explain)):
        plans.append((kind, loopq.VIEWED, viewed, run))
    return [_golden(*plan[:3], data, plan[3]) for plan in plans]


def _classified() -> list[Golden]:
    """Every classifier by origin, and one under every protocol; the tasks differ in rows alone."""
    data, goldens = loopq_toy.toy(), {}
    short = difficulty.summarised(data)
    shared = {"edition": "open", "labels": "own", "size": "small"}
    for kind, (rows, _) in difficulty.TASKS.items():
        for trial in difficulty.grid(rows, data, seeds=[0], folds=1, **shared):
            if trial.protocol == "by-origin" or (kind, trial.row) == ("difficulty", rows[0]):
                name = f"{trial.row.name}, {trial.protocol}"
                golden = _golden(kind, name, trial, short, difficulty.run)
                goldens.setdefault((kind, name), golden)
    return list(goldens.values())


def _golden(kind: str, name: str, trial, data, run) -> Golden:
    return Golden(loopq, kind, name, trial, data, run, TOLERANCES.get(trial.model, USUAL))


def _grid() -> list:
    parameters = loopq.Parameters(edition="open", epochs=2, precision="fp32")
    return [replace(trial, size="small") for trial in loopq.grid(parameters, encoder="toy")]


def _tuned() -> list[Golden]:
    rows = list(TUNED.values())
    weights = dict.fromkeys(weights_of(rows), "random")
    data = loopq_trial.with_weights(loopq_tuned_toy.sounds(stretch=STRETCH), rows, weights)
    settings = asdict(next(trial for trial in _grid() if trial.protocol == "by-origin"))
    trials = [loopq_trial.Tuned(**settings | asdict(row) | data.named(row)) for row in rows]
    return [_golden("tuned", trial.row.name, trial, data, loopq_trial.run) for trial in trials]
