"""One trial of paper 02: what it reads, what it shares with other models of its seed, what it never sees, what it leaves."""

import numpy as np
import pytest
import torch

from sercore.models.attribute_network import SMALL
from sercore.papers.parry2022 import trial as parry_trial
from sercore.papers.parry2022.trial import ua
from sercore.training import checkpoints, resumable
from sercore.training.resumable import BEST, LAST
from tests.papers.parry2022.parry_toy import data, trial


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("SER_STORE", str(tmp_path))


def weights(done, held, name=LAST):
    return checkpoints.read(
        resumable.folder(parry_trial.__name__, done, held.content(done), device=torch.device("cpu"))
        / name
    )[0]


def test_batches_hold_every_training_clip_once_with_its_labels():
    held, done = data(), trial("MTL C+S+G+L")
    prepared = parry_trial.prepare(done, held)
    met = list(parry_trial.batches(done, held, prepared, epoch=1))
    assert [len(batch) for batch in met] == [7] * len(
        met
    )  # frames, lengths, emotion, four attributes
    assert sum(len(lengths) for _, lengths, *_ in met) == len(prepared.sides.training)
    order = np.random.default_rng([0, 1]).permutation(prepared.sides.training)
    for column, values in enumerate(
        [prepared.target, *(each.values for each in prepared.labels.values())], 2
    ):
        assert np.array_equal(torch.cat([batch[column] for batch in met]), values[order])
    assert not np.array_equal(
        order, np.random.default_rng([0, 2]).permutation(prepared.sides.training)
    )


def test_masks_are_the_paper_s_and_those_of_every_model():
    held = data()
    first, second = (
        next(parry_trial.batches(each, held, parry_trial.prepare(each, held), epoch=3))
        for each in (trial(), trial("GR C+S"))
    )
    assert torch.equal(first[0], second[0])
    rows = np.random.default_rng([0, 3]).permutation(
        parry_trial.prepare(trial(), held).sides.training
    )[:8]
    plain, lengths = held.frames.padded(rows)
    assert torch.equal(lengths, first[1])
    for clip, masked, frames in zip(plain, first[0], lengths.tolist(), strict=True):
        changed = (clip[:frames] != masked[:frames]).numpy()
        whole_frames, whole_bands = changed.all(1), changed.all(0)
        assert np.array_equal(
            changed, whole_frames[:, None] | whole_bands[None]
        )  # nothing but whole frames and whole bands
        assert whole_bands.sum() <= 3 or whole_frames.all()
        assert not masked[:frames][torch.from_numpy(changed)].any()


def test_all_models_of_a_seed_start_alike():
    held = data()
    networks = [
        parry_trial.build(each, held, parry_trial.prepare(each, held))
        for each in (trial(), trial("MTL S"), trial("GR C"), trial("AD G"))
    ]
    for other in networks[1:]:
        for part in ("shared", "emotion"):
            ours, theirs = (getattr(each, part).state_dict() for each in (networks[0], other))
            assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert {name: head.out_features for name, head in networks[2].heads.items()} == {"C": 3}
    assert networks[0].shared.sizes == SMALL


def test_without_the_unseen_corpus_the_weights_are_the_same():
    there, gone = data(), data(unseen=())
    parry_trial.run(trial("GR C"), there)
    parry_trial.run(trial("GR C"), gone)
    ours, theirs = weights(trial("GR C"), there), weights(trial("GR C"), gone)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(
    "name", ["baseline", "MTL C+S+G+L", "GR S", "AD C", "AD C, fixed", "AD C, on-representation"]
)
def test_what_a_trial_leaves(name):
    held = data()
    found = parry_trial.run(trial(name), held)
    sides = parry_trial.prepare(trial(name), held).sides
    counts = {}
    for group, true, predicted, number in found["counts"]:
        counts[group.split("/")[0]] = counts.get(group.split("/")[0], 0) + number
        assert 0 <= true < 3
        assert 0 <= predicted < 3
    assert counts == {"one": 10, "two": 10, "three": 10, "away": 40, "away without surprise": 32}
    assert found["clips"] == len(sides.test) + 40
    said = {(group, text): (true, answer) for group, text, true, answer in found["answers"]}
    assert len(said) == 8
    assert all(len(true) == len(answer) == 5 for true, answer in said.values())
    assert all(
        true == "++o--" for true, _ in said.values()
    )  # in the table's order: happy, surprised, neutral, angry, sad
    named = {what for _, what, _ in found["epochs"]}
    assert ("validation ua away" in named) == (name == "baseline")
    letters = [] if name == "baseline" else name.split(" ", 1)[1].split(",")[0].split("+")
    assert {f"{letter} loss" for letter in letters} <= named
    assert [found[f"entropy_{letter}"] > 0 for letter in letters] == [True] * len(letters)
    assert found["epochs_run"] == 2


def test_the_kept_network_answers_as_it_was_counted():
    held, done = data(), trial()
    found = parry_trial.run(done, held)
    again = parry_trial.trained(done, held)
    prepared = parry_trial.prepare(done, held)
    rows = prepared.sides.unseen["away"]
    predicted = parry_trial.evaluate(again.network, held, rows, precision="fp32").argmax(1).numpy()
    expected = sum(
        number
        for group, true, answer, number in found["counts"]
        if group.startswith("away/") and true == answer
    )
    assert (predicted == prepared.target[rows]).sum() == expected
    assert {
        name: tensor.shape for name, tensor in weights(done, held, BEST).items()
    }.keys() == again.network.state_dict().keys()


def test_left_out_clips_are_on_no_side():
    held = data()
    prepared = parry_trial.prepare(trial("baseline, surprise left out"), held)
    sides = [
        prepared.sides.training,
        prepared.sides.validation,
        prepared.sides.test,
        *prepared.sides.unseen.values(),
    ]
    rows = np.concatenate(sides)
    assert len(rows) == len(set(rows.tolist())) == (~held.table["surprised"]).sum()
    assert (prepared.target[rows] >= 0).all()


def test_what_a_trial_reads_is_in_its_key():
    held, other = data(), data(seed=1)
    assert held.content(trial()) == data().content(trial())
    assert held.content(trial()) != other.content(trial())
    assert held.content(trial()) != held.content(trial("baseline, surprise left out"))


def test_unweighted_accuracy_is_the_mean_recall():
    assert ua(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])) == pytest.approx((0.5 + 1 + 0) / 3)
    assert ua(np.array([0, 0]), np.array([0, 1])) == pytest.approx(0.5)
