"""Chapter 4's sentences, from planted runs."""

from sercore.papers.padi2021.paper import PAPER
from tests.papers.padi2021.padi_runs import EIGHT, ledger, trials

RECALLS = {
    "101": 60,
    "100": 60,
    "111": 60,
    "110": 60,
}  # transfer gains ten points, nothing else anything


def right(trial, speaker):
    return RECALLS.get(trial.row.cell, 50)


def test_the_lead_tells_the_system_and_that_no_effect_is_judged():
    told = PAPER.lead(ledger(trials(EIGHT, seeds=3, folds=2), right))
    assert "WA 63.61 to 66.02" in told
    assert (
        "(full width, 8 epochs, bf16, one recogniser of 20 epochs; 2 folds, 3 seeds): UA 60.0 [60.0, 60.0], WA 60.0"
        in told
    )
    assert "holds its learning rate for 8 epochs" in told
    assert (
        "stops before this decay begins, after 8 epochs, so the effects of transfer, masks and statistics pooling are not"
        in told
    )
    assert "+10.0" not in told


def test_longer_trainings_are_not_called_unfinished():
    both = [*trials(["111", "001"], folds=2), *trials(["111", "001"], folds=2, epochs=20)]
    assert PAPER.lead(ledger(both, right)).endswith(
        "in brackets where the mean would lie with other speakers and seeds, at 95 %."
    )


def test_nothing_recorded_is_said():
    assert PAPER.lead(ledger([])).endswith("No run on real speech is recorded yet.")
