"""A folder of folders and an audformat database are the same table as a CSV file, or are refused by what was found."""

import shutil
import sys

import pytest

from sercore.corpora import own
from sercore.corpora.cells import TableError
from tests.corpora import trees

NAMES = ("s1_a.wav", "s2_a.wav")


def tree(folder, *, depth=1):
    """Two speakers, angry and happy, in one corpus or in two."""
    for corpus in ("lab", "street")[:depth]:
        for emotion in ("Angry", "happy"):
            for name in NAMES:
                place = folder / corpus if depth == 2 else folder
                trees.clip(place / emotion / name)
    return folder


def rows_of(corpus, *columns):
    return corpus.table[list(columns)].to_numpy().tolist()


def test_a_folder_of_emotions_is_one_corpus(tmp_path):
    corpus = own.read(tree(tmp_path / "talk"), speaker=r"^.*/(s\d)_")
    assert rows_of(corpus, "corpus", "emotion", "speaker", "class") == [
        ["talk", "Angry", "s1", "negative"],
        ["talk", "Angry", "s2", "negative"],
        ["talk", "happy", "s1", "positive"],
        ["talk", "happy", "s2", "positive"],
    ]
    assert corpus.problems == []


def test_a_folder_of_corpora_is_several(tmp_path):
    folder = tree(tmp_path, depth=2)
    (folder / "lab" / "notes.txt").write_text("a note")
    trees.clip(folder / "__MACOSX" / "happy" / "x.wav")
    trees.clip(folder / "lab" / "happy" / "._s1_a.wav")
    corpus = own.read(folder, speaker=r"(?P<speaker>s\d)_.\.wav")
    assert sorted(set(corpus.table["corpus"])) == ["lab", "street"]
    assert sorted(set(corpus.table["speaker"])) == ["s1", "s2"]
    (told,) = corpus.problems
    assert told.startswith(f"{folder}: 3 files left out, no audio by their names: ")
    assert (told.kind, told.count) == ("misnamed", 3)


def test_without_a_pattern_nobody_is_known_and_that_is_told(tmp_path):
    corpus = own.read(tree(tmp_path))
    assert set(corpus.table["speaker"]) == {"unknown"}
    (told,) = corpus.problems
    assert "no speaker is known, so that all clips count as one speaker's" in told


@pytest.mark.parametrize(
    ("plant", "speaker", "told"),
    [
        ("deep.wav", "", "clips lie 0 and 1 folders deep .*expected emotion/clip.wav for all, or"),
        ("a/b/c/deep.wav", "", r"clips lie 1 and 3 folders deep \(.*a/b/c/deep.wav, 3 deep\)"),
        (
            "happy/other.wav",
            r"s\d",
            r"happy/other.wav: no speaker by speaker_pattern=s\\d; expected",
        ),
    ],
)
def test_a_folder_of_another_form_is_refused(tmp_path, plant, speaker, told):
    folder = tree(tmp_path)
    trees.clip(folder / plant)
    with pytest.raises(TableError, match=told):
        own.read(folder, speaker=speaker)


def test_a_folder_without_audio_is_refused(tmp_path):
    (tmp_path / "talk.m4a").write_bytes(b"x")
    with pytest.raises(
        TableError, match="no audio file among 1 files; expected a CSV table, a fol"
    ):
        own.read(tmp_path)


def test_a_table_takes_no_pattern(tmp_path):
    trees.clip(tmp_path / "a.wav")
    (tmp_path / "my.csv").write_text("path,corpus,speaker,emotion\na.wav,lab,1,happy\n")
    with pytest.raises(TableError, match="a table, whose column `speaker` names the speakers"):
        own.read(tmp_path / "my.csv", speaker="s")


def database(folder, *, scheme="emotion", kind="csv"):
    audformat = pytest.importorskip("audformat", reason="audformat, an optional extra, is not here")
    db = audformat.Database("street", languages=["de"])
    db.schemes[scheme] = audformat.Scheme(labels=["happy", "angry"])
    people = {"a": {"gender": "female"}, "b": {"gender": "male"}}
    db.schemes["speaker"] = audformat.Scheme(labels=people)
    files = {"train": ["audio/1.wav", "audio/2.wav"], "test": ["audio/3.wav", "audio/4.wav"]}
    everyone = audformat.filewise_index([*files["train"], *files["test"]])
    for split, names in files.items():
        db.splits[split] = audformat.Split(type=split)
        db[f"emotion.{split}"] = audformat.Table(audformat.filewise_index(names), split_id=split)
        column = db[f"emotion.{split}"][scheme] = audformat.Column(scheme_id=scheme)
        column.set(["happy", "angry"])
    db["files"] = audformat.Table(everyone)
    db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["files"]["speaker"].set(["a", "a", "b", "b"])
    db.save(str(folder), storage_format=kind)
    for name in everyone:
        trees.clip(folder / name)
    return folder


@pytest.mark.parametrize("name", ["", "db.yaml"])
def test_an_audformat_database_is_read(tmp_path, name):
    corpus = own.read(database(tmp_path / "street") / name)
    columns = ("corpus", "speaker", "gender", "language", "emotion", "split")
    assert rows_of(corpus, *columns) == [
        ["street", "a", "female", "deu", "happy", "training"],
        ["street", "a", "female", "deu", "angry", "training"],
        ["street", "b", "male", "deu", "happy", "test"],
        ["street", "b", "male", "deu", "angry", "test"],
    ]


def test_a_database_without_emotions_is_refused(tmp_path):
    folder = database(tmp_path / "street", scheme="mood")
    with pytest.raises(TableError, match="no clip with a scheme `emotion`, found the schemes mood"):
        own.read(folder)


def test_no_pickle_of_a_database_is_read(tmp_path):
    folder = database(tmp_path / "street")
    shutil.copy(folder / "db.files.csv", folder / "db.files.pkl")
    with pytest.raises(TableError, match=r"db\.files\.pkl: a pickle, which could run"):
        own.read(folder)


def test_without_the_package_a_database_is_refused_by_the_extra_that_reads_it(
    tmp_path, monkeypatch
):
    (tmp_path / "db.yaml").write_text("name: street\n")
    monkeypatch.setitem(sys.modules, "audformat", None)
    with pytest.raises(TableError, match=r"audformat.*pip install 'sercore\[audformat\]'"):
        own.read(tmp_path)
