"""The page on speed: every benchmark is on it once, with its ratios drawn and its output, or the word that none is recorded."""

import json
import re
import subprocess
from collections import Counter

import pytest

from benchmarks import __main__ as bench
from sercore import store
from sercore.pages import speed

PAGE = store.PROJECT / "book" / "speed.md"


def test_every_benchmark_is_included_once_under_a_heading_in_words():
    text = PAGE.read_text() + PAGE.with_name("comparison.md").read_text()
    assert Counter(re.findall(r"generated/speed/(\w+)\.md", text)) == Counter(bench.NAMES)
    texts = speed.outputs()
    assert set(texts) == set(bench.NAMES)
    assert [name for name, words in texts.items() if "<details open>" in words] == ["comparison"]
    heads = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert heads
    assert not [head for head in heads if ".py" in head or "`" in head or head in bench.NAMES]


def test_the_words_of_the_page_name_the_goals_that_are_missed():
    """Whoever records a benchmark again, and misses or reaches another goal, reads the page again."""
    assert {point.name for point in speed.points() if point.is_missed} == {
        "prosodic features, one process, to openSMILE's eGeMAPS",
        "CNN-LSTM of chapter 2, to a plain loop",
        "ResNet34, half width, to a plain loop",
    }
    text = PAGE.read_text()
    assert text.count("**not reached**") == 2
    assert text.count("**just missed**") == 1


RATIO = {"name": "ours to theirs", "program": "two", "pattern": rf"ratio +{speed.TIMES}", "goal": 2}


@pytest.mark.parametrize(
    ("line", "change", "drawn"),
    [
        ("ratio 2.5 times (2.1 to 2.7)", {}, (2.5, 2.1, 2.7, False)),
        ("ratio 1.5 times (1.4 to 2.7)", {}, (1.5, 1.4, 2.7, True)),
        ("ratio 1.5 times (1.4 to 2.7)", {"goal": None}, (1.5, 1.4, 2.7, False)),
        ("ratio 4 of theirs", {"pattern": r"ratio (\S+) of"}, (4, 4, 4, False)),
        (
            "ratio 1.6 of theirs",
            {"pattern": r"ratio (\S+) of", "of_seconds": True},
            (0.625, 0.625, 0.625, False),
        ),
        (
            "ratio 4 of theirs",
            {"pattern": r"ratio (\S+) of", "of_seconds": True},
            (0.25, 0.25, 0.25, True),
        ),
    ],
)
def test_a_ratio_is_read_from_the_printed_line(tmp_path, line, change, drawn):
    bench.record("two", ["head", f"  {line}"], folder=tmp_path)
    (point,) = speed.points([speed.Ratio(**RATIO | change)], recorded=tmp_path)
    assert (point.value, point.low, point.high, point.is_missed) == drawn


@pytest.mark.parametrize("lines", [["ratio unknown"], ["ratio 2 times (1 to 3)"] * 2])
def test_a_line_that_is_not_there_once_is_refused(tmp_path, lines):
    bench.record("two", lines, folder=tmp_path)
    with pytest.raises(LookupError, match=r"^two: [02] lines say 'ours to theirs'; expected one"):
        speed.points([speed.Ratio(**RATIO)], recorded=tmp_path)
    assert speed.points([speed.Ratio(**RATIO | {"program": "one"})], recorded=tmp_path) == []


def test_a_missed_goal_is_drawn_hollow_beside_its_goal():
    figure = speed.draw([speed.Point("reached", 3, 2, 4, 2), speed.Point("missed", 1.5, 1, 1.8, 2)])
    lines = figure.axes[0].get_lines()
    points = {line.get_ydata()[0]: line for line in lines if line.get_marker() == "o"}
    assert [points[height].get_markerfacecolor() == "white" for height in (1, 0)] == [False, True]
    goals = [line.get_xdata()[0] for line in lines if line.get_marker() == "|"]
    assert goals == [2, 2]
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["missed", "reached"]


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
    texts = speed.outputs(recorded=kept, programs=programs)
    assert set(texts) == {"one", "two"}
    assert "What one compares, in a sentence." in texts["one"]
    assert "<summary>one.py: no output is recorded</summary>" in texts["one"]
    assert "```text\nratio   2.5 times\n  goal <missed>\n```" in texts["two"]
    assert "no output is recorded" not in texts["two"]


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
