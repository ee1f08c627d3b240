"""Names are one name in either Unicode form; means are over the classes that occur; one class does not train."""

import unicodedata
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from sercore import predict
from sercore.corpora import own
from sercore.corpora.cells import TableError
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import study as padi
from sercore.papers.parry2022 import card as parry_card
from sercore.papers.parry2022 import data as parry_data
from sercore.papers.parry2022 import study as parry
from tests.corpora import trees

HEADER = "path,corpus,speaker,emotion,gender,language"
FORMS = ("NFC", "NFD")
SCORES = {
    "training": {"corpora": {"lab": 90}},
    "model": "baseline",
    "classes": ["positive", "neutral", "negative"],
    "limits": [],
}


def form(kind, text):
    return unicodedata.normalize(kind, text)


@pytest.fixture
def folder(tmp_path):
    """Clips whose names and folder are in one form or the other."""
    for place, name in enumerate(("é1", "é2", "é3", "é4")):
        trees.clip(
            tmp_path / form(FORMS[place % 2], "Stücke") / f"{form(FORMS[place // 2], name)}.wav"
        )
    return tmp_path


def table_of(folder, kind):
    """The same clips; every other line has its names in the other form."""
    lines = [HEADER]
    for place, name in enumerate(("é1", "é2", "é3", "é4")):
        cells = f"{'Stücke'}/{name}.wav,Köln,José,{('fröhlich', 'wütend')[place % 2]},f,pt"
        lines.append(form(FORMS[(place + (kind == "NFD")) % 2], cells))
    path = folder / "my.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_name_in_two_unicode_forms_is_one_name_and_both_forms_of_a_path_are_tried(
    folder, kind, suffix
):
    labels = form(kind, "fröhlich"), form(kind, "wütend")
    classes = folder / f"map.{suffix}"
    text = (
        "emotion,class\n{},gut\n{},schlimm\n"
        if suffix == "csv"
        else '{{"{}": "gut", "{}": "schlimm"}}'
    )
    classes.write_text(text.format(*labels), encoding="utf-8")
    table = own.read(table_of(folder, kind), classes=own.class_map(classes)).table
    assert (set(table["corpus"]), set(table["speaker"])) == (
        {form("NFC", "Köln")},
        {form("NFC", "José")},
    )
    assert table["class"].value_counts().to_dict() == {"gut": 2, "schlimm": 2}
    assert all(path.is_file() for path in table["path"])


@pytest.mark.parametrize("kind", FORMS)
def test_an_unseen_corpus_is_named_in_either_form(tmp_path, monkeypatch, kind):
    lines = [HEADER]
    for corpus in ("labor", "Köln"):
        for speaker in "abc":
            for emotion in ("happy", "sad"):
                name = f"{corpus}{speaker}{emotion}.wav"
                trees.clip(tmp_path / name)
                lines.append(f"{name},{form('NFD', corpus)},{speaker},{emotion},f,de")
    (tmp_path / "my.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    nothing = np.ones((0, 2), np.float32)
    frames = SimpleNamespace(frames=lambda paths: (nothing, np.zeros(len(paths) + 1)))
    monkeypatch.setattr(parry_data, "FILTERBANKS", frames)  # for which the clips are too short
    data = parry.load(parry.Parameters(table=str(tmp_path / "my.csv"), unseen=form(kind, "Köln")))
    assert data.unseen == (form("NFC", "Köln"),)
    assert set(data.unseen) < set(data.table["corpus"])


@pytest.mark.parametrize("kind", ["NFC", "NFD"])
def test_scored_and_taught_corpora_are_named_in_either_form(tmp_path, kind):
    lines = [HEADER]
    for corpus in ("Köln", "Mülheim"):
        for speaker, emotion in product("ab", ("happy", "sad")):
            name = f"{corpus}{speaker}{emotion}.wav"
            trees.clip(tmp_path / name)
            lines.append(f"{name},{form('NFD', corpus)},{corpus}{speaker},{emotion},f,de")
    (tmp_path / "my.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    given = {"scored": form(kind, "Köln"), "taught": form(kind, "Mülheim")}
    parameters = padi.Parameters(table=str(tmp_path / "my.csv"), **given)
    scored, others = padi_data.own_corpora(parameters, scored=parameters.scored)
    assert scored.name == form("NFC", "Köln")
    assert padi.taught(parameters) == tuple(others) == (form("NFC", "Mülheim"),)


def one_class(folder, *, unseen=""):
    """Two emotions of one class, or a second class in a corpus that does not train."""
    lines = [HEADER]
    for corpus, emotions in (("lab", ("angry", "sad")), ("away", ("happy", "sad"))):
        for speaker in "abc":
            for emotion in emotions if corpus == unseen or corpus == "lab" else ():
                name = f"{corpus}{speaker}{emotion}.wav"
                trees.clip(folder / name)
                lines.append(f"{name},{corpus},{speaker},{emotion},f,de")
    path = folder / "my.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("unseen", ["", "away"])
def test_one_class_does_not_train(tmp_path, unseen):
    told = r"my.csv: one class, `negative`, in the corpora that train; expected two at least. Add clips of another class"
    table = one_class(tmp_path, unseen=unseen)
    with pytest.raises(TableError, match=told):
        own.read(table, unseen=[unseen] if unseen else [])
    with pytest.raises(TableError, match=told):
        predict.train("baseline", {"table": str(table), "unseen": unseen}, out=tmp_path / "model")
    assert not list((tmp_path / "model").glob("*"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("emotion,class\nhappy,good\nsad,\n", "one class, `good`"),
        ("emotion,class\nhappy,\nsad,\n", "no class"),
    ],
)
def test_a_map_to_one_class_is_refused_when_it_is_read(tmp_path, text, names):
    (tmp_path / "map.csv").write_text(text)
    with pytest.raises(TableError, match=f"map.csv: {names}; expected two at least"):
        own.class_map(tmp_path / "map.csv")


def about(away):
    """Scores of a model that answers everything with the last class: on three classes at home, and these away."""
    home = [("lab/a", true, 2, 10) for true in range(3)]
    return SCORES | parry_card.scores(
        home + [("away/b", true, 2, 10) for true in away], SCORES["classes"], unseen=["away"]
    )


def test_chance_is_over_the_classes_that_occur():
    home, away = parry_card.CARD.sentences(about([1, 2]))[1:3]
    assert "UA 0.333" in home
    assert "UA by chance 0.333)" in home
    assert "UA 0.500" in away
    assert "UA by chance 0.500, over neutral and negative, the classes that occur there)" in away


def test_means_over_other_classes_are_not_compared():
    (told,) = parry_card._elsewhere(
        *(about([1, 2])[name] for name in ("speaker_independent", "unseen"))
    )
    assert told == (
        "On away, which training never met, only neutral and negative occur: that score and the one in domain are means over other"
        " classes, and are not compared."
    )
    (told,) = parry_card._elsewhere(
        *(about([0, 1, 2])[name] for name in ("speaker_independent", "unseen"))
    )
    assert "it does no worse than in domain" in told
