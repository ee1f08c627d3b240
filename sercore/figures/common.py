"""What every chapter's figures share: width, size of text, colours, a point with its interval, a legend beside the points."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

COLOURS = dict(zip(("printed", "as-published", "clean", "test"), sns.color_palette("colorblind", 4), strict=True))
WIDTH = 8  # inches: the text column of a page at 100 dots an inch
FONT = 8  # points, the smallest


def interval(
    axes: plt.Axes, value: float, low: float, high: float, height: float, colour: tuple, label: str, hollow: bool = False
) -> None:
    """A point at a height, and its interval where that is finite.

    Args:
        axes: to draw on.
        value: of the point.
        low: bound; not drawn where infinite.
        high: bound.
        height: of point and interval on the other axis.
        colour: of both.
        label: of the point in the legend.
        hollow: whether the point is drawn as a ring (default False).
    """
    if np.isfinite([low, high]).all():
        axes.plot([low, high], [height, height], color=colour, linewidth=1.5, alpha=0.6)
    axes.plot(
        value, height, "o", color=colour, markersize=4.5, label=label, markerfacecolor="white" if hollow else colour, clip_on=False
    )


def legend(figure: Figure, axes: plt.Axes, more: Iterable[Line2D] = ()) -> None:
    """One entry a label, above the axes, where it covers no point.

    Args:
        figure: that holds the legend.
        axes: whose labelled points are listed.
        more: further entries (default: none).
    """
    handles = {}
    for point in axes.get_legend_handles_labels()[0]:
        filled = Line2D([], [], color=point.get_color(), marker=point.get_marker(), markersize=point.get_markersize(), linestyle="")
        handles[point.get_label()] = filled
        filled.set_label(point.get_label())
    handles |= {handle.get_label(): handle for handle in more}
    figure.legend(handles=list(handles.values()), loc="outside upper center", ncols=4, frameon=False, fontsize=FONT)
