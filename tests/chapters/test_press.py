"""The rendered book: built once, found afterwards, and refused with a warning, every time."""

import json

import nbformat
import pytest
from nbformat import v4
from two_chapters import CONFIG, code, write_notebook

from sercore import chapters, press, store


def test_book_is_rendered_once_and_a_warning_ends_it(project):
    first = project.sercore("book")
    assert first.returncode == 0, first.stderr
    page = project.folder / "_build" / "html" / "index.html"
    assert first.stdout.strip() == str(page)
    assert page.is_file()
    assert (
        project.folder / "_build" / "html" / "_sources" / "notebooks" / "01-one.ipynb"
    ).is_file()

    model = project.folder / "_build" / "model" / "model.json"
    assert model.read_text() == "FCMFCC {'edition': 'demo'}"
    assert "model: FCMFCC, demo edition" in first.stderr
    assert (
        "Two numbers, one of them"
        in (project.folder / "_build" / "html" / "book" / "index.html").read_text()
    )

    stamps = {path: path.stat().st_mtime_ns for path in (project.folder / "_build").rglob("*.html")}
    told = (project.folder / "_build" / "source" / "book" / "generated" / "runs.txt").read_text()
    assert all(f"'chapter': '{name}'" in told for name in ("01-one", "02-two"))
    assert all(
        told.count(f"'{word}'") == 2
        for word in ("seconds", "peak", "date", "machine", "cores", "python", "versions", "commit")
    )
    times = json.loads((project.folder / "_build" / "times.json").read_text())
    assert set(times) == {"demo corpora", "rendering"}
    assert "demo corpora: made in" in first.stderr
    status = (project.folder / "_build" / "html" / "book" / "status.html").read_text()
    assert f"Timed: demo corpora; rendering {times['rendering']:.0f} s." in status
    assert "seconds to come" not in status
    second = project.sercore(
        "book"
    )  # the runs are told as they were kept, so nothing is rendered again
    assert second.stderr.splitlines() == ["01-one: kept", "02-two: kept", "pages: nothing changed"]
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}

    project.edit("book/index.md", "See ", "See [](nowhere.md) and ")
    for _ in range(2):  # the second time too: an incremental rendering would pass
        failed = project.sercore("book")
        assert failed.returncode == 2
        assert "nowhere.md" in failed.stderr
        assert not page.exists()

    project.edit("book/index.md", "[](nowhere.md) and ", "")
    assert project.sercore("book").returncode == 0
    assert page.is_file()


def test_chapters_are_executed_side_by_side_and_quietly(project):
    for name in ("01-one", "02-two"):
        project.edit(f"notebooks/{name}.ipynb", "study.run(repeats)", "study.run(repeats) + 1")
    done = project.sercore("book")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    executed = [line for line in lines if ": executed in " in line]
    assert sorted(line.split(":")[0] for line in executed) == ["01-one", "02-two"]
    assert all(line.startswith(("demo", "01", "02", "model", "pages")) for line in lines), lines

    project.edit("notebooks/02-two.ipynb", "+ 1", "/ 0")
    failed = project.sercore("book")
    assert failed.returncode == 2
    assert "01-one: kept" in failed.stderr
    assert "notebooks/02-two.ipynb: cell 3 failed." in failed.stderr


def test_a_chapter_uses_the_cores_that_it_is_given(notebooks):
    write_notebook(notebooks / "01-cores.ipynb", code("import joblib\njoblib.cpu_count()"))
    executed = nbformat.read(chapters.execute("cores", cores=1).path, as_version=4)
    assert executed.cells[0].outputs[0].data["text/plain"] == "1"


@pytest.fixture
def plain(notebooks, tmp_path, monkeypatch):
    """A book of a page and a chapter in ``tmp_path``, without corpora and model."""
    write_notebook(notebooks / "01-plain.ipynb", v4.new_markdown_cell("# Plain"), code("1 + 1"))
    monkeypatch.setattr(store, "PROJECT", tmp_path)
    monkeypatch.setattr(store, "CODE", tmp_path)
    monkeypatch.setattr(press.fragments, "write", lambda *given: None)
    monkeypatch.setattr(press, "INSTALLED", tmp_path / "installed")
    monkeypatch.setattr(press, "demo_corpora", dict)
    monkeypatch.setattr(press, "demo_model", lambda folder: store.write(folder / "model.json", b""))
    (tmp_path / "book" / ".hidden").mkdir(parents=True)
    (tmp_path / "book" / "index.md").write_text("# Index\n")
    (tmp_path / "book" / "extra.txt").write_text("words")
    (tmp_path / "book" / ".hidden" / "words.md").write_text("words")
    (tmp_path / "sercore").mkdir()
    (tmp_path / "sercore" / "shown.py").write_text("shown = 1\n")
    (tmp_path / "sercore" / "shown.pyc").write_text("")
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n  - file: notebooks/01-plain\n"
    )


def test_a_file_that_is_gone_leaves_the_staged_tree(plain, tmp_path, monkeypatch):
    page = press.book(out=tmp_path / "out")
    assert page == tmp_path / "out" / "_build" / "html" / "index.html"
    assert page.is_file()
    staged = tmp_path / "out" / "_build" / "source"
    names = {
        "_config.yml",
        "_toc.yml",
        "book/index.md",
        "book/extra.txt",
        "notebooks/01-plain.ipynb",
        "sercore/shown.py",
    }
    assert {
        path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()
    } == names

    (tmp_path / "book" / "extra.txt").unlink()
    press.book(out=tmp_path / "out")
    assert not (staged / "book" / "extra.txt").exists()

    monkeypatch.setattr(press, "render", None)  # nothing changed: nothing is rendered
    assert press.book(out=tmp_path / "out") == page


def test_corpora_that_were_made_stay_timed_where_the_rendering_fails(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(press, "demo_corpora", lambda: {"demo corpora": 3.0})
    page = tmp_path / "book" / "index.md"
    page.write_text("[](nowhere.md)\n")
    with pytest.raises(chapters.ChapterError, match=r"nowhere\.md"):
        press.book(out=tmp_path / "out")
    monkeypatch.setattr(press, "demo_corpora", dict)
    page.write_text("# Index\n")
    press.book(out=tmp_path / "out")
    times = json.loads((tmp_path / "out" / "_build" / "times.json").read_text())
    assert times.pop("rendering") >= 0
    assert times == {"demo corpora": 3.0}


@pytest.mark.parametrize(
    ("text", "found"), [("95\n", {"installation": 95.0}), ("", {}), (None, {})]
)
def test_an_installation_is_timed_where_make_did_it(tmp_path, monkeypatch, text, found):
    monkeypatch.setattr(press, "INSTALLED", tmp_path / "installed")
    if text is not None:
        (tmp_path / "installed").write_text(text)
    assert press._installation() == found
