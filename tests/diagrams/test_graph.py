"""What is traced: a box a layer, an arrow a tensor, parameters counted once, and what no output depends on."""

import pytest
import torch
from torch import nn

from sercore.diagrams.graph import trace
from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.sequential_mlp import GenderNetwork, SequentialMLP

N, H = 8, 5
SHAPES = {"emotion": (1, N), "gender": (1, 44)}
BRANCHES = {("emotion", "emotion_branch"), ("gender", "gender_branch")}
HEADS = {("shared", "emotion_head"), ("shared", "second_head"), ("emotion_head", "output 0"), ("second_head", "output 1")}
STAGE_1 = {("gender", "gender_network.layer"), ("gender_network.layer", "gender_network.output")}
torch.manual_seed(0)  # a ReLU head can be drawn dead
NETWORKS = {  # the network, its inputs, and its arrows read off the source by hand
    "described": (
        MultiTaskMLP(N, variant="as-described"),
        SHAPES,
        BRANCHES | HEADS | {("emotion_branch", "shared"), ("gender_branch", "shared")},
    ),
    "run": (
        MultiTaskMLP(N, variant="as-run"),
        SHAPES,
        BRANCHES | HEADS | {("emotion_branch", "cat"), ("gender_branch", "cat"), ("cat", "shared")},
    ),
    "stage 1": (GenderNetwork(), {"gender": (1, 44)}, {("gender", "layer"), ("layer", "output"), ("output", "output 0")}),
    "sequential described": (
        SequentialMLP(N, H, variant="as-described"),
        SHAPES,
        BRANCHES
        | STAGE_1
        | {(name, "cat") for name in ("emotion_branch", "gender_branch", "gender_network.output")}
        | {("cat", "layer"), ("layer", "output"), ("output", "output 0")},
    ),
    "sequential run": (
        SequentialMLP(N, H, variant="as-run"),
        SHAPES,
        {("emotion", "layer"), ("layer", "output"), ("output", "output 0")},
    ),
}


class Odd(nn.Module):
    """A branch that nothing reads, a layer called twice, an activation that is not the only reader."""

    def __init__(self):
        super().__init__()
        self.first, self.unread = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        once = self.first(x)
        self.unread(once)
        return self.first(once.tanh()) + once


class Uncalled(nn.Module):
    def __init__(self):
        super().__init__()
        self.called, self.left = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x):
        return self.called(x)


class Shaped(nn.Module):
    def forward(self, x):
        return x.reshape(x.shape[0], -1)


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def drawn(request):
    return request.param


def test_boxes_are_the_leaf_modules_and_hold_their_parameters(drawn):
    network, shapes, _ = drawn
    boxes, _ = trace(network, shapes)
    layers = {name: box for name, box in boxes.items() if box.kind == "layer"}
    leaves = {name: module for name, module in network.named_modules() if not list(module.children())}
    assert set(layers) == set(leaves)
    for name, leaf in leaves.items():
        assert layers[name].shapes == (leaf.in_features, leaf.out_features)
        assert layers[name].parameters == leaf.weight.numel() + leaf.bias.numel()
    assert sum(box.parameters for box in boxes.values()) == sum(weight.numel() for weight in network.parameters())


def test_arrows_are_those_of_the_source(drawn):
    network, shapes, arrows = drawn
    _, edges = trace(network, shapes)
    assert len(edges) == len(arrows)
    assert {(edge.source, edge.target) for edge in edges} == arrows


def test_an_output_is_traced_to_an_input_exactly_where_it_has_a_gradient_there(drawn):
    network, shapes, _ = drawn
    _, edges = trace(network, shapes)
    generator = torch.Generator().manual_seed(0)
    given = {name: torch.randn(200, shape[1], generator=generator).requires_grad_() for name, shape in shapes.items()}
    outputs = network(**given)
    for at, output in enumerate(outputs if isinstance(outputs, tuple) else [outputs]):
        slopes = torch.autograd.grad(output.square().sum(), list(given.values()), allow_unused=True, retain_graph=True)
        felt = {name for name, slope in zip(given, slopes, strict=True) if slope is not None and slope.abs().sum() > 0}
        assert [edge.inputs for edge in edges if edge.target == f"output {at}"] == [felt]


def test_activations_stay_with_their_layer_and_frozen_layers_are_marked():
    boxes, _ = trace(*NETWORKS["sequential described"][:2])
    assert {name for name, box in boxes.items() if box.frozen} == {"gender_network.layer", "gender_network.output"}
    assert sum(box.parameters for box in boxes.values() if box.frozen) == 1381
    assert boxes["gender_network.output"].after == [("sigmoid",)]
    assert boxes["layer"].after == [("ReLU",)]
    assert boxes["output"].after == [()]
    assert (boxes["cat"].text, boxes["cat"].shapes[1]) == ("joined", 21)


def test_a_shared_layer_is_one_box_whose_calls_stay_apart():
    boxes, edges = trace(*NETWORKS["described"][:2])
    assert boxes["shared"].after == [("ReLU",), ("ReLU",)]
    assert len({edge.tensor for edge in edges if edge.source == "shared"}) == 2
    run, edges = trace(*NETWORKS["run"][:2])
    assert run["shared"].after == [("ReLU",)]
    assert len({edge.tensor for edge in edges if edge.source == "shared"}) == 1


def test_a_function_that_is_not_the_only_reader_has_a_box_of_its_own():
    boxes, edges = trace(Odd(), {"x": (1, 4)})
    assert {name for name, box in boxes.items() if box.kind == "step"} == {"tanh", "add"}
    assert {(edge.source, edge.target) for edge in edges if edge.source == "tanh"} == {("tanh", "first")}
    assert not [edge for edge in edges if edge.source == "unread"]


def test_tracing_changes_nothing_of_the_module():
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trace(network, {"input": (3, 4)})
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("network", "inputs", "outputs", "message"),
    [
        (
            SequentialMLP(N, H, variant="as-run"),
            {"emotion": (1, N)},
            (),
            "inputs are .'emotion'.; forward reads .'emotion', 'gender'.",
        ),
        (SequentialMLP(N, H, variant="as-run"), SHAPES, ("one", "two"), "2 outputs are named; forward gives 1"),
        (Uncalled(), {"x": (1, 4)}, (), "hold 10 of its 20 parameters"),
        (Shaped(), {"x": (3, 4)}, (), "not one tensor"),
    ],
)
def test_what_cannot_be_drawn_is_told(network, inputs, outputs, message):
    with pytest.raises(ValueError, match=message):
        trace(network, inputs, outputs)
