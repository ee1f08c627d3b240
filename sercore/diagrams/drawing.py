"""Networks drawn with matplotlib: columns by the longest path, arrows in the colour of the input they come from."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import nn

from sercore.diagrams.graph import Box, Edge, trace
from sercore.models.multi_task_mlp import SIZES, MultiTaskMLP
from sercore.models.sequential_mlp import SequentialMLP, hidden_units

WIDTHS = {"input": 0.78, "layer": 1.05, "step": 0.66, "output": 1.02}  # of a box, inches
HEIGHTS = {"input": 0.46, "layer": 0.6, "step": 0.46, "output": 0.46}
GAP, ROW, TITLE = 0.21, 0.72, 0.3  # between columns, from row to row, above the first row; inches
JOINED = "0.3"  # grey of a tensor that holds more than one input
FONT = 8


def network(
    module: nn.Module,
    inputs: Mapping[str, tuple[int, ...]],
    title: str,
    *,
    outputs: Sequence[str] = (),
) -> Figure:
    """One network: inputs at the left, a box a layer with its widths and parameters, arrows for tensors, outputs at the right.

    An arrow has the colour of the input that it was made from, grey where it was made from several. Frozen layers are shaded and
    dashed. An input that nothing reads has no arrow, and says so.

    Args:
        module: see ``trace``.
        inputs: see ``trace``.
        title: stands before the number of parameters.
        outputs: see ``trace``.
    """
    return networks([(module, inputs, title, outputs)])


def networks(
    panels: Sequence[tuple[nn.Module, Mapping[str, tuple[int, ...]], str, Sequence[str]]],
    *,
    leaves: tuple[type[nn.Module], ...] = (),
) -> Figure:
    """Several networks, one below the other on one scale.

    Args:
        panels: module, shapes of its inputs, title and names of its outputs, as ``network`` takes them.
        leaves: see ``trace``.
    """
    laid = []
    for module, inputs, title, outputs in panels:
        boxes, edges = trace(module, inputs, outputs, leaves=leaves)
        laid.append((boxes, edges, _layout(boxes, edges), f"{title}: {_parameters(boxes.values())}"))
    heights = [TITLE + ROW * (1 + max(rows.values()) - min(rows.values())) for _, _, (_, rows, _), _ in laid]
    wide = max(max(right for _, right in columns) for _, _, (columns, _, _), _ in laid) + 0.05
    figure, axes = plt.subplots(len(laid), 1, figsize=(wide, sum(heights)), height_ratios=heights, squeeze=False)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, hspace=0)
    for place, height, (boxes, edges, layout, title) in zip(axes[:, 0], heights, laid, strict=True):
        top = min(layout[1].values()) * ROW - ROW / 2 - TITLE
        place.set(xlim=(0, wide), ylim=(top + height, top))
        place.axis("off")
        place.text(0.05, top + TITLE * 0.6, title, fontsize=FONT + 1.5, fontweight="bold", va="center")
        _draw(place, boxes, edges, layout)
    return figure


def transfer_networks(features: int) -> Figure:
    """Both networks of paper 01 as described and as run.

    Args:
        features: width of the emotion features, n: 8 to 824.

    Source: Alves et al. 2022, Figure 2, and the authors' public notebooks.
    """
    hidden, shapes = hidden_units(features), {"emotion": (1, features), "gender": (1, SIZES.gender)}
    with torch.device("meta"):
        return networks(
            [
                (
                    MultiTaskMLP(features, variant="as-described"),
                    shapes,
                    "Multi-task, as described",
                    ("target: emotion", "target: gender"),
                ),
                (MultiTaskMLP(features, variant="as-run"), shapes, "Multi-task, as run", ("target: emotion", "target: emotion")),
                (SequentialMLP(features, hidden, variant="as-described"), shapes, "Sequential, as described", ("target: emotion",)),
                (SequentialMLP(features, hidden, variant="as-run"), shapes, "Sequential, as run", ("target: emotion",)),
            ]
        )


def _parameters(boxes: Iterable[Box]) -> str:
    frozen = sum(box.parameters for box in boxes if box.frozen)
    return f"{sum(box.parameters for box in boxes):,} parameters" + (f", {frozen:,} of them frozen" if frozen else "")


def _layout(boxes: dict[str, Box], edges: list[Edge]) -> tuple[list[tuple[float, float]], dict, dict]:
    """Left and right of each column in inches; row of each box and waypoint; column of each box.

    A box stands as far right as the longest path to it; an arrow that passes a column has a waypoint ``(edge, column)`` there.
    """
    before: dict[str, set[str]] = {name: set() for name in boxes}
    for edge in edges:
        before[edge.target].add(edge.source)
    depth: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        depth[name] = 1 + max((depth[each] for each in before[name]), default=-1)
    depth |= {name: max(depth.values()) for name, box in boxes.items() if box.kind == "output"}

    columns: list[list] = [[name for name in boxes if depth[name] == at] for at in range(max(depth.values()) + 1)]
    links = []
    for edge in edges:
        way = [(edge, at) for at in range(depth[edge.source] + 1, depth[edge.target])]
        for point in way:
            columns[point[1]].append(point)
        links += pairwise([edge.source, *way, edge.target])
    rows = {item: float(at) for column in columns for at, item in enumerate(column)}
    for forward in (True, False):
        for column in columns if forward else reversed(columns):
            near = {item: [rows[a if forward else b] for a, b in links if (b if forward else a) == item] for item in column}
            wanted = {item: np.mean(near[item]) if near[item] else rows[item] for item in column}
            column.sort(key=lambda item: (wanted[item], rows[item]))
            spread = np.array([wanted[item] for item in column])
            for at in range(1, len(spread)):
                spread[at] = max(spread[at], spread[at - 1] + 1)
            spread += np.mean([wanted[item] for item in column]) - spread.mean()
            rows |= dict(zip(column, spread.tolist(), strict=True))

    edges_of, left = [], 0.05
    for column in columns:
        right = left + max(WIDTHS[boxes[item].kind] for item in column if isinstance(item, str))
        edges_of.append((left, right))
        left = right + GAP
    return edges_of, rows, depth


def _draw(axes: plt.Axes, boxes: dict[str, Box], edges: list[Edge], layout: tuple) -> None:
    columns, rows, depth = layout
    inputs = [name for name, box in boxes.items() if box.kind == "input"]
    colours = dict(zip(inputs, sns.color_palette("colorblind", len(inputs)), strict=True))
    read = {edge.source for edge in edges}
    sides: dict[str, tuple[float, float]] = {}
    for name, box in boxes.items():
        (left, right), y = columns[depth[name]], rows[name] * ROW
        width, height = WIDTHS[box.kind], HEIGHTS[box.kind]
        sides[name] = (left + right - width) / 2, (left + right + width) / 2
        colour = colours.get(name, "0.45")
        look = {"facecolor": (*colours[name], 0.15) if name in colours else "white", "edgecolor": colour, "linewidth": 1.2}
        if box.frozen or (box.kind == "input" and name not in read):
            look |= {"linestyle": "--"} | ({"facecolor": "0.88"} if box.frozen else {})
        rounded = f"round,pad=0,rounding_size={0.16 if box.kind in ('step', 'output') else 0.03}"
        axes.add_patch(FancyBboxPatch((sides[name][0], y - height / 2), width, height, boxstyle=rounded, gid=name, **look))
        axes.text(sum(sides[name]) / 2, y, _label(box), ha="center", va="center", fontsize=FONT, linespacing=1.15, gid=name)
        if box.kind != "output" and name not in read:
            axes.text(sides[name][1] + 0.08, y, "read by nothing", va="center", fontsize=FONT, style="italic", color="0.3")
    leaving, arriving = _ports(edges, boxes, rows, depth)
    for edge in edges:
        way = [(edge, at) for at in range(depth[edge.source] + 1, depth[edge.target])]
        stops = [(sides[edge.source][1], leaving[edge] * ROW)]
        for point in way:
            stops += [(x, rows[point] * ROW) for x in columns[point[1]]]
        stops.append((sides[edge.target][0], arriving[edge] * ROW))
        colour = colours[next(iter(edge.inputs))] if len(edge.inputs) == 1 else JOINED
        axes.add_patch(
            FancyArrowPatch(
                path=_curve(stops),
                arrowstyle="-|>",
                mutation_scale=8,
                color=colour,
                linewidth=1.4,
                gid=f"{edge.source} -> {edge.target}",
            )
        )


def _ports(edges: list[Edge], boxes: dict[str, Box], rows: dict, depth: dict) -> tuple[dict[Edge, float], dict[Edge, float]]:
    """Row at which each arrow leaves and arrives: one port a tensor on the right of a box, one an arrow on its left."""
    leaving, arriving = {}, {}
    after = {edge: rows.get((edge, depth[edge.source] + 1), rows[edge.target]) for edge in edges}
    before = {edge: rows.get((edge, depth[edge.target] - 1), rows[edge.source]) for edge in edges}
    for name, box in boxes.items():
        tensors: dict[str, list[Edge]] = {}
        for edge in sorted((edge for edge in edges if edge.source == name), key=after.get):
            tensors.setdefault(edge.tensor, []).append(edge)
        into = [[edge] for edge in sorted((edge for edge in edges if edge.target == name), key=before.get)]
        for found, groups in ((leaving, list(tensors.values())), (arriving, into)):
            for at, group in enumerate(groups):
                shift = (at - (len(groups) - 1) / 2) / len(groups) * HEIGHTS[box.kind] / ROW * 0.8
                found.update(dict.fromkeys(group, rows[name] + shift))
    return leaving, arriving


def _curve(stops: list[tuple[float, float]]) -> Path:
    """A line through the stops that crosses each gap between columns with level ends."""
    points, codes = [stops[0]], [Path.MOVETO]
    for at, ((x, y), (to, height)) in enumerate(pairwise(stops)):
        if at % 2:  # across a column that it passes
            points.append((to, height))
            codes.append(Path.LINETO)
        else:
            points += [((x + to) / 2, y), ((x + to) / 2, height), (to, height)]
            codes += [Path.CURVE4] * 3
    return Path(points, codes)


def _label(box: Box) -> str:
    tails = list(dict.fromkeys(", ".join(words) for words in box.after if words))
    after = "".join(f", {tail}" for tail in [" or ".join(tails)] if tail)
    if box.kind != "layer":
        return f"{box.text}{after}\n{box.shapes[1]} {'value' if box.shapes[1] == 1 else 'values'}"
    first, last = box.shapes
    calls = f", {len(box.after)} calls" if len(box.after) > 1 else ""
    return f"{box.text}{calls}\n{first} → {last}{after}\n{box.parameters:,} {'frozen' if box.frozen else 'trained'}"
