"""When a committed outcome may be written again, and what is said where it may not."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from tests.golden import committed
from tests.golden.__main__ import main
from tests.golden.outcomes import alike, moved, moved_clips, plain
from tests.golden.watching import Golden, measure

STUDY = "parry2022"
MODULE = "sercore/papers/parry2022/study.py"
COMMAND = "python -m tests.golden"


@dataclass(frozen=True)
class Trial:
    rate: float = 0.1


def golden(*, name="line", method=1, rate=0.1, target=2.0) -> Golden:
    """A straight line that learns one number, in a study with this method number."""
    about = {
        "STUDY": STUDY,
        "METHODS": {"models": method},
        "__name__": "sercore.papers.parry2022.study",
    }
    study = SimpleNamespace(**about)

    def run(trial, data) -> dict:
        weight = torch.zeros(1, requires_grad=True)
        optimiser = torch.optim.SGD([weight], lr=trial.rate)
        for _ in range(3):
            loss = (weight - target).square().sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return {"training_loss": loss.item(), "counts": [["one/m1", 0, 0, 7]], "seconds": 0.5}

    return Golden(study, "models", name, Trial(rate), None, run, 1e-4)


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Renew the file of one study whose trials these are; exit status, and what is in it then."""

    def renewed(*goldens) -> tuple[int, dict]:
        monkeypatch.setattr("tests.golden.__main__.trials", lambda study: goldens)
        return main([STUDY], folder=tmp_path), committed.read(STUDY, folder=tmp_path)

    return renewed


def test_a_trial_is_measured_without_a_clock():
    entry = measure(golden())
    assert entry["method"] == 1
    assert entry["recipe"]["trial"] == {"rate": 0.1}
    (optimiser,) = entry["recipe"]["optimisers"]
    group = {"weights": 1, "lr": 0.1, "momentum": 0, "weight_decay": 0}
    assert optimiser == {"name": "SGD", "groups": [group]}
    assert entry["outcome"]["first_losses"] == pytest.approx([4.0, 2.56, 1.6384])
    assert entry["outcome"]["training_steps"] == 3
    assert "seconds" not in entry["outcome"]


def test_a_new_path_is_written_and_stays(command):
    assert command(golden()) == (0, {"models, line": measure(golden())})
    status, entries = command(golden(), golden(name="other", target=3.0))
    assert (status, list(entries)) == (0, ["models, line", "models, other"])


def test_moved_numbers_are_refused_until_the_method_is_raised(command, capsys):
    _, before = command(golden())
    assert command(golden(target=3.0)) == (1, before)
    said = capsys.readouterr().out
    assert f"{STUDY}, models, line: numbers moved (training_loss was 1.6384, now 3.6864; " in said
    assert f"raise METHODS['models'] in {MODULE} and record again with `{COMMAND}`" in said
    status, entries = command(golden(target=3.0, method=2))
    assert (status, entries["models, line"]["method"]) == (0, 2)
    assert command(golden(target=3.0, method=1)) == (1, entries)
    assert "its outcome is of method 2: a method number never falls" in capsys.readouterr().out


def test_one_refusal_keeps_the_whole_file(command):
    _, before = command(golden(), golden(name="other"))
    assert command(golden(), golden(name="other", target=3.0), golden(name="new")) == (1, before)


def test_a_path_without_a_trial_is_dropped(command, capsys):
    command(golden(), golden(name="other"))
    assert list(command(golden())[1]) == ["models, line"]
    assert "models, other: dropped, no trial has this path" in capsys.readouterr().out


def test_an_outcome_that_agrees_is_not_touched(command):
    _, before = command(golden())
    nudged = golden(target=2.0 * (1 + 1e-6))
    assert measure(nudged) != before["models, line"]
    assert command(nudged) == (0, before)


def test_a_raised_method_without_a_new_outcome_is_said():
    before, raised = measure(golden()), golden(method=2)
    sentence = committed.problem(raised, before, measure(raised))
    assert sentence.endswith(f"its outcome is of method 1: record again with `{COMMAND}`")


def test_the_recipe_has_no_tolerance():
    before, now = measure(golden()), measure(golden(rate=0.1 + 1e-9))
    sentence = committed.problem(golden(), before, now)
    assert "recipe.trial.rate was 0.1, now 0.100000001" in sentence


def test_an_unknown_study_is_refused(capsys):
    assert main(["parry"]) == 2
    assert "parry: no such study; expected alves2022, parry2022" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("loss", 1.0, 1.0009, True),
        ("loss", 1.0, 1.0021, False),
        ("silhouette", 0.0, 0.00009, True),
        ("silhouette", 0.0, 0.0003, False),
        ("validation_ua", 0.5, 0.55, True),
        ("validation_ua", 0.5, 0.65, False),
        ("first_losses", [1.0, 2.0], [1.0, 2.001], True),
        ("first_losses", [1.0, 2.0], [1.0], False),
        ("steps", 12, 13, False),
        ("ending", "all 2 epochs", "2 rate cuts", False),
        ("second_mse", None, 0.1, False),
    ],
)
def test_values_are_alike_within_the_tolerance(name, one, other, same):
    assert alike(name, one, other, relative=1e-3) == same


def test_a_clip_or_two_may_change_sides():
    rows = [["m1", 0, 0, 5], ["m1", 0, 1, 1]]
    assert moved_clips(rows, [["m1", 0, 0, 4], ["m1", 0, 1, 2]]) == 1
    assert moved({"counts": rows}, {"counts": [["m1", 0, 0, 6]]}, relative=1e-3) == []
    lines = moved({"counts": rows}, {"counts": [["f1", 0, 0, 5], ["m1", 0, 1, 1]]}, relative=1e-3)
    assert lines == ["counts: 5 of 6 answers are others"]
    assert moved({"loss": 1.0}, {}, relative=1e-3) == ["loss was 1.0, now absent"]


def test_outcomes_become_named_numbers():
    outcome = {
        "counts": [("m1", 0, 0, 5)],
        "errors": [["f1", 2, 0.25, 0.5], ["m1", 3, 0.5, 1.0]],
        "epochs": [[1, "loss", 0.5], [2, "loss", 0.25]],
        "curves": [[1, 0.1, 0.2, 0.3, 0.4]],
        "map": [["m1", "sad", 0.1, 0.2]],
        "answers": [["m1", "t1", "+", "-"]],
        "head_mse": 0.123456789,
        "second_mse": None,
        "clips_per_second": 3.0,
    }
    assert plain(outcome) == {
        "counts": [["m1", 0, 0, 5]],
        "errors, clips": 5,
        "errors, head": 0.75,
        "errors, second": 1.5,
        "epochs, 1, loss, value": 0.5,
        "epochs, 2, loss, value": 0.25,
        "curves, 1, training_loss": 0.1,
        "curves, 1, training_accuracy": 0.2,
        "curves, 1, validation_loss": 0.3,
        "curves, 1, validation_accuracy": 0.4,
        "map, rows": 1,
        "head_mse": 0.1234568,
        "second_mse": None,
    }
