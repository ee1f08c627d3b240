"""Reference models of paper 02: fitted on the training side alone, scored where they never were."""

from dataclasses import replace

import numpy as np
import pytest

from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022 import trial as parry_trial
from sercore.papers.parry2022.study import FOLDS, REFERENCES
from sercore.papers.parry2022.trial import Reference, divide, refer
from sercore.training.batching import Ragged
from tests.papers.parry2022.parry_toy import data, trial

PLAIN = {"model": "logistic regression, balanced", "seed": 0, "edition": "demo"}


def reference(**changed) -> Reference:
    return Reference(**PLAIN | {"fold": 0} | changed)


def changed(clips, rows, value: float):
    """The same clips with other frames in these rows."""
    frames = [clips.frames.clip(at).copy() for at in range(len(clips.table))]
    for at in rows:
        frames[at] = frames[at] * value * (-1) ** at + at % 5
    return replace(clips, frames=Ragged.of(frames))


def answers(outcome: dict, corpus: str) -> list:
    return [row for row in outcome["counts"] if row[0].startswith(f"{corpus}/")]


def test_every_clip_of_the_unseen_corpus_and_of_the_test_speakers_is_answered_once():
    clips = data()
    outcome = refer(reference(), clips)
    _, sides = divide(reference(), clips, fold=0, seed=0)
    assert sum(row[-1] for row in outcome["counts"]) == len(sides.test) + len(sides.unseen["away"])
    assert {row[0] for row in outcome["counts"]} == set(
        clips.groups[[*sides.test, *sides.unseen["away"]]]
    )
    assert outcome["training_clips"] == len(sides.training)


def unsure():
    """Clips of drawn classes, so that a model's answers hang on every clip that it is fitted on."""
    clips = data()
    target = np.random.default_rng(1).permutation(clips.usual_target)
    return replace(clips, targets=dict.fromkeys(clips.targets, target))


@pytest.mark.parametrize("scaling", ["training", "corpus", "speaker"])
def test_clips_that_do_not_train_move_no_other_clips_answer(scaling, monkeypatch):
    clips, one = unsure(), reference(scaling=scaling)
    target, sides = divide(one, clips, fold=0, seed=0)
    before = refer(one, clips)
    away = sides.unseen["away"]
    others = changed(clips, [*sides.validation, *away], 5.0)
    for corpus in ("one", "two", "three"):
        assert answers(refer(one, others), corpus) == answers(before, corpus)
    # The planted leak: the unseen corpus, or the validation speakers, on the training side.
    for rows in (away, sides.validation):
        leaky = replace(sides, training=np.concatenate([sides.training, rows]))
        monkeypatch.setattr(parry_trial, "divide", lambda *_, leaky=leaky, **__: (target, leaky))
        moved = [refer(one, each) for each in (clips, others)]
        assert any(
            answers(moved[0], name) != answers(moved[1], name) for name in ("one", "two", "three")
        )


def test_test_labels_have_no_part_in_the_answers():
    clips, one = data(), reference()
    _, sides = divide(one, clips, fold=0, seed=0)
    tested = np.concatenate([sides.test, sides.unseen["away"]])
    target = clips.usual_target.copy()
    target[tested] = (target[tested] + 1) % 3
    moved = replace(clips, targets=dict.fromkeys(clips.targets, target))

    def predicted(outcome: dict) -> dict:
        totals: dict = {}
        for group, _, answer, many in outcome["counts"]:
            totals[group, answer] = totals.get((group, answer), 0) + many
        return totals

    assert predicted(refer(one, moved)) == predicted(refer(one, clips))


def test_shuffled_labels_are_near_guessing_and_true_ones_are_not():
    clips = data()

    def ua(labels: str) -> float:
        right = []
        for seed in range(8):
            counts = refer(reference(labels=labels, seed=seed), clips)["counts"]
            matrix = np.zeros((3, 3))
            for _, true, answer, many in counts:
                matrix[true, answer] += many
            right.append((matrix.diagonal() / matrix.sum(1)).mean())
        return float(np.mean(right))

    assert ua("true") > 0.9
    assert abs(ua("shuffled") - 1 / 3) < 0.12


def test_the_grid_has_the_networks_split_once_and_every_fold_of_every_seed():
    parameters = parry.Parameters(edition="open", models="references", seeds=2)
    trials = parry.references(parameters)
    assert len(trials) == len(REFERENCES) * (1 + 2 * FOLDS)
    assert len(set(trials)) == len(trials)
    assert {(each.fold, each.seed) for each in trials if each.fold < 0} == {(-1, 0)}
    assert {each.protocol for each in trials} == {"held-out-speakers"}
    apart = parameters.model_copy(update={"unseen": "ravdess"})
    assert {each.protocol for each in parry.references(apart)} == {"unseen ravdess"}


def test_the_networks_split_is_that_of_a_reference_model():
    clips = data()
    _, sides = divide(reference(fold=-1), clips, fold=-1, seed=0)
    network = parry_trial.prepare(trial(), clips).sides
    assert all(
        np.array_equal(getattr(sides, side), getattr(network, side))
        for side in ("training", "validation", "test")
    )


def test_a_network_and_a_reference_model_leave_the_same_corpus_out():
    parameters = parry.Parameters(edition="open", unseen="ravdess", only="baseline")
    assert {each.protocol for each in parry.grid(parameters)} == {"unseen ravdess"}
    clips = data().apart("two")
    sides = parry_trial.prepare(trial(protocol="unseen two"), clips).sides
    assert list(sides.unseen) == ["two"]
    assert "two" not in set(clips.table["corpus"].iloc[sides.training])
    assert refer(reference(protocol="unseen two"), clips)["counts"]


def test_all_corpora_can_be_pooled():
    one, clips = reference(protocol="unseen none"), data().apart()
    _, sides = divide(one, clips, fold=0, seed=0)
    assert not sides.unseen
    assert set(clips.table["corpus"].iloc[sides.training]) == {"one", "two", "three", "away"}
    assert sum(row[-1] for row in refer(one, clips)["counts"]) == len(sides.test)
    with pytest.raises(
        ValueError, match="unseen none: these clips have away unseen; expected none"
    ):
        refer(one, data())


@pytest.mark.parametrize("run", [refer, parry_trial.prepare])
def test_clips_with_another_corpus_unseen_are_refused(run):
    one = reference if run is refer else trial
    with pytest.raises(ValueError, match="unseen two: these clips have away unseen; expected two"):
        run(one(protocol="unseen two"), data())
