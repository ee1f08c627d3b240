"""A wheel, built from the source archive and installed in a folder of its own, offers every command in an empty folder, offline."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sercore import store
from tests.corpora import trees
from tests.installed import Installed

RATE = 16_000
PATHS = "import json; from sercore import store; print(json.dumps([str(path) for path in (store.CODE, store.PROJECT, store.root())]))"
KEY = "from sercore import store; print(store.key(settings={}, manifest=[], modules='sercore.papers.parry2022.study').hex)"
STAGE = "from pathlib import Path; from sercore import press; press.stage(Path('staged'), [], {})"
TABLE = ("-p", "table=clips.csv", "-p", "epochs=1", "-p", "device=cpu")

# Arguments, exit code, and a part of what is printed; the model is trained before it is asked.
COMMANDS = [
    (["--version"], 0, "0.1.0"),
    (["corpora", "corpora"], 0, "emovo"),
    (["features", "prosodic", "clips/anna-0.wav"], 0, "clips/anna-0.wav,"),
    (["features", "embedding", "--encoder", "random", "clips/anna-0.wav"], 0, "clips/anna-0.wav,"),
    (["leaks", "clips.csv"], 0, "clips, compared in the whole table: 0 leaks"),
    (["models"], 0, "FCMFCC"),
    (["ledger", "02"], 0, "Table"),
    (["store"], 0, "half-written"),
    (["train", "baseline", "--out", "model", *TABLE], 0, "model"),
    (["predict", "model", "clips/anna-0.wav"], 0, "predicted"),
    (["chapter", "02", "-p", "edtion=open"], 2, "did you mean `edition`"),
    (["pretrain", "-p", "edtion=open"], 2, "did you mean `edition`"),
    (
        ["verify", "02", "--minutes", "0"],
        1,
        "not noted, for only a checkout's ledger is written to",
    ),
    (["record", "02"], 2, "writes into book/ledger of a checkout"),
    (["book", "--out", "clips.csv"], 2, "clips.csv"),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    result = Installed(tmp_path_factory.mktemp("wheel"))
    plant(result.folder)
    return result


def plant(folder: Path) -> None:
    """A corpus of two clips in its official layout, and a table of 36 clips of two corpora."""
    trees.plant(folder / "corpora" / "emovo", trees.emovo()[:2])
    (folder / "clips").mkdir()
    generator, rows = np.random.default_rng(0), ["path,corpus,speaker,emotion"]
    for corpus, speakers in (
        ("street", ("anna", "bo", "cleo")),
        ("studio", ("dora", "emil", "fay")),
    ):
        for speaker in speakers:
            for number, emotion in enumerate(2 * ("angry", "happy", "neutral")):
                path = f"clips/{speaker}-{number}.wav"
                pitch = generator.uniform(100, 300) * np.ones(RATE)
                samples = 0.1 * np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE))
                samples += 0.02 * generator.normal(size=RATE)
                soundfile.write(folder / path, samples, RATE)
                rows.append(f"{path},{corpus},{speaker},{emotion}")
    (folder / "clips.csv").write_text("\n".join(rows) + "\n")


def test_the_wheel_has_the_books_sources_and_no_checkout(installed):
    code, project, root = map(Path, eval(installed.python("-c", PATHS).stdout))
    assert (code, project) == (installed.code, installed.code / "sercore_book")
    assert root == installed.cache, "results are kept in the user's cache"
    names = zipfile.ZipFile(installed.wheel).namelist()
    carried = {name.removeprefix("sercore_book/") for name in names if "sercore_book/" in name}
    ledger = store.PROJECT / "book" / "ledger"
    files = [path for path in ledger.rglob("*") if path.is_file() and path.name != ".lock"]
    assert {path.relative_to(store.PROJECT).as_posix() for path in files} <= carried
    assert not [name for name in names if name.startswith(("tests/", "book/"))]
    with tarfile.open(installed.source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "constraints.txt", "tests/test_wheel.py", "notebooks"} & held
    assert not {name for name in held if name.startswith((".venv", "_build", ".git/"))}


def test_a_result_has_the_name_that_it_has_in_the_checkout(installed):
    here = store.key(settings={}, manifest=[], modules="sercore.papers.parry2022.study").hex
    assert installed.python("-c", KEY).stdout.strip() == here


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    COMMANDS,
    ids=lambda given: " ".join(given[:2]) if isinstance(given, list) else None,
)
def test_command(installed, arguments, code, words):
    done = installed.python("-m", "sercore.cli", *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_is_tried(installed):
    from sercore.cli import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert names == {arguments[0] for arguments, *_ in COMMANDS} - {"--version"}


@pytest.mark.long
def test_pages_are_staged_without_a_checkout(installed):
    done = installed.python("-c", STAGE)
    assert done.returncode == 0, done.stderr
    staged = installed.folder / "staged"
    assert (staged / "book" / "generated" / "headline.md").is_file()
    assert (staged / "sercore" / "store.py").is_file(), "pages show parts of the code"
    assert not list(staged.rglob("sercore_book"))


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chapter", "02", "-p", "only=baseline", "-p", "epochs=1"], ".ipynb"),
        (["pretrain", "-p", "pretraining=1", "-p", "device=cpu"], "equal error rate"),
    ],
    ids=["chapter", "pretrain"],
)
def test_what_computes_for_minutes_works_without_a_checkout(installed, arguments, words):
    done = installed.python("-m", "sercore.cli", *arguments)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout


@pytest.mark.long
def test_the_book_is_made_without_a_checkout(installed):
    done = installed.python("-m", "sercore.cli", "book")
    assert done.returncode == 0, done.stderr
    page = installed.folder / "_build" / "html" / "index.html"
    assert done.stdout.strip() == str(page)
    assert page.is_file()
