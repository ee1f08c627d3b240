"""Equal error rate in closed form and against scikit-learn, pairs counted by hand, lists of pairs that are not as published."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.metrics import roc_curve
from sklearn.metrics.pairwise import cosine_similarity

from sercore.evaluation.embeddings import cosine, equal_error_rate, read_trials, trials

answers = st.lists(st.tuples(st.integers(-6, 6), st.booleans()), min_size=2, max_size=50).filter(
    lambda rows: len({same for _, same in rows}) == 2
)


@pytest.mark.parametrize(
    ("ones", "twos", "rate"),
    [
        ([3, 4], [1, 2], 0.0),
        ([1, 2], [3, 4], 1.0),
        ([5, 5, 5], [5], 0.5),  # one tie: a straight line from nothing to everything
        (
            [1, 3, 5, 7],
            [0, 2, 4, 6],
            1 / 2,
        ),  # above 3.5 two of four are missed and two of four get through
        (
            [2, 3, 4, 5],
            [1, 1, 1, 2.5],
            1 / 4,
        ),  # at 2.5 one of four is missed and one of four gets through
        ([4, 2], [3, 1, 1], 1 / 3),  # miss falls from 1/2 to 0 while alarm stays at 1/3
        ([1, 2, 2], [2, 0, 0, 0], 1 / 4),  # miss falls from 1/3 to 0 while alarm stays at 1/4
    ],
)
def test_equal_error_rate_by_hand(ones, twos, rate):
    assert equal_error_rate(
        [*ones, *twos], [True] * len(ones) + [False] * len(twos)
    ) == pytest.approx(rate)


def test_inside_a_tie_the_crossing_is_interpolated():
    # thresholds above 2, at 2, at 1: (miss 1, alarm 0), (1/4, 1/2), (0, 1); miss = alarm on the first line, 4/5 of its gap
    assert equal_error_rate([2, 2, 2, 1, 2, 1], [1, 1, 1, 1, 0, 0]) == pytest.approx(0.8 * 0.5)


def test_scores_that_tell_nothing_give_a_half():
    generator = np.random.default_rng(0)
    assert equal_error_rate(
        generator.normal(size=40_000), generator.random(40_000) < 0.3
    ) == pytest.approx(0.5, abs=0.01)


def test_two_normal_distributions_give_their_closed_form():
    """One standard deviation apart: the rate is the normal tail at half a one, 0.3085."""
    generator = np.random.default_rng(1)
    same = np.arange(200_000) % 2 == 0
    assert equal_error_rate(generator.normal(size=200_000) + same, same) == pytest.approx(
        0.3085, abs=0.005
    )


@given(answers)
def test_equal_error_rate_is_the_crossing_on_scikit_learns_curve(rows):
    scores, same = zip(*rows, strict=True)
    alarm, hit, _ = roc_curve(same, scores, drop_intermediate=False)
    steps = np.arange(len(alarm))

    def gap(at):
        return 1 - np.interp(at, steps, hit) - np.interp(at, steps, alarm)

    crossing = brentq(gap, 0, len(alarm) - 1, xtol=1e-13)
    assert equal_error_rate(scores, same) == pytest.approx(
        np.interp(crossing, steps, alarm), abs=1e-9
    )


@given(answers, st.integers(0, 99))
def test_only_the_order_of_the_scores_counts(rows, seed):
    scores, same = (np.array(column) for column in zip(*rows, strict=True))
    rate = equal_error_rate(scores, same)
    assert equal_error_rate(np.exp(scores) - 100, same) == rate
    order = np.random.default_rng(seed).permutation(len(same))
    assert equal_error_rate(scores[order], same[order]) == rate
    assert equal_error_rate(-scores, ~same) == pytest.approx(rate)
    assert equal_error_rate(-scores, same) == pytest.approx(1 - rate)


@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        ([1.0], [True, False], r"scores \(1,\) and same \(2,\); expected \(pairs,\) twice"),
        ([[1.0]], [[True]], r"scores \(1, 1\)"),
        ([1.0, np.nan], [True, False], "1 of 2 scores are NaN"),
        ([1.0, 2.0], [True, True], "2 pairs of one speaker and 0 of two"),
        ([], [], "0 pairs of one speaker and 0 of two"),
    ],
)
def test_what_the_rate_refuses(scores, same, message):
    with pytest.raises(ValueError, match=message):
        equal_error_rate(scores, same)


def test_infinite_scores_are_ordered_too():
    assert equal_error_rate([np.inf, 1, 0, -np.inf], [True, True, False, False]) == 0
    assert equal_error_rate([np.inf, np.inf], [True, False]) == 0.5


def test_cosine_is_scikit_learns_and_knows_no_length():
    left, right = np.random.default_rng(0).normal(size=(2, 7, 16))
    expected = np.diag(cosine_similarity(left, right))
    assert cosine(left, right) == pytest.approx(expected)
    assert cosine(left * 9, right * 0.1) == pytest.approx(expected)
    assert cosine(left, left) == pytest.approx(np.ones(7))
    assert cosine([1, 0], [[0, 2], [-3, 0]]).tolist() == [0, -1]
    assert cosine(np.float32([1e-30, 0]), np.float32([1e-30, 0])) == 1


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_an_embedding_without_direction_is_refused(bad):
    with pytest.raises(
        ValueError, match="1 of 2 embeddings are all zero, or not finite; expected a direction"
    ):
        cosine([[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], bad])


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_all_pairs_are_every_pair_once(speakers):
    left, right, same = trials(speakers, pairs=None, seed=0)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == list(
        combinations(range(len(speakers)), 2)
    )
    assert same.tolist() == [
        speakers[one] == speakers[other] for one, other in zip(left, right, strict=True)
    ]


@given(
    st.lists(st.sampled_from("abc"), min_size=4, max_size=20), st.integers(1, 10), st.integers(0, 9)
)
def test_drawn_pairs_are_half_of_one_speaker_and_none_twice(speakers, half, seed):
    _, _, every = trials(speakers, pairs=None, seed=0)
    if min(every.sum(), (~every).sum()) < half:
        with pytest.raises(
            ValueError, match=f"{every.sum()} pairs of one speaker and {(~every).sum()} of two"
        ):
            trials(speakers, pairs=2 * half, seed=seed)
        return
    left, right, same = trials(speakers, pairs=2 * half, seed=seed)
    assert same.tolist() == [True] * half + [False] * half
    assert same.tolist() == [
        speakers[one] == speakers[other] for one, other in zip(left, right, strict=True)
    ]
    assert (left < right).all()
    assert len(set(zip(left.tolist(), right.tolist(), strict=True))) == 2 * half
    assert all(
        map(np.array_equal, trials(speakers, pairs=2 * half, seed=seed), (left, right, same))
    )


def test_every_pair_is_drawn_equally_often():
    speakers = ["a", "b", "a", "b", "a", "c"]  # 4 pairs of one speaker, 11 of two
    times = np.zeros((6, 6))
    for seed in range(3000):
        left, right, _ = trials(speakers, pairs=4, seed=seed)
        times[left, right] += 1
    one = np.equal.outer(speakers, speakers)[np.triu_indices(6, 1)]
    times = times[np.triu_indices(6, 1)] / 3000
    assert np.allclose(times[one], 2 / 4, atol=0.05)
    assert np.allclose(times[~one], 2 / 11, atol=0.04)


@pytest.mark.parametrize("pairs", [0, 3, -2])
def test_a_number_of_pairs_without_halves_is_refused(pairs):
    with pytest.raises(
        ValueError, match=f"pairs={pairs}: half of them are of one speaker; expected an even number"
    ):
        trials(["a", "a", "b"], pairs=pairs, seed=0)


def test_a_list_as_voxceleb_publishes_it(tmp_path):
    path = tmp_path / "veri_test.txt"
    path.write_text(
        "1 id10270/x6uYqmx31kE/00001.wav id10270/8jEAjG6SegY/00008.wav\n0\tid10270/x/00001.wav  id10300/ize_eiCFEg0/3.wav\r\n"
    )
    left, right, same = read_trials(path)
    assert left == ["id10270/x6uYqmx31kE/00001.wav", "id10270/x/00001.wav"]
    assert right == ["id10270/8jEAjG6SegY/00008.wav", "id10300/ize_eiCFEg0/3.wav"]
    assert same.tolist() == [True, False]


GOOD = "1 id10270/x/00001.wav id10270/y/00002.wav\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "veri.txt: no such file; expected a list of pairs"),
        ("", "veri.txt: no pair; expected one a line"),
        (
            GOOD + "id10270/x/1.wav id10270/y/2.wav\n",
            "veri.txt:2: `id10270/x/1.wav id10270/y/2.wav`; expected `<1 or 0>",
        ),
        (GOOD + "\n", "veri.txt:2: ``; expected"),
        (
            "1 Eartha_Kitt/x_0000001.wav Eartha_Kitt/y_0000008.wav",
            "Take the official list whose names begin with id<number>",
        ),
        ("2 id10270/x/1.wav id10270/y/2.wav", "veri.txt:1: `2 id10270"),
        (
            "1 id10270/x/1.wav id10271/y/2.wav",
            "veri.txt:1: label 1 for id10270 and id10271; expected 1 for one speaker",
        ),
        ("0 id10270/x/1.wav id10270/y/2.wav", "veri.txt:1: label 0 for id10270 and id10270"),
    ],
)
def test_what_is_no_list_of_pairs(tmp_path, text, message):
    path = tmp_path / "veri.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_trials(path)
