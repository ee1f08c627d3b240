"""Pictures of chapter 2, and what each draws, taken from a ledger: scores, losses, gains, a curve over alpha, maps."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter
from torch import nn

from sercore.ledger import gaps
from sercore.ledger.entries import Ledger
from sercore.ledger.estimates import SEEDS, level
from sercore.models.attribute_network import SIZES, SharedLayers, discriminators
from sercore.papers.parry2022 import evidence
from sercore.papers.parry2022 import study as parry
from sercore.papers.parry2022.attributes import SUBSETS
from sercore.papers.parry2022.data import ORIGINS
from sercore.papers.parry2022.grid import APPROACHES, CURVE
from sercore.papers.parry2022.losses import FINAL
from sercore.papers.parry2022.numbers import PROTOCOL, SCORED, UA, VARIANT
from sercore.papers.parry2022.tables import LANGUAGES
from sercore.report import diagrams
from sercore.report.diagrams import Box, Panel
from sercore.report.figures import FONT, WIDTH

PALETTE = sns.color_palette("colorblind", 6)
HUES = dict(zip(APPROACHES, PALETTE, strict=False))
LOSSES = {
    "emotion": ("emotion", "black"),
    "C": ("corpus", PALETTE[0]),
    "S": ("speaker", PALETTE[1]),
    "G": ("gender", PALETTE[2]),
    "L": ("language", PALETTE[4]),
}
FEW = SEEDS  # fewer are drawn small and pale: no sign is given on them
Gains = Mapping[tuple[str, str], tuple[float | None, float | None, int]]
Points = tuple[str, np.ndarray, list[str]]  # title, places and label of each
LEARNED = ("baseline", *(f"{approach} {SUBSETS[-1]}" for approach in APPROACHES))
LABELS = ("corpus", "gender", "speaker", "language", "emotion")
# Sex of the committed test speakers, as the corpora tell it.
TESTED = {
    "emodb/16": "female", "emovo/m3": "male", "iemocap/Ses05_F": "female", "ravdess/21": "male", "ravdess/22": "female",
    "savee/JK": "male",
}  # fmt: skip


def networks(attributes: Mapping[str, int]) -> Figure:
    """The layers that all models share, and baseline, multi-task learning, gradient reversal and discriminators on them.

    Args:
        attributes: number of labels of each attribute, by the name that the picture shows.

    Raises:
        ValueError: no attribute, or one without a label.

    Source: Parry et al. 2022, Figure 1.
    """
    if not attributes or min(attributes.values()) < 1:
        raise ValueError(
            f"attributes {dict(attributes)}; expected one or more, each with its labels: measure the corpora first"
        )
    width, classes, last = SIZES.width, len(parry.CLASSES), len(attributes)
    with torch.device("meta"):
        shared, emotion = SharedLayers(), nn.Linear(width, classes)
        heads = nn.ModuleDict({name: nn.Linear(width, count) for name, count in attributes.items()})
        against = discriminators(classes, attributes)

    def trunk(row: float) -> dict[str, Box]:
        return {
            "frames": Box(text="frames", at=(0, row), gives=SIZES.bands, kind="input"),
            "shared": Box(
                text="shared", at=(1, row), reads=("frames",), layers=(shared,), gives=width
            ),
        }

    def emotions(row: float, output: tuple[int, float], after: str = "") -> dict[str, Box]:
        return {
            "emotion": Box(
                text="emotion", at=(2, row), reads=("shared",), layers=(emotion,), after=after
            ),
            "output": Box(text="emotion", at=output, reads=("emotion",), kind="output"),
        }

    def guesses(
        kind: str, modules: nn.ModuleDict, source: str, column: int, first: int = 0
    ) -> dict[str, Box]:
        boxes = {}
        for row, (name, module) in enumerate(modules.items(), first):
            place = {"text": f"{kind}\n{name}", "at": (column, row)}
            boxes[f"{kind}.{name}"] = Box(
                **place, reads=(source,), layers=(module,), gives=attributes[name]
            )
            boxes[name] = Box(
                text=name, at=(column + 1, row), reads=(f"{kind}.{name}",), kind="output"
            )
        return boxes

    recurrent, channels = (shared.onwards, shared.backwards), SIZES.channels[-1]
    layers = {
        "frames": trunk(0)["frames"],
        "convolutions": Box(
            text="convolutions",
            at=(1, 0),
            reads=("frames",),
            layers=(shared.convolutions,),
            gives=channels,
        ),
        "LSTM": Box(
            text="LSTM", at=(2, 0), reads=("convolutions",), layers=recurrent, gives=2 * SIZES.units
        ),
        "mean": Box(text="mean", at=(3, 0), reads=("LSTM",), kind="step"),
        "full": Box(text="full", at=(4, 0), reads=("mean",), layers=(shared.full,), after="ReLU"),
        "output": Box(text="shared output", at=(5, 0), reads=("full",), kind="output"),
    }
    reversal = trunk((last + 1) / 2)
    reversal["reversed"] = Box(
        text="reversed", at=(2, (last - 1) / 2), reads=("shared",), kind="step"
    )
    reversal |= guesses("head", heads, "reversed", 3) | emotions(last, (4, last))
    multi_task = (
        trunk(last / 2) | emotions(0, (3, 0)) | guesses("head", heads, "shared", 2, first=1)
    )
    adversarial = trunk(last / 2) | emotions(last / 2, (4, last), after="softmax")
    adversarial |= guesses("discriminator", against, "emotion", 3)
    return diagrams.draw(
        [
            Panel("Shared layers", [shared], layers),
            Panel("Baseline", [shared, emotion], trunk(0) | emotions(0, (3, 0))),
            Panel("Multi-task (MTL)", [shared, emotion, heads], multi_task),
            Panel("Gradient reversal (GR)", [shared, emotion, heads], reversal),
            Panel("Discriminators (AD)", [shared, emotion, against], adversarial),
        ]
    )


def swing_data(
    ledger: Ledger, *, on: str = "TESS"
) -> tuple[dict[int, list[float]], dict[str, list[float]]]:
    """UA in % of the recorded baseline on an unseen corpus by seed and epoch; printed points above the baseline by approach.

    Args:
        ledger: of paper 02.
        on: "TESS" (default) or "CREMA-D".
    """
    trials, table = evidence.recorded(ledger, "baseline"), ledger.recorded.parts["epochs"]
    curves = {}
    for row in () if trials is None else trials.table.sort_values("seed").itertuples():
        own = table[
            (table["trial"] == row.trial) & (table["what"] == f"validation ua {SCORED[on][0]}")
        ]
        if len(own):
            curves[int(row.seed)] = (100 * own.sort_values("epoch")["value"]).tolist()
    printed = evidence.printed(ledger).scores
    names = {approach: [f"{approach} {name}" for name in SUBSETS] for approach in APPROACHES}
    base = printed[on, "baseline"]
    return curves, {
        approach: [printed[on, row] - base for row in rows if (on, row) in printed]
        for approach, rows in names.items()
    }


def swing(
    curves: Mapping[int, Sequence[float]],
    gaps: Mapping[str, Sequence[float]],
    *,
    corpus: str,
    chance: float,
) -> Figure:
    """One model's score on an unseen corpus epoch by epoch, and on the same scale the differences that the paper prints.

    Args:
        curves: by seed: UA in % of each epoch, from the first.
        gaps: by approach: printed UA less the printed baseline, in points.
        corpus: what is scored.
        chance: UA of guessing, in %.

    Raises:
        ValueError: no seed, a curve without an epoch, or a score or chance that is no percentage.
    """
    if not 1 < chance <= 100:
        raise ValueError(f"chance {chance:g}; expected more than 1, up to 100. Give per cent.")
    if not curves or not all(len(values) for values in curves.values()):
        raise ValueError(
            f"curves of seeds {list(curves)}; expected one or more epochs of each: record the baseline's epochs first"
        )
    every = np.concatenate([np.asarray(values, float) for values in curves.values()])
    if not ((every >= 0) & (every <= 100)).all():
        raise ValueError(
            f"scores from {every.min():g} to {every.max():g}; expected 0 to 100. Give per cent."
        )
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 4), layout="constrained", width_ratios=[3, 1.1]
    )
    for colour, (seed, values) in zip(
        sns.color_palette("colorblind", len(curves)), curves.items(), strict=True
    ):
        left.plot(
            range(1, len(values) + 1), values, color=colour, linewidth=1.3, label=f"seed {seed}"
        )
    centre = float(every.mean())
    points = [value for each in gaps.values() for value in each]
    low, high = (
        min([*every, chance, *(centre + each for each in points)]),
        max([*every, *(centre + each for each in points)]),
    )
    room = 0.06 * (high - low) + 0.5
    left.axhline(chance, color="0.7", linewidth=1, label="guessing")
    left.axhline(centre, color="0.7", linewidth=1, linestyle=(0, (4, 3)), label="mean")
    left.set(ylim=(low - room, high + room), xlabel="epoch", ylabel=f"UA on {corpus}, %")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.set_title("the baseline without attributes, recorded", fontsize=FONT + 1)
    for at, values in enumerate(gaps.values()):
        right.hlines(values, at - 0.36, at + 0.36, color="0.2", linewidth=1.6)
    right.axhline(0, color="0.7", linewidth=1, linestyle=(0, (4, 3)))
    right.set(
        ylim=(low - room - centre, high + room - centre), xlim=(-0.7, max(len(gaps), 1) - 0.3)
    )
    right.set_xticks(range(len(gaps)), gaps)
    right.set_ylabel("points above the baseline", fontsize=FONT)
    right.set_title("printed differences", fontsize=FONT + 1)
    for place in (left, right):
        place.tick_params(labelsize=FONT)
        place.xaxis.label.set_fontsize(FONT)
        place.yaxis.label.set_fontsize(FONT)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=6, frameon=False, fontsize=FONT
    )
    sns.despine(figure)
    return figure


def learning_data(
    ledger: Ledger,
) -> tuple[dict[str, dict[str, list[float]]], dict[str, dict[str, float]]]:
    """Losses and alpha by model and epoch, of the first seed, and the entropy of each label: baseline and all four attributes."""
    table, curves, entropies = ledger.recorded.parts["epochs"], {}, {}
    for row in LEARNED:
        trials = evidence.recorded(ledger, row)
        if trials is None:
            continue
        first = trials.table.sort_values("seed").iloc[0]
        own = table[table["trial"] == first["trial"]].sort_values("epoch")
        named = own["what"].replace("training loss", "emotion loss").str.removesuffix(" loss")
        values = {name: each["value"].tolist() for name, each in own.groupby(named)}
        losses = [name for name in ("emotion", *SUBSETS[-1].split("+")) if name in values]
        if "emotion" in losses:
            curves[row] = {name: values[name] for name in (*losses, "alpha")}
            entropies[row] = {name: float(first[f"entropy_{name}"]) for name in losses}
    return curves, entropies


def learning(
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    entropies: Mapping[str, Mapping[str, float]],
) -> Figure:
    """Training losses of emotion and attributes epoch by epoch, models side by side; dashed, the entropy of each one's labels.

    Below each, alpha. A loss at its dashed line knows only how often each label occurs.

    Args:
        curves: by model: values of each epoch of ``emotion``, of the attributes that it has by letter, and of ``alpha``.
        entropies: by model: nats of ``emotion`` and of the attributes.

    Raises:
        ValueError: no model, or a loss that no logarithmic scale has.
    """
    if not curves:
        raise ValueError("no model; expected the curves of one or more: record them first")
    figure, axes = plt.subplots(
        2,
        len(curves),
        figsize=(WIDTH, 4.2),
        layout="constrained",
        squeeze=False,
        sharex="col",
        sharey="row",
        height_ratios=[4, 1],
    )
    for (above, below), (model, found) in zip(axes.T, curves.items(), strict=True):
        for letter in (each for each in LOSSES if each in found):
            values = np.asarray(found[letter], float)
            if not (values > 0).all():
                raise ValueError(
                    f"{model}, {letter}: loss {values.min():g}; expected above 0. Draw cross-entropies in nats."
                )
            name, colour = LOSSES[letter]
            above.plot(range(1, len(values) + 1), values, color=colour, linewidth=1.3, label=name)
            above.axhline(
                entropies[model][letter], color=colour, linewidth=1, linestyle=(0, (4, 3))
            )
        below.plot(range(1, len(found["alpha"]) + 1), found["alpha"], color="0.3", linewidth=1.3)
        above.set_yscale("log")
        above.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        above.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        above.yaxis.set_minor_formatter(NullFormatter())
        above.set_title(model, fontsize=FONT + 1)
        below.set_ylim(-0.05, 1)
        below.set_xlabel("epoch", fontsize=FONT)
        below.xaxis.get_major_locator().set_params(integer=True)
        for place in (above, below):
            place.tick_params(labelsize=FONT)
    axes[0, 0].set_ylabel("training loss, nats", fontsize=FONT)
    axes[1, 0].set_ylabel("alpha", fontsize=FONT)
    met = [letter for letter in LOSSES if any(letter in found for found in curves.values())]
    handles = [Line2D([], [], color=LOSSES[letter][1], label=LOSSES[letter][0]) for letter in met]
    handles.append(
        Line2D(
            [], [], color="0.3", linewidth=1, linestyle=(0, (4, 3)), label="entropy of the labels"
        )
    )
    figure.legend(
        handles=handles, loc="outside upper center", ncols=6, frameon=False, fontsize=FONT
    )
    sns.despine(figure)
    return figure


def gains_data(ledger: Ledger) -> tuple[dict[str, dict[tuple[str, str], tuple]], dict[str, float]]:
    """Points above the baseline of all 45 models, printed and recorded, with seeds; and the baseline's spread over seeds.

    By what is scored, of TESS, CREMA-D and in domain those that are recorded; all that are printed where nothing is recorded.
    """
    printed, baseline = evidence.printed(ledger).scores, evidence.recorded(ledger, "baseline")
    there = [
        on
        for on, corpora in SCORED.items()
        if baseline is not None and len(baseline.of(*corpora).counts)
    ]
    panels, spreads = {}, {}
    for on in there or SCORED:
        found = panels[on] = {}
        for name in SUBSETS:
            for approach in APPROACHES:
                value, ours = (
                    printed.get((on, f"{approach} {name}")),
                    evidence.gain(ledger, f"{approach} {name}", *SCORED[on]),
                )
                above = None if value is None else value - printed[on, "baseline"]
                found[approach, name] = (
                    above,
                    ours.value if ours.by_seed else None,
                    len(ours.by_seed),
                )
        if on in there and len(baseline.seeds) > 1:
            spreads[on] = gaps.estimated("", level(baseline.of(*SCORED[on]), UA)).spread
    return panels, spreads


def gains(panels: Mapping[str, Gains], spreads: Mapping[str, float]) -> Figure:
    """Accuracy of every model less its baseline's by set of attributes: printed hollow, recorded filled, by approach.

    A recorded model of fewer than five seeds is drawn small and pale: its sign is not to be read. The band is one standard
    deviation of the baseline over seeds to either side.

    Args:
        panels: by what is scored: of each approach and set of attributes the printed and the recorded difference in points, None
            where there is none, and how many seeds were recorded.
        spreads: by what is scored: standard deviation of the baseline over seeds, in points; left out where it is not known.

    Raises:
        ValueError: no model.
    """
    if not any(panels.values()):
        raise ValueError(
            "no model to draw; expected printed or recorded differences of one or more: pass a panel that has some"
        )
    sets = list(dict.fromkeys(name for found in panels.values() for _, name in found))
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(WIDTH, 1.3 + 0.34 * len(sets)),
        layout="constrained",
        squeeze=False,
        sharey=True,
    )
    offsets = dict(zip(APPROACHES, (0.24, 0.0, -0.24), strict=True))
    for place, (title, found) in zip(axes[0], panels.items(), strict=True):
        if title in spreads:
            place.axvspan(-spreads[title], spreads[title], color="0.93", zorder=0)
        place.axvline(0, color="0.7", linewidth=1, zorder=0)
        for (approach, name), (printed, recorded, seeds) in found.items():
            height, colour = len(sets) - 1 - sets.index(name) + offsets[approach], HUES[approach]
            if printed is not None:
                place.plot(
                    printed,
                    height,
                    "o",
                    color=colour,
                    markersize=5,
                    markerfacecolor="white",
                    clip_on=False,
                )
            if recorded is not None:
                look = {"markersize": 5.5} if seeds >= FEW else {"markersize": 3.5, "alpha": 0.45}
                place.plot(
                    recorded, height, "o", color=colour, markeredgewidth=0, clip_on=False, **look
                )
        place.set_title(title, fontsize=FONT + 1)
        place.set_xlabel("points above the baseline", fontsize=FONT)
        place.tick_params(labelsize=FONT)
        place.set_yticks(range(len(sets)), sets[::-1], fontsize=FONT)
        place.set_ylim(-0.6, len(sets) - 0.4)
        place.grid(axis="y", color="0.93", linewidth=0.8)
        place.set_axisbelow(True)
    point = {"marker": "o", "linestyle": "", "color": "0.35"}
    handles = [
        Line2D([], [], **point | {"color": colour}, label=name) for name, colour in HUES.items()
    ]
    handles += [
        Line2D([], [], **point, markerfacecolor="white", label="printed"),
        Line2D([], [], **point, label="recorded"),
    ]
    handles.append(
        Line2D(
            [], [], **point, markersize=3.5, alpha=0.45, label=f"recorded, fewer than {FEW} seeds"
        )
    )
    if spreads:
        handles.append(Patch(color="0.93", label="baseline, one deviation"))
    figure.legend(
        handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=FONT
    )
    sns.despine(figure)
    return figure


def alpha_data(ledger: Ledger) -> dict[str, list[tuple[float, list[float]]]]:
    """UA in % by seed of GR with corpus over alpha at the last epoch, on each unseen corpus and in domain."""
    controls = {each.alpha: each.name.partition(", ")[2] for each in CURVE} | {FINAL["GR"]: "none"}
    found: dict[str, list[tuple[float, list[float]]]] = {}
    for value, control in sorted(controls.items()):
        trials = ledger.trials("GR C", variant=VARIANT, protocol=PROTOCOL, control=control)
        for on, corpora in SCORED.items() if trials is not None else ():
            own = trials.of(*corpora)
            if len(own.counts):
                found.setdefault(on, []).append((value, own.by_seed(UA).tolist()))
    return found


def alpha_curve(
    points: Mapping[str, Sequence[tuple[float, Sequence[float]]]],
    *,
    paper: float,
    title: str = "GR C",
) -> Figure:
    """Score over the weight of the attributes: a line through the means, a dot a seed.

    Args:
        points: by what is scored: alpha at the end of training, and UA in % of each seed.
        paper: the paper's alpha, marked by a dotted line.
        title: which model.

    Raises:
        ValueError: no point.
    """
    if not any(points.values()):
        raise ValueError(
            "no point; expected one or more of a curve over alpha: record -p models=alpha first"
        )
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 3.4), layout="constrained")
    for colour, (name, found) in zip(PALETTE, points.items(), strict=False):
        rows = sorted(found)
        axes.plot(
            [at for at, _ in rows],
            [np.mean(values) for _, values in rows],
            color=colour,
            linewidth=1.3,
            label=name,
        )
        for at, values in rows:
            axes.plot([at] * len(values), values, "o", color=colour, markersize=4.5)
    axes.axvline(paper, color="0.5", linewidth=1, linestyle=":", label="the paper's alpha")
    axes.set_xlabel("alpha at the last epoch", fontsize=FONT)
    axes.set_ylabel("UA, %", fontsize=FONT)
    axes.set_title(title, fontsize=FONT + 1)
    axes.tick_params(labelsize=FONT)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=FONT)
    sns.despine(figure)
    return figure


def maps_data(
    ledger: Ledger, run: Ledger, clips: pd.DataFrame, *, by: str = "corpus"
) -> list[tuple[str, list[Points]]]:
    """Title and panels (baseline, MTL, GR, both with corpus) of each t-SNE map: recorded ones of the first seed, then this page's.

    Args:
        ledger: of paper 02.
        run: this page's own trials.
        clips: table of this page's data: ``corpus``, ``speaker``, ``gender`` and ``language``.
        by: what colours a point: "corpus" (default), "gender", "speaker", "language" or "emotion".

    Raises:
        ValueError: another colour.
    """
    if by not in LABELS:
        raise ValueError(
            f"by={by}: no colour of a map; expected {', '.join(LABELS)}. Name one of them."
        )
    people = clips.drop_duplicates(["corpus", "speaker"])
    genders, languages = (
        dict(zip(people["corpus"] + "/" + people["speaker"], people[each], strict=True))
        for each in ("gender", "language")
    )
    known = {"gender": TESTED | genders, "language": languages}
    found = []
    for source, each in (("Real speech", ledger), ("This page's own run", run)):
        panels = [
            (row, *_places(each, *which, by, known)) for row, which in evidence.VIEWED.items()
        ]
        panels = [panel for panel in panels if len(panel[1])]
        if panels:
            found.append(
                (f"{source}, {len(panels[0][1])} clips of the test speakers, by {by}", panels)
            )
    return found


def _places(
    ledger: Ledger, approach: str, attributes: str, by: str, known: Mapping[str, Mapping]
) -> tuple[np.ndarray, list[str]]:
    """Points of a model's map and the label of each; none where it was not looked into."""
    views, points = ledger.recorded.kind("views"), ledger.recorded.parts["map"]
    if not len(points):
        return np.empty((0, 2)), []
    own = views[(views["approach"] == approach) & (views["attributes"] == attributes)]
    table = (
        points[points["trial"] == own.sort_values("seed")["trial"].iloc[0]]
        if len(own)
        else points[:0]
    )
    return table[["x", "y"]].to_numpy(float), [
        _label(row.group, label, by, known)
        for row, label in zip(table.itertuples(), table["class"], strict=True)
    ]


def _label(group: str, emotion: str, by: str, known: Mapping[str, Mapping]) -> str:
    corpus = group.split("/")[0]
    if by == "language":
        found = known[by].get(group, LANGUAGES.get(corpus))
        return "unknown" if not isinstance(found, str) else found.split("-")[0]
    if by == "gender":
        found = known[by].get(group)
        return found if isinstance(found, str) else "unknown"
    title = ORIGINS.get(corpus, corpus)
    return {"corpus": title, "speaker": group.replace(corpus, title, 1), "emotion": emotion}[by]
