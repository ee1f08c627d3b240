"""The report's splits over clips: 8085 training clips by origin, 8086 by label."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore.corpora import labels, load
from sercore.protocols.splits import by_label, by_origin
from tests.corpora import trees

# Biagini 2022, Table 1, by corpus and the corpus' own label; of SAVEE's 98 angry clips 49 are sadness under a wrong name.
TABLE_1 = {
    "crema-d": {"ANG": 1058, "DIS": 1085, "FEA": 1082, "HAP": 1084, "NEU": 939, "SAD": 1058},
    "ravdess": {"05": 163, "07": 154, "06": 163, "03": 155, "01": 81, "04": 162, "08": 163},
    "savee": {"a": 49, "sa": 49, "d": 52, "f": 51, "h": 48, "n": 97, "su": 51},
    "tess": {
        "angry": 333,
        "disgust": 338,
        "fear": 332,
        "happy": 347,
        "neutral": 335,
        "sad": 335,
        "ps": 346,
    },
}
WHERE = {
    "crema-d": (trees.cremad, lambda stem: stem.split("_")[2]),
    "ravdess": (trees.ravdess, lambda stem: stem.split("-")[2]),
    "savee": (trees.savee, lambda stem: stem.split("_")[1].rstrip("0123456789")),
    "tess": (trees.tess, lambda stem: stem.split("_")[2]),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> pd.DataFrame:
    """Trees with Table 1's counts, loaded and given the report's labels."""
    root, found = tmp_path_factory.mktemp("corpora"), []
    for corpus, (names, label) in WHERE.items():
        key = lambda name, label=label: label(Path(name).stem)  # noqa: E731
        kept = [
            name
            for own, part in groupby(sorted(names(), key=key), key)
            for name in list(part)[: TABLE_1[corpus].get(own, 0)]
        ]
        trees.plant(root / corpus, kept)
        found.append(load(corpus, root=root).table)
    clips = pd.concat(found, ignore_index=True)
    return clips.join(labels.mapped(clips, labels.seven_classes(loopq_labels=True)))


def test_the_trees_are_table_1(table):
    assert table["class"].value_counts().to_dict() == {
        "angry": 1652, "disgust": 1629, "fear": 1628, "happy": 1634, "neutral": 1452, "sadness": 1555, "surprise": 560,
    }  # fmt: skip
    assert Counter(table["corpus"]) == {
        "crema-d": 6306,
        "ravdess": 1041,
        "savee": 397,
        "tess": 2366,
    }
    assert Counter(table.loc[table["corpus"] == "savee", "class"])["sadness"] == 0


def test_by_origin_trains_on_8085_clips_as_the_report_prints(table):
    train, validation = by_origin(table, generator=np.random.default_rng(0))
    assert (len(train), len(validation)) == (8085, 2025)
    assert Counter(table["corpus"].iloc[train]) == {
        "crema-d": 5044,
        "ravdess": 832,
        "savee": 317,
        "tess": 1892,
    }


def test_by_label_trains_on_one_clip_more(table):
    train, validation = by_label(table, generator=np.random.default_rng(0))
    assert (len(train), len(validation)) == (8086, 2024)
    assert Counter(table["class"].iloc[train]) == {
        name: int(0.8 * size) for name, size in Counter(table["class"]).items()
    }


@settings(max_examples=40)
@given(sizes=st.lists(st.integers(2, 90), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_each_part_gives_its_share_and_each_clip_is_on_one_side(sizes, seed):
    names = np.random.default_rng(seed).permutation(
        np.repeat([f"n{at}" for at in range(len(sizes))], sizes)
    )
    clips = pd.DataFrame({"corpus": names, "class": names}, index=range(7, 7 + len(names)))
    for split in (by_origin, by_label):
        train, validation = split(clips, generator=np.random.default_rng(seed))
        assert sorted([*train, *validation]) == list(range(len(names)))
        assert Counter(names[train]) == Counter(
            {f"n{at}": size * 4 // 5 for at, size in enumerate(sizes)}
        )
        assert np.array_equal(split(clips, generator=np.random.default_rng(seed))[0], train)


def test_every_clip_is_drawn_equally_often():
    clips = pd.DataFrame({"corpus": ["a"] * 10 + ["b"] * 5})
    generator = np.random.default_rng(0)
    times = np.bincount(
        np.concatenate([by_origin(clips, generator=generator)[0] for _ in range(2000)]),
        minlength=15,
    )
    assert np.allclose(times / 2000, 0.8, atol=0.045)  # five standard errors


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("corpus", ["a", "a", "b"], "corpus b has 1 clip"),
        ("class", ["a", "a", "b"], "class b has 1 clip"),
        ("class", ["a", None, "a"], "1 of 3 clips have no class"),
    ],
)
def test_what_a_split_refuses(column, values, told):
    with pytest.raises(ValueError, match=told):
        (by_origin if column == "corpus" else by_label)(
            pd.DataFrame({column: values}), generator=np.random.default_rng(0)
        )
