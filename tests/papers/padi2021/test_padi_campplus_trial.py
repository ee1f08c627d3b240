"""Trials of paper 04 on a speaker encoder that is given: what they read, what is counted, what their keys follow."""

import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sercore.features import speaker
from sercore.ledger import recorded
from sercore.papers.padi2021 import campplus
from sercore.papers.padi2021 import study as padi
from sercore.papers.padi2021 import trial as padi_trial
from sercore.papers.padi2021.campplus import (
    GRID,
    LENGTHS,
    LINEAR,
    MASKS,
    MIDDLE,
    OTHERS,
    REGRESSIONS,
    ROWS,
    SHORTER,
    VERSIONS,
    Encoded,
    Masks,
    Trial,
    run,
)
from sercore.parameters import ParameterError, checked
from sercore.sweep import trial_keys
from sercore.training import resumable
from sercore.training.batching import Ragged
from tests import tiny_speaker
from tests.papers.padi2021 import padi_toy
from tests.papers.padi2021.padi_toy import timeless

pytest.importorskip("onnxruntime")

SHORT = (20, 30, 40)  # steps


@pytest.fixture(scope="module", autouse=True)
def here():
    """One process and one store for the module: what the encoder hears is made once. Chunks are short, as the clips are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        patch.setattr(campplus, "LENGTHS", SHORT)
        yield patch


@pytest.fixture(scope="module")
def data(here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    here.setenv("SER_STORE", str(folder / "store"))
    return padi_toy.spoken(folder)


@pytest.fixture(scope="module")
def encoded(data, tmp_path_factory):
    return Encoded(
        data, speaker.load(tiny_speaker.write(tmp_path_factory.mktemp("encoder") / "tiny"))
    )


def trial(name="CAM++ 01", **changed):
    settings = {
        "encoder": "tiny",
        "experiment": "exp1",
        "protocol": "speakers-apart",
        "fold": 0,
        "seed": 0,
        "edition": "open",
    }
    return Trial(**asdict(ROWS[name]) | settings | {"epochs": 2} | changed)


def test_rows_have_a_name_each():
    assert len(ROWS) == len(GRID) + len(MIDDLE) + len(OTHERS) + 1 == 13
    assert [row.name for row in GRID] == ["CAM++ 00", "CAM++ 01", "CAM++ 10", "CAM++ 11"]
    assert [row.name for row in MIDDLE] == [f"{row.name}, middle" for row in GRID]
    assert LINEAR.name == "CAM++ embedding"
    names = ["CAM++ 00, mean", "CAM++ 00, middle, mean"]
    names += ["CAM++ regression", "CAM++ regression, middle"]
    assert [row.name for row in OTHERS] == names
    assert all(trial(name).row == row for name, row in ROWS.items())


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_trained_and_counted(encoded, name):
    outcome = run(trial(name), encoded)
    assert json.loads(json.dumps(outcome)) == outcome
    training, test = padi_trial.split(trial(name), encoded.data)
    truth = Counter()
    for group, true, _, number in outcome["counts"]:
        truth[group, true] += number
    assert truth == Counter(
        zip(
            encoded.data.groups[test].tolist(),
            encoded.data.targets["exp1"][test].tolist(),
            strict=True,
        )
    )
    assert (outcome["clips"], outcome["training_clips"]) == (len(test), len(training)) == (16, 32)
    assert 0 < outcome["training_accuracy"] <= 1
    if ROWS[name].pooling in REGRESSIONS:
        assert "steps" not in outcome
    else:
        assert outcome["steps"] == 2 * 3  # three versions of 32 clips, 32 a step, whatever the row
    assert {key for key, value in outcome.items() if not isinstance(value, list)}.isdisjoint(
        asdict(trial(name))
    )


@pytest.mark.parametrize("name", ["CAM++ 11", "CAM++ 00", LINEAR.name])
def test_the_same_trial_twice_has_the_same_outcome(encoded, name, monkeypatch, tmp_path):
    first = run(trial(name, epochs=3), encoded)
    monkeypatch.setattr(resumable, "folder", lambda *given, **settings: tmp_path / "again")
    torch.rand(3)
    second = run(trial(name, epochs=3), encoded)
    assert without_seconds(first) == without_seconds(second)
    assert run(trial(name, epochs=3, fold=1), encoded)["counts"] != first["counts"]


def without_seconds(outcome):
    return {name: value for name, value in timeless(outcome).items() if name != "training_seconds"}


def test_a_finished_training_is_read_and_not_run_again(encoded, monkeypatch):
    outcome = run(trial(), encoded)
    monkeypatch.setattr(campplus, "fit", lambda *given, **settings: pytest.fail("trained again"))
    assert without_seconds(run(trial(), encoded)) == without_seconds(outcome)


def test_chunks_are_of_the_clips_and_their_masked_versions(encoded, monkeypatch):
    """Each epoch takes another of the masked versions; the plain one is what the encoder hears of the clip itself."""
    met, plain = [], encoded.frames
    monkeypatch.setattr(Encoded, "frames", lambda self, *given: met.append(given) or plain(*given))
    training, _ = padi_trial.split(trial(), encoded.data)
    for number in range(1, VERSIONS + 2):
        epoch = campplus._batches(
            trial("CAM++ 11"), encoded, training, encoded.data.targets["exp1"], number
        )
        found = [(tuple(signal.shape[1:]), signal.dtype, len(classes)) for signal, classes in epoch]
        assert {(width, kind) for (width, _), kind, _ in found} == {(512, torch.float32)}
        assert {steps for (_, steps), *_ in found} <= {*SHORT}
        assert sum(clips for *_, clips in found) == 3 * len(training)
    names = [None, *(Masks(policy=policy, version=0) for policy in campplus.SCALED)]
    expected = [
        ("frames_last", each and each._replace(version=number % VERSIONS))
        for number in range(1, VERSIONS + 2)
        for each in names
    ]
    assert met == expected


def test_without_pooling_all_chunks_and_all_answers_have_one_length(encoded):
    training, test = padi_trial.split(trial(), encoded.data)
    epoch = campplus._batches(trial("CAM++ 00"), encoded, training, encoded.data.targets["exp1"], 1)
    assert {signal.shape[2] for signal, _ in epoch} == {SHORT[-1]}
    assert LENGTHS == (75, 100, 125, 150)  # steps of two frames: the printed lengths
    assert run(trial("CAM++ 00"), encoded)["clips"] == len(test)


def test_whole_clips_are_answered_as_they_are_alone(encoded, monkeypatch):
    torch.manual_seed(0)
    head = campplus.Head(512, 4, pooling="statistics", steps=150).eval()
    rows, frames = np.arange(20), encoded.frames("frames_last")
    together = campplus._probabilities(head, frames, rows)
    alone = np.concatenate(
        [campplus._probabilities(head, frames, rows[at : at + 1]) for at in range(20)]
    )
    assert np.abs(together - alone).max() < 1e-5
    monkeypatch.setattr(campplus, "SCORED", 3)
    assert np.abs(campplus._probabilities(head, frames, rows) - alone).max() < 1e-5


def test_rows_that_read_less_take_the_network_that_reads_all(encoded, monkeypatch):
    """Nothing is trained again, and what is read is the middle: with as much as there is, all."""
    whole = run(trial(), encoded)
    assert [row.name for row in SHORTER.values()][:2] == [
        "CAM++ 01, 50 frames",
        "CAM++ 01, 100 frames",
    ]
    assert len(SHORTER) == 20
    monkeypatch.setattr(campplus, "fit", lambda *given, **settings: pytest.fail("trained again"))
    all_read = run(trial(evaluate="4000"), encoded)
    assert all_read["errors"] == whole["errors"]
    short = run(trial(evaluate="20"), encoded)
    assert short["errors"] != whole["errors"]
    assert short["training_loss"] == whole["training_loss"]


@pytest.mark.parametrize("pooling", campplus.POOLINGS)
def test_the_middle_of_a_clip_alone_is_read(pooling):
    """Ten steps of noise: those before and behind the middle six change nothing, the six do."""
    torch.manual_seed(0)
    head = campplus.Head(512, 4, pooling=pooling, steps=30).eval()
    draw = np.random.default_rng(0)
    clip = draw.normal(size=(10, 512)).astype(np.float32)

    def answer(values):
        return campplus._probabilities(head, Ragged.of([values]), np.array([0]), most=6)

    usual, outer, inner = answer(clip), clip.copy(), clip.copy()
    outer[[0, 1, 8, 9]] += 5
    inner[5] += 5
    assert np.array_equal(answer(outer), usual)
    assert np.abs(answer(inner) - usual).max() > 1e-3
    alone = campplus._probabilities(head, Ragged.of([clip[2:8]]), np.array([0]))
    assert np.array_equal(alone, usual)


def test_a_chunk_is_filled_by_repetition_or_padded_on_both_sides():
    clip = np.arange(1, 4, dtype=np.float32)[:, None].repeat(512, axis=1)
    filled = {
        padding: campplus._filled(clip, 6, padding)[:, 0].tolist()
        for padding in ("", "edge", "mean")
    }
    assert filled == {
        "": [1, 2, 3, 1, 2, 3],
        "edge": [1, 1, 2, 3, 3, 3],
        "mean": [2, 1, 2, 3, 2, 2],
    }
    assert campplus._filled(clip, 1, "edge")[:, 0].tolist() == [2]
    assert ROWS["CAM++ 00"].padding == ""


def test_shuffled_labels_are_a_control_for_all_rows(encoded):
    for name in ("CAM++ 01", LINEAR.name):
        plain, control = (
            run(trial(name, control=control), encoded) for control in ("none", "labels shuffled")
        )
        assert plain["errors"] != control["errors"]
        assert [sum(row[-1] for row in each["counts"]) for each in (plain, control)] == [16, 16]


def test_a_key_moves_with_the_encoder(encoded, tmp_path, monkeypatch):
    monkeypatch.setattr(tiny_speaker, "NARROW", 2 * tiny_speaker.NARROW)
    other = Encoded(encoded.data, speaker.load(tiny_speaker.write(tmp_path / "tiny")))
    keys = [
        trial_keys(run, [trial()], each)[0]
        for each in (encoded, other, Encoded(encoded.data, encoded.encoder))
    ]
    assert keys[0].settings == keys[1].settings
    assert keys[0].data != keys[1].data
    assert keys[0] == keys[2]
    assert encoded.content(trial()) != encoded.content(trial(experiment="exp3"))


def test_the_chapter_runs_the_encoder_s_rows(encoded, monkeypatch):
    """Made before the trials share the cores, and all of it what the ledger takes."""
    folder = encoded.encoder.path.parent
    parameters = checked(
        padi.Parameters,
        {
            "models": "encoder",
            "encoder": str(folder),
            "experiment": "exp1",
            "epochs": 1,
            "folds": 1,
        },
    )
    monkeypatch.setattr(
        campplus.store, "keep", lambda *given, **settings: pytest.fail("heard again")
    )
    (task,) = padi.tasks(parameters, encoded.data)
    assert (task.name, task.encoders) == ("campplus", {"tiny": 512})
    assert [each.row.name for each in task.trials] == [*ROWS]
    made = [key[1:] for key in task.data.data._kept if key[0] == task.data.encoder]
    assert {*made} == {("embedding", None)} | {
        (output, masks) for output in ("frames_last", "frames_middle") for masks in (None, *MASKS)
    }
    monkeypatch.undo()
    outcomes = [run(each, task.data) | {"seconds": 0.0} for each in task.trials]
    found = recorded.of_this_run([task], [outcomes])
    assert len(found.trials) == len(ROWS)


def rates(outcome):
    return [value for _, name, value in outcome["epochs"] if name == "rate"]


def test_the_rate_is_halved_as_printed_or_never(encoded):
    """A training passes through the state at which a shorter one ends: the longer differs by its last epochs alone."""
    printed, constant, short = (
        run(trial(**changed), encoded)
        for changed in ({"epochs": 10}, {"epochs": 10, "control": "constant rate"}, {"epochs": 8})
    )
    assert rates(printed) == [0.01] * 8 + [0.005] * 2
    assert rates(constant) == [0.01] * 10
    assert printed["epochs"][:24] == constant["epochs"][:24] == short["epochs"]
    assert printed["epochs"][24:] != constant["epochs"][24:]


@pytest.mark.parametrize("name", ["CAM++ regression", "CAM++ regression, middle"])
def test_a_regression_reads_mean_and_deviation_of_the_steps(encoded, name):
    row = ROWS[name]
    training, test = padi_trial.split(trial(name), encoded.data)
    frames = encoded.frames(row.output)
    steps = [frames.clip(at).astype(float) for at in range(len(frames.sizes))]
    values = np.array(
        [[*each.mean(0), *np.sqrt(((each - each.mean(0)) ** 2).mean(0))] for each in steps]
    )
    assert np.allclose(encoded.statistics(row.output), values)
    scaled = (values - values[training].mean(0)) / values[training].std(0)
    target = encoded.data.targets["exp1"]
    model = LogisticRegression(max_iter=5000).fit(scaled[training], target[training])
    outcome, right = run(trial(name), encoded), model.predict(scaled[test]) == target[test]
    hits = sum(number for _, true, answer, number in outcome["counts"] if true == answer)
    assert hits == right.sum()
    assert run(trial(name, seed=3, epochs=7), encoded)["counts"] == outcome["counts"]


def test_a_regression_that_does_not_converge_is_refused(encoded, monkeypatch):
    monkeypatch.setattr(campplus, "MOST", 1)
    with pytest.raises(ConvergenceWarning):
        run(trial("CAM++ regression"), encoded)


def test_speakers_are_verified_by_the_embedding(encoded):
    """Of all pairs: those of a speaker who is far from the others are told apart without a mistake."""
    outcome, groups = run(trial(LINEAR.name), encoded), encoded.data.groups
    embeddings = encoded.embeddings()
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    left, right = np.triu_indices(len(groups), 1)
    scores, same = (units[left] * units[right]).sum(1), groups[left] == groups[right]
    misses = [(scores[same] < limit).mean() for limit in np.sort(scores)]
    alarms = [(scores[~same] >= limit).mean() for limit in np.sort(scores)]
    at = np.argmin(np.abs(np.subtract(misses, alarms)))
    assert outcome["pairs"] == len(left)
    assert outcome["equal_error_rate"] == pytest.approx((misses[at] + alarms[at]) / 2, abs=0.01)
    assert "equal_error_rate" not in run(trial(), encoded)


def test_one_row_is_named(encoded):
    folder = str(encoded.encoder.path.parent)
    given = {"encoder": folder, "experiment": "exp1", "folds": 1, "only": "CAM++ 01, middle"}
    for models in ("encoder", "all"):
        (task,) = padi.tasks(checked(padi.Parameters, given | {"models": models}), encoded.data)
        assert [each.row.name for each in task.trials] == ["CAM++ 01, middle"]
    for changed in ({"models": "grid"}, {"models": "encoder", "only": "111"}):
        with pytest.raises(ParameterError, match="no row among"):
            checked(padi.Parameters, given | changed)
