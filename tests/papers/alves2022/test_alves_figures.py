"""Figures of chapter 1: what is drawn is what was given, every text is legible, what cannot be drawn is told."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import same_color, to_hex

from sercore.evaluation.estimates import Estimate
from sercore.evaluation.scores import F1
from sercore.ledger.claims import READINGS
from sercore.ledger.entries import Ledger
from sercore.papers.alves2022 import claims, figures
from sercore.papers.alves2022.paper import PAPER
from sercore.papers.alves2022.tables import NotedRecall
from sercore.papers.alves2022.trial import SELECTED
from tests.report.legible import legible

NOTES = {
    "neutral": {
        "noise": 30,
        "overlapping voices": 12,
        "different genders": 5,
        "voices in sequence": 0,
    },
    "non-neutral": {
        "noise": 9,
        "overlapping voices": 6,
        "different genders": 2,
        "voices in sequence": 1,
    },
}
TOTALS = {"neutral": 40, "non-neutral": 9}


def recall(note, is_noted, label, value, low, high, clips) -> NotedRecall:
    estimate = Estimate(value=value, low=low, high=high, seeds=5, groups=84)
    about = {"note": note, "is_noted": is_noted, "label": label}
    return NotedRecall(estimate=estimate, clips=clips, **about)


RECALLS = [
    recall("noise", True, "neutral", 0.9, 0.8, 1.0, 357),
    recall("noise", True, "non-neutral female", 0.4, 0.2, 0.7, 63),
    recall("noise", False, "neutral", 0.7, 0.5, 0.8, 134),
    recall("noise", False, "non-neutral female", 1.0, float("nan"), float("nan"), 3),
]


def test_bars_are_as_high_as_the_counts_and_outlines_as_the_class():
    figure = figures.listening_notes(NOTES, TOTALS)
    for axes, (name, counts) in zip(figure.axes, NOTES.items(), strict=True):
        outlines, bars = axes.containers
        assert [bar.get_height() for bar in bars] == list(counts.values())
        assert {bar.get_height() for bar in outlines} == {TOTALS[name]}
        assert [text.get_text() for text in axes.texts] == [str(count) for count in counts.values()]
        assert axes.get_title() == f"{name}, {TOTALS[name]} clips"
        assert [label.get_text().replace("\n", " ") for label in axes.get_xticklabels()] == list(
            counts
        )
    legible(figure)


def test_more_notes_than_clips_are_told():
    with pytest.raises(ValueError, match="neutral: a note has 30 clips; the class has 29"):
        figures.listening_notes(NOTES, TOTALS | {"neutral": 29})


def test_recalls_stand_at_their_values_within_their_bounds_each_in_its_class_colour():
    figure = figures.recalls(RECALLS)
    axes = figure.axes[0]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    spans = [
        line
        for line in axes.lines
        if line.get_marker() == "None" and len(set(line.get_ydata())) == 1 and line.get_alpha()
    ]
    assert [point.get_xdata()[0] for point in points] == [row.estimate.value for row in RECALLS]
    assert [tuple(span.get_xdata()) for span in spans] == [
        (row.estimate.low, row.estimate.high) for row in RECALLS if np.isfinite(row.estimate.low)
    ]
    assert [text.get_text() for text in axes.texts] == [f"{row.clips} clips" for row in RECALLS]
    assert [point.get_label() for point in points] == [row.label for row in RECALLS]
    assert len({to_hex(point.get_color()) for point in points}) == 2
    assert [round(point.get_ydata()[0]) for point in points] == [0, 0, 1, 1]
    assert axes.yaxis_inverted()
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "neutral",
        "non-neutral female",
    ]
    legible(figure)


class Rows:
    """A ledger of so many rows, the first submitted with 0.5, and some on another encoder."""

    def __init__(self, count, substituted=()):
        self.substituted = substituted
        self.printed = [
            SimpleNamespace(
                table="Table 3",
                row=SELECTED[at]
                if at < 3
                else f"({at + 10}) Seq. all prosodic and wav2vec + SMOTE + CG",
                metric=F1,
                value=v,
            )
            for at, v in enumerate(np.linspace(0.9, 0.3, count))
        ]
        test = SimpleNamespace(table="Table 2", metric="macro_f1_official_test", value=0.5)
        self.printed += [test] * 3

    @property
    def rows(self):
        return [number for number in self.printed if number.metric == F1]

    def inputs(self, row):
        at = [number.row for number in self.rows].index(row)
        return "toy" if at in self.substituted else ""

    def trials(self, row):
        return row

    def cell(self, row, metric, *, protocol):
        value = 0.8 if protocol == "as-published" else 0.4
        run = {"run_low": value - 0.15, "run_high": value + 0.1}
        return Estimate(value=value, low=value - 0.1, high=value + 0.05, seeds=5, groups=84, **run)


def test_one_run_is_drawn_as_published_and_the_mean_clean():
    axes = figures.protocols(Rows(3)).axes[0]
    lines = [line for line in axes.lines if line.get_marker() == "None"]
    spans = [line.get_xydata() for line in lines if line.get_alpha() == 0.5]
    bounds = {tuple(np.round(span[:, 1], 9).tolist()) for span in spans}
    assert bounds == {(0.65, 0.9), (0.3, 0.45)}


def test_only_substituted_rows_are_hollow():
    ledger = Rows(4, substituted=[3])
    axes = figures.protocols(ledger).axes[0]
    points = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    hollow = [same_color(point.get_markerfacecolor(), "white") for point in points]
    lowest = min(number.value for number in ledger.rows)
    assert hollow == [point.get_xdata()[0] == lowest for point in points]
    assert sum(hollow) == 2
    plain = figures.protocols(Rows(4))
    assert "hollow" not in " ".join(text.get_text() for text in plain.legends[0].texts)


def test_rows_stand_above_their_printed_score():
    ledger = Rows(26, substituted=range(10))
    figure = figures.protocols(ledger)
    legible(figure)
    axes = figure.axes[0]
    for marker, height in (("o", 0.8), ("s", 0.4)):
        points = [line for line in axes.lines if line.get_marker() == marker]
        assert [point.get_xdata()[0] for point in points] == [
            number.value for number in ledger.rows
        ]
        assert {point.get_ydata()[0] for point in points} == {height}
        assert [same_color(point.get_markerfacecolor(), "white") for point in points] == [
            True
        ] * 10 + [False] * 16
    stars = [line for line in axes.lines if line.get_marker() == "*"]
    assert [(star.get_xdata()[0], star.get_ydata()[0]) for star in stars] == [
        (number.value, 0.5) for number in ledger.rows[:3]
    ]
    assert figure.legends[0].get_window_extent().y0 >= axes.get_window_extent().y1


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (["MT 56 +S over MT W +S", "MT 56 +S over MT 8 +S"], ["over W +S", "over 8 +S"]),
        (["MT 8 +S over Seq. 8 +S", "MT W -S over Seq. W -S"], ["8 +S", "W -S"]),
        (["MT 29 +S over MT 10 +S", "MT 10 -S over MT 8 -S"], ["MT +S: 29 over 10", "MT -S: 10 over 8"]),
        (["MT 56 +S", "Seq. W -S"], ["MT 56 +S", "Seq. W -S"]),
    ],
)  # fmt: skip
def test_a_row_says_what_differs_between_its_pair(names, rows):
    assert figures._rows(names) == rows


def test_pairs_are_the_differences_that_their_claims_rest_on(monkeypatch):
    monkeypatch.setattr(
        figures, "COMPARED", {"macro F1": {"A7": "small sets"}, "recall": {"A10": "neutral"}}
    )
    ledger = Ledger(PAPER)
    panels = figures.pairs_data(ledger)
    left, right = panels["macro F1"], panels["recall"]
    (claim,) = [claim for claim in claims.CLAIMS if claim.name == "A7"]
    gaps = [gap for reading in READINGS[:2] for gap in claim.judge.gaps(ledger, reading)]
    assert [effect.value for effect in left] == [gap.value for gap in gaps]
    assert [(effect.low, effect.high) for effect in left] == [(gap.low, gap.high) for gap in gaps]
    assert [effect.series for effect in left] == ["as-published"] * 3 + ["clean"] * 3
    assert left[0].row == "MT +S +C: 29 over 10"
    assert {effect.group for effect in right} == {"A10 neutral"}
    assert len(right) == 6
    assert all(effect.is_judged for effect in [*left, *right])
    legible(figures.pairs(panels))
    nothing = figures.pairs_data(SimpleNamespace(trials=lambda *_, **__: None))
    assert nothing == {"macro F1": [], "recall": []}
