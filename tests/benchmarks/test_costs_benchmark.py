"""What the networks of paper 03 cost: measured in a fresh process, and recorded for all five."""

import json

import pytest
import torch

from benchmarks import costs as benchmark
from benchmarks.costs import COSTS, NAMES, cost, inputs, measured, network
from sercore import sealed, store

PARAMETERS = {
    "CNNLSTM fixed": 1_466_455,
    "FCMFCC as-run": 462_471,
    "CNNATT fixed": 186_679,
    "HUBERTFT fixed": 315_445_895,
    "MMFUSION fixed": 185_690_855,
}


def test_a_networks_cost_is_measured_in_a_process_of_its_own():
    found = measured("FCMFCC as-run")
    assert (found["network"], found["parameters"], found["weights"]) == (
        "FCMFCC as-run",
        462_471,
        1.85,
    )
    assert found["seconds"] > 0
    assert found["memory"] > found["weights"]


def test_every_network_is_given_a_clip_of_3_s():
    assert {name: [tuple(each.shape) for each in inputs(name)] for name in NAMES} == {
        "CNNLSTM fixed": [(1, 313, 128), (1,)],
        "FCMFCC as-run": [(1, 313, 40)],
        "CNNATT fixed": [(1, 188, 40), (1,)],
        "HUBERTFT fixed": [(1, 48_000), (1,)],
        "MMFUSION fixed": [(1, 313, 128), (1, 313, 40), (1, 80_000)],
    }


@pytest.mark.parametrize("name", NAMES)
def test_networks_are_the_published_ones_and_the_small_read_it(name):
    with torch.device("cpu" if name in NAMES[:3] else "meta"):
        built = network(name)
    assert sum(weight.numel() for weight in built.parameters()) == PARAMETERS[name]
    if name in NAMES[:3]:
        assert built(*inputs(name)).shape == (1, 7)


def test_all_five_are_recorded():
    recorded = json.loads(sealed.read(COSTS))
    assert {each["network"]: each["parameters"] for each in recorded["networks"]} == PARAMETERS
    for each in recorded["networks"]:
        assert each["weights"] == round(4 * each["parameters"] / 1e6, 2)
        assert each["memory"] > each["weights"]
        assert each["seconds"] > 0
    assert set(recorded) == {"date", "processor", "torch", "threads", "networks"}
    assert recorded["threads"] == 1


def test_a_system_that_does_not_tell_its_peak_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "STATUS", tmp_path / "status")
    with pytest.raises(OSError, match=r"no VmRSS; expected .* Measure on a Linux machine"):
        cost("CNNATT fixed")


def test_the_record_lies_where_the_ledger_keeps_its_own():
    assert COSTS.parent.parent == store.PROJECT / "book" / "ledger" / "recorded"
