"""The rendered book: built once, found afterwards, and refused with a warning, every time."""


def test_book_is_rendered_once_and_a_warning_ends_it(project):
    first = project.sercore("book")
    assert first.returncode == 0, first.stderr
    page = project.folder / "_build" / "html" / "index.html"
    assert first.stdout.strip() == str(page)
    assert page.is_file()
    assert (project.folder / "_build" / "html" / "_sources" / "notebooks" / "01-one.ipynb").is_file()

    assert "Two numbers, one of them" in (project.folder / "_build" / "html" / "book" / "index.html").read_text()

    stamps = {path: path.stat().st_mtime_ns for path in (project.folder / "_build").rglob("*.html")}
    second = project.sercore("book")
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


def test_a_file_that_is_gone_leaves_the_staged_tree(project):
    project.write("book/extra.txt", "words")
    assert project.sercore("book", "--out", str(project.folder / "elsewhere")).returncode == 0
    staged = project.folder / "elsewhere" / "_build" / "source" / "book" / "extra.txt"
    assert staged.is_file()
    (project.folder / "book" / "extra.txt").unlink()
    assert project.sercore("book", "--out", str(project.folder / "elsewhere")).returncode == 0
    assert not staged.exists()
