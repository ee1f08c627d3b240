"""IEMOCAP: labels from the evaluation files; ties, unlabelled, missing and strange clips are told, and everything adds up."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sercore.corpora import COLUMNS, iemocap
from tests.corpora import trees

TEN = ("ang", "hap", "exc", "neu", "sad", "fru", "fea", "sur", "dis", "oth")
WHOLE = {
    f"Ses0{session}{side}_{part}_{who}{number:03d}": TEN[(number + session) % 10]
    for session in range(1, 6)
    for side in "FM"
    for part in ("impro01", "script02_1")
    for who in "FM"
    for number in range(5)
}
CLIP = "Ses01F_impro01_F000"


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """A small corpus that counts as complete."""
    monkeypatch.setattr(iemocap, "CLIPS", len(WHOLE))
    return trees.iemocap(trees.plant(tmp_path / "iemocap", map(trees.iemocap_place, WHOLE)), WHOLE)


def test_a_whole_corpus_has_no_problem(whole):
    corpus = iemocap.read(whole)
    table = corpus.table
    assert corpus.problems == []
    assert list(table.columns) == [*COLUMNS, "part", "session", "dialogue"]
    assert dict(zip([path.stem for path in table["path"]], table["emotion"], strict=True)) == WHOLE
    assert [path.stem for path in table["path"]] == sorted(WHOLE)
    assert Counter(table["gender"]) == {"female": 100, "male": 100}
    assert Counter(table["part"]) == {"improvised": 100, "scripted": 100}
    assert (table.groupby("speaker").size() == 20).all()
    assert set(table["speaker"]) == {
        f"Ses0{session}_{who}" for session in range(1, 6) for who in "FM"
    }
    assert set(table["language"]) == {"en-US"}


@pytest.mark.parametrize(
    ("stem", "speaker", "gender", "part", "session", "dialogue"),
    [
        ("Ses01F_impro04_F000", "Ses01_F", "female", "improvised", 1, "Ses01F_impro04"),
        ("Ses01F_impro04_M012", "Ses01_M", "male", "improvised", 1, "Ses01F_impro04"),
        ("Ses02M_script03_2_F001", "Ses02_F", "female", "scripted", 2, "Ses02M_script03_2"),
        ("Ses05M_script01_1b_M034", "Ses05_M", "male", "scripted", 5, "Ses05M_script01_1b"),
        ("Ses03M_impro05a_F023", "Ses03_F", "female", "improvised", 3, "Ses03M_impro05a"),
    ],
)
def test_a_name(tmp_path, stem, speaker, gender, part, session, dialogue):
    tree = trees.plant(tmp_path / "iemocap", [trees.iemocap_place(stem)], suffix=".flac")
    (row,) = iemocap.read(trees.iemocap(tree, {stem: "neu"})).table.to_dict("records")
    assert (row["speaker"], row["gender"], row["part"], row["session"]) == (
        speaker,
        gender,
        part,
        session,
    )
    assert row["dialogue"] == row["text"] == dialogue


@given(
    st.integers(1, 5), st.sampled_from("FM"), st.sampled_from(["impro05a", "impro08", "script01_1b", "script03_2"]),
    st.sampled_from("FM"), st.integers(0, 999),
)  # fmt: skip
def test_the_speaker_is_never_the_marker_side(session, side, scene, who, number):
    match = iemocap.NAME.fullmatch(f"Ses0{session}{side}_{scene}_{who}{number:03d}")
    assert match["speaker"] == who
    assert match["dialogue"] == f"Ses0{session}{side}_{scene}"


@pytest.mark.parametrize(
    "stem",
    [
        "Ses06F_impro01_F000",
        "Ses01X_impro01_F000",
        "Ses01F_impro01_F00",
        "Ses01F_impro01",
        "Ses01F_impro01_FXX0",
    ],
)
def test_a_name_that_is_not_iemocaps_is_told(whole, stem):
    trees.clip(whole / f"Session1/sentences/wav/Ses01F_impro01/{stem}.wav")
    corpus = iemocap.read(whole)
    assert len(corpus.table) == len(WHOLE)
    (told,) = corpus.problems
    assert told.startswith("1 files left out, their names are not Ses0<session>")
    assert f"{stem}.wav" in told


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        (["Neutral", "Sadness", "Neutral; Sadness"], "tie"),
        (["Anger; Frustration", "Anger; Frustration", "Anger; Frustration"], "tie"),
        (["Anger", "Anger", "Sadness", "Sadness"], "tie"),
        (["Neutral", "Sadness", "Anger"], "no-majority"),
        (["Neutral", "Sadness"], "no-majority"),
        (["Neutral;Neutral", "Sadness", "Anger"], "no-majority"),
        (["Anger", "Anger", "Sadness", "Other", "Neutral"], "no-majority"),
        ([], "no-majority"),
    ],
)
def test_annotators_who_did_not_agree(tmp_path, votes, expected):
    tree = trees.plant(tmp_path / "iemocap", [trees.iemocap_place(CLIP)])
    corpus = iemocap.read(trees.iemocap(tree, {CLIP: "xxx"}, votes={CLIP: votes}))
    assert corpus.table["emotion"].tolist() == [expected]


def test_annotators_do_not_change_a_majority_label(tmp_path):
    tree = trees.plant(tmp_path / "iemocap", [trees.iemocap_place(CLIP)])
    corpus = iemocap.read(
        trees.iemocap(tree, {CLIP: "exc"}, votes={CLIP: ["Anger", "Anger", "Sadness", "Sadness"]})
    )
    assert corpus.table["emotion"].tolist() == ["exc"]


def test_everything_planted_is_in_the_table_or_told(whole):
    wav = whole / "Session1/sentences/wav/Ses01F_impro01"
    evaluation = whole / "Session1/dialog/EmoEvaluation"
    tied, split, gone, broken = (f"Ses01F_impro01_F00{number}" for number in range(4))
    text = (evaluation / "Ses01F_impro01.txt").read_text()
    for name, votes in (
        (tied, ("Anger", "Sadness", "Anger; Sadness")),
        (split, ("Anger", "Sadness", "Other")),
    ):
        block = re.search(
            rf"{name}\t(?P<label>...)\t.*?\n\n|{name}\t(?P<last>...)\t.*\Z", text, re.DOTALL
        )[0]
        told = block.replace(block.split("\t")[1], "xxx", 1)
        for rater, answer in enumerate(votes, 2):
            told = re.sub(rf"C-E{rater}:\t[^(]*", f"C-E{rater}:\t{answer};\t", told)
        text = text.replace(block, told)
    (evaluation / "Ses01F_impro01.txt").write_text(text)
    (wav / f"{gone}.wav").unlink()
    (wav / f"{broken}.wav").unlink()
    (wav / f"{broken}.wav").write_bytes(b"no audio")
    (wav / f"._{tied}.wav").write_bytes(b"fork")
    trees.clip(wav / "Ses01F_impro01_F077.wav")
    trees.clip(wav / "notes.wav")
    (evaluation / "._Ses01F_impro01.txt").write_bytes(
        b"\x00\x05\x16\x07 [1.0 - 2.0]\tSes01F_impro01_F088\tang\t[1, 1, 1]"
    )
    (evaluation / "Categorical").mkdir()
    (evaluation / "Categorical" / "Ses01F_impro01_e2_cat.txt").write_text(
        "Ses01F_impro01_F077 :Anger; ()\n"
    )
    trees.clip(whole / "Session1/dialog/wav/Ses01F_impro01.wav")
    corpus = iemocap.read(whole)
    labelled = dict(
        zip([path.stem for path in corpus.table["path"]], corpus.table["emotion"], strict=True)
    )
    assert labelled == {
        name: label for name, label in WHOLE.items() if name not in (gone, broken)
    } | {tied: "tie", split: "no-majority"}
    count, forks, unlabelled, odd, missing, unreadable = corpus.problems
    assert count.startswith(
        f"{len(WHOLE) - 1} clips, expected {len(WHOLE)} (an excerpt loads too): session 1 39, session 2 40"
    )
    assert forks.startswith("1 files left out, their names start with `._`")
    assert (
        unlabelled
        == "1 clips left out, no line of dialog/EmoEvaluation labels them: Ses01F_impro01_F077"
    )
    assert odd.endswith("notes.wav")
    assert missing == f"1 of {len(WHOLE)} labelled clips missing: {gone}"
    assert f"{broken}.wav: not readable as audio" in unreadable
    files = len(list((whole).glob("Session*/sentences/wav/*/*.wav")))
    assert files == len(corpus.table) + 4  # fork, unlabelled, odd, unreadable


def test_a_label_never_seen_is_told_and_kept(tmp_path):
    tree = trees.plant(tmp_path / "iemocap", [trees.iemocap_place(CLIP)])
    corpus = iemocap.read(trees.iemocap(tree, {CLIP: "joy"}))
    assert corpus.table["emotion"].tolist() == ["joy"]
    assert (
        corpus.problems[0]
        == f"1 clips have a label that is not IEMOCAP's, kept as it is: {CLIP} joy"
    )


def test_a_clip_labelled_twice_keeps_its_first_label(whole):
    path = whole / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    path.write_text(
        path.read_text() + f"\n[9.0000 - 9.5000]\t{CLIP}\txxx\t[1.0, 1.0, 1.0]\nC-E2:\tAnger;\t()\n"
    )
    corpus = iemocap.read(whole)
    assert corpus.table["emotion"].iloc[0] == WHOLE[CLIP]
    assert corpus.problems == [
        f"1 clips are labelled more than once, the first label stands: {CLIP}"
    ]


def test_a_remark_in_another_encoding_does_no_harm(whole):
    path = whole / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    path.write_bytes(path.read_bytes().replace(b"a remark", b"d\xe9sol\xe9"))
    assert iemocap.read(whole).problems == []


def test_linked_folders_are_read_once_and_a_link_to_above_ends(whole):
    trees.check_links(iemocap.read, whole)
