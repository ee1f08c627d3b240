"""One recording stands once in every chapter's data, whatever its copies, and the page says how many there were."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import card, corpora, store
from sercore.chapters import NOTEBOOKS
from sercore.corpora import own
from sercore.corpora.clips import summary
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.parry2022 import data as parry_data
from sercore.papers.parry2022 import study as parry
from sercore.parameters import OwnTable, checked
from sercore.protocols.speakers import LeakError, pooled
from tests.corpora import trees

RAVDESS = [
    name for name in trees.ravdess() if name[-12:-2] == "-01-01-01-"
]  # every actor, eight clips each
TESS = [name for name in trees.tess() if name.rsplit("_", 2)[1] in ("word1", "word2")]
EMOVO = [name for name in trees.emovo() if name.endswith("b1")]
TOLD = "RAVDESS: 192 clips; 1,248 missing; left out: 192 copies."


@pytest.fixture(scope="module")
def doubled(tmp_path_factory):
    """A small RAVDESS that lies in itself once more, with a little of TESS and EMOVO beside it."""
    root = tmp_path_factory.mktemp("doubled")
    assert len(RAVDESS) == 192
    for corpus, names in (("ravdess", RAVDESS), ("tess", TESS), ("emovo", EMOVO)):
        for number, name in enumerate(names):
            path = root / "corpora" / corpus / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng([len(names), number]).normal(size=9600)
            soundfile.write(path, 0.1 * noise, 16_000)
    for path in list((root / "corpora" / "ravdess").rglob("*.wav")):
        again = root / "corpora/ravdess/audio_speech_actors_01-24" / path.parent.name / path.name
        again.parent.mkdir(parents=True, exist_ok=True)
        again.write_bytes(path.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_CORPORA", str(root / "corpora"))
        patch.setenv("SER_STORE", str(root / "store"))
        yield root / "corpora"


def refuse_shared(data, training, *others):
    """No content of a file twice, none on both sides, and the copies counted on the page."""
    contents = np.array([store.content(path) for path in data.table["path"]])
    assert len(set(contents)) == len(contents)
    assert len(training) > 0
    for side in others:
        assert len(side) > 0
        assert set(contents[side]).isdisjoint(contents[training])
    assert TOLD in [line.strip() for line in summary(data.reports).splitlines()]


def test_chapter_2_splits_each_recording_once(doubled):
    data = parry.load(checked(parry.Parameters, {"edition": "open"}))
    target = data.targets["positive", "neutral"]
    sides = pooled(data.named(target), unseen=data.unseen)
    assert (data.table["corpus"] == "ravdess").sum() == 192
    refuse_shared(data, sides.training, sides.validation, sides.test, sides.unseen["tess"])


@pytest.mark.parametrize("protocol", ["by-origin", "by-label", "speaker-independent"])
def test_chapter_3_splits_each_recording_once(doubled, protocol):
    parameters = checked(
        loopq.Parameters, {"edition": "open", "only": "FCMFCC as-run", "protocol": protocol}
    )
    data = loopq.load(parameters)
    (trial,) = loopq.grid(parameters)
    assert (data.table["corpus"] == "ravdess").sum() == 192 - 24  # calm is no class
    refuse_shared(data, *loopq_trial.split(trial, data))


@pytest.mark.parametrize("protocol", ["speakers-apart", "clips"])
def test_chapter_4_splits_each_recording_once(doubled, protocol):
    parameters = checked(
        padi.Parameters, {"edition": "open", "only": "000", "protocol": protocol, "folds": 1}
    )
    data = padi.load(parameters)
    trial = padi.grid(parameters, data)[0]
    assert len(data.table) == 24 * 4
    refuse_shared(data, *padi_trial.split(trial, data))


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("0*.ipynb")), ids=lambda path: path.stem)
def test_every_chapter_s_page_says_what_was_left_out(path):
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
    (loading,) = [cell for cell in cells if ".load(parameters)" in cell]
    assert "data = " in loading
    assert re.search(r"display\(Markdown\(clips\.summary\(data\.reports\)\)[,)]", loading)


def test_the_copy_that_can_be_used_stands_for_the_recording(tmp_path):
    trees.plant(tmp_path / "savee", trees.savee())
    broken = tmp_path / "savee/ALL/DC_a01.wav"
    broken.unlink()
    broken.write_bytes(b"no audio")
    good = trees.clip(tmp_path / "savee/DC/a01.wav")
    corpus = corpora.load("savee", root=tmp_path)
    assert len(corpus.table) == 480
    assert good in set(corpus.table["path"])
    assert corpus.report.counts == {"copies": 1}


@pytest.mark.parametrize("name", ["coraa-ser", "emodb"])
def test_a_doubled_corpus_without_grid_is_counted_once(name, tmp_path):
    names = {"coraa-ser": trees.coraa_ser, "emodb": trees.emodb}[name]()
    top = names[0].split("/")[0]
    trees.plant(
        tmp_path / name, [*names, *(each.replace(top, f"{top}/again", 1) for each in names)]
    )
    corpus = corpora.load(name, root=tmp_path)
    assert len(corpus.table) == len(names)
    assert corpus.report.counts == {"copies": len(names)}
    assert len(corpus.problems) == 1


def table_of(folder, *lines):
    path = folder / "my.csv"
    path.write_text("\n".join(["path,corpus,speaker,emotion", *lines]) + "\n")
    return path


@pytest.fixture
def clips(tmp_path):
    """Two recordings, and the first of them again: copied, linked, linked hard."""
    for name in ("a.wav", "b.wav"):
        trees.clip(tmp_path / name)
    (tmp_path / "copy.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    (tmp_path / "link.wav").symlink_to(tmp_path / "a.wav")
    (tmp_path / "hard.wav").hardlink_to(tmp_path / "a.wav")
    return tmp_path


def test_copies_in_a_table_of_one_s_own_are_left_out_and_counted(clips):
    lines = [f"{name}.wav,lab,1,happy" for name in ("a", "copy", "link", "hard")]
    corpus = own.read(table_of(clips, *lines, "b.wav,lab,2,sad"))
    assert corpus.table["path"].tolist() == [clips / "a.wav", clips / "b.wav"]
    assert corpus.report.counts == {"copies": 3}
    assert corpus.report.line == "`my`: 2 clips; left out: 3 copies."


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("lab,2,happy", r"speaker \(1, 2\)"),
        ("lab,1,sad", r"emotion \(happy, sad\)"),
        ("street,1,happy", r"corpus \(lab, street\)"),
    ],
)
@pytest.mark.parametrize("name", ["copy.wav", "link.wav", "hard.wav", "other.flac"])
def test_one_recording_under_two_names_is_refused(clips, empty_store, name, cells, told):
    samples, rate = soundfile.read(clips / "a.wav", dtype="int16")
    soundfile.write(clips / "other.flac", samples, rate)
    table = table_of(clips, "a.wav,lab,1,happy", f"{name},{cells}", "b.wav,lab,2,sad")
    unseen = ["street"] if "street" in cells else []
    message = f"my.csv: .*a.wav and .*{name} hold the same samples under another {told}; expected"
    with pytest.raises(LeakError, match=message):
        parry_data.own(OwnTable(table=str(table)), unseen=unseen)


def test_a_copy_in_another_format_under_the_same_name_is_told(tmp_path, empty_store):
    for seed, name in enumerate("ab"):
        samples = np.random.default_rng(seed).normal(0, 0.1, 9600)
        soundfile.write(tmp_path / f"{name}.wav", samples, 16_000)
    samples, rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    soundfile.write(tmp_path / "again.flac", samples, rate)
    table = table_of(tmp_path, "a.wav,lab,1,happy", "again.flac,lab,1,happy", "b.wav,lab,2,sad")
    data = parry_data.own(OwnTable(table=str(table)), unseen=[])
    assert len(data.table) == 3
    (told,) = data.problems
    assert told == f"{table}: {tmp_path}/a.wav and {tmp_path}/again.flac hold the same samples."


def test_no_model_is_trained_on_a_copy_of_what_tests_it(tmp_path, empty_store):
    for name, seed, level in (("a", 0, 0.1), ("half", 0, 0.05), ("b", 1, 0.1)):
        samples = level * np.random.default_rng(seed).normal(size=9600)
        soundfile.write(tmp_path / f"{name}.wav", samples, 16_000, subtype="FLOAT")
    paths = [tmp_path / f"{name}.wav" for name in ("a", "half", "b")]
    table = pd.DataFrame({"path": paths, "corpus": "lab", "speaker": ["1", "2", "3"]})
    data, (a, half, b) = SimpleNamespace(table=table), np.arange(3)
    card.check_leaks(data, {"training": np.array([a, half]), "test": np.array([b])})
    card.check_leaks(data, {"training": np.array([a]), "test": np.array([b])})
    message = r"a\.wav and .*half\.wav, in training and in test, hold nearly the same sound under"
    with pytest.raises(LeakError, match=message):
        card.check_leaks(data, {"training": np.array([a, b]), "test": np.array([half])})


@pytest.mark.parametrize("spelled", ["José\u200b", "JOSÉ", "Jose\u0301"])
def test_a_speaker_in_two_spellings_is_refused(clips, empty_store, spelled):
    table = table_of(clips, "a.wav,lab,José,happy", f"b.wav,lab,{spelled},sad")
    if spelled == "Jose\u0301":  # another form of the same letters is the same name when it is read
        assert own.read(table).table["speaker"].nunique() == 1
        return
    with pytest.raises(
        LeakError, match=r"my.csv: speaker .* one name in two spellings; expected one"
    ):
        parry_data.own(OwnTable(table=str(table)), unseen=[])


def test_recordings_of_equal_size_are_told_apart(clips):
    assert len({path.stat().st_size for path in clips.glob("?.wav")}) == 1
    assert len(own.read(table_of(clips, "a.wav,lab,1,happy", "b.wav,lab,1,sad")).table) == 2
