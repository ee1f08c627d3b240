"""Networks drawn from boxes that a paper declares; widths and parameters are those of the built modules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import nn

from sercore.models.counts import parameters

SIZES = {
    "input": (0.78, 0.46),
    "layer": (1.05, 0.6),
    "step": (0.66, 0.46),
    "output": (1.02, 0.46),
}  # inches
GAP, ROW, TITLE, FONT = (
    0.21,
    0.72,
    0.3,
    8,
)  # between columns, row to row, above the first row; points
JOINED = "0.3"  # grey of an arrow that more than one input is in


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box of a drawn network: an input, a layer, a step such as joining, or an output."""

    text: str  # name that the reader sees
    at: tuple[int, float]  # column and row
    reads: tuple[str, ...] = ()  # names of the boxes that it reads, their tensors joined
    layers: tuple[nn.Module, ...] = ()  # modules that it stands for
    gives: int = 0  # width of what it gives (default: the layer's own, or that of what it reads)
    after: str = ""  # activation that follows it
    of: str = (
        ""  # the one input that is meant where the box that it reads is called once for each input
    )
    kind: str = "layer"  # or input, step or output

    @property
    def is_frozen(self) -> bool:
        """Whether it has parameters and none of them is trained."""
        weights = [weight for layer in self.layers for weight in layer.parameters()]
        return bool(weights) and not any(weight.requires_grad for weight in weights)


@dataclass
class Panel:
    """One drawn network: its title, the modules that it is made of, and boxes by name, each after those that it reads.

    Raises:
        ValueError: the boxes do not hold each parameter once, or an arrow brings another width than its layer reads.
    """

    title: str
    network: Sequence[nn.Module]
    boxes: Mapping[str, Box]
    reads: dict[str, int] = field(default_factory=dict, init=False)  # width of what each box reads
    gives: dict[str, int] = field(default_factory=dict, init=False)  # width of what each box gives
    inputs: dict[str, frozenset[str]] = field(
        default_factory=dict, init=False
    )  # inputs that each box is made from

    def __post_init__(self) -> None:
        drawn = sum(parameters(*box.layers) for box in self.boxes.values())
        if drawn != parameters(*self.network):
            raise ValueError(
                f"{self.title}: boxes hold {drawn} of {parameters(*self.network)} parameters; draw each layer once"
            )
        for name, box in self.boxes.items():
            widths = [self.gives[source] for source in box.reads]
            called = len(
                {self.boxes[reader].of for reader in self.boxes if name in self.boxes[reader].reads}
            )
            layer = box.layers[0] if len(box.layers) == 1 else None
            self.reads[name] = max(widths, default=0) if called > 1 else sum(widths)
            if getattr(layer, "in_features", self.reads[name]) != self.reads[name]:
                raise ValueError(
                    f"{self.title}, {name}: reads {layer.in_features}, its arrows bring {widths}; draw what it reads"
                )
            self.gives[name] = box.gives or getattr(layer, "out_features", self.reads[name])
            made_from = [self.inputs[source] for source in box.reads] or [{name}]
            self.inputs[name] = frozenset([box.of]) if box.of else frozenset().union(*made_from)

    def label(self, name: str) -> str:
        """Text of a box: its name, widths, activation and parameters."""
        box, after = (
            self.boxes[name],
            f", {self.boxes[name].after}" if self.boxes[name].after else "",
        )
        if box.kind != "layer":
            return f"{box.text}{after}\n{self.gives[name]} value{'s' * (self.gives[name] != 1)}"
        count = (
            f"\n{parameters(*box.layers):,} {'frozen' if box.is_frozen else 'trained'}"
            if box.layers
            else ""
        )
        return f"{box.text}\n{self.reads[name]} → {self.gives[name]}{after}{count}"


def draw(panels: Sequence[Panel]) -> Figure:
    """Networks one below the other: inputs at the left, a box a layer, arrows for tensors, outputs at the right.

    An arrow has the colour of the input that it is made from, grey where it is made from several. Frozen layers are shaded and
    dashed. An input that nothing reads has no arrow, and says so.
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
        frozen = sum(parameters(*box.layers) for box in panel.boxes.values() if box.is_frozen)
        title = f"{panel.title}: {parameters(*panel.network):,} parameters" + (
            f", {frozen:,} of them frozen" if frozen else ""
        )
        place.text(
            0.05, -ROW / 2 - 0.4 * TITLE, title, fontsize=FONT + 1.5, fontweight="bold", va="center"
        )
        _draw(place, panel, span)
    return figure


def _columns(panel: Panel) -> list[tuple[float, float]]:
    """Left and right of each column, in inches."""
    spans, left = [], 0.05
    for column in range(1 + max(box.at[0] for box in panel.boxes.values())):
        right = left + max(
            SIZES[box.kind][0] for box in panel.boxes.values() if box.at[0] == column
        )
        spans.append((left, right))
        left = right + GAP
    return spans


def _draw(axes: plt.Axes, panel: Panel, spans: list[tuple[float, float]]) -> None:
    boxes = panel.boxes
    inputs = [name for name, box in boxes.items() if box.kind == "input"]
    colours = dict(zip(inputs, sns.color_palette("colorblind", len(inputs)), strict=True))
    for name, box in boxes.items():
        (width, height), (left, right), y = SIZES[box.kind], spans[box.at[0]], box.at[1] * ROW
        middle, is_read = (left + right) / 2, any(name in other.reads for other in boxes.values())
        face = (*colours[name], 0.15) if name in colours else "0.88" if box.is_frozen else "white"
        dashed = box.is_frozen or (box.kind == "input" and not is_read)
        rounding = f"round,pad=0,rounding_size={0.16 if box.kind in ('step', 'output') else 0.03}"
        corner, look = (
            (middle - width / 2, y - height / 2),
            {"linestyle": "--" if dashed else "-", "linewidth": 1.2},
        )
        look |= {
            "facecolor": face,
            "edgecolor": colours.get(name, "0.45"),
            "boxstyle": rounding,
            "gid": name,
        }
        axes.add_patch(FancyBboxPatch(corner, width, height, **look))
        axes.text(
            middle,
            y,
            panel.label(name),
            ha="center",
            va="center",
            fontsize=FONT,
            linespacing=1.15,
            gid=name,
        )
        if box.kind != "output" and not is_read:
            axes.text(
                right + 0.08,
                y,
                "read by nothing",
                va="center",
                fontsize=FONT,
                style="italic",
                color="0.3",
            )
        sources = sorted(box.reads, key=lambda source: boxes[source].at[1])
        for at, source in enumerate(sources):
            port = y + ((at + 0.5) / len(sources) - 0.5) * 0.8 * height
            of = frozenset([box.of]) if box.of else panel.inputs[source]
            colour = colours[next(iter(of))] if len(of) == 1 else JOINED
            ends = {
                "arrowstyle": "-|>",
                "mutation_scale": 8,
                "linewidth": 1.4,
                "gid": f"{source} -> {name}",
            }
            axes.add_patch(
                FancyArrowPatch(path=_way(panel, spans, source, name, port), color=colour, **ends)
            )


def _way(
    panel: Panel, spans: list[tuple[float, float]], source: str, target: str, port: float
) -> Path:
    """An arrow's line: level across the columns that it passes, at its source's row or, where a box is there, at its target's."""
    (first, row), (last, _) = panel.boxes[source].at, panel.boxes[target].at
    start = (sum(spans[first]) + SIZES[panel.boxes[source].kind][0]) / 2
    end = (sum(spans[last]) - SIZES[panel.boxes[target].kind][0]) / 2
    met = any(first < box.at[0] < last and abs(box.at[1] - row) < 1 for box in panel.boxes.values())
    turn = spans[first + 1][0] if met else spans[last - 1][1] if last > first + 1 else start
    (x, y), (to, height) = (
        ((start, row * ROW), (turn, port)) if met else ((turn, row * ROW), (end, port))
    )
    curve = [(x, y), ((x + to) / 2, y), ((x + to) / 2, height), (to, height)]
    points = [*curve, (end, port)] if met else [(start, row * ROW), *curve]
    codes = [Path.CURVE4] * 3
    return Path(
        points, [Path.MOVETO, *codes, Path.LINETO] if met else [Path.MOVETO, Path.LINETO, *codes]
    )
