"""What a module computes as boxes and arrows, traced by ``torch.fx``."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

WORDS = {
    "relu": "ReLU",
    "cat": "joined",
    "reversed_gradient": "reversed",
}  # of functions, where their name is not the reader's word


@dataclass
class Box:
    """A node of the drawing.

    Args:
        kind: input, layer (a leaf module), step (a function that joins or branches) or output.
        text: its name.
        shapes: last axis of what it reads and of what it gives.
        parameters: its own, 0 where it has none.
        frozen: whether none of them is trained.
        after: functions applied to its output before anything else reads it, one entry a call.
    """

    kind: str
    text: str
    shapes: tuple[int, int]
    parameters: int = 0
    frozen: bool = False
    after: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class Edge:
    """An arrow: which tensor goes from which box to which, and from which inputs it was made."""

    source: str
    target: str
    tensor: str
    inputs: frozenset[str]


def trace(
    module: nn.Module,
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Sequence[str] = (),
    *,
    leaves: tuple[type[nn.Module], ...] = (),
) -> tuple[dict[str, Box], list[Edge]]:
    """The boxes and arrows of a network, by ``torch.fx``.

    Args:
        module: any module that ``torch.fx`` can trace; it is copied, never run.
        inputs: shape of each argument of ``forward``, batch first: ``{"emotion": (1, 56)}``.
        outputs: what each output is fitted to (default: numbered).
        leaves: kinds of modules that are drawn as one box, whatever is in them (default: PyTorch's own layers alone).

    Returns:
        Boxes by name, in the order of the calls: layers by their path in the module; and arrows.

    Raises:
        ValueError: where ``inputs`` or ``outputs`` are not those of ``forward``, or where a parameter belongs to no layer that
            is called.
    """
    of = type(module).__name__
    copied = deepcopy(module).to("meta").eval()
    traced = fx.GraphModule(copied, _Tracer(leaves).trace(copied))
    nodes = list(traced.graph.nodes)
    names = [node.target for node in nodes if node.op == "placeholder"]
    if sorted(inputs) != sorted(names):
        raise ValueError(f"{of}: inputs are {sorted(inputs)}; forward reads {sorted(names)}: give the shape of each")
    ShapeProp(traced).propagate(*(torch.empty(inputs[name], device="meta") for name in names))

    boxes: dict[str, Box] = {}
    edges: list[Edge] = []
    place: dict[fx.Node, str] = {}  # in which box a tensor leaves
    origin: dict[fx.Node, frozenset[str]] = {}  # from which inputs it was made
    for node in nodes[:-1]:
        before = node.all_input_nodes
        origin[node] = frozenset([node.target] if node.op == "placeholder" else []).union(*(origin[each] for each in before))
        if _belongs_to_its_source(node):
            place[node] = place[before[0]]
            boxes[place[node]].after[-1] += (_word(node),)
            continue
        place[node], box = _box(node, module)
        boxes.setdefault(place[node], box).after.append(())
        edges += [Edge(place[each], place[node], each.name, origin[each]) for each in before]
    given = nodes[-1].args[0] if isinstance(nodes[-1].args[0], tuple | list) else nodes[-1].args
    outputs = outputs or [f"output {at + 1}" for at in range(len(given))]
    if len(outputs) != len(given):
        raise ValueError(f"{of}: {len(outputs)} outputs are named; forward gives {len(given)}: name each")
    for at, (text, tensor) in enumerate(zip(outputs, given, strict=True)):
        boxes[f"output {at}"] = Box("output", text, 2 * (_shape(tensor)[-1],), after=[()])
        edges.append(Edge(place[tensor], f"output {at}", tensor.name, origin[tensor]))

    drawn, held = sum(box.parameters for box in boxes.values()), sum(weight.numel() for weight in module.parameters())
    if drawn != held:
        raise ValueError(f"{of}: the layers it calls hold {drawn} of its {held} parameters; draw a module that calls all it holds")
    return boxes, edges


class _Tracer(fx.Tracer):
    def __init__(self, leaves: tuple[type[nn.Module], ...]):
        super().__init__()
        self.leaves = leaves

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, self.leaves) or super().is_leaf_module(m, module_qualified_name)


def _belongs_to_its_source(node: fx.Node) -> bool:
    """Whether it is a function such as an activation: one tensor in, as large a one out, and nothing else reads the first."""
    before = node.all_input_nodes
    alone = node.op in ("call_function", "call_method") and len(before) == 1 and len(before[0].users) == 1
    return alone and _shape(before[0]) == _shape(node)


def _box(node: fx.Node, module: nn.Module) -> tuple[str, Box]:
    shapes = tuple(_shape(each)[-1] for each in ((node.all_input_nodes or [node])[0], node))
    if node.op != "call_module":
        return node.name, Box("input" if node.op == "placeholder" else "step", _word(node), shapes)
    weights = list(module.get_submodule(node.target).parameters())
    frozen = bool(weights) and not any(each.requires_grad for each in weights)
    text = node.target.replace("_", " ").replace(".", "\n")
    return node.target, Box("layer", text, shapes, sum(each.numel() for each in weights), frozen)


def _shape(node: fx.Node) -> torch.Size:
    found = node.meta.get("tensor_meta")
    if not hasattr(found, "shape"):
        raise ValueError(f"{node.name} is not one tensor; only tensors are drawn: give a module whose steps each make one")
    return found.shape


def _word(node: fx.Node) -> str:
    word = node.target if isinstance(node.target, str) else node.target.__name__
    return WORDS.get(word, word)
