"""What the whole paper costs: counts of steps by hand; that every timed step is one of a training."""

import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021 import views
from sercore.papers.padi2021.study import GRID
from sercore.papers.padi2021.trial import Row
from sercore.papers.padi2021.views import Timed, Timing
from sercore.training import chunks
from tests.papers.padi2021 import padi_toy


@pytest.fixture
def clips(tmp_path):
    paths = [tmp_path / f"{seconds}.wav" for seconds in (1, 3)]
    for path in paths:
        samples = np.random.default_rng(0).normal(0, 0.1, int(path.stem) * 16_000)
        soundfile.write(path, samples, 16_000)
    return paths


def test_steps_are_those_of_the_trainings(clips, monkeypatch):
    """1.2 million clips in batches of 32 are 37,500 steps, 750,000 in 20 epochs.

    4425 of 5531 clips in three versions are 13,275 chunks, 415 steps an epoch; 20 epochs, 3 x 5 x 3
    trainings: 373,500.
    """
    seconds = {("none", "flatten"): 0.2, ("frozen", "statistics"): 0.04}
    steps = []

    def step_seconds(row, trial, *, n_classes, device):
        steps.append((row, n_classes))
        return seconds.get((row.transfer, row.pooling), 0.1)

    monkeypatch.setattr(views, "step_seconds", step_seconds)
    costs = views.run_timing(Timing(edition="open"), Timed(GRID, clips))["costs"]
    assert steps[0] == (Row(), 7205)
    assert {n_classes for _, n_classes in steps[1:]} == {4}
    assert [what for what, *_ in costs] == ["speaker recogniser", *(row.name for row in GRID)]
    assert [count for _, count, _ in costs] == [750_000] + [373_500] * 8
    assert len(chunks.epoch(range(4425), number=1, seed=0, versions=3)) * 20 * 45 == 373_500
    assert 3 * len(chunks.epoch(range(33), number=1, seed=0)) == 3 * math.ceil(33 / 32)
    by_name = {what: cost for what, _, cost in costs}
    assert by_name["010"] == 0.2
    assert by_name["111"] == by_name["101"] == 0.04
    once = views.run_timing(Timing(edition="open", seeds=1), Timed(GRID, clips))["costs"]
    assert once[1][1] == 124_500


def test_a_median_leaves_the_first_two_out(monkeypatch):
    clock = iter(np.cumsum([0, 90, 0, 80, 0, 1, 0, 5, 0, 2, 0, 4, 0, 3]).tolist())
    monkeypatch.setattr(views.time, "perf_counter", lambda: next(clock))
    assert views.timed(lambda: None) == 3


def test_each_kind_of_step_is_measured(monkeypatch, clips):
    padi_toy.narrow(monkeypatch)
    calls = []
    monkeypatch.setattr(views, "timed", lambda action: calls.append(action()) or 0.5)
    timing = Timing(edition="demo", size="small", clips=64, speakers=9, seeds=1)
    assert views.step_seconds(Row(), timing, n_classes=4, device="cpu") == 0.5
    assert len(calls) == len(padi_trial.CHUNKS["small"])
    frozen = Row(transfer="frozen", pooling="flatten")
    plain = replace(timing, precision="fp32")
    assert views.step_seconds(frozen, plain, n_classes=4, device="cpu") == 0.5
    assert len(calls) == len(padi_trial.CHUNKS["small"]) + 1
    outcome = views.run_timing(timing, Timed(GRID, clips))
    steps = 20 * 64 // padi_trial.BATCHES["small"]
    assert outcome["costs"][0] == ["speaker recogniser", steps, 0.5]
    assert len(outcome["costs"]) == 9
    # The recogniser, both transfers with pooling on all lengths, both without on one; two clips.
    assert len(calls) == 4 * len(padi_trial.CHUNKS["small"]) + 1 + 2 + 2 * len(clips)


def test_reading_is_measured(clips, monkeypatch):
    monkeypatch.setattr(views, "step_seconds", lambda *given, **settings: 0.1)
    outcome = views.run_timing(Timing(edition="open"), Timed(GRID, clips))
    assert outcome["duration"] == 2
    for name in ("reading", "spectrogram"):
        assert math.isfinite(outcome[name])
        assert outcome[name] > 0
