"""Figures of chapter 2: scores by epoch, losses, gains, a curve over alpha, maps.

A function whose name ends in ``_data`` takes from a ledger what the figure of that name draws.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from sercore.ledger import claims as judging
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import SEEDS, level
from sercore.papers.parry2022 import evidence, numbers
from sercore.papers.parry2022.adversarial import FINAL
from sercore.papers.parry2022.data import ORIGINS, SUBSETS
from sercore.papers.parry2022.numbers import PROTOCOL, SCORED, TESS, UA, VARIANT
from sercore.papers.parry2022.study import APPROACHES, CURVE, VIEWED
from sercore.report.figures import FONT, WIDTH, map_sources

PALETTE = sns.color_palette("colorblind", 6)
HUES = dict(zip(APPROACHES, PALETTE, strict=False))
LOSSES = {
    "emotion": ("emotion", "black"),
    "C": ("corpus", PALETTE[0]),
    "S": ("speaker", PALETTE[1]),
    "G": ("gender", PALETTE[2]),
    "L": ("language", PALETTE[4]),
}
LEARNED = ("baseline", *(f"{approach} {SUBSETS[-1]}" for approach in APPROACHES))
DASHED = (0, (4, 3))
Gains = Mapping[tuple[str, str], tuple[float | None, float | None, int]]
Points = tuple[str, np.ndarray, list[str]]  # title, places and label of each


def swing_data(
    ledger: Ledger, *, on: str = TESS
) -> tuple[dict[int, list[float]], dict[str, list[float]]]:
    """Return the baseline's UA in % by seed and epoch, and printed points above it by approach."""
    trials, epochs = numbers.row_trials(ledger, "baseline"), ledger.recorded.parts["epochs"]
    scores = epochs[epochs["what"] == f"validation ua {SCORED[on][0]}"].sort_values("epoch")
    curves = {}
    if trials is not None:
        for row in trials.table.sort_values("seed").itertuples():
            values = scores[scores["trial"] == row.trial]["value"]
            if len(values):
                curves[int(row.seed)] = (100 * values).tolist()
    printed, differences = evidence.printed(ledger), {}
    for approach in APPROACHES:
        values = [printed.above(on, row) for row in evidence.rows([approach], SUBSETS)]
        differences[approach] = [value for value in values if value is not None]
    return curves, differences


def swing(
    curves: Mapping[int, Sequence[float]],
    gaps: Mapping[str, Sequence[float]],
    *,
    corpus: str,
    chance: float,
) -> Figure:
    """Draw one model's score by epoch, and on the same scale the differences that are printed.

    Scores and chance are in %, by seed; gaps are in points, by approach.
    """
    scores = np.concatenate([np.asarray(values, float) for values in curves.values()])
    size = {"figsize": (WIDTH, 4), "layout": "constrained", "width_ratios": [3, 1.1]}
    figure, (left, right) = plt.subplots(1, 2, **size)
    colours = sns.color_palette("colorblind", len(curves))
    for colour, (seed, values) in zip(colours, curves.items(), strict=True):
        epochs = range(1, len(values) + 1)
        left.plot(epochs, values, color=colour, linewidth=1.3, label=f"seed {seed}")
    centre = float(scores.mean())
    shifted = [centre + value for values in gaps.values() for value in values]
    low, high = min([*scores, chance, *shifted]), max([*scores, *shifted])
    room = 0.06 * (high - low) + 0.5
    limits = np.array([low - room, high + room])
    left.axhline(chance, color="0.7", linewidth=1, label="guessing")
    left.axhline(centre, color="0.7", linewidth=1, linestyle=DASHED, label="mean")
    left.set_ylim(*limits)
    left.set(xlabel="epoch", ylabel=f"UA on {corpus}, %")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.set_title("the baseline without attributes, recorded")
    for at, values in enumerate(gaps.values()):
        right.hlines(values, at - 0.36, at + 0.36, color="0.2", linewidth=1.6)
    right.axhline(0, color="0.7", linewidth=1, linestyle=DASHED)
    right.set(ylim=limits - centre, xlim=(-0.7, max(len(gaps), 1) - 0.3))
    right.set_xticks(range(len(gaps)), gaps)
    right.set_ylabel("points above the baseline")
    right.set_title("printed differences")
    return _finished(figure, left.get_legend_handles_labels()[0], ncols=6)


def learning_data(
    ledger: Ledger,
) -> tuple[dict[str, dict[str, list[float]]], dict[str, dict[str, float]]]:
    """Return losses and alpha by model and epoch, of the first seed, and the labels' entropies."""
    epochs, curves, entropies = ledger.recorded.parts["epochs"], {}, {}
    for row in LEARNED:
        trials = numbers.row_trials(ledger, row)
        if trials is None:
            continue
        first = trials.table.sort_values("seed").iloc[0]
        table = epochs[epochs["trial"] == first["trial"]].sort_values("epoch")
        name = table["what"].replace("training loss", "emotion loss").str.removesuffix(" loss")
        values = {what: group["value"].tolist() for what, group in table.groupby(name)}
        losses = [name for name in ("emotion", *SUBSETS[-1].split("+")) if name in values]
        if "emotion" in losses:
            curves[row] = {name: values[name] for name in (*losses, "alpha")}
            entropies[row] = {name: float(first[f"entropy_{name}"]) for name in losses}
    return curves, entropies


def learning(
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    entropies: Mapping[str, Mapping[str, float]],
) -> Figure:
    """Draw training losses by epoch, models side by side, over the entropy of each one's labels.

    Below each is alpha. A loss at its dashed line knows only how often each label occurs. Losses
    and entropies are in nats, by model and then by "emotion" or the letter of an attribute.
    """
    size = {"figsize": (WIDTH, 4.2), "layout": "constrained", "height_ratios": [4, 1]}
    shared = {"squeeze": False, "sharex": "col", "sharey": "row"}
    figure, axes = plt.subplots(2, len(curves), **size, **shared)
    occurring = [letter for letter in LOSSES if any(letter in values for values in curves.values())]
    for (above, below), (model, values) in zip(axes.T, curves.items(), strict=True):
        epochs = range(1, len(values["alpha"]) + 1)
        for letter in occurring:
            if letter not in values:
                continue
            name, colour = LOSSES[letter]
            above.plot(epochs, values[letter], color=colour, linewidth=1.3, label=name)
            above.axhline(entropies[model][letter], color=colour, linewidth=1, linestyle=DASHED)
        below.plot(epochs, values["alpha"], color="0.3", linewidth=1.3)
        above.set_yscale("log")
        above.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        above.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        above.yaxis.set_minor_formatter(NullFormatter())
        above.set_title(model)
        below.set(ylim=(-0.05, 1), xlabel="epoch")
        below.xaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].set_ylabel("training loss, nats")
    axes[1, 0].set_ylabel("alpha")
    handles = [Line2D([], [], color=LOSSES[name][1], label=LOSSES[name][0]) for name in occurring]
    dashed = {"color": "0.3", "linewidth": 1, "linestyle": DASHED}
    handles.append(Line2D([], [], **dashed, label="entropy of the labels"))
    return _finished(figure, handles, ncols=6)


def gains_data(ledger: Ledger) -> tuple[dict[str, Gains], dict[str, float]]:
    """Return points above the baseline of all 45 models, and the baseline's spread over seeds.

    Both are by what is scored: of ``SCORED`` what is recorded, or all where nothing is.
    """
    printed, baseline = evidence.printed(ledger), numbers.row_trials(ledger, "baseline")
    scored = {on: numbers.scored(baseline, SCORED[on]) for on in SCORED}
    shown = [on for on in SCORED if scored[on] is not None] or [*SCORED]
    panels, spreads = {}, {}
    for on in shown:
        panels[on] = {}
        for name in SUBSETS:
            for approach in APPROACHES:
                row = f"{approach} {name}"
                ours = numbers.gain(ledger, row, *SCORED[on])
                seeds = len(ours.by_seed)
                value = ours.value if seeds else None
                panels[on][approach, name] = (printed.above(on, row), value, seeds)
        if scored[on] is not None and len(baseline.seeds) > 1:
            spreads[on] = judging.estimated("", level(scored[on], UA)).spread
    return panels, spreads


def gains(panels: Mapping[str, Gains], spreads: Mapping[str, float]) -> Figure:
    """Draw the accuracy of every model less its baseline's: printed hollow, recorded filled.

    A recorded model of fewer than five seeds is drawn small and pale: its sign is not to be read.
    The band is one standard deviation of the baseline over seeds to either side.
    """
    sets = list(dict.fromkeys(name for models in panels.values() for _, name in models))
    size = {"figsize": (WIDTH, 1.3 + 0.34 * len(sets)), "layout": "constrained"}
    figure, axes = plt.subplots(1, len(panels), squeeze=False, sharey=True, **size)
    offsets = dict(zip(APPROACHES, (0.24, 0.0, -0.24), strict=True))
    hollow = {"markersize": 5, "markerfacecolor": "white"}
    pale = {"markersize": 3.5, "alpha": 0.45}
    for place, (title, models) in zip(axes[0], panels.items(), strict=True):
        if title in spreads:
            place.axvspan(-spreads[title], spreads[title], color="0.93", zorder=0)
        place.axvline(0, color="0.7", linewidth=1, zorder=0)
        for (approach, name), (printed, recorded, seeds) in models.items():
            height = len(sets) - 1 - sets.index(name) + offsets[approach]
            look = {"color": HUES[approach], "clip_on": False}
            if printed is not None:
                place.plot(printed, height, "o", **look, **hollow)
            if recorded is not None:
                filled = {"markersize": 5.5} if seeds >= SEEDS else pale
                place.plot(recorded, height, "o", markeredgewidth=0, **look, **filled)
        place.set_title(title)
        place.set(xlabel="points above the baseline", ylim=(-0.6, len(sets) - 0.4))
        place.set_yticks(range(len(sets)), sets[::-1])
        place.grid(axis="y", color="0.93", linewidth=0.8)
        place.set_axisbelow(True)
    point = {"marker": "o", "linestyle": "", "color": "0.35"}
    handles = [
        Line2D([], [], **point | {"color": colour}, label=name) for name, colour in HUES.items()
    ]
    handles += [
        Line2D([], [], **point, markerfacecolor="white", label="printed"),
        Line2D([], [], **point, label="recorded"),
        Line2D([], [], **point, **pale, label=f"recorded, fewer than {SEEDS} seeds"),
    ]
    if spreads:
        handles.append(Patch(color="0.93", label="baseline, one deviation"))
    return _finished(figure, handles, ncols=4)


def alpha_data(ledger: Ledger) -> dict[str, list[tuple[float, list[float]]]]:
    """Return the UA in % by seed of GR with corpus over alpha, by what is scored."""
    controls = {row.alpha: row.name.partition(", ")[2] for row in CURVE} | {FINAL["GR"]: "none"}
    curves: dict[str, list[tuple[float, list[float]]]] = {}
    for value, control in sorted(controls.items()):
        trials = ledger.trials("GR C", variant=VARIANT, protocol=PROTOCOL, control=control)
        for on, corpora in SCORED.items():
            scored = numbers.scored(trials, corpora)
            if scored is not None:
                curves.setdefault(on, []).append((value, scored.by_seed(UA).tolist()))
    return curves


def alpha_curve(
    points: Mapping[str, Sequence[tuple[float, Sequence[float]]]], *, paper: float
) -> Figure:
    """Draw the score over the weight of the attributes: a line through the means, a dot a seed.

    The points are alpha at the end of training and UA in % of each seed, by what is scored; a
    dotted line marks the paper's alpha.
    """
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 3.4), layout="constrained")
    for colour, (name, curve) in zip(PALETTE, points.items(), strict=False):
        rows = sorted(curve)
        means = [np.mean(values) for _, values in rows]
        axes.plot([at for at, _ in rows], means, color=colour, linewidth=1.3, label=name)
        for at, values in rows:
            axes.plot([at] * len(values), values, "o", color=colour, markersize=4.5)
    axes.axvline(paper, color="0.5", linewidth=1, linestyle=":", label="the paper's alpha")
    axes.set(xlabel="alpha at the last epoch", ylabel="UA, %", title="GR C")
    return _finished(figure, axes.get_legend_handles_labels()[0], ncols=4)


def maps_data(ledger: Ledger, run: Ledger) -> list[tuple[str, list[Points]]]:
    """Return title and panels of the t-SNE maps of a first seed: recorded, then this page's."""
    maps = []
    for source, views, points in map_sources(ledger, run, part="map"):
        panels = []
        for row in VIEWED:
            is_row = (views["approach"] == row.approach) & (views["attributes"] == row.attributes)
            trials = views[is_row].sort_values("seed")["trial"]
            table = points[points["trial"].isin(trials[:1])]
            if len(table):
                corpora = table["group"].str.split("/").str[0]
                names = [ORIGINS.get(name, name) for name in corpora]
                panels.append((row.name, table[["x", "y"]].to_numpy(float), names))
        if panels:
            clips = len(panels[0][1])
            maps.append((f"{source}, {clips} clips of the test speakers, by corpus", panels))
    return maps


def _finished(figure: Figure, handles: Sequence, *, ncols: int) -> Figure:
    """Set the size of all texts, and a legend above."""
    for axes in figure.axes:
        axes.tick_params(labelsize=FONT)
        axes.xaxis.label.set_size(FONT)
        axes.yaxis.label.set_size(FONT)
        axes.title.set_size(FONT + 1)
    place = "outside upper center"
    figure.legend(handles=handles, loc=place, ncols=ncols, frameon=False, fontsize=FONT)
    sns.despine(figure)
    return figure
