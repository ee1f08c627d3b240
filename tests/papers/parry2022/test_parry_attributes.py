"""Attribute labels of clips: what training lacks is missing, what two attributes share is counted, by hand."""

import numpy as np
import pandas as pd
import pytest

from sercore.papers.parry2022.data import (
    SUBSETS,
    Labels,
    attribute_labels,
    identical,
    mutual_information,
    unlearnable,
)

CLIPS = pd.DataFrame(
    [
        ("emodb", "03", "male", "de-DE"),
        ("emodb", "08", "female", "de-DE"),
        ("ravdess", "03", "male", "en-US"),
        ("savee", "DC", "male", "en-GB"),
        ("savee", "JE", None, None),
        ("ravdess", "24", "female", "en-US"),  # held out
        ("tess", "OAF", "female", "EN-ca"),  # unseen
        ("emovo", "f1", "female", "it-IT"),  # unseen
        ("savee", None, "unknown", "en"),
    ],
    columns=["corpus", "speaker", "gender", "language"],
    index=range(10, 19),
)
TRAINING = [0, 1, 2, 3, 4]


def test_fifteen_subsets_in_the_papers_spelling():
    assert (
        *("C", "S", "G", "L", "C+S", "C+G", "C+L", "S+G", "S+L", "G+L"),
        *("C+S+G", "C+S+L", "C+G+L", "S+G+L", "C+S+G+L"),
    ) == SUBSETS


@pytest.mark.parametrize(
    ("letter", "classes", "values"),
    [
        ("C", ("emodb", "ravdess", "savee"), [0, 0, 1, 2, 2, 1, -1, -1, 2]),
        (
            "S",
            ("emodb/03", "emodb/08", "ravdess/03", "savee/DC", "savee/JE"),
            [0, 1, 2, 3, 4, -1, -1, -1, -1],
        ),
        ("G", ("female", "male"), [1, 0, 1, 1, -1, 0, 0, 0, -1]),
        ("L", ("de", "en"), [0, 0, 1, 1, -1, 1, 1, -1, 1]),
    ],
)
def test_labels_by_hand(letter, classes, values):
    found = attribute_labels(CLIPS, TRAINING)
    assert list(found) == ["C", "S", "G", "L"]
    assert found[letter].classes == classes
    assert found[letter].values.dtype == np.int64
    assert found[letter].values.tolist() == values


def test_what_nothing_can_be_learned_from_is_told():
    women = [1, 5]
    found = unlearnable(attribute_labels(CLIPS.assign(language=None), women), women)
    assert found == {
        "G": "gender: of 2 training clips all are female; expected two classes or more",
        "L": "language: of 2 training clips none has a label; expected two classes or more",
    }
    assert unlearnable(attribute_labels(CLIPS, TRAINING), TRAINING) == {}


def of(**values: list[int]) -> dict[str, Labels]:
    return {
        letter: Labels(np.array(each), tuple("abcd"[: max(each) + 1]))
        for letter, each in values.items()
    }


@pytest.mark.parametrize(
    ("values", "pairs"),
    [
        ({"C": [0, 1, 1, 0], "L": [1, 0, 0, 1]}, [("C", "L")]),
        ({"C": [0, 1, 2, 0], "L": [1, 0, 0, 1]}, []),
        ({"C": [0, 0, 1, 1], "L": [0, 1, 0, 1]}, []),
        ({"C": [0, 0, 0, 0], "L": [1, 1, 1, 1]}, [("C", "L")]),
        ({"C": [0, -1, 1, 1], "L": [1, -1, 0, 0]}, [("C", "L")]),
        ({"C": [0, -1, 1, 1], "L": [-1, 1, 0, 0]}, []),
        (
            {"C": [0, 1, 1, 0], "G": [1, 0, 0, 1], "L": [1, 0, 0, 1]},
            [("C", "G"), ("C", "L"), ("G", "L")],
        ),
    ],
)
def test_identical_up_to_renaming(values, pairs):
    assert identical(of(**values), range(4)) == pairs


def test_only_the_rows_that_train_decide_what_is_identical():
    values = of(C=[0, 1, 1, 0], L=[0, 1, 1, 1])
    assert identical(values, [0, 1, 2]) == [("C", "L")]
    assert identical(values, range(4)) == []


def test_mutual_information_by_hand():
    values = of(C=[0, 0, 1, 1, 0], S=[0, 1, 2, 3, 0], G=[0, 1, 0, 1, 0], L=[0, 0, 0, 1, 0])
    found = mutual_information(
        values, range(4), emotion=["sad", "happy", "sad", "happy", "neutral"]
    )
    quarter = 2 - 0.75 * np.log2(3)  # entropy of one in four, in bits: 0.811
    shared = 1 + quarter - 1.5  # C and L together: two clips alike, two alone, 1.5 bits
    expected = pd.DataFrame(
        [
            [1, 1, 0, shared, 0],
            [1, 2, 1, quarter, 1],
            [0, 1, 1, shared, 1],
            [shared, quarter, shared, quarter, shared],
            [0, 1, 1, shared, 1],
        ],
        *[["corpus", "speaker", "gender", "language", "emotion"]] * 2,
    )
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, atol=1e-12)
    pd.testing.assert_frame_equal(mutual_information(values, range(4)), found.iloc[:4, :4])


def test_mutual_information_leaves_missing_labels_out():
    values = of(C=[0, 0, 1, 1], G=[0, -1, 1, -1]) | {"L": Labels(np.full(4, -1), ())}
    found = mutual_information(values, range(4))
    assert found.loc["corpus", "gender"] == pytest.approx(1)  # of two clips
    assert found.loc["corpus", "corpus"] == pytest.approx(1)
    assert found["language"].isna().all()
