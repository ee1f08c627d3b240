"""Golden trials: each code path of a study gives today what is committed.

A failure names study and path. Who meant the numbers to move raises the method number and records
again; who did not has found a fault.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from sercore.ledger import recorded
from sercore.papers.alves2022 import trial as ser2022_trial
from sercore.papers.biagini2022.models import RECIPES
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.parry2022 import study as parry_study
from sercore.training.loop import Recipe
from sercore.training.sgd import Plan
from tests.golden import alves2022, biagini2022, committed, padi2021, parry2022
from tests.golden.committed import STUDIES, problem, read
from tests.golden.watching import Golden, measure

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # of the gender task's MLP
PATHS = [(study, path) for study in STUDIES for path in read(study)]
EMOTION = "emotion, (3) Multi-task all prosodic + SMOTE - CG, as-run, clean"
ROOT = Path(__file__).parents[2]
RETIRED = "hours"  # timings of paper 04, recorded before they left the package


@functools.cache
def trials(study: str) -> dict[str, Golden]:
    """Golden trials of a study by path, made once."""
    if study == "padi2021":
        pytest.importorskip("onnxruntime")  # some are on a speaker encoder
    return {golden.path: golden for golden in committed.trials(study)}


@pytest.mark.parametrize(("study", "path"), PATHS, ids=[": ".join(pair) for pair in PATHS])
def test_numbers_stand(study, path):
    golden = trials(study).get(path)
    if golden is None:
        pytest.fail(f"{study}, {path}: no trial has this path: run `{committed.COMMAND}`")
    if sentence := problem(golden, read(study)[path], measure(golden)):
        pytest.fail(sentence)


@pytest.mark.parametrize("study", STUDIES)
def test_every_path_is_committed(study):
    missing = [path for path in trials(study) if path not in read(study)]
    assert not missing, f"{study}, {missing[:3]}: run `{committed.COMMAND}`"


@pytest.mark.parametrize("study", STUDIES)
def test_every_recorded_code_path_has_a_golden_trial(study):
    goldens = list(trials(study).values())
    module = goldens[0].study
    assert {golden.kind for golden in goldens} == {*module.METHODS}
    covered = {(each.kind, module.code_path(each.kind, asdict(each.trial))) for each in goldens}
    book = recorded.read(module.NAME).trials.to_dict("records")
    kinds = [recorded.kind_of(settings["run"]) for settings in book]
    pairs = zip(kinds, book, strict=True)
    paths = {(kind, module.code_path(kind, each)) for kind, each in pairs if kind != RETIRED}
    assert not paths - covered


def faster_alves(patch) -> list[Golden]:
    patch.setattr(ser2022_trial, "Recipe", partial(Recipe, rate=0.0011))
    return alves2022.trials()


def faster_parry(patch) -> list[Golden]:
    recipe = parry_study.RECIPES["published"]
    patch.setitem(parry_study.RECIPES, "published", replace(recipe, rate=1.1 * recipe.rate))
    return parry2022.trials()


def faster_biagini(patch) -> list[Golden]:
    recipe = RECIPES["FCMFCC"]
    code = replace(recipe.code, head=1.1 * recipe.code.head)
    patch.setitem(RECIPES, "FCMFCC", replace(recipe, code=code))
    return biagini2022.from_inputs()


def faster_padi(patch) -> list[Golden]:
    patch.setattr(padi_trial, "Plan", partial(Plan, rate=0.011))
    return padi2021.systems()


@pytest.mark.parametrize(
    ("study", "path", "faster"),
    [
        ("alves2022", EMOTION, faster_alves),
        ("parry2022", "models, baseline", faster_parry),
        ("biagini2022", "models, FCMFCC as-run, by-origin", faster_biagini),
        ("padi2021", "models, 011", faster_padi),
    ],
)
def test_a_tenth_more_rate_fails_by_name(monkeypatch, study, path, faster):
    (golden,) = [golden for golden in faster(monkeypatch) if golden.path == path]
    before, now = read(study)[path], measure(golden)
    sentence = problem(golden, before, now)
    assert sentence.startswith(f"{study}, {path}: numbers moved (recipe.")
    assert "lr was 0.0" in sentence
    assert f"raise METHODS[{golden.kind!r}] in sercore/papers/" in sentence
    numbers = problem(golden, before, now | {"recipe": before["recipe"]})
    assert "loss" in numbers


def test_a_renamed_function_changes_nothing(tmp_path):
    """In a copy of the package, where a function that every emotion trial calls is renamed."""
    for part in ("sercore", "tests/golden", "tests/papers"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "sercore" / "papers" / "alves2022" / "trial.py"
    renamed = module.read_text().replace("_prepared(", "_split_and_balanced(")
    assert renamed.count("_split_and_balanced(") == 2
    module.write_text(renamed)
    code = f"""
import json
from sercore.papers.alves2022 import trial
from tests.golden import alves2022
from tests.golden.watching import measure
(golden,) = [golden for golden in alves2022.trials() if golden.path == {EMOTION!r}]
print(json.dumps([trial.__file__, measure(golden)]))
"""
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = {"cwd": tmp_path, "env": environment, "capture_output": True, "check": True}
    done = subprocess.run([sys.executable, "-c", code], **run)
    place, now = json.loads(done.stdout)
    assert Path(place) == module
    golden = trials("alves2022")[EMOTION]
    assert problem(golden, read("alves2022")[EMOTION], now) == ""
