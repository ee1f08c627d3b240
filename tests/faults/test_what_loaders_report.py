"""What a loader reports reaches the page and the recorded run, counted; a corpus that is not whole is refused where it must be."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from sercore import audio, corpora, store
from sercore.cli import app
from sercore.corpora import clips
from sercore.corpora.clips import Problem, Report
from sercore.features.keeping import Extractor
from sercore.ledger import recorded, recording
from sercore.papers.alves2022 import study as ser2022
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.padi2021 import campplus, pretraining
from sercore.papers.padi2021 import study as padi
from sercore.papers.parry2022 import study as parry
from sercore.parameters import checked
from sercore.sweep import Task
from tests.corpora import padi_trees, trees

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"


def test_a_corpus_is_one_counted_line():
    problems = (
        Problem("a", "damaged", 2),
        "of no count",
        Problem("b", "copies", 1440),
        Problem("c", "missing", 3),
    )
    report = Report("ravdess", 1435, problems)
    assert report.line == "RAVDESS: 1,435 clips; 3 missing; left out: 2 damaged, 1,440 copies."
    assert clips.left_out([report, Report("tess", 2800)]) == {
        "ravdess": {"missing": 3, "damaged": 2, "copies": 1440}
    }
    assert (
        clips.summary([report, Report("tess", 2800)])
        == f"{report.line}  \nTESS: 2,800 clips; left out: none."
    )
    assert (
        clips.summary([Report("tess", 2800)]) == "Clips: TESS 2,800. None is missing or left out."
    )


def test_equal_faults_are_one_sentence_with_an_example(tmp_path):
    tree = trees.plant(tmp_path / "crema-d", trees.cremad()[:500])
    files = sorted(tree.rglob("*.wav"))
    for path, content in [(path, b"no audio") for path in files[:30]] + [
        (path, b"") for path in files[30:32]
    ]:
        path.unlink()
        path.write_bytes(content)
    done = CliRunner().invoke(app, ["corpora", str(tmp_path), "--json"])
    missing, unreadable, empty = json.loads(done.stdout)[0]["problems"]
    assert missing.startswith("6942 of 7442 clips missing")
    assert unreadable.startswith(
        f"30 clips left out, damaged, such as {files[0]}: not readable as audio"
    )
    assert empty.startswith(f"2 clips left out, damaged, such as {files[30]}: an empty file")


def test_pointers_of_git_lfs_are_named(tmp_path):
    for name in trees.cremad():
        path = tmp_path / "crema-d" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(POINTER)
    corpus = corpora.load("crema-d", root=tmp_path)
    (problem,) = corpus.problems
    assert problem.startswith(
        f"7442 clips left out, git-lfs pointers in place of audio, such as {tmp_path}"
    )
    assert problem.endswith("Run `git lfs pull` in the folder that was cloned.")
    assert corpus.report.line == "CREMA-D: 0 clips; left out: 7,442 damaged."


@pytest.mark.parametrize(
    ("samples", "silent"),
    [
        (np.zeros(9000), True),
        (np.full(9000, 0.25), True),  # an offset is no sound
        (np.tile([9e-5, -9e-5], 4500), True),
        (np.tile([1.1e-4, -1.1e-4], 4500), False),
        (np.append(np.zeros(8999), 0.01), False),
    ],
)
def test_a_silent_clip_is_left_out_and_counted(tmp_path, samples, silent):
    tree = trees.plant(tmp_path / "savee", trees.savee())
    path = tree / "ALL/JE_sa03.wav"
    path.unlink()
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    corpus = corpora.load("savee", root=tmp_path)
    assert corpus.report.counts == ({"silent": 1} if silent else {})
    assert len(corpus.table) == 480 - silent


@pytest.mark.parametrize(
    ("right", "is_told"), [(-0.1, True), (-0.099, True), (0.1, False), (0, False)]
)
def test_a_clip_whose_channels_cancel_is_damaged_and_not_silent(tmp_path, right, is_told):
    tree = trees.plant(tmp_path / "savee", trees.savee())
    path = tree / "ALL/JE_sa03.wav"
    path.unlink()
    samples = np.column_stack([np.sin(np.arange(9000.0))] * 2) * [0.1, right]
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    with (
        pytest.raises(audio.AudioError, match="its 2 channels cancel") if is_told else nullcontext()
    ):
        audio.read(path)
    if right == -0.1:
        corpus = corpora.load("savee", root=tmp_path)
        assert corpus.report.counts == {"damaged": 1}
        assert f"{path}: its 2 channels cancel" in corpus.problems[0]


def damaged(root):
    """The open edition's corpora, small; two clips of RAVDESS are damaged, one is gone."""
    listed = {
        "ravdess": trees.ravdess()[::4],
        "tess": trees.tess()[:14],
        "emovo": trees.emovo()[:14],
        "coraa-ser": trees.coraa_ser(),
    }
    for name, places in listed.items():
        trees.plant(root / name, places)
    for path in (
        sorted((root / "ravdess").rglob("*.wav"))[:2]
        + sorted((root / "coraa-ser").rglob("*.wav"))[:2]
    ):
        path.unlink()
        path.write_bytes(b"no audio")


@pytest.mark.parametrize("study", [parry, loopq, padi, ser2022], ids=lambda study: study.NAME)
def test_every_chapter_s_data_carry_the_counts(study, tmp_path, monkeypatch):
    damaged(tmp_path / "corpora")
    monkeypatch.setenv("SER_CORPORA", str(tmp_path / "corpora"))
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    silence_features(monkeypatch)
    given = {"edition": "open"} | ({"encoder": "none"} if study in (loopq, ser2022) else {})
    data = study.load(checked(study.Parameters, given))
    assert (
        clips.left_out(data.reports)["coraa-ser" if study is ser2022 else "ravdess"]["damaged"] == 2
    )


def silence_features(monkeypatch):
    """Features of nothing, for reading the tables is what is tried."""
    from sercore.papers.alves2022 import data as ser2022_data
    from sercore.papers.biagini2022 import data as loopq_data

    def rows(extractor, paths, **given):
        return [np.ones((9, 2), np.float32)] * len(paths)

    def frames(extractor, paths):
        return np.concatenate(rows(extractor, paths)), np.arange(0, 9 * len(paths) + 1, 9)

    monkeypatch.setattr(Extractor, "rows", rows)
    monkeypatch.setattr(Extractor, "frames", frames)
    monkeypatch.setattr(
        pretraining, "source", lambda edition, table, frames, **given: SimpleNamespace(reports=())
    )
    monkeypatch.setattr(
        loopq_data, "levels", lambda paths: np.ones((len(paths), len(loopq_data.LEVELS)))
    )
    monkeypatch.setattr(
        loopq_data,
        "spectrograms",
        lambda kind, paths, *, shape: [np.ones((9, 2), np.float32)] * len(paths),
    )
    monkeypatch.setattr(ser2022_data, "copies", lambda table: (table[:0].assign(original=-1), []))
    monkeypatch.setattr(
        ser2022_data.features, "compute", lambda name, paths: np.zeros((len(paths), 2))
    )
    monkeypatch.setattr(ser2022_data, "_auxiliary", lambda edition: ({}, ()))


@dataclass(frozen=True)
class Trial:
    """A trial of no study."""

    seed: int = 0
    edition: str = "open"


def run(trial, data, *, device="cpu"):
    return {}


class Study:
    """A study whose corpus lacks two clips."""

    name, folder, methods, caps = "none", "none", {"models": 1}, ()
    data = SimpleNamespace(
        paths=[],
        reports=(Report("ravdess", 1438, (Problem("2 clips left out, damaged", "damaged", 2),)),),
    )

    @classmethod
    def load(cls, parameters):
        return cls.data

    @staticmethod
    def measure(parameters, data):
        return {}

    @staticmethod
    def measured_on(data):
        return ("ravdess",)

    @classmethod
    def tasks(cls, parameters, data):
        return [Task(name="models", run=run, trials=[Trial()], data=data, corpora=("ravdess",))]


def test_a_corpus_that_is_not_whole_is_recorded_only_if_told_and_then_counted(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(
        recording,
        "trial_keys",
        lambda run, trials, data: [store.Key("s", "d", "c", ())] * len(trials),
    )
    write, measured = recorded.write, recorded.write_measurements
    monkeypatch.setattr(recorded, "write", lambda *given: write(*given, folder=tmp_path))
    monkeypatch.setattr(
        recorded,
        "write_measurements",
        lambda *given, **more: measured(*given, **more, folder=tmp_path),
    )
    monkeypatch.setattr(recording, "finished", lambda tasks, **how: [[{}] for _ in tasks])
    parameters = checked(parry.Parameters, {"edition": "open", "device": "cpu"})
    with pytest.raises(
        corpora.CorpusError,
        match=r"^RAVDESS \(folder ravdess: 2 clips left out, damaged\): not whole; .*--incomp",
    ):
        recording.record(Study, parameters)
    assert not list(tmp_path.iterdir())
    recording.record(Study, parameters, incomplete=True)
    (about,) = recorded.runs("none", folder=tmp_path).values()
    assert about["left_out"] == {"ravdess": {"damaged": 2}}


def test_copies_alone_keep_no_corpus_from_being_recorded():
    recording.refuse_partial(
        [Report("ravdess", 1440, (Problem("1440 copies left out", "copies", 1440),))]
    )


def whole(root):
    """Trees of all corpora of the four papers' own editions that have one, complete."""
    makers = {
        "ravdess": trees.ravdess,
        "savee": trees.savee,
        "tess": trees.tess,
        "emovo": trees.emovo,
        "emodb": trees.emodb,
    }
    for name, make in makers.items():
        trees.plant(root / name, make())


def test_the_paper_s_edition_takes_complete_corpora_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    whole(tmp_path)
    (tmp_path / "crema-d").mkdir()
    trees.plant(tmp_path / "epst", trees.epst())
    (next(iter((tmp_path / "savee/ALL").glob("DC_h07.*")))).unlink()
    names = trees.iemocap_others(10_030)
    trees.plant(
        tmp_path / "iemocap/IEMOCAP_full_release", [trees.iemocap_place(name) for name in names]
    )
    trees.iemocap(tmp_path / "iemocap/IEMOCAP_full_release", dict.fromkeys(names, "oth"))
    with pytest.raises(corpora.CorpusError) as refused:
        parry.load(checked(parry.Parameters, {"edition": "paper"}))
    text = str(refused.value)
    assert "SAVEE (folder savee: 1 of 480 clips missing: DC_h07)" in text
    assert "CREMA-D (folder crema-d: 7442 of 7442 clips missing" in text
    assert (
        f"9 in {tmp_path}/iemocap/IEMOCAP_full_release, one folder deeper. Put what is in IEMOCAP_full_release directly"
        in text
    )
    for name in ("RAVDESS", "TESS", "EMOVO", "Emo-DB", "EPST"):
        assert name not in text


@pytest.mark.parametrize("study", [loopq, ser2022], ids=lambda study: study.NAME)
def test_empty_folders_are_no_paper_s_edition(study, tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("ravdess", "tess", "savee", "crema-d", "coraa-ser", "cetuc"):
        (tmp_path / name).mkdir()
    for ask in (study.load, study.manifest):
        with pytest.raises(
            corpora.CorpusError, match=r"edition=paper: missing .*folder .*(missing|expected)"
        ):
            ask(checked(study.Parameters, {"edition": "paper"}))


def test_an_excerpt_of_iemocap_and_a_part_of_voxceleb_are_no_paper_s_edition(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_CORPORA", str(tmp_path))
    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    names = trees.iemocap_others(10_000)
    trees.plant(tmp_path / "iemocap", [trees.iemocap_place(name) for name in names])
    trees.iemocap(tmp_path / "iemocap", dict.fromkeys(names, "neu"))
    parameters = checked(padi.Parameters, {"edition": "paper"})
    for ask in (padi.load, padi.manifest):
        with pytest.raises(
            corpora.CorpusError, match=r"missing IEMOCAP \(folder iemocap: 39 clips, expected 10039"
        ):
            ask(parameters)
    spoken = padi_trees.voxceleb(tmp_path / "voxceleb", speakers=4)
    with (spoken / "vox1_meta.csv").open("a") as sheet:
        sheet.write("id10999\tname\tf\tItaly\tdev\n")
    monkeypatch.setattr("sercore.corpora.iemocap.CLIPS", len(names))
    told = (
        r"missing VoxCeleb \(folder voxceleb: 1 of 5 speakers that the sheets list missing: id10999"
    )
    with pytest.raises(corpora.CorpusError, match=told):
        padi.manifest(parameters)


def test_a_speaker_s_video_in_two_folders_of_voxceleb_is_refused(tmp_path):
    root = padi_trees.voxceleb(tmp_path / "voxceleb", speakers=2)
    for path in list((root / "wav").rglob("*.wav")):
        copy = root / "again" / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    with pytest.raises(
        corpora.CorpusError, match=r"this video of the speaker stands in .*, too; expected it once"
    ):
        pretraining.list_voxceleb(root)


def test_what_loaders_report_stays_beside_an_encoder():
    encoded = campplus.Encoded(Study.data, None)
    assert clips.left_out(encoded.reports) == {"ravdess": {"damaged": 2}}
