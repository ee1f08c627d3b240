"""Pictures of chapter 1: scores beside the printed ones, and what a listener noted."""

from collections.abc import Collection, Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import nn

from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate
from sercore.ledger.published import Printed
from sercore.ledger.scores import F1
from sercore.models.multi_task_mlp import SIZES, MultiTaskMLP
from sercore.models.sequential_mlp import SequentialMLP, hidden_units
from sercore.report import diagrams
from sercore.report.diagrams import Box, Panel
from sercore.report.figures import COLOURS, FONT, WIDTH, interval, legend


def leakage(
    ledger: Ledger,
    *,
    variant: str = "as-run",
    submitted: Mapping[str, float] | None = None,
    substituted: Collection[str] = (),
) -> Figure:
    """For each recorded row: the printed score, ours as published, ours clean, and the official test where there was one.

    Args:
        ledger: of paper 01.
        variant: reading of the method (default "as-run").
        submitted: printed official test score by row (default: none).
        substituted: rows that we run on other corpora or weights than the paper's: ours are hollow (default: none).
    """
    numbers = _recorded(ledger, variant)
    numbers.sort(key=lambda number: number.value)
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.3 * len(numbers)), layout="constrained")
    axes.axvline(1 / 3, color="0.8", linewidth=1, zorder=0)
    for height, number in enumerate(numbers):
        axes.plot(
            number.value, height, "D", color=COLOURS["printed"], markersize=5, label="printed"
        )
        for protocol, offset in (("as-published", 0.14), ("clean", -0.14)):
            cell = ledger.cell(number.row, F1, variant=variant, protocol=protocol)
            if cell is not None:
                hollow = number.row in substituted
                low, high = _bounds(cell, protocol)
                interval(
                    axes,
                    cell.value,
                    low,
                    high,
                    height + offset,
                    COLOURS[protocol],
                    f"ours, {protocol}",
                    hollow,
                )
        if submitted and number.row in submitted:
            axes.plot(
                submitted[number.row],
                height,
                "*",
                color=COLOURS["test"],
                markersize=11,
                label="printed, official test",
            )
    axes.set_yticks(
        range(len(numbers)),
        [f"{number.table.removeprefix('Table ')} {number.row}" for number in numbers],
        fontsize=FONT,
    )
    axes.set(xlabel="macro F1", ylim=(-0.6, len(numbers) - 0.4))
    axes.grid(axis="y", color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
    legend(figure, axes, _hollow("other corpora or weights", numbers, substituted))
    sns.despine(figure)
    return figure


def three_ways(
    ledger: Ledger,
    *,
    variant: str = "as-run",
    submitted: Mapping[str, float] | None = None,
    substituted: Collection[str] = (),
) -> Figure:
    """Every recorded row at its printed score: ours as published, ours clean, and the official test where there was one.

    Args:
        ledger: of paper 01.
        variant: reading of the method (default "as-run").
        submitted: printed official test score by row (default: none).
        substituted: rows that we run on other corpora or weights than the paper's: ours are hollow (default: none).
    """
    numbers = _recorded(ledger, variant)
    figure, axes = plt.subplots(figsize=(WIDTH, 3.0), layout="constrained")
    axes.plot([0.25, 0.95], [0.25, 0.95], color="0.6", linewidth=1, zorder=0)
    axes.text(0.945, 0.865, "as printed", color="0.4", fontsize=FONT, ha="right")
    axes.axhline(1 / 3, color="0.85", linewidth=1, zorder=0)
    for number in numbers:
        hollow = number.row in substituted
        for protocol, marker in (("as-published", "o"), ("clean", "s")):
            cell = ledger.cell(number.row, F1, variant=variant, protocol=protocol)
            if cell is None:
                continue
            colour, label = COLOURS[protocol], f"ours, {protocol}"
            bounds = _bounds(cell, protocol)
            if np.isfinite(bounds).all():
                axes.plot([number.value] * 2, bounds, color=colour, linewidth=1.2, alpha=0.5)
            face = "white" if hollow else colour
            axes.plot(
                number.value,
                cell.value,
                marker,
                color=colour,
                markersize=4.5,
                markerfacecolor=face,
                label=label,
            )
        if submitted and number.row in submitted:
            axes.plot(
                number.value,
                submitted[number.row],
                "*",
                color=COLOURS["test"],
                markersize=10,
                label="printed, official test",
            )
    axes.set(
        xlabel="printed macro F1, cross-validated",
        ylabel="macro F1",
        xlim=(0.26, 0.95),
        ylim=(0.15, 1.0),
    )
    legend(figure, axes, _hollow("another encoder", numbers, substituted))
    sns.despine(figure)
    return figure


def networks(features: int) -> Figure:
    """Both networks of paper 01, as described and as run.

    Args:
        features: number of emotion features, 8 to 824.

    Source: Alves et al. 2022, Figure 2, and the authors' public notebooks.
    """
    return diagrams.draw(network_panels(features))


def network_panels(features: int) -> list[Panel]:
    """The four networks as boxes; see ``networks``."""
    hidden = hidden_units(features)
    with torch.device("meta"):
        described, run = (
            MultiTaskMLP(features, variant="as-described"),
            MultiTaskMLP(features, variant="as-run"),
        )
        staged, simple = (
            SequentialMLP(features, hidden, variant="as-described"),
            SequentialMLP(features, hidden, variant="as-run"),
        )

    def inputs(gender: float) -> dict[str, Box]:
        return {
            "emotion": Box(text="emotion", at=(0, 0), gives=features, kind="input"),
            "gender": Box(text="gender", at=(0, gender), gives=SIZES.gender, kind="input"),
        }

    def layer(
        module: nn.Module,
        text: str,
        column: int,
        row: float,
        *reads: str,
        after: str = "ReLU",
        of: str = "",
    ) -> Box:
        return Box(text=text, at=(column, row), reads=reads, layers=(module,), after=after, of=of)

    def branches(network: nn.Module) -> dict[str, Box]:
        return {
            "emotion_branch": layer(network.emotion_branch, "emotion branch", 1, 0, "emotion"),
            "gender_branch": layer(network.gender_branch, "gender branch", 1, 1, "gender"),
        }

    def joined(column: int, row: float, *reads: str) -> Box:
        return Box(text="joined", at=(column, row), reads=reads, kind="step")

    def target(text: str, column: int, row: float, *reads: str) -> Box:
        return Box(text=f"target: {text}", at=(column, row), reads=reads, kind="output")

    multi_described = {
        **inputs(1),
        **branches(described),
        "shared": layer(
            described.shared, "shared, 2 calls", 2, 0.5, "emotion_branch", "gender_branch"
        ),
        "emotion_head": layer(
            described.emotion_head, "emotion head", 3, 0, "shared", after="", of="emotion"
        ),
        "second_head": layer(
            described.second_head, "second head", 3, 1, "shared", after="", of="gender"
        ),
        "output 0": target("emotion", 4, 0, "emotion_head"),
        "output 1": target("gender", 4, 1, "second_head"),
    }
    multi_run = {
        **inputs(1),
        **branches(run),
        "cat": joined(2, 0.5, "emotion_branch", "gender_branch"),
        "shared": layer(run.shared, "shared", 3, 0.5, "cat"),
        "emotion_head": layer(run.emotion_head, "emotion head", 4, 0, "shared", after="sigmoid"),
        "second_head": layer(run.second_head, "second head", 4, 1, "shared"),
        "output 0": target("emotion", 5, 0, "emotion_head"),
        "output 1": target("emotion", 5, 1, "second_head"),
    }
    first = staged.gender_network
    sequential_described = {
        **inputs(1.5),
        **branches(staged),
        "gender_network.layer": layer(first.layer, "gender network\nlayer", 1, 2, "gender"),
        "gender_network.output": layer(
            first.output, "gender network\noutput", 2, 2, "gender_network.layer", after="sigmoid"
        ),
        "cat": joined(3, 1, "emotion_branch", "gender_branch", "gender_network.output"),
        "layer": layer(staged.layer, "layer", 4, 1, "cat"),
        "output": layer(staged.output, "output", 5, 1, "layer", after=""),
        "output 0": target("emotion", 6, 1, "output"),
    }
    sequential_run = {
        **inputs(1),
        "layer": layer(simple.layer, "layer", 1, 0, "emotion"),
        "output": layer(simple.output, "output", 2, 0, "layer", after="ReLU"),
        "output 0": target("emotion", 3, 0, "output"),
    }
    return [
        Panel("Multi-task, as described", [described], multi_described),
        Panel("Multi-task, as run", [run], multi_run),
        Panel("Sequential, as described", [staged], sequential_described),
        Panel("Sequential, as run", [simple], sequential_run),
    ]


def listening_notes(notes: Mapping[str, Mapping[str, int]], totals: Mapping[str, int]) -> Figure:
    """How many clips of each class have what a listener noted, in outline all clips of the class.

    Args:
        notes: clips by class and note, or a table with a column a class and a row a note.
        totals: clips of each class.

    Raises:
        ValueError: where a note has more clips than its class.

    Source: Alves et al. 2022, Figure 1.
    """
    figure, axes = plt.subplots(
        1, len(notes.keys()), figsize=(WIDTH, 3.2), layout="constrained", squeeze=False
    )
    for place, (name, found), colour in zip(
        axes[0], notes.items(), sns.color_palette("colorblind"), strict=False
    ):
        names, counts = zip(*found.items(), strict=True)
        if max(counts) > totals[name]:
            raise ValueError(
                f"{name}: a note has {max(counts)} clips; the class has {totals[name]}: count both on the same clips"
            )
        places = range(len(names))
        place.bar(
            places,
            [totals[name]] * len(names),
            width=0.7,
            facecolor="none",
            edgecolor="0.6",
            linewidth=1,
        )
        place.bar_label(
            place.bar(places, counts, width=0.7, color=colour, alpha=0.75),
            fontsize=FONT + 1,
            padding=2,
        )
        place.set_xticks(places, [fill(each, 11) for each in names], fontsize=FONT)
        place.set_title(f"{name}, {totals[name]} clips", fontsize=FONT + 2)
        place.tick_params(axis="y", labelsize=FONT)
        place.set_ylabel("clips", fontsize=FONT)
        sns.despine(ax=place)
    return figure


def recalls(rows: Sequence[tuple[str, str, float, float, float, int]]) -> Figure:
    """Recall of each class by what a listener noted, with intervals and the number of clips.

    Args:
        rows: note, class, recall in [0, 1], its bounds, clips; notes stand in the order given, the first on top.

    Raises:
        ValueError: where a recall is not in [0, 1], or its bounds do not enclose it.
    """
    notes, classes = (list(dict.fromkeys(row[at] for row in rows)) for at in (0, 1))
    colours = dict(zip(classes, sns.color_palette("colorblind", len(classes)), strict=True))
    figure, axes = plt.subplots(
        figsize=(WIDTH, 1.2 + 0.22 * len(notes) * (len(classes) + 0.6)), layout="constrained"
    )
    for note, name, value, low, high, clips in rows:
        if not 0 <= value <= 1 or low > value or high < value:
            raise ValueError(
                f"{note}, {name}: recall {value:g} in [{low:g}, {high:g}]; a recall is 0 to 1 and within its bounds"
            )
        height = notes.index(note) + (classes.index(name) - (len(classes) - 1) / 2) / (
            len(classes) + 0.6
        )
        interval(axes, value, low, high, height, colours[name], name)
        axes.text(
            1.02,
            height,
            f"{clips} clips",
            transform=axes.get_yaxis_transform(),
            fontsize=FONT,
            va="center",
        )
    axes.set_yticks(range(len(notes)), notes, fontsize=FONT + 1)
    axes.set(xlim=(0, 1), ylim=(len(notes) - 0.5, -0.5), xlabel="recall")
    for height in range(1, len(notes)):
        axes.axhline(height - 0.5, color="0.9", linewidth=0.8, zorder=0)
    legend(figure, axes)
    sns.despine(figure)
    return figure


def _bounds(estimate: Estimate, protocol: str) -> tuple[float, float]:
    """As published the one-run interval, beside the printed number; clean the interval of the mean."""
    if protocol == "as-published":
        return estimate.run_low, estimate.run_high
    return estimate.low, estimate.high


def _recorded(ledger: Ledger, variant: str) -> list[Printed]:
    """Printed cross-validated scores of the rows that are recorded."""
    return [
        each
        for each in ledger.printed
        if each.metric == F1 and ledger.trials(each.row, variant=variant) is not None
    ]


def _hollow(meaning: str, numbers: Sequence[Printed], substituted: Collection[str]) -> list[Line2D]:
    """The legend's entry for hollow points, where a row drawn has one."""
    if not any(number.row in substituted for number in numbers):
        return []
    return [
        Line2D(
            [],
            [],
            marker="o",
            color="0.3",
            markerfacecolor="white",
            linestyle="",
            label=f"hollow: {meaning}",
        )
    ]
