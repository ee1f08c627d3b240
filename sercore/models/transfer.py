"""From speakers to emotions: a speaker recogniser's convolutions, put into a new network (Padi et al. 2021, section 3.2)."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from sercore.models.resnet import ResNet34

NAMED = 3  # of the tensors that do not fit, so many are named


def transfer(network: ResNet34, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Copy the backbone of a speaker recogniser into a network, whose head stays as it is: random, if it is new.

    The checkpoint may be another's: it fits whole, or nothing of it is copied.

    Args:
        network: changed in place; its backbone has the sizes of the checkpoint's, its pooling and classes may be others.
        tensors: of the checkpoint, named as in ``ResNet34.state_dict()``; what begins with "head." is left out.
        where: the checkpoint's path, for the message.

    Raises:
        ValueError: a tensor of the backbone is missing or has another shape, or a tensor of the checkpoint has no place.

    Source: Padi et al. 2021, section 3.2.
    """
    own = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if name.startswith("backbone.")
    }
    missing = [name for name in own if name not in tensors]
    other = [
        f"{name} {tuple(tensors[name].shape)} for {tuple(tensor.shape)}"
        for name, tensor in own.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    homeless = [name for name in tensors if name not in own and not name.startswith("head.")]
    faults = [
        f"{len(found)} {what} ({_first(found)})"
        for found, what in (
            (missing, "missing"),
            (other, "of another shape"),
            (homeless, "without a place"),
        )
        if found
    ]
    if faults:
        raise ValueError(
            f"{where}: tensors that do not fit: {', '.join(faults)}; expected the {len(own)} of this network's backbone, and beside"
            " them none but head.*. Give a checkpoint of the same sizes, with names as in ResNet34.state_dict()."
        )
    network.backbone.load_state_dict(
        {name.removeprefix("backbone."): tensors[name] for name in own}
    )


def _first(found: Sequence[str]) -> str:
    return ", ".join([*found[:NAMED], "…"] if len(found) > NAMED else found)
