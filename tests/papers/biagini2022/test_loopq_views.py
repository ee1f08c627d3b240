"""Views of paper 03: the same for the same trial, of the test side alone, each number as its definition has it."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from sercore.evaluation import saliency
from sercore.ledger.recorded import PARTS
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022 import views as loopq_views
from sercore.papers.biagini2022.models import RECIPES
from sercore.papers.biagini2022.trial import scored, split, trained
from sercore.papers.biagini2022.views import explain, run
from tests.papers.biagini2022.loopq_toy import toy, trial

MEL = trial("CNNLSTM fixed", epochs=6)
THIRDS = ((0, 14), (14, 27), (27, 40))


@pytest.fixture(scope="module")
def data():
    return toy()


@pytest.fixture(scope="module", autouse=True)
def quick(tmp_path_factory):
    """One store, and rates and batches that learn in six epochs what the published ones learn in thirty."""
    usual = RECIPES["CNNLSTM"]
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.setenv("SER_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setitem(
            RECIPES, "CNNLSTM", replace(usual, batch=8, code=replace(usual.code, head=5e-3))
        )
        yield


@pytest.fixture(scope="module")
def outcome(data, quick):
    return run(MEL, data)


@pytest.fixture(scope="module")
def explained(data, quick):
    return explain(MEL, data)


def right_rows(data, chosen=MEL) -> np.ndarray:
    fitted = trained(chosen, data)
    met = scored(chosen, data, fitted.network, split(chosen, data)[2])
    return met.rows[met.probabilities.argmax(1) == data.labels[met.rows]]


def cut(data, row: int) -> np.ndarray:
    held = data.inputs["mel"]
    return held.values[held.starts[row] :][: held.valid[row]]


@pytest.mark.parametrize("look", [run, explain])
def test_the_same_trial_gives_the_same_values_and_the_columns_that_are_kept(data, look):
    outcome = look(MEL, data)
    assert json.loads(json.dumps(outcome)) == outcome
    assert look(MEL, data) == outcome
    for name in set(outcome) & set(PARTS):
        assert {len(row) for row in outcome[name]} == {len(PARTS[name]) - 1}
    assert outcome["accuracy"] == loopq_trial.run(MEL, data)["accuracy"]


def test_the_map_has_each_clip_of_a_small_test_side_once(data, outcome):
    _, _, test = split(MEL, data)
    table = data.table.iloc[test]
    expected = Counter(zip(table["corpus"] + "/" + table["speaker"], table["class"], strict=True))
    assert Counter((group, name) for group, name, *_ in outcome["map"]) == expected
    assert len({tuple(row[2:]) for row in outcome["map"]}) > 1


def test_a_large_test_side_gives_as_many_clips_of_each_corpus_as_of_the_others(data, monkeypatch):
    """25 of one corpus and 4 of the other, of which 12 fit: the small one whole."""
    found = loopq_views._in_turn(
        np.array(["a"] * 25 + ["b"] * 4), np.arange(29), np.random.default_rng(0)
    )
    assert sorted(found) == list(range(29))
    assert set(range(25, 29)) <= set(found[:12])
    assert set(found[:8][found[:8] < 25]) != {0, 1, 2, 3}
    monkeypatch.setattr(loopq_views, "MAPPED", 10)
    groups = [row[0] for row in run(MEL, data)["map"]]
    assert Counter(group.split("/")[0] for group in groups) == {"toy-a": 5, "toy-b": 5}


def test_energy_is_the_mean_share_of_the_power_of_every_test_clip_of_a_speaker(data, outcome):
    _, _, test = split(MEL, data)
    found = {(group, name): numbers for group, name, *numbers in outcome["energy"]}
    met = Counter(zip(data.groups[test], data.table["class"][test], strict=True))
    assert {place: numbers[0] for place, numbers in found.items()} == met
    groups = data.groups
    for (group, name), (_, *shares) in found.items():
        own = [row for row in test if (groups[row], data.table["class"][row]) == (group, name)]
        powers = [10 ** (cut(data, row).astype(float) / 10) for row in own]
        expected = [
            np.mean([power[:, low:high].sum() / power.sum() for power in powers])
            for low, high in THIRDS
        ]
        assert shares == pytest.approx(expected, abs=1e-6)


def own_maps(data, name: str, rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Map and spectrogram of each clip, one clip at a time."""
    network = trained(MEL, data).network
    if name == "untrained":
        network = loopq_trial.build(MEL, data).eval()
    pairs = []
    for row in rows:
        frames = torch.tensor([data.inputs["mel"].valid[row]])
        labels = torch.from_numpy(data.labels[[row]])
        inputs = (data.inputs["mel"].batch(np.array([row])), frames)
        found = saliency.maps(network, inputs, labels, lengths=frames)
        pairs.append((found[0, : int(frames)].numpy(), cut(data, row)))
    return pairs


@pytest.mark.parametrize("name", ["trained", "untrained"])
def test_saliency_is_of_clips_that_the_trained_network_gets_right(data, explained, name):
    rows = right_rows(data)
    cells = list(zip(data.groups[rows], data.table["class"][rows], strict=True))
    found = {
        (group, label): more for one, group, label, *more in explained["saliency"] if one == name
    }
    assert {cell: values[0] for cell, values in found.items()} == Counter(cells)
    assert len({label for _, label in found}) > 1
    for cell in list(found)[:3]:
        own = own_maps(
            data, name, [row for row, other in zip(rows, cells, strict=True) if other == cell]
        )
        numbers = [saliency.clip(*pair) for pair in own]
        assert found[cell][1:] == pytest.approx(np.nanmean(numbers, axis=0).tolist(), abs=2e-5)


@pytest.mark.parametrize("name", ["trained", "untrained"])
def test_profiles_are_the_mean_shares_of_the_bands(data, explained, name):
    rows = right_rows(data)
    _, corpus, label, clips, *_ = explained["profiles"][0]
    is_cell = data.table["class"][rows] == label
    is_cell &= data.table["corpus"][rows] == corpus
    shares = [
        np.square(found).sum(0) / np.square(found).sum()
        for found, _ in own_maps(data, name, rows[is_cell])
    ]
    profile = {
        band: share
        for network, *place, band, share in explained["profiles"]
        if (network, *place[:2]) == (name, corpus, label)
    }
    assert len(shares) == clips
    assert list(profile) == list(range(40))
    assert list(profile.values()) == pytest.approx(np.mean(shares, axis=0).tolist(), abs=2e-5)


def test_training_moves_the_saliency_and_the_draw_stops_at_its_number(data, explained, monkeypatch):
    both = [
        [row[1:] for row in explained["saliency"] if row[0] == name]
        for name in ("trained", "untrained")
    ]
    assert [row[:3] for row in both[0]] == [row[:3] for row in both[1]]
    assert both[0] != both[1]
    monkeypatch.setattr(loopq_views, "EXPLAINED", 1)
    assert {row[3] for row in explain(MEL, data)["saliency"]} == {1}


def test_where_no_clip_is_right_there_is_no_saliency(data, monkeypatch):
    monkeypatch.setattr(
        loopq_views, "_right", lambda trial, data, network: split(trial, data)[2][:0]
    )
    assert explain(MEL, data) == {"saliency": [], "profiles": [], "accuracy": 0}
    found = run(MEL, data)
    assert (found["accuracy"], len(found["map"])) == (0, len(split(MEL, data)[2]))


@pytest.mark.parametrize(
    "name", ["FCMFCC as-run", "CNNATT fixed", "HUBERTFT fixed", "MMFUSION fixed", "CNNLSTM as-run"]
)
def test_a_network_that_cannot_be_explained_has_its_map_alone(data, name):
    chosen = trial(name, epochs=1)
    found = run(chosen, data)
    assert len(found["map"]) == len(split(chosen, data)[2])
    assert bool(found["energy"]) == (name == "CNNLSTM as-run")
    with pytest.raises(
        ValueError,
        match=f"{name}: no map of one clip; expected a network that reads the mel spectrogram",
    ):
        explain(chosen, data)
