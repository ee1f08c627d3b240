"""Figures that several chapters show, and the width, text size and colours of all figures."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sercore.evaluation.estimates import Estimate
from sercore.ledger.claims import Gap
from sercore.ledger.entries import Ledger

NAMES = ("printed", "as-published", "clean", "test")
# What a colour means in every chapter. No class, corpus or speaker has one of these.
COLOURS = dict(zip(NAMES, sns.color_palette("colorblind", 4), strict=True))
# Paul Tol's "muted", safe for colour-blind readers: of corpora, and of classes, speakers, models.
CORPORA = {"emovo": "#CC6677", "ravdess": "#332288", "savee": "#999933", "tess": "#88CCEE"}
MUTED = ["#AA4499", "#117733", "#44AA99", "#882255", "#DDCC77"]
WIDTH = 8  # inches: the text column of a page at 100 dots an inch
FONT = 8  # points, the smallest
NARROW = 12  # letters of a label of which two do not fit below one of three panels


def colours(names: Iterable[str]) -> dict[str, object]:
    """Return a colour for each different name, whatever the order of the names.

    A corpus of several chapters has the same one in all figures; other names have it only where
    nothing else is left.
    """
    distinct = sorted(set(names))
    corpora = {name: CORPORA[name.casefold()] for name in distinct if name.casefold() in CORPORA}
    others = [name for name in distinct if name not in corpora]
    free = MUTED + [colour for colour in CORPORA.values() if colour not in corpora.values()]
    if len(others) > len(free):
        return dict(zip(distinct, sns.color_palette("husl", len(distinct)), strict=True))
    shades = corpora | dict(zip(others, free, strict=False))
    return {name: shades[name] for name in distinct}


def hover(mark: Artist, text: str) -> None:
    """Let a mark say its name under the pointer, on a page (see ``sercore.chapters.captions``)."""
    mark.set_gid(f"hover: {text}")


def _draw_vectors() -> None:
    """Let a notebook draw its figures as SVG, letters as outlines that every browser shows alike.

    Spectrograms are pictures inside it, of 150 dots an inch.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "kernel"):
        from matplotlib_inline.config import InlineBackend

        InlineBackend.instance(parent=shell).figure_formats = {"svg"}
        plt.rcParams |= {"figure.dpi": 150, "svg.fonttype": "path"}


_draw_vectors()


def interval(
    axes: plt.Axes,
    value: float,
    low: float,
    high: float,
    height: float,
    colour: tuple,
    label: str,
    hollow: bool = False,
) -> Line2D:
    """Draw a point at a height, and its interval where that is finite; return the point.

    Args:
        axes: axes to draw on.
        value: place of the point on the horizontal axis.
        low: lower bound of the interval.
        high: upper bound of the interval.
        height: place of point and interval on the vertical axis.
        colour: colour of point and interval.
        label: name of the point in the legend.
        hollow: True for a ring in place of a filled point (default False).
    """
    if np.isfinite([low, high]).all():
        axes.plot([low, high], [height, height], color=colour, linewidth=1.5, alpha=0.6)
    face = "white" if hollow else colour
    style = {"color": colour, "markersize": 4.5, "markerfacecolor": face, "clip_on": False}
    return axes.plot(value, height, "o", label=label, **style)[0]


def lines_across(axes: plt.Axes) -> None:
    """Draw faint lines at the ticks of y, and write the labels of all ticks in the page's size."""
    axes.tick_params(labelsize=FONT)
    axes.grid(axis="y", color="0.94", linewidth=0.8)


def legend(figure: Figure, more: Iterable[Line2D] = ()) -> None:
    """Draw a legend above all axes, where it covers no point, with one entry for each label.

    Args:
        figure: figure whose axes have the labelled points.
        more: further entries (default: none).
    """
    handles, points = {}, [axes.get_legend_handles_labels()[0] for axes in figure.axes]
    for point in chain.from_iterable(points):
        style = {"color": point.get_color(), "marker": point.get_marker()}
        style["linestyle"] = "-" if point.get_marker() == "None" else ""
        label, size = point.get_label(), point.get_markersize()
        handles[label] = Line2D([], [], label=label, markersize=size, **style)
    handles |= {handle.get_label(): handle for handle in more}
    columns = 4 if max(map(len, handles)) < 30 else 2
    place = {"loc": "outside upper center", "ncols": columns, "frameon": False, "fontsize": FONT}
    figure.legend(handles=list(handles.values()), **place)


def splits(
    rows: Sequence[tuple[str, float, tuple[Estimate, Estimate]]],
    *,
    chance: float,
    score: str = "accuracy",
) -> Figure:
    """Draw each model's printed score, ours with shared speakers and ours without, with intervals.

    Args:
        rows: name, printed score, and ours under the paper's split and speaker-independent; the
            first on top.
        chance: score of guessing, in [0, 1].
        score: name of the score (default "accuracy").

    Raises:
        ValueError: no row, or a score that is not in [0, 1].
    """
    if not rows:
        raise ValueError(
            "no model to draw; expected at least one that is recorded under both splits: record one "
            "first"
        )
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.34 * len(rows)), layout="constrained")
    axes.axvline(chance, color="0.8", linewidth=1, zorder=0)
    for height, (name, printed, (shared, apart)) in enumerate(reversed(rows)):
        for value in (printed, shared.value, apart.value):
            if not 0 <= value <= 1:
                raise ValueError(
                    f"{name}: {score} {value:g}; expected 0 to 1. Give shares, not per cent."
                )
        style = {"color": COLOURS["printed"], "markersize": 5, "label": "printed, other corpora"}
        (diamond,) = axes.plot(printed, height, "D", **style)
        hover(diamond, f"{name}, printed: {printed:.2f}")
        for estimate, protocol, label, offset in (
            (shared, "as-published", "ours, clips held out", 0.16),
            (apart, "clean", "ours, speakers held out", -0.16),
        ):
            bounds = estimate.low, estimate.high
            colour = COLOURS[protocol]
            point = interval(axes, estimate.value, *bounds, height + offset, colour, label)
            hover(point, f"{name}, {label}: {estimate.value:.2f}")
    axes.set_yticks(range(len(rows)), [name for name, *_ in reversed(rows)], fontsize=FONT + 1)
    axes.set(xlabel=score, xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4))
    axes.grid(axis="y", color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
    legend(figure)
    sns.despine(figure)
    return figure


def confusions(
    rows: Sequence[Sequence[tuple[str, np.ndarray, Sequence[str]]]], *, names: Sequence[str] = ()
) -> Figure:
    """Draw rows of confusion matrices: counts with the share of their row, which is coloured.

    Args:
        rows: in each row the title of a matrix, its ``(true, predicted)`` counts, or shares where
            every row sums to 1, and the names of the classes.
        names: name of each row, at its left (default: none).

    Raises:
        ValueError: a matrix that is not as large as its names, or that has values below 0.
    """
    columns, classes = max(map(len, rows)), max(len(panel[2]) for panel in rows[0])
    side = min((WIDTH - 1.2) / columns, 0.44 * classes)
    size = (min(WIDTH, 1.2 + columns * (side + 0.3)), 0.5 + len(rows) * (side + 0.4))
    figure, grid = plt.subplots(
        len(rows), columns, figsize=size, layout="constrained", squeeze=False
    )
    for at, (line, panels) in enumerate(zip(grid, rows, strict=True)):
        for axes, panel in zip(line, panels, strict=False):
            _confusion(axes, *panel, bare=side / len(panel[2]) < 0.4)
            if axes is not line[0] and list(panel[2]) == list(panels[0][2]):
                axes.set_yticks([])
            if at < len(rows) - 1:
                axes.set(xticks=[], xlabel="")
        for axes in line[len(panels) :]:
            axes.remove()
        line[0].set_ylabel("true", fontsize=FONT + 1)
    for axes, title in zip(grid[:, 0], names, strict=False):
        axes.set_ylabel(f"{title}\ntrue", fontsize=FONT + 1)
    return figure


def _confusion(
    axes: plt.Axes, title: str, matrix: np.ndarray, names: Sequence[str], *, bare: bool
) -> None:
    """Draw one confusion matrix; where cells are small, ``bare`` ones show the share alone."""
    counts = np.asarray(matrix, dtype=float)
    if counts.shape != (len(names), len(names)):
        raise ValueError(
            f"{title}: the matrix is {counts.shape}; {len(names)} classes need as many rows and "
            "columns"
        )
    if not (counts >= 0).all():
        raise ValueError(
            f"{title}: the matrix holds {counts.min():g}; counts are 0 or more: count the "
            "predictions again"
        )
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    texts = np.vectorize("{:.0%}".format)(shares)
    if not bare and (not totals.any() or not np.allclose(totals[totals > 0], 1)):
        texts = np.char.add(np.vectorize("{:,.10g}\n".format)(counts.round(1)), texts)
    style = {"vmin": 0, "vmax": 1, "cmap": "Blues", "square": True, "cbar": False}
    sns.heatmap(shares, annot=texts, fmt="", ax=axes, annot_kws={"fontsize": FONT}, **style)
    axes.set_title(title, fontsize=FONT + 1)
    axes.set_xlabel("predicted", fontsize=FONT + 1)
    turned = 90 if bare else 0
    axes.set_xticklabels([fill(name, 8) for name in names], fontsize=FONT, rotation=turned)
    axes.set_yticklabels([fill(name, 11) for name in names], fontsize=FONT, rotation=0)


def speech(edition: str) -> str:
    """Say in a title which speech a figure shows: synthetic in the demo edition, else real."""
    return "Synthetic speech" if edition == "demo" else "Real speech"


def of_speech(ledger: Ledger) -> str:
    """Say which speech the runs of a ledger are on."""
    return speech("demo" if ledger.is_synthetic else "")


def map_source(
    ledger: Ledger, run: Ledger, *, part: str
) -> tuple[str, pd.DataFrame, pd.DataFrame] | None:
    """Return which speech a map is of, its networks and their points.

    They are those of recorded runs, or this page's where none are recorded: the two never stand
    beside each other. None where neither has any.
    """
    for book in (ledger, run):
        points = book.recorded.parts[part]
        if len(points):
            return of_speech(book), book.recorded.kind("views"), points
    return None


def scatter(
    rows: Sequence[Sequence[tuple[str, np.ndarray, Sequence[str]]]],
    *,
    names: Sequence[str] = (),
    in_rows: bool = False,
    shades: Mapping[str, object] | None = None,
) -> Figure:
    """Draw rows of panels of points in the plane, coloured by a label.

    Args:
        rows: in each row the title of a panel, its ``(points, 2)`` places and a label of each
            point.
        names: name of each row, at its left (default: none).
        in_rows: True where the panels of a row have the same labels, and a legend at its end;
            otherwise those of a column do, and a legend is below it (default False).
        shades: colour of each label (default: any, alike for the labels of one legend).
    """
    columns, width = max(map(len, rows)), WIDTH - 1.3 * in_rows
    lines = rows if in_rows else list(zip(*rows, strict=True))
    labelled = [{label for *_, labels in line for label in labels} for line in lines]
    side = min(2.6, width / columns, 5 / len(rows))
    below = 0.0 if in_rows else 0.1 * max(map(len, labelled))
    size = (side * columns + WIDTH - width, (side + 0.2) * len(rows) + below + 0.1)
    figure, grid = plt.subplots(
        len(rows), columns, figsize=size, layout="constrained", squeeze=False
    )
    for at, line in enumerate(grid):
        for axes, (title, points, labels), column in zip(line, rows[at], count(), strict=False):
            chosen = shades or colours(labelled[at if in_rows else column])
            style = {"c": [chosen[label] for label in labels], "s": 10, "linewidth": 0}
            axes.scatter(*np.asarray(points, float).T, **style)
            axes.set(xticks=[], yticks=[])
            axes.set_title(title, fontsize=FONT + 1)
            sns.despine(ax=axes, left=True, bottom=True)
    for axes, text in zip(grid[:, 0], names, strict=False):
        axes.set_ylabel(text, fontsize=FONT + 1)
    for axes, labels in zip(grid[:, -1] if in_rows else grid[-1], labelled, strict=True):
        chosen, style = shades or colours(labels), {"marker": "o", "linestyle": ""}
        dots = [
            Line2D([], [], markersize=4.5, color=chosen[label], label=label, **style)
            for label in sorted(labels)
        ]
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.02)}
        if in_rows:
            place = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
        is_narrow = in_rows or (columns > 2 and max(map(len, labels)) > NARROW)
        place["ncols"] = 1 if is_narrow else min(len(labels), 3 if columns == 2 else 2)
        axes.legend(handles=dots, fontsize=FONT, frameon=False, **place)
    return figure


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A mark of a forest plot: something that may differ from zero.

    Args:
        group: heading over the row.
        row: name of the row.
        series: what the mark is of, as its colour says.
        value: estimate; NaN where there is the printed value alone.
        low, high: 95 % interval; NaN where it has none.
        printed: printed value, or None.
        is_judged: False for a ring, whose sign is not to be read.
    """

    group: str
    row: str
    series: str
    value: float
    low: float = np.nan
    high: float = np.nan
    printed: float | None = None
    is_judged: bool = True

    @classmethod
    def of(cls, gap: Gap, **about: object) -> "Effect":
        """Return the mark of a difference; one that cannot be judged is a ring."""
        value = gap.value if gap.by_seed else np.nan
        return cls(value=value, low=gap.low, high=gap.high, is_judged=not gap.doubt, **about)


def forest(
    panels: Mapping[str, Sequence[Effect]],
    *,
    shades: Mapping[str, object],
    unit: str,
    zero: float = 0.0,
) -> Figure:
    """Draw estimates with their intervals about a line, one row below the other under headings.

    Args:
        panels: marks by the title of their panel; panels stand side by side.
        shades: colour of each series, in the order of the legend.
        unit: name of the horizontal axis.
        zero: value at which the line is drawn (default 0).

    Raises:
        ValueError: nothing to draw.
    """
    effects = [effect for panel in panels.values() for effect in panel]
    if not effects:
        raise ValueError("no effect; expected at least one a panel: record or name one first")
    places = [_lines(panel) for panel in panels.values()]
    most = max(map(len, places))
    tall = 0.8 + most * (0.15 if most > 12 else 0.25)
    size = {"figsize": (WIDTH, tall), "layout": "constrained"}
    shown = ".3g" if zero else "+.3g"  # a level, or a difference
    is_one_list = all(list(lines) == list(places[0]) for lines in places)
    figure, grid = plt.subplots(1, len(panels), squeeze=False, sharex=is_one_list, **size)
    offsets = dict(zip(shades, np.linspace(-0.2, 0.2, len(shades)), strict=True))
    if len(shades) == 1:
        offsets = dict.fromkeys(shades, 0.0)
    for axes, lines, (title, panel) in zip(grid[0], places, panels.items(), strict=True):
        axes.axvline(zero, color="0.6", linewidth=1, zorder=0)
        for effect in panel:
            height = lines[effect.group, effect.row] + offsets[effect.series]
            about = ", ".join(filter(None, (effect.group, effect.row, effect.series)))
            if effect.printed is not None:
                style = {"color": COLOURS["printed"], "markersize": 4, "label": "printed"}
                (diamond,) = axes.plot(effect.printed, height, "D", clip_on=False, **style)
                hover(diamond, f"{about}, printed: {effect.printed:{shown}}")
            if np.isfinite(effect.value):
                bounds, colour = (effect.low, effect.high), shades[effect.series]
                hollow = not effect.is_judged
                # A series of its own colour is named, too, where none of it is judged.
                label = "" if hollow and len(shades) == 1 else effect.series
                point = interval(axes, effect.value, *bounds, height, colour, label, hollow)
                hover(point, f"{about}: {effect.value:{shown}}")
        axes.set_yticks(list(lines.values()), [row or group for group, row in lines], fontsize=FONT)
        for text, (_, row) in zip(axes.get_yticklabels(), lines, strict=True):
            text.set_fontweight("normal" if row else "bold")
        if axes is not grid[0, 0] and is_one_list:
            axes.tick_params(labelleft=False)
        axes.set(ylim=(most - 0.5, -0.5))
        axes.set_title(title.strip(), fontsize=FONT + 1)
        lines_across(axes)
        axes.tick_params(axis="y", length=0)
        axes.set_axisbelow(True)
    figure.supxlabel(unit, fontsize=FONT)
    hollow = []
    if not all(effect.is_judged for effect in effects if np.isfinite(effect.value)):
        style = {"marker": "o", "color": "0.3", "markerfacecolor": "white", "linestyle": ""}
        hollow = [Line2D([], [], label="not judged", markersize=4.5, **style)]
    legend(figure, hollow)
    sns.despine(figure, left=True)
    return figure


def _lines(panel: Sequence[Effect]) -> dict[tuple[str, str], int]:
    """Return the line of each heading, which has no row, and of each row."""
    lines: dict[tuple[str, str], int] = {}
    for effect in panel:
        for key in ((effect.group, ""), (effect.group, effect.row)):
            if any(key):
                lines.setdefault(key, len(lines))
    return lines


def colour_bar(figure: Figure, drawn: ScalarMappable, label: str, *, aspect: int = 40) -> None:
    """Draw the scale of a figure's colours below it."""
    place = {"ax": figure.axes, "location": "bottom", "shrink": 0.4, "aspect": aspect}
    bar = figure.colorbar(drawn, **place)
    bar.set_label(label, fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
