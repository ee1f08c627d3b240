"""Pooled corpora: whole speakers held out, the same in every run; unseen corpora stay unseen; a planted leak is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.corpora import emodb, emovo, savee
from sercore.protocols import speakers
from sercore.protocols.speakers import COMMITTED, LeakError, Split, dealt, held_out, pooled

CLASSES = ("negative", "neutral", "positive")
EXCHANGED = {"emodb", "iemocap"}
WHO = {
    "emodb": {who: "male" if who in emodb.MEN else "female" for who in emodb.SPEAKERS},
    "emovo": {who: "female" if who[0] == "f" else "male" for who in emovo.SPEAKERS},
    "iemocap": {
        f"Ses0{session}_{sex}": "female" if sex == "F" else "male"
        for session in range(1, 6)
        for sex in "FM"
    },
    "ravdess": {f"{actor:02d}": "male" if actor % 2 else "female" for actor in range(1, 25)},
    "savee": dict.fromkeys(savee.SPEAKERS, "male"),
}
TESS = {"tess": {"OAF": "female", "YAF": "female"}}


def said(who: dict[str, dict[str, str]]) -> pd.DataFrame:
    """Every speaker says every class twice."""
    rows = [
        (corpus, speaker, sex, label, f"{corpus}-{speaker}-{label}-{take}")
        for corpus, cast in who.items()
        for speaker, sex in cast.items()
        for label in CLASSES
        for take in (1, 2)
    ]
    return pd.DataFrame(rows, columns=["corpus", "speaker", "gender", "class", "name"])


def check(table: pd.DataFrame, split: Split) -> None:
    sides = split.training, split.validation, split.test
    speakers.check(table, *sides, unseen=split.unseen)


def clips(table: pd.DataFrame, rows: np.ndarray) -> set[str]:
    return set(table["name"].iloc[rows])


def of(table: pd.DataFrame, rows: np.ndarray) -> set[str]:
    return set(table["corpus"].iloc[rows] + "/" + table["speaker"].iloc[rows])


@st.composite
def casts(draw):
    """Known corpora that may lack speakers who train, others of three speakers or more, and unseen ones of any number."""
    who = {}
    for name in sorted(draw(st.sets(st.sampled_from(sorted(WHO))))):
        held = {each for side in COMMITTED[name] for each in side}
        spare = sorted(set(WHO[name]) - held)
        kept = held | draw(st.sets(st.sampled_from(spare), min_size=1))
        who[name] = {speaker: WHO[name][speaker] for speaker in kept}
    sex = st.sampled_from(["female", "male", None])
    for name in ("other", "third")[: draw(st.integers(1, 2))]:
        who[name] = {
            f"{at:02d}": each
            for at, each in enumerate(draw(st.lists(sex, min_size=3, max_size=16)), 1)
        }
    unseen = {
        f"unseen{at}": {f"{one:02d}": "female" for one in range(1, 1 + draw(st.integers(1, 3)))}
        for at in range(2)
    }
    return who, {
        name: unseen[name] for name in sorted(draw(st.sets(st.sampled_from(sorted(unseen)))))
    }


@settings(max_examples=40)
@given(cast=casts(), order=st.randoms(use_true_random=False))
def test_sides_are_disjoint_and_complete_and_unseen_corpora_apart(cast, order):
    who, unseen = cast
    table = said(who | unseen)
    table = table.iloc[order.sample(range(len(table)), len(table))]  # in any order, under any index
    split = pooled(table, unseen=list(unseen))
    sides = [split.training, split.validation, split.test]
    assert sorted(np.concatenate([*sides, *split.unseen.values()])) == list(range(len(table)))
    assert all((np.diff(rows) > 0).all() for rows in [*sides, *split.unseen.values()])
    named = [of(table, rows) for rows in sides]
    assert not named[0] & named[1]
    assert not named[0] & named[2]
    assert not named[1] & named[2]
    for corpus, cast_ in who.items():
        counts = [sum(each.startswith(f"{corpus}/") for each in side) for side in named]
        seats = len(COMMITTED[corpus][0]) if corpus in COMMITTED else 2 if len(cast_) > 12 else 1
        assert counts == [len(cast_) - 2 * seats, seats, seats]
    assert {corpus: set(table["corpus"].iloc[rows]) for corpus, rows in split.unseen.items()} == {
        name: {name} for name in unseen
    }


@settings(max_examples=40)
@given(cast=casts(), data=st.data(), seed=st.integers(0, 99))
def test_order_clips_and_other_corpora_decide_nothing(cast, data, seed):
    who, unseen = cast
    table = said(who | unseen)
    first = pooled(table, unseen=list(unseen))
    corpora = data.draw(st.sets(st.sampled_from(sorted(who)), min_size=1))
    fewer = (
        table[table["corpus"].isin(corpora)]
        .groupby(["corpus", "speaker", "class"], sort=False)
        .sample(1, random_state=seed)
    )
    again = fewer.sample(frac=1, random_state=seed)
    second = pooled(again, unseen=[])
    for side in ("training", "validation", "test"):
        expected = {
            each for each in of(table, getattr(first, side)) if each.split("/")[0] in corpora
        }
        assert of(again, getattr(second, side)) == expected


@pytest.mark.parametrize(
    ("corpus", "validation", "test"),
    [
        ("emodb", {"male"}, {"female"}),
        ("emovo", {"female"}, {"male"}),
        ("iemocap", {"male"}, {"female"}),
        ("ravdess", {"female", "male"}, {"female", "male"}),
        ("savee", {"male"}, {"male"}),
    ],
)
def test_committed_speakers_are_those_of_the_rule_both_sexes_where_there_are_both(
    corpus, validation, test
):
    sides = dealt(said({corpus: WHO[corpus]}))
    assert COMMITTED[corpus] == (sides[::-1] if corpus in EXCHANGED else sides)
    assert [{WHO[corpus][who] for who in side} for side in COMMITTED[corpus]] == [validation, test]


def test_where_tess_is_pooled_one_of_its_women_trains_and_the_other_is_tested():
    table = said(TESS | {"emovo": WHO["emovo"]})
    split = pooled(table, unseen=[])
    sides = [of(table, rows) for rows in (split.training, split.validation, split.test)]
    assert [{who for who in side if who.startswith("tess/")} for side in sides] == [
        {"tess/OAF"},
        set(),
        {"tess/YAF"},
    ]


@settings(max_examples=20)
@given(seed=st.integers(0, 99), order=st.randoms(use_true_random=False))
def test_drawn_folds_share_no_speaker_and_test_everyone(seed, order):
    table = said({name: WHO[name] for name in ("emovo", "ravdess", "savee")} | TESS)
    table = table.iloc[order.sample(range(len(table)), len(table))]
    tested = []
    for fold in range(speakers.FOLDS):
        split = pooled(table, unseen=["tess"], fold=fold, seed=seed)
        check(table, split)
        assert of(table, split.unseen["tess"]) == {"tess/OAF", "tess/YAF"}
        tested += sorted(of(table, split.test))
        again = pooled(table.iloc[::-1], unseen=["tess"], fold=fold, seed=seed)
        assert of(table.iloc[::-1], again.test) == of(table, split.test)
    once = [who for who in tested if not who.startswith("savee")]  # SAVEE has four groups
    assert sorted(once) == sorted(set(once))
    assert set(tested) == {
        f"{name}/{who}" for name in ("emovo", "ravdess", "savee") for who in WHO[name]
    }


def test_another_seed_deals_the_speakers_anew_and_none_is_paper_03s():
    table = said({"ravdess": WHO["ravdess"]})
    deals = [pooled(table, unseen=[], fold=0, seed=seed) for seed in range(5)]
    assert len({tuple(split.test) for split in deals}) == 5
    with pytest.raises(ValueError, match="fold 6: no such fold; this table has 6"):
        pooled(table, unseen=[], fold=6, seed=0)


def test_iemocap_holds_out_one_session():
    assert {who[:5] for side in COMMITTED["iemocap"] for who in side} == {"Ses05"}


@pytest.mark.parametrize(
    ("sexes", "sides"),
    [
        ("fmf", (("3",), ("2",))),
        ("mmmm", (("4",), ("3",))),
        ("ffmm", (("2",), ("4",))),
        ("f??", (("1",), ("3",))),
        ("???", (("3",), ("2",))),
        ("fffffffmmmmm", (("7",), ("c",))),
        ("fffffffmmmmmm", (("7", "d"), ("6", "c"))),
        ("fmmmmmmmmmmmm", (("1", "d"), ("b", "c"))),
        ("mmmmmmmmmmmmm", (("c", "d"), ("a", "b"))),
    ],
)
def test_other_corpora_go_by_the_rule(sexes, sides):
    sex = {"f": "female", "m": "male", "?": None}
    cast = {format(at, "x"): sex[letter] for at, letter in enumerate(sexes, 1)}
    assert held_out(said({"own": cast}))["own"] == sides


def test_a_speaker_of_both_sexes_counts_as_unknown():
    table = said({"own": {"1": "female", "2": "female", "3": "male"}})
    table.loc[6, "gender"] = "male"  # of speaker 2; without, she would validate
    assert held_out(table)["own"] == (("1",), ("3",))


EMOVO = said({"emovo": WHO["emovo"]})


@pytest.mark.parametrize(
    ("table", "unseen", "told"),
    [
        (
            said({"own": {"a": "female", "b": "male"}}),
            [],
            r"own: 2 speakers \(a, b\); a split needs at least 3",
        ),
        (
            said({"tess": {"OAF": "female"}, "emovo": WHO["emovo"]}),
            [],
            r"tess: 1 speakers \(OAF\); a split needs at least 2",
        ),
        (
            EMOVO[EMOVO["speaker"] != "m3"],
            [],
            "emovo: speaker m3 is not there, found f1, f2, f3, m1, m2; the split holds out this",
        ),
        (EMOVO, ["tess"], "unseen corpus tess: not in the table; it has emovo"),
        (EMOVO, ["emovo"], "unseen emovo: no corpus is left to train on"),
        (
            EMOVO.assign(speaker=EMOVO["speaker"].mask(EMOVO.index < 2)),
            [],
            "2 of 36 clips have no speaker",
        ),
        (
            EMOVO.assign(corpus=EMOVO["corpus"].mask(EMOVO.index < 2)),
            [],
            "2 of 36 clips have no corpus",
        ),
        (
            EMOVO.assign(**{"class": EMOVO["class"].mask(EMOVO.index < 2)}),
            [],
            "2 of 36 clips have no class",
        ),
        (
            EMOVO[(EMOVO["class"] != "neutral") | (EMOVO["speaker"] != "f3")],
            [],
            "validation has 4 clips and none of class neutral",
        ),
    ],
)
def test_what_a_split_refuses(table, unseen, told):
    with pytest.raises(ValueError, match=told):
        pooled(table, unseen=unseen)


@pytest.mark.parametrize(
    ("taken", "given", "told"),
    [
        ("test", "training", r"^speaker savee/JK is in training and in test \(1 shared\)"),
        ("test", "validation", r"^speaker savee/JK is in training and in test \(1 shared\)"),
        (
            "validation",
            "training",
            r"^speaker \(validation counts as a test\) savee/KL is in training and in test \(1 shared\)",
        ),
    ],
)
def test_a_planted_speaker_on_two_sides_is_refused(taken, given, told):
    table = said({"savee": WHO["savee"]})
    split = pooled(table, unseen=[])
    rows = getattr(split, taken)
    moved = {taken: rows[:-1], given: np.append(getattr(split, given), rows[-1])}
    check(table, split)
    with pytest.raises(LeakError, match=told):
        check(table, replace(split, **moved))


def test_a_speaker_named_for_two_sides_is_refused_by_the_split_itself(monkeypatch):
    monkeypatch.setitem(speakers.COMMITTED, "savee", (("JK", "KL"), ("JK",)))
    with pytest.raises(LeakError, match="savee/JK is in training and in test"):
        pooled(said({"savee": WHO["savee"]}), unseen=[])


def test_an_unseen_corpus_planted_in_training_is_refused():
    table = said(TESS | {"savee": WHO["savee"]})
    split = pooled(table, unseen=["tess"])
    planted = replace(split, training=np.append(split.training, split.unseen["tess"][0]))
    kept = replace(planted, unseen={"tess": split.unseen["tess"][1:]})
    for each in (planted, kept, replace(kept, unseen={"tess": np.array([], int)})):
        with pytest.raises(
            LeakError,
            match=r"^corpus \(an unseen one counts as a test\) tess is in training and in test",
        ):
            check(table, each)


def test_one_name_in_two_corpora_is_two_speakers_seen_or_unseen():
    table = said({"emodb": WHO["emodb"], "ravdess": WHO["ravdess"], "elsewhere": {"03": "male"}})
    split = pooled(table, unseen=["elsewhere"])
    assert {"emodb/03", "ravdess/03"} <= of(table, split.training)
    assert of(table, split.unseen["elsewhere"]) == {"elsewhere/03"}
    assert {"emodb/16", "ravdess/21"} <= of(table, split.test)
    swapped = replace(
        split, test=np.flatnonzero((table["corpus"] == "emodb") & (table["speaker"] == "03"))
    )
    swapped = replace(swapped, training=np.setdiff1d(split.training, swapped.test))
    check(table, swapped)  # 03 of Emo-DB is tested, 03 of RAVDESS trains
