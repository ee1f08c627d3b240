"""Figures of spectrograms: examples of clips with their waveforms, and a network's saliency."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sercore.features.mel import DECIBELS, PICTURE, MelSettings
from sercore.report.figures import FONT, WIDTH, colour_bar, hover

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


def saliency_map(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]],
    *,
    title: str = "",
    settings: MelSettings = DECIBELS,
) -> Figure:
    """Draw a network's saliency in colour over the grey mel spectrogram, one clip each.

    Colour and opacity follow the saliency up to the clip's 99.5th percentile, beyond which they are
    full.

    Args:
        panels: title, ``(frames, bands)`` spectrogram in dB and the map, 0 or more, of the same
            shape.
        title: title of all of them (default: none).
        settings: settings of the spectrograms (default: the models').

    Raises:
        ValueError: no panel, other bands than the settings give, or a map of another shape, below 0
            or empty.

    Source: Biagini 2022, section 6. Deviation: gradients of the logit, where the author's notebook
    shows integrated gradients.
    """
    _check_some(panels)
    for name, spectrogram, saliency in panels:
        low, high = saliency.min(), saliency.max()
        fits = spectrogram.shape[1:] == (settings.bands,) and saliency.shape == spectrogram.shape
        if not fits or not high > 0 or low < 0:
            raise ValueError(
                f"{name}: a map {saliency.shape} from {low:g} to {high:g} of a spectrogram "
                f"{spectrogram.shape}; expected both (frames, {settings.bands}) and the map 0 or "
                "more: cut both to the clip's frames"
            )
    figure, grid = _grid(len(panels), heights=(1,), inches=1.6)
    figure.suptitle(title, fontsize=FONT + 2)
    longest = max(len(spectrogram) for _, spectrogram, _ in panels) * settings.hop / settings.rate
    for (axes,), (name, spectrogram, saliency) in zip(grid, panels, strict=True):
        strength = np.minimum(saliency / (np.quantile(saliency, 0.995) or saliency.max()), 1)
        _spectrogram(axes, spectrogram, settings, cmap="Greys", vmax=spectrogram.max() + 40)
        _spectrogram(axes, strength, settings, cmap="Reds", vmin=0, vmax=1, alpha=strength.T)
        axes.set_title(name, fontsize=FONT + 1)
        axes.set_xlim(0, longest)
    scale = ScalarMappable(plt.Normalize(0, 1), "Reds")
    colour_bar(figure, scale, "saliency, share of the 99.5th percentile of the clip")
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
