"""What the comparison gives every tool, and how it reads what they print."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from benchmarks import comparison
from benchmarks.comparison import Program, Run


@pytest.fixture
def clips(tmp_path):
    """Twelve clips of four speakers."""
    (tmp_path / "source").mkdir()
    rows, generator = [], np.random.default_rng(0)
    for speaker in ("ann", "bob", "cat", "dan"):
        for number, emotion in enumerate(("joy", "fear", "anger")):
            path = tmp_path / "source" / f"{speaker}-{number}.wav"
            soundfile.write(path, 0.1 * generator.normal(size=1600), 16_000)
            rows.append({"path": path, "speaker": speaker, "emotion": emotion})
    return pd.DataFrame(rows)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "laid"
    place.mkdir()
    return place


def speakers(folder, side):
    return set(pd.read_csv(folder / f"{side}.csv")["speaker"])


def test_two_speakers_are_held_out(clips, folder):
    comparison.lay_out(folder, clips)
    assert (speakers(folder, "train"), speakers(folder, "test")) == ({"ann", "bob"}, {"cat", "dan"})
    assert len(list((folder / "clips").iterdir())) == len(clips)


def test_a_wrong_split_shares_a_speaker_and_holds_a_copy(clips, folder):
    comparison.lay_out(folder, clips, is_wrong=True)
    assert speakers(folder, "train") & speakers(folder, "test") == {"ann"}
    copy, _ = soundfile.read(folder / "clips" / "copy.wav")
    original, _ = soundfile.read(folder / "clips" / "bob-2.wav")
    assert np.allclose(copy, original / 2, atol=1e-4)
    assert "clips/bob-2.wav" in set(pd.read_csv(folder / "train.csv")["file"])


def test_bad_files_are_bad(clips, tmp_path):
    good = clips["path"][0]
    bad = comparison.bad_files(good)
    assert len(bad["cut short"]) == good.stat().st_size // 2
    assert not bad["silent"].any()
    assert np.isnan(bad["with a NaN"]).sum() == 1


@pytest.mark.parametrize(
    ("program", "lines"),
    [(Program(["-m", "tool"]), 1), (Program(["a.py"], {"a.py": "\nx = 1\n\ny = 2\n"}), 2)],
)
def test_lines_of_a_program(program, lines):
    assert program.lines == lines


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (0, "result: test: 0.2381 UAR\nepoch: 0, UAR: 0.238, (+-0.05)", "not noticed: exit code 0, UAR 0.24"),
        (1, "2 leaks, 1 only told", "exit code 1, 2 leaks, 1 only told"),
        (1, "Traceback\nValueError: no file", "ValueError: no file"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_wrong_split(code, words, said, tmp_path):
    assert comparison.told(Run(code, words, 1, 1), tmp_path) == said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (None, "refused, no table: clips/bad.wav: silent"),
        ("file,a,b\nclips/good.wav,1,2\n", "left out, 1 rows: clips/bad.wav: silent"),
        ("file,start,a,b\nclips/bad.wav,,1,\n", "measured as any other, 1 of 2 values missing"),
    ],
)
def test_what_happened_to_a_bad_file(table, said, folder):
    if table:
        (folder / "features.csv").write_text(table)
    done = Run(1, "clips/bad.wav: silent", 1, 1)
    assert comparison.of_a_bad_file(done, folder) == said


def test_a_program_is_run_in_its_folder(folder):
    import sys

    program = Program(["a.py"], {"a.py": "print(open('b').read())"})
    (folder / "b").write_text("words")
    done = comparison.run(program, sys.executable, folder)
    assert (done.code, done.words.split()) == (0, ["words"])
