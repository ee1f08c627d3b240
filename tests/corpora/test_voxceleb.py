"""VoxCeleb: speaker and video from the folders, sex and nationality from the sheets; what cannot be read is told."""

import pytest

from sercore.corpora import COLUMNS, voxceleb
from tests.corpora import trees

CLIPS = [
    "wav/id10001/1zcIwhmdeo4/00001",
    "wav/id10001/7gWzIy6yIIk/00001",
    "dev/wav/id10002/6WO410QOeuo/00003",
    "id00012/21Uxsk56VDQ/00001",
]
FIRST = """VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet
id10001\tA.J._Buckley\tm\tIreland\tdev
id10002\tA.R._Rahman\tm\tIndia\tdev
"""
SECOND = "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid00012 ,n000012 ,f ,dev \n"


@pytest.fixture
def tree(tmp_path):
    tree = trees.plant(tmp_path / "voxceleb", CLIPS)
    (tree / "vox1_meta.csv").write_text(FIRST)
    (tree / "vox2_meta.csv").write_text("\ufeff" + SECOND)
    return tree


def test_a_whole_corpus_has_no_problem(tree):
    corpus = voxceleb.read(tree)
    assert corpus.problems == []
    assert list(corpus.table.columns) == [*COLUMNS, "nationality"]
    assert corpus.table[["speaker", "text", "gender"]].to_numpy().tolist() == [
        ["id00012", "21Uxsk56VDQ", "female"],
        ["id10001", "1zcIwhmdeo4", "male"],
        ["id10001", "7gWzIy6yIIk", "male"],
        ["id10002", "6WO410QOeuo", "male"],
    ]
    assert corpus.table["nationality"].isna().tolist() == [True, False, False, False]
    assert corpus.table["nationality"].tolist()[1:] == ["Ireland", "Ireland", "India"]
    assert corpus.table[["emotion", "language"]].isna().all(axis=None)


def test_the_same_clip_in_two_places_is_told(tree):
    trees.clip(tree / "test/wav/id10001/1zcIwhmdeo4/00001.flac")
    corpus = voxceleb.read(tree)
    assert len(corpus.table) == 4
    assert corpus.problems == [
        "1 copies left out, 1 names stand more than once: id10001/1zcIwhmdeo4/00001"
    ]


def test_m4a_is_told_with_the_remedy(tmp_path):
    folder = tmp_path / "voxceleb" / "dev" / "aac" / "id00012" / "21Uxsk56VDQ"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"0000{number}.m4a").write_bytes(b"ftypM4A")
    corpus = voxceleb.read(tmp_path / "voxceleb")
    assert corpus.table.empty
    assert any(
        problem.startswith("3 files left out, they are .m4a; expected .wav or .flac. Convert")
        for problem in corpus.problems
    )


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        (
            FIRST + "id10003\tNobody\tf\tItaly\tdev\n",
            "1 of 4 speakers that the sheets list missing: id10003",
        ),
        (
            FIRST.replace("id10002", "id10009"),
            "1 speakers of unknown gender; expected f or m in the sheets: id10002",
        ),
        (
            FIRST.replace("A.J._Buckley\tm", "A.J._Buckley\t?"),
            "1 speakers of unknown gender; expected f or m in the sheets: id10001",
        ),
        ("id10001\tA.J._Buckley\tm\tIreland\tdev\n", "vox1_meta.csv: no row with the columns"),
        ("", "vox1_meta.csv: no row with the columns"),
        ("VoxCeleb1 ID\tVGGFace1 ID\tGender\nid10001\n", "speakers of unknown gender"),
    ],
)
def test_an_odd_sheet_is_told(tree, sheet, told):
    (tree / "vox1_meta.csv").write_text(sheet)
    corpus = voxceleb.read(tree)
    assert len(corpus.table) == 4
    assert any(told in problem for problem in corpus.problems)


def test_without_sheets_gender_is_missing_and_told(tmp_path):
    corpus = voxceleb.read(trees.plant(tmp_path / "voxceleb", [*CLIPS, "wav/interview/00001/a"]))
    assert len(corpus.table) == 4
    assert corpus.table["gender"].isna().all()
    sheets, odd = corpus.problems
    assert "neither vox1_meta.csv nor vox2_meta.csv; expected one" in sheets
    assert odd.endswith("a.wav")


def test_linked_folders_are_read_once_and_a_link_to_above_ends(tree):
    trees.check_links(voxceleb.read, tree)
