"""Pictures of chapter 4 and what they draw: masks, the grid, its effects, maps of frames."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sercore.augment.policies import POLICIES, masked
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import SEEDS
from sercore.ledger.scores import Trials
from sercore.papers.padi2021 import numbers, study
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, Data
from sercore.papers.padi2021.numbers import SPLIT_TITLES, WIDTHS, by_run, system
from sercore.papers.padi2021.study import EIGHT
from sercore.report.figures import FONT, WIDTH, interval, map_sources
from sercore.report.tables import span

PALETTE = sns.color_palette("colorblind", 10)
Bar = tuple[float, float, int]  # WA in %, its deviation over trainings (NaN of one), trainings
Interval = tuple[float, float, float]  # value, low and high
Stage = tuple[np.ndarray, Sequence[str], Sequence[str]]  # places, emotions and speakers of clips


def masks_data(
    data: Data, *, row: int = 0, seed: int = 0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return one clip's normalised spectrogram, and the same under each policy."""
    clip, versions = data.segments.clip(row), {}
    for name, policy in POLICIES.items():
        generator = torch.Generator().manual_seed(seed)
        versions[name] = masked(torch.tensor(clip)[None], policy, generator=generator)[0].numpy()
    return clip, versions


def masks(clip: np.ndarray, versions: Mapping[str, np.ndarray], *, step: float = 0.01) -> Figure:
    """Draw a spectrogram ``(frames, bands)``, and versions with masked cells in black (Figure 2).

    A frame takes ``step`` seconds.
    """
    panels = {"as it is": clip}
    for name, version in versions.items():
        panels[name] = np.where(version == clip, clip, np.nan)
    size, options = (WIDTH, 3.2), {"layout": "constrained", "sharey": True}
    figure, axes = plt.subplots(1, len(panels), figsize=size, **options)
    low, high = np.quantile(clip, [0.01, 0.99])
    drawing = {
        "cmap": plt.get_cmap("viridis").with_extremes(bad="black"),
        "vmin": low,
        "vmax": high,
        "extent": (0, len(clip) * step, 0, clip.shape[1]),
    }
    for place, (name, values) in zip(axes, panels.items(), strict=True):
        image = place.imshow(
            values.T, origin="lower", aspect="auto", interpolation="nearest", **drawing
        )
        place.set_title(name, fontsize=FONT + 1)
        place.set_xlabel("s", fontsize=FONT)
        place.tick_params(labelsize=FONT)
    axes[0].set_ylabel("mel band", fontsize=FONT)
    bar = figure.colorbar(image, ax=axes, location="bottom", shrink=0.4, aspect=40)
    bar.set_label("standard deviations", fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
    return figure


def bars_data(ledger: Ledger) -> dict[str, dict[str, dict[str, Bar]]]:
    """Return the bars of Figure 4, in WA, by split, experiment and system.

    They are of the way of training with most systems, and of such of the nearest to the paper's.
    """
    panels = {}
    for protocol, split in SPLIT_TITLES.items():
        for name in EXPERIMENTS:
            ways = numbers.ways_of_training(ledger, EIGHT, experiment=name, protocol=protocol)
            if ways:
                way = max(ways, key=lambda way: len(way.trials))  # of equals the nearest
                bars = {row: _bar(trials) for row, trials in way.trials.items()}
                panels.setdefault(split, {})[f"{way.title}\n{way.about}"] = bars
    return panels


def bars(panels: Mapping[str, Mapping[str, Mapping[str, Bar]]], *, chance: float = 25.0) -> Figure:
    """Draw the WA of the grid's systems with standard deviations, by split (Figure 4)."""
    all_bars = [bars for experiments in panels.values() for bars in experiments.values()]
    names = list(dict.fromkeys(name for bars in all_bars for name in bars))
    columns = max(map(len, panels.values()))
    size = (WIDTH, 0.5 + 2.8 * len(panels))
    options = {"layout": "constrained", "squeeze": False, "sharey": True}
    figure, axes = plt.subplots(len(panels), columns, figsize=size, **options)
    dashed = {"color": "0.6", "linewidth": 1, "linestyle": (0, (4, 3))}
    for row, (split, experiments) in zip(axes, panels.items(), strict=True):
        for place in row[len(experiments) :]:
            place.set_axis_off()
        for place, (title, scores) in zip(row, experiments.items(), strict=False):
            for name, (value, spread, _) in scores.items():
                at, alpha = names.index(name), 0.35 + 0.2 * name.count("1")
                place.bar(at, value, width=0.75, color=PALETTE[0], alpha=alpha)
                if np.isfinite(spread):
                    place.errorbar(at, value, yerr=spread, color="0.2", linewidth=1.2, capsize=3)
            place.axhline(chance, **dashed)
            place.set_xticks(range(len(names)), names, fontsize=FONT)
            lines = []
            for line in f"{split}: {title}".splitlines():
                lines += wrap(line, 96 // columns)
            place.set_title("\n".join(lines), fontsize=FONT + 1)
            place.tick_params(axis="y", labelsize=FONT)
            place.set_ylim(0, 100)
        row[0].set_ylabel("WA, %", fontsize=FONT)
    figure.supxlabel("with transfer, masks, statistics pooling (1) or without (0)", fontsize=FONT)
    counts = [count for bars in all_bars for *_, count in bars.values()]
    label = "one training"
    if max(counts) > 1:
        label = f"mean of {span(counts)} trainings, line: standard deviation"
    handles = [
        Patch(color=PALETTE[0], alpha=0.6, label=label),
        Line2D([], [], label="guessing", **dashed),
    ]
    _legend(figure, handles, columns=2)
    sns.despine(figure)
    return figure


def effects_data(ledger: Ledger) -> dict[str, tuple[dict[str, Interval], int]]:
    """Return the main effects of whole grids in WA, and seeds, by what is scored and its split."""
    panels = {}
    for grid in numbers.ways(ledger, EIGHT):
        title = f"{grid.title}, {grid.split}"
        if len(grid.trials) == len(EIGHT) and title not in panels:  # the nearest way is the first
            effects = {}
            for what, effect in grid.effects().items():
                effects[what] = (effect.value, effect.low, effect.high)
            panels[title] = (effects, grid.seeds)
    return panels


def effects(panels: Mapping[str, tuple[Mapping[str, Interval], int]]) -> Figure:
    """Draw main effects and their differences in points; hollow on fewer than five seeds."""
    names = list(dict.fromkeys(name for effects, _ in panels.values() for name in effects))
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.45 * len(names)), layout="constrained")
    axes.axvline(0, color="0.7", linewidth=1, zorder=0)
    offsets = np.linspace(0.25, -0.25, len(panels)) if len(panels) > 1 else [0.0]
    handles = []
    for place, (title, (effects, seeds)) in enumerate(panels.items()):
        colour, offset, hollow = PALETTE[place], offsets[place], seeds < SEEDS
        for name, (value, low, high) in effects.items():
            height = len(names) - 1 - names.index(name) + offset
            interval(axes, value, low, high, height, colour, title, hollow=hollow)
        marker = _marker(colour, f"{title}, {seeds} seed{'s' * (seeds > 1)}")
        marker.set(markerfacecolor="white" if hollow else colour, markersize=4.5)
        handles.append(marker)
    axes.set_yticks(range(len(names)), names[::-1], fontsize=FONT + 1)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel("points of WA", fontsize=FONT)
    axes.tick_params(axis="x", labelsize=FONT)
    axes.grid(axis="y", color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
    _legend(figure, handles, columns=1)
    sns.despine(figure)
    return figure


def maps_data(ledger: Ledger, run: Ledger) -> dict[str, dict[str, Stage]]:
    """Return the stages of each system by source, of the widest network's first seed.

    Before its training a fine-tuned system is the frozen one, which stands for both.
    """
    maps = {}
    for source, views, points in map_sources(ledger, run, part="stages"):
        records = views.to_dict("records")
        records.sort(key=lambda view: ([*WIDTHS].index(view["size"]), view["seed"]))
        first: dict[str, dict] = {}
        for view in records:
            first.setdefault(system(view), view)
        stages = {}
        for name, view in first.items():
            clips = points[points["trial"] == view["trial"]]
            frozen = system(view | {"transfer": "frozen"})
            if view["transfer"] == "finetune" and frozen in first:
                clips = clips[clips["stage"] != "before"]
            for stage, rows in clips.groupby("stage", sort=False):
                labels = (rows["class"].tolist(), rows["group"].tolist())
                stages[f"{name}, {stage} training"] = (rows[["x", "y"]].to_numpy(float), *labels)
        maps[source] = stages
    return maps


def maps(stages: Mapping[str, Stage], *, title: str = "") -> Figure:
    """Draw pooled frames of test clips in the plane, coloured by emotion and by speaker."""
    size, options = (WIDTH, 0.6 + 3.0 * len(stages)), {"layout": "constrained", "squeeze": False}
    figure, axes = plt.subplots(len(stages), 2, figsize=size, **options)
    for at, what in enumerate(("emotion", "speaker"), 1):
        names = sorted({label for stage in stages.values() for label in stage[at]})
        palette = sns.color_palette("colorblind" if len(names) < 11 else "husl", len(names))
        colours = dict(zip(names, palette, strict=True))
        for place, (name, stage) in zip(axes[:, at - 1], stages.items(), strict=True):
            points, labels = stage[0], stage[at]
            shades = [colours[label] for label in labels]
            place.scatter(*np.asarray(points, float).T, c=shades, s=14, linewidth=0)
            place.set(xticks=[], yticks=[])
            place.set_title(f"{name}, by {what}", fontsize=FONT + 1)
            sns.despine(ax=place, left=True, bottom=True)
        axes[-1, at - 1].legend(
            handles=[_marker(colour, name) for name, colour in colours.items()],
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=min(len(names), 3),
            frameon=False,
            fontsize=FONT,
        )
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    return figure


def confusions_data(
    ledger: Ledger, run: Ledger
) -> dict[str, list[tuple[str, np.ndarray, tuple[str, ...]]]]:
    """Return the answers of the whole system by true class, for each experiment that was run."""
    sources = {}
    for source, book in (("Real speech", ledger), ("This page's own run", run)):
        panels = []
        for name in EXPERIMENTS:
            systems = numbers.systems(book, (study.FULL.name,), experiment=name)
            if systems is not None:
                panels.append((systems.title, systems.first.confusion(), CLASSES[name]))
        if panels:
            sources[source] = panels
    return sources


def _bar(trials: Trials) -> Bar:
    scores = by_run(trials)
    return float(np.mean(scores)), numbers.deviation(scores), len(scores)


def _marker(colour: object, label: str) -> Line2D:
    return Line2D([], [], marker="o", linestyle="", color=colour, label=label)


def _legend(figure: Figure, handles: list, *, columns: int) -> None:
    place = "outside upper center"
    figure.legend(handles=handles, loc=place, ncols=columns, frameon=False, fontsize=FONT)
