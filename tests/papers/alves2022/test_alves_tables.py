"""Tables of chapter 1: what a cell shows is what the ledger holds, and the paper's Table 1 is complete."""

import re

import numpy as np
import pytest

from sercore import papers
from sercore.features import names
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import hand_labels
from sercore.papers.alves2022 import gender as gender_study
from sercore.papers.alves2022 import study
from sercore.papers.alves2022 import tables as chapter
from sercore.papers.alves2022.trial import SELECTED, run
from sercore.report import tables
from sercore.sweep import Task


def gender_outcome(right: int) -> dict:
    """Ten clips of a woman, of which so many are taken for one, and ten of a man, all right."""
    counts = [["w", 0, 0, right], ["w", 0, 1, 10 - right], ["m", 1, 1, 10]]
    return {
        "counts": counts,
        "errors": [["w", 10, 1.0, 0.0], ["m", 10, 1.0, 0.0]],
        "head_mse": 0.1,
        "seconds": 1.0,
    }


@pytest.fixture
def gender() -> Ledger:
    """Two seeds of the gender task: the tree is right on nine women of ten, every other model on all."""
    trials = gender_study.grid("open", range(2), common_voice=True)
    outcomes = [gender_outcome(9 if "decision tree" in each.row else 10) for each in trials]
    task = Task(name="gender", run=gender_study.run, trials=trials, data=None, corpora=())
    return Ledger(papers.named(study.NAME), runs=recorded.of_this_run([task], [outcomes]))


def test_table_1_has_every_feature_once_and_the_eight_in_bold():
    shown = chapter.feature_groups().data
    assert re.findall(r"<strong>(\w+)</strong>", shown) == [
        name for group in names.GROUPS.values() for name in group if name in names.SUBSETS["8"]
    ]
    listed = re.findall(r"\w+", re.sub(r"<[^>]*>", " ", shown))
    assert all(listed.count(name) == 1 for name in names.NAMES)
    assert [int(size) for size in re.findall(r"<td class=\"number\">(\d+)</td>", shown)] == [
        len(group) for group in names.GROUPS.values()
    ]


def test_the_gender_task_shows_every_classifier_on_both_test_sets(gender):
    shown = chapter.gender_task(gender).data
    rows = dict(re.findall(r"<tr><td>([^<]+)</td>(.*?)</tr>", shown))
    assert set(rows) == {*gender_study.CLASSIFIERS, chapter.CONSTANT}
    constant = re.findall(r"<td class=\"number\">(\d+\.\d)", rows[chapter.CONSTANT])
    assert constant == ["50.0", "50.0", "50.0", "50.0"]
    assert re.findall(r"<td class=\"number\">(\d+\.\d)", rows["decision tree"]) == ["95.0"] * 4
    assert re.findall(r"<td class=\"number\">(\d+\.\d)", rows["SVM"]) == ["100.0"] * 4
    both = chapter.stage_one(gender).data
    assert re.findall(r"<tr><td>([^<]+)</td>", both) == ["clips at random", "speakers apart"]
    assert "own run" in both


def test_accuracy_weighs_clips_and_the_mean_recall_weighs_sexes(gender):
    row = "gender classifier (decision tree)"
    assert gender.cell(row, "accuracy_cv5_mean").value == pytest.approx(95)
    assert gender.cell(row, "unweighted_accuracy").value == pytest.approx(95)
    assert gender.cell(
        "gender network, stage 1", "mse_cv5_mean", protocol="clean"
    ).value == pytest.approx(0.1)
    assert gender.cell(row, "macro_f1_cv5_mean") is None


def test_the_submissions_show_the_printed_test_scores_and_no_test_run_of_ours():
    ledger = Ledger(papers.named(study.NAME))
    shown = chapter.submissions(ledger).data
    for number in ledger.printed:
        if number.metric == "macro_f1_official_test" and number.table != "Text":
            assert f">{number.value:g}</td>" in shown
    for number in hand_labels(study.NAME):
        assert f"{number.value:g}" in shown
    assert shown.count("not run") == 3


def test_hand_labels_cover_the_test_files():
    """The predictions of every submission add up to the 308 test files, the labels by ear to 99."""
    by_ear = hand_labels(study.NAME)
    sums = {
        row: sum(each.value for each in by_ear if each.row == row and each.metric == "test_files")
        for row in dict.fromkeys(each.row for each in by_ear)
    }
    assert sums == {
        "1st submission": 308,
        "2nd submission": 308,
        "3rd submission": 308,
        "labelled by ear": 99,
    }


def test_what_a_row_reads_is_named_beside_it():
    trials = [
        each
        for each in study.grid(study.Parameters(edition="open"), encoder="toy")
        if each.row == SELECTED[1]
    ]
    generator = np.random.default_rng(0)
    outcomes = [
        {
            "counts": [[f"r{at}", int(at % 3), int(generator.integers(3)), 1] for at in range(12)],
            "errors": [[f"r{at}", 1, 0.1, 0.2] for at in range(12)],
            "head_mse": 0.1,
            "seconds": 1.0,
        }
        for _ in trials
    ]
    task = Task(name="emotion", run=run, trials=trials, data=None, corpora=(), encoders={"toy": 16})
    ledger = Ledger(papers.named(study.NAME), runs=recorded.of_this_run([task], [outcomes]))
    ledger.stale = {"this run, emotion": ""}
    shown = tables.beside_the_paper("Table 3", ledger).data
    assert f"{SELECTED[1]}<br><small>reads toy, 16 values</small>" in shown
