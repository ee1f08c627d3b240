"""One execution: the right interpreter, nothing of time and place kept, and failures that can be read."""

import json
import sys

import nbformat
import pytest
from nbformat import v4
from two_chapters import code, write_notebook

from sercore import chapters, store
from sercore.chapters import ChapterError


def test_a_chapter_is_executed_here_and_kept(notebooks, monkeypatch, capfd):
    monkeypatch.setenv("PATH", "/nowhere")  # a kernel found by its name would not start
    write_notebook(
        notebooks / "01-plain.ipynb",
        code("import sys\nprint(sys.executable)\nsys.stderr.write('a bar')"),
    )
    first = chapters.execute("plain")
    assert first.ran
    assert first.peak > 10
    assert "a bar" in capfd.readouterr().err
    notebook = nbformat.read(first.path, as_version=4)
    assert notebook.cells[0].outputs[0].text.strip() == sys.executable
    assert "papermill" not in json.dumps(notebook)
    assert "execution" not in notebook.cells[0].metadata
    second = chapters.execute("plain")
    assert (second.ran, second.path, second.seconds) == (False, first.path, first.seconds)
    assert chapters.execute("plain", fresh=True).ran


def test_a_failing_cell_is_named_and_the_rest_left_for_reading(notebooks):
    cells = [
        v4.new_markdown_cell("# Words"),
        code("1 + 1"),
        code("def f():\n    raise ValueError('no such row')\n\nf()"),
        code("2 + 2"),
    ]
    write_notebook(notebooks / "01-failing.ipynb", *cells)
    with pytest.raises(ChapterError) as told:
        chapters.execute("01-failing")
    message = str(told.value)
    assert message.startswith("notebooks/01-failing.ipynb: cell 3 failed.")
    assert "ValueError: no such row" in message
    left = store.root() / "failed" / "01-failing.ipynb"
    assert str(left) in message
    assert left.is_file()
    with pytest.raises(ChapterError):  # a failure is not kept
        chapters.execute("01-failing")


def test_a_failing_cell_after_the_parameters_keeps_its_number(project):
    project.edit("notebooks/01-one.ipynb", "study.run(repeats)", "study.run(repeats) / 0")
    done = project.sercore("chapter", "1")
    assert done.returncode == 2
    assert "notebooks/01-one.ipynb: cell 3 failed." in done.stderr
    assert "Traceback" not in done.stderr.split("failed.")[0]


def test_a_dead_kernel_is_told(notebooks):
    write_notebook(
        notebooks / "01-dying.ipynb",
        code("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    )
    with pytest.raises(ChapterError, match="its kernel died"):
        chapters.execute("01-dying")


def test_papermills_cell_is_not_shown(executed_once):
    kept = [
        nbformat.read(path, as_version=4)
        for path in (executed_once.folder / "store" / "chapters").rglob("*.ipynb")
    ]
    tags = [
        cell.metadata["tags"]
        for notebook in kept
        for cell in notebook.cells
        if "injected-parameters" in cell.metadata.get("tags", [])
    ]
    assert tags == [["injected-parameters", "remove-cell"]] * 2


def test_parameters_cell_and_study_must_agree(project):
    project.edit("notebooks/01-one.ipynb", '"repeats = 2"', '"repeats = 2\\n", "seeds = 1"')
    done = project.sercore("chapter", "one")
    assert done.returncode == 2
    assert "the cell tagged `parameters` and the study's Parameters differ in seeds" in done.stderr


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("01-alpha", "01-alpha"),
        ("notebooks/01-alpha.ipynb", "01-alpha"),
        ("02", "02-alphabet"),
        ("bet", "02-alphabet"),
        ("2022", "03-of2022"),
        ("alpha", "more than one chapter of that name; there are 01-alpha, 02-alphabet"),
        ("gamma", "no chapter of that name; there are 01-alpha, 02-alphabet"),
    ],
)
def test_find(notebooks, name, found):
    for each in ("01-alpha", "02-alphabet", "03-of2022"):  # a year that holds the second's number
        write_notebook(notebooks / f"{each}.ipynb", code("1"))
    if found in chapters.names():
        assert chapters.find(name) == found
    else:
        with pytest.raises(ChapterError, match=found):
            chapters.find(name)


def test_a_chapter_has_one_study(notebooks):
    write_notebook(
        notebooks / "01-two-studies.ipynb",
        code("%matplotlib inline\nfrom sercore import papers, store\npapers, store"),
    )
    assert chapters.study("01-two-studies") is None
