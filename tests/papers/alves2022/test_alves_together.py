"""Trials of paper 01 whose networks are trained at once: which they are, and that each is what it would be alone."""

import pytest

from sercore.papers.alves2022 import study
from sercore.papers.alves2022.trial import alike, run, run_together
from tests.papers.alves2022.alves_trials import BOTH, EMBEDDED, MISJOINED, SMOTE, trial


@pytest.mark.parametrize(
    ("row", "variant", "control"),
    [
        (BOTH, "as-run", "none"),
        (BOTH, "as-described", "none"),
        (BOTH, "as-described", "no gender branch"),
        (MISJOINED, "as-run", "none"),
        (MISJOINED, "as-described", "none"),
        (SMOTE, "as-run", "logistic regression"),
        (SMOTE, "as-run", "always neutral"),
    ],
)
def test_alike_trials_at_once_are_what_each_is_alone(data, row, variant, control):
    trials = [
        trial(row, variant, protocol, fold=fold, seed=fold, control=control)
        for protocol in study.PROTOCOLS
        for fold in (0, 4)
    ]
    assert len({alike(each) for each in trials}) == 1
    for one, other in zip(
        run_together(trials, data), [run(each, data) for each in trials], strict=True
    ):
        assert one["counts"] == other["counts"]
        assert one["head_mse"] == pytest.approx(other["head_mse"], abs=1e-5)
        assert one["second_mse"] == pytest.approx(other["second_mse"], abs=1e-5)


def test_trials_are_alike_where_architecture_and_loss_are():
    kinds = {alike(each) for each in study.grid(study.Parameters(edition="open"), encoder="toy")}
    assert alike(trial(BOTH)) == alike(trial(SMOTE, fold=3, seed=2, protocol="clean"))
    others = [
        trial(BOTH, "as-described"),
        trial(MISJOINED),
        trial(EMBEDDED, encoder="toy"),
        trial(BOTH, control="no gender branch"),
    ]
    assert len({alike(trial(BOTH)), *map(alike, others)}) == 5
    assert len(kinds) < 45
