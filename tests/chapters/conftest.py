import shutil

import pytest
import two_chapters

from sercore import chapters


@pytest.fixture(scope="session")
def executed_once(tmp_path_factory):
    """Two chapters that were executed once: copied for every test that changes something."""
    project = two_chapters.make(tmp_path_factory.mktemp("two") / "project")
    assert project.execute() == {"01-one", "02-two"}
    return project


@pytest.fixture
def project(executed_once, tmp_path):
    return two_chapters.Project(shutil.copytree(executed_once.folder, tmp_path / "project"))


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """An empty folder in place of the project's notebooks, and an empty store."""
    monkeypatch.setattr(chapters, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(chapters, "LEDGER", tmp_path / "ledger")
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    return tmp_path / "notebooks"
