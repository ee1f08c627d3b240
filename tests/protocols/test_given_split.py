"""A split that a researcher gives is the one fold of every chapter, and shares no speaker."""

import numpy as np
import pandas as pd
import pytest

from sercore.protocols import sessions, speakers
from sercore.protocols.speakers import LeakError

SIDES = ("training", "training", "validation", "test")


def table(sides=SIDES, *, corpora=("lab",)):
    """Four speakers of each corpus, each in two classes, on the sides that are given."""
    rows = []
    for corpus in corpora:
        for number, side in enumerate(sides):
            for name in ("angry", "sad"):
                rows.append((corpus, f"s{number}", None, name, side))
    return pd.DataFrame(rows, columns=["corpus", "speaker", "gender", "class", "split"])


def test_it_is_the_one_fold():
    clips = table()
    assert (speakers.count(clips), sessions.count(clips)) == (1, 1)
    expected = ([0, 1, 2, 3], [4, 5], [6, 7])
    for found in (
        speakers.speaker_folds(clips, 0),
        (lambda split: (split.training, split.validation, split.test))(
            speakers.pooled(clips, unseen=())
        ),
    ):
        assert [side.tolist() for side in found] == list(expected)
    training, test = sessions.group_fold(clips, 0)
    assert (training.tolist(), test.tolist()) == ([0, 1, 2, 3, 4, 5], [6, 7])
    for split in (speakers.speaker_folds, sessions.group_fold):
        with pytest.raises(ValueError, match="fold 1: no such fold; this table has 1"):
            split(clips, 1)


def test_an_unseen_corpus_is_on_no_side():
    clips = table(corpora=("lab", "street"))
    split = speakers.pooled(clips, unseen=("street",))
    assert set(clips["corpus"].iloc[np.concatenate([split.training, split.test])]) == {"lab"}
    assert len(split.unseen["street"]) == 8


def test_a_speaker_on_two_sides_is_a_leak():
    clips = table()
    clips.loc[0, "split"] = "test"
    for split in (speakers.speaker_folds, sessions.group_fold):
        with pytest.raises(LeakError, match="speaker lab/s0 is in training and in test"):
            split(clips, 0)


def test_without_a_side_that_validates_an_epoch_cannot_be_chosen():
    clips = table(("training", "training", "training", "test"))
    assert [len(side) for side in sessions.group_fold(clips, 0)] == [6, 2]
    with pytest.raises(ValueError, match="the split has no clip that validates"):
        speakers.speaker_folds(clips, 0)


def test_an_empty_column_gives_nothing():
    assert not speakers.is_given(table((None, None, None, None)))
    assert speakers.count(table((None, None, None, None))) == 4
