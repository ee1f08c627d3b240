"""Pictures of chapter 4, and what each draws, taken from a ledger: masks, the grid and its effects, maps of pooled frames."""

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
from sercore.models.resnet import ResNet34
from sercore.papers.padi2021 import numbers, study
from sercore.papers.padi2021.data import CLASSES, EXPERIMENTS, Data
from sercore.papers.padi2021.numbers import APART, CLIPS, WIDTHS, by_run, system
from sercore.papers.padi2021.study import EIGHT
from sercore.report import diagrams
from sercore.report.diagrams import Box, Panel
from sercore.report.figures import FONT, WIDTH, interval

PALETTE = sns.color_palette("colorblind", 10)
FEW = SEEDS  # from so many on a point is drawn in full
Bar = tuple[
    float, float, int
]  # score in %, standard deviation over trainings (NaN of one), trainings
SPLITS = {APART: "speakers left out", CLIPS: "clips split at random"}


def networks(speakers: int) -> Figure:
    """A speaker recogniser, and the emotion network on its frozen convolutions.

    Args:
        speakers: number of speakers that the recogniser tells apart, 1 or more.

    Source: Padi et al. 2021, Figure 1.
    """
    with torch.device("meta"):
        first, second = ResNet34(speakers), ResNet34(len(CLASSES["exp1"])).freeze()

    def boxes(network: ResNet34, target: str) -> dict[str, Box]:
        head, rows = network.head, network.sizes.rows
        full = (head.full, head.norm, head.act)
        return {
            "input": Box(text="log_mel", at=(0, 0), gives=network.sizes.bands, kind="input"),
            "ResNet34": Box(
                text="ResNet34", at=(1, 0), reads=("input",), layers=(network.backbone,), gives=rows
            ),
            "pooling": Box(text="statistics", at=(2, 0), reads=("ResNet34",), gives=2 * rows),
            "FC 1": Box(
                text="FC 1",
                at=(3, 0),
                reads=("pooling",),
                layers=full,
                gives=head.full.out_features,
            ),
            "FC 2": Box(text="FC 2", at=(4, 0), reads=("FC 1",), layers=(head.output,)),
            "output": Box(text=target, at=(5, 0), reads=("FC 2",), kind="output"),
        }

    stages = [
        Panel("First stage", [first], boxes(first, "speaker")),
        Panel("Second stage", [second], boxes(second, "emotion")),
    ]
    return diagrams.draw(stages)


def masks_data(
    data: Data, *, row: int = 0, seed: int = 0
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One clip's normalised spectrogram ``(frames, bands)``, and the same under each policy.

    Args:
        data: of this page.
        row: which clip (default the first).
        seed: of the masks (default 0).
    """
    clip = data.frames(norm="segment", vad="none").clip(row)
    signal = torch.tensor(clip)[None]
    return clip, {
        name: masked(signal, policy, generator=torch.Generator().manual_seed(seed))[0].numpy()
        for name, policy in POLICIES.items()
    }


def masks(clip: np.ndarray, versions: Mapping[str, np.ndarray], *, step: float = 0.01) -> Figure:
    """A clip's normalised log-mel spectrogram, and versions of it in which masked cells are black.

    Args:
        clip: ``(frames, bands)``.
        versions: by policy: ``(frames, bands)``, the clip's own values but where a mask is.
        step: seconds from frame to frame (default 0.01).

    Raises:
        ValueError: no version, or one of another shape or without a mask.

    Source: Padi et al. 2021, Figure 2.
    """
    if not versions:
        raise ValueError("no masked version; expected one a policy: pass the clip under each")
    for name, version in versions.items():
        if version.shape != clip.shape or np.array_equal(version, clip):
            raise ValueError(
                f"{name}: a version {version.shape} of a clip {clip.shape}; expected the same shape and some mask: mask it again"
            )
    panels = {"as it is": clip} | {
        name: np.where(version == clip, clip, np.nan) for name, version in versions.items()
    }
    figure, axes = plt.subplots(
        1, len(panels), figsize=(WIDTH, 3.2), layout="constrained", sharey=True
    )
    low, high = np.quantile(clip, [0.01, 0.99])
    colours = plt.get_cmap("viridis").with_extremes(bad="black")
    for place, (name, values) in zip(axes, panels.items(), strict=True):
        drawn = place.imshow(
            values.T,
            origin="lower",
            aspect="auto",
            cmap=colours,
            vmin=low,
            vmax=high,
            extent=(0, len(clip) * step, 0, clip.shape[1]),
            interpolation="nearest",
        )
        place.set_title(name, fontsize=FONT + 1)
        place.set_xlabel("s", fontsize=FONT)
        place.tick_params(labelsize=FONT)
    axes[0].set_ylabel("mel band", fontsize=FONT)
    bar = figure.colorbar(drawn, ax=axes, location="bottom", shrink=0.4, aspect=40)
    bar.set_label("standard deviations", fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
    return figure


def bars_data(ledger: Ledger) -> dict[str, dict[str, dict[str, tuple[float, float, int]]]]:
    """WA in %, its standard deviation over folds and seeds, and how many these are, by split, experiment and system.

    Of each experiment the way of training in which most systems are recorded, for Figure 4 is the grid, and of such the nearest.
    """
    panels = {}
    for protocol, split in SPLITS.items():
        for name in EXPERIMENTS:
            ways = numbers.alike(
                ledger, EIGHT, experiment=name, protocol=protocol
            )  # nearest first, and so is max of equals
            if ways:
                found = max(ways, key=lambda each: len(each.trials))
                bars = {row: _bar(trials) for row, trials in found.trials.items()}
                panels.setdefault(split, {})[f"{found.title}\n{found.about}"] = bars
    return panels


def bars(panels: Mapping[str, Mapping[str, Mapping[str, Bar]]], *, chance: float = 25.0) -> Figure:
    """WA of the grid's systems as bars with standard deviations over trainings, one row of panels a split.

    Args:
        panels: by split, by experiment (and its training, on a line of its own), by system ("101"): WA in %, its standard
            deviation over trainings (NaN of one), and how many these are. The first split stands on top.
        chance: of guessing, in % (default 25).

    Raises:
        ValueError: no system, or a score that is no percentage.

    Source: Padi et al. 2021, Figure 4.
    """
    panels = {
        split: {name: each for name, each in found.items() if each}
        for split, found in panels.items()
    }
    panels = {split: found for split, found in panels.items() if found}
    if not panels:
        raise ValueError(
            "no system to draw; expected the score of at least one: record the grid first"
        )
    columns = max(len(found) for found in panels.values())
    figure, axes = plt.subplots(
        len(panels),
        columns,
        figsize=(WIDTH, 0.5 + 2.8 * len(panels)),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    names = list(
        dict.fromkeys(name for found in panels.values() for each in found.values() for name in each)
    )
    for row, (split, found) in zip(axes, panels.items(), strict=True):
        for place in row[len(found) :]:
            place.set_axis_off()
        for place, (title, scores) in zip(row, found.items(), strict=False):
            for name, (value, spread, _) in scores.items():
                if not 0 <= value <= 100:
                    raise ValueError(
                        f"{split}, {title}, {name}: WA {value:g}; expected 0 to 100. Give per cent."
                    )
                at, parts = names.index(name), name.count("1")
                place.bar(at, value, width=0.75, color=PALETTE[0], alpha=0.35 + 0.2 * parts)
                if np.isfinite(spread):
                    place.errorbar(at, value, yerr=spread, color="0.2", linewidth=1.2, capsize=3)
            place.axhline(chance, color="0.6", linewidth=1, linestyle=(0, (4, 3)))
            place.set_xticks(range(len(names)), names, fontsize=FONT)
            lines = [
                line
                for part in f"{split}: {title}".splitlines()
                for line in wrap(part, 96 // columns)
            ]
            place.set_title("\n".join(lines), fontsize=FONT + 1)
            place.tick_params(axis="y", labelsize=FONT)
            place.set_ylim(0, 100)
        row[0].set_ylabel("WA, %", fontsize=FONT)
    figure.supxlabel("with transfer, masks, statistics pooling (1) or without (0)", fontsize=FONT)
    many = {
        number
        for found in panels.values()
        for each in found.values()
        for *_, number in each.values()
    }
    told = f"{min(many)}" if len(many) == 1 else f"{min(many)} to {max(many)}"
    mean = "one training" if many == {1} else f"mean of {told} trainings, line: standard deviation"
    handles = [
        Patch(color=PALETTE[0], alpha=0.6, label=mean),
        Line2D([], [], color="0.6", linewidth=1, linestyle=(0, (4, 3)), label="guessing"),
    ]
    figure.legend(
        handles=handles, loc="outside upper center", ncols=2, frameon=False, fontsize=FONT
    )
    sns.despine(figure)
    return figure


def effects_data(ledger: Ledger) -> dict[str, tuple[dict[str, tuple[float, float, float]], int]]:
    """Main effects of whole grids in WA, with intervals, and seeds, by what is scored and how it is split."""
    panels = {}
    for protocol, split in SPLITS.items():
        for name in EXPERIMENTS:
            found = numbers.systems(ledger, EIGHT, experiment=name, protocol=protocol)
            if found is not None:
                each = found.effects()
                panels[f"{found.title}, {split}"] = (
                    {what: (e.value, e.low, e.high) for what, e in each.items()},
                    found.seeds,
                )
    return panels


def effects(panels: Mapping[str, tuple[Mapping[str, tuple[float, float, float]], int]]) -> Figure:
    """Main effects and their differences in points, with intervals; hollow on fewer than five seeds.

    Args:
        panels: by what is scored and how it is split: value, low and high of each effect or difference, and how many seeds.

    Raises:
        ValueError: no effect, or a value outside its interval.
    """
    if not any(found for found, _ in panels.values()):
        raise ValueError(
            "no effect to draw; expected those of a whole grid: record its eight systems first"
        )
    names = list(dict.fromkeys(name for found, _ in panels.values() for name in found))
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.45 * len(names)), layout="constrained")
    axes.axvline(0, color="0.7", linewidth=1, zorder=0)
    offsets = np.linspace(0.25, -0.25, len(panels)) if len(panels) > 1 else [0.0]
    handles = []
    for colour, offset, (title, (found, seeds)) in zip(
        PALETTE, offsets, panels.items(), strict=False
    ):
        for name, (value, low, high) in found.items():
            if not low <= value <= high:
                raise ValueError(
                    f"{title}, {name}: {value:g} is not in {low:g} to {high:g}; expected it inside: take both of one run"
                )
            interval(
                axes,
                value,
                low,
                high,
                len(names) - 1 - names.index(name) + offset,
                colour,
                title,
                hollow=seeds < FEW,
            )
        told = f"{title}, {seeds} seed{'s' * (seeds > 1)}"
        face = "white" if seeds < FEW else colour
        handles.append(
            Line2D(
                [],
                [],
                marker="o",
                linestyle="",
                color=colour,
                markerfacecolor=face,
                markersize=4.5,
                label=told,
            )
        )
    axes.set_yticks(range(len(names)), names[::-1], fontsize=FONT + 1)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel("points of WA", fontsize=FONT)
    axes.tick_params(axis="x", labelsize=FONT)
    axes.grid(axis="y", color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
    figure.legend(
        handles=handles, loc="outside upper center", ncols=1, frameon=False, fontsize=FONT
    )
    sns.despine(figure)
    return figure


def maps_data(
    ledger: Ledger, run: Ledger
) -> dict[str, dict[str, tuple[np.ndarray, list[str], list[str]]]]:
    """Places, emotions and speakers of test clips by stage, of each source: of the widest network's first seed."""
    found = {}
    for source, book in (("Real speech", ledger), ("This page's own run", run)):
        views, points = book.recorded.kind("views"), book.recorded.parts["stages"]
        first: dict[str, dict] = {}
        for each in sorted(
            views.to_dict("records"), key=lambda view: ([*WIDTHS].index(view["size"]), view["seed"])
        ):
            first.setdefault(system(each), each)
        stages = {}
        for name, each in first.items():
            own = points[points["trial"] == each["trial"]]
            for stage, rows in own.groupby("stage", sort=False):
                told = f"{name}, {stage} training"
                stages[told] = (
                    rows[["x", "y"]].to_numpy(float),
                    rows["class"].tolist(),
                    rows["group"].tolist(),
                )
        if stages:
            found[source] = stages
    return found


def maps(
    stages: Mapping[str, tuple[np.ndarray, Sequence[str], Sequence[str]]], *, title: str = ""
) -> Figure:
    """Pooled frames of test clips in the plane, a row of panels a stage: coloured by emotion, and the same by speaker.

    Args:
        stages: by name, such as "before" and "after": ``(clips, 2)`` places, ``(clips,)`` emotions and ``(clips,)`` speakers.
        title: above all, such as whose clips they are (default none).

    Raises:
        ValueError: no stage, or labels of other clips than the places.
    """
    if not stages:
        raise ValueError(
            "no stage to draw; expected places and labels of one or more: look into a network first"
        )
    figure, axes = plt.subplots(
        len(stages),
        2,
        figsize=(WIDTH, 0.6 + 3.0 * len(stages)),
        layout="constrained",
        squeeze=False,
    )
    legends = {}
    for row, (stage, (places, *labels)) in zip(axes, stages.items(), strict=True):
        for place, what, given in zip(row, ("emotion", "speaker"), labels, strict=True):
            if np.shape(places) != (len(given), 2):
                raise ValueError(
                    f"{stage}: places {np.shape(places)} and {len(given)} {what}s; expected one place a clip"
                )
            known = sorted(
                {each for found in stages.values() for each in found[1 if what == "emotion" else 2]}
            )
            legends[what] = dict(
                zip(
                    known,
                    sns.color_palette("colorblind" if len(known) < 11 else "husl", len(known)),
                    strict=True,
                )
            )
            colours = [legends[what][each] for each in given]
            place.scatter(*np.asarray(places, float).T, c=colours, s=14, linewidth=0)
            place.set(xticks=[], yticks=[])
            place.set_title(f"{stage}, by {what}", fontsize=FONT + 1)
            sns.despine(ax=place, left=True, bottom=True)
    for place, found in zip(axes[-1], legends.values(), strict=True):
        handles = [
            Line2D([], [], marker="o", linestyle="", color=colour, label=name)
            for name, colour in found.items()
        ]
        columns = min(len(found), 3)
        place.legend(
            handles=handles,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=columns,
            frameon=False,
            fontsize=FONT,
        )
    if title:
        figure.suptitle(title, fontsize=FONT + 3)
    return figure


def confusions_data(
    ledger: Ledger, run: Ledger
) -> dict[str, list[tuple[str, np.ndarray, tuple[str, ...]]]]:
    """Answers of the whole system by true class, for each experiment that was run: recorded ones, then this page's own."""
    found = {}
    for source, book in (("Real speech", ledger), ("This page's own run", run)):
        each = [
            (name, numbers.systems(book, (study.FULL.name,), experiment=name))
            for name in EXPERIMENTS
        ]
        panels = [
            (one.title, one.trials[study.FULL.name].confusion(), CLASSES[name])
            for name, one in each
            if one is not None
        ]
        if panels:
            found[source] = panels
    return found


def _bar(trials: Trials) -> Bar:
    scores = by_run(trials)
    spread = float(np.std(scores, ddof=1)) if len(scores) > 1 else np.nan
    return float(np.mean(scores)), spread, len(scores)
