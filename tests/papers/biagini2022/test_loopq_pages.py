"""The numbers that chapter 3 quotes and what its figures draw, from planted and recorded runs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from sercore import papers
from sercore.evaluation.estimates import Estimate
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import figures as plots
from sercore.papers.biagini2022 import page
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.trial import Trial
from sercore.report import figures
from tests.papers.biagini2022.loopq_runs import ledger, trials


@pytest.fixture(scope="module")
def book() -> Ledger:
    """By origin 16 of 20 clips are right, with speakers held out 9."""
    return ledger(trials(), lambda trial: 16 if trial.protocol == "by-origin" else 9)


def test_numbers_of_both_splits_are_quoted(book):
    numbers = page.quoted(book)
    assert (numbers["printed_low"], numbers["printed_high"]) == (0.722, 0.8297)
    for word, right in (("shared", 0.8), ("apart", 0.45)):
        for place in (word, f"tess_{word}", f"savee_{word}"):
            assert numbers[f"{place}_low"] == pytest.approx(right), place
            assert numbers[f"{place}_high"] == pytest.approx(right), place
    assert numbers["corpora"] == "RAVDESS, SAVEE and TESS"
    assert (numbers["versions"], numbers["trained"], numbers["seeds"]) == (9, 5, 1)
    assert (numbers["folds"], numbers["all_folds"]) == (1, 6)
    assert (numbers["encoder"], numbers["encoder_weights"]) == ("toy", 1000)
    assert numbers["one_speaker"] == pytest.approx(0.1)
    assert numbers["happy_right_apart_low"] == pytest.approx(0.45)
    assert numbers["time_masking"] == pytest.approx(0)


def test_one_recorded_count_changes_what_is_quoted():
    def numbers(of_cnnatt: int) -> Mapping[str, object]:
        def right(trial: Trial) -> int:
            is_changed = (trial.model, trial.protocol) == ("CNNATT", "by-origin")
            return of_cnnatt if is_changed else 12

        return page.quoted(ledger(trials(models="scratch"), right))

    before, after = numbers(12), numbers(7)
    assert (before["shared_low"], after["shared_low"]) == (
        pytest.approx(12 / 20),
        pytest.approx(7 / 20),
    )
    assert before["shared_high"] == after["shared_high"]
    assert before["apart_low"] == after["apart_low"]
    assert before["trained"] == 3


def _networks(table: pd.DataFrame) -> pd.DataFrame:
    """Recorded networks on new speakers of the same corpora, nothing changed."""
    is_plain = (table["augmentation"] == "none") & (table["rates"] == "code")
    is_plain &= (table["protocol"] == "speaker-independent") & (table["control"] == "none")
    return table[is_plain & table["run"].str.endswith(", models")]


def test_todays_numbers_are_those_of_the_recorded_predictions():
    book = Ledger(papers.named(loopq.NAME))
    numbers = page.quoted(book)
    table, counts = book.recorded.trials, book.recorded.parts["counts"]
    chosen = table[
        (table["model"] == "CNNATT")
        & (table["protocol"] == "speaker-independent")
        & (table["run"] == "open, models")
    ]
    answers = counts[counts["trial"].isin(chosen["trial"])]
    shares = {}
    for _, trial in _networks(table).iterrows():
        own = counts[counts["trial"] == trial["trial"]]
        right = own[own["true"] == own["predicted"]]
        corpus = own["group"].astype(str).str.split("/").str[0]
        share = right.groupby(corpus)["count"].sum() / own.groupby(corpus)["count"].sum()
        shares.setdefault((trial["model"], trial["variant"]), []).append(share.mean())
    means = {reading: np.mean(values) for reading, values in shares.items()}
    assert len(shares["CNNLSTM", "fixed"]) == 10
    assert min(means.values()) == pytest.approx(numbers["apart_low"])
    assert max(means.values()) == pytest.approx(numbers["apart_high"])
    of_speakers = answers.groupby(answers["group"].astype(str))["count"].sum()
    assert of_speakers.max() / of_speakers.sum() == pytest.approx(numbers["one_speaker"])
    assert chosen["training_clips"].item() == numbers["training_apart"]


def test_where_nothing_is_recorded_only_printed_and_measured_numbers_are_quoted():
    nothing = Ledger(papers.named(loopq.NAME), runs=recorded.read("no such paper"))
    numbers = page.quoted(nothing)
    assert numbers["networks"] == 5
    assert "shared_low" not in numbers
    assert "across_low" not in numbers
    assert page.scores(nothing) == []


def test_a_frozen_encoder_is_named_in_the_picture(book):
    names = [name for name, *_ in page.scores(book)]
    assert len(names) == 9
    assert "HUBERTFT fixed, frozen encoder" in names


def test_curves_are_those_of_the_first_seed_and_name_the_kept_epoch(book):
    found = plots.curves_data(book, "by-origin")
    assert list(found) == [f"{model} {variant}" for model, variant in plots.TABLE_4]
    rows, best = found["CNNATT fixed"]
    assert rows.tolist() == [[1, 1.9, 0.2, 1.8, 0.3], [2, 1.5, 0.5, 1.6, 0.8]]
    assert best == 2


def test_confusions_are_shares_of_the_true_class(book):
    rows = plots.confusions_data(book, [("FCMFCC", "as-run"), ("CNNATT", "fixed")])
    assert list(rows) == list(plots.PAIR)
    shared, apart = rows.values()
    assert [title for title, *_ in apart] == ["FCMFCC as-run", "CNNATT fixed"]
    assert np.allclose(shared[0][1].sum(1), 1)
    assert np.allclose(np.diag(apart[0][1]), 9 / 20)


def test_bins_are_summed_over_seeds():
    book = ledger(trials(seeds=2, only="FCMFCC as-run", protocol="by-origin"), lambda trial: 10)
    (bins,) = plots.reliability_data(book, "FCMFCC", "as-run").values()
    one = book.recorded.parts["reliability"]
    assert bins[:, 1].sum() == one["clips"].sum()
    assert len(bins) == 2


def cell(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.1, high=value + 0.1, groups=9, by_seed=(value,))


def test_the_picture_of_both_splits_has_every_score():
    figure = figures.splits([("FCMFCC as-run", 0.76, (cell(0.8), cell(0.4)))], chance=1 / 7)
    places = sorted(
        float(line.get_xdata()[0])
        for line in figure.axes[0].lines
        if line.get_marker() in ("o", "D")
    )
    assert places == [0.4, 0.76, 0.8]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "no model to draw"),
        ([("A", 76.0, (cell(0.8), cell(0.4)))], "A: accuracy 76; expected 0 to 1"),
    ],
)
def test_the_picture_refuses_what_is_no_score(rows, told):
    with pytest.raises(ValueError, match=told):
        figures.splits(rows, chance=1 / 7)
