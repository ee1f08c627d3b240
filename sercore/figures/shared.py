"""Pictures that more than one chapter shows: confusion matrices, points in the plane."""

from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from sercore.figures.common import FONT, WIDTH


def confusions(panels: Sequence[tuple[str, np.ndarray, Sequence[str]]], *, title: str = "") -> Figure:
    """Confusion matrices side by side on one scale of colours: counts with the share of their row.

    Args:
        panels: title, ``(true, predicted)`` counts, or shares where every row sums to 1, and the names of the classes.
        title: of all of them (default: none).

    Raises:
        ValueError: where a matrix is not as large as its names, or holds what is no count.
    """
    figure, axes = plt.subplots(
        1, len(panels), figsize=(WIDTH, 1.75 + (WIDTH - 1) / max(len(panels), 2)), layout="constrained", squeeze=False
    )
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    for place, (head, matrix, names) in zip(axes[0], panels, strict=True):
        counts = np.asarray(matrix, dtype=float)
        if counts.shape != (len(names), len(names)):
            raise ValueError(f"{head}: the matrix is {counts.shape}; {len(names)} classes need as many rows and columns")
        if not (counts >= 0).all():
            raise ValueError(f"{head}: the matrix holds {counts.min():g}; counts are 0 or more: count the predictions again")
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
        percent = np.vectorize("{:.0%}".format)(shares)
        bare = totals.any() and np.allclose(totals[totals > 0], 1)
        texts = percent if bare else np.char.add(np.vectorize("{:,.10g}\n".format)(counts.round(1)), percent)
        sns.heatmap(
            shares,
            annot=texts,
            fmt="",
            vmin=0,
            vmax=1,
            cmap="Blues",
            square=True,
            cbar=False,
            ax=place,
            annot_kws={"fontsize": FONT + 1},
        )
        place.set_title(head, fontsize=FONT + 2)
        place.set_xlabel("predicted", fontsize=FONT + 1)
        place.set_xticklabels([fill(name, 8) for name in names], fontsize=FONT, rotation=0)
        place.set_yticklabels([fill(name, 11) for name in names], fontsize=FONT, rotation=0)
        if place is not axes[0, 0] and list(names) == list(panels[0][2]):
            place.set_yticks([])
    axes[0, 0].set_ylabel("true", fontsize=FONT + 1)
    bar = figure.colorbar(axes[0, 0].collections[0], ax=axes, location="bottom", shrink=0.4, aspect=30)
    bar.set_label("share of the true class", fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
    return figure


def scatter(panels: Sequence[tuple[str, np.ndarray, Sequence[str]]], *, title: str = "") -> Figure:
    """Points in the plane coloured by a label, one panel each.

    Args:
        panels: title, ``(rows, 2)`` places and ``(rows,)`` labels.
        title: of all of them (default: none).
    """
    side = min(4.2, WIDTH / len(panels))
    most = max(len(set(labels)) for *_, labels in panels)
    figure, axes = plt.subplots(
        1, len(panels), figsize=(side * len(panels), side + 0.1 * most + 0.2), layout="constrained", squeeze=False
    )
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    for place, (head, points, labels) in zip(axes[0], panels, strict=True):
        names = sorted(set(labels))
        sns.scatterplot(
            x=points[:, 0], y=points[:, 1], hue=list(labels), hue_order=names, palette="colorblind", s=14, linewidth=0, ax=place
        )
        place.set(xticks=[], yticks=[], xlabel="", ylabel="")
        place.set_title(head, fontsize=FONT + 2)
        place.legend(frameon=False, fontsize=FONT, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=min(len(names), 2))
        sns.despine(ax=place, left=True, bottom=True)
    return figure
