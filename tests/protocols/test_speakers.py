"""Folds by speaker: published groups, balance, no speaker on two sides, and the texts that they share."""

from collections import Counter
from contextlib import nullcontext as does_not_raise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.corpora import cremad, emovo, labels, load, savee, tess
from sercore.protocols import speakers, splits
from sercore.protocols.speakers import LeakError

CLASSES = ("angry", "neutral", "sadness")
WHO = {
    "crema-d": {
        str(actor): "female" if actor in cremad.WOMEN else "male" for actor in range(1001, 1092)
    },
    "emovo": {who: "female" if who[0] == "f" else "male" for who in emovo.SPEAKERS},
    "ravdess": {f"{actor:02d}": "male" if actor % 2 else "female" for actor in range(1, 25)},
    "savee": dict.fromkeys(savee.SPEAKERS, "male"),
    "tess": dict.fromkeys(tess.SPEAKERS, "female"),
}


def said(who: dict[str, dict[str, str]], *, texts: tuple = ("t1", "t2")) -> pd.DataFrame:
    """Every speaker says every text in every class."""
    rows = [
        (corpus, speaker, gender, each, text)
        for corpus, cast in who.items()
        for speaker, gender in cast.items()
        for each in CLASSES
        for text in texts
    ]
    return pd.DataFrame(rows, columns=["corpus", "speaker", "gender", "class", "text"])


def of(table: pd.DataFrame, rows: np.ndarray) -> set[str]:
    return set(table["corpus"].iloc[rows] + "/" + table["speaker"].iloc[rows])


@st.composite
def tables(draw):
    """Some speakers of the known corpora, and of others; somewhere at least three to a corpus, so that validation has some."""
    names = draw(st.sets(st.sampled_from(sorted(WHO)), max_size=5))
    who = {}
    for name in sorted(names):
        least = min(2, len(speakers.GROUPS.get(name, "12")))
        parts = speakers.GROUPS.get(name) or tuple((speaker,) for speaker in WHO[name])
        kept = draw(st.sets(st.integers(0, len(parts) - 1), min_size=least))
        who[name] = {speaker: WHO[name][speaker] for at in sorted(kept) for speaker in parts[at]}
    sexes = draw(st.lists(st.sampled_from(["female", "male", None]), min_size=3, max_size=15))
    who["other"] = {f"s{at:02d}": sex for at, sex in enumerate(sexes)}
    order = draw(st.randoms(use_true_random=False)).sample
    table = said(who)
    return table.iloc[order(range(len(table)), len(table))]


@settings(max_examples=30)
@given(table=tables())
def test_folds_are_disjoint_complete_and_test_every_speaker_in_turn(table):
    folds, tested = speakers.count(table), Counter()
    parts = speakers.groups(table)
    assert folds == max(len(each) for each in parts.values())
    for fold in range(folds):
        sides = speakers.speaker_folds(table, fold)
        assert sorted(np.concatenate(sides)) == list(range(len(table)))
        named = [of(table, rows) for rows in sides]
        assert not named[0] & named[1]
        assert not named[0] & named[2]
        assert not named[1] & named[2]
        assert all(set(table["class"].iloc[rows]) == set(CLASSES) for rows in sides)
        for corpus, each in parts.items():
            held = [
                {who.split("/")[1] for who in side if who.startswith(f"{corpus}/")}
                for side in named
            ]
            assert held[2] == set(each[fold % len(each)])
            assert held[1] == (set(each[(fold + 1) % len(each)]) if len(each) > 2 else set())
            assert held[0]
        tested.update(named[2])
    for corpus, each in parts.items():
        for at, part in enumerate(each):
            assert {tested[f"{corpus}/{who}"] for who in part} == {len(range(at, folds, len(each)))}


@settings(max_examples=30)
@given(table=tables(), seed=st.integers(0, 99))
def test_the_order_of_the_rows_decides_nothing(table, seed):
    again = table.sample(frac=1, random_state=seed)
    for one, other in zip(
        speakers.speaker_folds(table, 1), speakers.speaker_folds(again, 1), strict=True
    ):
        assert of(table, one) == of(again, other)


@settings(max_examples=30)
@given(sexes=st.lists(st.sampled_from(["female", "male"]), min_size=2, max_size=60))
def test_dealt_groups_are_balanced(sexes):
    cast = {f"s{at:02d}": sex for at, sex in enumerate(sexes)}
    parts = speakers.groups(said({"other": cast}, texts=("t",)))["other"]
    assert sorted(who for part in parts for who in part) == sorted(cast)
    for counts in (
        [len(part) for part in parts],
        *([sum(cast[who] == sex for who in part) for part in parts] for sex in set(sexes)),
    ):
        assert max(counts) - min(counts) <= 1


def test_crema_d_has_six_groups_balanced_by_sex():
    parts = speakers.groups(said(WHO))["crema-d"]
    women = [sum(int(who) in cremad.WOMEN for who in part) for part in parts]
    assert sorted(women) == [7, 7, 7, 7, 7, 8]
    assert [len(part) - here for part, here in zip(parts, women, strict=True)] == [8] * 6


def test_ravdess_has_emoboxs_folds_and_tess_one_speaker_in_turn():
    table = said({name: WHO[name] for name in ("ravdess", "tess")})
    expected = [
        [1, 11, 20, 21],
        [4, 10, 12, 14],
        [8, 9, 19, 23],
        [3, 5, 7, 24],
        [2, 15, 16, 18],
        [6, 13, 17, 22],
    ]
    assert speakers.count(table) == 6
    for fold in range(6):
        training, validation, test = (
            of(table, rows) for rows in speakers.speaker_folds(table, fold)
        )
        tested, spoken = ("OAF", "YAF") if fold % 2 == 0 else ("YAF", "OAF")
        assert test == {f"ravdess/{actor:02d}" for actor in expected[fold]} | {f"tess/{tested}"}
        assert validation == {f"ravdess/{actor:02d}" for actor in expected[(fold + 1) % 6]}
        assert f"tess/{spoken}" in training
        assert len(training) == 17


@pytest.mark.parametrize(
    ("names", "folds"), [(("savee", "tess"), 4), (("emovo",), 6), (("savee", "crema-d"), 6)]
)
def test_there_are_as_many_folds_as_the_richest_corpus_has_groups(names, folds):
    assert speakers.count(said({name: WHO[name] for name in names})) == folds


ONE = said({"savee": WHO["savee"]})


@pytest.mark.parametrize(
    ("table", "fold", "outcome"),
    [
        (ONE, 3, does_not_raise()),
        (ONE, 4, pytest.raises(ValueError, match="fold 4: no such fold; this table has 4")),
        (ONE, -1, pytest.raises(ValueError, match="fold -1: no such fold")),
        (
            said({"savee": WHO["savee"] | {"XX": "male"}}),
            0,
            pytest.raises(ValueError, match="savee: speaker XX is in no published fold"),
        ),
        (
            said({"savee": {"DC": "male"}}),
            0,
            pytest.raises(
                ValueError, match=r"savee: 1 group of speakers \(DC\); folds need at least 2"
            ),
        ),
        (
            said({"tess": WHO["tess"]}),
            0,
            pytest.raises(
                ValueError, match="validation has 0 clips and none of class angry, neutral, sadness"
            ),
        ),
        (
            ONE[(ONE["class"] != "angry") | (ONE["speaker"] != "JE")],
            0,
            pytest.raises(ValueError, match="test has 4 clips and none of class angry"),
        ),
        (
            ONE.assign(**{"class": ONE["class"].mask(ONE.index < 2)}),
            0,
            pytest.raises(ValueError, match="2 of 24 clips have no class"),
        ),
    ],
)
def test_what_folds_refuse(table, fold, outcome):
    with outcome:
        speakers.speaker_folds(table, fold)


@pytest.mark.parametrize(
    ("into", "told"),
    [
        ((0, 2), r"^speaker savee/JE is in training and in test \(1 shared\)"),
        ((1, 2), r"^speaker savee/JE is in training and in test \(1 shared\)"),
        (
            (0, 1),
            r"^speaker \(validation counts as a test\) savee/KL is in training and in test \(1 shared\)",
        ),
    ],
)
def test_a_planted_speaker_on_two_sides_is_refused(into, told):
    sides = [list(rows) for rows in speakers.speaker_folds(ONE, 0)]
    sides[into[0]].append(sides[into[1]].pop())
    with pytest.raises(LeakError, match=told):
        speakers.check(ONE, *sides)


def test_one_name_in_two_corpora_is_two_speakers():
    table = said(
        {
            "emodb": {"03": "male", "08": "female", "09": "female"},
            "other": {"03": "male", "10": "male", "11": "male"},
        }
    )
    one, other = table["corpus"] == "emodb", table["corpus"] == "other"
    known = (table["speaker"] == "03").to_numpy()
    sides = [np.flatnonzero(one & known), np.flatnonzero(other & known), np.flatnonzero(~known)]
    speakers.check(table, *sides)


def test_texts_seen_is_counted_by_hand():
    table = pd.DataFrame(
        [
            ("a", "1"),
            ("a", "2"),
            ("b", "1"),
            ("c", None),
            ("a", "1"),
            ("a", "1"),
            ("a", "3"),
            ("b", "2"),
            ("b", "1"),
            ("c", None),
        ],
        columns=["corpus", "text"],
        index=range(100, 110),
    )
    found = splits.texts_seen(table, range(4), range(4, 10))
    assert found.pop("c") != found.get("c")  # NaN: tells no text
    assert found == {"all": 2 / 4, "a": 1 / 2, "b": 1 / 2}


def test_real_folds_share_every_text(speech):
    for name in ("ravdess", "tess"):
        if not (speech / name).is_dir():
            pytest.skip(f"needs {name}")
    table = pd.concat(
        [load(name, root=speech).table for name in ("ravdess", "tess")], ignore_index=True
    )
    table = table.join(labels.mapped(table, labels.seven_classes())).dropna(subset="class")
    sides = [speakers.speaker_folds(table, fold) for fold in range(6)]
    assert len(table) == 4048
    assert [[len(rows) for rows in each] for each in sides] == [
        [16 * 52 + 1400, 208, 208 + 1400]
    ] * 6
    assert splits.texts_seen(table, sides[0][0], sides[0][2]) == {"all": 1, "ravdess": 1, "tess": 1}


@pytest.mark.parametrize(
    "split",
    [
        lambda table: speakers.speaker_folds(table, 0),
        lambda table: speakers.across(table, source="savee"),
    ],
)
def test_a_clip_without_speaker_trains_nothing(split):
    table = said({"savee": WHO["savee"], "tess": WHO["tess"]})
    table.loc[table.index[-1], "speaker"] = None
    with pytest.raises(
        ValueError, match=r"1 of \d+ clips have no speaker; a split by speaker needs"
    ):
        split(table)


def test_a_speaker_of_two_sexes_is_of_unknown_sex_in_any_order():
    table = said({"other": dict.fromkeys("abcdef", "female")})
    table.loc[table.index[0], "gender"] = "male"
    for order in (table, table.iloc[::-1]):
        assert speakers.sexes(order)["a"] == "unknown"
