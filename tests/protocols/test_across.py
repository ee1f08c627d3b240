"""Across corpora: one trains, the others are tested; nothing of them chooses an epoch."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sercore.protocols.speakers import across


def table(*sizes: int) -> pd.DataFrame:
    """Corpora a, b, … of so many speakers; each says both classes twice."""
    rows = [
        (name, f"{at:02d}", "female" if at % 2 else "male", label, text)
        for name, size in zip("abcdef", sizes, strict=False)
        for at in range(size)
        for label in ("angry", "neutral")
        for text in ("t1", "t2")
    ]
    return pd.DataFrame(rows, columns=["corpus", "speaker", "gender", "class", "text"])


@given(
    sizes=st.lists(st.integers(2, 9), min_size=2, max_size=4),
    order=st.randoms(use_true_random=False),
    data=st.data(),
)
def test_each_clip_is_on_one_side_and_only_the_source_is_seen(sizes, order, data):
    source = data.draw(st.sampled_from("abcd"[: len(sizes)]))
    clips = table(*sizes)
    clips = clips.iloc[order.sample(range(len(clips)), len(clips))]  # in any order, under any index
    training, validation, test = (clips.iloc[rows] for rows in across(clips, source=source))
    assert len(training) + len(validation) + len(test) == len(clips)
    assert set(training["corpus"]) == set(validation["corpus"]) == {source}
    assert set(test["corpus"]) == set(clips["corpus"]) - {source}
    assert not set(training["speaker"]) & set(validation["speaker"])


@pytest.mark.parametrize(("sizes", "source"), [((3, 3), "c"), ((3,), "a")])
def test_a_source_without_others_is_refused(sizes, source):
    with pytest.raises(ValueError, match=f"{source} cannot train across corpora: the table has"):
        across(table(*sizes), source=source)


def test_a_class_that_a_side_lacks_is_refused():
    clips = table(3, 2)
    clips.loc[clips["corpus"] == "b", "class"] = "neutral"
    with pytest.raises(ValueError, match="test has 8 clips and none of class angry"):
        across(clips, source="a")
