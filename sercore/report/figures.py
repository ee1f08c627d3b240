"""Figures that several chapters show, and the width, text size and colours of all figures."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sercore.features.mel import DECIBELS, PICTURE, MelSettings
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import Estimate

NAMES = ("printed", "as-published", "clean", "test")
COLOURS = dict(zip(NAMES, sns.color_palette("colorblind", 4), strict=True))
WIDTH = 8  # inches: the text column of a page at 100 dots an inch
FONT = 8  # points, the smallest


def interval(
    axes: plt.Axes,
    value: float,
    low: float,
    high: float,
    height: float,
    colour: tuple,
    label: str,
    hollow: bool = False,
) -> None:
    """Draw a point at a height, and its interval where that is finite.

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
    axes.plot(value, height, "o", label=label, **style)


def legend(figure: Figure, axes: plt.Axes, more: Iterable[Line2D] = ()) -> None:
    """Draw a legend above the axes, where it covers no point, with one entry for each label.

    Args:
        figure: figure that holds the legend.
        axes: axes with the labelled points.
        more: further entries (default: none).
    """
    handles = {}
    for point in axes.get_legend_handles_labels()[0]:
        style = {"color": point.get_color(), "marker": point.get_marker(), "linestyle": ""}
        label, size = point.get_label(), point.get_markersize()
        handles[label] = Line2D([], [], label=label, markersize=size, **style)
    handles |= {handle.get_label(): handle for handle in more}
    place = {"loc": "outside upper center", "ncols": 4, "frameon": False, "fontsize": FONT}
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
        axes.plot(printed, height, "D", **style)
        for estimate, protocol, label, offset in (
            (shared, "as-published", "ours, clips held out", 0.16),
            (apart, "clean", "ours, speakers held out", -0.16),
        ):
            bounds = estimate.low, estimate.high
            colour = COLOURS[protocol]
            interval(axes, estimate.value, *bounds, height + offset, colour, label)
    axes.set_yticks(range(len(rows)), [name for name, *_ in reversed(rows)], fontsize=FONT + 1)
    axes.set(xlabel=score, xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4))
    axes.grid(axis="y", color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
    legend(figure, axes)
    sns.despine(figure)
    return figure


def confusions(
    panels: Sequence[tuple[str, np.ndarray, Sequence[str]]], *, title: str = ""
) -> Figure:
    """Draw confusion matrices side by side: counts with the share of their row, which is coloured.

    Args:
        panels: title, ``(true, predicted)`` counts, or shares where every row sums to 1, and the
            names of the classes.
        title: title of all of them (default: none).

    Raises:
        ValueError: a matrix that is not as large as its names, or that has values below 0.
    """
    height = 1.75 + (WIDTH - 1) / max(len(panels), 2)
    size = {"figsize": (WIDTH, height), "layout": "constrained", "squeeze": False}
    figure, grid = plt.subplots(1, len(panels), **size)
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    for axes, (head, matrix, names) in zip(grid[0], panels, strict=True):
        counts = np.asarray(matrix, dtype=float)
        if counts.shape != (len(names), len(names)):
            raise ValueError(
                f"{head}: the matrix is {counts.shape}; {len(names)} classes need as many rows and "
                "columns"
            )
        if not (counts >= 0).all():
            raise ValueError(
                f"{head}: the matrix holds {counts.min():g}; counts are 0 or more: count the "
                "predictions again"
            )
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
        texts = np.vectorize("{:.0%}".format)(shares)
        if not totals.any() or not np.allclose(totals[totals > 0], 1):
            numbers = np.vectorize("{:,.10g}\n".format)(counts.round(1))
            texts = np.char.add(numbers, texts)
        style = {"vmin": 0, "vmax": 1, "cmap": "Blues", "square": True, "cbar": False}
        about = {"fontsize": FONT + 1}
        sns.heatmap(shares, annot=texts, fmt="", ax=axes, annot_kws=about, **style)
        axes.set_title(head, fontsize=FONT + 2)
        axes.set_xlabel("predicted", fontsize=FONT + 1)
        axes.set_xticklabels([fill(name, 8) for name in names], fontsize=FONT, rotation=0)
        axes.set_yticklabels([fill(name, 11) for name in names], fontsize=FONT, rotation=0)
        if axes is not grid[0, 0] and list(names) == list(panels[0][2]):
            axes.set_yticks([])
    grid[0, 0].set_ylabel("true", fontsize=FONT + 1)
    _colour_bar(figure, grid[0, 0].collections[0], "share of the true class", aspect=30)
    return figure


def map_sources(
    ledger: Ledger, run: Ledger, *, part: str
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield a map's title, its networks and their points: of recorded runs, then of this page's."""
    for title, book in (("Real speech", ledger), ("This page's own run", run)):
        points = book.recorded.parts[part]
        if len(points):
            yield title, book.recorded.kind("views"), points


def scatter(panels: Sequence[tuple[str, np.ndarray, Sequence[str]]], *, title: str = "") -> Figure:
    """Draw points in the plane coloured by a label, one panel each.

    Args:
        panels: title, ``(rows, 2)`` places and ``(rows,)`` labels.
        title: title of all of them (default: none).
    """
    side = min(4.2, WIDTH / len(panels))
    most = max(len(set(labels)) for *_, labels in panels)
    size = {"figsize": (side * len(panels), side + 0.1 * most + 0.2), "layout": "constrained"}
    figure, grid = plt.subplots(1, len(panels), squeeze=False, **size)
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    for axes, (head, points, labels) in zip(grid[0], panels, strict=True):
        names = sorted(set(labels))
        style = {"palette": "colorblind", "s": 14, "linewidth": 0, "ax": axes}
        x, y = points[:, 0], points[:, 1]
        sns.scatterplot(x=x, y=y, hue=list(labels), hue_order=names, **style)
        axes.set(xticks=[], yticks=[], xlabel="", ylabel="")
        axes.set_title(head, fontsize=FONT + 2)
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.02), "frameon": False}
        axes.legend(ncols=min(len(names), 2), fontsize=FONT, **place)
        sns.despine(ax=axes, left=True, bottom=True)
    return figure


COLUMNS = 4
HERTZ = (500, 1000, 2000, 4000, 8000)
BLUE = sns.color_palette("colorblind")[0]


def examples(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]], *, settings: MelSettings = PICTURE
) -> Figure:
    """Draw waveforms above their mel spectrograms, on one scale of time and amplitude.

    The level is relative to each clip's maximum, down to 60 dB: a quiet clip's spectrogram is as
    readable as a loud one's.

    Args:
        panels: title, ``(samples,)`` of the clip and its ``(frames, bands)`` spectrogram in dB.
        settings: rate, hop and bands of the spectrograms (default: the report's picture, window
            2048, hop 1024).

    Raises:
        ValueError: no panel, or a spectrogram of another length or with other bands.

    Source: Biagini 2022, Figure 2.
    """
    _check_some(panels)
    for title, samples, spectrogram in panels:
        expected = (1 + len(samples) // settings.hop, settings.bands)
        if spectrogram.shape != expected:
            raise ValueError(
                f"{title}: a spectrogram {spectrogram.shape} of {len(samples)} samples; expected "
                f"{expected}: name its settings"
            )
    figure, grid = _grid(len(panels), heights=(1, 2), inches=2.7)
    longest = max(len(samples) for _, samples, _ in panels) / settings.rate
    loudest = max(np.abs(samples).max() for _, samples, _ in panels)
    for (wave, axes), (title, samples, spectrogram) in zip(grid, panels, strict=True):
        wave.plot(np.arange(len(samples)) / settings.rate, samples, color=BLUE, linewidth=0.4)
        wave.set(ylim=(-loudest, loudest), yticks=[])
        wave.set_title(title, fontsize=FONT + 1)
        wave.tick_params(bottom=False, labelbottom=False)
        sns.despine(ax=wave, left=True, bottom=True)
        style = {"cmap": "magma_r", "vmin": -60, "vmax": 0}
        mesh = _spectrogram(axes, spectrogram - spectrogram.max(), settings, **style)
        wave.set_xlim(0, longest)
        axes.set_xlim(0, longest)
    _colour_bar(figure, mesh, "dB relative to the clip's maximum")
    return figure


def saliency_map(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]], *, settings: MelSettings = DECIBELS
) -> Figure:
    """Draw a network's saliency in colour over the grey mel spectrogram, one clip each.

    Colour and opacity follow the saliency up to the clip's 99.5th percentile, beyond which they are
    full.

    Args:
        panels: title, ``(frames, bands)`` spectrogram in dB and the map, 0 or more, of the same
            shape.
        settings: settings of the spectrograms (default: the models').

    Raises:
        ValueError: no panel, other bands than the settings give, or a map of another shape, below 0
            or empty.

    Source: Biagini 2022, section 6. Deviation: gradients of the logit, where the author's notebook
    shows integrated gradients.
    """
    _check_some(panels)
    for title, spectrogram, saliency in panels:
        low, high = saliency.min(), saliency.max()
        fits = spectrogram.shape[1:] == (settings.bands,) and saliency.shape == spectrogram.shape
        if not fits or not high > 0 or low < 0:
            raise ValueError(
                f"{title}: a map {saliency.shape} from {low:g} to {high:g} of a spectrogram "
                f"{spectrogram.shape}; expected both (frames, {settings.bands}) and the map 0 or "
                "more: cut both to the clip's frames"
            )
    figure, grid = _grid(len(panels), heights=(1,), inches=2.0)
    longest = max(len(spectrogram) for _, spectrogram, _ in panels) * settings.hop / settings.rate
    for (axes,), (title, spectrogram, saliency) in zip(grid, panels, strict=True):
        strength = np.minimum(saliency / (np.quantile(saliency, 0.995) or saliency.max()), 1)
        _spectrogram(axes, spectrogram, settings, cmap="Greys", vmax=spectrogram.max() + 40)
        _spectrogram(axes, strength, settings, cmap="Reds", vmin=0, vmax=1, alpha=strength.T)
        axes.set_title(title, fontsize=FONT + 1)
        axes.set_xlim(0, longest)
    scale = ScalarMappable(plt.Normalize(0, 1), "Reds")
    _colour_bar(figure, scale, "saliency, share of the 99.5th percentile of the clip")
    return figure


def _check_some(panels: Sequence) -> None:
    if not panels:
        raise ValueError(
            "no panel; expected one a class: pass the title and arrays of a clip of each"
        )


def _grid(
    count: int, *, heights: tuple[int, ...], inches: float
) -> tuple[Figure, list[tuple[plt.Axes, ...]]]:
    """Make so many panels of axes below each other, with seconds and Hz at the outer ones."""
    columns, parts = min(COLUMNS, count), len(heights)
    rows = -(-count // columns)
    size = {"figsize": (WIDTH, inches * rows + 0.6), "layout": "constrained", "squeeze": False}
    figure, axes = plt.subplots(parts * rows, columns, height_ratios=heights * rows, **size)
    panels = []
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        panel = tuple(axes[parts * row : parts * (row + 1), column])
        if number >= count:
            for place in panel:
                place.set_axis_off()
            continue
        panels.append(panel)
        is_lowest, is_first = number + columns >= count, column == 0
        lowest = panel[-1]
        lowest.tick_params(labelsize=FONT, labelbottom=is_lowest, labelleft=is_first)
        if is_lowest:
            lowest.set_xlabel("s", fontsize=FONT)
        if is_first:
            lowest.set_ylabel("Hz", fontsize=FONT)
    return figure, panels


def _spectrogram(
    axes: plt.Axes, values: np.ndarray, settings: MelSettings, **look: object
) -> QuadMesh:
    """Draw ``(frames, bands)``, cells around the middle of frame and band, the bands named in Hz."""
    seconds = (np.arange(len(values) + 1) - 0.5) * settings.hop / settings.rate
    edges = np.arange(settings.bands + 1)
    mesh = axes.pcolormesh(seconds, edges, values.T, rasterized=True, **look)
    ticks = {}
    for hertz in HERTZ:
        band = _band(hertz, settings)
        if hertz > settings.lowest and band <= settings.bands:
            ticks[f"{hertz:,}"] = band
    axes.set_yticks(list(ticks.values()), list(ticks), fontsize=FONT)
    axes.set_ylim(0, settings.bands)
    return mesh


def _band(hertz: float, settings: MelSettings) -> float:
    """Return the place of a frequency where band b is b to b + 1, its peak in the middle."""
    low, this, high = (
        np.log1p(frequency / 700) for frequency in (settings.lowest, hertz, settings.highest)
    )
    return float((this - low) / (high - low) * (settings.bands + 1) - 0.5)


def _colour_bar(figure: Figure, drawn: ScalarMappable, label: str, *, aspect: int = 40) -> None:
    place = {"ax": figure.axes, "location": "bottom", "shrink": 0.4, "aspect": aspect}
    bar = figure.colorbar(drawn, **place)
    bar.set_label(label, fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
