"""Figures of chapter 3, what each draws, taken from a ledger, and clips to see and hear."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sercore import audio
from sercore.evaluation.estimates import Estimate, level
from sercore.features.mel import PICTURE, mel
from sercore.ledger.entries import Ledger
from sercore.papers.biagini2022.data import ORIGINS, Data
from sercore.papers.biagini2022.difficulty import PROTOCOLS
from sercore.papers.biagini2022.inputs import SHAPES
from sercore.papers.biagini2022.page import ACCURACY, ENOUGH, LARGEST, PAIR, TABLE_4, by_difficulty
from sercore.papers.biagini2022.study import CLASSES
from sercore.report import spectrograms
from sercore.report.figures import (
    COLOURS,
    FONT,
    WIDTH,
    colours,
    hover,
    interval,
    legend,
    map_source,
    of_speech,
)

SHADES = colours(("training", "validation"))
# Colour of a split: the report's own, and that without the report's leak.
SPLITS = dict(zip(PAIR, (COLOURS["as-published"], COLOURS["clean"]), strict=True))
CLASSIFIERS = {
    "SVM": "support vector machine",
    "LOGISTIC": "logistic regression",
    "mfcc": "MFCC",
    "frames": "a frozen speech encoder",
}
SPLIT_WORDS = dict(
    zip(
        PROTOCOLS,
        (
            "clips at random,\n80 % train",
            "clips at random,\nfewer train",
            "the same, takes of\na sentence apart",
            "new speakers,\nas many train",
            "a new corpus,\none other trains",
        ),
        strict=True,
    )
)
BIN = 30  # clips, the fewest of a bin whose share of right answers is drawn
MARKERS = "osD^vPX"
SECONDS = 30.0  # of joined clips
SPEAKER = ["corpus", "speaker"]
Panel = tuple[str, np.ndarray, list[str]]


def difficulty(
    rows: Mapping[str, Mapping[str, tuple[float, Mapping[str, Estimate]]]],
    *,
    printed: Mapping[str, float],
    chance: float,
) -> Figure:
    """Draw accuracies of classifiers from the easiest split to the hardest, a panel each.

    Args:
        rows: by classifier and split the mean over the corpora, and the estimate on each.
        printed: printed scores, whose range is drawn as a band.
        chance: score of guessing.

    Raises:
        ValueError: no classifier.
    """
    if not rows:
        raise ValueError("no classifier; expected one or more: record -p models=difficulty first")
    size = {"figsize": (WIDTH, 3.4), "layout": "constrained"}
    figure, grid = plt.subplots(1, len(rows), sharey=True, squeeze=False, **size)
    band = printed.values()
    for axes, (name, protocols) in zip(grid[0], rows.items(), strict=True):
        axes.axvspan(
            min(band), max(band), color=COLOURS["printed"], alpha=0.15, linewidth=0, zorder=0
        )
        axes.axvline(chance, color="0.8", linewidth=1, zorder=0)
        heights = range(len(protocols))
        corpora = next(iter(protocols.values()))[1]
        shades, offsets = colours(corpora), np.linspace(-0.3, 0.3, len(corpora))
        for height, (split, (_, estimates)) in zip(heights, protocols.items(), strict=True):
            for offset, (corpus, one) in zip(offsets, estimates.items(), strict=True):
                bounds, shade = (one.low, one.high), shades[corpus]
                point = interval(axes, one.value, *bounds, height + offset, shade, corpus)
                hover(point, f"{name}, {split}, {corpus}: {one.value:.2f}")
        means = [mean for mean, _ in protocols.values()]
        look = {"color": "0.1", "markersize": 6, "linewidth": 1, "label": "mean of the corpora"}
        axes.plot(means, heights, "D", linestyle=":", **look)
        axes.set(xlim=(0, 1.02), ylim=(len(protocols) - 0.5, -0.5), xlabel="accuracy")
        title = " on ".join(CLASSIFIERS[word] for word in name.split())
        axes.set_title(fill(title, 32), fontsize=FONT + 1)
        axes.set_yticks(heights, [SPLIT_WORDS[split] for split in protocols], fontsize=FONT)
        axes.tick_params(labelsize=FONT)
    patch = Patch(color=COLOURS["printed"], alpha=0.15, label="printed, five networks")
    legend(figure, [patch])
    sns.despine(figure)
    return figure


def difficulty_data(ledger: Ledger) -> dict[str, dict[str, tuple[float, dict[str, Estimate]]]]:
    """Mean accuracy and that of each corpus, by classifier and split; see ``difficulty``.

    A corpus of fewer than six speakers keeps no interval.
    """
    rows: dict[str, dict[str, tuple[float, dict[str, Estimate]]]] = {}
    for name, protocols in by_difficulty(ledger).items():
        for protocol, trials in protocols.items():
            estimates = {}
            for corpus in trials.corpora:
                one = level(trials.of(corpus), ACCURACY)
                if corpus not in ENOUGH:
                    one = replace(one, low=np.nan, high=np.nan)
                estimates[ORIGINS.get(corpus, corpus.upper())] = one
            mean = float(trials.by_seed(ACCURACY).mean())
            rows.setdefault(name, {})[protocol] = (mean, estimates)
    return rows


def shares_data(ledger: Ledger) -> tuple[dict[str, int], dict[str, int]]:
    """Printed clips by emotion and by origin, from the margins of Table 1."""
    by_emotion, by_origin = {}, {}
    for cell in (cell for cell in ledger.printed if cell.table == "Table 1"):
        if cell.column == "total" and cell.row != "total":
            by_emotion[cell.row] = int(cell.value)
        elif cell.row == "total" and cell.column != "total":
            by_origin[cell.column] = int(cell.value)
    return by_emotion, by_origin


def shares(emotions: Mapping[str, int], origins: Mapping[str, int]) -> Figure:
    """Draw the share of each emotion and of each origin in the clips, in per cent.

    Raises:
        ValueError: no clip, a negative number, or two sides that count other clips.

    Source: Biagini 2022, Figure 1.
    """
    sides = {"emotion": emotions, "origin": origins}
    for name, counts in sides.items():
        if not counts or min(counts.values()) < 0 or not sum(counts.values()):
            raise ValueError(
                f"{name}s: {dict(counts)}; expected clips, 0 or more each and some in all: count"
                " the table's rows"
            )
    total = sum(emotions.values())
    if total != sum(origins.values()):
        raise ValueError(
            f"{total} clips by emotion, {sum(origins.values())} by origin; expected the same: count"
            " one table"
        )
    tall = max(len(emotions), len(origins))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.7 + 0.24 * tall), layout="constrained")
    for place, (title, counts) in zip(axes, sides.items(), strict=True):
        rows, widths = range(len(counts)), [100 * count / total for count in counts.values()]
        bars = place.barh(rows, widths, height=0.7, color=COLOURS["printed"])
        texts = [f"{100 * count / total:.1f} %, {count:,}" for count in counts.values()]
        place.bar_label(bars, texts, fontsize=FONT, padding=3)
        place.set_yticks(rows, counts, fontsize=FONT + 1)
        place.set(ylim=(tall - 0.5, -0.5), xlim=(0, 135 * max(counts.values()) / total))
        place.set_title(f"clips by {title}, {total:,} in all", fontsize=FONT + 1)
        place.tick_params(axis="x", labelsize=FONT)
        place.set_xlabel("per cent", fontsize=FONT)
        sns.despine(ax=place)
    return figure


def curves_data(ledger: Ledger, split: str) -> dict[str, tuple[np.ndarray, int]]:
    """Learning curve of each reading's first seed and fold, and the epoch that was kept.

    Shape:
        - curve: ``(epochs, 5)``: epoch, training loss and accuracy, validation loss and accuracy
    """
    table, histories = ledger.recorded.parts["curves"], {}
    for trial in _first(ledger, split).itertuples():
        rows = table[table["trial"] == trial.trial].drop(columns="trial")
        histories[f"{trial.row} {trial.variant}"] = (rows.to_numpy(float), int(trial.best_epoch))
    return histories


def curves(splits: Mapping[str, Mapping[str, tuple[Sequence[Sequence[float]], int]]]) -> Figure:
    """Draw accuracy and loss of training and validation by epoch, the epoch that is kept marked.

    A split has two rows of panels, and a model a column. A model's history is what ``curves_data``
    gives.

    Raises:
        ValueError: no model, a row of other length, or a kept epoch that was not run.

    Source: Biagini 2022, Figure 11.
    """
    models = list(dict.fromkeys(name for histories in splits.values() for name in histories))
    if not models:
        raise ValueError(
            "no model; expected the curves of at least one: pass rows and kept epoch by model"
        )
    size = {"figsize": (WIDTH, 0.6 + 2.3 * len(splits)), "layout": "constrained"}
    figure, grid = plt.subplots(
        2 * len(splits), len(models), sharey="row", sharex="col", squeeze=False, **size
    )
    for at, (split, histories) in enumerate(splits.items()):
        for model, (above, below) in zip(models, grid[2 * at : 2 * at + 2].T, strict=True):
            if model not in histories:
                above.remove()
                below.remove()
                continue
            history, best = histories[model]
            numbers = np.asarray(history, float)
            if numbers.ndim != 2 or numbers.shape[1] != 5 or best not in numbers[:, 0]:
                raise ValueError(
                    f"{model}: curves {numbers.shape}, kept epoch {best}; expected a row of 5"
                    " numbers an epoch, the kept one among them: take both of one outcome"
                )
            _curve(above, numbers[:, [0, 2, 4]], best)
            _curve(below, numbers[:, [0, 1, 3]], best)
            above.set_title(model.replace(" ", "\n", 1), fontsize=FONT)
        grid[2 * at, 0].set_ylabel(f"{split}\naccuracy", fontsize=FONT)
        grid[2 * at + 1, 0].set_ylabel("loss", fontsize=FONT)
        grid[2 * at, 0].set_ylim(0, 1)
        grid[2 * at + 1, 0].set_ylim(bottom=0)
    figure.supxlabel("epoch", fontsize=FONT)
    legend(figure)
    sns.despine(figure)
    return figure


def _curve(axes: plt.Axes, numbers: np.ndarray, best: int) -> None:
    """Draw ``(epochs, 3)``: epoch, number of the training, number of the validation."""
    epochs, *values = numbers.T
    for (name, colour), line in zip(SHADES.items(), values, strict=True):
        axes.plot(epochs, line, color=colour, linewidth=1.3, label=name)
    mark = {"color": SHADES["validation"], "markersize": 4, "label": "kept epoch"}
    axes.plot([best], values[1][epochs == best], "o", clip_on=False, **mark)
    axes.tick_params(labelsize=FONT)
    axes.xaxis.get_major_locator().set_params(integer=True)


def reliability_data(ledger: Ledger, model: str, variant: str) -> dict[str, np.ndarray]:
    """Bins of confidence of a reading by split, summed over seeds and folds.

    Shape:
        - bins: ``(bins, 4)``: upper edge, clips, summed confidence, right ones
    """
    bins, table = {}, ledger.recorded.parts["reliability"]
    for split in PAIR:
        trials = ledger.trials(model, variant=variant, protocol=split)
        if trials is not None:
            rows = table[table["trial"].isin(trials.table["trial"])]
            sums = rows.groupby("edge", as_index=False)[["clips", "confidence", "right"]].sum()
            bins[split] = sums.to_numpy(float)
    return bins


def reliability(bins: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Draw the share of right answers by confidence, above the share of clips.

    A bin of fewer than 30 clips has no point, as its share says little; the error counts it.

    The bins of a protocol are what ``reliability_data`` gives.

    Raises:
        ValueError: no clip, or more right answers or confidence in a bin than clips.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, Figure 1.
    """
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(WIDTH, 3.6), layout="constrained", sharex=True, height_ratios=[3, 1]
    )
    above.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="as sure as right", zorder=0)
    for at, (name, rows) in enumerate(bins.items()):
        edges, clips, confidence, right = np.asarray(rows, float).reshape(-1, 4).T
        if not clips.sum() or (right > clips).any() or (confidence > clips * (1 + 1e-6)).any():
            raise ValueError(
                f"{name}: {clips.sum():g} clips, {right.sum():g} right, confidence"
                f" {confidence.sum():g}; expected clips, and of each bin no more right and no more"
                " confidence than it has: sum both over the same clips"
            )
        some = clips >= BIN
        error = np.abs(right - confidence).sum() / clips.sum()
        look = {"marker": MARKERS[at % len(MARKERS)], "markersize": 5, "linewidth": 1.2}
        above.plot(
            confidence[some] / clips[some],
            right[some] / clips[some],
            color=SPLITS[name],
            label=f"{name}, error {error:.3f}, {clips.sum():,.0f} clips",
            **look,
        )
        low = np.concatenate([[0], edges[:-1]])
        wide = (edges - low) / len(bins)
        look = {"width": 0.9 * wide, "align": "edge", "color": SPLITS[name]}
        below.bar(low + at * wide, clips / clips.sum(), **look)
    above.set(xlim=(0, 1), ylim=(0, 1))
    above.set_ylabel("share right", fontsize=FONT)
    below.set_ylabel("share of clips", fontsize=FONT)
    below.set_xlabel("probability of the predicted class", fontsize=FONT)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=FONT)
    for place in (above, below):
        place.tick_params(labelsize=FONT)
    sns.despine(figure)
    return figure


def confusions_data(ledger: Ledger, models: Sequence[tuple[str, str]]) -> dict[str, list[Panel]]:
    """Confusion matrices of some readings by recorded split, as shares of the true class."""
    rows = {}
    for split in PAIR:
        for model, variant in models:
            trials = ledger.trials(model, variant=variant, protocol=split)
            if trials is not None:
                counts = trials.confusion()
                shares = counts / counts.sum(1, keepdims=True)
                rows.setdefault(split, []).append((f"{model} {variant}", shares, list(CLASSES)))
    return rows


def profiles_data(ledger: Ledger, run: Ledger) -> tuple[str, dict[str, dict[str, np.ndarray]]]:
    """Which speech the saliency is of, and the share of each mel band by emotion and network.

    They are those of recorded runs, or this page's where none are recorded.

    Shape:
        - shares: ``(trainings, bands)``; recorded ones are of RAVDESS
    """
    source = ledger if len(ledger.recorded.parts["profiles"]) else run
    rows, panels = source.recorded.parts["profiles"], {}
    if not source.is_synthetic:
        rows = rows[rows["corpus"] == LARGEST]
    for (emotion, network), group in rows.groupby(["class", "network"]):
        weighted = group.assign(share=group["share"] * group["clips"])
        sums = weighted.groupby(["trial", "band"])[["share", "clips"]].sum()
        shares = (sums["share"] / sums["clips"]).unstack("band")
        panels.setdefault(emotion, {})[network] = shares.to_numpy()
    return of_speech(source), panels


def profiles(panels: Mapping[str, Mapping[str, np.ndarray]], *, title: str = "") -> Figure:
    """Draw how saliency is spread over frequency; see ``profiles_data``."""
    bands = next(iter(next(iter(panels.values())).values())).shape[1]
    (settings,) = (shape.mel for shape in SHAPES.values() if shape.mel.bands == bands)
    shades = {"trained": SHADES["training"], "untrained": "0.5"}
    return spectrograms.profiles(panels, shades=shades, title=title, settings=settings)


def maps_data(ledger: Ledger, run: Ledger) -> dict[str, list[Panel]]:
    """Panels (emotion, corpus, speaker) of the t-SNE map of each split, recorded or this page's."""
    source, maps = map_source(ledger, run, part="map"), {}
    if source is None:
        return maps
    what, views, points = source
    for split in PAIR:
        numbers = views[views["protocol"] == split]["trial"]
        table = points[points["trial"] == numbers.min()]
        if len(table):
            maps[f"{what}\n{split}"] = _coloured(table)
    return maps


def _coloured(table: pd.DataFrame) -> list[Panel]:
    places = table[["x", "y"]].to_numpy(float)
    corpora = [ORIGINS.get(name, name) for name in table["group"].str.split("/").str[0]]
    speakers = table["group"].str.split("/").str[1]
    most = speakers.value_counts().index[:3]
    named = [name if name in most else "others" for name in speakers]
    return [
        ("emotion", places, table["class"].tolist()),
        ("corpus", places, corpora),
        ("speaker", places, named),
    ]


def _first(ledger: Ledger, split: str) -> pd.DataFrame:
    """Take the first trial of each reading under a split, nothing changed."""
    table = ledger.recorded.kind("models")
    if not len(table):
        return table
    table = ledger.paper.arranged(table)
    table = table[(table["protocol"] == split) & (table["control"] == "none")]
    first = table.sort_values(["seed", "fold"]).drop_duplicates(["row", "variant"])
    order = [TABLE_4.index(pair) for pair in zip(first["row"], first["variant"], strict=True)]
    return first.assign(order=order).sort_values("order")


def example_clips(data: Data) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return the first clip of each class, all of the speaker who has the most classes.

    A clip is its class, its samples at 16 kHz, and its mel spectrogram in dB ``(frames, bands)`` as
    Figure 2 has it: window 2048, hop 1024.
    """
    table = data.table
    corpus, speaker = table.groupby(SPEAKER, sort=False)["class"].nunique().idxmax()
    clips = table[(table["corpus"] == corpus) & (table["speaker"] == speaker)]
    first = clips.drop_duplicates("class").set_index("class")["path"]
    examples = []
    for name in data.classes:
        if name in first:
            samples = audio.read(first[name])
            examples.append((name, samples, mel(samples, settings=PICTURE)))
    return examples
