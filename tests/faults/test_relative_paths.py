"""A path is that of the folder of who names it: made absolute before it is checked, keyed and handed to a kernel."""

import json
from pathlib import Path

import nbformat
import pytest

from sercore import chapters, corpora, predict, store
from sercore.chapters import execution
from sercore.corpora import own
from sercore.papers.alves2022 import study as ser2022
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.luck import study as luck
from sercore.papers.padi2021 import study as padi
from sercore.papers.parry2022 import study as parry
from sercore.parameters import checked
from sercore.protocols import leaks
from tests.chapters.two_chapters import code, write_notebook

PARAMETERS = [
    (parry, "table"),
    (parry, "classes"),
    *((study, name) for study in (ser2022, loopq, padi) for name in ("table", "classes")),
    (ser2022, "encoder"),
    (loopq, "encoder"),
    (loopq, "pictures"),
    (padi, "encoder"),
    (padi, "speaker_checkpoint"),
]
BESIDE = {
    **{(study, "classes"): {"table": "clips.csv"} for study in (parry, ser2022, loopq, padi)},
    (loopq, "pictures"): {"models": "tuned"},
    (padi, "encoder"): {"models": "encoder"},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The caller's folder, with a file, a folder, and a store of its own."""
    (tmp_path / "five.csv").write_text("path,corpus,speaker,emotion\n")
    (tmp_path / "layer").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("study", "name"), PARAMETERS)
def test_a_parameter_that_names_a_path_is_absolute(here, study, name):
    given = "layer" if name in ("encoder", "pictures") else "five.csv"
    parameters = checked(study.Parameters, {name: given, **BESIDE.get((study, name), {})})
    assert getattr(parameters, name) == str(here / given)


def test_no_parameter_that_names_a_path_is_forgotten():
    words = ("folder", "csv", "weights of")
    named = {
        (study, name)
        for study in (parry, ser2022, loopq, padi, luck)
        for name, field in study.Parameters.model_fields.items()
        if any(word in field.description.lower() for word in words)
        and name not in ("scored", "taught", "speaker_pattern")
    }
    assert named == set(PARAMETERS)


@pytest.mark.parametrize("name", ["auto", "none", "random", "facebook/wav2vec2-base-960h"])
def test_a_word_and_a_hub_id_stay_as_they_are(here, name):
    (here / "none").mkdir()  # a folder of that name is not meant
    assert checked(ser2022.Parameters, {"encoder": name}).encoder == name


def test_one_name_in_two_folders_has_two_keys(here, monkeypatch):
    first = checked(parry.Parameters, {"table": "five.csv"})
    (here / "layer" / "five.csv").write_text("path,corpus,speaker,emotion\n")
    monkeypatch.chdir(here / "layer")
    assert checked(parry.Parameters, {"table": "five.csv"}) != first


def test_the_corpora_are_under_an_absolute_path(here, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", "small")
    assert corpora.home() == here / "small"
    with pytest.raises(corpora.CorpusError, match=f"^{here}/small/tess: no such folder"):
        corpora.load("tess")


def test_a_path_may_be_a_text(here):
    """Where the library is called in Python, as where it is called by its command."""
    table, classes = str(here / "five.csv"), str(here / "classes.csv")
    for call in (
        lambda: own.read(table),
        lambda: own.class_map(classes),
        lambda: leaks.read(classes),
        lambda: leaks.read_sides(classes, None),
    ):
        with pytest.raises(corpora.TableError, match="expected"):
            call()
    with pytest.raises(corpora.CorpusError, match="no such folder"):
        corpora.load("tess", root=str(here))
    with pytest.raises(predict.PredictError, match="no such file"):
        predict.load(str(here / "layer"))


def test_a_kernel_finds_the_folders_that_the_caller_named(here, monkeypatch):
    """Its working folder is the checkout; a relative path would be another one's there."""
    monkeypatch.setattr(chapters, "NOTEBOOKS", here / "notebooks")
    for name in execution.PATHS:
        monkeypatch.setenv(name, name.lower())
    cell = f"import json, os\nprint(json.dumps([os.getcwd(), *(os.environ[name] for name in {list(execution.PATHS)})]))"
    write_notebook(here / "notebooks" / "01-where.ipynb", code(cell))
    done = nbformat.read(chapters.execute("01-where").path, as_version=4)
    place, *folders = json.loads(done.cells[0].outputs[0].text)
    assert Path(place) == store.PROJECT
    assert folders == [str(here / name.lower()) for name in execution.PATHS]
