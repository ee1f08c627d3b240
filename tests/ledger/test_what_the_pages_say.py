"""Sentences of the chapters that name no number, held to the recorded runs."""

from sercore.ledger.entries import Ledger
from sercore.studies import ser2022
from sercore.studies.ser2022_gender import CLASSIFIERS


def test_one_woman_of_mls_costs_every_gender_classifier():
    """Chapter 1, deviations: no classifier recognises any other speaker as rarely."""
    ledger = Ledger(ser2022.PAPER)
    for name in CLASSIFIERS:
        counts = ledger.trials(f"gender classifier ({name})").counts
        right = counts["count"].where(counts["true"] == counts["predicted"], 0).groupby(counts["group"]).sum()
        recall = right / counts["count"].groupby(counts["group"]).sum()
        woman = recall.idxmin()
        assert str(woman) == "12670", name
        assert set(counts[counts["group"] == woman]["true"]) == {0}


def test_leaks_lift_shuffled_labels_and_nothing_else_does():
    """Chapter 1, controls: as published even shuffled labels score far above guessing, clean they do not."""
    ledger = Ledger(ser2022.PAPER)
    leaky, clean = (
        ledger.cell(ser2022.CONTROLLED, "macro_f1_cv5_mean", protocol=protocol, control="labels shuffled")
        for protocol in ser2022.PROTOCOLS
    )
    assert leaky.low > 0.5
    assert clean.high < 1 / 3
