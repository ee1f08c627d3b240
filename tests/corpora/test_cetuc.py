"""CETUC: sex, speaker and sentence from the name; what is missing is known by counts."""

import pytest

from sercore.corpora import cetuc
from tests.corpora import trees


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small corpus that counts as complete: all codes, two sentences each."""
    monkeypatch.setattr(cetuc, "CLIPS", {"female": 102, "male": 100})
    codes = [f"F{number:03d}" for number in range(51)] + [f"M{number:03d}" for number in range(50)]
    return trees.plant(
        tmp_path / "cetuc",
        [f"Speaker_{code}/{code}-{sentence}" for code in codes for sentence in ("0616", "0001")],
    )


def test_a_whole_corpus_has_no_problem(tree):
    corpus = cetuc.read(tree)
    assert corpus.problems == []
    assert corpus.table["emotion"].isna().all()
    assert set(corpus.table["language"]) == {"pt-BR"}
    first, second = corpus.table.head(2).to_dict("records")
    assert (first["speaker"], first["gender"], first["text"]) == ("F000", "female", "0001")
    assert second["text"] == "0616"
    assert corpus.table.drop_duplicates("speaker")["gender"].value_counts().to_dict() == {
        "female": 51,
        "male": 50,
    }


def test_what_is_missing_or_odd_is_told(tree):
    (tree / "Speaker_M049" / "M049-0001.wav").unlink()
    (tree / "Speaker_M049" / "M049-0616.wav").rename(tree / "Speaker_M049" / "take.wav")
    trees.clip(tree / "F000-0001.flac")
    odd, twice, speakers, clips = cetuc.read(tree).problems
    assert (
        odd
        == "1 files left out, their names are not <F|M><speaker>-<sentence>, as in F003-0616: take.wav"
    )
    assert twice == "1 copies left out, 1 names stand more than once: F000-0001"
    assert (
        speakers
        == "100 speakers, expected 101; by gender, expected in brackets: female 51 (51), male 49 (50)"
    )
    assert (
        clips
        == "200 clips, expected 202; by gender, expected in brackets: female 102 (102), male 98 (100)"
    )


def test_the_counts_expected_are_those_of_the_papers_data():
    assert cetuc.CLIPS == {"female": 50_997, "male": 50_000}
    assert cetuc.SPEAKERS == {"female": 51, "male": 50}


def test_linked_folders_are_read_once_and_a_link_to_above_ends(tree):
    trees.check_links(cetuc.read, tree)
