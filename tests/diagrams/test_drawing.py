"""What is drawn: every box and arrow that was traced, text inside its box, boxes apart, arrows beside the boxes they pass."""

from itertools import combinations

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import nn

from sercore import diagrams
from sercore.diagrams.graph import trace
from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.sequential_mlp import SequentialMLP
from sercore.papers.padi2021 import diagram as padi2021_diagram
from sercore.papers.parry2022 import diagram as parry2022_diagram

SHAPES = {"emotion": (1, 8), "gender": (1, 44)}


class Wired(SequentialMLP):
    """The fault mended: the layer reads gender too."""

    def __init__(self):
        super().__init__(52, 5, variant="as-run")

    def forward(self, emotion, gender):
        return self.output(self.layer(torch.cat([emotion, gender], dim=1)).relu())


class Ladder(nn.Module):
    """Arrows that pass up to three columns."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Linear(4, 4) for _ in range(4))

    def forward(self, x, y):
        a = self.a(x)
        b = self.b(a)
        c = self.c(b)
        return torch.cat([a, b, self.d(c + y), x], dim=1), b


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def artists(axes, kind):
    return {patch.get_gid(): patch for patch in axes.patches if isinstance(patch, kind)}


def within(inner, outer):
    return inner.x0 >= outer.x0 and inner.x1 <= outer.x1 and inner.y0 >= outer.y0 and inner.y1 <= outer.y1


@pytest.mark.parametrize(
    ("network", "shapes"),
    [
        (MultiTaskMLP(8, variant="as-described"), SHAPES),
        (SequentialMLP(8, 5, variant="as-described"), SHAPES),
        (SequentialMLP(8, 5, variant="as-run"), SHAPES),
        (Ladder(), {"x": (1, 4), "y": (1, 4)}),
    ],
)
def test_what_is_traced_is_drawn(network, shapes):
    boxes, edges = trace(network, shapes)
    axes = diagrams.network(network, shapes, "A network").axes[0]
    assert set(artists(axes, FancyBboxPatch)) == set(boxes)
    drawn = sorted(patch.get_gid() for patch in axes.patches if isinstance(patch, FancyArrowPatch))
    assert drawn == sorted(f"{edge.source} -> {edge.target}" for edge in edges)


def test_an_input_that_nothing_reads_has_no_arrow_and_says_so():
    axes = diagrams.network(SequentialMLP(8, 5, variant="as-run"), SHAPES, "As run").axes[0]
    assert not [name for name in artists(axes, FancyArrowPatch) if name.startswith("gender")]
    assert [text.get_text() for text in axes.texts].count("read by nothing") == 1
    axes = diagrams.network(Wired(), SHAPES, "Mended").axes[0]
    assert "gender -> cat" in artists(axes, FancyArrowPatch)
    assert "read by nothing" not in [text.get_text() for text in axes.texts]


def test_labels_hold_widths_activations_counts_and_what_is_frozen():
    axes = diagrams.network(
        SequentialMLP(824, 10, variant="as-described"), SHAPES | {"emotion": (1, 824)}, "Stage 2", outputs=("mood",)
    ).axes[0]
    labels = {text.get_gid(): text.get_text() for text in axes.texts if text.get_gid()}
    assert labels["emotion"] == "emotion\n824 values"
    assert labels["emotion_branch"] == "emotion branch\n824 → 10, ReLU\n8,250 trained"
    assert labels["gender_network.output"] == "gender network\noutput\n30 → 1, sigmoid\n31 frozen"
    assert labels["cat"] == "joined\n21 values"
    assert labels["output 0"] == "mood\n3 values"
    assert axes.texts[0].get_text() == "Stage 2: 10,334 parameters, 1,381 of them frozen"
    patches = artists(axes, FancyBboxPatch)
    assert {name for name, patch in patches.items() if patch.get_linestyle() == "--"} == {
        "gender_network.layer",
        "gender_network.output",
    }


def test_an_arrow_has_the_colour_of_the_one_input_it_was_made_from():
    axes = diagrams.network(MultiTaskMLP(8, variant="as-described"), SHAPES, "As described").axes[0]
    arrows, boxes = artists(axes, FancyArrowPatch), artists(axes, FancyBboxPatch)
    for head, name in (("emotion_head", "emotion"), ("second_head", "gender")):
        assert arrows[f"shared -> {head}"].get_edgecolor() == boxes[name].get_edgecolor()


@pytest.mark.parametrize("features", [8, 19, 56, 824])
def test_figure_2_is_legible(features):
    """Every text of 8 points or more within its box and within the figure, no two boxes touch, nothing is wider than a page."""
    figure = diagrams.transfer_networks(features)
    assert figure.get_size_inches()[0] <= 8.1
    assert [axes.texts[0].get_text().split(":")[0] for axes in figure.axes] == [
        "Multi-task, as described",
        "Multi-task, as run",
        "Sequential, as described",
        "Sequential, as run",
    ]
    legible(figure)


def test_an_arrow_that_passes_a_column_crosses_no_box():
    figure = diagrams.network(Ladder(), {"x": (1, 4), "y": (1, 4)}, "Ladder")
    legible(figure)


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
                assert not [name for name, box in boxes.items() if box.overlaps(place)], text.get_text()
        assert not [pair for pair in combinations(boxes.values(), 2) if pair[0].overlaps(pair[1])]
        for arrow in (patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)):
            ends = arrow.get_gid().split(" -> ")
            lines = [Path(each) for each in axes.transData.transform_path(arrow.get_path()).to_polygons(closed_only=False)]
            others = {name: box for name, box in boxes.items() if name not in ends}
            crossed = [name for name, box in others.items() for line in lines if line.intersects_bbox(box, filled=False)]
            assert not crossed, (arrow.get_gid(), crossed)


def test_every_approach_is_drawn_on_the_same_shared_layers():
    figure = parry2022_diagram.attribute_networks({"corpus": 6, "speaker": 48, "gender": 2, "language": 3})
    assert figure.get_size_inches()[0] <= 8.1
    titles = [axes.texts[0].get_text() for axes in figure.axes]
    assert titles[0] == "Shared layers: 1,825,664 parameters"
    assert titles[1] == f"Baseline: {1_825_664 + 387:,} parameters"
    assert [title.split(":")[0] for title in titles[2:]] == ["Multi-task (MTL)", "Gradient reversal (GR)", "Discriminators (AD)"]
    arrows = [artists(axes, FancyArrowPatch) for axes in figure.axes]
    assert {"shared -> head.corpus", "shared -> head.language", "shared -> emotion"} <= set(arrows[2])
    assert {"shared -> reversed_gradient", "reversed_gradient -> head.corpus", "shared -> emotion"} <= set(arrows[3])
    assert {"emotion -> discriminator.speaker", "emotion -> output 0"} <= set(arrows[4])
    assert not [name for name in arrows[4] if name.startswith("shared -> discriminator")]
    legible(figure)


@pytest.mark.parametrize("attributes", [{}, {"corpus": 0}])
def test_approaches_without_attributes_are_told(attributes):
    with pytest.raises(ValueError, match="measure the corpora first"):
        parry2022_diagram.attribute_networks(attributes)


def test_the_speaker_recognisers_convolutions_are_frozen_in_the_second_stage():
    figure = padi2021_diagram.transferred(7205)
    assert figure.get_size_inches()[0] <= 8.1
    titles = [axes.texts[0].get_text() for axes in figure.axes]
    assert titles == ["First stage: 9,272,999 parameters", "Second stage: 7,422,342 parameters, 5,323,393 of them frozen"]
    legible(figure)
