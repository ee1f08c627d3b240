"""What a page shows as a picture."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from sercore.ledger.entries import Ledger
from sercore.ledger.scores import Cell

F1 = "macro_f1_cv5_mean"
COLOURS = dict(zip(("printed", "as-published", "clean", "test"), sns.color_palette("colorblind", 4), strict=True))


def leakage(ledger: Ledger, *, variant: str = "as-run", submitted: dict[str, float] | None = None) -> Figure:
    """For each recorded row: the printed score, ours with the leaks, ours without, and the official test where there was one.

    Args:
        ledger: of paper 01.
        variant: reading of the method (default "as-run").
        submitted: printed official test score by row (default: none).
    """
    numbers = [
        number for number in ledger.printed if number.metric == F1 and ledger.trials(number.row, variant=variant) is not None
    ]
    numbers.sort(key=lambda number: number.value)
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.32 * len(numbers)), layout="constrained")
    axes.axvline(1 / 3, color="0.8", linewidth=1, zorder=0)
    for height, number in enumerate(numbers):
        for protocol, offset in (("as-published", 0.14), ("clean", -0.14)):
            cell = ledger.cell(number.row, F1, variant=variant, protocol=protocol)
            if cell is not None:
                _interval(axes, cell, height + offset, COLOURS[protocol], f"ours, {protocol}" if not height else None)
        axes.plot(number.value, height, "D", color=COLOURS["printed"], markersize=5, label=None if height else "printed")
        if submitted and number.row in submitted:
            axes.plot(submitted[number.row], height, "*", color=COLOURS["test"], markersize=11, label="printed, official test")
    axes.set_yticks(range(len(numbers)), [f"{number.table.removeprefix('Table ')} {number.row}" for number in numbers], fontsize=8)
    axes.set_xlabel("macro F1")
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    sns.despine(figure)
    return figure


def _interval(axes: plt.Axes, cell: Cell, height: float, colour: tuple, label: str | None) -> None:
    if np.isfinite([cell.low, cell.high]).all():
        axes.plot([cell.low, cell.high], [height, height], color=colour, linewidth=1.5, alpha=0.6)
    axes.plot(cell.value, height, "o", color=colour, markersize=4.5, label=label)


def scatter(panels: Sequence[tuple[str, np.ndarray, Sequence[str]]]) -> Figure:
    """Points in the plane coloured by a label, one panel each.

    Args:
        panels: title, ``(rows, 2)`` places and ``(rows,)`` labels.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 4.2), layout="constrained", squeeze=False)
    for place, (title, points, labels) in zip(axes[0], panels, strict=True):
        names = sorted(set(labels))
        sns.scatterplot(
            x=points[:, 0], y=points[:, 1], hue=list(labels), hue_order=names, palette="colorblind", s=14, linewidth=0, ax=place
        )
        place.set(title=title, xticks=[], yticks=[], xlabel="", ylabel="")
        place.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=min(len(names), 2))
        sns.despine(ax=place, left=True, bottom=True)
    return figure
