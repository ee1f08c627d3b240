"""Paper 04 in the ledger: where its numbers stand, what is a setting or a count, and which trainings stand beside them."""

import shutil
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from sercore import papers
from sercore.augment import policies
from sercore.evaluation.estimates import level
from sercore.evaluation.scores import MEASURES
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import PUBLISHED
from sercore.papers.padi2021 import numbers
from sercore.papers.padi2021.trial import Trial
from tests.papers.padi2021 import padi_runs
from tests.papers.padi2021.padi_runs import EIGHT, MEASURED, encoded, ledger, trials

PAPER = numbers.NAME
OPEN = "open, full width, 8 epochs, bf16"


@pytest.fixture(autouse=True)
def measured(monkeypatch) -> dict:
    """What was measured, which a test fills; nothing at first."""
    return padi_runs.measured(monkeypatch)


def printed(row: str, column: str, book: Ledger | None = None):
    return next(
        each
        for each in (book or Ledger(papers.named(PAPER))).printed
        if (each.row, each.column) == (row, column)
    )


def proposed(book: Ledger):
    return [each for each in book.printed if each.row.endswith("| Proposed")]


def test_every_printed_number_has_a_word_and_a_reason():
    book = ledger([])
    found = {number: book.verdict(number) for number in book.printed}
    assert len(book.printed) == len(found) == 82
    assert all(reason for _, reason in found.values())
    words = [word for word, _ in found.values()]
    assert (words.count("setting"), words.count("not run")) == (30, 52)
    reasons = {
        number.column: reason for number, (word, reason) in found.items() if word == "setting"
    }
    never = "as printed; recorded trainings of ResNet34 end after 6 or 8 epochs, before the first halving"
    assert reasons.pop("constant-rate epochs") == reasons.pop("halving interval") == never
    assert set(reasons.values()) == {"as printed"}
    assert {found[number] for number in proposed(book)} == {("not run", "IEMOCAP is not at hand")}
    others = [
        number
        for number in book.printed
        if number.table == "Table 3" and number not in proposed(book)
    ]
    assert len(others) == 21
    assert {found[number] for number in others} == {("not run", "another system, quoted")}
    assert (
        found[printed("speaker pre-training", "VoxCeleb speakers (more than)")][1]
        == "VoxCeleb is not at hand"
    )


def test_settings_are_those_of_the_objects_that_use_them(monkeypatch):
    book = ledger([])
    monkeypatch.setitem(policies.POLICIES, "aggressive", policies.Policy(bands=20, frames=70))
    monkeypatch.setattr(numbers, "LENGTHS", (150, 200, 250, 320))
    assert book.verdict(printed("Aggressive", "F")) == ("setting", "ours is 20")
    assert book.verdict(printed("Aggressive", "W")) == ("setting", "as printed")
    lengths = [book.verdict(number)[1] for number in book.printed if number.column == "T"]
    assert lengths == ["as printed"] * 3 + ["ours is 320"]


def test_counts_are_measured_where_iemocap_is(measured):
    book = ledger([])
    measured |= MEASURED | {"corpora": ("ravdess", "voxceleb")}
    assert book.verdict(printed("Exp 3", "Excited+Happy")) == ("not run", "IEMOCAP is not at hand")
    assert book.verdict(printed("speaker pre-training", "VoxCeleb speakers (more than)")) == (
        "measured",
        "agrees",
    )
    measured["corpora"] = ("iemocap",)
    tables = [number for number in book.printed if number.table == "Table 2"]
    assert {book.verdict(number) for number in tables} == {("measured", "agrees")}
    for row, column in (
        ("IEMOCAP", "speakers"),
        ("IEMOCAP", "female speakers"),
        ("IEMOCAP", "male speakers"),
        ("IEMOCAP", "excited"),
        ("IEMOCAP", "happy+excited"),
    ):
        assert book.verdict(printed(row, column)) == ("measured", "agrees")
    assert book.verdict(printed("IEMOCAP", "all")) == (
        "not run", "of the whole corpus; the clips of five labels last 6.99 h",
    )  # fmt: skip
    assert {book.verdict(number) for number in proposed(book)} == {("not run", "not recorded yet")}
    measured["exp1 / sad / clips"] = 1083
    assert book.verdict(printed("Exp 1", "Sad")) == ("measured", "differs: measured 1083")
    measured |= {"taught / speakers / count": 40, "corpora": ("iemocap", "voxceleb")}
    assert (
        book.verdict(printed("speaker pre-training", "VoxCeleb speakers (more than)"))[1]
        == "differs: measured 40"
    )


def test_counts_on_a_public_list_are_named_and_give_way_to_the_corpus(measured):
    measured |= {"corpora": ("ravdess",), "exp1 / sad / clips": 192}
    measured |= {f"list / {name}": value for name, value in MEASURED.items()}
    book, where = ledger([]), ", counted on EmoBox's public list of its clips"
    assert book.verdict(printed("Exp 1", "Sad")) == ("measured", f"agrees{where}")
    assert book.verdict(printed("IEMOCAP", "speakers")) == ("measured", f"agrees{where}")
    words = f"of the whole corpus; the clips of five labels last 6.99 h{where}"
    assert book.verdict(printed("IEMOCAP", "all")) == ("not run", words)
    assert {book.verdict(number)[1] for number in proposed(book)} == {"IEMOCAP is not at hand"}
    measured["list / exp1 / sad / clips"] = 1083
    assert book.verdict(printed("Exp 1", "Sad"))[1] == f"differs: measured 1083{where}"
    measured["corpora"] = ("iemocap",)
    assert book.verdict(printed("Exp 1", "Sad")) == ("measured", "differs: measured 192")


def test_an_analogue_judges_no_printed_number_and_stands_in_the_ledger_apart():
    book = ledger(trials(["000", "111"], seeds=5), lambda trial, speaker: 62)
    number = printed("Exp 1 (A, H, S, N) | Proposed", "UA")
    assert book.verdict(number) == ("not run", "IEMOCAP is not at hand")
    variant = f"{OPEN}; one recogniser of 20 epochs"
    assert book.beside(number, variant=variant, protocol="speakers-apart") is None
    assert book.trials("exp1 111", variant=variant, protocol="speakers-apart") is not None
    cells_of = [
        each for each in book.entries() if each["value"] is not None and each["verdict"] == ""
    ]
    assert {
        (each["row"], each["column"], each["published"], each["value"]) for each in cells_of
    } == {(row, "RAVDESS", None, 62) for row in ("exp1 000", "exp1 111")}
    assert {each["metric"] for each in cells_of} == set(papers.named(PAPER).metrics)


def test_iemocap_is_judged_by_edition_and_width():
    numbers_of = {"edition": "paper", "epochs": 20}
    one = printed("Exp 2 (A, E, S, N) | Proposed", "WA")
    made = {"experiments": ("exp2",), "seeds": 5}
    book = ledger(
        trials(["111"], **made, **numbers_of),
        lambda trial, speaker: 64 + trial.seed,
        corpus="iemocap",
    )
    assert book.verdict(one)[0] == "reproduced"
    assert book.verdict(printed("Exp 1 (A, H, S, N) | Proposed", "WA"))[0] == "not run"
    word, reason = ledger(trials(["111"], **made), corpus="iemocap").verdict(one)
    assert (word, reason.split(";")[0]) == (
        "substituted",
        "run on speakers of other corpora than VoxCeleb",
    )
    assert (
        ledger(trials(["111"], **made, **numbers_of, size="narrow"), corpus="iemocap").verdict(one)[
            0
        ]
        == "substituted"
    )
    few = ledger(trials(["111"], experiments=("exp2",), **numbers_of), corpus="iemocap")
    assert few.verdict(one) == ("inconclusive", "1 seed; a one-run interval needs 5")
    short = ledger(trials(["111"], **made, edition="paper", epochs=19), corpus="iemocap")
    assert short.verdict(one) == (
        "inconclusive",
        "not judged: unfinished: ended after 19 of 20 epochs",
    )
    fold = ledger(trials(["111"], **made, **numbers_of, folds=1), corpus="iemocap")
    assert fold.verdict(one) == ("inconclusive", "not judged: one fold of several was run")


def test_scores_are_scikit_learns_means_over_folds():
    right = lambda trial, speaker: [90, 10 * trial.fold, 50, 70 - int(speaker[-2:])]  # noqa: E731
    book = ledger(trials(["111"]), right)
    found = numbers.systems(book, ("111",), experiment="exp1").trials["111"]
    scores = []
    for trial in found.table["trial"]:
        own = found.counts[found.counts["trial"] == trial]
        weights = own["count"]
        scores.append(
            [
                each(own["true"], own["predicted"], sample_weight=weights)
                for each in (accuracy_score, balanced_accuracy_score)
            ]
        )
    for metric, values in zip((numbers.WA, numbers.UA), np.transpose(scores), strict=True):
        score = level(found, metric)
        assert score.value == pytest.approx(100 * values.mean())
        assert list(numbers.by_fold(found, metric).values()) == pytest.approx(100 * values)
        assert score.low < score.value < score.high
        assert (score.groups, score.folds, score.seeds) == (24, 5, 1)
    assert np.isnan(MEASURES[numbers.WA](np.zeros((4, 4)), 0, 0, 0))


def test_systems_are_compared_on_shared_folds_seeds_and_training():
    wide = trials(["000", "111"], folds=2, seeds=2)
    narrow = trials(EIGHT, folds=5, size="narrow", epochs=6)
    book = ledger([*wide[:-1], *trials(["111"], folds=1, seeds=2, pretraining=5), *narrow])
    both = numbers.systems(book, ("000", "111"), experiment="exp1")
    assert both.about == "full width, 8 epochs, bf16, one recogniser of 20 epochs; 2 folds, 2 seeds"
    pairs = [
        set(zip(each.table["seed"], each.table["fold"], strict=True))
        for each in both.trials.values()
    ]
    assert pairs == [{(0, 0), (0, 1), (1, 0)}] * 2
    assert numbers.systems(book, EIGHT, experiment="exp1").base.startswith("half width, 6 epochs")
    assert numbers.systems(book, ("000", "011"), experiment="exp1").folds == 5
    for options in ({"experiment": "exp2"}, {"experiment": "exp1", "protocol": "clips"}):
        assert numbers.systems(book, ("000", "111"), **options) is None
    assert numbers.systems(book, ("111", "111, energy"), experiment="exp1") is None


def test_rows_name_experiment_and_system_and_controls_are_apart():
    given = [
        *trials(["111", "111, 300 frames", "101, finetune"], folds=1, experiments=("exp1", "exp3"))
    ]
    shuffled = trials(["111"], folds=1, control="labels shuffled")
    book = ledger([*given, *shuffled], encoder=encoded("CAM++ 01"), speakers=True)
    rows = {where[0] for where in book._groups}
    assert rows == {f"{one} {row}" for one in ("exp1", "exp3") for row in ("111", "111, 300 frames", "101, finetune")} | {
        "exp1 CAM++ 01",
    }  # fmt: skip
    assert {(row, control) for row, _, control in book.controls()} == {
        ("exp1 111", "labels shuffled")
    }
    assert set(book.runs("exp1 CAM++ 01")) == {
        ("open, 12 epochs", "speakers-apart", "this run, campplus", "toy")
    }
    given_ = trials(["111"], folds=1, speakers="given", pretraining=0)
    assert {where[0] for where in ledger(given_).runs("exp1 111")} == {
        f"{OPEN}; a recogniser from elsewhere"
    }


def test_what_is_written_is_read_back_under_the_same_names(tmp_path):
    given = trials(["000", "111", "111, 300 frames"], folds=2)
    book = ledger(given, lambda trial, speaker: 40 + int(speaker[-2:]))
    recorded.write(
        PAPER, lambda start: book.recorded, [each.name for each in fields(Trial)], folder=tmp_path
    )
    again = Ledger(papers.named(PAPER), runs=recorded.read(PAPER, folder=tmp_path))
    assert set(again._groups) == set(book._groups)
    assert again.entries() == book.entries()


def test_a_list_of_all_shows_iemocaps_nearest_reading(monkeypatch):
    book = ledger(
        [*trials(["111"], folds=1), *trials(["111"], folds=1, size="narrow", epochs=20)],
        corpus="iemocap",
    )
    assert papers.named(PAPER).reading("Exp 1 (A, H, S, N) | Proposed") == ""
    monkeypatch.setattr(recorded, "runs", lambda paper: book.recorded.runs)
    monkeypatch.setattr(recorded, "read", lambda paper: book.recorded)
    assert (
        papers.named(PAPER).reading("Exp 1 (A, H, S, N) | Proposed")
        == f"{OPEN}; one recogniser of 20 epochs"
    )
    assert papers.named(PAPER).reading("Exp 2 (A, E, S, N) | CTC-BLSTM [5]") == ""


def test_an_interval_over_speakers_is_that_of_the_difference():
    better = ledger(
        trials(["000", "111"], seeds=5),
        lambda trial, speaker: 40 + 5 * (trial.transfer != "none") + int(speaker[-2:]),
    )
    found = numbers.systems(better, ("000", "111"), experiment="exp1")
    gap = found.less("111", "000")
    assert (gap.value, gap.low, gap.high) == pytest.approx((5, 5, 5))
    assert (gap.seeds, gap.groups, gap.folds) == (5, 24, 5)
    uneven = ledger(
        trials(["000", "111"], seeds=5),
        lambda trial, speaker: 40 + int(speaker[-2:]) * (trial.transfer != "none"),
    )
    gap = numbers.systems(uneven, ("000", "111"), experiment="exp1").less("111", "000", numbers.UA)
    same = level(
        uneven.trials(
            "exp1 111", variant=f"{OPEN}; one recogniser of 20 epochs", protocol="speakers-apart"
        ),
        numbers.UA,
    )
    assert (gap.low, gap.high) == pytest.approx((same.low - 40, same.high - 40))
    assert gap.low < gap.value < gap.high


@pytest.mark.parametrize(
    ("given", "unfinished", "one_fold"),
    [
        ({"folds": 2, "epochs": 20}, "", False),
        ({"folds": 1, "epochs": 20}, "", True),
        ({"folds": 2, "epochs": 19}, "unfinished: ended after 19 of 20 epochs", False),
        (
            {"folds": 2},
            "unfinished: ended after 8 of 20 epochs, and the printed decay begins after 8",
            False,
        ),
    ],
)
def test_what_is_not_finished_is_said_of_every_entry(given, unfinished, one_fold):
    book = ledger(trials(["111"], **given))
    (trials_of,) = book.runs("exp1 111").values()
    assert (trials_of.unfinished, trials_of.one_fold) == (unfinished, one_fold)
    filled = [each for each in book.entries() if each["value"] is not None and each["seeds"]]
    assert filled
    assert {each["unfinished"] for each in filled} == {unfinished}


def test_changed_print_changes_no_value_of_ours(tmp_path):
    shutil.copytree(PUBLISHED, tmp_path / "published")
    path = tmp_path / "published" / f"{PAPER}.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["value"] = [str(float(value) * 1.5 + 1) for value in table["value"]]
    table.to_csv(path, index=False)
    given = trials(["000", "111"], folds=2, edition="paper")
    before, after = (
        ledger(
            given, lambda trial, speaker: 30 + 7 * trial.fold, corpus="iemocap", **options
        ).entries()
        for options in ({}, {"published_folder": tmp_path / "published"})
    )
    names = ("row", "column", "value", "low", "high", "run_low", "run_high")
    ours = [[tuple(each[name] for name in names) for each in side] for side in (before, after)]
    assert ours[0] == ours[1]
    assert [each["published"] for each in before] != [each["published"] for each in after]
