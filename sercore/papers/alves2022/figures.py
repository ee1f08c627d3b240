"""Figures of chapter 1: scores beside the printed ones, and what a listener noted."""

import itertools
from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sercore.evaluation.estimates import Estimate, level
from sercore.evaluation.scores import BALANCED_F1, F1
from sercore.ledger.claims import READINGS, Ordered
from sercore.ledger.entries import Ledger
from sercore.ledger.paper import Printed
from sercore.papers.alves2022 import claims, numbers
from sercore.papers.alves2022.numbers import official_tests
from sercore.papers.alves2022.study import CLASSES, CONTROLLED, ORDERS, PROTOCOLS, VARIANTS
from sercore.papers.alves2022.tables import NotedRecall
from sercore.papers.alves2022.trial import SELECTED
from sercore.report.figures import (
    COLOURS,
    FONT,
    MUTED,
    WIDTH,
    Effect,
    colours,
    confusions,
    forest,
    hover,
    interval,
    legend,
    lines_across,
    scatter,
)

# Lines of the waterfall: colour, control, measure and style.
LINES = {
    "networks": (MUTED[1], "none", F1, "o-"),
    "networks, classes weighted equally": (MUTED[3], "none", BALANCED_F1, "o--"),
    "logistic regression": (MUTED[2], "logistic regression", F1, "s-"),
    "networks, labels shuffled": (MUTED[0], "labels shuffled", F1, "^-"),
}
# Claims that compare rows, in words, in a panel for each score that they compare.
COMPARED = {
    "macro F1": {"A4": "Seq. 56+W +S +C", "A5": "MT 56+W +S −C", "A6": "MT over Seq."},
    "macro F1 ": {"A7": "small sets", "A8": "change gender", "A9": "SMOTE"},
    "recall": {"A10": "over neutral"},
}
TEST = {"color": COLOURS["test"], "label": "printed, official test"}


def protocols(ledger: Ledger) -> Figure:
    """Draw each recorded row at its printed score: ours as published, ours clean, and the test's.

    Rows that read another encoder than the paper's are hollow.
    """
    submitted = _submitted(ledger)
    figure, axes = plt.subplots(figsize=(WIDTH, 3.1), layout="constrained")
    axes.plot([0.25, 0.95], [0.25, 0.95], color="0.6", linewidth=1, zorder=0)
    axes.text(0.945, 0.865, "as printed", color="0.4", fontsize=FONT, ha="right")
    for number in _recorded(ledger):
        for protocol, marker in (("as-published", "o"), ("clean", "s")):
            cell = ledger.cell(number.row, F1, protocol=protocol)
            if cell is None:
                continue
            colour = COLOURS[protocol]
            bounds = _bounds(cell, protocol)
            if np.isfinite(bounds).all():
                axes.plot([number.value] * 2, bounds, color=colour, linewidth=1.2, alpha=0.5)
            style = {"color": colour, "markersize": 4.5, "label": f"ours, {protocol}"}
            face = "white" if ledger.inputs(number.row) else colour
            style |= {"markerfacecolor": face}
            (point,) = axes.plot(number.value, cell.value, marker, **style)
            hover(point, f"{number.row}, {protocol}: {cell.value:.3f}, printed {number.value:g}")
        if number.row in submitted:
            test = submitted[number.row]
            (star,) = axes.plot(number.value, test, "*", markersize=10, **TEST)
            hover(star, f"{number.row}, official test: {test:g}")
    axes.set(xlabel="printed macro F1, cross-validated", ylabel="macro F1")
    axes.set(xlim=(0.26, 0.95), ylim=(0.15, 1.0))
    legend(figure, _hollow("another encoder", ledger))
    sns.despine(figure)
    return figure


def waterfall(ledger: Ledger) -> Figure:
    """Draw the macro F1 of the headline's rows behind each step towards the clean protocol.

    Thin lines are rows, thick ones their mean, in both orders of the steps.
    """
    figure, grid = plt.subplots(
        1, len(ORDERS), figsize=(WIDTH, 2.8), layout="constrained", sharey=True
    )
    for axes, (order, steps) in zip(grid, ORDERS.items(), strict=True):
        for row in numbers.headline(ledger):
            heights = [
                level(trials, F1).value for trials in numbers.behind_steps(ledger, [row], order)[0]
            ]
            (line,) = axes.plot(heights, color=LINES["networks"][0], linewidth=0.6, alpha=0.35)
            hover(line, row)
        for label, (colour, control, measure, style) in LINES.items():
            means = numbers.means(ledger, order, control=control, measure=measure)
            heights = [mean.value for mean in means]
            axes.plot(heights, style, color=colour, markersize=4.5, label=label)
            for place, mean in enumerate(means):
                axes.plot([place] * 2, [mean.low, mean.high], color=colour, alpha=0.5)
        ticks = [fill(tick, 10) for tick in ("as published", *steps)]
        axes.set_xticks(range(len(ticks)), ticks, fontsize=FONT)
        axes.set_title({"forwards": "first to last", "backwards": "last to first"}[order])
        axes.title.set_fontsize(FONT + 1)
        lines_across(axes)
    grid[0].set_ylabel("macro F1", fontsize=FONT)
    legend(figure)
    sns.despine(figure)
    return figure


def factorial(ledger: Ledger) -> Figure:
    """Draw the clean macro F1 of every model with every way to fill the small classes."""
    panels: dict[str, list[Effect]] = {}
    for variant in VARIANTS:
        for way, words in numbers.WAYS.items():
            for model, (row, control) in numbers.MODELS.items():
                about = {"variant": variant, "protocol": "clean", "control": control}
                cell = ledger.cell(row.format(way), F1, **about)
                if cell is not None:
                    values = {"value": cell.value, "low": cell.low, "high": cell.high}
                    mark = Effect(group=words, row="", series=model, **values)
                    panels.setdefault(variant, []).append(mark)
    shades = dict(zip(numbers.MODELS, MUTED, strict=False))
    constant = ledger.cell(CONTROLLED, F1, protocol="clean", control="always neutral")
    return forest(panels, shades=shades, unit="macro F1, clean", zero=constant.value)


def pairs_data(ledger: Ledger) -> dict[str, list[Effect]]:
    """Return the differences on which claims A4 to A10 rest, as published and clean, by panel."""
    by_name = {claim.name: claim.judge for claim in claims.CLAIMS}
    panels = {}
    for score, compared in COMPARED.items():
        effects = panels[score] = []
        for (name, words), reading in itertools.product(compared.items(), READINGS[:2]):
            judge = by_name[name]
            if isinstance(judge, Ordered):
                gaps = judge.gaps(ledger, reading)
            else:
                gaps = claims.neutral_gaps(ledger, reading)
            names = [" over ".join(map(claims.short, gap.name.split(" over "))) for gap in gaps]
            for row, gap in zip(_rows(names), gaps, strict=True):
                if gap.by_seed:
                    about = {"group": f"{name} {words}", "row": row.replace("-", "−")}
                    effects.append(Effect.of(gap, series=reading.protocol, **about))
    return panels


def _rows(names: Sequence[str]) -> list[str]:
    """Shorten "MT 56 +S over MT 8 +S" to "MT +S: 56 over 8", less what is said of every pair."""
    pairs = [[words.split() for words in name.split(" over ")] for name in names]
    if len(pairs[0]) == 1:
        return list(names)
    if all(one == pairs[0][0] for one, _ in pairs):
        return ["over " + " ".join(other[1:]) for _, other in pairs]
    common, differing = [], []
    for one, other in pairs:
        common.append(" ".join(word for word in one if word in other))
        parts = [[word for word in one if word not in other], [w for w in other if w not in one]]
        differing.append(" over ".join(map(" ".join, parts)))
    if len(set(differing)) == 1:
        return common
    return [f"{same}: {other}" for same, other in zip(common, differing, strict=True)]


def pairs(panels: Mapping[str, Sequence[Effect]]) -> Figure:
    """Draw the differences of the claims that compare rows, as published and clean."""
    shades = {name: COLOURS[name] for name in ("as-published", "clean")}
    drawn = {score: panel for score, panel in panels.items() if panel}
    return forest(drawn, shades=shades, unit="difference in the score named above")


def confusion_matrices(ledger: Ledger) -> Figure:
    """Draw the confusion matrices of the selected rows, printed and ours.

    Source: Alves et al. 2022, Table 5.
    """
    rows = []
    for row in SELECTED:
        rows.append([(title, matrix, "NFM") for title, matrix in numbers.confusions(ledger, row)])
    return confusions(rows, names=[claims.short(row).replace("-", "−") for row in SELECTED])


def listening_notes(notes: Mapping[str, Mapping[str, int]], totals: Mapping[str, int]) -> Figure:
    """Draw how many clips of each class have a note; outlines are all clips of the class.

    Source: Alves et al. 2022, Figure 1.
    """
    size = {"figsize": (WIDTH, 2.9), "layout": "constrained", "squeeze": False}
    figure, grid = plt.subplots(1, len(notes), **size)
    shades = colours(notes)
    for axes, (name, counts_by_note) in zip(grid[0], notes.items(), strict=True):
        names, counts = zip(*counts_by_note.items(), strict=True)
        total = totals[name]
        if max(counts) > total:
            raise ValueError(
                f"{name}: a note has {max(counts)} clips; the class has {total}: count both on the "
                "same clips"
            )
        outline = {"facecolor": "none", "edgecolor": "0.6", "linewidth": 1}
        axes.bar(range(len(names)), [total] * len(names), width=0.7, **outline)
        bars = axes.bar(range(len(names)), counts, width=0.7, color=shades[name])
        axes.bar_label(bars, fontsize=FONT + 1, padding=2)
        axes.set_xticks(range(len(names)), [fill(note, 11) for note in names], fontsize=FONT)
        axes.set_title(f"{name}, {total} clips", fontsize=FONT + 2)
        axes.tick_params(axis="y", labelsize=FONT)
        axes.set_ylabel("clips", fontsize=FONT)
        sns.despine(ax=axes)
    return figure


def recalls(results: Sequence[NotedRecall]) -> Figure:
    """Draw the recall of each class by listening note; what no clip has is left out."""
    drawn = [result for result in results if result.estimate is not None]
    titles = [result.note if result.is_noted else f"no {result.note}" for result in drawn]
    notes = list(dict.fromkeys(titles))
    classes = list(dict.fromkeys(result.label for result in drawn))
    shades = colours(classes)
    spread = len(classes) + 0.6
    height = 0.9 + 0.14 * len(notes) * spread
    figure, axes = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    for title, result in zip(titles, drawn, strict=True):
        estimate, label = result.estimate, result.label
        offset = classes.index(label) - (len(classes) - 1) / 2
        height = notes.index(title) + offset / spread
        interval(axes, estimate.value, estimate.low, estimate.high, height, shades[label], label)
        place = {"transform": axes.get_yaxis_transform(), "va": "center"}
        axes.text(1.02, height, f"{result.clips} clips", fontsize=FONT, **place)
    axes.set_yticks(range(len(notes)), notes, fontsize=FONT + 1)
    axes.set(xlim=(0, 1), ylim=(len(notes) - 0.5, -0.5), xlabel="recall")
    for height in range(1, len(notes)):
        axes.axhline(height - 0.5, color="0.9", linewidth=0.8, zorder=0)
    legend(figure)
    sns.despine(figure)
    return figure


def shared_layer(ledger: Ledger) -> Figure:
    """Draw the recorded t-SNE of a network's shared layer on its test rows.

    As published colours are the class, and then the origin; clean, where all rows are recorded
    clips, the class.
    """
    trials = ledger.recorded.kind("layer").set_index("trial")["protocol"]
    points = ledger.recorded.parts["map"]
    panels = []
    for trial, protocol in trials.items():
        of_trial = points[points["trial"] == trial]
        places = of_trial[["x", "y"]].to_numpy()
        classes = [CLASSES[int(label)] for label in of_trial["class"]]
        panels.append((f"{protocol}: class", places, classes))
        if protocol == PROTOCOLS[0]:
            panels.append((f"{protocol}: origin", places, of_trial["group"].tolist()))
    drawn = [label for _, _, labels in panels for label in labels]
    return scatter([panels], shades=colours([*CLASSES, *drawn]))


def _bounds(estimate: Estimate, protocol: str) -> tuple[float, float]:
    """Return the one-run interval as published, the interval of the mean clean."""
    if protocol == "as-published":
        return estimate.run_low, estimate.run_high
    return estimate.low, estimate.high


def _recorded(ledger: Ledger) -> list[Printed]:
    """Return printed cross-validated scores of the rows that are recorded."""
    scores = [number for number in ledger.printed if number.metric == F1]
    return [number for number in scores if ledger.trials(number.row) is not None]


def _submitted(ledger: Ledger) -> dict[str, float]:
    """Return the printed official test score of each submitted row."""
    scores = [number.value for number in official_tests(ledger)]
    return dict(zip(SELECTED, scores, strict=True))


def _hollow(meaning: str, ledger: Ledger) -> list[Line2D]:
    """Return the legend's entry for hollow points, where a row drawn has one."""
    if not any(ledger.inputs(number.row) for number in _recorded(ledger)):
        return []
    style = {"marker": "o", "color": "0.3", "markerfacecolor": "white", "linestyle": ""}
    return [Line2D([], [], label=f"hollow: {meaning}", **style)]
