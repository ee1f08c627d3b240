"""Pictures that several chapters show, and what every picture shares.

Shared are the width, the size of the text, the colours, a point with its interval and a legend beside the points. Pictures are
scores under both splits, confusion matrices, points in the plane, clips as spectrograms, and what moves a network.
"""

from collections.abc import Iterable, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sercore.features.mel import DECIBELS, PICTURE, MelSettings
from sercore.ledger.estimates import Estimate

COLOURS = dict(
    zip(
        ("printed", "as-published", "clean", "test"),
        sns.color_palette("colorblind", 4),
        strict=True,
    )
)
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
        value,
        height,
        "o",
        color=colour,
        markersize=4.5,
        label=label,
        markerfacecolor="white" if hollow else colour,
        clip_on=False,
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
        filled = Line2D(
            [],
            [],
            color=point.get_color(),
            marker=point.get_marker(),
            markersize=point.get_markersize(),
            linestyle="",
        )
        handles[point.get_label()] = filled
        filled.set_label(point.get_label())
    handles |= {handle.get_label(): handle for handle in more}
    figure.legend(
        handles=list(handles.values()),
        loc="outside upper center",
        ncols=4,
        frameon=False,
        fontsize=FONT,
    )


def splits(
    rows: Sequence[tuple[str, float, tuple[Estimate, Estimate]]],
    *,
    chance: float,
    score: str = "accuracy",
) -> Figure:
    """Of each model the printed score, ours with shared speakers and ours without, with intervals.

    Args:
        rows: name, printed score, and ours under the paper's split and speaker-independent; the first on top.
        chance: what guessing gives, in [0, 1].
        score: what it is called (default "accuracy").

    Raises:
        ValueError: no row, or a score that is not in [0, 1].
    """
    if not rows:
        raise ValueError(
            "no model to draw; expected at least one that is recorded under both splits: record one first"
        )
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.34 * len(rows)), layout="constrained")
    axes.axvline(chance, color="0.8", linewidth=1, zorder=0)
    for height, (name, printed, (shared, apart)) in enumerate(reversed(rows)):
        for value in (printed, shared.value, apart.value):
            if not 0 <= value <= 1:
                raise ValueError(
                    f"{name}: {score} {value:g}; expected 0 to 1. Give shares, not per cent."
                )
        axes.plot(
            printed,
            height,
            "D",
            color=COLOURS["printed"],
            markersize=5,
            label="printed, other corpora",
        )
        named = (
            (shared, "as-published", "ours, clips held out", 0.16),
            (apart, "clean", "ours, speakers held out", -0.16),
        )
        for estimate, colour, label, offset in named:
            interval(
                axes,
                estimate.value,
                estimate.low,
                estimate.high,
                height + offset,
                COLOURS[colour],
                label,
            )
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
    """Confusion matrices side by side on one scale of colours: counts with the share of their row.

    Args:
        panels: title, ``(true, predicted)`` counts, or shares where every row sums to 1, and the names of the classes.
        title: of all of them (default: none).

    Raises:
        ValueError: where a matrix is not as large as its names, or holds what is no count.
    """
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(WIDTH, 1.75 + (WIDTH - 1) / max(len(panels), 2)),
        layout="constrained",
        squeeze=False,
    )
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    for place, (head, matrix, names) in zip(axes[0], panels, strict=True):
        counts = np.asarray(matrix, dtype=float)
        if counts.shape != (len(names), len(names)):
            raise ValueError(
                f"{head}: the matrix is {counts.shape}; {len(names)} classes need as many rows and columns"
            )
        if not (counts >= 0).all():
            raise ValueError(
                f"{head}: the matrix holds {counts.min():g}; counts are 0 or more: count the predictions again"
            )
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
        percent = np.vectorize("{:.0%}".format)(shares)
        bare = totals.any() and np.allclose(totals[totals > 0], 1)
        texts = (
            percent
            if bare
            else np.char.add(np.vectorize("{:,.10g}\n".format)(counts.round(1)), percent)
        )
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
    bar = figure.colorbar(
        axes[0, 0].collections[0], ax=axes, location="bottom", shrink=0.4, aspect=30
    )
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
        1,
        len(panels),
        figsize=(side * len(panels), side + 0.1 * most + 0.2),
        layout="constrained",
        squeeze=False,
    )
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    for place, (head, points, labels) in zip(axes[0], panels, strict=True):
        names = sorted(set(labels))
        sns.scatterplot(
            x=points[:, 0],
            y=points[:, 1],
            hue=list(labels),
            hue_order=names,
            palette="colorblind",
            s=14,
            linewidth=0,
            ax=place,
        )
        place.set(xticks=[], yticks=[], xlabel="", ylabel="")
        place.set_title(head, fontsize=FONT + 2)
        place.legend(
            frameon=False,
            fontsize=FONT,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=min(len(names), 2),
        )
        sns.despine(ax=place, left=True, bottom=True)
    return figure


COLUMNS = 4
HERTZ = (500, 1000, 2000, 4000, 8000)
BLUE = sns.color_palette("colorblind")[0]


def examples(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]], *, settings: MelSettings = PICTURE
) -> Figure:
    """Waveforms above their mel spectrograms, one clip each, on one scale of time and amplitude.

    The level is relative to each clip's maximum, down to 60 dB: a quiet clip's spectrogram is as readable as a loud one's.

    Args:
        panels: title, ``(samples,)`` of the clip and its ``(frames, bands)`` spectrogram in dB.
        settings: of the spectrograms: rate, hop and bands (default: the report's picture, window 2048, hop 1024).

    Raises:
        ValueError: no panel, or a spectrogram of another length or with other bands than the settings give.

    Source: Biagini 2022, Figure 2.
    """
    _check_some(panels)
    for title, samples, spectrogram in panels:
        expected = (1 + len(samples) // settings.hop, settings.bands)
        if spectrogram.shape != expected:
            raise ValueError(
                f"{title}: a spectrogram {spectrogram.shape} of {len(samples)} samples; expected {expected}: name its settings"
            )
    figure, axes = _grid(len(panels), heights=(1, 2), inches=2.7)
    longest = max(len(samples) for _, samples, _ in panels) / settings.rate
    loudest = max(np.abs(samples).max() for _, samples, _ in panels)
    for (wave, place), (title, samples, spectrogram) in zip(axes, panels, strict=True):
        wave.plot(np.arange(len(samples)) / settings.rate, samples, color=BLUE, linewidth=0.4)
        wave.set(ylim=(-loudest, loudest), yticks=[])
        wave.set_title(title, fontsize=FONT + 1)
        wave.tick_params(bottom=False, labelbottom=False)
        sns.despine(ax=wave, left=True, bottom=True)
        drawn = _spectrogram(
            place, spectrogram - spectrogram.max(), settings, cmap="magma_r", vmin=-60, vmax=0
        )
        wave.set_xlim(0, longest)
        place.set_xlim(0, longest)
    _bar(figure, drawn, "dB relative to the clip's maximum")
    return figure


def saliency_map(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]], *, settings: MelSettings = DECIBELS
) -> Figure:
    """What moves a network: its saliency in colour over the grey mel spectrogram, one clip each.

    Colour and opacity follow the saliency up to the clip's 99.5th percentile, beyond which they are full.

    Args:
        panels: title, ``(frames, bands)`` spectrogram in dB and the map, 0 or more, of the same shape.
        settings: of the spectrograms (default: the models').

    Raises:
        ValueError: no panel, other bands than the settings give, or a map of another shape, below 0 or empty.

    Source: Biagini 2022, section 6. Deviation: gradients of the logit, where the author's notebook shows integrated gradients.
    """
    _check_some(panels)
    for title, spectrogram, saliency in panels:
        low, high = saliency.min(), saliency.max()
        if (
            spectrogram.shape[1:] != (settings.bands,)
            or saliency.shape != spectrogram.shape
            or not high > 0
            or low < 0
        ):
            raise ValueError(
                f"{title}: a map {saliency.shape} from {low:g} to {high:g} of a spectrogram {spectrogram.shape};"
                f" expected both (frames, {settings.bands}) and the map 0 or more: cut both to the clip's frames"
            )
    figure, axes = _grid(len(panels), heights=(1,), inches=2.0)
    longest = max(len(spectrogram) for _, spectrogram, _ in panels) * settings.hop / settings.rate
    for (place,), (title, spectrogram, saliency) in zip(axes, panels, strict=True):
        strength = np.minimum(saliency / (np.quantile(saliency, 0.995) or saliency.max()), 1)
        _spectrogram(place, spectrogram, settings, cmap="Greys", vmax=spectrogram.max() + 40)
        _spectrogram(place, strength, settings, cmap="Reds", vmin=0, vmax=1, alpha=strength.T)
        place.set_title(title, fontsize=FONT + 1)
        place.set_xlim(0, longest)
    _bar(
        figure,
        ScalarMappable(plt.Normalize(0, 1), "Reds"),
        "saliency, share of the 99.5th percentile of the clip",
    )
    return figure


def _check_some(panels: Sequence) -> None:
    if not panels:
        raise ValueError(
            "no panel; expected one a class: pass the title and arrays of a clip of each"
        )


def _grid(
    count: int, *, heights: tuple[int, ...], inches: float
) -> tuple[Figure, list[tuple[plt.Axes, ...]]]:
    """So many panels, each of axes below each other, the lowest with seconds and Hz where nothing beside or below has them."""
    columns, parts = min(COLUMNS, count), len(heights)
    rows = -(-count // columns)
    figure, axes = plt.subplots(
        parts * rows,
        columns,
        figsize=(WIDTH, inches * rows + 0.6),
        layout="constrained",
        squeeze=False,
        height_ratios=heights * rows,
    )
    panels = [
        tuple(axes[parts * (at // columns) : parts * (at // columns + 1), at % columns])
        for at in range(rows * columns)
    ]
    for place in (place for panel in panels[count:] for place in panel):
        place.set_axis_off()
    for at, panel in enumerate(panels[:count]):
        panel[-1].tick_params(
            labelsize=FONT, labelbottom=at + columns >= count, labelleft=at % columns == 0
        )
        if at + columns >= count:
            panel[-1].set_xlabel("s", fontsize=FONT)
        if at % columns == 0:
            panel[-1].set_ylabel("Hz", fontsize=FONT)
    return figure, panels[:count]


def _spectrogram(
    axes: plt.Axes, values: np.ndarray, settings: MelSettings, **look: object
) -> QuadMesh:
    """Cells of ``(frames, bands)`` around the middle of their frame in seconds and of their band on the mel scale, named in Hz."""
    seconds = (np.arange(len(values) + 1) - 0.5) * settings.hop / settings.rate
    drawn = axes.pcolormesh(
        seconds, np.arange(settings.bands + 1), values.T, rasterized=True, **look
    )
    named = [
        hertz
        for hertz in HERTZ
        if hertz > settings.lowest and _band(hertz, settings) <= settings.bands
    ]
    axes.set_yticks(
        [_band(hertz, settings) for hertz in named],
        [f"{hertz:,}" for hertz in named],
        fontsize=FONT,
    )
    axes.set_ylim(0, settings.bands)
    return drawn


def _band(hertz: float, settings: MelSettings) -> float:
    """Where a frequency lies on an axis on which band b reaches from b to b + 1: its filter's peak is in the middle."""
    low, this, high = (
        np.log1p(frequency / 700) for frequency in (settings.lowest, hertz, settings.highest)
    )
    return float((this - low) / (high - low) * (settings.bands + 1) - 0.5)


def _bar(figure: Figure, drawn: ScalarMappable, label: str) -> None:
    bar = figure.colorbar(drawn, ax=figure.axes, location="bottom", shrink=0.4, aspect=40)
    bar.set_label(label, fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
