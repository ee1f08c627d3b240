"""Figures of chapter 5: what leaks add, printed differences beside luck, and intervals by speakers."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from sercore.corpora.clips import TITLES
from sercore.evaluation.estimates import Estimate
from sercore.ledger.entries import Ledger
from sercore.papers.luck import numbers
from sercore.papers.luck.numbers import LISTS, MANY, WIDTHS
from sercore.papers.luck.trial import MODELS
from sercore.report.figures import (
    FONT,
    MUTED,
    WIDTH,
    Effect,
    colours,
    forest,
    hover,
    legend,
    lines_across,
)

PANELS = {
    "scaler": "scaler fitted\non all clips",
    "speakers": "test speakers\nin training",
    "SMOTE": "SMOTE before\nthe split",
    "made-up rows": "and made-up\nrows scored",
}
SHADES = colours(MODELS)
YARDSTICKS = {"seed": (MUTED[0], "-"), "split": (MUTED[1], "--"), "same split": (MUTED[2], ":")}


def leaks(estimates: Mapping[tuple[str, str, str], Estimate]) -> Figure:
    """Draw what each leak adds to the UA of each corpus, with intervals; a panel for each leak."""
    corpora = dict.fromkeys(corpus for _, corpus, _ in estimates)
    panels = {}
    for leak, title in PANELS.items():
        effects = panels[title] = []
        for corpus in corpora:
            for model in MODELS:
                gap = estimates.get((leak, corpus, model))
                about = {"group": "", "row": TITLES.get(corpus, corpus), "series": model}
                if gap is None:
                    effects.append(Effect(value=np.nan, **about))
                    continue
                bounds = {"value": gap.value, "low": gap.low, "high": gap.high}
                effects.append(Effect(**bounds, is_judged=not gap.doubt, **about))
    return forest(panels, shades=SHADES, unit="points of UA that the leak adds")


def printed(ledger: Ledger) -> Figure:
    """Draw the differences between neighbouring printed systems beside what luck makes."""
    size = {"figsize": (WIDTH, 2.6), "layout": "constrained"}
    figure, grid = plt.subplots(1, len(LISTS), sharey=True, **size)
    generator = np.random.default_rng(0)
    for axes, listed in zip(grid, LISTS.values(), strict=True):
        differences = listed.differences()
        places = generator.uniform(-0.3, 0.3, len(differences))
        style = {"color": "0.35", "markersize": 4, "alpha": 0.7}
        axes.plot(places, differences, "D", label="printed, neighbours in rank", **style)
        for name, yardstick in numbers.yardsticks(ledger, listed).items():
            colour, line = YARDSTICKS[name]
            label = f"luck of the {name}" if name != "same split" else "luck of one shared split"
            (mark,) = axes.plot([-0.45, 0.45], [yardstick.value] * 2, line, color=colour)
            mark.set(label=label, marker="None")
            hover(mark, f"{label}: {yardstick.value:.1f} points")
            axes.axhspan(yardstick.low, yardstick.high, color=colour, alpha=0.12, linewidth=0)
        axes.set(yscale="log", xticks=[], xlim=(-0.5, 0.5), ylim=(0.008, 30))
        axes.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
        axes.set_title(listed.title, fontsize=FONT + 1)
        lines_across(axes)
    grid[0].set_ylabel("difference in points", fontsize=FONT)
    legend(figure)
    sns.despine(figure)
    return figure


def speakers(ledger: Ledger) -> Figure:
    """Draw the width of a test set's interval against its number of speakers, and its coverage."""
    size = {"figsize": (WIDTH, 2.6), "layout": "constrained"}
    figure, (left, right) = plt.subplots(1, 2, **size)
    fine = np.linspace(min(WIDTHS), max(WIDTHS), 200)
    for model, colour in SHADES.items():
        values = numbers.speaker_scores(ledger, model).mean(1)
        rows = numbers.by_speakers(values)
        places, ranges = zip(*((row.speakers, row.range) for row in rows), strict=True)
        curve = numbers.TWO_RUNS * np.sqrt(2) * values.std(ddof=1) / np.sqrt(fine)
        left.plot(fine, curve, "-", color=colour, linewidth=0.8, marker="None", label="1/\u221an")
        widths = [row.width for row in rows]
        style = {"color": colour, "markersize": 5, "linestyle": ""}
        left.plot(places, ranges, "o", label=f"{model}: scores of such test sets", **style)
        style["markerfacecolor"] = "white"
        left.plot(places, widths, "s", label=f"{model}: intervals that they give", **style)
        right.plot(places, [100 * row.coverage for row in rows], "s-", color=colour, markersize=4)
        for row in rows:
            (mark,) = left.plot(row.speakers, row.range, "o", color=colour, markersize=5)
            hover(mark, f"{model}, {row.speakers} speakers: {row.range:.1f} points")
    right.axhline(95, color="0.6", linewidth=1)
    left.set_ylabel("width in points of UA", fontsize=FONT)
    right.set_ylabel("hold the truth, %", fontsize=FONT)
    for axes in (left, right):
        axes.set_xlabel(f"tested speakers of {TITLES[MANY]}", fontsize=FONT)
        axes.set_xticks(WIDTHS)
        lines_across(axes)
    left.set_ylim(0)
    right.set_ylim(0, 100)
    legend(figure)
    sns.despine(figure)
    return figure
