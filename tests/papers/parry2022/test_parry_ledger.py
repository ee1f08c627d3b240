"""Paper 02 in the ledger: where its numbers stand, what is a setting, and which trainings stand beside them."""

import itertools
import shutil
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from sercore import papers
from sercore.evaluation.estimates import level
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import PUBLISHED
from sercore.papers.parry2022 import numbers
from sercore.papers.parry2022.data import ORIGINS, UNSEEN
from sercore.papers.parry2022.trial import Recipe
from tests.papers.parry2022.parry_runs import CAPPED, OPEN, PLAIN, ledger, trials, tried

PAPER = numbers.NAME
BITS = {"corpus / corpus / bits": 0.75, "language / language / bits": 0.75}  # one label
OF = {"variant": "as-described", "protocol": "held-out-speakers"}
RESULTS = ("not run", "substituted", "inconclusive", "reproduced", "not reproduced", "explained")


@pytest.fixture(autouse=True)
def measured(monkeypatch) -> dict[str, float]:
    """What was measured, which a test fills; nothing at first."""
    found: dict[str, float] = {}
    monkeypatch.setattr(recorded, "measurements", lambda paper: found)
    monkeypatch.setattr(recorded, "measured_on", lambda paper: tuple(found.get("corpora", ())))
    monkeypatch.setattr(numbers, "corpora", lambda: OPEN)
    return found


def printed(row: str, column: str, book: Ledger | None = None):
    return next(
        each
        for each in (book or Ledger(papers.named(PAPER))).printed
        if (each.row, each.column) == (row, column)
    )


def test_every_printed_number_has_an_entry_and_no_setting_or_count_is_a_result():
    book = ledger(trials())
    found = {
        (each["table"], each["row"], each["column"], each["metric"]) for each in book.entries()
    }
    assert {(each.table, each.row, each.column, each.metric) for each in book.printed} <= found
    assert len(book.printed) == 102
    words = {number: book.verdict(number)[0] for number in book.printed}
    assert {word for number, word in words.items() if number.metric == "ua"} == {"substituted"}
    elsewhere = [
        number for number, word in words.items() if number.metric != "ua" and word in RESULTS
    ]
    assert {
        (number.row, number.metric)
        for number in elsewhere
        if number.row not in ("split", "data", "TESS", "CREMA-D")
    } == {("TESS single attribute", "ua_gain"), ("GR", "count"), ("novelty", "count")}
    assert {words[number] for number in elsewhere} == {"not run"}
    assert sum(word == "setting" for word in words.values()) == 15
    assert all(book.verdict(number)[1] for number in book.printed)


@pytest.mark.parametrize(
    ("row", "column", "place", "corpora"),
    [
        ("TESS MTL", "Corpus", "MTL C", ("tess",)),
        ("CREMA-D GR", "C+S+G+L", "GR C+S+G+L", ("crema-d",)),
        ("TESS baseline", "single-task", "baseline", ("tess",)),
        ("in-domain test", "MTL gender+language", "MTL G+L", numbers.POOLED),
        ("in-domain test", "best four-attribute model (GR)", "GR C+S+G+L", numbers.POOLED),
        ("t-SNE analysis on TESS", "GR corpus", "GR C", ("tess",)),
    ],
)
def test_a_printed_accuracy_has_its_place(row, column, place, corpora):
    found = papers.named(PAPER).place(printed(row, column))
    assert (found.row, found.metric, found.corpora) == (place, numbers.UA, corpora)


def test_each_number_is_scored_on_its_own_corpora_and_tess_with_surprise():
    right = {
        "tess": 400,
        "tess without surprise": 900,
        "crema-d": 600,
        "ravdess": 700,
        "emovo": 700,
        "savee": 300,
    }
    book = ledger(trials(), lambda trial, corpus: right[corpus] + 10 * (trial.approach == "GR"))
    assert book.beside(printed("TESS GR", "S+G"), **OF).value == pytest.approx(41)
    assert book.beside(printed("CREMA-D MTL", "Speaker"), **OF).value == pytest.approx(60)
    assert book.beside(printed("CREMA-D MTL", "Speaker"), **OF).groups == 6
    home = book.beside(printed("in-domain test", "single-task baseline"), **OF)
    assert home.value == pytest.approx(
        (70 + 70 + 30) / 3
    )  # each corpus once, though RAVDESS has two speakers of the four
    assert home.seeds == 1
    assert np.isnan(
        [home.low, home.high, home.run_low, home.run_high]
    ).all()  # EMOVO and SAVEE have one speaker each, of one seed
    everything = book.trials("baseline", **OF)
    assert level(everything.of("tess"), numbers.UA).value == pytest.approx(40)
    both = everything.of("tess", "crema-d")
    assert level(both, numbers.UA).value == pytest.approx((40 + 60) / 2)
    assert both.pooled(numbers.UA) == pytest.approx((2 * 40 + 6 * 60) / 8)
    assert len(level(both, numbers.UA).by_seed) == 1
    assert not len(everything.of("epst").counts)


def test_entries_hold_the_cells_that_are_not_printed_once_for_each_corpus():
    book = ledger(trials(seeds=2))
    cells = [(each["row"], each["column"]) for each in book.entries() if each["published"] is None]
    assert len(cells) == len(set(cells))
    assert {
        ("GR C+S", "TESS"),
        ("GR C+S", "CREMA-D"),
        ("GR C+S", "in-domain test"),
        ("MTL C", "in-domain test"),
    } <= set(cells)
    assert not {("MTL C", "TESS"), ("baseline", "CREMA-D"), ("GR S", "in-domain test")} & set(cells)
    assert len(cells) == 46 * 3 - 2 * (1 + 12 + 18) - 4
    values = [each["value"] for each in book.entries() if each["metric"] in ("ua", numbers.UA)]
    assert values == pytest.approx([PLAIN / 10] * len(values))


def test_results_on_a_smaller_pool_are_substituted_and_an_absent_corpus_is_not_run():
    book = ledger(trials(), crema=False)
    word, reason = book.verdict(printed("TESS GR", "Corpus"))
    assert (word, reason) == (
        "substituted",
        "run on the pool without Emo-DB, IEMOCAP and EPST; only order and sign are judged",
    )
    assert book.verdict(printed("CREMA-D GR", "Corpus")) == ("not run", "CREMA-D is not at hand")
    assert book.beside(printed("CREMA-D GR", "Corpus"), **OF) is None
    assert book.verdict(printed("TESS baseline", "single-task"))[1].endswith(
        "quoted from the authors' paper of 2019"
    )


def test_the_whole_pool_is_judged(monkeypatch):
    monkeypatch.setattr(numbers, "corpora", lambda: tuple(ORIGINS))
    assert papers.named(PAPER).substitute("GR C", "as-described", "none") == ""
    few, many = (ledger(trials(seeds=seeds, only="GR C")) for seeds in (2, 5))
    assert few.verdict(printed("TESS GR", "Corpus")) == (
        "inconclusive",
        "2 seeds; a one-run interval needs 5",
    )
    assert many.verdict(printed("TESS GR", "Corpus"))[0] == "not reproduced"
    capped = ledger(trials(seeds=5, only="GR C"), ending=CAPPED)
    told = "unfinished: ended at a cap of 30 epochs before its stopping rule fired; the paper allows 150"
    assert capped.verdict(printed("TESS GR", "Corpus")) == ("inconclusive", f"not judged: {told}")
    assert capped.beside(printed("TESS GR", "Corpus"), **OF).unfinished == told
    whole = ledger(
        [replace(trial, epochs=150) for trial in trials(seeds=5, only="GR C")],
        ending="all 150 epochs",
    )
    assert whole.verdict(printed("TESS GR", "Corpus"))[0] == "not reproduced"


def test_entries_over_several_corpora_keep_what_they_were_over_all_clips():
    right = {"ravdess": 700, "emovo": 700, "savee": 300}
    book = ledger(trials(only="baseline"), lambda trial, corpus: right.get(corpus, PLAIN))
    notes = {each["note"]: each["value"] for each in book.entries() if each["note"]}
    assert notes == {
        "the mean over 3 corpora; over all clips alike 60": pytest.approx(
            100 * (0.7 + 0.7 + 0.3) / 3
        )
    }


def test_a_departure_from_the_grid_is_a_control_and_another_reading_a_variant():
    given = [
        *trials(only="GR C"),
        *trials(models="alpha"),
        *trials(models="labels"),
        *trials(models="readings"),
    ]
    apart = [replace(trial, protocol="unseen ravdess") for trial in trials(only="MTL C")]
    book = ledger([*given, *tried(Recipe(rate=0.01)), *apart], recipe=tried(Recipe()))
    assert {(row, control) for row, _, control in book.controls()} == {
        *(("GR C", f"alpha {value}") for value in ("0", "0.1", "0.25", "0.75")),
        *itertools.product(
            ("baseline", "GR C"), ("surprise left out", "surprise negative", "calm left out", "calm positive")
        ),
        ("baseline", "rate 0.01"),
        ("MTL C", "unseen ravdess"),
    }  # fmt: skip
    assert not book.runs("MTL C")  # with another corpus unseen it stands beside no printed number
    assert {where[0] for where in book.runs("AD C")} == {"fixed", "on-representation"}
    assert not book.runs("baseline")  # the recipe's own run stands beside nothing
    assert len(book.trials("GR C", **OF).table) == 1


def test_the_papers_own_edition_stands_alone_where_it_is_recorded():
    table = ledger(trials(only="GR C")).recorded.trials
    both = pd.concat([table, table.assign(edition="paper", trial=99)])
    assert numbers.arranged(table)["trial"].tolist() == [0]
    assert numbers.arranged(both)["trial"].tolist() == [99]


def test_what_is_written_is_read_back_under_the_same_names(tmp_path):
    given = [*trials(only="GR C"), *trials(models="alpha"), *tried(Recipe(rate=0.01))]
    book = ledger(given, views=[(given[0], [["C", 0.51239, 0.33, -0.1]])])
    names = [field.name for field in fields(given[0])]
    recorded.write(PAPER, lambda start: book.recorded, names, folder=tmp_path)
    again = Ledger(papers.named(PAPER), runs=recorded.read(PAPER, folder=tmp_path))
    assert again.controls() == book.controls()
    assert again.entries() == book.entries()
    assert again.recorded.parts["probes"].values.tolist() == [[len(given), "C", 0.5124, 0.33, -0.1]]
    assert len(again.recorded.parts["answers"]) == len(again.recorded.parts["epochs"]) == len(given)


def test_where_corpus_and_language_are_one_label_the_model_with_corpus_is_shown(measured):
    book = ledger(trials(only="GR"))
    assert [numbers.trained_as(row) for row in ("GR L", "GR C+L")] == ["GR L", "GR C+L"]
    measured |= BITS
    rows = {
        "GR L": "GR C",
        "GR S+L": "GR C+S",
        "GR S+G+L": "GR C+S+G",
        "GR C+L": "GR C+L",
        "baseline": "baseline",
    }
    assert {row: numbers.trained_as(row) for row in rows} == rows
    assert book.verdict(printed("TESS GR", "S+L"))[1].endswith(
        "corpus and language are one label in this pool: shown is GR C+S"
    )
    assert "one label" not in book.verdict(printed("TESS GR", "S+G"))[1]
    measured["language / language / bits"] = 0.7
    assert numbers.trained_as("GR L") == "GR L"


def test_durations_speakers_and_shares_are_measured_and_those_of_the_pool_on_all_of_it(measured):
    measured |= {"corpora": OPEN, "TESS / duration / hours": 1.598, "TESS / speakers / count": 2}
    sides = {"training": (1800, 2.2), "validation": (200, 0.25), "test": (250, 0.3)}
    for side, (clips, hours) in sides.items():
        measured |= {f"{side} / duration / hours": hours, f"{side} / positive / clips": clips}
    book = Ledger(papers.named(PAPER))
    assert book.verdict(printed("TESS", "all")) == ("measured", "agrees")
    assert book.verdict(printed("TESS", "speakers")) == ("measured", "agrees")
    assert book.verdict(printed("split", "training")) == (
        "setting",
        "ours is 80.0, as whole speakers are held out",
    )
    word, reason = book.verdict(printed("data", "training"))
    assert (word, reason) == (
        "not run",
        "of all six corpora: Emo-DB, IEMOCAP and EPST not at hand; the others last 2.20 h",
    )
    measured["corpora"] = tuple(name for name in ORIGINS if name not in UNSEEN)
    assert book.verdict(printed("data", "training")) == ("measured", "differs: measured 2.2 h")
    measured["TESS / duration / hours"] = 1.62
    assert book.verdict(printed("TESS", "all")) == ("measured", "differs: measured 1.62 h")


def test_changed_print_changes_no_value_of_ours(tmp_path):
    shutil.copytree(PUBLISHED, tmp_path / "published")
    path = tmp_path / "published" / f"{PAPER}.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["value"] = [str(float(value) * 1.5 + 1) for value in table["value"]]
    table.to_csv(path, index=False)
    given = trials(seeds=2)
    before, after = (
        ledger(given, lambda trial, corpus: 300 + 7 * trial.seed, **options).entries()
        for options in ({}, {"published_folder": tmp_path / "published"})
    )
    names = ("row", "column", "value", "low", "high", "run_low", "run_high")
    ours = [[tuple(each[name] for name in names) for each in side] for side in (before, after)]
    assert ours[0] == ours[1]
    assert [each["published"] for each in before] != [each["published"] for each in after]


def test_a_researchers_own_classes_may_be_more_than_the_papers():
    book = ledger(trials(only="baseline"))
    counts = book.recorded.counts.assign(true=3, predicted=3)
    wider = Ledger(
        papers.named(PAPER),
        runs=replace(book.recorded, parts=book.recorded.parts | {"counts": counts}),
    )
    (found,) = wider.runs("baseline").values()
    assert found.classes == 4
    assert level(found, numbers.UA).value == 100
