"""The console command: tables for people, JSON for machines, errors in one line."""

import csv
import gzip
import importlib.metadata
import io
import json
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
from typer.main import get_command
from typer.testing import CliRunner

from sercore import chapters, papers, store
from sercore.cli import app
from sercore.deadline import OutOfTime
from sercore.papers.biagini2022 import card as loopq_card
from tests.papers.biagini2022 import loopq_clips


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def coraa(tmp_path):
    """A folder with three clips of CORAA SER, and a folder that is no corpus."""
    folder = tmp_path / "corpora" / "coraa-ser" / "data_train"
    folder.mkdir(parents=True)
    for name in (
        "bfamcv01_segment1_neutral",
        "bfamcv01_segment2_non-neutral-female",
        "bfamdl02_segment1_neutral",
    ):
        soundfile.write(folder / f"{name}.wav", 0.1 * np.sin(np.arange(16_000)), 16_000)
    (tmp_path / "corpora" / "pictures").mkdir()
    return tmp_path / "corpora"


def test_corpora_are_counted(coraa):
    done = run("corpora", coraa, "--json")
    assert done.exit_code == 0, done.stderr
    (corpus,) = json.loads(done.stdout)
    columns = ["corpus", "clips", "hours", "speakers", "classes", "labels", "problems"]
    assert list(corpus) == columns
    assert (corpus["corpus"], corpus["clips"], corpus["speakers"]) == ("coraa-ser", 3, 2)
    assert corpus["hours"] == pytest.approx(3 / 3600, abs=1e-4)
    assert sum(corpus["classes"].values()) == 3
    assert corpus["problems"], "three of 625 clips"
    assert "pictures" in done.stderr
    table = run("corpora", coraa)
    columns.remove("labels")
    assert table.stdout.splitlines()[0].split() == columns


def test_labels_of_corpora_are_shown_as_emotions(tmp_path):
    for name in ("rab-m1-b1", "rab-m1-b2", "gio-m1-b1"):
        path = tmp_path / "emovo" / "m1" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * np.sin(np.arange(16_000)), 16_000)
    (corpus,) = json.loads(run("corpora", tmp_path, "--json").stdout)
    assert corpus["classes"] == {"anger": 2, "happiness": 1}
    assert corpus["labels"] == {"gio": 1, "rab": 2}
    line = next(line for line in run("corpora", tmp_path).stdout.splitlines() if "emovo" in line)
    assert "anger 2, happiness 1" in line


def test_gender_tables_are_known(tmp_path):
    folder = tmp_path / "gender-tables"
    folder.mkdir()
    (folder / "mls-pt.csv.gz").write_bytes(
        gzip.compress(b"FileName,Gender,nobs\n1_a.wav,0,2\n1_b.wav,0,3\n2_a.wav,1,4\n")
    )
    (folder / "other.csv").write_text("name,sex\na,1\n")
    done = run("corpora", tmp_path, "--json")
    assert done.stderr == ""
    first, second = json.loads(done.stdout)
    assert (first["corpus"], first["clips"], first["speakers"]) == ("gender-tables/mls-pt", 3, 2)
    assert first["classes"] == {"female": 2, "male": 1}
    assert (first["hours"], first["problems"]) == (None, [])
    assert "no column FileName" in second["problems"][0]


@pytest.mark.parametrize("damage", [lambda packed: packed[:30], lambda packed: b"no gzip"])
def test_a_gender_table_that_is_damaged_is_told(tmp_path, damage):
    folder = tmp_path / "gender-tables"
    folder.mkdir()
    packed = gzip.compress(b"FileName,Gender,nobs\n" + b"1_a.wav,0,2\n" * 99)
    (folder / "mls-pt.csv.gz").write_bytes(damage(packed))
    done = run("corpora", tmp_path, "--json")
    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert "mls-pt.csv.gz: no table that can be read" in row["problems"][0]


def test_an_unset_variable_is_told_before_speech_is_synthesised(monkeypatch):
    from sercore.corpora import counting
    from sercore.corpora.demo import synthetic

    told = []

    def load(name):
        assert told == [counting.UNSET], "nothing is synthesised unannounced"
        table = pd.DataFrame({"seconds": [1.0], "speaker": ["a"], "emotion": [None]})
        return SimpleNamespace(name=name, table=table, problems=[])

    monkeypatch.delenv("SER_CORPORA", raising=False)
    monkeypatch.setattr(synthetic, "load", load)
    rows = counting.count(say=told.append)
    assert [row["corpus"] for row in rows] == list(synthetic.NAMES)
    assert "SER_CORPORA is not set" in told[0]


def test_a_root_that_does_not_exist(tmp_path):
    done = run("corpora", tmp_path / "nowhere")
    assert done.exit_code == 2
    assert (
        done.stderr
        == f"{tmp_path / 'nowhere'}: no such folder; expected one with corpora in it. Check the path.\n"
    )


def test_features_are_csv(monkeypatch):
    monkeypatch.setattr("sercore.features.SETS", {"pair": SimpleNamespace(names=["mean", "range"])})
    monkeypatch.setattr(
        "sercore.features.compute", lambda name, clips: np.array([[1.5, 1 / 3]] * len(clips))
    )
    done = run("features", "pair", "a.wav", "b.wav")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["file", "mean", "range"]
    assert [row[0] for row in rows[1:]] == ["a.wav", "b.wav"]
    assert float(rows[1][2]) == 1 / 3
    unknown = run("features", "triple", "a.wav")
    assert (unknown.exit_code, unknown.stderr) == (
        2,
        "triple: no such feature set; expected embedding, pair.\n",
    )


def test_embeddings_are_csv(tmp_path, monkeypatch):
    from sercore import encoders
    from sercore.features import embedding

    monkeypatch.setenv("SER_STORE", str(tmp_path / "store"))
    clips = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for seed, clip in enumerate(clips):
        soundfile.write(clip, 0.1 * np.random.default_rng(seed).standard_normal(4000), 16_000)
    done = run("features", "embedding", "--encoder", "random", *clips)
    assert (
        done.stderr == "random: an untrained encoder; its embeddings tell nothing about speech.\n"
    )
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["file", *map(str, range(32))]
    assert [row[0] for row in rows[1:]] == list(map(str, clips))
    values = np.array([row[1:] for row in rows[1:]], dtype=float)
    assert np.array_equal(values, embedding.compute(encoders.load("random"), clips))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["embedding", "a.wav"],
            "embedding: no encoder; expected a speech encoder's folder, a hub id that is cached, or random. Add --encoder.",
        ),
        (
            ["gender", "--encoder", "random", "a.wav"],
            "--encoder random: gender takes no encoder; only embedding does. Leave it out.",
        ),
        (
            ["embedding", "--encoder", "/nowhere", "a.wav"],
            "/nowhere: no such folder, and no such model in the hub's cache; expected a folder, a hub id that is cached, or "
            "random. Check the spelling, or download it once with HF_HUB_OFFLINE=0.",
        ),
    ],
)
def test_an_encoder_is_for_embeddings_only(arguments, message, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    done = run("features", *arguments)
    assert (done.exit_code, done.stderr) == (2, message + "\n")


def test_a_file_that_is_no_audio(tmp_path):
    (tmp_path / "words.wav").write_text("words")
    done = run("features", "prosodic", tmp_path / "words.wav")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith(
        f"{tmp_path / 'words.wav'}: not readable as audio"
    )


def test_models_are_a_table_or_json():
    models = json.loads(run("models", "--json").stdout)
    assert {"model", "paper", "variant", "inputs", "width", "parameters"} == set(models[0])
    counts = {
        (each["model"], each["variant"], each["width"]): each["parameters"] for each in models
    }
    assert counts["MultiTaskMLP", "as-run", 56] == 10 * 56 + 2964
    assert run("models").stdout.splitlines()[0].split() == list(models[0])


def test_ledger_is_five_columns_or_json(monkeypatch):
    printed = {"paper": "01", "table": "Table 3", "row": "(2)", "column": "F1", "published": 0.6}
    plain = {"value": None, "low": None, "high": None, "variant": "", "protocol": ""}
    ours = {
        "value": np.float64(0.5),
        "low": 0.41,
        "high": 0.59,
        "run_low": float("nan"),
        "seeds": np.int64(5),
    }
    run_as = {"variant": "as-run", "protocol": "clean", "verdict": "explained", "stale": False}
    entries = [printed | ours | run_as, printed | plain | {"verdict": "not run"}]
    papers.every()  # imported before the ledger is replaced
    monkeypatch.setattr(
        "sercore.ledger.entries.Ledger",
        lambda paper: SimpleNamespace(
            entries=lambda: entries if paper.name == "01-ser2022-transfer" else []
        ),
    )
    first, _ = json.loads(run("ledger", "--json").stdout)
    assert first == printed | ours | run_as | {"run_low": None}
    assert len(json.loads(run("ledger", "01", "--json").stdout)) == 2
    assert json.loads(run("ledger", "02-mtl-adversarial", "--json").stdout) == []
    heads, _, *lines = [
        re.split(r"  +", line.rstrip()) for line in run("ledger").stdout.splitlines()
    ]
    assert heads == ["number", "printed", "ours", "mean's 95 %", "verdict"]
    assert lines == [
        ["Table 3: (2), F1", "0.6", "0.5 (as-run clean)", "0.41 to 0.59", "explained"],
        ["Table 3: (2), F1", "0.6", "not run"],
    ]
    unknown = run("ledger", "nowhere")
    assert unknown.exit_code == 2
    assert unknown.stderr.startswith("nowhere: no such paper; expected one of 01-ser2022-transfer")


def test_the_version_is_told():
    assert run("--version").stdout.strip() == importlib.metadata.version("sercore")


@pytest.fixture
def one_chapter(monkeypatch):
    """A chapter whose execution and study are counted, not done."""
    from pydantic import BaseModel

    class Parameters(BaseModel, extra="forbid"):
        edition: str = "demo"
        seeds: int = 5

    recorded = []

    def record(study, given, incomplete, minutes):
        recorded.append((given, incomplete))
        if minutes is not None:
            raise OutOfTime("1 of 2 trials are left")

    study = SimpleNamespace(Parameters=Parameters)
    monkeypatch.setattr("sercore.ledger.recording.record", record)
    monkeypatch.setattr(chapters, "names", lambda: ["01-one"])
    monkeypatch.setattr("sercore.papers.named", lambda name: SimpleNamespace(name=name))
    monkeypatch.setattr(chapters, "study", lambda name: study)
    monkeypatch.setattr(chapters, "_read", lambda name: None)
    monkeypatch.setattr(chapters, "_parameters_cell", lambda notebook: {"edition", "seeds"})
    monkeypatch.setattr(
        chapters,
        "execute",
        lambda name, parameters, fresh: chapters.Executed(
            name,
            Path("kept.ipynb"),
            fresh,
            {"seconds": 3.0, "peak": 100.0},
            parameters.model_dump(),
        ),
    )
    return recorded


def test_chapter(one_chapter):
    done = run("chapter", "01-one", "--edition", "open", "-p", "seeds=3", "--json")
    assert json.loads(done.stdout)["parameters"] == {"edition": "open", "seeds": 3}
    assert done.stderr == "01-one: kept\n"
    assert run("chapter", "01-one", "--fresh").stdout == "kept.ipynb\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["chapter", "01-one", "-p", "seeds=ten"],
            '-p seeds=ten: "ten" is not a whole number; `seeds` takes a whole number (default 5).',
        ),
        (
            ["chapter", "01-one", "-p", "edtion=open"],
            "-p edtion=open: this chapter has no `edtion`; did you mean `edition`? It takes a text.",
        ),
        (
            ["chapter", "01-one", "-p", "seeds"],
            "-p seeds: no value; expected key=value, for example -p seeds=3.",
        ),
        (["chapter", "nowhere"], "nowhere: no chapter of that name; there are 01-one."),
        (["record", "nowhere"], "nowhere: no chapter of that name; there are 01-one."),
    ],
)
def test_wrong_parameters_are_one_line(one_chapter, arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr == message + "\n"


def test_record_runs_the_study(one_chapter):
    assert run("record", "01-one", "-p", "seeds=2").exit_code == 0
    assert run("record", "01-one", "--incomplete").exit_code == 0
    assert [incomplete for _, incomplete in one_chapter] == [False, True]
    assert one_chapter[0][0].model_dump() == {"edition": "open", "seeds": 2}


def test_record_says_that_its_time_is_over(one_chapter):
    done = run("record", "01-one", "--minutes", "2.5")
    assert done.exit_code == 3
    assert done.stderr == (
        "2.5 minutes are over: 1 of 2 trials are left. The same command goes on.\n"
    )


def test_book_prints_where_it_is(monkeypatch, tmp_path):
    from sercore import press

    monkeypatch.setattr(press, "book", lambda out, fresh: out / "_build" / "html" / "index.html")
    assert run("book", "--out", tmp_path).stdout.strip().endswith("_build/html/index.html")


def test_a_model_is_trained_then_predicts(tmp_path, monkeypatch):
    """What fails for one clip is told at the end, and the others are in the table, the JSON and the picture all the same."""
    table = loopq_clips.use(monkeypatch, tmp_path)
    model, clip, words = tmp_path / "model", table["path"][0], tmp_path / "words.wav"
    words.write_text("words")
    done = run("train", "FCMFCC", "--edition", "demo", "-p", "epochs=1", "--out", model)
    assert (done.exit_code, done.stdout) == (0, f"{model}\n"), done.stderr
    assert "On speakers not heard in training: accuracy " in done.stderr
    told = json.loads(
        run("train", "FCMFCC as-run", "-p", "epochs=1", "--out", model, "--json").stdout
    )
    assert told == json.loads((model / "model.json").read_text())

    done = run("predict", model, clip, "--top-k", "1", "--plot", tmp_path / "picture.png")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == "\n".join(loopq_card.CARD.sentences(told)) + "\n"
    head, _, first, mean = done.stdout.splitlines()
    assert head.split() == ["clip", "start", "end", "of", "1"]
    assert first.split()[:4] == [str(clip), "0.000", "0.900", "predicted"]
    assert first.split()[4:] == mean.split()[4:]
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")

    done = run(
        "predict",
        model,
        words,
        clip,
        "--json",
        "--window",
        "0.6",
        "--hop",
        "0.3",
        "--plot",
        tmp_path / "other.png",
    )
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{words}: not readable as audio")
    found = json.loads(done.stdout)
    assert (found["model"], [each["clip"] for each in found["clips"]]) == (
        told,
        [str(words), str(clip)],
    )
    bad, good = found["clips"]
    assert (bad["label"], bad["error"]) == (None, done.stderr.strip())
    assert [(part["start"], part["end"]) for part in good["windows"]] == [(0, 0.6), (0.3, 0.9)]
    assert (tmp_path / "other.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "CNNLSTM as-run"], "CNNLSTM as-run: reads the clips of a batch as one sequence"),
        (
            ["train", "CNNLSTN"],
            "CNNLSTN: no such model; expected a row or a model, the nearest are"
            ' "(6) Seq. wav2vec + SMOTE + CG" of chapter 1, "GR C+S" of chapter 2, '
            '"CNNLSTM" of chapter 3 and "111, scripted" of chapter 4. Name it so.',
        ),
        (
            ["train", "GR C", "--final"],
            "--final: a training on every clip is chapter 3's, and paper 02 has none; expected GR C",
        ),
        (["train", "FCMFCC", "-p", "epochs=ten"], '-p epochs=ten: "ten" is not a whole number'),
        (["predict", "nowhere", "a.wav"], "nowhere/weights.safetensors: no such file"),
    ],
)
def test_what_is_no_model_is_one_line(arguments, message, tmp_path):
    done = run(*arguments, *(["--out", tmp_path / "model"] if arguments[0] == "train" else []))
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith(message)


def test_the_store_is_measured_and_what_is_half_written_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    key = store.Key("settings", "data", "code", ())
    whole = store.keep("trials", key, b"outcome", ".json")
    old, young = (whole.with_name(f".{whole.name}.{digit * 32}") for digit in "ab")
    for path in (old, young):
        path.write_bytes(bytes(2_000_000))
    os.utime(old, (time.time() - 7200,) * 2)
    rows = {row["kind"]: row for row in json.loads(run("store", "--json").stdout)}
    assert rows["trials"]["files"] == 4  # the outcome, its digest, and both
    assert rows["half-written"] == {"kind": "half-written", "files": 1, "MB": 2.0}
    assert old.exists()
    done = run("store", "--clean")
    assert "1 half-written files removed" in done.stderr
    assert not old.exists()
    assert young.exists()
    assert store.kept("trials", key, ".json") == b"outcome"


@pytest.mark.parametrize("command", sorted(get_command(app).commands))
def test_json_is_a_plain_flag(command):
    """It takes no value, its help shows none, and there is no --no-json beside it."""
    options = {option.name: option for option in get_command(app).commands[command].params}
    text = CliRunner(env={"COLUMNS": "200"}).invoke(app, [command, "--help"]).stdout
    assert "--no-json" not in text
    if "json" in options:
        assert re.search(r"--json +Print JSON", text)
        assert options["json"].is_flag


def test_an_error_that_is_not_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("sercore.models.counts.table", lambda: 1 / 0)
    assert isinstance(run("models").exception, ZeroDivisionError)
