"""Progress: a bar where somebody watches, one line in a log, and nothing twice."""

import subprocess
import sys

import nbformat
import pytest
from joblib import Parallel, delayed
from nbclient import NotebookClient

from sercore import progress
from sercore.progress import Progress

NESTED = """
from sercore import progress
progress.DELAY = progress.LONG = 0
outer = progress.Progress(total=2, title="trials")
with outer:
    for trial in range(2):
        for epoch in progress.Progress(range(3), title="training", total=3, unit="epoch"):
            pass
        outer.update()
"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(progress, "DELAY", 0)
    monkeypatch.setattr(progress, "LONG", 0)


def loops(title="clips", **options):
    return list(Progress(range(4), title=title, total=4, unit="clip", **options))


def test_a_log_gets_a_line_and_no_bar():
    done = subprocess.run(
        [sys.executable, "-c", NESTED], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "trials: 2 of 2 in 0 s\n")


def test_what_was_short_leaves_no_line(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LONG", 60)
    assert loops() == [0, 1, 2, 3]
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_that_vanishes(capsys, monkeypatch):
    monkeypatch.setattr(progress, "is_terminal", lambda: True)
    loops()
    bar, line = capsys.readouterr().err.rsplit("\r", 1)
    assert "clips:" in bar
    assert bar.rsplit("\r", 1)[-1].strip() == ""
    assert line == "clips: 4 of 4 clips in 0 s\n"


def test_what_is_not_to_be_shown_is_not(capsys, monkeypatch):
    monkeypatch.setattr(progress, "is_terminal", lambda: True)
    loops(shown=False)
    assert capsys.readouterr().err == ""


def test_a_loop_that_fails_says_how_far_it_came(capsys):
    bar = Progress((1 / (1 - step) for step in range(9)), title="trials", total=9)
    with pytest.raises(ZeroDivisionError):
        list(bar)
    assert capsys.readouterr().err == "trials: 1 of 9 in 0 s\n"
    assert not Progress.opened


def inside():
    """Whether a bar of a process that a loop starts says anything."""
    return Progress(total=1, title="training").reports


def test_processes_of_a_loop_say_nothing():
    assert Parallel(n_jobs=2)(delayed(inside)() for _ in range(2)) == [False, False]
    bar = Progress(total=1, title="trials", shown=True)
    assert bar.reports
    bar.close()


@pytest.mark.parametrize(("watched", "bars"), [("", {"trials"}), ("log", set())])
def test_a_notebook_shows_the_outer_bar_once_and_keeps_a_line(watched, bars, monkeypatch):
    monkeypatch.setenv(progress.LOG, watched)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NESTED)])
    client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": "."}})
    client.execute()
    text = "".join(output.text for output in notebook.cells[0].outputs)
    drawn = {part.split(":")[0] for part in text.split("\r") if "%" in part}
    assert drawn == bars
    assert text.rsplit("\r", 1)[-1] == "trials: 2 of 2 in 0 s\n"
