"""The demo book built twice: every chapter's own run gives the same numbers from two empty stores."""

import re

import pytest

from sercore import papers
from sercore.parameters import checked

TIMED = re.compile(r"seconds|per_clip|^costs$")


def still(value: object) -> object:
    """A value without what a clock told."""
    if isinstance(value, dict):
        return {name: still(part) for name, part in value.items() if not TIMED.search(name)}
    if not isinstance(value, list):
        return value
    rows = [part for part in value if not (isinstance(part, list) and "seconds" in part)]
    return [still(part) for part in rows]


def test_times_alone_are_left_out():
    outcome = {
        "counts": [["a", 0, 1, 2]],
        "seconds": 1.2,
        "epochs": [[1, "loss", 3.0], [1, "seconds", 4]],
    }
    assert still(outcome) == {"counts": [["a", 0, 1, 2]], "epochs": [[1, "loss", 3.0]]}


@pytest.mark.long
@pytest.mark.parametrize("paper", papers.every(), ids=lambda paper: paper.folder)
def test_a_chapter_gives_equal_numbers_from_two_empty_stores(paper, tmp_path, monkeypatch):
    runs = []
    for place in ("one", "two"):
        monkeypatch.setenv("SER_STORE", str(tmp_path / place))
        parameters = checked(paper.Parameters, {"device": "cpu"})
        tasks, outcomes = paper.outcomes(parameters, paper.load(parameters))
        assert all(outcomes)
        runs.append(([task.name for task in tasks], still(outcomes)))
    assert runs[0] == runs[1]
