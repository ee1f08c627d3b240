"""Each trigger alone executes just the chapter that it touches, and nothing else executes anything."""

import json

import pytest


def test_nothing_changed_executes_nothing(project):
    assert project.execute() == set()


def notebook_source(project):
    project.edit("notebooks/01-one.ipynb", "# Chapter one", "# Chapter one, revised")


def module_that_it_imports(project):
    project.edit("sercore/papers/two/helper.py", "VALUE = 3", "VALUE = 4")


def data(project):
    project.write("data/one.csv", "a\n2\n")


def published_numbers(project):
    project.write("book/ledger/published/02-two.csv", "table,row\n1,1\n")


def recorded_run(project):
    project.write("book/ledger/recorded/01-one/trials.csv", "seed\n1\n")


def library_version(project):
    project.write(
        "numpy-99.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: numpy\nVersion: 99.0\n"
    )


@pytest.mark.parametrize(
    ("trigger", "touched"),
    [
        (notebook_source, "01-one"),
        (module_that_it_imports, "02-two"),
        (data, "01-one"),
        (published_numbers, "02-two"),
        (recorded_run, "01-one"),
        (library_version, "02-two"),
    ],
)
def test_trigger_executes_its_chapter_alone(project, trigger, touched):
    trigger(project)
    assert project.execute() == {touched}


def test_parameter_executes_its_chapter_alone(project):
    done = project.sercore("chapter", "one", "-p", "repeats=3", "--json")
    told = json.loads(done.stdout)
    assert told["name"] == "01-one"
    assert told["ran"]
    assert told["parameters"] == {"repeats": 3}
    assert (
        json.loads(project.sercore("chapter", "one", "-p", "repeats=3", "--json").stdout)["ran"]
        is False
    )
    assert project.execute() == set()


def comment(project):
    project.edit("sercore/papers/two/helper.py", "VALUE", "# said again\n\n\nVALUE")


def docstring(project):
    project.edit("sercore/papers/one/helper.py", '"""Helper."""', '"""Another sentence."""')


def outputs(project):
    project.edit("notebooks/01-one.ipynb", '"execution_count": null', '"execution_count": 7')


def another_paper(project):
    project.write("book/ledger/published/03-three.csv", "table,row\n")


@pytest.mark.parametrize("change", [comment, docstring, outputs, another_paper])
def test_what_changes_no_result_executes_nothing(project, change):
    change(project)
    assert project.execute() == set()


def test_a_damaged_chapter_is_executed_again(project):
    for kept in (project.folder / "store" / "chapters").rglob("*.ipynb"):
        kept.write_bytes(kept.read_bytes()[:-2])
    assert project.execute() == {"01-one", "02-two"}
