"""Clips of paper 03 in memory: their batches, what augmentation changes in them, and what a trial's key reads."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from sercore.papers.biagini2022.inputs import Inputs
from sercore.papers.biagini2022.models import RECIPES
from sercore.papers.biagini2022.trial import batches, order
from tests.papers.biagini2022.loopq_toy import BANDS, FRAMES, toy, trial


@pytest.fixture(scope="module")
def data():
    return toy()


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_an_epochs_batches_depend_on_seed_and_epoch_alone(data, monkeypatch, epoch):
    labels, rows = torch.from_numpy(data.labels), np.arange(0, len(data.table), 2)
    monkeypatch.setitem(RECIPES, "FCMFCC", replace(RECIPES["FCMFCC"], batch=16))
    chosen = trial("FCMFCC as-run, time masking", seed=3)
    first, again, other = (
        list(batches(chosen, data, rows, labels, epoch=at)) for at in (epoch, epoch, epoch + 1)
    )
    assert [len(batch[-1]) for batch in first] == [16, 16, 16, 8]
    assert all(
        torch.equal(a, b)
        for one, two in zip(first, again, strict=True)
        for a, b in zip(one, two, strict=True)
    )
    assert any(not torch.equal(one[-1], two[-1]) for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("augmentation", "axis", "most"), [("time masking", 1, 30), ("band masking", 2, 10)]
)
def test_a_mask_covers_a_run_with_the_training_mean(data, augmentation, axis, most):
    labels, rows = torch.from_numpy(data.labels), np.arange(40)
    plain, masked = (
        next(batches(trial(name), data, rows, labels, epoch=1))
        for name in ("FCMFCC as-run", f"FCMFCC as-run, {augmentation}")
    )
    centre = torch.from_numpy(
        data.inputs["mfcc"].values.reshape(-1, FRAMES, BANDS)[rows].mean((0, 1))
    )
    covered = ((plain[0] - masked[0]).abs() > 1e-4).float().mean(
        3 - axis
    ) > 0.9  # (clips, frames or bands)
    assert 0 < covered.sum(1).max() <= most
    for clip, where in zip(masked[0].movedim(axis, 1), covered, strict=True):
        run_of = where.nonzero().flatten()
        assert len(run_of) == 0 or int(run_of.max() - run_of.min()) == len(run_of) - 1
        expected = centre if axis == 1 else centre[where][:, None]
        assert torch.allclose(clip[where], expected.expand_as(clip[where]), atol=1e-4)
    assert torch.equal(plain[-1], masked[-1])


def test_time_stretching_takes_half_of_the_clips_and_none_in_evaluation(data, monkeypatch):
    labels, rows, shares = torch.from_numpy(data.labels), np.arange(len(data.table)), []
    monkeypatch.setitem(RECIPES, "FCMFCC", replace(RECIPES["FCMFCC"], batch=200))
    chosen = trial("FCMFCC as-run, time stretching")
    for epoch in range(9):
        ((values, _, target),) = batches(chosen, data, rows, labels, epoch=epoch)
        (places,) = order(chosen, data, rows, epoch=epoch)
        plain, other = (data.inputs[kind].batch(places) for kind in ("mfcc", "mfcc, stretched"))
        is_plain, is_other = ((values == clips).all((1, 2)) for clips in (plain, other))
        assert bool((is_plain ^ is_other).all())
        assert torch.equal(target, labels[places])
        shares.append(float(is_other.float().mean()))
    assert shares[0] == 0
    assert 0.4 < np.mean(shares[1:]) < 0.6
    assert len(set(shares)) > 2


def changed(data, kind: str):
    held = data.inputs[kind]
    return replace(data, inputs=data.inputs | {kind: replace(held, values=held.values + 1)})


@pytest.mark.parametrize(
    ("what", "moved"),
    [
        ("mel", {"CNNLSTM fixed", "MMFUSION fixed"}),
        ("mel, linear", {"MMFUSION as-run"}),
        ("mfcc", {"FCMFCC as-run", "FCMFCC as-run, time stretching", "MMFUSION fixed"}),
        ("mfcc, stretched", {"FCMFCC as-run, time stretching"}),
        ("mfcc, free length", {"CNNATT fixed"}),
        ("frames", {"HUBERTFT fixed"}),
        ("frames, filled", {"MMFUSION as-run", "MMFUSION fixed"}),
    ],
)
def test_a_key_moves_only_with_what_the_trial_reads(data, what, moved):
    names = [
        "CNNLSTM fixed",
        "FCMFCC as-run",
        "FCMFCC as-run, time stretching",
        "CNNATT fixed",
        "HUBERTFT fixed",
    ]
    names += ["MMFUSION as-run", "MMFUSION fixed"]
    one, other = (
        [each.content(trial(name)) for name in names] for each in (data, changed(data, what))
    )
    assert {name for name, a, b in zip(names, one, other, strict=True) if a != b} == moved


@pytest.mark.parametrize(
    ("column", "moves"),
    [("class", True), ("speaker", True), ("gender", True), ("seconds", False), ("text", False)],
)
def test_a_key_moves_with_the_columns_that_split_and_count(data, column, moves):
    table = data.table.copy()
    table.loc[0, column] = {
        "class": "surprise",
        "speaker": "m2",
        "gender": None,
        "seconds": 2.0,
        "text": "t9",
    }[column]
    assert (replace(data, table=table).content(trial()) != data.content(trial())) == moves


def test_inputs_give_back_their_clips_and_pad_with_zeros():
    rows = [np.full((frames, 3), frames, np.float32) for frames in (4, 2, 7)]
    held = Inputs.of(rows)
    assert (held.free, held.sizes.tolist(), held.valid.tolist()) == (True, [4, 2, 7], [4, 2, 7])
    batch = held.batch(np.array([2, 0]))
    assert batch.shape == (2, 7, 3)
    assert torch.equal(batch[1, :4], torch.full((4, 3), 4.0))
    assert not batch[1, 4:].any()
    assert np.allclose(held.mean(np.array([0, 1])), (4 * 4 + 2 * 2) / 6)
    assert not Inputs.of(rows[:1] * 2, [3, 4]).free


def test_missing_gender_is_read_as_missing(data):
    tables = [data.table.assign(gender=value) for value in (None, np.nan, pd.NA)]
    assert len({replace(data, table=table).content(trial()) for table in tables}) == 1
