"""Pictures of chapter 3: what the clips are, how models learned, how sure they are; spectrograms are in ``spectrograms``."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from sercore.papers.biagini2022.predicted import probabilities
from sercore.report.figures import FONT, WIDTH, examples, saliency_map

__all__ = ["curves", "examples", "reliability", "saliency_map", "shares", "windows"]

BLUE, ORANGE, GREEN = sns.color_palette("colorblind", 3)
MARKERS = "osD^vPX"


def shares(emotions: Mapping[str, int], origins: Mapping[str, int]) -> Figure:
    """Share of each emotion and of each origin in the clips, in per cent.

    Args:
        emotions: clips by emotion, the first on top.
        origins: clips by corpus, likewise.

    Raises:
        ValueError: no clip, a negative number, or two sides that count other clips.

    Source: Biagini 2022, Figure 1.
    """
    for name, counts in (("emotions", emotions), ("origins", origins)):
        if not counts or min(counts.values()) < 0 or not sum(counts.values()):
            raise ValueError(f"{name}: {dict(counts)}; expected clips, 0 or more each and some in all: count the table's rows")
    if sum(emotions.values()) != sum(origins.values()):
        raise ValueError(
            f"{sum(emotions.values())} clips by emotion, {sum(origins.values())} by origin; expected the same: count one table"
        )
    tall = max(len(emotions), len(origins))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.8 + 0.28 * tall), layout="constrained")
    for place, (title, counts) in zip(axes, (("emotion", emotions), ("origin", origins)), strict=True):
        total = sum(counts.values())
        bars = place.barh(range(len(counts)), [100 * count / total for count in counts.values()], height=0.7, color=BLUE)
        texts = [f"{100 * count / total:.1f} %, {count:,}" for count in counts.values()]
        place.bar_label(bars, texts, fontsize=FONT, padding=3)
        place.set_yticks(range(len(counts)), counts, fontsize=FONT + 1)
        place.set(ylim=(tall - 0.5, -0.5), xlim=(0, 135 * max(counts.values()) / total))
        place.set_title(f"clips by {title}, {total:,} in all", fontsize=FONT + 1)
        place.tick_params(axis="x", labelsize=FONT)
        place.set_xlabel("per cent", fontsize=FONT)
        sns.despine(ax=place)
    return figure


def curves(histories: Mapping[str, tuple[Sequence[Sequence[float]], int]], *, title: str = "") -> Figure:
    """Accuracy and loss by epoch of training and validation, models beside each other, the epoch that is kept marked.

    Args:
        histories: by model: rows of epoch, training loss, training accuracy, validation loss, validation accuracy, and the epoch
            that is kept.
        title: of all of them (default: none).

    Raises:
        ValueError: no model, a row of other length, or a kept epoch that was not run.

    Source: Biagini 2022, Figure 11.
    """
    if not histories:
        raise ValueError("no model; expected the curves of at least one: pass rows and kept epoch by model")
    columns = min(3, len(histories))
    rows = -(-len(histories) // columns)
    figure, axes = plt.subplots(
        2 * rows, columns, figsize=(WIDTH, 0.4 + 2.8 * rows), layout="constrained", squeeze=False, sharey="row"
    )
    for at in range(rows * columns):
        pair = [axes[2 * (at // columns) + half, at % columns] for half in (0, 1)]
        if at >= len(histories):
            for place in pair:
                place.set_axis_off()
            continue
        name, (told, best) = list(histories.items())[at]
        numbers = np.asarray(told, float)
        if numbers.ndim != 2 or numbers.shape[1] != 5 or best not in numbers[:, 0]:
            raise ValueError(
                f"{name}: curves {numbers.shape}, kept epoch {best}; expected a row of 5 numbers an epoch, the kept one among them:"
                " take both of one outcome"
            )
        for place, ours, theirs, what in zip(pair, (2, 1), (4, 3), ("accuracy", "loss"), strict=True):
            place.plot(numbers[:, 0], numbers[:, ours], color=BLUE, linewidth=1.3, label="training")
            place.plot(numbers[:, 0], numbers[:, theirs], color=ORANGE, linewidth=1.3, label="validation")
            kept = numbers[numbers[:, 0] == best, theirs]
            place.plot([best], kept, "o", color=ORANGE, markersize=5, label="kept epoch", clip_on=False)
            place.tick_params(labelsize=FONT)
            place.xaxis.get_major_locator().set_params(integer=True)
            if at % columns == 0:
                place.set_ylabel(what, fontsize=FONT)
        pair[0].set_title(f"{name}, epoch {best} kept", fontsize=FONT + 1)
        pair[0].set_ylim(0, 1)
        pair[1].set_xlabel("epoch", fontsize=FONT)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    for row in axes[1::2]:
        row[0].set_ylim(bottom=0)
    shown = {"loc": "outside upper center", "ncols": 3, "frameon": False, "fontsize": FONT}
    figure.legend(handles, labels, title=title or None, title_fontsize=FONT + 3, **shown)
    sns.despine(figure)
    return figure


def reliability(bins: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Reliability diagram: share of right answers by confidence, above how many clips have which; the errors in the legend.

    Args:
        bins: by protocol: rows of a bin's upper edge, its clips, their summed confidence and how many are right; the bins are those
            of ``sercore.evaluation.calibration``.

    Raises:
        ValueError: no clip, or more right answers or confidence in a bin than clips.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, Figure 1.
    """
    figure, (above, below) = plt.subplots(2, 1, figsize=(5, 5), layout="constrained", sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="as sure as right", zorder=0)
    palette = sns.color_palette("colorblind", len(bins))
    for at, (name, rows) in enumerate(bins.items()):
        edges, clips, confidence, right = np.asarray(rows, float).reshape(-1, 4).T
        if not clips.sum() or (right > clips).any() or (confidence > clips * (1 + 1e-6)).any():
            raise ValueError(
                f"{name}: {clips.sum():g} clips, {right.sum():g} right, confidence {confidence.sum():g}; expected clips, and"
                " of each bin no more right and no more confidence than it has: sum both over the same clips"
            )
        some = clips > 0
        error = np.abs(right - confidence).sum() / clips.sum()
        places = confidence[some] / clips[some], right[some] / clips[some]
        label = f"{name}, error {error:.3f}, {clips.sum():,.0f} clips"
        above.plot(*places, marker=MARKERS[at % len(MARKERS)], color=palette[at], markersize=5, linewidth=1.2, label=label)
        low = np.concatenate([[0], edges[:-1]])
        wide = (edges - low) / len(bins)
        below.bar(low + at * wide, clips / clips.sum(), width=0.9 * wide, align="edge", color=palette[at])
    above.set(xlim=(0, 1), ylim=(0, 1))
    above.set_ylabel("share right", fontsize=FONT)
    below.set_ylabel("share of clips", fontsize=FONT)
    below.set_xlabel("probability of the predicted class", fontsize=FONT)
    above.legend(loc="upper left", frameon=False, fontsize=FONT)
    for place in (above, below):
        place.tick_params(labelsize=FONT)
    sns.despine(figure)
    return figure


def windows(
    found: Sequence[Mapping], classes: Sequence[str], changes: Sequence[float], truth: Sequence[tuple[float, float, str]]
) -> Figure:
    """Probabilities over a recording of several emotions, the true ones above: lines where the answer changes and where it should.

    Args:
        found: windows of a recording as ``sercore.predict.predicted`` gives them: ``start`` and ``end`` in s and ``probabilities``
            by class, None where it is silent.
        classes: names of all of them.
        changes: predicted change points, in s.
        truth: start and end in s and class of each part, in order.

    Raises:
        ValueError: what ``probabilities`` refuses, true parts that overlap or are of no class, or a change outside the recording.
    """
    times = np.array([[each["start"], each["end"]] for each in found], float).reshape(-1, 2)
    silent = dict.fromkeys(classes, np.nan)
    values = np.array([[(each["probabilities"] or silent)[name] for name in classes] for each in found], float)
    ends = [bound for begin, stop, _ in truth for bound in (begin, stop)]
    if not ends or np.any(np.diff(ends) < 0) or not {name for *_, name in truth} <= set(classes):
        raise ValueError(
            f"true parts {list(truth)}; expected one or more of {', '.join(classes)}, none starting before the last one ends: list"
            " start, end and class of each in order"
        )
    figure = probabilities([("", times, values)], classes)
    axes, (start, end) = figure.axes[0], (min(times.min(), ends[0]), max(times.max(), ends[-1]))
    if outside := [each for each in changes if not start <= each <= end]:
        raise ValueError(f"changes at {outside} s; expected {start:g} to {end:g} s: take those of this recording")
    figure.set_size_inches(WIDTH, 3.0)
    axes.set(xlim=(start, end), ylim=(0, 1.2))
    colours = dict(zip(classes, sns.color_palette("colorblind", len(classes)), strict=True))
    for begin, stop, name in truth:
        axes.barh(1.12, stop - begin, left=begin, height=0.13, color=colours[name], edgecolor="white")
        if stop - begin > (end - start) / 12:  # a narrower one has no room for its name
            axes.text((begin + stop) / 2, 1.12, name, fontsize=FONT, ha="center", va="center")
    seen = axes.vlines(changes, 0, 1, color="black", linewidth=1.6, label="predicted change")
    should = [begin for (begin, _, name), (*_, last) in zip(truth[1:], truth, strict=False) if name != last]
    true = axes.vlines(should, 0, 1.2, color="black", linewidth=1.2, linestyle=(0, (2, 2)), label="true change")
    axes.legend(handles=[seen, true], loc="upper right", bbox_to_anchor=(1, -0.16), ncols=2, frameon=False, fontsize=FONT)
    return figure
