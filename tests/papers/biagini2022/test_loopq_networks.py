"""Networks of paper 03's grid: published sizes, what an optimiser holds of each, and what is refused."""

import pytest
import torch

from sercore.models.counts import parameters
from sercore.papers.biagini2022 import models as loopq_models
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.models import ROWS, plan
from sercore.training.fitting import check
from tests.papers.biagini2022.loopq_toy import toy, trial


@pytest.fixture(scope="module")
def data():
    return toy()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CNNLSTM fixed", [(1e-3, 0)]),
        ("FCMFCC as-run", [(1e-3, 0), (1e-3, 1e-5)]),
        ("FCMFCC as-run, paper's rates", [(1e-4, 0), (1e-4, 1e-6)]),
        ("CNNATT fixed", [(1e-3, 1e-6)]),
        ("HUBERTFT fixed", [(1e-3, 0)]),
        ("MMFUSION fixed", [(1e-4, 1e-5), (1e-5, 1e-5)]),
    ],
)
def test_rates_and_decay_are_those_of_table_3(data, name, expected):
    row = ROWS[name]
    network = loopq_trial.build(trial(name), data)
    how = plan(row.model, rates=row.rates, epochs=5, precision="fp32")
    held = loopq_models.groups(network, row.model, rates=row.rates)
    assert [
        (group.get("lr", how.rate), group.get("weight_decay", how.weight_decay)) for group in held
    ] == expected
    assert sum(weight.numel() for group in held for weight in group["params"]) == parameters(
        network
    )


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("CNNLSTM as-run", 1_728_599), ("CNNLSTM per-clip", 1_728_599), ("CNNLSTM fixed", 1_466_455),
        ("FCMFCC as-run", 462_471), ("FCMFCC as-described", 872_071), ("CNNATT fixed", 186_679), ("HUBERTFT fixed", 7 * 768 + 7),
    ],
)  # fmt: skip
def test_published_sizes_are_the_papers(name, count):
    row = ROWS[name]
    network = loopq_models.build(row.model, row.variant, seed=0, speech=(249, 768))
    assert parameters(network) == count
    how = plan(row.model, rates=row.rates, epochs=30, precision="bf16")
    check(
        how, network, loopq_models.groups(network, row.model, rates=row.rates), torch.device("cpu")
    )


@pytest.mark.parametrize(
    ("model", "variant", "size"),
    [("CNNATT", "as-run", "small"), ("VGG", "fixed", "small"), ("CNNATT", "fixed", "tiny")],
)
def test_a_network_that_is_not_there_is_refused(model, variant, size):
    with pytest.raises(ValueError, match=f"{model} {variant}, {size}: no such network"):
        loopq_models.build(model, variant, size=size, seed=0)
