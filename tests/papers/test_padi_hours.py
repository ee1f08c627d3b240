"""GPU-hours of paper 04: counts of steps by hand; that every measured step is one of a training."""

import math

import numpy as np
import pytest
import soundfile

from sercore.papers.padi2021 import hours as padi_hours
from sercore.papers.padi2021 import rows as padi_rows
from sercore.papers.padi2021.grid import GRID
from sercore.papers.padi2021.hours import Cost
from sercore.papers.padi2021.rows import Row
from sercore.training import chunks
from tests.papers import padi_toy

LENGTHS = dict.fromkeys(chunks.LENGTHS, 0.1)


def test_hours_of_the_speaker_recogniser():
    """1.2 million clips in batches of 32 are 37,500 steps, 750,000 in 20 epochs; a tenth of a second each is 20.8 hours."""
    cost = padi_hours.pretraining({150: 0.05, 200: 0.09, 250: 0.11, 300: 0.15})
    assert cost.steps == 750_000
    assert cost.seconds == pytest.approx(0.1)
    assert cost.hours == pytest.approx(20.8333, abs=1e-4)
    assert padi_hours.pretraining(LENGTHS, clips=33, epochs=3).steps == 6
    assert padi_hours.pretraining(LENGTHS, clips=33, epochs=3).steps == 3 * len(
        chunks.epoch(range(33), number=1, seed=0)
    )


def test_hours_of_the_grid():
    """4425 of 5531 clips in three versions are 13,275 chunks, 415 steps an epoch; 20 epochs, 3 x 5 x 3 trainings: 373,500."""
    seconds = {
        ("none", "statistics"): LENGTHS,
        ("none", "flatten"): {300: 0.2},
        ("frozen", "statistics"): {150: 0.04},
    }
    found = padi_hours.grid(seconds | {("frozen", "flatten"): {300: 0.08}})
    assert [cost.what for cost in found] == [row.name for row in GRID]
    assert {cost.steps for cost in found} == {373_500}
    assert len(chunks.epoch(range(4425), number=1, seed=0, versions=3)) * 20 * 45 == 373_500
    by_name = {cost.what: cost.hours for cost in found}
    assert by_name["001"] == by_name["011"] == pytest.approx(10.375)
    assert by_name["010"] == pytest.approx(20.75)
    assert by_name["111"] == pytest.approx(4.15)
    assert by_name["100"] == pytest.approx(8.3)
    assert (
        padi_hours.grid(seconds | {("frozen", "flatten"): {300: 0.08}}, seeds=1)[0].steps == 124_500
    )


def test_a_median_leaves_the_first_two_out(monkeypatch):
    clock = iter(np.cumsum([0, 90, 0, 80, 0, 1, 0, 5, 0, 2, 0, 4, 0, 3]).tolist())
    monkeypatch.setattr(padi_hours.time, "perf_counter", lambda: next(clock))
    assert padi_hours.timed(lambda: None) == 3


def test_each_kind_of_step_is_measured(monkeypatch):
    padi_toy.narrow(monkeypatch)
    calls = []
    monkeypatch.setattr(padi_hours, "timed", lambda action: calls.append(action()) or 0.5)
    assert padi_hours.stepped(Row(), size="small", device="cpu") == dict.fromkeys(
        padi_rows.CHUNKS["small"], 0.5
    )
    frozen = Row(transfer="frozen", pooling="flatten")
    assert padi_hours.stepped(frozen, size="small", device="cpu", precision="fp32") == {
        padi_toy.SIZES.frames: 0.5
    }
    found = padi_hours.measured(clips=64, speakers=9, seeds=1, size="small", device="cpu")
    assert found[0] == Cost("speaker recogniser", 20 * 64 // padi_rows.BATCHES["small"], 0.5)
    assert len(found) == 9
    assert len(calls) == 4 * len(padi_rows.CHUNKS["small"]) + 3


def test_reading_is_measured(tmp_path):
    for seconds in (1, 3):
        soundfile.write(
            tmp_path / f"{seconds}.wav",
            np.random.default_rng(0).normal(0, 0.1, seconds * 16_000),
            16_000,
        )
    found = padi_hours.read([tmp_path / "1.wav", tmp_path / "3.wav"])
    assert found["duration"] == 2
    assert all(
        math.isfinite(found[name]) and found[name] > 0 for name in ("reading", "spectrogram")
    )
