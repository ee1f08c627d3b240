"""Chapter 4's sentences, from planted runs."""

from sercore.pages import padi as page
from tests.ledger.padi_runs import EIGHT, ledger, trials

RECALLS = {"101": 60, "100": 60, "111": 60, "110": 60}  # transfer gains ten points, nothing else anything


def right(trial, speaker):
    return RECALLS.get(trial.row.cell, 50)


def test_the_lead_tells_the_system_and_the_main_effects():
    told = page.lead(ledger(trials(EIGHT, seeds=3, folds=2), right))
    assert "WA 63.61 to 66.02" in told
    assert "(full width, 8 epochs, bf16, one recogniser of 20 epochs; 2 folds, 3 seeds): UA 60.0 [60.0, 60.0], WA 60.0" in told
    assert "transfer +10.0 [+10.0, +10.0], masks +0.0 [+0.0, +0.0], statistics pooling +0.0 [+0.0, +0.0]" in told


def test_no_effect_is_told_on_few_seeds_or_systems():
    assert page.lead(ledger(trials(EIGHT, folds=2), right)).endswith("WA 60.0; one seed, and no effect is judged.")
    assert page.lead(ledger(trials(["111", "001"], seeds=3, folds=2), right)).endswith("WA 60.0.")


def test_nothing_recorded_is_said():
    assert page.lead(ledger([])).endswith("No run on real speech is recorded yet.")
