"""The papers' classes for any table: what each label becomes, and what is refused."""

from collections import Counter

import pandas as pd
import pytest

from sercore.corpora import emodb, emovo, epst, iemocap, ravdess, savee, tess
from sercore.corpora.demo.scripts import EMOTIONS
from sercore.corpora.labels import (
    EXPERIMENTS,
    SEVEN,
    SPELLINGS,
    THREE,
    VALENCES,
    LabelError,
    four_classes,
    mapped,
    seven_classes,
    three_classes,
    valences,
)

# Public counts of the whole of IEMOCAP, and those of paper 02 from them.
IEMOCAP = {
    "fru": 1849,
    "neu": 1708,
    "ang": 1103,
    "sad": 1084,
    "exc": 1041,
    "hap": 595,
    "sur": 107,
    "fea": 40,
    "oth": 3,
    "dis": 2,
}
MAPS = {
    "valences": valences(),
    "seven": seven_classes(),
    "loopq": seven_classes(loopq_labels=True),
} | {name: four_classes(name) for name in EXPERIMENTS}


@pytest.mark.parametrize(
    ("emotion", "gender", "expected"),
    [
        ("neutral", None, "neutral"),
        ("neu", "male", "neutral"),
        ("NEU", "female", "neutral"),
        ("calm", "female", "non-neutral-female"),
        ("angry", "male", "non-neutral-male"),
        ("non-neutral-male", None, "non-neutral-male"),
        ("non-neutral-female", "female", "non-neutral-female"),
    ],
)
def test_one_label(emotion, gender, expected):
    table = pd.DataFrame({"path": ["a.wav"], "emotion": [emotion], "gender": [gender]}, index=[7])
    classes = three_classes(table)
    assert classes.to_dict() == {7: expected}
    assert expected in THREE


@pytest.mark.parametrize(
    ("emotion", "gender", "told"),
    [
        ("happy", None, "a.wav: gender missing"),
        ("happy", "unknown", "female or male"),
        (None, "female", "a.wav: emotion missing"),
    ],
)
def test_a_clip_without_a_class_is_refused(emotion, gender, told):
    table = pd.DataFrame(
        {"path": ["b.wav", "a.wav"], "emotion": ["neutral", emotion], "gender": ["male", gender]}
    )
    with pytest.raises(LabelError, match=told):
        three_classes(table)


def test_no_row_no_class():
    assert three_classes(pd.DataFrame({"emotion": [], "gender": []})).empty


def clips(*emotions):
    return pd.DataFrame(
        {"path": [f"{n}.wav" for n in range(len(emotions))], "emotion": emotions}, dtype=object
    )


@pytest.mark.parametrize(
    ("name", "label", "expected"),
    [
        ("valences", "HAP", "positive"),
        ("valences", "gio", "positive"),
        ("valences", "exc", "positive"),
        ("valences", "elation", "positive"),
        ("valences", "ps", "positive"),
        ("valences", "calm", "neutral"),
        ("valences", "n", "neutral"),
        ("valences", "boredom", "negative"),
        ("valences", "fru", "negative"),
        ("valences", "hot-anger", "negative"),
        ("valences", "pau", "negative"),
        ("valences", "oth", None),
        ("valences", "tie", None),
        ("valences", "no-majority", None),
        ("seven", "sa", "sadness"),
        ("loopq", "sa", "angry"),
        ("loopq", "SAD", "sadness"),
        ("seven", "su", "surprise"),
        ("seven", "calm", None),
        ("exp1", "exc", None),
        ("exp1", "fru", None),
        ("exp2", "exc", "excited"),
        ("exp2", "hap", None),
        ("exp3", "exc", "happy+excited"),
        ("exp3", "hap", "happy+excited"),
    ],
)
def test_what_a_label_becomes(name, label, expected):
    assert mapped(clips(label), MAPS[name]).tolist() == [expected]


def test_the_index_stays_and_what_is_left_out_is_missing():
    found = mapped(clips("neu", "oth", "fru").set_index(pd.Index([7, 3, 5])), MAPS["valences"])
    assert found.dropna().to_dict() == {7: "neutral", 5: "negative"}
    assert found.name == "class"
    assert mapped(clips(), MAPS["valences"]).empty


@pytest.mark.parametrize(
    ("name", "label", "told"),
    [
        ("valences", "joy", "1.wav: label `joy`; expected one of a, ang, anger"),
        ("valences", "xxx", "label `xxx`"),
        ("seven", "boredom", "label `boredom`"),
        ("exp1", "envy", "label `envy`"),
        ("exp1", None, "1.wav: emotion missing"),
    ],
)
def test_a_label_the_map_does_not_know_is_refused(name, label, told):
    with pytest.raises(LabelError, match=told):
        mapped(clips("neutral", label), MAPS[name])


def test_paper_02_on_the_whole_of_iemocap():
    table = clips(
        *(
            label
            for label, count in (IEMOCAP | {"no-majority": 2500, "tie": 7}).items()
            for _ in range(count)
        )
    )
    assert len(table) == iemocap.CLIPS
    assert Counter(mapped(table, valences()).dropna()) == {
        "positive": 1743,
        "neutral": 1708,
        "negative": 4078,
    }


@pytest.mark.parametrize(
    ("switches", "label", "expected"),
    [
        ({"surprise": "negative"}, "ps", "negative"),
        ({"surprise": None}, "su", None),
        ({"calm": "positive"}, "calm", "positive"),
        ({"boredom": "neutral"}, "boredom", "neutral"),
        ({"boredom": None}, "sad", "negative"),
    ],
)
def test_paper_02_switches(switches, label, expected):
    assert mapped(clips(label), valences(**switches)).tolist() == [expected]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: valences(surprise="happy"),
            "surprise=happy: no class of paper 02; expected positive, neutral, negative, or None",
        ),
        (
            lambda: four_classes("exp4"),
            "exp4: no such experiment of paper 04; expected exp1, exp2, exp3",
        ),
    ],
)
def test_an_unknown_switch_is_refused(call, told):
    with pytest.raises(LabelError, match=told):
        call()


def test_every_label_of_every_corpus_is_spelled_once():
    spelled = Counter(label for labels in SPELLINGS.values() for label in labels)
    assert set(spelled.values()) == {1}
    known = {
        *ravdess.EMOTIONS,
        *emovo.EMOTIONS,
        *tess.EMOTIONS,
        *savee.SENTENCES,
        *emodb.CLASSES,
        *epst.EMOTIONS,
        *EMOTIONS,
    }
    known |= {*iemocap.LABELS, "tie", "no-majority", "dis", "ang", "fea", "hap", "neu", "sad"}
    assert known == set(spelled)
    assert set(valences()) == set(spelled)
    assert set(four_classes("exp1")) == set(spelled)


def test_each_map_has_the_papers_classes():
    assert set(valences().values()) == {*VALENCES, None}
    assert set(seven_classes().values()) == {*SEVEN, None}
    assert {name: len(set(MAPS[name].values()) - {None}) for name in EXPERIMENTS} == dict.fromkeys(
        EXPERIMENTS, 4
    )


def test_the_demo_corpora_have_classes_in_every_paper():
    found = {
        name: set(mapped(clips(*EMOTIONS), classes).dropna()) for name, classes in MAPS.items()
    }
    assert found["valences"] == set(VALENCES)
    assert found["seven"] == found["loopq"] == set(SEVEN)
    assert found["exp1"] == {"angry", "happy", "neutral", "sad"}
    assert found["exp2"] == {"angry", "neutral", "sad"}  # nobody is excited there
    assert found["exp3"] == {"angry", "happy+excited", "neutral", "sad"}
