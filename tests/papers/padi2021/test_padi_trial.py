"""One trial of paper 04: the same bits again, who is on which side, what is scored and how. Its start is in another file."""

import json
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from sercore import store
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.study import GRID
from sercore.papers.padi2021.trial import probabilities, run, shuffled, split, trained
from sercore.protocols.speakers import LeakError
from sercore.sweep import sweep, trial_keys
from sercore.training import chunks, resumable
from sercore.training.resumable import HISTORY, LAST, STATE
from tests.papers.padi2021 import padi_toy
from tests.papers.padi2021.padi_toy import moved, timeless, trial, weights


@pytest.fixture(scope="module")
def data():
    return padi_toy.data()


@pytest.fixture(autouse=True)
def narrow(empty_store, monkeypatch):
    padi_toy.narrow(monkeypatch)


@pytest.mark.parametrize("name", ["001", "000", "111"])
def test_the_same_trial_twice_has_the_same_bits(data, name, tmp_path, monkeypatch):
    first = run(trial(name), data), weights(trial(name), data)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "other"))
    torch.rand(3)  # the caller's generator is another one by now
    second = run(trial(name), padi_toy.data()), weights(trial(name), data)
    assert timeless(first[0]) == timeless(second[0])
    assert not moved(first[1], second[1])
    other = run(trial(name, seed=1), data)
    assert timeless(other)["errors"] != timeless(first[0])["errors"]


def test_a_finished_training_is_read_and_not_run_again(data, monkeypatch):
    outcome, done = run(trial("111"), data), trained(trial("111"), data)
    place = resumable.folder(
        padi_trial.__name__, trial("111"), data.content(trial("111")), device=torch.device("cpu")
    )
    assert place.name.endswith("-cpu")
    assert sorted(path.name for path in place.iterdir()) == sorted([LAST, HISTORY])
    monkeypatch.setattr(padi_trial, "fit", lambda *given, **settings: pytest.fail("trained again"))
    monkeypatch.setattr(padi_trial, "fit", lambda *given, **settings: pytest.fail("taught again"))
    assert timeless(run(trial("111"), data)) == timeless(outcome)
    assert not moved(done.network.state_dict(), weights(trial("111"), data))


@pytest.mark.parametrize("stop", [2, 4], ids=["speakers", "emotions"])
def test_a_training_that_was_stopped_goes_on_to_the_same_outcome(data, stop, tmp_path, monkeypatch):
    """Stopped in the middle of the second epoch, of the speakers' stage or of the emotions', it begins that epoch again."""
    peaceful = run(trial("111"), data)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "stopped"))
    plain, calls = padi_trial.batches, []

    def stopped(*given, **settings):
        calls.append(len(calls) + 1)
        for number, batch in enumerate(plain(*given, **settings), 1):
            if len(calls) == stop and number == 2:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(padi_trial, "batches", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(trial("111"), data)
    assert len([*store.root().glob(f"trainings/*/*/{STATE}")]) == 1
    assert timeless(run(trial("111"), data)) == timeless(peaceful)
    assert calls == [1, 2, 3, 4, 5]
    assert not [*store.root().glob(f"trainings/*/*/{STATE}")]


def test_every_cell_of_the_grid_gets_the_same_updates(data):
    outcomes = {row.name: run(trial(row.name, epochs=1), data) for row in GRID}
    assert {(each["steps"], each["training_clips"]) for each in outcomes.values()} == {(12, 32)}
    assert {each["clips"] for each in outcomes.values()} == {16}
    assert len({each["training_loss"] for each in outcomes.values()}) == len(outcomes)


def test_shuffled_labels_are_those_of_training_alone(data, monkeypatch):
    control, met, plain = trial("001", control="labels shuffled", epochs=1), [], padi_trial.batches

    def watched(frames, target, *given):
        met.append(target)
        return plain(frames, target, *given)

    monkeypatch.setattr(padi_trial, "batches", watched)
    outcome = run(control, data)
    training, test = split(control, data)
    (found,), truth = met, data.targets["exp1"]
    assert np.array_equal(np.delete(found, training), np.delete(truth, training))
    assert Counter(found[training].tolist()) == Counter(truth[training].tolist())
    assert (found[training] == truth[training]).mean() < 0.5
    assert np.array_equal(shuffled(trial("001"), data, training), truth)
    assert counted(outcome) == Counter(
        zip(data.groups[test].tolist(), truth[test].tolist(), strict=True)
    )
    assert timeless(run(trial("001", epochs=1), data)) != timeless(outcome)


def counted(outcome) -> Counter:
    """Clips by speaker and class."""
    found = Counter()
    for group, true, _, number in outcome["counts"]:
        found[group, true] += number
    return found


@pytest.mark.parametrize("experiment", ["exp1", "exp2", "exp3"])
def test_counts_and_errors_are_of_the_test_clips(data, experiment):
    done = trial("001", experiment=experiment, epochs=1)
    outcome, (_, test) = run(done, data), split(done, data)
    assert json.loads(json.dumps(outcome)) == outcome
    assert counted(outcome) == Counter(
        zip(data.groups[test].tolist(), data.targets[experiment][test].tolist(), strict=True)
    )
    assert outcome["clips"] == len(test) == sum(number for _, number, *_ in outcome["errors"])
    found = probabilities(done, data, trained(done, data).network, test)
    assert np.allclose(found.sum(1), 1)
    target = data.targets[experiment][test]
    right = sum(number for _, true, predicted, number in outcome["counts"] if true == predicted)
    assert right == (found.argmax(1) == target).sum()
    entropy = -np.log(found[np.arange(len(test)), target]).sum()
    assert sum(each for *_, each in outcome["errors"]) == pytest.approx(entropy, rel=1e-5)
    assert sum(each for *_, each, _ in outcome["errors"]) / len(test) == pytest.approx(
        outcome["head_mse"]
    )
    assert {name for _, name, _ in outcome["epochs"]} == {"rate", "loss", "accuracy"}


@pytest.mark.parametrize("corpus", ["toy", "iemocap"])
def test_folds_of_speakers_test_every_clip_once(corpus):
    held = padi_toy.data(corpus=corpus)
    folds = [split(trial(fold=fold), held) for fold in range(3 if corpus == "iemocap" else 5)]
    for training, test in folds:
        assert set(held.groups[training]).isdisjoint(held.groups[test])
        assert sorted([*training, *test]) == np.flatnonzero(held.targets["exp1"] >= 0).tolist()
    assert (
        sorted(np.concatenate([test for _, test in folds]))
        == np.flatnonzero(held.targets["exp1"] >= 0).tolist()
    )


def test_splits_of_clips_share_speakers_and_are_five_draws(data):
    folds = [split(trial(protocol="clips", fold=fold), data) for fold in range(5)]
    for training, test in folds:
        assert set(data.groups[test]) & set(data.groups[training])
        assert (
            len(set(training) | set(test))
            == len(training) + len(test)
            == (data.targets["exp1"] >= 0).sum()
        )
        assert set(Counter(data.targets["exp1"][test].tolist()).values()) <= {
            2,
            3,
        }  # of 12 clips of each class
    assert len({tuple(test) for _, test in folds}) == 5


def test_a_speaker_on_both_sides_is_refused():
    held = padi_toy.data(corpus="iemocap")
    table = held.table.copy()
    table.loc[table["speaker"] == "f2", "speaker"] = "f1"  # in sessions 1 and 2
    with pytest.raises(LeakError, match="f1"):
        run(trial(), replace(held, table=table))


def test_a_part_is_trained_and_tested_alone():
    held = padi_toy.data(corpus="iemocap")
    for part in ("improvised", "scripted"):
        rows = np.concatenate(split(trial("111", part=part), held))
        assert set(held.table["part"].iloc[rows]) == {part}
        assert len(rows) == (held.targets["exp1"] >= 0).sum() / 2


def test_whole_clips_are_answered_as_they_are_alone(data, monkeypatch):
    network, rows = trained(trial("011"), data).network, np.arange(len(data.table))[::-1]
    with torch.inference_mode():
        clips = [
            torch.from_numpy(data.frames(norm="segment", vad="none").clip(row)) for row in rows
        ]
        alone = torch.cat([network(clip[None]) for clip in clips]).softmax(1).numpy()
    for batch in (1, 3, 16):
        monkeypatch.setattr(chunks, "SCORED", batch)
        assert np.abs(probabilities(trial("011"), data, network, rows) - alone).max() < 1e-4


def test_a_test_clip_may_be_cut_to_300_frames(data):
    network, rows = trained(trial("011"), data).network, split(trial("011"), data)[1]
    frames = data.frames(norm="segment", vad="none")
    with torch.inference_mode():
        clips = np.stack([np.resize(frames.clip(row), (300, padi_toy.BANDS)) for row in rows])
        expected = network(torch.from_numpy(clips)).softmax(1).numpy()
    found = probabilities(trial("011", evaluate="300"), data, network, rows)
    assert np.allclose(found, expected, atol=1e-5)
    assert not np.allclose(found, probabilities(trial("011"), data, network, rows), atol=1e-3)


@pytest.mark.parametrize("changed", [{"norm": "conversation"}, {"vad": "energy"}])
def test_norm_and_quiet_frames_are_as_the_row_says(data, changed, monkeypatch):
    met, plain = [], padi_trial.batches
    monkeypatch.setattr(
        padi_trial, "batches", lambda frames, *given: met.append(frames) or plain(frames, *given)
    )
    network, rows = (
        trained(trial("001", epochs=1, **changed), data).network,
        split(trial(), data)[1],
    )
    usual = {"norm": "segment", "vad": "none"}
    assert met == [data.frames(**usual | changed)]
    one, other = (
        probabilities(trial("001", **each), data, network, rows) for each in (changed, {})
    )
    assert not np.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"fold": 1},
        {"epochs": 3},
        {"experiment": "exp3"},
        {"protocol": "clips"},
        {"speakers": "strict"},
    ],
)
def test_a_key_moves_with_each_setting(data, changed):
    one, other = trial_keys(run, [trial("111"), trial("111", **changed)], data)
    assert one.hex != other.hex


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("speaker", "f9"),
        ("gender", "unknown"),
        ("conversation", "x"),
        ("part", "scripted"),
        ("session", 3),
    ],
)
def test_a_key_moves_with_what_a_split_reads(data, column, value):
    table = data.table.copy()
    table[column] = table[column].astype(object)
    table.loc[0, column] = value
    assert (
        replace(data, table=table).content(trial())
        != data.content(trial())
        == padi_toy.data().content(trial())
    )
    assert padi_toy.data(seed=1).content(trial()) != data.content(trial())


def test_a_sweep_keeps_a_trial_and_a_row_is_found_in_it(data):
    (outcome,) = sweep(run, [trial("101", epochs=1)], data)
    assert sweep(run, [trial("101", epochs=1)], data) == [outcome]
    assert trial("101, finetune").row.name == "101, finetune"
    assert asdict(trial("111", part="scripted").row)["part"] == "scripted"
