"""Folds by session and by group of speakers, splits over clips: disjoint, complete, balanced; planted speakers are refused."""

from collections import Counter
from contextlib import nullcontext as does_not_raise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.protocols import sessions
from sercore.protocols.speakers import LeakError

ACTORS = {f"{actor:02d}": "male" if actor % 2 else "female" for actor in range(1, 25)}
FIVE = {f"s{at}": "female" for at in range(5)}


def said(corpus: str, cast: dict[str, str | None], clips: int = 3) -> pd.DataFrame:
    rows = [(corpus, who, sex) for who, sex in cast.items() for _ in range(clips)]
    return pd.DataFrame(rows, columns=["corpus", "speaker", "gender"])


def dialogues(numbers=range(1, 6), clips: int = 3) -> pd.DataFrame:
    """Some sessions of IEMOCAP, two speakers in each."""
    cast = {
        f"Ses0{number}_{who}": "female" if who == "F" else "male"
        for number in numbers
        for who in "FM"
    }
    table = said("iemocap", cast, clips)
    return table.assign(session=table["speaker"].str[4].astype(int))


def shuffled(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    return table.sample(frac=1, random_state=seed)


def of(table: pd.DataFrame, rows: np.ndarray) -> set[str]:
    return set(table["speaker"].iloc[rows])


@pytest.mark.parametrize("split", [sessions.leave_one_session_out, sessions.group_fold])
@pytest.mark.parametrize("fold", range(5))
def test_one_session_of_two_speakers_is_tested_and_eight_train(split, fold):
    table = shuffled(dialogues(), seed=fold)
    training, test = split(table, fold)
    assert set(table["session"].iloc[test]) == {fold + 1}
    assert of(table, test) == {f"Ses0{fold + 1}_F", f"Ses0{fold + 1}_M"}
    assert len(of(table, training)) == 8
    assert sorted([*training, *test]) == list(range(30))


def test_an_excerpt_has_as_many_folds_as_sessions():
    table = dialogues([2, 4])
    assert sessions.groups(table) == [("Ses02_F", "Ses02_M"), ("Ses04_F", "Ses04_M")]
    assert of(table, sessions.leave_one_session_out(table, 1)[1]) == {"Ses04_F", "Ses04_M"}
    with pytest.raises(ValueError, match="fold 2: no such fold; this table has 2"):
        sessions.leave_one_session_out(table, 2)


@pytest.mark.parametrize("split", [sessions.leave_one_session_out, sessions.group_fold])
def test_a_speaker_planted_in_two_sessions_is_refused(split):
    table = dialogues()
    table.loc[table.index[table["speaker"] == "Ses03_M"][0], "speaker"] = "Ses01_F"
    for fold in (0, 2):
        with pytest.raises(
            LeakError, match=r"^speaker Ses01_F is in training and in test \(1 shared\)"
        ):
            split(table, fold)


def test_a_speaker_planted_on_two_sides_is_refused():
    table = said("ravdess", ACTORS)
    training, test = sessions.group_fold(table, 0)
    with pytest.raises(LeakError, match=r"^speaker 02 is in training and in test"):
        sessions.check(table, [*training, test[0]], test[1:])


def test_ravdess_has_five_committed_groups_balanced_by_sex():
    table = said("ravdess", ACTORS)
    parts = sessions.groups(table)
    assert sorted(who for part in parts for who in part) == sorted(ACTORS)
    assert [len(part) for part in parts] == [5, 5, 5, 5, 4]
    for part in parts:
        counts = Counter(ACTORS[who] for who in part)
        assert abs(counts["female"] - counts["male"]) <= 1
    dealt = sessions.groups(table.assign(corpus="other"))
    assert [tuple(sorted(part)) for part in dealt] == parts == list(sessions.COMMITTED["ravdess"])


def test_an_actor_keeps_the_group_whoever_else_is_there():
    table = said("ravdess", {who: ACTORS[who] for who in ("01", "02", "07", "24")})
    assert sessions.groups(table) == [("02", "07"), ("24",), ("01",)]


def test_sex_and_name_alone_deal_the_groups():
    cast = {"c": "male", "a": None, "b": "female", "d": "female", "e": "other", "f": "male"}
    both = said("other", {"g": "male"}).assign(gender=["female", "male", "male"])
    parts = sessions.groups(pd.concat([said("other", cast), both], ignore_index=True))
    assert parts == [("b", "e"), ("d", "g"), ("c",), ("f",), ("a",)]


@st.composite
def tables(draw):
    """One corpus, two speakers or more, rows in any order under any index."""
    sexes = draw(st.lists(st.sampled_from(["female", "male", None]), min_size=2, max_size=30))
    other = said(
        "other", {f"s{at:02d}": sex for at, sex in enumerate(sexes)}, clips=draw(st.integers(1, 3))
    )
    kept = draw(st.sets(st.integers(1, 5), min_size=2))
    actors = draw(st.sets(st.sampled_from(sorted(ACTORS)), min_size=22))
    known = [said("ravdess", {who: ACTORS[who] for who in actors}), dialogues(sorted(kept)), other]
    return shuffled(draw(st.sampled_from(known)), seed=draw(st.integers(0, 99)))


@settings(max_examples=40)
@given(table=tables())
def test_folds_are_disjoint_complete_and_test_every_clip_once(table):
    parts, tested = sessions.groups(table), []
    assert 2 <= len(parts) <= 5
    for fold, part in enumerate(parts):
        training, test = sessions.group_fold(table, fold)
        assert sorted([*training, *test]) == list(range(len(table)))
        assert (np.diff(training) > 0).all()
        assert (np.diff(test) > 0).all()
        assert of(table, test) == set(part)
        assert not of(table, training) & of(table, test)
        tested += [*test]
    assert sorted(tested) == list(range(len(table)))


@settings(max_examples=40)
@given(table=tables(), seed=st.integers(0, 99))
def test_the_order_of_the_rows_decides_nothing(table, seed):
    assert sessions.groups(shuffled(table, seed)) == sessions.groups(table)


@settings(max_examples=40)
@given(sexes=st.lists(st.sampled_from(["female", "male"]), min_size=5, max_size=40))
def test_dealt_groups_are_balanced(sexes):
    cast = {f"s{at:02d}": sex for at, sex in enumerate(sexes)}
    parts = sessions.groups(said("other", cast, clips=1))
    assert len(parts) == 5
    for sex in set(sexes):
        women_or_men = [sum(cast[who] == sex for who in part) for part in parts]
        assert max(women_or_men) - min(women_or_men) <= 1


@pytest.mark.parametrize(
    ("split", "table", "fold", "outcome"),
    [
        (sessions.group_fold, said("other", FIVE), 4, does_not_raise()),
        (
            sessions.group_fold,
            said("other", FIVE),
            5,
            pytest.raises(ValueError, match="fold 5: no such fold; this table has 5"),
        ),
        (
            sessions.group_fold,
            said("other", FIVE),
            -1,
            pytest.raises(ValueError, match="fold -1: no such fold"),
        ),
        (
            sessions.group_fold,
            pd.concat([said("other", FIVE), dialogues()]),
            0,
            pytest.raises(
                ValueError,
                match="iemocap, other: 2 corpora in the table; these folds are of exactly one",
            ),
        ),
        (
            sessions.group_fold,
            said("other", {}),
            0,
            pytest.raises(ValueError, match="no clip: 0 corpora in the table"),
        ),
        (
            sessions.group_fold,
            said("other", {"s0": "male"}),
            0,
            pytest.raises(
                ValueError, match=r"other: 1 group of speakers \(s0\); folds need at least 2"
            ),
        ),
        (
            sessions.group_fold,
            said("ravdess", ACTORS | {"25": "male"}),
            0,
            pytest.raises(
                ValueError, match="ravdess: speaker 25 is in no group; expected one of 01, 02"
            ),
        ),
        (
            sessions.group_fold,
            said("other", FIVE).assign(speaker=None),
            0,
            pytest.raises(ValueError, match="15 of 15 clips have no speaker"),
        ),
        (
            sessions.group_fold,
            dialogues().drop(columns="session"),
            0,
            pytest.raises(
                ValueError, match="the table has no column session, but corpus, speaker, gender"
            ),
        ),
        (
            sessions.group_fold,
            dialogues().assign(session=[None, *[1] * 29]),
            0,
            pytest.raises(ValueError, match="1 of 30 clips have no session"),
        ),
        (
            sessions.leave_one_session_out,
            dialogues([3]),
            0,
            pytest.raises(ValueError, match=r"iemocap: 1 group of speakers \(Ses03_F, Ses03_M\)"),
        ),
        (
            sessions.leave_one_session_out,
            said("other", FIVE),
            0,
            pytest.raises(ValueError, match="other: this corpus has no sessions; expected iemocap"),
        ),
    ],
)
def test_what_folds_refuse(split, table, fold, outcome):
    with outcome:
        split(table, fold)


@settings(max_examples=60)
@given(sizes=st.lists(st.integers(5, 120), min_size=1, max_size=6), seed=st.integers(0, 2**31))
def test_a_clip_split_is_stratified_within_one_clip(sizes, seed):
    names = [f"class {at}" for at, size in enumerate(sizes) for _ in range(size)]
    training, test = sessions.clip_split(names, seed)
    assert sorted([*training, *test]) == list(range(len(names)))
    assert len(test) == -(-len(names) // 5)
    counts = Counter(names[row] for row in test)
    for at, size in enumerate(sizes):
        assert counts[f"class {at}"] >= 1
        assert abs(counts[f"class {at}"] - size * len(test) / len(names)) < 1 + 1e-9
    again = sessions.clip_split(pd.Series(names, index=range(7, 7 + len(names))), seed)
    assert np.array_equal(again[1], test)


def test_five_clip_splits_are_independent_draws_and_share_speakers():
    speakers = np.repeat([f"Ses0{number}_{who}" for number in range(1, 6) for who in "FM"], 100)
    labels = np.tile([0, 1, 2, 3], 250)
    splits = [sessions.clip_split(labels, seed) for seed in range(5)]
    assert all(
        set(speakers[training]) == set(speakers[test]) == set(speakers) for training, test in splits
    )
    times = np.bincount(np.concatenate([test for _, test in splits]), minlength=1000)
    drawn = np.bincount(times, minlength=6) / 1000
    binomial = [0.32768, 0.4096, 0.2048, 0.0512, 0.0064, 0.00032]  # folds would test each clip once
    assert np.allclose(drawn, binomial, atol=0.06)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (
            ["a"] * 9 + ["b"] * 4,
            "class b has 4 clips; an 80/20 split needs at least 5 of each class",
        ),
        (["a"] * 9 + [None], "1 of 10 clips have no class"),
        ([], "no clip; an 80/20 split needs"),
    ],
)
def test_what_a_clip_split_refuses(labels, told):
    with pytest.raises(ValueError, match=told):
        sessions.clip_split(labels, 0)
