"""Golden trials of paper 02: the four approaches, their readings, recipes, views, references."""

from dataclasses import replace

from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022 import trial as parry_trial
from tests.golden.watching import Golden
from tests.papers.parry2022 import parry_toy

ROWS = (
    "baseline",
    "baseline, calm left out",
    "MTL C+S+G+L",
    "GR C",
    "GR C, alpha 0.25",
    "AD C+S",
    "AD C, fixed",
    "AD C, on-representation",
)
VIEWED = ("baseline", "MTL C", "GR C")
TOLERANCE = 2e-5


def trials() -> list[Golden]:
    """Two epochs of the narrow network in the published recipe."""
    data = parry_toy.data()
    rows = {trial.row.name: trial for trial in _grid("all")}
    recipes = {trial.initialisation: trial for trial in reversed(_grid("recipe"))}
    kinds = [("models", name, rows[name], parry.run) for name in ROWS]
    kinds += [("recipe", name, recipes[name], parry.run) for name in sorted(recipes)]
    kinds += [("views", name, rows[name], parry_trial.look) for name in VIEWED]
    parameters = parry.Parameters(edition="open", models="references")
    for trial in parry.references(parameters):
        if trial.fold == 0:  # on the same draw, one of each code path
            name = f"{trial.model}, {trial.scaling}, {trial.labels}"
            kinds.append(("references", name, trial, parry.refer))
    return [Golden(parry, *kind[:3], data, kind[3], TOLERANCE) for kind in kinds]


def _grid(models: str) -> list:
    parameters = parry.Parameters(edition="open", models=models, epochs=2, precision="fp32")
    return [replace(trial, size="small") for trial in parry.grid(parameters)]
