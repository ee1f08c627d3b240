"""Drawn networks: arrows are those of the source, numbers those of the modules, text inside its box, arrows beside the boxes."""

from itertools import combinations

import pytest
import torch
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import fx, nn

from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.sequential_mlp import SequentialMLP
from sercore.papers.alves2022 import figures as alves2022_figures
from sercore.papers.padi2021 import figures as padi2021_figures
from sercore.papers.parry2022 import figures as parry2022_figures
from sercore.report import diagrams
from sercore.report.diagrams import Box, Panel

FEATURES, HIDDEN = 8, 5
SOURCES = [
    MultiTaskMLP(FEATURES, variant="as-described"),
    MultiTaskMLP(FEATURES, variant="as-run"),
    SequentialMLP(FEATURES, HIDDEN, variant="as-described"),
    SequentialMLP(FEATURES, HIDDEN, variant="as-run"),
]
PANELS = alves2022_figures.network_panels(FEATURES)


def artists(axes, kind):
    return {patch.get_gid(): patch for patch in axes.patches if isinstance(patch, kind)}


def within(inner, outer):
    return (
        inner.x0 >= outer.x0
        and inner.x1 <= outer.x1
        and inner.y0 >= outer.y0
        and inner.y1 <= outer.y1
    )


def legible(figure):
    figure.canvas.draw()
    for axes in figure.axes:
        patches = artists(axes, FancyBboxPatch)
        boxes = {name: patch.get_window_extent() for name, patch in patches.items()}
        for text in axes.texts:
            assert text.get_fontsize() >= 8
            place = text.get_window_extent()
            assert within(place, figure.bbox)
            if text.get_gid():
                assert within(place, boxes[text.get_gid()]), text.get_text()
            else:
                assert not [name for name, box in boxes.items() if box.overlaps(place)], (
                    text.get_text()
                )
        assert not [pair for pair in combinations(boxes.values(), 2) if pair[0].overlaps(pair[1])]
        for arrow in (patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)):
            ends = arrow.get_gid().split(" -> ")
            lines = [
                Path(line)
                for line in axes.transData.transform_path(arrow.get_path()).to_polygons(
                    closed_only=False
                )
            ]
            others = {name: box for name, box in boxes.items() if name not in ends}
            crossed = [
                name
                for name, box in others.items()
                for line in lines
                if line.intersects_bbox(box, filled=False)
            ]
            assert not crossed, (arrow.get_gid(), crossed)


def traced(network):
    """Arrows and activations of the source, traced by torch.fx: (from, to), and by layer what follows it."""
    arrows, after, place = set(), {}, {}
    nodes = list(fx.symbolic_trace(network).graph.nodes)
    for node in nodes[:-1]:
        reads = [place[source] for source in node.all_input_nodes]
        if (
            len(reads) == 1 and node.op != "call_module"
        ):  # an activation belongs to the layer before it
            place[node] = reads[0]
            after[reads[0]] = str(node.target)
            continue
        place[node] = str(node.target) if node.op in ("call_module", "placeholder") else node.name
        arrows |= {(source, place[node]) for source in reads}
    outputs = nodes[-1].args[0] if isinstance(nodes[-1].args[0], tuple) else nodes[-1].args
    return arrows | {(place[output], f"output {at}") for at, output in enumerate(outputs)}, after


@pytest.mark.parametrize(("network", "panel"), list(zip(SOURCES, PANELS, strict=True)))
def test_arrows_and_activations_of_chapter_1_are_those_of_the_source(network, panel):
    arrows, after = traced(network)
    assert {(source, name) for name, box in panel.boxes.items() for source in box.reads} == arrows
    drawn = {name: box.after.lower() for name, box in panel.boxes.items() if box.after}
    assert drawn == after
    assert {name for name, box in panel.boxes.items() if box.layers} == {
        name for name, layer in network.named_modules() if not list(layer.children())
    }


@pytest.mark.parametrize(("network", "panel"), list(zip(SOURCES, PANELS, strict=True)))
def test_an_output_is_made_from_an_input_exactly_where_it_has_a_gradient_there(network, panel):
    generator = torch.Generator().manual_seed(0)
    widths = {"emotion": FEATURES, "gender": 44}
    given = {
        name: torch.randn(200, width, generator=generator).requires_grad_()
        for name, width in widths.items()
    }
    with torch.no_grad():
        for weight in network.parameters():  # no head may be dead
            weight.copy_(torch.rand(weight.shape, generator=generator))
    outputs = network(**given)
    for at, output in enumerate(outputs if isinstance(outputs, tuple) else [outputs]):
        slopes = torch.autograd.grad(
            output.double().square().sum(),
            list(given.values()),
            allow_unused=True,
            retain_graph=True,
        )
        assert panel.inputs[f"output {at}"] == {
            name for name, slope in zip(given, slopes, strict=True) if slope is not None
        }


def test_what_is_declared_is_drawn():
    for axes, panel in zip(diagrams.draw(PANELS).axes, PANELS, strict=True):
        assert set(artists(axes, FancyBboxPatch)) == set(panel.boxes)
        arrows = {
            f"{source} -> {name}" for name, box in panel.boxes.items() for source in box.reads
        }
        assert set(artists(axes, FancyArrowPatch)) == arrows


def test_an_input_that_nothing_reads_has_no_arrow_and_says_so():
    axes = diagrams.draw(PANELS).axes
    assert not [name for name in artists(axes[3], FancyArrowPatch) if name.startswith("gender")]
    assert [
        [text.get_text() for text in place.texts].count("read by nothing") for place in axes
    ] == [0, 0, 0, 1]


def test_labels_hold_widths_activations_counts_and_what_is_frozen():
    axes = alves2022_figures.networks(824).axes[2]
    labels = {text.get_gid(): text.get_text() for text in axes.texts if text.get_gid()}
    assert labels["emotion"] == "emotion\n824 values"
    assert labels["emotion_branch"] == "emotion branch\n824 → 10, ReLU\n8,250 trained"
    assert labels["gender_network.output"] == "gender network\noutput\n30 → 1, sigmoid\n31 frozen"
    assert labels["cat"] == "joined\n21 values"
    assert labels["output 0"] == "target: emotion\n3 values"
    assert (
        axes.texts[0].get_text()
        == "Sequential, as described: 10,334 parameters, 1,381 of them frozen"
    )
    patches = artists(axes, FancyBboxPatch)
    assert {name for name, patch in patches.items() if patch.get_linestyle() == "--"} == {
        "gender_network.layer",
        "gender_network.output",
    }


def test_an_arrow_has_the_colour_of_the_one_input_it_is_made_from():
    axes = diagrams.draw(PANELS).axes[0]
    arrows, boxes = artists(axes, FancyArrowPatch), artists(axes, FancyBboxPatch)
    for head, name in (("emotion_head", "emotion"), ("second_head", "gender")):
        assert arrows[f"shared -> {head}"].get_edgecolor() == boxes[name].get_edgecolor()


@pytest.mark.parametrize("features", [8, 19, 56, 824])
def test_figure_2_is_legible(features):
    """Every text of 8 points or more within its box and within the figure, no two boxes touch, nothing is wider than a page."""
    figure = alves2022_figures.networks(features)
    assert figure.get_size_inches()[0] <= 8.1
    assert [axes.texts[0].get_text().split(":")[0] for axes in figure.axes] == [
        "Multi-task, as described",
        "Multi-task, as run",
        "Sequential, as described",
        "Sequential, as run",
    ]
    legible(figure)


def test_every_approach_is_drawn_on_the_same_shared_layers():
    figure = parry2022_figures.networks({"corpus": 6, "speaker": 48, "gender": 2, "language": 3})
    assert figure.get_size_inches()[0] <= 8.1
    titles = [axes.texts[0].get_text() for axes in figure.axes]
    assert titles[0] == "Shared layers: 1,825,664 parameters"
    assert titles[1] == f"Baseline: {1_825_664 + 387:,} parameters"
    assert [title.split(":")[0] for title in titles[2:]] == [
        "Multi-task (MTL)",
        "Gradient reversal (GR)",
        "Discriminators (AD)",
    ]
    arrows = [artists(axes, FancyArrowPatch) for axes in figure.axes]
    assert {"shared -> head.corpus", "shared -> head.language", "shared -> emotion"} <= set(
        arrows[2]
    )
    assert {"shared -> reversed", "reversed -> head.corpus", "shared -> emotion"} <= set(arrows[3])
    assert {"emotion -> discriminator.speaker", "emotion -> output"} <= set(arrows[4])
    assert not [name for name in arrows[4] if name.startswith("shared -> discriminator")]
    legible(figure)


def test_the_speaker_recognisers_convolutions_are_frozen_in_the_second_stage():
    figure = padi2021_figures.networks(7205)
    assert figure.get_size_inches()[0] <= 8.1
    titles = [axes.texts[0].get_text() for axes in figure.axes]
    assert titles == [
        "First stage: 9,272,999 parameters",
        "Second stage: 7,422,342 parameters, 5,323,393 of them frozen",
    ]
    legible(figure)


LINEAR = nn.Linear(4, 2)


@pytest.mark.parametrize(
    ("gives", "layers", "message"),
    [
        (4, (), "boxes hold 0 of 10 parameters; draw each layer once"),
        (3, (LINEAR,), r"N, layer: reads 4, its arrows bring \[3\]; draw what it reads"),
    ],
)
def test_what_is_not_the_module_is_refused(gives, layers, message):
    boxes = {
        "x": Box(text="x", at=(0, 0), gives=gives, kind="input"),
        "layer": Box(text="layer", at=(1, 0), reads=("x",), layers=layers),
    }
    with pytest.raises(ValueError, match=message):
        Panel("N", [LINEAR], boxes)
