"""The page on speed: every benchmark is on it, with what was recorded of it, or the word that nothing was."""

import json
import subprocess

import pytest

from benchmarks import __main__ as bench
from sercore.pages import speed


def test_every_benchmark_is_told_once():
    heads = [line for line in speed.benchmarks().splitlines() if line.startswith("## ")]
    assert heads == [f"## `{name}.py`" for name in bench.NAMES]


def test_what_is_recorded_is_shown_word_for_word_and_what_is_not_is_said(tmp_path):
    programs, kept = tmp_path / "programs", tmp_path / "kept"
    programs.mkdir()
    for name in ("one", "two"):
        (programs / f"{name}.py").write_text(
            f'"""What {name} compares,\nin a sentence.\n\nUsage: so.\n"""\n'
        )
    (programs / "__main__.py").write_text("")
    path = bench.record("two", ["ratio   2.5 times", "  goal <missed>"], folder=kept)
    assert set(json.loads(path.read_text())) >= {
        "commit",
        "cores",
        "date",
        "machine",
        "printed",
        "python",
        "versions",
    }
    first, second = speed.benchmarks(recorded=kept, programs=programs).split("## `two.py`")
    assert "What one compares, in a sentence." in first
    assert "Not run: no output is recorded." in first
    assert "```text\nratio   2.5 times\n  goal <missed>\n```" in second
    assert "Not run" not in second


def test_a_name_that_is_no_benchmark_is_refused():
    with pytest.raises(
        SystemExit, match="nothing: no such benchmark; expected some of adversarial, bucketing,"
    ):
        bench.main(["grid", "nothing"])


def test_a_run_is_recorded_only_where_it_ends_well(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    monkeypatch.setattr(bench, "NAMES", ("good", "bad"))
    monkeypatch.setattr(bench, "record", lambda name, lines: done.append((name, lines)))
    done = []
    (tmp_path / "good.py").write_text("print('a line')\nprint('  another')\n")
    (tmp_path / "bad.py").write_text("print('half')\nraise SystemExit(3)\n")
    bench.main(["good", "--record"])
    assert done == [("good", ["a line", "  another"])]
    with pytest.raises(subprocess.CalledProcessError):
        bench.main(["bad", "--record"])
    assert len(done) == 1
