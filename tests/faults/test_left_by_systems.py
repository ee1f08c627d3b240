"""Files that systems leave beside clips are no clips of any corpus, and folders in capitals are pointed to."""

import numpy as np
import pytest
import soundfile

from sercore import corpora, features
from sercore.corpora import voxceleb
from sercore.papers.biagini2022 import data as biagini_data
from sercore.papers.padi2021 import pretraining
from sercore.papers.parry2022 import data as parry_data
from tests.corpora import trees

TREES = {
    "ravdess": trees.ravdess,
    "tess": trees.tess,
    "savee": trees.savee,
    "emovo": trees.emovo,
    "emodb": trees.emodb,
    "crema-d": trees.cremad,
    "coraa-ser": trees.coraa_ser,
}


@pytest.mark.parametrize("name", TREES)
def test_what_systems_leave_is_no_clip(name, tmp_path):
    folder = trees.plant(tmp_path / name, TREES[name]()[:20])
    before = corpora.load(name, root=tmp_path).table
    assert len(before)
    clip = before["path"].iloc[0]
    for place in (clip.parent, folder / "__MACOSX"):
        place.mkdir(exist_ok=True)
        (place / f"._{clip.name}").write_bytes(bytes(100))
        for left in ("Thumbs.db", "desktop.ini", ".DS_Store"):
            (place / left).write_bytes(b"left")
    assert corpora.load(name, root=tmp_path).table.equals(before)


def test_what_systems_leave_teaches_no_speaker(tmp_path):
    for folder in ("wav/id10001/abc", "__MACOSX/wav/id10001/abc"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "._00001.wav").write_bytes(bytes(100))
    clip = tmp_path / "wav/id10001/abc/00001.wav"
    soundfile.write(clip, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    assert [path for path, *_ in voxceleb.walk(tmp_path)] == ["wav/id10001/abc/00001.wav"]
    corpus = voxceleb.read(tmp_path)
    assert list(corpus.table["path"]) == [clip]
    (told,) = [problem for problem in corpus.problems if "._00001.wav" in problem]
    assert (told.kind, told.count) == ("misnamed", 2)
    assert len(features.extract(tmp_path, "prosodic", quiet=True)) == 1


@pytest.mark.parametrize("there", ["RAVDESS", "Ravdess", "ravdess_"])
def test_a_folder_of_nearly_that_name_is_named(there, tmp_path):
    (tmp_path / there).mkdir()
    with pytest.raises(corpora.CorpusError, match=rf"no such folder; .* There is {there}: rename"):
        corpora.load("ravdess", root=tmp_path)


@pytest.mark.parametrize(
    ("named", "optional"),
    [
        (lambda: parry_data.names("open"), "SAVEE"),
        (lambda: biagini_data.names("open", elsewhere=True), "Emovo"),
        (lambda: pretraining.teachers("open"), "SAVEE"),
    ],
    ids=["chapter 2", "chapter 3", "chapter 4"],
)
def test_an_edition_of_what_is_there_leaves_no_folder_of_nearly_a_name_out(
    named, optional, tmp_path, monkeypatch
):
    for name in ("emovo", "ravdess", "tess", "savee"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    plain = optional.lower()
    assert f"'{plain}'" in str(named())
    (tmp_path / plain).rename(tmp_path / optional)
    with pytest.raises(
        corpora.CorpusError, match=rf"/{plain}: no such .* There is {optional}: rename"
    ):
        named()


def test_a_home_is_looked_up(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SER_CORPORA", "~/corpora")
    assert corpora.home() == tmp_path / "corpora"
