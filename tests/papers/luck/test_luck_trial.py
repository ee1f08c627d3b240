"""Leaks planted one at a time: each raises the score, and shuffled labels tell which ones cheat."""

from dataclasses import replace

import numpy as np
import pytest

from sercore.papers.luck import data as luck_data
from sercore.papers.luck import study
from sercore.papers.luck.trial import (
    CLEAN,
    INSIDE,
    LOGISTIC,
    MLP,
    MODELS,
    PROTOCOLS,
    SHARED,
    SHUFFLED,
    SWAPPED,
    SYNTHETIC,
    Trial,
    dealt,
    masks,
    run,
    sides,
)
from sercore.protocols.speakers import LeakError
from tests.papers.luck import luck_toy

SEEDS = range(3)
CHANCE = 100 / 3


@pytest.fixture(scope="module")
def clips():
    return luck_toy.data()


def trial(protocol: str, *, model: str = LOGISTIC, seed: int = 0, **settings) -> Trial:
    about = {"corpus": luck_toy.CORPUS, "edition": "demo"} | settings
    return Trial(model=model, protocol=protocol, seed=seed, **about)


def accuracy(protocol: str, clips, **settings) -> float:
    """Mean UA over the folds and three seeds, in %."""
    outcomes = [run(trial(protocol, seed=seed, **settings), clips) for seed in SEEDS]
    return float(np.mean([[v for k, v in o.items() if k.startswith("ua_")] for o in outcomes]))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("leaky", "without"),
    [
        (SHARED, CLEAN),
        (SWAPPED, CLEAN),
        ("SMOTE before", INSIDE),
        ("SMOTE scored", INSIDE),
        ("all leaks", INSIDE),
    ],
)
def test_a_planted_leak_raises_the_score(clips, leaky, without, model):
    assert accuracy(leaky, clips, model=model) > accuracy(without, clips, model=model) + 4


@pytest.mark.parametrize("protocol", [CLEAN, SHARED, SWAPPED, "scaler before", INSIDE])
def test_labels_shuffled_within_speakers_leave_chance(clips, protocol):
    assert abs(accuracy(protocol, clips, control=SHUFFLED) - CHANCE) < 8


@pytest.mark.parametrize("protocol", ["SMOTE before", "SMOTE scored"])
def test_smote_before_the_split_scores_on_labels_without_a_meaning(clips, protocol):
    """A row between two clips carries the label of the tested one into training."""
    assert accuracy(protocol, clips, control=SHUFFLED) > CHANCE + 5


def test_a_voice_that_says_nothing_leaks_nothing():
    same = luck_toy.data(voice=0.0)
    assert abs(accuracy(SHARED, same) - accuracy(CLEAN, same)) < 6


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_changes_what_it_says_and_nothing_else(clips, protocol):
    leaks, one = PROTOCOLS[protocol], trial(protocol)
    rows = dealt(one, clips)
    real = rows.speakers != SYNTHETIC
    assert real.sum() == len(clips.table)
    assert (~real).any() == ("before" in leaks)
    tested = np.zeros(len(rows.labels), int)
    for is_training, is_tested in masks(one, rows):
        training, test, scaler = sides(one, rows, is_training, is_tested)
        tested += is_tested
        assert not (is_training & is_tested).any()
        shared = set(training.speakers) & set(test.speakers) - {SYNTHETIC}
        assert bool(shared) == bool(leaks & {"clips", "swap"})
        assert (SYNTHETIC in set(test.speakers)) == ("scored" in leaks)
        fitted_on = rows if "scaler" in leaks else training
        np.testing.assert_allclose(scaler.mean_, fitted_on.values.mean(0))
        counts = np.bincount(training.labels)
        if "before" not in leaks:
            assert (counts.max() == counts.min()) == ("SMOTE" in leaks)
    assert (tested == 1).all()


def test_the_sides_of_a_split_of_clips_are_as_large_as_by_speaker(clips):
    """Class by class, so that neither the size of training nor its balance is the cause."""
    counts = {}
    for protocol in (CLEAN, SHARED):
        rows = dealt(trial(protocol), clips)
        folds = range(rows.folds.max() + 1)
        counts[protocol] = [np.bincount(rows.labels[rows.folds == fold]).tolist() for fold in folds]
    assert counts[CLEAN] == counts[SHARED]


def test_as_many_speakers_train_where_they_are_swapped(clips):
    sizes = {}
    for protocol in (CLEAN, SWAPPED):
        one = trial(protocol)
        rows = dealt(one, clips)
        sides_of = [rows.speakers[training] for training, _ in masks(one, rows)]
        sizes[protocol] = {len(set(speakers)) for speakers in sides_of}, min(map(len, sides_of))
    assert sizes[CLEAN][0] == sizes[SWAPPED][0]
    assert sizes[SWAPPED][1] < sizes[CLEAN][1]


def test_a_speaker_on_both_sides_is_refused(clips):
    one = trial(CLEAN)
    rows = dealt(trial(SHARED), clips)
    is_tested = rows.folds == 0
    with pytest.raises(LeakError, match="is in training and in test"):
        sides(one, rows, ~is_tested, is_tested)


def test_what_varies_is_what_it_says(clips):
    def rows_and_answers(varies: str, seed: int, model: str = MLP) -> tuple:
        one = trial(SHARED, seed=seed, varies=varies, model=model)
        return dealt(one, clips).folds.tolist(), run(one, clips)["counts"]

    zero, start, split = (
        rows_and_answers("start", 0),
        rows_and_answers("start", 1),
        rows_and_answers("split", 1),
    )
    assert zero[0] == start[0]
    assert zero[1] != start[1]
    assert zero[0] != split[0]
    assert rows_and_answers("start", 0, LOGISTIC) == rows_and_answers("start", 1, LOGISTIC)


def test_the_key_of_a_trial_follows_its_corpus_alone(clips):
    before = clips.content(trial(CLEAN))
    other = luck_toy.data(seed=1)
    assert before == luck_toy.data().content(trial(CLEAN))
    assert before != other.content(trial(CLEAN))
    relabelled = clips.table.assign(**{"class": "a"})
    assert before != replace(clips, table=relabelled).content(trial(CLEAN))


@pytest.fixture(scope="module")
def demo():
    return luck_data.load("demo")


class TestDemo:
    """The chapter's own demo, on two seeds."""

    @pytest.mark.parametrize(
        ("corpus", "leaky", "without"),
        [
            ("demo-scena", SHARED, CLEAN),
            ("demo-conversa", SHARED, CLEAN),
            ("demo-conversa", "SMOTE before", INSIDE),
            ("demo-conversa", "SMOTE scored", INSIDE),
        ],
    )
    def test_planted_leaks_raise_the_score(self, demo, corpus, leaky, without):
        scores = [accuracy(name, demo, corpus=corpus) for name in (leaky, without)]
        assert scores[0] > scores[1] + 4

    @pytest.mark.parametrize(
        ("corpus", "chance"), [("demo-scena", 100 / 7), ("demo-conversa", CHANCE)]
    )
    @pytest.mark.parametrize("protocol", [CLEAN, SHARED])
    def test_shuffled_labels_leave_chance(self, demo, corpus, chance, protocol):
        score = accuracy(protocol, demo, corpus=corpus, control=SHUFFLED)
        assert abs(score - chance) < 10

    def test_its_grid_has_each_trial_once(self, demo):
        tasks = study.tasks(study.Parameters(), demo)
        trials = [one for task in tasks for one in task.trials]
        assert len(set(trials)) == len(trials)
        named = {one.protocol for one in trials if one.corpus == "demo-scena"}
        assert not any("SMOTE" in PROTOCOLS[name] for name in named), "its classes are balanced"
