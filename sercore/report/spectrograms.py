"""Figures of spectrograms: examples of clips with their waveforms, and saliency by frequency."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sercore.features.mel import DECIBELS, PICTURE, MelSettings
from sercore.report.figures import FONT, WIDTH, colour_bar, hover, legend

COLUMNS = 4
HERTZ = (500, 1000, 2000, 4000, 8000)


def examples(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]],
    *,
    title: str = "",
    settings: MelSettings = PICTURE,
) -> Figure:
    """Draw waveforms above their mel spectrograms, on one scale of time and amplitude.

    The level is relative to each clip's maximum, down to 60 dB: a quiet clip's spectrogram is as
    readable as a loud one's. On a page, a click on one plays the clip of that name, if the page has
    its player (see ``sercore.report.tables.players``).

    Args:
        panels: title, ``(samples,)`` of the clip and its ``(frames, bands)`` spectrogram in dB.
        title: title of all of them (default: none).
        settings: rate, hop and bands of the spectrograms (default: the report's picture, window
            2048, hop 1024).

    Raises:
        ValueError: no panel, or a spectrogram of another length or with other bands.

    Source: Biagini 2022, Figure 2.
    """
    _check_some(panels)
    for name, samples, spectrogram in panels:
        expected = (1 + len(samples) // settings.hop, settings.bands)
        if spectrogram.shape != expected:
            raise ValueError(
                f"{name}: a spectrogram {spectrogram.shape} of {len(samples)} samples; expected "
                f"{expected}: name its settings"
            )
    figure, grid = _grid(len(panels), heights=(1, 2), inches=2.0)
    figure.suptitle(title, fontsize=FONT + 2)
    longest = max(len(samples) for _, samples, _ in panels) / settings.rate
    loudest = max(np.abs(samples).max() for _, samples, _ in panels)
    ink = {"color": "0.3", "linewidth": 0.4, "rasterized": True}
    for (wave, axes), (name, samples, spectrogram) in zip(grid, panels, strict=True):
        wave.plot(np.arange(len(samples)) / settings.rate, samples, **ink)
        wave.set(ylim=(-loudest, loudest), yticks=[])
        wave.set_title(name, fontsize=FONT + 1)
        wave.tick_params(bottom=False, labelbottom=False)
        sns.despine(ax=wave, left=True, bottom=True)
        style = {"cmap": "magma_r", "vmin": -60, "vmax": 0}
        mesh = _spectrogram(axes, spectrogram - spectrogram.max(), settings, **style)
        clip = Rectangle((0, 0), len(samples) / settings.rate, settings.bands, alpha=0)
        hover(axes.add_patch(clip), name)
        wave.set_xlim(0, longest)
        axes.set_xlim(0, longest)
    colour_bar(figure, mesh, "dB relative to the clip's maximum")
    return figure


def profiles(
    panels: Mapping[str, Mapping[str, np.ndarray]],
    *,
    shades: Mapping[str, object],
    title: str = "",
    settings: MelSettings = DECIBELS,
) -> Figure:
    """Draw how networks' saliency is spread over frequency, one panel a class.

    A line is the mean over trainings, the band around it one standard deviation to either side.

    Args:
        panels: by class and network ``(trainings, bands)`` shares of the saliency.
        shades: colour of each network.
        title: what stands behind the unit of frequency (default: nothing).
        settings: settings of the spectrograms (default: the models').

    Raises:
        ValueError: no panel, or shares of another number of bands.
    """
    _check_some(list(panels))
    rows = -(-len(panels) // COLUMNS)
    size = {"figsize": (WIDTH, 0.8 + 1.5 * rows), "layout": "constrained"}
    figure, grid = plt.subplots(
        rows, min(COLUMNS, len(panels)), sharex=True, sharey=True, squeeze=False, **size
    )
    middles = np.arange(settings.bands) + 0.5
    for axes, (name, networks) in zip(grid.flat, panels.items(), strict=False):
        for network, shares in networks.items():
            if shares.ndim != 2 or shares.shape[1] != settings.bands:
                raise ValueError(
                    f"{name}, {network}: shares {shares.shape}; expected (trainings,"
                    f" {settings.bands}): name the settings of their spectrograms"
                )
            levels, shade = shares * settings.bands, shades[network]
            (line,) = axes.plot(middles, levels.mean(0), color=shade, linewidth=1.3, label=network)
            hover(line, f"{name}, {network}")
            ends = {"color": shade, "alpha": 0.2, "linewidth": 0}
            spread = levels.std(0)
            axes.fill_between(middles, levels.mean(0) - spread, levels.mean(0) + spread, **ends)
        axes.axhline(1, color="0.8", linewidth=1, zorder=0)
        axes.set_title(name, fontsize=FONT + 1)
        ticks = _ticks(settings)
        axes.set_xticks(list(ticks.values()), [f"{hertz / 1000:g}" for hertz in ticks])
        axes.tick_params(labelsize=FONT, labelbottom=True)
        axes.set_xlim(0, settings.bands)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    grid[0, 0].set_ylim(bottom=0)
    figure.supxlabel(", ".join(filter(None, ("kHz", title.lower()))), fontsize=FONT)
    figure.supylabel("share of the saliency, even spread = 1", fontsize=FONT)
    legend(figure)
    sns.despine(figure)
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
    ticks = _ticks(settings)
    axes.set_yticks(list(ticks.values()), [f"{hertz:,}" for hertz in ticks], fontsize=FONT)
    axes.set_ylim(0, settings.bands)
    return mesh


def _ticks(settings: MelSettings) -> dict[int, float]:
    """Return the places of round frequencies among the bands, by the frequency in Hz."""
    ticks = {}
    for hertz in HERTZ:
        band = _band(hertz, settings)
        if hertz > settings.lowest and band <= settings.bands:
            ticks[hertz] = band
    return ticks


def _band(hertz: float, settings: MelSettings) -> float:
    """Return the place of a frequency where band b is b to b + 1, its peak in the middle."""
    low, this, high = (
        np.log1p(frequency / 700) for frequency in (settings.lowest, hertz, settings.highest)
    )
    return float((this - low) / (high - low) * (settings.bands + 1) - 0.5)
