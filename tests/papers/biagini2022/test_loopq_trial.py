"""Trials of paper 03: what each split lets through, what is scored when, what a killed one goes on from, what its key reads."""

import json
import multiprocessing
import os
import signal
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from sercore import store
from sercore.papers.biagini2022 import trial as loopq_trial
from sercore.papers.biagini2022.models import RECIPES, ROWS
from sercore.papers.biagini2022.trial import batches, order, run, scored, split, trained
from sercore.sweep import sweep, trial_keys
from sercore.training import checkpoints
from sercore.training.resumable import BEST, HISTORY, LAST, STATE
from tests.papers.biagini2022.loopq_toy import toy, trial

TIMES = ("seconds", "seconds_per_clip", "clips_per_second")
FREE = trial("CNNATT fixed")


@pytest.fixture(scope="module")
def data():
    return toy()


pytestmark = pytest.mark.usefixtures("empty_store")


def timeless(outcome: dict) -> dict:
    return {name: value for name, value in outcome.items() if name not in TIMES}


def weights(fitted, name: str = LAST) -> dict[str, torch.Tensor]:
    return checkpoints.read(fitted.folder / name)[0]


def learned(fitted) -> tuple[list, list]:
    """Every weight of the best and of the last epoch, and all numbers of every epoch."""
    kept = [tensor.tolist() for name in (BEST, LAST) for tensor in weights(fitted, name).values()]
    return kept, [{**epoch, "seconds": 0} for epoch in fitted.history.epochs]


def planted(data, rows: np.ndarray):
    """The same clips with other sound, and other labels among themselves, in these rows."""
    clip = np.repeat(np.arange(len(data.table)), data.inputs["mfcc"].sizes)
    held = data.inputs["mfcc"]
    louder = np.where(np.isin(clip, rows)[:, None], held.values * 3 + 7, held.values)
    table = data.table.copy()
    table.loc[rows, "class"] = np.roll(table.loc[rows, "class"].to_numpy(), 5)
    return replace(data, table=table, inputs=data.inputs | {"mfcc": replace(held, values=louder)})


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_trained_and_counted(data, name):
    outcome = run(trial(name), data)
    assert json.loads(json.dumps(outcome)) == outcome
    truth = Counter({(group, true): 0 for group, true, *_ in outcome["counts"]})
    for group, true, _, number in outcome["counts"]:
        truth[group, true] += number
    _, _, test = split(trial(name), data)
    assert truth == Counter(
        zip(data.groups[test].tolist(), data.labels[test].tolist(), strict=True)
    )
    right = sum(number for _, true, predicted, number in outcome["counts"] if true == predicted)
    assert outcome["accuracy"] == right / outcome["clips"] <= outcome["top_2"] <= outcome["top_3"]
    assert [sum(row[at] for row in outcome["reliability"]) for at in (1, 3)] == [
        outcome["clips"],
        right,
    ]
    assert sum(row[1] for row in outcome["errors"]) == outcome["clips"] == len(test)
    assert sum(row[2] for row in outcome["errors"]) / len(test) == pytest.approx(
        outcome["head_mse"]
    )
    assert [row[0] for row in outcome["curves"]] == [1, 2]
    assert outcome["epochs_run"] == 2
    assert outcome["ending"] == "all 2 epochs"
    assert outcome["rate"] == getattr(RECIPES[trial(name).model], ROWS[name].rates).head


@pytest.mark.parametrize("protocol", ["by-origin", "by-label"])
def test_a_split_of_clips_is_scored_at_the_best_and_at_the_last_epoch(data, protocol):
    """The validation clips are the test, as published: what chose the epoch is what is scored."""
    chosen = trial("FCMFCC as-run", protocol, epochs=6)
    outcome, fitted = run(chosen, data), trained(chosen, data)
    accuracies = [epoch["validation"]["accuracy"] for epoch in fitted.history.epochs]
    _, watched, test = split(chosen, data)
    assert watched is test
    assert outcome["best_epoch"] == 1 + accuracies.index(max(accuracies)) < 6
    assert (outcome["accuracy"], outcome["accuracy_last"]) == (
        pytest.approx(max(accuracies)),
        pytest.approx(accuracies[-1]),
    )
    assert outcome["validation_accuracy"] == pytest.approx(outcome["accuracy"])
    right = sum(
        number for _, true, predicted, number in outcome["counts_last"] if true == predicted
    )
    assert right / outcome["clips"] == outcome["accuracy_last"]


def test_folds_of_speakers_are_scored_once_at_the_best_validation_epoch(data, monkeypatch):
    chosen, met = trial(protocol="speaker-independent", epochs=6), []
    monkeypatch.setattr(
        loopq_trial, "scored", lambda *given: met.append(given[3]) or scored(*given)
    )
    outcome = run(chosen, data)
    assert [rows.tolist() for rows in met] == [split(chosen, data)[2].tolist()]
    assert (outcome["accuracy_last"], outcome["macro_f1_last"], outcome.get("counts_last")) == (
        None,
        None,
        None,
    )
    curve = [accuracy for *_, accuracy in outcome["curves"]]
    assert outcome["best_epoch"] == 1 + curve.index(max(curve)) < 6
    network = loopq_trial.build(chosen, data)
    network.load_state_dict(weights(trained(chosen, data), BEST))
    again = scored(chosen, data, network.eval(), met[0])
    assert outcome["accuracy"] == (again.probabilities.argmax(1) == data.labels[again.rows]).mean()


def test_nothing_of_a_test_speaker_moves_weights_rates_or_epochs(data):
    """Other sound and other labels of the tested speakers change no bit of the training; of any other speaker, they do."""
    chosen = trial(protocol="speaker-independent", epochs=3)
    training, watched, test = split(chosen, data)
    assert set(data.groups[test]).isdisjoint(data.groups[[*training, *watched]])
    whole = learned(trained(chosen, data))
    assert learned(trained(chosen, planted(data, test))) == whole
    assert learned(trained(chosen, planted(data, watched)))[1] != whole[1]
    assert learned(trained(chosen, planted(data, training)))[0] != whole[0]
    by_clip = replace(chosen, protocol="by-origin")
    assert learned(trained(by_clip, planted(data, test)))[0] != learned(trained(by_clip, data))[0]


def test_shuffled_labels_are_those_of_training_alone(data, monkeypatch):
    met = []

    def watched(*given, epoch, **settings):
        met.append((epoch, given[2], given[3].numpy().copy()))
        return batches(*given, epoch=epoch, **settings)

    monkeypatch.setattr(loopq_trial, "batches", watched)
    trained(trial("FCMFCC as-run, labels shuffled", "speaker-independent", epochs=1), data)
    for epoch, rows, labels in met:
        assert (
            (labels[rows] == data.labels[rows]).mean() < 0.4
            if epoch
            else np.array_equal(labels, data.labels)
        )
        assert Counter(labels.tolist()) == Counter(data.labels.tolist())
    assert [epoch for epoch, *_ in met] == [1, 0]


def test_cnnlstm_as_run_is_scored_in_a_recorded_shuffled_order(data):
    """Its answer to a clip depends on the clips before it; one order is drawn from the seed, and its hash is told."""
    chosen = trial("CNNLSTM as-run")
    outcome, fitted = run(chosen, data), trained(chosen, data)
    rows = split(chosen, data)[2]
    met = scored(chosen, data, fitted.network, rows)
    assert np.array_equal(
        met.probabilities, scored(chosen, data, fitted.network, rows).probabilities
    )
    assert outcome["order"] == store.digest(met.rows.tolist())[:8]
    everyone = scored(chosen, data, fitted.network, np.arange(len(data.table))).rows
    alike = [
        np.mean(data.labels[rows][1:] == data.labels[rows][:-1])
        for rows in (everyone, np.sort(everyone))
    ]
    assert alike[0] < 0.3 < 0.4 < alike[1]
    steps = [data.inputs["mel"].batch(met.rows), data.inputs["mel"].batch(met.rows[::-1].copy())]
    with torch.no_grad():
        one, other = (fitted.network.hidden(each) for each in steps)
        assert not torch.allclose(one, other.flip(0), atol=1e-4)
        alike = loopq_trial.build(trial("CNNLSTM per-clip"), data).eval()
        assert torch.allclose(
            *(
                alike.hidden(each).flip(0) if at else alike.hidden(each)
                for at, each in enumerate(steps)
            ),
            atol=1e-5,
        )


def test_clips_of_unequal_length_are_batched_by_length_and_answered_alone(data):
    fitted = trained(FREE, data)
    rows = np.arange(len(data.table))
    met = scored(FREE, data, fitted.network, rows)
    sizes = data.inputs["mfcc, free length"].sizes
    found = order(FREE, data, rows, epoch=1)
    assert sorted(np.concatenate(found)) == rows.tolist()
    assert sum(np.ptp(sizes[each]) for each in found) < sum(
        np.ptp(sizes[each]) for each in np.array_split(rows, len(found))
    )
    alone = [
        scored(FREE, data, fitted.network, rows[at : at + 1]).probabilities[0]
        for at in met.rows[:8]
    ]
    assert np.allclose(met.probabilities[:8], alone, atol=1e-5)


@pytest.mark.parametrize("variant", ["as-run", "fixed"])
def test_the_fusion_learns_only_where_the_optimiser_holds_it(data, variant):
    chosen = trial(f"MMFUSION {variant}", epochs=1)
    before = loopq_trial.build(chosen, data).state_dict()
    moved = {
        name.split(".")[0]
        for name, tensor in weights(trained(chosen, data)).items()
        if not torch.equal(tensor, before[name])
    }
    assert moved == {"pictures", "before", "output"} | (
        {"lstm", "maps", "blocks"} if variant == "fixed" else set()
    )


def test_a_finished_training_leaves_weights_and_is_read_again(data, monkeypatch):
    chosen = trial()
    outcome = run(chosen, data)
    fitted = trained(chosen, data)
    assert fitted.folder.name.endswith("-cpu")
    assert sorted(path.name for path in fitted.folder.iterdir()) == sorted([BEST, LAST, HISTORY])
    monkeypatch.setattr(loopq_trial, "fit", lambda *given, **settings: pytest.fail("trained again"))
    assert timeless(run(chosen, data)) == timeless(outcome)


def killed(folder: str, step: int) -> None:
    """A sweep over one trial in a process that dies before its n-th training batch."""
    os.environ["SER_STORE"] = folder
    torch.set_num_threads(1)
    met, plain = [], loopq_trial.batches

    def counted(*given, epoch, **settings):
        for batch in plain(*given, epoch=epoch, **settings):
            met.append(epoch)
            if sum(each > 0 for each in met) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    loopq_trial.batches = counted
    sweep(run, [trial(epochs=4)], toy())


def test_a_killed_trial_goes_on_through_the_sweep(data, tmp_path, monkeypatch):
    """Killed in the fourth epoch, its rerun does that one alone and ends as one left in peace."""
    torch.set_num_threads(1)
    (peaceful,) = sweep(run, [trial(epochs=4)], data)
    monkeypatch.setenv("SER_STORE", str(tmp_path / "killed"))
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=killed, args=(str(tmp_path / "killed"), 3 * 2 + 2))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not list(tmp_path.glob("killed/trials/*/*.json"))
    assert len(list(tmp_path.glob(f"killed/trainings/*/*/{STATE}"))) == 1
    epochs = []
    monkeypatch.setattr(
        loopq_trial,
        "batches",
        lambda *given, epoch, **settings: (
            epochs.append(epoch) or batches(*given, epoch=epoch, **settings)
        ),
    )
    (outcome,) = sweep(run, [trial(epochs=4)], data)
    assert epochs == [4, 0]
    assert timeless(outcome) == timeless(peaceful)
    assert not list(tmp_path.glob(f"killed/trainings/*/*/{STATE}"))
    assert sweep(run, [trial(epochs=4)], data) == [outcome]
    assert epochs == [4, 0]


@pytest.mark.parametrize(
    "setting",
    [{"seed": 1}, {"rates": "paper"}, {"epochs": 3}, {"precision": "bf16"}, {"labels": "loopq"}],
)
def test_a_key_moves_with_each_setting(data, setting):
    keys = trial_keys(run, [trial(), replace(trial(), **setting)], data)
    assert keys[0].hex != keys[1].hex
