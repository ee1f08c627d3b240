"""The page on faults names a test for each row, and each of them is there and runs."""

import subprocess
import sys

import pytest

from tests.fault_page import PAGE, PROJECT, decorators, page, rows

ROWS = rows()


def test_the_page_is_that_of_the_table():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.fault_page"


@pytest.mark.parametrize("test", [row["test"] for row in ROWS], ids=str)
def test_each_row_has_its_test(test):
    named = decorators(test)
    assert named is not None, "no such test"
    assert not [
        name for name in named if name.startswith(("pytest.mark.skip(", "pytest.mark.xfail"))
    ]


def test_no_test_holds_two_rows_and_every_cell_says_something():
    tests = [row["test"] for row in ROWS]
    assert len(set(tests)) >= len(tests) - 1
    assert all(row.values() and all(row.values()) for row in ROWS)


@pytest.mark.parametrize(
    "test",
    ["tests/faults/test_no.py::test_x", "tests/test_store.py::test_x", "tests/conftest.py::speech"],
)
def test_a_test_that_is_not_there_is_seen(test):
    assert decorators(test) is None


@pytest.mark.long
def test_every_named_test_is_collected():
    tests = [row["test"] for row in ROWS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-m", "", "-q", *sorted(set(tests))],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    collected = {line.partition("[")[0] for line in done.stdout.splitlines()}
    assert set(tests) <= collected
