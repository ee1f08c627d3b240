"""What is judged rests on finished trainings, in every chapter: called unfinished, no recorded training judges anything."""

import pytest

from sercore import papers
from sercore.evaluation import estimates
from sercore.ledger import claims
from sercore.ledger.entries import Ledger
from tests.ledger.test_committed import JUDGED, PAPERS, SIGNS, module

DRAWS = 2000  # enough for a p value of 0.001, which Holm's procedure over fifty parts lets pass


@pytest.mark.parametrize("paper", PAPERS)
def test_unfinished_trainings_judge_no_number_and_no_claim(paper, monkeypatch, tmp_path):
    """What is left are claims about print, counts and the clips themselves, behind which there is no training."""
    about, drawn = papers.named(paper), estimates._drawn
    monkeypatch.setenv("SER_STORE", str(tmp_path))
    monkeypatch.setattr(estimates, "_drawn", lambda *given: drawn(*given[:-1], DRAWS))
    monkeypatch.setattr(type(about), "unfinished", lambda self, trial: "cut short by this test")
    cut = Ledger(about)
    assert not {cut.verdict(number)[0] for number in cut.printed} & set(JUDGED)
    results = claims.judged(cut, module(paper).CLAIMS)
    signed = {claim.name for claim, found in results if {found.published, found.clean} & set(SIGNS)}
    assert signed <= {*module(paper).SETTINGS}
    trainings = [cut._of(where) for where in cut._groups]
    assert trainings
    assert {trials.unfinished for trials in trainings} == {"cut short by this test"}
