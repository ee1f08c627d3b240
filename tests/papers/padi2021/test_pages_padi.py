"""Numbers that chapter 4's words quote: planted ones, and today's computed another way."""

import csv

import pytest

from sercore.ledger.entries import Ledger
from sercore.ledger.paper import PUBLISHED
from sercore.papers.padi2021 import numbers
from sercore.papers.padi2021.paper import PAPER
from sercore.report import prose
from tests.papers.padi2021 import padi_runs
from tests.papers.padi2021.padi_runs import EIGHT, encoded, ledger, trials

SENTENCE = "{{ padi2021.ours_wa | f(2) }} % after {{ padi2021.unfinished_epochs }} epochs"


def right(trial, speaker):
    """Of a hundred: transfer gains ten, nothing else anything; random splits of CAM++ five."""
    if hasattr(trial, "encoder"):
        return 55 + 5 * (trial.protocol == "clips")
    return 60 if trial.transfer == "frozen" else 50


def written(book: Ledger) -> str:
    return prose.fill(SENTENCE, {"padi2021": PAPER.quoted(book)}, where="a page")


@pytest.fixture(scope="module")
def recorded() -> Ledger:
    """What is recorded today."""
    return Ledger(PAPER)


def test_planted_runs_are_quoted():
    encoder = encoded("CAM++ 01", folds=2) + encoded("CAM++ 01", folds=2, protocol="clips")
    given = trials([*EIGHT, "111, energy"], seeds=3, folds=2)
    named = PAPER.quoted(ledger(given, right, encoder=encoder, speakers=True))
    counts = ("folds", "seeds", "test_speakers", "epochs", "taught_speakers")
    assert [named[name] for name in counts] == [2, 3, 10, 8, 8]
    assert named["unfinished_epochs"] == "8"
    expected = {
        "ours_ua": 60,
        "ours_wa_high": 60,
        "random_wa_high": 50,
        "transfer_wa_low": 60,
        "trainings_sd_high": 0,
        "transfer": 10,
        "masks_low": 0,
        "pooling": 0,
        "quiet": 0,
        "equal_error_low": 31,
        "equal_error_untrained_high": 42,
        "statistics_last": 55,
        "angry_recall": 0.6,
        "sad_share": 0.4,
    }
    assert {name: named[name] for name in expected} == pytest.approx(expected)
    assert (named["happy_taken_for"], named["corpus"]) == ("neutral", "RAVDESS")


def test_todays_scores_are_those_of_the_recorded_counts(recorded):
    named, table = PAPER.quoted(recorded), recorded.recorded.kind("models")
    whole = {"transfer": "frozen", "augmentation": "both", "pooling": "statistics"}
    whole |= {"size": "published", "norm": "segment", "vad": "none", "control": "none"}
    for name, value in whole.items():
        table = table[table[name] == value]
    counts = recorded.recorded.counts
    counts = counts[counts["trial"].isin(table["trial"])]
    hits = counts[counts["true"] == counts["predicted"]].groupby("trial")["count"].sum()
    scores = 100 * hits / counts.groupby("trial")["count"].sum()
    assert len(scores) == named["folds"] * named["seeds"]
    assert named["ours_wa"] == pytest.approx(scores.mean())
    speakers = recorded.recorded.kind("speakers").query("size == 'published'")
    assert named["equal_error_high"] == pytest.approx(100 * speakers["equal_error_rate"].max())


def test_printed_scores_are_those_of_the_published_table():
    with (PUBLISHED / f"{numbers.NAME}.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["table"] == "Table 3"]
    ours = [
        float(row["value"])
        for row in rows
        if row["row"].endswith("Proposed") and row["column"] == "WA"
    ]
    named = PAPER.quoted(ledger([]))
    assert (named["printed_wa_low"], named["printed_wa_high"]) == (min(ours), max(ours))
    assert named["printed_lead_low"] == pytest.approx(65.56 - 64.79)


def test_one_recorded_count_changes_the_words():
    given = trials(["111"], folds=2)
    one = padi_runs.tested(given[1], "ravdess")[0]
    moved = ledger(given, lambda trial, speaker: 50 + (speaker == one))
    assert written(ledger(given)) == "50.00\N{NO-BREAK SPACE}% after 8 epochs"
    assert written(moved) == "50.10\N{NO-BREAK SPACE}% after 8 epochs"


def test_trainings_with_the_printed_decay_are_not_called_unfinished():
    both = [*trials(["111", "001"], folds=2), *trials(["111", "001"], folds=2, epochs=20)]
    with pytest.raises(prose.ProseError, match="unfinished_epochs"):
        written(ledger(both, right))


def test_what_is_not_recorded_has_no_name():
    named = PAPER.quoted(ledger([]))
    assert named
    assert all(name.startswith("printed_") for name in named)
