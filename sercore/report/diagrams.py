"""Networks drawn from boxes that a paper declares, with the widths of the built modules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import nn

from sercore.models.counts import parameters

# Width and height of the boxes, in inches.
SIZES = {"input": (0.78, 0.46), "layer": (1.05, 0.6), "step": (0.66, 0.46), "output": (1.02, 0.46)}
GAP = 0.21  # inches between columns
ROW = 0.72  # inches from row to row
TITLE = 0.3  # inches above the first row
FONT = 8  # points
JOINED = "0.3"  # grey of an arrow that more than one input is in


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box of a drawn network: an input, a layer, a step such as joining, or an output."""

    text: str  # name that the reader sees
    at: tuple[int, float]  # column and row
    reads: tuple[str, ...] = ()  # names of the boxes that it reads, their tensors joined
    layers: tuple[nn.Module, ...] = ()  # modules that it stands for
    gives: int = 0  # width of its output (default: the layer's, or that of what it reads)
    after: str = ""  # activation that follows it
    of: str = ""  # the input that is meant, where the box that it reads is called once for each
    kind: str = "layer"  # or input, step or output

    @property
    def is_frozen(self) -> bool:
        """Tell whether it has parameters and none of them is trained."""
        weights = [weight for layer in self.layers for weight in layer.parameters()]
        return bool(weights) and not any(weight.requires_grad for weight in weights)


@dataclass
class Panel:
    """One drawn network: title, modules, and boxes by name, each after those that it reads.

    Raises:
        ValueError: the boxes do not hold each parameter once, or an arrow brings another width than
            its layer reads.
    """

    title: str
    network: Sequence[nn.Module]
    boxes: Mapping[str, Box]
    # By box: width of what it reads and of what it gives, and the inputs that it is made from.
    reads: dict[str, int] = field(default_factory=dict, init=False)
    gives: dict[str, int] = field(default_factory=dict, init=False)
    inputs: dict[str, frozenset[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        drawn = sum(parameters(*box.layers) for box in self.boxes.values())
        if drawn != parameters(*self.network):
            raise ValueError(
                f"{self.title}: boxes hold {drawn} of {parameters(*self.network)} parameters; draw "
                "each layer once"
            )
        for name, box in self.boxes.items():
            widths = [self.gives[source] for source in box.reads]
            calls = {reader.of for reader in self.boxes.values() if name in reader.reads}
            layer = box.layers[0] if len(box.layers) == 1 else None
            self.reads[name] = max(widths, default=0) if len(calls) > 1 else sum(widths)
            if getattr(layer, "in_features", self.reads[name]) != self.reads[name]:
                raise ValueError(
                    f"{self.title}, {name}: reads {layer.in_features}, its arrows bring {widths}; "
                    "draw what it reads"
                )
            self.gives[name] = box.gives or getattr(layer, "out_features", self.reads[name])
            made_from = [self.inputs[source] for source in box.reads] or [{name}]
            self.inputs[name] = frozenset([box.of]) if box.of else frozenset().union(*made_from)

    def label(self, name: str) -> str:
        """Write the text of a box: its name, widths, activation and parameters."""
        box, width = self.boxes[name], self.gives[name]
        after = f", {box.after}" if box.after else ""
        if box.kind != "layer":
            return f"{box.text}{after}\n{width} {'value' if width == 1 else 'values'}"
        text = f"{box.text}\n{self.reads[name]} → {width}{after}"
        if box.layers:
            state = "frozen" if box.is_frozen else "trained"
            text += f"\n{parameters(*box.layers):,} {state}"
        return text


def draw(panels: Sequence[Panel]) -> Figure:
    """Draw networks one below the other: inputs at the left, outputs at the right.

    An arrow has the colour of the input that it is made from, grey where it is made from several.
    Frozen layers are shaded and dashed. An input that nothing reads has no arrow, and says so.
    """
    spans = [_columns(panel) for panel in panels]
    wide = max(span[-1][1] for span in spans) + 0.05
    heights = [
        TITLE + ROW * (1 + max(box.at[1] for box in panel.boxes.values())) for panel in panels
    ]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(wide, sum(heights)), height_ratios=heights, squeeze=False
    )
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, hspace=0)
    for place, height, panel, span in zip(axes[:, 0], heights, panels, spans, strict=True):
        place.set(xlim=(0, wide), ylim=(height - TITLE - ROW / 2, -ROW / 2 - TITLE))
        place.axis("off")
        title = f"{panel.title}: {parameters(*panel.network):,} parameters"
        frozen = sum(parameters(*box.layers) for box in panel.boxes.values() if box.is_frozen)
        if frozen:
            title += f", {frozen:,} of them frozen"
        style = {"fontsize": FONT + 1.5, "fontweight": "bold", "va": "center"}
        place.text(0.05, -ROW / 2 - 0.4 * TITLE, title, **style)
        _draw(place, panel, span)
    return figure


def _columns(panel: Panel) -> list[tuple[float, float]]:
    """Return left and right of each column, in inches."""
    spans, left = [], 0.05
    boxes = panel.boxes.values()
    for column in range(1 + max(box.at[0] for box in boxes)):
        right = left + max(SIZES[box.kind][0] for box in boxes if box.at[0] == column)
        spans.append((left, right))
        left = right + GAP
    return spans


def _draw(axes: plt.Axes, panel: Panel, spans: list[tuple[float, float]]) -> None:
    boxes = panel.boxes
    inputs = [name for name, box in boxes.items() if box.kind == "input"]
    colours = dict(zip(inputs, sns.color_palette("colorblind", len(inputs)), strict=True))
    for name, box in boxes.items():
        (width, height), (left, right) = SIZES[box.kind], spans[box.at[0]]
        middle, y = (left + right) / 2, box.at[1] * ROW
        is_read = any(name in other.reads for other in boxes.values())
        face = "0.88" if box.is_frozen else "white"
        if name in colours:
            face = (*colours[name], 0.15)
        is_dashed = box.is_frozen or (box.kind == "input" and not is_read)
        rounding = 0.16 if box.kind in ("step", "output") else 0.03
        look = {
            "linestyle": "--" if is_dashed else "-",
            "linewidth": 1.2,
            "facecolor": face,
            "edgecolor": colours.get(name, "0.45"),
            "boxstyle": f"round,pad=0,rounding_size={rounding}",
            "gid": name,
        }
        corner = middle - width / 2, y - height / 2
        axes.add_patch(FancyBboxPatch(corner, width, height, **look))
        style = {"ha": "center", "va": "center", "fontsize": FONT, "linespacing": 1.15}
        axes.text(middle, y, panel.label(name), gid=name, **style)
        if box.kind != "output" and not is_read:
            style = {"va": "center", "fontsize": FONT, "style": "italic", "color": "0.3"}
            axes.text(right + 0.08, y, "read by nothing", **style)
        sources = sorted(box.reads, key=lambda source: boxes[source].at[1])
        for number, source in enumerate(sources):
            port = y + ((number + 0.5) / len(sources) - 0.5) * 0.8 * height
            made_from = frozenset([box.of]) if box.of else panel.inputs[source]
            colour = colours[next(iter(made_from))] if len(made_from) == 1 else JOINED
            style = {"arrowstyle": "-|>", "mutation_scale": 8, "linewidth": 1.4, "color": colour}
            path = _way(panel, spans, source, name, port)
            axes.add_patch(FancyArrowPatch(path=path, gid=f"{source} -> {name}", **style))


def _way(
    panel: Panel, spans: list[tuple[float, float]], source: str, target: str, port: float
) -> Path:
    """Return an arrow's line, level across the columns that it passes.

    It is level at its source's row or, where a box is in the way, at its target's.
    """
    (first, row), (last, _) = panel.boxes[source].at, panel.boxes[target].at
    start = (sum(spans[first]) + SIZES[panel.boxes[source].kind][0]) / 2
    end = (sum(spans[last]) - SIZES[panel.boxes[target].kind][0]) / 2
    level = row * ROW
    is_blocked = any(
        first < box.at[0] < last and abs(box.at[1] - row) < 1 for box in panel.boxes.values()
    )
    if is_blocked:
        curve = _curve(start, level, spans[first + 1][0], port)
        return Path([*curve, (end, port)], [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO])
    turn = spans[last - 1][1] if last > first + 1 else start
    curve = _curve(turn, level, end, port)
    return Path([(start, level), *curve], [Path.MOVETO, Path.LINETO, *[Path.CURVE4] * 3])


def _curve(x: float, y: float, to_x: float, to_y: float) -> list[tuple[float, float]]:
    """Return the points of a curve that is level at both ends."""
    middle = (x + to_x) / 2
    return [(x, y), (middle, y), (middle, to_y), (to_x, to_y)]
