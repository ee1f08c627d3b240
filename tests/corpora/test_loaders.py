"""The real corpora load whole and without a problem; in small trees, what is wrong is told and nothing is dropped in silence."""

from collections import Counter

import pytest

from sercore.corpora import COLUMNS, LOADERS, load
from tests.corpora import trees

NAMES = {"coraa-ser": trees.coraa_ser, "emovo": trees.emovo, "ravdess": trees.ravdess, "tess": trees.tess}
STRONG = ("calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
# clips, speakers, female and male clips, language, counts of the classes
FACTS = {
    "coraa-ser": (625, 84, 89, 45, "pt-BR", trees.CORAA_COUNTS),
    "emovo": (588, 6, 294, 294, "it-IT", dict.fromkeys(("dis", "gio", "neu", "pau", "rab", "sor", "tri"), 84)),
    "ravdess": (1440, 24, 720, 720, "en-US", {"neutral": 96} | dict.fromkeys(STRONG, 192)),
    "tess": (2800, 2, 2800, 0, "en-CA", dict.fromkeys(("angry", "disgust", "fear", "happy", "neutral", "ps", "sad"), 400)),
}


@pytest.fixture(params=sorted(LOADERS))
def name(request):
    return request.param


@pytest.fixture
def tree(name, tmp_path):
    return trees.plant(tmp_path / name, NAMES[name]())


def read(tree):
    return load(tree.name, root=tree.parent)


def test_the_real_corpus_is_whole(name, speech):
    if not (speech / name).is_dir():
        pytest.skip(f"needs {name}: not in {speech}")
    corpus = load(name, root=speech)
    clips, speakers, female, male, language, classes = FACTS[name]
    table = corpus.table
    assert corpus.problems == []
    assert list(table.columns) == COLUMNS
    assert len(table) == clips
    assert table["speaker"].nunique() == speakers
    assert Counter(table["gender"].dropna()) == Counter({"female": female, "male": male})
    assert set(table["language"]) == {language}
    assert dict(Counter(table["emotion"])) == classes
    assert table["seconds"].between(0.3, 60).all()
    assert [path.stem for path in table["path"]] == sorted(path.stem for path in table["path"])


def test_a_whole_tree_has_no_problem(name, tree):
    corpus = read(tree)
    assert corpus.problems == []
    assert len(corpus.table) == FACTS[name][0]
    assert dict(Counter(corpus.table["emotion"])) == FACTS[name][5]


def test_flac_is_read_as_wav_is(name, tree, tmp_path):
    flac = read(trees.plant(tmp_path / "flac" / name, NAMES[name](), suffix=".flac"))
    wav = read(tree)
    assert flac.problems == []
    columns = [column for column in COLUMNS if column != "path"]
    assert flac.table[columns].equals(wav.table[columns])


def test_a_deleted_clip_is_told(name, tree):
    deleted = sorted(tree.rglob("*.wav"))[5]
    deleted.unlink()
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0] - 1
    told = f"{FACTS[name][0] - 1} clips, expected" if name == "coraa-ser" else deleted.stem.replace("OA_", "OAF_")
    assert any(told in problem for problem in corpus.problems)


def test_a_renamed_clip_is_both_odd_and_missing(name, tree):
    renamed = sorted(tree.rglob("*.wav"))[5]
    renamed.rename(renamed.with_name("notes.wav"))
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0] - 1
    assert any("notes.wav" in problem and "left out" in problem for problem in corpus.problems)
    assert any("missing" in problem or "expected" in problem for problem in corpus.problems if "notes.wav" not in problem)


def test_a_clip_that_stands_twice_is_told(name, tree):
    twice = sorted(tree.rglob("*.wav"))[5]
    trees.clip(twice.with_suffix(".flac"))
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0] + 1
    assert any("more than once" in problem and twice.stem in problem for problem in corpus.problems)


def test_a_clip_without_audio_is_told(name, tree):
    broken = sorted(tree.rglob("*.wav"))[5]
    broken.write_bytes(b"no audio at all")
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0] - 1
    assert [problem for problem in corpus.problems if str(broken) in problem]


def test_an_empty_folder_is_told(name, tmp_path):
    (tmp_path / name).mkdir()
    corpus = load(name, root=tmp_path)
    assert corpus.problems
    assert list(corpus.table.columns) == COLUMNS
    assert len(corpus.table) == 0


def listed(tree, names):
    (tree / "annotations.csv").write_text("file,noise\n" + "".join(f"{name}.wav,no\n" for name in names))


def test_coraa_ser_against_its_list(tmp_path):
    tree = trees.plant(tmp_path / "coraa-ser", trees.coraa_ser())
    names = [path.stem for path in tree.rglob("*.wav")]
    listed(tree, names)
    assert read(tree).problems == []
    listed(tree, [*names[4:], *(f"gone_segment{number}_neutral" for number in range(1, 5))])
    missing, unlisted = read(tree).problems
    assert missing.startswith("4 of 625 clips that annotations.csv lists missing: gone_segment1_neutral, gone_segment2")
    assert unlisted.startswith("4 clips that annotations.csv does not list: ")
    assert len([name for name in names[:4] if name in unlisted]) == 3
    (tree / "annotations.csv").write_text("clip\na.wav\n")
    assert "column `file`" in read(tree).problems[0]


def test_a_word_of_tess_that_is_missing_altogether_is_told(tmp_path):
    names = [name for name in trees.tess() if "_word12_" not in name]
    (problem,) = read(trees.plant(tmp_path / "tess", names)).problems
    assert problem == "199 different words in 2786 clips, expected 200 words in 2800 clips"


def test_songs_beside_the_speech_of_ravdess_are_told(tmp_path):
    tree = trees.plant(tmp_path / "ravdess", [*trees.ravdess(), "Actor_01/03-02-01-01-01-01-01", "Actor_01/03-01-01-02-01-01-01"])
    corpus = read(tree)
    assert len(corpus.table) == 1440
    assert "2 files left out" in corpus.problems[0]
