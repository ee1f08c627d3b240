"""Clips as mel spectrograms with axes in seconds and Hz: below their waveforms, or under what moves a network."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from sercore.features.mel import DECIBELS, PICTURE, MelSettings
from sercore.figures.common import FONT, WIDTH

COLUMNS = 4
HERTZ = (500, 1000, 2000, 4000, 8000)
BLUE = sns.color_palette("colorblind")[0]


def examples(panels: Sequence[tuple[str, np.ndarray, np.ndarray]], *, settings: MelSettings = PICTURE) -> Figure:
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
        drawn = _spectrogram(place, spectrogram - spectrogram.max(), settings, cmap="magma_r", vmin=-60, vmax=0)
        wave.set_xlim(0, longest)
        place.set_xlim(0, longest)
    _bar(figure, drawn, "dB relative to the clip's maximum")
    return figure


def saliency_map(panels: Sequence[tuple[str, np.ndarray, np.ndarray]], *, settings: MelSettings = DECIBELS) -> Figure:
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
    for title, spectrogram, found in panels:
        if spectrogram.shape[1:] != (settings.bands,) or found.shape != spectrogram.shape or not found.max() > 0 or found.min() < 0:
            raise ValueError(
                f"{title}: a map {found.shape} from {found.min():g} to {found.max():g} of a spectrogram {spectrogram.shape};"
                f" expected both (frames, {settings.bands}) and the map 0 or more: cut both to the clip's frames"
            )
    figure, axes = _grid(len(panels), heights=(1,), inches=2.0)
    longest = max(len(spectrogram) for _, spectrogram, _ in panels) * settings.hop / settings.rate
    for (place,), (title, spectrogram, found) in zip(axes, panels, strict=True):
        strength = np.minimum(found / (np.quantile(found, 0.995) or found.max()), 1)
        _spectrogram(place, spectrogram, settings, cmap="Greys", vmax=spectrogram.max() + 40)
        _spectrogram(place, strength, settings, cmap="Reds", vmin=0, vmax=1, alpha=strength.T)
        place.set_title(title, fontsize=FONT + 1)
        place.set_xlim(0, longest)
    _bar(figure, ScalarMappable(plt.Normalize(0, 1), "Reds"), "saliency, share of the 99.5th percentile of the clip")
    return figure


def _check_some(panels: Sequence) -> None:
    if not panels:
        raise ValueError("no panel; expected one a class: pass the title and arrays of a clip of each")


def _grid(count: int, *, heights: tuple[int, ...], inches: float) -> tuple[Figure, list[tuple[plt.Axes, ...]]]:
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
    panels = [tuple(axes[parts * (at // columns) : parts * (at // columns + 1), at % columns]) for at in range(rows * columns)]
    for place in (place for panel in panels[count:] for place in panel):
        place.set_axis_off()
    for at, panel in enumerate(panels[:count]):
        panel[-1].tick_params(labelsize=FONT, labelbottom=at + columns >= count, labelleft=at % columns == 0)
        if at + columns >= count:
            panel[-1].set_xlabel("s", fontsize=FONT)
        if at % columns == 0:
            panel[-1].set_ylabel("Hz", fontsize=FONT)
    return figure, panels[:count]


def _spectrogram(axes: plt.Axes, values: np.ndarray, settings: MelSettings, **look: object) -> QuadMesh:
    """Cells of ``(frames, bands)`` around the middle of their frame in seconds and of their band on the mel scale, named in Hz."""
    seconds = (np.arange(len(values) + 1) - 0.5) * settings.hop / settings.rate
    drawn = axes.pcolormesh(seconds, np.arange(settings.bands + 1), values.T, rasterized=True, **look)
    named = [hertz for hertz in HERTZ if hertz > settings.lowest and _band(hertz, settings) <= settings.bands]
    axes.set_yticks([_band(hertz, settings) for hertz in named], [f"{hertz:,}" for hertz in named], fontsize=FONT)
    axes.set_ylim(0, settings.bands)
    return drawn


def _band(hertz: float, settings: MelSettings) -> float:
    """Where a frequency lies on an axis on which band b reaches from b to b + 1: its filter's peak is in the middle."""
    low, this, high = (np.log1p(each / 700) for each in (settings.lowest, hertz, settings.highest))
    return float((this - low) / (high - low) * (settings.bands + 1) - 0.5)


def _bar(figure: Figure, drawn: ScalarMappable, label: str) -> None:
    bar = figure.colorbar(drawn, ax=figure.axes, location="bottom", shrink=0.4, aspect=40)
    bar.set_label(label, fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
