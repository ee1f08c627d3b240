"""Figures of chapter 2: corpora unseen, scores by epoch, losses, gains, scores over alpha, maps.

A function whose name ends in ``_data`` takes from a ledger what the figure of that name draws.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from sercore.evaluation.estimates import level
from sercore.evaluation.reference import CLASSIFIERS
from sercore.ledger import claims as judging
from sercore.ledger.claims import Gap
from sercore.ledger.entries import Ledger
from sercore.papers.parry2022 import evidence, numbers
from sercore.papers.parry2022.adversarial import FINAL
from sercore.papers.parry2022.data import ORIGINS, SUBSETS
from sercore.papers.parry2022.numbers import PROTOCOL, SCORED, TESS, UA, VARIANT
from sercore.papers.parry2022.study import APPROACHES, CURVE, VIEWED
from sercore.report.figures import (
    COLOURS,
    FONT,
    WIDTH,
    Effect,
    colour_bar,
    colours,
    forest,
    hover,
    map_source,
)

ATTRIBUTES = ("corpus", "speaker", "gender", "language")
SHADES = colours(ATTRIBUTES)
LOSSES = {"emotion": ("emotion", "black")}
LOSSES |= {name[0].upper(): (name, SHADES[name]) for name in ATTRIBUTES}
LEARNED = ("baseline", *(f"{approach} {SUBSETS[-1]}" for approach in APPROACHES))
DASHED = (0, (4, 3))
PLACES = ("other speakers of it train", "unseen")  # a corpus that is scored
NETWORK = "the paper's network"
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
    size = {"figsize": (WIDTH, 3.6), "layout": "constrained", "width_ratios": [3, 1.1]}
    figure, (left, right) = plt.subplots(1, 2, **size)
    named = {f"seed {seed}": values for seed, values in curves.items()}
    shades = colours(named)
    for name, values in named.items():
        epochs, look = range(1, len(values) + 1), {"linewidth": 1.3, "label": name}
        (line,) = left.plot(epochs, values, color=shades[name], **look)
        hover(line, f"{name}, {values[-1]:.1f} % after the last epoch")
    centre = float(scores.mean())
    shifted = [centre + value for values in gaps.values() for value in values]
    low, high = min([*scores, chance, *shifted]), max([*scores, *shifted])
    room = 0.06 * (high - low) + 0.5
    limits = np.array([low - room, high + room])
    left.axhline(chance, color="0.7", linewidth=1, label="guessing")
    left.axhline(centre, color="0.7", linewidth=1, linestyle=DASHED, label="mean of all epochs")
    left.set_ylim(*limits)
    left.set(xlabel="epoch", ylabel=f"UA on {corpus}, %")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.set_title("the baseline without attributes, recorded")
    for at, (approach, values) in enumerate(gaps.items()):
        for value in values:
            look = {"color": COLOURS["printed"], "linewidth": 1.6}
            hover(right.hlines(value, at - 0.36, at + 0.36, **look), f"{approach}: {value:+.2f}")
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
    size = {"figsize": (WIDTH, 3.6), "layout": "constrained", "height_ratios": [4, 1]}
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


def unseen_data(ledger: Ledger) -> dict[str, list[Effect]]:
    """Return the UA on each corpus where it is pooled and where it is unseen, by model.

    The models are the reference models, and the network on a corpus that it was trained without.
    """
    panels: dict[str, list[Effect]] = {}
    for model, corpus in itertools.product(CLASSIFIERS, evidence.LEFT_OUT):
        about = {"group": "", "row": ORIGINS[corpus]}
        for series, choose in zip(
            PLACES, (evidence.where_pooled, evidence.where_unseen), strict=True
        ):
            trials = choose(ledger, model, corpus)
            if trials is not None:
                gap = _shown(judging.estimated(model, level(trials, UA)))
                panels.setdefault(model, []).append(Effect.of(gap, series=series, **about))
    networks = [evidence.network_unseen(ledger, corpus) for corpus in evidence.LEFT_OUT]
    if any(trials is not None for trials in networks):  # a line for each corpus, as in the others
        for corpus, trials in zip(evidence.LEFT_OUT, networks, strict=True):
            gap = judging.estimated(NETWORK, None if trials is None else level(trials, UA))
            about = {"group": "", "row": ORIGINS[corpus], "series": PLACES[1]}
            panels.setdefault(NETWORK, []).append(Effect.of(_shown(gap), **about))
    return panels


def unseen(panels: Mapping[str, Sequence[Effect]], *, chance: float) -> Figure:
    """Draw the UA of models on each corpus about the line of guessing, in %."""
    shades = dict(zip(PLACES, (COLOURS["test"], COLOURS["clean"]), strict=True))
    return forest(panels, shades=shades, unit="UA, %; the line is guessing", zero=chance)


def gains_data(ledger: Ledger) -> dict[str, np.ndarray]:
    """Return points above the baseline, ``(sets, approaches)`` each, NaN where there is none.

    A panel is what is scored, printed or recorded. Recorded are means over seeds, all of them less
    the mean of the baseline's seeds.
    """
    sources = {"printed": evidence.printed(ledger), "ours": evidence.trained(ledger)}
    panels = {}
    for on, (source, accuracies) in itertools.product(SCORED, sources.items()):
        rows = [[accuracies.above(on, f"{a} {name}") for a in APPROACHES] for name in SUBSETS]
        points = np.array(rows, float)
        if np.isfinite(points).sum() > len(APPROACHES):
            panels[f"{on}, {source}"] = points
    return panels


def gains(panels: Mapping[str, np.ndarray]) -> Figure:
    """Draw the points above the baseline of every model: a cell a model, its number in it."""
    size = {"figsize": (WIDTH, 3.7), "layout": "constrained"}
    figure, grid = plt.subplots(1, len(panels), squeeze=False, sharey=True, **size)
    largest = max(float(np.nanmax(np.abs(values))) for values in panels.values())
    drawn = None
    for axes, (title, values) in zip(grid[0], panels.items(), strict=True):
        look = {"vmin": -largest, "vmax": largest, "cmap": "PuOr", "aspect": "auto"}
        drawn = axes.imshow(values, **look)
        for (row, column), value in np.ndenumerate(values):
            text = f"{value:+.1f}" if np.isfinite(value) else "–"
            shade = "white" if abs(value) > 0.65 * largest else "black"
            axes.text(column, row, text, ha="center", va="center", color=shade, fontsize=FONT)
        axes.set_xticks(range(len(APPROACHES)), APPROACHES)
        axes.set_yticks(range(len(SUBSETS)), SUBSETS)
        axes.tick_params(labelsize=FONT, length=0)
        axes.set_title(title, fontsize=FONT + 1)
        sns.despine(ax=axes, left=True, bottom=True)
    colour_bar(figure, drawn, "points of UA above the baseline")
    return figure


def _shown(gap: Gap) -> Gap:
    """Return a gap without its interval where it is not judged."""
    return replace(gap, low=np.nan, high=np.nan) if gap.doubt else gap


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
    """Draw the score over the weight of the attributes: a dot a seed.

    The points are alpha at the end of training and UA in % of each seed, by what is scored; a
    dotted line marks the paper's alpha.
    """
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 2.9), layout="constrained")
    shades = colours(points)
    for name, curve in points.items():
        places = [(at, value) for at, values in curve for value in values]
        axes.plot(*zip(*places, strict=True), "o", color=shades[name], markersize=4.5, label=name)
    axes.axvline(paper, color="0.5", linewidth=1, linestyle=":", label="the paper's alpha")
    axes.set(xlabel="alpha at the last epoch", ylabel="UA, %", title="GR C")
    return _finished(figure, axes.get_legend_handles_labels()[0], ncols=4)


def maps_data(ledger: Ledger, run: Ledger) -> list[Points]:
    """Return the panels of the t-SNE maps of a first seed: recorded, or this page's."""
    source, panels = map_source(ledger, run, part="map"), []
    if source is None:
        return panels
    what, views, points = source
    views = numbers.in_layout(views)
    for row in VIEWED:
        is_row = (views["approach"] == row.approach) & (views["attributes"] == row.attributes)
        trials = views[is_row].sort_values("seed")["trial"]
        table = points[points["trial"].isin(trials[:1])]
        if len(table):
            corpora = table["group"].str.split("/").str[0]
            names = [ORIGINS.get(name, name) for name in corpora]
            panels.append((f"{what}: {row.name}", table[["x", "y"]].to_numpy(float), names))
    return panels


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
