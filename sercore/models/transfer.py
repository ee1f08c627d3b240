"""Transfer of a speaker recogniser's backbone (Padi et al. 2021, section 3.2)."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from sercore.models.resnet import ResNet34

NAMED = 3  # tensors that a message names


def transfer(network: ResNet34, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Copy the backbone of a speaker recogniser into a network, whose head stays as it is.

    The tensors are named as in ``ResNet34.state_dict()``; what begins with "head." is left out. The
    checkpoint ``where`` may be another's: it fits whole, or nothing of it is copied.

    Raises:
        ValueError: a tensor of the backbone is missing or has another shape, or a tensor of the
            checkpoint has no place.

    Source: Padi et al. 2021, section 3.2.
    """
    weights = {f"backbone.{name}": weight for name, weight in network.backbone.state_dict().items()}
    missing, other = [], []
    for name, weight in weights.items():
        if name not in tensors:
            missing.append(name)
        elif tensors[name].shape != weight.shape:
            other.append(f"{name} {tuple(tensors[name].shape)} for {tuple(weight.shape)}")
    homeless = [name for name in tensors if name not in weights and not name.startswith("head.")]
    problems = {"missing": missing, "of another shape": other, "without a place": homeless}
    faults = [f"{len(names)} {what} ({_first(names)})" for what, names in problems.items() if names]
    if faults:
        raise ValueError(
            f"{where}: tensors that do not fit: {', '.join(faults)}; expected the {len(weights)} of"
            " this network's backbone, and beside them none but head.*. Give a checkpoint of the"
            " same sizes, with names as in ResNet34.state_dict()."
        )
    network.backbone.load_state_dict(
        {name.removeprefix("backbone."): tensors[name] for name in weights}
    )


def _first(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])
