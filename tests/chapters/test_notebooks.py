"""Notebooks in git: outputs only where nbval checks them, no times, no paths, and a parameters cell where there is a study."""

import nbformat
import pytest

from sercore import chapters

MARK = "# NBVAL_CHECK_OUTPUT"


@pytest.fixture(params=sorted(chapters.NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def test_outputs_stand_only_where_they_are_checked(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    odd = [cell.source for cell in cells if cell.outputs and MARK not in cell.source]
    assert not odd
    checked = [cell for cell in cells if MARK in cell.source]
    assert checked, "nbval needs at least one checked cell a chapter"
    assert all(cell.outputs and cell.execution_count for cell in checked), (
        "a checked cell was never run: run it, keep its output"
    )
    assert all("keep_output" in cell.metadata.get("tags", []) for cell in checked), (
        "nbstripout keeps cells tagged keep_output"
    )


def test_nothing_of_time_and_place_is_stored(notebook):
    assert "papermill" not in notebook.metadata
    assert not [
        cell for cell in notebook.cells if {"papermill", "execution"} & cell.metadata.keys()
    ]


def test_headings_stand_in_markdown_cells_and_formulas_on_their_own_lines(notebook):
    lines = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if "$$" in line
    ]
    assert all(line.strip() == "$$" for line in lines)


@pytest.mark.parametrize("name", chapters.names())
def test_defaults_are_valid_and_the_parameters_are_read_from_their_cell(name):
    chapters.check(name, {})
    cells = nbformat.read(chapters.NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    text = "\n".join(
        cell.source
        for cell in cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    )
    assert text.count(".Parameters.from_cell(globals())") == 1
