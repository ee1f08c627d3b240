"""Networks drawn by hand: numbers are the built modules', arrows the source's, and what is called trained is trained."""

import copy
import re
from functools import cache, reduce
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import torch
from torch import fx, nn

from sercore import store
from sercore.models import counts
from sercore.models.attribute_network import SIZES, Discriminator, SharedLayers
from sercore.models.cnnatt import AS_RUN, CNNATT
from sercore.models.cnnlstm import CNNLSTM
from sercore.models.fcmfcc import FCMFCC
from sercore.models.multi_task_mlp import MultiTaskMLP
from sercore.models.resnet import ResNet34
from sercore.models.sequential_mlp import SequentialMLP

FOLDER = store.PROJECT / "book" / "networks"
SVG = "{http://www.w3.org/2000/svg}"


def watched(network, *shape):
    """The network after one clip of this shape; each part keeps the shape of its output."""

    def keep(module, _, output):
        module.shape = (output[0] if isinstance(output, tuple) else output).shape[1:]

    for module in network.modules():
        module.register_forward_hook(keep)
    network.eval()(torch.empty(1, *shape))
    return network


def on_speech(network):
    speech = network.speech
    front = nn.ModuleList([speech.feature_extractor, speech.feature_projection])
    return SimpleNamespace(network=network, front=front, encoder=speech.encoder)


def alves2022():
    return {
        "multi_described": MultiTaskMLP(56, variant="as-described"),
        "multi_run": MultiTaskMLP(56, variant="as-run"),
        "sequential_described": SequentialMLP(56, 5, variant="as-described"),
        "sequential_run": SequentialMLP(56, 5, variant="as-run"),
    }


def parry2022():
    shared = SharedLayers()
    return {
        "shared": shared,
        "lstm": nn.ModuleList([shared.onwards, shared.backwards]),
        "emotion": nn.Linear(SIZES.width, 3),
        "discriminator": Discriminator(3, 2),
    }


def biagini2022_scratch():
    return {
        "cnnlstm_run": watched(CNNLSTM(variant="as-run"), 313, 128),
        "cnnlstm_fixed": watched(CNNLSTM(variant="fixed"), 313, 128),
        "fcmfcc": watched(FCMFCC(), 313, 40),
        "cnnatt": watched(CNNATT(), 313, 40),
        "cnnatt_run": CNNATT(AS_RUN),
    }


def biagini2022_pretrained():
    return {
        "hubertft": on_speech(counts.built("HUBERTFT")),
        "mmfusion": on_speech(counts.built("MMFUSION")),
    }


def padi2021():
    network = watched(ResNet34(4).freeze(), 300, 128)
    head = network.head
    return {
        "backbone": network.backbone,
        "blocks": network.sizes.blocks,
        "first_linear": nn.ModuleList([head.full, head.norm, head.act]),
        "head": head,
    }


BUILDERS = (alves2022, parry2022, biagini2022_scratch, biagini2022_pretrained, padi2021)
DRAWINGS = {builder.__name__.replace("_", "-"): builder for builder in BUILDERS}


@cache
def built(drawing):
    with torch.device("meta"):
        return DRAWINGS[drawing]()


@cache
def read(drawing):
    return ElementTree.parse(FOLDER / f"{drawing}.svg").getroot()


def value(networks, path):
    """What a path such as ``cnnlstm.lstm.hidden_size`` names; ``total`` counts parameters."""

    def step(thing, name):
        if name == "total":
            return counts.parameters(thing)
        if isinstance(thing, dict):
            return thing[name]
        return thing[int(name)] if name.isdigit() else getattr(thing, name)

    return reduce(step, path.split("."), networks)


def numbers(root):
    return [span for span in root.iter(f"{SVG}tspan") if "data-of" in span.attrib]


def problems(root, networks):
    """Numbers that are not the modules', and those that name no module."""
    wrong = []
    for span in numbers(root):
        expected = f"{value(networks, span.get('data-of')):,}"
        if span.text != expected:
            wrong.append(f"{span.get('data-of')}: {span.text} is drawn, {expected} is built")
    unchecked = copy.deepcopy(root)
    for span in numbers(unchecked):
        span.text = ""
    for name in ("title", "desc", "text"):
        for text in unchecked.iter(f"{SVG}{name}"):
            if re.search(r"\d", "".join(text.itertext())):
                wrong.append(f"{''.join(text.itertext())}: a number that names no module")
    return wrong


def test_every_drawing_is_tested():
    assert {path.stem for path in FOLDER.iterdir()} == set(DRAWINGS)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_numbers_are_those_of_the_built_modules(drawing):
    assert numbers(read(drawing))
    assert not problems(read(drawing), built(drawing))


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_any_altered_number_is_noticed(drawing):
    root = copy.deepcopy(read(drawing))
    for span in numbers(root):
        right = span.text
        for altered in (f"{int(right.replace(',', '')) + 1:,}", right[:-1]):
            span.text = altered
            assert len(problems(root, built(drawing))) == 1
        span.text = right
    assert not problems(root, built(drawing))


@pytest.mark.parametrize("place", ["title", "desc", "text", "tspan"])
def test_a_number_that_names_no_module_is_noticed(place):
    root = copy.deepcopy(read("alves2022"))
    element = next(root.iter(f"{SVG}{place}"))
    if place == "tspan":
        del element.attrib["data-of"]
    else:
        element.text = "30 units"
    assert len(problems(root, built("alves2022"))) == 1


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_a_drawing_is_described_and_legible_on_a_page(drawing):
    root = read(drawing)
    width, height = map(int, root.get("viewBox").split()[2:])
    assert width == 800
    assert height <= 500
    assert (root.get("width"), root.get("height")) == (str(width), str(height))
    assert root.get("aria-labelledby") == "title desc"
    for name in ("title", "desc"):
        assert root.find(f"{SVG}{name}[@id='{name}']").text.strip()
    sizes = re.findall(r"([\d.]+)px", root.find(f"{SVG}style").text)
    assert min(map(float, sizes)) >= 11


def arrows_of_the_source(network):
    """Arrows (from, to) between inputs, layers and joints, as torch.fx traces them."""
    arrows, place = set(), {}
    for node in fx.symbolic_trace(network).graph.nodes:
        reads = [place[source] for source in node.all_input_nodes]
        if len(reads) == 1 and node.op != "call_module":  # an activation belongs to its layer
            place[node] = reads[0]
        elif node.op != "output":
            is_named = node.op in ("call_module", "placeholder")
            place[node] = str(node.target) if is_named else node.name
            arrows |= {(source, place[node]) for source in reads}
    return arrows


@pytest.mark.parametrize("name", alves2022())
def test_arrows_of_chapter_1_are_those_of_the_source(name):
    group = read("alves2022").find(f".//{SVG}g[@id='{name.replace('_', '-')}']")
    drawn = [arrow.get("data-arrow") for arrow in group.iter() if arrow.get("data-arrow")]
    assert sorted(tuple(arrow.split()) for arrow in drawn) == sorted(
        arrows_of_the_source(alves2022()[name])
    )


@pytest.mark.parametrize("drawing", ["alves2022", "padi2021", "biagini2022-pretrained"])
def test_what_is_drawn_as_frozen_has_no_gradient(drawing):
    marks = [element.get("data-frozen") for element in read(drawing).iter()]
    marked = [mark for mark in marks if mark]
    assert marked
    for path in marked:
        weights = list(value(built(drawing), path).parameters())
        assert not any(weight.requires_grad for weight in weights)


def test_what_is_drawn_as_trained_is_in_the_optimiser_and_all_else_is_marked():
    root, networks = read("biagini2022-pretrained"), built("biagini2022-pretrained")
    marked = {"data-trained": set(), "data-left-out": set(), "data-frozen": set()}
    for element in root.iter():
        for mark in marked.keys() & element.attrib.keys():
            marked[mark] |= set(value(networks, element.get(mark)).parameters())
    optimised, weights = set(), set()
    for network in (networks["hubertft"].network, networks["mmfusion"].network):
        optimised |= {weight for group in network.groups(1.0, 1.0) for weight in group["params"]}
        weights |= set(network.parameters()) - {network.speech.masked_spec_embed}
    assert marked["data-trained"] == optimised
    assert marked["data-left-out"] == weights - optimised - marked["data-frozen"]
