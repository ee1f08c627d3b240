"""Recorded files: a changed byte is refused with the file named, and a killed or a second writer loses nothing."""

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from sercore import sealed, store
from sercore.ledger import recorded

PAPER = "02-mtl-adversarial"
FILES = sorted(
    path.name for path in (recorded.FOLDER / PAPER).iterdir() if path.name != sealed.LOCK
)
ABOUT = {
    "edition": "open",
    "corpora": [],
    "encoders": {},
    "method": 1,
    "versions": {},
    "device": "cpu",
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    seed: int


def record(folder, seed: int) -> None:
    """Record one trial of a hundred groups."""
    outcome = {
        "counts": [[f"g{at}", 0, 0, 1] for at in range(100)],
        "errors": [[f"g{at}", 1, 0.5, 0.5] for at in range(100)],
    }
    recorded.write(
        PAPER,
        lambda start: recorded.frames(
            "open, models", ABOUT, [Trial(seed=seed)], ["k"], [outcome], start=start
        ),
        ["seed"],
        folder=folder,
    )


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(recorded.FOLDER / PAPER, tmp_path / PAPER)
    return tmp_path


def flipped(payload: bytes) -> bytes:
    return payload[:-9] + bytes([payload[-9] ^ 1]) + payload[-8:]


CHANGES = {
    "one bit": flipped,
    "truncated": lambda payload: payload[: len(payload) // 2],
    "empty": lambda payload: b"",
    "missing": None,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused_by_name(copied, name, change):
    path = copied / PAPER / name
    if CHANGES[change] is None:
        path.unlink()
    else:
        path.write_bytes(CHANGES[change](path.read_bytes()))
    reading = recorded.measurements if name == recorded.MEASURED else recorded.read
    with pytest.raises(sealed.SealError, match=rf"{PAPER}/{name}: .*(Restore the folder|record)"):
        reading(PAPER, folder=copied)


@pytest.mark.parametrize("text", ["{}", "[]", "", "null"])
def test_an_emptied_manifest_is_refused(copied, text):
    (copied / PAPER / "runs.json").write_text(text)
    with pytest.raises(sealed.SealError, match=rf"{PAPER}/runs.json: "):
        recorded.read(PAPER, folder=copied)


def test_an_edited_provenance_is_refused(copied):
    path = copied / PAPER / "runs.json"
    path.write_text(path.read_text().replace('"date": "2026', '"date": "2027', 1))
    with pytest.raises(sealed.SealError, match="its seal does not fit"):
        recorded.runs(PAPER, folder=copied)


def test_rows_swapped_between_two_files_are_refused(copied):
    tables = {}
    for name in ("counts", "errors"):
        path = copied / PAPER / f"{name}.csv.gz"
        tables[name] = path, gzip.decompress(path.read_bytes()).decode().splitlines()
    (one, first), (other, second) = tables.values()
    first[5], second[5] = second[5], first[5]
    one.write_bytes(gzip.compress("\n".join(first).encode()))
    other.write_bytes(gzip.compress("\n".join(second).encode()))
    with pytest.raises(sealed.SealError, match=r"(counts|errors).csv.gz: is not what was written"):
        recorded.read(PAPER, folder=copied)


def test_a_table_that_nobody_recorded_is_refused(copied):
    shutil.copy(copied / PAPER / "counts.csv.gz", copied / PAPER / "saliency.csv.gz")
    with pytest.raises(sealed.SealError, match=r"saliency.csv.gz: stands in no manifest"):
        recorded.read(PAPER, folder=copied)


@pytest.mark.parametrize(
    "paper", [path.parent.name for path in sorted(recorded.FOLDER.glob("*/runs.json"))]
)
def test_every_committed_file_is_what_was_written(paper):
    for name in sealed.manifest(recorded.FOLDER / paper)["digests"]:
        assert sealed.read(recorded.FOLDER / paper / name)
    assert set(sealed.manifest(recorded.FOLDER / paper)["digests"]) | {"runs.json"} == {
        path.name for path in (recorded.FOLDER / paper).iterdir() if path.name != sealed.LOCK
    }


@pytest.mark.parametrize("folder", [recorded.FOLDER, recorded.FOLDER / "speed"])
def test_every_other_committed_file_too(folder):
    names = {path.name for path in folder.glob("*.json")} - {sealed.DIGESTS}
    assert set(sealed.manifest(folder, name=sealed.DIGESTS)["digests"]) == names
    for name in names:
        assert sealed.read(folder / name, name=sealed.DIGESTS)


def test_the_manifest_says_nothing_of_a_machine():
    text = "".join(path.read_text() for path in recorded.FOLDER.rglob("*.json"))
    assert "/root" not in text
    assert "sercore." not in "".join(
        (recorded.FOLDER / name / "runs.json").read_text()
        for name in (PAPER, "01-ser2022-transfer")
    )


WRITER = """
import sys
from pathlib import Path
from tests.test_sealed import record
for seed in map(int, sys.argv[2:]):
    record(Path(sys.argv[1]), seed)
"""


def start(folder, *seeds: int) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(store.PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), *map(str, seeds)],
        cwd=store.PROJECT,
        env=environment,
    )


def test_four_recorders_at_once_lose_nothing(tmp_path):
    running = [start(tmp_path, *range(4 * at, 4 * at + 4)) for at in range(4)]
    assert [each.wait(timeout=300) for each in running] == [0] * 4
    book = recorded.read(PAPER, folder=tmp_path)
    assert sorted(book.trials["seed"]) == list(range(16))
    assert sorted(book.trials["trial"]) == list(range(16))
    assert (book.counts.groupby("trial").size() == 100).all()


@pytest.mark.parametrize("start_at", range(2))
def test_a_killed_recorder_leaves_whole_trials(tmp_path, start_at):
    generator, first = random.Random(start_at), 100 * start_at
    record(tmp_path, first)
    writer = start(tmp_path, *range(first + 1, first + 90))
    while len(recorded.read(PAPER, folder=tmp_path).trials) < 4 and writer.poll() is None:
        time.sleep(0.1)
    time.sleep(generator.random() / 5)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    book = recorded.read(PAPER, folder=tmp_path)
    assert len(book.trials) > 3
    assert (
        set(book.counts["trial"]) == set(book.parts["errors"]["trial"]) == set(book.trials["trial"])
    )
    assert (book.counts.groupby("trial").size() == 100).all()
    record(tmp_path, first + 95)
    assert len(recorded.read(PAPER, folder=tmp_path).trials) == len(book.trials) + 1


def test_a_set_that_was_being_put_in_place_is_finished_by_the_next_reader(tmp_path, monkeypatch):
    record(tmp_path, 0)
    renamed = []

    def dies(folder):
        steps = json.loads((folder / sealed.JOURNAL).read_bytes())
        (folder / (steps[0][0] + sealed.NEW)).replace(folder / steps[0][0])
        renamed.append(steps[0][0])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sealed, "_finish", dies)
        with pytest.raises(KeyboardInterrupt):
            record(tmp_path, 1)
    assert renamed
    assert sorted(recorded.read(PAPER, folder=tmp_path).trials["seed"]) == [0, 1]
    assert not list((tmp_path / PAPER).glob("*.new"))


def test_provenance_is_amended_under_the_seal(copied):
    recorded.amend(PAPER, lambda runs: runs["open, models"].update(note="a word"), folder=copied)
    assert recorded.runs(PAPER, folder=copied)["open, models"]["note"] == "a word"
    assert len(recorded.read(PAPER, folder=copied).trials)


def test_a_correction_that_was_meant_is_signed(copied):
    path = copied / PAPER / "measured.json"
    path.write_text(path.read_text().replace("}", " }", 1))
    with pytest.raises(sealed.SealError):
        recorded.measurements(PAPER, folder=copied)
    command = [sys.executable, "-m", "sercore.sealed", str(copied / PAPER), "measured.json"]
    subprocess.run(command, cwd=store.PROJECT, check=True)
    assert recorded.measurements(PAPER, folder=copied)
    assert len(recorded.read(PAPER, folder=copied).trials)
