"""Trees of all eight corpora of paper 02: six pooled, three languages, the speakers of each side, the counts of the classes."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from sercore.corpora import COLUMNS, labels, load
from sercore.papers.parry2022 import data as parry_data
from sercore.protocols.speakers import pooled
from tests.corpora import trees

UNSEEN = ("tess", "crema-d")
# speakers who train, validate and are tested; positive, neutral and negative clips
FACTS = {
    "emodb": ((8, 1, 1), (71, 79, 385)),
    "emovo": ((4, 1, 1), (168, 84, 336)),
    "epst": ((5, 1, 1), (56, 14, 140)),  # made up: seven actors, two dates, fifteen labels
    "iemocap": ((8, 1, 1), (1636, 1708, 2187)),  # the excerpt of four classes
    "ravdess": ((20, 2, 2), (384, 288, 768)),
    "savee": ((2, 1, 1), (120, 120, 240)),
}


@pytest.fixture(scope="module")
def table(speech, tmp_path_factory):
    """Clips of all eight corpora with their class."""
    if not (speech / "lists").is_dir():
        pytest.skip(f"needs the file lists: no folder {speech / 'lists'}")
    root = trees.parry(tmp_path_factory.mktemp("corpora"), speech / "lists")
    found = pd.concat(
        [load(name, root=root).table[COLUMNS] for name in (*FACTS, *UNSEEN)], ignore_index=True
    )
    classes = labels.mapped(found, labels.valences())
    return found.assign(**{"class": classes})[classes.notna()].reset_index(drop=True)


@pytest.fixture(scope="module")
def split(table):
    return pooled(table, unseen=UNSEEN)


def speakers(table, rows) -> Counter:
    return Counter(table.iloc[rows].drop_duplicates(["corpus", "speaker"])["corpus"])


def test_six_corpora_three_languages_and_their_training_speakers(table, split):
    found = parry_data.attribute_labels(table, split.training)
    assert found["C"].classes == tuple(FACTS)
    assert found["L"].classes == ("de", "en", "it")
    assert len(found["S"].classes) == sum(sides[0] for sides, _ in FACTS.values()) == 47
    assert {"emodb/03", "ravdess/03"} <= set(found["S"].classes)
    held = np.concatenate([split.validation, split.test])
    assert (found["S"].values[held] == -1).all()
    assert (found["C"].values[held] >= 0).all()
    assert all((found[letter].values[split.training] >= 0).all() for letter in found)
    assert parry_data.identical(found, split.training) == []
    shared = parry_data.mutual_information(found, split.training)
    assert shared.loc["corpus", "language"] == pytest.approx(
        shared.loc["language", "language"]
    )  # corpus tells the language


def test_speakers_of_each_side(table, split):
    sides = [speakers(table, rows) for rows in (split.training, split.validation, split.test)]
    assert {name: tuple(side[name] for side in sides) for name in FACTS} == {
        name: counts for name, (counts, _) in FACTS.items()
    }


@pytest.mark.parametrize("side", ["validation", "test"])
def test_both_sexes_are_held_out_and_every_class(table, split, side):
    held = table.iloc[getattr(split, side)]
    assert set(held["gender"]) == {"female", "male"}
    assert set(held["class"]) == set(labels.VALENCES)


def test_clips_of_each_class(table, split):
    inside = table.drop(index=np.concatenate([*split.unseen.values()]))
    counts = pd.crosstab(inside["corpus"], inside["class"])[list(labels.VALENCES)]
    assert {
        name: tuple(row) for name, row in zip(counts.index, counts.to_numpy().tolist(), strict=True)
    } == {name: classes for name, (_, classes) in FACTS.items()}
    assert {name: len(rows) for name, rows in split.unseen.items()} == {
        "tess": 2800,
        "crema-d": 7442,
    }
