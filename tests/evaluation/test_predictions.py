"""Estimates from a table of predictions: the same numbers as from recorded counts, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, recall_score

from benchmarks.coverage import ACCURACY, simulate
from sercore.evaluation import estimate, estimates


def predictions(trials):
    """The clips behind recorded counts, a row each, in a drawn order."""
    counts = trials.counts.merge(trials.table, on="trial")
    rows = counts.loc[counts.index.repeat(counts["count"])]
    rows = rows.rename(columns={"group": "speaker", "true": "truth", "predicted": "prediction"})
    return rows[["speaker", "truth", "prediction", "seed", "fold"]].sample(frac=1, random_state=0)


@pytest.fixture(scope="module")
def systems():
    return simulate(12, 5, np.random.default_rng(0), folds=3)


def test_a_level_is_that_of_the_counts(systems):
    found = estimate(predictions(systems[0]), "accuracy", draws=500)
    expected = estimates.level(systems[0], ACCURACY, draws=500)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
    assert (found.seeds, found.groups, found.folds) == (5, 12, 3)
    assert (
        str(found)
        == f"{found.value:.3f}, [{found.low:.3f}, {found.high:.3f}] (12 speakers, 5 seeds)"
    )


def test_a_difference_is_paired(systems):
    one, other = map(predictions, systems)
    found = estimate(one, "accuracy", against=other, draws=500)
    expected = estimates.difference(*systems, ACCURACY, draws=500)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
    assert estimate(one, against=one, draws=500).high == 0


def test_names_of_classes_are_words_and_scores_those_of_sklearn():
    generator = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "speaker": np.repeat(list("abcdef"), 20),
            "truth": generator.choice(["angry", "happy", "sad"], 120),
            "prediction": generator.choice(["angry", "happy", "sad"], 120),
        },
        index=np.arange(120) % 7,
    )
    truth, answers = table["truth"], table["prediction"]
    assert estimate(table, draws=50).value == pytest.approx(
        f1_score(truth, answers, average="macro")
    )
    assert estimate(table, "uar", draws=50).value == pytest.approx(
        recall_score(truth, answers, average="macro")
    )


def test_corpora_count_alike_and_speakers_of_one_name_are_two():
    table = pd.DataFrame(
        {
            "corpus": ["large"] * 90 + ["small"] * 4,
            "speaker": ["1", "2"] * 47,
            "truth": 1,
            "prediction": [1] * 90 + [0, 1, 0, 0],
        }
    )
    found = estimate(table, "accuracy", draws=50)
    assert (found.value, found.groups) == (pytest.approx((1 + 0.25) / 2), 4)
    assert found.doubt == "1 seed, and a sign needs 5"


def test_one_speaker_has_no_interval():
    table = pd.DataFrame({"speaker": ["a"] * 4, "truth": [0, 1, 0, 1], "prediction": [0, 1, 1, 1]})
    assert str(estimate(table, "accuracy")) == "0.750, no interval (1 speakers, 1 seed)"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: (table.drop(columns="speaker"), {}), "Add speaker"),
        (lambda table: (table.assign(truth=None), {}), "720 lack a cell.*Look at truth"),
        (lambda table: (table[:0], {}), "0 rows"),
        (lambda table: (table, {"score": "f1"}), "f1: no such score; expected macro_f1, accuracy"),
        (lambda table: (table, {"against": table.assign(seed=9)}), "no seed and fold is in all"),
        (lambda table: (table, {"against": table[5:]}), "against: 5 clips"),
        (lambda table: (table, {"against": table.assign(truth=1)}), "the same truth, in both"),
    ],
)
def test_what_is_no_table_of_predictions_is_refused(systems, change, message):
    table = predictions(systems[0])[:720]
    assert len(table) == 720
    changed, options = change(table)
    with pytest.raises(ValueError, match=message):
        estimate(changed, draws=50, **options)
