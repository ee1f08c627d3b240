"""Scores of several models as one picture: printed, ours where speakers are shared, ours where none is."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from sercore.figures.common import COLOURS, FONT, WIDTH, interval, legend
from sercore.ledger.estimates import Estimate


def splits(rows: Sequence[tuple[str, float, tuple[Estimate, Estimate]]], *, chance: float, score: str = "accuracy") -> Figure:
    """Of each model the printed score, ours with shared speakers and ours without, with intervals.

    Args:
        rows: name, printed score, and ours under the paper's split and speaker-independent; the first on top.
        chance: what guessing gives, in [0, 1].
        score: what it is called (default "accuracy").

    Raises:
        ValueError: no row, or a score that is not in [0, 1].
    """
    if not rows:
        raise ValueError("no model to draw; expected at least one that is recorded under both splits: record one first")
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.34 * len(rows)), layout="constrained")
    axes.axvline(chance, color="0.8", linewidth=1, zorder=0)
    for height, (name, printed, (shared, apart)) in enumerate(reversed(rows)):
        for value in (printed, shared.value, apart.value):
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: {score} {value:g}; expected 0 to 1. Give shares, not per cent.")
        axes.plot(printed, height, "D", color=COLOURS["printed"], markersize=5, label="printed, other corpora")
        named = ((shared, "as-published", "ours, clips held out", 0.16), (apart, "clean", "ours, speakers held out", -0.16))
        for estimate, colour, label, offset in named:
            interval(axes, estimate.value, estimate.low, estimate.high, height + offset, COLOURS[colour], label)
    axes.set_yticks(range(len(rows)), [name for name, *_ in reversed(rows)], fontsize=FONT + 1)
    axes.set(xlabel=score, xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4))
    axes.grid(axis="y", color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
    legend(figure, axes)
    sns.despine(figure)
    return figure
