"""Paper 04's trees: Table 2's counts session by session, every file read or told, and speakers of VoxCeleb on both sheets."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import store
from sercore.corpora import iemocap, labels, voxceleb
from sercore.protocols import sessions
from tests.corpora import padi_trees, trees

TOTALS = {"exp1": 4490, "exp2": 4936, "exp3": 5531}
OF_SESSIONS = {
    "exp1": [942, 813, 1000, 793, 942],
    "exp2": [950, 906, 1016, 966, 1098],
    "exp3": [1085, 1023, 1151, 1031, 1241],
}
PUBLISHED = {
    "exp1": {"angry": 1103, "happy": 595, "neutral": 1708, "sad": 1084},
    "exp2": {"angry": 1103, "excited": 1041, "neutral": 1708, "sad": 1084},
    "exp3": {"angry": 1103, "happy+excited": 1636, "neutral": 1708, "sad": 1084},
}


@pytest.fixture(scope="module")
def tree(speech, tmp_path_factory):
    if not (speech / "lists").is_dir():
        pytest.skip(f"needs the file lists: no folder {speech / 'lists'}")
    return padi_trees.iemocap(tmp_path_factory.mktemp("corpora") / "iemocap", speech / "lists")


@pytest.fixture(scope="module")
def corpus(tree):
    return iemocap.read(tree)


@pytest.fixture(params=TOTALS)
def clips(request, corpus):
    """The clips of one experiment, with their class."""
    classes = labels.mapped(corpus.table, labels.four_classes(request.param))
    return request.param, corpus.table.assign(**{"class": classes}).dropna(
        subset="class"
    ).reset_index(drop=True)


@pytest.mark.parametrize("experiment", TOTALS)
def test_sessions_add_up_to_table_2(experiment):
    counts = padi_trees.table_2(experiment)
    assert counts.sum().to_dict() == PUBLISHED[experiment]
    assert counts.sum(axis=1).tolist() == OF_SESSIONS[experiment]
    assert counts.to_numpy().sum() == TOTALS[experiment]


def test_table_2_is_read_session_by_session(clips):
    experiment, table = clips
    expected = padi_trees.table_2(experiment)
    found = pd.crosstab(table["session"], table["class"])[list(expected)]
    assert found.to_numpy().tolist() == expected.to_numpy().tolist()
    assert len(table) == TOTALS[experiment]


def test_no_clip_beside_the_four_classes_has_a_class(clips):
    names = {path.stem for path in clips[1]["path"]}
    assert len(padi_trees.beside()) == 30
    assert not names & set(padi_trees.beside())


def test_every_file_is_a_row_and_told(tree, corpus):
    files = {path.stem for path in tree.rglob("*.wav")}
    assert {path.stem for path in corpus.table["path"]} == files
    assert len(files) == len(corpus.table) == 5531 + 30
    (told,) = corpus.problems
    assert told.startswith(
        "5561 clips, expected 10039 (an excerpt loads too): session 1 1091, session 2 1029"
    )


def test_agreement_decides_the_label(tree, corpus):
    emotions = dict(
        zip([path.stem for path in corpus.table["path"]], corpus.table["emotion"], strict=True)
    )
    for name, (_, _, read_as) in padi_trees.beside().items():
        assert emotions[name] == read_as
    assert Counter(emotions[name] for name in padi_trees.beside()) == {
        "fru": 10,
        "sur": 5,
        "tie": 10,
        "no-majority": 5,
    }
    text = "".join(path.read_text() for path in tree.glob("Session*/dialog/EmoEvaluation/*.txt"))
    assert text.count("\tOther;\t") == 5531 // 2  # two of three agree, and the label stands


def test_what_is_added_to_the_tree_is_told(tmp_path, monkeypatch):
    """Nothing is left out in silence: unreadable, unlabelled, misnamed, a Mac's note, gone."""
    monkeypatch.setattr(
        padi_trees.trees,
        "on_list",
        lambda path: {trees.iemocap_place("Ses01F_impro01_F000"): "neu"},
    )
    tree = padi_trees.iemocap(tmp_path / "iemocap", tmp_path)
    wav = tree / "Session1/sentences/wav/Ses01F_impro01"
    broken = wav / "Ses01F_impro01_F900.wav"
    broken.unlink()
    broken.write_bytes(b"no audio")
    (wav / "Ses01F_impro01_M901.wav").unlink()
    for name in ("Ses01F_impro01_F077", "notes", "._Ses01F_impro01_F000"):
        trees.clip(wav / f"{name}.wav")
    corpus = iemocap.read(tree)
    assert len(corpus.table) == 1 + 30 - 2
    count, forks, unlabelled, odd, missing, unreadable = corpus.problems
    assert count.startswith("30 clips, expected 10039")
    assert forks.startswith("1 files left out, their names start with `._`")
    assert unlabelled.endswith("Ses01F_impro01_F077")
    assert odd.endswith("notes.wav")
    assert missing == "1 of 31 labelled clips missing: Ses01F_impro01_M901"
    assert f"{broken}: not readable as audio" in unreadable


def test_lengths_and_contents_vary_a_little(corpus):
    assert sorted(set(corpus.table["seconds"])) == list(padi_trees.LENGTHS)
    first = corpus.table.drop_duplicates("seconds")["path"]
    assert len({store.content(path) for path in first}) == 8


def test_sessions_are_the_folds(clips):
    experiment, table = clips
    tested = []
    for fold in range(5):
        training, test = sessions.group_fold(table, fold)
        assert table["speaker"].iloc[training].nunique() == 8
        assert table["speaker"].iloc[test].nunique() == 2
        tested.append(len(test))
    assert tested == OF_SESSIONS[experiment]


def test_clip_splits_of_table_2(clips):
    experiment, table = clips
    training, test = sessions.clip_split(table["class"], 0)
    assert len(test) == -(-TOTALS[experiment] // 5)
    expected = {
        name: count * len(test) / len(table) for name, count in PUBLISHED[experiment].items()
    }
    assert table["class"].iloc[test].value_counts().to_dict() == pytest.approx(expected, abs=1)
    assert set(table["speaker"].iloc[training]) == set(table["speaker"].iloc[test])


@pytest.mark.parametrize(("speakers", "first"), [(2, 1), (5, 3), (8, 4)])
def test_voxceleb_has_both_sheets_and_no_problem(tmp_path, speakers, first):
    corpus = voxceleb.read(
        padi_trees.voxceleb(tmp_path / "voxceleb", speakers=speakers, videos=3, clips=2)
    )
    table = corpus.table
    assert corpus.problems == []
    assert table["speaker"].nunique() == speakers
    assert (table.groupby("speaker").size() == 6).all()
    assert (table.groupby("speaker")["text"].nunique() == 3).all()
    assert table.loc[table["nationality"].notna(), "speaker"].nunique() == first
    assert set(table["gender"]) == {"female", "male"}
    assert table["seconds"].between(0.99, 2).all()
    assert len({store.content(path) for path in table["path"]}) == 6 * speakers


def test_a_speaker_of_voxceleb_has_a_pitch(tmp_path):
    table = voxceleb.read(padi_trees.voxceleb(tmp_path / "voxceleb", speakers=4)).table
    peaks = {}
    for who, path in zip(table["speaker"], table["path"], strict=True):
        samples, rate = soundfile.read(path)
        peaks.setdefault(who, []).append(
            np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples)
        )
    assert all(np.ptp(each) < 3 for each in peaks.values())
    assert sorted(round(np.mean(each)) for each in peaks.values()) == [90, 100, 110, 120]
