"""EPST: cut clips by an assumed grammar; whole sessions, and speakers of unknown gender, are told."""

import pytest

from sercore.corpora import epst, labels
from tests.corpora import trees

CLIPS = [
    f"{who}_00{n}_{emotion}_{10 + n}.25_August-second"
    for n, who in enumerate(("cc", "mm"), 1)
    for emotion in epst.EMOTIONS
]


@pytest.fixture
def tree(tmp_path):
    tree = trees.plant(tmp_path / "epst", [f"clips/{name}" for name in CLIPS])
    (tree / "speakers.csv").write_text("speaker,gender\ncc,female\nmm,male\n")
    return tree


def test_a_folder_with_all_emotions_has_no_problem(tree):
    corpus = epst.read(tree)
    assert corpus.problems == []
    assert len(corpus.table) == 30
    assert corpus.table.groupby("speaker")["gender"].first().to_dict() == {
        "cc": "female",
        "mm": "male",
    }
    assert set(corpus.table["text"]) == {"August-second"}
    found = labels.mapped(corpus.table, labels.valences())
    assert found.value_counts().to_dict() == {"negative": 20, "positive": 8, "neutral": 2}


def test_whole_sessions_are_told(tmp_path):
    (tmp_path / "epst" / "speech").mkdir(parents=True)
    (tmp_path / "epst" / "speech" / "cc_001.sph").write_bytes(b"NIST_1A\n")
    corpus = epst.read(tmp_path / "epst")
    assert corpus.table.empty
    assert corpus.problems[0].startswith(
        "1 recordings left out, they are whole sessions (cc_001.sph); expected clips cut"
    )
    assert "no clip; expected <speaker>_<session>_<emotion>" in corpus.problems[1]


@pytest.mark.parametrize(
    ("speakers", "told"),
    [
        (None, "2 speakers of unknown gender (cc, mm); expected in"),
        ("speaker,gender\ncc,female\n", "1 speakers of unknown gender (mm); expected in"),
        (
            "speaker,gender\ncc,female\nmm,m\n",
            "speakers.csv: 1 of 2 rows without speaker, or gender female or male",
        ),
        ("name,sex\ncc,female\n", "speakers.csv: 1 of 1 rows without speaker"),
        ("", "speakers.csv: 0 of 0 rows without speaker"),
    ],
)
def test_gender_unknown_is_missing_and_told(tree, speakers, told):
    (tree / "speakers.csv").unlink()
    if speakers is not None:
        (tree / "speakers.csv").write_text(speakers)
    corpus = epst.read(tree)
    assert len(corpus.table) == 30
    assert any(told in problem for problem in corpus.problems)


@pytest.mark.parametrize(
    "name",
    [
        "cc_001_joy_1.5_June-tenth",
        "cc_hot-anger_1.5_June-tenth",
        "cc_001_hot anger_1.5_x",
        "cc_001_happy_x_y",
    ],
)
def test_a_name_that_does_not_fit_is_told(tree, name):
    trees.clip(tree / "clips" / f"{name}.wav")
    corpus = epst.read(tree)
    assert len(corpus.table) == 30
    (told,) = corpus.problems
    assert name in told


def test_an_emotion_without_clips_is_told(tree):
    for path in tree.rglob("*_panic_*"):
        path.unlink()
    assert epst.read(tree).problems == ["1 of 15 emotions missing: panic"]


def test_linked_folders_are_read_once_and_a_link_to_above_ends(tree):
    trees.check_links(epst.read, tree)
