"""Recall by listening note: result clip counts in one half of every note, and the value is the plain share."""

import numpy as np
import pandas as pd
import pytest

from sercore.corpora.coraa_ser import NOTES
from sercore.ledger.recorded import Recorded
from sercore.papers.alves2022 import figures
from sercore.papers.alves2022.tables import CLASSES, note_recalls
from sercore.papers.alves2022.trial import SELECTED


@pytest.fixture
def runs():
    """Two seeds that score forty clips in ten recordings once result, and a control that must not be counted."""
    generator = np.random.default_rng(0)
    clips = [(f"r{at % 10}", ["-", "n", "no", "g"][at % 4], at % 3) for at in range(40)]
    rows = [
        (trial, group, note, true, int(generator.integers(3)), 1)
        for trial in range(3)
        for group, note, true in clips
    ]
    trials = pd.DataFrame(
        {
            "trial": range(3),
            "row": SELECTED[2],
            "variant": "as-run",
            "protocol": "clean",
            "control": ["none", "none", "labels shuffled"],
            "seed": [0, 1, 0],
        }
    )
    notes = pd.DataFrame(rows, columns=["trial", "group", "note", "true", "predicted", "count"])
    return Recorded({}, trials, {"notes": notes})


def test_recalls_are_shares_of_the_noted_clips(runs):
    results = note_recalls(runs, SELECTED[2])
    table = runs.parts["notes"]
    table = table[table["trial"] < 2]
    for result in results:
        letter, true = (NOTES[result.note.replace(" ", "_")], CLASSES.index(result.label))
        chosen = table[
            (table["note"].str.contains(letter) == result.is_noted) & (table["true"] == true)
        ]
        assert result.clips == len(chosen) / 2
        assert (result.estimate is None) == (result.clips == 0)
        if result.estimate is None:
            continue
        estimate = result.estimate
        assert estimate.value == pytest.approx((chosen["predicted"] == true).mean())
        assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9
        assert (estimate.seeds, estimate.groups) == (2, chosen["group"].nunique())
        assert estimate.doubt == "2 seeds, and a sign needs 5"
    for note in NOTES:
        assert (
            sum(result.clips for result in results if result.note == note.replace("_", " ")) == 40
        )


def test_what_no_clip_has_is_left_out_of_the_picture(runs):
    results = note_recalls(runs, SELECTED[2])
    assert not any(
        result.clips
        for result in results
        if result.note == "voices in sequence" and result.is_noted
    )
    axes = figures.recalls(results).axes[0]
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert "voices in sequence" not in shown
    assert "no voices in sequence" in shown


def test_other_rows_and_an_empty_ledger_have_none(runs):
    assert note_recalls(runs, SELECTED[0]) == []
    empty = Recorded({}, pd.DataFrame(columns=["trial", "run"]), {"notes": pd.DataFrame()})
    assert note_recalls(empty, SELECTED[2]) == []
