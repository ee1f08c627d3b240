"""Every figure of a chapter has a caption, an alt text and a name, and the page shows all three."""

import re

import nbformat
import pytest
from nbformat import v4
from two_chapters import write_notebook

from sercore import chapters, press, store
from sercore.chapters import captions
from sercore.chapters.execution import ChapterError

DRAWING = '<?xml version="1.0"?>\n<svg width="9"><g id="figure_1"/><g id="line2d_1"><path id="m1f" href="#m1f"/></g></svg>'
NAMED = DRAWING.replace("line2d_1", "hover: MT &amp; S: +0.2")


def figure(source="figure = draw()", *, name="fig-one", alt="A line rises.", drawing=DRAWING):
    outputs = [] if drawing is None else [v4.new_output("display_data", {captions.SVG: drawing})]
    about = {"figure": {"name": name}, "image": {"alt": alt}}
    return v4.new_code_cell(source, outputs=outputs, metadata={"mystnb": about})


def caption(text="The score rises."):
    return v4.new_markdown_cell(text, metadata={"tags": ["caption"]})


def book(*cells):
    return v4.new_notebook(cells=list(cells))


def bare(source, **outputs):
    cell = figure(source, **outputs)
    cell.metadata = {}
    return cell


TABLE = bare("tables.show()", drawing=None)


@pytest.mark.parametrize(
    "cells",
    [
        [figure(), caption()],
        [figure(drawing=None), caption()],
        [TABLE, figure(), caption(), figure(name="fig-two"), caption()],
        [figure(alt="The F1 scores lie apart."), caption()],
        [figure("%time figure = draw()\nfigure = draw()"), caption()],
        [v4.new_markdown_cell("words"), bare("figures = 3", drawing=None)],
    ],
)
def test_figures_with_their_words_are_right(cells):
    assert captions.problems(book(*cells)) == []


@pytest.mark.parametrize(
    ("cells", "problems"),
    [
        ([figure(), v4.new_markdown_cell("words")], ["no caption"]),
        ([figure()], ["no caption"]),
        ([figure(), caption(" ")], ["no caption"]),
        ([figure(alt=""), caption()], ["alt text ''"]),
        ([figure(alt="It rises to 0.83."), caption()], ["without a number"]),
        ([figure(name=""), caption()], ["a figure needs one of its own"]),
        ([figure(), caption(), figure(), caption()], ["name 'fig-one'"]),
        ([bare("figure = draw()", drawing=None)], ["no caption", "alt text", "name ''"]),
        ([bare("draw()")], ["no caption", "alt text", "name ''"]),
        ([TABLE, caption()], ["a caption or a name, and no figure"]),
    ],
)
def test_a_figure_without_its_words_is_named(cells, problems):
    results = captions.problems(book(*cells))
    assert len(results) == len(problems)
    for result, problem in zip(results, problems, strict=True):
        assert problem in result


def test_a_cell_that_draws_twice_is_named():
    cell = figure()
    cell.outputs *= 2
    (problem,) = captions.problems(book(cell, caption()))
    assert problem == "figure = draw(): more than one output; draw one figure and nothing else"
    with pytest.raises(ChapterError, match=r"01-one\.ipynb: figure = draw\(\): more than one"):
        captions.captioned(book(cell, caption()), where="01-one.ipynb")


def test_a_caption_moves_into_its_figure_and_leaves_with_it():
    words = v4.new_markdown_cell("words")
    cells = [figure(), caption("*The* score."), words, figure(name="b", drawing=None), caption()]
    drawn, kept, empty = captions.captioned(book(*cells), where="").cells
    assert drawn.metadata["mystnb"]["figure"] == {"name": "fig-one", "caption": "*The* score."}
    assert drawn.outputs[0].data == {captions.SVG: DRAWING}
    assert kept == words
    assert empty.outputs == []


@pytest.mark.parametrize("drawing", [NAMED, NAMED.replace("MT &amp; S", 'a "b"')])
def test_marks_that_have_a_name_say_it_on_the_page(drawing):
    if '"b"' in drawing:
        drawing = drawing.replace('id="hover: a "b": +0.2"', "id='hover: a \"b\": +0.2'")
    cells = [figure(drawing=drawing, alt='A "line".'), caption()]
    (cell,) = captions.captioned(book(*cells), where="").cells
    ((kind, page),) = cell.outputs[0].data.items()
    assert kind == "text/html"
    assert page.startswith('<svg role="img" aria-label="A &quot;line&quot;."')
    name = 'a "b": +0.2' if '"b"' in drawing else "MT &amp; S: +0.2"
    assert f"<g><title>{name}</title>" in page
    assert "hover:" not in page
    assert "figure_1" not in page
    assert 'id="m1f" href="#m1f"' in page


@pytest.mark.parametrize("name", chapters.names())
def test_every_figure_of_a_chapter_has_its_words(name):
    notebook = nbformat.read(chapters.NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert captions.problems(notebook) == []
    drawn = [cell for cell in notebook.cells if "figure" in cell.metadata.get("mystnb", {})]
    assert len(drawn) >= 3
    lines = [cell.source.strip() for cell in notebook.cells if "caption" in _tags(cell)]
    assert len(lines) == len(drawn)
    assert not [line for line in lines if line.startswith("#")]


def _tags(cell):
    return cell.metadata.get("tags", [])


def test_another_alt_text_is_another_chapter(notebooks):
    path = notebooks / "01-drawn.ipynb"
    keys = []
    for alt in ("A line rises.", "A line falls."):
        write_notebook(path, figure(alt=alt, drawing=None), caption())
        keys.append(chapters.key("01-drawn", chapters.check("01-drawn", {})))
    assert keys[0] != keys[1]


CONTENTS = """\
format: jb-book
root: book/index
parts:
  - caption: Chapters
    numbered: 1
    chapters:
      - file: notebooks/01-plain
"""
CONFIG = (store.PROJECT / "_config.yml").read_text()
PLOT = """\
from sercore.report import figures
from matplotlib import pyplot
figure, axes = pyplot.subplots(figsize=(2, 2))
figures.hover(axes.plot([1, 2], "o")[0], "two points")"""


def test_the_page_shows_a_numbered_figure_as_svg(notebooks, tmp_path, monkeypatch):
    plain = PLOT.splitlines()[:-1]
    plain = figure("\n".join([*plain, "axes.plot([1, 2]);"]), name="fig-two", drawing=None)
    cells = [v4.new_markdown_cell("# Plain"), figure(PLOT, drawing=None), caption()]
    write_notebook(notebooks / "01-plain.ipynb", *cells, plain, caption("The *second*."))
    executed = chapters.execute("plain")
    monkeypatch.setattr(store, "PROJECT", tmp_path)
    monkeypatch.setattr(store, "CODE", tmp_path)
    monkeypatch.setattr(press.fragments, "write", lambda *given: None)
    for folder in ("book/vendor", "sercore"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "book" / "index.md").write_text("# Index\n")
    for name in ("custom.css", "custom.js", "ledger.js", "search.js", "references.bib"):
        (tmp_path / "book" / name).write_text("")
    (tmp_path / "book" / "vendor" / "empty").write_text("")
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text(CONTENTS)
    build = tmp_path / "_build"
    press.stage(build / "source", [executed], {})
    press.render(build)
    page = (build / "html" / "notebooks" / "01-plain.html").read_text()
    assert re.findall(r'"caption-number">([^<]+?) ?<', page) == ["Figure 1.1", "Figure 1.2"]
    first, second = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert "<title>two points</title>" in first
    assert "The score rises." in first
    assert re.search(r'<img alt="A line rises\." src="\S+\.svg" */>', second)
    assert "The <em>second</em>." in second
    assert page.count("The score rises.") == 1
