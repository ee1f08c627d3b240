"""The real corpora load whole and without a problem; in small trees, what is wrong is told and nothing is dropped in silence."""

from collections import Counter

import pytest

from sercore.corpora import COLUMNS, LOADERS, emodb, load, missing
from sercore.corpora.table import without_copies
from tests.corpora import trees

NAMES = {
    "coraa-ser": trees.coraa_ser,
    "crema-d": trees.cremad,
    "emodb": trees.emodb,
    "emovo": trees.emovo,
    "ravdess": trees.ravdess,
    "savee": trees.savee,
    "tess": trees.tess,
}
ELSEWHERE = {"cetuc", "epst", "iemocap", "voxceleb"}  # no small full grid: tests of their own
BY_COUNTS = {"coraa-ser", "emodb"}  # what is missing has no name there
EXTRA = {
    "crema-d": ["level"],
    "iemocap": ["part", "session", "dialogue"],
    "voxceleb": ["nationality"],
}
STRONG = ("calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
# clips, speakers, female and male clips, language, counts of the classes
FACTS = {
    "coraa-ser": (625, 84, 89, 45, "pt-BR", trees.CORAA_COUNTS),
    "crema-d": (
        7442,
        91,
        3512,
        3930,
        "en-US",
        dict.fromkeys(("ANG", "DIS", "FEA", "HAP", "SAD"), 1271) | {"NEU": 1087},
    ),
    "emodb": (
        535,
        10,
        302,
        233,
        "de-DE",
        {emodb.EMOTIONS[letter]: count for letter, count in trees.EMODB_CLASSES.items()},
    ),
    "emovo": (
        588,
        6,
        294,
        294,
        "it-IT",
        dict.fromkeys(("dis", "gio", "neu", "pau", "rab", "sor", "tri"), 84),
    ),
    "ravdess": (1440, 24, 720, 720, "en-US", {"neutral": 96} | dict.fromkeys(STRONG, 192)),
    "savee": (
        480,
        4,
        0,
        480,
        "en-GB",
        dict.fromkeys(("a", "d", "f", "h", "sa", "su"), 60) | {"n": 120},
    ),
    "tess": (
        2800,
        2,
        2800,
        0,
        "en-CA",
        dict.fromkeys(("angry", "disgust", "fear", "happy", "neutral", "ps", "sad"), 400),
    ),
}


@pytest.fixture(params=sorted(NAMES))
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
    assert list(table.columns) == [*COLUMNS, *EXTRA.get(name, [])]
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


def test_linked_folders_are_read_once_and_a_link_to_above_ends(name, tree):
    trees.check_links(read, tree)


def test_a_deleted_clip_is_told(name, tree):
    deleted = sorted(tree.rglob("*.wav"))[5]
    deleted.unlink()
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0] - 1
    told = (
        f"{FACTS[name][0] - 1} clips, expected"
        if name in BY_COUNTS
        else deleted.stem.replace("OA_", "OAF_")
    )
    assert any(told in problem for problem in corpus.problems)


def test_a_renamed_clip_is_both_odd_and_missing(name, tree):
    renamed = sorted(tree.rglob("*.wav"))[5]
    renamed.rename(renamed.with_name("notes.wav"))
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0] - 1
    assert any("notes.wav" in problem and "left out" in problem for problem in corpus.problems)
    assert any(
        "missing" in problem or "expected" in problem
        for problem in corpus.problems
        if "notes.wav" not in problem
    )


def test_a_clip_that_stands_twice_is_one_row_and_told(name, tree):
    twice = sorted(tree.rglob("*.wav"))[5]
    trees.clip(twice.with_suffix(".flac"))
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0]
    assert corpus.report.counts == {"copies": 1}
    assert any("more than once" in problem and twice.stem in problem for problem in corpus.problems)


def test_a_clip_without_audio_is_told(name, tree):
    broken = sorted(tree.rglob("*.wav"))[5]
    broken.unlink()
    broken.write_bytes(b"no audio at all")
    corpus = read(tree)
    assert len(corpus.table) == FACTS[name][0] - 1
    assert [problem for problem in corpus.problems if str(broken) in problem]


@pytest.mark.parametrize("empty", sorted(LOADERS))
def test_an_empty_folder_is_told(empty, tmp_path):
    (tmp_path / empty).mkdir()
    corpus = load(empty, root=tmp_path)
    assert corpus.problems
    assert list(corpus.table.columns) == [*COLUMNS, *EXTRA.get(empty, [])]
    assert len(corpus.table) == 0


def test_every_loader_has_its_tests():
    assert set(NAMES) | ELSEWHERE == set(LOADERS)


def test_many_names_are_checked_without_comparing_each_with_each():
    class Name(str):
        compared = 0

        def __eq__(self, other):
            Name.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    names = [Name(f"clip{number}") for number in range(2_000)]
    assert missing(names[1:], set(names)) == ["1 of 2000 clips missing: clip0"]
    rows, copies = without_copies(
        [{"path": name} for name in [*names, *names[:2]]], [*names, Name("clip7"), Name("clip3")]
    )
    assert copies == ["2 copies left out, 2 names stand more than once: clip3, clip7"]
    assert rows == {name: {"path": name} for name in names}
    assert Name.compared < 10 * len(names)


def listed(tree, names):
    (tree / "annotations.csv").write_text(
        "file,noise\n" + "".join(f"{name}.wav,no\n" for name in names)
    )


def test_coraa_ser_against_its_list(tmp_path):
    tree = trees.plant(tmp_path / "coraa-ser", trees.coraa_ser())
    names = [path.stem for path in tree.rglob("*.wav")]
    listed(tree, names)
    assert read(tree).problems == []
    listed(tree, [*names[4:], *(f"gone_segment{number}_neutral" for number in range(1, 5))])
    missing, unlisted = read(tree).problems
    assert missing.startswith(
        "4 of 625 clips that annotations.csv lists missing: gone_segment1_neutral, gone_segment2"
    )
    assert unlisted.startswith("4 clips that annotations.csv does not list: ")
    assert len([name for name in names[:4] if name in unlisted]) == 3
    (tree / "annotations.csv").write_text("clip\na.wav\n")
    assert "column `file`" in read(tree).problems[0]


def test_a_word_of_tess_that_is_missing_altogether_is_told(tmp_path):
    names = [name for name in trees.tess() if "_word12_" not in name]
    (problem,) = read(trees.plant(tmp_path / "tess", names)).problems
    assert problem == "199 different words in 2786 clips, expected 200 words in 2800 clips"


def test_songs_beside_the_speech_of_ravdess_are_told(tmp_path):
    tree = trees.plant(
        tmp_path / "ravdess",
        [*trees.ravdess(), "Actor_01/03-02-01-01-01-01-01", "Actor_01/03-01-01-02-01-01-01"],
    )
    corpus = read(tree)
    assert len(corpus.table) == 1440
    assert "2 files left out" in corpus.problems[0]


def test_savee_in_speakers_folders_is_the_same_table(tmp_path):
    flat = read(trees.plant(tmp_path / "flat" / "savee", trees.savee()))
    nested = [name.replace("ALL/", "").replace("_", "/") for name in trees.savee()]
    corpus = read(trees.plant(tmp_path / "nested" / "savee", nested))
    assert corpus.problems == []
    assert corpus.table.drop(columns="path").equals(flat.table.drop(columns="path"))
    assert corpus.table.loc[corpus.table["text"] == "sa01", "emotion"].tolist() == ["sa"] * 4
    assert corpus.table.loc[corpus.table["text"] == "su15", "emotion"].tolist() == ["su"] * 4


def test_a_nameless_speaker_of_savee_is_told(tmp_path):
    corpus = read(
        trees.plant(tmp_path / "savee", [*trees.savee(), "XX/a01", "ALL/DC_n31", "ALL/DC_sa16"])
    )
    assert len(corpus.table) == 480
    (told,) = corpus.problems
    assert told.startswith("3 files left out")
    assert told.endswith("DC_n31.wav, DC_sa16.wav, a01.wav")


@pytest.mark.parametrize(
    ("stem", "speaker", "gender", "text", "emotion"),
    [
        ("03a01Wa", "03", "male", "a01", "anger"),
        ("08b10Nd", "08", "female", "b10", "neutral"),
        ("16a07Lb", "16", "female", "a07", "boredom"),
        ("12b09Ta", "12", "male", "b09", "sadness"),
    ],
)
def test_a_name_of_emodb(tmp_path, stem, speaker, gender, text, emotion):
    (row,) = read(trees.plant(tmp_path / "emodb", [f"wav/{stem}"])).table.to_dict("records")
    assert (row["speaker"], row["gender"], row["text"], row["emotion"]) == (
        speaker,
        gender,
        text,
        emotion,
    )


@pytest.mark.parametrize("stem", ["07a01Wa", "03a03Wa", "03a01Xa", "03b04Na", "17a01Wa", "03a01W"])
def test_a_name_that_is_not_emodbs_is_told(tmp_path, stem):
    corpus = read(trees.plant(tmp_path / "emodb", [f"wav/{stem}"]))
    assert corpus.table.empty
    assert stem in corpus.problems[0]


def test_crema_d_tells_levels_sex_and_what_the_grid_never_had(tmp_path):
    tree = trees.plant(
        tmp_path / "crema-d",
        ["AudioWAV/1001_IEO_ANG_HI", "AudioWAV/1091_DFA_SAD_XX", "AudioWAV/1008_WSI_ANG_XX"],
    )
    corpus = read(tree)
    assert corpus.table[["speaker", "gender", "text", "emotion", "level"]].to_numpy().tolist() == [
        ["1001", "male", "IEO", "ANG", "HI"],
        ["1091", "female", "DFA", "SAD", "XX"],
    ]
    odd, gone = corpus.problems
    assert "1008_WSI_ANG_XX.wav" in odd
    assert gone.startswith("7440 of 7442 clips missing: ")
