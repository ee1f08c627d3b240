"""The three classes of CORAA SER for any table."""

import pandas as pd
import pytest

from sercore.corpora.labels import THREE, LabelError, three_classes


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
    [("happy", None, "a.wav: gender missing"), ("happy", "unknown", "female or male"), (None, "female", "a.wav: emotion missing")],
)
def test_a_clip_without_a_class_is_refused(emotion, gender, told):
    table = pd.DataFrame({"path": ["b.wav", "a.wav"], "emotion": ["neutral", emotion], "gender": ["male", gender]})
    with pytest.raises(LabelError, match=told):
        three_classes(table)


def test_no_row_no_class():
    assert three_classes(pd.DataFrame({"emotion": [], "gender": []})).empty
