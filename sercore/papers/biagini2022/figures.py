"""Pictures of chapter 3, and what each draws, taken from a ledger: clips, learning, confidence, answers over time."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from sercore import store
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022 import study as loopq
from sercore.papers.biagini2022.data import ORIGINS
from sercore.papers.biagini2022.numbers import PAIR, TABLE_4
from sercore.parameters import ParameterError
from sercore.report.figures import FONT, WIDTH

BLUE, ORANGE, GREEN = sns.color_palette("colorblind", 3)
MARKERS = "osD^vPX"
HEIGHT, MOST = 1.6, 100  # inches a clip; clips in a picture, which a renderer still holds
Panel = tuple[str, np.ndarray, list[str]]


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
            raise ValueError(
                f"{name}: {dict(counts)}; expected clips, 0 or more each and some in all: count the table's rows"
            )
    if sum(emotions.values()) != sum(origins.values()):
        raise ValueError(
            f"{sum(emotions.values())} clips by emotion, {sum(origins.values())} by origin; expected the same: count one table"
        )
    tall = max(len(emotions), len(origins))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.8 + 0.28 * tall), layout="constrained")
    for place, (title, counts) in zip(
        axes, (("emotion", emotions), ("origin", origins)), strict=True
    ):
        total = sum(counts.values())
        bars = place.barh(
            range(len(counts)),
            [100 * count / total for count in counts.values()],
            height=0.7,
            color=BLUE,
        )
        texts = [f"{100 * count / total:.1f} %, {count:,}" for count in counts.values()]
        place.bar_label(bars, texts, fontsize=FONT, padding=3)
        place.set_yticks(range(len(counts)), counts, fontsize=FONT + 1)
        place.set(ylim=(tall - 0.5, -0.5), xlim=(0, 135 * max(counts.values()) / total))
        place.set_title(f"clips by {title}, {total:,} in all", fontsize=FONT + 1)
        place.tick_params(axis="x", labelsize=FONT)
        place.set_xlabel("per cent", fontsize=FONT)
        sns.despine(ax=place)
    return figure


def curves_data(ledger: Ledger, split: str) -> dict[str, tuple[np.ndarray, int]]:
    """Learning curve of each reading under a split, of its first seed and fold, and the epoch that was kept.

    Shape:
        - curve: ``(epochs, 5)``: epoch, training loss and accuracy, validation loss and accuracy
    """
    table, found = ledger.recorded.parts["curves"], {}
    for row in _first(ledger, split).itertuples():
        rows = table[table["trial"] == row.trial].drop(columns="trial")
        found[f"{row.row} {row.variant}"] = (rows.to_numpy(float), int(row.best_epoch))
    return found


def curves(
    histories: Mapping[str, tuple[Sequence[Sequence[float]], int]], *, title: str = ""
) -> Figure:
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
        raise ValueError(
            "no model; expected the curves of at least one: pass rows and kept epoch by model"
        )
    columns = min(3, len(histories))
    rows = -(-len(histories) // columns)
    figure, axes = plt.subplots(
        2 * rows,
        columns,
        figsize=(WIDTH, 0.4 + 2.8 * rows),
        layout="constrained",
        squeeze=False,
        sharey="row",
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
        for place, ours, theirs, what in zip(
            pair, (2, 1), (4, 3), ("accuracy", "loss"), strict=True
        ):
            place.plot(numbers[:, 0], numbers[:, ours], color=BLUE, linewidth=1.3, label="training")
            place.plot(
                numbers[:, 0], numbers[:, theirs], color=ORANGE, linewidth=1.3, label="validation"
            )
            kept = numbers[numbers[:, 0] == best, theirs]
            place.plot(
                [best], kept, "o", color=ORANGE, markersize=5, label="kept epoch", clip_on=False
            )
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


def reliability_data(ledger: Ledger, model: str, variant: str) -> dict[str, np.ndarray]:
    """Bins of confidence of a reading by split, summed over seeds and folds.

    Shape:
        - bins: ``(bins, 4)``: upper edge, clips, summed confidence, right ones
    """
    found, table = {}, ledger.recorded.parts["reliability"]
    for split in PAIR:
        trials = ledger.trials(model, variant=variant, protocol=split)
        if trials is not None:
            bins = table[table["trial"].isin(trials.table["trial"])]
            found[split] = (
                bins.groupby("edge", as_index=False)[["clips", "confidence", "right"]]
                .sum()
                .to_numpy(float)
            )
    return found


def reliability(bins: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Reliability diagram: share of right answers by confidence, above how many clips have which; the errors in the legend.

    Args:
        bins: by protocol: rows of a bin's upper edge, its clips, their summed confidence and how many are right; the bins are those
            of ``sercore.evaluation.calibration``.

    Raises:
        ValueError: no clip, or more right answers or confidence in a bin than clips.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, Figure 1.
    """
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(5, 5), layout="constrained", sharex=True, height_ratios=[3, 1]
    )
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
        above.plot(
            *places,
            marker=MARKERS[at % len(MARKERS)],
            color=palette[at],
            markersize=5,
            linewidth=1.2,
            label=label,
        )
        low = np.concatenate([[0], edges[:-1]])
        wide = (edges - low) / len(bins)
        below.bar(
            low + at * wide, clips / clips.sum(), width=0.9 * wide, align="edge", color=palette[at]
        )
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
    found: Sequence[Mapping],
    classes: Sequence[str],
    changes: Sequence[float],
    truth: Sequence[tuple[float, float, str]],
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
    values = np.array(
        [[(each["probabilities"] or silent)[name] for name in classes] for each in found], float
    )
    ends = [bound for begin, stop, _ in truth for bound in (begin, stop)]
    if not ends or np.any(np.diff(ends) < 0) or not {name for *_, name in truth} <= set(classes):
        raise ValueError(
            f"true parts {list(truth)}; expected one or more of {', '.join(classes)}, none starting before the last one ends: list"
            " start, end and class of each in order"
        )
    figure = probabilities([("", times, values)], classes)
    axes, (start, end) = figure.axes[0], (min(times.min(), ends[0]), max(times.max(), ends[-1]))
    if outside := [each for each in changes if not start <= each <= end]:
        raise ValueError(
            f"changes at {outside} s; expected {start:g} to {end:g} s: take those of this recording"
        )
    figure.set_size_inches(WIDTH, 3.0)
    axes.set(xlim=(start, end), ylim=(0, 1.2))
    colours = dict(zip(classes, sns.color_palette("colorblind", len(classes)), strict=True))
    for begin, stop, name in truth:
        axes.barh(
            1.12, stop - begin, left=begin, height=0.13, color=colours[name], edgecolor="white"
        )
        if stop - begin > (end - start) / 12:  # a narrower one has no room for its name
            axes.text((begin + stop) / 2, 1.12, name, fontsize=FONT, ha="center", va="center")
    seen = axes.vlines(changes, 0, 1, color="black", linewidth=1.6, label="predicted change")
    should = [
        begin
        for (begin, _, name), (*_, last) in zip(truth[1:], truth, strict=False)
        if name != last
    ]
    true = axes.vlines(
        should, 0, 1.2, color="black", linewidth=1.2, linestyle=(0, (2, 2)), label="true change"
    )
    axes.legend(
        handles=[seen, true],
        loc="upper right",
        bbox_to_anchor=(1, -0.16),
        ncols=2,
        frameon=False,
        fontsize=FONT,
    )
    return figure


def probabilities(
    panels: Sequence[tuple[str, np.ndarray, np.ndarray]], classes: Sequence[str]
) -> Figure:
    """Stacked probabilities over time, one clip under the other; a silent window is left white.

    A window's bar stands around its middle and reaches half-way to its neighbours'; the first and the last reach the clip's ends.

    Args:
        panels: title, ``(windows, 2)`` start and end of each window in seconds, in order, and ``(windows, classes)`` probabilities,
            NaN where a window is silent.
        classes: names, in the order of the columns.

    Raises:
        ValueError: no clip or more than ``MOST``, another number of classes, or probabilities that do not sum to 1.
    """
    if not 1 <= len(panels) <= MOST:
        raise ValueError(f"{len(panels)} clips; a picture holds 1 to {MOST}: draw fewer at a time")
    figure, axes = plt.subplots(
        len(panels),
        1,
        figsize=(WIDTH, 0.9 + HEIGHT * len(panels)),
        layout="constrained",
        squeeze=False,
    )
    colours = sns.color_palette("colorblind", len(classes))
    for place, (title, times, values) in zip(axes[:, 0], panels, strict=True):
        _check(title, np.asarray(times), np.asarray(values), len(classes))
        middles = np.mean(times, axis=1)
        edges = np.concatenate([[times[0][0]], (middles[1:] + middles[:-1]) / 2, [times[-1][1]]])
        heights = np.nan_to_num(np.asarray(values, float))
        floors = np.cumsum(heights, axis=1) - heights  # (windows, classes)
        for number, name in enumerate(classes):
            place.bar(
                edges[:-1],
                heights[:, number],
                np.diff(edges),
                floors[:, number],
                align="edge",
                color=colours[number],
                edgecolor="white",
                linewidth=0.5,
                label=name,
            )
        place.set_title(title, fontsize=FONT + 1, loc="left")
        place.set(xlim=(edges[0], edges[-1]), ylim=(0, 1), yticks=[0, 0.5, 1])
        place.tick_params(labelsize=FONT)
        place.set_ylabel("probability", fontsize=FONT)
        sns.despine(ax=place)
    axes[-1, 0].set_xlabel("time (s)", fontsize=FONT)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="outside upper center",
        ncols=min(len(names), 7),
        frameon=False,
        fontsize=FONT,
    )
    return figure


def save_probabilities(found: Sequence[Mapping], path: Path) -> None:
    """Draw what ``sercore.predict.predicted`` gave of clips, those that an error left out aside, into a PNG file.

    Args:
        found: of one clip or more that was answered.
        path: of the file, which ends in ``.png``.

    Raises:
        ParameterError: another ending, too many clips, or a place where no file can be written.
    """
    answered = [each for each in found if not each["error"]]
    if path.suffix.lower() != ".png":
        raise ParameterError(
            f"--plot {path}: no PNG file by its name; expected one that ends in .png. Name it so."
        )
    if len(answered) > MOST:
        raise ParameterError(
            f"--plot {path}: {len(answered)} clips; a picture holds {MOST} at most. Name fewer, or leave --plot out."
        )
    figure = probabilities([_panel(each) for each in answered], list(answered[0]["probabilities"]))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150)
    plt.close(figure)
    try:
        store.write(path, file.getvalue())
    except OSError as error:
        raise ParameterError(
            f"--plot {path}: cannot be written ({error.strerror}). Name another file."
        ) from None


def confusions_data(ledger: Ledger, model: str, variant: str) -> list[Panel]:
    """Confusion matrices of a reading under both splits, as shares of the true class; empty where it was not run."""
    panels = []
    for split in PAIR:
        trials = ledger.trials(model, variant=variant, protocol=split)
        if trials is not None:
            counts = trials.confusion()
            panels.append(
                (
                    f"{split}, {counts.sum():,.0f} answers",
                    counts / counts.sum(1, keepdims=True),
                    list(loopq.CLASSES),
                )
            )
    return panels


def maps_data(ledger: Ledger, run: Ledger) -> list[tuple[str, list[Panel]]]:
    """Title and panels (emotion, corpus, speaker) of each t-SNE map: recorded ones, then this page's, by split."""
    found = []
    for source, each in (("Real speech", ledger), ("This page's own run", run)):
        views, points = each.recorded.kind("views"), each.recorded.parts["map"]
        for split in PAIR if len(points) else ():
            numbers = views[views["protocol"] == split]["trial"]
            table = points[points["trial"] == numbers.min()]
            if len(table):
                found.append((f"{source}, {split}, {len(table)} clips:", _coloured(table)))
    return found


def _panel(clip: Mapping) -> tuple[str, np.ndarray, np.ndarray]:
    silent = dict.fromkeys(clip["probabilities"], np.nan)
    times = [[part["start"], part["end"]] for part in clip["windows"]]
    values = [list((part["probabilities"] or silent).values()) for part in clip["windows"]]
    return Path(clip["clip"]).name, np.array(times), np.array(values)


def _check(title: str, times: np.ndarray, values: np.ndarray, classes: int) -> None:
    if times.shape != (len(values), 2) or values.shape[1:] != (classes,) or not len(values):
        raise ValueError(
            f"{title}: times are {times.shape} and probabilities {values.shape}; expected a start, an end and {classes} classes "
            "for each of one or more windows"
        )
    heard = values[~np.isnan(values).any(axis=1)]
    if (heard < 0).any() or not np.allclose(heard.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            f"{title}: probabilities that do not sum to 1, or are below 0; give each window's own"
        )


def _coloured(table: pd.DataFrame) -> list[Panel]:
    places = table[["x", "y"]].to_numpy(float)
    corpora = [ORIGINS.get(name, name) for name in table["group"].str.split("/").str[0]]
    speakers = table["group"].str.split("/").str[1]
    most = speakers.value_counts().index[:6]
    named = [name if name in most else "others" for name in speakers]
    return [
        ("emotion", places, table["class"].tolist()),
        ("corpus", places, corpora),
        ("speaker", places, named),
    ]


def _first(ledger: Ledger, split: str) -> pd.DataFrame:
    """The first trial of each reading under a split, nothing changed."""
    table = ledger.recorded.trials
    if not len(table):
        return table
    table = ledger.paper.arranged(table)
    table = table[(table["protocol"] == split) & (table["control"] == "none")].sort_values(
        ["seed", "fold"]
    )
    first = table.drop_duplicates(["row", "variant"])
    order = [TABLE_4.index(pair) for pair in zip(first["row"], first["variant"], strict=True)]
    return first.assign(order=order).sort_values("order")
