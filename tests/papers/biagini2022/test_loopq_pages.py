"""Chapter 3's sentences and what its figures draw, from planted runs."""

import numpy as np
import pytest

from sercore import papers
from sercore.ledger import recorded
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate
from sercore.papers.biagini2022 import figures as plots
from sercore.papers.biagini2022 import paper as page
from sercore.papers.biagini2022 import study as loopq
from sercore.report import figures
from tests.papers.biagini2022.loopq_runs import ledger, trials


@pytest.fixture(scope="module")
def book() -> Ledger:
    """By origin 16 of 20 clips are right, with speakers held out 9."""
    return ledger(trials(), lambda trial: 16 if trial.protocol == "by-origin" else 9)


def test_the_lead_tells_both_splits(book):
    told = page.lead(book)
    assert "0.72 to 0.83" in told
    assert "0.80 to 0.80" in told
    assert "0.45 to 0.45 (1 seed)" in told
    assert "HUBERTFT is here a network of 1,000 weights on a frozen toy" in told
    assert "not trained" not in told
    assert (
        "100 clips train in the one split and 100 in the other, and 10% of the tested clips" in told
    )
    assert len(page.scores(book)) == 9
    assert "HUBERTFT fixed, frozen encoder" in [name for name, *_ in page.scores(book)]


def test_the_lead_names_what_was_not_trained():
    given = [trial for trial in trials() if trial.model != "MMFUSION"]
    told = page.lead(ledger(given, lambda trial: 12, spread=1))
    assert "MMFUSION was not trained on real speech" in told
    assert "MMFUSION is here" not in told


def test_nothing_recorded_is_said():
    assert "No run on real speech is recorded yet" in page.lead(
        Ledger(papers.named(loopq.NAME), runs=recorded.read("no such paper"))
    )


def test_curves_are_those_of_the_first_seed_and_name_the_kept_epoch(book):
    found = plots.curves_data(book, "by-origin")
    assert list(found) == [f"{model} {variant}" for model, variant in plots.TABLE_4]
    rows, best = found["CNNATT fixed"]
    assert rows.tolist() == [[1, 1.9, 0.2, 1.8, 0.3], [2, 1.5, 0.5, 1.6, 0.8]]
    assert best == 2


def test_confusions_are_shares_of_the_true_class(book):
    found = plots.confusions_data(book, "FCMFCC", "as-run")
    assert [title.split(",")[0] for title, *_ in found] == list(plots.PAIR)
    assert np.allclose(found[0][1].sum(1), 1)
    assert np.allclose(np.diag(found[1][1]), 9 / 20)


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
