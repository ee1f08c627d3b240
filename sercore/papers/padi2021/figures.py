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
from sercore.evaluation.estimates import SEEDS, level
from sercore.evaluation.scores import Trials
from sercore.ledger.claims import estimated
from sercore.ledger.entries import Ledger
from sercore.papers.padi2021 import campplus, numbers, study
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, ORIGINS, Data
from sercore.papers.padi2021.numbers import APART, CLIPS, SPLIT_TITLES, WA, WIDTHS, by_run, system
from sercore.papers.padi2021.study import EIGHT
from sercore.report.figures import (
    COLOURS,
    FONT,
    MUTED,
    WIDTH,
    Effect,
    colours,
    forest,
    hover,
    lines_across,
    map_source,
    of_speech,
)
from sercore.report.tables import span
from sercore.training.sgd import Plan

# A split that shares no speaker has the colour of a clean score in all chapters.
SPLIT_COLOURS = {
    SPLIT_TITLES[APART]: COLOURS["clean"],
    SPLIT_TITLES[CLIPS]: COLOURS["as-published"],
}
PARTS = {"TL": "transfer", "Aug": "masks", "SP": "pooling", "-": "less"}
Bar = tuple[float, float, int]  # WA in %, its deviation over trainings (NaN of one), trainings


def masks_data(
    data: Data, *, row: int = 0, seed: int = 0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return one clip's normalised spectrogram, and the same under each policy."""
    clip, versions = data.segments.clip(row), {}
    for name, policy in POLICIES.items():
        generator = torch.Generator().manual_seed(seed)
        versions[name] = masked(torch.tensor(clip)[None], policy, generator=generator)[0].numpy()
    return clip, versions


def masks(
    clip: np.ndarray, versions: Mapping[str, np.ndarray], *, title: str = "", step: float = 0.01
) -> Figure:
    """Draw a spectrogram ``(frames, bands)``, and versions with masked cells in black (Figure 2).

    A frame takes ``step`` seconds.
    """
    panels = {"as it is": clip}
    for name, version in versions.items():
        panels[name] = np.where(version == clip, clip, np.nan)
    size, options = (WIDTH, 2.9), {"layout": "constrained", "sharey": True}
    figure, axes = plt.subplots(1, len(panels), figsize=size, **options)
    figure.suptitle(title, fontsize=FONT + 2)
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
    size = (WIDTH, 0.5 + 2.6 * len(panels))
    options = {"layout": "constrained", "squeeze": False, "sharey": True}
    figure, axes = plt.subplots(len(panels), columns, figsize=size, **options)
    dashed = {"color": "0.6", "linewidth": 1, "linestyle": (0, (4, 3))}
    for row, (split, experiments) in zip(axes, panels.items(), strict=True):
        for place in row[len(experiments) :]:
            place.set_axis_off()
        for place, (title, scores) in zip(row, experiments.items(), strict=False):
            for name, (value, spread, _) in scores.items():
                at, alpha = names.index(name), 0.35 + 0.2 * name.count("1")
                look = {"width": 0.75, "color": SPLIT_COLOURS[split], "alpha": alpha}
                hover(place.bar(at, value, **look)[0], f"{name}, {split}: {value:.1f} %")
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
    handles = [Patch(color="0.5", label=label), Line2D([], [], label="guessing", **dashed)]
    _legend(figure, handles, columns=2)
    sns.despine(figure)
    return figure


def effects_data(ledger: Ledger) -> list[Effect]:
    """Return the main effects of whole grids in WA, by what is scored and its split."""
    effects, titles = [], set()
    for grid in numbers.ways(ledger, EIGHT):
        title = f"{grid.title}, {grid.split}"
        if len(grid.trials) == len(EIGHT) and title not in titles:  # the nearest way is the first
            titles.add(title)
            for what, effect in grid.effects().items():
                for code, words in PARTS.items():
                    what = what.replace(code, words)
                about = {"group": "", "row": what, "is_judged": grid.seeds >= SEEDS}
                bounds = {"value": effect.value, "low": effect.low, "high": effect.high}
                series = f"{title}, {grid.seeds} seed{'s' * (grid.seeds > 1)}"
                effects.append(Effect(series=series, **about, **bounds))
    return effects


def effects(effects: Sequence[Effect]) -> Figure:
    """Draw main effects and their differences in points; a ring rests on fewer than five seeds."""
    titles = list(dict.fromkeys(effect.series for effect in effects))
    return forest({"": effects}, shades=colours(titles), unit="points of WA")


TRAININGS = {
    numbers.SHORT: (MUTED[0], "after 8 epochs, before the rate falls"),
    f"{Plan.epochs} epochs": (MUTED[1], "after 20 epochs, with the printed fall of the rate"),
    "to convergence": (MUTED[2], "logistic regression"),
}


def encoder_data(ledger: Ledger) -> list[Effect]:
    """Return the differences on CAM++ as marks; those of unfinished trainings are not judged."""
    effects = []
    for compared in numbers.on_encoder_compared(ledger):
        gap = estimated(compared.row, compared.estimate)
        series = TRAININGS[compared.training][1]
        effects.append(Effect.of(gap, group=compared.group, row=compared.row, series=series))
    return effects


def encoder(effects: Sequence[Effect]) -> Figure:
    """Draw differences on CAM++ with their intervals, by heading and training."""
    used = {effect.series for effect in effects}
    shades = {series: shade for shade, series in TRAININGS.values() if series in used}
    return forest({"": effects}, shades=shades, unit="difference in accuracy (WA), points")


# Pooling on CAM++, and how a flattened chunk is filled: colour, line, and words.
POOLED = {
    "statistics": (MUTED[0], "-", "mean and standard deviation"),
    "mean": (MUTED[1], "-", "mean alone"),
    "flatten": (MUTED[2], "-", "flattened chunk, repeated"),
    "flatten edge": (MUTED[2], ":", "flattened chunk, its ends drawn out"),
    "flatten mean": (MUTED[2], "--", "flattened chunk, its mean around it"),
}


LONG = ("ravdess",)  # corpora of which each clip is as long as a chunk, so that none is filled


def lengths_data(ledger: Ledger) -> dict[str, dict[str, dict[str, Trials]]]:
    """Return trials on CAM++ by corpus, name in ``POOLED``, and frames read of a test clip.

    Where no clip is shorter than a chunk, a whole chunk is the same however it would be filled.
    """
    rows, panels = tuple(campplus.SHORTER), {}
    for way in numbers.ways_of_training(ledger, rows, experiment=EXPERIMENTS[0]):
        panel = panels.setdefault(way.corpus, {})
        for name, trials in way.trials.items():
            row = campplus.SHORTER[name]
            series = f"{row.pooling} {row.padding}".strip()
            panel.setdefault(series, {}).setdefault(row.evaluate, trials)
    for corpus in panels.keys() & set(LONG):
        chunk = panels[corpus].get("flatten", {}).get(campplus.READ[3])
        for series, by_frames in panels[corpus].items():
            if series.startswith("flatten ") and chunk is not None:
                by_frames[campplus.READ[3]] = chunk
    return panels


def lengths(panels: Mapping[str, Mapping[str, Mapping[str, Trials]]]) -> Figure:
    """Draw the WA of each pooling, with its interval, by the seconds that are read of a clip."""
    size = {"figsize": (WIDTH, 2.8), "layout": "constrained", "squeeze": False}
    figure, grid = plt.subplots(1, len(panels), sharey=True, **size)
    ticks = [f"{int(frames) / 100:g} s" for frames in campplus.READ[:-1]]
    for axes, (corpus, panel) in zip(grid[0], sorted(panels.items(), reverse=True), strict=True):
        for at, (series, by_frames) in enumerate(panel.items()):
            colour, line, label = POOLED[series]
            scores = {frames: level(trials, WA) for frames, trials in by_frames.items()}
            places = [campplus.READ.index(frames) + 0.06 * (at - 2) for frames in scores]
            style = {"color": colour, "linestyle": line, "linewidth": 1}
            axes.plot(places, [score.value for score in scores.values()], **style)
            for place, (frames, score) in zip(places, scores.items(), strict=True):
                bounds = [score.low, score.high]
                axes.plot([place] * 2, bounds, color=colour, linewidth=1.5, alpha=0.4)
                (point,) = axes.plot(place, score.value, "o", color=colour, markersize=4)
                hover(point, f"{label}, {int(frames) / 100:g} s at most: {score.value:.1f} %")
        axes.set_xticks(range(len(campplus.READ)), [*ticks, "all"], fontsize=FONT)
        axes.set_title(ORIGINS.get(corpus, corpus.upper()), fontsize=FONT + 1)
        lines_across(axes)
    grid[0, 0].set_ylabel("WA, %", fontsize=FONT)
    figure.supxlabel("read of the middle of a test clip", fontsize=FONT)
    handles = []
    for series in next(iter(panels.values())):
        colour, line, label = POOLED[series]
        style = {"color": colour, "linestyle": line, "marker": "o", "markersize": 4}
        handles.append(Line2D([], [], label=label, **style))
    _legend(figure, handles, columns=3)
    sns.despine(figure)
    return figure


def maps_data(ledger: Ledger, run: Ledger) -> dict[str, list[tuple]]:
    """Return panels of each system and stage, of one seed, by emotion and by speaker.

    They are of the recorded system with the widest network, or of this page's where none is.
    Before its training a fine-tuned system is the frozen one, which stands for both.
    """
    source = map_source(ledger, run, part="stages")
    if source is None:
        return {}
    what, views, points = source
    records = views.to_dict("records")
    records.sort(key=lambda view: ([*WIDTHS].index(view["size"]), view["seed"]))
    first: dict[str, dict] = {}
    for view in records:
        first.setdefault(system(view), view)
    rows = {f"{what},\n{kind}": [] for kind in ("emotion", "speaker")}
    for name, view in first.items():
        clips = points[points["trial"] == view["trial"]]
        frozen = system(view | {"transfer": "frozen"})
        if view["transfer"] == "finetune" and frozen in first:
            clips = clips[clips["stage"] != "before"]
        for stage, table in clips.groupby("stage", sort=False):
            places = table[["x", "y"]].to_numpy(float)
            for panels, column in zip(rows.values(), ("class", "group"), strict=True):
                title = f"{name},\n{stage} training"
                panels.append((title, places, table[column].tolist()))
    return rows


def confusions_data(ledger: Ledger, run: Ledger) -> list[tuple[str, np.ndarray, tuple[str, ...]]]:
    """Return the answers of the whole system by true class, for each experiment that was run.

    They are the recorded ones, or this page's where none are.
    """
    for book in (ledger, run):
        panels = []
        for name in EXPERIMENTS:
            systems = numbers.systems(book, (study.FULL.name,), experiment=name)
            if systems is not None:
                title = f"{of_speech(book)}: {systems.title}"
                panels.append((title, systems.first.confusion(), CLASSES[name]))
        if panels:
            return panels
    return []


def _bar(trials: Trials) -> Bar:
    scores = by_run(trials)
    return float(np.mean(scores)), numbers.deviation(scores), len(scores)


def _legend(figure: Figure, handles: list, *, columns: int) -> None:
    place = {"loc": "outside upper center", "ncols": columns, "handlelength": 3}  # dashes are seen
    figure.legend(handles=handles, frameon=False, fontsize=FONT, **place)
