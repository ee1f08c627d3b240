"""The demo book built twice: every chapter's own run gives the same numbers from two empty stores."""

import re

import pytest

from sercore import papers
from sercore.parameters import checked

TIMED = re.compile(r"seconds|per_second|per_clip|^costs$")


def still(value: object) -> object:
    """A value without what a clock told."""
    if isinstance(value, dict):
        return {name: still(part) for name, part in value.items() if not TIMED.search(name)}
    if not isinstance(value, list):
        return value
    rows = [part for part in value if not (isinstance(part, list) and "seconds" in part)]
    return [still(part) for part in rows]


def differences(one: object, two: object, place: str = "") -> list[str]:
    """Places at which two values differ, with both."""
    if type(one) is type(two) and isinstance(one, list) and len(one) == len(two):
        pairs = enumerate(zip(one, two, strict=True))
        return [line for at, pair in pairs for line in differences(*pair, f"{place}/{at}")]
    if type(one) is type(two) and isinstance(one, dict) and one.keys() == two.keys():
        return [line for at in one for line in differences(one[at], two[at], f"{place}/{at}")]
    return [] if one == two else [f"{place}: {str(one)[:80]} and {str(two)[:80]}"]


def test_differences_are_named():
    one = {"counts": [["a", 0, 1]], "loss": 0.5}
    assert differences(one, one) == []
    assert differences(one, one | {"loss": 0.6}) == ["/loss: 0.5 and 0.6"]
    assert differences(one, {"counts": [["b", 0, 1]], "loss": 0.5}) == ["/counts/0/0: a and b"]
    assert differences([1], [1, 2]) == [": [1] and [1, 2]"]


def test_times_alone_are_left_out():
    outcome = {
        "counts": [["a", 0, 1, 2]],
        "seconds": 1.2,
        "clips_per_second": 40.0,
        "second_zero": 0.5,
        "epochs": [[1, "loss", 3.0], [1, "seconds", 4]],
    }
    left = {"counts": [["a", 0, 1, 2]], "epochs": [[1, "loss", 3.0]], "second_zero": 0.5}
    assert still(outcome) == left


@pytest.mark.long
@pytest.mark.parametrize("paper", papers.every(), ids=lambda paper: paper.folder)
def test_a_chapter_gives_equal_numbers_from_two_empty_stores(paper, tmp_path, monkeypatch):
    runs = []
    for place in ("one", "two"):
        monkeypatch.setenv("SER_STORE", str(tmp_path / place))
        parameters = checked(paper.Parameters, {"device": "cpu"})
        tasks, outcomes = paper.outcomes(parameters, paper.load(parameters))
        assert all(outcomes)
        names = [task.name for task in tasks]
        runs.append(still(dict(zip(names, outcomes, strict=True))))
    assert differences(*runs) == []
