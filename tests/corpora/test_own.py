"""A researcher's own table: what is good loads whole, what is wrong is refused by its place, and nothing is dropped in silence."""

import pytest

from sercore.corpora import COLUMNS, own
from sercore.corpora.cells import TableError
from sercore.protocols.speakers import pooled
from tests.corpora import trees

HEADER = "path,corpus,speaker,emotion"
GOOD = f"{HEADER}\na.wav,lab,1,happy\nb/c.wav,field,01,Angry\n"


@pytest.fixture
def folder(tmp_path):
    """Three clips, and one that is no audio."""
    for name in ("a.wav", "b/c.wav", "d.flac"):
        trees.clip(tmp_path / name)
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    return tmp_path


def written(folder, text, *, name="my.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_table_is_a_corpus(folder):
    text = "path,mood,emotion,speaker,corpus,gender,language\nd.flac,low,SAD,NA,lab,f,de-AT\na.wav,,happy,01,lab,Male,\n"
    corpus = own.read(written(folder, text))
    assert (corpus.name, corpus.problems) == ("my", [])
    assert list(corpus.table.columns) == [*COLUMNS, "class", "mood"]
    rows = corpus.table.drop(columns="seconds").astype(object)
    rows = rows.where(rows.notna(), None).to_numpy().tolist()
    assert rows == [
        [folder / "a.wav", "lab", "01", "male", None, "happy", None, "positive", None],
        [folder / "d.flac", "lab", "NA", "female", "de-AT", "SAD", None, "negative", "low"],
    ]
    assert corpus.table["seconds"].tolist() == [0.01, 0.01]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GOOD, "utf-8"),
        (GOOD, "utf-8-sig"),
        (GOOD.replace(",", ";"), "utf-8-sig"),
        (GOOD.replace(",", "\t"), "utf-8"),
        (GOOD.replace("\n", "\r\n"), "utf-8"),
        (GOOD + "\n,,,\n", "utf-8"),
        (GOOD.replace("happy", '" happy "'), "utf-8"),
        (GOOD.replace("a.wav", "./b/../a.wav"), "utf-8"),
    ],
    ids=[
        "commas",
        "mark",
        "semicolons",
        "tabs",
        "windows",
        "empty lines",
        "blanks",
        "a long way round",
    ],
)
def test_every_spelling_of_a_table_is_the_same_table(folder, text, encoding):
    found = own.read(written(folder, text, encoding=encoding)).table
    assert found[["path", "corpus", "speaker", "emotion", "class"]].to_numpy().tolist() == [
        [folder / "b/c.wav", "field", "01", "Angry", "negative"],
        [folder / "a.wav", "lab", "1", "happy", "positive"],
    ]


def test_an_absolute_path_stands_as_it_is(folder, tmp_path_factory):
    text = GOOD.replace("a.wav", str(folder / "a.wav")).replace("b/c.wav", str(folder / "b/c.wav"))
    elsewhere = written(tmp_path_factory.mktemp("elsewhere"), text)
    assert own.read(elsewhere).table["path"].tolist() == [folder / "b/c.wav", folder / "a.wav"]


@pytest.mark.parametrize(
    ("text", "unseen", "told"),
    [
        (
            "",
            [],
            r"my.csv: no column `path`, found none; expected path, corpus, speaker, emotion. Add or rename the column.$",
        ),
        (
            GOOD.replace("speaker", "Speaker"),
            [],
            r"no column `speaker`, found path, .* \(did you mean `Speaker`\?\)",
        ),
        (GOOD.replace(HEADER, f"{HEADER},path"), [], r"column `path` stands more than once"),
        (
            GOOD.replace(HEADER, f"{HEADER},"),
            [],
            r"a column has no name; expected a name of its own",
        ),
        (
            f"{HEADER},class\na.wav,lab,1,happy,x\n",
            [],
            r"column `class` is made by reading it; expected another name",
        ),
        (f"{HEADER},seconds\na.wav,lab,1,happy,1\n", [], r"column `seconds` is made by reading it"),
        (f"{HEADER}\n", [], r"my.csv: a header and nothing below it; expected one line at least"),
        (
            f"{HEADER}\na.wav,lab,1\n",
            [],
            r"my.csv, line 2: 3 cells; expected 4, as the header has. Mend the line",
        ),
        (f"{HEADER}\na.wav,lab,1,happy,loud\n", [], r"my.csv, line 2: 5 cells; expected 4"),
        (
            f'{HEADER}\na.wav,lab,"1,happy\n',
            [],
            r"my.csv, line 2: no CSV \(unexpected end of data\)",
        ),
        (
            GOOD.replace("lab", ""),
            [],
            r"my.csv, line 2: the corpus is empty; expected one for each clip",
        ),
        (GOOD.replace("01", " "), [], r"my.csv, line 3: the speaker is empty"),
        (GOOD.replace("Angry", ""), [], r"my.csv, line 3: the emotion is empty"),
        (GOOD.replace("a.wav", ""), [], r"my.csv, line 2: the path is empty"),
        (
            f"{HEADER},gender\na.wav,lab,1,happy,w\n",
            [],
            r"my.csv, line 2: gender `w`; expected female or male",
        ),
        (
            f"{HEADER},language\na.wav,lab,1,happy,English\n",
            [],
            r"my.csv, line 2: language `English`; expected a tag such as en",
        ),
        (
            GOOD.replace("b/c.wav", "b/../a.wav"),
            [],
            r"my.csv, line 3: .*/a.wav stands in line 2, too; expected it once",
        ),
        (
            GOOD.replace("a.wav", "gone.wav"),
            [],
            r"my.csv, line 2: .*/gone.wav is not there; expected a path that starts at",
        ),
        (
            GOOD.replace(".wav", ".mp3"),
            [],
            r"my.csv, line 2: .*/a.mp3 is not there, and 1 more are missing; expected",
        ),
        (
            f"{HEADER},split\na.wav,lab,1,happy,fold1\n",
            [],
            r"my.csv, line 2: split `fold1`; expected train, dev or test",
        ),
        (
            f"{HEADER},split\na.wav,lab,1,happy,train\nb/c.wav,lab,2,sad,\n",
            [],
            r"my.csv, line 3: the split is empty, and other clips have one",
        ),
        (
            f"{HEADER},split\na.wav,lab,1,happy,train\nb/c.wav,lab,2,sad,dev\n",
            [],
            r"my.csv: no clip of the split is for test; expected train and test, and dev",
        ),
        (GOOD.replace("lab,", "a/b,"), [], r"my.csv, line 2: `/` in the name of corpus `a/b`"),
        (GOOD.replace("lab,", '"a,b",'), [], r"my.csv, line 2: `,` in the name of corpus `a,b`"),
        (
            GOOD.replace("lab,", "lab without surprise,"),
            [],
            r"my.csv, line 2: ` without surprise` in the name of corpus",
        ),
        (
            GOOD,
            ["fields"],
            r"my.csv: no clip of the unseen corpus `fields`; expected one of field, lab \(did you mean `field`\?\)",
        ),
        (
            GOOD.replace("happy", "wistful"),
            [],
            r"my.csv: label `wistful` \(1 clips\) without class; expected one of a, ang, anger",
        ),
        (
            GOOD.replace("happy", "x").replace("Angry", "y"),
            [],
            r"label `x` \(1 clips\), and 1 more labels without class",
        ),
    ],
)
def test_what_is_refused(folder, text, unseen, told):
    path = written(folder, text)
    with pytest.raises(TableError, match=rf"^{folder}/.*{told}"):
        own.read(path, unseen=unseen)


def test_labels_can_be_the_classes_as_they_are(folder):
    table = own.read(written(folder, GOOD.replace("happy", "Wistful")), classes="own").table
    assert table["class"].tolist() == ["angry", "wistful"]


def test_a_split_has_our_names_and_an_unseen_corpus_needs_none(folder):
    text = f"{HEADER},split\na.wav,lab,1,happy,Train\nb/c.wav,lab,2,sad,TEST\nd.flac,field,1,sad,\n"
    table = own.read(written(folder, text), unseen=["field"]).table
    names = table["path"].map(lambda path: path.name)
    sides = dict(zip(names, table["split"].fillna(""), strict=True))
    assert sides == {"a.wav": "training", "c.wav": "test", "d.flac": ""}


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("latin-1", "no UTF-8 text; expected `CSV UTF-8`. Save it in that format"),
        ("utf-16", "no UTF-8 text"),
    ],
)
def test_another_encoding_is_refused(folder, encoding, told):
    with pytest.raises(TableError, match=told):
        own.read(written(folder, GOOD.replace("lab", "Köln"), encoding=encoding))


def test_no_file_is_refused(folder):
    told = "gone.csv: no such file or folder; expected a CSV table, a folder of folders .*audformat"
    with pytest.raises(TableError, match=told):
        own.read(folder / "gone.csv")


def test_what_is_left_out_is_told(folder):
    trees.clip(folder / "e.wav")
    lines = [
        "a.wav,lab,1,oth",
        "b/c.wav,lab,1,happy",
        "broken.wav,lab,1,happy",
        "d.flac,lab,1,Tie",
        "e.wav,lab,1,sad",
    ]
    corpus = own.read(written(folder, "\n".join([HEADER, *lines])))
    assert corpus.table["path"].tolist() == [folder / "b/c.wav", folder / "e.wav"]
    assert corpus.report.counts == {"damaged": 1, "without a class": 2}
    left_out, broken = corpus.problems
    assert left_out.endswith(
        "my.csv: 2 of 5 clips left out, the class map leaves out their labels: Tie, oth"
    )
    assert broken.startswith(f"{folder / 'broken.wav'}: not readable as audio")


MAPS = {
    "map.csv": "emotion,class\nHappy,good\nangry,\nsad,bad\n",
    "semicolons.csv": "class;emotion\ngood;happy\n;ANGRY\nbad;sad\n",
    "map.json": '{"Happy": "good", "angry": null, "sad": "bad"}',
}


@pytest.mark.parametrize("name", MAPS)
def test_a_class_map_of_ones_own(folder, name):
    classes = own.class_map(written(folder, MAPS[name], name=name))
    assert classes == {"happy": "good", "angry": None, "sad": "bad"}
    text = GOOD + "d.flac,lab,2,sad\n"
    corpus = own.read(written(folder, text), classes={"HAPPY": "good", "angry": None, "SAD": "bad"})
    assert corpus.table["class"].tolist() == ["good", "bad"]
    assert own.read(folder / "my.csv", classes=classes).table.equals(corpus.table)
    with pytest.raises(
        TableError, match=r"label `Angry` \(1 clips\) without class; expected one of happy"
    ):
        own.read(folder / "my.csv", classes={"happy": "good", "sad": "bad"})


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "map.csv",
            "emotion,clas\nhappy,good\n",
            r"no column `class`, found emotion, clas \(did you mean `clas`\?\)",
        ),
        (
            "map.csv",
            "emotion,class\nhappy,good\nHappy,bad\n",
            "label `happy` stands more than once",
        ),
        ("map.csv", "emotion,class\n,good\n", "a label is empty; expected each label once"),
        ("map.csv", "emotion,class\n", "a header and nothing below it"),
        ("map.json", '{"happy": "good", "Happy": "bad"}', "label `happy` stands more than once"),
        ("map.json", '{"happy": 1}', 'other JSON than {"label": "class"}'),
        ("map.json", '{"happy": {"a": "b"}}', "other JSON than"),
        ("map.json", '["ab", "cd"]', "other JSON than"),
        ("map.json", "{}", "other JSON than"),
        ("map.json", "{happy: good}", "no JSON"),
    ],
)
def test_a_class_map_that_is_none_is_refused(folder, name, text, told):
    with pytest.raises(TableError, match=rf"{name}: {told}"):
        own.class_map(written(folder, text, name=name))
    with pytest.raises(TableError, match="no such file"):
        own.class_map(folder / f"gone-{name}")


def test_own_corpora_are_split_as_any_other(tmp_path):
    lines = []
    for at, (corpus, who) in enumerate([("lab", "abc"), ("field", "abcd"), ("far", "a")]):
        for speaker in who:
            for emotion in ("happy", "neutral", "sad"):
                name = f"{at}{speaker}{emotion}.wav"
                trees.clip(tmp_path / name)
                lines.append(f"{name},{corpus},{speaker},{emotion}")
    table = own.read(written(tmp_path, "\n".join([HEADER, *lines])), unseen=["far"]).table
    split = pooled(table, unseen=["far"])
    assert [
        len(rows) for rows in (split.training, split.validation, split.test, split.unseen["far"])
    ] == [9, 6, 6, 3]
    assert set(table["speaker"].iloc[split.validation]) == {"c", "d"}
