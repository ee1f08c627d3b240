"""Data of paper 04: what each edition scores and whose speakers it learns, what is refused, what is measured."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import corpora
from sercore.evaluation import embeddings
from sercore.papers.padi2021 import data as padi_data
from sercore.papers.padi2021 import pretraining
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021.paper import PAPER
from sercore.parameters import checked
from sercore.protocols.sessions import COMMITTED
from sercore.protocols.speakers import LeakError
from tests.corpora import padi_trees, trees
from tests.papers.padi2021 import padi_toy


def given(**values):
    return checked(padi.Parameters, values)


def test_what_is_measured():
    held = padi_toy.data(corpus="iemocap")
    found = PAPER.measure(given(), held)
    assert [found[f"exp3 / {name} / clips"] for name in padi_data.CLASSES["exp3"]] == [
        12,
        24,
        12,
        12,
    ]
    assert [found[f"exp{number} / total / clips"] for number in (1, 2, 3)] == [48, 48, 60]
    assert [found[f"exp1 / session {session} / clips"] for session in (1, 2, 3)] == [16, 16, 16]
    assert found["duration / all / hours"] == pytest.approx(held.raw.sizes.sum() / 360_000)
    assert found["duration / all / max"] == held.raw.sizes.max() / 100
    assert (
        found["speakers / all / count"],
        found["taught / speakers / count"],
        found["taught / clips / count"],
    ) == (6, 4, 20)
    assert PAPER.measured_on(held) == ("iemocap", "other")


def test_a_public_list_counts_table_2(speech, monkeypatch):
    """Counted a second time here, from the text of the list."""
    if not (speech / padi_data.LIST).is_file():
        pytest.skip(f"needs the list of IEMOCAP's clips: no file {speech / padi_data.LIST}")
    monkeypatch.setenv("SER_CORPORA", str(speech))
    found = PAPER.measure(given(), padi_toy.data(corpus="other"))
    for name in padi_data.EXPERIMENTS:
        expected = padi_trees.table_2(name)
        assert {
            word: found[f"list / {name} / {word} / clips"] for word in expected
        } == expected.sum().to_dict()
        sessions = [found[f"list / {name} / session {at} / clips"] for at in range(1, 6)]
        assert sessions == expected.sum(axis=1).tolist()
    with gzip.open(speech / padi_data.LIST, "rt") as file:
        lines = [json.loads(line) for line in file]
    seconds = sorted(line["num_frame"] / line["sample_rate"] for line in lines)
    assert found["list / exp3 / total / clips"] == len(seconds)
    assert found["list / duration / all / hours"] == pytest.approx(sum(seconds) / 3600)
    assert found["list / duration / all / median"] == pytest.approx(seconds[len(seconds) // 2])
    shorter = sum(value < 3 for value in seconds) / len(seconds)
    assert found["list / duration / under 3 s / share"] == pytest.approx(shorter)
    sexes = [found[f"list / speakers / {sex} / count"] for sex in ("female", "male")]
    assert [*sexes, found["list / speakers / all / count"]] == [5, 5, 10]


def test_a_list_of_other_clips_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    assert padi_data.listed() is None
    path = tmp_path / padi_data.LIST
    path.parent.mkdir()
    keys = ["iemocap-Ses01F_impro04_F000", "iemocap-Ses01F_impro04"]
    lines = [json.dumps({"key": key, "emo": "neu", "length": 4.5}) for key in keys]
    with gzip.open(path, "wt") as file:
        file.write(lines[0])
    row = {"speaker": "1F", "gender": "female", "session": 1, "emotion": "neu", "seconds": 4.5}
    assert padi_data.listed().to_dict("records") == [row]
    with gzip.open(path, "wt") as file:
        file.write("\n".join(lines))
    with pytest.raises(ValueError, match=r"iemocap-Ses01F_impro04; expected iemocap-Ses0<session>"):
        padi_data.listed()


@pytest.mark.parametrize("clips", [[56] * 6, [300, 3], [120] * 24, [2] * 400])
def test_as_many_pairs_are_drawn_as_there_are(clips):
    """Of few clips all pairs; of many never more than there are of either kind."""
    speakers = np.repeat([f"s{number}" for number in range(len(clips))], clips)
    wanted = padi_data._n_pairs(speakers)
    left, right, same = embeddings.trials(speakers, pairs=wanted, seed=0)
    assert np.array_equal(speakers[left] == speakers[right], same)
    assert 0 < same.sum() < len(same) <= 2 * padi_data.PAIRS


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """RAVDESS, EMOVO and TESS in part: clips of a few tenths of a second, by a tone of the class."""
    root = tmp_path_factory.mktemp("home")
    for name, listed in (
        ("ravdess", trees.ravdess()),
        ("emovo", trees.emovo()),
        ("tess", trees.tess()),
    ):
        trees.plant(root / name, listed[:: {"ravdess": 9, "emovo": 14, "tess": 280}[name]])
    time = np.arange(4000) / 16_000
    noise = 0.02 * np.random.default_rng(0).normal(size=len(time))
    soundfile.write(
        root / "one.wav", 0.2 * np.sin(2 * np.pi * 200 * time) + noise, 16_000
    )  # every clip is a link to this one
    return root


@pytest.fixture
def links(monkeypatch):
    """Let clips be links to one file, which no other corpus may be to those that are scored."""
    monkeypatch.setattr(pretraining, "refuse_same_files", lambda taught, scored: None)


def test_a_file_that_teaches_and_is_scored_is_refused(home, tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(home))
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    with pytest.raises(LeakError, match=r"emovo/.* is the same file as .*ravdess/.* is scored"):
        padi.load(given(edition="open"))


@pytest.fixture
def held(home, tmp_path, monkeypatch, links):
    monkeypatch.setenv("SER_CORPORA", str(home))
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    return padi.load(given(edition="open"))


def test_the_open_edition_is_ravdess_and_speakers_of_others(held):
    assert set(held.table["corpus"]) == {"ravdess"}
    assert set(held.table["emotion"]) == {"angry", "happy", "neutral", "sad"}
    assert held.table.equals(held.table.sort_values(["speaker", "name"], ignore_index=True))
    assert (
        held.table["conversation"].tolist()
        == (held.table["corpus"] + "/" + held.table["speaker"]).tolist()
    )
    classes = [padi_data.CLASSES["exp1"][number] for number in held.targets["exp1"]]
    assert classes == held.table["emotion"].tolist()
    assert np.array_equal(held.targets["exp1"], held.targets["exp3"])
    assert (
        {name.split("/")[0] for name in held.source.names}
        == {"emovo", "tess"}
        == set(held.source.corpora)
    )
    assert set(held.source.names).isdisjoint(held.groups)
    assert held.source.most == 100
    assert held.raw.values.shape[1] == 128
    assert (held.raw.sizes == 26).all()
    assert np.abs(held.source.frames.clip(0).mean(0)).max() < 1e-4  # normalised
    assert len(held.source.left) == min(
        padi_data.PAIRS, len(held.table) * (len(held.table) - 1) // 2
    )
    assert padi.folds(given(edition="open"), held) == len(COMMITTED["ravdess"])
    assert padi_data.missing(held).keys() == {"exp2", "exp3"}
    listed = padi.manifest(given(edition="open"))
    assert len(listed) == 1 + len(held.table) + len(held.source.speakers) + 1


def test_savee_teaches_where_it_is(home, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(home))
    assert pretraining.teachers("open") == ("emovo", "tess")
    (home / "savee").mkdir()
    assert pretraining.teachers("open") == ("emovo", "savee", "tess")
    (home / "savee").rmdir()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"taught": "tess, ravdess"},
            r"ravdess: is scored and would teach speakers too; .* Leave ravdess out of -p taught=",
        ),
        ({"scored": "emovo", "taught": "emovo,tess"}, "emovo: is scored and would teach"),
        ({"taught": "tess,voxceleb"}, "tess, voxceleb: expected voxceleb alone"),
        ({"taught": "savee"}, r"savee: no such folder"),
        ({"scored": "crema-d"}, r"crema-d: no such folder"),
        ({"edition": "paper"}, r"missing IEMOCAP \(folder iemocap\)"),
    ],
)
def test_corpora_that_cannot_be_run_are_named(held, values, told):
    with pytest.raises(corpora.CorpusError, match=told):
        padi.load(given(**{"edition": "open"} | values))


def test_another_corpus_is_scored_and_others_teach(held):
    asked = given(edition="open", scored="emovo", taught="tess")
    other = padi.load(asked)
    assert {trial.corpus for trial in padi.grid(asked, other)} == {"emovo"}
    for usual in ({}, {"scored": "ravdess"}):
        assert {trial.corpus for trial in padi.grid(given(edition="open", **usual), held)} == {""}
    assert set(other.table["corpus"]) == {"emovo"}
    assert other.source.corpora == ("tess",)
    assert other.source.contents != held.source.contents
    assert padi.load(given(edition="open", scored="emovo")).source.contents == other.source.contents
    assert pretraining.contents("open", scored="emovo") == pretraining.contents(
        "open", taught=("tess",)
    )
    assert padi.folds(given(edition="open"), other) == 5


def test_the_demo_scores_one_corpus_and_others_teach(monkeypatch, home, tmp_path, links):
    """With short clips in place of speech; the demo's own are made by another room and tested there."""
    monkeypatch.setenv("SER_STORE", str(tmp_path))

    def load(name):
        words = ("angry", "happy", "neutral", "sad")
        rows = [
            (f"{name}-{who}", word, number)
            for who in "abcde"
            for word in words
            for number in range(2)
        ]
        table = pd.DataFrame(rows, columns=["speaker", "emotion", "number"]).assign(
            path=str(home / "one.wav"),
            corpus=name,
            gender="female",
            language="en",
            text="1",
            seconds=0.25,
        )
        return corpora.Corpus(name, table)

    monkeypatch.setattr(padi_data.synthetic, "load", load)
    held = padi.load(given())
    assert set(held.table["corpus"]) == {"demo-studio"}
    assert held.source.corpora == ("demo-conversa", "demo-labor", "demo-scena")
    assert held.source.most == 4
    assert padi_data.missing(held).keys() == {"exp2", "exp3"}
    assert padi.manifest(given()) == ["", padi.SPECTROGRAMS.about()]


def test_a_corpus_without_the_classes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    trees.plant(
        tmp_path / "ravdess", [name for name in trees.ravdess() if "/03-01-02-" in name]
    )  # calm
    with pytest.raises(ValueError, match="ravdess: no clip that is angry, happy"):
        padi_data.clips("open")
