"""From a speaker recogniser to an emotion network: what is copied, what training leaves of it, which checkpoints are refused."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from sercore.models.resnet import ResNet34, Sizes
from sercore.models.transfer import transfer
from sercore.training import checkpoints

TINY = Sizes(bands=16, channels=(4, 8, 8, 16), width=8)
FLAT = replace(TINY, pooling="flatten", frames=24)
CANCELLED = "head.full.bias"  # batch norm behind it takes the mean away: its gradient is rounding


@pytest.fixture(scope="module")
def speakers(tmp_path_factory):
    """Checkpoint of a recogniser of 30 speakers that has trained a little, so that its batch norm has statistics."""
    path = tmp_path_factory.mktemp("speakers") / "speakers.safetensors"
    network = new(classes=30, seed=1)
    steps(network, 3, classes=30)
    checkpoints.write(path, network.state_dict(), {})
    return path


def new(sizes=TINY, *, classes=4, seed=2):
    torch.manual_seed(seed)
    return ResNet34(classes, sizes)


def steps(network, count, *, classes=4, frames=24):
    """Train with SGD as printed, on chunks of noise."""
    draw = torch.Generator().manual_seed(0)
    optimiser = torch.optim.SGD(
        [weight for weight in network.parameters() if weight.requires_grad], lr=0.01, momentum=0.9
    )
    network.train()
    for _ in range(count):
        optimiser.zero_grad()
        answers = torch.randint(classes, (4,), generator=draw)
        functional.cross_entropy(
            network(torch.randn(4, frames, 16, generator=draw)), answers
        ).backward()
        optimiser.step()


def changed(network, tensors, part):
    """Names of a part's tensors that are not those of a checkpoint."""
    return {
        name
        for name, tensor in network.state_dict().items()
        if name.startswith(part) and not torch.equal(tensor, tensors[name])
    }


@pytest.mark.parametrize("sizes", [TINY, FLAT, replace(TINY, pooling="mean")])
def test_the_backbone_is_the_checkpoint_s_and_the_head_stays_random(speakers, sizes):
    tensors, _ = checkpoints.read(speakers)
    network = new(sizes)
    head = {
        name: tensor.clone() for name, tensor in network.head.state_dict(prefix="head.").items()
    }
    assert tensors.keys() == network.state_dict().keys()
    transfer(network, tensors, where=str(speakers))
    assert not changed(network, tensors, "backbone.")
    assert not changed(network, head, "head.")


def test_the_checkpoint_is_not_shared(speakers):
    tensors, _ = checkpoints.read(speakers)
    network = new()
    transfer(network, tensors, where=str(speakers))
    with torch.no_grad():
        network.backbone.stem[0].weight.zero_()
    assert tensors["backbone.stem.0.weight"].any()


def test_frozen_nothing_but_the_head_learns(speakers):
    network, (tensors, _) = new(), checkpoints.read(speakers)
    transfer(network, tensors, where=str(speakers))
    head = {
        name: tensor.clone() for name, tensor in network.head.state_dict(prefix="head.").items()
    }
    steps(network.freeze(), 20)
    assert not changed(
        network, checkpoints.read(speakers)[0], "backbone."
    )  # batch norm's statistics and its counter among them
    assert set(head) - changed(network, head, "head.") <= {CANCELLED}
    for name in ("head.full.weight", "head.output.weight", "head.output.bias"):
        assert float((network.state_dict()[name] != head[name]).float().mean()) > 0.99


def test_finetuned_the_stem_learns_too(speakers):
    network, (tensors, _) = new(), checkpoints.read(speakers)
    transfer(network, tensors, where=str(speakers))
    steps(network, 20)
    assert changed(network, tensors, "backbone.") == {
        name for name in tensors if name.startswith("backbone.")
    }


def wrong_missing(tensors):
    del tensors["backbone.stem.1.running_var"]


def wrong_shape(tensors):
    tensors["backbone.stem.0.weight"] = torch.zeros(5, 1, 3, 3)


def wrong_places(tensors):
    tensors |= {f"classifier.{index}.weight": torch.zeros(1) for index in range(5)}


def wrong_names(tensors):
    for name in list(tensors):
        tensors[f"module.{name}"] = tensors.pop(name)


def wrong_everywhere(tensors):
    for fault in (wrong_missing, wrong_shape, wrong_places):
        fault(tensors)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (wrong_missing, [r"1 missing \(backbone.stem.1.running_var\);"]),
        (
            wrong_shape,
            [r"1 of another shape \(backbone.stem.0.weight \(5, 1, 3, 3\) for \(4, 1, 3, 3\)\);"],
        ),
        (
            wrong_places,
            [
                r"5 without a place \(classifier.0.weight, classifier.1.weight, classifier.2.weight, …\);"
            ],
        ),
        (
            wrong_names,
            [r"249 missing \(backbone.stem.0.weight, ", r"259 without a place \(module.backbone"],
        ),
        (
            wrong_everywhere,
            [
                "1 missing",
                "1 of another shape",
                "5 without a place",
                "expected the 249 of this network's backbone",
            ],
        ),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_whole(speakers, fault, told):
    network, (tensors, _) = new(), checkpoints.read(speakers)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fault(tensors)
    with pytest.raises(
        ValueError, match=r"^speakers.safetensors: tensors that do not fit: "
    ) as refused:
        transfer(network, tensors, where="speakers.safetensors")
    for each in told:
        assert refused.match(each)
    assert not changed(network, before, "")  # nothing is half loaded


def test_a_checkpoint_of_other_sizes_is_refused(speakers):
    tensors, _ = checkpoints.read(speakers)
    with pytest.raises(
        ValueError, match=r"\d+ of another shape .* Give a checkpoint of the same sizes"
    ):
        transfer(new(replace(TINY, channels=(8, 8, 8, 16))), tensors, where=str(speakers))
